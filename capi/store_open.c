/*
 * A store that is kept on its host's disk.
 */
#include "base/json.h"
#include "capi/store_inside.h"

static bool take_row(void *ctx, const char *kind, json_t *obj, struct err *err)
{
	const struct kind_info *info = kind_named(kind);

	if (!info) {
		json_decref(obj);
		return err_set(err, ERR_STORAGE,
		    "its kind is unknown to this version of the program");
	}
	store_add_loaded(ctx, info, obj);
	return true;
}

struct store *store_open(struct host *host, const char *file, struct err *err)
{
	struct store *store = store_bare(host);

	store->write = store_file_write;
	store->close = store_file_close;
	store->file = store_file_open(
	    host, file, take_row, store, &store->version, err);
	if (!store->file) {
		store_free(&store);
		return NULL;
	}
	/* Watches from before the restart have to list again. */
	store->first_version = store->version;
	store_make_namespaces(store);
	store_collect_soon(store);
	return store;
}

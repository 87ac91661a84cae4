#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "sim/maas/python.h"

/* Files that users leave with the region (Juju of old did). */

static struct stored_file *find(
    const struct maas *maas, const struct user *user, const char *filename)
{
	struct stored_file *file;

	list_for_each (file, &maas->files) {
		if (file->user == user && strcmp(file->filename, filename) == 0)
			return file;
	}
	return NULL;
}

static json_t *file_json(const struct stored_file *file, bool with_content)
{
	struct buf content = BUF_INIT;
	char *word = maas_python_quote(file->filename);
	char *uri = xasprintf("/MAAS/api/2.0/files/%s/", word);
	char *anonymous = xasprintf(
	    "/MAAS/api/2.0/files/?op=get_by_key&key=%s", file->key);
	json_t *json = json_pack("{s:s, s:s, s:s}", "filename", file->filename,
	    "anon_resource_uri", anonymous, "resource_uri", uri);

	if (with_content) {
		buf_add_base64(&content, file->content.data, file->content.len);
		json_object_set_new(
		    json, "content", json_string(buf_text(&content)));
	}
	buf_free(&content);
	free(word);
	free(uri);
	free(anonymous);
	return json;
}

static int by_name(const void *a, const void *b)
{
	const struct stored_file *const *x = a, *const *y = b;

	return strcmp((*x)->filename, (*y)->filename);
}

void maas_op_files_list(struct ask *ask)
{
	const char *prefix = maas_query(ask, "prefix");
	struct list *all = &ask->maas->files;
	struct stored_file **sorted = xcalloc(all->count + 1, sizeof(*sorted));
	json_t *list = json_array();
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++) {
		struct stored_file *file = all->items[i];

		if (file->user == ask->user &&
		    (!prefix ||
		        strncmp(file->filename, prefix, strlen(prefix)) == 0))
			sorted[count++] = file;
	}
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, file_json(sorted[i], false));
	free(sorted);
	maas_answer(ask, list);
}

static char *new_key(const struct maas *maas)
{
	unsigned char b[16];

	choose_bytes(
	    maas->host->choices, b, sizeof(b), "%s: file key", maas->name);
	return xasprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	                 "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

void maas_op_files_create(struct ask *ask)
{
	const char *filename = maas_field(ask, "filename");
	const struct body_file *given = maas_body_file(&ask->body, "file");
	struct stored_file *file;

	if (!filename || !*filename) {
		maas_refuse(ask, 400, "Filename not supplied");
		return;
	}
	if (!ask->body.file_count) {
		maas_refuse(ask, 400, "File not supplied");
		return;
	}
	if (ask->body.file_count > 1) {
		maas_refuse(ask, 400, "Exactly one file must be supplied");
		return;
	}
	if (!given) { /* it is looked for under this name only */
		maas_refuse(ask, 500, "'file'");
		return;
	}
	file = find(ask->maas, ask->user, filename);
	if (!file) {
		file = xcalloc(1, sizeof(*file));
		file->user = ask->user;
		file->filename = xstrdup(filename);
		file->key = new_key(ask->maas);
		maas_list_add(&ask->maas->files, file);
	}
	buf_reset(&file->content);
	buf_add(&file->content, given->content.data, given->content.len);
	maas_answer_text(ask, 201, "text/html; charset=utf-8", "");
}

static void answer_content(struct ask *ask, const struct stored_file *file)
{
	maas_answer_text(ask, 200, "text/html; charset=utf-8", "");
	buf_reset(&ask->answer.body);
	buf_add(&ask->answer.body, file->content.data, file->content.len);
}

void maas_op_files_get(struct ask *ask)
{
	const char *filename = maas_needed(ask, "filename");
	struct stored_file *file;

	if (!filename)
		return;
	file = find(ask->maas, ask->user, filename);
	if (file)
		answer_content(ask, file);
	else
		maas_refuse(ask, 404, "File not found");
}

static void by_key(struct ask *ask)
{
	const char *key = maas_needed(ask, "key");
	struct stored_file *file;

	if (!key)
		return;
	list_for_each (file, &ask->maas->files) {
		if (strcmp(file->key, key) == 0) {
			answer_content(ask, file);
			return;
		}
	}
	maas_answer_missing(ask, "FileStorage");
}

void maas_op_files_get_by_key(struct ask *ask)
{
	by_key(ask);
}

void maas_op_anonymous_files_get_by_key(struct ask *ask)
{
	by_key(ask);
}

/* The odd header is for a bug in a client of long ago. */
void maas_op_files_read(struct ask *ask)
{
	struct stored_file *file = find(ask->maas, ask->user, ask->args[0]);

	if (file) {
		maas_answer(ask, file_json(file, true));
		return;
	}
	maas_answer_text(ask, 404, "text/html; charset=utf-8", "Not Found");
	http_header_add(&ask->answer.headers, "Workaround", "bug1123986");
}

static void drop(struct ask *ask, const char *filename)
{
	struct stored_file *file = find(ask->maas, ask->user, filename);

	if (!file) {
		maas_answer_missing(ask, "FileStorage");
		return;
	}
	maas_list_remove(&ask->maas->files, file);
	free(file->filename);
	free(file->key);
	buf_free(&file->content);
	free(file);
	maas_answer_gone(ask);
}

void maas_op_files_delete(struct ask *ask)
{
	drop(ask, ask->args[0]);
}

void maas_op_files_delete_named(struct ask *ask)
{
	const char *filename = maas_query(ask, "filename");

	if (filename)
		drop(ask, filename);
	else
		maas_refuse(ask, 400, "No provided filename!");
}

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/sim_disk.h"
#include "base/sqlite_vfs.h"
#include "capi/store.h"
#include "tests/capi/lab.h"

static struct sim_disk *disk;
static struct store *store;
static struct err err;

/* The n-th sync from here on is where it ends. */
static uint64_t fatal_sync;
static bool power_goes;

static void strike(void *ctx, struct sim_disk *d, uint64_t count)
{
	(void)ctx;
	if (!fatal_sync || count != fatal_sync)
		return;
	host->dead = true;
	if (power_goes)
		sim_disk_lose_power(d);
	else
		sim_disk_kill(d);
}

static void open_lab(void)
{
	lab_open();
	disk = sim_disk_new("pcg/a");
	sim_disk_on_sync(disk, strike, NULL);
	fatal_sync = 0;
	host->disk = sim_disk_attach(disk);
}

static bool open_store(void)
{
	store = store_open(host, "gateway.db", &err);
	return store != NULL;
}

static void restart(void)
{
	store_free(&store);
	fatal_sync = 0;
	host->dead = false;
	host->disk = sim_disk_attach(disk);
}

static void close_lab(void)
{
	store_free(&store);
	sim_disk_free(&disk);
	lab_close();
}

/* ---- a life of five mutations ---- */

static bool make(const char *name)
{
	struct api_status status = { 0 };
	json_t *obj = doc("{'metadata':{'name':'%s'},'spec':{'n':1}}", name);
	bool done = store_create(store, "Setting", NULL, obj, &status);

	json_decref(obj);
	api_status_free(&status);
	return done;
}

static bool change(const char *name, bool status_only)
{
	struct api_status status = { 0 };
	json_t *obj = doc("{'spec':{'n':2},'status':{'m':3}}");
	bool done = store_patch(
	    store, "Setting", NULL, name, obj, status_only, &status);

	json_decref(obj);
	api_status_free(&status);
	return done;
}

static bool drop(const char *name)
{
	struct api_status status = { 0 };
	bool done = store_delete(
	    store, "Setting", NULL, name, NULL, NULL, &status);

	api_status_free(&status);
	return done;
}

static bool act(size_t n)
{
	switch (n) {
	case 0:
		return make("a");
	case 1:
		return make("b");
	case 2:
		return change("a", false);
	case 3:
		return drop("b");
	case 4:
		return change("a", true);
	}
	return false;
}
#define ACTS 5

static bool add_text(void *ctx, const json_t *obj)
{
	char *text = json_canonical(obj);

	buf_adds(ctx, text);
	buf_addc(ctx, '\n');
	free(text);
	return true;
}

static char *picture(void)
{
	struct buf text = BUF_INIT;

	buf_adds(&text, "");
	store_each(store, "Setting", NULL, NULL, add_text, &text);
	return buf_detach(&text);
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* What the store shows after each act, undisturbed. */
static void undisturbed(char *pictures[ACTS + 1], uint64_t *syncs)
{
	open_lab();
	EXPECT(open_store());
	pictures[0] = picture();
	for (size_t i = 0; i < ACTS; i++) {
		EXPECT(act(i));
		pictures[i + 1] = picture();
	}
	*syncs = sim_disk_syncs(disk);
	close_lab();
}

/* Ends at this sync; what was acknowledged is there, and nothing is half. */
static void killed_at(uint64_t sync, char *pictures[ACTS + 1])
{
	size_t done = 0;
	char *found;

	open_lab();
	fatal_sync = sync;
	if (open_store())
		while (done < ACTS && act(done))
			done++;
	restart();
	if (!open_store())
		test_failed(
		    __FILE__, __LINE__, "sync %d: %s", (int)sync, err.text);
	found = picture();
	if (!same(found, pictures[done]) &&
	    (done == ACTS || !same(found, pictures[done + 1])))
		test_failed(__FILE__, __LINE__,
		    "killed at sync %d after %d acts, and then there was: %s",
		    (int)sync, (int)done, found ? found : "nothing");
	EXPECT(make("after"));
	free(found);
	close_lab();
}

static void killed_everywhere(void)
{
	char *pictures[ACTS + 1];
	uint64_t syncs;

	undisturbed(pictures, &syncs);
	EXPECT(syncs > 2 * ACTS);
	for (uint64_t sync = 1; sync <= syncs; sync++)
		killed_at(sync, pictures);
	for (size_t i = 0; i <= ACTS; i++)
		free(pictures[i]);
}

TEST(no_acknowledged_mutation_is_lost_with_the_power_at_any_sync)
{
	power_goes = true;
	killed_everywhere();
}

TEST(no_acknowledged_mutation_is_lost_with_the_process_at_any_sync)
{
	power_goes = false;
	killed_everywhere();
}

TEST(versions_and_uids_go_on_after_a_restart)
{
	char uid[40];
	uint64_t version;

	open_lab();
	EXPECT(open_store());
	make("a");
	make("b");
	drop("b");
	version = store_version(store);
	snprintf(uid, sizeof(uid), "%s",
	    jstr(store_get(store, "Setting", NULL, "a"), "metadata.uid"));
	restart();
	EXPECT(open_store());
	EXPECT_INT(store_version(store), version);
	EXPECT_STR(
	    jstr(store_get(store, "Setting", NULL, "a"), "metadata.uid"), uid);
	close_lab();
}

TEST(a_full_disk_refuses_and_nothing_has_happened)
{
	struct api_status status = { 0 };
	json_t *obj = doc("{'metadata':{'name':'b'}}");

	open_lab();
	EXPECT(open_store());
	make("a");
	sim_disk_set_room(disk, 0);
	EXPECT(!store_create(store, "Setting", NULL, obj, &status));
	EXPECT_INT(status.code, 500);
	EXPECT_STR(status.reason, "InternalError");
	EXPECT(!store_get(store, "Setting", NULL, "b"));
	sim_disk_set_room(disk, -1);
	EXPECT(make("c"));
	restart();
	EXPECT(open_store());
	EXPECT(!store_get(store, "Setting", NULL, "b"));
	EXPECT(store_get(store, "Setting", NULL, "c"));
	api_status_free(&status);
	json_decref(obj);
	close_lab();
}

/* ---- files that are not as they should be ---- */

static void sql(const char *text)
{
	sqlite3 *db = sqlite_open(host, "gateway.db", &err);

	EXPECT(db);
	EXPECT_INT(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite_close(&db);
}

static void expect_refused(
    const char *damage, enum err_kind kind, const char *words)
{
	open_lab();
	EXPECT(open_store());
	make("a");
	restart();
	sql(damage);
	EXPECT(!open_store());
	EXPECT_INT(err.kind, kind);
	EXPECT_HAS(err.text, words);
	close_lab();
}

TEST(a_corrupt_row_is_named)
{
	expect_refused("UPDATE objects SET text = replace(text, '\"n\":1', "
	               "'\"n\":7') WHERE name = 'a'",
	    ERR_GARBLED,
	    "gateway.db: the row Setting a is corrupt: its digest does not "
	    "fit");
	expect_refused("UPDATE objects SET name = 'z' WHERE name = 'a'",
	    ERR_GARBLED, "the row Setting z is corrupt");
	expect_refused(
	    "DELETE FROM meta", ERR_GARBLED, "gateway.db: cannot SELECT value");
}

TEST(a_file_of_another_schema_is_refused)
{
	expect_refused("PRAGMA user_version = 2", ERR_INPUT,
	    "gateway.db was written by a newer version of this program (schema "
	    "2; this one knows 1)");
	expect_refused("PRAGMA user_version = 0", ERR_INPUT,
	    "gateway.db is a data base, but not one of this program");
}

TESTS_BEGIN
CASE(no_acknowledged_mutation_is_lost_with_the_power_at_any_sync),
    CASE(no_acknowledged_mutation_is_lost_with_the_process_at_any_sync),
    CASE(versions_and_uids_go_on_after_a_restart),
    CASE(a_full_disk_refuses_and_nothing_has_happened),
    CASE(a_corrupt_row_is_named),
    CASE(a_file_of_another_schema_is_refused), TESTS_END

#include "base/sqlite_vfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/sim_disk.h"
#include "tests/test.h"

/* ---- a host with a disk, and what is done to it ---- */

static struct host host;
static struct sim_disk *disk;
static struct err err;
static sqlite3 *db;

static void open_world(void)
{
	disk = sim_disk_new("pcg/a");
	host = (struct host){
		.name = "pcg/a",
		.loop = loop_new(),
		.choices = choices_new(1),
		.disk = sim_disk_attach(disk),
	};
	EXPECT(time_parse("2026-01-01T00:00:00Z", &host.clock_origin));
}

static void close_world(void)
{
	sqlite_close(&db);
	sim_disk_free(&disk);
	choices_free(&host.choices);
	loop_free(&host.loop);
}

static void open_db(void)
{
	db = sqlite_open(&host, "store.db", &err);
	if (!db)
		test_failed(__FILE__, __LINE__, "not opened: %s", err.text);
}

/* The host is dead: its memory goes, its disk stays and is used again. */
static void boot(void)
{
	sqlite_close(&db);
	host.disk = sim_disk_attach(disk);
	open_db();
}

static bool run(const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int number(const char *sql)
{
	sqlite3_stmt *query = NULL;
	int answer;

	EXPECT_INT(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
	EXPECT_INT(sqlite3_step(query), SQLITE_ROW);
	answer = sqlite3_column_int(query, 0);
	sqlite3_finalize(query);
	return answer;
}

static void text(const char *sql, char out[64])
{
	sqlite3_stmt *query = NULL;

	EXPECT_INT(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
	EXPECT_INT(sqlite3_step(query), SQLITE_ROW);
	snprintf(out, 64, "%s", (const char *)sqlite3_column_text(query, 0));
	sqlite3_finalize(query);
}

/* ---- strikes ---- */

static uint64_t strike_at;
static bool strike_power;

static void strike(void *ctx, struct sim_disk *struck, uint64_t count)
{
	(void)ctx;
	if (count != strike_at)
		return;
	if (strike_power)
		sim_disk_lose_power(struck);
	else
		sim_disk_kill(struck);
}

/* Each transaction moves 1 from one account to the other and writes a row
 * larger than a page; its last word is its number. */
static bool transfer(int n)
{
	char sql[400];

	snprintf(sql, sizeof(sql),
	    "BEGIN;"
	    "UPDATE account SET money = money - 1 WHERE id = 1;"
	    "INSERT INTO paper VALUES(%d, zeroblob(6000));"
	    "DELETE FROM paper WHERE id = %d;"
	    "UPDATE account SET money = money + 1 WHERE id = 2;"
	    "COMMIT;",
	    n, n - 2);
	return run(sql);
}

#define TRANSFERS 6

/* How many transfers said that they were done, before the strike. */
static int play(uint64_t at, bool power)
{
	int done = 0;

	open_world();
	strike_at = at;
	strike_power = power;
	sim_disk_on_sync(disk, strike, NULL);
	db = sqlite_open(&host, "store.db", &err);
	if (db &&
	    run("BEGIN; CREATE TABLE account(id INTEGER PRIMARY KEY, money);"
	        "CREATE TABLE paper(id INTEGER PRIMARY KEY, bytes);"
	        "INSERT INTO account VALUES(1, 100), (2, 0); COMMIT;"))
		while (done < TRANSFERS && transfer(done + 1))
			done++;
	sim_disk_on_sync(disk, NULL, NULL);
	return done;
}

static void expect_whole_transfers(uint64_t at, int done)
{
	int moved;

	boot();
	if (!number("SELECT count(*) FROM sqlite_master")) {
		EXPECT_INT(done, 0);
		return;
	}
	moved = number("SELECT money FROM account WHERE id = 2");
	EXPECT_INT(number("SELECT sum(money) FROM account"), 100);
	if (moved != done && moved != done + 1)
		test_failed(__FILE__, __LINE__,
		    "sync %" PRIu64 ": %d were done, %d are there", at, done,
		    moved);
	if (moved > 0)
		EXPECT_INT(number("SELECT max(id) FROM paper"), moved);
}

static void strike_at_every_sync(bool power)
{
	uint64_t at, syncs;

	EXPECT_INT(play(0, power), TRANSFERS);
	syncs = sim_disk_syncs(disk);
	close_world();
	EXPECT(syncs > 4 * TRANSFERS);
	for (at = 1; at <= syncs; at++) {
		int done = play(at, power);

		EXPECT(done < TRANSFERS || at >= syncs - 1);
		expect_whole_transfers(at, done);
		close_world();
	}
}

TEST(power_loss_at_any_sync_leaves_whole_transactions_and_all_committed_ones)
{
	strike_at_every_sync(true);
}

TEST(process_death_at_any_sync_leaves_whole_transactions)
{
	strike_at_every_sync(false);
}

TEST(recovery_itself_may_be_struck_again)
{
	uint64_t first, second;

	for (first = 4; first < 24; first++) {
		int done = play(first, true);
		uint64_t before = sim_disk_syncs(disk);

		for (second = 1; second <= 3; second++) {
			sqlite_close(&db);
			host.disk = sim_disk_attach(disk);
			strike_at = before + second;
			sim_disk_on_sync(disk, strike, NULL);
			db = sqlite_open(&host, "store.db", &err);
			sim_disk_on_sync(disk, NULL, NULL);
			sim_disk_lose_power(disk);
			before = sim_disk_syncs(disk);
		}
		expect_whole_transfers(first, done);
		close_world();
	}
}

TEST(the_settings_are_those_that_were_promised)
{
	char mode[64];

	open_world();
	open_db();
	text("PRAGMA journal_mode", mode);
	EXPECT_STR(mode, "delete");
	EXPECT_INT(number("PRAGMA synchronous"), 3);
	EXPECT_INT(number("PRAGMA foreign_keys"), 1);
	EXPECT_INT(number("PRAGMA secure_delete"), 1);
	close_world();
}

TEST(time_is_the_hosts_and_so_is_chance)
{
	char now[64];
	int first;

	open_world();
	loop_advance(host.loop, HOURS(3));
	open_db();
	text("SELECT datetime('now')", now);
	EXPECT_STR(now, "2026-01-01 03:00:00");
	first = number("SELECT random() & 0xffffff");
	close_world();

	open_world();
	open_db();
	EXPECT_INT(number("SELECT random() & 0xffffff"), first);
	close_world();
}

static void put(const char *name, const char *data)
{
	EXPECT(disk_save(host.disk, name, data, strlen(data), &err));
}

TEST(a_foreign_file_is_refused_and_left_alone)
{
	static const char poem[] =
	    "this is a poem, and not a database, however long it may get; "
	    "it goes on and on so that it is longer than a header of sqlite";
	struct buf found = BUF_INIT;

	open_world();
	put("store.db", poem);
	EXPECT(!sqlite_open(&host, "store.db", &err));
	EXPECT_INT(err.kind, ERR_GARBLED);
	EXPECT_STR(err.text, "file store.db is not a database of ours");
	EXPECT(disk_load(host.disk, "store.db", &found, &err));
	EXPECT_STR(buf_text(&found), poem);
	buf_free(&found);
	close_world();
}

TEST(a_damaged_database_is_refused_and_left_alone)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	uint64_t at;

	open_world();
	open_db();
	EXPECT(run("CREATE TABLE t(a TEXT); CREATE INDEX i ON t(a);"));
	EXPECT(run("INSERT INTO t VALUES('one'), ('two'), ('three')"));
	sqlite_close(&db);
	for (at = 4096; at < 4096 + 12; at++)
		EXPECT(sim_disk_corrupt(disk, "store.db", at));
	EXPECT(disk_load(host.disk, "store.db", &before, &err));
	EXPECT(!sqlite_open(&host, "store.db", &err));
	EXPECT_INT(err.kind, ERR_GARBLED);
	EXPECT_HAS(err.text, "database store.db is damaged: ");
	EXPECT(disk_load(host.disk, "store.db", &after, &err));
	EXPECT_INT(after.len, before.len);
	EXPECT(memcmp(after.data, before.data, before.len) == 0);
	buf_free(&before);
	buf_free(&after);
	close_world();
}

TEST(a_full_disk_refuses_the_transaction_and_keeps_what_was)
{
	open_world();
	open_db();
	EXPECT(run("CREATE TABLE t(a); INSERT INTO t VALUES(1)"));
	sim_disk_set_room(disk, 0);
	EXPECT(!run("INSERT INTO t VALUES(2)"));
	sim_disk_set_room(disk, -1);
	EXPECT_INT(number("SELECT sum(a) FROM t"), 1);
	EXPECT(run("INSERT INTO t VALUES(3)"));
	EXPECT_INT(number("SELECT sum(a) FROM t"), 4);
	close_world();
}

/* ---- what would be left ---- */

static bool held_by(const struct sim_disk *some, const char *text)
{
	struct sim_disk *copy = sim_disk_copy(some, false);
	struct buf content = BUF_INIT;
	bool held = disk_load(
	                sim_disk_attach(copy), "settings", &content, &err) &&
	            strcmp(buf_text(&content), text) == 0;

	buf_free(&content);
	sim_disk_free(&copy);
	return held;
}

/* Written over in place and not synced. */
static void write_unsynced(const char *text)
{
	struct disk_file *file = host.disk->ops->open(
	    host.disk, "settings", 0, &err);

	EXPECT(file);
	EXPECT(host.disk->ops->write(file, 0, text, strlen(text)));
	host.disk->ops->close(file);
}

static struct buf bared;

static void note_bared(void *ctx, struct sim_disk *of, const char *name,
    unsigned mode, const struct buf *content)
{
	(void)ctx;
	buf_addf(&bared, "%s/%s %04o %s;", sim_disk_name(of), name, mode,
	    buf_text(content));
}

static void write_with_mode(const char *name, unsigned mode, const char *text)
{
	struct disk_file *file = host.disk->ops->open(
	    host.disk, name, mode, &err);

	EXPECT(file);
	EXPECT(host.disk->ops->write(file, 0, text, strlen(text)));
	host.disk->ops->close(file);
}

TEST(a_file_keeps_the_mode_that_it_was_made_with)
{
	uint64_t closed;

	open_world();
	sim_disk_on_bared(disk, note_bared, NULL);
	write_with_mode("closed", 0600, "a");
	write_with_mode("closed", 0644, "b"); /* it is there already */
	closed = sim_disk_print(disk, false);
	EXPECT_STR(buf_text(&bared), "");
	write_with_mode("open", 0640, "c");
	EXPECT(host.disk->ops->rename(host.disk, "open", "moved"));
	write_with_mode("moved", 0600, "de");
	EXPECT_STR(buf_text(&bared), "pcg/a/open 0640 c;pcg/a/moved 0640 de;");
	host.disk->ops->remove(host.disk, "moved");
	EXPECT(sim_disk_print(disk, false) == closed);
	buf_free(&bared);
	close_world();
}

TEST(the_store_and_its_journal_are_for_their_user_only)
{
	open_world();
	sim_disk_on_bared(disk, note_bared, NULL);
	open_db();
	EXPECT(run("CREATE TABLE t (x)"));
	EXPECT(run("INSERT INTO t VALUES (1)"));
	put("settings", "old");
	EXPECT_STR(buf_text(&bared), "");
	buf_free(&bared);
	close_world();
}

TEST(a_copy_of_a_disk_holds_what_the_next_life_would_find)
{
	struct sim_disk *after_power_loss;
	uint64_t stored;
	char **names;

	open_world();
	EXPECT(disk_save(host.disk, "settings", "old", 3, &err));
	stored = sim_disk_print(disk, true);
	EXPECT(sim_disk_print(disk, false) == stored);
	write_unsynced("new");
	EXPECT(sim_disk_print(disk, true) == stored);
	EXPECT(sim_disk_print(disk, false) != stored);
	after_power_loss = sim_disk_copy(disk, true);
	EXPECT(held_by(after_power_loss, "old"));
	EXPECT(held_by(disk, "new"));
	EXPECT(sim_disk_print(after_power_loss, false) == stored);
	EXPECT_INT(sim_disk_files(after_power_loss, &names), 1);
	EXPECT_STR(names[0], "settings");
	free(names[0]);
	free(names);
	write_unsynced("two"); /* the copy does not change with it */
	EXPECT(held_by(after_power_loss, "old"));
	sim_disk_free(&after_power_loss);
	close_world();
}

TESTS_BEGIN
CASE(power_loss_at_any_sync_leaves_whole_transactions_and_all_committed_ones),
    CASE(process_death_at_any_sync_leaves_whole_transactions),
    CASE(recovery_itself_may_be_struck_again),
    CASE(the_settings_are_those_that_were_promised),
    CASE(time_is_the_hosts_and_so_is_chance),
    CASE(a_foreign_file_is_refused_and_left_alone),
    CASE(a_damaged_database_is_refused_and_left_alone),
    CASE(a_file_keeps_the_mode_that_it_was_made_with),
    CASE(the_store_and_its_journal_are_for_their_user_only),
    CASE(a_copy_of_a_disk_holds_what_the_next_life_would_find),
    CASE(a_full_disk_refuses_the_transaction_and_keeps_what_was), TESTS_END

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/choices.h"
#include "base/json.h"
#include "tests/maas/golden_files.h"
#include "tests/maas/golden_play.h"
#include "tests/maas/golden_rename.h"
#include "tests/test.h"

/*
 * The recordings of a real region are the judge of the fake. They lie beside
 * the repository (golden_files.h); where they are absent this is skipped, and
 * says so.
 */

/* What the recorded inventory leaves out and the recordings show: more about
 * machines by system id, and whole lists. */
static json_t *inventory_of(const char *dir)
{
	json_t *inventory = golden_load(dir, "00_inventory.json");
	json_t *more = golden_load(
	    SOURCE_ROOT "/tests/maas", "golden_overlay.json");
	json_t *machine, *extra;
	const char *key;
	size_t i;

	check(inventory);
	check(more);
	json_array_foreach(json_object_get(inventory, "machines"), i, machine)
	{
		json_t *of = json_object_get(
		    json_object_get(more, "machine_extras"),
		    jstr(machine, "system_id"));

		json_object_update(machine, of);
	}
	json_object_foreach(more, key, extra)
	{
		if (strcmp(key, "machine_extras") != 0)
			json_object_set(inventory, key, extra);
	}
	json_decref(more);
	return inventory;
}

static int is_topic(const struct dirent *entry)
{
	const char *only = getenv("GOLDEN_ONLY");

	if (only && strncmp(entry->d_name, only, strlen(only)) != 0)
		return 0;
	return entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
	       strncmp(entry->d_name, "00_", 3) != 0;
}

static struct lab lab;

static void open_lab(const json_t *inventory)
{
	struct maas_options options = { .name = "maas/lab", .gated = true };
	struct err err = { 0 };

	lab_open(&lab, &options);
	if (!maas_load(lab.maas, inventory, &err))
		test_failed(__FILE__, __LINE__, "%s", err.text);
}

static void show(const char *topic, const struct golden_score *before,
    const struct golden_score *now)
{
	printf("%-28s %3d ok", topic, now->ok - before->ok);
	if (now->different > before->different)
		printf(", %d different", now->different - before->different);
	if (now->allowed > before->allowed)
		printf(", %d meant to differ", now->allowed - before->allowed);
	if (now->unmodelled > before->unmodelled)
		printf(
		    ", %d not modelled", now->unmodelled - before->unmodelled);
	if (now->trouble > before->trouble)
		printf(", %d steps in trouble", now->trouble - before->trouble);
	printf("\n");
}

/* How the site differs from the recorded one. */
struct other {
	int64_t shift; /* of all ids */
	uint64_t seed; /* of the order of topics; 0: as recorded */
	bool names;    /* another name for everything */
};

/* The names of the topics, shuffled. */
static int topics_of(
    const char *dir, const struct other *other, struct dirent ***topics)
{
	int count = scandir(dir, topics, is_topic, alphasort);

	for (int i = count - 1; other->seed && i > 0; i--) {
		uint64_t bits = keyed_hash(other->seed, &i, sizeof(i));
		int j = (int)(bits % (uint64_t)(i + 1));
		struct dirent *kept = (*topics)[i];

		(*topics)[i] = (*topics)[j];
		(*topics)[j] = kept;
	}
	return count;
}

/* What names are called instead; the reports keep the recorded ones. */
static void rename_entries(const json_t *names, json_t *entries)
{
	json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		json_t *renamed = golden_rename(names, entry);

		if (jhas(entry, "name"))
			json_object_set(
			    renamed, "name", json_object_get(entry, "name"));
		json_array_set_new(entries, i, renamed);
	}
}

static void play_topic(struct golden_player *player, const char *dir,
    char *name, const json_t *names)
{
	struct golden_score before = player->score;
	json_t *entries = golden_load(dir, name);

	EXPECT(json_is_array(entries));
	if (names)
		rename_entries(names, entries);
	*strrchr(name, '.') = '\0';
	golden_play(player, name, entries);
	show(name, &before, &player->score);
	json_decref(entries);
}

static int meant_to_differ(const json_t *allowed)
{
	const char *topic;
	json_t *names;
	size_t count = 0;

	json_object_foreach((json_t *)(uintptr_t)allowed, topic, names)
	    count += json_object_size(names);
	return (int)count;
}

static json_t *renamed_inventory(json_t *inventory, json_t **names)
{
	json_t *renamed;

	*names = golden_names(inventory);
	renamed = golden_rename(*names, inventory);
	json_decref(inventory);
	return renamed;
}

static void play_all(const struct other *other)
{
	const char *dir = golden_directory();
	struct golden_player player = { .lab = &lab };
	json_t *inventory, *allowed, *names = NULL;
	struct dirent **topics;
	int count, meant;

	if (!dir)
		test_skip("there are no recordings beside the repository");
	inventory = inventory_of(dir);
	if (other->names)
		inventory = renamed_inventory(inventory, &names);
	allowed = golden_load(SOURCE_ROOT "/tests/maas", "golden_allowed.json");
	player.inventory = inventory;
	player.allowed = allowed;
	meant = meant_to_differ(allowed);
	if (other->shift)
		jseti(inventory, "shift_ids", other->shift);
	open_lab(inventory);
	count = topics_of(dir, other, &topics);
	EXPECT(count > 0);
	for (int i = 0; i < count; i++) {
		play_topic(&player, dir, topics[i]->d_name, names);
		free(topics[i]);
	}
	free(topics);
	show("all", &(struct golden_score){ 0 }, &player.score);
	lab_close(&lab);
	json_decref(inventory);
	json_decref(allowed);
	json_decref(names);
	EXPECT_INT(player.score.different, 0);
	EXPECT_INT(player.score.trouble, 0);
	if (!getenv("GOLDEN_ONLY"))
		EXPECT_INT(player.score.allowed, meant);
}

TEST(the_recordings_of_a_real_region_play)
{
	play_all(&(struct other){ 0 });
}

TEST(they_play_with_other_ids_too)
{
	play_all(&(struct other){ .shift = 1000 });
}

TEST(they_play_in_any_order_of_topics)
{
	for (uint64_t seed = 1; seed <= 3; seed++)
		play_all(&(struct other){ .seed = seed });
}

TEST(they_play_at_a_site_where_everything_has_another_name)
{
	play_all(&(struct other){ .names = true });
	play_all(&(struct other){ .names = true, .shift = 333, .seed = 4 });
}

/* ---- the manual says what differs on purpose ---- */

static char *manual(void)
{
	FILE *file = fopen(SOURCE_ROOT "/docs/maas.md", "r");
	struct buf text = BUF_INIT;
	char room[4096];
	size_t got;

	check(file);
	while ((got = fread(room, 1, sizeof(room), file)) > 0)
		buf_add(&text, room, got);
	fclose(file);
	return buf_detach(&text);
}

static int rows_of(const char *table)
{
	int rows = -2; /* the head and the line under it */

	while (*table == '|') {
		rows++;
		table += strcspn(table, "\n");
		table += *table == '\n';
	}
	return rows;
}

TEST(the_manual_lists_each_deliberate_difference_with_its_reason)
{
	json_t *allowed = golden_load(
	    SOURCE_ROOT "/tests/maas", "golden_allowed.json");
	char *text = manual(), *table = strstr(text, "| Topic | Exchange |");
	const char *topic, *name;
	json_t *names, *reason;

	EXPECT(table);
	json_object_foreach(allowed, topic, names)
	{
		json_object_foreach(names, name, reason)
		{
			char *row = xasprintf("| `%s` | `%s` | %s |", topic,
			    name, json_string_value(reason));

			EXPECT_HAS(table, row);
			free(row);
		}
	}
	EXPECT_INT(rows_of(table), meant_to_differ(allowed));
	free(text);
	json_decref(allowed);
}

TEST(a_renamed_site_keeps_no_old_name_and_the_order_of_names)
{
	json_t *site = json_loads(
	    "{\"zones\": [{\"name\": \"az-b\"}, {\"name\": \"az-c\"}],"
	    " \"machines\": [{\"hostname\": \"m1\", \"system_id\": "
	    "\"abc34y\"}]}",
	    0, NULL);
	json_t *names = golden_names(site);
	json_t *said = json_string("az-b, az-c: m1.maas (abc34y), not az-b2");
	json_t *renamed = golden_rename(names, said);

	EXPECT_STR(json_string_value(renamed),
	    "axqz-b, axqz-c: mxq1.maas (abc343), not az-b2");
	json_decref(renamed);
	json_decref(said);
	json_decref(names);
	json_decref(site);
}

/* ---- the player itself can fail ---- */

static const char recorded[] =
    "[{\"step\": \"reset\"},"
    " {\"name\": \"x\", \"request\": {\"method\": \"GET\","
    "  \"path\": \"/MAAS/api/2.0/version/\"}, \"response\": {\"status\": 200,"
    "  \"headers\": {\"content-type\": \"application/json; charset=utf-8\"},"
    "  \"body\": {\"capabilities\": [\"networks-management\","
    "  \"static-ipaddresses\", \"ipv6-deployment-ubuntu\","
    "  \"devices-management\", \"storage-deployment-ubuntu\","
    "  \"network-deployment-ubuntu\", \"bridging-interface-ubuntu\","
    "  \"bridging-automatic-ubuntu\", \"authenticate-api\"],"
    "  \"version\": \"3.4.10\", \"subversion\": \"\"}}}]";

static struct golden_score play(const char *from, const char *to)
{
	struct golden_player player = { .lab = &lab, .silent = true };
	char *at, *text = xstrdup(recorded);
	json_t *entries, *inventory = json_object();

	if (from) {
		at = strstr(text, from);
		check(at && strlen(from) == strlen(to));
		memcpy(at, to, strlen(to));
	}
	entries = json_loads(text, 0, NULL);
	check(entries);
	player.inventory = inventory;
	open_lab(inventory);
	golden_play(&player, "self", entries);
	lab_close(&lab);
	json_decref(entries);
	json_decref(inventory);
	free(text);
	return player.score;
}

TEST(the_player_sees_a_spoilt_value_a_header_a_key_and_a_status)
{
	EXPECT_INT(play(NULL, NULL).ok, 1);
	EXPECT_INT(play("3.4.10", "3.4.11").different, 1);
	EXPECT_INT(play("charset=utf-8", "charset=utf-7").different, 1);
	EXPECT_INT(play("subversion", "subversiom").different, 1);
	EXPECT_INT(play("200", "201").different, 1);
	EXPECT_INT(play("\"devices-", "\"Devices-").different, 1);
}

TESTS_BEGIN
CASE(the_recordings_of_a_real_region_play), CASE(they_play_with_other_ids_too),
    CASE(they_play_in_any_order_of_topics),
    CASE(they_play_at_a_site_where_everything_has_another_name),
    CASE(the_manual_lists_each_deliberate_difference_with_its_reason),
    CASE(a_renamed_site_keeps_no_old_name_and_the_order_of_names),
    CASE(the_player_sees_a_spoilt_value_a_header_a_key_and_a_status), TESTS_END

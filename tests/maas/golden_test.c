#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "tests/maas/golden_play.h"
#include "tests/test.h"

/*
 * The recordings of a real region are the judge of the fake. They lie beside
 * the repository (meson option golden_maas, or PCGSIM_GOLDEN_MAAS); where they
 * are absent this is skipped, and says so.
 */

static const char *directory(void)
{
	static const char *const candidates[] = { GOLDEN_MAAS,
		SOURCE_ROOT "/../shared/golden/maas",
		SOURCE_ROOT "/../../shared/golden/maas" };
	const char *wanted = getenv("PCGSIM_GOLDEN_MAAS");

	if (wanted)
		return wanted;
	for (size_t i = 0; i < 3; i++) {
		DIR *dir = *candidates[i] ? opendir(candidates[i]) : NULL;

		if (dir) {
			closedir(dir);
			return candidates[i];
		}
	}
	return NULL;
}

static json_t *load(const char *directory, const char *name)
{
	char path[512];
	json_error_t error;
	json_t *json;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	json = json_load_file(path, JSON_ALLOW_NUL, &error);
	if (!json)
		printf("%s:%d: %s\n", path, error.line, error.text);
	return json;
}

/* What the recorded inventory leaves out and the recordings show: more about
 * machines by system id, and whole lists. */
static json_t *inventory_of(const char *dir)
{
	json_t *inventory = load(dir, "00_inventory.json");
	json_t *more = load(SOURCE_ROOT "/tests/maas", "golden_overlay.json");
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

static void play_all(int64_t shift)
{
	const char *dir = directory();
	struct golden_player player = { .lab = &lab };
	json_t *inventory, *allowed;
	struct dirent **topics;
	int count;

	if (!dir)
		test_skip("there are no recordings beside the repository");
	inventory = inventory_of(dir);
	allowed = load(SOURCE_ROOT "/tests/maas", "golden_allowed.json");
	player.inventory = inventory;
	player.allowed = allowed;
	if (shift)
		jseti(inventory, "shift_ids", shift);
	open_lab(inventory);
	count = scandir(dir, &topics, is_topic, alphasort);
	EXPECT(count > 0);
	for (int i = 0; i < count; i++) {
		struct golden_score before = player.score;
		char *name = topics[i]->d_name;
		json_t *entries = load(dir, name);

		EXPECT(json_is_array(entries));
		*strrchr(name, '.') = '\0';
		golden_play(&player, name, entries);
		show(name, &before, &player.score);
		json_decref(entries);
		free(topics[i]);
	}
	free(topics);
	show("all", &(struct golden_score){ 0 }, &player.score);
	lab_close(&lab);
	json_decref(inventory);
	json_decref(allowed);
	EXPECT_INT(player.score.different, 0);
	EXPECT_INT(player.score.trouble, 0);
}

TEST(the_recordings_of_a_real_region_play)
{
	play_all(0);
}

TEST(they_play_with_other_ids_too)
{
	play_all(1000);
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
    CASE(the_player_sees_a_spoilt_value_a_header_a_key_and_a_status), TESTS_END

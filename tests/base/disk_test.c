#include "base/disk.h"

#include "tests/test.h"

static struct sim_disk *world_disk;
static struct disk *disk;
static struct err err;

static void open_disk(void)
{
	world_disk = sim_disk_new("pcg/a");
	disk = sim_disk_attach(world_disk);
}

static void close_disk(void)
{
	sim_disk_free(&world_disk);
}

static bool write_file(const char *name, const char *text, bool sync)
{
	struct disk_file *file = disk->ops->open(disk, name, true, &err);
	bool ok;

	if (!file)
		return false;
	ok = disk->ops->truncate(file, 0) &&
	     disk->ops->write(file, 0, text, strlen(text)) &&
	     (!sync || disk->ops->sync(file));
	disk->ops->close(file);
	return ok;
}

/* "-": there is no such file */
static void expect_file(const char *name, const char *text)
{
	struct buf found = BUF_INIT;

	if (!disk_load(disk, name, &found, &err))
		buf_adds(&found, "-");
	if (strcmp(buf_text(&found), text) != 0)
		test_failed(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"",
		    name, buf_text(&found), text);
	buf_free(&found);
}

/* ---- the table: what is there after which end ---- */

static void nothing_more(void)
{
}

static void write_only(void)
{
	write_file("f", "new", false);
}

static void write_and_sync(void)
{
	write_file("f", "new", true);
}

static void create_and_sync(void)
{
	write_file("g", "new", true);
}

static void create_and_sync_name_only(void)
{
	write_file("g", "new", false);
	disk->ops->sync_names(disk);
}

static void create_and_sync_both(void)
{
	write_file("g", "new", true);
	disk->ops->sync_names(disk);
}

static void remove_only(void)
{
	disk->ops->remove(disk, "f");
}

static void remove_and_sync_names(void)
{
	disk->ops->remove(disk, "f");
	disk->ops->sync_names(disk);
}

static void rename_only(void)
{
	disk->ops->rename(disk, "f", "g");
}

static void rename_and_sync_names(void)
{
	disk->ops->rename(disk, "f", "g");
	disk->ops->sync_names(disk);
}

static void truncate_only(void)
{
	write_file("f", "", false);
}

static void save(void)
{
	disk_save(disk, "f", "new", 3, &err);
}

static const struct {
	void (*happens)(void);
	const char *f_after_death, *g_after_death;
	const char *f_after_power_loss, *g_after_power_loss;
} table[] = {
	{ nothing_more, "old", "-", "old", "-" },
	{ write_only, "new", "-", "old", "-" },
	{ write_and_sync, "new", "-", "new", "-" },
	{ create_and_sync, "old", "new", "old", "-" },
	{ create_and_sync_name_only, "old", "new", "old", "" },
	{ create_and_sync_both, "old", "new", "old", "new" },
	{ remove_only, "-", "-", "old", "-" },
	{ remove_and_sync_names, "-", "-", "-", "-" },
	{ rename_only, "-", "old", "old", "-" },
	{ rename_and_sync_names, "-", "old", "-", "old" },
	{ truncate_only, "", "-", "old", "-" },
	{ save, "new", "-", "new", "-" },
};

TEST(death_keeps_the_caches_and_power_loss_forgets_them)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		for (int power = 0; power < 2; power++) {
			open_disk();
			EXPECT(disk_save(disk, "f", "old", 3, &err));
			table[i].happens();
			if (power)
				sim_disk_lose_power(world_disk);
			else
				sim_disk_kill(world_disk);
			disk = sim_disk_attach(world_disk);
			expect_file("f", power ? table[i].f_after_power_loss
			                       : table[i].f_after_death);
			expect_file("g", power ? table[i].g_after_power_loss
			                       : table[i].g_after_death);
			close_disk();
		}
}

TEST(a_dead_disk_refuses_everything_and_changes_nothing)
{
	struct disk *dead;
	struct disk_file *file;
	uint64_t size;
	size_t got;
	char c;

	open_disk();
	EXPECT(disk_save(disk, "f", "old", 3, &err));
	file = disk->ops->open(disk, "f", false, &err);
	dead = disk;
	sim_disk_kill(world_disk);
	disk = sim_disk_attach(world_disk); /* the next life does not help */
	EXPECT(!dead->ops->read(file, 0, &c, 1, &got));
	EXPECT(!dead->ops->write(file, 0, "x", 1));
	EXPECT(!dead->ops->truncate(file, 0));
	EXPECT(!dead->ops->sync(file));
	EXPECT(!dead->ops->size(file, &size));
	EXPECT(!dead->ops->exists(dead, "f"));
	EXPECT(!dead->ops->remove(dead, "f"));
	EXPECT(!dead->ops->rename(dead, "f", "g"));
	EXPECT(!dead->ops->sync_names(dead));
	EXPECT(!dead->ops->open(dead, "f", true, &err));
	EXPECT_STR(err.text, "disk pcg/a is gone");
	dead->ops->close(file);
	expect_file("f", "old");
	close_disk();
}

static void kill_it(void *ctx, struct sim_disk *struck, uint64_t count)
{
	if (count == *(const uint64_t *)ctx)
		sim_disk_lose_power(struck);
}

TEST(a_save_struck_at_any_sync_leaves_the_old_or_the_new)
{
	for (uint64_t at = 3; at <= 5; at++) {
		open_disk();
		EXPECT(disk_save(disk, "f", "old", 3, &err));
		EXPECT_INT(sim_disk_syncs(world_disk), 2);
		sim_disk_on_sync(world_disk, kill_it, &at);
		EXPECT(disk_save(disk, "f", "new", 3, &err) == (at == 5));
		disk = sim_disk_attach(world_disk);
		expect_file("f", at == 5 ? "new" : "old");
		expect_file("f.new", "-");
		close_disk();
	}
}

TEST(a_full_disk_refuses_writes_and_keeps_what_is_there)
{
	open_disk();
	EXPECT(disk_save(disk, "f", "old", 3, &err));
	sim_disk_set_room(world_disk, 2);
	EXPECT(!disk_save(disk, "f", "new", 3, &err));
	EXPECT_STR(err.text, "file f could not be written");
	EXPECT_INT(err.kind, ERR_STORAGE);
	expect_file("f", "old");
	expect_file("f.new", "-");
	sim_disk_set_room(world_disk, -1);
	EXPECT(disk_save(disk, "f", "new", 3, &err));
	close_disk();
}

TEST(holes_and_ends_read_as_they_should)
{
	struct disk_file *file;
	char data[10] = "xxxxxxxxx";
	uint64_t size;
	size_t got;

	open_disk();
	file = disk->ops->open(disk, "f", true, &err);
	EXPECT(disk->ops->write(file, 10000, "end", 3));
	EXPECT(disk->ops->read(file, 9998, data, 9, &got));
	EXPECT_INT(got, 5);
	EXPECT(memcmp(data, "\0\0endxxxx", 9) == 0);
	EXPECT(disk->ops->truncate(file, 10001));
	EXPECT(disk->ops->truncate(file, 20000));
	EXPECT(disk->ops->read(file, 10000, data, 3, &got));
	EXPECT(memcmp(data, "e\0\0", 3) == 0);
	EXPECT(disk->ops->size(file, &size));
	EXPECT_INT(size, 20000);
	EXPECT(disk->ops->read(file, 30000, data, 3, &got));
	EXPECT_INT(got, 0);
	disk->ops->close(file);
	close_disk();
}

TEST(corruption_is_one_byte_of_what_is_stored)
{
	open_disk();
	EXPECT(disk_save(disk, "f", "old", 3, &err));
	EXPECT(sim_disk_corrupt(world_disk, "f", 1));
	expect_file("f", "o\x93"
	                 "d");
	sim_disk_lose_power(world_disk);
	disk = sim_disk_attach(world_disk);
	expect_file("f", "o\x93"
	                 "d");
	EXPECT(!sim_disk_corrupt(world_disk, "f", 3));
	EXPECT(!sim_disk_corrupt(world_disk, "g", 0));
	close_disk();
}

TEST(power_loss_may_find_some_pages_written_already)
{
	char pages[8 * 4096], found[8 * 4096];
	struct disk_file *file;
	size_t got, written = 0;

	memset(pages, 'a', sizeof(pages));
	open_disk();
	EXPECT(disk_save(disk, "f", pages, sizeof(pages), &err));
	memset(pages, 'b', sizeof(pages));
	file = disk->ops->open(disk, "f", true, &err);
	EXPECT(disk->ops->write(file, 0, pages, sizeof(pages)));
	disk->ops->close(file);
	sim_disk_lose_power_midway(world_disk, 4);
	disk = sim_disk_attach(world_disk);
	file = disk->ops->open(disk, "f", false, &err);
	EXPECT(disk->ops->read(file, 0, found, sizeof(found), &got));
	for (size_t i = 0; i < sizeof(found); i += 4096)
		written += found[i] == 'b';
	EXPECT(written > 0 && written < 8);
	disk->ops->close(file);
	close_disk();
}

TESTS_BEGIN
CASE(death_keeps_the_caches_and_power_loss_forgets_them),
    CASE(a_dead_disk_refuses_everything_and_changes_nothing),
    CASE(a_save_struck_at_any_sync_leaves_the_old_or_the_new),
    CASE(a_full_disk_refuses_writes_and_keeps_what_is_there),
    CASE(holes_and_ends_read_as_they_should),
    CASE(corruption_is_one_byte_of_what_is_stored),
    CASE(power_loss_may_find_some_pages_written_already), TESTS_END

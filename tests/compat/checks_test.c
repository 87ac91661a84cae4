#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/sim_disk.h"
#include "compat/compare.h"
#include "compat/compat.h"
#include "compat/import.h"
#include "compat/journal.h"
#include "compat/stage.h"
#include "compat/tidy.h"
#include "tests/test.h"

/* The checks themselves, without a network: each claim holds of the fake, in
 * every version, and what a check makes is taken away. */

static const char REGION[] =
    "{\"users\": {\"admin\": {\"is_superuser\": true},"
    "  \"bob\": {\"is_superuser\": false},"
    "  \"alice\": {\"is_superuser\": false}},"
    " \"zones\": [{\"name\": \"default\", \"id\": 1}],"
    " \"pools\": [{\"name\": \"default\", \"id\": 0},"
    "  {\"name\": \"trial\", \"id\": 2}],"
    " \"domains\": [{\"name\": \"maas\", \"is_default\": true, \"id\": 0}],"
    " \"fabrics\": [{\"name\": \"fabric-0\", \"id\": 0, \"vlans\": ["
    "  {\"id\": 1, \"vid\": 0, \"name\": \"untagged\", \"dhcp_on\": true}]}],"
    " \"subnets\": [{\"id\": 1, \"cidr\": \"10.8.0.0/16\","
    "  \"gateway_ip\": \"10.8.0.1\", \"vlan\": {\"id\": 1}}],"
    " \"images\": [{\"id\": 1, \"name\": \"ubuntu/jammy\"}],"
    " \"machines\": []}";

static json_t *machine(int number, int status, const char *owner)
{
	char id[16], mac[32], address[32];

	snprintf(id, sizeof(id), "abc%03d", number);
	snprintf(mac, sizeof(mac), "52:54:00:00:00:%02x", number);
	snprintf(address, sizeof(address), "10.8.1.%d", number);
	return json_pack("{s:s, s:s, s:i, s:s?, s:s, s:i, s:i, s:f, s:s, s:s, "
	                 "s:s, s:s, s:[s], s:o}",
	    "system_id", id, "hostname", id, "status", status, "owner", owner,
	    "power_type", "ipmi", "cpu_count", 4, "memory", 8192, "storage",
	    480000.0, "osystem", status == 6 ? "ubuntu" : "", "distro_series",
	    status == 6 ? "jammy" : "", "zone", "default", "pool",
	    status == 4 ? "trial" : "default", "mac", mac, "ip_addresses",
	    status == 6 ? json_pack("[s]", address) : json_array());
}

static json_t *region(void)
{
	json_t *region = json_loads(REGION, 0, NULL);

	jadd(region, "machines", machine(1, 4, NULL));
	jadd(region, "machines", machine(2, 4, NULL));
	jadd(region, "machines", machine(3, 6, "bob"));
	jadd(region, "machines", machine(4, 10, "admin"));
	jadd(region, "machines", machine(5, 8, NULL));
	return region;
}

static struct site *a_site(const char *version)
{
	json_t *inventory = region();
	const struct site_fake fake = { .version = version,
		.inventory = inventory,
		.user = "admin",
		.admin = true,
		.other = "alice" };
	struct err err = { 0 };
	struct site *site = site_fake_new(&fake, &err);

	if (!site)
		test_failed(__FILE__, __LINE__, "%s", err.text);
	site_may_write(site);
	json_decref(inventory);
	return site;
}

static char *contents(struct site *site)
{
	const struct import_options options = { .with_owner_data = true };
	struct err err = { 0 };
	json_t *inventory = import_inventory(site, &options, &err);
	char *text;

	if (!inventory)
		test_failed(__FILE__, __LINE__, "%s", err.text);
	text = import_text(inventory);
	json_decref(inventory);
	return text;
}

static json_t *names(void)
{
	json_t *inventory = region(), *names;
	const struct stage_wish wish = { .inventory = inventory,
		.me = "admin",
		.other = "alice",
		.pool = "trial",
		.prefix = "pcgsim-compat-test" };

	names = stage_names(&wish);
	json_decref(inventory);
	return names;
}

static void play(struct site *site, const struct check *check, json_t *names)
{
	struct err err = { 0 };
	struct journal *journal = journal_new(NULL, "test", &err);
	struct tidying tidying = { .site = site,
		.journal = journal,
		.me = "admin",
		.other = "alice",
		.patience_for = HOURS(1) };
	struct trial trial;

	trial_play(&trial, site, check, names, journal, HOURS(1));
	if (trial.failed)
		test_failed(__FILE__, __LINE__, "%s (%s): %s", check->id,
		    check->says, trial.err.text);
	if (json_array_size(trial.broken))
		test_failed(__FILE__, __LINE__, "%s (%s) %s", check->id,
		    check->says,
		    json_string_value(json_array_get(trial.broken, 0)));
	trial_free(&trial);
	if (!tidy_journal(&tidying, 0, &err))
		test_failed(__FILE__, __LINE__, "%s: %s", check->id, err.text);
	EXPECT_INT(journal_count(journal), 0);
	journal_free(&journal);
}

static bool is_of(const struct check *check, int version)
{
	return (!check->since || version >= check->since) &&
	       (!check->until || version <= check->until);
}

TEST(every_claim_of_every_check_holds_of_the_fake_and_leaves_nothing)
{
	static const struct {
		const char *text;
		int number;
	} versions[] = { { "3.4", 304 }, { "3.5", 305 }, { "3.6", 306 },
		{ "3.7", 307 } };
	json_t *stage = names();

	for (size_t v = 0; v < 4; v++) {
		struct site *site = a_site(versions[v].text);
		char *before = contents(site), *after;
		const struct check *check;

		for (size_t n = 0; (check = check_at(n)); n++)
			if (is_of(check, versions[v].number))
				play(site, check, stage);
		after = contents(site);
		EXPECT_STR(after, before);
		free(before);
		free(after);
		site_free(&site);
	}
	json_decref(stage);
}

TEST(every_name_of_a_check_is_one_of_the_stage_or_saved_before)
{
	json_t *stage = names();
	const struct check *check;

	for (size_t n = 0; (check = check_at(n)); n++)
		for (const struct check_step *step = check->steps; !step->end;
		     step++)
			EXPECT(!stage_lacks(stage, step->path) &&
			       !stage_lacks(stage, step->form) &&
			       !stage_lacks(stage, step->needs));
	json_decref(stage);
}

TEST(checks_are_in_the_order_of_their_numbers_and_say_what_they_say)
{
	const struct check *check;
	const char *last = "M-000";
	size_t n;

	for (n = 0; (check = check_at(n)); n++) {
		bool inventory = check->id[0] == 'I';

		EXPECT(strlen(check->says) > 7);
		EXPECT(inventory || strcmp(check->id, last) >= 0);
		last = check->id;
	}
	EXPECT(n > 140);
}

TEST(a_journal_is_read_again_after_a_crash)
{
	struct sim_disk *platter = sim_disk_new("operator");
	struct disk *disk = sim_disk_attach(platter);
	struct err err = { 0 };
	struct journal *journal = journal_new(disk, "http://m:5240/MAAS", &err);

	EXPECT(journal_add(journal, "zone a", &err));
	EXPECT(journal_add(journal, "machine abc001", &err));
	EXPECT(journal_add(journal, "zone a", &err));
	EXPECT(journal_strike(journal, "zone a", &err));
	sim_disk_lose_power(platter);
	journal_free(&journal);
	disk = sim_disk_attach(platter);
	journal = journal_new(disk, "http://m:5240/MAAS", &err);
	EXPECT_INT(journal_count(journal), 1);
	EXPECT_STR(journal_at(journal, 0), "machine abc001");
	EXPECT(journal_strike(journal, "machine abc001", &err));
	journal_free(&journal);
	journal = journal_new(disk, "http://other:5240/MAAS", &err);
	EXPECT_INT(journal_count(journal), 0);
	journal_free(&journal);
	sim_disk_free(&platter);
}

/* Somebody took the machine after our run had died: it is theirs. */
TEST(a_machine_that_is_not_ours_any_more_stays_as_it_is)
{
	struct site *site = a_site("3.5");
	struct err err = { 0 };
	struct journal *journal = journal_new(NULL, "test", &err);
	struct tidying tidying = { .site = site,
		.journal = journal,
		.me = "admin",
		.leftovers = true,
		.patience_for = HOURS(1) };
	char *before = contents(site), *after;

	EXPECT(journal_add(journal, "machine abc003", &err)); /* bob's */
	EXPECT(journal_add(journal, "machine abc004", &err)); /* by hand */
	EXPECT(journal_add(journal, "machine zzzzzz", &err)); /* gone */
	EXPECT(tidy_journal(&tidying, 0, &err));
	EXPECT_INT(journal_count(journal), 0);
	after = contents(site);
	EXPECT_STR(after, before);
	free(before);
	free(after);
	journal_free(&journal);
	site_free(&site);
}

TEST(a_thing_of_an_unknown_kind_is_left_and_said)
{
	struct site *site = a_site("3.4");
	struct err err = { 0 };
	struct journal *journal = journal_new(NULL, "test", &err);
	struct tidying tidying = {
		.site = site, .journal = journal, .me = "admin"
	};

	EXPECT(journal_add(journal, "planet earth", &err));
	EXPECT(journal_add(journal, "zone not-there", &err));
	EXPECT(!tidy_journal(&tidying, 0, &err));
	EXPECT(strstr(err.text, "planet earth is left"));
	EXPECT_INT(journal_count(journal), 1);
	journal_free(&journal);
	site_free(&site);
}

TEST(two_sites_that_stopped_fail_at_once_until_resumed)
{
	struct site *site = a_site("3.4");
	struct err err = { 0 };
	json_t *version;

	site_stop(site);
	EXPECT(!site_read(site, "version/", &err));
	EXPECT_INT(err.kind, ERR_GONE);
	site_resume(site);
	version = site_read(site, "version/", &err);
	EXPECT(version);
	json_decref(version);
	site_free(&site);
}

TESTS_BEGIN
CASE(every_claim_of_every_check_holds_of_the_fake_and_leaves_nothing),
    CASE(every_name_of_a_check_is_one_of_the_stage_or_saved_before),
    CASE(checks_are_in_the_order_of_their_numbers_and_say_what_they_say),
    CASE(a_journal_is_read_again_after_a_crash),
    CASE(a_machine_that_is_not_ours_any_more_stays_as_it_is),
    CASE(a_thing_of_an_unknown_kind_is_left_and_said),
    CASE(two_sites_that_stopped_fail_at_once_until_resumed), TESTS_END

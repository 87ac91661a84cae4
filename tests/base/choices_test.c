#include "base/choices.h"

#include "base/buf.h"
#include "base/events.h"
#include "tests/test.h"

/* The vectors of the SipHash paper's reference: key 00..0f, input 00..n-1. */
TEST(the_hash_is_siphash_2_4)
{
	unsigned char in[15];

	for (int i = 0; i < 15; i++)
		in[i] = (unsigned char)i;
	EXPECT(siphash(0x0706050403020100, 0x0f0e0d0c0b0a0908, in, 15) ==
	       0xa129ca6149be45e5);
	EXPECT(siphash(0x0706050403020100, 0x0f0e0d0c0b0a0908, in, 0) ==
	       0x726fdb47dd0e0e31);
	EXPECT(siphash(0x0706050403020100, 0x0f0e0d0c0b0a0908, in, 8) ==
	       0x93f5f5799a932462);
}

static int64_t die(struct choices *c, const char *name)
{
	return choose_range(c, 1, 1000000, "%s", name);
}

TEST(a_new_choice_elsewhere_shifts_nothing)
{
	struct choices *a = choices_new(7), *b = choices_new(7);

	for (int i = 0; i < 1000; i++) {
		int64_t expected = die(a, "maas/lab: deploy_for");

		choose_chance(b, 0.5, "something new #%d", i);
		die(b, "another thing");
		EXPECT_INT(die(b, "maas/lab: deploy_for"), expected);
	}
	choices_free(&a);
	choices_free(&b);
}

TEST(seed_name_and_ordinal_all_matter)
{
	struct choices *a = choices_new(7), *b = choices_new(8);
	int64_t first = die(a, "x"), second = die(a, "x");

	EXPECT(first != second);
	EXPECT(die(a, "y") != first);
	EXPECT(die(b, "x") != first);
	choices_free(&a);
	choices_free(&b);
}

/* These numbers stand in records: they may never change. */
TEST(a_seed_means_the_same_for_ever)
{
	struct choices *c = choices_new(4711);
	char text[9];

	EXPECT_INT(choose_range(c, 0, 999999, "golden"), 673518);
	choose_text(c, text, 8, "abcdefghij", "golden text");
	EXPECT_STR(text, "iibchbfh");
	choices_free(&c);
}

TEST(ranges_are_kept_and_all_of_them_is_met)
{
	struct choices *c = choices_new(1);
	int met[6] = { 0 };

	for (int i = 0; i < 6000; i++) {
		int64_t n = choose_range(c, -2, 3, "die");

		EXPECT(n >= -2 && n <= 3);
		met[n + 2]++;
	}
	for (int i = 0; i < 6; i++)
		EXPECT(met[i] > 850 && met[i] < 1150);
	EXPECT_INT(choose_range(c, 5, 5, "one"), 5);
	choose_range(c, INT64_MIN, INT64_MAX, "everything");
	choices_free(&c);
}

TEST(chances_come_as_often_as_they_should)
{
	struct choices *c = choices_new(1);
	int met = 0;

	for (int i = 0; i < 10000; i++) {
		met += choose_chance(c, 0.3, "sometimes");
		EXPECT(!choose_chance(c, 0, "never"));
		EXPECT(choose_chance(c, 1, "always"));
	}
	EXPECT(met > 2850 && met < 3150);
	choices_free(&c);
}

TEST(an_override_holds_for_its_ordinal_only)
{
	struct choices *a = choices_new(7), *b = choices_new(7);

	choices_override(b, "x", 1, 42);
	choices_override(b, "x", 1, 43);
	choices_override(b, "coin", 0, 1);
	choices_override(b, "small", 0, 99);
	EXPECT_INT(die(b, "x"), die(a, "x"));
	EXPECT_INT(die(b, "x"), 43);
	die(a, "x");
	EXPECT_INT(die(b, "x"), die(a, "x"));
	EXPECT(choose_chance(b, 0, "coin"));
	EXPECT_INT(choose_range(b, 1, 6, "small"), 6);
	choices_free(&a);
	choices_free(&b);
}

TEST(many_and_long_names_are_told_apart)
{
	struct choices *a = choices_new(7), *b = choices_new(7);
	struct buf name = BUF_INIT;

	for (int i = 0; i < 300; i++)
		buf_addc(&name, 'n');
	for (int i = 0; i < 5000; i++)
		choose_range(a, 0, 9, "%s %d", buf_text(&name), i);
	for (int i = 4999; i >= 0; i--)
		choose_range(b, 0, 9, "%s %d", buf_text(&name), i);
	for (int i = 0; i < 5000; i++)
		EXPECT_INT(choose_range(a, 0, 999, "%s %d", name.data, i),
		    choose_range(b, 0, 999, "%s %d", name.data, i));
	buf_free(&name);
	choices_free(&a);
	choices_free(&b);
}

static struct buf told;

static void take(void *ctx, const struct event *e)
{
	(void)ctx;
	buf_addf(&told, "%s %s", e->kind, e->about);
	for (size_t i = 0; i < e->field_count; i++)
		buf_addf(&told, " %s=%lld", e->fields[i].key,
		    (long long)e->fields[i].number);
	buf_addc(&told, ';');
}

TEST(choices_are_told_and_bytes_are_not)
{
	struct loop *loop = loop_new();
	struct events *events = events_new(loop, NULL);
	struct choices *c = choices_new(7);
	unsigned char key[20];

	events_add_sink(events, take, NULL);
	choices_tell(c, events);
	choices_override(c, "x", 0, 4);
	choose_range(c, 1, 6, "x");
	choose_chance(c, 1, "y");
	choose_bytes(c, key, sizeof(key), "key");
	EXPECT_STR(buf_text(&told),
	    "choice x ordinal=0 lowest=1 highest=6 value=4;"
	    "choice y ordinal=0 lowest=0 highest=1 value=1;");
	buf_free(&told);
	choices_free(&c);
	events_free(&events);
	loop_free(&loop);
}

TESTS_BEGIN
CASE(the_hash_is_siphash_2_4), CASE(a_new_choice_elsewhere_shifts_nothing),
    CASE(seed_name_and_ordinal_all_matter),
    CASE(a_seed_means_the_same_for_ever),
    CASE(ranges_are_kept_and_all_of_them_is_met),
    CASE(chances_come_as_often_as_they_should),
    CASE(an_override_holds_for_its_ordinal_only),
    CASE(many_and_long_names_are_told_apart),
    CASE(choices_are_told_and_bytes_are_not), TESTS_END

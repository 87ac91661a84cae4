#include "base/yaml.h"

#include "tests/test.h"

static struct err err;

static struct yaml_node *read_text(const char *text)
{
	return yaml_read("f.yaml", text, strlen(text), &err);
}

TEST(every_scalar_is_text_and_knows_its_place)
{
	struct yaml_node *n = read_text("a: no\n"
	                                "b:\n"
	                                "  - 12:30\n"
	                                "  - '1e3'\n"
	                                "c: { d: ~, e: [] }\n"
	                                "f:\n");
	struct yaml_node *list = yaml_get(n, "b");

	EXPECT_INT(n->count, 4);
	EXPECT_STR(yaml_text(n, "a"), "no");
	EXPECT_STR(list->items[0]->text, "12:30");
	EXPECT(!list->items[0]->quoted);
	EXPECT(list->items[1]->quoted);
	EXPECT_INT(list->items[1]->line, 4);
	EXPECT_INT(list->items[1]->column, 5);
	EXPECT_STR(yaml_text(yaml_get(n, "c"), "d"), "~");
	EXPECT_INT(yaml_get(yaml_get(n, "c"), "e")->kind, YAML_LIST);
	EXPECT_STR(yaml_text(n, "f"), "");
	EXPECT(!yaml_text(n, "b"));
	EXPECT(!yaml_get(n, "z"));
	yaml_free(&n);
}

static const char *const empty[] = { "", "# nothing\n", "---\n", "\n\n" };

TEST(an_empty_document_is_an_empty_map)
{
	for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
		struct yaml_node *n = read_text(empty[i]);

		EXPECT(n);
		EXPECT_INT(n->kind, YAML_MAP);
		EXPECT_INT(n->count, 0);
		yaml_free(&n);
	}
}

static const char *const refused[][2] = {
	{ "a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key \"a\" stands here a "
	                        "second time" },
	{ "x: &y 1\n", "f.yaml:1:4: anchors (&name) are not read here" },
	{ "x:\n  - *y\n", "f.yaml:2:5: aliases (*name) are not read here" },
	{ "x: !!int 1\n", "f.yaml:1:4: tags (!name) are not read here" },
	{ "x: !m {}\n", "f.yaml:1:4: tags (!name) are not read here" },
	{ "<<: { a: 1 }\n", "f.yaml:1:1: merge keys (<<) are not read here" },
	{ "a: 1\n---\nb: 1\n", "f.yaml:2:1: a second document begins here; "
	                       "one is all that is read" },
	{ "? [a]\n: b\n", "f.yaml:1:3: a key must be a plain text" },
	{ "a: \"x\\0y\"\n", "f.yaml:1:4: a text cannot hold the character "
	                    "NUL" },
	{ "a: b: c\n",
	    "f.yaml:1:5: there is a second \": \" in this line; begin "
	    "a new line for it, or put the text in quotes" },
	{ "a: [1\nb: 2\n", "f.yaml:2:2: a \",\" or \"]\" is missing before "
	                   "this" },
	{ "a:\n\tb: 1\n", "f.yaml:2:1: there is a tab; lines are indented "
	                  "with spaces" },
};

TEST(what_is_refused_is_refused_at_its_place)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		EXPECT(!read_text(refused[i][0]));
		EXPECT_STR(err.text, refused[i][1]);
		EXPECT_INT(err.kind, ERR_INPUT);
	}
}

TEST(depth_has_an_end)
{
	char deep[140];

	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	deep[130] = '\0';
	EXPECT(!read_text(deep));
	EXPECT_STR(err.text, "f.yaml:1:65: nested deeper than 64 levels");
}

static const struct {
	const char *text;
	long long usec; /* -1: no duration */
	const char *again;
} durations[] = {
	{ "0", 0, "0" },
	{ "4m", 240000000, "4m" },
	{ "90s", 90000000, "1m30s" },
	{ "1h30m", 5400000000, "1h30m" },
	{ "500ms", 500000, "500ms" },
	{ "7us", 7, "7us" },
	{ "2d", 172800000000, "2d" },
	{ "5", -1, "" },
	{ "m", -1, "" },
	{ "", -1, "" },
	{ "-1s", -1, "" },
	{ "1m1h", -1, "" },
	{ "1s1s", -1, "" },
	{ "1.5s", -1, "" },
	{ "1s ", -1, "" },
	{ "1sm", -1, "" },
	{ "99999999999999d", -1, "" },
};

TEST(durations_are_read_and_written_alike)
{
	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		long long usec = -1;
		char again[32] = "";

		if (duration_parse(durations[i].text, &usec))
			duration_text(usec, again);
		EXPECT_INT(usec, durations[i].usec);
		EXPECT_STR(again, durations[i].again);
	}
}

TEST(a_slip_finds_the_name_that_was_meant)
{
	static const char *const names[] = { "cluster/db", "cluster/web",
		"pcg/a", "pcg/b" };

	EXPECT_STR(nearest_name("cluster/wbe", names, 4), "cluster/web");
	EXPECT_STR(nearest_name("clutser/db", names, 4), "cluster/db");
	EXPECT_STR(nearest_name("pcg/b", names, 4), "pcg/b");
	EXPECT_STR(nearest_name("pcg/c", names, 4), "pcg/a");
	EXPECT(!nearest_name("maas/lab", names, 4));
	EXPECT(!nearest_name("x", names, 0));
}

TESTS_BEGIN
CASE(every_scalar_is_text_and_knows_its_place),
    CASE(an_empty_document_is_an_empty_map),
    CASE(what_is_refused_is_refused_at_its_place), CASE(depth_has_an_end),
    CASE(durations_are_read_and_written_alike),
    CASE(a_slip_finds_the_name_that_was_meant), TESTS_END

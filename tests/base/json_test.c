#include "base/json.h"
#include "base/json_recent.h"

#include <stdlib.h>

#include "tests/test.h"

static struct err err;

static json_t *parse(const char *text)
{
	return json_parse(text, strlen(text), &err);
}

static void expect_text(json_t *root, const char *expected)
{
	char *text = json_canonical(root);
	bool same = strcmp(text, expected) == 0;

	if (!same)
		test_failed(
		    __FILE__, __LINE__, "%s, expected %s", text, expected);
	free(text);
}

TEST(paths_reach_into_documents)
{
	json_t *r = parse("{\"a\":{\"b.c/d\":{\"e\":\"f\"}},\"l\":[{\"n\":7},"
	                  "2.9,true],\"0\":\"zero\"}");

	EXPECT_STR(jstr(r, "a[b.c/d].e"), "f");
	EXPECT_INT(jint(r, "l[0].n"), 7);
	EXPECT_INT(jint(r, "l[1]"), 2);
	EXPECT(jbool(r, "l[2]"));
	EXPECT_INT(jlen(r, "l"), 3);
	EXPECT_STR(jstr(r, "[0]"), "zero");
	json_decref(r);
}

TEST(what_is_not_there_or_of_another_type_is_neutral)
{
	json_t *r = parse("{\"a\":\"text\",\"l\":[1]}");

	EXPECT_STR(jstr(r, "b.c.d"), "");
	EXPECT_STR(jstr(r, "l"), "");
	EXPECT_INT(jint(r, "a"), 0);
	EXPECT(!jbool(r, "a"));
	EXPECT_INT(jlen(r, "a"), 0);
	EXPECT(!jget(r, "a.b"));
	EXPECT(!jget(r, "l[1]") && !jget(r, "l.x"));
	EXPECT(!jhas(NULL, "a"));
	json_decref(r);
}

TEST(setting_makes_the_way_and_null_removes)
{
	json_t *r = json_object();

	jsets(r, "metadata.labels[x.y/z]", "v");
	jseti(r, "spec.replicas", 3);
	jsetb(r, "spec.paused", true);
	jadd(r, "spec.list", json_integer(1));
	jset(r, "spec.list[1]", json_integer(2));
	jset(r, "spec.list[0]", json_integer(0));
	expect_text(r, "{\"metadata\":{\"labels\":{\"x.y/z\":\"v\"}},\"spec\":"
	               "{\"list\":[0,2],\"paused\":true,\"replicas\":3}}");
	jset(r, "metadata.labels[x.y/z]", NULL);
	jset(r, "spec", NULL);
	jset(r, "never.was.there", NULL);
	expect_text(r, "{\"metadata\":{\"labels\":{}}}");
	json_decref(r);
}

TEST(a_clone_is_the_same_and_shares_nothing)
{
	json_t *from = json_loads("{\"z\":[{\"b\":1},[],\"text\",1.5,null],"
	                          "\"a\":{\"deep\":{\"list\":[true]}}}",
	    0, NULL);
	json_t *copy = json_clone(from);
	char *before = json_canonical(from), *after;

	EXPECT(json_equal(from, copy));
	jseti(copy, "z[0].b", 2);
	jadd(copy, "a.deep.list", json_true());
	json_string_set(jget(copy, "z[2]"), "other");
	after = json_canonical(from);
	EXPECT_STR(after, before);
	EXPECT(!json_clone(NULL));
	free(before);
	free(after);
	json_decref(from);
	json_decref(copy);
}

/* jansson's own writing is the measure. */
static void expect_as_jansson(const json_t *document)
{
	static const size_t forms[] = { 0, JSON_COMPACT, JSON_SORT_KEYS,
		JSON_COMPACT | JSON_SORT_KEYS, JSON_INDENT(1), JSON_INDENT(4),
		JSON_INDENT(4) | JSON_SORT_KEYS,
		JSON_INDENT(2) | JSON_COMPACT };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *wanted = json_dumps(document, forms[i] | JSON_ENCODE_ANY);
		struct buf got = BUF_INIT;

		buf_add_json(&got, document, forms[i]);
		EXPECT_STR(buf_text(&got), wanted);
		buf_free(&got);
		free(wanted);
	}
}

TEST(documents_are_written_as_jansson_writes_them)
{
	static const char *const documents[] = {
		"[]",
		"{}",
		"null",
		"\"a\"",
		"[[],{},[[]],[{}],{\"a\":{}}]",
		"{\"zz\":1,\"z\":[1,2,{\"b\":true,\"a\":false}],\"a\":null,"
		"\"zzz\":{\"y\":\"\",\"x\":[\"1\",\"2\"]}}",
		"[0,-1,9223372036854775807,-9223372036854775808,1.5,1e300,"
		"-0.0,0.1]",
		"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u000b\\u000e"
		"\\u001f\\u007f\\u00e9\\u20ac\\ud83d\\ude00\"]",
	};

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		json_t *document = json_loads(
		    documents[i], JSON_DECODE_ANY, NULL);

		EXPECT(document);
		expect_as_jansson(document);
		json_decref(document);
	}
}

static void expect_read_as_jansson(const char *text, size_t len)
{
	json_t *got = json_parse(text, len, &err);
	json_t *wanted = json_loadb(
	    text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

	EXPECT((got != NULL) == (wanted != NULL));
	EXPECT(!got || json_equal(got, wanted));
	json_decref(got);
	json_decref(wanted);
}

/* Each text, each beginning of it, and each with any one byte put in place of
 * any other. */
TEST(documents_are_read_as_jansson_reads_them)
{
	static const char *const texts[] = {
		" { \"a\" : [ 1 , -2 , 0 , true ] , \"b\" : { } , \"c\":[] } ",
		"{\"a\\n\":{\"\\\"\":\"\\\\\\/\\t\"},\"bb\":null,\"ab\":\"\"}",
		"[123456789012345678,1234567890123456789,-0,1.5,2e3,"
		"\"\\u00e9\"]",
		"[\"gr\\\\\xc3\xbc\xc3\x9f\", \"x\\ny\", false]",
		"[[[[{\"a\":[[]]}]]],\"\",{\"\":0}]",
		"99999999999999999999",
		"[-0.0,0.10,12.5e1,123456789012345678.123456789012345678,"
		"1234567890123456789.5]",
		"\"text\"",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t len = strlen(texts[i]);
		char *text = xstrdup(texts[i]);

		for (size_t at = 0; at < len; at++) {
			expect_read_as_jansson(text, at);
			for (int c = 0; c < 256; c++) {
				text[at] = (char)c;
				expect_read_as_jansson(text, len);
			}
			text[at] = texts[i][at];
		}
		expect_read_as_jansson(text, len);
		free(text);
	}
}

/* RFC 7386, appendix A */
static const char *const merges[][3] = {
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
	{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
	{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
	    "{\"a\":{\"b\":\"d\"}}" },
	{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
	{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
	{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
	{ "{\"a\":\"foo\"}", "null", "null" },
	{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
	{ "{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}" },
	{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
	{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
};

TEST(merge_patches_do_what_the_rfc_says)
{
	for (size_t i = 0; i < sizeof(merges) / sizeof(*merges); i++) {
		json_t *target = parse(merges[i][0]);
		json_t *patch = parse(merges[i][1]);

		json_merge_patch(&target, patch);
		expect_text(target, merges[i][2]);
		json_decref(target);
		json_decref(patch);
	}
}

static void expect_read(const char *text)
{
	json_t *root = parse(text);

	EXPECT(root);
	json_decref(root);
}

TEST(foreign_bytes_are_refused_with_their_place)
{
	char deep[131];

	EXPECT(!parse("{\"a\":1,\n \"a\":2}"));
	EXPECT_HAS(err.text, "line 2, column ");
	EXPECT_HAS(err.text, "duplicate");
	EXPECT_INT(err.kind, ERR_GARBLED);
	EXPECT(!parse("{} x"));
	EXPECT(!parse(""));
	EXPECT(!parse("{\"a\":\"\\u0000\"}"));
	EXPECT(!parse("\"\xff\""));

	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	deep[130] = '\0';
	EXPECT(!parse(deep));
	EXPECT_STR(err.text, "line 1, column 65: nested deeper than 64");
	deep[129] = '\0';
	expect_read(deep + 1);
	expect_read("\"[[[[\\\"{{\"");
}

static const char *mended(const char *text)
{
	static char room[64];

	snprintf(room, sizeof(room), "%s", text);
	text_mend(room);
	return room;
}

TEST(text_that_is_no_utf_8_is_mended)
{
	json_t *doc = json_object();

	EXPECT_STR(mended("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
	    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
	EXPECT_STR(mended("cut \xe2\x82"), "cut ??");
	EXPECT_STR(mended("\xff\x80 \xc0\xaf \xed\xa0\x80 \xf5\x80"),
	    "?? ?? ??? ??"); /* neither overlong nor half a pair */
	jsets(doc, "a", "\xe4");
	EXPECT_STR(jstr(doc, "a"), "?");
	json_decref(doc);
}

TEST(a_text_that_was_just_read_is_not_read_again)
{
	struct json_recent recent = { 0 };
	json_t *first = json_recent_parse(&recent, "{\"a\":1}", 7, &err);
	json_t *again = json_recent_parse(&recent, "{\"a\":1}", 7, &err);
	json_t *other = json_recent_parse(&recent, "{\"a\":2}", 7, &err);

	EXPECT(first && again == first);
	EXPECT_INT(jint(other, "a"), 2);
	json_decref(again);
	json_decref(other);
	for (int i = 0; i < 2; i++) {
		EXPECT(!json_recent_parse(&recent, "{\"a\":", 5, &err));
		EXPECT_INT(err.kind, ERR_GARBLED);
	}
	for (int i = 0; i < JSON_RECENT_COUNT; i++) {
		char text[2] = { (char)('0' + i), '\0' };

		json_decref(json_recent_parse(&recent, text, 1, &err));
	}
	again = json_recent_parse(&recent, "{\"a\":1}", 7, &err);
	EXPECT(again && again != first);
	EXPECT_INT(jint(first, "a"), 1);
	json_decref(first);
	json_decref(again);
	json_recent_free(&recent);
}

TESTS_BEGIN
CASE(paths_reach_into_documents),
    CASE(what_is_not_there_or_of_another_type_is_neutral),
    CASE(setting_makes_the_way_and_null_removes),
    CASE(merge_patches_do_what_the_rfc_says),
    CASE(foreign_bytes_are_refused_with_their_place),
    CASE(text_that_is_no_utf_8_is_mended),
    CASE(a_text_that_was_just_read_is_not_read_again),
    CASE(documents_are_written_as_jansson_writes_them),
    CASE(documents_are_read_as_jansson_reads_them),
    CASE(a_clone_is_the_same_and_shares_nothing), TESTS_END

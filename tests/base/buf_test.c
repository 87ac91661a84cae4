#include "base/buf.h"
#include "base/choices.h"

#include <stdlib.h>

#include "tests/test.h"

TEST(an_empty_buffer_is_an_empty_text)
{
	struct buf buf = BUF_INIT;
	char *text;

	EXPECT_STR(buf_text(&buf), "");
	text = buf_detach(&buf);
	EXPECT_STR(text, "");
	free(text);
	buf_free(&buf);
}

TEST(text_of_any_length_is_kept_and_dropped_from_the_front)
{
	struct buf buf = BUF_INIT;

	for (int i = 0; i < 1000; i++)
		buf_addf(&buf, "%04d,", i);
	EXPECT_INT(buf.len, 5000);
	buf_drop(&buf, 4995);
	EXPECT_STR(buf_text(&buf), "0999,");
	buf_addf(&buf, "%0300d", 1);
	EXPECT_INT(buf.len, 305);
	buf_reset(&buf);
	EXPECT_STR(buf_text(&buf), "");
	buf_free(&buf);
}

/* RFC 4648, section 10 */
static const char *const base64[][2] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

TEST(base64_is_that_of_the_rfc)
{
	struct buf buf = BUF_INIT;

	for (size_t i = 0; i < sizeof(base64) / sizeof(*base64); i++) {
		buf_reset(&buf);
		buf_add_base64(&buf, base64[i][0], strlen(base64[i][0]));
		EXPECT_STR(buf_text(&buf), base64[i][1]);
		buf_reset(&buf);
		EXPECT(
		    buf_add_unbase64(&buf, base64[i][1], strlen(base64[i][1])));
		EXPECT_STR(buf_text(&buf), base64[i][0]);
	}
	buf_reset(&buf);
	EXPECT(buf_add_unbase64(&buf, "Zm9v\n YmFy\n", 11));
	EXPECT_STR(buf_text(&buf), "foobar");
	buf_free(&buf);
}

TEST(what_is_not_base64_adds_nothing)
{
	static const char *const wrong[] = { "Zg",
		"Zg=", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v!",
		"====", "Z" };
	struct buf buf = BUF_INIT;

	buf_adds(&buf, "before");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (buf_add_unbase64(&buf, wrong[i], strlen(wrong[i])))
			test_failed(__FILE__, __LINE__, "%s", wrong[i]);
		EXPECT_STR(buf_text(&buf), "before");
	}
	buf_free(&buf);
}

TEST(percent_encoding_comes_back)
{
	static const char text[] = "a b/c?d=e&f%g+h~i-j._k\xc3\xa4";
	struct buf coded = BUF_INIT, plain = BUF_INIT;

	buf_add_percent(&coded, text);
	EXPECT_STR(
	    buf_text(&coded), "a%20b%2Fc%3Fd%3De%26f%25g%2Bh~i-j._k%C3%A4");
	EXPECT(buf_add_unpercent(&plain, coded.data, coded.len));
	EXPECT_STR(buf_text(&plain), text);
	EXPECT(!buf_add_unpercent(&plain, "ab%2", 4));
	EXPECT(!buf_add_unpercent(&plain, "ab%xy", 5));
	EXPECT_STR(buf_text(&plain), text);
	buf_free(&coded);
	buf_free(&plain);
}

TEST(a_json_string_escapes_what_it_must)
{
	struct buf out = BUF_INIT;

	buf_add_quoted(&out, "", 0);
	EXPECT_STR(buf_text(&out), "\"\"");
	buf_reset(&out);
	buf_add_quoted(&out, "a\"b\\c\nd\te\x7f\xc3\xa9 cut", 13);
	EXPECT_STR(buf_text(&out), "\"a\\\"b\\\\c\\nd\\te\x7f\xc3\xa9 \"");
	buf_free(&out);
}

/* Each length, and each bit of it changed. */
TEST(contents_that_differ_have_different_hashes)
{
	unsigned char data[40] = { 0 };
	uint64_t seen[41 * 8 + 41];
	size_t count = 0;

	for (size_t len = 0; len <= sizeof(data); len++)
		seen[count++] = content_hash(0, data, len);
	for (size_t bit = 0; bit < 8 * sizeof(data); bit++) {
		data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		seen[count++] = content_hash(0, data, sizeof(data));
		data[bit / 8] = 0;
	}
	EXPECT(content_hash(1, data, 0) != content_hash(0, data, 0));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			EXPECT(seen[i] != seen[j]);
}

TESTS_BEGIN
CASE(an_empty_buffer_is_an_empty_text),
    CASE(text_of_any_length_is_kept_and_dropped_from_the_front),
    CASE(base64_is_that_of_the_rfc), CASE(what_is_not_base64_adds_nothing),
    CASE(percent_encoding_comes_back), CASE(a_json_string_escapes_what_it_must),
    CASE(contents_that_differ_have_different_hashes), TESTS_END

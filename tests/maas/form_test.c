#include <stdlib.h>
#include <string.h>

#include "sim/maas/form.h"
#include "tests/test.h"

static struct body body;
static struct err err;

static bool reads(const char *text)
{
	maas_body_free(&body);
	memset(&err, 0, sizeof(err));
	return maas_multipart_read(&body, "xyz", text, strlen(text), &err);
}

#define PART(name, value)                                            \
	"--xyz\r\nContent-Disposition: form-data; name=\"" name "\"" \
	"\r\n\r\n" value "\r\n"

TEST(fields_and_files_are_told_apart)
{
	EXPECT(reads(PART("a", "1") PART(
	    "a", "2") "--xyz\r\nContent-Disposition: form-data; name=\"f\"; "
	              "filename=\"x.bin\"\r\nContent-Type: a/b\r\n\r\nzz\r\n"
	              "--xyz--\r\n"));
	EXPECT_INT(body.form.count, 2);
	EXPECT_STR(form_get(&body.form, "a"), "2");
	EXPECT_INT(body.file_count, 1);
	EXPECT_STR(body.files[0].filename, "x.bin");
	EXPECT_STR(buf_text(&body.files[0].content), "zz");
	maas_body_free(&body);
}

TEST(a_value_may_hold_almost_a_boundary)
{
	EXPECT(reads(PART("a", "--xy\r\n--xy") "--xyz--"));
	EXPECT_STR(form_get(&body.form, "a"), "--xy\r\n--xy");
	EXPECT(reads(PART("a", "") "--xyz--"));
	EXPECT_STR(form_get(&body.form, "a"), "");
	maas_body_free(&body);
}

TEST(what_is_not_well_formed_is_passed_over)
{
	static const char *const none[] = { "", "xyz", "--xyz", "--xyzjunk",
		"--xyz\r\n",
		"--xyz\r\nContent-Disposition: form-data\r\n\r\nx" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		EXPECT(reads(none[i]));
		EXPECT_INT(body.form.count, 0);
	}
	EXPECT(reads(PART("a", "1")));
	EXPECT_STR(form_get(&body.form, "a"), "1\r\n");
	EXPECT(reads(PART("a", "1") "--xyz"));
	EXPECT_STR(form_get(&body.form, "a"), "1");
	EXPECT(reads("preamble\r\n" PART("a", "1") "--xyz--\r\nepilogue"));
	EXPECT_STR(form_get(&body.form, "a"), "1");
	maas_body_free(&body);
}

TEST(a_file_that_is_not_the_base64_it_says_is_an_error)
{
	EXPECT(!reads("--xyz\r\nContent-Disposition: form-data; name=\"f\"; "
	              "filename=\"x\"\r\nContent-Transfer-Encoding: base64"
	              "\r\n\r\n%%%\r\n--xyz--"));
	EXPECT_STR(err.text, "Could not decode base64 data.");
	maas_body_free(&body);
}

TEST(a_form_is_read_whatever_stands_in_it)
{
	struct form form = { 0 };
	const char *text = "a=%zz&b=%&c&=d&&e=1=2&f=%ff%c3%a9+x";

	maas_urlencoded_read(&form, text, strlen(text));
	EXPECT_STR(form_get(&form, "a"), "%zz");
	EXPECT_STR(form_get(&form, "b"), "%");
	EXPECT_STR(form_get(&form, "c"), "");
	EXPECT_STR(form_get(&form, ""), "d");
	EXPECT_STR(form_get(&form, "e"), "1=2");
	EXPECT_STR(form_get(&form, "f"), "\xef\xbf\xbd\xc3\xa9 x");
	form_free(&form);
}

static void reads_as(const char *bytes, const char *text)
{
	char *read = maas_text(bytes, strlen(bytes), false);

	EXPECT_STR(read, text);
	free(read);
}

#define SIGN "\xef\xbf\xbd"

TEST(what_could_have_become_a_letter_is_one_error)
{
	char *path = maas_text("a\xe2\x98/", 4, true);

	EXPECT_STR(path, "a%E2%98/");
	free(path);
	reads_as("\xe2\x98", SIGN);
	reads_as("\xf0\x9f\x98x", SIGN "x");
	reads_as("\xe2\xe2\x98\x83", SIGN "\xe2\x98\x83");
	reads_as("\xed\xa0\x80", SIGN SIGN SIGN);
	reads_as("\xc0\xaf\xf5", SIGN SIGN SIGN);
}

TEST(a_part_without_a_name_is_passed_over)
{
	EXPECT(reads("--xyz\r\nContent-Type: text/plain\r\n\r\nx\r\n" PART(
	    "b", "2") "--xyz--"));
	EXPECT_INT(body.form.count, 1);
	maas_body_free(&body);
}

TEST(quotes_may_be_escaped_and_must_close)
{
	EXPECT(reads("--xyz\r\nContent-Disposition: form-data; "
	             "name=\"a\\\"b\"\r\n\r\nx\r\n--xyz--"));
	EXPECT_STR(form_get(&body.form, "a\"b"), "x");
	EXPECT(reads("--xyz\r\nContent-Disposition: form-data; "
	             "name=\"a\r\n\r\nx\r\n--xyz--"));
	EXPECT_INT(body.form.count, 0);
	maas_body_free(&body);
}

TEST(a_boundary_has_one_to_two_hundred_and_one_characters)
{
	char out[MAAS_BOUNDARY], type[400] = "multipart/form-data; boundary=";

	EXPECT(maas_boundary("multipart/form-data; boundary=\"a b\"", out));
	EXPECT_STR(out, "a b");
	EXPECT(maas_boundary("multipart/form-data; boundary=ab; x=y", out));
	EXPECT_STR(out, "ab");
	EXPECT(!maas_boundary("multipart/form-data", out));
	EXPECT_STR(out, "None");
	EXPECT(!maas_boundary("multipart/form-data; boundary=", out));
	EXPECT(!maas_boundary("multipart/form-data; boundary=\"ab", out));
	memset(type + strlen(type), 'x', 201);
	EXPECT(maas_boundary(type, out));
	type[strlen(type)] = 'x';
	EXPECT(!maas_boundary(type, out));
}

TEST(json_becomes_fields_and_says_so)
{
	struct http_request request = { 0 };

	http_request_set(&request, "POST", "/");
	http_header_add(&request.headers, "Content-Type", "application/json");
	buf_adds(&request.body, "{\"name\": \"a\", \"on\": true, \"n\": 7}");
	maas_body_free(&body);
	EXPECT(maas_body_read(&body, &request, &err));
	EXPECT(body.structured);
	EXPECT_STR(form_get(&body.form, "on"), "true");
	EXPECT_STR(form_get(&body.form, "n"), "7");
	maas_body_free(&body);
	buf_drop(&request.body, 1);
	EXPECT(!maas_body_read(&body, &request, &err));
	maas_body_free(&body);
	http_request_free(&request);
}

TESTS_BEGIN
CASE(fields_and_files_are_told_apart), CASE(a_value_may_hold_almost_a_boundary),
    CASE(what_is_not_well_formed_is_passed_over),
    CASE(a_file_that_is_not_the_base64_it_says_is_an_error),
    CASE(a_form_is_read_whatever_stands_in_it),
    CASE(what_could_have_become_a_letter_is_one_error),
    CASE(a_part_without_a_name_is_passed_over),
    CASE(quotes_may_be_escaped_and_must_close),
    CASE(a_boundary_has_one_to_two_hundred_and_one_characters),
    CASE(json_becomes_fields_and_says_so), TESTS_END

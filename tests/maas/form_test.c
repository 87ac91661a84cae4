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

TEST(what_is_not_well_formed_is_refused)
{
	EXPECT(!reads(""));
	EXPECT(!reads("xyz"));
	EXPECT(!reads("--xyz"));
	EXPECT(!reads("--xyzjunk"));
	EXPECT(!reads("--xyz\r\n"));
	EXPECT(!reads("--xyz\r\nContent-Disposition: form-data\r\n\r\nx"));
	EXPECT(!reads(PART("a", "1")));
	EXPECT(!reads(PART("a", "1") "--xyz"));
	EXPECT_HAS(err.text, "boundary");
	maas_body_free(&body);
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

TEST(a_boundary_has_one_to_seventy_characters)
{
	char out[71], type[200] = "multipart/form-data; boundary=";

	EXPECT(maas_boundary("multipart/form-data; boundary=\"a b\"", out));
	EXPECT_STR(out, "a b");
	EXPECT(maas_boundary("multipart/form-data; boundary=ab; x=y", out));
	EXPECT_STR(out, "ab");
	EXPECT(!maas_boundary("multipart/form-data", out));
	EXPECT(!maas_boundary("multipart/form-data; boundary=", out));
	EXPECT(!maas_boundary("multipart/form-data; boundary=\"ab", out));
	memset(type + strlen(type), 'x', 71);
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
    CASE(what_is_not_well_formed_is_refused),
    CASE(a_part_without_a_name_is_passed_over),
    CASE(quotes_may_be_escaped_and_must_close),
    CASE(a_boundary_has_one_to_seventy_characters),
    CASE(json_becomes_fields_and_says_so), TESTS_END

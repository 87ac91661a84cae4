#include "base/http.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/test.h"

static char shown[200];

/* A new string becomes one that nobody has to free. */
static const char *show(char *text)
{
	snprintf(shown, sizeof(shown), "%s", text ? text : "(none)");
	free(text);
	return shown;
}

TEST(headers_are_found_whatever_their_case)
{
	struct http_request r = { 0 };

	http_request_set(&r, "GET", "/v1/x/%s", "ab");
	EXPECT_STR(r.target, "/v1/x/ab");
	for (int i = 0; i < 20; i++)
		http_header_add(&r.headers, i == 13 ? "ApiKey" : "X", "v");
	http_header_set(&r.headers, "APIKEY", "w");
	EXPECT_STR(http_header(&r.headers, "apikey"), "w");
	EXPECT_INT(r.headers.count, 20);
	EXPECT(!http_header(&r.headers, "Accept"));
	http_request_free(&r);
}

TEST(transport_headers_are_a_closed_list)
{
	EXPECT(http_header_is_transport("host"));
	EXPECT(http_header_is_transport("CONTENT-LENGTH"));
	EXPECT(http_header_is_transport("Proxy-Authorization"));
	EXPECT(http_header_is_transport("te"));
	EXPECT(!http_header_is_transport("Authorization"));
	EXPECT(!http_header_is_transport("Content-Type"));
	EXPECT(!http_header_is_transport("Test"));
}

TEST(moving_takes_and_copying_leaves)
{
	struct http_request a = { 0 }, b = { 0 }, c = { 0 };
	struct http_response r = { 0 }, s = { 0 };

	http_request_set(&a, "POST", "/x");
	http_request_json(&a, json_pack("{s:i}", "n", 1));
	http_request_copy(&b, &a);
	http_request_move(&c, &a);
	EXPECT(!a.method && !a.body.data && !a.headers.items);
	EXPECT_STR(buf_text(&b.body), "{\"n\":1}");
	EXPECT_STR(buf_text(&c.body), "{\"n\":1}");
	EXPECT_STR(http_header(&b.headers, "content-type"), "application/json");
	http_response_text(&r, 404, "text/plain", "no");
	http_response_copy(&s, &r);
	http_response_move(&s, &r);
	EXPECT_INT(s.status, 404);
	EXPECT_STR(buf_text(&s.body), "no");
	http_request_free(&b);
	http_request_free(&c);
	http_response_free(&s);
}

TEST(a_target_comes_apart)
{
	const char *t = "/MAAS/api/2.0/machines/a%2Fb/?op=release&x=a+b%26";

	EXPECT_INT(http_path_segments(t), 5);
	EXPECT_STR(show(http_path_segment(t, 0)), "MAAS");
	EXPECT_STR(show(http_path_segment(t, 4)), "a/b");
	EXPECT_STR(show(http_path_segment(t, 5)), "(none)");
	EXPECT_STR(show(http_path(t)), "/MAAS/api/2.0/machines/a%2Fb/");
	EXPECT_STR(show(http_query(t, "op")), "release");
	EXPECT_STR(show(http_query(t, "x")), "a b&");
	EXPECT_STR(show(http_query(t, "y")), "(none)");
	EXPECT_STR(show(http_query("/x?a=1&a=2", "a")), "1");
	EXPECT_STR(show(http_query("/x?a", "a")), "");
	EXPECT_INT(http_path_segments("/"), 0);
	EXPECT_INT(http_path_segments("/a//b"), 3);
	EXPECT_STR(show(http_path_segment("/a//b", 1)), "");
}

TEST(broken_or_hidden_bytes_are_no_segment)
{
	EXPECT_STR(show(http_path_segment("/a%2", 0)), "(none)");
	EXPECT_STR(show(http_path_segment("/a%00b", 0)), "(none)");
	EXPECT_STR(show(http_query("/x?a=%00", "a")), "(none)");
}

TEST(forms_keep_repeated_names_and_every_character)
{
	struct form form = { 0 };
	struct buf out = BUF_INIT;
	const char *body = "tags=a&tags=b%20c&empty=&flag&user_data=%2Bx%3D";

	EXPECT(form_parse_urlencoded(&form, body, strlen(body)));
	EXPECT_INT(form.count, 5);
	EXPECT_STR(form.fields[0].value, "a");
	EXPECT_STR(form_get(&form, "tags"), "b c");
	EXPECT_STR(form_get(&form, "flag"), "");
	EXPECT_STR(form_get(&form, "user_data"), "+x=");
	EXPECT(!form_get(&form, "none"));
	form_write_urlencoded(&form, &out);
	EXPECT_STR(
	    buf_text(&out), "tags=a&tags=b%20c&empty=&flag=&user_data=%2Bx%3D");
	form_free(&form);
	EXPECT(!form_parse_urlencoded(&form, "a=1&b=%zz", 9));
	EXPECT_INT(form.count, 0);
	buf_free(&out);
}

TEST(a_status_has_its_reason)
{
	EXPECT_STR(http_reason(200), "OK");
	EXPECT_STR(http_reason(409), "Conflict");
	EXPECT_STR(http_reason(799), "Unknown");
}

TESTS_BEGIN
CASE(headers_are_found_whatever_their_case),
    CASE(transport_headers_are_a_closed_list),
    CASE(moving_takes_and_copying_leaves), CASE(a_target_comes_apart),
    CASE(broken_or_hidden_bytes_are_no_segment),
    CASE(forms_keep_repeated_names_and_every_character),
    CASE(a_status_has_its_reason), TESTS_END

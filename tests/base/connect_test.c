#include <stdlib.h>

#include "base/buf.h"
#include "base/http_connect.h"
#include "tests/test.h"

static const struct {
	const char *bytes;
	enum connect_reading reading;
} heads[] = {
	{ "CONNECT a.lab:443 HTTP/1.1\r\nHost: a.lab:443\r\n\r\n",
	    CONNECT_READ },
	{ "CONNECT [::1]:443 HTTP/1.1\r\n\r\n", CONNECT_READ },
	{ "CONNECT a.lab:443 HTTP/1.1\r\nHost: a", CONNECT_MORE },
	{ "", CONNECT_MORE },
	{ "GET / HTTP/1.1\r\n\r\n", CONNECT_BAD },
	{ "CONNECT a.lab HTTP/1.1\r\n\r\n", CONNECT_BAD },
	{ "CONNECT a.lab:0 HTTP/1.1\r\n\r\n", CONNECT_BAD },
	{ "CONNECT a.lab:99999 HTTP/1.1\r\n\r\n", CONNECT_BAD },
	{ "CONNECT :443 HTTP/1.1\r\n\r\n", CONNECT_BAD },
	{ "CONNECT a.lab:443 HTTP/1.0\r\n\r\n", CONNECT_BAD },
	{ "CONNECT a.lab:443 HTTP/1.1\r\nHost : a\r\n\r\n", CONNECT_BAD },
	{ "CONNECT a.lab:443 HTTP/1.1\r\n folded\r\n\r\n", CONNECT_BAD },
	{ "CONNECT a.lab:443 HTTP/1.1\r\nX: a\rb\r\n\r\n", CONNECT_BAD },
};

TEST(a_connect_is_read_strictly)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		struct http_request request = { 0 };
		struct err err;
		size_t used = 0;

		EXPECT_INT(connect_read(heads[i].bytes, strlen(heads[i].bytes),
		               &used, &request, &err),
		    heads[i].reading);
		EXPECT_INT(used, heads[i].reading == CONNECT_READ
		                     ? strlen(heads[i].bytes)
		                     : used);
		http_request_free(&request);
	}
}

TEST(what_is_written_is_read)
{
	struct http_request request = { 0 };
	struct http_response answer = { 0 }, read = { 0 };
	struct buf out = BUF_INIT;
	struct err err;
	size_t used;

	connect_write(&out, "a.lab:443", "Basic eA==");
	buf_adds(&out, "and more");
	EXPECT_INT(connect_read(out.data, out.len, &used, &request, &err),
	    CONNECT_READ);
	EXPECT_STR(request.target, "a.lab:443");
	EXPECT_STR(
	    http_header(&request.headers, "proxy-authorization"), "Basic eA==");
	EXPECT_INT(out.len - used, strlen("and more"));
	buf_reset(&out);
	http_response_text(&answer, 407, "text/plain", "who are you");
	connect_write_answer(&out, &answer);
	EXPECT_INT(connect_read_answer(out.data, out.len, &used, &read, &err),
	    CONNECT_READ);
	EXPECT_INT(read.status, 407);
	EXPECT_INT(out.len - used, strlen("who are you"));
	http_request_free(&request);
	http_response_free(&answer);
	http_response_free(&read);
	buf_free(&out);
}

TEST(an_answer_is_read_strictly)
{
	static const char *const bad[] = { "HTTP/1.\r\n\r\n",
		"HTTP/1.1\r\n\r\n", "HTTP/1.1 20\r\n\r\n",
		"HTTP/1.1 2000\r\n\r\n", "HTTP/2.0 200\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct http_response response = { 0 };
		struct err err;
		size_t used;

		EXPECT_INT(connect_read_answer(
		               bad[i], strlen(bad[i]), &used, &response, &err),
		    CONNECT_BAD);
	}
}

TEST(a_head_without_end_is_given_up)
{
	struct http_request request = { 0 };
	struct buf out = BUF_INIT;
	struct err err;
	size_t used;

	for (int i = 0; i < CONNECT_MOST; i++)
		buf_addc(&out, 'x');
	EXPECT_INT(connect_read(out.data, out.len, &used, &request, &err),
	    CONNECT_BAD);
	buf_free(&out);
}

TESTS_BEGIN
CASE(a_connect_is_read_strictly), CASE(what_is_written_is_read),
    CASE(an_answer_is_read_strictly),
    CASE(a_head_without_end_is_given_up), TESTS_END

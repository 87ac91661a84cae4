#include "base/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/inner_fd.h"

#define CHUNK 65536
/* So much of a body libcurl sends together with the head; the rest of a longer
 * one piece by piece, each time that it is asked to go on. */
#define WITH_HEAD 1024

/* ---- a connection ---- */

struct http_client {
	const struct http_client_ops *ops;
	void *ctx;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	char *target, *method;
	struct buf body;        /* of the request */
	struct inner_fd *inner; /* NULL before the first request */
	bool wrote;             /* libcurl did, since this was last cleared */
	bool busy, eof, starved;
	struct http_response head;
	bool head_done, too_long, closing;
	size_t received, max_body;
};

static size_t client_writes(void *ctx, const char *data, size_t len)
{
	struct http_client *client = ctx;

	client->wrote = true;
	client->ops->send(client->ctx, data, len);
	return len;
}

/* libcurl connects once; when that is over, it shall not silently begin again
 * on a fresh connection. */
static curl_socket_t open_once(
    void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	static const struct inner_ops OPS = { client_writes, NULL };
	struct http_client *client = ctx;

	(void)purpose, (void)address;
	if (client->inner)
		return CURL_SOCKET_BAD;
	client->inner = inner_new(&OPS, client);
	client->starved = !client->inner;
	return client->inner ? inner_number(client->inner) : CURL_SOCKET_BAD;
}

static void forget_request(struct http_client *client)
{
	curl_slist_free_all(client->headers);
	client->headers = NULL;
	free(client->target);
	free(client->method);
	client->target = client->method = NULL;
	buf_free(&client->body);
	http_response_free(&client->head);
}

/* ---- what libcurl tells ---- */

static void take_header(
    struct http_client *client, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	char *name, *value;

	if (!colon || colon == line)
		return;
	name = xstrndup(line, (size_t)(colon - line));
	colon++;
	while (colon < line + len && (*colon == ' ' || *colon == '\t'))
		colon++;
	value = xstrndup(colon, (size_t)(line + len - colon));
	if (!strpbrk(value, "\r\n"))
		http_header_add(&client->head.headers, name, value);
	free(name);
	free(value);
}

static bool says_close(const struct http_client *client)
{
	const char *value = http_header(&client->head.headers, "Connection");

	return value && strcasecmp(value, "close") == 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct http_client *client = ctx;
	size_t all = size * count, len = all;
	long status = 0;

	while (len && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	if (client->head_done) /* a trailer */
		return all;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		http_response_free(&client->head);
		return all;
	}
	if (len > 0) {
		take_header(client, line, len);
		return all;
	}
	curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return all;
	client->head.status = (int)status;
	client->head_done = true;
	client->closing = says_close(client);
	client->ops->head(client->ctx, &client->head);
	return all;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct http_client *client = ctx;
	size_t len = size * count;

	client->received += len;
	if (client->received > client->max_body) {
		client->too_long = true;
		return 0;
	}
	client->ops->body(client->ctx, data, len);
	return len;
}

/* ---- moving bytes ---- */

static enum http_client_end end_of(
    const struct http_client *client, CURLcode code)
{
	if (client->starved)
		return HTTP_CLIENT_STARVED;
	switch ((int)code) {
	case CURLE_OK:
		return HTTP_CLIENT_DONE;
	case CURLE_PARTIAL_FILE:
		return HTTP_CLIENT_CUT_SHORT;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_COULDNT_CONNECT:
		return client->head_done ? HTTP_CLIENT_CUT_SHORT
		                         : HTTP_CLIENT_LOST;
	default:
		return client->too_long ? HTTP_CLIENT_TOO_LONG
		                        : HTTP_CLIENT_GARBAGE;
	}
}

static void finish(struct http_client *client, CURLcode code)
{
	enum http_client_end end = end_of(client, code);
	bool keep = end == HTTP_CLIENT_DONE && !client->closing && !client->eof;

	curl_multi_remove_handle(client->multi, client->easy);
	client->busy = false;
	forget_request(client);
	client->ops->end(client->ctx, end, keep);
}

static void run(struct http_client *client)
{
	int running = 0, left;
	CURLMsg *told;

	do {
		client->wrote = false;
		curl_multi_perform(client->multi, &running);
	} while (running && client->wrote && client->body.len > WITH_HEAD);
	told = curl_multi_info_read(client->multi, &left);
	if (told && told->msg == CURLMSG_DONE && client->busy)
		finish(client, told->data.result);
	else if (client->starved && client->busy) /* it waits for nothing */
		finish(client, CURLE_COULDNT_CONNECT);
}

/* ---- life ---- */

static void set_habits(struct http_client *client)
{
	CURL *easy = client->easy;

	/* A number: nobody is asked for it, and nobody is at it. */
	curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1/");
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_once);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, client);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 1000000000L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 1000000L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)CHUNK);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, client);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, client);
}

struct http_client *http_client_new(
    const struct http_client_ops *ops, void *ctx)
{
	struct http_client *client = xcalloc(1, sizeof(*client));

	curl_global_init(CURL_GLOBAL_DEFAULT); /* counted: once is done */
	client->ops = ops;
	client->ctx = ctx;
	client->multi = curl_multi_init();
	client->easy = curl_easy_init();
	check(client->multi && client->easy);
	set_habits(client);
	return client;
}

void http_client_free(struct http_client **client_p)
{
	struct http_client *client = *client_p;

	if (!client)
		return;
	if (client->busy)
		curl_multi_remove_handle(client->multi, client->easy);
	curl_easy_cleanup(client->easy);
	curl_multi_cleanup(client->multi);
	inner_free(&client->inner);
	forget_request(client);
	free(client);
	*client_p = NULL;
}

/* ---- requests ---- */

static void add_line(struct http_client *client, const char *name,
    const char *separator, const char *value)
{
	char *line = xasprintf("%s%s%s", name, separator, value);

	client->headers = curl_slist_append(client->headers, line);
	check(client->headers);
	free(line);
}

/* What libcurl would add by itself is taken away by "Name:". */
static void set_headers(struct http_client *client,
    const struct http_headers *headers, const char *authority)
{
	add_line(client, "Host", ": ", authority);
	for (size_t i = 0; i < headers->count; i++) {
		const struct http_header *header = &headers->items[i];

		if (*header->value)
			add_line(client, header->name, ": ", header->value);
		else
			add_line(client, header->name, ";", "");
	}
	add_line(client, "Expect", ":", "");
	if (!http_header(headers, "Accept"))
		add_line(client, "Accept", ":", "");
	if (!http_header(headers, "Content-Type"))
		add_line(client, "Content-Type", ":", "");
	curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, client->headers);
}

static void set_method(struct http_client *client)
{
	CURL *easy = client->easy;
	const char *method = client->method;
	bool sends = client->body.len || strcmp(method, "POST") == 0 ||
	             strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;

	if (sends) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)client->body.len);
		curl_easy_setopt(
		    easy, CURLOPT_POSTFIELDS, buf_text(&client->body));
	} else if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		method = NULL;
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

void http_client_send(struct http_client *client,
    const struct http_request *request, const char *authority, size_t max_body)
{
	check(!client->busy);
	forget_request(client);
	client->method = xstrdup(request->method);
	client->target = xstrdup(request->target);
	if (request->body.len)
		buf_add(&client->body, request->body.data, request->body.len);
	client->head_done = client->too_long = client->closing = false;
	client->received = 0;
	client->max_body = max_body;
	curl_easy_setopt(client->easy, CURLOPT_REQUEST_TARGET, client->target);
	set_headers(client, &request->headers, authority);
	set_method(client);
	client->busy = true;
	check(curl_multi_add_handle(client->multi, client->easy) == CURLM_OK);
	run(client);
}

/* libcurl reads a piece at a time. */
void http_client_input(struct http_client *client, const char *data, size_t len)
{
	size_t left;

	if (!client->busy || !client->inner)
		return;
	inner_lend(client->inner, data, len);
	do {
		left = inner_unread(client->inner);
		run(client);
	} while (client->busy && inner_unread(client->inner) > 0 &&
	         inner_unread(client->inner) < left);
	inner_keep(client->inner);
}

void http_client_eof(struct http_client *client)
{
	client->eof = true;
	if (client->inner)
		inner_eof(client->inner);
	/* libcurl looks at a dead connection only when asked to. */
	for (int i = 0; i < 4 && client->busy; i++)
		run(client);
}

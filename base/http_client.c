#include "base/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"

#define CHUNK 65536

/* ---- the doorway ---- */

struct http_doorway {
	int fd;        /* listens */
	int path_fd;   /* O_PATH: the socket's place in the file system */
	char path[64]; /* /proc/self/fd/path_fd */
};

static bool listen_in(struct http_doorway *doorway, const char *where)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *directory = xasprintf("%s/doorway-XXXXXX", where);
	bool done = mkdtemp(directory) != NULL;

	if (done) {
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/s",
		    directory);
		done = bind(doorway->fd, (struct sockaddr *)&address,
		           sizeof(address)) == 0 &&
		       listen(doorway->fd, 64) == 0;
		doorway->path_fd =
		    done ? open(address.sun_path, O_PATH | O_CLOEXEC) : -1;
		unlink(address.sun_path);
		rmdir(directory);
	}
	free(directory);
	return done && doorway->path_fd >= 0;
}

/* A socket without a path (abstract, or a pair) would be simpler, but libcurl
 * 7.88 uses no connection again whose peer it cannot print ("still name
 * resolving"). So the doorway has a path; it is taken away at once, and only
 * who holds the descriptor still finds it. */
struct http_doorway *http_doorway_new(void)
{
	static const char *const places[] = { "/tmp", "/dev/shm", "/run", "." };
	struct http_doorway *doorway = xcalloc(1, sizeof(*doorway));
	bool open_now = false;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (size_t i = 0; i < 4 && !open_now; i++) {
		if (i)
			close(doorway->fd);
		doorway->fd = socket(
		    AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		check(doorway->fd >= 0);
		open_now = listen_in(doorway, places[i]);
	}
	check(open_now); /* no place on this machine can be written to */
	snprintf(doorway->path, sizeof(doorway->path), "/proc/self/fd/%d",
	    doorway->path_fd);
	return doorway;
}

void http_doorway_free(struct http_doorway **doorway)
{
	if (!*doorway)
		return;
	close((*doorway)->path_fd);
	close((*doorway)->fd);
	free(*doorway);
	*doorway = NULL;
}

/* Whoever else may have found the doorway is turned away. */
static int doorway_accept(struct http_doorway *doorway)
{
	for (;;) {
		struct ucred who;
		socklen_t len = sizeof(who);
		int fd = accept4(
		    doorway->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return -1;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
		    who.pid == getpid())
			return fd;
		close(fd);
	}
}

/* ---- a connection ---- */

struct http_client {
	struct http_doorway *doorway;
	const struct http_client_ops *ops;
	void *ctx;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	char *target, *method;
	struct buf body; /* of the request */
	int fd;          /* our end; -1 before the first request */
	bool opened;     /* libcurl has had its one socket */
	bool busy, eof, starved;
	struct http_response head;
	bool head_done, too_long, closing;
	size_t received, max_body;
};

static curl_socket_t open_once(
    void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_client *client = ctx;

	curl_socket_t fd;

	(void)purpose;
	if (client->opened)
		return CURL_SOCKET_BAD;
	client->opened = true;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
	client->starved = fd < 0;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

struct http_client *http_client_new(
    struct http_doorway *doorway, const struct http_client_ops *ops, void *ctx)
{
	struct http_client *client = xcalloc(1, sizeof(*client));

	client->doorway = doorway;
	client->ops = ops;
	client->ctx = ctx;
	client->fd = -1;
	client->multi = curl_multi_init();
	client->easy = curl_easy_init();
	check(client->multi && client->easy);
	return client;
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

void http_client_free(struct http_client **client_p)
{
	struct http_client *client = *client_p;

	if (!client)
		return;
	if (client->busy)
		curl_multi_remove_handle(client->multi, client->easy);
	curl_easy_cleanup(client->easy);
	curl_multi_cleanup(client->multi);
	if (client->fd >= 0)
		close(client->fd);
	forget_request(client);
	free(client);
	*client_p = NULL;
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

/* What libcurl has written goes out. True: it may have been waiting for room
 * in the socket. */
static bool drain(struct http_client *client)
{
	char data[CHUNK];
	bool full = false;
	ssize_t got = CHUNK;

	if (client->fd < 0)
		client->fd = doorway_accept(client->doorway);
	if (client->fd < 0 && (errno == EMFILE || errno == ENFILE))
		client->starved = true;
	while (client->fd >= 0 && got == CHUNK) {
		got = recv(client->fd, data, sizeof(data), 0);
		if (got > 0)
			client->ops->send(client->ctx, data, (size_t)got);
		full = full || got == CHUNK;
	}
	return full;
}

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
		curl_multi_perform(client->multi, &running);
	} while (drain(client) && running);
	told = curl_multi_info_read(client->multi, &left);
	if (told && told->msg == CURLMSG_DONE && client->busy)
		finish(client, told->data.result);
	else if (client->starved && client->busy) /* it waits for nothing */
		finish(client, CURLE_COULDNT_CONNECT);
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
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)client->body.len);
		curl_easy_setopt(
		    easy, CURLOPT_POSTFIELDS, buf_text(&client->body));
	} else if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_habits(struct http_client *client)
{
	CURL *easy = client->easy;

	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_URL, "http://doorway/");
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, client->doorway->path);
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
	set_habits(client);
	curl_easy_setopt(client->easy, CURLOPT_REQUEST_TARGET, client->target);
	set_headers(client, &request->headers, authority);
	set_method(client);
	client->busy = true;
	check(curl_multi_add_handle(client->multi, client->easy) == CURLM_OK);
	run(client);
}

/* The pair's buffer is smaller than a big answer: put in what fits, let
 * libcurl read, and so on. */
void http_client_input(struct http_client *client, const char *data, size_t len)
{
	while (len > 0 && client->busy && client->fd >= 0) {
		ssize_t put = send(
		    client->fd, data, len < CHUNK ? len : CHUNK, MSG_NOSIGNAL);

		if (put < 0)
			check(errno == EAGAIN || errno == EPIPE ||
			      errno == ECONNRESET);
		if (put > 0) {
			data += put;
			len -= (size_t)put;
		}
		run(client);
		if (put < 0 && errno == EPIPE)
			return;
	}
}

void http_client_eof(struct http_client *client)
{
	client->eof = true;
	if (client->fd >= 0)
		shutdown(client->fd, SHUT_WR);
	/* libcurl looks at a dead connection only when asked to. */
	for (int i = 0; i < 4 && client->busy; i++)
		run(client);
}

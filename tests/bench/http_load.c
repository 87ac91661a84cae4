/*
 * http_load: how many GETs a second a server answers, on connections that are
 * kept, one request at a time on each. The same client for every server.
 *
 *	http_load [-s SECONDS] [-c CONNECTIONS] [-k KEY] [-a CA] ADDRESS PORT
 *	          < paths, one per line, asked for in turn
 *
 * -k KEY signs each request as a MAAS client does (OAuth PLAINTEXT, a nonce
 * that was never used before); -a CA speaks TLS and verifies the server. Prints
 * one line: requests per second, median and 99th percentile in microseconds,
 * bytes of a body, CPU microseconds of its own per request. Anything but a
 * whole answer with status 200 ends it with a sentence.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 256
#define MOST_PATHS       4096
#define MOST_TIMES       ((size_t)8 << 20)
#define HEAD             4096

struct connection {
	int fd;
	SSL *ssl;
	char head[HEAD]; /* of the answer, as far as it is here */
	size_t head_len;
	bool in_body;
	size_t left; /* of the body */
	double sent_at;
};

static const char *paths[MOST_PATHS], *api_key, *ca_file, *host, *port;
static struct connection connections[MOST_CONNECTIONS];
static size_t path_count, asked, answered, body_len;
static float *times; /* microseconds */
static int connection_count = 16;
static char scratch[1 << 18];

static _Noreturn void fail(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("http_load: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputs("\n", stderr);
	va_end(ap);
	exit(1);
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* ---- requests ---- */

static void add_oauth(char *out, size_t room)
{
	const char *token = strchr(api_key, ':') + 1;
	const char *secret = strchr(token, ':') + 1;

	snprintf(out, room,
	    "Authorization: OAuth oauth_version=\"1.0\", "
	    "oauth_signature_method=\"PLAINTEXT\", oauth_consumer_key=\"%.*s\","
	    " oauth_token=\"%.*s\", oauth_signature=\"%%26%s\", "
	    "oauth_timestamp=\"%ld\", oauth_nonce=\"%d%zu\"\r\n",
	    (int)(token - api_key - 1), api_key, (int)(secret - token - 1),
	    token, secret, (long)time(NULL), getpid(), asked);
}

static void ask(struct connection *c)
{
	char oauth[600] = "", text[1024];
	int len;

	if (api_key)
		add_oauth(oauth, sizeof(oauth));
	len = snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: %s:%s\r\nAccept: */*\r\n%s\r\n",
	    paths[asked++ % path_count], host, port, oauth);
	c->head_len = 0;
	c->in_body = false;
	c->sent_at = now();
	if (c->ssl ? SSL_write(c->ssl, text, len) != len
	           : send(c->fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		fail("a request could not be sent");
}

/* ---- answers ---- */

static void take_head(struct connection *c, const char *end)
{
	const char *length = strcasestr(c->head, "\r\nContent-Length:");
	size_t behind = c->head_len - (size_t)(end - c->head);

	if (strncmp(c->head, "HTTP/1.1 200 ", 13) != 0 || !length)
		fail("not what was asked for: %.200s", c->head);
	body_len = strtoul(length + 17, NULL, 10);
	c->in_body = true;
	c->left = body_len - behind;
}

static void take(struct connection *c, const char *data, size_t len)
{
	const char *end;

	if (c->in_body) {
		if (len > c->left)
			fail("an answer is longer than it says");
		c->left -= len;
	} else {
		if (c->head_len + len >= HEAD) /* more body than room */
			len = HEAD - 1 - c->head_len;
		memcpy(c->head + c->head_len, data, len);
		c->head_len += len;
		c->head[c->head_len] = '\0';
		end = strstr(c->head, "\r\n\r\n");
		if (!end)
			return;
		take_head(c, end + 4);
	}
}

static void take_some(struct connection *c)
{
	/* At first no more than fits beside the head. */
	size_t most = c->in_body ? sizeof(scratch) : HEAD - 1 - c->head_len;
	ssize_t got = c->ssl ? SSL_read(c->ssl, scratch, (int)most)
	                     : recv(c->fd, scratch, most, 0);

	if (got <= 0) {
		if (c->ssl &&
		    SSL_get_error(c->ssl, (int)got) == SSL_ERROR_WANT_READ)
			return;
		fail("the server closed a connection");
	}
	take(c, scratch, (size_t)got);
	if (!c->in_body || c->left)
		return;
	if (answered < MOST_TIMES)
		times[answered] = (float)((now() - c->sent_at) * 1e6);
	answered++;
	ask(c);
}

/* ---- connections ---- */

static SSL *shake_hands(int fd)
{
	static SSL_CTX *ctx;
	SSL *ssl;

	if (!ctx) {
		ctx = SSL_CTX_new(TLS_client_method());
		if (SSL_CTX_load_verify_locations(ctx, ca_file, NULL) != 1)
			fail("%s holds no CA certificate", ca_file);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	}
	ssl = SSL_new(ctx);
	X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		fail("no TLS with %s:%s", host, port);
	return ssl;
}

static void connect_one(struct connection *c, int epoll_fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	inet_pton(AF_INET, host, &to.sin_addr);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("nobody listens on %s:%s", host, port);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (ca_file)
		c->ssl = shake_hands(c->fd);
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

/* Level-triggered; what OpenSSL holds already, epoll does not know of. */
static void serve(struct connection *c)
{
	do
		take_some(c);
	while (c->ssl && SSL_has_pending(c->ssl) && SSL_pending(c->ssl));
}

static double run(double seconds)
{
	struct epoll_event events[MOST_CONNECTIONS];
	int epoll_fd = epoll_create1(0);
	double began;

	for (int i = 0; i < connection_count; i++)
		connect_one(&connections[i], epoll_fd);
	began = now();
	for (int i = 0; i < connection_count; i++)
		ask(&connections[i]);
	while (now() - began < seconds) {
		int count = epoll_wait(
		    epoll_fd, events, MOST_CONNECTIONS, 1000);

		for (int i = 0; i < count; i++)
			serve(events[i].data.ptr);
	}
	return now() - began;
}

/* ---- the line ---- */

static int earlier(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double cpu(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void tell(double took)
{
	size_t count = answered < MOST_TIMES ? answered : MOST_TIMES;

	if (!answered)
		fail("no answer at all");
	qsort(times, count, sizeof(*times), earlier);
	printf("%.0f %.0f %.0f %zu %.1f\n", (double)answered / took,
	    (double)times[count / 2], (double)times[count * 99 / 100], body_len,
	    cpu() * 1e6 / (double)answered);
}

static void read_paths(void)
{
	char line[512];

	while (path_count < MOST_PATHS && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		paths[path_count++] = strdup(line);
	}
	if (!path_count)
		fail("no path to ask for on standard input");
}

int main(int argc, char **argv)
{
	double seconds = 3;
	int option;

	while ((option = getopt(argc, argv, "s:c:k:a:")) > 0) {
		if (option == 's')
			seconds = atof(optarg);
		else if (option == 'c')
			connection_count = atoi(optarg);
		else if (option == 'k')
			api_key = optarg;
		else if (option == 'a')
			ca_file = optarg;
		else
			fail("see the top of http_load.c");
	}
	if (optind + 2 != argc || connection_count < 1 ||
	    connection_count > MOST_CONNECTIONS)
		fail("see the top of http_load.c");
	host = argv[optind];
	port = argv[optind + 1];
	read_paths();
	times = calloc(MOST_TIMES, sizeof(*times));
	tell(run(seconds));
	free(times);
	return 0;
}

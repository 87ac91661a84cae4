#include "base/dns_server.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/real_host.h"

#define HEADER_LEN     12
#define LONGEST_NAME   253
#define MOST_ADDRESSES 16
#define TTL_SECONDS    10
#define TYPE_A         1
#define TYPE_ANY       255
#define CLASS_IN       1

enum {
	NOERROR = 0,
	FORMERR = 1,
	NXDOMAIN = 3,
	NOTIMP = 4,
	REFUSED = 5
};

struct dns_server {
	int fd;
	struct reactor_fd *watch;
	dns_resolve_fn *resolve;
	void *ctx;
};

struct question {
	char name[LONGEST_NAME + 1]; /* lower case, no dot at the end */
	unsigned type, class;
	size_t end; /* of the question section in the query */
};

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Compression has no place in a question: a pointer is an error. */
static bool read_question(const uint8_t *query, size_t len, struct question *q)
{
	size_t at = HEADER_LEN, n = 0;

	for (;;) {
		size_t label;

		if (at >= len || (label = query[at++]) > 63 ||
		    at + label > len || n + label + 1 > LONGEST_NAME)
			return false;
		if (label == 0)
			break;
		if (n)
			q->name[n++] = '.';
		for (size_t i = 0; i < label; i++)
			q->name[n++] = (char)tolower(query[at + i]);
		at += label;
	}
	q->name[n] = '\0';
	if (memchr(q->name, '\0', n) || at + 4 > len)
		return false;
	q->type = get16(query + at);
	q->class = get16(query + at + 2);
	q->end = at + 4;
	return true;
}

static size_t head(const uint8_t *query, const struct question *q,
    unsigned code, unsigned answers, uint8_t *out)
{
	size_t len = q ? q->end : HEADER_LEN;

	memcpy(out, query, len);
	/* An answer, authoritative; "recursion desired" is echoed. */
	out[2] = (uint8_t)(0x84 | (query[2] & 0x01));
	out[3] = (uint8_t)code;
	put16(out + 4, q ? 1 : 0);
	put16(out + 6, answers);
	put16(out + 8, 0);
	put16(out + 10, 0);
	return len;
}

static size_t add_address(uint8_t *out, size_t at, const char *address)
{
	struct in_addr in;

	if (inet_pton(AF_INET, address, &in) != 1)
		return at;
	put16(out + at, 0xc000 | HEADER_LEN); /* the question's name */
	put16(out + at + 2, TYPE_A);
	put16(out + at + 4, CLASS_IN);
	put16(out + at + 6, 0);
	put16(out + at + 8, TTL_SECONDS);
	put16(out + at + 10, 4);
	memcpy(out + at + 12, &in, 4);
	return at + 16;
}

size_t dns_answer(const uint8_t *query, size_t len, uint8_t answer[512],
    dns_resolve_fn *resolve, void *ctx)
{
	char addresses[MOST_ADDRESSES][16];
	struct question q;
	int count;
	size_t at;

	if (len < HEADER_LEN || len > 512 || (query[2] & 0x80))
		return 0; /* not a query */
	if ((query[2] & 0x78) != 0)
		return head(query, NULL, NOTIMP, 0, answer);
	if (get16(query + 4) != 1 || !read_question(query, len, &q))
		return head(query, NULL, FORMERR, 0, answer);
	count = q.class == CLASS_IN
	            ? resolve(ctx, q.name, addresses, MOST_ADDRESSES)
	            : -1;
	if (count < 0)
		return head(query, &q, REFUSED, 0, answer);
	if (count == 0)
		return head(query, &q, NXDOMAIN, 0, answer);
	if (q.type != TYPE_A && q.type != TYPE_ANY)
		return head(query, &q, NOERROR, 0, answer);
	while (q.end + 16 * (size_t)count > 512)
		count--;
	at = head(query, &q, NOERROR, (unsigned)count, answer);
	for (int i = 0; i < count; i++)
		at = add_address(answer, at, addresses[i]);
	return at;
}

static void on_query(void *ctx, int fd, unsigned events)
{
	struct dns_server *server = ctx;
	uint8_t query[513], answer[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len;
	size_t answer_len;

	(void)events;
	len = recvfrom(
	    fd, query, sizeof(query), 0, (struct sockaddr *)&from, &from_len);
	if (len < 0)
		return;
	answer_len = dns_answer(
	    query, (size_t)len, answer, server->resolve, server->ctx);
	/* A lost answer is UDP's business: the client asks again. */
	if (answer_len)
		(void)!sendto(fd, answer, answer_len, 0,
		    (struct sockaddr *)&from, from_len);
}

struct dns_server *dns_server_new(struct reactor *reactor, const char *bind_to,
    uint16_t port, dns_resolve_fn *resolve, void *ctx, struct err *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct dns_server *server;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	check(fd >= 0);
	if (inet_pton(AF_INET, bind_to, &at.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		err_set(err, ERR_INPUT, "UDP port %u on %s cannot be had: %s",
		    port, bind_to, strerror(errno));
		close(fd);
		return NULL;
	}
	server = xcalloc(1, sizeof(*server));
	server->fd = fd;
	server->resolve = resolve;
	server->ctx = ctx;
	server->watch = reactor_add_fd(reactor, fd, EPOLLIN, on_query, server);
	return server;
}

void dns_server_free(struct dns_server **server)
{
	if (!*server)
		return;
	reactor_remove_fd(&(*server)->watch);
	close((*server)->fd);
	free(*server);
	*server = NULL;
}

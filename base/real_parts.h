/*
 * real_parts: what the files of the real network share, and nobody else.
 */
#ifndef BASE_REAL_PARTS_H
#define BASE_REAL_PARTS_H

#include <ares.h>

#include "base/http_client.h"
#include "base/http_server.h"
#include "base/list.h"
#include "base/real_host.h"
#include "base/tls_conn.h"
#include "base/wire_parts.h"

#define REAL_MAX_BODY  WIRE_MAX_BODY
#define REAL_MAX_PEERS 8192 /* of one listener */
/* What a client has not read of its answer: then no more of it is made. */
#define REAL_ANSWER_PENDING ((size_t)256 << 10)
/* Of a stream, which cannot wait: then it is closed. */
#define REAL_MAX_PENDING ((size_t)16 << 20)
/* Of what it has asked behind that: then it is not heard. */
#define REAL_MAX_UNHEARD ((size_t)64 << 10)
/* Of a tunnel whose one end does not read: then the other is not read. */
#define REAL_TUNNEL_PENDING ((size_t)1 << 20)
#define REAL_PATIENCE       SECONDS(60) /* for a client to say what it wants */

/* ---- reactor.c ---- */
/* The time of its loop as it is now, and not when this turn began. */
usec reactor_clock(const struct reactor *reactor);
double reactor_speed(const struct reactor *reactor);
struct http_server *reactor_server(struct reactor *reactor);
struct list *reactor_leaving(struct reactor *reactor); /* of real_tcp.c */
struct list *reactor_unsent(struct reactor *reactor);  /* same */

/* ---- real_tcp.c: a socket with a buffer in front of it ---- */

struct tcp;
struct tcp_ops {
	void (*connected)(void *ctx); /* tcp_connect only */
	void (*input)(void *ctx, const char *data, size_t len);
	/* The other side is done, or it broke: why is a sentence's end. The
	 * tcp may be freed in any of the three. */
	void (*closed)(void *ctx, const char *why);
	/* All that was written has been sent, after some of it had to wait.
	 * NULL: nobody wants to know. */
	void (*drained)(void *ctx);
};
struct tcp *tcp_accept(
    struct reactor *reactor, int fd, const struct tcp_ops *ops, void *ctx);
/* NULL and *err if it fails at once. bind: NULL for any. */
struct tcp *tcp_connect(struct reactor *reactor, const char *address,
    uint16_t port, const char *bind, const struct tcp_ops *ops, void *ctx,
    struct err *err);
/* What was written is still sent, as long as the other side takes it. */
void tcp_free(struct tcp **tcp);
void tcp_leave_all(struct list *leaving); /* but not longer than this */
void tcp_send_all(struct list *unsent);   /* a little that was held back */
void tcp_write(struct tcp *tcp, const char *data, size_t len);
/* The other side shall see a reset, and nothing of what was not sent yet. */
void tcp_break(struct tcp *tcp);
/* Bytes that the other side has not taken yet. */
size_t tcp_pending(const struct tcp *tcp);
uint64_t tcp_taken(const struct tcp *tcp); /* and those that it has */
/* Read no more until told otherwise: who sends is slowed down. */
void tcp_pause(struct tcp *tcp, bool pause);
int tcp_listen(const char *bind, uint16_t port, struct err *err);

/* ---- the net ---- */

struct real_net {
	struct net net;
	struct reactor *reactor;
	struct host *host;
	char *bind;
	struct wire book; /* only what records are written with */
	ares_channel ares;
	struct list ares_fds; /* struct ares_watch */
	struct timer ares_timer;
	struct list calls, conns, listeners, peers;
	bool starved;          /* and has said so */
	wire_fault_fn *strike; /* NULL: no faults */
	real_told_fn *told;    /* NULL: nobody wants to know */
	void *watcher;
};

/* Every address of a name; called later or, for an address, at once. err is
 * NULL on success. The answer comes even if nobody waits any more: ctx must
 * live until then. */
typedef void resolved_fn(
    void *ctx, char (*addresses)[46], int count, const struct err *err);
void real_resolve(
    struct real_net *net, const char *name, resolved_fn *done, void *ctx);

struct call *real_send(struct net *net, const struct dial *dial,
    struct http_request *request, const struct call_options *options,
    const struct call_handler *handler, void *ctx);
void real_calls_end(struct real_net *net);
struct listener *real_listen(
    struct net *net, const struct service *service, struct err *err);
struct listener *real_listen_proxy(struct net *net, const char *name,
    uint16_t port, proxy_decide_fn *decide, void *ctx, struct err *err);
void real_listeners_end(struct real_net *net);

/* ---- real_fate.c: answers as no server would write them ---- */
/* Head and Content-Length of the whole body, and half of it; half of the head
 * if there is no body. */
void fate_write_half(
    struct buf *out, const struct http_response *response, const char *method);
/* The head of a body without end, and each piece of it. */
void fate_write_endless(struct buf *out, bool head);
void fate_write_nonsense(struct buf *out); /* nothing of it is HTTP */

/* ---- real_disk.c ---- */
struct disk *real_disk_new(const char *directory, struct err *err);
void real_disk_free(struct disk **disk);

#endif

/*
 * net: how one part talks to another: exchanges out, exchanges in.
 *
 * This is the network half of the host seam. Its makers are base/wire.h (a
 * simulated world, on the memory or the https wire) and base/real_host.h (the
 * kernel's sockets). Code above it cannot tell which one it has.
 *
 * Going out. The caller *dials*: it chooses host, port and, from its own
 * settings, a proxy. net_send never calls back before it returns; `done` is
 * called exactly once, unless call_cancel came first or the host died. The
 * time-out is a timer of the host's loop. Connections are pooled and kept
 * alive below; a request is never repeated by anything below the caller.
 *
 * What an error says about the other side: ERR_UNREACHED nothing happened
 * there; ERR_TIMEOUT, ERR_LOST, ERR_GARBLED nobody knows; ERR_UNTRUSTED TLS
 * failed, nothing happened there. A proxy that says no is ERR_UNREACHED with
 * `proxy_status` set (407, 403, 502).
 *
 * Coming in. A service is handed exchanges, one at a time, and answers each
 * now or later. A handler decides on `peer`, the address it was shown, which
 * behind a NAT gateway or a proxy is not the client's own.
 *
 * Streams (a Kubernetes watch): the reply begins, messages follow, one line
 * of JSON each, then end or abort. The unit is the message, never a read().
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/http.h"
#include "base/loop.h"
#include "base/tls.h"

struct net;
struct call;
struct listener;

struct dial {
	const char *host; /* a name, or an address; what TLS verifies */
	uint16_t port;
	bool tls;
	const char *proxy;  /* http://user:pass@host:port; NULL: direct */
	const char *ca_pem; /* whom to trust; required with tls */
	/* Trust anybody: only for asking whom to trust (kubeadm's discovery),
	 * and only if what comes is proved otherwise. */
	bool unverified;
	const struct identity *identity; /* our certificate; NULL: none */
	const char *connect_to; /* an address instead of resolving host */
};
/* All of it is copied by net_send. */

struct call_options {
	usec timeout_for; /* of the whole exchange; streams: of its beginning */
	size_t max_body;  /* 0: 16 MiB. A longer answer is ERR_GARBLED */
	bool stream;      /* deliver head and messages as they come */
	bool background;  /* a poll or a heartbeat (a mark in the record) */
};

struct call_handler {
	/* Streams only: status and headers are here; the body follows. */
	void (*head)(void *ctx, const struct http_response *head);
	/* Streams only: one line, without its newline. */
	void (*message)(void *ctx, const char *line, size_t len);
	/* The end. Exactly one of answer and err is not NULL; both are gone
	 * when done returns. For a stream `answer` carries no body. */
	void (*done)(void *ctx, const struct http_response *answer,
	    const struct err *err);
};

/* Takes the request's contents and leaves it empty. handler outlives the
 * call. The result is valid until done has returned or call_cancel. */
struct call *net_send(struct net *net, const struct dial *dial,
    struct http_request *request, const struct call_options *options,
    const struct call_handler *handler, void *ctx);
void call_cancel(struct call **call); /* NULL inside is fine; leaves NULL */

struct exchange_ops;

struct exchange {
	const struct exchange_ops *ops; /* the maker's */
	const struct http_request *request;
	const char *peer; /* the address we were shown, without port */
	/* host[:port] as the client addressed us (what a Host header says):
	 * signatures cover it. NULL: not known */
	const char *authority;
	bool tls;               /* it came over TLS */
	const char *client_cn;  /* of a verified client certificate; or NULL */
	const char *client_org; /* same */
	const char *op;         /* the service's word for it; never NULL */
	void *user;             /* the handler's own */
	/* The client or the connection went away; the exchange is gone when
	 * this returns. Set it if you keep the exchange. */
	void (*gone)(struct exchange *exchange);
};

typedef void handle_fn(void *ctx, struct exchange *exchange);
/* The meaning of a request in the service's words, e.g. "allocate" or
 * "machines.read": what faults, claims and records key on. Static or in
 * room[]. Pure: it must not change anything. */
typedef const char *op_fn(
    void *ctx, const struct http_request *request, char *room, size_t size);

struct service {
	const char *name; /* as the world calls it: maas/lab, cluster/web */
	uint16_t port;
	op_fn *op_of; /* NULL: METHOD path */
	handle_fn *handle;
	void *ctx;
	const struct identity *identity; /* NULL: plain http. Copied. */
	const char *client_ca_pem; /* accept client certificates of this CA; a
	    certificate that does not verify ends the handshake. Copied. */
};

/* NULL and *err when the port is taken. */
struct listener *net_listen(
    struct net *net, const struct service *service, struct err *err);
void listener_close(struct listener **listener); /* drops its connections */
/* Another certificate, for connections made from now on. */
void listener_set_identity(
    struct listener *listener, const struct identity *identity);

/* Answer, once; takes the contents of *response. The exchange is gone then. */
void exchange_reply(struct exchange *exchange, struct http_response *response);
/* Or answer piece by piece. begin takes the head (no body in it). */
void exchange_begin(struct exchange *exchange, struct http_response *head);
void exchange_message(struct exchange *exchange, const char *line, size_t len);
void exchange_end(struct exchange *exchange);   /* well finished; gone */
void exchange_abort(struct exchange *exchange); /* connection dropped; gone */

/* An HTTP proxy (CONNECT) as a listener. The network model dials onward from
 * the proxy's own place; decide only judges who may, and sees the request as
 * it came: method CONNECT, target "host:port", Proxy-Authorization readable.
 * 200 lets it pass; else status, and a body for a human in *answer. */
typedef int proxy_decide_fn(void *ctx, const struct http_request *connect,
    const char *peer, struct http_response *answer);
struct listener *net_listen_proxy(struct net *net, const char *name,
    uint16_t port, proxy_decide_fn *decide, void *ctx, struct err *err);

/* ---- for makers of a net ---- */
struct net_ops {
	struct call *(*send)(struct net *net, const struct dial *dial,
	    struct http_request *request, const struct call_options *options,
	    const struct call_handler *handler, void *ctx);
	struct listener *(*listen)(
	    struct net *net, const struct service *service, struct err *err);
	struct listener *(*listen_proxy)(struct net *net, const char *name,
	    uint16_t port, proxy_decide_fn *decide, void *ctx, struct err *err);
};
struct net {
	const struct net_ops *ops;
};
/* First members of every maker's call, listener and exchange. */
struct call_ops {
	void (*cancel)(struct call *call);
};
struct call {
	const struct call_ops *ops;
};
struct listener_ops {
	void (*close)(struct listener *listener);
	void (*set_identity)(
	    struct listener *listener, const struct identity *identity);
};
struct listener {
	const struct listener_ops *ops;
};
struct exchange_ops {
	void (*reply)(struct exchange *x, struct http_response *response);
	void (*begin)(struct exchange *x, struct http_response *head);
	void (*message)(struct exchange *x, const char *line, size_t len);
	void (*end)(struct exchange *x);
	void (*abort)(struct exchange *x);
};

#endif

/*
 * wire: the simulated network calls of a world, on one of two wires.
 *
 * Law 3: over a connection go exchanges; an exchange is two events in the
 * queue, request arrives and reply arrives, on either wire.
 *
 *	memory  hands the message over.
 *	https   carries the same exchange as real bytes: libcurl, our TLS, a
 *	        real CONNECT through proxies, libmicrohttpd; stepped inside
 *those same two events while the clock stands still.
 *
 * The wire knows no topology. Whenever somebody dials it asks the route
 * function (sim/network) for the verdict, the one-way latency and the address
 * that the other side will see; and asks again before each later delivery on
 * that connection, so that a cut link swallows what is under way.
 *
 * Requests are recorded as the handler parsed them, replies as the client
 * did; a record must therefore be the same on both wires, byte for byte, and
 * a test holds them to it.
 *
 * Events emitted: "flow" per attempted connection, "exchange" per exchange
 * (when its outcome is known to the client), "message" per stream message.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include "base/host.h"

enum wire_kind {
	WIRE_MEMORY,
	WIRE_HTTPS
};

struct wire;

enum route_verdict {
	ROUTE_OPEN,
	ROUTE_NO_NAME, /* the name does not resolve: at once */
	ROUTE_REFUSED, /* somebody says no (RST, ICMP): after a round trip */
	ROUTE_DROPPED, /* silence: the caller's time-out will tell */
};

struct route_query {
	const char *from; /* host name of the dialling side */
	const char *host; /* name or address dialled */
	uint16_t port;
	bool established; /* not a new connection: is the path still there? */
};
struct route {
	enum route_verdict verdict;
	usec latency_for; /* one way */
	char address[46]; /* what the name resolved to */
	char to[64];      /* host name of the other side */
	char seen_as[46]; /* the address that the other side will see */
	char why[160];    /* for a verdict that is not OPEN: a sentence */
};
typedef void route_fn(
    void *ctx, const struct route_query *query, struct route *route);

/* What may be done to an exchange on its way: the faults' hook. Asked once
 * when a request is about to reach its handler and once when its answer is
 * about to leave. */
enum wire_fate {
	FATE_PASS,
	FATE_LOSE,     /* swallowed: the client's time-out will tell */
	FATE_RESET,    /* the connection breaks here */
	FATE_ANSWER,   /* `answer` instead of the handler, or of its answer */
	FATE_TRUNCATE, /* answer only: breaks in the middle of its body */
	FATE_ENDLESS,  /* answer only: a body that never ends */
	FATE_GARBAGE,  /* answer only: bytes that are not HTTP */
	FATE_DELAY,    /* delay_for later, then as if PASS */
};
struct wire_sight {                  /* what a fault may look at */
	const char *client, *server; /* host name; service name */
	const char *op;
	const struct http_request *request;
	const struct http_response *response; /* on the way back only */
	/* The fault's own note about this exchange, kept from the request to
	 * its answer; 0 at first. NULL: it cannot be kept. */
	uint64_t *mark;
};
struct wire_doom {
	enum wire_fate fate;
	struct http_response answer; /* FATE_ANSWER; contents are taken */
	usec delay_for;
};
typedef void wire_fault_fn(
    void *ctx, const struct wire_sight *sight, struct wire_doom *doom);

/* Moments at which a kill matrix may strike. n counts the exchanges of this
 * client host since the run began. */
enum wire_moment {
	WIRE_BEFORE_SEND,     /* the client is about to send */
	WIRE_SERVER_ANSWERED, /* the server has committed and answered */
	WIRE_ANSWERED,        /* the client's done() has just returned */
};
typedef void wire_probe_fn(void *ctx, enum wire_moment moment,
    const char *client, uint64_t n, const char *server, const char *op);

struct wire *wire_new(enum wire_kind kind, struct loop *loop,
    struct events *events, route_fn *route, void *route_ctx);
void wire_free(struct wire **wire); /* every net is detached by now */
void wire_set_faults(struct wire *wire, wire_fault_fn *fault, void *ctx);
void wire_set_probe(struct wire *wire, wire_probe_fn *probe, void *ctx);
/* https only, for the proof that the comparison of wires can fail: flips one
 * byte of the body of the n-th reply (from 1), under TLS. */
void wire_corrupt_reply(struct wire *wire, uint64_t n);

/* The net of one host. The host's name, loop, clock and `dead` are used. */
struct net *wire_attach(struct wire *wire, struct host *host);
/* The host is gone. quietly: no FIN is sent, peers learn by time-out (power
 * loss); else their connections break at once (process death). */
void wire_detach(struct wire *wire, struct net **net, bool quietly);

/* The programs behind the listeners of that net are started again: whatever is
 * connected to one, or goes through one that is a proxy, ends at once, and the
 * peers are told. They listen on. Say it before a link is cut or refuses. */
void wire_hang_up(struct net *net);

/* Whether anybody would hear the difference if that net were taken away now,
 * loudly or quietly: a peer that holds a request of it or is about to get one,
 * a client of a server on it. */
bool wire_end_is_heard(const struct wire *wire, struct net *net);

/* Counters since the beginning, for benchmarks and reports. */
struct wire_count {
	uint64_t exchanges, connections, handshakes;
};
struct wire_count wire_counted(const struct wire *wire);

#endif

/*
 * wire_parts: what the files of the simulated wire share, and nobody else.
 *
 *	net (of a host) --targets--> conn --pipes--> listener (of a host)
 *	     call .............. rides on ............... exchange
 *
 * A *target* is everything that a dial says; its idle connections are the
 * pool. A *conn* carries one exchange at a time (HTTP/1.1). Each of its two
 * directions is a *pipe*: parcels that arrive in order, one latency after they
 * left. The path is asked for when a parcel arrives; once one was swallowed,
 * its pipe is silent until the path is back, and then the connection breaks,
 * since no TCP stream has holes.
 *
 * The *carrier* is what differs between the wires: it is asked, inside the
 * event in which a parcel arrives, to turn what was sent into what the other
 * side makes of it. The memory carrier only leaves out what HTTP would leave
 * out; the https carrier moves real bytes.
 *
 * Objects that a part holds (call, listener, exchange) outlive their host's
 * net until the part lets go of them or the wire is freed, so a killed part
 * can be torn down before or after wire_detach.
 */
#ifndef BASE_WIRE_PARTS_H
#define BASE_WIRE_PARTS_H

#include "base/list.h"
#include "base/url.h"
#include "base/wire.h"

#define WIRE_PLACES   256
#define WIRE_IDLE_FOR SECONDS(60)
#define WIRE_MAX_BODY ((size_t)64 << 20) /* of a request: then 413 */
/* Target and headers, 64 bytes more for each: then 431. libmicrohttpd, which
 * has twice as much room for a head, never gets to its own limit. */
#define WIRE_MAX_HEAD ((size_t)16 << 10)

struct carrier_ops;
struct conn;

/* A name on the network: remembered when its host is gone. */
struct wire_place {
	struct list_link in_bucket;
	char *name;
	struct wire_net *net; /* NULL: nothing runs there */
	bool dark;            /* lost power: it does not even refuse */
};

struct wire {
	enum wire_kind kind;
	struct loop *loop;
	struct events *events;
	route_fn *route;
	void *route_ctx;
	wire_fault_fn *fault;
	void *fault_ctx;
	wire_probe_fn *probe;
	void *probe_ctx;
	const struct carrier_ops *carrier;
	void *carried;                   /* the carrier's own */
	struct list places[WIRE_PLACES]; /* by hash of the name */
	struct list nets;                /* struct wire_net, by in_wire */
	struct list buried;              /* same: detached */
	struct list conns;               /* struct conn, by in_wire */
	uint64_t identities;             /* shown so far: names one of them */
	uint64_t corrupt_reply;          /* 0: none */
	struct wire_count count;
};

struct wire_net {
	struct net net;
	struct list_link in_wire;
	struct wire *wire;
	struct wire_place *place;
	struct host *host; /* NULL: detached */
	struct list listeners, calls, targets, exchanges;
	uint64_t sent; /* exchanges of this client so far */
};

/* A judgement about a certificate that holds from..until. */
struct verdict {
	uint64_t about; /* whose: a number given by the wire; 0: none yet */
	usec from_time, until_time;
};

struct target {
	struct list_link in_net;
	struct wire_net *net;
	uint64_t hash;
	char *host, *connect_to, *ca_pem;
	char *label;     /* host:port, for people */
	char *authority; /* for a Host header: without the usual port */
	uint16_t port;
	bool tls, unverified;
	struct url proxy; /* host NULL: none */
	char *proxy_auth; /* value of Proxy-Authorization, or NULL */
	struct identity *identity;
	STACK_OF(X509) * chain; /* of our certificate */
	struct verdict trusted, accepted;
	struct list idle; /* struct conn, by in_target */
	void *carried;    /* the carrier's */
};

struct wire_listener {
	struct listener listener;
	struct list_link in_net;
	struct wire_net *net;
	char *name;
	struct service service;
	struct identity *identity;
	STACK_OF(X509) * chain;
	uint64_t shows; /* number of this identity */
	char *client_ca_pem;
	proxy_decide_fn *decide; /* not NULL: it is a proxy */
	void *decide_ctx;
	struct list conns;   /* struct conn, by in_server */
	struct list through; /* struct conn, by in_proxy */
	void *carried;       /* the carrier's */
};

enum parcel_kind {
	PARCEL_REQUEST,
	PARCEL_REPLY,
	PARCEL_HEAD,
	PARCEL_MESSAGE,
	PARCEL_END,
	PARCEL_BREAK, /* FIN or RST: the other side is gone */
};

struct parcel {
	struct list_link in_pipe;
	enum parcel_kind kind;
	enum wire_fate fate;
	bool judged; /* the fault was asked already */
	usec due_at;
	struct http_request request;
	struct http_response response;
	struct buf line;
};

enum direction {
	FORWARD, /* client to server */
	BACKWARD
};

struct pipe {
	struct conn *conn;
	struct list parcels;
	struct timer timer;
	usec last_at; /* nothing arrives before what left earlier */
	bool torn;    /* something was swallowed */
	bool silent;  /* a fault swallows everything from now on */
};

/* One hop of the dial: to the proxy, or to the server. */
struct leg {
	char from[64], to[64], seen_as[46];
	usec latency_for;
};

/* What the record will say about an exchange. */
struct account {
	char op[96];
	char *method, *target;
	const char *fault; /* NULL: none */
	char peer[46];
	usec sent_at, arrived_at; /* -1: it never did */
	size_t request_len, answer_len;
	uint64_t request_hash, answer_hash;
	int status;
	bool background;
};

enum conn_stage {
	CONN_TCP,
	CONN_ASKING,  /* CONNECT is on its way to the proxy */
	CONN_ALLOWED, /* its answer is on its way back */
	CONN_TLS,
	CONN_READY
};

struct conn {
	struct list_link in_wire, in_target, in_server, in_proxy;
	struct wire *wire;
	struct target *target;
	bool client_open;             /* the client has not let go */
	struct wire_listener *server; /* NULL: it let go */
	struct wire_listener *proxy;
	enum conn_stage stage;
	struct leg legs[2];
	int leg_count;
	usec latency_for; /* one way, all legs */
	bool severed;     /* what is between died in silence */
	struct timer dial;
	struct err refusal; /* why the dial fails when the timer fires */
	bool asking;        /* a CONNECT is under way */
	bool asked;         /* its fault was asked */
	enum wire_fate answer_fate;
	struct account connect;
	struct http_response connect_answer;
	struct call_side *call;
	struct exchange_side *exchange;
	struct pipe pipes[2];
	usec idle_since;
	char client_cn[128], client_org[128];
	void *carried; /* the carrier's */
};

struct call_side {
	struct call call;
	struct list_link in_net;
	struct wire_net *net;
	struct target *target;
	struct conn *conn;
	struct call_options options;
	const struct call_handler *handler;
	void *ctx;
	uint64_t n;
	char server[64]; /* service name, or host:port while unknown */
	struct timer start, timeout;
	struct http_request request; /* until it is sent */
	struct http_response answer; /* a stream that nobody asked for */
	struct account account;
	uint64_t messages;
	bool begun;     /* head was delivered */
	bool finishing; /* done is being called */
	bool busy;      /* a callback is running: free it afterwards */
	bool gone;
};

struct exchange_side {
	struct exchange exchange;
	struct list_link in_net;
	struct wire_net *net;
	struct wire_listener *listener; /* where it came in; only compared */
	struct conn *conn; /* NULL: the client is gone, or we are dead */
	struct http_request request;
	char op[96], peer[46], client_cn[128], client_org[128];
	char authority[300];
	char client[64], server[64]; /* for the probe */
	uint64_t mark;               /* the fault's (wire_sight) */
	uint64_t n;
	bool begun;
	struct timer probe;
};

/* ---- wire.c ---- */
struct wire_place *wire_place(struct wire *wire, const char *name);
bool net_alive(const struct wire_net *net);
struct wire_listener *wire_find_listener(
    struct wire *wire, const char *host, uint16_t port);
/* Copies what the dial says into an empty target. */
void target_describe(struct target *target, const struct dial *dial);
struct target *target_of(struct wire_net *net, const struct dial *dial);

/* ---- wire_conn.c ---- */
struct conn *conn_new(struct target *target);
struct parcel *parcel_new(enum parcel_kind kind);
/* Arrives one latency (and extra_for) from now. */
void conn_put(struct conn *conn, enum direction direction,
    struct parcel *parcel, usec extra_for);
bool conn_path_open(const struct conn *conn, enum direction direction);
/* One end lets go. tell: the other end gets a FIN. */
void conn_leave_client(struct conn *conn, bool tell);
void conn_leave_server(struct conn *conn, bool tell);
void conn_leave_proxy(struct conn *conn, bool tell);
/* Nobody holds it any more: free it. Otherwise nothing happens. */
void conn_settle(struct conn *conn);
void conn_free(struct conn *conn);

/* ---- wire_dial.c ---- */
void conn_dial(struct conn *conn); /* ends in call_connected or call_fail */
/* The call ended while a CONNECT was under way: that is recorded too. */
void dial_abandon(struct conn *conn, const struct err *err);

bool proxy_is_usable(const struct url *proxy, struct err *err);

/* ---- wire_call.c ---- */
struct call *wire_send(struct net *net, const struct dial *dial,
    struct http_request *request, const struct call_options *options,
    const struct call_handler *handler, void *ctx);
void call_connected(struct call_side *call);
void call_fail(struct call_side *call, const struct err *err);
void call_take(struct call_side *call, struct parcel *parcel);
void call_bury(struct call_side *call); /* its host died */
void call_free(struct call_side *call);

/* ---- wire_serve.c ---- */
struct listener *wire_listen(
    struct net *net, const struct service *service, struct err *err);
struct listener *wire_listen_proxy(struct net *net, const char *name,
    uint16_t port, proxy_decide_fn *decide, void *ctx, struct err *err);
void wire_listener_drop(struct wire_listener *listener, bool tell);
void wire_listener_free(struct wire_listener *listener);
/* The service's word for a request; METHOD path if it has none. */
/* "GET /path": until, or unless, a service has its own word for it. */
void op_by_path(const struct http_request *request, char *op, size_t size);
void service_op(const struct service *service,
    const struct http_request *request, char *op, size_t size);
bool head_is_too_long(const struct http_request *request);
void serve_request(struct conn *conn, struct parcel *parcel);
void exchange_lost(struct exchange_side *side); /* calls gone() */
void exchange_free(struct exchange_side *side);

/* ---- wire_record.c ---- */
void account_open(struct account *account, const struct wire *wire,
    const struct http_request *request);
void account_arrived(struct account *account, const struct wire *wire,
    const struct http_request *request, const char *peer);
void account_answered(struct account *account, const struct wire *wire,
    const struct http_response *response);
void account_free(struct account *account);
void record_exchange(struct wire *wire, const struct account *account,
    const char *client, const char *server, const struct err *err);
void record_message(struct wire *wire, const struct call_side *call,
    const char *line, size_t len);
void record_flow(struct wire *wire, const struct conn *conn, int leg,
    const struct route *route, const char *verdict);
const char *record_fault_word(enum wire_fate fate, bool answer);
void span_text(usec span_for, char out[32]);

/* ---- what differs between the wires ---- */
struct carrier_ops {
	void (*start)(struct wire *wire);
	void (*stop)(struct wire *wire);
	/* The target or listener is new, is going, or shows a new identity. */
	void (*forget_target)(struct target *target);
	void (*forget_listener)(struct wire_listener *listener);
	/* A connection begins (towards the proxy if there is one) and ends. */
	void (*open)(struct conn *conn);
	void (*close)(struct conn *conn);
	/* CONNECT: what the proxy reads; what the client reads of its answer
	 * (the status; 0 and *err if it cannot be read). */
	void (*ask)(struct conn *conn, struct http_request *connect);
	int (*allow)(struct conn *conn, struct http_response *answer,
	    enum wire_fate fate, struct err *err);
	/* TLS. False: it failed, for the reason in *err. */
	bool (*handshake)(struct conn *conn, struct err *err);
	/* The request becomes what the handler parsed. False: the server could
	 * not read it as HTTP. */
	bool (*request)(struct conn *conn, struct http_request *request);
	/* Answers become what the client parsed, or *err. */
	bool (*reply)(struct conn *conn, struct http_response *response,
	    enum wire_fate fate, size_t max_body, struct err *err);
	bool (*head)(
	    struct conn *conn, struct http_response *head, struct err *err);
	bool (*message)(struct conn *conn, struct buf *line, struct err *err);
	bool (*end)(struct conn *conn, struct err *err);
};
extern const struct carrier_ops wire_memory_ops;
extern const struct carrier_ops wire_https_ops;

/* ---- sentences that are the same on both wires ---- */
bool say_lost(const char *label, struct err *err);
bool say_cut_short(const char *label, struct err *err);
bool say_too_long(const char *label, size_t max_body, struct err *err);
bool say_garbage(const char *label, struct err *err);
bool say_starved(struct err *err);
bool say_no_tls(const char *label, struct err *err);
bool say_bad_connect(const struct url *proxy, struct err *err);
bool say_proxy_no(
    const struct url *proxy, const char *target, int status, struct err *err);
bool say_unwanted(const char *label, struct err *err);
/* What HTTP takes away: transport headers, space around values, a body where
 * there can be none. */
void tidy_request(struct http_request *request);
void tidy_response(struct http_response *response, const char *method);
/* Of such an answer nothing arrives when it is truncated. */
bool has_no_body(const struct http_response *response, const char *method);
/* The verdicts of both ends, remembered. */
bool judge_server(struct conn *conn, struct err *err);
bool judge_client(struct conn *conn, struct err *err);

#endif

/*
 * net_lab: a small world for the tests of the network seam: two hosts, a
 * proxy between them, and a network that does what the test says.
 *
 *	client ----------------> server    (names: client, server)
 *	   \--> proxy.lan:3128 -----^
 *
 * The same tests run on each wire, with a fresh world for each (net_claims.h).
 */
#ifndef TESTS_BASE_NET_LAB_H
#define TESTS_BASE_NET_LAB_H

#include "base/events.h"
#include "base/host.h"
#include "base/wire.h"
#include "tests/test.h"

#define LAB_EPOCH   ((usec)1767225600 * USEC_PER_SEC) /* 2026-01-01 */
#define LAB_LATENCY MILLISECONDS(1)

/* What became of one call. */
struct outcome {
	bool done;
	int done_count;
	int status;
	struct err err;
	struct buf body;
	struct buf lines; /* messages, each followed by a '|' */
	int messages;
	bool head;
	usec at;
	char header[64]; /* X-Answer */
	struct call *call;
};

struct lab {
	enum wire_kind kind;
	struct loop *loop;
	struct events *events;
	struct wire *wire;
	struct host client, server, proxy;
	struct identity *ca, *server_identity;
	struct listener *listener, *proxy_listener;
	struct buf record; /* every event as a line */

	/* the network */
	enum route_verdict verdict, onward;
	bool cut;      /* established connections are swallowed */
	bool cut_back; /* answers are */

	/* the server: what it does with a request */
	enum {
		ANSWER_ECHO,
		ANSWER_NEVER,
		ANSWER_LATER, /* after a second */
		ANSWER_STREAM,
		ANSWER_BIG
	} manner;
	struct exchange *kept;
	struct timer later;
	int handled, gone;
	size_t big; /* bytes of an ANSWER_BIG */
	char peer[46], cn[64], org[64], last_op[64];
	int proxy_says; /* what decide answers */
	int proxy_asked;
	char proxy_auth[128];

	/* a fault for the next exchange that it fits */
	enum wire_fate fate;
	bool fate_on_answer;
	usec fate_delay_for;
	int fates_met;

	/* probes */
	char moments[400];
};

extern struct lab lab;

void lab_open(enum wire_kind kind, bool tls);
void lab_close(void);
void lab_listen(const char *client_ca_pem);
void run_for(usec span_for);

struct dial to_server(void);
struct outcome get(const char *target); /* and waits for its end */
void ask(struct outcome *outcome, const struct dial *dial, const char *method,
    const char *target, const char *body, const struct call_options *options);
void outcome_free(struct outcome *outcome);
struct identity *lab_identity(const char *name, const char *cn,
    const struct identity *ca, usec from_time, usec until_time);

#endif

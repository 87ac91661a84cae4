/* What is asked on a connection that came in, and what is answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/real_peer.h"

struct real_exchange {
	struct exchange exchange;
	struct list_link in_net;
	struct real_peer *peer; /* NULL: the client is gone */
	struct http_request request;
	char op[96], authority[300];
	const char *service; /* the listener's, while there is a peer */
	/* what watches: real_host.h */
	uint64_t mark;
	const char *fault;
	usec arrived_at;
	bool told;
	/* A fault has it, and the service does not: */
	bool struck, handed, endless;
	struct http_response late;
	struct timer later;
};

/* ---- who watches ---- */

static struct wire_sight sight_of(
    struct real_exchange *x, const struct http_response *response)
{
	return (struct wire_sight){
		.client = x->peer ? x->peer->address : "",
		.server = x->service,
		.op = x->op,
		.request = &x->request,
		.response = response,
		.mark = &x->mark,
	};
}

static enum wire_fate ask_fault(struct real_exchange *x,
    const struct http_response *response, struct wire_doom *doom)
{
	struct real_net *net = x->peer->net;
	struct wire_sight sight = sight_of(x, response);

	*doom = (struct wire_doom){ 0 };
	if (net->strike && !net->host->dead)
		net->strike(net->watcher, &sight, doom);
	if (doom->fate != FATE_PASS)
		x->fault = record_fault_word(doom->fate, response != NULL);
	return doom->fate;
}

/* What became of it: once. response: NULL for none. */
static void tell(struct real_exchange *x, const struct http_response *response)
{
	struct real_net *net = x->peer ? x->peer->net : NULL;
	struct wire_sight sight = sight_of(x, response);
	struct real_told told = {
		.sight = &sight, .fault = x->fault, .arrived_at = x->arrived_at
	};

	if (net)
		told.took_for = reactor_clock(net->reactor) - x->arrived_at;
	if (x->told || !net || !net->told || net->host->dead)
		return;
	x->told = true;
	net->told(net->watcher, &told);
}

/* ---- the end ---- */

static void exchange_free_now(struct real_exchange *x)
{
	if (x->peer)
		x->peer->exchange = NULL;
	timer_cancel(&x->later);
	http_request_free(&x->request);
	http_response_free(&x->late);
	free(x);
}

void real_exchange_lost(struct real_peer *peer)
{
	struct real_exchange *x = peer->exchange;

	peer->exchange = NULL;
	if (!x)
		return;
	tell(x, x->late.status ? &x->late : NULL);
	x->peer = NULL;
	if (x->struck) {
		exchange_free_now(x);
		return;
	}
	if (!x->exchange.gone || peer->net->host->dead)
		return; /* a shell, until it is answered */
	x->exchange.gone(&x->exchange);
	exchange_free_now(x);
}

/* ---- answering ---- */

static struct real_exchange *x_of(struct exchange *exchange)
{
	return OWNER_OF(exchange, struct real_exchange, exchange);
}

/* Answered: the connection waits for the next request. */
static struct real_peer *let_go(struct real_exchange *x)
{
	struct real_peer *peer = x->peer;

	exchange_free_now(x);
	if (peer)
		real_peer_waits(peer);
	return peer && !peer->doomed ? peer : NULL;
}

static void deliver(struct real_exchange *x, struct http_response *response)
{
	struct real_peer *peer;

	tell(x, response);
	peer = let_go(x);
	if (peer) {
		http_peer_reply(peer->http, response);
		real_peer_hears(peer);
	}
	http_response_free(response);
}

/* A fault ends the connection here. */
static void cut_off(struct real_exchange *x, enum ending ending)
{
	struct real_peer *peer = x->peer;

	exchange_free_now(x);
	peer->ending = ending;
	real_peer_doom(peer);
}

/* Past libmicrohttpd, which would not say such things. */
static void say_raw(struct real_exchange *x, enum wire_fate fate,
    const struct http_response *response)
{
	struct buf out = BUF_INIT;

	if (fate == FATE_GARBAGE)
		fate_write_nonsense(&out);
	else
		fate_write_half(&out, response, x->request.method);
	real_peer_say(x->peer, buf_text(&out), out.len);
	buf_free(&out);
}

/* As fast as the client reads, until it leaves. */
static void say_more(struct real_exchange *x, bool head)
{
	struct buf out = BUF_INIT;

	x->struck = x->endless = true;
	timer_set(&x->later, x->peer->net->host->loop, MILLISECONDS(1));
	if (tcp_pending(x->peer->tcp) > REAL_TUNNEL_PENDING)
		return;
	fate_write_endless(&out, head);
	real_peer_say(x->peer, out.data, out.len);
	buf_free(&out);
}

/* True: a fault has taken the answer. */
static bool strike_answer(
    struct real_exchange *x, struct http_response *response)
{
	struct wire_doom doom;
	enum wire_fate fate = ask_fault(x, response, &doom);

	switch (fate) {
	case FATE_PASS:
		return false;
	case FATE_ANSWER:
		http_response_free(response);
		http_response_move(response, &doom.answer);
		tidy_response(response, "");
		return false;
	case FATE_DELAY:
		x->struck = x->handed = true;
		http_response_move(&x->late, response);
		timer_set(&x->later, x->peer->net->host->loop, doom.delay_for);
		return true;
	case FATE_LOSE:
		x->struck = true;
		tell(x, response);
		break;
	case FATE_RESET:
		tell(x, response);
		cut_off(x, END_SPEECHLESS);
		break;
	case FATE_ENDLESS:
		tell(x, response);
		say_more(x, true);
		break;
	case FATE_TRUNCATE:
	case FATE_GARBAGE:
		tell(x, response);
		say_raw(x, fate, response);
		cut_off(x, END_WELL);
		break;
	}
	http_response_free(response);
	return true;
}

static void reply(struct exchange *exchange, struct http_response *response)
{
	struct real_exchange *x = x_of(exchange);

	tidy_response(response, "");
	/* Whoever strikes answers looks at them as a whole. */
	if (x->peer && x->peer->net->strike)
		http_response_gather(response);
	if (!x->peer || !strike_answer(x, response))
		deliver(x, response);
}

static void begin(struct exchange *exchange, struct http_response *head)
{
	struct real_peer *peer = x_of(exchange)->peer;

	tidy_response(head, "");
	tell(x_of(exchange), head);
	if (peer)
		http_peer_begin(peer->http, head);
	http_response_free(head);
}

static void message(struct exchange *exchange, const char *line, size_t len)
{
	struct real_peer *peer = x_of(exchange)->peer;
	struct buf out = BUF_INIT;

	if (!peer)
		return;
	if (real_peer_is_slow(
	        peer)) { /* whoever is speaking now hears of it later */
		timer_set(&peer->patience, peer->net->host->loop, 0);
		return;
	}
	buf_add(&out, line, len);
	buf_addc(&out, '\n');
	http_peer_more(peer->http, out.data, out.len);
	buf_free(&out);
}

static void end(struct exchange *exchange)
{
	struct real_peer *peer = let_go(x_of(exchange));

	if (peer)
		http_peer_end(peer->http);
}

static void abort_exchange(struct exchange *exchange)
{
	struct real_peer *peer;

	tell(x_of(exchange), NULL);
	peer = let_go(x_of(exchange));
	if (peer)
		real_peer_doom(peer);
}

/* ---- requests ---- */

static void hand_over(struct real_exchange *x)
{
	const struct service *service = &x->peer->listener->service;

	x->struck = false;
	x->handed = true;
	service->handle(service->ctx, &x->exchange);
}

/* A fault has let it wait, before or behind the service. */
static void wait_ends(struct timer *timer)
{
	struct real_exchange *x = OWNER_OF(timer, struct real_exchange, later);
	struct http_response late = { 0 };

	if (x->endless) {
		say_more(x, false);
		return;
	}
	if (!x->handed) {
		hand_over(x);
		return;
	}
	http_response_move(&late, &x->late);
	deliver(x, &late);
}

/* False: the request goes no further, or not yet. */
static bool survives_faults(struct real_exchange *x)
{
	struct wire_doom doom;

	switch (ask_fault(x, NULL, &doom)) {
	case FATE_PASS:
	case FATE_TRUNCATE:
	case FATE_ENDLESS:
	case FATE_GARBAGE:
		http_response_free(&doom.answer);
		return true;
	case FATE_ANSWER:
		reply(&x->exchange, &doom.answer);
		return false;
	case FATE_DELAY:
		x->struck = true;
		timer_set(&x->later, x->peer->net->host->loop, doom.delay_for);
		break;
	case FATE_LOSE:
		x->struck = true;
		tell(x, NULL);
		break;
	case FATE_RESET:
		tell(x, NULL);
		cut_off(x, END_RESET);
		break;
	}
	http_response_free(&doom.answer);
	return false;
}

static struct real_exchange *exchange_of(
    struct real_peer *peer, struct http_request *request, const char *authority)
{
	static const struct exchange_ops OPS = { reply, begin, message, end,
		abort_exchange };
	struct real_exchange *x = xcalloc(1, sizeof(*x));
	struct exchange *exchange = &x->exchange;

	x->peer = peer;
	peer->exchange = x;
	x->service = peer->listener->name;
	x->fault = "";
	x->arrived_at = reactor_clock(peer->net->reactor);
	timer_init(&x->later, wait_ends);
	http_request_move(&x->request, request);
	tidy_request(&x->request);
	service_op(&peer->listener->service, &x->request, x->op, sizeof(x->op));
	snprintf(x->authority, sizeof(x->authority), "%s", authority);
	exchange->ops = &OPS;
	exchange->request = &x->request;
	exchange->peer = peer->address;
	exchange->op = x->op;
	exchange->tls = peer->tls != NULL;
	exchange->authority = *authority ? x->authority : NULL;
	if (peer->client_cn[0] || peer->client_org[0]) {
		exchange->client_cn = peer->client_cn;
		exchange->client_org = peer->client_org;
	}
	return x;
}

static void refuse_by_size(struct real_exchange *x, int status)
{
	struct http_response response = { 0 };

	http_response_text(
	    &response, status, "text/plain", http_reason(status));
	reply(&x->exchange, &response);
}

void real_hear_request(
    void *ctx, struct http_request *request, const char *authority)
{
	struct real_peer *peer = ctx;
	struct real_exchange *x;

	if (peer->doomed || peer->net->host->dead)
		return;
	timer_cancel(&peer->patience);
	x = exchange_of(peer, request, authority);
	if (head_is_too_long(&x->request)) {
		refuse_by_size(x, 431);
		return;
	}
	if (x->request.body.len > REAL_MAX_BODY) {
		refuse_by_size(x, 413);
		return;
	}
	if (survives_faults(x))
		hand_over(x);
}

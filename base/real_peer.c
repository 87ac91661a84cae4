/* One connection that came in: how long it may wait, its bytes, its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/real_peer.h"

/* What a client has taken: nobody asked yet, or it will be asked soon. */
#define UNKNOWN    UINT64_MAX
#define ASKED_SOON (UINT64_MAX - 1)

/* ---- the end of a connection ---- */

void real_peer_free(struct real_peer *peer)
{
	check(!peer->exchange && !peer->resolving);
	timer_cancel(&peer->patience);
	timer_cancel(&peer->doom);
	list_remove(&peer->in_net);
	http_peer_free(&peer->http);
	if (peer->tls && peer->tcp && peer->ending == END_WELL)
		tls_conn_close(peer->tls);
	if (peer->tcp && peer->ending == END_RESET)
		tcp_break(peer->tcp);
	tcp_free(&peer->tcp);
	tcp_free(&peer->onward);
	tls_conn_free(&peer->tls);
	buf_free(&peer->heard);
	free(peer);
}

static void doom_falls(struct timer *timer)
{
	struct real_peer *peer = OWNER_OF(timer, struct real_peer, doom);

	if (!peer->resolving)
		real_peer_free(peer);
}

void real_peer_doom(struct real_peer *peer)
{
	if (peer->doomed)
		return;
	peer->doomed = true;
	timer_cancel(&peer->patience);
	if (peer->listener)
		peer->listener->peers--;
	peer->listener = NULL;
	timer_set(&peer->doom, peer->net->host->loop, 0);
	real_exchange_lost(peer);
}

/* ---- patience ---- */

/* Of its answer a client is sent as much as it reads. A stream is kept for it,
 * but not without end. */
bool real_peer_is_slow(const struct real_peer *peer)
{
	return peer->http && http_peer_backlog(peer->http) > REAL_MAX_PENDING;
}

/* What it has taken by now is asked of the kernel only where somebody makes us
 * wait: look_soon, or else when the first minute is over. */
static void be_patient(struct real_peer *peer, uint64_t taken)
{
	if (peer->doomed)
		return;
	peer->taken = taken;
	timer_set(&peer->patience, peer->net->host->loop, REAL_PATIENCE);
}

void real_peer_waits(struct real_peer *peer)
{
	be_patient(peer, UNKNOWN);
}

/* There is no room for more of its answer: the minute in which it has to take
 * some begins, once all is on its way that will go by itself. */
static void look_soon(struct real_peer *peer)
{
	if (peer->taken != UNKNOWN || !timer_is_set(&peer->patience))
		return;
	peer->taken = ASKED_SOON;
	timer_set(&peer->patience, peer->net->host->loop, SECONDS(1));
}

static bool owes_bytes(const struct real_peer *peer)
{
	return peer->tcp && peer->http &&
	       (tcp_pending(peer->tcp) > 0 || http_peer_waits(peer->http));
}

/* Who reads, however slowly, is served on. What somebody has not read is not
 * sent any more when it is given up. */
static void patience_ends(struct timer *timer)
{
	struct real_peer *peer = OWNER_OF(timer, struct real_peer, patience);
	bool owed = owes_bytes(peer);
	uint64_t taken = owed ? tcp_taken(peer->tcp) : 0;

	if (owed && !real_peer_is_slow(peer) && taken != peer->taken) {
		be_patient(peer, taken);
		return;
	}
	if (!owed && peer->taken == ASKED_SOON) {
		real_peer_waits(peer); /* it has taken all: its turn */
		return;
	}
	if (owed || real_peer_is_slow(peer))
		peer->ending = END_RESET;
	real_peer_doom(peer);
}

/* ---- bytes, as they go down and up through TLS ---- */

/* Who asks on without reading the answers is not heard until it does. */
void real_peer_hears(struct real_peer *peer)
{
	if (peer->tcp && peer->http && !peer->doomed)
		tcp_pause(
		    peer->tcp, http_peer_unread(peer->http) > REAL_MAX_UNHEARD);
}

static void say_cipher(void *ctx, const char *data, size_t len)
{
	struct real_peer *peer = ctx;

	if (peer->tcp)
		tcp_write(peer->tcp, data, len);
}

void real_peer_say(struct real_peer *peer, const char *data, size_t len)
{
	if (peer->tls)
		tls_conn_write(peer->tls, data, len);
	else
		say_cipher(peer, data, len);
}

static void say(void *ctx, const char *data, size_t len)
{
	real_peer_say(ctx, data, len);
}

static size_t room(void *ctx)
{
	struct real_peer *peer = ctx;

	if (!peer->tcp)
		return SIZE_MAX;
	if (tcp_pending(peer->tcp) < REAL_ANSWER_PENDING)
		return REAL_ANSWER_PENDING;
	look_soon(peer);
	return 0;
}

static void http_closed(void *ctx)
{
	real_peer_doom(ctx);
}

static void hear_plain(void *ctx, const char *data, size_t len)
{
	struct real_peer *peer = ctx;

	if (!peer->doomed)
		http_peer_input(peer->http, data, len);
}

static bool judge(void *ctx, X509 *leaf, STACK_OF(X509) * chain)
{
	struct real_peer *peer = ctx;
	struct tls_shown shown = {
		.leaf = leaf,
		.chain = chain,
		.time = host_time(peer->net->host),
		.as_client = true,
	};
	struct err err;

	if (!peer->listener)
		return false;
	shown.ca_pem = peer->listener->client_ca_pem;
	if (!tls_verify(&shown, &err))
		return false;
	tls_subject(leaf, peer->client_cn, sizeof(peer->client_cn),
	    peer->client_org, sizeof(peer->client_org));
	return true;
}

static const struct http_peer_ops HTTP = { say, room, real_hear_request,
	http_closed };
static const struct tls_conn_ops TLS = { say_cipher, hear_plain, judge };
static void look_at_tls(struct real_peer *peer)
{
	if (tls_conn_state(peer->tls) > TLS_OPEN)
		real_peer_doom(peer);
}

static void tcp_input(void *ctx, const char *data, size_t len)
{
	struct real_peer *peer = ctx;

	if (peer->doomed || !peer->listener)
		return;
	if (peer->listener->decide) {
		real_tunnel_input(peer, data, len);
	} else if (peer->tls) {
		tls_conn_input(peer->tls, data, len);
		look_at_tls(peer);
	} else {
		http_peer_input(peer->http, data, len);
	}
	real_peer_hears(peer);
}

static void tcp_closed(void *ctx, const char *why)
{
	struct real_peer *peer = ctx;

	(void)why;
	tcp_free(&peer->tcp);
	real_peer_doom(peer);
}

/* It has taken what waited for it, or for the far end of its tunnel. */
static void tcp_drained(void *ctx)
{
	struct real_peer *peer = ctx;

	if (peer->doomed)
		return;
	if (peer->onward)
		tcp_pause(peer->onward, false);
	if (peer->http) {
		http_peer_roomy(peer->http);
		real_peer_hears(peer);
	}
}

static const struct tcp_ops TCP = { NULL, tcp_input, tcp_closed, tcp_drained };

/* ---- the beginning ---- */ bool real_peer_greet(
    struct real_listener *listener, int fd, const char *address)
{
	struct real_net *net = listener->net;
	struct real_peer *peer = xcalloc(1, sizeof(*peer));

	peer->net = net;
	peer->listener = listener;
	listener->peers++;
	snprintf(peer->address, sizeof(peer->address), "%s", address);
	timer_init(&peer->patience, patience_ends);
	timer_init(&peer->doom, doom_falls);
	list_add(&net->peers, &peer->in_net);
	peer->tcp = tcp_accept(net->reactor, fd, &TCP, peer);
	if (listener->ssl_ctx)
		peer->tls = tls_conn_new(listener->ssl_ctx, NULL, &TLS, peer);
	if (!listener->decide)
		peer->http = http_peer_new(
		    reactor_server(net->reactor), &HTTP, peer);
	if (!listener->decide && !peer->http) {
		real_peer_doom(peer);
		return false;
	}
	real_peer_waits(peer);
	return true;
}

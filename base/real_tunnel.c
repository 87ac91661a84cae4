/* A proxy's tunnels: CONNECT, and then bytes both ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/http_connect.h"
#include "base/real_peer.h"

static void refuse_connect(
    struct real_peer *peer, int status, struct http_response *answer)
{
	struct buf out = BUF_INIT;

	answer->status = status;
	connect_write_answer(&out, answer);
	tcp_write(peer->tcp, out.data, out.len);
	buf_free(&out);
	real_peer_doom(peer);
}

static void refuse_onward(struct real_peer *peer, const char *why)
{
	struct http_response answer = { 0 };

	http_response_text(&answer, 502, "text/plain", why);
	refuse_connect(peer, 502, &answer);
	http_response_free(&answer);
}

static void onward_connected(void *ctx)
{
	struct real_peer *peer = ctx;
	struct http_response answer = { .status = 200 };
	struct buf out = BUF_INIT;

	peer->tunnel = true;
	timer_cancel(&peer->patience);
	connect_write_answer(&out, &answer);
	tcp_write(peer->tcp, out.data, out.len);
	buf_free(&out);
	if (peer->heard.len)
		tcp_write(peer->onward, peer->heard.data, peer->heard.len);
	buf_free(&peer->heard);
}

static void onward_input(void *ctx, const char *data, size_t len)
{
	struct real_peer *peer = ctx;

	if (!peer->tcp)
		return;
	tcp_write(peer->tcp, data, len);
	if (tcp_pending(peer->tcp) > REAL_TUNNEL_PENDING)
		tcp_pause(peer->onward, true);
}

/* It has taken what the client sent: the client may go on. */
static void onward_drained(void *ctx)
{
	struct real_peer *peer = ctx;

	if (peer->tcp)
		tcp_pause(peer->tcp, false);
}

static void try_onward(struct real_peer *peer, const char *why);

static void onward_closed(void *ctx, const char *why)
{
	struct real_peer *peer = ctx;

	tcp_free(&peer->onward);
	if (peer->doomed)
		return;
	if (peer->tunnel)
		real_peer_doom(peer);
	else
		try_onward(peer, why);
}

static const struct tcp_ops ONWARD = { onward_connected, onward_input,
	onward_closed, onward_drained };

/* The addresses in turn; why: how the last attempt ended. */
static void try_onward(struct real_peer *peer, const char *why)
{
	struct err failure;

	err_set(&failure, ERR_UNREACHED, "%s", why);
	while (peer->onward_next < peer->onward_count) {
		peer->onward = tcp_connect(peer->net->reactor,
		    peer->onward_addresses[peer->onward_next++],
		    peer->onward_port, peer->net->bind, &ONWARD, peer,
		    &failure);
		if (peer->onward)
			return;
	}
	refuse_onward(peer, failure.text);
}

static void onward_resolved(
    void *ctx, char (*addresses)[46], int count, const struct err *err)
{
	struct real_peer *peer = ctx;

	peer->resolving = false;
	if (peer->doomed) {
		if (!timer_is_set(&peer->doom))
			real_peer_free(peer);
		return;
	}
	if (err) {
		refuse_onward(peer, err->text);
		return;
	}
	for (int i = 0; i < count && i < 8; i++)
		memcpy(peer->onward_addresses[peer->onward_count++],
		    addresses[i], sizeof(addresses[i]));
	try_onward(peer, "it has no address");
}

static void hear_connect(
    struct real_peer *peer, const struct http_request *request)
{
	struct real_listener *listener = peer->listener;
	struct http_response answer = { 0 };
	const char *colon = strrchr(request->target, ':');
	int status = listener->decide(
	    listener->decide_ctx, request, peer->address, &answer);

	if (status != 200) {
		refuse_connect(peer, status, &answer);
	} else {
		snprintf(peer->onward_host, sizeof(peer->onward_host), "%.*s",
		    (int)(colon - request->target), request->target);
		peer->onward_port = (uint16_t)atoi(colon + 1);
		peer->resolving = true;
		real_resolve(
		    peer->net, peer->onward_host, onward_resolved, peer);
	}
	http_response_free(&answer);
}

void real_tunnel_input(struct real_peer *peer, const char *data, size_t len)
{
	struct http_request request = { 0 };
	struct http_response answer = { 0 };
	struct err err;
	size_t used;

	if (peer->tunnel) {
		tcp_write(peer->onward, data, len);
		if (tcp_pending(peer->onward) > REAL_TUNNEL_PENDING)
			tcp_pause(peer->tcp, true);
		return;
	}
	buf_add(&peer->heard, data, len);
	if (peer->resolving || peer->onward) { /* it talks ahead */
		if (peer->heard.len > CONNECT_MOST)
			real_peer_doom(peer);
		return;
	}
	switch (connect_read(
	    peer->heard.data, peer->heard.len, &used, &request, &err)) {
	case CONNECT_MORE:
		break;
	case CONNECT_BAD:
		http_response_text(&answer, 400, "text/plain", err.text);
		refuse_connect(peer, 400, &answer);
		http_response_free(&answer);
		break;
	case CONNECT_READ:
		buf_drop(&peer->heard, used);
		hear_connect(peer, &request);
		http_request_free(&request);
		break;
	}
}

/* Services and proxies on the kernel's sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/http_connect.h"
#include "base/real_parts.h"

struct real_listener {
	struct listener listener;
	struct list_link in_net;
	struct real_net *net;
	char *name;
	struct service service;
	struct identity *identity;
	char *client_ca_pem;
	SSL_CTX *ssl_ctx;
	proxy_decide_fn *decide; /* not NULL: a proxy */
	void *decide_ctx;
	int fd;
	struct reactor_fd *watch;
	uint16_t port;
	int peers; /* open connections */
};

struct real_exchange;

enum ending {
	END_WELL,
	END_SPEECHLESS, /* FIN, but no goodbye in TLS */
	END_RESET       /* RST */
};

struct real_peer {
	struct list_link in_net;
	struct real_net *net;
	struct real_listener *listener; /* NULL: it is closed */
	struct tcp *tcp;
	struct tls_conn *tls;
	struct http_peer *http;
	struct real_exchange *exchange;
	char address[46], client_cn[128], client_org[128];
	bool doomed;
	enum ending ending;
	struct timer patience, doom;
	/* of a proxy */
	struct buf heard;
	char onward_host[256];
	uint16_t onward_port;
	struct tcp *onward;
	bool resolving, tunnel;
};

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
	bool struck, handed;
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

/* ---- the end of a connection ---- */

static void exchange_free_now(struct real_exchange *x)
{
	if (x->peer)
		x->peer->exchange = NULL;
	timer_cancel(&x->later);
	http_request_free(&x->request);
	http_response_free(&x->late);
	free(x);
}

static void lose_exchange(struct real_peer *peer)
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

static void peer_free_now(struct real_peer *peer)
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
		peer_free_now(peer);
}

static void doom(struct real_peer *peer)
{
	if (peer->doomed)
		return;
	peer->doomed = true;
	timer_cancel(&peer->patience);
	if (peer->listener)
		peer->listener->peers--;
	peer->listener = NULL;
	timer_set(&peer->doom, peer->net->host->loop, 0);
	lose_exchange(peer);
}

static void patience_ends(struct timer *timer)
{
	doom(OWNER_OF(timer, struct real_peer, patience));
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
	if (peer && !peer->doomed)
		timer_set(
		    &peer->patience, peer->net->host->loop, REAL_PATIENCE);
	return peer && !peer->doomed ? peer : NULL;
}

static void deliver(struct real_exchange *x, struct http_response *response)
{
	struct real_peer *peer;

	tell(x, response);
	peer = let_go(x);
	if (peer)
		http_peer_reply(peer->http, response);
	http_response_free(response);
}

/* A fault ends the connection here. */
static void cut_off(struct real_exchange *x, enum ending ending)
{
	struct real_peer *peer = x->peer;

	exchange_free_now(x);
	peer->ending = ending;
	doom(peer);
}

static void say(void *ctx, const char *data, size_t len);

/* Past libmicrohttpd, which would not say such things. */
static void say_raw(struct real_exchange *x, enum wire_fate fate,
    const struct http_response *response)
{
	struct buf out = BUF_INIT;

	if (fate == FATE_GARBAGE)
		fate_write_nonsense(&out);
	else
		fate_write_half(&out, response, x->request.method);
	say(x->peer, buf_text(&out), out.len);
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
	case FATE_TRUNCATE:
	case FATE_ENDLESS: /* as it is, nobody can ask for it here */
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
		doom(peer);
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

static void hear_request(
    void *ctx, struct http_request *request, const char *authority)
{
	struct real_peer *peer = ctx;
	struct real_exchange *x;
	struct http_response response = { 0 };

	if (peer->doomed || peer->net->host->dead)
		return;
	timer_cancel(&peer->patience);
	x = exchange_of(peer, request, authority);
	if (x->request.body.len > REAL_MAX_BODY) {
		http_response_text(
		    &response, 413, "text/plain", http_reason(413));
		reply(&x->exchange, &response);
		return;
	}
	if (survives_faults(x))
		hand_over(x);
}

static void say_cipher(void *ctx, const char *data, size_t len)
{
	struct real_peer *peer = ctx;

	if (peer->tcp)
		tcp_write(peer->tcp, data, len);
}

static void say(void *ctx, const char *data, size_t len)
{
	struct real_peer *peer = ctx;

	if (peer->tls)
		tls_conn_write(peer->tls, data, len);
	else
		say_cipher(peer, data, len);
}

static void http_closed(void *ctx)
{
	doom(ctx);
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
	struct err err;

	if (!peer->listener ||
	    !tls_verify(leaf, chain, peer->listener->client_ca_pem, NULL,
	        host_time(peer->net->host), true, &err))
		return false;
	tls_subject(leaf, peer->client_cn, sizeof(peer->client_cn),
	    peer->client_org, sizeof(peer->client_org));
	return true;
}

static const struct http_peer_ops HTTP = { say, hear_request, http_closed };
static const struct tls_conn_ops TLS = { say_cipher, hear_plain, judge };

/* ---- a proxy's tunnel ---- */

static void refuse_connect(
    struct real_peer *peer, int status, struct http_response *answer)
{
	struct buf out = BUF_INIT;

	answer->status = status;
	connect_write_answer(&out, answer);
	tcp_write(peer->tcp, out.data, out.len);
	buf_free(&out);
	doom(peer);
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

	if (peer->tcp)
		tcp_write(peer->tcp, data, len);
}

static void onward_closed(void *ctx, const char *why)
{
	struct real_peer *peer = ctx;

	tcp_free(&peer->onward);
	if (peer->doomed)
		return;
	if (peer->tunnel)
		doom(peer);
	else
		refuse_onward(peer, why);
}

static const struct tcp_ops ONWARD = { onward_connected, onward_input,
	onward_closed };

static void onward_resolved(
    void *ctx, char (*addresses)[46], int count, const struct err *err)
{
	struct real_peer *peer = ctx;
	struct err failure;

	(void)count;
	peer->resolving = false;
	if (peer->doomed) {
		if (!timer_is_set(&peer->doom))
			peer_free_now(peer);
		return;
	}
	if (err) {
		refuse_onward(peer, err->text);
		return;
	}
	peer->onward = tcp_connect(peer->net->reactor, addresses[0],
	    peer->onward_port, peer->net->bind, &ONWARD, peer, &failure);
	if (!peer->onward)
		refuse_onward(peer, failure.text);
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

static void proxy_input(struct real_peer *peer, const char *data, size_t len)
{
	struct http_request request = { 0 };
	struct http_response answer = { 0 };
	struct err err;
	size_t used;

	if (peer->tunnel) {
		tcp_write(peer->onward, data, len);
		return;
	}
	buf_add(&peer->heard, data, len);
	if (peer->resolving || peer->onward) { /* it talks ahead */
		if (peer->heard.len > CONNECT_MOST)
			doom(peer);
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

/* ---- bytes ---- */

static void look_at_tls(struct real_peer *peer)
{
	if (tls_conn_state(peer->tls) > TLS_OPEN)
		doom(peer);
}

static void tcp_input(void *ctx, const char *data, size_t len)
{
	struct real_peer *peer = ctx;

	if (peer->doomed || !peer->listener)
		return;
	if (peer->listener->decide) {
		proxy_input(peer, data, len);
	} else if (peer->tls) {
		tls_conn_input(peer->tls, data, len);
		look_at_tls(peer);
	} else {
		http_peer_input(peer->http, data, len);
	}
}

static void tcp_closed(void *ctx, const char *why)
{
	struct real_peer *peer = ctx;

	(void)why;
	tcp_free(&peer->tcp);
	doom(peer);
}

static const struct tcp_ops TCP = { NULL, tcp_input, tcp_closed };

static void greet(struct real_listener *listener, int fd, const char *address)
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
	timer_set(&peer->patience, net->host->loop, REAL_PATIENCE);
}

static void address_text(const struct sockaddr_storage *from, char out[46])
{
	const void *at = from;

	if (from->ss_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)at)->sin_addr,
		    out, 46);
	else
		inet_ntop(AF_INET6,
		    &((const struct sockaddr_in6 *)at)->sin6_addr, out, 46);
}

/* A peer needs three descriptors, and not all of them are for peers. */
static int most_peers(void)
{
	struct rlimit files;
	rlim_t most = REAL_MAX_PEERS;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	    files.rlim_cur != RLIM_INFINITY && files.rlim_cur / 4 < most)
		most = files.rlim_cur / 4;
	return (int)most;
}

/* The connection that has waited longest without saying what it wants gives
 * way: somebody who opens thousands and is silent shall not lock out those
 * who speak. False: all of them are at work. */
static bool make_room(struct real_listener *listener)
{
	struct real_peer *oldest = NULL;

	list_each(&listener->net->peers, struct real_peer, in_net, peer)
	{
		if (peer->listener == listener &&
		    timer_is_set(&peer->patience) &&
		    (!oldest ||
		        peer->patience.due_at < oldest->patience.due_at))
			oldest = peer;
	}
	if (oldest)
		doom(oldest);
	return oldest != NULL;
}

/* Above the limit a connection is closed at once: better than one that is
 * never looked at. */
static void on_accept(void *ctx, int fd, unsigned events)
{
	struct real_listener *listener = ctx;

	(void)events;
	for (int i = 0; i < 64; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		char address[46];
		int got = accept4(fd, (struct sockaddr *)&from, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (got < 0)
			return;
		if (listener->peers >= most_peers() && !make_room(listener)) {
			close(got);
			continue;
		}
		address_text(&from, address);
		greet(listener, got, address);
	}
}

/* ---- listeners ---- */

static void close_listener(struct listener *base)
{
	struct real_listener *listener = OWNER_OF(
	    base, struct real_listener, listener);

	list_each(&listener->net->peers, struct real_peer, in_net, peer)
	{
		if (peer->listener == listener)
			doom(peer);
	}
	list_remove(&listener->in_net);
	reactor_remove_fd(&listener->watch);
	close(listener->fd);
	SSL_CTX_free(listener->ssl_ctx);
	identity_free(&listener->identity);
	free(listener->client_ca_pem);
	free(listener->name);
	free(listener);
}

static void set_identity(struct listener *base, const struct identity *identity)
{
	struct real_listener *listener = OWNER_OF(
	    base, struct real_listener, listener);

	SSL_CTX_free(listener->ssl_ctx);
	identity_free(&listener->identity);
	listener->identity = identity_copy(identity);
	listener->ssl_ctx = tls_server_ctx(
	    identity, listener->client_ca_pem != NULL);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	const void *raw = &at;

	check(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	return ntohs(at.ss_family == AF_INET
	                 ? ((const struct sockaddr_in *)raw)->sin_port
	                 : ((const struct sockaddr_in6 *)raw)->sin6_port);
}

static struct real_listener *listener_new(
    struct net *base, const char *name, uint16_t port, struct err *err)
{
	static const struct listener_ops OPS = { close_listener, set_identity };
	struct real_net *net = OWNER_OF(base, struct real_net, net);
	int fd = tcp_listen(net->bind ? net->bind : "127.0.0.1", port, err);
	struct real_listener *listener;

	if (fd < 0)
		return NULL;
	listener = xcalloc(1, sizeof(*listener));
	listener->listener.ops = &OPS;
	listener->net = net;
	listener->name = xstrdup(name);
	listener->fd = fd;
	listener->port = port_of(fd);
	listener->watch = reactor_add_fd(
	    net->reactor, fd, EPOLLIN, on_accept, listener);
	list_add(&net->listeners, &listener->in_net);
	return listener;
}

struct listener *real_listen(
    struct net *base, const struct service *service, struct err *err)
{
	struct real_listener *listener = listener_new(
	    base, service->name, service->port, err);

	if (!listener)
		return NULL;
	listener->service = *service;
	listener->service.name = listener->name;
	listener->client_ca_pem = xstrdup(service->client_ca_pem);
	if (service->identity)
		set_identity(&listener->listener, service->identity);
	return &listener->listener;
}

struct listener *real_listen_proxy(struct net *base, const char *name,
    uint16_t port, proxy_decide_fn *decide, void *ctx, struct err *err)
{
	struct real_listener *listener = listener_new(base, name, port, err);

	check(decide);
	if (!listener)
		return NULL;
	listener->decide = decide;
	listener->decide_ctx = ctx;
	return &listener->listener;
}

uint16_t real_listener_port(const struct listener *base)
{
	const struct listener *listener = base;

	return ((const struct real_listener *)(const void *)listener)->port;
}

void real_listeners_end(struct real_net *net)
{
	list_each(&net->listeners, struct real_listener, in_net, listener)
	{
		close_listener(&listener->listener);
	}
	list_each(&net->peers, struct real_peer, in_net, peer)
	{
		doom(peer);
		peer->resolving = false;
		peer_free_now(peer);
	}
}

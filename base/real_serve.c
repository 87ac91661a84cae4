/* Services and proxies on the kernel's sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/real_peer.h"

#define UNKNOWN UINT64_MAX

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
	lose_exchange(peer);
}

/* Of its answer a client is sent as much as it reads. A stream is kept for it,
 * but not without end. */
static bool is_slow(const struct real_peer *peer)
{
	return peer->http && http_peer_backlog(peer->http) > REAL_MAX_PENDING;
}

/* What it has taken by now is asked of the kernel only where somebody has made
 * us wait: the first minute is everybody's. */
static void be_patient(struct real_peer *peer, uint64_t taken)
{
	if (peer->doomed)
		return;
	peer->taken = taken;
	timer_set(&peer->patience, peer->net->host->loop, REAL_PATIENCE);
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

	if (owed && !is_slow(peer) && taken != peer->taken) {
		be_patient(peer, taken);
		return;
	}
	if (owed || is_slow(peer))
		peer->ending = END_RESET;
	real_peer_doom(peer);
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
		be_patient(peer, UNKNOWN);
	return peer && !peer->doomed ? peer : NULL;
}

/* Who asks on without reading the answers is not heard until it does. */
static void hear_as_it_goes(struct real_peer *peer)
{
	if (peer->tcp && peer->http && !peer->doomed)
		tcp_pause(
		    peer->tcp, http_peer_unread(peer->http) > REAL_MAX_UNHEARD);
}

static void deliver(struct real_exchange *x, struct http_response *response)
{
	struct real_peer *peer;

	tell(x, response);
	peer = let_go(x);
	if (peer) {
		http_peer_reply(peer->http, response);
		hear_as_it_goes(peer);
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

/* As fast as the client reads, until it leaves. */
static void say_more(struct real_exchange *x, bool head)
{
	struct buf out = BUF_INIT;

	x->struck = x->endless = true;
	timer_set(&x->later, x->peer->net->host->loop, MILLISECONDS(1));
	if (tcp_pending(x->peer->tcp) > REAL_TUNNEL_PENDING)
		return;
	fate_write_endless(&out, head);
	say(x->peer, out.data, out.len);
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
	if (is_slow(peer)) { /* whoever is speaking now hears of it later */
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

static void hear_request(
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

static size_t room(void *ctx)
{
	const struct real_peer *peer = ctx;

	if (!peer->tcp)
		return SIZE_MAX;
	return tcp_pending(peer->tcp) < REAL_ANSWER_PENDING
	           ? REAL_ANSWER_PENDING
	           : 0;
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
	struct err err;

	if (!peer->listener ||
	    !tls_verify(leaf, chain, peer->listener->client_ca_pem, NULL,
	        host_time(peer->net->host), true, &err))
		return false;
	tls_subject(leaf, peer->client_cn, sizeof(peer->client_cn),
	    peer->client_org, sizeof(peer->client_org));
	return true;
}

static const struct http_peer_ops HTTP = { say, room, hear_request,
	http_closed };
static const struct tls_conn_ops TLS = { say_cipher, hear_plain, judge };

/* ---- bytes ---- */

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
	hear_as_it_goes(peer);
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
		hear_as_it_goes(peer);
	}
}

static const struct tcp_ops TCP = { NULL, tcp_input, tcp_closed, tcp_drained };

/* Said once, and again when there was room in between. */
static void say_no_room(struct real_net *net)
{
	if (!net->starved)
		log_warning(net->host,
		    "no more files may be open at once (ulimit -n): "
		    "connections are closed unheard");
	net->starved = true;
}

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
	if (!listener->decide && !peer->http) {
		say_no_room(net);
		real_peer_doom(peer);
		return;
	}
	net->starved = false;
	be_patient(peer, UNKNOWN);
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

/* There is always one descriptor in hand, to take a connection that cannot be
 * served and close it: else it would wake us up without end. */
static void turn_away(struct real_listener *listener)
{
	int got;

	say_no_room(listener->net);
	close(listener->spare_fd);
	got = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	if (got >= 0)
		close(got);
	listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* A peer needs two descriptors, and not all of them are for peers. */
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
		real_peer_doom(oldest);
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

		if (got < 0 && (errno == EMFILE || errno == ENFILE))
			turn_away(listener);
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
			real_peer_doom(peer);
	}
	list_remove(&listener->in_net);
	reactor_remove_fd(&listener->watch);
	close(listener->fd);
	if (listener->spare_fd >= 0)
		close(listener->spare_fd);
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
	listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
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
		real_peer_doom(peer);
		peer->resolving = false;
		real_peer_free(peer);
	}
}

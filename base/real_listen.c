/* Where connections come in: listeners, and whom they take. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/real_peer.h"

/* ---- whom it takes ---- */

/* Said once, and again when there was room in between. */
static void say_no_room(struct real_net *net)
{
	if (!net->starved)
		log_warning(net->host,
		    "no more files may be open at once (ulimit -n): "
		    "connections are closed unheard");
	net->starved = true;
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
		if (real_peer_greet(listener, got, address))
			listener->net->starved = false;
		else
			say_no_room(listener->net);
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

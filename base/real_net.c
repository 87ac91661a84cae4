#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/check.h"
#include "base/real_parts.h"

#define ARES_TICK MILLISECONDS(200)

/* ---- names ---- */

struct ares_watch {
	struct list_link in_net;
	struct real_net *net;
	struct reactor_fd *watch;
	int fd;
};

struct question {
	resolved_fn *done;
	void *ctx;
	struct real_net *net;
	char *name;
};

static void ares_ready(void *ctx, int fd, unsigned events)
{
	struct ares_watch *watch = ctx;

	ares_process_fd(watch->net->ares,
	    events & (EPOLLIN | EPOLLERR | EPOLLHUP) ? fd : ARES_SOCKET_BAD,
	    events & EPOLLOUT ? fd : ARES_SOCKET_BAD);
}

/* c-ares says which of its sockets it waits for. */
static void ares_socket(void *ctx, int fd, int readable, int writable)
{
	struct real_net *net = ctx;
	unsigned events = (readable ? EPOLLIN : 0u) |
	                  (writable ? EPOLLOUT : 0u);
	struct ares_watch *found = NULL;

	list_each(&net->ares_fds, struct ares_watch, in_net, watch)
	{
		if (watch->fd == fd)
			found = watch;
	}
	if (found && events) {
		reactor_set_fd(found->watch, events);
	} else if (found) {
		reactor_remove_fd(&found->watch);
		list_remove(&found->in_net);
		free(found);
	} else if (events) {
		found = xcalloc(1, sizeof(*found));
		found->net = net;
		found->fd = fd;
		found->watch = reactor_add_fd(
		    net->reactor, fd, events, ares_ready, found);
		list_add(&net->ares_fds, &found->in_net);
	}
}

/* Its time-outs: looked at while anything is asked. */
static void ares_ticks(struct timer *timer)
{
	struct real_net *net = OWNER_OF(timer, struct real_net, ares_timer);

	ares_process_fd(net->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (!list_is_empty(&net->ares_fds))
		timer_set(&net->ares_timer, net->host->loop, ARES_TICK);
}

static bool add_address(
    char (*out)[46], int *count, int family, const void *raw)
{
	if (*count == 16 || !inet_ntop(family, raw, out[*count], 46))
		return false;
	return ++*count;
}

static int list_addresses(
    const struct ares_addrinfo *answer, int family, char (*out)[46], int count)
{
	const struct ares_addrinfo_node *node;

	for (node = answer->nodes; node; node = node->ai_next) {
		const void *at = node->ai_addr;

		if (node->ai_family != family)
			continue;
		if (family == AF_INET)
			add_address(out, &count, family,
			    &((const struct sockaddr_in *)at)->sin_addr);
		else
			add_address(out, &count, family,
			    &((const struct sockaddr_in6 *)at)->sin6_addr);
	}
	return count;
}

static void ares_answers(
    void *ctx, int status, int timeouts, struct ares_addrinfo *answer)
{
	struct question *question = ctx;
	char addresses[16][46];
	struct err err;
	int count = 0;

	(void)timeouts;
	if (answer) {
		count = list_addresses(answer, AF_INET, addresses, 0);
		count = list_addresses(answer, AF_INET6, addresses, count);
		ares_freeaddrinfo(answer);
	}
	if (!count)
		err_set(&err, ERR_UNREACHED, "%s has no address: %s",
		    question->name, ares_strerror(status));
	if (status != ARES_EDESTRUCTION)
		question->done(
		    question->ctx, addresses, count, count ? NULL : &err);
	free(question->name);
	free(question);
}

static bool is_address(const char *name, char address[46])
{
	unsigned char raw[16];

	if (strlen(name) >= 46)
		return false;
	strcpy(address, name);
	return inet_pton(AF_INET, name, raw) == 1 ||
	       inet_pton(AF_INET6, name, raw) == 1;
}

void real_resolve(
    struct real_net *net, const char *name, resolved_fn *done, void *ctx)
{
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC };
	struct question *question;
	char address[1][46];

	if (is_address(name, address[0])) {
		done(ctx, address, 1, NULL);
		return;
	}
	question = xcalloc(1, sizeof(*question));
	question->done = done;
	question->ctx = ctx;
	question->net = net;
	question->name = xstrdup(name);
	if (!timer_is_set(&net->ares_timer))
		timer_set(&net->ares_timer, net->host->loop, ARES_TICK);
	ares_getaddrinfo(net->ares, name, NULL, &hints, ares_answers, question);
}

static bool begin_ares(
    struct real_net *net, const char *resolver, struct err *err)
{
	struct ares_options options = { 0 };
	char lookups[] = "b"; /* a resolver that was named is asked alone */
	int mask = ARES_OPT_SOCK_STATE_CB;

	check(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
	options.sock_state_cb = ares_socket;
	options.sock_state_cb_data = net;
	if (resolver) {
		options.lookups = lookups;
		mask |= ARES_OPT_LOOKUPS;
	}
	check(ares_init_options(&net->ares, &options, mask) == ARES_SUCCESS);
	timer_init(&net->ares_timer, ares_ticks);
	if (!resolver ||
	    ares_set_servers_ports_csv(net->ares, resolver) == ARES_SUCCESS)
		return true;
	return err_set(err, ERR_INPUT,
	    "the resolver \"%s\" is neither ADDRESS nor ADDRESS:PORT",
	    resolver);
}

/* ---- life ---- */

struct net *real_net_new(struct reactor *reactor, struct host *host,
    const char *bind, const char *resolver, struct err *err)
{
	static const struct net_ops OPS = { real_send, real_listen,
		real_listen_proxy };
	struct real_net *net = xcalloc(1, sizeof(*net));

	net->net.ops = &OPS;
	net->reactor = reactor;
	net->host = host;
	net->bind = xstrdup(bind);
	net->book = (struct wire){
		.kind = WIRE_HTTPS, .loop = host->loop, .events = host->events
	};
	if (begin_ares(net, resolver, err))
		return &net->net;
	ares_destroy(net->ares);
	ares_library_cleanup();
	free(net->bind);
	free(net);
	return NULL;
}

void real_net_watch(
    struct net *base, wire_fault_fn *strike, real_told_fn *told, void *ctx)
{
	struct real_net *net = OWNER_OF(base, struct real_net, net);

	net->strike = strike;
	net->told = told;
	net->watcher = ctx;
}

/* c-ares first: it tells nobody any more whom it has not answered. */
void real_net_free(struct net **base)
{
	struct real_net *net;

	if (!*base)
		return;
	net = OWNER_OF(*base, struct real_net, net);
	ares_destroy(net->ares);
	ares_library_cleanup();
	timer_cancel(&net->ares_timer);
	list_each(&net->ares_fds, struct ares_watch, in_net, watch)
	{
		reactor_remove_fd(&watch->watch);
		list_remove(&watch->in_net);
		free(watch);
	}
	real_calls_end(net);
	real_listeners_end(net);
	free(net->bind);
	free(net);
	*base = NULL;
}

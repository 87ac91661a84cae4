#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/check.h"
#include "base/real_parts.h"

/* What was written to a connection that is given up still goes out, for this
 * long. */
#define LEAVE_FOR SECONDS(60)

/* The head of an answer comes alone, and its body a moment later: so little is
 * held back until the end of the turn, or until more is written, and then goes
 * out with it in one call, and in one segment. */
#define LITTLE 2048

struct tcp {
	struct reactor *reactor;
	struct list_link in_leaving; /* given up, but not all is sent */
	struct list_link in_unsent;  /* holds a little back */
	struct timer patience;       /* for that */
	struct reactor_fd *watch;
	int fd;
	bool connecting, paused;
	bool waits;  /* the other side must read before more is sent */
	bool broken; /* found out by writing; reading says why */
	struct buf out;
	size_t out_sent; /* of it */
	uint64_t sent;   /* of all */
	const struct tcp_ops *ops;
	void *ctx;
	bool *freed; /* tell the function that is at work */
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t parse_address(
    const char *text, uint16_t port, union address *address)
{
	*address = (union address){ 0 };
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port);
		return sizeof(address->v4);
	}
	if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons(port);
		return sizeof(address->v6);
	}
	return 0;
}

/* ---- input and output ---- */

static void want(struct tcp *tcp)
{
	reactor_set_fd(
	    tcp->watch, (tcp->paused ? 0 : EPOLLIN) |
	                    (tcp->connecting || tcp->waits ? EPOLLOUT : 0));
}

/* So many bytes of what waits are gone; how many of them were not of that? */
static size_t count_sent(struct tcp *tcp, size_t put)
{
	size_t old = put < tcp_pending(tcp) ? put : tcp_pending(tcp);

	tcp->sent += put;
	tcp->out_sent += old;
	if (!tcp_pending(tcp)) {
		buf_reset(&tcp->out);
		tcp->out_sent = 0;
	}
	return put - old;
}

/* What waits, and then these bytes, as far as the other side takes them now;
 * the others wait. False: it broke. */
static bool send_some(struct tcp *tcp, const char *data, size_t len)
{
	struct iovec parts[2] = {
		{ NULL, tcp_pending(tcp) },
		{ (void *)(uintptr_t)data, len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	size_t taken;
	ssize_t put;

	if (parts[0].iov_len)
		parts[0].iov_base = tcp->out.data + tcp->out_sent;
	put = sendmsg(tcp->fd, &message, MSG_NOSIGNAL);
	if (put < 0 && errno != EAGAIN && errno != EINTR) {
		tcp->broken = true;
		return false;
	}
	taken = count_sent(tcp, put > 0 ? (size_t)put : 0);
	if (taken < len)
		buf_add(&tcp->out, data + taken, len - taken);
	tcp->waits = tcp_pending(tcp) > 0;
	return true;
}

static bool flush(struct tcp *tcp)
{
	return !tcp_pending(tcp) || send_some(tcp, NULL, 0);
}

static void finish_connect(struct tcp *tcp)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(tcp->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		tcp->ops->closed(tcp->ctx, strerror(error));
		return;
	}
	tcp->connecting = false;
	tcp->waits = tcp_pending(tcp) > 0;
	want(tcp);
	tcp->ops->connected(tcp->ctx);
}

static void read_all(struct tcp *tcp)
{
	char data[65536];
	bool freed = false;

	tcp->freed = &freed;
	/* Few reads per turn, so that one flood does not starve the rest. */
	for (int i = 0; i < 4; i++) {
		ssize_t got = recv(tcp->fd, data, sizeof(data), 0);

		if (got > 0) {
			tcp->ops->input(tcp->ctx, data, (size_t)got);
			if (freed)
				return;
			if ((size_t)got < sizeof(data))
				break; /* epoll tells when there is more */
			continue;
		}
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		tcp->freed = NULL;
		tcp->ops->closed(tcp->ctx,
		    got == 0 ? "it closed the connection" : strerror(errno));
		return;
	}
	tcp->freed = NULL;
}

static void on_events(void *ctx, int fd, unsigned events)
{
	struct tcp *tcp = ctx;

	(void)fd;
	if (tcp->connecting) {
		if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			finish_connect(tcp);
		return;
	}
	if ((events & EPOLLOUT) && tcp->waits) {
		if (!flush(tcp)) {
			tcp->ops->closed(tcp->ctx, strerror(errno));
			return;
		}
		if (!tcp->waits)
			want(tcp);
		if (!tcp->waits && tcp->ops->drained)
			tcp->ops->drained(tcp->ctx);
	}
	if (tcp->paused)
		events &= ~(unsigned)EPOLLIN;
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		read_all(tcp);
}

/* A write that fails is found out when reading. */
void tcp_write(struct tcp *tcp, const char *data, size_t len)
{
	if (tcp->broken)
		return;
	if (tcp->connecting || tcp->waits) {
		buf_add(&tcp->out, data, len);
		return;
	}
	if (tcp_pending(tcp) + len <= LITTLE) {
		buf_add(&tcp->out, data, len);
		if (!list_holds(&tcp->in_unsent))
			list_add(reactor_unsent(tcp->reactor), &tcp->in_unsent);
		return;
	}
	list_remove(&tcp->in_unsent);
	if (send_some(tcp, data, len) && tcp->waits)
		want(tcp);
}

void tcp_send_all(struct list *unsent)
{
	list_each(unsent, struct tcp, in_unsent, tcp)
	{
		list_remove(&tcp->in_unsent);
		if (flush(tcp) && tcp->waits)
			want(tcp);
	}
}

uint64_t tcp_taken(const struct tcp *tcp)
{
	int waits = 0; /* in the kernel */

	if (ioctl(tcp->fd, SIOCOUTQ, &waits) < 0)
		return tcp->sent;
	return tcp->sent - (uint64_t)waits;
}

size_t tcp_pending(const struct tcp *tcp)
{
	return tcp->out.len - tcp->out_sent;
}

void tcp_pause(struct tcp *tcp, bool pause)
{
	if (tcp->paused == pause)
		return;
	tcp->paused = pause;
	if (!tcp->connecting)
		want(tcp);
}

/* ---- life ---- */

static struct tcp *tcp_new(struct reactor *reactor, int fd, bool connecting,
    const struct tcp_ops *ops, void *ctx)
{
	struct tcp *tcp = xcalloc(1, sizeof(*tcp));
	int one = 1;

	tcp->reactor = reactor;
	tcp->fd = fd;
	tcp->connecting = connecting;
	tcp->ops = ops;
	tcp->ctx = ctx;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	tcp->watch = reactor_add_fd(
	    reactor, fd, EPOLLIN | (connecting ? EPOLLOUT : 0), on_events, tcp);
	return tcp;
}

struct tcp *tcp_accept(
    struct reactor *reactor, int fd, const struct tcp_ops *ops, void *ctx)
{
	return tcp_new(reactor, fd, false, ops, ctx);
}

struct tcp *tcp_connect(struct reactor *reactor, const char *address,
    uint16_t port, const char *bind_to, const struct tcp_ops *ops, void *ctx,
    struct err *err)
{
	union address to, from;
	socklen_t len = parse_address(address, port, &to), from_len;
	int fd = -1;

	if (len)
		fd = socket(to.any.sa_family,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set(err, ERR_UNREACHED, "%s: %s", address,
		    len ? strerror(errno) : "this is not an address");
		return NULL;
	}
	/* A loopback address of one's own is for loopback only. */
	from_len = bind_to && strncmp(address, "127.", 4) == 0
	               ? parse_address(bind_to, 0, &from)
	               : 0;
	if (from_len && from.any.sa_family == to.any.sa_family)
		(void)!bind(fd, &from.any, from_len);
	if (connect(fd, &to.any, len) < 0 && errno != EINPROGRESS) {
		err_set(err, ERR_UNREACHED, "%s", strerror(errno));
		close(fd);
		return NULL;
	}
	return tcp_new(reactor, fd, true, ops, ctx);
}

static void close_now(struct tcp *tcp)
{
	timer_cancel(&tcp->patience);
	list_remove(&tcp->in_leaving);
	list_remove(&tcp->in_unsent);
	reactor_remove_fd(&tcp->watch);
	close(tcp->fd);
	buf_free(&tcp->out);
	free(tcp);
}

static void leave_on(void *ctx, int fd, unsigned events)
{
	struct tcp *tcp = ctx;

	(void)fd;
	if ((events & (EPOLLERR | EPOLLHUP)) || !flush(tcp) || !tcp->waits)
		close_now(tcp);
}

static void leave_ends(struct timer *timer)
{
	close_now(OWNER_OF(timer, struct tcp, patience));
}

/* Nobody reads any more; only what waits is written. */
static void leave(struct tcp *tcp)
{
	reactor_remove_fd(&tcp->watch);
	list_remove(&tcp->in_unsent);
	tcp->watch = reactor_add_fd(
	    tcp->reactor, tcp->fd, EPOLLOUT, leave_on, tcp);
	list_add(reactor_leaving(tcp->reactor), &tcp->in_leaving);
	timer_init(&tcp->patience, leave_ends);
	timer_set(&tcp->patience, reactor_loop(tcp->reactor), LEAVE_FOR);
}

void tcp_free(struct tcp **tcp_p)
{
	struct tcp *tcp = *tcp_p;

	*tcp_p = NULL;
	if (!tcp)
		return;
	if (tcp->freed)
		*tcp->freed = true;
	if (!tcp->connecting && !tcp->broken && flush(tcp) && tcp->waits)
		leave(tcp);
	else
		close_now(tcp);
}

void tcp_leave_all(struct list *leaving)
{
	list_each(leaving, struct tcp, in_leaving, tcp)
	{
		close_now(tcp);
	}
}

void tcp_break(struct tcp *tcp)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	buf_reset(&tcp->out);
	tcp->out_sent = 0;
	tcp->waits = false;
	setsockopt(tcp->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

int tcp_listen(const char *where, uint16_t port, struct err *err)
{
	union address at;
	socklen_t len = parse_address(where, port, &at);
	int one = 1, fd = -1;

	if (len)
		fd = socket(at.any.sa_family,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set(
		    err, ERR_INPUT, "%s is not an address to listen on", where);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &at.any, len) == 0 && listen(fd, 1024) == 0)
		return fd;
	if (errno == EADDRINUSE)
		err_set(
		    err, ERR_CONFLICT, "port %u on %s is in use", port, where);
	else
		err_set(err, ERR_INPUT, "cannot listen on port %u of %s: %s",
		    port, where, strerror(errno));
	close(fd);
	return -1;
}

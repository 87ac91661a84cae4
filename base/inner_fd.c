/* The definitions at the end stand in the place of the C library's; what
 * glibc's headers would make of those names is not wanted here. */
#undef _FORTIFY_SOURCE
#include "base/inner_fd.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/list.h"

struct inner_fd {
	const struct inner_ops *ops; /* NULL: its owner has left */
	void *ctx;
	int fd; /* -1: the library has closed it */
	const char *lent;
	size_t lent_len;
	struct buf kept;
	bool eof, full, closed_told;
	/* where the library waits for it, edge by edge */
	int epoll_fd; /* -1: nowhere */
	struct epoll_event wanted;
	struct list_link in_news;
};

/* What a number means is the process's, as it is in the kernel: the one place
 * in this tree that is neither a host's nor a world's. */
static struct {
	struct inner_fd **items; /* by number; NULL: not ours */
	bool *waits;             /* by number: an epoll with ours in it */
	int count;
	struct list news; /* struct inner_fd, by in_news: epoll has to tell */
} table;

static void table_reach(int fd)
{
	int count = table.count ? table.count : 64;

	if (fd < table.count)
		return;
	while (count <= fd)
		count *= 2;
	table.items = xrealloc(
	    table.items, (size_t)count * sizeof(*table.items));
	table.waits = xrealloc(
	    table.waits, (size_t)count * sizeof(*table.waits));
	for (int i = table.count; i < count; i++) {
		table.items[i] = NULL;
		table.waits[i] = false;
	}
	table.count = count;
}

static struct inner_fd *inner_of(int fd)
{
	return fd >= 0 && fd < table.count ? table.items[fd] : NULL;
}

static bool waits_for_ours(int epoll_fd)
{
	return epoll_fd >= 0 && epoll_fd < table.count && table.waits[epoll_fd];
}

/* ---- the owner's side ---- */

struct inner_fd *inner_new(const struct inner_ops *ops, void *ctx)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct inner_fd *inner;

	if (fd < 0) {
		check(errno == EMFILE || errno == ENFILE);
		return NULL;
	}
	inner = xcalloc(1, sizeof(*inner));
	inner->ops = ops;
	inner->ctx = ctx;
	inner->fd = fd;
	inner->epoll_fd = -1;
	table_reach(fd);
	check(!table.items[fd]);
	table.items[fd] = inner;
	return inner;
}

static void tell_news(struct inner_fd *inner)
{
	if (inner->epoll_fd >= 0 && !list_holds(&inner->in_news))
		list_add(&table.news, &inner->in_news);
}

static void forget(struct inner_fd *inner)
{
	buf_free(&inner->kept);
	free(inner);
}

void inner_free(struct inner_fd **inner_p)
{
	struct inner_fd *inner = *inner_p;

	*inner_p = NULL;
	if (!inner)
		return;
	inner->ops = NULL;
	inner->lent_len = 0;
	buf_reset(&inner->kept);
	if (inner->fd < 0)
		forget(inner);
	else
		inner_eof(inner);
}

int inner_number(const struct inner_fd *inner)
{
	return inner->fd;
}

void inner_lend(struct inner_fd *inner, const char *data, size_t len)
{
	inner_keep(inner);
	if (inner->kept.len) {
		buf_add(&inner->kept, data, len);
	} else {
		inner->lent = data;
		inner->lent_len = len;
	}
	tell_news(inner);
}

void inner_keep(struct inner_fd *inner)
{
	if (inner->lent_len)
		buf_add(&inner->kept, inner->lent, inner->lent_len);
	inner->lent_len = 0;
}

size_t inner_unread(const struct inner_fd *inner)
{
	return inner->lent_len ? inner->lent_len : inner->kept.len;
}

void inner_eof(struct inner_fd *inner)
{
	inner->eof = true;
	tell_news(inner);
}

void inner_roomy(struct inner_fd *inner)
{
	if (!inner->full)
		return;
	inner->full = false;
	tell_news(inner);
}

bool inner_is_full(const struct inner_fd *inner)
{
	return inner->full;
}

/* ---- the library's side ---- */

static ssize_t fail(int error)
{
	errno = error;
	return -1;
}

static ssize_t inner_read(
    struct inner_fd *inner, char *out, size_t room, bool peek)
{
	bool lent = inner->lent_len > 0;
	const char *from = lent ? inner->lent : inner->kept.data;
	size_t there = inner_unread(inner), len = there < room ? there : room;

	if (there == 0)
		return inner->eof ? 0 : fail(EAGAIN);
	memcpy(out, from, len);
	if (peek)
		return (ssize_t)len;
	if (lent) {
		inner->lent += len;
		inner->lent_len -= len;
	} else {
		buf_drop(&inner->kept, len);
	}
	return (ssize_t)len;
}

static ssize_t inner_write(struct inner_fd *inner, const char *data, size_t len)
{
	size_t taken;

	if (!inner->ops || inner->closed_told)
		return fail(EPIPE);
	taken = inner->ops->write(inner->ctx, data, len);
	check(taken <= len);
	inner->full = taken == 0 && len > 0;
	if (taken < len && !inner->full) /* a short write is an edge, too */
		tell_news(inner);
	return taken || !len ? (ssize_t)taken : fail(EAGAIN);
}

/* As of a stream socket: what the first pieces do not fill waits. */
static ssize_t inner_write_pieces(
    struct inner_fd *inner, const struct msghdr *message)
{
	ssize_t all = 0;

	for (size_t i = 0; i < (size_t)message->msg_iovlen; i++) {
		const struct iovec *piece = &message->msg_iov[i];
		ssize_t put = inner_write(
		    inner, piece->iov_base, piece->iov_len);

		if (put < 0)
			return all ? all : put;
		all += put;
		if ((size_t)put < piece->iov_len)
			break;
	}
	return all;
}

static short inner_poll(const struct inner_fd *inner, short wanted)
{
	short events = 0;

	if (inner_unread(inner) || inner->eof)
		events |= POLLIN | POLLRDNORM;
	if (!inner->full)
		events |= POLLOUT | POLLWRNORM;
	return events & wanted;
}

static void tell_closed(struct inner_fd *inner)
{
	if (inner->closed_told)
		return;
	inner->closed_told = true;
	if (inner->ops && inner->ops->closed)
		inner->ops->closed(inner->ctx);
}

static void inner_close(struct inner_fd *inner)
{
	tell_closed(inner);
	list_remove(&inner->in_news);
	table.items[inner->fd] = NULL;
	inner->fd = -1;
	if (!inner->ops)
		forget(inner);
}

static int inner_epoll_ctl(struct inner_fd *inner, int epoll_fd, int what,
    const struct epoll_event *event)
{
	if (what == EPOLL_CTL_DEL) {
		inner->epoll_fd = -1;
		list_remove(&inner->in_news);
		return 0;
	}
	table_reach(epoll_fd);
	table.waits[epoll_fd] = true;
	inner->epoll_fd = epoll_fd;
	inner->wanted = *event;
	tell_news(inner);
	return 0;
}

static uint32_t epoll_events(const struct inner_fd *inner)
{
	uint32_t events = 0;

	if (inner_unread(inner) || inner->eof)
		events |= EPOLLIN;
	if (!inner->full)
		events |= EPOLLOUT;
	return events & inner->wanted.events;
}

/* The kernel's own descriptors in the same set are for waking a thread that
 * sleeps in it; nobody does. */
static int inner_epoll_wait(int epoll_fd, struct epoll_event *events, int room)
{
	int count = 0;

	list_each(&table.news, struct inner_fd, in_news, inner)
	{
		if (count == room)
			break;
		if (inner->epoll_fd != epoll_fd)
			continue;
		list_remove(&inner->in_news);
		events[count] = inner->wanted;
		events[count].events = epoll_events(inner);
		count += events[count].events != 0;
	}
	return count;
}

/* What libcurl takes for two addresses and prints. */
static int inner_name(struct sockaddr *name, socklen_t *len)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memcpy(name, &at, *len < sizeof(at) ? *len : sizeof(at));
	*len = sizeof(at);
	return 0;
}

/* ---- in the place of the C library's ---- */

#pragma GCC visibility push(default)

/* The next definition of this name: the C library's, or of something that was
 * put before it (a sanitizer, libfaketime). */
#define NEXT(name)                                     \
	static __typeof__(&name) next;                 \
	if (!next) {                                   \
		void *found = dlsym(RTLD_NEXT, #name); \
		check(found);                          \
		memcpy(&next, &found, sizeof(next));   \
	}

ssize_t recv(int fd, void *out, size_t room, int flags)
{
	struct inner_fd *inner = inner_of(fd);

	NEXT(recv)
	return inner ? inner_read(inner, out, room, flags & MSG_PEEK)
	             : next(fd, out, room, flags);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
	struct inner_fd *inner = inner_of(fd);

	NEXT(send)
	return inner ? inner_write(inner, data, len)
	             : next(fd, data, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct inner_fd *inner = inner_of(fd);

	NEXT(sendmsg)
	return inner ? inner_write_pieces(inner, message)
	             : next(fd, message, flags);
}

int shutdown(int fd, int how)
{
	struct inner_fd *inner = inner_of(fd);

	NEXT(shutdown)
	if (!inner)
		return next(fd, how);
	if (how != SHUT_RD)
		tell_closed(inner);
	return 0;
}

int close(int fd)
{
	struct inner_fd *inner = inner_of(fd);

	NEXT(close)
	if (inner)
		inner_close(inner);
	else if (waits_for_ours(fd))
		table.waits[fd] = false;
	return next(fd);
}

/* Asked about ours and others at once, it does not wait for the others. */
int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	bool ours = false;
	int ready = 0;

	NEXT(poll)
	for (nfds_t i = 0; i < count; i++)
		ours = ours || inner_of(fds[i].fd);
	if (!ours)
		return next(fds, count, timeout);
	for (nfds_t i = 0; i < count; i++) {
		const struct inner_fd *inner = inner_of(fds[i].fd);

		if (inner)
			fds[i].revents = inner_poll(inner, fds[i].events);
		else if (next(&fds[i], 1, 0) <= 0)
			fds[i].revents = 0;
		ready += fds[i].revents != 0;
	}
	return ready;
}

int epoll_ctl(int epoll_fd, int what, int fd, struct epoll_event *event)
{
	struct inner_fd *inner = inner_of(fd);

	NEXT(epoll_ctl)
	return inner ? inner_epoll_ctl(inner, epoll_fd, what, event)
	             : next(epoll_fd, what, fd, event);
}

int epoll_wait(int epoll_fd, struct epoll_event *events, int room, int timeout)
{
	NEXT(epoll_wait)
	return waits_for_ours(epoll_fd)
	           ? inner_epoll_wait(epoll_fd, events, room)
	           : next(epoll_fd, events, room, timeout);
}

int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
	NEXT(connect)
	return inner_of(fd) ? 0 : next(fd, address, len);
}

int getpeername(int fd, __SOCKADDR_ARG name, socklen_t *restrict len)
{
	NEXT(getpeername)
	return inner_of(fd) ? inner_name(name.__sockaddr__, len)
	                    : next(fd, name, len);
}

int getsockname(int fd, __SOCKADDR_ARG name, socklen_t *restrict len)
{
	NEXT(getsockname)
	return inner_of(fd) ? inner_name(name.__sockaddr__, len)
	                    : next(fd, name, len);
}

/* No error, and every wish granted: a stream without packets has none of what
 * could be set. */
int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	NEXT(getsockopt)
	if (!inner_of(fd))
		return next(fd, level, name, value, len);
	memset(value, 0, *len);
	return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	NEXT(setsockopt)
	return inner_of(fd) ? 0 : next(fd, level, name, value, len);
}

#pragma GCC visibility pop

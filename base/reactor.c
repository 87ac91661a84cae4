#include "base/real_host.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/list.h"
#include "base/real_parts.h"

#define EVENTS_AT_ONCE 64
#define LONGEST_WAIT   MINUTES(10)

struct reactor_fd {
	struct list_link in_reactor;
	struct reactor *reactor;
	int fd;
	reactor_fd_fn *fire; /* NULL: removed, waits to be freed */
	void *ctx;
};

struct reactor {
	struct loop *loop;
	struct http_server *server;
	struct list removed; /* struct reactor_fd */
	struct list leaving; /* struct tcp */
	struct list unsent;  /* struct tcp */
	int epoll_fd;
	int64_t began_ns;
	double speed;
	bool stopping;
};

static int64_t monotonic_ns(void)
{
	struct timespec now;

	check(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct reactor *reactor_new(double speed)
{
	struct reactor *reactor = xcalloc(1, sizeof(*reactor));

	check(speed > 0);
	reactor->loop = loop_new();
	reactor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	check(reactor->epoll_fd >= 0);
	reactor->began_ns = monotonic_ns();
	reactor->speed = speed;
	return reactor;
}

static void free_removed(struct reactor *reactor)
{
	list_each(&reactor->removed, struct reactor_fd, in_reactor, watch)
	{
		list_remove(&watch->in_reactor);
		free(watch);
	}
}

void reactor_free(struct reactor **reactor)
{
	if (!*reactor)
		return;
	tcp_leave_all(&(*reactor)->leaving);
	free_removed(*reactor);
	http_server_free(&(*reactor)->server);
	loop_free(&(*reactor)->loop);
	close((*reactor)->epoll_fd);
	free(*reactor);
	*reactor = NULL;
}

struct loop *reactor_loop(struct reactor *reactor)
{
	return reactor->loop;
}

double reactor_speed(const struct reactor *reactor)
{
	return reactor->speed;
}

struct http_server *reactor_server(struct reactor *reactor)
{
	if (!reactor->server)
		reactor->server = http_server_new(REAL_MAX_BODY);
	return reactor->server;
}

struct list *reactor_leaving(struct reactor *reactor)
{
	return &reactor->leaving;
}

struct list *reactor_unsent(struct reactor *reactor)
{
	return &reactor->unsent;
}

/* ---- descriptors ---- */

struct reactor_fd *reactor_add_fd(struct reactor *reactor, int fd,
    unsigned events, reactor_fd_fn *fire, void *ctx)
{
	struct reactor_fd *watch = xcalloc(1, sizeof(*watch));
	struct epoll_event event = { .events = events, .data.ptr = watch };

	check(fire);
	watch->reactor = reactor;
	watch->fd = fd;
	watch->fire = fire;
	watch->ctx = ctx;
	check(epoll_ctl(reactor->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
	return watch;
}

void reactor_set_fd(struct reactor_fd *watch, unsigned events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	check(epoll_ctl(watch->reactor->epoll_fd, EPOLL_CTL_MOD, watch->fd,
	          &event) == 0);
}

/* An event of it may be in hand already: it is freed after this round. The
 * descriptor may have been closed by its owner (c-ares does), so that the
 * kernel has forgotten it already. */
void reactor_remove_fd(struct reactor_fd **watch)
{
	if (!*watch)
		return;
	epoll_ctl(
	    (*watch)->reactor->epoll_fd, EPOLL_CTL_DEL, (*watch)->fd, NULL);
	(*watch)->fire = NULL;
	list_add(&(*watch)->reactor->removed, &(*watch)->in_reactor);
	*watch = NULL;
}

/* ---- running ---- */

usec reactor_clock(const struct reactor *reactor)
{
	double passed_ns = (double)(monotonic_ns() - reactor->began_ns);

	return (usec)(passed_ns * reactor->speed / 1000);
}

static void catch_up(struct reactor *reactor)
{
	usec now = reactor_clock(reactor);

	if (now > loop_now(reactor->loop))
		loop_advance(reactor->loop, now);
}

static int wait_for_ms(const struct reactor *reactor)
{
	usec next_at = loop_next_at(reactor->loop);
	usec wait_for = LONGEST_WAIT;

	if (next_at != USEC_NEVER)
		wait_for = (usec)((double)(next_at - loop_now(reactor->loop)) /
		                  reactor->speed) +
		           999;
	if (wait_for > LONGEST_WAIT)
		wait_for = LONGEST_WAIT;
	return (int)(wait_for / 1000);
}

static void turn(struct reactor *reactor)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count;

	tcp_send_all(&reactor->unsent);
	count = epoll_wait(
	    reactor->epoll_fd, events, EVENTS_AT_ONCE, wait_for_ms(reactor));
	check(count >= 0 || errno == EINTR);
	catch_up(reactor);
	for (int i = 0; i < count; i++) {
		struct reactor_fd *watch = events[i].data.ptr;

		if (watch->fire)
			watch->fire(watch->ctx, watch->fd, events[i].events);
	}
	free_removed(reactor);
}

static void on_signal(void *ctx, int fd, unsigned events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	reactor_stop(ctx);
}

void reactor_run(struct reactor *reactor, bool catch_signals)
{
	struct reactor_fd *watch = NULL;
	sigset_t mask, old;
	int fd = -1;

	signal(SIGPIPE, SIG_IGN);
	if (catch_signals) {
		sigemptyset(&mask);
		sigaddset(&mask, SIGINT);
		sigaddset(&mask, SIGTERM);
		sigprocmask(SIG_BLOCK, &mask, &old);
		fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
		check(fd >= 0);
		watch = reactor_add_fd(
		    reactor, fd, EPOLLIN, on_signal, reactor);
	}
	reactor->stopping = false;
	while (!reactor->stopping)
		turn(reactor);
	if (catch_signals) {
		reactor_remove_fd(&watch);
		close(fd);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
}

void reactor_stop(struct reactor *reactor)
{
	reactor->stopping = true;
}

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/list.h"
#include "base/reactor_hosts.h"
#include "base/real_host.h"

#define MOST_EVENTS 64
/* epoll_wait counts milliseconds in an int; a day is long enough to wait. */
#define LONGEST_WAIT HOURS(24)

struct reactor_fd {
	struct list_link in_reactor;
	struct reactor *reactor;
	int fd;
	bool removed; /* freed after this turn: events may still name it */
	reactor_fd_fn *fire;
	void *ctx;
};

struct reactor {
	int epoll;
	double speed;
	usec started_mono; /* CLOCK_MONOTONIC */
	usec started_time; /* CLOCK_REALTIME */
	struct loop *loop;
	struct list fds;     /* struct reactor_fd, by ->in_reactor */
	struct list removed; /* same, waiting to be freed */
	struct list hosts;   /* struct reactor_host, by ->in_reactor */
	bool stopping;
};

static usec clock_usec(clockid_t clock)
{
	struct timespec now;

	check(clock_gettime(clock, &now) == 0);
	return SECONDS(now.tv_sec) + now.tv_nsec / 1000;
}

struct reactor *reactor_new(double speed)
{
	struct reactor *reactor = xcalloc(1, sizeof(*reactor));

	check(speed > 0);
	reactor->epoll = epoll_create1(EPOLL_CLOEXEC);
	check(reactor->epoll >= 0);
	reactor->speed = speed;
	reactor->started_mono = clock_usec(CLOCK_MONOTONIC);
	reactor->started_time = clock_usec(CLOCK_REALTIME);
	reactor->loop = loop_new();
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

void reactor_free(struct reactor **reactor_p)
{
	struct reactor *reactor = *reactor_p;

	if (!reactor)
		return;
	free_removed(reactor);
	check(list_is_empty(&reactor->fds));
	check(list_is_empty(&reactor->hosts));
	loop_free(&reactor->loop);
	close(reactor->epoll);
	free(reactor);
	*reactor_p = NULL;
}

struct loop *reactor_loop(struct reactor *reactor)
{
	return reactor->loop;
}

void reactor_stop(struct reactor *reactor)
{
	reactor->stopping = true;
}

/* ---- descriptors ---- */

struct reactor_fd *reactor_add_fd(struct reactor *reactor, int fd,
    unsigned events, reactor_fd_fn *fire, void *ctx)
{
	struct reactor_fd *watch = xcalloc(1, sizeof(*watch));
	struct epoll_event event = { .events = events, .data.ptr = watch };

	watch->reactor = reactor;
	watch->fd = fd;
	watch->fire = fire;
	watch->ctx = ctx;
	check(epoll_ctl(reactor->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
	list_add(&reactor->fds, &watch->in_reactor);
	return watch;
}

void reactor_set_fd(struct reactor_fd *watch, unsigned events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	check(!watch->removed);
	check(epoll_ctl(watch->reactor->epoll, EPOLL_CTL_MOD, watch->fd,
	          &event) == 0);
}

/* The descriptor may have been closed already: then epoll forgot it. */
void reactor_remove_fd(struct reactor_fd **watch_p)
{
	struct reactor_fd *watch = *watch_p;

	if (!watch)
		return;
	epoll_ctl(watch->reactor->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->removed = true;
	list_remove(&watch->in_reactor);
	list_add(&watch->reactor->removed, &watch->in_reactor);
	*watch_p = NULL;
}

/* ---- time ---- */

void reactor_track(struct reactor *reactor, struct reactor_host *entry)
{
	list_add(&reactor->hosts, &entry->in_reactor);
	entry->host->clock_origin = clock_usec(CLOCK_REALTIME) -
	                            loop_now(reactor->loop);
}

void reactor_untrack(struct reactor_host *entry)
{
	list_remove(&entry->in_reactor);
}

/* At speed 1 the wall clock is the kernel's, jumps included. A faster world
 * has a faster calendar too, from the moment it began. */
static void set_clocks(struct reactor *reactor)
{
	usec origin = reactor->speed == 1
	                  ? clock_usec(CLOCK_REALTIME) - loop_now(reactor->loop)
	                  : reactor->started_time;

	list_each(&reactor->hosts, struct reactor_host, in_reactor, entry)
	    entry->host->clock_origin = origin;
}

static void catch_up(struct reactor *reactor)
{
	usec elapsed_for = clock_usec(CLOCK_MONOTONIC) - reactor->started_mono;
	usec now_at = (usec)((double)elapsed_for * reactor->speed);

	if (now_at < loop_now(reactor->loop))
		now_at = loop_now(reactor->loop);
	loop_advance(reactor->loop, now_at);
	set_clocks(reactor);
}

static int wait_ms(const struct reactor *reactor)
{
	usec next_at = loop_next_at(reactor->loop);
	usec wait_for;

	if (next_at == USEC_NEVER)
		return -1;
	wait_for = next_at - loop_now(reactor->loop);
	if (wait_for <= 0)
		return 0;
	if (wait_for > LONGEST_WAIT)
		wait_for = LONGEST_WAIT;
	wait_for = (usec)((double)wait_for / reactor->speed);
	return (int)((wait_for + 999) / 1000);
}

/* ---- running ---- */

static void on_signal(void *ctx, int fd, unsigned events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		reactor_stop(ctx);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	check(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void one_turn(struct reactor *reactor)
{
	struct epoll_event events[MOST_EVENTS];
	int count = epoll_wait(
	    reactor->epoll, events, MOST_EVENTS, wait_ms(reactor));

	check(count >= 0 || errno == EINTR);
	catch_up(reactor);
	for (int i = 0; i < count; i++) {
		struct reactor_fd *watch = events[i].data.ptr;

		if (!watch->removed)
			watch->fire(watch->ctx, watch->fd, events[i].events);
	}
	free_removed(reactor);
}

void reactor_run(struct reactor *reactor, bool catch_signals)
{
	struct reactor_fd *signals = NULL;
	int fd = -1;

	/* A peer that goes away is an error value, not a signal. */
	signal(SIGPIPE, SIG_IGN);
	if (catch_signals) {
		fd = open_signals();
		check(fd >= 0);
		signals = reactor_add_fd(
		    reactor, fd, EPOLLIN, on_signal, reactor);
	}
	reactor->stopping = false;
	catch_up(reactor);
	while (!reactor->stopping)
		one_turn(reactor);
	reactor_remove_fd(&signals);
	if (fd >= 0)
		close(fd);
}

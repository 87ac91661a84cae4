/*
 * real_host: the host seam on a real machine.
 *
 * Time from the kernel, sockets through epoll, names through c-ares, TLS and
 * HTTP by the same parts that the https wire uses (OpenSSL, libcurl,
 * libmicrohttpd), files in one directory, chance from getrandom, log lines to
 * standard error. One thread: reactor_run until reactor_stop.
 *
 * speed N makes the loop run N times faster than the clock of the machine, for
 * `pcgsim serve --speed`: its timers, and its calendar too, which then starts
 * at the present and is not set any more. At speed 1 the calendar is the
 * machine's, jumps included.
 */
#ifndef BASE_REAL_HOST_H
#define BASE_REAL_HOST_H

#include "base/host.h"
#include "base/wire.h"

struct reactor;

struct reactor *reactor_new(double speed);
void reactor_free(struct reactor **reactor);
struct loop *reactor_loop(struct reactor *reactor);
/* Until reactor_stop, or SIGINT or SIGTERM if catch_signals. */
void reactor_run(struct reactor *reactor, bool catch_signals);
void reactor_stop(struct reactor *reactor);

/* Watch a descriptor: events are EPOLLIN, EPOLLOUT. fire may remove it. */
struct reactor_fd;
typedef void reactor_fd_fn(void *ctx, int fd, unsigned events);
struct reactor_fd *reactor_add_fd(struct reactor *reactor, int fd,
    unsigned events, reactor_fd_fn *fire, void *ctx);
void reactor_set_fd(struct reactor_fd *watch, unsigned events);
void reactor_remove_fd(struct reactor_fd **watch);

struct real_host_options {
	const char *name;
	const char *directory; /* of the disk; NULL: no disk. Must exist. */
	const char *resolver;  /* "127.0.0.1:5353"; NULL: the system's */
	const char *bind;      /* address listeners bind to; NULL: 127.0.0.1 */
	enum log_level loudest;
	uint64_t seed;   /* of its choices; 0: from the kernel */
	bool timestamps; /* in front of log lines */
};
/* NULL and *err if the directory cannot be used, or the resolver is none. */
struct host *real_host_new(struct reactor *reactor,
    const struct real_host_options *options, struct err *err);
void real_host_free(struct host **host);

/* What happens on a host may be watched (a journal): set before parts start;
 * NULL from the beginning. Not owned. */
void real_host_tell(struct host *host, struct events *events);

/* Which port a listener really got (a service may ask for port 0). */
uint16_t real_listener_port(const struct listener *listener);

/* A host for something that is born in a served world (a machine, a pod): it
 * shares everything with its parent but name and net; what it dials and
 * listens on uses `address`. Freed with real_host_free. */
struct host *real_host_child(struct reactor *reactor, const struct host *parent,
    const char *name, const char *address, const char *resolver);

/* Who looks at what comes in to the services of one net: a fault may strike
 * it (base/wire.h; the client is the peer's address, mark is never NULL), and
 * a journal is told when its fate is known, once: with the response of the
 * service even if a fault then kept it back, and with none if there was none.
 * Streams are told when they begin, and not struck on their way back. Either
 * function may be NULL. Set before clients come; ctx
 * lives until real_net_free or a call with NULL. */
struct real_told {
	const struct wire_sight *sight;
	const char *fault; /* "answer truncated", ...; "" for none */
	usec arrived_at; /* of the loop; and how long it took, handling too: */
	usec took_for;
};
typedef void real_told_fn(void *ctx, const struct real_told *told);
void real_net_watch(
    struct net *net, wire_fault_fn *strike, real_told_fn *told, void *ctx);

/* NULL and *err if the resolver is no address. */
struct net *real_net_new(struct reactor *reactor, struct host *host,
    const char *bind, const char *resolver, struct err *err);
void real_net_free(struct net **net);

#endif

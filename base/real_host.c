#include "base/real_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/check.h"
#include "base/real_parts.h"

#define KEEP_STEP_FOR SECONDS(1)

struct real_host {
	struct host host;
	struct reactor *reactor;
	char *name;
	bool timestamps;
	bool is_child; /* all but name and net is its parent's */
	struct timer keep_step;
};

static usec real_time(void)
{
	struct timespec now;

	check(clock_gettime(CLOCK_REALTIME, &now) == 0);
	return (usec)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static void set_clock(struct real_host *real)
{
	real->host.clock_origin = real_time() - loop_now(real->host.loop);
}

/* The machine's clock may be set while we run, and we follow it. A faster loop
 * has a calendar of its own that runs as fast, from the moment it began. */
static void keep_step(struct timer *timer)
{
	struct real_host *real = OWNER_OF(timer, struct real_host, keep_step);

	if (reactor_speed(real->reactor) != 1)
		return;
	set_clock(real);
	timer_set(timer, real->host.loop, KEEP_STEP_FOR);
}

static void write_line(
    void *ctx, enum log_level level, const char *who, const char *line)
{
	struct real_host *real = ctx;
	char at[32] = "";

	if (real->timestamps)
		time_text_ms(host_time(&real->host), at);
	fprintf(stderr, "%s%s%s %s: %s\n", at, *at ? " " : "",
	    log_level_name(level), who, line);
}

static uint64_t real_seed(void)
{
	uint64_t seed;

	check(getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed));
	return seed;
}

struct host *real_host_new(struct reactor *reactor,
    const struct real_host_options *options, struct err *err)
{
	struct real_host *real = xcalloc(1, sizeof(*real));
	struct host *host = &real->host;
	uint64_t seed = options->seed ? options->seed : real_seed();

	if (options->directory) {
		host->disk = real_disk_new(options->directory, err);
		if (!host->disk) {
			free(real);
			return NULL;
		}
	}
	real->reactor = reactor;
	real->name = xstrdup(options->name);
	real->timestamps = options->timestamps;
	host->name = real->name;
	host->loop = reactor_loop(reactor);
	host->choices = choices_new(seed);
	host->secrets = secrets_new(seed);
	host->log = log_new(options->loudest, host->secrets, write_line, real);
	set_clock(real);
	timer_init(&real->keep_step, keep_step);
	timer_set(&real->keep_step, host->loop, 0);
	host->net = real_net_new(reactor, host,
	    options->bind ? options->bind : "127.0.0.1", options->resolver,
	    err);
	if (!host->net)
		real_host_free(&host);
	return host;
}

struct host *real_host_child(struct reactor *reactor, const struct host *parent,
    const char *name, const char *address, const char *resolver)
{
	struct real_host *real = xcalloc(1, sizeof(*real));
	struct host *host = &real->host;
	struct err err = { 0 };

	*host = *parent;
	real->reactor = reactor;
	real->is_child = true;
	real->name = xstrdup(name);
	host->name = real->name;
	host->disk = NULL;
	host->dead = false;
	timer_init(&real->keep_step, keep_step);
	timer_set(&real->keep_step, host->loop, 0);
	host->net = real_net_new(reactor, host, address, resolver, &err);
	check(host->net); /* the resolver is ours, or none */
	return host;
}

void real_host_tell(struct host *host, struct events *events)
{
	host->events = events;
}

static void free_own(struct host *host)
{
	real_disk_free(&host->disk);
	log_free(&host->log);
	secrets_free(&host->secrets);
	choices_free(&host->choices);
}

void real_host_free(struct host **host_p)
{
	struct real_host *real;

	if (!*host_p)
		return;
	real = OWNER_OF(*host_p, struct real_host, host);
	real->host.dead = true;
	timer_cancel(&real->keep_step);
	real_net_free(&real->host.net);
	if (!real->is_child)
		free_own(&real->host);
	free(real->name);
	free(real);
	*host_p = NULL;
}

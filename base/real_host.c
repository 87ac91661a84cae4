#include "base/real_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/reactor_hosts.h"
#include "base/real_disk.h"

struct real_host {
	struct host host;
	struct reactor_host entry;
	char *name;
	bool timestamps;
	bool is_child; /* what it has is its parent's, but name and net */
};

static struct real_host *real_of(struct host *host)
{
	return OWNER_OF(host, struct real_host, host);
}

static void say(
    void *ctx, enum log_level level, const char *who, const char *line)
{
	const struct real_host *real = ctx;
	char time[32];

	if (real->timestamps) {
		time_text_ms(host_time(&real->host), time);
		fprintf(stderr, "%s ", time);
	}
	fprintf(stderr, "%-7s %s: %s\n", log_level_name(level), who, line);
}

static uint64_t kernel_seed(void)
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
	uint64_t seed = options->seed ? options->seed : kernel_seed();

	real->name = xstrdup(options->name);
	real->timestamps = options->timestamps;
	real->entry.host = host;
	host->name = real->name;
	host->loop = reactor_loop(reactor);
	host->secrets = secrets_new(seed);
	host->choices = choices_new(seed);
	host->log = log_new(options->loudest, host->secrets, say, real);
	reactor_track(reactor, &real->entry);
	host->net = real_net_new(
	    reactor, host, options->bind, options->resolver);
	if (options->directory)
		host->disk = real_disk_new(options->directory, err);
	if (options->directory && !host->disk)
		real_host_free(&host);
	return host;
}

struct host *real_host_child(struct reactor *reactor, const struct host *parent,
    const char *name, const char *address, const char *resolver)
{
	struct real_host *real = xcalloc(1, sizeof(*real));
	struct host *host = &real->host;

	real->host = *parent;
	real->is_child = true;
	real->name = xstrdup(name);
	real->entry.host = host;
	host->name = real->name;
	host->disk = NULL;
	host->dead = false;
	reactor_track(reactor, &real->entry);
	host->net = real_net_new(reactor, host, address, resolver);
	return host;
}

void real_host_tell(struct host *host, struct events *events)
{
	host->events = events;
}

static void free_own(struct real_host *real)
{
	real_disk_free(&real->host.disk);
	log_free(&real->host.log);
	choices_free(&real->host.choices);
	secrets_free(&real->host.secrets);
}

void real_host_free(struct host **host_p)
{
	struct host *host = *host_p;
	struct real_host *real;

	if (!host)
		return;
	real = real_of(host);
	real_net_free(&host->net);
	reactor_untrack(&real->entry);
	if (!real->is_child)
		free_own(real);
	free(real->name);
	free(real);
	*host_p = NULL;
}

/*
 * host: everything a part may take from the machine it runs on.
 *
 * This is the seam. The engine gets one of these and nothing else: no time(),
 * no sockets, no rand(), no files, no getenv(). So it cannot know whether it
 * is being simulated, and to crash it is to destroy its host.
 *
 * A host belongs to whoever made it (a simulated world: sim/world of the
 * harness; a daemon: base/real_host.h) and outlives the part that runs on it.
 * `dead` is set first when a host is killed: from then on its net, disk and
 * log do nothing, and its part is freed without being able to say goodbye.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stdbool.h>

#include "base/choices.h"
#include "base/disk.h"
#include "base/events.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/net.h"
#include "base/secrets.h"

struct host {
	const char *name; /* pcg/a, maas/lab, machine/kx4t2m */
	struct loop *loop;
	struct net *net;
	struct disk *disk; /* NULL where there is none */
	struct choices *choices;
	struct log *log;
	struct events *events;
	struct secrets *secrets;
	/* Wall clock = loop_now + clock_origin; a skewed host has another
	 * origin. A real host's maker keeps it in step with CLOCK_REALTIME. */
	usec clock_origin;
	bool dead;
};

/* The wall clock as this host sees it: microseconds since 1970, UTC. */
usec host_time(const struct host *host);

/* "2026-01-01T00:00:00Z", and with milliseconds "2026-01-01T00:00:00.000Z". */
void time_text(usec time, char out[32]);
void time_text_ms(usec time, char out[32]);
/* Reads both forms (fraction and Z optional). False if it is neither. */
bool time_parse(const char *text, usec *time);

#endif

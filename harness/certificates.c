/* Who vouches for the servers of the world, and what they show. */
#include <stdio.h>

#include "harness/world.h"

#define AUTHORITY "Example Internet CA"

struct identity *world_authority(uint64_t seed, const char *name)
{
	char key[80];
	const struct identity_spec spec = {
		.seed = seed,
		.name = key,
		.common_name = AUTHORITY,
		.not_before_time = WORLD_EPOCH - HOURS(24 * 365),
		.not_after_time = WORLD_EPOCH + HOURS(24 * 3650),
		.is_ca = true,
	};

	snprintf(key, sizeof(key), "ca/%s", name);
	return identity_new(&spec, NULL);
}

/* Each has a key of its own; the names are those of the first. The other
 * authority even bears the same name: only its key is another. */
struct identity *plane_certificate(
    struct world *world, struct plane *plane, enum plane_certificate kind)
{
	struct identity *other = world_authority(world->options.seed, "other");
	const char *names[] = { plane->hostname, NULL };
	usec now_time = WORLD_EPOCH + loop_now(world->loop);
	char key[80];
	const struct identity_spec spec = {
		.seed = world->options.seed,
		.name = key,
		.common_name = plane->hostname,
		.dns_names = names,
		.not_before_time = WORLD_EPOCH - HOURS(24),
		.not_after_time = kind == CERTIFICATE_EXPIRED
		                      ? now_time - HOURS(1)
		                      : WORLD_EPOCH + HOURS(24 * 365),
	};
	struct identity *made;

	plane->certificates++;
	snprintf(key, sizeof(key), "%s", plane->hostname);
	if (plane->certificates > 1)
		snprintf(key, sizeof(key), "%s#%u", plane->hostname,
		    plane->certificates);
	made = identity_new(
	    &spec, kind == CERTIFICATE_OF_ANOTHER_CA ? other : world->ca);
	identity_free(&other);
	return made;
}

void plane_show_certificate(
    struct world *world, struct plane *plane, enum plane_certificate kind)
{
	struct identity *next = plane_certificate(world, plane, kind);

	listener_set_identity(palette_listener(plane->palette), next);
	wire_hang_up(plane->seat->host.net);
	identity_free(&next);
}

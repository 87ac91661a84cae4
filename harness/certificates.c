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

/* Each has a key of its own; names and dates are those of the first. */
struct identity *plane_certificate(
    struct world *world, struct plane *plane, const struct identity *issuer)
{
	const char *names[] = { plane->hostname, NULL };
	char key[80];
	const struct identity_spec spec = {
		.seed = world->options.seed,
		.name = key,
		.common_name = plane->hostname,
		.dns_names = names,
		.not_before_time = WORLD_EPOCH - HOURS(24),
		.not_after_time = WORLD_EPOCH + HOURS(24 * 365),
	};

	plane->certificates++;
	snprintf(key, sizeof(key), "%s", plane->hostname);
	if (plane->certificates > 1)
		snprintf(key, sizeof(key), "%s#%u", plane->hostname,
		    plane->certificates);
	return identity_new(&spec, issuer);
}

/* The other authority even bears the same name: only its key is another. */
void plane_show_certificate(
    struct world *world, struct plane *plane, bool of_another_ca)
{
	struct identity *other = world_authority(world->options.seed, "other");
	struct identity *next = plane_certificate(
	    world, plane, of_another_ca ? other : world->ca);

	listener_set_identity(palette_listener(plane->palette), next);
	wire_hang_up(plane->seat->host.net);
	identity_free(&next);
	identity_free(&other);
}

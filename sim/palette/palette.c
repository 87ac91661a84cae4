#include "sim/palette/palette.h"

#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"
#include "sim/palette/routes.h"

#define HTTPS_PORT 443

static usec or_default(usec given, usec otherwise)
{
	return given ? given : otherwise;
}

static bool listen(struct palette *palette, struct err *err)
{
	const struct service service = {
		.name = palette->name,
		.port = palette->port,
		.op_of = palette_op_of,
		.handle = palette_handle,
		.ctx = palette,
		.identity = palette->identity,
	};

	palette->listener = net_listen(palette->host->net, &service, err);
	return palette->listener != NULL;
}

struct palette *palette_new(
    struct host *host, const struct palette_options *options, struct err *err)
{
	struct palette *palette = xcalloc(1, sizeof(*palette));

	palette->host = host;
	palette->name = xstrdup(options->name);
	palette->endpoint = xstrdup(options->endpoint);
	palette->ca_pem = xstrdup(options->ca_pem);
	palette->port = options->port ? options->port : HTTPS_PORT;
	if (options->identity)
		palette->identity = identity_copy(options->identity);
	palette->gateway_lost_after_for = or_default(
	    options->gateway_lost_after_for, MINUTES(10));
	palette->cluster_lost_after_for = or_default(
	    options->cluster_lost_after_for, MINUTES(10));
	palette->poll_after_for = or_default(
	    options->poll_after_for, SECONDS(15));
	palette->requests_per_second = options->requests_per_second;
	palette->jwt_for = MINUTES(15);
	palette->routes = routes_new();
	people_init(palette);
	if (!listen(palette, err))
		palette_free(&palette);
	return palette;
}

/* The door first, so that no exchange finds half a plane; instructions before
 * what they speak of. Nothing is told on the way: this is no event of the
 * world. */
void palette_free(struct palette **palette_ptr)
{
	struct palette *palette = *palette_ptr;

	*palette_ptr = NULL;
	if (!palette)
		return;
	palette->is_closing = true;
	if (palette->listener)
		listener_close(&palette->listener);
	for (size_t i = 0; i < palette->instruction_count; i++)
		instruction_free(palette->instructions[i]);
	for (size_t i = 0; i < palette->cluster_count; i++)
		cluster_free(palette->clusters[i]);
	for (size_t i = 0; i < palette->profile_count; i++)
		profile_free(palette->profiles[i]);
	for (size_t i = 0; i < palette->account_count; i++)
		palette_account_free(palette->accounts[i]);
	for (size_t i = 0; i < palette->pairing_count; i++)
		pairing_free(palette->pairings[i]);
	for (size_t i = 0; i < palette->gateway_count; i++)
		palette_gateway_free(palette->gateways[i]);
	for (size_t i = 0; i < palette->component_event_count; i++)
		component_event_free(palette->component_events[i]);
	people_free(palette);
	free(palette->instructions);
	free(palette->clusters);
	free(palette->profiles);
	free(palette->accounts);
	free(palette->pairings);
	free(palette->gateways);
	free(palette->component_events);
	free(palette->buckets);
	routes_free(&palette->routes);
	identity_free(&palette->identity);
	free(palette->name);
	free(palette->endpoint);
	free(palette->ca_pem);
	free(palette);
}

struct listener *palette_listener(struct palette *palette)
{
	return palette->listener;
}

bool palette_restart(struct palette *palette, struct err *err)
{
	listener_close(&palette->listener);
	return listen(palette, err);
}

void palette_forget_sessions(struct palette *palette)
{
	for (size_t i = 0; i < palette->gateway_count; i++)
		text_set(&palette->gateways[i]->token, NULL);
	for (size_t i = 0; i < palette->cluster_count; i++)
		palette->clusters[i]->agent_forgotten = true;
}

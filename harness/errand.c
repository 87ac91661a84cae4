#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "harness/kinds.h"
#include "harness/world.h"

#define TRY_AGAIN_FOR SECONDS(20)
#define GIVE_UP_FOR   HOURS(1)

static void send_it(struct errand *errand);

static void again(struct timer *timer)
{
	send_it(OWNER_OF(timer, struct errand, again));
}

struct errand *errand_new(struct world *world, struct seat *seat,
    struct plane *plane, const char *what)
{
	struct errand *errand = xcalloc(1, sizeof(*errand));
	struct errand **at = &world->errands;

	errand->world = world;
	errand->seat = seat;
	errand->plane = plane;
	errand->what = xstrdup(what);
	errand->with_key = true;
	errand->began_at = loop_now(world->loop);
	timer_init(&errand->again, again);
	token_take(&errand->token, world->loop);
	while (*at)
		at = &(*at)->following;
	*at = errand;
	return errand;
}

static void errand_free(struct errand *errand)
{
	timer_cancel(&errand->again);
	call_cancel(&errand->call);
	token_drop(&errand->token);
	json_decref(errand->body);
	for (int i = 0; i < 2; i++)
		free(errand->kept[i]);
	free(errand->what);
	free(errand->method);
	free(errand->target);
	free(errand);
}

void errand_done(struct errand *errand)
{
	struct errand **at = &errand->world->errands;

	while (*at != errand) {
		check(*at);
		at = &(*at)->following;
	}
	*at = errand->following;
	errand_free(errand);
}

void errands_drop(struct world *world)
{
	while (world->errands)
		errand_done(world->errands);
}

void errand_failed(struct errand *errand, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	world_trouble(errand->world, "%s: %s", errand->what, buf_text(&text));
	buf_free(&text);
	errand_done(errand);
}

void errand_ask_again_after(struct errand *errand, usec wait_for)
{
	if (loop_now(errand->world->loop) - errand->began_at > GIVE_UP_FOR)
		errand_failed(errand, "%s %s came to nothing for an hour",
		    errand->method, errand->target);
	else
		timer_set(&errand->again, errand->world->loop, wait_for);
}

static bool come_again(int status)
{
	return status == 429 || status >= 500;
}

static void answered(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct errand *errand = ctx;
	json_t *body = NULL;
	struct err parse;

	errand->call = NULL;
	if (err || (come_again(answer->status) && answer->status != 501)) {
		errand_ask_again_after(errand, TRY_AGAIN_FOR);
		return;
	}
	if (answer->body.len)
		body = json_parse(answer->body.data, answer->body.len, &parse);
	errand->next(errand, answer->status, body);
	json_decref(body);
}

static char *relay_url(const struct errand *errand)
{
	const struct relay *relay = errand->relay;
	const char *address;
	long long port;

	if (!relay)
		return NULL;
	address = network_address(errand->world->network, relay->seat->name);
	port = thing_number(relay->thing, "port");
	return relay->user ? xasprintf("http://%s:%s@%s:%lld", relay->user,
	                         relay->password, address, port)
	                   : xasprintf("http://%s:%lld", address, port);
}

static void send_it(struct errand *errand)
{
	static const struct call_handler handler = { .done = answered };
	const struct call_options options = { .timeout_for = SECONDS(60) };
	struct palette_tenant tenant = palette_default_tenant(
	    errand->plane->palette);
	char *proxy = relay_url(errand);
	struct dial dial = {
		.host = errand->plane->hostname,
		.port = 443,
		.tls = true,
		.ca_pem = errand->plane->ca_pem,
		.proxy = proxy,
	};
	struct http_request request = { 0 };

	http_request_set(&request, errand->method, "%s", errand->target);
	if (errand->with_key) {
		http_header_set(&request.headers, "ApiKey", tenant.api_key);
		http_header_set(
		    &request.headers, "ProjectUid", tenant.project_uid);
	}
	if (errand->body)
		http_request_json(&request, json_incref(errand->body));
	errand->call = net_send(errand->seat->host.net, &dial, &request,
	    &options, &handler, errand);
	http_request_free(&request);
	free(proxy);
}

void errand_ask(struct errand *errand, errand_fn *next, const char *method,
    json_t *body, const char *target_fmt, ...)
{
	struct buf target = BUF_INIT;
	va_list ap;

	va_start(ap, target_fmt);
	buf_vaddf(&target, target_fmt, ap);
	va_end(ap);
	free(errand->method);
	free(errand->target);
	json_decref(errand->body);
	errand->method = xstrdup(method);
	errand->target = buf_detach(&target);
	errand->body = body;
	errand->next = next;
	send_it(errand);
}

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "gateway/engine.h"

#define POLL_FOR         SECONDS(15)
#define POLL_SLOWEST_FOR SECONDS(60)
#define REGISTER_FOR     SECONDS(60) /* at most once a minute: X-079 */
#define TIMEOUT_FOR      SECONDS(25)
/* MAAS refuses signatures that are 5 minutes old, so beyond that our clock is
 * wrong for everybody; well again a little earlier, so that it cannot flap. */
#define SKEW_BAD_FOR  MINUTES(5)
#define SKEW_GOOD_FOR MINUTES(4)

static const char *const STATE_WORDS[] = {
	[GATEWAY_UNPAIRED] = "unpaired",
	[GATEWAY_LINKED] = "linked",
	[GATEWAY_CUT_OFF] = "cut-off",
	[GATEWAY_CLOCK_OFF] = "clock-off",
};

static void take_state(
    struct gateway *gateway, enum gateway_state state, const char *condition)
{
	struct link *link = &gateway->link;

	if (link->state == state && !strcmp(link->condition, condition))
		return;
	link->state = state;
	snprintf(link->condition, sizeof(link->condition), "%s", condition);
	log_info(gateway->host, "%s: %s", STATE_WORDS[state], condition);
	EVENT(gateway->host->events, "state", gateway->host->name,
	    gateway->host->name, F("link", STATE_WORDS[state]),
	    F("condition", link->condition));
}

bool link_clock_is_off(const struct gateway *gateway)
{
	return gateway->link.state == GATEWAY_CLOCK_OFF;
}

static usec next_turn_for(struct gateway *gateway)
{
	struct link *link = &gateway->link;
	usec wait_for = link->poll_for ? link->poll_for : POLL_FOR;

	for (unsigned i = 0; i < link->failures && wait_for < POLL_SLOWEST_FOR;
	     i++)
		wait_for *= 2;
	if (wait_for > POLL_SLOWEST_FOR)
		wait_for = POLL_SLOWEST_FOR;
	if (!link->token && link->failures > 0)
		wait_for = REGISTER_FOR;
	/* Many gateways behind one Palette must not walk in step. */
	return choose_range(gateway->host->choices, wait_for * 9 / 10, wait_for,
	    "%s: poll after", gateway->host->name);
}

static void next_turn(struct gateway *gateway)
{
	struct link *link = &gateway->link;
	usec wait_for = next_turn_for(gateway);

	if (link->poll_at_once && link->failures == 0)
		wait_for = 0;
	link->poll_at_once = false;
	timer_set(&link->turn, gateway->host->loop, wait_for);
}

/* A certificate that is "not yet" or "no longer" valid may mean that the
 * other side is wrong; that our clock is, is by far the likelier. */
static bool is_about_time(const struct err *err)
{
	return err->kind == ERR_UNTRUSTED &&
	       (strstr(err->text, "not valid before") ||
	           strstr(err->text, "not valid after") ||
	           strstr(err->text, "expired"));
}

static usec now_offset(const struct gateway *gateway)
{
	return host_time(gateway->host) - loop_now(gateway->host->loop);
}

/* Palette has said what time it is since we started, it was ours, and nobody
 * has set our clock since: then it is the certificate. */
static bool clock_is_proved(const struct gateway *gateway)
{
	const struct link *link = &gateway->link;
	usec set_for = now_offset(gateway) - link->good_offset;

	return link->has_good_offset && set_for < SKEW_BAD_FOR &&
	       set_for > -SKEW_BAD_FOR;
}

static void judge_no_answer(struct gateway *gateway, const struct err *err)
{
	char text[480];

	if (is_about_time(err) && !clock_is_proved(gateway)) {
		snprintf(text, sizeof(text), "is this host's clock right? %s",
		    err->text);
		take_state(gateway, GATEWAY_CLOCK_OFF, text);
		return;
	}
	snprintf(
	    text, sizeof(text), "Palette cannot be reached: %s", err->text);
	take_state(gateway,
	    gateway->link.token ? GATEWAY_CUT_OFF : GATEWAY_UNPAIRED, text);
}

static void judge_skew(struct gateway *gateway, const json_t *body)
{
	struct link *link = &gateway->link;
	usec theirs_time, bad_for, off_for;
	char text[480];

	if (!time_parse(jstr(body, "time"), &theirs_time)) {
		take_state(gateway, GATEWAY_LINKED, "linked to Palette");
		return;
	}
	link->skew_for = host_time(gateway->host) - theirs_time;
	off_for = link->skew_for < 0 ? -link->skew_for : link->skew_for;
	bad_for = link->state == GATEWAY_CLOCK_OFF ? SKEW_GOOD_FOR
	                                           : SKEW_BAD_FOR;
	if (off_for <= bad_for) {
		link->has_good_offset = true;
		link->good_offset = now_offset(gateway);
		take_state(gateway, GATEWAY_LINKED, "linked to Palette");
		return;
	}
	snprintf(text, sizeof(text),
	    "this host's clock is %s Palette's by about %lld minutes: no work "
	    "is begun or continued until it is right (NTP?)",
	    link->skew_for > 0 ? "ahead of" : "behind",
	    (long long)(off_for / MINUTES(1)));
	take_state(gateway, GATEWAY_CLOCK_OFF, text);
}

static json_t *body_of(const struct http_response *answer)
{
	struct err err = { 0 };

	return json_parse(buf_text(&answer->body), answer->body.len, &err);
}

static void forget_token(struct gateway *gateway)
{
	free(gateway->link.token);
	gateway->link.token = NULL;
	gateway->link.account_told = false;
}

void link_judge(struct gateway *gateway, const struct http_response *answer,
    const struct err *err)
{
	char text[480];
	json_t *body;

	if (!answer) {
		judge_no_answer(gateway, err);
		return;
	}
	if (answer->status / 100 == 2)
		return;
	body = body_of(answer);
	snprintf(text, sizeof(text), "Palette says no: %d %s %s",
	    answer->status, jstr(body, "code"), jstr(body, "message"));
	text_mend(text); /* it may have been cut in a character */
	if (answer->status == 401)
		forget_token(gateway);
	take_state(gateway,
	    gateway->link.token ? GATEWAY_CUT_OFF : GATEWAY_UNPAIRED, text);
	json_decref(body);
}

/* ---- sending ---- */

static void send_request(struct gateway *gateway, struct http_request *request,
    const struct call_handler *handler)
{
	struct dial dial = gateway_dial(gateway);
	struct call_options options = { .timeout_for = TIMEOUT_FOR,
		.background = true };
	struct link *link = &gateway->link;

	check(!link->call);
	if (link->token) {
		char *bearer = xasprintf("Bearer %s", link->token);

		http_header_set(&request->headers, "Authorization", bearer);
		free(bearer);
	}
	link->call = net_send(
	    gateway->host->net, &dial, request, &options, handler, gateway);
}

static bool answered(struct gateway *gateway,
    const struct http_response *answer, const struct err *err)
{
	struct link *link = &gateway->link;

	link->call = NULL;
	if (answer && answer->status / 100 == 2)
		return true;
	link->failures++;
	link_judge(gateway, answer, err);
	return false;
}

/* It was answered, and the answer was what it should be. */
static void went_well(struct gateway *gateway)
{
	if (gateway->link.failures > 0)
		outbox_wake(gateway);
	gateway->link.failures = 0;
}

static void came_to_nothing(
    struct gateway *gateway, enum gateway_state state, const char *sentence)
{
	gateway->link.failures++;
	take_state(gateway, state, sentence);
}

static void registered(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct gateway *gateway = ctx;
	struct link *link = &gateway->link;
	const char *token = NULL;

	if (answered(gateway, answer, err)) {
		token = http_header(&answer->headers, "X-Gateway-Token");
		if (!token || strlen(token) < 16) {
			came_to_nothing(gateway, GATEWAY_UNPAIRED,
			    "Palette accepted the pairing code and gave no "
			    "token: is this really Palette?");
		} else if (setting_put(gateway, "link", "token", token)) {
			went_well(gateway);
			link->token = xstrdup(token);
			secrets_add_foreign(
			    gateway->host->secrets, "gateway-token", token);
			link->poll_at_once = true;
		} else {
			came_to_nothing(gateway, GATEWAY_UNPAIRED,
			    "Palette's token cannot be stored: is the disk "
			    "full?");
		}
	}
	next_turn(gateway);
}

static void register_now(struct gateway *gateway)
{
	static const struct call_handler handler = { .done = registered };
	struct http_request request = { 0 };

	http_request_set(
	    &request, "POST", "/v1/pcg/%s/register", gateway->overlord_uid);
	http_request_json(
	    &request, json_pack("{s:s}", "pairingCode", gateway->pairing_code));
	http_header_set(&request.headers, "X-Gateway-Key", gateway->link.key);
	http_header_set(&request.headers, "X-Gateway-Name", gateway->name);
	send_request(gateway, &request, &handler);
}

static void account_told(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct gateway *gateway = ctx;

	if (answered(gateway, answer, err)) {
		went_well(gateway);
		gateway->link.account_told = true;
		gateway->link.poll_at_once = true;
		outbox_wake(gateway);
	}
	next_turn(gateway);
}

static void tell_account(struct gateway *gateway)
{
	static const struct call_handler handler = { .done = account_told };
	struct http_request request = { 0 };
	json_t *body = json_pack("{s:s, s:s, s:s}", "name", gateway->name,
	    "apiEndpoint", gateway->maas_endpoint, "apiKey",
	    gateway->maas_api_key);

	if (gateway->maas_ca_pem)
		jsets(body, "caPem", gateway->maas_ca_pem);
	http_request_set(&request, "PUT", "/v1/link/gateways/%s/account",
	    gateway->overlord_uid);
	http_request_json(&request, body);
	send_request(gateway, &request, &handler);
}

static void take_instructions(struct gateway *gateway, const json_t *body)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(body, "withdrawn"), i, item)
	{
		if (json_is_string(item))
			work_withdraw(gateway, json_string_value(item));
	}
	json_array_foreach(json_object_get(body, "foreign"), i, item)
	{
		if (json_is_string(item))
			work_disown(gateway, json_string_value(item));
	}
	json_array_foreach(json_object_get(body, "instructions"), i, item)
	{
		if (query_is(jstr(item, "kind")))
			query_accept(gateway, item);
		else
			work_accept(gateway, item);
	}
	if (!gateway->link.heard) {
		gateway->link.heard = true;
		work_wake_all(gateway);
	}
}

static void polled(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct gateway *gateway = ctx;
	struct link *link = &gateway->link;
	json_t *body = NULL;

	if (answered(gateway, answer, err)) {
		body = body_of(answer);
		if (!json_is_object(body)) {
			came_to_nothing(gateway, GATEWAY_CUT_OFF,
			    "Palette's answer to a poll is not a JSON object");
		} else {
			went_well(gateway);
			judge_skew(gateway, body);
			if (jint(body, "pollAfterSeconds") > 0)
				link->poll_for = SECONDS(
				    jint(body, "pollAfterSeconds") > 300
				        ? 300
				        : jint(body, "pollAfterSeconds"));
			take_instructions(gateway, body);
		}
	}
	json_decref(body);
	next_turn(gateway);
}

static void poll_now(struct gateway *gateway)
{
	static const struct call_handler handler = { .done = polled };
	struct http_request request = { 0 };
	size_t pending, running;

	work_count(gateway, &pending, &running);
	http_request_set(&request, "POST", "/v1/link/gateways/%s/poll",
	    gateway->overlord_uid);
	http_request_json(&request,
	    json_pack("{s:s, s:I, s:o, s:o, s:{s:I, s:I}}", "agentVersion",
	        "0.1", "epoch", (json_int_t)gateway->link.epoch, "known",
	        work_known(gateway), "holds", objects_held(gateway), "load",
	        "pending", (json_int_t)pending, "running",
	        (json_int_t)running));
	send_request(gateway, &request, &handler);
}

static void take_turn(struct timer *timer)
{
	struct gateway *gateway = OWNER_OF(timer, struct gateway, link.turn);

	if (!gateway->link.token)
		register_now(gateway);
	else if (!gateway->link.account_told)
		tell_account(gateway);
	else
		poll_now(gateway);
}

void link_poll_soon(struct gateway *gateway)
{
	struct link *link = &gateway->link;

	if (link->call)
		link->poll_at_once = true;
	else if (link->failures == 0)
		timer_set(&link->turn, gateway->host->loop, 0);
}

/* The key is made and durable before it is ever shown (G10): after a lost
 * answer the same key gets the same token. */
static bool have_key(struct gateway *gateway)
{
	struct link *link = &gateway->link;
	const char *key = setting_get(gateway, "link", "key");
	char fresh[41];

	if (!*key) {
		choose_text(gateway->host->choices, fresh, 40,
		    "abcdefghijklmnopqrstuvwxyz0123456789", "%s: key",
		    gateway->host->name);
		if (!setting_put(gateway, "link", "key", fresh))
			return false;
		key = fresh;
	}
	link->key = xstrdup(key);
	secrets_add(gateway->host->secrets, "gateway-key", link->key);
	return true;
}

static void count_start(struct gateway *gateway)
{
	char text[24];

	gateway->link.epoch =
	    strtoll(setting_get(gateway, "link", "epoch"), NULL, 10) + 1;
	snprintf(text, sizeof(text), "%lld", (long long)gateway->link.epoch);
	setting_put(gateway, "link", "epoch", text);
}

void link_start(struct gateway *gateway)
{
	struct link *link = &gateway->link;
	const char *token = setting_get(gateway, "link", "token");

	timer_init(&link->turn, take_turn);
	snprintf(link->condition, sizeof(link->condition),
	    "has not spoken to Palette yet");
	if (*token) {
		link->token = xstrdup(token);
		secrets_add_foreign(
		    gateway->host->secrets, "gateway-token", token);
	}
	count_start(gateway);
	if (have_key(gateway))
		timer_set(&link->turn, gateway->host->loop, 0);
}

void link_stop(struct gateway *gateway)
{
	struct link *link = &gateway->link;

	if (link->turn.fire)
		timer_cancel(&link->turn);
	call_cancel(&link->call);
	free(link->key);
	free(link->token);
	link->key = link->token = NULL;
}

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "gateway/engine.h"

#define BATCH          50
#define TIMEOUT_FOR    SECONDS(25)
#define RETRY_FOR      SECONDS(5)
#define RETRY_MOST_FOR SECONDS(60)
/* Sequence numbers are reserved in blocks, so that one write serves many and
 * a number is never used twice, over restarts too. */
#define BLOCK 100

static void name_of(int64_t seq, char name[32])
{
	snprintf(name, 32, "r-%012lld", (long long)seq);
}

static bool reserve(struct gateway *gateway)
{
	struct outbox *box = &gateway->outbox;
	char text[24];

	if (box->next_seq < box->reserved_seq)
		return true;
	snprintf(
	    text, sizeof(text), "%lld", (long long)(box->reserved_seq + BLOCK));
	if (!setting_put(gateway, "outbox", "reserved", text))
		return false;
	box->reserved_seq += BLOCK;
	return true;
}

bool outbox_add(struct gateway *gateway, const json_t *instruction,
    const char *kind, json_t *fields)
{
	struct outbox *box = &gateway->outbox;
	char name[32], time[32];

	if (!reserve(gateway)) {
		json_decref(fields);
		return false;
	}
	time_text_ms(host_time(gateway->host), time);
	json_object_set_new(
	    fields, "seq", json_integer((json_int_t)box->next_seq));
	json_object_set_new(fields, "kind", json_string(kind));
	json_object_set_new(fields, "time", json_string(time));
	json_object_set_new(
	    fields, "clusterUid", json_string(jstr(instruction, "clusterUid")));
	json_object_set_new(
	    fields, "instruction", json_string(jstr(instruction, "id")));
	json_object_set_new(fields, "generation",
	    json_integer((json_int_t)jint(instruction, "generation")));
	name_of(box->next_seq++, name);
	if (!gateway_save(
	        gateway, "Report", name, json_pack("{s:o}", "spec", fields)))
		return false;
	if (!box->call && (box->failures == 0 || !timer_is_set(&box->turn)))
		timer_set(&box->turn, gateway->host->loop, 0);
	return true;
}

/* ---- sending ---- */

struct batch {
	json_t *reports; /* specs */
	size_t most, skipped;
};

static bool into_batch(void *ctx, const json_t *obj)
{
	struct batch *batch = ctx;

	json_array_append_new(
	    batch->reports, json_deep_copy(json_object_get(obj, "spec")));
	return json_array_size(batch->reports) < batch->most;
}

static json_t *first_reports(struct gateway *gateway, size_t most)
{
	struct batch batch = { .reports = json_array(), .most = most };

	store_each(gateway->store, "Report", NULL, NULL, into_batch, &batch);
	return batch.reports;
}

/* Everything up to and including `last`: what was dropped meanwhile does not
 * make us forget what was never sent. */
static void forget_through(struct gateway *gateway, int64_t last)
{
	char name[32];

	for (;;) {
		json_t *first = first_reports(gateway, 1);
		int64_t seq = jint(first, "[0].seq");
		bool more = json_array_size(first) > 0 && seq <= last;

		json_decref(first);
		if (!more)
			return;
		name_of(seq, name);
		gateway_forget(gateway, "Report", name);
		if (gateway_load(gateway, "Report", name))
			return; /* the disk says no: try again later */
	}
}

static void forget_first(struct gateway *gateway)
{
	json_t *first = first_reports(gateway, 1);

	if (json_array_size(first) > 0)
		forget_through(gateway, jint(first, "[0].seq"));
	json_decref(first);
}

static void not_ours(
    struct gateway *gateway, const struct http_response *answer)
{
	struct err err = { 0 };
	json_t *body = json_parse(
	    buf_text(&answer->body), answer->body.len, &err);
	json_t *uids = jget(body, "details.clusters");
	json_t *uid;
	size_t i;

	json_array_foreach(uids, i, uid)
	{
		if (!json_is_string(uid))
			continue;
		outbox_drop_cluster(gateway, json_string_value(uid));
		work_drop_cluster(gateway, json_string_value(uid));
	}
	/* A refusal that names nobody must not stop the queue for ever. */
	if (json_array_size(uids) == 0)
		forget_first(gateway);
	json_decref(body);
}

static void retry_later(struct gateway *gateway)
{
	struct outbox *box = &gateway->outbox;
	usec wait_for = RETRY_FOR;

	for (unsigned i = 0; i < box->failures && wait_for < RETRY_MOST_FOR;
	     i++)
		wait_for *= 2;
	if (wait_for > RETRY_MOST_FOR)
		wait_for = RETRY_MOST_FOR;
	box->failures++;
	timer_set(&box->turn, gateway->host->loop,
	    choose_range(gateway->host->choices, wait_for / 2, wait_for,
	        "%s: report again after", gateway->host->name));
}

static void reported(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct gateway *gateway = ctx;
	struct outbox *box = &gateway->outbox;

	box->call = NULL;
	if (answer && answer->status / 100 == 2) {
		forget_through(gateway, box->last_sent);
		box->failures = 0;
		timer_set(&box->turn, gateway->host->loop, 0);
		return;
	}
	link_judge(gateway, answer, err);
	if (answer && answer->status == 409)
		not_ours(gateway, answer);
	/* A report that Palette cannot take is told once and put away: the
	 * ones behind it matter more. */
	if (answer && (answer->status == 400 || answer->status == 422)) {
		log_error(gateway->host, "Palette refuses a report: %s",
		    buf_text(&answer->body));
		forget_first(gateway);
	}
	retry_later(gateway);
}

static void send_batch(struct timer *timer)
{
	static const struct call_handler handler = { .done = reported };
	struct gateway *gateway = OWNER_OF(timer, struct gateway, outbox.turn);
	struct outbox *box = &gateway->outbox;
	struct call_options options = { .timeout_for = TIMEOUT_FOR };
	struct http_request request = { 0 };
	struct dial dial = gateway_dial(gateway);
	json_t *reports;
	char *bearer;

	if (!gateway->link.token)
		return; /* woken when there is one */
	reports = first_reports(gateway, BATCH);
	if (json_array_size(reports) == 0) {
		json_decref(reports);
		return;
	}
	box->last_sent = jint(
	    json_array_get(reports, json_array_size(reports) - 1), "seq");
	http_request_set(&request, "POST", "/v1/link/gateways/%s/report",
	    gateway->overlord_uid);
	http_request_json(&request, json_pack("{s:o}", "reports", reports));
	bearer = xasprintf("Bearer %s", gateway->link.token);
	http_header_set(&request.headers, "Authorization", bearer);
	free(bearer);
	box->call = net_send(
	    gateway->host->net, &dial, &request, &options, &handler, gateway);
}

/* ---- dropping ---- */

void outbox_wake(struct gateway *gateway)
{
	struct outbox *box = &gateway->outbox;

	if (box->call)
		return;
	box->failures = 0;
	timer_set(&box->turn, gateway->host->loop, 0);
}

static bool is_of_cluster(const void *ctx, const json_t *obj)
{
	const char *cluster_uid = ctx;

	return strcmp(jstr(obj, "spec.clusterUid"), cluster_uid) == 0;
}

void outbox_drop_cluster(struct gateway *gateway, const char *cluster_uid)
{
	gateway_forget_all(gateway, "Report", is_of_cluster, cluster_uid);
}

bool outbox_start(struct gateway *gateway)
{
	struct outbox *box = &gateway->outbox;

	timer_init(&box->turn, send_batch);
	box->reserved_seq = strtoll(
	    setting_get(gateway, "outbox", "reserved"), NULL, 10);
	if (box->reserved_seq == 0)
		box->reserved_seq = 1;
	box->next_seq = box->reserved_seq;
	if (!reserve(gateway))
		return false;
	timer_set(&box->turn, gateway->host->loop, 0);
	return true;
}

void outbox_stop(struct gateway *gateway)
{
	if (gateway->outbox.turn.fire)
		timer_cancel(&gateway->outbox.turn);
	call_cancel(&gateway->outbox.call);
}

/*
 * link: what a gateway says to Palette, and what it is told in return.
 *
 * docs/protocol.md, sections 1 to 3, is what this file does.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

/* The gateway brings the MAAS account that it was installed with; all
 * projects share it. */
void op_link_account(struct request *request)
{
	struct gateway *gateway = request->gateway;
	struct account *account = account_find(
	    request->palette, gateway->account_uid);
	const char *name = jstr(request->body, "name");

	if (!account) {
		account = account_new(request->palette,
		    *name ? name : gateway->meta.name, gateway, "");
		memcpy(gateway->account_uid, account->meta.uid, UID_ROOM);
	}
	if (!account_take_spec(request, account, request->body))
		return;
	text_set(&account->ca_pem, jstr(request->body, "caPem"));
	gateway_heard(gateway);
	answer_empty(request, 204);
}

/* ---- the poll ---- */

static bool knows(const json_t *known, const struct instruction *instruction)
{
	const json_t *generation = json_object_get(known, instruction->id);

	return json_is_integer(generation) &&
	       json_integer_value(generation) == instruction->generation;
}

static bool is_open_for(
    const struct instruction *instruction, const struct gateway *gateway)
{
	return instruction && instruction->state == INSTRUCTION_OPEN &&
	       instruction->gateway == gateway;
}

/* What it holds is picked up: the answer that carried it has arrived. */
static json_t *instructions_for(struct gateway *gateway, const json_t *known)
{
	struct palette *palette = gateway->palette;
	json_t *list = json_array();

	for (size_t i = 0; i < palette->instruction_count; i++) {
		struct instruction *instruction = palette->instructions[i];

		if (!is_open_for(instruction, gateway))
			continue;
		if (!knows(known, instruction))
			json_array_append_new(
			    list, instruction_json(instruction));
		else if (instruction->cluster)
			cluster_picked_up(instruction->cluster);
	}
	return list;
}

static json_t *withdrawn_for(struct gateway *gateway, json_t *known)
{
	json_t *list = json_array(), *generation;
	const char *id;

	json_object_foreach(known, id,
	    generation) if (!is_open_for(instruction_find(gateway->palette, id),
	                        gateway))
	    json_array_append_new(list, json_string(id));
	return list;
}

/* Of what the gateway holds, the clusters that are not its own: migrated to
 * another one, or gone. */
static json_t *foreign_for(const struct gateway *gateway, const json_t *holds)
{
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(holds); i++) {
		const char *uid = json_string_value(json_array_get(holds, i));
		const struct cluster *cluster =
		    uid ? cluster_find(gateway->palette, uid) : NULL;

		if (uid && (!cluster || cluster->gateway != gateway ||
		               cluster->state == CLUSTER_DELETED))
			json_array_append_new(list, json_string(uid));
	}
	return list;
}

void op_poll(struct request *request)
{
	struct palette *palette = request->palette;
	struct gateway *gateway = request->gateway;
	json_t *known = jget(request->body, "known");
	json_t *answer;

	text_set(&gateway->agent_version, jstr(request->body, "agentVersion"));
	gateway->epoch = jint(request->body, "epoch");
	gateway_heard(gateway);
	answer = json_pack("{s:o,s:I,s:o,s:o,s:o}", "time",
	    time_json(palette_time(palette)), "pollAfterSeconds",
	    (json_int_t)(palette->poll_after_for / USEC_PER_SEC),
	    "instructions", instructions_for(gateway, known), "withdrawn",
	    withdrawn_for(gateway, known), "foreign",
	    foreign_for(gateway, jget(request->body, "holds")));
	answer_json(request, 200, answer);
}

/* ---- which reports were kept ---- */

/* Numbers come almost in order, so the ranges are almost always one. */
static bool seq_is_new(struct gateway *gateway, int64_t seq)
{
	struct seq_range *ranges = gateway->kept;
	size_t i = 0;

	while (i < gateway->kept_count && ranges[i].last < seq - 1)
		i++;
	if (i < gateway->kept_count && ranges[i].first <= seq &&
	    seq <= ranges[i].last)
		return false;
	if (i < gateway->kept_count && ranges[i].last == seq - 1) {
		ranges[i].last = seq;
		if (i + 1 < gateway->kept_count &&
		    ranges[i + 1].first == seq + 1) {
			ranges[i].last = ranges[i + 1].last;
			memmove(&ranges[i + 1], &ranges[i + 2],
			    (gateway->kept_count - i - 2) * sizeof(*ranges));
			gateway->kept_count--;
		}
		return true;
	}
	if (i < gateway->kept_count && ranges[i].first == seq + 1) {
		ranges[i].first = seq;
		return true;
	}
	PUSH(gateway->kept, gateway->kept_count, ((struct seq_range){ 0 }));
	memmove(&gateway->kept[i + 1], &gateway->kept[i],
	    (gateway->kept_count - 1 - i) * sizeof(*gateway->kept));
	gateway->kept[i] = (struct seq_range){ seq, seq };
	return true;
}

/* ---- what each kind of report does ---- */

struct report {
	struct palette *palette;
	struct gateway *gateway;
	const json_t *doc;
	struct cluster *cluster;         /* NULL: about a question */
	struct instruction *instruction; /* NULL: none, or an old one */
};

static void take_condition(const struct report *report)
{
	cluster_condition(report->cluster, jstr(report->doc, "type"),
	    jstr(report->doc, "status"), jstr(report->doc, "reason"),
	    jstr(report->doc, "message"));
}

static void take_machine(const struct report *report)
{
	const json_t *doc = report->doc;
	struct pool *pool = pool_find_even_retired(
	    report->cluster, jstr(doc, "pool"));
	struct machine *machine;

	if (!pool || !*jstr(doc, "name"))
		return;
	machine = machine_upsert(report->cluster, pool, jstr(doc, "name"));
	if (*jstr(doc, "systemId"))
		text_set(&machine->system_id, jstr(doc, "systemId"));
	if (*jstr(doc, "address"))
		text_set(&machine->address, jstr(doc, "address"));
	if (*jstr(doc, "hostname"))
		text_set(&machine->hostname, jstr(doc, "hostname"));
	if (strcmp(jstr(doc, "state"), "Deleted") == 0)
		machine_remove(pool, machine);
	else
		machine_set_state(report->cluster, machine, jstr(doc, "state"));
	pools_forget_empty(report->cluster);
}

static void take_endpoint(const struct report *report)
{
	json_t *endpoint = json_pack("{s:s,s:I}", "host",
	    jstr(report->doc, "host"), "port",
	    (json_int_t)jint(report->doc, "port"));

	json_decref(report->cluster->endpoints);
	report->cluster->endpoints = json_pack("[o]", endpoint);
}

static void take_kubeconfig(const struct report *report)
{
	struct cluster *cluster = report->cluster;
	const char *value = jstr(report->doc, "value");

	if (!*value)
		return;
	kubeconfig_keep(cluster->palette, &cluster->admin_kubeconfig, value);
	cluster_condition(cluster, "KubeConfigReady", "True", "", "");
}

static void take_event(const struct report *report)
{
	cluster_event_add(report->cluster, jstr(report->doc, "severity"),
	    jstr(report->doc, "reason"), jstr(report->doc, "message"),
	    report->gateway->meta.name);
}

/* That it goes on is all it says, and that much any report says. */
static void take_progress(const struct report *report)
{
	(void)report;
}

static void take_waiting(const struct report *report)
{
	const char *message = jstr(report->doc, "message");

	if (report->instruction)
		instruction_waits(report->instruction,
		    *message ? message : jstr(report->doc, "reason"));
}

static void create_ended(const struct report *report, bool ok)
{
	if (ok)
		cluster_handed_over(report->cluster);
	else
		cluster_create_failed(
		    report->cluster, jstr(report->doc, "message"));
}

/* A delete that failed leaves the cluster Deleting, without an instruction:
 * the operator may ask again. */
static void delete_ended(const struct report *report, bool ok)
{
	if (ok)
		cluster_deleted(report->cluster);
	else
		cluster_event_add(report->cluster, "Error",
		    "ClusterDeleteFailed", jstr(report->doc, "message"),
		    report->gateway->meta.name);
}

static void take_result(const struct report *report)
{
	struct instruction *instruction = report->instruction;
	bool ok = strcmp(jstr(report->doc, "outcome"), "done") == 0;

	if (!instruction)
		return;
	if (instruction->question) {
		question_answered(instruction, ok, jstr(report->doc, "message"),
		    jget(report->doc, "data"));
		return;
	}
	instruction_end(
	    instruction, ok ? INSTRUCTION_DONE : INSTRUCTION_FAILED);
	if (instruction->kind == INSTRUCTION_CREATE)
		create_ended(report, ok);
	else
		delete_ended(report, ok);
}

static const struct report_kind {
	const char *name;
	void (*take)(const struct report *report);
	bool is_waiting, needs_cluster;
} report_kinds[] = {
	{ "condition", take_condition, false, true },
	{ "machine", take_machine, false, true },
	{ "endpoint", take_endpoint, false, true },
	{ "kubeconfig", take_kubeconfig, false, true },
	{ "event", take_event, false, true },
	{ "progress", take_progress, false, true },
	{ "waiting", take_waiting, true, true },
	{ "result", take_result, false, false },
};

static const struct report_kind *kind_of(const json_t *doc)
{
	const char *kind = jstr(doc, "kind");

	for (size_t i = 0; i < sizeof(report_kinds) / sizeof(report_kinds[0]);
	     i++)
		if (strcmp(report_kinds[i].name, kind) == 0)
			return &report_kinds[i];
	return NULL;
}

/* An old generation may tell what it saw, and decides nothing. */
static struct instruction *instruction_meant(
    struct gateway *gateway, const json_t *doc)
{
	struct instruction *instruction = instruction_find(
	    gateway->palette, jstr(doc, "instruction"));

	return is_open_for(instruction, gateway) &&
	               jint(doc, "generation") == instruction->generation
	           ? instruction
	           : NULL;
}

static void take_report(struct request *request, const json_t *doc)
{
	const struct report_kind *kind = kind_of(doc);
	struct report report = {
		.palette = request->palette,
		.gateway = request->gateway,
		.doc = doc,
		.cluster = cluster_find(
		    request->palette, jstr(doc, "clusterUid")),
		.instruction = instruction_meant(request->gateway, doc),
	};

	check(kind);
	if (!seq_is_new(request->gateway, jint(doc, "seq")))
		return;
	if (kind->needs_cluster && !report.cluster)
		return;
	if (report.cluster && report.cluster->state == CLUSTER_DELETED)
		return;
	if (report.instruction && !kind->is_waiting)
		instruction_waits(report.instruction, NULL);
	if (report.instruction && report.cluster)
		cluster_picked_up(report.cluster);
	kind->take(&report);
	if (report.cluster)
		cluster_settle(report.cluster);
}

/* ---- the post ---- */

static bool is_foreign(struct request *request, const json_t *doc)
{
	const char *uid = jstr(doc, "clusterUid");
	const struct cluster *cluster = cluster_find(request->palette, uid);

	return *uid && (!cluster || cluster->gateway != request->gateway);
}

static bool has_text(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), text) ==
		    0)
			return true;
	return false;
}

/* One writer per cluster: the gateway that it refers to at this moment. */
static bool refuse_foreign(struct request *request, const json_t *reports)
{
	json_t *foreign = json_array();

	for (size_t i = 0; i < json_array_size(reports); i++) {
		const json_t *doc = json_array_get(reports, i);

		if (is_foreign(request, doc) &&
		    !has_text(foreign, jstr(doc, "clusterUid")))
			json_array_append_new(
			    foreign, json_string(jstr(doc, "clusterUid")));
	}
	if (json_array_size(foreign) > 0) {
		refuse_with(request, 409, "NotYourCluster",
		    json_pack("{s:O}", "clusters", foreign),
		    "%zu of these clusters do not refer to %s (any more)",
		    json_array_size(foreign), request->gateway->meta.name);
		json_decref(foreign);
		return true;
	}
	json_decref(foreign);
	return false;
}

static bool refuse_malformed(struct request *request, const json_t *reports)
{
	for (size_t i = 0; i < json_array_size(reports); i++) {
		const json_t *doc = json_array_get(reports, i);

		if (!json_is_integer(jget(doc, "seq"))) {
			refuse(request, 400, "InvalidReport",
			    "reports[%zu] has no seq", i);
			return true;
		}
		if (!kind_of(doc)) {
			refuse(request, 400, "InvalidReport",
			    "reports[%zu] is of no known kind: \"%.40s\"", i,
			    jstr(doc, "kind"));
			return true;
		}
	}
	return false;
}

void op_report(struct request *request)
{
	const json_t *reports = jget(request->body, "reports");

	if (!json_is_array(reports)) {
		refuse(request, 400, "InvalidReport",
		    "the body must hold a list of reports");
		return;
	}
	if (refuse_malformed(request, reports) ||
	    refuse_foreign(request, reports))
		return;
	for (size_t i = 0; i < json_array_size(reports); i++)
		take_report(request, json_array_get(reports, i));
	answer_empty(request, 204);
}

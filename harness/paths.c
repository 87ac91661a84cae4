#include "harness/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "harness/kinds.h"

/* ---- where things stand in the view ---- */

/* A gateway as Palette lists it ("pcg-a"). */
static void palette_name(const struct thing *pcg, char *out, size_t size)
{
	snprintf(out, size, "pcg-%s", pcg->name);
}

static const struct thing *palette_of(const struct thing *thing)
{
	if (strcmp(thing->kind->name, "palette") == 0)
		return thing;
	if (strcmp(thing->kind->name, "pcg") == 0)
		return thing_link(thing, "palette");
	return thing_link(thing_link(thing, "through"), "palette");
}

static void palette_topic(const struct term *term, struct buf *out)
{
	const struct thing *thing = term->thing;
	char name[100];

	if (strcmp(thing->kind->name, "pcg") == 0) {
		palette_name(thing, name, sizeof(name));
		buf_addf(out, "%s/gateway/%s", palette_of(thing)->full, name);
	} else {
		buf_addf(
		    out, "%s/cluster/%s", palette_of(thing)->full, thing->name);
	}
}

/* Topics are made for each claim at each event: no printf. */
static void own_topic(const struct term *term, struct buf *out)
{
	buf_adds(out, term->thing->full);
}

static void agent_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/agent");
}

static void nodes_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/node/");
}

static void objects_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/object/");
}

static void work_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/instruction/");
}

static void machines_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/machine/");
}

static void dns_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/dns/");
}

static void address_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/address/");
}

static void clusters_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/cluster/");
}

static void gateways_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/gateway/");
}

static void instructions_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, term->thing->full, "/instruction/");
}

static void events_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, palette_of(term->thing)->full, "/event/");
}

static void requests_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, "requests/", term->thing->full);
}

static void flows_topic(const struct term *term, struct buf *out)
{
	buf_add_texts(out, "flows/", term->thing->full);
}

/* ---- reading single things ---- */

static void say(struct value *out, const char *text)
{
	*out = (struct value){ 0 };
	snprintf(out->text, sizeof(out->text), "%s", text);
}

static void say_number(struct value *out, long long number)
{
	*out = (struct value){ .is_number = true, .number = number };
	snprintf(out->text, sizeof(out->text), "%lld", number);
}

static const struct view_thing *topic_thing(
    const struct view *view, const struct term *term)
{
	struct buf name = BUF_INIT;
	const struct view_thing *thing;

	term->path->topic(term, &name);
	thing = view_find(view, buf_text(&name));
	buf_free(&name);
	return thing;
}

/* Not known yet is "None"; a cluster that Palette forgot is Deleted. */
static void read_cluster_state(
    const struct view *view, const struct term *term, struct value *out)
{
	const struct view_thing *thing = topic_thing(view, term);

	if (!thing)
		say(out, "None");
	else
		say(out,
		    thing->gone ? "Deleted" : view_attribute(thing, "state"));
}

/* Palette shows a gateway that it has not heard of for too long by its
 * health; its state word stays. A scenario says both in one word. */
static void read_pcg_state(
    const struct view *view, const struct term *term, struct value *out)
{
	const struct view_thing *thing = topic_thing(view, term);

	if (!thing)
		say(out, "None");
	else if (thing->gone)
		say(out, "Deleted");
	else if (strcasecmp(view_attribute(thing, "health"), "Unhealthy") == 0)
		say(out, "Unhealthy");
	else
		say(out, view_attribute(thing, "state"));
}

static void read_gateway_of(
    const struct view *view, const struct term *term, struct value *out)
{
	const struct view_thing *thing = topic_thing(view, term);
	const char *name = view_attribute(thing, "gateway");

	say(out, name);
	if (strncmp(name, "pcg-", 4) == 0)
		snprintf(out->text, sizeof(out->text), "pcg/%s", name + 4);
}

/* The attribute that has the path's own name. */
static void read_attribute(
    const struct view *view, const struct term *term, struct value *out)
{
	const struct view_thing *thing = topic_thing(view, term);
	const char *text = view_attribute(thing, term->path->word);

	if (thing && thing->gone)
		text = "";
	if (term->path->is_number)
		say_number(out, strtoll(text, NULL, 10));
	else
		say(out, strcmp(term->path->word, "health") == 0 &&
		                 strcasecmp(text, "unhealthy") == 0
		             ? "Unhealthy"
		             : text);
}

/* Palette's word for its machines is nodes; so is the attribute's. */
static void read_machines(
    const struct view *view, const struct term *term, struct value *out)
{
	const struct view_thing *thing = topic_thing(view, term);

	say_number(out, thing && !thing->gone
	                    ? strtoll(view_attribute(thing, "nodes"), NULL, 10)
	                    : 0);
}

static void read_agent(
    const struct view *view, const struct term *term, struct value *out)
{
	const struct view_thing *thing = topic_thing(view, term);

	if (!thing || thing->gone ||
	    strcmp(view_attribute(thing, "state"), "running") != 0)
		say(out, "stopped");
	else
		say(out, view_attribute(thing, "palette"));
}

/* ---- counting things ---- */

struct counting {
	const struct term *term;
	long long sum;
};

static bool count_thing(void *ctx, const struct view_thing *thing)
{
	struct counting *counting = ctx;

	if (counting->term->path->counts(counting->term, thing))
		counting->sum++;
	return true;
}

static void read_count(
    const struct view *view, const struct term *term, struct value *out)
{
	struct counting counting = { term, 0 };
	struct buf prefix = BUF_INIT;

	term->path->topic(term, &prefix);
	view_each(view, buf_text(&prefix), count_thing, &counting);
	buf_free(&prefix);
	say_number(out, counting.sum);
}

/* Each argument that was given is wanted of the attribute of its name. */
static bool attributes_fit(
    const struct term *term, const struct view_thing *thing)
{
	for (size_t i = 0; i < term->argument_count; i++)
		if (!view_glob(term->arguments[i].value,
		        view_attribute(thing, term->arguments[i].key)))
			return false;
	return true;
}

const struct path_argument *path_argument(
    const struct term *term, const char *key)
{
	for (size_t i = 0; i < term->argument_count; i++)
		if (strcmp(term->arguments[i].key, key) == 0)
			return &term->arguments[i];
	return NULL;
}

/* agent_name is <cluster>.<uid>.<MaasMachine>.<attempt>: docs/events.md */
static bool held_for(const struct view_thing *machine, const char *cluster)
{
	const char *agent = view_attribute(machine, "agent_name");
	size_t len = strcspn(agent, ".");

	return len == strlen(cluster) && memcmp(agent, cluster, len) == 0;
}

static const char *bare(const char *name, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(name, kind, len) == 0 && name[len] == '/'
	           ? name + len + 1
	           : name;
}

static bool machine_fits(
    const struct term *term, const struct view_thing *machine)
{
	for (size_t i = 0; i < term->argument_count; i++) {
		const struct path_argument *a = &term->arguments[i];
		const char *name = bare(a->value, "cluster");
		bool held = held_for(machine, name);

		if (strcmp(a->key, "cluster") == 0) {
			if (!held)
				return false;
			continue;
		}
		if (strcmp(a->key, "owner") == 0 && held)
			continue;
		if (!view_glob(a->value, view_attribute(machine, a->key)))
			return false;
	}
	return true;
}

static bool node_fits(const struct term *term, const struct view_thing *node)
{
	const struct path_argument *state = path_argument(term, "state");
	const struct path_argument *role = path_argument(term, "role");
	bool ready = strcmp(view_attribute(node, "ready"), "True") == 0;

	if (role && strcmp(role->value, view_attribute(node, "role")) != 0)
		return false;
	if (!state)
		return true;
	return ready == (strcmp(state->value, "Ready") == 0);
}

static bool object_fits(const struct term *term, const struct view_thing *obj)
{
	const struct path_argument *kind = path_argument(term, "kind");
	const struct path_argument *cluster = path_argument(term, "cluster");
	const struct path_argument *paused = path_argument(term, "paused");
	const struct path_argument *phase = path_argument(term, "phase");
	const char *at = strstr(obj->name, "/object/");
	size_t len;

	at = at ? at + strlen("/object/") : obj->name;
	len = strcspn(at, "/");
	if (kind &&
	    (strlen(kind->value) != len || memcmp(kind->value, at, len) != 0))
		return false;
	if (cluster && strcmp(bare(cluster->value, "cluster"),
	                   view_attribute(obj, "cluster")) != 0)
		return false;
	if (phase && strcmp(phase->value, view_attribute(obj, "phase")) != 0)
		return false;
	return !paused ||
	       strcmp(paused->value, view_attribute(obj, "paused")) == 0;
}

/* pending: whatever is not finished. */
static bool work_fits(const struct term *term, const struct view_thing *work)
{
	const struct path_argument *state = path_argument(term, "state");
	const struct path_argument *order = path_argument(term, "order");
	const char *is = view_attribute(work, "state");

	if (order && !view_glob(order->value, view_attribute(work, "order")))
		return false;
	if (!state)
		return true;
	if (strcmp(state->value, "pending") == 0)
		return strcmp(is, "done") != 0 && strcmp(is, "dropped") != 0;
	return strcmp(state->value, is) == 0;
}

static bool dns_fits(const struct term *term, const struct view_thing *record)
{
	const struct path_argument *name = path_argument(term, "name");
	const char *fqdn = strstr(record->name, "/dns/");

	if (!*view_attribute(record, "addresses"))
		return false;
	return !name || !fqdn || view_glob(name->value, fqdn + strlen("/dns/"));
}

static bool event_fits(const struct term *term, const struct view_thing *event)
{
	if (strcmp(term->thing->kind->name, "cluster") == 0 &&
	    strcmp(view_attribute(event, "cluster"), term->thing->name) != 0)
		return false;
	return attributes_fit(term, event);
}

/* ---- requests ---- */

static const char *value_of(const struct term *term, const char *key)
{
	const struct path_argument *argument = path_argument(term, key);

	return argument ? argument->value : NULL;
}

static void fill_filter(const struct term *term, struct view_filter *filter)
{
	const struct path_argument *after = path_argument(term, "after");
	const struct path_argument *before = path_argument(term, "before");
	const char *kind = term->thing->kind->name;

	*filter = (struct view_filter){
		.client = value_of(term, "from"),
		.server = value_of(term, "to"),
		.op = value_of(term, "op"),
		.outcome = value_of(term, "status"),
		.late = after != NULL,
		.early = before != NULL,
		.after_at = after ? after->time : 0,
		.before_at = before ? before->time : 0,
	};
	if (strcmp(kind, "pcg") == 0 || strcmp(kind, "cluster") == 0)
		filter->client = term->thing->full;
	else
		filter->server = term->thing->full;
}

static void read_requests(
    const struct view *view, const struct term *term, struct value *out)
{
	struct view_filter filter;

	fill_filter(term, &filter);
	say_number(out, view_requests(view, &filter));
}

/* What a cluster itself sends: its agent and its Cluster API service are
 * hosts "cluster/web/agent" and "cluster/web/capi". */
static void read_cluster_requests(
    const struct view *view, const struct term *term, struct value *out)
{
	struct view_filter filter;
	char client[120];

	fill_filter(term, &filter);
	snprintf(client, sizeof(client), "%s/*", term->thing->full);
	filter.client = client;
	say_number(out, view_requests(view, &filter));
}

static void read_flows(
    const struct view *view, const struct term *term, struct value *out)
{
	struct view_filter filter;

	fill_filter(term, &filter);
	say_number(out, view_flows(view, &filter));
}

/* ---- the table ---- */

#define CLUSTER_STATES                                                \
	"None|Pending|Provisioning|Running|Deleting|Deleted|Unknown|" \
	"Importing|Error"
#define GATEWAY_STATES \
	"None|Pending|Provisioning|Running|Unhealthy|Deleting|Deleted"
#define HEALTHS "Healthy|Unhealthy|Unknown"
#define MAAS_STATES                                                           \
	"New|Commissioning|Failed commissioning|Missing|Ready|Reserved|"      \
	"Allocated|Deploying|Deployed|Retired|Broken|Failed deployment|"      \
	"Releasing|Releasing failed|Disk erasing|Failed disk erasing|Rescue " \
	"mode|Entering rescue mode|Failed to enter rescue mode|Exiting "      \
	"rescue mode|Failed to exit rescue mode|Testing|Failed testing"

static const struct path_kind paths[] = {
	{ "cluster", "state", "", 0, NULL, false, CLUSTER_STATES,
	    "what Palette says of it; None before it was created",
	    palette_topic, read_cluster_state, NULL },
	{ "cluster", "health", "", 0, NULL, false, HEALTHS,
	    "what Palette thinks of its heartbeats", palette_topic,
	    read_attribute, NULL },
	{ "cluster", "gateway", "", 0, NULL, false, NULL,
	    "the gateway that Palette's record of it refers to: pcg/a",
	    palette_topic, read_gateway_of, NULL },
	{ "cluster", "waiting", "", 0, NULL, false, NULL,
	    "what it visibly waits for, as Palette shows it; \"\" for nothing",
	    palette_topic, read_attribute, NULL },
	{ "cluster", "handed_over", "", 0, NULL, false, "yes|no",
	    "the gateway has reported that it is done with creating it",
	    palette_topic, read_attribute, NULL },
	{ "cluster", "machines", "", 0, NULL, true, NULL,
	    "its machines that Palette shows as Running", palette_topic,
	    read_machines, NULL },
	{ "cluster", "api", "", 0, NULL, false, "up|down", "its API server",
	    own_topic, read_attribute, NULL },
	{ "cluster", "agent", "", 0, NULL, false, "reached|unreached|stopped",
	    "its Palette agent: whether it reaches Palette", agent_topic,
	    read_agent, NULL },
	{ "cluster", "nodes", "state|role", 1, "Ready|NotReady", true, NULL,
	    "its nodes, as its own API server knows them", nodes_topic,
	    read_count, node_fits },
	{ "cluster", "objects", "kind|paused|phase", 1, NULL, true, NULL,
	    "Cluster API objects in its own API server", objects_topic,
	    read_count, object_fits },
	{ "cluster", "events", "reason|severity|message", 1, NULL, true, NULL,
	    "events about it in Palette", events_topic, read_count,
	    event_fits },
	{ "cluster", "requests", "op|status|to|after|before", 2, NULL, true,
	    NULL, "requests by the programs inside it", requests_topic,
	    read_cluster_requests, NULL },
	{ "pcg", "state", "", 0, NULL, false, GATEWAY_STATES,
	    "what Palette says of it; Unhealthy while it is not heard of",
	    palette_topic, read_pcg_state, NULL },
	{ "pcg", "health", "", 0, NULL, false, HEALTHS,
	    "what Palette thinks of its polls", palette_topic, read_attribute,
	    NULL },
	{ "pcg", "link", "", 0, NULL, false,
	    "unpaired|linked|cut-off|clock-off",
	    "how it stands with Palette, as it says itself", own_topic,
	    read_attribute, NULL },
	{ "pcg", "condition", "", 0, NULL, false, NULL,
	    "what it says about that, in a sentence", own_topic, read_attribute,
	    NULL },
	{ "pcg", "work", "state|order", 1,
	    "pending|running|waiting|done|dropped", true, NULL,
	    "instructions that it holds, as it says itself", work_topic,
	    read_count, work_fits },
	{ "pcg", "objects", "kind|cluster|paused|phase", 1, NULL, true, NULL,
	    "Cluster API objects in its own store", objects_topic, read_count,
	    object_fits },
	{ "pcg", "requests", "op|status|to|after|before", 2, NULL, true, NULL,
	    "requests that it sent", requests_topic, read_requests, NULL },
	{ "pcg", "flows", "to|status|after|before", 1, NULL, true, NULL,
	    "connections that it tried to open", flows_topic, read_flows,
	    NULL },
	{ "maas", "machines",
	    "status|owner|cluster|zone|pool|power|hostname|address|locked", 1,
	    MAAS_STATES, true, NULL,
	    "its machines; owner is a user, or a cluster they are held for",
	    machines_topic, read_count, machine_fits },
	{ "maas", "dns", "name", 1, NULL, true, NULL,
	    "names that its DNS answers for, as published", dns_topic,
	    read_count, dns_fits },
	{ "maas", "addresses", "type|user", 1, NULL, true, NULL,
	    "addresses that somebody reserved", address_topic, read_count,
	    attributes_fit },
	{ "maas", "requests", "op|status|from|after|before", 2, NULL, true,
	    NULL, "requests that were sent to it", requests_topic,
	    read_requests, NULL },
	{ "palette", "clusters", "state|health", 1, CLUSTER_STATES, true, NULL,
	    "clusters that it lists", clusters_topic, read_count,
	    attributes_fit },
	{ "palette", "gateways", "state|health", 1, GATEWAY_STATES, true, NULL,
	    "gateways that it lists", gateways_topic, read_count,
	    attributes_fit },
	{ "palette", "instructions", "state|order|gateway", 1,
	    "open|done|failed|withdrawn", true, NULL,
	    "instructions that it gave to gateways", instructions_topic,
	    read_count, attributes_fit },
	{ "palette", "requests", "op|status|from|after|before", 2, NULL, true,
	    NULL, "requests that were sent to it", requests_topic,
	    read_requests, NULL },
	{ "palette", "flows", "from|status|after|before", 1, NULL, true, NULL,
	    "connections that somebody tried to open to it", flows_topic,
	    read_flows, NULL },
	{ "proxy", "requests", "op|status|from|after|before", 2, NULL, true,
	    NULL, "CONNECT requests that it was asked for", requests_topic,
	    read_requests, NULL },
};

const struct path_kind *path_kinds(size_t *count)
{
	*count = sizeof(paths) / sizeof(paths[0]);
	return paths;
}

const struct path_kind *path_kind_of(const char *kind, const char *word)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(paths[i].kind, kind) == 0 &&
		    strcmp(paths[i].word, word) == 0)
			return &paths[i];
	return NULL;
}

/* ---- comparing ---- */

static bool number_holds(enum compare compare, long long is, long long wanted)
{
	switch (compare) {
	case IS:
		return is == wanted;
	case IS_NOT:
		return is != wanted;
	case LESS:
		return is < wanted;
	case AT_MOST:
		return is <= wanted;
	case MORE:
		return is > wanted;
	case AT_LEAST:
		return is >= wanted;
	}
	unreachable("not a comparison");
}

bool term_holds(
    const struct view *view, const struct term *term, struct value *was)
{
	struct value value;
	bool same;

	term->path->read(view, term, &value);
	if (was)
		*was = value;
	if (value.is_number)
		return number_holds(term->compare, value.number, term->number);
	same = view_glob(term->value, value.text);
	return term->compare == IS ? same : !same;
}

bool expression_holds(
    const struct view *view, const struct expression *expression)
{
	for (size_t i = 0; i < expression->term_count; i++)
		if (!term_holds(view, &expression->terms[i], NULL))
			return false;
	return true;
}

bool expression_reads(const struct expression *expression, const char *topic)
{
	bool touched = false;

	for (size_t i = 0; i < expression->term_count && !touched; i++) {
		const struct term *term = &expression->terms[i];
		struct buf prefix = BUF_INIT;

		term->path->topic(term, &prefix);
		touched = strncmp(topic, buf_text(&prefix), prefix.len) == 0;
		buf_free(&prefix);
	}
	return touched;
}

const struct term *expression_culprit(const struct view *view,
    const struct expression *expression, struct value *was)
{
	check(expression->term_count > 0);
	for (size_t i = 0; i < expression->term_count; i++)
		if (!term_holds(view, &expression->terms[i], was))
			return &expression->terms[i];
	term_holds(view, &expression->terms[0], was);
	return &expression->terms[0];
}

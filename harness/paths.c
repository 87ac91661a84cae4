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

#define ANY NULL /* text */

/* A text, of these words. */
#define SAYS(of, name, said, about, how, sentence)                \
	{                                                         \
		.kind = (of), .word = (name), .arguments = "",    \
		.words = (said), .topic = (about), .read = (how), \
		.help = (sentence)                                \
	}
/* How many things fit. Of the arguments the first few may be given without
 * their names, and the first one may be restricted to some words. */
#define COUNTS(of, name, about, fits, given, bare, first, sentence)      \
	{                                                                \
		.kind = (of), .word = (name), .arguments = (given),      \
		.positional = (bare), .argument_words = (first),         \
		.is_number = true, .topic = (about), .read = read_count, \
		.counts = (fits), .help = (sentence)                     \
	}
/* Another number. */
#define NUMBERS(of, name, about, how, given, bare, sentence)               \
	{                                                                  \
		.kind = (of), .word = (name), .arguments = (given),        \
		.positional = (bare), .is_number = true, .topic = (about), \
		.read = (how), .help = (sentence)                          \
	}

static const struct path_kind paths[] = {
	SAYS("cluster", "state", CLUSTER_STATES, palette_topic,
	    read_cluster_state,
	    "what Palette says of it; None before it was created"),
	SAYS("cluster", "health", HEALTHS, palette_topic, read_attribute,
	    "what Palette thinks of its heartbeats"),
	SAYS("cluster", "gateway", ANY, palette_topic, read_gateway_of,
	    "the gateway that Palette's record of it refers to: pcg/a"),
	SAYS("cluster", "waiting", ANY, palette_topic, read_attribute,
	    "what it visibly waits for, as Palette shows it; \"\" for nothing"),
	SAYS("cluster", "handed_over", "yes|no", palette_topic, read_attribute,
	    "the gateway has reported that it is done with creating it"),
	NUMBERS("cluster", "machines", palette_topic, read_machines, "", 0,
	    "its machines that Palette shows as Running"),
	SAYS("cluster", "api", "up|down", own_topic, read_attribute,
	    "its API server"),
	SAYS("cluster", "agent", "reached|unreached|stopped", agent_topic,
	    read_agent, "its Palette agent: whether it reaches Palette"),
	COUNTS("cluster", "nodes", nodes_topic, node_fits, "state|role", 1,
	    "Ready|NotReady", "its nodes, as its own API server knows them"),
	COUNTS("cluster", "objects", objects_topic, object_fits,
	    "kind|paused|phase", 1, ANY,
	    "Cluster API objects in its own API server"),
	COUNTS("cluster", "events", events_topic, event_fits,
	    "reason|severity|message", 1, ANY, "events about it in Palette"),
	NUMBERS("cluster", "requests", requests_topic, read_cluster_requests,
	    "op|status|to|after|before", 2,
	    "requests by the programs inside it"),

	SAYS("pcg", "state", GATEWAY_STATES, palette_topic, read_pcg_state,
	    "what Palette says of it; Unhealthy while it is not heard of"),
	SAYS("pcg", "health", HEALTHS, palette_topic, read_attribute,
	    "what Palette thinks of its polls"),
	SAYS("pcg", "link", "unpaired|linked|cut-off|clock-off", own_topic,
	    read_attribute, "how it stands with Palette, as it says itself"),
	SAYS("pcg", "condition", ANY, own_topic, read_attribute,
	    "what it says about that, in a sentence"),
	COUNTS("pcg", "work", work_topic, work_fits, "state|order", 1,
	    "pending|running|waiting|done|dropped",
	    "instructions that it holds, as it says itself"),
	COUNTS("pcg", "objects", objects_topic, object_fits,
	    "kind|cluster|paused|phase", 1, ANY,
	    "Cluster API objects in its own store"),
	NUMBERS("pcg", "requests", requests_topic, read_requests,
	    "op|status|to|after|before", 2, "requests that it sent"),
	NUMBERS("pcg", "flows", flows_topic, read_flows,
	    "to|status|after|before", 1, "connections that it tried to open"),

	COUNTS("maas", "machines", machines_topic, machine_fits,
	    "status|owner|cluster|zone|pool|power|hostname|address|locked", 1,
	    MAAS_STATES,
	    "its machines; owner is a user, or a cluster they are held for"),
	COUNTS("maas", "dns", dns_topic, dns_fits, "name", 1, ANY,
	    "names that its DNS answers for, as published"),
	COUNTS("maas", "addresses", address_topic, attributes_fit, "type|user",
	    1, ANY, "addresses that somebody reserved"),
	NUMBERS("maas", "requests", requests_topic, read_requests,
	    "op|status|from|after|before", 2, "requests that were sent to it"),

	COUNTS("palette", "clusters", clusters_topic, attributes_fit,
	    "state|health", 1, CLUSTER_STATES, "clusters that it lists"),
	COUNTS("palette", "gateways", gateways_topic, attributes_fit,
	    "state|health", 1, GATEWAY_STATES, "gateways that it lists"),
	COUNTS("palette", "instructions", instructions_topic, attributes_fit,
	    "state|order|gateway", 1, "open|done|failed|withdrawn",
	    "instructions that it gave to gateways"),
	NUMBERS("palette", "requests", requests_topic, read_requests,
	    "op|status|from|after|before", 2, "requests that were sent to it"),
	NUMBERS("palette", "flows", flows_topic, read_flows,
	    "from|status|after|before", 1,
	    "connections that somebody tried to open to it"),

	NUMBERS("proxy", "requests", requests_topic, read_requests,
	    "op|status|from|after|before", 2,
	    "CONNECT requests that it was asked for"),
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

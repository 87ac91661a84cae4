#include "sim/maas/vmhosts.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/constraint_judges.h"
#include "sim/maas/constraints.h"
#include "sim/maas/dns.h"
#include "sim/maas/documents.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"
#include "sim/maas/storage.h"
#include "sim/maas/tasks.h"
#include "sim/maas/zones.h"

/*
 * Composing a machine on a host. How much may be asked for is what the host
 * said it has in all (nothing, before it was asked); whether that is left is
 * looked at when the form is fine, and over-commitment counts there.
 */

#define MAX_DISKS 8

struct compose_form {
	int64_t cores, memory;
	int64_t disks[MAX_DISKS];
	size_t disk_count;
	struct zone *zone;
	struct pool *pool;
	struct domain *domain;
	const char *hostname;
};

static int64_t read_whole(struct ask *ask, const char *field, int64_t lowest,
    int64_t highest, int64_t usual, json_t *errors)
{
	const char *text = maas_stripped(ask, field);
	int64_t number = usual;

	if (text && *text)
		maas_form_number(errors, field, text, lowest, highest, &number);
	return number;
}

/* Cores of the host, by number; as many as are pinned count. */
static int64_t read_pinned(struct ask *ask, int64_t cores, json_t *errors)
{
	const char *text;
	size_t at = 0;
	int64_t count = 0;

	while ((text = maas_form_next(&ask->body.form, "pinned_cores", &at))) {
		if (maas_number(text) < 0 || maas_number(text) >= cores) {
			maas_invalid_choice(errors, "pinned_cores", text);
			return 0;
		}
		count++;
	}
	return count;
}

static void read_architecture(
    struct ask *ask, const struct document *host, json_t *errors)
{
	const char *word = maas_field(ask, "architecture");

	if (word && *word &&
	    !maas_json_has_text(jget(host->shown, "architectures"), word))
		maas_invalid_choice(errors, "architecture", word);
}

static void read_hostname(
    struct ask *ask, struct compose_form *form, json_t *errors)
{
	char *fault;

	form->hostname = maas_stripped(ask, "hostname");
	if (!form->hostname || !*form->hostname)
		return;
	fault = maas_label_fault(form->hostname);
	if (maas_node_named(ask->maas, form->hostname))
		maas_error(errors, "hostname",
		    "Node with hostname \"%s\" already exists", form->hostname);
	if (fault)
		maas_error(errors, "hostname", "%s", fault);
	free(fault);
}

/* The one whose number the field holds, or the usual one. */
static void *place(struct ask *ask, const char *field,
    const struct list *places, void *usual, json_t *errors)
{
	const char *text = maas_field(ask, field);
	void *found;
	int64_t number;

	if (!text || !*text)
		return usual;
	found = maas_python_read_int(text, &number)
	            ? maas_list_find(places, number)
	            : NULL;
	if (!found)
		maas_no_such_choice(errors, field);
	return found;
}

static void read_places(struct ask *ask, const struct document *host,
    struct compose_form *form, json_t *errors)
{
	struct maas *maas = ask->maas;
	struct pool *pool = maas_list_find(
	    &maas->pools, jint(host->shown, "pool.id"));

	form->domain = place(
	    ask, "domain", &maas->domains, maas->default_domain, errors);
	form->zone = place(
	    ask, "zone", &maas->zones, maas->default_zone, errors);
	form->pool = place(ask, "pool", &maas->pools,
	    pool ? pool : maas->default_pool, errors);
}

/* "root:32(pool1),data:100": gigabytes. Pools are not told apart. */
static void take_disks(struct compose_form *form, const char *at)
{
	if (!at || !*at)
		at = "root:8";
	while (*at && form->disk_count < MAX_DISKS) {
		size_t label = strcspn(at, ":,(");

		if (at[label] == ':')
			at += label + 1;
		form->disks[form->disk_count++] = (int64_t)(strtod(at, NULL) *
		                                            1e9);
		at += strcspn(at, ",(");
		if (*at == '(')
			at += strcspn(at, ")") + 1;
		at += *at == ',';
	}
}

static void read_disks(
    struct ask *ask, struct compose_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "storage");

	if (text && *text && !maas_storage_ok(text))
		maas_error(errors, "storage",
		    "Malformed storage constraint, \"%s\".", text);
	else
		take_disks(form, text);
}

static bool read_form(
    struct ask *ask, const struct document *host, struct compose_form *form)
{
	bool known = jbool(host->shown, "_known");
	int64_t cores = known ? jint(host->shown, "total.cores") : 0;
	int64_t memory = known ? jint(host->shown, "total.memory") : 0;
	const char *interfaces = maas_field(ask, "interfaces");
	json_t *errors = json_object();
	int64_t pinned;

	*form = (struct compose_form){ 0 };
	form->cores = read_whole(ask, "cores", 1, cores, 1, errors);
	pinned = read_pinned(ask, cores, errors);
	form->memory = read_whole(ask, "memory", 1024, memory, 2048, errors);
	read_architecture(ask, host, errors);
	read_whole(ask, "cpu_speed", 300, INT64_MAX, 0, errors);
	read_hostname(ask, form, errors);
	read_places(ask, host, form, errors);
	read_disks(ask, form, errors);
	if (interfaces && *interfaces)
		maas_interfaces_judge(ask, "interfaces", interfaces, errors);
	if (pinned)
		form->cores = pinned;
	return maas_fine(ask, errors);
}

static void too_much(struct buf *out, const char *what, double ratio,
    int64_t left, int64_t asked)
{
	buf_addf(out, "%s overcommit ratio is ", what);
	maas_python_float(out, ratio);
	buf_addf(out,
	    " and there are %lld available resources; %lld requested.",
	    (long long)left, (long long)asked);
}

static bool has_room(struct ask *ask, const struct document *host,
    const struct compose_form *form)
{
	const json_t *shown = host->shown;
	struct share used = maas_vm_host_used(ask->maas, host->id);
	double cpu = json_number_value(jget(shown, "cpu_over_commit_ratio"));
	double memory = json_number_value(
	    jget(shown, "memory_over_commit_ratio"));
	int64_t cores_left = jint(shown, "total.cores") - used.cores;
	int64_t memory_left = jint(shown, "total.memory") - used.memory;
	struct buf why = BUF_INIT;
	bool fine;

	if ((double)jint(shown, "total.cores") * cpu <
	    (double)(used.cores + form->cores))
		too_much(&why, "CPU", cpu, cores_left, form->cores);
	if ((double)jint(shown, "total.memory") * memory <
	    (double)(used.memory + form->memory))
		too_much(&why, "Memory", memory, memory_left, form->memory);
	fine = !why.len;
	if (!fine)
		maas_refuse(ask, 503,
		    "Unable to compose KVM instance in '%s'. %s",
		    jstr(shown, "name"), buf_text(&why));
	buf_free(&why);
	return fine;
}

/* Frees errors. */
static bool judged(struct ask *ask, json_t *errors)
{
	if (!ask->answered)
		return maas_fine(ask, errors);
	json_decref(errors);
	return false;
}

/* What the rack finds out: is there anybody, and has it the disks? Which
 * machine of a cluster or network it is on is not known of any host. */
static bool can_compose(struct ask *ask, const struct document *host,
    const struct compose_form *form)
{
	const char *interfaces = maas_field(ask, "interfaces");
	struct share used = maas_vm_host_used(ask->maas, host->id);
	int64_t room = jint(host->shown, "total.local_storage") - used.storage;
	int64_t total = 0;
	json_t *errors;

	for (size_t i = 0; i < form->disk_count; i++)
		total += form->disks[i];
	if (!has_room(ask, host, form))
		return false;
	errors = json_object();
	if (interfaces && *interfaces)
		maas_refuse(ask, 400,
		    "Pod must be on a known host if interfaces are "
		    "specified.");
	else if (!jbool(host->shown, "_known"))
		maas_refuse(ask, 503,
		    "Unable to compose a machine because '%s' driver timed "
		    "out after 120 seconds.",
		    jstr(host->shown, "type"));
	else if (total > room)
		maas_error(errors, "storage",
		    "There is not enough space left on the VM host: %lld bytes "
		    "are available.",
		    (long long)room);
	return judged(ask, errors);
}

/* It has the host's tags. */
static void take_tags(struct node *node, const json_t *tags)
{
	size_t i;
	json_t *item;

	json_array_foreach(tags, i, item)
	{
		const char *tag = json_string_value(item);

		if (!maas_tag_find(node->maas, tag))
			maas_tag_make(node->maas, tag);
		maas_names_add(&node->tags, tag);
	}
}

static struct node *compose(struct maas *maas, const struct document *host,
    const struct compose_form *form)
{
	struct node *node = maas_node_make(maas, NODE_MACHINE, NULL);
	char *name = form->hostname && *form->hostname
	                 ? xstrdup(form->hostname)
	                 : maas_node_new_name(maas);
	char *mac = xasprintf("52:54:00:fe:%02x:%02x",
	    (int)(node->id >> 8 & 0xff), (int)(node->id & 0xff));

	maas_node_rename(node, name);
	node->vm_host_id = host->id;
	node->zone = form->zone;
	node->pool = form->pool;
	node->domain = form->domain;
	take_tags(node, jget(host->shown, "tags"));
	maas_set_text(&node->power_type, jstr(host->shown, "type"));
	json_decref(node->power_parameters);
	node->power_parameters = json_pack("{s:s, s:s}", "power_address",
	    jstr(host->shown, "_parameters.power_address"), "power_id", name);
	maas_iface_make(node, "eth0", "physical", mac);
	maas_node_found(node, &(struct hardware){ .cpu_count = (int)form->cores,
	                          .memory = (int)form->memory,
	                          .number = (int)node->id,
	                          .disk_size = form->disks[0] });
	for (size_t i = 1; i < form->disk_count; i++)
		maas_drive_make(node, form->disks[i], (int)node->id);
	free(name);
	free(mac);
	return node;
}

static void make_ready(struct node *node)
{
	maas_node_lay_default(node);
	maas_node_restore_network(node);
	maas_node_enter(node, NODE_READY);
}

/* It is commissioned at once, like any machine that is new, unless that is to
 * be skipped. */
void maas_vm_host_compose(struct ask *ask)
{
	struct document *host = maas_vm_host_asked(ask);
	struct compose_form form;
	struct names none = { 0 };
	struct node *node;
	char *uri;

	if (!host || !read_form(ask, host, &form) ||
	    !can_compose(ask, host, &form))
		return;
	node = compose(ask->maas, host, &form);
	uri = xasprintf("/MAAS/api/2.0/machines/%s/", node->system_id);
	maas_answer(ask, json_pack("{s:s, s:s}", "system_id", node->system_id,
	                     "resource_uri", uri));
	free(uri);
	if (maas_ticked(ask, "skip_commissioning"))
		make_ready(node);
	else
		maas_node_commission(node, ask->user,
		    &(struct commission_wish){ .tests = &none });
}

/* ---- for an allocation ---- */

static struct names values_of(const struct form *form, const char *name)
{
	struct names values = { 0 };
	size_t at = 0;
	const char *value;

	while ((value = maas_form_next(form, name, &at)))
		maas_names_add(&values, value);
	return values;
}

/* Of the words in that field, does the host have any? Without a word: yes. */
static bool is_among(
    const struct form *form, const char *name, const char *word, bool without)
{
	struct names values = values_of(form, name);
	bool is = values.count ? maas_names_have(&values, word) : without;

	maas_names_free(&values);
	return is;
}

static bool has_tags(
    const struct form *form, const char *name, const json_t *tags, bool without)
{
	struct names values = values_of(form, name);
	bool has = values.count || without;

	for (size_t i = 0; i < values.count; i++)
		has = has && maas_json_has_text(tags, values.items[i]);
	maas_names_free(&values);
	return has;
}

/* Of several zones the last one counts here. */
static bool is_wanted(const struct ask *ask, const struct document *host)
{
	const struct form *form = &ask->body.form;
	const json_t *tags = jget(host->shown, "tags");
	const char *zone = maas_field(ask, "zone");
	const char *name = jstr(host->shown, "name");
	const char *type = jstr(host->shown, "type");

	return (!zone || strcmp(jstr(host->shown, "zone.name"), zone) == 0) &&
	       has_tags(form, "tags", tags, true) &&
	       !has_tags(form, "not_tags", tags, false) &&
	       is_among(form, "pod", name, true) &&
	       is_among(form, "pod_type", type, true) &&
	       !is_among(form, "not_pod", name, false) &&
	       !is_among(form, "not_pod_type", type, false);
}

/* The lowest of the numbers, without its fraction. */
static int64_t least_of(
    const struct form *form, const char *name, int64_t usual)
{
	struct names values = values_of(form, name);
	double least = (double)usual, number = 0;

	for (size_t i = 0; i < values.count; i++)
		if (maas_python_read_float(values.items[i], &number) &&
		    (!i || number < least))
			least = number;
	maas_names_free(&values);
	return least > INT32_MAX ? INT32_MAX : (int64_t)least;
}

/* The first of the architectures that were asked for has to be the host's. */
static bool has_architecture(const struct ask *ask, const struct document *host)
{
	struct names values = values_of(&ask->body.form, "arch");
	struct names full = { 0 };
	bool has = true;

	maas_arch_expand(ask->maas, &values, &full);
	if (full.count) {
		qsort(full.items, full.count, sizeof(full.items[0]),
		    maas_text_order);
		has = maas_json_has_text(
		    jget(host->shown, "architectures"), full.items[0]);
	}
	maas_names_free(&values);
	maas_names_free(&full);
	return has;
}

static bool fits(const struct ask *ask, const struct document *host,
    const struct compose_form *form)
{
	const json_t *shown = host->shown;
	struct share used = maas_vm_host_used(ask->maas, host->id);
	int64_t cores = jint(shown, "total.cores");
	int64_t memory = jint(shown, "total.memory");
	int64_t disks = 0;

	for (size_t i = 0; i < form->disk_count; i++)
		disks += form->disks[i];
	return jbool(shown, "_known") && form->cores >= 1 &&
	       form->cores <= cores && form->memory >= 1024 &&
	       form->memory <= memory &&
	       (double)cores * json_number_value(
	                           jget(shown, "cpu_over_commit_ratio")) >=
	           (double)(used.cores + form->cores) &&
	       (double)memory * json_number_value(
	                            jget(shown, "memory_over_commit_ratio")) >=
	           (double)(used.memory + form->memory) &&
	       jint(shown, "total.local_storage") - used.storage >= disks;
}

static struct node *provide_on(
    struct ask *ask, const struct document *host, struct compose_form *form)
{
	struct maas *maas = ask->maas;
	struct pool *pool = maas_list_find(
	    &maas->pools, jint(host->shown, "pool.id"));
	struct node *node;

	form->zone = maas->default_zone;
	form->pool = pool ? pool : maas->default_pool;
	form->domain = maas->default_domain;
	node = compose(maas, host, form);
	node->dynamic = true;
	make_ready(node);
	return node;
}

struct node *maas_vm_host_provide(struct ask *ask)
{
	const struct form *asked = &ask->body.form;
	const char *interfaces = maas_field(ask, "interfaces");
	struct compose_form form = {
		.cores = least_of(asked, "cpu_count", 1),
		.memory = least_of(asked, "mem", 2048),
	};
	struct document *host;

	/* No host is known to be a machine with interfaces of its own. */
	if (interfaces && interfaces[strspn(interfaces, " \t\r\n")])
		return NULL;
	take_disks(&form, maas_field(ask, "storage"));
	list_for_each (host, &ask->maas->vm_hosts) {
		if (is_wanted(ask, host) && has_architecture(ask, host) &&
		    fits(ask, host, &form))
			return provide_on(ask, host, &form);
	}
	return NULL;
}

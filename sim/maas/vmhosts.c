#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/control.h"

/*
 * Hosts of virtual machines. There is no hypervisor: a host is numbers, and a
 * machine that is composed on one is a machine like any other, whose cores,
 * memory and disks the host misses until it is deleted.
 *
 * A host that listens (the step vm-host-listens) can be made known; one that
 * appeared by itself has not been asked yet what it can do, and composes
 * nothing before it was refreshed.
 */

static const char capabilities[] =
    "[\"composable\", \"dynamic_local_storage\", \"over_commit\"]";

static json_t *amounts(int64_t cores, int64_t memory, int64_t storage)
{
	return json_pack("{s:I, s:I, s:I}", "cores", (json_int_t)cores,
	    "memory", (json_int_t)memory, "local_storage", (json_int_t)storage);
}

static struct document *host_make(
    struct maas *maas, const json_t *step, const char *name)
{
	json_t *shown = json_pack(
	    "{s:s, s:s, s:o, s:[], s:{s:n, s:b}, s:[s], s:n, s:s, s:[], s:f, "
	    "s:f, s:o, s:o}",
	    "name", name, "type", jstr(step, "type"), "total",
	    amounts(jint(step, "cores"), jint(step, "memory"),
	        jint(step, "local_storage")),
	    "storage_pools", "host", "system_id", "__incomplete__", 1,
	    "architectures", "amd64/generic", "default_macvlan_mode", "version",
	    "", "tags", "memory_over_commit_ratio", 1.0,
	    "cpu_over_commit_ratio", 1.0, "capabilities",
	    json_loads(capabilities, 0, NULL), "_parameters",
	    json_pack("{s:s, s:s}", "power_address",
	        jstr(step, "power_address"), "power_pass", "FAKE"));

	check(shown);
	jset(shown, "zone", maas_zone_json(maas->default_zone));
	jset(shown, "pool", maas_pool_json(maas->default_pool));
	return maas_document_make(&maas->vm_hosts, "/vm-hosts/", shown);
}

void maas_vm_host_appears(struct maas *maas, const json_t *step)
{
	host_make(maas, step, jstr(step, "vm_host"));
}

void maas_vm_host_listens(struct maas *maas, const json_t *step)
{
	struct document *listener = xcalloc(1, sizeof(*listener));

	listener->shown = json_deep_copy(step);
	maas_list_add(&maas->vm_listeners, listener);
}

/* What answers at an address, or NULL. */
static const json_t *listener_at(
    const struct maas *maas, const char *type, const char *address)
{
	struct document *listener;

	list_for_each (listener, &maas->vm_listeners) {
		const json_t *step = listener->shown;

		if (strcmp(jstr(step, "type"), type) == 0 &&
		    strcmp(jstr(step, "power_address"), address) == 0)
			return step;
	}
	return NULL;
}

/* ---- what machines take from it ---- */

struct share {
	int64_t cores, memory, storage;
};

static struct share used_of(const struct maas *maas, int64_t host)
{
	struct share used = { 0 };
	struct node *node;
	struct drive *drive;

	list_for_each (node, &maas->nodes) {
		if (node->vm_host_id != host)
			continue;
		used.cores += node->cpu_count;
		used.memory += node->memory;
		list_for_each (drive, &node->drives)
			used.storage += drive->group ? 0 : drive->size;
	}
	return used;
}

static struct share total_of(const struct document *host)
{
	const json_t *shown = host->shown;

	return (struct share){ (int64_t)((double)jint(shown, "total.cores") *
		                         json_number_value(jget(
		                             shown, "cpu_over_commit_ratio"))),
		(int64_t)((double)jint(shown, "total.memory") *
		          json_number_value(
		              jget(shown, "memory_over_commit_ratio"))),
		jint(shown, "total.local_storage") };
}

static struct share free_of(
    const struct maas *maas, const struct document *host)
{
	struct share total = total_of(host), used = used_of(maas, host->id);

	return (struct share){ total.cores - used.cores,
		total.memory - used.memory, total.storage - used.storage };
}

/* What is shown as available knows nothing of over-commitment. */
static void render(
    const struct maas *maas, const struct document *host, json_t *copy)
{
	struct share used = used_of(maas, host->id);

	jset(copy, "used", amounts(used.cores, used.memory, used.storage));
	jset(copy, "available",
	    amounts(jint(host->shown, "total.cores") - used.cores,
	        jint(host->shown, "total.memory") - used.memory,
	        jint(host->shown, "total.local_storage") - used.storage));
}

/* ---- reading, making, changing ---- */

static void hosts_list(struct ask *ask)
{
	maas_documents_answer(ask, &ask->maas->vm_hosts, render);
}

static struct document *host_asked(struct ask *ask, bool to_change)
{
	struct document *host = maas_list_find(
	    &ask->maas->vm_hosts, maas_number(ask->args[0]));

	if (!host)
		maas_answer_text(ask, 404, "text/plain", "Not Found");
	else if (to_change && !maas_is_admin(ask))
		maas_refuse(ask, 403, "%s", "");
	return ask->answered ? NULL : host;
}

static void host_read(struct ask *ask)
{
	struct document *host = host_asked(ask, false);

	if (host)
		maas_document_answer(ask, host, render);
}

static void read_place(struct ask *ask, json_t *form, json_t *errors)
{
	const char *zone_word = maas_field(ask, "zone");
	const char *pool_word = maas_field(ask, "pool");
	struct zone *zone = NULL;
	struct pool *pool = NULL;

	if (zone_word && *zone_word) {
		zone = maas_zone_find(ask->maas, zone_word);
		if (!zone)
			zone = maas_list_find(
			    &ask->maas->zones, maas_number(zone_word));
		if (zone)
			jset(form, "zone", maas_zone_json(zone));
		else
			maas_no_such_choice(errors, "zone");
	}
	if (pool_word && *pool_word) {
		pool = maas_pool_find(ask->maas, pool_word);
		if (!pool)
			pool = maas_list_find(
			    &ask->maas->pools, maas_number(pool_word));
		if (pool)
			jset(form, "pool", maas_pool_json(pool));
		else
			maas_no_such_choice(errors, "pool");
	}
}

static void host_connect(
    struct ask *ask, const char *type, const char *address, json_t *place)
{
	const json_t *there = listener_at(ask->maas, type, address);
	const char *name = maas_field(ask, "name");
	struct document *host;
	char *made_up;

	if (!there) {
		maas_refuse(ask, 503,
		    "Unable to start the VM host discovery process. No rack "
		    "controllers connected.");
		return;
	}
	made_up = maas_node_new_name(ask->maas);
	host = host_make(ask->maas, there, name && *name ? name : made_up);
	free(made_up);
	json_object_update(host->shown, place);
	jsetb(host->shown, "_known", true);
	maas_document_answer(ask, host, render);
}

static void host_create(struct ask *ask)
{
	const char *type = maas_field(ask, "type");
	const char *address = maas_field(ask, "power_address");
	json_t *errors = json_object(), *place = json_object();

	if (!type || !*type)
		maas_error(errors, "type", "This field is required.");
	else if (strcmp(type, "lxd") != 0 && strcmp(type, "virsh") != 0)
		maas_invalid_choice(errors, "type", type);
	else if (!address || !*address)
		maas_error(errors, "power_address", "This field is required.");
	read_place(ask, place, errors);
	if (maas_fine(ask, errors))
		host_connect(ask, type, address, place);
	json_decref(place);
}

static void set_ratio(json_t *shown, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(shown, key, json_real(strtod(text, NULL)));
}

static void host_update(struct ask *ask)
{
	struct document *host = host_asked(ask, true);
	const char *name = maas_field(ask, "name");
	const char *macvlan = maas_field(ask, "default_macvlan_mode");
	json_t *tags, *errors, *place;

	if (!host)
		return;
	errors = json_object();
	place = json_object();
	read_place(ask, place, errors);
	if (!maas_fine(ask, errors)) {
		json_decref(place);
		return;
	}
	json_object_update(host->shown, place);
	json_decref(place);
	if (name && *name)
		jsets(host->shown, "name", name);
	set_ratio(host->shown, "cpu_over_commit_ratio",
	    maas_field(ask, "cpu_over_commit_ratio"));
	set_ratio(host->shown, "memory_over_commit_ratio",
	    maas_field(ask, "memory_over_commit_ratio"));
	jsets(host->shown, "default_macvlan_mode", macvlan ? macvlan : "");
	/* The form always switches console logging on. */
	tags = json_object_get(host->shown, "tags");
	if (!maas_json_has_text(tags, "pod-console-logging"))
		json_array_append_new(tags, json_string("pod-console-logging"));
	maas_document_answer(ask, host, render);
}

static bool flag_in_query_or_form(
    struct ask *ask, const char *name, bool *value)
{
	bool in_query;

	if (!maas_flag(ask, &ask->query, name, false, &in_query) ||
	    !maas_flag(ask, &ask->body.form, name, false, value))
		return false;
	*value |= in_query;
	return true;
}

/* Its machines go with it, or stay as machines of their own. */
static void host_delete(struct ask *ask)
{
	struct document *host = host_asked(ask, true);
	struct list *nodes = &ask->maas->nodes;
	bool decompose;

	if (!host || !flag_in_query_or_form(ask, "decompose", &decompose))
		return;
	for (size_t i = nodes->count; i-- > 0;) {
		struct node *node = nodes->items[i];

		if (node->vm_host_id != host->id)
			continue;
		node->vm_host_id = 0;
		if (decompose)
			maas_node_drop(ask->maas, node);
		if (i > nodes->count)
			i = nodes->count;
	}
	maas_document_drop(&ask->maas->vm_hosts, host);
	maas_answer_gone(ask);
}

bool maas_json_has_text(const json_t *list, const char *text)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		if (json_is_string(item) &&
		    strcmp(json_string_value(item), text) == 0)
			return true;
	}
	return false;
}

static void host_tag(struct ask *ask, bool add)
{
	struct document *host = host_asked(ask, true);
	const char *tag;
	json_t *tags;

	if (!host || !(tag = maas_needed(ask, "tag")))
		return;
	tags = json_object_get(host->shown, "tags");
	for (size_t i = json_array_size(tags); i-- > 0 && !add;)
		if (strcmp(json_string_value(json_array_get(tags, i)), tag) ==
		    0)
			json_array_remove(tags, i);
	if (add && !maas_json_has_text(tags, tag))
		json_array_append_new(tags, json_string(tag));
	maas_document_answer(ask, host, render);
}

/* It says what it has. */
static void host_refresh(struct ask *ask)
{
	struct document *host = host_asked(ask, true);

	if (!host)
		return;
	jsetb(host->shown, "_known", true);
	maas_document_answer(ask, host, render);
}

static void host_parameters(struct ask *ask)
{
	struct document *host = host_asked(ask, true);

	if (host)
		maas_answer(ask, json_deep_copy(json_object_get(
		                     host->shown, "_parameters")));
}

/* ---- composing ---- */

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

static int64_t whole_number(struct ask *ask, const char *field,
    int64_t fallback, int64_t most, json_t *errors)
{
	const char *text = maas_field(ask, field);

	if (!text || !*text)
		return fallback;
	if (maas_number(text) < 0)
		maas_error(errors, field, "Enter a whole number.");
	else if (maas_number(text) > most)
		maas_error(errors, field,
		    "Ensure this value is less than or equal to %lld.",
		    (long long)most);
	return maas_number(text);
}

/* "root:32(pool1),data:100": gigabytes. Pools are not told apart. */
static void read_disks(
    struct ask *ask, struct compose_form *form, int64_t room, json_t *errors)
{
	const char *at = maas_field(ask, "storage");
	int64_t total = 0;

	if (!at || !*at)
		at = "root:8";
	while (*at && form->disk_count < MAX_DISKS) {
		const char *colon = strchr(at, ':');
		const char *comma = strchr(at, ',');
		char *end;
		double size;

		if (colon && (!comma || colon < comma))
			at = colon + 1;
		size = strtod(at, &end);
		if (end == at || size <= 0) {
			maas_error(errors, "storage",
			    "Malformed storage constraint, \"%s\".",
			    maas_field(ask, "storage"));
			return;
		}
		form->disks[form->disk_count++] = (int64_t)(size * 1e9);
		total += (int64_t)(size * 1e9);
		comma = strchr(at, ',');
		at = comma ? comma + 1 : "";
	}
	if (total > room)
		maas_error(errors, "storage",
		    "There is not enough space left on the VM host: %lld bytes "
		    "are available.",
		    (long long)room);
}

static void read_names(
    struct ask *ask, struct compose_form *form, json_t *errors)
{
	const char *domain = maas_field(ask, "domain");
	char *fault;

	form->hostname = maas_field(ask, "hostname");
	if (form->hostname && *form->hostname) {
		fault = maas_label_fault(form->hostname);
		if (fault)
			maas_error(errors, "hostname", "%s", fault);
		else if (maas_node_named(ask->maas, form->hostname))
			maas_error(errors, "hostname",
			    "Node with hostname '%s' already exists",
			    form->hostname);
		free(fault);
	}
	form->domain = domain && *domain ? maas_domain_named(ask->maas, domain)
	                                 : ask->maas->default_domain;
	if (!form->domain)
		maas_no_such_choice(errors, "domain");
}

/* By id, or by name; else those of the host. */
static void read_places(struct ask *ask, const struct document *host,
    struct compose_form *form, json_t *errors)
{
	json_t *place = json_pack("{s:O, s:O}", "zone",
	    json_object_get(host->shown, "zone"), "pool",
	    json_object_get(host->shown, "pool"));

	read_place(ask, place, errors);
	form->zone = maas_list_find(&ask->maas->zones, jint(place, "zone.id"));
	form->pool = maas_list_find(&ask->maas->pools, jint(place, "pool.id"));
	json_decref(place);
	if (!form->zone)
		form->zone = ask->maas->default_zone;
	if (!form->pool)
		form->pool = ask->maas->default_pool;
}

static bool read_compose(
    struct ask *ask, const struct document *host, struct compose_form *form)
{
	struct share room = free_of(ask->maas, host);
	json_t *errors = json_object();

	if (!jbool(host->shown, "_known"))
		room = (struct share){ 0 };
	*form = (struct compose_form){ 0 };
	form->cores = whole_number(ask, "cores", 1, room.cores, errors);
	form->memory = whole_number(ask, "memory", 2048, room.memory, errors);
	if (!json_object_size(errors) &&
	    (form->cores > room.cores || form->memory > room.memory))
		maas_error(errors, "__all__",
		    "Unable to compose machine: the VM host has too few "
		    "resources left.");
	if (jbool(host->shown, "_known"))
		read_disks(ask, form, room.storage, errors);
	read_names(ask, form, errors);
	read_places(ask, host, form, errors);
	return maas_fine(ask, errors);
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

	maas_set_text(&node->hostname, name);
	node->vm_host_id = host->id;
	node->zone = form->zone;
	node->pool = form->pool;
	node->domain = form->domain;
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

/* It is commissioned at once, like any machine that is new. */
static void host_compose(struct ask *ask)
{
	struct document *host = host_asked(ask, true);
	struct compose_form form;
	struct names none = { 0 };
	struct node *node;
	char *uri;

	if (!host || !read_compose(ask, host, &form))
		return;
	node = compose(ask->maas, host, &form);
	uri = xasprintf("/MAAS/api/2.0/machines/%s/", node->system_id);
	maas_answer(ask, json_pack("{s:s, s:s}", "system_id", node->system_id,
	                     "resource_uri", uri));
	free(uri);
	maas_node_commission(
	    node, ask->user, &(struct commission_wish){ .tests = &none });
}

static const struct document *host_of(const struct node *node)
{
	if (!node->vm_host_id)
		return NULL;
	return maas_list_find(&node->maas->vm_hosts, node->vm_host_id);
}

const char *maas_vm_host_word(const struct node *node, const char *key)
{
	const struct document *host = host_of(node);

	return host ? jstr(host->shown, key) : "";
}

json_t *maas_vm_host_reference(const struct node *node)
{
	const struct document *host = host_of(node);
	char *uri;
	json_t *json;

	if (!host)
		return json_null();
	uri = xasprintf("/MAAS/api/2.0/vm-hosts/%lld/", (long long)host->id);
	json = json_pack("{s:I, s:s, s:s}", "id", (json_int_t)host->id, "name",
	    jstr(host->shown, "name"), "resource_uri", uri);
	free(uri);
	return json;
}

/* vm-hosts/ and its older name pods/ are the same. */
#define TWICE(operation, function)                         \
	void maas_op_vm_hosts_##operation(struct ask *ask) \
	{                                                  \
		function(ask);                             \
	}                                                  \
	void maas_op_pods_##operation(struct ask *ask)     \
	{                                                  \
		function(ask);                             \
	}

static void host_add_tag(struct ask *ask)
{
	host_tag(ask, true);
}

static void host_remove_tag(struct ask *ask)
{
	host_tag(ask, false);
}

TWICE(list, hosts_list)
TWICE(read, host_read)
TWICE(create, host_create)
TWICE(update, host_update)
TWICE(delete, host_delete)
TWICE(add_tag, host_add_tag)
TWICE(remove_tag, host_remove_tag)
TWICE(refresh, host_refresh)
TWICE(compose, host_compose)
TWICE(parameters, host_parameters)

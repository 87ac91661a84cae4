#include "sim/maas/vmhosts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/control.h"
#include "sim/maas/documents.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"
#include "sim/maas/storage.h"
#include "sim/maas/zones.h"

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

struct share maas_vm_host_used(const struct maas *maas, int64_t host)
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

/* What is shown as available knows nothing of over-commitment. */
static void render(
    const struct maas *maas, const struct document *host, json_t *copy)
{
	struct share used = maas_vm_host_used(maas, host->id);

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

struct document *maas_vm_host_asked(struct ask *ask)
{
	struct document *host;
	int64_t id;

	if (!maas_id_asked(ask, &id))
		return NULL;
	host = maas_list_find(&ask->maas->vm_hosts, id);
	if (!host)
		maas_answer_missing(ask, "Pod");
	return host;
}

/* The framework reads it, in words of its own. */
static void host_read(struct ask *ask)
{
	struct document *host;
	int64_t id;

	if (!maas_id_asked(ask, &id))
		return;
	host = maas_list_find(&ask->maas->vm_hosts, id);
	if (host)
		maas_document_answer(ask, host, render);
	else
		maas_answer_text(ask, 404, "text/plain", "Not Found");
}

/* ---- the form of a host ---- */

struct host_form {
	const char *name;
	json_t *tags;       /* NULL: as they are */
	json_t *places;     /* zone and pool, where one was named */
	double cpu, memory; /* negative: as they are */
	const char *macvlan, *address, *password;
};

static void read_places(struct ask *ask, struct host_form *form, json_t *errors)
{
	const char *zone_name = maas_field(ask, "zone");
	const char *pool_name = maas_field(ask, "pool");
	struct zone *zone;
	struct pool *pool;

	form->places = json_object();
	if (zone_name && *zone_name) {
		if ((zone = maas_zone_find(ask->maas, zone_name)))
			jset(form->places, "zone", maas_zone_json(zone));
		else
			maas_no_such_choice(errors, "zone");
	}
	if (pool_name && *pool_name) {
		if ((pool = maas_pool_find(ask->maas, pool_name)))
			jset(form->places, "pool", maas_pool_json(pool));
		else
			maas_no_such_choice(errors, "pool");
	}
}

static double read_ratio(struct ask *ask, const char *field, json_t *errors)
{
	const char *text = maas_field(ask, field);
	double ratio;

	if (!text || !*text)
		return -1;
	if (!maas_python_read_float(text, &ratio) || !isfinite(ratio))
		maas_error(errors, field, "Enter a number.");
	else if (ratio > 10)
		maas_error(errors, field,
		    "Ensure this value is less than or equal to 10.");
	else if (ratio < 0)
		maas_error(errors, field,
		    "Ensure this value is greater than or equal to 0.");
	else
		return ratio;
	return -1;
}

/* Parted by commas, and none of them empty. */
static void read_tags(struct ask *ask, struct host_form *form, json_t *errors)
{
	const char *at = maas_field(ask, "tags");
	int number = 0;

	form->tags = at ? json_array() : NULL;
	while (at && *at) {
		size_t len = strcspn(at, ","), blank = strspn(at, " ");
		size_t end = len;

		while (end > blank && at[end - 1] == ' ')
			end--;
		number++;
		if (end > blank)
			json_array_append_new(
			    form->tags, json_stringn(at + blank, end - blank));
		else
			maas_error(errors, "tags",
			    "Item %d in the array did not validate: This "
			    "field is required.",
			    number);
		at = at[len] && at[len + 1] ? at + len + 1 : NULL;
	}
}

static void read_name(struct ask *ask, struct host_form *form,
    const struct document *self, json_t *errors)
{
	struct document *other;

	form->name = maas_stripped(ask, "name");
	if (!form->name || !*form->name)
		return;
	if (strlen(form->name) > 255)
		maas_error(errors, "name",
		    "Ensure this value has at most 255 characters (it has "
		    "%zu).",
		    strlen(form->name));
	list_for_each (other, &ask->maas->vm_hosts) {
		if (other != self &&
		    strcmp(jstr(other->shown, "name"), form->name) == 0)
			maas_error(errors, "name",
			    "Pod with this Name already exists.");
	}
}

static void read_modes(struct ask *ask, struct host_form *form, json_t *errors)
{
	static const char *const modes[] = { "bridge", "passthru", "private",
		"vepa" };
	const char *pool = maas_field(ask, "default_storage_pool");
	bool known = false;

	if (pool && *pool)
		maas_no_such_choice(errors, "default_storage_pool");
	form->macvlan = maas_field(ask, "default_macvlan_mode");
	if (!form->macvlan || !*form->macvlan)
		return;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		known |= strcmp(form->macvlan, modes[i]) == 0;
	if (!known)
		maas_invalid_choice(
		    errors, "default_macvlan_mode", form->macvlan);
}

static void read_type(
    struct ask *ask, const struct document *self, json_t *errors)
{
	const char *type = maas_field(ask, "type");

	if (self) {
		if (type && strcmp(type, jstr(self->shown, "type")) != 0)
			maas_error(errors, "type",
			    "Cannot change the type of a pod. Delete and "
			    "re-create the pod with a different type.");
	} else if (!type || !*type) {
		maas_error(errors, "type", "This field is required.");
	} else if (strcmp(type, "lxd") != 0 && strcmp(type, "virsh") != 0) {
		maas_invalid_choice(errors, "type", type);
	}
}

/* How it is reached is looked at when all else is fine. self: the host that is
 * changed, or NULL. */
static bool read_form(
    struct ask *ask, struct host_form *form, const struct document *self)
{
	json_t *errors = json_object();

	*form = (struct host_form){ 0 };
	read_name(ask, form, self, errors);
	read_tags(ask, form, errors);
	read_places(ask, form, errors);
	form->cpu = read_ratio(ask, "cpu_over_commit_ratio", errors);
	form->memory = read_ratio(ask, "memory_over_commit_ratio", errors);
	read_modes(ask, form, errors);
	read_type(ask, self, errors);
	form->address = maas_stripped(ask, "power_address");
	form->password = maas_field(ask, "power_pass");
	if (!json_object_size(errors) &&
	    (form->address ? !*form->address : !self))
		maas_error(errors, "power_address", "This field is required.");
	return maas_fine(ask, errors);
}

static void free_form(struct host_form *form)
{
	json_decref(form->tags);
	json_decref(form->places);
}

/* The form always switches console logging on, and a mode that was never said
 * is the empty one from then on. */
static void write_form(
    struct maas *maas, json_t *shown, const struct host_form *form)
{
	static const char console[] = "pod-console-logging";
	json_t *parameters = json_object_get(shown, "_parameters");
	json_t *tags;
	char *made_up;

	if (form->name && *form->name) {
		jsets(shown, "name", form->name);
	} else if (form->name) {
		made_up = maas_node_new_name(maas);
		jsets(shown, "name", made_up);
		free(made_up);
	}
	json_object_update(shown, form->places);
	if (form->tags)
		json_object_set(shown, "tags", form->tags);
	if (form->cpu >= 0)
		jset(shown, "cpu_over_commit_ratio", json_real(form->cpu));
	if (form->memory >= 0)
		jset(
		    shown, "memory_over_commit_ratio", json_real(form->memory));
	if (form->macvlan ||
	    json_is_null(json_object_get(shown, "default_macvlan_mode")))
		jsets(shown, "default_macvlan_mode",
		    form->macvlan ? form->macvlan : "");
	if (form->address)
		jsets(parameters, "power_address", form->address);
	if (form->password)
		jsets(parameters, "power_pass", form->password);
	tags = json_object_get(shown, "tags");
	if (!maas_json_has_text(tags, console))
		json_array_append_new(tags, json_string(console));
	if (!maas_tag_find(maas, console))
		maas_set_text(&maas_tag_make(maas, console)->kernel_opts,
		    "console=tty1 console=ttyS0");
}

static bool is_taken(struct ask *ask, const struct host_form *form)
{
	const char *password = form->password ? form->password : "";
	struct document *host;

	if (strcmp(maas_field(ask, "type"), "virsh") != 0)
		return false; /* each has a certificate of its own */
	list_for_each (host, &ask->maas->vm_hosts) {
		const json_t *shown = host->shown;

		if (strcmp(jstr(shown, "type"), "virsh") != 0 ||
		    strcmp(jstr(shown, "_parameters.power_address"),
		        form->address) != 0 ||
		    strcmp(jstr(shown, "_parameters.power_pass"), password) !=
		        0)
			continue;
		maas_refuse(ask, 400,
		    "Pod %s with type and parameters already exist.",
		    jstr(shown, "name"));
		return true;
	}
	return false;
}

static void host_connect(struct ask *ask, const struct host_form *form)
{
	const json_t *there = listener_at(
	    ask->maas, maas_field(ask, "type"), form->address);
	struct document *host;

	if (!there) {
		maas_refuse(ask, 503,
		    "Unable to start the VM host discovery process. No rack "
		    "controllers connected.");
		return;
	}
	host = host_make(ask->maas, there, "");
	write_form(ask->maas, host->shown, form);
	jsetb(host->shown, "_known", true);
	maas_document_answer(ask, host, render);
}

static void host_create(struct ask *ask)
{
	struct host_form form;

	if (read_form(ask, &form, NULL) && !is_taken(ask, &form)) {
		if (!form.name)
			form.name = "";
		host_connect(ask, &form);
	}
	free_form(&form);
}

static void host_update(struct ask *ask)
{
	struct document *host = maas_vm_host_asked(ask);
	struct host_form form;

	if (!host)
		return;
	if (read_form(ask, &form, host)) {
		write_form(ask->maas, host->shown, &form);
		maas_document_answer(ask, host, render);
	}
	free_form(&form);
}

/* Its machines go with it, or stay as machines of their own. */
static void host_delete(struct ask *ask)
{
	struct document *host = maas_vm_host_asked(ask);
	struct list *nodes = &ask->maas->nodes;
	bool decompose;

	if (!host)
		return;
	decompose = maas_is_tick(maas_query(ask, "decompose"));
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
	const char *tag = maas_needed(ask, "tag");
	struct document *host;
	json_t *tags;

	if (!tag)
		return;
	if (add && strchr(tag, ',')) {
		maas_refuse(ask, 400, "Tag may not contain a \",\".");
		return;
	}
	if (!(host = maas_vm_host_asked(ask)))
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
	struct document *host = maas_vm_host_asked(ask);

	if (!host)
		return;
	jsetb(host->shown, "_known", true);
	maas_document_answer(ask, host, render);
}

static void host_parameters(struct ask *ask)
{
	struct document *host = maas_vm_host_asked(ask);

	if (host)
		maas_answer(ask, json_deep_copy(json_object_get(
		                     host->shown, "_parameters")));
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
	/* by its older name, there alone */
	uri = xasprintf("/MAAS/api/2.0/pods/%lld/", (long long)host->id);
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
TWICE(compose, maas_vm_host_compose)
TWICE(parameters, host_parameters)

#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/control.h"

/* Hosts of virtual machines: known by their numbers. None of them is ever
 * reached, and none composes a machine: that is refused as by a host that has
 * nothing left. */

static const char capabilities[] =
    "[\"composable\", \"dynamic_local_storage\", \"over_commit\"]";

static json_t *amounts(int64_t cores, int64_t memory, int64_t storage)
{
	return json_pack("{s:I, s:I, s:I}", "cores", (json_int_t)cores,
	    "memory", (json_int_t)memory, "local_storage", (json_int_t)storage);
}

void maas_vm_host_appears(struct maas *maas, const json_t *step)
{
	struct document *host = xcalloc(1, sizeof(*host));
	int64_t cores = jint(step, "cores"), memory = jint(step, "memory");
	int64_t storage = jint(step, "local_storage");
	char *uri;

	maas_list_add(&maas->vm_hosts, host);
	uri = xasprintf("/MAAS/api/2.0/vm-hosts/%lld/", (long long)host->id);
	host->shown = json_pack(
	    "{s:s, s:s, s:I, s:o, s:o, s:o, s:[], s:{s:n, s:b}, s:[s], s:n, "
	    "s:s, s:[], s:f, s:f, s:o, s:s, s:o, s:o}",
	    "name", jstr(step, "vm_host"), "type", jstr(step, "type"), "id",
	    (json_int_t)host->id, "total", amounts(cores, memory, storage),
	    "used", amounts(0, 0, 0), "available",
	    amounts(cores, memory, storage), "storage_pools", "host",
	    "system_id", "__incomplete__", 1, "architectures", "amd64/generic",
	    "default_macvlan_mode", "version", "", "tags",
	    "memory_over_commit_ratio", 1.0, "cpu_over_commit_ratio", 1.0,
	    "capabilities", json_loads(capabilities, 0, NULL), "resource_uri",
	    uri, "zone", maas_zone_json(maas->default_zone), "pool",
	    maas_pool_json(maas->default_pool));
	check(host->shown);
	jset(host->shown, "_parameters",
	    json_pack("{s:s, s:s}", "power_address",
	        jstr(step, "power_address"), "power_pass", "FAKE"));
	free(uri);
}

static json_t *host_json(const struct document *host)
{
	json_t *json = json_deep_copy(host->shown);

	json_object_del(json, "_parameters");
	return json;
}

static void hosts_list(struct ask *ask)
{
	json_t *list = json_array();
	struct document *host;

	list_for_each (host, &ask->maas->vm_hosts)
		json_array_append_new(list, host_json(host));
	maas_answer(ask, list);
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
		maas_answer(ask, host_json(host));
}

static void host_create(struct ask *ask)
{
	const char *type = maas_field(ask, "type");
	const char *address = maas_field(ask, "power_address");
	json_t *errors = json_object();

	if (!type || !*type)
		maas_error(errors, "type", "This field is required.");
	else if (strcmp(type, "lxd") != 0 && strcmp(type, "virsh") != 0)
		maas_error(errors, "type",
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    type);
	else if (!address || !*address)
		maas_error(errors, "power_address", "This field is required.");
	if (maas_fine(ask, errors))
		maas_refuse(ask, 503,
		    "Unable to start the VM host discovery process. No rack "
		    "controllers connected.");
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
	json_t *tags;

	if (!host)
		return;
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
	maas_answer(ask, host_json(host));
}

static void host_delete(struct ask *ask)
{
	struct document *host = host_asked(ask, true);

	if (!host)
		return;
	maas_list_remove(&ask->maas->vm_hosts, host);
	json_decref(host->shown);
	free(host);
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
	maas_answer(ask, host_json(host));
}

static void whole_number(struct ask *ask, const char *field, json_t *errors)
{
	const char *text = maas_field(ask, field);

	if (!text || !*text)
		return;
	if (maas_number(text) < 0)
		maas_error(errors, field, "Enter a whole number.");
	else if (maas_number(text) > 0)
		maas_error(errors, field,
		    "Ensure this value is less than or equal to 0.");
}

static void host_compose(struct ask *ask)
{
	json_t *errors;

	if (!host_asked(ask, true))
		return;
	errors = json_object();
	whole_number(ask, "cores", errors);
	whole_number(ask, "memory", errors);
	if (maas_fine(ask, errors))
		maas_refuse(ask, 503,
		    "Unable to compose a machine: the VM host did not "
		    "answer.");
}

static void host_parameters(struct ask *ask)
{
	struct document *host = host_asked(ask, true);

	if (host)
		maas_answer(ask, json_deep_copy(json_object_get(
		                     host->shown, "_parameters")));
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
TWICE(refresh, host_read)
TWICE(compose, host_compose)
TWICE(parameters, host_parameters)

#include "sim/maas/bodies.h"

#include <string.h>

/* Handlers that hand their data to a form which asks for its items(). */
static const char *const item_forms[] = { "BootResource", "BootSource",
	"BootSourceSelection", "DHCPSnippet", "Domain", "Fabric", "LicenseKey",
	"Notification", "PackageRepository", "PackageRepositorie",
	"ResourcePool", "SSHKey", "Space", "StaticRoute", "Subnet", "Tag",
	"Vlan", "Zone" };

/* To make one, these ask the data themselves, before there is a form. */
static const char *const ask_first[] = { "AnonMachines", "Machines", "Users",
	"Files", "IPRanges" };
static const char *const copy_first[] = { "DNSResources", "DNSResourceRecords",
	"NodeScript", "NodeScripts" };

/* Operations that hand their data to a form as they are, and those that copy
 * them before. */
static const char *const form_ops[] = { "compose", "create_bond",
	"create_logical_volume", "create_physical", "format", "link_subnet",
	"mount", "mount_special", "set_default_gateway", "set_storage_layout",
	"unlink_subnet", "unmount_special" };
static const char *const copy_ops[] = { "commission", "create_bridge",
	"create_vlan", "test" };

/* Those of these handlers read their data before they look for anything. */
static const char *const read_first[] = { "DHCPSnippet", "NodeScript", "Pod",
	"VmHost" };

#define UPLOADS      "BootResourceFileUploadHandler"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_handler(const char *handler, const char *noun, const char *end)
{
	size_t len = strlen(noun);

	return strncmp(handler, noun, len) == 0 &&
	       strcmp(handler + len, end) == 0;
}

static bool one_of(
    const char *handler, const char *const *nouns, size_t count, bool plural)
{
	for (size_t i = 0; i < count; i++)
		if (is_handler(handler, nouns[i], "Handler") ||
		    (plural && is_handler(handler, nouns[i], "sHandler")))
			return true;
	return false;
}

static void refuse_type(struct ask *ask, const char *type, const char *wanted)
{
	maas_refuse(
	    ask, 500, "'%s' object has no attribute '%s'", type, wanted);
}

/* It was asked for a name as a dict is: data["name"]. */
static void refuse_index(struct ask *ask, const char *type)
{
	if (strcmp(type, "list") == 0)
		maas_refuse(ask, 500, "%s",
		    "list indices must be integers or slices, not str");
	else if (strcmp(type, "str") == 0)
		maas_refuse(ask, 500, "string indices must be integers");
	else
		maas_refuse(ask, 500, "'%s' object is not subscriptable", type);
}

/* ---- to make or change something ---- */

/* A form with nothing at all has no errors, and is not valid either. */
static void refuse_value(struct ask *ask)
{
	const char *handler = ask->operation->handler, *type = ask->body.type;
	bool none = strcmp(type, "NoneType") == 0;
	bool copies = one_of(handler, copy_first, COUNT(copy_first), false);
	bool list = strcmp(type, "list") == 0;

	if (copies)
		refuse_type(ask, type, list ? "get" : "copy");
	else if (none && !one_of(handler, ask_first, COUNT(ask_first), false))
		maas_refuse_form(ask, json_object());
	else if (one_of(handler, item_forms, COUNT(item_forms), true))
		refuse_type(ask, type, "items");
	else
		refuse_type(ask, type, "get");
}

/* Is there what the path names? The row that reads it says so. */
static bool is_there(struct ask *ask, const struct operation *read)
{
	if (!read || !read->answer)
		return true;
	read->answer(ask);
	if (ask->answer.status >= 400)
		return false;
	http_response_free(&ask->answer);
	ask->answered = ask->by_handler = false;
	return true;
}

/* ---- operations ---- */

static bool is_op(const struct ask *ask, const char *const *ops, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ask->op, ops[i]) == 0)
			return true;
	return false;
}

/* Of values only a list can be copied. */
static void refuse_value_of_op(struct ask *ask)
{
	const char *type = ask->body.type;

	if (strcmp(ask->op, "set_serial") == 0)
		refuse_index(ask, type);
	else if (strcmp(type, "NoneType") == 0 &&
	         is_op(ask, form_ops, COUNT(form_ops)))
		maas_refuse_form(ask, json_object());
	else if (strcmp(type, "list") != 0 &&
	         is_op(ask, copy_ops, COUNT(copy_ops)))
		refuse_type(ask, type, "copy");
	else
		refuse_type(ask, type, "get");
}

/* Is a value no worse than nothing at all? The forms of commission and test
 * begin with none, and who may not update a tag's nodes learns that first. */
static bool is_harmless(const struct ask *ask)
{
	if (strcmp(ask->body.type, "NoneType") == 0 &&
	    (strcmp(ask->op, "commission") == 0 ||
	        strcmp(ask->op, "test") == 0))
		return true;
	return ask->maas->version != 304 && !maas_is_admin(ask) &&
	       strcmp(ask->op, "update_nodes") == 0;
}

/* request.POST of a document is empty. */
static bool fits_operation(struct ask *ask, const struct operation *read)
{
	const char *handler = ask->operation->handler;
	bool lists = strcmp(ask->op, "set_zone") == 0 ||
	             strcmp(ask->op, "scan") == 0;
	bool reads = strcmp(ask->op, "compose") != 0 &&
	             one_of(handler, read_first, COUNT(read_first), false);

	if (ask->operation->flags & OP_POST)
		form_free(&ask->body.form);
	else if (ask->body.type && !is_harmless(ask)) {
		if (reads || is_there(ask, read))
			refuse_value_of_op(ask);
		return false;
	}
	return !lists || !maas_no_lists(ask);
}

bool maas_body_fits(struct ask *ask, const struct operation *read)
{
	/* An image is uploaded as it is. */
	if (strcmp(ask->operation->handler, UPLOADS) == 0 ||
	    (!ask->body.structured && !ask->body.unread))
		return true;
	if (ask->op)
		return fits_operation(ask, read);
	if (!ask->body.type)
		return true;
	if (is_there(ask, read))
		refuse_value(ask);
	return false;
}

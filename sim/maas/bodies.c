#include "sim/maas/bodies.h"

#include <string.h>

/* Handlers that hand their data to a form which asks for its items(). */
static const char *const item_forms[] = { "BootResource", "BootSource",
	"BootSourceSelection", "DHCPSnippet", "Domain", "Fabric", "LicenseKey",
	"Notification", "PackageRepository", "PackageRepositorie",
	"ResourcePool", "SSHKey", "Space", "StaticRoute", "Subnet", "Tag",
	"Vlan", "Zone" };

/* To make one, these ask the data themselves, before there is a form. */
static const char *const ask_first[] = { "Machines", "Users", "Files",
	"IPRanges" };
static const char *const copy_first[] = { "DNSResources",
	"DNSResourceRecords" };

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

/* request.POST of a document is empty. */
static bool fits_operation(struct ask *ask, const struct operation *read)
{
	if (ask->operation->flags & OP_POST) {
		form_free(&ask->body.form);
		return true;
	}
	if (ask->body.type) {
		if (is_there(ask, read))
			refuse_type(ask, ask->body.type, "get");
		return false;
	}
	return strcmp(ask->op, "set_zone") != 0 || !maas_no_lists(ask);
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

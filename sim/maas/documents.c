#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* Nouns that nothing here depends on: they can be listed and, where an
 * inventory has some, read. Making them is not modelled. */

static void answer_list(struct ask *ask, const struct list *documents)
{
	json_t *list = json_array();
	struct document *document;

	list_for_each (document, documents)
		json_array_append_new(list, json_deep_copy(document->shown));
	maas_answer(ask, list);
}

static struct document *asked(
    struct ask *ask, const struct list *documents, const char *model)
{
	struct document *document = maas_list_find(
	    documents, maas_number(ask->args[0]));

	if (!document)
		maas_answer_missing(ask, model);
	return document;
}

static void answer_one(
    struct ask *ask, const struct list *documents, const char *model)
{
	struct document *document = asked(ask, documents, model);

	if (document)
		maas_answer(ask, json_deep_copy(document->shown));
}

void maas_op_static_routes_list(struct ask *ask)
{
	answer_list(ask, &ask->maas->routes);
}

void maas_op_static_routes_read(struct ask *ask)
{
	answer_one(ask, &ask->maas->routes, "StaticRoute");
}

void maas_op_dhcp_snippets_list(struct ask *ask)
{
	answer_list(ask, &ask->maas->snippets);
}

void maas_op_dhcp_snippets_read(struct ask *ask)
{
	answer_one(ask, &ask->maas->snippets, "DHCPSnippet");
}

void maas_op_package_repositories_list(struct ask *ask)
{
	answer_list(ask, &ask->maas->repositories);
}

void maas_op_package_repositories_read(struct ask *ask)
{
	answer_one(ask, &ask->maas->repositories, "PackageRepository");
}

void maas_op_license_keys_list(struct ask *ask)
{
	answer_list(ask, &ask->maas->license_keys);
}

void maas_op_boot_sources_list(struct ask *ask)
{
	answer_list(ask, &ask->maas->boot_sources);
}

void maas_op_discovery_list(struct ask *ask)
{
	maas_answer(ask, json_array());
}

void maas_op_vm_clusters_list(struct ask *ask)
{
	maas_answer(ask, json_array());
}

/* ---- notifications: for one user, all users, or administrators ---- */

static bool is_for(const struct ask *ask, const json_t *shown)
{
	if (jbool(shown, "users"))
		return true;
	return jbool(shown, "admins") && maas_is_admin(ask);
}

void maas_op_notifications_list(struct ask *ask)
{
	json_t *list = json_array();
	struct document *document;

	list_for_each (document, &ask->maas->notifications) {
		if (is_for(ask, document->shown))
			json_array_append_new(
			    list, json_deep_copy(document->shown));
	}
	maas_answer(ask, list);
}

void maas_op_notifications_read(struct ask *ask)
{
	struct document *document = asked(
	    ask, &ask->maas->notifications, "Notification");

	if (!document)
		return;
	if (is_for(ask, document->shown))
		maas_answer(ask, json_deep_copy(document->shown));
	else
		maas_refuse(ask, 403, "%s", "");
}

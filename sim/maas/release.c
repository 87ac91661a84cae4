#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/held.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/power.h"
#include "sim/maas/release.h"
#include "sim/maas/results.h"
#include "sim/maas/storage.h"
#include "sim/maas/tasks.h"

bool maas_status_releasable(enum node_status status)
{
	switch ((int)status) {
	case NODE_ALLOCATED:
	case NODE_RESERVED:
	case NODE_BROKEN:
	case NODE_DEPLOYING:
	case NODE_DEPLOYED:
	case NODE_FAILED_DEPLOYMENT:
	case NODE_FAILED_DISK_ERASING:
	case NODE_FAILED_RELEASING:
		return true;
	}
	return false;
}

/* Releasing, or nothing more to do: a second request joins the first. */
static bool released_already(enum node_status status)
{
	return status == NODE_READY || status == NODE_RELEASING;
}

/* ---- the steps ---- */

static void drop_acquired(struct node *node)
{
	struct maas *maas = node->maas;

	for (size_t i = maas->ifaces.count; i-- > 0;) {
		struct iface *iface = maas->ifaces.items[i];

		if (iface->node == node && iface->acquired)
			maas_iface_give_back(iface);
	}
}

/* Devices that belong to it: containers, say. */
static void drop_children(struct node *node)
{
	struct maas *maas = node->maas;

	for (size_t i = maas->nodes.count; i-- > 0;) {
		struct node *child = maas->nodes.items[i];

		if (child->parent == node && child->type == NODE_DEVICE)
			maas_node_drop(maas, child);
	}
}

/* Back to how it stood before its owner: links, osystem, owner data. */
static void become_ready(struct node *node)
{
	node->owner = NULL;
	node->acted = NULL;
	json_object_clear(node->owner_data);
	maas_set_text(&node->agent_name, "");
	maas_set_text(&node->user_data, NULL);
	node->ephemeral = node->install_kvm = node->hw_sync = false;
	node->crash_dump = false;
	node->locked = false;
	node->quick_erase = node->secure_erase = false;
	drop_acquired(node);
	maas_node_drop_addresses(node);
}

/* Ready again; or New, if it never was commissioned well; or gone, if it was
 * made for the allocation that has ended. */
static void release_done(struct node *node)
{
	bool known = !node->commissioning ||
	             maas_results_status(node->commissioning, NULL) == 2;

	if (node->status != NODE_RELEASING)
		return;
	if (node->dynamic) {
		node->leaving = true;
		maas_node_touch(node);
		return;
	}
	become_ready(node);
	maas_node_enter(node, known ? NODE_READY : NODE_NEW);
	maas_event(node, EVENT_INFO, "Released", NULL, "%s", "");
}

void maas_node_release(
    struct node *node, struct user *user, const char *comment)
{
	if (user)
		maas_event_by(node, "User releasing node", user, comment);
	maas_set_text(&node->osystem, "");
	maas_set_text(&node->series, "");
	maas_set_text(&node->hwe_kernel, NULL);
	maas_set_text(&node->agent_name, "");
	node->install_kvm = node->hw_sync = node->crash_dump = false;
	node->runs_release = node->wipes = false;
	node->netboot = true;
	drop_children(node);
	maas_storage_release(node);
	if (node->maas->version < 306)
		node->installation = NULL;
	/* Its scripts may have been the first part of it. */
	if (node->status == NODE_RELEASING) {
		maas_node_progress(node);
	} else {
		maas_node_enter(node, NODE_RELEASING);
		maas_event(node, EVENT_INFO, "Releasing", NULL, "%s", "");
	}
	if (!maas_power_known(node) || strcmp(node->power_state, "off") == 0) {
		maas_power_forget(node);
		release_done(node);
		return;
	}
	node->when_off = release_done;
	maas_power_set(node, false);
}

static void erase(struct node *node, struct user *user, const char *comment,
    const struct release_wish *wish)
{
	maas_event_by(node, "User erasing disks", user, comment);
	node->acted = user;
	node->quick_erase = wish->quick;
	node->secure_erase = wish->secure;
	maas_node_enter(node, NODE_DISK_ERASING);
	maas_power_set(node, true);
}

/* ---- one machine ---- */

/* Erasing alone has a status of its own. */
static void begin(struct node *node, struct user *user, const char *comment,
    const struct release_wish *wish)
{
	if (wish->scripts.count)
		maas_release_scripts_start(node, user, comment, wish);
	else if (wish->erase)
		erase(node, user, comment, wish);
	else
		maas_node_release(node, user, comment);
}

/* The region notices only when it tries: status and power are set back. */
static void no_rack(struct ask *ask, struct node *node, const struct err *err)
{
	enum node_status before = node->status;

	maas_event_by(
	    node, "User releasing node", ask->user, maas_field(ask, "comment"));
	maas_node_enter(node, NODE_RELEASING);
	maas_event(node, EVENT_INFO, "Releasing", NULL, "%s", "");
	maas_set_text(&node->osystem, "");
	maas_set_text(&node->series, "");
	maas_set_text(&node->hwe_kernel, NULL);
	node->netboot = true;
	maas_storage_release(node);
	node->installation = NULL;
	maas_node_enter(node, before);
	maas_set_text(&node->power_state, "unknown");
	maas_late_power(ask, err);
}

/* The region tried, and found out too late: it is as before, but for what a
 * release forgets at once. */
static void not_released(struct ask *ask, struct node *node,
    enum node_status before, const struct err *err)
{
	node->when_off = NULL;
	node->runs_release = node->wipes = false;
	maas_node_enter(node, before);
	maas_late_power(ask, err);
}

static void release_one(
    struct ask *ask, struct node *node, const struct release_wish *wish)
{
	enum node_status before;
	struct err err = { 0 };

	if (released_already(node->status)) {
		maas_answer(ask, maas_node_json(node));
		return;
	}
	if (!maas_status_releasable(node->status)) {
		maas_refuse(ask, 409,
		    "Machine cannot be released in its current state "
		    "('%s').",
		    maas_status_name(node->status));
		return;
	}
	if (maas_held_against(node, false, &err)) {
		maas_late_power(ask, &err);
		return;
	}
	if (strcmp(node->power_state, "off") != 0 && maas_power_known(node) &&
	    (!maas_power_reachable(node, &err) ||
	        maas_power_refused(node, false, &err))) {
		no_rack(ask, node, &err);
		return;
	}
	before = node->status;
	begin(node, ask->user, maas_field(ask, "comment"), wish);
	maas_answer(ask, maas_node_json(node));
	maas_hold(ask, node, before, not_released);
}

void maas_op_release(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Machine");
	struct release_wish wish = { 0 };

	if (node && maas_release_read(ask, node, &wish))
		release_one(ask, node, &wish);
	maas_release_wish_free(&wish);
}

/* ---- many machines ---- */

struct bulk {
	struct names asked; /* each once */
	struct node **nodes;
	size_t count;
	struct buf unknown, forbidden, stuck;
};

static int by_system_id(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->system_id, (*y)->system_id);
}

static void add_word(struct buf *list, const char *word)
{
	buf_addf(list, "%s%s", list->len ? ", " : "", word);
}

static void collect(struct ask *ask, struct bulk *bulk)
{
	size_t at = 0;
	const char *id;

	while ((id = maas_form_next(&ask->body.form, "machines", &at)))
		maas_names_add(&bulk->asked, id);
	bulk->nodes = xcalloc(bulk->asked.count + 1, sizeof(*bulk->nodes));
	for (size_t i = 0; i < bulk->asked.count; i++) {
		struct node *node;

		id = bulk->asked.items[i];
		node = maas_node_find(ask->maas, id);
		if (node && node->type == NODE_MACHINE)
			bulk->nodes[bulk->count++] = node;
		else
			buf_addf(&bulk->unknown, "%s%s",
			    i > bulk->count ? ", " : "", id);
	}
	if (bulk->count)
		qsort(bulk->nodes, bulk->count, sizeof(*bulk->nodes),
		    by_system_id);
	for (size_t i = 0; i < bulk->count; i++) {
		struct node *node = bulk->nodes[i];

		if (!maas_may_edit(ask, node))
			add_word(&bulk->forbidden, node->system_id);
		else if (node->status != NODE_READY &&
		         !maas_status_releasable(node->status))
			buf_addf(&bulk->stuck, "%s%s ('%s')",
			    bulk->stuck.len ? ", " : "", node->system_id,
			    maas_status_name(node->status));
	}
}

static void release_all(struct ask *ask, const struct bulk *bulk)
{
	const char *comment = maas_field(ask, "comment");
	struct release_wish wish = { 0 };
	json_t *list = json_array();

	maas_release_settings(ask->maas, &wish);

	for (size_t i = 0; i < bulk->count; i++) {
		struct node *node = bulk->nodes[i];

		if (released_already(node->status))
			continue;
		begin(node, ask->user, comment, &wish);
		json_array_append_new(list, json_string(node->system_id));
	}
	maas_answer(ask, list);
}

void maas_op_machines_release(struct ask *ask)
{
	struct bulk bulk = { 0 };

	if (maas_no_lists(ask))
		return;
	collect(ask, &bulk);
	if (bulk.count < bulk.asked.count)
		maas_refuse(ask, 400, "Unknown machine(s): %s.",
		    buf_text(&bulk.unknown));
	else if (bulk.forbidden.len)
		maas_refuse(ask, 403,
		    "You don't have the required permission to release the "
		    "following machine(s): %s.",
		    buf_text(&bulk.forbidden));
	else if (bulk.stuck.len)
		maas_refuse(ask, 409,
		    "Machine(s) cannot be released in their current state: "
		    "%s.",
		    buf_text(&bulk.stuck));
	else
		release_all(ask, &bulk);
	free(bulk.nodes);
	maas_names_free(&bulk.asked);
	buf_free(&bulk.unknown);
	buf_free(&bulk.forbidden);
	buf_free(&bulk.stuck);
}

#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/storage.h"

/* The layout of one machine's disks (clone_storage.c), or of its network, laid
 * on others. */

struct wish {
	struct node *source;
	struct node **destinations;
	size_t count;
	bool storage, interfaces;
};

/* ---- interfaces ---- */

static struct iface *card(const struct node *node, const char *name)
{
	struct iface *iface;

	list_for_each (iface, &node->ifaces) {
		if ((!name || strcmp(iface->name, name) == 0) &&
		    strcmp(iface->type, "physical") == 0)
			return iface;
	}
	return NULL;
}

/* That of its first parent; the parents have copies already. */
static const char *mac_of_copy(const struct iface *from, const struct node *to)
{
	const struct iface *parent = from->parents.count
	                                 ? from->parents.items[0]
	                                 : NULL;
	const struct iface *there =
	    parent ? maas_iface_named(to->maas, to, parent->name) : NULL;

	if (!there)
		there = card(to, NULL);
	return there ? there->mac : from->mac;
}

static char *interfaces_fault(const struct node *source, const struct node *to)
{
	struct buf missing = BUF_INIT;
	struct iface *iface;
	char *fault = NULL;

	list_for_each (iface, &source->ifaces) {
		if (strcmp(iface->type, "physical") == 0 &&
		    !card(to, iface->name))
			buf_addf(&missing, "%s%s", missing.len ? ", " : "",
			    iface->name);
	}
	if (missing.len)
		fault = xasprintf("destination node physical interfaces do not "
		                  "match the source nodes physical interfaces: "
		                  "%s",
		    buf_text(&missing));
	buf_free(&missing);
	return fault;
}

/* A fixed address stays with its machine: the copy has the next one. */
static void copy_link(const struct address *from, struct iface *to)
{
	struct maas *maas = to->node->maas;
	enum alloc_type type = from->type;
	struct address *copy;
	bool fixed = from->assigned && type != ALLOC_DHCP;
	struct ip ip;

	if (fixed && !maas_address_next(maas, from->subnet, false, &ip)) {
		fixed = false;
		type = ALLOC_AUTO;
	}
	copy = maas_address_make(maas, type, from->subnet);
	maas_address_give(copy, to);
	if (!fixed)
		return;
	copy->user = from->user;
	maas_address_assign(copy, &ip, copy->created_time);
}

static void copy_links(const struct iface *from, struct iface *to)
{
	const struct list *all = &from->node->addresses;

	for (size_t i = 0; i < all->count; i++) {
		const struct address *address = all->items[i];

		if (address->iface == from && address->type != ALLOC_DISCOVERED)
			copy_link(address, to);
	}
}

static void copy_iface(const struct iface *from, struct iface *to)
{
	to->vlan = from->vlan;
	to->enabled = from->enabled;
	to->mtu = from->mtu;
	json_decref(to->params);
	to->params = json_deep_copy(from->params);
	copy_links(from, to);
}

static void copy_parents(
    const struct iface *from, struct iface *to, const struct node *node)
{
	struct iface *parent;

	list_for_each (parent, &from->parents) {
		struct iface *here = maas_iface_named(
		    node->maas, node, parent->name);

		if (here && !maas_list_has(&to->parents, here))
			maas_list_put(&to->parents, here);
	}
}

static void clone_interfaces(const struct node *from, struct node *to)
{
	struct maas *maas = to->maas;
	size_t count;

	maas_node_restore_network(to);
	for (size_t i = maas->addresses.count; i-- > 0;) {
		struct address *address = maas->addresses.items[i];

		if (address->iface && address->iface->node == to &&
		    address->type != ALLOC_DISCOVERED)
			maas_address_drop(maas, address);
	}
	count = maas->ifaces.count;
	for (size_t i = 0; i < count; i++) {
		struct iface *iface = maas->ifaces.items[i], *copy;

		if (iface->node != from)
			continue;
		copy = strcmp(iface->type, "physical") == 0
		           ? card(to, iface->name)
		           : maas_iface_make(to, iface->name, iface->type,
		                 mac_of_copy(iface, to));
		copy_iface(iface, copy);
		copy_parents(iface, copy, to);
	}
	maas_node_touch(to);
}

/* ---- the form ---- */

/* The machine as the region's own texts call it. */
static char *name_of(const struct node *node)
{
	char *fqdn = maas_node_fqdn(node);
	char *name = xasprintf("%s (%s)", node->system_id, fqdn);

	free(fqdn);
	return name;
}

static void add_fault(json_t *errors, const struct node *to, char *fault)
{
	char *name = name_of(to);

	if (fault)
		maas_error(
		    errors, "destinations", "%s is invalid: %s", name, fault);
	free(fault);
	free(name);
}

static void check_destination(
    const struct wish *wish, const struct node *to, json_t *errors)
{
	char *name = name_of(to);

	if (to == wish->source)
		maas_error(errors, "destinations",
		    "Source machine %s cannot be a destination machine.", name);
	else if (wish->storage)
		add_fault(errors, to, maas_clone_fault(wish->source, to));
	if (to != wish->source && wish->interfaces)
		add_fault(errors, to, interfaces_fault(wish->source, to));
	free(name);
}

/* By its id or its name. */
static struct node *machine_called(const struct maas *maas, const char *word)
{
	struct node *node = maas_node_find(maas, word);

	if (!node)
		node = maas_node_named(maas, word);
	return node && node->type == NODE_MACHINE ? node : NULL;
}

#define NO_CHOICE \
	"Select a valid choice. %s is not one of the available choices."

static struct node *destination(struct ask *ask, const char *word)
{
	struct node *node = machine_called(ask->maas, word);

	return node && maas_is_admin(ask) &&
	               (node->status == NODE_READY ||
	                   node->status == NODE_FAILED_TESTING)
	           ? node
	           : NULL;
}

/* Words parted by commas, nothing stripped; the last field counts. */
static void read_destinations(
    struct ask *ask, struct wish *wish, json_t *errors)
{
	const char *text = maas_field(ask, "destinations");
	bool bad = false;

	if (!text || !*text) {
		maas_error(errors, "destinations", "This field is required.");
		return;
	}
	wish->destinations = xcalloc(
	    strlen(text) + 1, sizeof(*wish->destinations));
	for (size_t nth = 1; text; nth++) {
		size_t len = strcspn(text, ",");
		char *word = xasprintf("%.*s", (int)len, text);
		struct node *node = destination(ask, word);

		if (node)
			wish->destinations[wish->count++] = node;
		else
			maas_error(errors, "destinations",
			    "Machine %zu is invalid: " NO_CHOICE, nth, word);
		bad |= !node;
		free(word);
		text = text[len] ? text + len + 1 : NULL;
	}
	if (bad)
		wish->count = 0;
}

/* What is not there is said to be missing besides. */
static void read_source(struct ask *ask, struct wish *wish, json_t *errors)
{
	const char *source = maas_field(ask, "source");
	struct node *node;

	if (source && *source) {
		node = machine_called(ask->maas, source);
		if (node && maas_is_listed(ask, node))
			wish->source = node;
		else
			maas_error(errors, "source", NO_CHOICE, source);
	}
	if (!wish->source)
		maas_error(errors, "source", "This field is required.");
}

static bool read_wish(struct ask *ask, struct wish *wish)
{
	const struct form *form = &ask->body.form;
	json_t *errors = json_object();

	maas_checkbox(form, "storage", &wish->storage);
	maas_checkbox(form, "interfaces", &wish->interfaces);
	read_source(ask, wish, errors);
	read_destinations(ask, wish, errors);
	for (size_t i = 0; wish->source && i < wish->count; i++)
		check_destination(wish, wish->destinations[i], errors);
	if (!wish->storage && !wish->interfaces)
		maas_error(errors, "__all__",
		    "Either storage or interfaces must be true.");
	return maas_fine(ask, errors);
}

void maas_op_clone(struct ask *ask)
{
	struct wish wish = { 0 };

	if (read_wish(ask, &wish)) {
		for (size_t i = 0; i < wish.count; i++) {
			if (wish.storage)
				maas_storage_clone(
				    wish.source, wish.destinations[i]);
			if (wish.interfaces)
				clone_interfaces(
				    wish.source, wish.destinations[i]);
		}
		maas_answer_gone(ask);
	}
	free(wish.destinations);
}

#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/addresses.h"
#include "sim/maas/ifaces.h"
#include "sim/maas/node.h"
#include "sim/maas/storage.h"

/* The layout of one machine's disks, or of its network, laid on others. */

struct wish {
	struct node *source;
	struct node **destinations;
	size_t count;
	bool storage, interfaces;
};

/* ---- storage ---- */

/* The n-th physical drive. */
static struct drive *physical(const struct node *node, size_t n)
{
	struct drive *drive;

	list_for_each (drive, &node->drives) {
		if (!drive->group && n-- == 0)
			return drive;
	}
	return NULL;
}

/* Each drive of the source needs one at the same place that is as big. */
static const char *storage_fault(
    const struct node *source, const struct node *to)
{
	for (size_t i = 0; physical(source, i); i++) {
		const struct drive *from = physical(source, i);
		const struct drive *there = physical(to, i);

		if (!there)
			return "destination node does not have enough "
			       "physical block devices";
		if (from && there->size < from->size)
			return "destination node block device is smaller than "
			       "the source's";
	}
	return NULL;
}

/* What stands at the same place on the other machine. Both were made in the
 * same order, so that places are enough. */
struct pairs {
	struct storage_group *from_group[32], *to_group[32];
	size_t groups;
	struct cache_set *from_cache[16], *to_cache[16];
	size_t caches;
	const struct drive *from_drive[64];
	struct drive *to_drive[64];
	size_t drives;
};

static struct drive *drive_for(
    const struct pairs *pairs, const struct drive *drive)
{
	for (size_t i = 0; i < pairs->drives; i++)
		if (pairs->from_drive[i] == drive)
			return pairs->to_drive[i];
	return NULL;
}

static void copy_groups(
    struct pairs *pairs, const struct node *from, struct node *to)
{
	struct storage_group *group;
	struct cache_set *cache;

	list_for_each (cache, &from->cache_sets) {
		struct cache_set *copy = xcalloc(1, sizeof(*copy));

		check(pairs->caches < 16);
		copy->id = to->maas->next_cache_set_id++;
		copy->node = to;
		maas_list_put(&to->cache_sets, copy);
		pairs->from_cache[pairs->caches] = cache;
		pairs->to_cache[pairs->caches++] = copy;
	}
	list_for_each (group, &from->groups) {
		struct storage_group *copy = maas_group_make(
		    to, group->kind, group->type);

		check(pairs->groups < 32);
		maas_set_text(&copy->name, group->name);
		maas_set_text(&copy->cache_mode, group->cache_mode);
		for (size_t i = 0; i < pairs->caches; i++)
			if (pairs->from_cache[i] == group->cache)
				copy->cache = pairs->to_cache[i];
		pairs->from_group[pairs->groups] = group;
		pairs->to_group[pairs->groups++] = copy;
	}
}

static void copy_filesystem(const struct pairs *pairs, struct maas *maas,
    const struct filesystem *from, struct filesystem *to)
{
	if (!from->fstype)
		return;
	maas_filesystem_set(
	    maas, to, from->fstype, from->label, from->mount_point);
	maas_set_text(&to->mount_options, from->mount_options);
	for (size_t i = 0; i < pairs->groups; i++)
		if (pairs->from_group[i] == from->group)
			to->group = pairs->to_group[i];
	for (size_t i = 0; i < pairs->caches; i++)
		if (pairs->from_cache[i] == from->cache)
			to->cache = pairs->to_cache[i];
}

static void copy_drive(
    const struct pairs *pairs, const struct drive *from, struct drive *to)
{
	struct partition *partition;
	struct maas *maas;

	check(to);
	maas = to->node->maas;
	list_for_each (partition, &from->partitions) {
		struct partition *copy = maas_partition_make(
		    to, partition->size, partition->bootable);

		copy->fixed = partition->fixed;
		copy_filesystem(
		    pairs, maas, &partition->planned, &copy->planned);
	}
	to->table = from->table;
	copy_filesystem(pairs, maas, &from->planned, &to->planned);
}

static void pair_drives(
    struct pairs *pairs, const struct node *from, struct node *to)
{
	struct drive *drive;
	size_t nth = 0;

	list_for_each (drive, &from->drives) {
		struct drive *copy = NULL;

		check(pairs->drives < 64);
		if (!drive->group)
			copy = physical(to, nth++);
		for (size_t i = 0; i < pairs->groups; i++)
			if (drive->group &&
			    pairs->from_group[i] == drive->group)
				copy = maas_drive_virtual(pairs->to_group[i],
				    drive->name, drive->size);
		pairs->from_drive[pairs->drives] = drive;
		pairs->to_drive[pairs->drives++] = copy;
	}
}

static void clone_storage(const struct node *from, struct node *to)
{
	struct pairs *pairs = xcalloc(1, sizeof(*pairs));
	struct drive *drive;

	maas_storage_wipe(to);
	copy_groups(pairs, from, to);
	pair_drives(pairs, from, to);
	list_for_each (drive, &from->drives)
		copy_drive(pairs, drive, drive_for(pairs, drive));
	to->boot_drive = from->boot_drive ? drive_for(pairs, from->boot_drive)
	                                  : NULL;
	free(pairs);
}

static bool clonable(const struct node *node)
{
	return node->groups.count <= 32 && node->cache_sets.count <= 16 &&
	       node->drives.count <= 64;
}

/* ---- interfaces ---- */

static struct iface *card(const struct node *node, const char *name)
{
	struct iface *iface;

	list_for_each (iface, &node->maas->ifaces) {
		if (iface->node == node &&
		    (!name || strcmp(iface->name, name) == 0) &&
		    strcmp(iface->type, "physical") == 0)
			return iface;
	}
	return NULL;
}

static const char *interfaces_fault(
    const struct node *source, const struct node *to)
{
	struct iface *iface;

	list_for_each (iface, &source->maas->ifaces) {
		if (iface->node == source &&
		    strcmp(iface->type, "physical") == 0 &&
		    !card(to, iface->name))
			return "destination node physical interfaces do not "
			       "match the source's names";
	}
	return NULL;
}

/* A fixed address stays with its machine: the copy gets one by itself. */
static void copy_links(const struct iface *from, struct iface *to)
{
	struct maas *maas = to->node->maas;
	size_t count = maas->addresses.count;

	for (size_t i = 0; i < count; i++) {
		const struct address *address = maas->addresses.items[i];
		enum alloc_type type = address->type;

		if (address->iface != from || type == ALLOC_DISCOVERED)
			continue;
		if (type == ALLOC_STICKY && address->assigned)
			type = ALLOC_AUTO;
		maas_address_give(
		    maas_address_make(maas, type, address->subnet), to);
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
		                 card(to, NULL)->mac);
		copy_iface(iface, copy);
		copy_parents(iface, copy, to);
	}
	maas_node_touch(to);
}

/* ---- the form ---- */

static void nth_fault(json_t *errors, size_t nth, const char *fault)
{
	maas_error(errors, "destinations",
	    "Machine %zu in the array did not validate: %s", nth, fault);
}

static void check_destination(
    const struct wish *wish, size_t nth, json_t *errors)
{
	const struct node *to = wish->destinations[nth];
	const char *fault = NULL;

	if (to == wish->source) {
		nth_fault(errors, nth + 1,
		    "Source machine cannot be a destination machine.");
		return;
	}
	if (wish->storage)
		fault = storage_fault(wish->source, to);
	if (fault)
		nth_fault(errors, nth + 1, fault);
	fault = wish->interfaces ? interfaces_fault(wish->source, to) : NULL;
	if (fault)
		nth_fault(errors, nth + 1, fault);
}

static void read_destinations(
    struct ask *ask, struct wish *wish, json_t *errors)
{
	struct names words = { 0 };
	const char *text;
	size_t at = 0;

	while ((text = maas_form_next(&ask->body.form, "destinations", &at)))
		maas_names_split(&words, text, ", ");
	wish->destinations = xcalloc(
	    words.count + 1, sizeof(*wish->destinations));
	for (size_t i = 0; i < words.count; i++) {
		struct node *node = maas_node_find(ask->maas, words.items[i]);

		if (node && node->type == NODE_MACHINE && maas_is_admin(ask) &&
		    !node->locked &&
		    (node->status == NODE_READY ||
		        node->status == NODE_FAILED_TESTING))
			wish->destinations[wish->count++] = node;
		else
			nth_fault(errors, i + 1,
			    "Select a valid choice. That choice is not one of "
			    "the available choices.");
	}
	if (!words.count)
		maas_error(errors, "destinations", "This field is required.");
	maas_names_free(&words);
}

static void read_source(struct ask *ask, struct wish *wish, json_t *errors)
{
	const char *source = maas_field(ask, "source");
	struct node *node = source && *source
	                        ? maas_node_find(ask->maas, source)
	                        : NULL;

	if (!source || !*source)
		maas_error(errors, "source", "This field is required.");
	else if (!node || node->type != NODE_MACHINE ||
	         !maas_may_see(ask, node) || !clonable(node))
		maas_no_such_choice(errors, "source");
	else
		wish->source = node;
}

static bool read_wish(struct ask *ask, struct wish *wish)
{
	const struct form *form = &ask->body.form;
	json_t *errors;

	if (!maas_flag(ask, form, "storage", false, &wish->storage) ||
	    !maas_flag(ask, form, "interfaces", false, &wish->interfaces))
		return false;
	errors = json_object();
	read_source(ask, wish, errors);
	read_destinations(ask, wish, errors);
	if (!wish->storage && !wish->interfaces)
		maas_error(errors, "__all__",
		    "Either storage or interfaces must be true.");
	for (size_t i = 0; wish->source && i < wish->count; i++)
		check_destination(wish, i, errors);
	return maas_fine(ask, errors);
}

void maas_op_clone(struct ask *ask)
{
	struct wish wish = { 0 };

	if (read_wish(ask, &wish)) {
		for (size_t i = 0; i < wish.count; i++) {
			if (wish.storage)
				clone_storage(
				    wish.source, wish.destinations[i]);
			if (wish.interfaces)
				clone_interfaces(
				    wish.source, wish.destinations[i]);
		}
		maas_answer_gone(ask);
	}
	free(wish.destinations);
}

#include "sim/maas/storage_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/node.h"
#include "sim/maas/region.h"
#include "sim/maas/storage.h"

/*
 * Whole layouts: what an administrator chooses for a machine that is Ready.
 *
 * Sizes of VMware's own partitions are those of its images, rounded to whole
 * blocks where MAAS does so too. A custom layout would come from the machine's
 * commissioning scripts, which say none here.
 */

#define EFI_SIZE (512 * MIB)
#define GIB      (1024 * MIB)
#define ROOT_MIN (3 * GIB)
#define BOOT_MIN (512 * MIB)

struct layout_form {
	int64_t boot_size, root_size, lv_size, cache_size; /* -1: not given */
	const char *vg_name, *lv_name, *cache_mode;
	struct drive *root, *cache;
	bool cache_whole;
};

typedef void lay_fn(struct node *node, const struct layout_form *form);

static int64_t at_most(int64_t wanted, int64_t room)
{
	return wanted < 0 || wanted > room ? room : wanted;
}

/* EFI and, if one is asked for, /boot. */
static void lay_boot(struct drive *drive, const struct layout_form *form)
{
	struct maas *maas = drive->node->maas;
	struct partition *efi = maas_partition_make(drive, EFI_SIZE, true);
	struct partition *boot;

	maas_filesystem_set(maas, &efi->planned, "fat32", "efi", "/boot/efi");
	if (form->boot_size <= 0)
		return;
	boot = maas_partition_make(drive, form->boot_size, true);
	maas_filesystem_set(maas, &boot->planned, "ext4", "boot", "/boot");
}

/* The partition for the root; on another drive if one was named. */
static struct partition *lay_root(
    struct node *node, const struct layout_form *form)
{
	struct drive *boot = maas_boot_drive(node);
	struct drive *drive = form->root ? form->root : boot;

	lay_boot(boot, form);
	return maas_partition_make(drive,
	    at_most(form->root_size, maas_drive_available(drive)), false);
}

static void set_root(struct maas *maas, struct filesystem *filesystem)
{
	maas_filesystem_set(maas, filesystem, "ext4", "root", "/");
}

static void lay_flat(struct node *node, const struct layout_form *form)
{
	set_root(node->maas, &lay_root(node, form)->planned);
}

static void lay_lvm(struct node *node, const struct layout_form *form)
{
	struct part part = maas_part_of(lay_root(node, form));
	struct storage_group *group = maas_group_make(
	    node, GROUP_VOLUMES, "lvm-vg");
	struct drive *volume;

	maas_set_text(&group->name, form->vg_name ? form->vg_name : "vgroot");
	maas_group_join(group, &part, "lvm-pv");
	volume = maas_drive_virtual(group,
	    form->lv_name ? form->lv_name : "lvroot",
	    at_most(form->lv_size, maas_group_size(group)) / STORAGE_BLOCK *
	        STORAGE_BLOCK);
	set_root(node->maas, &volume->planned);
}

/* A drive for the cache: the one that was named, else the smallest solid one
 * beside the boot drive. */
static struct drive *cache_drive(
    const struct node *node, const struct layout_form *form)
{
	struct drive *drive, *best = form->cache;

	list_for_each (drive, &node->drives) {
		if (drive->group || drive == maas_boot_drive(node) ||
		    drive == form->root || form->cache || drive->size < GIB ||
		    !maas_names_have(&drive->tags, "ssd"))
			continue;
		if (!best || drive->size < best->size)
			best = drive;
	}
	return best;
}

/* Nothing boots from a bcache: /boot is always a partition then. */
static void lay_cached(
    struct node *node, const struct layout_form *form, struct drive *fast)
{
	struct layout_form with_boot = *form;
	struct part part = maas_part_drive(fast);
	struct storage_group *group;
	struct cache_set *cache;

	if (with_boot.boot_size <= 0)
		with_boot.boot_size = GIB;
	if (!form->cache_whole)
		part = maas_part_of(maas_partition_make(fast,
		    at_most(form->cache_size, maas_drive_available(fast)),
		    false));
	cache = maas_cache_set_make(node, &part);
	part = maas_part_of(lay_root(node, &with_boot));
	group = maas_bcache_make(
	    cache, &part, form->cache_mode ? form->cache_mode : "writethrough");
	set_root(node->maas, &maas_group_drive(group)->planned);
}

static void lay_bcache(struct node *node, const struct layout_form *form)
{
	struct drive *fast = cache_drive(node, form);

	if (fast)
		lay_cached(node, form, fast);
	else
		lay_flat(node, form);
}

static void lay_nothing(struct node *node, const struct layout_form *form)
{
	(void)node;
	(void)form;
}

/* ---- VMware ---- */

static void lay_vmware(
    struct node *node, const int64_t *sizes_mib, size_t count, size_t datastore)
{
	struct drive *drive = maas_boot_drive(node);
	int64_t room = maas_drive_available(drive);
	struct part part = { NULL, NULL };
	struct chosen chosen = { &part, 1 };

	for (size_t i = 0; i < count; i++)
		room -= (sizes_mib[i] * MIB + STORAGE_BLOCK - 1) /
		        STORAGE_BLOCK * STORAGE_BLOCK;
	for (size_t i = 0; i < count; i++) {
		int64_t size = i == datastore ? room : sizes_mib[i] * MIB;
		struct partition *partition;

		size = (size + STORAGE_BLOCK - 1) / STORAGE_BLOCK *
		       STORAGE_BLOCK;
		partition = maas_partition_make(drive, size, i == 0);
		partition->fixed = true;
		if (i == datastore)
			part = maas_part_of(partition);
	}
	maas_datastore_make(node, "datastore1", &chosen);
}

static void lay_vmfs6(struct node *node, const struct layout_form *form)
{
	static const int64_t sizes[] = { 3, 4096, 0, 249, 249, 109, 285, 2560 };

	(void)form;
	lay_vmware(node, sizes, 8, 2);
}

static void lay_vmfs7(struct node *node, const struct layout_form *form)
{
	static const int64_t sizes[] = { 105, 1074, 1074, 8704, 0 };

	(void)form;
	lay_vmware(node, sizes, 5, 4);
}

/* ---- asked for ---- */

static const struct layout {
	const char *name;
	lay_fn *lay; /* NULL: cannot be */
	int least_gib;
} layouts[] = {
	{ "bcache", lay_bcache, 5 },
	{ "blank", lay_nothing, 0 },
	{ "custom", NULL, 0 },
	{ "flat", lay_flat, 4 },
	{ "lvm", lay_lvm, 4 },
	{ "vmfs6", lay_vmfs6, 10 },
	{ "vmfs7", lay_vmfs7, 32 },
};
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static const struct layout *layout_asked(struct ask *ask)
{
	const char *name = maas_field(ask, "storage_layout");
	struct buf names = BUF_INIT;
	json_t *errors;

	for (size_t i = 0; i < LAYOUTS; i++) {
		if (name && strcmp(name, layouts[i].name) == 0) {
			buf_free(&names);
			return &layouts[i];
		}
		buf_addf(
		    &names, "%s'%s'", names.len ? ", " : "", layouts[i].name);
	}
	errors = json_object();
	if (!name || !*name)
		maas_error(errors, "storage_layout", "This field is required.");
	else
		maas_error(errors, "storage_layout",
		    "'%s' is not a valid storage_layout.  It should be one of: "
		    "%s.",
		    name, buf_text(&names));
	buf_free(&names);
	maas_refuse_form(ask, errors);
	return NULL;
}

static struct drive *drive_field(
    struct ask *ask, struct node *node, const char *field, json_t *errors)
{
	const char *word = maas_field(ask, field);
	struct drive *drive = word && *word ? maas_drive_named(node, word)
	                                    : NULL;

	if (word && *word && (!drive || drive->group || drive->size < ROOT_MIN))
		maas_error(errors, field,
		    "'%s' is not a valid %s.  It should be one of the physical "
		    "block devices of the machine.",
		    word, field);
	return drive;
}

/* A size, or so many per cent of the boot drive. */
static void size_field(struct ask *ask, const struct drive *boot,
    const char *field, int64_t least, int64_t most, int64_t *size,
    json_t *errors)
{
	const char *text = maas_field(ask, field);
	size_t len = text ? strlen(text) : 0;

	*size = -1;
	if (!len)
		return;
	if (text[len - 1] == '%' && strtod(text, NULL) >= 0)
		*size = (int64_t)((double)(boot->size - EFI_SIZE) *
		                  strtod(text, NULL) / 100);
	else if (!maas_bytes(text, size))
		maas_error(errors, field, "Enter a valid value.");
	else if (*size < least)
		maas_error(errors, field,
		    "Size is too small. Minimum size is %lld.",
		    (long long)least);
	else if (*size > most)
		maas_error(errors, field,
		    "Size is too large. Maximum size is %lld.",
		    (long long)most);
}

static bool read_layout(struct ask *ask, struct node *node,
    const struct layout *layout, struct layout_form *form)
{
	static const char *const modes[] = { "writeback", "writethrough",
		"writearound" };
	const struct drive *boot = maas_boot_drive(node);
	json_t *errors = json_object();

	*form = (struct layout_form){ .vg_name = maas_field(ask, "vg_name"),
		.lv_name = maas_field(ask, "lv_name"),
		.cache_mode = maas_field(ask, "cache_mode") };
	size_field(ask, boot, "boot_size", 0, boot->size - EFI_SIZE - ROOT_MIN,
	    &form->boot_size, errors);
	size_field(ask, boot, "root_size", ROOT_MIN,
	    boot->size - EFI_SIZE - BOOT_MIN, &form->root_size, errors);
	size_field(
	    ask, boot, "lv_size", ROOT_MIN, boot->size, &form->lv_size, errors);
	size_field(ask, boot, "cache_size", GIB, boot->size, &form->cache_size,
	    errors);
	maas_choice_field(ask, errors, "cache_mode", false, modes, 3);
	form->root = drive_field(ask, node, "root_device", errors);
	form->cache = drive_field(ask, node, "cache_device", errors);
	if (boot->size < layout->least_gib * GIB)
		maas_error(errors, "boot_size",
		    "Boot disk must be at least %dG.", layout->least_gib);
	else if (form->boot_size + form->root_size + EFI_SIZE > boot->size)
		maas_error(errors, "__all__",
		    "Size of the boot partition and root partition are larger "
		    "than the available space on the boot disk.");
	return maas_fine(ask, errors) &&
	       maas_flag(ask, &ask->body.form, "cache_no_part", false,
	           &form->cache_whole);
}

/* Of a form's values the region takes the first, and of a document's text the
 * first letter, which is no layout. */
void maas_op_set_storage_layout(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");
	const struct layout *layout;
	struct layout_form form;

	if (!node)
		return;
	if (node->status != NODE_READY) {
		maas_refuse(ask, 409,
		    "Cannot change the storage layout on a machine that is not "
		    "Ready.");
		return;
	}
	layout = layout_asked(ask);
	if (!layout)
		return;
	if (ask->body.structured) {
		maas_refuse(ask, 400,
		    "Failed to configure storage layout '%c': Unknown storage "
		    "layout: %c",
		    *layout->name, *layout->name);
		return;
	}
	if (!maas_boot_drive(node)) {
		maas_refuse(ask, 400,
		    "Machine is missing a boot disk; no storage layout can be "
		    "applied.");
		return;
	}
	if (!layout->lay) {
		maas_refuse(ask, 400,
		    "Failed to configure storage layout '%s': No custom "
		    "storage layout configuration found",
		    layout->name);
		return;
	}
	if (!read_layout(ask, node, layout, &form))
		return;
	maas_storage_wipe(node);
	layout->lay(node, &form);
	maas_answer(ask, maas_node_json(node));
}

/* The layout that the configuration names is what commissioning leaves. */
void maas_node_lay_default(struct node *node)
{
	const char *name = maas_config_text(
	    node->maas, "default_storage_layout");
	struct drive *boot = maas_boot_drive(node);
	struct layout_form form = { .boot_size = -1,
		.root_size = -1,
		.lv_size = -1,
		.cache_size = -1 };

	maas_storage_wipe(node);
	for (size_t i = 0; i < LAYOUTS; i++) {
		if (!boot || !layouts[i].lay || layouts[i].lay == lay_flat ||
		    strcmp(name, layouts[i].name) != 0 ||
		    boot->size < layouts[i].least_gib * GIB)
			continue;
		layouts[i].lay(node, &form);
		return;
	}
	if (boot)
		maas_drive_layout(boot);
}

/* ---- filesystems of the machine itself ---- */

static bool special_allowed(
    struct ask *ask, const struct node *node, const char *what)
{
	if (node->status == NODE_READY || node->status == NODE_ALLOCATED)
		return true;
	maas_refuse(ask, 409,
	    "Cannot %s the filesystem because the machine is not Ready or "
	    "Allocated.",
	    what);
	return false;
}

static struct special *special_at(const struct node *node, const char *point)
{
	struct special *special;

	list_for_each (special, &node->specials) {
		if (strcmp(special->mount_point, point) == 0 &&
		    special->acquired == maas_storage_acquired(node))
			return special;
	}
	return NULL;
}

static void point_field(struct ask *ask, json_t *errors)
{
	const char *point = maas_field(ask, "mount_point");

	maas_required_field(ask, errors, "mount_point");
	if (point && *point && *point != '/')
		maas_error(errors, "mount_point", "Enter a valid value.");
}

void maas_op_mount_special(struct ask *ask)
{
	static const char *const kinds[] = { "ramfs", "tmpfs" };
	struct node *node = maas_ask_edit(ask, "Machine");
	const char *options = maas_field(ask, "mount_options");
	const char *point = maas_field(ask, "mount_point");
	struct special *special;
	json_t *errors;

	if (!node || !special_allowed(ask, node, "mount"))
		return;
	errors = json_object();
	maas_choice_field(ask, errors, "fstype", true, kinds, 2);
	point_field(ask, errors);
	if (point && special_at(node, point))
		maas_error(errors, "__all__",
		    "Another filesystem is already mounted at %s.", point);
	if (!maas_fine(ask, errors))
		return;
	special = xcalloc(1, sizeof(*special));
	special->fstype = xstrdup(maas_field(ask, "fstype"));
	special->mount_point = xstrdup(point);
	special->mount_options = xstrdup(options ? options : "");
	special->acquired = maas_storage_acquired(node);
	maas_list_add(&node->specials, special);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_unmount_special(struct ask *ask)
{
	struct node *node = maas_ask_edit(ask, "Machine");
	const char *point = maas_field(ask, "mount_point");
	json_t *errors;

	if (!node || !special_allowed(ask, node, "unmount"))
		return;
	errors = json_object();
	point_field(ask, errors);
	if (!json_object_size(errors) && !special_at(node, point))
		maas_error(errors, "mount_point",
		    "No special filesystem is mounted at this path.");
	if (!maas_fine(ask, errors))
		return;
	maas_special_drop(node, special_at(node, point));
	maas_answer(ask, maas_node_json(node));
}

/* ---- back to how it was found ---- */

/* The sentence about the network has no full stop in MAAS. */
static bool restorable(
    struct ask *ask, const struct node *node, const char *what)
{
	if (node->status == NODE_READY || node->status == NODE_FAILED_TESTING)
		return true;
	maas_refuse(ask, 409,
	    "Machine must be in a ready or failed testing state to restore %s",
	    what);
	return false;
}

void maas_op_restore_storage_configuration(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");

	if (!node || !restorable(ask, node, "storage configuration."))
		return;
	maas_node_lay_default(node);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_restore_networking_configuration(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");

	if (!node || !restorable(ask, node, "networking configuration"))
		return;
	maas_node_restore_network(node);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_restore_default_configuration(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");

	if (!node || !restorable(ask, node,
	                 "default networking and storage "
	                 "configuration."))
		return;
	maas_node_restore_network(node);
	maas_node_lay_default(node);
	maas_answer(ask, maas_node_json(node));
}

void maas_op_clear_default_gateways(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");

	if (!node)
		return;
	node->gateway_link_id = 0;
	maas_answer(ask, maas_node_json(node));
}

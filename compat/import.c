#include "compat/import_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"

struct import {
	struct site *site;
	const struct import_options *options;
	json_t *out;
	bool admin;
	char user[160];
	unsigned changed; /* machines that are not written as they are */
	char example[200];
};

json_t *import_keep(const json_t *from, const char *const *keys)
{
	json_t *out = json_object();

	for (; *keys; keys++) {
		json_t *value = json_object_get(from, *keys);

		if (value)
			json_object_set(out, *keys, value);
	}
	return out;
}

/* ---- what a list is made of ---- */

typedef json_t *keep_fn(struct import *import, const json_t *shown);

static int id_order(const void *a, const void *b)
{
	int64_t x = jint(*(json_t *const *)a, "id");
	int64_t y = jint(*(json_t *const *)b, "id");

	return (x > y) - (x < y);
}

/* Servers list by name or by id; a file lists by id. */
static json_t *sorted(json_t *list)
{
	size_t count = json_array_size(list);
	json_t **items = xcalloc(count + 1, sizeof(*items)), *out;

	for (size_t i = 0; i < count; i++)
		items[i] = json_array_get(list, i);
	qsort(items, count, sizeof(*items), id_order);
	out = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append(out, items[i]);
	free(items);
	json_decref(list);
	return out;
}

static json_t *keep_place(struct import *import, const json_t *shown)
{
	static const char *const keys[] = { "id", "name", "description", NULL };

	(void)import;
	return import_keep(shown, keys);
}

static json_t *keep_space(struct import *import, const json_t *shown)
{
	if (jint(shown, "id") < 0) /* of those that have none */
		return NULL;
	return keep_place(import, shown);
}

static json_t *keep_domain(struct import *import, const json_t *shown)
{
	static const char *const keys[] = { "id", "name", "ttl",
		"authoritative", "is_default", NULL };

	(void)import;
	return import_keep(shown, keys);
}

static json_t *keep_tag(struct import *import, const json_t *shown)
{
	static const char *const keys[] = { "name", "comment", "definition",
		"kernel_opts", NULL };

	(void)import;
	return import_keep(shown, keys);
}

static json_t *keep_fabric(struct import *import, const json_t *shown)
{
	static const char *const keys[] = { "id", "name", "class_type", NULL };
	static const char *const vlan_keys[] = { "id", "vid", "name", "mtu",
		"dhcp_on", "space", "primary_rack", "secondary_rack", NULL };
	json_t *fabric = import_keep(shown, keys), *vlans = json_array();

	(void)import;
	for (size_t i = 0; i < jlen(shown, "vlans"); i++)
		json_array_append_new(
		    vlans, import_keep(json_array_get(jget(shown, "vlans"), i),
		               vlan_keys));
	json_object_set_new(fabric, "vlans", sorted(vlans));
	return fabric;
}

static json_t *keep_subnet(struct import *import, const json_t *shown)
{
	static const char *const keys[] = { "id", "cidr", "name", "description",
		"gateway_ip", "dns_servers", "managed", NULL };
	json_t *subnet = import_keep(shown, keys);

	(void)import;
	jseti(subnet, "vlan.id", jint(shown, "vlan.id"));
	return subnet;
}

static json_t *keep_range(struct import *import, const json_t *shown)
{
	static const char *const keys[] = { "id", "type", "start_ip", "end_ip",
		"comment", NULL };
	json_t *range = import_keep(shown, keys);

	(void)import;
	jseti(range, "subnet.id", jint(shown, "subnet.id"));
	if (*jstr(shown, "user.username"))
		jsets(range, "user.username", jstr(shown, "user.username"));
	return range;
}

static json_t *keep_interface(const json_t *shown)
{
	static const char *const keys[] = { "name", "mac_address", "vendor",
		"product", "link_speed", "interface_speed", "params", "tags",
		NULL };
	json_t *interface = import_keep(shown, keys);

	for (size_t i = 0; i < jlen(shown, "links"); i++) {
		const char *address = jstr(
		    json_array_get(jget(shown, "links"), i), "ip_address");

		if (*address && !jhas(interface, "ip_address"))
			jsets(interface, "ip_address", address);
	}
	return interface;
}

static json_t *keep_controller(struct import *import, const json_t *shown)
{
	static const char *const keys[] = { "system_id", "hostname", "version",
		"architecture", "cpu_count", "memory", "hardware_uuid", NULL };
	json_t *controller = import_keep(shown, keys), *set = json_array();

	(void)import;
	for (size_t i = 0; i < jlen(shown, "interface_set"); i++)
		json_array_append_new(
		    set, keep_interface(
		             json_array_get(jget(shown, "interface_set"), i)));
	json_object_set_new(controller, "interfaces", set);
	return controller;
}

static json_t *keep_machine(struct import *import, const json_t *shown)
{
	char note[200] = "";
	json_t *machine = import_machine(shown, import->options, note);

	if (*note && import->options->changed)
		json_array_append(import->options->changed,
		    json_object_get(shown, "system_id"));
	if (*note && import->changed++ == 0)
		snprintf(import->example, sizeof(import->example), "%s", note);
	return machine;
}

/* ---- images: the list says little, each one more ---- */

static json_t *keep_files(const json_t *set)
{
	static const char *const keys[] = { "filename", "filetype", "sha256",
		"size", NULL };
	json_t *files = json_array(), *file;
	const char *name;

	json_object_foreach(json_object_get(set, "files"), name, file)
	    json_array_append_new(files, import_keep(file, keys));
	return files;
}

/* The newest version is what would be deployed. */
static void keep_set(json_t *image, json_t *sets)
{
	const char *version, *newest = NULL;
	json_t *set;

	json_object_foreach(sets, version, set)
	{
		if (!newest || strcmp(version, newest) > 0)
			newest = version;
	}
	if (!newest)
		return;
	jsets(image, "version", newest);
	json_object_set_new(
	    image, "files", keep_files(json_object_get(sets, newest)));
}

static json_t *image_named(const json_t *shown)
{
	static const char *const keys[] = { "id", "architecture", "subarches",
		NULL };
	bool uploaded = strcmp(jstr(shown, "type"), "Uploaded") == 0;
	bool prefixed = strncmp(jstr(shown, "name"), "custom/", 7) == 0;
	json_t *image = import_keep(shown, keys);
	char *name = xasprintf("%s%s", uploaded && !prefixed ? "custom/" : "",
	    jstr(shown, "name"));

	jsets(image, "name", name);
	free(name);
	return image;
}

static bool read_images(struct import *import, struct err *err)
{
	json_t *list = site_read(import->site, "boot-resources/", err);
	json_t *out = json_array();

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *shown = json_array_get(list, i);
		json_t *image = image_named(shown), *more;
		char path[64];

		snprintf(path, sizeof(path), "boot-resources/%lld/",
		    (long long)jint(shown, "id"));
		more = site_read(import->site, path, err);
		keep_set(image, json_object_get(more, "sets"));
		json_array_append_new(out, image);
		if (!more) {
			json_decref(list);
			json_decref(out);
			return false;
		}
		json_decref(more);
	}
	json_object_set_new(import->out, "images", sorted(out));
	json_decref(list);
	return list != NULL;
}

/* ---- settings, one by one ---- */

static const char *const SETTINGS[] = { "default_osystem",
	"default_distro_series", "default_min_hwe_kernel",
	"default_storage_layout", "commissioning_distro_series",
	"enable_disk_erasing_on_release", "disk_erase_with_secure_erase",
	"disk_erase_with_quick_erase", "node_timeout", "default_dns_ttl",
	"maas_internal_domain", "network_discovery", NULL };

/* Not every version knows every name, and they are for administrators. */
static bool read_config(struct import *import, struct err *err)
{
	json_t *config = json_object();

	for (size_t i = 0; import->admin && SETTINGS[i]; i++) {
		struct http_response answer;
		char path[128];
		const struct site_ask ask = { .method = "GET", .path = path };

		snprintf(path, sizeof(path), "maas/?op=get_config&name=%s",
		    SETTINGS[i]);
		if (!site_ask(import->site, &ask, &answer, err)) {
			json_decref(config);
			return false;
		}
		if (answer.status == 200) {
			json_t *value = json_parse(
			    buf_text(&answer.body), answer.body.len, err);

			if (value)
				json_object_set_new(config, SETTINGS[i], value);
		}
		http_response_free(&answer);
	}
	json_object_set_new(import->out, "config", config);
	return true;
}

/* ---- people ---- */

static bool is_system_user(const char *name)
{
	return strcmp(name, "MAAS") == 0 || strcmp(name, "maas-init-node") == 0;
}

static bool read_users(struct import *import, struct err *err)
{
	json_t *list = site_read(import->site, "users/", err);
	json_t *users = json_object();

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *shown = json_array_get(list, i);
		const char *name = jstr(shown, "username");

		if (!is_system_user(name))
			json_object_set_new(users, name,
			    json_pack("{s:b}", "is_superuser",
			        jbool(shown, "is_superuser")));
	}
	json_object_set_new(import->out, "users", users);
	json_decref(list);
	return list != NULL;
}

static bool read_ssh_keys(struct import *import, struct err *err)
{
	json_t *list, *keys = json_array();
	char *path = xasprintf("users[%s].ssh_keys", import->user);

	list = site_read(import->site, "account/prefs/sshkeys/", err);
	for (size_t i = 0; i < json_array_size(list); i++)
		json_array_append(
		    keys, json_object_get(json_array_get(list, i), "key"));
	jset(import->out, path, keys);
	free(path);
	json_decref(list);
	return list != NULL;
}

/* ---- the order of it all ---- */

static const struct part {
	const char *key, *path, *what;
	keep_fn *keep;
	bool by_id;
} PARTS[] = {
	{ "zones", "zones/", "zones", keep_place, true },
	{ "pools", "resourcepools/", "resource pools", keep_place, true },
	{ "domains", "domains/", "domains", keep_domain, true },
	{ "tags", "tags/", "tags", keep_tag, false },
	{ "spaces", "spaces/", "spaces", keep_space, true },
	{ "fabrics", "fabrics/", "fabrics", keep_fabric, true },
	{ "subnets", "subnets/", "subnets", keep_subnet, true },
	{ "ipranges", "ipranges/", "address ranges", keep_range, true },
	{ "regions", "regioncontrollers/", "region controllers",
	    keep_controller, false },
	{ "racks", "rackcontrollers/", "rack controllers", keep_controller,
	    false },
	{ "machines", "machines/", "machines", keep_machine, false },
};
#define PART_COUNT (sizeof(PARTS) / sizeof(PARTS[0]))

static bool read_part(
    struct import *import, const struct part *part, struct err *err)
{
	json_t *list = site_read(import->site, part->path, err);
	json_t *out = json_array(), *shown;
	size_t i;

	if (list && !json_is_array(list)) {
		json_decref(list);
		json_decref(out);
		return err_set(err, ERR_GARBLED,
		    "GET %s gave something that is no list: is this a MAAS?",
		    part->path);
	}
	json_array_foreach(list, i, shown)
	{
		json_t *kept = part->keep(import, shown);

		if (kept)
			json_array_append_new(out, kept);
	}
	json_object_set_new(
	    import->out, part->key, part->by_id ? sorted(out) : out);
	json_decref(list);
	return list != NULL;
}

static void tell(struct import *import, const char *what, unsigned step)
{
	const struct import_options *options = import->options;

	if (options->tell)
		options->tell(options->ctx, what, step, PART_COUNT + 4);
}

static void warn_of_changes(struct import *import)
{
	const struct import_options *options = import->options;
	char text[320];

	if (!import->changed || !options->warn)
		return;
	snprintf(text, sizeof(text),
	    "%u machine%s could not be written just as %s: %s%s",
	    import->changed, import->changed == 1 ? "" : "s",
	    import->changed == 1 ? "it is" : "they are",
	    import->changed == 1 ? "" : "for example, ", import->example);
	options->warn(options->ctx, text);
}

static bool read_all(struct import *import, struct err *err)
{
	unsigned step = 0;

	tell(import, "users", ++step);
	if (!read_users(import, err))
		return false;
	tell(import, "settings", ++step);
	if (!read_config(import, err))
		return false;
	tell(import, "images", ++step);
	if (!read_images(import, err))
		return false;
	if (import->options->with_ssh_keys && !read_ssh_keys(import, err))
		return false;
	for (size_t i = 0; i < PART_COUNT; i++) {
		tell(import, PARTS[i].what, ++step);
		if (!read_part(import, &PARTS[i], err))
			return false;
	}
	tell(import, "done", PART_COUNT + 4);
	warn_of_changes(import);
	return true;
}

bool import_version(struct site *site, char series[16], struct err *err)
{
	json_t *version = site_read(site, "version/", err);
	const char *text = jstr(version, "version");
	int major, minor;
	bool well = sscanf(text, "%d.%d", &major, &minor) == 2 &&
	            isdigit((unsigned char)*text) && major >= 0 &&
	            major < 1000 && minor >= 0 && minor < 1000;

	if (well)
		snprintf(series, 16, "%d.%d", major, minor);
	else if (version)
		err_set(err, ERR_GARBLED,
		    "what is at %s%s does not say which version of MAAS it is",
		    site_origin(site), site_root(site));
	json_decref(version);
	return well;
}

bool import_whoami(
    struct site *site, char name[160], bool *admin, struct err *err)
{
	json_t *me = site_read(site, "users/?op=whoami", err);

	if (!me)
		return false;
	snprintf(name, 160, "%s", jstr(me, "username"));
	*admin = jbool(me, "is_superuser");
	json_decref(me);
	return *name || err_set(err, ERR_GARBLED,
	                    "MAAS does not say whose API key this is");
}

json_t *import_inventory(
    struct site *site, const struct import_options *options, struct err *err)
{
	struct import import = {
		.site = site, .options = options, .out = json_object()
	};
	char series[16];

	tell(&import, "version", 0);
	if (import_version(site, series, err) &&
	    import_whoami(site, import.user, &import.admin, err)) {
		jsets(import.out, "maas.version", series);
		if (read_all(&import, err))
			return import.out;
	}
	json_decref(import.out);
	return NULL;
}

char *import_text(const json_t *inventory)
{
	char *text = json_dumps(inventory, JSON_INDENT(1));
	struct buf out = BUF_INIT;

	check(text);
	buf_addf(&out, "%s\n", text);
	free(text);
	return buf_detach(&out);
}

#include "sim/maas/network_asks.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/ifaces.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/python.h"
#include "sim/maas/region.h"

static json_t *fabric_json(const struct maas *maas, const struct fabric *fabric)
{
	char *uri = xasprintf(
	    "/MAAS/api/2.0/fabrics/%lld/", (long long)fabric->id);
	json_t *json = json_pack("{s:o, s:s, s:o, s:I, s:s}", "class_type",
	    fabric->class_type ? json_string(fabric->class_type) : json_null(),
	    "name", fabric->name, "vlans", maas_fabric_vlans_json(maas, fabric),
	    "id", (json_int_t)fabric->id, "resource_uri", uri);

	free(uri);
	return json;
}

void maas_op_fabrics_list(struct ask *ask)
{
	void **rows = maas_list_rows(&ask->maas->fabrics);
	json_t *list = json_array();

	for (size_t i = 0; i < ask->maas->fabrics.count; i++)
		json_array_append_new(list, fabric_json(ask->maas, rows[i]));
	free(rows);
	maas_answer(ask, list);
}

void maas_op_fabrics_read(struct ask *ask)
{
	struct fabric *fabric = maas_fabric_asked(ask, false);

	if (fabric)
		maas_answer(ask, fabric_json(ask->maas, fabric));
}

/* ---- the form ---- */

#define LONGEST 256

/* "fabric-7" belongs to the fabric with the id 7. self: -1 for a new one. */
static bool is_reserved(const char *name, const char *noun, int64_t self)
{
	size_t len = strlen(noun);

	if (strncmp(name, noun, len) != 0 || name[len] != '-' ||
	    !name[len + 1] ||
	    strspn(name + len + 1, "0123456789") != strlen(name + len + 1))
		return false;
	return self < 0 || maas_number(name + len + 1) != self;
}

/* Whether a name is taken is asked last, of one that may be. */
void maas_check_network_name(json_t *errors, const char *noun, const char *name,
    int64_t self, bool taken)
{
	if (!name || !*name)
		return;
	if (maas_letters(name) > LONGEST)
		maas_error(
		    errors, "name", MAAS_TOO_LONG, LONGEST, maas_letters(name));
	if (!maas_python_is_word(name, "-"))
		maas_error(errors, "name", "Invalid %s name: %s.", noun, name);
	if (json_object_get(errors, "name"))
		return;
	if (is_reserved(name, noun, self))
		maas_error(errors, "name", "Reserved %s name.", noun);
	else if (taken)
		maas_error(errors, "name",
		    "%c%s with this Name already exists.",
		    toupper((unsigned char)*noun), noun + 1);
}

static bool class_ok(const char *text)
{
	return maas_python_letter(text) && maas_python_is_word(text, " -");
}

static bool form_fine(struct ask *ask, const struct fabric *self)
{
	const char *name = maas_stripped(ask, "name");
	const char *class_type = maas_stripped(ask, "class_type");
	json_t *errors = json_object();
	struct fabric *other;
	bool taken = false;

	list_for_each (other, &ask->maas->fabrics)
		taken |= name && other != self &&
		         strcmp(other->name, name) == 0;
	maas_check_network_name(
	    errors, "fabric", name, self ? self->id : -1, taken);
	if (class_type && maas_letters(class_type) > LONGEST)
		maas_error(errors, "class_type", MAAS_TOO_LONG, LONGEST,
		    maas_letters(class_type));
	if (class_type && *class_type && !class_ok(class_type))
		maas_error(errors, "class_type", "Enter a valid value.");
	return maas_fine(ask, errors);
}

/* Name and class may be missing, and so an empty one says nothing. */
static void write_fabric(struct ask *ask, struct fabric *fabric)
{
	const char *name = maas_field(ask, "name");
	const char *description = maas_stripped(ask, "description");
	const char *class_type = maas_field(ask, "class_type");

	if (name && *name)
		maas_set_text(&fabric->name, name);
	if (description)
		maas_set_text(&fabric->description, description);
	if (class_type && *class_type)
		maas_set_text(&fabric->class_type, class_type);
}

void maas_op_fabrics_create(struct ask *ask)
{
	struct fabric *fabric;
	char *made;

	if (!form_fine(ask, NULL))
		return;
	fabric = maas_fabric_make(ask->maas, "");
	made = xasprintf("fabric-%lld", (long long)fabric->id);
	maas_set_text(&fabric->name, made);
	free(made);
	write_fabric(ask, fabric);
	maas_vlan_make(ask->maas, fabric, 0, "untagged");
	maas_answer(ask, fabric_json(ask->maas, fabric));
}

void maas_op_fabrics_update(struct ask *ask)
{
	struct fabric *fabric = maas_fabric_asked(ask, true);

	if (!fabric || !form_fine(ask, fabric))
		return;
	write_fabric(ask, fabric);
	maas_list_touch(&ask->maas->fabrics, fabric);
	maas_answer(ask, fabric_json(ask->maas, fabric));
}

/* ---- delete ---- */

static int by_net(const void *a, const void *b)
{
	const struct subnet *const *x = a, *const *y = b;
	int order = maas_ip_compare(&(*x)->net.base, &(*y)->net.base);

	return order ? order : (*x)->net.bits - (*y)->net.bits;
}

/* "10.0.0.0/24, 10.1.0.0/24"; NULL: none. */
static char *subnets_of(const struct maas *maas, const struct fabric *fabric)
{
	struct subnet **in = xcalloc(maas->subnets.count + 1, sizeof(*in));
	struct buf text = BUF_INIT;
	char cidr[IP_TEXT + 4];
	size_t count = 0;

	for (size_t i = 0; i < maas->subnets.count; i++) {
		in[count] = maas->subnets.items[i];
		count += in[count]->vlan->fabric == fabric;
	}
	qsort(in, count, sizeof(*in), by_net);
	for (size_t i = 0; i < count; i++) {
		maas_net_text(&in[i]->net, cidr);
		buf_addf(&text, "%s%s", i ? ", " : "", cidr);
	}
	free(in);
	return count ? buf_detach(&text) : NULL;
}

static int by_node_and_name(const void *a, const void *b)
{
	const struct iface *const *x = a, *const *y = b;
	int64_t first = (*x)->node ? (*x)->node->id : INT64_MAX;
	int64_t second = (*y)->node ? (*y)->node->id : INT64_MAX;

	if (first != second)
		return first < second ? -1 : 1;
	return strcmp((*x)->name, (*y)->name);
}

/* "eth0 (physical) on web-0, ..."; NULL: none. */
static char *ifaces_of(const struct maas *maas, const struct fabric *fabric)
{
	struct iface **on = xcalloc(maas->ifaces.count + 1, sizeof(*on));
	struct buf text = BUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < maas->ifaces.count; i++) {
		on[count] = maas->ifaces.items[i];
		count += on[count]->vlan && on[count]->vlan->fabric == fabric;
	}
	qsort(on, count, sizeof(*on), by_node_and_name);
	for (size_t i = 0; i < count; i++)
		buf_addf(&text, "%s%s (%s) on %s", i ? ", " : "", on[i]->name,
		    on[i]->type,
		    on[i]->node ? on[i]->node->hostname : "<unknown-node>");
	free(on);
	return count ? buf_detach(&text) : NULL;
}

static bool is_empty(struct ask *ask, const struct fabric *fabric)
{
	char *subnets = subnets_of(ask->maas, fabric);
	char *ifaces = ifaces_of(ask->maas, fabric);

	if (subnets)
		maas_refuse(ask, 400,
		    "Can't delete fabric; the following subnets are still "
		    "present: %s",
		    subnets);
	else if (ifaces)
		maas_refuse(ask, 400,
		    "Can't delete fabric; the following interfaces are still "
		    "connected: %s",
		    ifaces);
	free(subnets);
	free(ifaces);
	return !ask->answered;
}

void maas_op_fabrics_delete(struct ask *ask)
{
	struct fabric *fabric = maas_fabric_asked(ask, true);
	struct list *vlans = &ask->maas->vlans;

	if (!fabric)
		return;
	if (fabric == ask->maas->fabrics.items[0]) {
		maas_refuse(ask, 400,
		    "This fabric is the default fabric, it cannot be "
		    "deleted.");
		return;
	}
	if (!is_empty(ask, fabric))
		return;
	for (size_t i = vlans->count; i-- > 0;) {
		struct vlan *vlan = vlans->items[i];

		if (vlan->fabric == fabric)
			maas_vlan_drop(ask->maas, vlan);
	}
	maas_list_remove(&ask->maas->fabrics, fabric);
	free(fabric->name);
	free(fabric->description);
	free(fabric->class_type);
	free(fabric);
	maas_answer_gone(ask);
}

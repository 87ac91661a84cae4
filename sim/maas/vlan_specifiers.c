#include "sim/maas/specifier_types.h"

#include <string.h>
#include <strings.h>

#include "sim/maas/networks.h"
#include "sim/maas/python.h"
#include "sim/maas/region.h"

/* Fabrics, spaces and VLANs, as they are meant. */

/* ---- what is wrong ---- */

static void need_number(const char *value, struct spec_fault *fault)
{
	struct buf text = BUF_INIT;
	int64_t number;

	if (maas_python_read_based(value, &number))
		return;
	maas_python_no_int(&text, value);
	maas_spec_wrong(fault, SPEC_NUMBER, buf_text(&text));
	buf_free(&text);
}

void maas_spec_judge_vid(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t vid;

	(void)maas;
	if (strcasecmp(value, "untagged") == 0)
		return;
	need_number(value, fault);
	if (fault->wrong == SPEC_FINE && maas_python_read_based(value, &vid) &&
	    (vid < 0 || vid >= 0xfff))
		maas_spec_wrong(fault, SPEC_INVALID,
		    "VLAN tag (VID) out of range (0-4094; 0 for untagged.)");
}

static void judge_vlan(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t vid;

	if (maas_python_read_based(value, &vid))
		maas_spec_judge_vid(maas, value, fault);
}

/* Ids that the data base is asked for as they are. */
static void judge_row(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	struct buf text = BUF_INIT;
	int64_t id;

	(void)maas;
	if (maas_python_read_int(value, &id))
		return;
	buf_adds(&text, "Field 'id' expected a number but got ");
	maas_python_text(&text, value);
	buf_addc(&text, '.');
	maas_spec_wrong(fault, SPEC_NUMBER, buf_text(&text));
	buf_free(&text);
}

/* Exactly one space must be meant. */
void maas_spec_judge_space(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	struct space *space;
	size_t count = 0;

	if (strcmp(value, "undefined") == 0)
		return;
	maas_specifiers_judge(maas, SPEC_SPACE, value, fault);
	if (fault->wrong != SPEC_FINE)
		return;
	list_for_each (space, &maas->spaces)
		count += maas_specifier_means(maas, SPEC_SPACE, value, space);
	if (count != 1)
		maas_spec_wrong(
		    fault, count ? SPEC_MANY : SPEC_MISSING, "Space");
}

void maas_spec_judge_vlan(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	maas_specifiers_judge(maas, SPEC_VLAN, value, fault);
}

/* ---- fabrics ---- */

static bool fabric_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct fabric *fabric = thing;
	bool number,
	    is = maas_spec_has_id(value, "fabric", fabric->id, &number);

	(void)maas;
	return number ? is : maas_spec_same(fabric->name, value);
}

static bool fabric_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_same(((const struct fabric *)thing)->name, value);
}

static bool fabric_class(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_same(
	    ((const struct fabric *)thing)->class_type, value);
}

const struct spec_type maas_fabric_types[] = {
	{ NULL, NULL, fabric_any },
	{ "class", NULL, fabric_class },
	{ "name", NULL, fabric_name },
	{ NULL, NULL, NULL },
};

/* ---- spaces ---- */

static bool space_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct space *space = thing;
	bool number, is = maas_spec_has_id(value, "space", space->id, &number);

	(void)maas;
	return number ? is : maas_spec_same(space->name, value);
}

static bool space_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_same(((const struct space *)thing)->name, value);
}

static bool space_subnet(
    const struct maas *maas, const char *value, const void *thing)
{
	struct subnet *subnet;

	list_for_each (subnet, &maas->subnets) {
		if (subnet->vlan->space == thing &&
		    maas_specifier_means(maas, SPEC_SUBNET, value, subnet))
			return true;
	}
	return false;
}

const struct spec_type maas_space_types[] = {
	{ NULL, NULL, space_any },
	{ "name", NULL, space_name },
	{ "subnet", maas_spec_judge_subnet, space_subnet },
	{ NULL, NULL, NULL },
};

/* ---- VLANs ---- */

bool maas_spec_has_vid(const char *value, const struct vlan *vlan)
{
	if (!vlan)
		return false;
	if (strcasecmp(value, "untagged") == 0)
		return vlan->vid == 0;
	return maas_spec_is_number(value, vlan->vid);
}

static bool vlan_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct vlan *vlan = thing;
	int64_t vid;

	(void)maas;
	if (strcmp(value, "untagged") == 0 ||
	    maas_python_read_based(value, &vid))
		return maas_spec_has_vid(value, vlan);
	return maas_spec_same(vlan->name, value);
}

static bool vlan_id(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_is_number(value, ((const struct vlan *)thing)->id);
}

static bool vlan_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_same(((const struct vlan *)thing)->name, value);
}

static bool vlan_vid(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return maas_spec_has_vid(value, thing);
}

bool maas_spec_in_fabric(
    const struct maas *maas, const char *value, const void *thing)
{
	return maas_specifier_means(
	    maas, SPEC_FABRIC, value, ((const struct vlan *)thing)->fabric);
}

static bool vlan_space(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct vlan *vlan = thing;

	return vlan->space &&
	       maas_specifier_means(maas, SPEC_SPACE, value, vlan->space);
}

bool maas_spec_in_space(
    const struct maas *maas, const char *value, const struct vlan *vlan)
{
	if (strcmp(value, "undefined") == 0)
		return !vlan || !vlan->space;
	return vlan && vlan_space(maas, value, vlan);
}

static bool vlan_subnet(
    const struct maas *maas, const char *value, const void *thing)
{
	struct subnet *subnet;

	list_for_each (subnet, &maas->subnets) {
		if (subnet->vlan == thing &&
		    maas_specifier_means(maas, SPEC_SUBNET, value, subnet))
			return true;
	}
	return false;
}

const struct spec_type maas_vlan_types[] = {
	{ NULL, judge_vlan, vlan_any },
	{ "fabric", NULL, maas_spec_in_fabric },
	{ "id", judge_row, vlan_id },
	{ "name", NULL, vlan_name },
	{ "space", NULL, vlan_space },
	{ "subnet", maas_spec_judge_subnet, vlan_subnet },
	{ "vid", maas_spec_judge_vid, vlan_vid },
	{ NULL, NULL, NULL },
};

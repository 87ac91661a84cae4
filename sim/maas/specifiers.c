#include "sim/maas/specifiers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "sim/maas/python.h"

/* ---- joints ---- */

enum joint {
	JOINT_OR,
	JOINT_AND,
	JOINT_AND_NOT
};

/* Past blanks and what joins it. */
static const char *past_joint(const char *word, enum joint *joint)
{
	word += strspn(word, " \t\r\n");
	*joint = JOINT_OR;
	if (*word == '|')
		return word + 1;
	if (*word == '&') {
		*joint = JOINT_AND;
		return word + 1;
	}
	if (*word == '!' || strncmp(word, "not_", 4) == 0) {
		*joint = JOINT_AND_NOT;
		return word + (*word == '!' ? 1 : 4);
	}
	return word;
}

/* ---- what is wrong ---- */

static void wrong(
    struct spec_fault *fault, enum spec_wrong wrong, const char *text)
{
	fault->wrong = wrong;
	snprintf(fault->text, sizeof(fault->text), "%s", text);
}

static void need_number(const char *value, struct spec_fault *fault)
{
	struct buf text = BUF_INIT;
	int64_t number;

	if (maas_python_read_based(value, &number))
		return;
	maas_python_no_int(&text, value);
	wrong(fault, SPEC_NUMBER, buf_text(&text));
	buf_free(&text);
}

static void judge_vid(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t vid;

	(void)maas;
	if (strcasecmp(value, "untagged") == 0)
		return;
	need_number(value, fault);
	if (fault->wrong == SPEC_FINE && maas_python_read_based(value, &vid) &&
	    (vid < 0 || vid >= 0xfff))
		wrong(fault, SPEC_INVALID,
		    "VLAN tag (VID) out of range (0-4094; 0 for untagged.)");
}

static void judge_vlan(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t vid;

	if (maas_python_read_based(value, &vid))
		judge_vid(maas, value, fault);
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
	wrong(fault, SPEC_NUMBER, buf_text(&text));
	buf_free(&text);
}

static void judge_speed(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	struct buf text = BUF_INIT;
	int64_t speed;

	(void)maas;
	if (maas_python_read_int(value, &speed))
		return;
	buf_adds(&text, "Field 'link_speed' expected a number but got ");
	maas_python_text(&text, value);
	buf_addc(&text, '.');
	wrong(fault, SPEC_NUMBER, buf_text(&text));
	buf_free(&text);
}

static void judge_subnet_id(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t id;

	(void)maas;
	if (!maas_python_read_based(value, &id))
		wrong(fault, SPEC_INVALID, "Subnet ID must be numeric.");
}

static void judge_iface_id(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t id;

	(void)maas;
	if (!maas_python_read_based(value, &id))
		wrong(fault, SPEC_INVALID, "Interface ID must be numeric.");
}

static void judge_cidr(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	struct ip_net net;

	(void)maas;
	if (maas_net_read(value, &net))
		return;
	fault->wrong = SPEC_NETWORK;
	snprintf(fault->text, sizeof(fault->text), "invalid IPNetwork %.150s",
	    value);
}

static void judge_ip(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	struct buf text = BUF_INIT;
	struct ip ip;

	(void)maas;
	if (maas_ip_parse(value, &ip))
		return;
	buf_adds(&text, "failed to detect a valid IP address from ");
	maas_python_text(&text, value);
	wrong(fault, SPEC_NETWORK, buf_text(&text));
	buf_free(&text);
}

static void judge_mode(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	(void)maas;
	if (strcasecmp(value, "unconfigured") != 0)
		wrong(fault, SPEC_INVALID,
		    "The only valid value for 'mode' is 'unconfigured'.");
}

/* Exactly one space must be meant. */
static void judge_space(
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
		wrong(fault, count ? SPEC_MANY : SPEC_MISSING, "Space");
}

static void judge_subnet(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	maas_specifiers_judge(maas, SPEC_SUBNET, value, fault);
}

static void judge_subnet_cidr(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	char *word = xasprintf("cidr:%s", value);

	maas_specifiers_judge(maas, SPEC_SUBNET, word, fault);
	free(word);
}

static void judge_a_vlan(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	maas_specifiers_judge(maas, SPEC_VLAN, value, fault);
}

/* Ranges have no name to be called by. */
static void judge_range(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	int64_t id;

	(void)maas;
	if (!maas_python_read_based(value, &id) &&
	    strncmp(value, "iprange-", 8) != 0)
		wrong(fault, SPEC_NUMBER,
		    "Cannot resolve keyword 'name' into field. Choices are: "
		    "comment, created, end_ip, id, start_ip, subnet, "
		    "subnet_id, type, updated, user, user_id");
}

static void judge_iface(
    const struct maas *maas, const char *value, struct spec_fault *fault)
{
	maas_specifiers_judge(maas, SPEC_IFACE, value, fault);
}

/* ---- what is meant ---- */

/* "7", and "subnet-7" for what was named by its id once. */
static bool has_id(
    const char *value, const char *noun, int64_t id, bool *is_number)
{
	size_t len = strlen(noun);
	int64_t number;

	*is_number = maas_python_read_based(value, &number);
	if (!*is_number && strncmp(value, noun, len) == 0 &&
	    value[len] == '-' && value[len + 1] &&
	    !value[len + 1 + strspn(value + len + 1, "0123456789")])
		*is_number = maas_python_read_int(value + len + 1, &number);
	return *is_number && number == id;
}

static bool equal(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool number_is(const char *value, int64_t number)
{
	int64_t read;

	return maas_python_read_based(value, &read) && read == number;
}

static bool vid_is(const char *value, const struct vlan *vlan)
{
	if (!vlan)
		return false;
	if (strcasecmp(value, "untagged") == 0)
		return vlan->vid == 0;
	return number_is(value, vlan->vid);
}

static bool fabric_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct fabric *fabric = thing;
	bool number, is = has_id(value, "fabric", fabric->id, &number);

	(void)maas;
	return number ? is : equal(fabric->name, value);
}

static bool fabric_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return equal(((const struct fabric *)thing)->name, value);
}

static bool fabric_class(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return equal(((const struct fabric *)thing)->class_type, value);
}

static bool space_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct space *space = thing;
	bool number, is = has_id(value, "space", space->id, &number);

	(void)maas;
	return number ? is : equal(space->name, value);
}

static bool space_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return equal(((const struct space *)thing)->name, value);
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

static bool vlan_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct vlan *vlan = thing;
	int64_t vid;

	(void)maas;
	if (strcmp(value, "untagged") == 0 ||
	    maas_python_read_based(value, &vid))
		return vid_is(value, vlan);
	return equal(vlan->name, value);
}

static bool vlan_id(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return number_is(value, ((const struct vlan *)thing)->id);
}

static bool vlan_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return equal(((const struct vlan *)thing)->name, value);
}

static bool vlan_vid(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return vid_is(value, thing);
}

static bool vlan_fabric(
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

static bool subnet_cidr(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct subnet *subnet = thing;
	struct ip_net net;

	(void)maas;
	return maas_net_read(value, &net) && net.bits == subnet->net.bits &&
	       maas_ip_compare(&net.base, &subnet->net.base) == 0;
}

static bool subnet_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct subnet *subnet = thing;
	struct ip_net net;
	bool number, is = has_id(value, "subnet", subnet->id, &number);

	if (number)
		return is;
	if (maas_net_read(value, &net))
		return subnet_cidr(maas, value, thing);
	return equal(subnet->name, value);
}

static bool subnet_id(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return number_is(value, ((const struct subnet *)thing)->id);
}

static bool subnet_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return equal(((const struct subnet *)thing)->name, value);
}

static bool subnet_ip(
    const struct maas *maas, const char *value, const void *thing)
{
	struct ip ip;

	(void)maas;
	return maas_ip_parse(value, &ip) &&
	       maas_net_has(&((const struct subnet *)thing)->net, &ip);
}

static bool subnet_fabric(
    const struct maas *maas, const char *value, const void *thing)
{
	return vlan_fabric(maas, value, ((const struct subnet *)thing)->vlan);
}

static bool in_space(
    const struct maas *maas, const char *value, const struct vlan *vlan)
{
	if (strcmp(value, "undefined") == 0)
		return !vlan || !vlan->space;
	return vlan && vlan_space(maas, value, vlan);
}

static bool subnet_space(
    const struct maas *maas, const char *value, const void *thing)
{
	return in_space(maas, value, ((const struct subnet *)thing)->vlan);
}

static bool subnet_vid(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return vid_is(value, ((const struct subnet *)thing)->vlan);
}

static bool subnet_vlan(
    const struct maas *maas, const char *value, const void *thing)
{
	return maas_specifier_means(
	    maas, SPEC_VLAN, value, ((const struct subnet *)thing)->vlan);
}

static bool subnet_iface(
    const struct maas *maas, const char *value, const void *thing)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->subnet == thing && address->iface &&
		    maas_specifier_means(
		        maas, SPEC_IFACE, value, address->iface))
			return true;
	}
	return false;
}

static bool iface_ip(
    const struct maas *maas, const char *value, const void *thing)
{
	struct address *address;
	struct ip ip;

	if (!maas_ip_parse(value, &ip))
		return false;
	list_for_each (address, &maas->addresses) {
		if (address->iface == thing && address->assigned &&
		    maas_ip_compare(&address->ip, &ip) == 0)
			return true;
	}
	return false;
}

static bool iface_name(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return equal(((const struct iface *)thing)->name, value);
}

/* "10.0.0.5/24": that address, in that network. */
static bool iface_any(
    const struct maas *maas, const char *value, const void *thing)
{
	const char *slash = strchr(value, '/');
	struct ip_net net;
	struct ip ip;
	int64_t id;
	bool is;

	if (maas_python_read_based(value, &id))
		return id == ((const struct iface *)thing)->id;
	if (slash && maas_net_parse(value, &net)) {
		char *address = xstrndup(value, (size_t)(slash - value));

		is = iface_ip(maas, address, thing);
		free(address);
		return is;
	}
	if (!slash && maas_ip_parse(value, &ip))
		return iface_ip(maas, value, thing);
	return iface_name(maas, value, thing);
}

static bool iface_id(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return number_is(value, ((const struct iface *)thing)->id);
}

static bool iface_fabric(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct vlan *vlan = ((const struct iface *)thing)->vlan;

	return vlan && vlan_fabric(maas, value, vlan);
}

static bool iface_class(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct vlan *vlan = ((const struct iface *)thing)->vlan;

	(void)maas;
	return vlan && equal(vlan->fabric->class_type, value);
}

/* No address at all, or one that is not known yet. */
static bool iface_mode(
    const struct maas *maas, const char *value, const void *thing)
{
	struct address *address;
	bool any = false;

	(void)value;
	list_for_each (address, &maas->addresses) {
		if (address->iface != thing)
			continue;
		any = true;
		if (!address->assigned)
			return true;
	}
	return !any;
}

static bool iface_hostname(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct node *node = ((const struct iface *)thing)->node;

	(void)maas;
	return node && equal(node->hostname, value);
}

static bool iface_subnet(
    const struct maas *maas, const char *value, const void *thing)
{
	struct address *address;

	list_for_each (address, &maas->addresses) {
		if (address->iface == thing && address->subnet &&
		    maas_specifier_means(
		        maas, SPEC_SUBNET, value, address->subnet))
			return true;
	}
	return false;
}

static bool iface_subnet_cidr(
    const struct maas *maas, const char *value, const void *thing)
{
	char *word = xasprintf("cidr:%s", value);
	bool is = iface_subnet(maas, word, thing);

	free(word);
	return is;
}

static bool iface_space(
    const struct maas *maas, const char *value, const void *thing)
{
	return in_space(maas, value, ((const struct iface *)thing)->vlan);
}

static bool iface_type(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return equal(((const struct iface *)thing)->type, value);
}

static bool iface_vlan(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct vlan *vlan = ((const struct iface *)thing)->vlan;

	return vlan && maas_specifier_means(maas, SPEC_VLAN, value, vlan);
}

static bool iface_vid(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return vid_is(value, ((const struct iface *)thing)->vlan);
}

/* "a&&b": both. */
static bool iface_tag(
    const struct maas *maas, const char *value, const void *thing)
{
	const struct iface *iface = thing;

	(void)maas;
	for (;;) {
		const char *end = strstr(value, "&&");
		char *tag = end ? xstrndup(value, (size_t)(end - value))
		                : xstrdup(value);
		bool has = maas_names_have(&iface->tags, tag);

		free(tag);
		if (!has || !end)
			return has;
		value = end + 2;
	}
}

static bool iface_speed(
    const struct maas *maas, const char *value, const void *thing)
{
	int64_t speed;

	(void)maas;
	return maas_python_read_int(value, &speed) &&
	       ((const struct iface *)thing)->link_speed >= speed;
}

static bool range_any(
    const struct maas *maas, const char *value, const void *thing)
{
	bool number;

	(void)maas;
	return has_id(
	    value, "iprange", ((const struct iprange *)thing)->id, &number);
}

static bool range_type(
    const struct maas *maas, const char *value, const void *thing)
{
	(void)maas;
	return equal(
	    ((const struct iprange *)thing)->dynamic ? "dynamic" : "reserved",
	    value);
}

static bool range_start(
    const struct maas *maas, const char *value, const void *thing)
{
	struct ip ip;

	(void)maas;
	return maas_ip_parse(value, &ip) &&
	       !maas_ip_compare(&ip, &((const struct iprange *)thing)->first);
}

static bool range_end(
    const struct maas *maas, const char *value, const void *thing)
{
	struct ip ip;

	(void)maas;
	return maas_ip_parse(value, &ip) &&
	       !maas_ip_compare(&ip, &((const struct iprange *)thing)->last);
}

/* ---- the types ---- */

struct spec_type {
	enum specified of;
	const char *name; /* NULL: the default */
	void (*judge)(const struct maas *maas, const char *value,
	    struct spec_fault *fault);
	bool (*means)(
	    const struct maas *maas, const char *value, const void *thing);
};

static const struct spec_type types[] = {
	{ SPEC_SUBNET, NULL, NULL, subnet_any },
	{ SPEC_SUBNET, "cidr", judge_cidr, subnet_cidr },
	{ SPEC_SUBNET, "fabric", NULL, subnet_fabric },
	{ SPEC_SUBNET, "id", judge_subnet_id, subnet_id },
	{ SPEC_SUBNET, "interface", judge_iface, subnet_iface },
	{ SPEC_SUBNET, "ip", judge_ip, subnet_ip },
	{ SPEC_SUBNET, "name", NULL, subnet_name },
	{ SPEC_SUBNET, "space", judge_space, subnet_space },
	{ SPEC_SUBNET, "vid", judge_vid, subnet_vid },
	{ SPEC_SUBNET, "vlan", judge_a_vlan, subnet_vlan },
	{ SPEC_VLAN, NULL, judge_vlan, vlan_any },
	{ SPEC_VLAN, "fabric", NULL, vlan_fabric },
	{ SPEC_VLAN, "id", judge_row, vlan_id },
	{ SPEC_VLAN, "name", NULL, vlan_name },
	{ SPEC_VLAN, "space", NULL, vlan_space },
	{ SPEC_VLAN, "subnet", judge_subnet, vlan_subnet },
	{ SPEC_VLAN, "vid", judge_vid, vlan_vid },
	{ SPEC_FABRIC, NULL, NULL, fabric_any },
	{ SPEC_FABRIC, "class", NULL, fabric_class },
	{ SPEC_FABRIC, "name", NULL, fabric_name },
	{ SPEC_SPACE, NULL, NULL, space_any },
	{ SPEC_SPACE, "name", NULL, space_name },
	{ SPEC_SPACE, "subnet", judge_subnet, space_subnet },
	{ SPEC_IFACE, NULL, NULL, iface_any },
	{ SPEC_IFACE, "fabric", NULL, iface_fabric },
	{ SPEC_IFACE, "fabric_class", NULL, iface_class },
	{ SPEC_IFACE, "hostname", NULL, iface_hostname },
	{ SPEC_IFACE, "id", judge_iface_id, iface_id },
	{ SPEC_IFACE, "ip", NULL, iface_ip },
	{ SPEC_IFACE, "link_speed", judge_speed, iface_speed },
	{ SPEC_IFACE, "mode", judge_mode, iface_mode },
	{ SPEC_IFACE, "name", NULL, iface_name },
	{ SPEC_IFACE, "space", judge_space, iface_space },
	{ SPEC_IFACE, "subnet", judge_subnet, iface_subnet },
	{ SPEC_IFACE, "subnet_cidr", judge_subnet_cidr, iface_subnet_cidr },
	{ SPEC_IFACE, "tag", NULL, iface_tag },
	{ SPEC_IFACE, "type", NULL, iface_type },
	{ SPEC_IFACE, "vid", judge_vid, iface_vid },
	{ SPEC_IFACE, "vlan", judge_a_vlan, iface_vlan },
	{ SPEC_RANGE, NULL, judge_range, range_any },
	{ SPEC_RANGE, "end_ip", NULL, range_end },
	{ SPEC_RANGE, "start_ip", NULL, range_start },
	{ SPEC_RANGE, "type", NULL, range_type },
};

/* The type of the word; *value: what stands behind it, without blanks around
 * (free() it). A type that the noun does not have is a part of a name. */
static const struct spec_type *type_of(
    enum specified of, const char *word, char **value)
{
	const char *colon = strchr(word, ':');
	const struct spec_type *plain = NULL;
	size_t len;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *name = types[i].name;

		if (types[i].of != of)
			continue;
		if (!name)
			plain = &types[i];
		else if (colon && strlen(name) == (size_t)(colon - word) &&
		         strncmp(name, word, strlen(name)) == 0) {
			word = colon + 1 + strspn(colon + 1, " \t\r\n");
			for (len = strlen(word);
			     len && strchr(" \t\r\n", word[len - 1]);)
				len--;
			*value = xstrndup(word, len);
			return &types[i];
		}
	}
	check(plain);
	*value = xstrdup(word);
	return plain;
}

void maas_specifier_judge(const struct maas *maas, enum specified of,
    const char *word, struct spec_fault *fault)
{
	const struct spec_type *type;
	enum joint joint;
	char *value;

	type = type_of(of, past_joint(word, &joint), &value);
	if (type->judge)
		type->judge(maas, value, fault);
	free(value);
}

/* The words of a text with commas, each with its "&". */
static struct names words_of(const char *text)
{
	struct names words = { 0 };

	for (;;) {
		size_t len = strcspn(text, ",");
		const char *from = text + strspn(text, " \t\r\n");
		size_t rest = from < text + len ? (size_t)(text + len - from)
		                                : 0;

		while (rest && strchr(" \t\r\n", from[rest - 1]))
			rest--;
		words.items = xrealloc(
		    words.items, (words.count + 1) * sizeof(words.items[0]));
		words.items[words.count++] = xasprintf(
		    "&%.*s", (int)rest, rest ? from : "");
		if (!text[len])
			return words;
		text += len + 1;
	}
}

void maas_specifiers_judge(const struct maas *maas, enum specified of,
    const char *text, struct spec_fault *fault)
{
	struct names words = words_of(text);

	for (size_t i = 0; i < words.count && fault->wrong == SPEC_FINE; i++)
		maas_specifier_judge(maas, of, words.items[i], fault);
	maas_names_free(&words);
}

bool maas_specifiers_mean(const struct maas *maas, enum specified of,
    const char *const *words, size_t count, const void *thing)
{
	bool all = true;

	for (size_t i = 0; i < count; i++) {
		enum joint joint;
		char *value;
		const struct spec_type *type = type_of(
		    of, past_joint(words[i], &joint), &value);
		bool is = type->means(maas, value, thing);

		free(value);
		if (joint == JOINT_AND_NOT)
			all = all && !is;
		else if (joint == JOINT_AND || i == 0)
			all = all && is;
		else
			all = all || is;
	}
	return all;
}

bool maas_specifier_means(const struct maas *maas, enum specified of,
    const char *text, const void *thing)
{
	struct names words = words_of(text);
	bool is = maas_specifiers_mean(
	    maas, of, (const char *const *)words.items, words.count, thing);

	maas_names_free(&words);
	return is;
}

#include "sim/maas/network_asks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/ip.h"
#include "sim/maas/networks.h"
#include "sim/maas/people.h"
#include "sim/maas/python.h"
#include "sim/maas/region.h"
#include "sim/maas/usage.h"

static json_t *range_json(const struct iprange *range)
{
	char first[IP_TEXT], last[IP_TEXT];
	char *uri = xasprintf(
	    "/MAAS/api/2.0/ipranges/%lld/", (long long)range->id);
	json_t *json;

	maas_ip_text(&range->first, first);
	maas_ip_text(&range->last, last);
	json = json_pack("{s:o, s:s, s:s, s:s, s:o, s:s, s:I, s:s}", "subnet",
	    maas_subnet_json(range->subnet), "type",
	    range->dynamic ? "dynamic" : "reserved", "start_ip", first,
	    "end_ip", last, "user", maas_user_json(range->user), "comment",
	    range->comment, "id", (json_int_t)range->id, "resource_uri", uri);
	free(uri);
	return json;
}

void maas_op_ipranges_list(struct ask *ask)
{
	void **rows = maas_list_rows(&ask->maas->ranges);
	json_t *list = json_array();

	for (size_t i = 0; i < ask->maas->ranges.count; i++)
		json_array_append_new(list, range_json(rows[i]));
	free(rows);
	maas_answer(ask, list);
}

/* ---- the form ---- */

struct range_form {
	struct subnet *subnet;
	const char *type; /* as it is asked for, good or not */
	bool has_first, has_last;
	struct ip first, last;
	const char *comment;
	struct user *user;
};

static bool is_dynamic(const struct range_form *form)
{
	return form->type && strcmp(form->type, "dynamic") == 0;
}

static bool is_known_type(const struct range_form *form)
{
	return form->type &&
	       (is_dynamic(form) || strcmp(form->type, "reserved") == 0);
}

/* What an update does not give, or gives wrongly, is as it was. */
static void read_ip(struct ask *ask, const char *field, json_t *errors,
    struct ip *ip, bool *has)
{
	const char *text = maas_stripped(ask, field);
	struct ip given;

	if (text ? !*text : !*has) {
		maas_error(errors, field, "This field is required.");
	} else if (text && !maas_ip_parse(text, &given)) {
		maas_bad_address(errors, field, text);
	} else if (text) {
		*ip = given;
		*has = true;
	}
}

static void read_type(struct ask *ask, struct range_form *form, json_t *errors)
{
	const char *type = maas_field(ask, "type");

	if (type ? !*type : !form->type) {
		maas_error(errors, "type", "This field is required.");
	} else if (type) {
		form->type = type;
		if (!is_known_type(form))
			maas_error(errors, "type",
			    "Select a valid choice. %s is not one of the "
			    "available choices.",
			    type);
	}
}

/* A new range without a subnet is put where it begins. False: the region
 * asked for the subnet of what is no address. */
static bool find_subnet(struct ask *ask, struct range_form *form)
{
	const char *start = maas_field(ask, "start_ip");
	struct ip ip;

	if (form->subnet || maas_field(ask, "subnet") || !start)
		return true;
	if (!maas_ip_parse(start, &ip)) {
		struct buf text = BUF_INIT;

		maas_python_no_ip(&text, start);
		maas_refuse(ask, 500, "%s", buf_text(&text));
		buf_free(&text);
		return false;
	}
	form->subnet = maas_subnet_of(ask->maas, &ip);
	return true;
}

static void read_subnet(
    struct ask *ask, struct range_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "subnet");
	struct subnet *subnet;

	if (text ? !*text : !form->subnet) {
		maas_error(errors, "subnet", "This field is required.");
	} else if (text) {
		subnet = maas_list_find(&ask->maas->subnets, maas_number(text));
		form->subnet = subnet ? subnet : form->subnet;
		if (!subnet)
			maas_error(errors, "subnet",
			    "Select a valid choice. That choice is not one "
			    "of the available choices.");
	}
}

/* A new one is its maker's; later it may be given to somebody. */
static void read_user(struct ask *ask, struct range_form *form,
    const struct iprange *self, json_t *errors)
{
	const char *name = maas_field(ask, "user");
	struct user *user;

	if (!self || !name || !*name)
		return;
	user = maas_user_find(ask->maas, name);
	form->user = user ? user : form->user;
	if (!user)
		maas_error(errors, "user",
		    "Select a valid choice. That choice is not one of the "
		    "available choices.");
}

static void both(json_t *errors, const char *sentence)
{
	maas_error(errors, "start_ip", "%s", sentence);
	maas_error(errors, "end_ip", "%s", sentence);
}

static bool is_inside(const struct range_form *form, json_t *errors)
{
	const struct ip_net *net = &form->subnet->net;
	bool first = maas_net_has(net, &form->first);
	bool last = maas_net_has(net, &form->last);
	char cidr[IP_TEXT + 4], text[200];

	maas_net_text(net, cidr);
	snprintf(text, sizeof(text), "IP addresses must be within subnet: %s.",
	    cidr);
	if (!first && !last)
		both(errors, text);
	else if (!first)
		maas_error(errors, "start_ip",
		    "Start IP address must be within subnet: %s.", cidr);
	else if (!last)
		maas_error(errors, "end_ip",
		    "End IP address must be within subnet: %s.", cidr);
	return first && last;
}

/* Neither the network's own address nor that of everybody in it. */
static bool is_between_ends(const struct range_form *form, json_t *errors)
{
	const struct ip_net *net = &form->subnet->net;
	struct ip last = maas_net_last(net);
	bool at_start = maas_ip_compare(&form->first, &net->base) == 0;
	bool at_end = form->first.version == 4 &&
	              maas_ip_compare(&form->last, &last) == 0;

	if (at_start)
		maas_error(errors, "start_ip",
		    "Reserved network address cannot be included in IP "
		    "range.");
	else if (at_end)
		maas_error(errors, "end_ip",
		    "Broadcast address cannot be included in IP range.");
	return !at_start && !at_end;
}

static bool is_large_enough(const struct range_form *form, json_t *errors)
{
	if (form->first.version != 6 || !is_dynamic(form) ||
	    form->last.number - form->first.number >= 255)
		return true;
	both(errors,
	    "IPv6 dynamic range must be at least 256 addresses in size.");
	return false;
}

/* A reserved range may lie over addresses that are in use, and a dynamic one
 * over those that were only seen. */
static void check_room(const struct ask *ask, const struct range_form *form,
    const struct iprange *self, json_t *errors)
{
	bool dynamic = is_dynamic(form);
	struct usages runs = maas_subnet_free_runs(ask->maas, form->subnet,
	    dynamic ? USAGE_NO_DISCOVERED : USAGE_RANGES_ONLY, self);
	char text[100];
	bool fits = false;

	for (size_t i = 0; i < runs.count; i++)
		fits |= maas_ip_within(&form->first, &runs.items[i].first,
		            &runs.items[i].last) &&
		        maas_ip_within(&form->last, &runs.items[i].first,
		            &runs.items[i].last);
	if (!runs.count)
		snprintf(text, sizeof(text),
		    "There is no room for any %s ranges on this subnet.",
		    form->type);
	else
		snprintf(text, sizeof(text),
		    "Requested %s range conflicts with an existing %srange.",
		    form->type, dynamic ? "IP address or " : "");
	if (!fits)
		both(errors, text);
	free(runs.items);
}

/* What the model checks, one after the other until something is wrong. */
static void check_place(const struct ask *ask, const struct range_form *form,
    const struct iprange *self, json_t *errors)
{
	if (!form->has_first || !form->has_last) {
		both(errors, "Start IP address and end IP address are both "
		             "required.");
		return;
	}
	if (form->first.version != form->last.version) {
		both(errors, "Start IP address and end IP address must be in "
		             "the same address family.");
		return;
	}
	if (maas_ip_compare(&form->last, &form->first) < 0) {
		maas_error(errors, "end_ip",
		    "End IP address must not be less than Start IP address.");
		return;
	}
	if (form->subnet &&
	    (!is_inside(form, errors) || !is_between_ends(form, errors)))
		return;
	if (is_large_enough(form, errors) && form->subnet &&
	    is_known_type(form))
		check_room(ask, form, self, errors);
}

static bool read_form(
    struct ask *ask, struct range_form *form, const struct iprange *self)
{
	json_t *errors;

	if (!find_subnet(ask, form))
		return false;
	errors = json_object();
	read_subnet(ask, form, errors);
	read_type(ask, form, errors);
	read_ip(ask, "start_ip", errors, &form->first, &form->has_first);
	read_ip(ask, "end_ip", errors, &form->last, &form->has_last);
	read_user(ask, form, self, errors);
	form->comment = maas_stripped(ask, "comment");
	if (form->comment && maas_letters(form->comment) > 255)
		maas_error(errors, "comment", MAAS_TOO_LONG, 255,
		    maas_letters(form->comment));
	check_place(ask, form, self, errors);
	return maas_fine(ask, errors);
}

void maas_op_ipranges_create(struct ask *ask)
{
	struct range_form form = { 0 };
	const char *type = maas_field(ask, "type");

	if (type && strcmp(type, "dynamic") == 0 && !maas_is_admin(ask)) {
		maas_refuse(ask, 403,
		    "Unable to create dynamic IP range. You don't have "
		    "sufficient privileges.");
		return;
	}
	if (!read_form(ask, &form, NULL))
		return;
	maas_answer(ask, range_json(maas_range_make(ask->maas, form.subnet,
	                     is_dynamic(&form), &form.first, &form.last,
	                     ask->user, form.comment ? form.comment : "")));
}

static struct iprange *range_asked(struct ask *ask, bool to_change)
{
	struct iprange *range = maas_range_asked(ask);

	if (range && to_change && !maas_is_admin(ask) &&
	    range->user != ask->user)
		maas_refuse(ask, 403,
		    "Unable to modify IP range. You don't own the IP range.");
	return ask->answered ? NULL : range;
}

void maas_op_ipranges_read(struct ask *ask)
{
	struct iprange *range = range_asked(ask, false);

	if (range)
		maas_answer(ask, range_json(range));
}

void maas_op_ipranges_update(struct ask *ask)
{
	struct iprange *range = range_asked(ask, true);
	struct range_form form;

	if (!range)
		return;
	form = (struct range_form){ .subnet = range->subnet,
		.type = range->dynamic ? "dynamic" : "reserved",
		.has_first = true,
		.has_last = true,
		.first = range->first,
		.last = range->last,
		.user = range->user };
	if (!read_form(ask, &form, range))
		return;
	range->subnet = form.subnet;
	range->dynamic = is_dynamic(&form);
	range->first = form.first;
	range->last = form.last;
	range->user = form.user;
	if (form.comment && *form.comment)
		maas_set_text(&range->comment, form.comment);
	maas_list_touch(&ask->maas->ranges, range);
	maas_answer(ask, range_json(range));
}

void maas_op_ipranges_delete(struct ask *ask)
{
	struct iprange *range = range_asked(ask, true);

	if (!range)
		return;
	maas_list_remove(&ask->maas->ranges, range);
	maas_range_free(range);
	maas_answer_gone(ask);
}

#include "sim/maas/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int by_id(const void *a, const void *b)
{
	const struct iprange *const *x = a, *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

void maas_op_ipranges_list(struct ask *ask)
{
	json_t *list = json_array();
	struct list *ranges = &ask->maas->ranges;

	if (ranges->count)
		qsort(ranges->items, ranges->count, sizeof(void *), by_id);
	for (size_t i = 0; i < ranges->count; i++)
		json_array_append_new(list, range_json(ranges->items[i]));
	maas_answer(ask, list);
}

/* ---- the form ---- */

struct range_form {
	struct subnet *subnet;
	bool dynamic, typed;
	struct ip first, last;
	const char *comment;
};

static bool read_ip(const struct ask *ask, const char *field, json_t *errors,
    struct ip *ip, bool given)
{
	const char *text = maas_field(ask, field);

	if (!text || !*text) {
		if (!given) {
			maas_error(errors, field, "This field is required.");
			maas_error(errors, field,
			    "Start IP address and end IP address are both "
			    "required.");
		}
		return given;
	}
	if (maas_ip_parse(text, ip))
		return true;
	maas_error(errors, field, "Enter a valid IPv4 or IPv6 address.");
	return false;
}

static void read_type(
    const struct ask *ask, struct range_form *form, json_t *errors)
{
	const char *type = maas_field(ask, "type");

	if (!type || !*type) {
		if (!form->typed)
			maas_error(errors, "type", "This field is required.");
		return;
	}
	if (strcmp(type, "dynamic") != 0 && strcmp(type, "reserved") != 0)
		maas_error(errors, "type",
		    "Select a valid choice. %s is not one of the available "
		    "choices.",
		    type);
	form->dynamic = strcmp(type, "dynamic") == 0;
}

static void read_subnet(
    const struct ask *ask, struct range_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "subnet");
	bool first = maas_field(ask, "start_ip") != NULL;

	if (text && *text) {
		form->subnet = maas_list_find(
		    &ask->maas->subnets, maas_number(text));
		if (!form->subnet)
			maas_error(errors, "subnet",
			    "Select a valid choice. That choice is not one "
			    "of the available choices.");
		return;
	}
	if (!form->subnet && first)
		form->subnet = maas_subnet_of(ask->maas, &form->first);
	if (!form->subnet)
		maas_error(errors, "subnet", "This field is required.");
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

	if (maas_ip_compare(&form->first, &net->base) == 0)
		maas_error(errors, "start_ip",
		    "Reserved network address cannot be included in IP "
		    "range.");
	else if (form->first.version == 4 &&
	         maas_ip_compare(&form->last, &last) == 0)
		maas_error(errors, "end_ip",
		    "Broadcast address cannot be included in IP range.");
	return !json_object_size(errors);
}

static bool in_the_way(const struct ask *ask, const struct range_form *form,
    const struct iprange *self)
{
	struct iprange *range;
	struct address *address;

	list_for_each (range, &ask->maas->ranges) {
		if (range != self && range->subnet == form->subnet &&
		    maas_ip_compare(&range->first, &form->last) <= 0 &&
		    maas_ip_compare(&form->first, &range->last) <= 0)
			return true;
	}
	list_for_each (address, &ask->maas->addresses) {
		if (form->dynamic && address->assigned &&
		    address->type != ALLOC_DHCP &&
		    address->type != ALLOC_DISCOVERED &&
		    maas_ip_within(&address->ip, &form->first, &form->last))
			return true;
	}
	return false;
}

/* What the model checks: inside one subnet, in order, in nobody's way. */
static void check_place(const struct ask *ask, const struct range_form *form,
    const struct iprange *self, json_t *errors)
{
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
	if (!is_inside(form, errors) || !is_between_ends(form, errors))
		return;
	if (in_the_way(ask, form, self))
		both(errors, form->dynamic
		                 ? "Requested dynamic range conflicts with an "
		                   "existing IP address or range."
		                 : "Requested reserved range conflicts with an "
		                   "existing range.");
}

static bool read_form(
    struct ask *ask, struct range_form *form, const struct iprange *self)
{
	json_t *errors = json_object();

	read_type(ask, form, errors);
	read_ip(ask, "start_ip", errors, &form->first, self != NULL);
	read_ip(ask, "end_ip", errors, &form->last, self != NULL);
	read_subnet(ask, form, errors);
	form->comment = maas_stripped(ask, "comment");
	if (form->comment && maas_letters(form->comment) > 255)
		maas_error(errors, "comment", MAAS_TOO_LONG, 255,
		    maas_letters(form->comment));
	if (!json_object_size(errors))
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
	                     form.dynamic, &form.first, &form.last, ask->user,
	                     form.comment ? form.comment : "")));
}

static struct iprange *range_asked(struct ask *ask, bool to_change)
{
	struct iprange *range = maas_list_find(
	    &ask->maas->ranges, maas_number(ask->args[0]));

	if (!range)
		maas_answer_missing(ask, "IPRange");
	else if (to_change && !maas_is_admin(ask) && range->user != ask->user)
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
		.dynamic = range->dynamic,
		.typed = true,
		.first = range->first,
		.last = range->last };
	if (!read_form(ask, &form, range))
		return;
	range->subnet = form.subnet;
	range->dynamic = form.dynamic;
	range->first = form.first;
	range->last = form.last;
	if (form.comment)
		maas_set_text(&range->comment, form.comment);
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

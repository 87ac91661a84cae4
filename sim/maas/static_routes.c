#include "sim/maas/documents.h"
#include "sim/maas/network_asks.h"

#include <string.h>

#include "base/json.h"
#include "sim/maas/ip.h"
#include "sim/maas/networks.h"

/* Routes that machines get when they are deployed: kept, checked and shown. No
 * simulated machine reads its routing table. */

static void render(
    const struct maas *maas, const struct document *route, json_t *copy)
{
	static const char *const ends[] = { "source", "destination" };

	for (size_t i = 0; i < 2; i++) {
		char key[16] = "_";
		struct subnet *subnet;

		strcat(key, ends[i]);
		subnet = maas_list_find(
		    &maas->subnets, jint(route->shown, key));
		jset(copy, ends[i],
		    subnet ? maas_subnet_json(subnet) : json_null());
	}
}

void maas_static_routes_forget(struct maas *maas, const struct subnet *subnet)
{
	for (size_t i = maas->routes.count; i-- > 0;) {
		struct document *route = maas->routes.items[i];

		if (jint(route->shown, "_source") == subnet->id ||
		    jint(route->shown, "_destination") == subnet->id)
			maas_document_drop(&maas->routes, route);
	}
}

void maas_op_static_routes_list(struct ask *ask)
{
	maas_documents_answer(ask, &ask->maas->routes, render);
}

void maas_op_static_routes_read(struct ask *ask)
{
	struct document *route = maas_document_asked(
	    ask, &ask->maas->routes, "StaticRoute");

	if (route)
		maas_document_answer(ask, route, render);
}

/* Given or kept. False: the form asked a source that is not there. */
static bool read_gateway(
    struct ask *ask, const struct subnet *source, json_t *form, json_t *errors)
{
	const char *text;
	char cidr[IP_TEXT + 4];
	struct ip ip;

	maas_put_text(ask, form, errors, "gateway_ip", true);
	text = jstr(form, "gateway_ip");
	if (!*text || json_object_get(errors, "gateway_ip"))
		return true;
	if (!maas_ip_parse(text, &ip)) {
		maas_bad_address(errors, "gateway_ip", text);
	} else if (!source) {
		maas_refuse(ask, 500,
		    "'NoneType' object has no attribute 'get_ipnetwork'");
		return false;
	} else if (!maas_net_has(&source->net, &ip)) {
		maas_net_text(&source->net, cidr);
		maas_error(
		    errors, "gateway_ip", "Enter an IP address in %s.", cidr);
	}
	return true;
}

static void read_end(
    struct ask *ask, json_t *form, json_t *errors, const char *field)
{
	char key[16] = "_";
	bool known;
	struct subnet *subnet;

	strcat(key, field);
	known = jhas(form, key);
	subnet = maas_subnet_field(
	    ask, errors, field, !known || maas_field(ask, field) != NULL);
	if (subnet)
		jseti(form, key, subnet->id);
}

static void read_metric(struct ask *ask, json_t *form, json_t *errors)
{
	const char *text = maas_stripped(ask, "metric");
	int64_t metric = jint(form, "metric");

	if (text && *text)
		maas_form_number(errors, "metric", text, 0, INT64_MAX, &metric);
	jseti(form, "metric", metric);
}

static bool same(const json_t *a, const json_t *b)
{
	return jint(a, "_source") == jint(b, "_source") &&
	       jint(a, "_destination") == jint(b, "_destination") &&
	       strcmp(jstr(a, "gateway_ip"), jstr(b, "gateway_ip")) == 0;
}

/* What the model says, whatever the form had said; the first of it. */
static void check_whole(
    const struct maas *maas, const json_t *form, json_t *errors)
{
	const struct subnet *source = maas_list_find(
	    &maas->subnets, jint(form, "_source"));
	const struct subnet *to = maas_list_find(
	    &maas->subnets, jint(form, "_destination"));
	struct ip ip;

	if (!source || !to || json_object_get(errors, "source") ||
	    json_object_get(errors, "destination"))
		return;
	if (source == to)
		maas_error(errors, "__all__",
		    "source and destination cannot be the same subnet.");
	else if (source->net.base.version != to->net.base.version)
		maas_error(errors, "__all__",
		    "source and destination must be the same IP version.");
	else if (maas_ip_parse(jstr(form, "gateway_ip"), &ip) &&
	         !maas_net_has(&source->net, &ip))
		maas_error(errors, "__all__",
		    "gateway_ip must be with in the source subnet.");
}

/* Whether there is such a route is seen when it is written. */
static bool is_new(
    struct ask *ask, const json_t *form, const struct document *self)
{
	struct document *other;
	json_t *errors;

	list_for_each (other, &ask->maas->routes) {
		if (other == self || !same(other->shown, form))
			continue;
		errors = json_object();
		maas_error(errors, "__all__",
		    "Static route with this Source, Destination and Gateway "
		    "IP already exists.");
		maas_refuse_model(ask, errors);
		return false;
	}
	return true;
}

/* What the route would be; NULL: refused. */
static json_t *read_form(struct ask *ask, const struct document *self)
{
	json_t *form = self ? json_deep_copy(self->shown) : json_object();
	json_t *errors = json_object();

	read_end(ask, form, errors, "source");
	read_end(ask, form, errors, "destination");
	if (!read_gateway(ask,
	        json_object_get(errors, "source")
	            ? NULL
	            : maas_list_find(
	                  &ask->maas->subnets, jint(form, "_source")),
	        form, errors)) {
		json_decref(errors);
		json_decref(form);
		return NULL;
	}
	read_metric(ask, form, errors);
	check_whole(ask->maas, form, errors);
	if (maas_fine(ask, errors) && is_new(ask, form, self))
		return form;
	json_decref(form);
	return NULL;
}

void maas_op_static_routes_create(struct ask *ask)
{
	json_t *form = read_form(ask, NULL);

	if (form)
		maas_document_answer(ask,
		    maas_document_make(
		        &ask->maas->routes, "/static-routes/", form),
		    render);
}

void maas_op_static_routes_update(struct ask *ask)
{
	struct document *route = maas_document_to_change(
	    ask, &ask->maas->routes, "StaticRoute");
	json_t *form = route ? read_form(ask, route) : NULL;

	if (!form)
		return;
	json_decref(route->shown);
	route->shown = form;
	maas_document_answer(ask, route, render);
}

void maas_op_static_routes_delete(struct ask *ask)
{
	struct document *route = maas_document_to_change(
	    ask, &ask->maas->routes, "StaticRoute");

	if (!route)
		return;
	maas_document_drop(&ask->maas->routes, route);
	maas_answer_gone(ask);
}

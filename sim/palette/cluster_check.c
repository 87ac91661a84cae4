/*
 * cluster_check: what a cluster entity may not say, found all at once.
 *
 * Each rule complains for itself; creating answers with the first complaint
 * (and all of them in details), validating answers with the list.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "sim/palette/nouns.h"

#define POOL_MAX 1000

void complain(struct complaints *list, const char *code, const char *where,
    const char *fmt, ...)
{
	struct complaint *c = &list->items[list->count];
	va_list ap;

	if (list->count == sizeof(list->items) / sizeof(list->items[0]))
		return;
	list->count++;
	c->code = code;
	snprintf(c->where, sizeof(c->where), "%s", where);
	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
}

void refuse_complaints(struct request *request, const struct complaints *list)
{
	json_t *errors = json_array();

	check(list->count > 0);
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(
		    errors, json_pack("{s:s,s:s}", "code", list->items[i].code,
		                "message", list->items[i].text));
	refuse_with(request,
	    strcmp(list->items[0].code, "ResourceNotFound") == 0       ? 404
	    : strcmp(list->items[0].code, "ClusterAlreadyExists") == 0 ? 409
	                                                               : 400,
	    list->items[0].code, json_pack("{s:o}", "errors", errors), "%s",
	    list->items[0].text);
}

/* Lower-case letters, digits and '-': it becomes a host name. */
static bool is_label(const char *name)
{
	static const char inner[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t len = strlen(name);

	return len > 0 && len <= 63 && strspn(name, inner) == len &&
	       name[0] != '-' && name[len - 1] != '-';
}

/* ---- pools ---- */

static void check_size(const json_t *entity, const char *name,
    bool is_control_plane, struct complaints *list)
{
	const json_t *size = jget(entity, "poolConfig.size");
	int64_t n = jint(entity, "poolConfig.size");

	if (!json_is_integer(size))
		complain(list, "InvalidMachinePoolSize", name,
		    "machine pool %.40s needs a size", name);
	else if (is_control_plane && n != 1 && n != 3 && n != 5)
		complain(list, "InvalidMachinePoolSize", name,
		    "control-plane pool %.40s must have 1, 3 or 5 machines, "
		    "not %lld",
		    name, (long long)n);
	else if (n < 0 || n > POOL_MAX)
		complain(list, "InvalidMachinePoolSize", name,
		    "machine pool %.40s cannot have %lld machines", name,
		    (long long)n);
}

static bool all_texts(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i)))
			return false;
	return true;
}

static void check_zones(
    const json_t *entity, const char *name, struct complaints *list)
{
	const json_t *azs = jget(entity, "cloudConfig.azs");
	const json_t *tags = jget(entity, "cloudConfig.tags");

	if (!json_is_array(azs) || json_array_size(azs) == 0)
		complain(list, "MissingAvailabilityZone", name,
		    "machine pool %.40s needs at least one availability zone",
		    name);
	else if (!all_texts(azs))
		complain(list, "MissingAvailabilityZone", name,
		    "the availability zones of machine pool %.40s must be "
		    "names",
		    name);
	if (tags && !json_is_null(tags) &&
	    (!json_is_array(tags) || !all_texts(tags)))
		complain(list, "InvalidMachinePool", name,
		    "the tags of machine pool %.40s must be names", name);
}

static void check_instance(
    const json_t *entity, const char *name, struct complaints *list)
{
	static const char *const numbers[] = { "minCPU", "minMemInMB",
		"minDiskSizeInGB" };
	const json_t *type = jget(entity, "cloudConfig.instanceType");

	if (!json_is_object(type)) {
		complain(list, "InvalidMachinePool", name,
		    "machine pool %.40s needs an instanceType", name);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		const json_t *n = json_object_get(type, numbers[i]);

		if (n && (!json_is_integer(n) || json_integer_value(n) < 0))
			complain(list, "InvalidMachinePool", name,
			    "%s of machine pool %.40s must be a number of at "
			    "least 0",
			    numbers[i], name);
	}
}

void check_pool(const json_t *entity, struct complaints *list)
{
	const char *name = jstr(entity, "poolConfig.name");
	bool is_control_plane = jbool(entity, "poolConfig.isControlPlane");

	if (!is_label(name))
		complain(list, "InvalidMachinePoolName", name,
		    "\"%.40s\" is no name for a machine pool: lower-case "
		    "letters, digits and '-', at most 63",
		    name);
	check_size(entity, name, is_control_plane, list);
	check_zones(entity, name, list);
	check_instance(entity, name, list);
	/* Only AWS knows it (release notes). */
	if (strcmp(jstr(entity, "poolConfig.skipK8sUpgrade"), "enabled") == 0)
		complain(list, "InvalidMachinePool", name,
		    "machine pool %.40s: skipK8sUpgrade is not possible with "
		    "MAAS",
		    name);
}

static void check_pools(const json_t *entity, struct complaints *list)
{
	const json_t *pools = jget(entity, "spec.machinepoolconfig");
	size_t control_planes = 0;

	for (size_t i = 0; i < json_array_size(pools); i++) {
		const json_t *pool = json_array_get(pools, i);
		const char *name = jstr(pool, "poolConfig.name");

		check_pool(pool, list);
		control_planes += jbool(pool, "poolConfig.isControlPlane");
		for (size_t j = 0; j < i; j++)
			if (strcmp(jstr(json_array_get(pools, j),
			               "poolConfig.name"),
			        name) == 0)
				complain(list, "InvalidMachinePoolName", name,
				    "two machine pools are called %.40s", name);
	}
	if (control_planes != 1)
		complain(list, "InvalidMachinePool", "",
		    "a cluster needs exactly one control-plane pool, not %zu",
		    control_planes);
}

/* ---- networks ---- */

void check_networks(
    const char *pod_cidr, const char *service_cidr, struct complaints *list)
{
	struct cidr pods, services;
	bool good = true;

	if (!cidr_parse(pod_cidr, &pods)) {
		complain(list, "InvalidCIDR", "",
		    "podCIDR %.40s is not an address range", pod_cidr);
		good = false;
	}
	if (!cidr_parse(service_cidr, &services)) {
		complain(list, "InvalidCIDR", "",
		    "serviceClusterIpRange %.40s is not an address range",
		    service_cidr);
		good = false;
	}
	if (good && cidr_overlap(&pods, &services))
		complain(list, "InvalidCIDR", "",
		    "podCIDR %.40s and serviceClusterIpRange %.40s overlap",
		    pod_cidr, service_cidr);
}

/* ---- the rest ---- */

static void check_account(
    struct request *request, const json_t *entity, struct complaints *list)
{
	const char *uid = jstr(entity, "spec.cloudAccountUid");
	struct account *account = account_find(request->palette, uid);
	struct gateway *gateway;

	if (!account || !account_visible(account, request->project)) {
		complain(list, "ResourceNotFound", "",
		    "there is no cloud account \"%.40s\" in this project", uid);
		return;
	}
	gateway = account_gateway(request->palette, account);
	if (!gateway || gateway->is_removed)
		complain(list, "OverlordNotRunning", "",
		    "the private cloud gateway of cloud account %.60s is gone",
		    account->meta.name);
	else if (gateway->state != GATEWAY_RUNNING)
		complain(list, "OverlordNotRunning", "",
		    "private cloud gateway %.60s is %s, not Running",
		    gateway->meta.name, gateway_state_name(gateway->state));
}

void check_entity(
    struct request *request, const json_t *entity, struct complaints *list)
{
	const char *name = jstr(entity, "metadata.name");
	struct pack_facts facts;
	json_t *profiles;

	if (!is_label(name))
		complain(list, "InvalidClusterName", "",
		    "\"%.40s\" is no name for a cluster: lower-case letters, "
		    "digits and '-', at most 63",
		    name);
	else if (cluster_named(request->palette, name))
		complain(list, "ClusterAlreadyExists", "",
		    "there is already a cluster %s", name);
	check_account(request, entity, list);
	if (!*jstr(entity, "spec.cloudConfig.domain"))
		complain(list, "InvalidCloudConfig", "",
		    "spec.cloudConfig.domain must name a MAAS domain");
	check_pools(entity, list);
	check_profiles(request, jget(entity, "spec.profiles"), list);
	profiles = profiles_resolve(
	    request->palette, jget(entity, "spec.profiles"));
	pack_facts_read(profiles, &facts);
	json_decref(profiles);
	check_networks(facts.pod_cidr, facts.service_cidr, list);
}

/* ---- the check on its own ---- */

/* Per pool, what is wrong with it; what concerns no pool is under "". */
static json_t *results_json(const struct complaints *list)
{
	json_t *results = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct complaint *c = &list->items[i];
		json_t *error = json_pack(
		    "{s:s,s:s}", "code", c->code, "message", c->text);
		json_t *last = json_array_get(
		    results, json_array_size(results) - 1);

		if (last && strcmp(jstr(last, "name"), c->where) == 0)
			json_array_append_new(jget(last, "errors"), error);
		else
			json_array_append_new(results,
			    json_pack("{s:s,s:s,s:[o]}", "name", c->where,
			        "displayName", c->where, "errors", error));
	}
	return results;
}

void op_cluster_validate(struct request *request)
{
	struct complaints list = { .count = 0 };

	check_entity(request, request->body, &list);
	answer_json(request, 200,
	    json_pack("{s:{s:o},s:[]}", "machinePools", "results",
	        results_json(&list), "profiles"));
}

void op_cluster_name(struct request *request)
{
	char *name = request_query(request, "name");

	if (!is_label(name))
		refuse(request, 400, "InvalidClusterName",
		    "\"%.40s\" is no name for a cluster", name);
	else if (cluster_named(request->palette, name))
		refuse(request, 409, "ClusterAlreadyExists",
		    "there is already a cluster %s", name);
	else
		answer_empty(request, 204);
	free(name);
}

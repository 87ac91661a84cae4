/* What an operator does: through Palette's public API, over HTTPS, with the
 * tenant's API key. Nothing here knows more than what Palette answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "harness/kinds.h"
#include "harness/world.h"

#define LOOK_AGAIN_FOR SECONDS(10)

static struct plane *plane_of(struct world *world, const struct thing *thing)
{
	const struct thing *pcg;

	if (strcmp(thing->kind->name, "palette") == 0)
		return world_plane(world, thing);
	pcg = strcmp(thing->kind->name, "pcg") == 0
	          ? thing
	          : thing_link(thing, "through");

	return world_plane(world, thing_link(pcg, "palette"));
}

static struct errand *begin(struct world *world, const struct step *step)
{
	const struct thing *first = step->words.thing_count
	                                ? step->words.things[0]
	                                : NULL;
	struct plane *plane = first ? plane_of(world, first)
	                            : &world->planes[0];
	struct errand *errand = errand_new(
	    world, world->operator_seat, plane, step->text);

	for (size_t i = 0; i < step->words.thing_count && i < 2; i++)
		errand->things[i] = step->words.things[i];
	if (step->words.number_count)
		errand->number = step->words.numbers[0];
	return errand;
}

/* The uid of the item of this name, or NULL. The result is the caller's. */
static char *uid_named(const json_t *answer, const char *name)
{
	for (size_t i = 0; i < jlen(answer, "items"); i++) {
		const json_t *item = json_array_get(jget(answer, "items"), i);

		if (strcmp(jstr(item, "metadata.name"), name) == 0)
			return xstrdup(jstr(item, "metadata.uid"));
	}
	return NULL;
}

/* The end of most errands. */
static void ends_well(struct errand *errand, int status, json_t *answer)
{
	if (status / 100 == 2)
		errand_done(errand);
	else
		errand_failed(errand, "%s %s was answered with %d: %s",
		    errand->method, errand->target, status,
		    jstr(answer, "message"));
}

/* ---- creating ---- */

static json_t *texts_of(const struct thing *thing, const char *name)
{
	const struct setting *setting = thing_setting(thing, name);
	json_t *list = json_array();

	if (!setting)
		return list;
	if (setting->node->kind == YAML_TEXT)
		json_array_append_new(list, json_string(setting->text));
	for (size_t i = 0;
	     setting->node->kind == YAML_LIST && i < setting->node->count; i++)
		json_array_append_new(
		    list, json_string(setting->node->items[i]->text));
	return list;
}

static json_t *pool_json(
    const struct thing *cluster, bool is_control_plane, long long size)
{
	const char *pool = thing_text(cluster, "pool");

	return json_pack("{s:{s:[s],s:{s:I,s:I},s:s,s:o},"
	                 "s:{s:s,s:I,s:b,s:[s],s:{s:s}}}",
	    "cloudConfig", "azs", thing_text(cluster, "zone"), "instanceType",
	    "minCPU", (json_int_t)thing_number(cluster, "cpu"), "minMemInMB",
	    (json_int_t)thing_number(cluster, "memory"), "resourcePool",
	    strcmp(pool, "default") == 0 ? "" : pool, "tags",
	    texts_of(cluster, "tags"), "poolConfig", "name",
	    is_control_plane ? "cp" : "workers", "size", (json_int_t)size,
	    "isControlPlane", is_control_plane, "labels",
	    is_control_plane ? "control-plane" : "worker", "updateStrategy",
	    "type", "RollingUpdateScaleOut");
}

static json_t *packs_json(const struct thing *cluster)
{
	return json_pack("[{s:s,s:[{s:s,s:s,s:s}]}]", "uid", "infra",
	    "packValues", "name", "kubernetes", "tag",
	    thing_text(cluster, "kubernetes"), "layer", "k8s");
}

static json_t *cluster_json(const struct thing *cluster, const char *account)
{
	json_t *pools = json_array();
	long long workers = thing_number(cluster, "workers");

	json_array_append_new(pools,
	    pool_json(cluster, true, thing_number(cluster, "control_planes")));
	if (workers > 0)
		json_array_append_new(
		    pools, pool_json(cluster, false, workers));
	return json_pack("{s:{s:s},s:{s:s,s:{s:s,s:[],s:[]},s:s,s:o,s:o}}",
	    "metadata", "name", cluster->name, "spec", "cloudAccountUid",
	    account, "cloudConfig", "domain", "maas", "sshKeys", "ntpServers",
	    "clusterType", "PureManage", "profiles", packs_json(cluster),
	    "machinepoolconfig", pools);
}

static void created(struct errand *errand, int status, json_t *answer)
{
	if (status == 409 && errand->kept[1]) { /* asked before: it is there */
		errand_done(errand);
		return;
	}
	ends_well(errand, status, answer);
}

/* The account is there once the gateway has been installed and has brought
 * it: until then an operator looks again. */
static void got_accounts(struct errand *errand, int status, json_t *answer)
{
	const struct thing *pcg = thing_link(errand->things[0], "through");
	const struct gate *gate = world_gate(errand->world, pcg);
	char *uid = uid_named(answer, gate->palette_name);

	if (status != 200 || !uid) {
		errand_ask_again_after(errand, LOOK_AGAIN_FOR);
		return;
	}
	errand->kept[1] = uid;
	errand_ask(errand, created, "POST",
	    cluster_json(errand->things[0], uid), "/v1/spectroclusters/maas");
}

void operator_create(struct world *world, const struct step *step)
{
	errand_ask(begin(world, step), got_accounts, "GET", NULL,
	    "/v1/cloudaccounts/maas?limit=50");
}

/* ---- whatever needs the cluster's uid first ---- */

static void with_cluster(struct errand *errand, errand_fn *next)
{
	errand_ask(errand, next, "GET", NULL, "/v1/spectroclusters?limit=50");
}

static char *cluster_uid(struct errand *errand, int status, json_t *answer)
{
	char *uid = status == 200 ? uid_named(answer, errand->things[0]->name)
	                          : NULL;

	if (!uid)
		errand_failed(errand, "Palette lists no cluster of that name");
	return uid;
}

static void got_cluster_to_delete(
    struct errand *errand, int status, json_t *answer)
{
	char *uid = cluster_uid(errand, status, answer);

	if (!uid)
		return;
	errand_ask(errand, ends_well, "DELETE", NULL,
	    "/v1/spectroclusters/%s%s", uid,
	    errand->number ? "?forceDelete=true" : "");
	free(uid);
}

void operator_delete(struct world *world, const struct step *step)
{
	with_cluster(begin(world, step), got_cluster_to_delete);
}

void operator_force_delete(struct world *world, const struct step *step)
{
	struct errand *errand = begin(world, step);

	errand->number = 1;
	with_cluster(errand, got_cluster_to_delete);
}

/* ---- scaling ---- */

static void scale(struct errand *errand, json_t *answer, bool is_control_plane)
{
	const char *config = NULL;

	for (size_t i = 0; i < jlen(answer, "items"); i++) {
		const json_t *item = json_array_get(jget(answer, "items"), i);

		if (strcmp(jstr(item, "metadata.name"),
		        errand->things[0]->name) == 0)
			config = jstr(item, "spec.cloudConfigRef.uid");
	}
	if (!config || !*config) {
		errand_failed(errand, "Palette lists no such cluster");
		return;
	}
	errand_ask(errand, ends_well, "PUT",
	    pool_json(errand->things[0], is_control_plane, errand->number),
	    "/v1/cloudconfigs/maas/%s/machinePools/%s", config,
	    is_control_plane ? "cp" : "workers");
}

static void got_cluster_to_scale(
    struct errand *errand, int status, json_t *answer)
{
	(void)status;
	scale(errand, answer, false);
}

static void got_control_plane_to_scale(
    struct errand *errand, int status, json_t *answer)
{
	(void)status;
	scale(errand, answer, true);
}

void operator_scale_workers(struct world *world, const struct step *step)
{
	with_cluster(begin(world, step), got_cluster_to_scale);
}

void operator_scale_control_planes(struct world *world, const struct step *step)
{
	with_cluster(begin(world, step), got_control_plane_to_scale);
}

/* ---- gateways ---- */

static void with_gateways(struct errand *errand, errand_fn *next)
{
	errand_ask(errand, next, "GET", NULL, "/v1/overlords?limit=50");
}

static char *gateway_uid(
    struct errand *errand, json_t *answer, const struct thing *pcg)
{
	const struct gate *gate = world_gate(errand->world, pcg);
	char *uid = uid_named(answer, gate->palette_name);

	if (!uid)
		errand_failed(
		    errand, "Palette lists no gateway %s", gate->palette_name);
	return uid;
}

static void got_gateways_to_migrate(
    struct errand *errand, int status, json_t *answer)
{
	char *from, *to = NULL;

	(void)status;
	from = gateway_uid(errand, answer, errand->things[0]);
	if (from)
		to = gateway_uid(errand, answer, errand->things[1]);
	if (to)
		errand_ask(errand, ends_well, "POST",
		    json_pack("{s:s,s:s}", "sourceUid", from, "targetUid", to),
		    "/v1/overlords/migrate");
	free(from);
	free(to);
}

void operator_migrate(struct world *world, const struct step *step)
{
	with_gateways(begin(world, step), got_gateways_to_migrate);
}

static void got_gateways_to_validate(
    struct errand *errand, int status, json_t *answer)
{
	const struct gate *gate = world_gate(errand->world, errand->things[0]);
	char *uid = gateway_uid(errand, answer, errand->things[0]);

	(void)status;
	if (!uid)
		return;
	errand_ask(errand, ends_well, "POST",
	    json_pack("{s:{s:s,s:s}}", "account", "apiEndpoint",
	        gate->lab->endpoint, "apiKey", gate->maas_key),
	    "/v1/overlords/maas/%s/account/validate", uid);
	free(uid);
}

void operator_validate(struct world *world, const struct step *step)
{
	with_gateways(begin(world, step), got_gateways_to_validate);
}

static void got_accounts_to_update(
    struct errand *errand, int status, json_t *answer)
{
	struct gate *gate = world_gate(errand->world, errand->things[0]);
	char *uid = status == 200 ? uid_named(answer, gate->palette_name)
	                          : NULL;

	if (!uid) {
		errand_failed(
		    errand, "Palette lists no account %s", gate->palette_name);
		return;
	}
	if (gate->new_key) {
		free(gate->maas_key);
		gate->maas_key = gate->new_key;
		gate->new_key = NULL;
	}
	errand_ask(errand, ends_well, "PUT",
	    json_pack("{s:{s:s,s:s},s:{s:s,s:s}}", "metadata", "name",
	        gate->palette_name, "uid", uid, "spec", "apiEndpoint",
	        gate->lab->endpoint, "apiKey", gate->maas_key),
	    "/v1/cloudaccounts/maas/%s", uid);
	free(uid);
}

void operator_update_key(struct world *world, const struct step *step)
{
	errand_ask(begin(world, step), got_accounts_to_update, "GET", NULL,
	    "/v1/cloudaccounts/maas?limit=50");
}

void operator_renew_code(struct world *world, const struct step *step)
{
	errand_ask(begin(world, step), ends_well, "GET", NULL,
	    "/v1/overlords/pairing/code?cloudType=maas");
}

/* ---- certificates ---- */

/* The CA of some department; another one each time. */
static char *new_certificate(struct world *world)
{
	char name[40];
	struct identity_spec spec = {
		.seed = world->options.seed,
		.name = name,
		.common_name = name,
		.not_before_time = WORLD_EPOCH - HOURS(24),
		.not_after_time = WORLD_EPOCH + HOURS(24 * 365),
		.is_ca = true,
	};
	struct identity *identity;
	char *pem;

	snprintf(
	    name, sizeof(name), "CA %u of the tenant", ++world->certificates);
	identity = identity_new(&spec, NULL);
	pem = xstrdup(identity->cert_pem);
	identity_free(&identity);
	return pem;
}

static void got_tenant(struct errand *errand, int status, json_t *answer)
{
	char *pem;

	if (status != 200) {
		errand_failed(
		    errand, "Palette does not say whose tenant it is");
		return;
	}
	pem = new_certificate(errand->world);
	errand_ask(errand, ends_well, "POST",
	    json_pack("{s:{s:s},s:{s:s,s:b}}", "metadata", "name", "ca", "spec",
	        "certificate", pem, "isCA", 1),
	    "/v1/tenants/%s/assets/certs", jstr(answer, "tenantUid"));
	free(pem);
}

void operator_add_certificate(struct world *world, const struct step *step)
{
	errand_ask(
	    begin(world, step), got_tenant, "GET", NULL, "/v1/users/info");
}

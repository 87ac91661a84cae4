/*
 * nouns: what the files of sim/palette know of each other's objects.
 *
 * The rules of each live where its functions do: overlords.c, pairing.c,
 * accounts.c, clusters.c, cluster_check.c, cluster_state.c, pools.c,
 * machines.c, instructions.c, questions.c, events.c.
 */
#ifndef SIM_PALETTE_NOUNS_H
#define SIM_PALETTE_NOUNS_H

#include "sim/palette/request.h"

/* ---- people (people.c) ---- */
void people_init(struct palette *palette);
void people_free(struct palette *palette);
struct project *project_find(struct palette *palette, const char *uid);

/* ---- gateways (overlords.c) ---- */
const char *gateway_state_name(enum gateway_state state);
struct gateway *palette_gateway_new(struct palette *palette);
void palette_gateway_free(struct gateway *gateway);
struct gateway *gateway_find(struct palette *palette, const char *uid);
bool gateway_name_is_good(const char *name);
bool gateway_name_is_taken(
    struct palette *palette, const char *name, const struct gateway *by_other);
/* The one that does the work of this one now: follows migrations. */
struct gateway *gateway_successor(struct gateway *gateway);
bool gateway_is_lost(const struct gateway *gateway);
/* Does it poll, so that a question has a chance of an answer in time? */
bool gateway_is_polling(const struct gateway *gateway);
void gateway_heard(struct gateway *gateway);
void gateway_settle(struct gateway *gateway);
json_t *gateway_json(const struct gateway *gateway);
/* For the request's first parameter; NULL: refused already. */
struct gateway *request_gateway(struct request *request);

/* ---- pairing (pairing.c) ---- */
void pairing_free(struct pairing *pairing);

/* ---- accounts (accounts.c) ---- */
struct account *account_find(struct palette *palette, const char *uid);
bool account_visible(
    const struct account *account, const struct project *project);
struct account *account_new(struct palette *palette, const char *name,
    const struct gateway *gateway, const char *project_uid);
void palette_account_free(struct account *account);
/* Takes apiEndpoint, apiKey, preferredSubnets; false: refused already. */
bool account_take_spec(
    struct request *request, struct account *account, const json_t *spec);
struct gateway *account_gateway(
    struct palette *palette, const struct account *account);
json_t *account_secret_json(const struct account *account); /* for the link */

/* ---- profiles (profiles.c) ---- */
void profile_free(struct profile *profile);
/* A cluster's own packValues, completed by what its profiles publish now. */
json_t *profiles_resolve(struct palette *palette, const json_t *given);

/* ---- clusters (clusters.c) ---- */
const char *cluster_state_name(enum cluster_state state);
struct cluster *cluster_find(struct palette *palette, const char *uid);
struct cluster *cluster_named(struct palette *palette, const char *name);
struct cluster *request_cluster(struct request *request);
/* Nothing is changed while a cluster is built. False: refused ("what can be
 * changed when it is Running"), or there is no cluster and it was before. */
bool cluster_is_changeable(
    struct request *request, struct cluster *cluster, const char *what);
struct cluster *request_config(struct request *request);
void cluster_free(struct cluster *cluster);
/* How the palette's own pages show it (render.c). */
json_t *cluster_json(const struct cluster *cluster);
json_t *cluster_summary_json(const struct cluster *cluster);
json_t *cluster_overview_json(const struct cluster *cluster);
json_t *cluster_config_json(const struct cluster *cluster);
json_t *machine_json(const struct pool *pool, const struct machine *machine);
/* What is sent to those who do the work (desired.c). */
json_t *cluster_create_json(const struct cluster *cluster);
json_t *cluster_spec_json(const struct cluster *cluster);
void cluster_spec_changed(struct cluster *cluster);

/* What a MaasCluster entity is checked for, all at once (cluster_check.c). */
struct complaint {
	const char *code;
	char text[240];
	char where[64]; /* a pool's name, or "" */
};
struct complaints {
	struct complaint items[32];
	size_t count;
};
void complain(struct complaints *list, const char *code, const char *where,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void check_entity(
    struct request *request, const json_t *entity, struct complaints *list);
void check_pool(const json_t *entity, struct complaints *list);
void check_profiles(
    struct request *request, const json_t *given, struct complaints *list);
void check_networks(
    const char *pod_cidr, const char *service_cidr, struct complaints *list);
void refuse_complaints(struct request *request, const struct complaints *list);
/* Versions as Kubernetes writes them: "v1.29.4" is before "v1.30.0". */
int version_compare(const char *a, const char *b);
/* The packs of the profiles that decide what is built (packs.c). */
struct pack_facts {
	char kubernetes_version[32], image[48];
	char pod_cidr[32], service_cidr[32];
};
/* The layer as given, if it is one; else by the pack's name. */
const char *pack_layer(const char *name, const char *given);
void pack_facts_read(const json_t *profiles, struct pack_facts *facts);
json_t *profile_templates_json(const json_t *profiles);

/* ---- the life of a cluster (cluster_state.c) ---- */
void cluster_settle(struct cluster *cluster); /* after every change */
void cluster_picked_up(struct cluster *cluster);
void cluster_handed_over(struct cluster *cluster);
void cluster_create_failed(struct cluster *cluster, const char *message);
void cluster_delete_begin(struct cluster *cluster);
void cluster_deleted(struct cluster *cluster);
void cluster_heard(struct cluster *cluster);
const char *cluster_health(const struct cluster *cluster);
void cluster_condition(struct cluster *cluster, const char *type,
    const char *status, const char *reason, const char *message);

/* ---- what Palette keeps for people (assets.c) ---- */
/* Its keys and tokens are secrets too, not only the whole text. */
void kubeconfig_keep(struct palette *palette, char **slot, const char *text);

/* ---- pools and machines (pools.c, machines.c) ---- */
struct pool *pool_new(struct cluster *cluster, const json_t *entity);
void pool_free(struct pool *pool);
/* For those who speak of machines; everybody else knows no retired ones. */
struct pool *pool_find_even_retired(
    const struct cluster *cluster, const char *name);
void pools_forget_empty(struct cluster *cluster); /* retired and empty */
struct machine *machine_upsert(
    struct cluster *cluster, struct pool *pool, const char *name);
void machine_set_state(
    struct cluster *cluster, struct machine *machine, const char *state);
void machine_remove(struct pool *pool, struct machine *machine);
void palette_machine_free(struct machine *machine);

/* ---- instructions (instructions.c) ---- */
struct instruction *instruction_open(struct palette *palette,
    enum instruction_kind kind, struct cluster *cluster,
    struct gateway *gateway);
struct instruction *instruction_find(struct palette *palette, const char *id);
struct instruction *instruction_of(
    const struct cluster *cluster, enum instruction_kind kind);
struct instruction *instruction_open_of(const struct cluster *cluster);
void instruction_end(
    struct instruction *instruction, enum instruction_state state);
void instruction_move(struct instruction *instruction, struct gateway *target);
void instruction_renew(struct instruction *instruction);
void instruction_waits(struct instruction *instruction, const char *sentence);
json_t *instruction_json(const struct instruction *instruction);
void instruction_free(struct instruction *instruction);

/* ---- questions that a gateway answers while somebody waits ---- */
/* `account` is what the gateway is to use; what NULL: validate it. Answers
 * the request itself, now or later. Steals account. */
void question_ask(struct request *request, struct gateway *gateway,
    json_t *account, const char *what);
void question_answered(struct instruction *instruction, bool ok,
    const char *message, const json_t *data);
json_t *question_json(const struct question *question);
void question_free(struct question *question);

/* ---- events (events.c) ---- */
/* About a cluster; component is who says so. */
void cluster_event_add(const struct cluster *cluster, const char *severity,
    const char *reason, const char *message, const char *component);
void component_event_free(struct component_event *event);

/* ---- every operation ---- */
operation_fn op_ping, op_authenticate, op_refresh, op_logout, op_org;
operation_fn op_user_info, op_user_me, op_users, op_user;
operation_fn op_api_keys, op_api_key_create, op_api_key, op_api_key_delete,
    op_api_key_state;
operation_fn op_projects_metadata, op_projects_list, op_project,
    op_project_create;
operation_fn op_certs, op_cert_create, op_cert, op_cert_update, op_cert_delete;
operation_fn op_remediation, op_remediation_set;
operation_fn op_pairing_code, op_manifest, op_register;
operation_fn op_overlords, op_overlord, op_overlord_delete,
    op_overlord_metadata, op_overlord_reset, op_overlord_migrate;
operation_fn op_overlord_account_create, op_overlord_account_update,
    op_overlord_account_validate;
operation_fn op_link_account, op_poll, op_report;
operation_fn op_accounts, op_account_create, op_account, op_account_update,
    op_account_delete, op_account_property, op_clouds_property,
    op_accounts_summary, op_accounts_metadata;
operation_fn op_profile_create, op_profile_name, op_profile, op_profile_update,
    op_profile_metadata, op_profile_publish, op_profile_delete,
    op_profile_variables, op_profiles_metadata, op_profiles_list,
    op_profile_summary;
operation_fn op_cluster_create, op_cluster_validate, op_cluster_name,
    op_cluster, op_cluster_status, op_cluster_delete, op_cluster_metadata,
    op_cluster_profiles, op_cluster_profiles_set, op_cluster_variables;
operation_fn op_kubeconfig, op_kubeconfig_set, op_client_kubeconfig,
    op_client_kubeconfig_set, op_client_kubeconfig_delete, op_assets_set;
operation_fn op_clusters, op_dashboard_metadata, op_dashboard_search,
    op_dashboard_cluster;
operation_fn op_empty_items, op_backup, op_scan;
operation_fn op_config, op_config_cluster_set, op_pool_create, op_pool_update,
    op_pool_delete;
operation_fn op_machines, op_machine, op_machine_create, op_machine_update,
    op_machine_delete, op_machines_health, op_machine_uids;
operation_fn op_heartbeat, op_spec, op_condition, op_conditions, op_endpoints,
    op_services, op_spc, op_spc_apply, op_spc_patch_time, op_packs_status;
operation_fn op_event_create, op_event_bulk, op_events, op_events_of,
    op_events_delete;

#endif

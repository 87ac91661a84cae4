/*
 * table: every operation that is modelled, one line each.
 *
 * The name is what faults, claims and records call it.
 */
#include "sim/palette/nouns.h"

/* name, method, path, who may, body, function */
#define GET(name, path, auth, run)                      \
	{                                               \
		name, "GET", path, auth, BODY_NONE, run \
	}
#define DELETE(name, path, auth, run)                      \
	{                                                  \
		name, "DELETE", path, auth, BODY_NONE, run \
	}
#define POST(name, path, auth, body, run)           \
	{                                           \
		name, "POST", path, auth, body, run \
	}
#define PUT(name, path, auth, body, run)           \
	{                                          \
		name, "PUT", path, auth, body, run \
	}
#define PATCH(name, path, auth, body, run)           \
	{                                            \
		name, "PATCH", path, auth, body, run \
	}

/* clang-format off */
const struct operation palette_table[] = {
	/* people */
	GET("health.ping", "/v1/health/ping", AUTH_NONE, op_ping),
	GET("health.ready", "/v1/health/ready", AUTH_NONE, op_ping),
	POST("auth.login", "/v1/auth/authenticate", AUTH_NONE, BODY_OBJECT,
	    op_authenticate),
	GET("auth.refresh", "/v1/auth/refresh/{token}", AUTH_NONE, op_refresh),
	GET("auth.org", "/v1/auth/org", AUTH_NONE, op_org),
	POST("auth.revoke", "/v1/users/auth/tokens/revoke", AUTH_USER,
	    BODY_OBJECT, op_logout),
	GET("user.info", "/v1/users/info", AUTH_USER, op_user_info),
	GET("user.me", "/v1/users/me", AUTH_USER, op_user_me),
	GET("users.read", "/v1/users", AUTH_ADMIN, op_users),
	GET("user.get", "/v1/users/{uid}", AUTH_USER, op_user),
	GET("apikeys.read", "/v1/apiKeys", AUTH_USER, op_api_keys),
	POST("apikey.create", "/v1/apiKeys", AUTH_USER, BODY_OBJECT,
	    op_api_key_create),
	GET("apikey.get", "/v1/apiKeys/{uid}", AUTH_USER, op_api_key),
	DELETE("apikey.delete", "/v1/apiKeys/{uid}", AUTH_USER,
	    op_api_key_delete),
	PATCH("apikey.state", "/v1/apiKeys/{uid}", AUTH_USER, BODY_OBJECT,
	    op_api_key_state),
	PUT("apikey.state", "/v1/apiKeys/{uid}/state", AUTH_USER, BODY_OBJECT,
	    op_api_key_state),
	GET("projects.metadata", "/v1/dashboard/projects/metadata", AUTH_USER,
	    op_projects_metadata),
	POST("projects.read", "/v1/dashboard/projects", AUTH_USER,
	    BODY_OPTIONAL, op_projects_list),
	POST("project.create", "/v1/projects", AUTH_ADMIN, BODY_OBJECT,
	    op_project_create),
	GET("project.get", "/v1/projects/{uid}", AUTH_USER, op_project),
	GET("certs.read", "/v1/tenants/{tenantUid}/assets/certs", AUTH_ADMIN,
	    op_certs),
	POST("cert.create", "/v1/tenants/{tenantUid}/assets/certs",
	    AUTH_ADMIN, BODY_OBJECT, op_cert_create),
	GET("cert.get", "/v1/tenants/{tenantUid}/assets/certs/{uid}",
	    AUTH_ADMIN, op_cert),
	PUT("cert.update", "/v1/tenants/{tenantUid}/assets/certs/{uid}",
	    AUTH_ADMIN, BODY_OBJECT, op_cert_update),
	DELETE("cert.delete", "/v1/tenants/{tenantUid}/assets/certs/{uid}",
	    AUTH_ADMIN, op_cert_delete),
	GET("remediation.get",
	    "/v1/tenants/{tenantUid}/preferences/clusterSettings", AUTH_ADMIN,
	    op_remediation),
	PUT("remediation.set",
	    "/v1/tenants/{tenantUid}/preferences/clusterSettings/"
	    "nodesAutoRemediationSetting", AUTH_ADMIN, BODY_OBJECT,
	    op_remediation_set),

	/* gateways */
	GET("pairing.code", "/v1/overlords/pairing/code", AUTH_ADMIN,
	    op_pairing_code),
	GET("manifest", "/v1/overlords/maas/manifest", AUTH_NONE, op_manifest),
	POST("register", "/v1/pcg/{uid}/register", AUTH_NONE, BODY_OBJECT,
	    op_register),
	PUT("link.account", "/v1/link/gateways/{uid}/account", AUTH_GATEWAY,
	    BODY_OBJECT, op_link_account),
	POST("poll", "/v1/link/gateways/{uid}/poll", AUTH_GATEWAY,
	    BODY_OBJECT, op_poll),
	POST("report", "/v1/link/gateways/{uid}/report", AUTH_GATEWAY,
	    BODY_OBJECT, op_report),
	GET("overlords.read", "/v1/overlords", AUTH_USER, op_overlords),
	GET("overlord.get", "/v1/overlords/{uid}", AUTH_USER, op_overlord),
	DELETE("overlord.delete", "/v1/overlords/{uid}", AUTH_ADMIN,
	    op_overlord_delete),
	PUT("overlord.metadata", "/v1/overlords/{uid}/metadata", AUTH_ADMIN,
	    BODY_OBJECT, op_overlord_metadata),
	PUT("overlord.reset", "/v1/overlords/{uid}/reset", AUTH_ADMIN,
	    BODY_NONE, op_overlord_reset),
	POST("overlord.migrate", "/v1/overlords/migrate", AUTH_ADMIN,
	    BODY_OBJECT, op_overlord_migrate),
	POST("overlord.account.create", "/v1/overlords/maas/{uid}/account",
	    AUTH_ADMIN, BODY_OBJECT, op_overlord_account_create),
	PUT("overlord.account.update", "/v1/overlords/maas/{uid}/account",
	    AUTH_ADMIN, BODY_OBJECT, op_overlord_account_update),
	POST("account.validate", "/v1/overlords/maas/{uid}/account/validate",
	    AUTH_USER, BODY_OBJECT, op_overlord_account_validate),

	/* accounts */
	GET("accounts.summary", "/v1/cloudaccounts/summary", AUTH_USER,
	    op_accounts_summary),
	GET("accounts.read", "/v1/cloudaccounts/maas", AUTH_USER,
	    op_accounts),
	POST("account.create", "/v1/cloudaccounts/maas", AUTH_USER,
	    BODY_OBJECT, op_account_create),
	GET("account.get", "/v1/cloudaccounts/maas/{uid}", AUTH_USER,
	    op_account),
	PUT("account.update", "/v1/cloudaccounts/maas/{uid}", AUTH_USER,
	    BODY_OBJECT, op_account_update),
	DELETE("account.delete", "/v1/cloudaccounts/maas/{uid}", AUTH_USER,
	    op_account_delete),
	GET("account.property",
	    "/v1/cloudaccounts/maas/{uid}/properties/{property}", AUTH_USER,
	    op_account_property),
	GET("accounts.metadata", "/v1/dashboard/cloudaccounts/metadata",
	    AUTH_USER, op_accounts_metadata),
	GET("account.property", "/v1/clouds/maas/{property}", AUTH_USER,
	    op_clouds_property),

	/* profiles */
	POST("profile.create", "/v1/clusterprofiles", AUTH_USER, BODY_OBJECT,
	    op_profile_create),
	GET("profile.name", "/v1/clusterprofiles/validate/name", AUTH_USER,
	    op_profile_name),
	GET("profile.get", "/v1/clusterprofiles/{uid}", AUTH_USER, op_profile),
	PUT("profile.update", "/v1/clusterprofiles/{uid}", AUTH_USER,
	    BODY_OBJECT, op_profile_update),
	DELETE("profile.delete", "/v1/clusterprofiles/{uid}", AUTH_USER,
	    op_profile_delete),
	PATCH("profile.metadata", "/v1/clusterprofiles/{uid}/metadata",
	    AUTH_USER, BODY_OBJECT, op_profile_metadata),
	PATCH("profile.publish", "/v1/clusterprofiles/{uid}/publish",
	    AUTH_USER, BODY_OPTIONAL, op_profile_publish),
	GET("profile.variables", "/v1/clusterprofiles/{uid}/variables",
	    AUTH_USER, op_profile_variables),
	GET("profiles.metadata", "/v1/dashboard/clusterprofiles/metadata",
	    AUTH_USER, op_profiles_metadata),
	POST("profiles.read", "/v1/dashboard/clusterprofiles", AUTH_USER,
	    BODY_OPTIONAL, op_profiles_list),
	GET("profile.summary", "/v1/dashboard/clusterprofiles/{uid}",
	    AUTH_USER, op_profile_summary),

	/* clusters, the operator's side */
	POST("cluster.create", "/v1/spectroclusters/maas", AUTH_USER,
	    BODY_OBJECT, op_cluster_create),
	POST("cluster.validate", "/v1/spectroclusters/maas/validate",
	    AUTH_USER, BODY_OBJECT, op_cluster_validate),
	GET("cluster.name", "/v1/spectroclusters/validate/name", AUTH_USER,
	    op_cluster_name),
	GET("clusters.read", "/v1/spectroclusters", AUTH_USER, op_clusters),
	GET("cluster.get", "/v1/spectroclusters/{uid}", AUTH_USER, op_cluster),
	DELETE("cluster.delete", "/v1/spectroclusters/{uid}", AUTH_USER,
	    op_cluster_delete),
	GET("cluster.status", "/v1/spectroclusters/{uid}/status", AUTH_USER,
	    op_cluster_status),
	PATCH("cluster.metadata", "/v1/spectroclusters/{uid}/metadata",
	    AUTH_USER, BODY_OBJECT, op_cluster_metadata),
	GET("cluster.profiles", "/v1/spectroclusters/{uid}/profiles",
	    AUTH_USER, op_cluster_profiles),
	PUT("cluster.profiles.set", "/v1/spectroclusters/{uid}/profiles",
	    AUTH_USER, BODY_OBJECT, op_cluster_profiles_set),
	PATCH("cluster.profiles.set", "/v1/spectroclusters/{uid}/profiles",
	    AUTH_USER, BODY_OBJECT, op_cluster_profiles_set),
	GET("cluster.variables", "/v1/spectroclusters/{uid}/variables",
	    AUTH_USER, op_cluster_variables),
	GET("cluster.rbacs", "/v1/spectroclusters/{uid}/config/rbacs",
	    AUTH_USER, op_empty_items),
	GET("cluster.namespaces",
	    "/v1/spectroclusters/{uid}/config/namespaces", AUTH_USER,
	    op_empty_items),
	GET("cluster.backup", "/v1/spectroclusters/{uid}/features/backup",
	    AUTH_USER, op_backup),
	GET("cluster.scan",
	    "/v1/spectroclusters/{uid}/features/complianceScan", AUTH_USER,
	    op_scan),
	GET("kubeconfig.get", "/v1/spectroclusters/{uid}/assets/kubeconfig",
	    AUTH_USER, op_kubeconfig),
	GET("kubeconfig.get",
	    "/v1/spectroclusters/{uid}/assets/adminKubeconfig", AUTH_USER,
	    op_kubeconfig),
	GET("kubeconfigclient.get",
	    "/v1/spectroclusters/{uid}/assets/kubeconfigclient", AUTH_USER,
	    op_client_kubeconfig),
	DELETE("kubeconfigclient.delete",
	    "/v1/spectroclusters/{uid}/assets/kubeconfigclient", AUTH_USER,
	    op_client_kubeconfig_delete),
	POST("clusters.search", "/v1/dashboard/spectroclusters/search",
	    AUTH_USER, BODY_OPTIONAL, op_dashboard_search),
	GET("clusters.metadata", "/v1/dashboard/spectroclusters/metadata",
	    AUTH_USER, op_dashboard_metadata),
	GET("cluster.overview", "/v1/dashboard/spectroclusters/{uid}",
	    AUTH_USER, op_dashboard_cluster),
	GET("cluster.overview",
	    "/v1/dashboard/spectroclusters/{uid}/overview", AUTH_USER,
	    op_dashboard_cluster),

	/* clusters, the agent's side */
	PUT("heartbeat", "/v1/spectroclusters/{uid}/heartbeat", AUTH_AGENT,
	    BODY_OBJECT, op_heartbeat),
	GET("spec", "/v1/link/clusters/{uid}/spec", AUTH_AGENT, op_spec),
	PUT("condition", "/v1/spectroclusters/{uid}/status/condition",
	    AUTH_AGENT, BODY_OBJECT, op_condition),
	PATCH("conditions", "/v1/spectroclusters/{uid}/status/conditions",
	    AUTH_AGENT, BODY_LIST, op_conditions),
	PUT("endpoints", "/v1/spectroclusters/{uid}/status/endpoints",
	    AUTH_AGENT, BODY_LIST, op_endpoints),
	PUT("services", "/v1/spectroclusters/{uid}/status/services",
	    AUTH_AGENT, BODY_LIST, op_services),
	GET("spc", "/v1/spectroclusters/{uid}/status/spcApply", AUTH_AGENT,
	    op_spc),
	POST("spc.apply", "/v1/spectroclusters/{uid}/status/spcApply",
	    AUTH_USER, BODY_OPTIONAL, op_spc_apply),
	PATCH("applied",
	    "/v1/spectroclusters/{uid}/status/spcApply/patchTime", AUTH_AGENT,
	    BODY_OBJECT, op_spc_patch_time),
	PATCH("packs", "/v1/spectroclusters/{uid}/packs/status", AUTH_AGENT,
	    BODY_OBJECT, op_packs_status),
	POST("assets.set", "/v1/spectroclusters/{uid}/assets", AUTH_AGENT,
	    BODY_OBJECT, op_assets_set),
	PUT("kubeconfig.set", "/v1/spectroclusters/{uid}/assets/kubeconfig",
	    AUTH_AGENT, BODY_OBJECT, op_kubeconfig_set),
	PUT("kubeconfigclient.set",
	    "/v1/spectroclusters/{uid}/assets/kubeconfigclient", AUTH_AGENT,
	    BODY_OBJECT, op_client_kubeconfig_set),

	/* cloud configs, pools, machines */
	GET("config.get", "/v1/cloudconfigs/maas/{configUid}", AUTH_ANYBODY,
	    op_config),
	PUT("config.set", "/v1/cloudconfigs/maas/{configUid}/clusterConfig",
	    AUTH_USER, BODY_OBJECT, op_config_cluster_set),
	POST("pool.create", "/v1/cloudconfigs/maas/{configUid}/machinePools",
	    AUTH_USER, BODY_OBJECT, op_pool_create),
	PUT("pool.update",
	    "/v1/cloudconfigs/maas/{configUid}/machinePools/{pool}",
	    AUTH_USER, BODY_OBJECT, op_pool_update),
	DELETE("pool.delete",
	    "/v1/cloudconfigs/maas/{configUid}/machinePools/{pool}",
	    AUTH_USER, op_pool_delete),
	GET("machines.read",
	    "/v1/cloudconfigs/maas/{configUid}/machinePools/{pool}/machines",
	    AUTH_ANYBODY, op_machines),
	POST("machine.create",
	    "/v1/cloudconfigs/maas/{configUid}/machinePools/{pool}/machines",
	    AUTH_AGENT, BODY_OBJECT, op_machine_create),
	GET("machine.get",
	    "/v1/cloudconfigs/maas/{configUid}/machinePools/{pool}/machines/"
	    "{uid}", AUTH_ANYBODY, op_machine),
	PUT("machine.update",
	    "/v1/cloudconfigs/maas/{configUid}/machinePools/{pool}/machines/"
	    "{uid}", AUTH_AGENT, BODY_OBJECT, op_machine_update),
	DELETE("machine.delete",
	    "/v1/cloudconfigs/maas/{configUid}/machinePools/{pool}/machines/"
	    "{uid}", AUTH_ANYBODY, op_machine_delete),
	GET("machines.uids",
	    "/v1/cloudconfigs/{configUid}/machinePools/machineUids",
	    AUTH_ANYBODY, op_machine_uids),
	PATCH("machines.health",
	    "/v1/cloudconfigs/{configUid}/machines/health", AUTH_AGENT,
	    BODY_OBJECT, op_machines_health),

	/* events */
	GET("events.read", "/v1/events/components", AUTH_USER, op_events),
	POST("event.create", "/v1/events/components", AUTH_LINK, BODY_OBJECT,
	    op_event_create),
	POST("events.create", "/v1/events/components/bulk", AUTH_LINK,
	    BODY_LIST, op_event_bulk),
	GET("events.of", "/v1/events/components/{objectKind}/{objectUid}",
	    AUTH_USER, op_events_of),
	DELETE("events.delete",
	    "/v1/events/components/{objectKind}/{objectUid}", AUTH_USER,
	    op_events_delete),
};
/* clang-format on */
const size_t palette_table_len = sizeof(palette_table) /
                                 sizeof(palette_table[0]);

void op_ping(struct request *request)
{
	answer_json(request, 200, json_pack("{s:s}", "msg", "OK"));
}

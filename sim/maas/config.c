#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"

/* The settings that a client can read and write, with the values of a fresh
 * installation. Only a few of them change what is modelled: the default
 * series, and erasing on release. */
static const char defaults[] =
    "{\"maas_name\": \"region\", \"theme\": \"\", \"kernel_opts\": \"\","
    "\"enable_http_proxy\": true, \"maas_proxy_port\": 8000,"
    "\"use_peer_proxy\": false, \"prefer_v4_proxy\": false,"
    "\"http_proxy\": null, \"default_dns_ttl\": 30, \"upstream_dns\": null,"
    "\"dnssec_validation\": \"auto\","
    "\"maas_internal_domain\": \"maas-internal\","
    "\"dns_trusted_acl\": null, \"ntp_servers\": \"ntp.ubuntu.com\","
    "\"ntp_external_only\": false, \"remote_syslog\": null,"
    "\"maas_syslog_port\": 5247, \"network_discovery\": \"enabled\","
    "\"active_discovery_interval\": 10800, \"default_osystem\": \"ubuntu\","
    "\"default_distro_series\": \"jammy\","
    "\"default_min_hwe_kernel\": \"\", \"default_storage_layout\": \"flat\","
    "\"commissioning_distro_series\": \"jammy\","
    "\"enable_third_party_drivers\": true, \"windows_kms_host\": null,"
    "\"enable_disk_erasing_on_release\": false,"
    "\"disk_erase_with_secure_erase\": false,"
    "\"disk_erase_with_quick_erase\": false,"
    "\"boot_images_auto_import\": true, \"boot_images_no_proxy\": false,"
    "\"curtin_verbose\": true, \"force_v1_network_yaml\": false,"
    "\"enable_analytics\": true, \"completed_intro\": false,"
    "\"max_node_commissioning_results\": 10,"
    "\"max_node_testing_results\": 10, \"max_node_installation_results\": 3,"
    "\"subnet_ip_exhaustion_threshold_count\": 16,"
    "\"release_notifications\": true, \"use_rack_proxy\": true,"
    "\"node_timeout\": 30, \"prometheus_enabled\": false,"
    "\"prometheus_push_gateway\": null, \"prometheus_push_interval\": 60,"
    "\"promtail_enabled\": false, \"promtail_port\": 5238,"
    "\"enlist_commissioning\": true, \"maas_auto_ipmi_user\": \"maas\","
    "\"maas_auto_ipmi_user_privilege_level\": \"ADMIN\","
    "\"maas_auto_ipmi_k_g_bmc_key\": \"\","
    "\"maas_auto_ipmi_cipher_suite_id\": \"3\","
    "\"maas_auto_ipmi_workaround_flags\": null, \"vcenter_server\": \"\","
    "\"vcenter_username\": \"\", \"vcenter_password\": \"\","
    "\"vcenter_datacenter\": \"\", \"hardware_sync_interval\": \"15m\","
    "\"tls_cert_expiration_notification_enabled\": false,"
    "\"tls_cert_expiration_notification_interval\": 30,"
    "\"session_length\": 1209600, \"auto_vlan_creation\": true}";

json_t *maas_config_defaults(void)
{
	json_t *config = json_loads(defaults, 0, NULL);

	check(config);
	return config;
}

bool maas_config_bool(const struct maas *maas, const char *name)
{
	return json_is_true(json_object_get(maas->config, name));
}

const char *maas_config_text(const struct maas *maas, const char *name)
{
	return jstr(maas->config, name);
}

static bool known(struct ask *ask, const char *name)
{
	struct buf all = BUF_INIT;
	json_t *errors, *value;
	const char *key;

	if (json_object_get(ask->maas->config, name))
		return true;
	json_object_foreach(ask->maas->config, key, value)
	    buf_addf(&all, "%s%s", all.len ? ", " : "", key);
	errors = json_object();
	maas_error(errors, name,
	    "%s is not a valid config setting (valid settings are: %s).", name,
	    buf_text(&all));
	maas_refuse_model(ask, errors);
	buf_free(&all);
	return false;
}

void maas_op_maas_get_config(struct ask *ask)
{
	const char *name = maas_needed(ask, "name");
	json_t *value;

	if (!name || !known(ask, name))
		return;
	value = json_object_get(ask->maas->config, name);
	maas_answer_compact(ask, json_incref(value));
	http_header_set(
	    &ask->answer.headers, "Content-Type", "application/json");
}

void maas_op_maas_set_config(struct ask *ask)
{
	const char *name = maas_needed(ask, "name");
	const char *text = maas_field(ask, "value");
	json_t *old, *value;

	if (!name || !known(ask, name))
		return;
	old = json_object_get(ask->maas->config, name);
	if (json_is_boolean(old))
		value = json_boolean(text && strcmp(text, "true") == 0);
	else if (json_is_integer(old) && maas_number(text) >= 0)
		value = json_integer(maas_number(text));
	else
		value = text && *text ? json_string(text) : json_null();
	json_object_set_new(ask->maas->config, name, value);
	maas_audit(
	    ask, "Settings", "Updated configuration setting '%s'.", name);
	maas_answer_text(ask, 200, "text/plain", "OK");
}

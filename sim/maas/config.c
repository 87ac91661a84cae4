#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/images.h"
#include "sim/maas/ip.h"

/* The settings that a client can read and write, with the values of a fresh
 * installation. Only a few of them change what is modelled: the default
 * series, erasing on release, the link that commissioning makes and whether
 * crashes of kernels are kept. */
static const char defaults[] =
    "{\"maas_name\": \"region\", \"theme\": \"\", \"kernel_opts\": null,"
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
    "\"disk_erase_with_secure_erase\": true,"
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

/* And those that came later. */
static const struct {
	int since;
	const char *name, *value;
} newer[] = {
	{ 305, "max_node_release_results", "3" },
	{ 306, "default_boot_interface_link_type", "\"auto\"" },
	{ 306, "enable_kernel_crash_dump", "false" },
};

json_t *maas_config_defaults(const struct maas *maas)
{
	json_t *config = json_loads(defaults, 0, NULL);

	check(config);
	for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++) {
		json_t *value = json_loads(
		    newer[i].value, JSON_DECODE_ANY, NULL);

		check(value);
		if (maas->version >= newer[i].since)
			json_object_set(config, newer[i].name, value);
		json_decref(value);
	}
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

/* Settings that moved elsewhere, and one that got another name. */
static const char *const moved[][2] = {
	{ "main_archive", "http://archive.ubuntu.com/ubuntu" },
	{ "ports_archive", "http://ports.ubuntu.com/ubuntu-ports" },
};

static const char *today(const char *name)
{
	return strcmp(name, "ntp_server") == 0 ? "ntp_servers" : name;
}

static const char *moved_value(const char *name)
{
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++)
		if (strcmp(moved[i][0], name) == 0)
			return moved[i][1];
	return NULL;
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

	if (!name)
		return;
	name = today(name);
	if (moved_value(name))
		value = json_string(moved_value(name));
	else if (known(ask, name))
		value = json_incref(json_object_get(ask->maas->config, name));
	else
		return;
	maas_answer_compact(ask, value);
	http_header_set(
	    &ask->answer.headers, "Content-Type", "application/json");
}

/* Settings whose value is one of a few. */
static const struct choice {
	const char *name, *noun, *values; /* "a b c" */
} choices[] = {
	{ "network_discovery", "network_discovery", "enabled disabled" },
	{ "dnssec_validation", "dnssec_validation", "auto yes no" },
	{ "active_discovery_interval", "active_discovery_interval",
	    "0 604800 86400 43200 21600 10800 3600 1800 600" },
};

/* The same, with a sentence of its own: %s is the value. */
static const struct {
	const char *name, *values, *sentence;
} plain_choices[] = {
	{ "default_storage_layout", "bcache blank custom flat lvm vmfs6 vmfs7",
	    "Select a valid choice. %s is not one of the available "
	    "choices." },
	{ "default_boot_interface_link_type", "auto dhcp static link_up",
	    "Select a valid choice. %s is not one of the available "
	    "choices." },
	{ "maas_auto_ipmi_user_privilege_level", "ADMIN OPERATOR USER",
	    "Valid choices are ADMIN, OPERATOR, or USER" },
};

/* Numbers have bounds, and texts a length. */
static const struct {
	const char *name;
	int64_t lowest, highest;
} bounds[] = {
	{ "max_node_commissioning_results", 1, INT64_MAX },
	{ "max_node_testing_results", 1, INT64_MAX },
	{ "max_node_installation_results", 1, INT64_MAX },
	{ "max_node_release_results", 1, INT64_MAX },
	{ "subnet_ip_exhaustion_threshold_count", 1, INT64_MAX },
	{ "node_timeout", 1, INT64_MAX },
	{ "tls_cert_expiration_notification_interval", 1, 90 },
	{ "session_length", 10, 1209600 },
};
static const char *const short_texts[] = { "maas_auto_ipmi_user",
	"maas_auto_ipmi_k_g_bmc_key" };
#define LONGEST_SHORT 20

/* And those whose values follow from the images: the systems that there are,
 * or the series of one. */
static const struct choice of_images[] = {
	{ "default_osystem", "osystem", NULL },
	{ "default_distro_series", "release", NULL },
	{ "commissioning_distro_series", "commissioning_distro_series", NULL },
};

static char *words_of(const struct maas *maas, const struct choice *choice)
{
	char *words;

	if (choice->values)
		return xstrdup(choice->values);
	words = maas_image_words(
	    maas, choice == &of_images[0] ? NULL
	          : choice == &of_images[1]
	              ? maas_config_text(maas, "default_osystem")
	              : "ubuntu");
	if (!*words) {
		free(words);
		words = xstrdup("---");
	}
	return words;
}

static bool has_word(const char *all, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = all; len && (at = strstr(at, word)); at++)
		if ((at == all || at[-1] == ' ') &&
		    (!at[len] || at[len] == ' '))
			return true;
	return false;
}

static void not_chosen(
    json_t *errors, const struct choice *choice, char *all, const char *text)
{
	struct buf out = BUF_INIT;
	char *save = NULL;

	buf_addf(&out, "'%s' is not a valid %s.  It should be one of: ", text,
	    choice->noun);
	for (const char *word = strtok_r(all, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		buf_addf(&out, "%s'%s'", word == all ? "" : ", ", word);
	buf_addc(&out, '.');
	maas_error(errors, choice->name, "%s", buf_text(&out));
	buf_free(&out);
}

static void judge_choice(const struct maas *maas, const struct choice *choice,
    const char *text, json_t *errors)
{
	char *words = words_of(maas, choice);

	if (!has_word(words, text))
		not_chosen(errors, choice, words, text);
	else if (strcmp(text, "---") == 0)
		maas_error(errors, choice->name,
		    "Unable to determine supported operating systems, due to "
		    "missing boot images.");
	free(words);
}

/* Ports that the system or the region itself has are not given away. */
static void judge_port(
    const char *name, int64_t port, int64_t own, json_t *errors)
{
	const char *why = port > 65535 || port <= 0 ? "not between 0 - 65535"
	                  : port <= 1023 ? "reserved for system services"
	                  : port >= 5240 && port <= 5270 && port != own
	                      ? "reserved for MAAS services"
	                      : NULL;

	if (why)
		maas_error(errors, name,
		    "Unable to change port number. Port number is %s.", why);
}

/* A number of the setting's kind; NULL: errors. */
static json_t *read_number(const char *name, const char *text, json_t *errors)
{
	int64_t number = 0, lowest = INT64_MIN, highest = INT64_MAX;

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		if (strcmp(bounds[i].name, name) != 0)
			continue;
		lowest = bounds[i].lowest;
		highest = bounds[i].highest;
	}
	if (!maas_form_number(errors, name, text, lowest, highest, &number))
		return NULL;
	if (strcmp(name, "maas_proxy_port") == 0)
		judge_port(name, number, 0, errors);
	if (strcmp(name, "maas_syslog_port") == 0)
		judge_port(name, number, 5247, errors);
	return json_object_size(errors) ? NULL : json_integer(number);
}

static void judge_plain_choice(
    const char *name, const char *text, json_t *errors)
{
	for (size_t i = 0; i < sizeof(plain_choices) / sizeof(plain_choices[0]);
	     i++) {
		const char *at = plain_choices[i].sentence;
		const char *value = strstr(at, "%s");

		if (strcmp(plain_choices[i].name, name) != 0 ||
		    has_word(plain_choices[i].values, text))
			continue;
		maas_error(errors, name, "%.*s%s%s",
		    value ? (int)(value - at) : (int)strlen(at), at,
		    value ? text : "", value ? value + 2 : "");
	}
}

/* Addresses parted by blanks and commas. */
static void judge_addresses(const char *name, const char *text, json_t *errors)
{
	struct names words = { 0 };
	struct ip ip;

	maas_names_split(&words, text, ", \t\n");
	for (size_t i = 0; i < words.count; i++) {
		if (maas_ip_parse(words.items[i], &ip))
			continue;
		maas_error(errors, name,
		    "Invalid IP address: %s; provide a list of "
		    "space-separated IP addresses",
		    words.items[i]);
		break;
	}
	maas_names_free(&words);
}

/* Is it one of the few, where there are only a few, and of its form? */
static bool may_be(
    const struct maas *maas, const char *name, const char *text, json_t *errors)
{
	if (!*text)
		return true;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		if (strcmp(choices[i].name, name) == 0)
			judge_choice(maas, &choices[i], text, errors);
	for (size_t i = 0; i < sizeof(of_images) / sizeof(of_images[0]); i++)
		if (strcmp(of_images[i].name, name) == 0)
			judge_choice(maas, &of_images[i], text, errors);
	judge_plain_choice(name, text, errors);
	for (size_t i = 0; i < sizeof(short_texts) / sizeof(*short_texts); i++)
		if (strcmp(short_texts[i], name) == 0 &&
		    maas_letters(text) > LONGEST_SHORT)
			maas_error(errors, name, MAAS_TOO_LONG, LONGEST_SHORT,
			    maas_letters(text));
	if (strcmp(name, "upstream_dns") == 0)
		judge_addresses(name, text, errors);
	if (strcmp(name, "http_proxy") == 0 && !maas_url_ok(text))
		maas_error(errors, name, "Enter a valid URL.");
	return !json_object_size(errors);
}

/* None of them may be empty. */
static bool is_needed(const char *name)
{
	return strcmp(name, "maas_name") == 0 ||
	       strcmp(name, "default_storage_layout") == 0 ||
	       strcmp(name, "default_boot_interface_link_type") == 0;
}

/* The value as the setting's field of a form reads it; NULL: errors. */
static json_t *read_value(
    const struct maas *maas, const char *name, const char *text, json_t *errors)
{
	const json_t *old = json_object_get(maas->config, name);

	if (!may_be(maas, name, text, errors))
		return NULL;
	if (json_is_boolean(old))
		return json_boolean(*text && strcasecmp(text, "false") != 0);
	if (json_is_integer(old) && *text)
		return read_number(name, text, errors);
	if (!*text && is_needed(name)) {
		maas_error(errors, name, "This field is required.");
		return NULL;
	}
	return *text ? json_string(text) : json_null();
}

static bool has_name(struct ask *ask, const char **name)
{
	*name = maas_needed(ask, "name");
	if (!*name)
		return false;
	if (!**name) {
		maas_refuse(ask, 400, "Invalid name: Please enter a value");
		return false;
	}
	*name = today(*name);
	return true;
}

void maas_op_maas_set_config(struct ask *ask)
{
	json_t *errors, *value;
	const char *name, *text;

	if (!has_name(ask, &name) || !maas_needed(ask, "value"))
		return;
	if (moved_value(name)) {
		maas_answer_text(ask, 200, "text/plain", "OK");
		return;
	}
	if (!known(ask, name))
		return;
	text = maas_stripped(ask, "value");
	errors = json_object();
	value = read_value(ask->maas, name, text, errors);
	if (!maas_fine(ask, errors))
		return;
	json_object_set_new(ask->maas->config, name, value);
	maas_audit(
	    ask, "Settings", "Updated configuration setting '%s'.", name);
	maas_answer_text(ask, 200, "text/plain", "OK");
}

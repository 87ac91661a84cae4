#include "harness/kinds.h"

#include <string.h>

#include "base/check.h"

static const struct kind_of_setting site_settings[] = {
	{ "cidr", SETTING_CIDR, NULL, NULL, false,
	    "the addresses of the site; made up if left out" },
	{ "nat", SETTING_YES_NO, NULL, "yes", false,
	    "hide the site behind one address that nobody can dial into" },
	{ "uplink", SETTING_DURATION, NULL, "10ms", false,
	    "one way from the site to the internet" },
	{ "latency", SETTING_DURATION, NULL, "200us", false,
	    "one way between two hosts of the site" },
	{ "proxy_only", SETTING_YES_NO, NULL, "no", false,
	    "nothing gets out but through a proxy inside" },
};

static const struct kind_of_setting maas_settings[] = {
	{ "site", SETTING_THING, "site", NULL, false,
	    "where it stands; a site of the same name if left out" },
	{ "machines", SETTING_MACHINES, NULL, "0", false,
	    "how many, or a list of {count, zone, pool, tags, cpu, memory}" },
	{ "inventory", SETTING_TEXT, NULL, NULL, false,
	    "a file of `pcgsim import maas`: the machines Ready there are "
	    "here, too" },
	{ "deploy_for", SETTING_RANGE, NULL, NULL, false,
	    "the installation of a machine, until it reboots from its disk" },
	{ "release_for", SETTING_RANGE, NULL, NULL, false,
	    "a released machine, until it is switched off and Ready" },
	{ "boot_for", SETTING_RANGE, NULL, NULL, false,
	    "from switching on until cloud-init runs" },
	{ "version", SETTING_ONE_OF, "3.4|3.5|3.6|3.7", "3.4", false,
	    "the MAAS release that it speaks like" },
	{ "subnet", SETTING_CIDR, NULL, NULL, false,
	    "of the machines; the site's own range if left out" },
	{ "images", SETTING_LIST, NULL, "ubuntu/jammy", false,
	    "what can be deployed" },
	{ "dns_lag", SETTING_RANGE, NULL, NULL, false,
	    "until its DNS shows a change" },
	{ "deploy_limit", SETTING_DURATION, NULL, NULL, false,
	    "when MAAS calls a deployment failed (MAAS itself: 30m)" },
	{ "release_limit", SETTING_DURATION, NULL, NULL, false,
	    "when MAAS calls a release failed (MAAS itself: 5m)" },
};

static const struct kind_of_setting machine_setting_table[] = {
	{ "count", SETTING_NUMBER, NULL, "1", false, "how many of these" },
	{ "hostname", SETTING_TEXT, NULL, NULL, false,
	    "only with count 1; made up if left out" },
	{ "zone", SETTING_TEXT, NULL, "default", false, "availability zone" },
	{ "pool", SETTING_TEXT, NULL, "default", false, "resource pool" },
	{ "tags", SETTING_LIST, NULL, NULL, false, "tags that it carries" },
	{ "cpu", SETTING_NUMBER, NULL, "8", false, "cores" },
	{ "memory", SETTING_NUMBER, NULL, "16384", false, "MiB" },
};

static const struct kind_of_setting palette_settings[] = {
	{ "gateway_lost_after", SETTING_DURATION, NULL, "10m", false,
	    "without a poll for so long a gateway is Unhealthy" },
	{ "cluster_lost_after", SETTING_DURATION, NULL, "10m", false,
	    "without a heartbeat for so long a cluster is Unhealthy" },
	{ "poll_after", SETTING_DURATION, NULL, "15s", false,
	    "how often it asks gateways to poll" },
	{ "requests_per_second", SETTING_NUMBER, NULL, "0", false,
	    "limit per address that it sees; 0: none" },
};

static const struct kind_of_setting proxy_settings_table[] = {
	{ "site", SETTING_THING, "site", NULL, false,
	    "where it stands; the first MAAS's site if left out" },
	{ "port", SETTING_NUMBER, NULL, "3128", false, "where it listens" },
	{ "user", SETTING_TEXT, NULL, NULL, false,
	    "who may use it; anybody if left out" },
	{ "password", SETTING_TEXT, NULL, NULL, false,
	    "and how they prove it" },
};

static const struct kind_of_setting pcg_settings[] = {
	{ "palette", SETTING_THING, "palette", NULL, true,
	    "the Palette it registers with" },
	{ "maas", SETTING_THING, "maas", NULL, true, "the MAAS it works on" },
	{ "site", SETTING_THING, "site", NULL, false,
	    "where it stands; its MAAS's site if left out" },
	{ "proxy", SETTING_THING, "proxy", NULL, false,
	    "its way to the internet" },
	{ "credentials", SETTING_ONE_OF, "right|wrong|none", "right", false,
	    "what it was told about its proxy" },
	{ "install_after", SETTING_DURATION, NULL, "0", false,
	    "when the installer is run" },
	{ "ahead", SETTING_DURATION, NULL, "0", false,
	    "how far its clock is ahead" },
	{ "behind", SETTING_DURATION, NULL, "0", false,
	    "how far its clock is behind" },
};

static const struct kind_of_setting cluster_settings[] = {
	{ "through", SETTING_THING, "pcg", NULL, true,
	    "the gateway that creates it" },
	{ "control_planes", SETTING_NUMBER, NULL, "1", false, "1, 3 or 5" },
	{ "workers", SETTING_NUMBER, NULL, "1", false, "machines for work" },
	{ "zone", SETTING_TEXT, NULL, "default", false, "availability zone" },
	{ "pool", SETTING_TEXT, NULL, "default", false, "resource pool" },
	{ "tags", SETTING_LIST, NULL, NULL, false, "tags its machines carry" },
	{ "cpu", SETTING_NUMBER, NULL, "4", false, "least cores" },
	{ "memory", SETTING_NUMBER, NULL, "8192", false, "least MiB" },
	{ "kubernetes", SETTING_TEXT, NULL, "1.29.4", false, "its version" },
};

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

static const struct kind_of_thing kinds[] = {
	{ "site", "a place with a network of its own", ROWS(site_settings) },
	{ "maas", "a MAAS region and the machines in its racks",
	    ROWS(maas_settings) },
	{ "palette", "a management plane, out in the internet",
	    ROWS(palette_settings) },
	{ "proxy", "an HTTP proxy (CONNECT) of a site",
	    ROWS(proxy_settings_table) },
	{ "pcg", "a Private Cloud Gateway", ROWS(pcg_settings) },
	{ "cluster", "a cluster that an operator may create",
	    ROWS(cluster_settings) },
};

const struct kind_of_thing *kinds_of_things(size_t *count)
{
	*count = sizeof(kinds) / sizeof(kinds[0]);
	return kinds;
}

const struct kind_of_thing *kind_of_thing(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == len &&
		    memcmp(kinds[i].name, name, len) == 0)
			return &kinds[i];
	return NULL;
}

const struct kind_of_setting *kind_of_setting(
    const struct kind_of_thing *kind, const char *name)
{
	for (size_t i = 0; i < kind->setting_count; i++)
		if (strcmp(kind->settings[i].name, name) == 0)
			return &kind->settings[i];
	return NULL;
}

const struct kind_of_setting *machine_settings(size_t *count)
{
	*count = sizeof(machine_setting_table) /
	         sizeof(machine_setting_table[0]);
	return machine_setting_table;
}

const char *setting_type_name(enum setting_type type)
{
	switch (type) {
	case SETTING_TEXT:
		return "a text";
	case SETTING_NUMBER:
		return "a number";
	case SETTING_DURATION:
		return "a duration such as 90s or 1h30m";
	case SETTING_RANGE:
		return "a duration or a range of them such as 4m..9m";
	case SETTING_YES_NO:
		return "yes or no";
	case SETTING_CIDR:
		return "a range of addresses such as 10.10.0.0/16";
	case SETTING_ADDRESS:
		return "an address such as 10.10.0.7";
	case SETTING_THING:
		return "the name of a thing";
	case SETTING_ONE_OF:
		return "one of its words";
	case SETTING_LIST:
		return "a list of texts";
	case SETTING_MACHINES:
		return "a number or a list of machines";
	}
	unreachable("not a type of setting");
}

#include "capi/plan_parts.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"

#define CLUSTER_NAME_MAX 56 /* NAME-abc123 must be a DNS label */
#define POOL_NAME_MAX    32

static bool is_label(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len == 0 || len > max || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (const char *p = text; *p; p++)
		if (!islower((unsigned char)*p) &&
		    !isdigit((unsigned char)*p) && *p != '-')
			return false;
	return true;
}

static bool is_domain(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ".");
		char label[64];

		if (len == 0 || len >= sizeof(label))
			return false;
		memcpy(label, text, len);
		label[len] = '\0';
		if (!is_label(label, 63))
			return false;
		text += len;
		if (*text == '.' && *++text == '\0')
			return false;
	}
	return true;
}

static bool is_uid(const char *text)
{
	return strlen(text) == 24 && strspn(text, "0123456789abcdef") == 24;
}

/* v1.29.4, perhaps with a suffix (v1.29.4+build) */
static bool is_version(const char *text)
{
	unsigned parts = 0;

	if (*text++ != 'v')
		return false;
	while (parts < 3) {
		size_t digits = strspn(text, "0123456789");

		if (digits == 0)
			return false;
		text += digits;
		parts++;
		if (parts < 3 && *text++ != '.')
			return false;
	}
	return *text == '\0' || *text == '-' || *text == '+';
}

static bool check_names(const json_t *in, struct err *err)
{
	const char *name = jstr(in, "clusterName");

	if (!is_uid(jstr(in, "clusterUid")))
		return err_set(err, ERR_INPUT,
		    "clusterUid \"%.40s\" is not 24 lower-case hex digits",
		    jstr(in, "clusterUid"));
	if (!is_label(name, CLUSTER_NAME_MAX))
		return err_set(err, ERR_INPUT,
		    "clusterName \"%.80s\" is not a DNS label of at most %d "
		    "lower-case letters, digits and hyphens",
		    name, CLUSTER_NAME_MAX);
	if (!jstr(in, "domain")[0] || !is_domain(jstr(in, "domain")))
		return err_set(err, ERR_INPUT,
		    "domain \"%.80s\" of cluster %s is not a DNS domain",
		    jstr(in, "domain"), name);
	if (!is_version(jstr(in, "kubernetesVersion")))
		return err_set(err, ERR_INPUT,
		    "kubernetesVersion \"%.40s\" of cluster %s is not of the "
		    "form v1.29.4",
		    jstr(in, "kubernetesVersion"), name);
	if (!jstr(in, "image")[0])
		return err_set(err, ERR_INPUT,
		    "cluster %s names no image for its machines", name);
	return true;
}

static bool check_networks(const json_t *in, struct err *err)
{
	struct cidr pods, services;

	if (!cidr_parse(jstr(in, "podCIDR"), &pods))
		return err_set(err, ERR_INPUT,
		    "podCIDR \"%.40s\" is not a network like 192.168.0.0/16",
		    jstr(in, "podCIDR"));
	if (!cidr_parse(jstr(in, "serviceCIDR"), &services))
		return err_set(err, ERR_INPUT,
		    "serviceCIDR \"%.40s\" is not a network like 10.96.0.0/12",
		    jstr(in, "serviceCIDR"));
	if (cidr_overlap(&pods, &services)) /* */
		return err_set(err, ERR_INPUT,
		    "podCIDR %s and serviceCIDR %s overlap",
		    jstr(in, "podCIDR"), jstr(in, "serviceCIDR"));
	return true;
}

static bool check_account(const json_t *in, struct err *err)
{
	struct url url;
	const char *key = jstr(in, "account.apiKey");
	const char *one = strchr(key, ':');

	if (!url_parse(&url, jstr(in, "account.apiEndpoint"), err))
		return err_prefix(err, "the MAAS account: ");
	url_free(&url);
	if (!one || !strchr(one + 1, ':'))
		return err_set(err, ERR_INPUT,
		    "the MAAS account's API key must have three parts, "
		    "CONSUMER:TOKEN:SECRET");
	return true;
}

static bool check_palette(const json_t *in, struct err *err)
{
	struct url url;

	/* an agent that does not know where to call is no agent. */
	if (!url_parse(&url, jstr(in, "palette.endpoint"), err))
		return err_prefix(err, "the Palette endpoint for the agent: ");
	url_free(&url);
	if (!jstr(in, "palette.agentToken")[0])
		return err_set(err, ERR_INPUT,
		    "the instruction carries no token for the cluster's agent");
	for (size_t i = 0; i < jlen(in, "tenantCaPem"); i++) {
		const json_t *pem = json_array_get(jget(in, "tenantCaPem"), i);

		if (!json_is_string(pem) ||
		    !strstr(json_string_value(pem), "BEGIN CERTIFICATE"))
			return err_set(err, ERR_INPUT,
			    "tenantCaPem[%zu] is not a PEM certificate", i);
	}
	return true;
}

static bool check_texts(const json_t *pool, const char *key, struct err *err)
{
	for (size_t i = 0; i < jlen(pool, key); i++) {
		const json_t *item = json_array_get(jget(pool, key), i);

		if (!json_is_string(item) || !json_string_value(item)[0])
			return err_set(err, ERR_INPUT,
			    "pool %s: %s[%zu] is not a name",
			    jstr(pool, "name"), key, i);
	}
	return true;
}

bool plan_check_pool(const json_t *pool, struct err *err)
{
	const char *name = jstr(pool, "name");
	int64_t size = jint(pool, "size");

	if (!is_label(name, POOL_NAME_MAX))
		return err_set(err, ERR_INPUT,
		    "pool name \"%.40s\" is not a DNS label of at most %d "
		    "characters",
		    name, POOL_NAME_MAX);
	if (size < 0 || size > 1000)
		return err_set(err, ERR_INPUT,
		    "pool %s: size %lld is not between 0 and 1000", name,
		    (long long)size);
	if (jbool(pool, "isControlPlane") && size % 2 == 0)
		return err_set(err, ERR_INPUT,
		    "pool %s: a control plane has an odd number of machines, "
		    "not %lld",
		    name, (long long)size);
	if (jint(pool, "minCPU") < 1 || jint(pool, "minMemInMB") < 1)
		return err_set(err, ERR_INPUT,
		    "pool %s: minCPU and minMemInMB must be at least 1", name);
	return check_texts(pool, "azs", err) && check_texts(pool, "tags", err);
}

static bool check_pools(const json_t *in, struct err *err)
{
	unsigned control_planes = 0;

	for (size_t i = 0; i < jlen(in, "pools"); i++) {
		const json_t *pool = json_array_get(jget(in, "pools"), i);

		if (!plan_check_pool(pool, err))
			return false;
		control_planes += jbool(pool, "isControlPlane");
		for (size_t k = 0; k < i; k++)
			if (strcmp(jstr(json_array_get(jget(in, "pools"), k),
			               "name"),
			        jstr(pool, "name")) == 0)
				return err_set(err, ERR_INPUT,
				    "two pools are called %s",
				    jstr(pool, "name"));
	}
	if (control_planes != 1)
		return err_set(err, ERR_INPUT,
		    "a cluster has one control-plane pool, this one has %u",
		    control_planes);
	return true;
}

bool plan_check(const json_t *instruction, struct err *err)
{
	return check_names(instruction, err) &&
	       check_networks(instruction, err) &&
	       check_account(instruction, err) &&
	       check_palette(instruction, err) && check_pools(instruction, err);
}

/*
 * packs: what the profiles of a cluster decide about its machines.
 *
 * Packs are no objects of their own; what a cluster's profiles and its own
 * packValues say of them counts. Of these, the Kubernetes pack's tag is the
 * version and its values may hold podCIDR and serviceClusterIpRange; the
 * OS pack's tag is the Ubuntu release. What is absent has the defaults of a
 * profile made from the packs ubuntu-maas, kubernetes, cni-calico.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

static const struct release {
	const char *tag, *image;
} releases[] = {
	{ "20.04", "ubuntu/focal" },
	{ "22.04", "ubuntu/jammy" },
	{ "24.04", "ubuntu/noble" },
};

static const struct layer {
	const char *prefix, *layer;
} layers[] = {
	{ "kubernetes", "k8s" },
	{ "ubuntu", "os" },
	{ "cni-", "cni" },
	{ "csi-", "csi" },
};

static const char *layer_of(const char *pack)
{
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
		if (strncmp(pack, layers[i].prefix, strlen(layers[i].prefix)) ==
		    0)
			return layers[i].layer;
	return "addon";
}

const char *pack_layer(const char *name, const char *given)
{
	static const char *const known[] = { "kernel", "os", "k8s", "cni",
		"csi", "addon" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], given) == 0)
			return known[i];
	return layer_of(name);
}

/* The value of "key: value" anywhere in the text; pack values are YAML with
 * templates in it, which no strict reader takes. False: it is not there. */
static bool value_of(
    const char *values, const char *key, char *out, size_t size)
{
	const char *at = strstr(values, key);
	size_t len;

	if (!at)
		return false;
	at += strlen(key);
	at += strspn(at, ": \"'");
	len = strcspn(at, "\"' \r\n#");
	if (len == 0 || len >= size)
		return false;
	memcpy(out, at, len);
	out[len] = '\0';
	return true;
}

static void read_kubernetes(const json_t *pack, struct pack_facts *facts)
{
	const char *tag = jstr(pack, "tag");
	const char *values = jstr(pack, "values");

	if (*tag == 'v')
		tag++;
	if (*tag && strlen(tag) < sizeof(facts->kubernetes_version) - 1)
		snprintf(facts->kubernetes_version,
		    sizeof(facts->kubernetes_version), "v%s", tag);
	value_of(values, "podCIDR", facts->pod_cidr, sizeof(facts->pod_cidr));
	value_of(values, "serviceClusterIpRange", facts->service_cidr,
	    sizeof(facts->service_cidr));
}

static void read_os(const json_t *pack, struct pack_facts *facts)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
		if (strncmp(jstr(pack, "tag"), releases[i].tag, 5) == 0)
			snprintf(facts->image, sizeof(facts->image), "%s",
			    releases[i].image);
}

static void read_pack(const json_t *pack, struct pack_facts *facts)
{
	const char *layer = pack_layer(jstr(pack, "name"), jstr(pack, "layer"));

	if (strcmp(layer, "k8s") == 0)
		read_kubernetes(pack, facts);
	else if (strcmp(layer, "os") == 0)
		read_os(pack, facts);
}

void pack_facts_read(const json_t *profiles, struct pack_facts *facts)
{
	*facts = (struct pack_facts){
		.kubernetes_version = "v1.29.4",
		.image = "ubuntu/jammy",
		.pod_cidr = "192.168.0.0/16",
		.service_cidr = "10.96.0.0/12",
	};
	for (size_t i = 0; i < json_array_size(profiles); i++) {
		const json_t *packs = jget(
		    json_array_get(profiles, i), "packValues");

		for (size_t j = 0; j < json_array_size(packs); j++)
			read_pack(json_array_get(packs, j), facts);
	}
}

int version_compare(const char *a, const char *b)
{
	for (int part = 0; part < 3; part++) {
		long x, y;

		a += strcspn(a, "0123456789");
		b += strcspn(b, "0123456789");
		x = strtol(a, NULL, 10);
		y = strtol(b, NULL, 10);
		if (x != y)
			return x < y ? -1 : 1;
		a += strspn(a, "0123456789");
		b += strspn(b, "0123456789");
	}
	return 0;
}

/* ---- as the cluster's page shows them ---- */

static json_t *pack_json(const json_t *pack)
{
	const char *name = jstr(pack, "name");

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:[]}", "name", name, "layer",
	    pack_layer(name, jstr(pack, "layer")), "tag", jstr(pack, "tag"),
	    "type", "spectro", "values", jstr(pack, "values"), "manifests");
}

static json_t *template_json(const json_t *profile)
{
	const json_t *values = jget(profile, "packValues");
	json_t *packs = json_array();

	for (size_t i = 0; i < json_array_size(values); i++)
		json_array_append_new(
		    packs, pack_json(json_array_get(values, i)));
	return json_pack("{s:s,s:s,s:s,s:s,s:i,s:o}", "uid",
	    jstr(profile, "uid"), "name", "", "cloudType", "maas", "type",
	    "cluster", "version", 1, "packs", packs);
}

json_t *profile_templates_json(const json_t *profiles)
{
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(profiles); i++)
		json_array_append_new(
		    list, template_json(json_array_get(profiles, i)));
	return list;
}

#include "tests/workload/wishes.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/tls.h"
#include "capi/plan.h"
#include "capi/userdata.h"
#include "tests/workload/site.h"

#define NS "cluster-66b0000000000000000abc12"

json_t *instruction(const struct wish *wish)
{
	json_t *out = J(
	    "{'clusterUid':'66b0000000000000000abc12','clusterName':'web',"
	    "'account':{'apiEndpoint':'http://maas.lab:5240/MAAS',"
	    "'apiKey':'consumer:token:secret'},'domain':'maas','sshKeys':[],"
	    "'ntpServers':[],'kubernetesVersion':'v1.29.4',"
	    "'image':'ubuntu/jammy','podCIDR':'192.168.0.0/16',"
	    "'serviceCIDR':'10.96.0.0/12',"
	    "'pools':[{'name':'cp','isControlPlane':true,'size':1,"
	    "'azs':['az1'],'resourcePool':'','tags':[],"
	    "'minCPU':4,'minMemInMB':8192},{'name':'workers',"
	    "'isControlPlane':false,'size':2,'azs':['az1'],"
	    "'resourcePool':'','tags':[],'minCPU':4,'minMemInMB':8192}],"
	    "'palette':{'endpoint':'https://api.palette.example',"
	    "'agentToken':'agent-token-1'},'tenantCaPem':[]}");

	if (wish->tenant_ca)
		jadd(
		    out, "tenantCaPem", json_string(palette_shows()->cert_pem));
	else
		jsets(out, "palette.caPem", palette_shows()->cert_pem);
	return out;
}

static json_t *of_kind(const json_t *list, const char *kind)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(jstr(json_array_get(list, i), "kind"), kind) == 0)
			return json_array_get(list, i);
	return NULL;
}

/* The bootstrap controller's part: contents of files that are in Secrets. */
static void resolve_files(json_t *spec, const json_t *secret)
{
	const char *encoded = json_string_value(
	    json_object_get(jget(secret, "data"), "agent.yaml"));
	struct buf text = BUF_INIT;

	EXPECT(encoded && buf_add_unbase64(&text, encoded, strlen(encoded)));
	for (size_t i = 0; i < jlen(spec, "files"); i++) {
		json_t *file = json_array_get(jget(spec, "files"), i);

		if (jhas(file, "contentFrom"))
			jsets(file, "content", buf_text(&text));
	}
	buf_free(&text);
}

static json_t *node_spec(const struct wish *wish)
{
	const struct plan_settings settings = { .proxies = wish->proxies };
	json_t *order = instruction(wish);
	struct err err = { 0 };
	json_t *list = plan_cluster(order, &settings, &err);
	json_t *control_plane, *spec, *pool;

	EXPECT_STR(err.text, "");
	control_plane = of_kind(list, "KubeadmControlPlane");
	spec = json_deep_copy(jget(control_plane, "spec.kubeadmConfigSpec"));
	resolve_files(spec, of_kind(list, "Secret"));
	if (wish->worker) {
		json_decref(spec);
		pool = plan_worker_pool(
		    order, jget(order, "pools[1]"), control_plane, NS, &err);
		EXPECT(pool);
		spec = json_deep_copy(
		    jget(of_kind(pool, "KubeadmConfigTemplate"),
		        "spec.template.spec"));
		json_decref(pool);
	}
	json_decref(list);
	json_decref(order);
	return spec;
}

char *user_data(const struct wish *wish)
{
	json_t *spec = node_spec(wish);
	json_t *cluster = J("{'metadata':{'name':'web'},'spec':{"
	                    "'controlPlaneEndpoint':{'host':'" ENDPOINT "',"
	                    "'port':6443},'clusterNetwork':{"
	                    "'pods':{'cidrBlocks':['192.168.0.0/16']},"
	                    "'services':{'cidrBlocks':['10.96.0.0/12']}}}}");
	const struct identity *ca = cluster_authority();
	struct userdata_pair pair = { ca->cert_pem, ca->key_pem };
	struct userdata in = { .cluster = cluster,
		.spec = spec,
		.version = "v1.29.4",
		.init = !wish->join && !wish->worker,
		.control_plane = !wish->worker,
		.ca = pair,
		.etcd = pair,
		.proxy = pair,
		.sa = pair,
		.token = wish->token,
		.ca_hash = wish->ca_hash };
	char *text = userdata_text(&in);

	json_decref(spec);
	json_decref(cluster);
	return text;
}

char *ca_hash(void)
{
	struct err err;
	char *hash;
	char *out;

	hash = tls_spki_sha256(cluster_authority()->cert_pem, &err);
	out = xasprintf("sha256:%s", hash);
	free(hash);
	return out;
}

char *without_line(const char *text, unsigned line)
{
	const char *from = text, *to;

	while (line-- > 0 && *from) {
		from += strcspn(from, "\n");
		from += *from == '\n';
	}
	if (!*from)
		return NULL;
	to = from + strcspn(from, "\n");
	to += *to == '\n';
	return xasprintf("%.*s%s", (int)(from - text), text, to);
}

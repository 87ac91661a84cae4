#include "capi/plan.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/yaml.h"
#include "capi/userdata.h"
#include "tests/capi/lab.h"

static json_t *instruction(void)
{
	return doc(
	    "{'clusterUid':'66b0000000000000000abc12','clusterName':'web',"
	    "'account':{'apiEndpoint':'http://maas.lab:5240/MAAS',"
	    "'apiKey':'c:t:s'},'domain':'maas','sshKeys':[],'ntpServers':[],"
	    "'kubernetesVersion':'v1.29.4','image':'ubuntu/jammy',"
	    "'podCIDR':'192.168.0.0/16','serviceCIDR':'10.96.0.0/12',"
	    "'pools':[{'name':'cp','isControlPlane':true,'size':3,"
	    "'azs':['az1'],'resourcePool':'','tags':['metal','k8s'],"
	    "'minCPU':4,'minMemInMB':8192},{'name':'workers',"
	    "'isControlPlane':false,'size':2,'azs':['az1','az2'],"
	    "'resourcePool':'gold','tags':[],'minCPU':4,'minMemInMB':8192}],"
	    "'palette':{'endpoint':'https://api.palette.example',"
	    "'agentToken':'agent-token-1','caPem':'CA'},'tenantCaPem':[]}");
}

static const json_t *of_kind(const json_t *list, const char *kind)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(jstr(json_array_get(list, i), "kind"), kind) == 0)
			return json_array_get(list, i);
	return NULL;
}

static bool has_text(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), text) ==
		    0)
			return true;
	return false;
}

static const char *file_content(const json_t *files, const char *path)
{
	for (size_t i = 0; i < json_array_size(files); i++)
		if (strcmp(jstr(json_array_get(files, i), "path"), path) == 0)
			return jstr(json_array_get(files, i), "content");
	return NULL;
}

static json_t *plan(json_t *in, const struct proxy_settings *proxies)
{
	const struct plan_settings settings = { .proxies = proxies };
	struct err err = { 0 };
	json_t *list = plan_cluster(in, &settings, &err);

	EXPECT_STR(err.text, "");
	EXPECT(list);
	json_decref(in);
	return list;
}

TEST(a_cluster_begins_with_one_control_plane_machine)
{
	json_t *list = plan(instruction(), NULL);
	const json_t *kcp = of_kind(list, "KubeadmControlPlane");
	const json_t *template = of_kind(list, "MaasMachineTemplate");

	EXPECT_STR(jstr(json_array_get(list, 0), "kind"), "Namespace");
	EXPECT_STR(jstr(json_array_get(list, 0), "metadata.name"),
	    "cluster-66b0000000000000000abc12");
	EXPECT_STR(jstr(json_array_get(list, 1), "kind"), "Cluster");
	EXPECT_INT(jint(kcp, "spec.replicas"), 1);
	EXPECT_STR(jstr(kcp, "spec.version"), "v1.29.4");
	EXPECT_STR(jstr(kcp, "spec.machineTemplate.infrastructureRef.name"),
	    jstr(template, "metadata.name"));
	EXPECT_INT(jlen(template, "spec.template.spec.tags"), 2);
	EXPECT_STR(jstr(template, "spec.template.spec.failureDomain"), "az1");
	EXPECT(!of_kind(list, "MachineDeployment"));
	json_decref(list);
}

TEST(nodes_inherit_the_proxies_and_what_must_not_take_them)
{
	char http[] = "http://proxy.lab:3128", except[] = "corp.example";
	const struct proxy_settings proxies = {
		.http_proxy = http, .https_proxy = http, .no_proxy = except
	};
	json_t *list = plan(instruction(), &proxies);
	const json_t *spec = jget(
	    of_kind(list, "KubeadmControlPlane"), "spec.kubeadmConfigSpec");
	const char *text = file_content(jget(spec, "files"),
	    "/etc/systemd/system/containerd.service.d/http-proxy.conf");

	EXPECT_STR(text,
	    "[Service]\n"
	    "Environment=\"HTTP_PROXY=http://proxy.lab:3128\"\n"
	    "Environment=\"HTTPS_PROXY=http://proxy.lab:3128\"\n"
	    "Environment=\"NO_PROXY=corp.example,localhost,127.0.0.1,.svc,"
	    ".cluster.local,169.254.169.254,192.168.0.0/16,10.96.0.0/12,"
	    "maas.lab,.maas,web-0abc12.maas\"\n");
	EXPECT(has_text(
	    jget(spec, "preKubeadmCommands"), "systemctl daemon-reload"));
	EXPECT(has_text(
	    jget(spec, "preKubeadmCommands"), "systemctl restart containerd"));
	json_decref(list);
}

TEST(without_a_proxy_nothing_of_it_reaches_a_node)
{
	json_t *list = plan(instruction(), NULL);
	const json_t *spec = jget(
	    of_kind(list, "KubeadmControlPlane"), "spec.kubeadmConfigSpec");

	EXPECT_INT(jlen(spec, "files"), 1); /* the agent's manifest */
	EXPECT(!has_text(
	    jget(spec, "preKubeadmCommands"), "systemctl restart containerd"));
	EXPECT(has_text(jget(spec, "preKubeadmCommands"), "swapoff -a"));
	json_decref(list);
}

TEST(only_the_tenants_certificates_reach_a_node)
{
	json_t *in = instruction(), *list;
	const json_t *spec;

	jadd(
	    in, "tenantCaPem", json_string("-----BEGIN CERTIFICATE-----\nx\n"));
	list = plan(in, NULL);
	spec = jget(
	    of_kind(list, "KubeadmControlPlane"), "spec.kubeadmConfigSpec");
	EXPECT_HAS(file_content(jget(spec, "files"),
	               "/usr/local/share/ca-certificates/tenant-1.crt"),
	    "BEGIN CERTIFICATE");
	EXPECT(has_text(
	    jget(spec, "preKubeadmCommands"), "update-ca-certificates"));
	json_decref(list);
}

TEST(only_a_control_plane_that_can_spare_one_is_repaired)
{
	json_t *spec = json_pack("{s:s}", "clusterName", "web");
	json_t *pool = json_pack("{s:s, s:i}", "name", "cp", "size", 1);
	json_t *made;

	EXPECT(!plan_control_plane_check(spec, pool, "ns"));
	jseti(pool, "size", 3);
	made = plan_control_plane_check(spec, pool, "ns");
	EXPECT_STR(jstr(made, "metadata.name"), "web-cp");
	EXPECT_INT(jint(made, "spec.maxUnhealthy"), 1);
	EXPECT(jhas(made, "spec.selector.matchLabels"
	                  "[cluster.x-k8s.io/control-plane]"));
	json_decref(made);
	jsetb(spec, "autoRemediation", false);
	EXPECT(!plan_control_plane_check(spec, pool, "ns"));
	json_decref(pool);
	json_decref(spec);
}

TEST(the_agents_manifest_is_in_a_secret_of_the_cluster)
{
	json_t *list = plan(instruction(), NULL);
	const json_t *secret = of_kind(list, "Secret");
	const char *encoded = json_string_value(
	    json_object_get(jget(secret, "data"), "agent.yaml"));
	struct buf text = BUF_INIT;

	EXPECT(buf_add_unbase64(&text, encoded, strlen(encoded)));
	EXPECT_HAS(buf_text(&text), "name: cluster-66b0000000000000000abc12");
	EXPECT_HAS(buf_text(&text), "\"https://api.palette.example\"");
	EXPECT_HAS(buf_text(&text), "clusterName: web");
	EXPECT_HAS(buf_text(&text), "kind: ServiceAccount");
	EXPECT_HAS(buf_text(&text), "image: \"palette/agent:");
	buf_free(&text);
	json_decref(list);
}

static void refused(const char *path, json_t *value, const char *sentence)
{
	json_t *in = instruction();
	struct err err = { 0 };

	jset(in, path, value);
	EXPECT(!plan_cluster(in, NULL, &err));
	EXPECT_HAS(err.text, sentence);
	json_decref(in);
}

TEST(a_wrong_instruction_is_refused_in_a_sentence)
{
	refused("clusterUid", json_string("x"), "24 lower-case hex");
	refused("clusterName", json_string("Web"), "not a DNS label");
	refused("domain", json_string("a..b"), "not a DNS domain");
	refused("kubernetesVersion", json_string("1.29"), "form v1.29.4");
	refused("image", json_string(""), "names no image");
	refused("podCIDR", json_string("10.96.0.0/16"), "overlap");
	refused("serviceCIDR", json_string("x"), "is not a network");
	refused("account.apiKey", json_string("x"), "three parts");
	refused("palette.agentToken", json_string(""), "no token");
	refused("pools[0].size", json_integer(2), "odd number");
	refused("pools[1].name", json_string("cp"), "two pools");
	refused("pools[1].isControlPlane", json_true(), "odd number");
	refused("pools[0].isControlPlane", json_false(), "one control-plane");
	refused("pools[0].minCPU", json_integer(0), "at least 1");
}

TEST(a_worker_pool_follows_the_control_planes_example)
{
	json_t *in = instruction(), *list = plan(json_incref(in), NULL);
	const json_t *kcp = of_kind(list, "KubeadmControlPlane");
	const json_t *md, *config, *machines, *mhc;
	struct err err;
	json_t *pool = plan_worker_pool(
	    in, jget(in, "pools[1]"), kcp, "cluster-66b0", &err);

	EXPECT(pool);
	md = of_kind(pool, "MachineDeployment");
	config = of_kind(pool, "KubeadmConfigTemplate");
	machines = of_kind(pool, "MaasMachineTemplate");
	mhc = of_kind(pool, "MachineHealthCheck");
	EXPECT_INT(jint(md, "spec.replicas"), 2);
	EXPECT_STR(jstr(md, "spec.template.spec.bootstrap.configRef.name"),
	    jstr(config, "metadata.name"));
	EXPECT_STR(jstr(md, "spec.template.spec.infrastructureRef.name"),
	    jstr(machines, "metadata.name"));
	EXPECT_STR(jstr(machines, "spec.template.spec.resourcePool"), "gold");
	EXPECT_INT(jlen(config, "spec.template.spec.files"), 0);
	EXPECT(has_text(jget(config, "spec.template.spec.preKubeadmCommands"),
	    "swapoff -a"));
	EXPECT(!jhas(config, "spec.template.spec.postKubeadmCommands"));
	EXPECT_STR(jstr(mhc, "spec.nodeStartupTimeout"), "45m0s");
	EXPECT_INT(jint(mhc, "spec.maxUnhealthy"), 1);
	json_decref(pool);
	json_decref(list);
	json_decref(in);
}

/* ---- user data ---- */

static const struct yaml_node *item(const struct yaml_node *list, size_t i)
{
	EXPECT(list && i < list->count);
	return list->items[i];
}

static const char *written(const struct yaml_node *root, const char *path)
{
	const struct yaml_node *files = yaml_get(root, "write_files");

	for (size_t i = 0; i < files->count; i++)
		if (strcmp(yaml_text(files->items[i], "path"), path) == 0)
			return yaml_text(files->items[i], "content");
	return NULL;
}

static json_t *a_cluster(void)
{
	return doc("{'metadata':{'name':'web'},'spec':{'clusterNetwork':{"
	           "'pods':{'cidrBlocks':['192.168.0.0/16']},"
	           "'services':{'cidrBlocks':['10.96.0.0/12']}},"
	           "'controlPlaneEndpoint':{'host':'web-0abc12.maas',"
	           "'port':6443}}}");
}

TEST(user_data_of_the_first_machine_reads_back_as_it_was_meant)
{
	json_t *cluster = a_cluster();
	json_t *spec = doc("{'files':[{'path':'/etc/a','content':'one\\ntwo'},"
	                   "{'path':'/etc/b','content':'  indented\\n\\n'}],"
	                   "'preKubeadmCommands':['swapoff -a'],"
	                   "'postKubeadmCommands':['kubectl apply -f x']}");
	const struct userdata in = { .cluster = cluster,
		.spec = spec,
		.version = "v1.29.4",
		.init = true,
		.control_plane = true,
		.ca = { "CA\n", "CAKEY\n" },
		.etcd = { "E\n", "EK\n" },
		.proxy = { "P\n", "PK\n" },
		.sa = { "S\n", "SK\n" } };
	char *text = userdata_text(&in);
	struct err err = { 0 };
	struct yaml_node *root, *kubeadm;
	const struct yaml_node *commands;
	const char *inner;

	EXPECT_INT(strncmp(text, "## template: jinja\n#cloud-config\n", 33), 0);
	root = yaml_read("user-data", text, strlen(text), &err);
	EXPECT_STR(err.text, "");
	EXPECT_STR(written(root, "/etc/kubernetes/pki/ca.crt"), "CA\n");
	EXPECT_STR(written(root, "/etc/kubernetes/pki/etcd/ca.key"), "EK\n");
	EXPECT_STR(written(root, "/etc/kubernetes/pki/sa.pub"), "S\n");
	EXPECT_STR(written(root, "/etc/a"), "one\ntwo");
	EXPECT_STR(written(root, "/etc/b"), "  indented\n\n");
	commands = yaml_get(root, "runcmd");
	EXPECT_STR(item(commands, 0)->text, "swapoff -a");
	EXPECT_STR(item(commands, 1)->text,
	    "kubeadm init --config /run/kubeadm/kubeadm.yaml");
	EXPECT_STR(item(commands, 2)->text, "kubectl apply -f x");
	EXPECT(yaml_get(item(yaml_get(root, "write_files"), 0), "permissions")
	           ->quoted);

	inner = written(root, USERDATA_INIT_FILE);
	kubeadm = yaml_read("kubeadm", inner, strlen(inner), &err);
	EXPECT_STR(yaml_text(kubeadm, "clusterName"), "web");
	EXPECT_STR(
	    yaml_text(kubeadm, "controlPlaneEndpoint"), "web-0abc12.maas:6443");
	EXPECT_STR(yaml_text(yaml_get(kubeadm, "networking"), "podSubnet"),
	    "192.168.0.0/16");
	yaml_free(&kubeadm);
	yaml_free(&root);
	free(text);
	json_decref(cluster);
	json_decref(spec);
}

TEST(user_data_of_a_worker_holds_a_token_and_no_keys)
{
	json_t *cluster = a_cluster(), *spec = doc("{'files':[]}");
	const struct userdata in = { .cluster = cluster,
		.spec = spec,
		.version = "v1.29.4",
		.token = "abcdef.0123456789abcdef",
		.ca_hash = "sha256:00ff" };
	char *text = userdata_text(&in);

	EXPECT(!strstr(text, "/etc/kubernetes/pki"));
	EXPECT_HAS(text, "token: abcdef.0123456789abcdef");
	EXPECT_HAS(text,
	    "kubeadm join --config /run/kubeadm/kubeadm-join-config.yaml");
	free(text);
	json_decref(cluster);
	json_decref(spec);
}

TESTS_BEGIN
CASE(a_cluster_begins_with_one_control_plane_machine),
    CASE(nodes_inherit_the_proxies_and_what_must_not_take_them),
    CASE(without_a_proxy_nothing_of_it_reaches_a_node),
    CASE(only_the_tenants_certificates_reach_a_node),
    CASE(only_a_control_plane_that_can_spare_one_is_repaired),
    CASE(the_agents_manifest_is_in_a_secret_of_the_cluster),
    CASE(a_wrong_instruction_is_refused_in_a_sentence),
    CASE(a_worker_pool_follows_the_control_planes_example),
    CASE(user_data_of_the_first_machine_reads_back_as_it_was_meant),
    CASE(user_data_of_a_worker_holds_a_token_and_no_keys), TESTS_END

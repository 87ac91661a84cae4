#include "sim/workload/kubelet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "capi/kube.h"
#include "sim/workload/cluster.h"
#include "sim/workload/kubeadm_config.h"
#include "sim/workload/machine.h"
#include "sim/workload/parts.h"

#define KUBELET_CONF "/etc/kubernetes/kubelet.conf"

struct kubelet {
	struct machine *machine;
	struct kube *kube;
	struct kube_call *call;
	struct timer again;
	unsigned failures;
	bool registered;
};

bool kubelet_posts(const struct kubelet *kubelet)
{
	return kubelet && kubelet->registered;
}

/* ---- its Node (capi contract E.2) ---- */

static void add_condition(json_t *node, const char *type, const char *status,
    const char *reason, const char *message, const char *time)
{
	json_t *condition = json_object();

	jsets(condition, "type", type);
	jsets(condition, "status", status);
	jsets(condition, "reason", reason);
	jsets(condition, "message", message);
	jsets(condition, "lastHeartbeatTime", time);
	jsets(condition, "lastTransitionTime", time);
	jadd(node, "status.conditions", condition);
}

static void add_conditions(json_t *node, const struct host *host)
{
	char time[32];

	time_text(host_time(host), time);
	add_condition(node, "MemoryPressure", "False",
	    "KubeletHasSufficientMemory",
	    "kubelet has sufficient memory available", time);
	add_condition(node, "DiskPressure", "False", "KubeletHasNoDiskPressure",
	    "kubelet has no disk pressure", time);
	add_condition(node, "PIDPressure", "False", "KubeletHasSufficientPID",
	    "kubelet has sufficient PID available", time);
	add_condition(node, "Ready", "False", "KubeletNotReady",
	    "container runtime network not ready: cni plugin not initialized",
	    time);
}

static void add_address(json_t *node, const char *type, const char *address)
{
	json_t *row = json_object();

	jsets(row, "type", type);
	jsets(row, "address", address);
	jadd(node, "status.addresses", row);
}

/* Taints that kubeadm's configuration asks for, and the control plane's own. */
static void add_taints(json_t *node, const struct machine *m)
{
	const char *text = files_text(
	    &m->disk.files, "/var/lib/kubelet/taints.json");
	struct err err;
	json_t *taints = text ? json_parse(text, strlen(text), &err) : NULL;
	json_t *not_ready = json_object();

	jset(
	    node, "spec.taints", json_is_array(taints) ? taints : json_array());
	if (!json_is_array(taints))
		json_decref(taints);
	jsets(not_ready, "key", "node.kubernetes.io/not-ready");
	jsets(not_ready, "effect", "NoSchedule");
	jadd(node, "spec.taints", not_ready);
}

static json_t *node_object(const struct machine *m)
{
	static const char *const resources[] = { "capacity", "allocatable" };
	json_t *node = json_object();
	json_t *labels = json_object();
	char path[64];

	jsets(node, "apiVersion", "v1");
	jsets(node, "kind", "Node");
	jsets(node, "metadata.name", m->disk.node);
	json_object_set_new(
	    labels, "kubernetes.io/hostname", json_string(m->disk.node));
	json_object_set_new(labels, "kubernetes.io/os", json_string("linux"));
	json_object_set_new(labels, "kubernetes.io/arch", json_string("amd64"));
	if (m->disk.control_plane)
		json_object_set_new(labels,
		    "node-role.kubernetes.io/control-plane", json_string(""));
	jset(node, "metadata.labels", labels);
	add_taints(node, m);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "status.%s.pods", resources[i]);
		jsets(node, path, "110");
	}
	add_address(node, "InternalIP", m->disk.offer.address);
	add_address(node, "Hostname", m->disk.node);
	jsets(node, "status.nodeInfo.osImage", m->disk.offer.image);
	add_conditions(node, m->host);
	return node;
}

/* ---- registering ---- */

static void registered(void *ctx, const struct kube_answer *answer)
{
	struct kubelet *k = ctx;
	usec most = SECONDS(1) << (k->failures < 6 ? k->failures : 5);

	k->call = NULL;
	/* 409: it was registered by an earlier life of this machine. */
	if (answer->status / 100 == 2 || answer->status == 409) {
		k->registered = true;
		cluster_wake(k->machine->disk.cluster);
		return;
	}
	k->failures++;
	log_info(k->machine->host, "kubelet: unable to register node: %s",
	    answer->err ? answer->err->text : jstr(answer->body, "message"));
	timer_set(&k->again, k->machine->host->loop,
	    choose_range(k->machine->host->choices, most / 2, most,
	        "%s: kubelet back-off", k->machine->name));
}

static void try_to_register(struct timer *timer)
{
	struct kubelet *k = OWNER_OF(timer, struct kubelet, again);
	json_t *node = node_object(k->machine);

	k->call = kube_create(k->kube, "Node", node, registered, k);
	json_decref(node);
}

struct kubelet *kubelet_new(struct machine *machine)
{
	const char *config = files_text(&machine->disk.files, KUBELET_CONF);
	struct kubelet *k = xcalloc(1, sizeof(*k));
	struct err err;

	check(machine->host && machine->disk.node[0]);
	k->machine = machine;
	timer_init(&k->again, try_to_register);
	if (config)
		k->kube = kube_from_kubeconfig(machine->host, config, &err);
	if (!k->kube) {
		events_note(machine->workload->options.events, "workload",
		    machine->name, "the kubelet does not start: %s",
		    config ? err.text : KUBELET_CONF " is missing");
		return k;
	}
	timer_set(&k->again, machine->host->loop, 0);
	return k;
}

void kubelet_free(struct kubelet **kubelet)
{
	struct kubelet *k = *kubelet;

	if (!k)
		return;
	timer_cancel(&k->again);
	kube_cancel(&k->call);
	kube_free(&k->kube);
	free(k);
	*kubelet = NULL;
}

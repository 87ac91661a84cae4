/*
 * yard: a small world for the controllers: a MAAS that knows the requests of
 * the provider, machines that boot and join by themselves, and a gateway's
 * host with its store. It is a test's world: state machines of ten lines,
 * every time fixed. The real fakes are in sim/.
 */
#ifndef TESTS_CAPI_YARD_H
#define TESTS_CAPI_YARD_H

#include "base/wire.h"
#include "capi/kube.h"
#include "capi/manager.h"
#include "tests/capi/lab.h"

#define YARD_NS "cluster-66b0000000000000000abc12"

struct yard_machine {
	char id[8], hostname[16], zone[16], pool[16], ip[16];
	const char *state;
	char owner[24], agent_name[256];
	int cpus, memory;
	const char *tag;
	const char *power;
	bool locked, sick; /* sick: its deployment fails */
	bool swap_off, named;
	struct timer timer;
	unsigned deployed, released; /* how often */
};

enum yard_fate {
	YARD_ANSWERS,
	YARD_LOSES_ANSWER, /* it is done, nobody hears of it */
	YARD_SAYS,         /* status (and Retry-After), nothing is done */
	YARD_MISALLOCATES, /* allocate ignores the constraints */
	YARD_LAGS,         /* a list shows what was before: nothing */
};

struct yard {
	struct wire *wire;
	struct host *maas_host;
	struct listener *maas_listener;
	struct yard_machine machines[8];
	size_t machine_count;
	usec deploy_for;
	/* the one DNS record */
	bool has_record;
	char record_name[80], record[80]; /* addresses */
	bool was_emptied, was_released_while_published;
	unsigned record_writes;
	/* requests heard, by op */
	unsigned heard, allocates, deploys, releases;
	const char *user, *key; /* whose key, and its token part */
	/* The next `times` requests whose op is this are treated so. */
	const char *fate_op;
	enum yard_fate fate;
	int status;
	const char *retry_after;
	unsigned times;
	bool no_admin, no_image, cut_off, no_api;
	bool
	    forgets_name; /* agent_name is cleared by release, not at its end */
	unsigned power_ons;
	const char *bmc; /* what it says when asked; NULL: on */
	/* the workload cluster */
	struct host *node_host;
	struct listener *api;
	struct store *workload;
	struct identity *api_identity;
	/* the gateway */
	struct store *store;
	struct kube *kube;
	struct manager *manager;
	char waiting[300], waiting_reason[40];
};
extern struct yard yard;

/* Machines m0, m1, ... in zone az1: 4 CPUs, 8192 MiB. */
void yard_open(size_t machines);
void yard_close(void);
void yard_start_manager(void);
void yard_stop_manager(void);
void yard_restart(void);

/* The objects of cluster web with a control plane of one. */
void yard_create_cluster(void);
void yard_add_workers(int replicas);
void yard_delete_cluster(void);
void yard_pause(bool paused);
void yard_scale(const char *kind, const char *name, int replicas);

/* As its kubelet, or the want of one, would make it: True, Unknown. */
void yard_node_is(const char *name, const char *ready);
/* The workload's API server is no more. */
void yard_api_dies(void);

typedef bool yard_condition(void);
/* False if it did not come true in time. */
bool yard_until(yard_condition *condition, usec at_most_for);
void yard_run_for(usec wait_for);

/* ---- what may be asked ---- */
bool yard_cluster_runs(void); /* one control-plane machine has its node */
bool yard_cluster_gone(void);
size_t yard_count(const char *state);
size_t yard_owned(void); /* by our user */
const json_t *yard_object(const char *kind, const char *name);
const char *yard_condition_of(
    const char *kind, const char *name, const char *type);

#endif

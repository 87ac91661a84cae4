/*
 * script: the commands of a first boot, one after the other.
 *
 * cloud-init runs runcmd as a shell script; here each command is looked up in
 * a table, and what is not in it is an unmodelled command: the boot fails, and
 * the run with it (workload_complaint). Unlike in a shell script the first
 * command that fails is the last: nothing after a failed kubeadm matters.
 */
#ifndef SIM_WORKLOAD_SCRIPT_H
#define SIM_WORKLOAD_SCRIPT_H

#include "sim/workload/cloud_config.h"

struct machine;
struct script;

/* A command that takes time, while it runs. */
struct job;
typedef void job_done_fn(void *ctx, const struct err *err); /* NULL: good */
struct job_ops {
	void (*free)(struct job *job); /* stops it */
};
struct job {
	const struct job_ops *ops;
	job_done_fn *done;
	void *ctx;
};

/* Takes the contents of *config. ended is called once, from a timer or an
 * answer, never before script_new returns; err NULL: all is done. */
struct script *script_new(struct machine *machine, struct cloud_config *config,
    job_done_fn *ended, void *ctx);
void script_free(struct script **script);

#endif

/*
 * jobs: several runs at a time, each in a process of its own.
 *
 * Never threads: a run has no idea that there are others. Results come back
 * in the order of the jobs, whichever was ready first.
 */
#ifndef HARNESS_JOBS_H
#define HARNESS_JOBS_H

#include <jansson.h>
#include <stddef.h>

typedef json_t *job_fn(void *ctx, size_t n); /* in the child */
/* In the parent; result NULL: the process died, `how` says how. */
typedef void job_done_fn(
    void *ctx, size_t n, const json_t *result, const char *how);

/* parallel 0: one after the other, in this very process (for a debugger). */
void jobs_run(
    size_t count, unsigned parallel, job_fn *run, job_done_fn *done, void *ctx);

#endif

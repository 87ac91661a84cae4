/*
 * jobs: several runs at a time, each in a process of its own.
 *
 * Never threads: a run has no idea that there are others. Results come back
 * in the order of the jobs, whichever was ready first.
 */
#ifndef HARNESS_COMMAND_JOBS_H
#define HARNESS_COMMAND_JOBS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef json_t *job_fn(void *ctx, size_t n); /* in the child */
/* In the parent; result NULL: the process died, `how` says how. */
typedef void job_done_fn(
    void *ctx, size_t n, const json_t *result, const char *how);

/* parallel 0: one after the other, in this very process (for a debugger). */
void jobs_run(
    size_t count, unsigned parallel, job_fn *run, job_done_fn *done, void *ctx);

/*
 * A crew: the same, for a process that goes on itself. It splits whenever it
 * likes; the child is what it was at that instant, does something else with
 * it, and leaves with a result.
 */
struct crew;

struct crew *crew_new(unsigned parallel, job_done_fn *done, void *ctx);
/* Waits until fewer than `parallel` others are at work. True in the child. */
bool crew_split(struct crew *crew);
_Noreturn void crew_leave(struct crew *crew, const json_t *result);
/* Waits for all. */
void crew_free(struct crew **crew);

/* Seconds on the clock of this machine, which no world knows. */
double jobs_clock(void);

#endif

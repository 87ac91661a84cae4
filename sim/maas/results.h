/*
 * results: scripts that ran, or will run, on machines.
 *
 * A set is one occasion: a commissioning, an installation, a test or a release
 * of one machine, with a run for each script. Sets belong to the region and go
 * with their machine; the machine points at the latest of each type. The
 * scripts are names, and print nothing, but for the one that lists the
 * machine's parts (resources.c).
 */
#ifndef SIM_MAAS_RESULTS_H
#define SIM_MAAS_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "sim/maas/list.h"

struct node;

/* A script that ran, or will run, on a machine; in the sets of a result. */
struct script_run {
	int64_t id;
	char *name;
	bool suppressed;
	int status; /* 0 pending, 1 running, 2 passed, 3 failed, 5 aborted */
	usec created_time, updated_time, started_time, ended_time; /* 0: no */
};

enum result_type {
	RESULT_COMMISSIONING = 0,
	RESULT_INSTALLATION = 1,
	RESULT_TESTING = 2,
	RESULT_RELEASE = 3,
};

struct script_set {
	int64_t id;
	enum result_type type;
	struct node *node;
	usec last_ping_time; /* 0: never */
	uint64_t written;    /* when its row was last written */
	struct list runs;    /* struct script_run, owned; ids from the region */
};

/* ---- results.c ---- */
/* A new set, its runs pending; names end with NULL. NULL: no runs. */
struct script_set *maas_results_start(
    struct node *node, enum result_type type, const char *const *names);
struct script_set *maas_results_start_names(
    struct node *node, enum result_type type, const struct names *names);
/* MAAS's scripts and those of administrators. */
/* wanted: what is to run besides MAAS's own scripts; NULL or empty: the usual.
 */
struct script_set *maas_results_commission(
    struct node *node, const struct names *wanted);
void maas_results_free(struct script_set *set);
/* What it printed, "" until it has ended well; free() it. */
char *maas_run_output(
    const struct script_set *set, const struct script_run *run);
/* Every run has this status now. */
void maas_results_all(struct script_set *set, int status);
/* -1: none; of the scripts that test this hardware, NULL: of all. */
int maas_results_status(const struct script_set *set, const char *hardware);
extern const char *const maas_commissioning_scripts[]; /* ends with NULL */

/* ---- machine_json.c ---- */
const char *maas_script_status_name(int status);

#endif

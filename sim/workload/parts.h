/*
 * parts: the workload as its own parts see it.
 */
#ifndef SIM_WORKLOAD_PARTS_H
#define SIM_WORKLOAD_PARTS_H

#include "sim/workload/machine.h"
#include "sim/workload/workload.h"

struct cluster;

struct workload {
	struct workload_options options; /* defaults filled in */
	char *maas;
	struct machine **machines; /* in the order in which they were added */
	struct text_index by_system_id;
	size_t machine_count;
	struct cluster *clusters; /* by ->next, oldest first */
	char *complaint;
};

/* The first complaint is kept; all are notes in the record. */
void workload_complain(struct workload *workload, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A secret that came over a wire: one that is too short to be told from other
 * text is not registered. */
void workload_secret(
    struct secrets *secrets, const char *name, const char *value);
usec workload_draw(struct workload *workload, const struct range_for *range,
    const char *who, const char *what);

#endif

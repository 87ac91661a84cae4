/*
 * kernels: what Ubuntu machines boot, as MAAS names it.
 *
 *	ga-22.04	of that release, as it came
 *	hwe-22.04	newer ones of that release
 *	hwe-p		the same, as they were called before 16.04
 *
 * There are those that the complete images bring (the second half of their
 * architecture); what else they are as good as stands in their subarches. Of
 * platforms and flavours nothing is modelled but that they are newer.
 */
#ifndef SIM_MAAS_KERNELS_H
#define SIM_MAAS_KERNELS_H

#include <stdbool.h>

#include "base/err.h"

struct maas;

struct kernel_wish {
	const char *asked; /* NULL or "": the first that fits */
	const char *least; /* min_hwe_kernel; "": any */
	const char *os, *series;
	const char *architecture; /* of the machine: "amd64/generic" */
};

/* The kernel for that system; free() it. NULL: none, and why, if something is
 * wrong with the wish. A word that names no kernel is as good as none. */
char *maas_kernel_pick(
    const struct maas *maas, const struct kernel_wish *wish, struct err *err);
/* Is any kernel here as good as that one? */
bool maas_kernel_is_met(const struct maas *maas, const char *least);
/* "ga-22.04" for "jammy", or NULL: its release is not known. free() it. */
char *maas_kernel_usual(const char *series);

#endif

/*
 * release: what a release is asked to do before the machine is free again.
 *
 * Regions up to 3.4 can erase the disks. Later ones run scripts of their own
 * kind, of which erasing is one (wipe-disks): with that alone a machine is
 * Disk erasing, with any other it is Releasing, and in both it is switched on
 * for it. The scripts are names: all pass, or all fail, with the word of the
 * machine that ran them. API: POST machines/{id}/?op=release.
 */
#ifndef SIM_MAAS_RELEASE_H
#define SIM_MAAS_RELEASE_H

#include <stdbool.h>

#include "sim/maas/list.h"

struct ask;
struct maas;
struct node;
struct user;

struct release_wish {
	bool erase, quick, secure;
	struct names scripts; /* but for erasing, each once */
};

/* ---- release_scripts.c ---- */
/* What the request and the settings want. False: refused. The wish is to be
 * freed in either case. */
bool maas_release_read(
    struct ask *ask, const struct node *node, struct release_wish *wish);
/* The settings alone. */
void maas_release_settings(const struct maas *maas, struct release_wish *wish);
void maas_release_wish_free(struct release_wish *wish);
/* The scripts of the wish, and erasing if it wants that too. */
void maas_release_scripts_start(struct node *node, struct user *user,
    const char *comment, const struct release_wish *wish);
/* The machine has run them, well or not. */
void maas_release_scripts_over(struct node *node, bool ok);

#endif

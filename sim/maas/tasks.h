/*
 * tasks: what a machine is put to, whoever asks, and what it says of it.
 *
 *	acquire ── (deploy.c) ── release ── done
 *	commission
 *
 * Each function is one step of a machine's life with all that MAAS changes at
 * it. None of them asks whether the caller may: operations (ask.h) and the
 * world's own words have done so.
 */
#ifndef SIM_MAAS_TASKS_H
#define SIM_MAAS_TASKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct names;
struct node;
struct user;

/* ---- allocate.c, release.c ---- */
void maas_node_acquire(struct node *node, struct user *user,
    const char *agent_name, const char *comment);
void maas_node_release(
    struct node *node, struct user *user, const char *comment);

/* ---- tasks.c ---- */
struct commission_wish {
	bool skip_networking, skip_storage;
	const struct names *scripts; /* besides MAAS's own; NULL: the usual */
	const struct names *tests;
};
void maas_node_commission(
    struct node *node, struct user *user, const struct commission_wish *wish);

/* ---- reports.c ---- */
/* What the machine itself does and says, by its metadata service, by a word of
 * the control or as the bench plays it. */

/* What commissioning finds out; number makes serial numbers differ. */
struct hardware {
	int cpu_count, memory, number;
	int64_t disk_size;
};
void maas_node_found(struct node *node, const struct hardware *hardware);
/* The rows that commissioning leaves for the boot interface: DISCOVERED and the
 * link. */
void maas_node_link_boot(struct node *node);
void maas_node_netboot_off(struct node *node);
void maas_node_user_data_read(struct node *node);
void maas_node_signal(struct node *node, bool ok, const char *error);
void maas_node_report(struct node *node, const json_t *message);

/* ---- hardware.c ---- */
void maas_hardware_found(struct node *node, int number);
json_t *maas_hardware_json(const struct node *node); /* "hardware_info" */

/* ---- resources.c ---- */
/* What commissioning prints about the machine; free() it. */
char *maas_resources_text(const struct node *node);

#endif

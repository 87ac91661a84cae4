/*
 * specifier_types: what specifiers.c knows of each noun: the types that its
 * specifiers have, and what several nouns share. For the files of the nouns
 * (subnet_specifiers.c, vlan_specifiers.c, interface_specifiers.c).
 */
#ifndef SIM_MAAS_SPECIFIER_TYPES_H
#define SIM_MAAS_SPECIFIER_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/maas/specifiers.h"

struct iface;
struct maas;
struct subnet;
struct vlan;

struct spec_type {
	const char *name; /* NULL: the default */
	/* Writes what is wrong with the value; NULL: nothing can be. */
	void (*judge)(const struct maas *maas, const char *value,
	    struct spec_fault *fault);
	bool (*means)(
	    const struct maas *maas, const char *value, const void *thing);
};

/* The default first; the last one means nothing (NULL). */
extern const struct spec_type maas_subnet_types[], maas_range_types[];
extern const struct spec_type maas_fabric_types[], maas_space_types[],
    maas_vlan_types[];
extern const struct spec_type maas_iface_types[];

/* ---- specifiers.c ---- */
void maas_spec_wrong(
    struct spec_fault *fault, enum spec_wrong wrong, const char *text);
/* "7", and "subnet-7" for what was named by its id once. */
bool maas_spec_has_id(
    const char *value, const char *noun, int64_t id, bool *is_number);
bool maas_spec_same(const char *a, const char *b); /* NULL is like nothing */
bool maas_spec_is_number(const char *value, int64_t number);

/* ---- vlan_specifiers.c ---- */
void maas_spec_judge_vid(
    const struct maas *maas, const char *value, struct spec_fault *fault);
void maas_spec_judge_space(
    const struct maas *maas, const char *value, struct spec_fault *fault);
void maas_spec_judge_vlan(
    const struct maas *maas, const char *value, struct spec_fault *fault);
bool maas_spec_has_vid(const char *value, const struct vlan *vlan);
bool maas_spec_in_space(
    const struct maas *maas, const char *value, const struct vlan *vlan);
bool maas_spec_in_fabric(
    const struct maas *maas, const char *value, const void *vlan);

/* ---- subnet_specifiers.c ---- */
void maas_spec_judge_subnet(
    const struct maas *maas, const char *value, struct spec_fault *fault);

#endif

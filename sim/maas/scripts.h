/*
 * scripts: what commissions and tests machines.
 *
 * MAAS's own, which are names, and those of administrators, which are kept
 * with their earlier versions. None is ever executed: a run of one takes part
 * in a machine's results (results.h) and passes or fails with the task that it
 * belongs to. Each is a document of the region (documents.h); its form is that
 * document before it is kept.
 */
#ifndef SIM_MAAS_SCRIPTS_H
#define SIM_MAAS_SCRIPTS_H

#include "sim/maas/documents.h"

enum script_type {
	SCRIPT_COMMISSIONING = 0,
	SCRIPT_TESTING = 2,
	SCRIPT_RELEASE = 3 /* since 3.5 */
};

enum script_hardware {
	HARDWARE_STORAGE = 3,
	HARDWARE_NETWORK = 4
};

#define WRONG_HARDWARE \
	"Hardware type must be node, cpu, memory, storage, or gpu"

/* All keys of one that says nothing about itself. */
json_t *maas_script_blank(void);
void maas_script_set_type(json_t *form, int type);
void maas_script_set_hardware(json_t *form, int64_t hardware);
/* Its hardware is one of its tags, and so is that it destroys. */
void maas_script_retag(json_t *form);
void maas_script_version(
    struct maas *maas, json_t *form, const char *text, const char *comment);
/* "testing", "storage", or their numbers; -1: neither. */
int maas_script_type_of(const struct maas *maas, const char *word);
const char *maas_script_wrong_type(const struct maas *maas);
int maas_script_hardware_of(const char *word);
/* Is this word the script's name, or a tag of it? */
bool maas_script_called(
    const struct maas *maas, const char *name, const char *word);
/* -1: there is no such script. */
int maas_script_hardware_number(const struct maas *maas, const char *name);
/* What the script would be: the form, and the YAML in its first comment. text
 * is the script itself, NULL if there is none. NULL: refused. */
json_t *maas_script_form(
    struct ask *ask, const struct document *self, const char *text);

/* ---- script_parameters.c ---- */
/* What is said of the parameters of scripts has to be of the machine; NULL: it
 * has nothing yet. */
void maas_script_parameters_check(
    struct ask *ask, const struct node *node, bool tests_only, json_t *errors);

/* ---- of those that the region has ---- */
/* Names and tags of scripts in a field, parted by commas and nothing else: the
 * first that is no choice is an error. */
void maas_scripts_check(struct ask *ask, const char *field, int type,
    bool none_is_one, json_t *errors);
/* Is there a script of this type with this name, or tag? */
bool maas_script_is(const struct maas *maas, int type, const char *word);
/* Those of this type that one of the words means, by name or tag, in their
 * order. Hardware is not modelled so far that a script for some runs. */
void maas_scripts_meant(const struct maas *maas, int type,
    const struct names *words, struct names *names);
/* The administrators' own that run when a machine is commissioned: all but
 * those with the tag noauto; or those that are wanted, "none" being none. */
void maas_scripts_to_commission(
    const struct maas *maas, const struct names *wanted, struct names *names);
/* "storage", ...: what it tests; NULL: there is no such script. */
const char *maas_script_hardware(const struct maas *maas, const char *name);
/* Of one that is not MAAS's own; else -1. */
int64_t maas_script_number(const struct maas *maas, const char *name);

#endif

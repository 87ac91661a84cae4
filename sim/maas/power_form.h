/*
 * power_form: the fields of a machine's form that say how it is switched.
 *
 * power_type, and for each parameter of the type power_parameters_NAME, or all
 * of them as one JSON object in power_parameters. What a type does not know is
 * left out, unless power_parameters_skip_check is "true".
 */
#ifndef SIM_MAAS_POWER_FORM_H
#define SIM_MAAS_POWER_FORM_H

#include "sim/maas/ask.h"

struct power_form {
	const char *type;   /* as it was given; NULL: it was not */
	json_t *parameters; /* all of the type, what was known merged in */
	bool given;         /* at least one */
};

/* self: the machine that is changed; NULL: one that is made. False: refused;
 * else what is wrong is in errors. */
bool maas_power_form_read(struct ask *ask, const struct node *self,
    struct power_form *form, json_t *errors);
void maas_power_form_close(struct power_form *form);
void maas_power_form_write(struct node *node, const struct power_form *form);

#endif

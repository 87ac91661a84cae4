/*
 * bodies: what operations make of a body that is no form.
 *
 * Piston reads JSON and YAML itself. The document is request.data then, and
 * request.POST is an empty dict; a type that nobody reads leaves request.data
 * None and request.POST empty. What comes of it depends on what an operation
 * asks, and how: get() of a dict works, get() of the number 7 does not, and no
 * dict has getlist(). So a bare value is never the same as an empty body.
 */
#ifndef SIM_MAAS_BODIES_H
#define SIM_MAAS_BODIES_H

#include "sim/maas/ask.h"

/* The body of the ask as its operation is to see it. read is the row that
 * reads the same path, or NULL: what the path names is looked up before the
 * body is asked. False: answered. */
bool maas_body_fits(struct ask *ask, const struct operation *read);

#endif

/*
 * interface_form: the form that makes and changes interfaces of all types.
 *
 * It is read and judged as a whole, and written when nothing was wrong. Whoever
 * fills the upper part calls read, then write, then close. The errors stand
 * under the names of the fields.
 */
#ifndef SIM_MAAS_INTERFACE_FORM_H
#define SIM_MAAS_INTERFACE_FORM_H

#include "sim/maas/interface_ask.h"

#define IFACE_NOT_GIVEN INT64_MIN

enum iface_maybe {
	IFACE_MAYBE_UNSAID,
	IFACE_MAYBE_NO,
	IFACE_MAYBE_YES
};

struct iface_form {
	const char *type;
	struct node *node;
	struct iface *self;    /* NULL: one that is made */
	const char *of_parent; /* what the field of a parent is called */
	bool fewer;            /* of a deployed machine, or of a controller */

	/* Read: */
	char *name, *mac; /* NULL: not given */
	struct vlan *vlan;
	bool vlan_given, parents_given;
	struct list parents; /* struct iface */
	int64_t mtu, link_speed, interface_speed;
	enum iface_maybe connected, enabled, accept_ra;
};

/* False: refused, and answered. */
bool maas_iface_form_read(struct ask *ask, struct iface_form *form);
void maas_iface_form_write(
    struct ask *ask, const struct iface_form *form, struct iface *iface);
void maas_iface_form_close(struct iface_form *form);

/* The first that it stands on, or NULL. */
struct iface *maas_iface_form_parent(const struct iface_form *form);

/* Parts of the reading. A name is one that no other interface of the node
 * has. */
void maas_iface_form_name(
    const struct iface_form *form, const char *name, json_t *errors);
enum iface_maybe maas_iface_form_maybe(
    const struct ask *ask, const char *field);
void maas_iface_form_number(struct ask *ask, const char *field, int64_t lowest,
    int64_t highest, json_t *errors, int64_t *number);
/* May it stand on what it is to stand on? (interface_parents.c) */
void maas_iface_form_parents(
    struct ask *ask, struct iface_form *form, json_t *errors);
/* What bonds and bridges have besides (interface_params.c): judged with
 * errors, put into params without. */
void maas_iface_form_params(struct ask *ask, const char *type, json_t *errors,
    json_t *params, bool made);

#endif

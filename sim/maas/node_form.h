/*
 * node_form: the fields that machines and devices have in common.
 *
 * Each is read from the form that was sent; what is wrong with it goes to
 * errors, in the words of the region's forms, for the caller to refuse with
 * (maas_fine). Nothing is changed here.
 */
#ifndef SIM_MAAS_NODE_FORM_H
#define SIM_MAAS_NODE_FORM_H

#include "sim/maas/ask.h"

/* "host", or "host.domain" where the domain is known; a new name where it is
 * empty, NULL where there is none (free() it). self: whose name it may be. */
char *maas_hostname_read(struct ask *ask, const struct node *self,
    struct domain **domain, json_t *errors);
/* An id or a name; *domain stays as it is without one. */
void maas_domain_read(struct ask *ask, json_t *errors, struct domain **domain);
/* All mac_addresses, small letters and colons. False: none that will do. */
bool maas_macs_read(
    struct ask *ask, struct names *macs, bool needed, json_t *errors);

#endif

/*
 * network_asks: the fabrics, VLANs, subnets ... that a request means.
 *
 * In a path and in a few fields stands a specifier (specifiers.h). One thing
 * must be left: none is 404, several are 403, and a value that cannot be read
 * is what the region's libraries say of it, mostly a 500.
 */
#ifndef SIM_MAAS_NETWORK_ASKS_H
#define SIM_MAAS_NETWORK_ASKS_H

#include "sim/maas/ask.h"

/* The one in args[0], to be read or changed. NULL: answered, also with 403
 * when it is to be changed by somebody who is no administrator. */
struct fabric *maas_fabric_asked(struct ask *ask, bool to_change);
struct space *maas_space_asked(struct ask *ask, bool to_change);
struct subnet *maas_subnet_asked(struct ask *ask, bool to_change);
struct iprange *maas_range_asked(struct ask *ask);
/* In one fabric, by VID first. */
struct vlan *maas_vlan_asked_in(
    struct ask *ask, const struct fabric *fabric, const char *word);

/* The subnet that is named in passing. NULL: answered, with 400 if there is
 * none. */
struct subnet *maas_subnet_meant(struct ask *ask, const char *word);
/* What a field for addresses says of a text that is none. */
void maas_bad_address(json_t *errors, const char *field, const char *text);

/* As in a field of a form: the one, or NULL. */
struct space *maas_space_named(const struct maas *maas, const char *word);
struct fabric *maas_fabric_named(const struct maas *maas, const char *word);

/* What a fabric or a space (NULL: none) shows of its VLANs, by name. */
json_t *maas_fabric_vlans_json(
    const struct maas *maas, const struct fabric *fabric);
json_t *maas_space_vlans_json(
    const struct maas *maas, const struct space *space);
/* The field "name" of fabrics and spaces: not taken, of word characters, and
 * not "fabric-7" unless that is its own. name: NULL or "", none was given. */
void maas_check_network_name(json_t *errors, const char *noun, const char *name,
    int64_t self, bool taken);

#endif

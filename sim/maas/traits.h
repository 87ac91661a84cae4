/*
 * traits: what a node has, as a constraint asks for it.
 *
 * Each one says whether the node has any of the values; those for numbers ask
 * for at least the lowest, and those for tags and subnets for all of them; of
 * disks, cards and interfaces the last value counts. There is at least one
 * value, and it was judged before.
 */
#ifndef SIM_MAAS_TRAITS_H
#define SIM_MAAS_TRAITS_H

#include "sim/maas/ask.h"

typedef bool trait_fn(
    const struct ask *ask, const struct node *node, const struct names *values);

trait_fn maas_has_system_id;
trait_fn maas_has_hostname;
trait_fn maas_has_name;
trait_fn maas_has_mac;
trait_fn maas_has_domain;
trait_fn maas_has_agent;
trait_fn maas_has_zone;
trait_fn maas_has_pool;
trait_fn maas_has_owner;
trait_fn maas_has_tags;
trait_fn maas_lacks_tags;
trait_fn maas_has_status;
trait_fn maas_has_simple;
trait_fn maas_has_power;
trait_fn maas_has_cpus;
trait_fn maas_has_speed;
trait_fn maas_has_memory;
trait_fn maas_has_link_speed;
trait_fn maas_has_arch;
trait_fn maas_is_arch; /* "amd64" alone is none */
trait_fn maas_has_subnets;
trait_fn maas_lacks_subnets;
trait_fn maas_has_vlans;
trait_fn maas_has_fabrics;
trait_fn maas_has_class;
trait_fn maas_has_pod;
trait_fn maas_has_pod_type;
trait_fn maas_has_card;
trait_fn maas_has_target;
trait_fn maas_has_storage;
trait_fn maas_has_interfaces;

#endif

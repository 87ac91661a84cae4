/*
 * node: machines, devices and controllers.
 *
 * One struct for all of them, as MAAS has one table. A node belongs to its
 * region; maas_node_drop takes it out of everything that points at it and frees
 * it with all that is its own (interfaces, addresses, storage, results, key). A
 * machine moves from status to status by machine_states.h; what clients have it
 * do is in tasks.h, what its BMC does in power.h.
 */
#ifndef SIM_MAAS_NODE_H
#define SIM_MAAS_NODE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/text_index.h"
#include "sim/maas/ip.h"
#include "sim/maas/list.h"
#include "sim/maas/machine_states.h"

struct alike;
struct api_key;
struct domain;
struct drive;
struct held;
struct iface;
struct maas;
struct pool;
struct script_set;
struct user;
struct zone;

enum node_type {
	NODE_MACHINE = 0,
	NODE_DEVICE = 1,
	NODE_RACK = 2,
	NODE_REGION = 3,
};

struct node {
	int64_t id;
	struct maas *maas;
	enum node_type type;
	char *system_id, *hostname, *description;
	struct text_link id_link, name_link; /* in the region's indexes */
	enum node_status status, previous_status;
	struct domain *domain;
	struct zone *zone;
	struct pool *pool;
	struct user *owner;
	char *agent_name;
	bool locked, netboot, ephemeral, hw_sync, install_kvm, crash_dump;
	bool is_dpu; /* since 3.7 */
	char *architecture, *osystem, *series, *hwe_kernel, *min_hwe_kernel;
	char *power_type, *power_state;
	json_t *power_parameters; /* an object */
	int cpu_count, cpu_speed, memory;
	int found_cores, found_memory;          /* by commissioning */
	int64_t swap_size, address_ttl;         /* -1: none */
	char *bios_boot_method, *hardware_uuid; /* NULL: unknown */
	int hardware_number; /* of what commissioning found; 0: nothing yet */
	json_t *owner_data;  /* object */
	char *error_description;
	struct names tags;
	struct list drives;       /* struct drive; owned */
	struct list groups;       /* struct storage_group; owned */
	struct list cache_sets;   /* struct cache_set; owned */
	struct list specials;     /* struct special; owned */
	struct drive *boot_drive; /* NULL: the first physical one */
	struct list cards;        /* struct document: node_devices.c */
	bool cards_found;
	struct ip lent;        /* by DHCP, when it last was; version 0: never */
	int64_t vm_host_id;    /* that it was composed on; 0: none */
	bool dynamic;          /* for an allocation: goes with its release */
	bool leaving;          /* went just now: maas_tell drops it */
	struct list ifaces;    /* of the region's, those of this node */
	struct list addresses; /* and those of its interfaces */
	struct iface *boot_iface;
	int64_t gateway_link_id; /* 0: MAAS chooses */
	char *user_data;         /* as it came, base64 */
	struct node *parent;
	/* NULL: none */
	struct script_set *commissioning, *installation, *testing, *release;
	struct api_key *key; /* for the metadata service; NULL until booted */
	char *rack_version;  /* of controllers */
	bool connected;      /* a rack to its region */
	bool quick_erase, secure_erase, erased;
	bool runs_release, wipes; /* scripts before its release; erasing too */
	bool skip_networking, skip_storage; /* in the present commissioning */
	struct user *owner_before; /* of a test or a stay in rescue mode */
	struct user *acted;        /* who asked for the task at hand */

	/* what is under way */
	struct token work;  /* held while it moves by itself */
	struct timer limit; /* the task has failed by then */
	struct timer bench; /* bench_machine.c */
	char *asked_power;  /* "on", "off" while the BMC works; or NULL */
	struct held *held;  /* an answer that waits for it (held.h); or NULL */
	bool asked_refused; /* the BMC had refused at that moment */
	bool bmc_refuses;   /* this one says no */
	bool install_fails; /* without a cable: as it is told */
	struct timer power; /* the BMC's own time (no cable) */
	bool bench_on;      /* what the machine without a cable is */
	/* Called when the power action that belongs to the task is done. */
	void (*when_off)(struct node *node);
	char *last_told;        /* the attributes in the last "state" event */
	struct alike *shown;    /* the document of this machine (shown.c) */
	uint64_t shown_edition; /* of the region, when it was written */
	bool touched;
};

/* ---- machine.c ---- */
struct node *maas_node_find(const struct maas *maas, const char *system_id);
struct node *maas_node_named(const struct maas *maas, const char *hostname);
struct node *maas_node_make(
    struct maas *maas, enum node_type type, const char *system_id);
void maas_node_drop(struct maas *maas, struct node *node);
void maas_node_free(struct node *node);        /* its memory */
char *maas_node_fqdn(const struct node *node); /* free() it */
/* Lower-case letters, "adjective-animal"; not in use. */
char *maas_node_new_name(struct maas *maas);
void maas_node_rename(struct node *node, const char *hostname);
json_t *maas_node_addresses(const struct node *node); /* list of texts */
/* Addresses for its AUTO links; false: a subnet has no more. */
bool maas_node_claim_addresses(struct node *node, struct err *err);
void maas_node_drop_addresses(struct node *node);
void maas_node_touch(struct node *node); /* it may have changed: tell */

/* ---- machine_json.c, machine_form.c, controllers.c ---- */
json_t *maas_node_json(const struct node *node);
/* As one who is not logged in sees it. */
json_t *maas_stranger_json(const struct node *node);
/* From the keys of a machine to those of a controller. */
json_t *maas_controller_json(const struct node *node, json_t *machine);

/* ---- interfaces.c, storage_layouts.c ---- */
/* As commissioning found it: no bridges, bonds or VLANs, and one link. */
void maas_node_restore_network(struct node *node);
void maas_node_lay_default(struct node *node);

/* ---- node_devices.c ---- */
void maas_node_devices_forget(struct node *node);
/* They are looked for when they are first asked for. */
void maas_node_devices_found(struct node *node);

/* ---- inventory_machines.c ---- */
void maas_load_controllers(struct maas *maas, const json_t *inventory);
bool maas_load_machines(
    struct maas *maas, const json_t *inventory, struct err *err);
/* A row for the address of the machine's BMC, if it has one. */
void maas_node_own_bmc(struct node *node);

#endif

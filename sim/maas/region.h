/*
 * region: the state of a fake MAAS as a whole. Internal to sim/maas.
 *
 * Everything hangs on struct maas and is freed with it. Each noun has a header
 * of its own (people.h, zones.h, networks.h, addresses.h, dns.h, node.h,
 * ifaces.h, storage.h, results.h, images.h ...) and follows MAAS's own models
 * where they are visible to a client. Things refer to each other by pointers;
 * whoever removes a thing first clears what points at it (each file for its own
 * noun).
 */
#ifndef SIM_MAAS_REGION_H
#define SIM_MAAS_REGION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/host.h"
#include "base/text_index.h"
#include "sim/maas/list.h"
#include "sim/maas/maas.h"
#include "sim/maas/nonces.h"

struct alike_model;
struct domain;
struct node;
struct pool;
struct user;
struct ways;
struct zone;

struct stored_file {
	int64_t id;
	struct user *user;
	char *filename, *key;
	struct buf content;
};

struct maas {
	struct host *host;
	char *name;
	int version;                 /* 304, 305, 306, 307 */
	struct maas_options options; /* texts in it are not ours: do not use */
	struct listener *listener;
	uint16_t port;
	char *address; /* what machines and signatures know us by */

	/* All things of the region, owned; most lists are called as the
	 * struct is that they hold. */
	struct list users, keys, ssh_keys;
	struct list zones, pools, tags;
	struct list spaces, fabrics, vlans, subnets, ranges, addresses;
	struct list domains, dns_resources, dns_data, dns_names;
	struct list nodes, ifaces, events, results, images, files;
	/* struct document, all of these */
	struct list routes, notifications, repositories, snippets, license_keys;
	struct list vm_hosts, boot_sources, selections, scripts, ssl_keys;
	struct list neighbours, reserved_ips, vm_listeners;
	struct domain *default_domain;
	struct zone *default_zone;
	struct pool *default_pool;
	json_t *config;      /* name -> value */
	json_t *power_types; /* list, or NULL */
	json_t *inventory;   /* what reset goes back to; may be NULL */
	int64_t next_drive_id, next_partition_id, next_group_id,
	    next_cache_set_id, next_version_id, next_card_id, next_run_id,
	    next_file_id;
	uint64_t writes;         /* of rows of results */
	int64_t lost_events[16]; /* numbers that roll-backs took */
	char *metadata_host;     /* how machines call us */
	char *ca_pem;            /* and whom they trust then; or NULL */

	/* the cables */
	const struct bmc_ops *bmc;
	void *bmc_ctx;
	bool gated;       /* effects wait for "settle" */
	bool bench;       /* machines without a cable live by themselves */
	bool bmc_refuses; /* all BMCs say no */
	struct names strangers;   /* addresses that others use on the wire */
	int64_t installs_to_fail; /* of the deployments to come */

	struct text_index by_system_id, by_hostname; /* the nodes */
	struct ways *ways; /* the table of operations, by path */
	struct nonces nonces;
	struct timer dns_timer;
	bool dns_dirty;
	uint64_t requests; /* for names of choices */
	uint64_t edition; /* of all that is shown; maas_tell begins a new one */
	struct alike_model *shown_model; /* what documents differ from */
};

/* ---- region.c ---- */
void maas_clear(struct maas *maas);    /* forget all things */
void maas_defaults(struct maas *maas); /* a fresh installation */
void maas_start_sequences(struct maas *maas);
usec maas_time(const struct maas *maas);
/* At the end of everything that may have changed something: tells what
 * changed, lets DNS catch up, and what was written out before is outdated. */
void maas_tell(struct maas *maas);
void maas_set_text(char **text, const char *value);

/* ---- config.c ---- */
json_t *maas_config_defaults(const struct maas *maas);
bool maas_config_bool(const struct maas *maas, const char *name);
const char *maas_config_text(const struct maas *maas, const char *name);

/* ---- notifications.c ---- */
/* The region's own words to its administrators: once under each ident. */
void maas_warn_admins(
    struct maas *maas, const char *ident, const char *message);
void maas_warn_no_more(struct maas *maas, const char *ident);

#endif

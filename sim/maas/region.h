/*
 * region: the state of a fake MAAS, noun by noun. Internal to sim/maas.
 *
 * Everything hangs on struct maas and is freed with it. Things refer to each
 * other by pointers; whoever removes a thing first clears what points at it
 * (users.c, machine.c, subnets.c ... each for its own noun).
 *
 * Names follow MAAS's own models where they are visible to a client: an
 * `address` is a StaticIPAddress row and therefore also what the API calls a
 * link of an interface; its id is the link's id. That one row is shared by the
 * interface and by the DNS resources that mention it, which is why a record
 * follows a machine's automatic address.
 */
#ifndef SIM_MAAS_REGION_H
#define SIM_MAAS_REGION_H

#include "base/host.h"
#include "sim/maas/ip.h"
#include "sim/maas/list.h"
#include "sim/maas/maas.h"
#include "sim/maas/nonces.h"
#include "sim/maas/storage.h"

/* ---- people ---- */

struct user {
	int64_t id;
	char *name, *email;
	char *password; /* NULL: logs in with keys only */
	bool admin, active;
	bool system; /* MAAS's own: no mail, nothing to delete */
};

/* consumer, token and secret of an API key. */
struct api_key {
	int64_t id;
	struct user *user;
	char *name;
	char *consumer, *token, *secret;
	char *shown;       /* all three, as people write it */
	struct node *node; /* a machine's own key; else NULL */
};

struct ssh_key {
	int64_t id;
	struct user *user;
	char *key;
};

/* ---- where machines stand ---- */

struct zone {
	int64_t id;
	char *name, *description;
};

struct pool {
	int64_t id;
	char *name, *description;
};

struct tag {
	int64_t id;
	char *name, *definition, *comment, *kernel_opts;
};

/* ---- networks ---- */

struct space {
	int64_t id;
	char *name, *description;
};

struct fabric {
	int64_t id;
	char *name, *description, *class_type; /* class_type may be NULL */
};

struct vlan {
	int64_t id;
	int vid, mtu;
	char *name, *description;
	bool dhcp_on;
	char *external_dhcp; /* NULL: none seen */
	struct vlan *relay;
	struct node *primary_rack, *secondary_rack;
	struct space *space; /* NULL: "undefined" */
	struct fabric *fabric;
};

struct subnet {
	int64_t id;
	char *name, *description;
	struct ip_net net;
	struct vlan *vlan;
	int rdns_mode;
	char *gateway; /* NULL: none; "" as MAAS shows it right after create */
	struct names dns_servers, disabled_architectures;
	bool allow_dns, allow_proxy, active_discovery, managed;
};

struct iprange {
	int64_t id;
	struct subnet *subnet;
	bool dynamic;
	struct ip first, last;
	struct user *user;
	char *comment;
};

enum alloc_type {
	ALLOC_AUTO = 0,
	ALLOC_STICKY = 1,
	ALLOC_RESERVED = 4, /* by a user */
	ALLOC_DHCP = 5,
	ALLOC_DISCOVERED = 6,
};

struct address {
	int64_t id;
	enum alloc_type type;
	bool assigned; /* ip holds */
	struct ip ip;
	struct subnet *subnet;
	struct user *user;
	struct iface *iface; /* NULL: of no interface */
	bool of_bmc;         /* the address of a machine's BMC */
	usec created_time, updated_time;
};

/* ---- names ---- */

struct domain {
	int64_t id;
	char *name;
	bool authoritative;
	int64_t ttl; /* -1: none */
};

struct dns_resource {
	int64_t id;
	char *name; /* "@" for the domain itself */
	struct domain *domain;
	int64_t address_ttl;        /* -1: none */
	struct address **addresses; /* shared rows, in order of linking */
	size_t address_count;
};

struct dns_data {
	int64_t id;
	struct dns_resource *resource;
	char *type, *data;
	int64_t ttl;
};

/* What the DNS server answers at present for one name. */
struct dns_name {
	int64_t id;
	char *fqdn;
	char *published, *wanted; /* addresses, parted by spaces */
	char *next;               /* while wanted is found out */
	bool exists; /* somebody wants it, with or without addresses */
};

/* ---- machines and their like ---- */

enum node_type {
	NODE_MACHINE = 0,
	NODE_DEVICE = 1,
	NODE_RACK = 2,
	NODE_REGION = 3,
};

#define NODE_STATUSES(X)                                                   \
	X(NEW, 0, "New", "new")                                            \
	X(COMMISSIONING, 1, "Commissioning", "commissioning")              \
	X(FAILED_COMMISSIONING, 2, "Failed commissioning",                 \
	    "failed_commissioning")                                        \
	X(MISSING, 3, "Missing", "missing")                                \
	X(READY, 4, "Ready", "ready")                                      \
	X(RESERVED, 5, "Reserved", "reserved")                             \
	X(DEPLOYED, 6, "Deployed", "deployed")                             \
	X(RETIRED, 7, "Retired", "retired")                                \
	X(BROKEN, 8, "Broken", "broken")                                   \
	X(DEPLOYING, 9, "Deploying", "deploying")                          \
	X(ALLOCATED, 10, "Allocated", "allocated")                         \
	X(FAILED_DEPLOYMENT, 11, "Failed deployment", "failed_deployment") \
	X(RELEASING, 12, "Releasing", "releasing")                         \
	X(FAILED_RELEASING, 13, "Releasing failed", "failed_releasing")    \
	X(DISK_ERASING, 14, "Disk erasing", "disk_erasing")                \
	X(FAILED_DISK_ERASING, 15, "Failed disk erasing",                  \
	    "failed_disk_erasing")                                         \
	X(RESCUE_MODE, 16, "Rescue mode", "rescue_mode")                   \
	X(ENTERING_RESCUE_MODE, 17, "Entering rescue mode",                \
	    "entering_rescue_mode")                                        \
	X(FAILED_ENTERING_RESCUE_MODE, 18, "Failed to enter rescue mode",  \
	    "failed_entering_rescue_mode")                                 \
	X(EXITING_RESCUE_MODE, 19, "Exiting rescue mode",                  \
	    "exiting_rescue_mode")                                         \
	X(FAILED_EXITING_RESCUE_MODE, 20, "Failed to exit rescue mode",    \
	    "failed_exiting_rescue_mode")                                  \
	X(TESTING, 21, "Testing", "testing")                               \
	X(FAILED_TESTING, 22, "Failed testing", "failed_testing")

enum node_status {
#define X(word, number, name, identifier) NODE_##word = (number),
	NODE_STATUSES(X)
#undef X
};
#define NODE_STATUS_COUNT 23

struct iface {
	int64_t id;
	struct node *node;
	char *name, *type; /* physical bond bridge vlan */
	char *mac;
	struct vlan *vlan;
	bool enabled, link_connected;
	int64_t mtu; /* 0: from the VLAN */
	int64_t link_speed, interface_speed;
	char *vendor, *product, *firmware; /* NULL: unknown */
	int sriov_max_vf;
	bool acquired;  /* a bridge made by bridge_all, until release */
	json_t *params; /* an object */
	struct names tags;
	struct list parents; /* struct iface; not owned */
};

/* A script that ran, or will run, on a machine; in the sets of a result. */
struct script_run {
	int64_t id;
	char *name;
	bool suppressed;
	int status; /* 0 pending, 1 running, 2 passed, 3 failed, 5 aborted */
	usec created_time, updated_time, started_time, ended_time; /* 0: no */
};

enum result_type {
	RESULT_COMMISSIONING = 0,
	RESULT_INSTALLATION = 1,
	RESULT_TESTING = 2,
};

struct script_set {
	int64_t id;
	enum result_type type;
	struct node *node;
	usec last_ping_time; /* 0: never */
	uint64_t written;    /* when its row was last written */
	struct list runs;    /* struct script_run, owned; ids from the region */
};

struct node {
	int64_t id;
	struct maas *maas;
	enum node_type type;
	char *system_id, *hostname, *description;
	struct node *next_alike; /* in its bucket of system_ids */
	enum node_status status, previous_status;
	struct domain *domain;
	struct zone *zone;
	struct pool *pool;
	struct user *owner;
	char *agent_name;
	bool locked, netboot, ephemeral, hw_sync, install_kvm;
	char *architecture, *osystem, *series, *hwe_kernel, *min_hwe_kernel;
	char *power_type, *power_state;
	json_t *power_parameters; /* an object */
	int cpu_count, cpu_speed, memory;
	int found_cores, found_memory;          /* by commissioning */
	int64_t swap_size, address_ttl;         /* -1: none */
	char *bios_boot_method, *hardware_uuid; /* NULL: unknown */
	json_t *hardware;   /* object; what is missing is "Unknown" */
	json_t *owner_data; /* object */
	char *error_description;
	struct names tags;
	struct list drives;       /* struct drive; owned */
	struct list groups;       /* struct storage_group; owned */
	struct list cache_sets;   /* struct cache_set; owned */
	struct list specials;     /* struct special; owned */
	struct drive *boot_drive; /* NULL: the first physical one */
	struct list cards;        /* struct document: node_devices.c */
	bool cards_found;
	int64_t vm_host_id; /* that it was composed on; 0: none */
	struct iface *boot_iface;
	int64_t gateway_link_id; /* 0: MAAS chooses */
	char *user_data;         /* as it came, base64 */
	struct node *parent;
	struct script_set *commissioning, *installation, *testing; /* or NULL */
	struct api_key *key; /* for the metadata service; NULL until booted */
	char *rack_version;  /* of controllers */
	bool connected;      /* a rack to its region */
	bool quick_erase, secure_erase, erased;
	bool skip_networking, skip_storage; /* in the present commissioning */
	struct user *owner_before; /* of a test or a stay in rescue mode */
	struct user *acted;        /* who asked for the task at hand */

	/* what is under way */
	struct token work;  /* held while it moves by itself */
	struct timer limit; /* the task has failed by then */
	struct timer bench; /* bench_machine.c */
	char *asked_power;  /* "on", "off" while the BMC works; or NULL */
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

struct node_event {
	int64_t id;
	int level; /* 10 DEBUG .. 50 CRITICAL; 0 AUDIT */
	char *type, *description, *username;
	const char *action; /* what status_action says; static */
	struct node *node;  /* NULL: of no machine, or of one that is gone */
	char *hostname;     /* as it was */
	usec created_time;
};

/* ---- images ---- */

struct image_file {
	int64_t id;
	char *name, *filetype, *sha256;
	int64_t size, received;
	struct buf content; /* while it is being uploaded */
};

struct image {
	int64_t id;
	char *type; /* "Synced", "Uploaded" */
	char *name; /* ubuntu/jammy; x for custom/x */
	char *architecture, *subarches, *title, *base_image;
	char *version, *label;
	json_t *extra;      /* other keys of its entry; may be NULL */
	struct list files;  /* struct image_file, owned */
	usec deployed_time; /* 0: never */
};

/* ---- the rest ---- */

struct stored_file {
	int64_t id;
	struct user *user;
	char *filename, *key;
	struct buf content;
};

/* Nouns that have attributes and no life of their own (static routes, package
 * repositories, notifications ...): the document as it is shown. */
struct document {
	int64_t id;
	json_t *shown;
};

/* Nodes are found by their system_id in one of these. */
#define NODE_BUCKETS 1024

struct maas {
	struct host *host;
	char *name;
	int version;                 /* 304, 305, 306, 307 */
	struct maas_options options; /* texts in it are not ours: do not use */
	struct listener *listener;
	uint16_t port;
	char *address; /* what machines and signatures know us by */

	struct list users, keys, ssh_keys;
	struct list zones, pools, tags;
	struct list spaces, fabrics, vlans, subnets, ranges, addresses;
	struct list domains, dns_resources, dns_data, dns_names;
	struct list nodes, ifaces, events, results, images, files;
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

	struct node *node_buckets[NODE_BUCKETS]; /* by ->next_alike */
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

/* ---- users.c ---- */
struct user *maas_user_find(const struct maas *maas, const char *name);
struct user *maas_user_make(
    struct maas *maas, const char *name, const char *email, bool admin);
struct api_key *maas_key_make(
    struct maas *maas, struct user *user, const char *name);
struct api_key *maas_key_put(struct maas *maas, struct user *user,
    const char *name, const char *consumer, const char *token,
    const char *secret);
void maas_key_free(struct maas *maas, struct api_key *key);
json_t *maas_user_json(const struct user *user);

/* ---- documents.c ---- */
/* What a fresh installation has of them. */
void maas_documents_defaults(struct maas *maas);
/* Routes from and to a subnet go with it. */
void maas_static_routes_forget(struct maas *maas, const struct subnet *subnet);

/* ---- notifications.c ---- */
/* The region's own words to its administrators: once under each ident. */
void maas_warn_admins(
    struct maas *maas, const char *ident, const char *message);
void maas_warn_no_more(struct maas *maas, const char *ident);

/* ---- scripts.c ---- */
/* Is there a script of this type (scripts.h) with this name, or tag? */
bool maas_script_is(const struct maas *maas, int type, const char *word);
/* The administrators' own that run whenever a machine is commissioned. */
void maas_scripts_to_commission(const struct maas *maas, struct names *names);
/* "storage", ...: what it tests; NULL: there is no such script. */
const char *maas_script_hardware(const struct maas *maas, const char *name);
/* Of one that is not MAAS's own; else -1. */
int64_t maas_script_number(const struct maas *maas, const char *name);

/* ---- node_devices.c, vmhosts.c, reserved_ips.c ---- */
void maas_node_devices_forget(struct node *node);
/* They are looked for when they are first asked for. */
void maas_node_devices_found(struct node *node);
json_t *maas_vm_host_reference(const struct node *node);
/* "name", "type" of its host; "" if it has none. */
const char *maas_vm_host_word(const struct node *node, const char *key);
bool maas_ip_reserved(const struct maas *maas, const struct ip *ip);

/* ---- config.c ---- */
json_t *maas_config_defaults(void);
bool maas_config_bool(const struct maas *maas, const char *name);
const char *maas_config_text(const struct maas *maas, const char *name);

/* ---- zones.c, domains.c, tags.c ---- */
struct zone *maas_zone_find(const struct maas *maas, const char *name);
struct zone *maas_zone_make(
    struct maas *maas, const char *name, const char *description);
json_t *maas_zone_json(const struct zone *zone);
struct pool *maas_pool_find(const struct maas *maas, const char *name);
struct pool *maas_pool_make(
    struct maas *maas, const char *name, const char *description);
json_t *maas_pool_json(const struct pool *pool);
struct domain *maas_domain_find(const struct maas *maas, const char *name);
/* By name, or by id when it is a number; "name:x" and "id:7" say which. */
struct domain *maas_domain_named(const struct maas *maas, const char *word);
struct domain *maas_domain_make(struct maas *maas, const char *name);
json_t *maas_domain_json(const struct maas *maas, const struct domain *domain);
/* NULL if the text is a host label; else the sentence of the form. */
char *maas_label_fault(const char *label);
struct tag *maas_tag_find(const struct maas *maas, const char *name);
struct tag *maas_tag_make(struct maas *maas, const char *name);

/* ---- networks ---- */
struct fabric *maas_fabric_make(struct maas *maas, const char *name);
json_t *maas_vlan_json(const struct vlan *vlan);
struct vlan *maas_vlan_make(
    struct maas *maas, struct fabric *fabric, int vid, const char *name);
struct vlan *maas_vlan_default(
    const struct maas *maas, const struct fabric *fabric);
void maas_vlan_free(struct vlan *vlan);
json_t *maas_subnet_json(const struct subnet *subnet);
struct subnet *maas_subnet_make(
    struct maas *maas, const struct ip_net *net, struct vlan *vlan);
/* The smallest network that holds the address, or NULL. */
struct subnet *maas_subnet_of(const struct maas *maas, const struct ip *ip);
/* By id, name, CIDR or specifier ("cidr:...", "name:...", "ip:..."). */
struct subnet *maas_subnet_named(const struct maas *maas, const char *word);
void maas_subnet_free(struct subnet *subnet);
struct iprange *maas_range_make(struct maas *maas, struct subnet *subnet,
    bool dynamic, const struct ip *first, const struct ip *last,
    struct user *user, const char *comment);
void maas_range_free(struct iprange *range);

/* ---- lease.c ---- */
/* Of a machine that boots an ephemeral system from the network. */
void maas_lease_give(struct node *node, struct boot_offer *offer);
void maas_lease_end(struct node *node); /* it is off */

/* ---- addresses.c ---- */
struct address *maas_address_make(
    struct maas *maas, enum alloc_type type, struct subnet *subnet);
void maas_address_assign(
    struct address *address, const struct ip *ip, usec time);
/* The event about it, once all is set. */
void maas_address_told(struct maas *maas, const struct address *address);
/* Leaves DNS resources and its interface. */
void maas_address_drop(struct maas *maas, struct address *address);
struct address *maas_address_find(const struct maas *maas, const struct ip *ip);
/* The lowest of the smallest free run of addresses; false: no more. */
bool maas_address_next(
    struct maas *maas, const struct subnet *subnet, bool probe, struct ip *ip);
json_t *maas_address_json(
    const struct maas *maas, const struct address *address);

/* ---- machine.c and around ---- */
struct node *maas_node_find(const struct maas *maas, const char *system_id);
struct node *maas_node_named(const struct maas *maas, const char *hostname);
struct node *maas_node_make(
    struct maas *maas, enum node_type type, const char *system_id);
void maas_node_drop(struct maas *maas, struct node *node);
void maas_node_free(struct node *node);
struct iface *maas_iface_make(
    struct node *node, const char *name, const char *type, const char *mac);
/* A MAC that somebody reserved an address for. */
struct iface *maas_iface_unowned(
    struct maas *maas, const char *mac, struct vlan *vlan);
void maas_iface_drop(struct maas *maas, struct iface *iface);
void maas_iface_free(struct iface *iface);
/* By id or name. */
struct iface *maas_iface_named(
    const struct maas *maas, const struct node *node, const char *word);
struct iface *maas_bridge_on(
    struct maas *maas, struct iface *parent, const char *name);
/* An acquired bridge goes and its links return to what it stood on. */
void maas_iface_give_back(struct iface *iface);
struct iface *maas_iface_with_mac(const struct maas *maas, const char *mac);
json_t *maas_iface_json(const struct iface *iface);
char *maas_node_fqdn(const struct node *node); /* free() it */
json_t *maas_node_json(const struct node *node);
json_t *maas_node_addresses(const struct node *node); /* list of texts */
const char *maas_script_status_name(int status);
json_t *maas_stranger_json(const struct node *node);
/* controllers.c: from the keys of a machine to those of a controller */
json_t *maas_controller_json(const struct node *node, json_t *machine);
void maas_node_touch(struct node *node);
/* What commissioning finds out; number makes serial numbers differ. */
struct hardware {
	int cpu_count, memory, number;
	int64_t disk_size;
};
void maas_node_found(struct node *node, const struct hardware *hardware);
void maas_node_limit_due(struct node *node);
/* DISCOVERED and AUTO rows for the boot interface, as commissioning leaves. */
void maas_node_link_boot(struct node *node);
void maas_node_restore_network(struct node *node);
void maas_node_lay_default(struct node *node);
/* Lower-case letters, "adjective-animal"; not in use. */
char *maas_node_new_name(struct maas *maas);
bool maas_mac_ok(const char *mac);
char *maas_mac_plain(const char *mac); /* 52:54:00:0a:..; free() it */

/* ---- machine_states.c ---- */
const char *maas_status_name(enum node_status status);
bool maas_status_parse(const char *identifier, enum node_status *status);
bool maas_status_may(enum node_status from, enum node_status to);
/* May a machine in it be released? */
bool maas_status_releasable(enum node_status status);
/* Moves, writes the event, and sets or ends what hangs on a status: limits,
 * work tokens, the machine's time line. */
void maas_node_enter(struct node *node, enum node_status status);
/* The task at hand got on: its limit starts anew. */
void maas_node_progress(struct node *node);
/* What a task is called when it failed; false: this status is no task. */
bool maas_status_failed(enum node_status status, enum node_status *failed);
/* An ERROR event with the reason, and the status. */
void maas_node_fail(
    struct node *node, enum node_status status, const char *why);

/* ---- node_events.c ---- */
enum event_level {
	EVENT_AUDIT = 0,
	EVENT_DEBUG = 10,
	EVENT_INFO = 20,
	EVENT_WARNING = 30,
	EVENT_ERROR = 40,
	EVENT_CRITICAL = 50,
};
void maas_event(struct node *node, enum event_level level, const char *type,
    const struct user *user, const char *description_fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The newest of level INFO or above, as status_message shows it; NULL. */
char *maas_event_message(const struct node *node);
/* The activity behind such an event, as status_action says it; "". */
const char *maas_stage_action(const char *type);
void maas_time_words(usec time, char out[40]);

/* ---- inventory_machines.c ---- */
void maas_load_controllers(struct maas *maas, const json_t *inventory);
bool maas_load_machines(
    struct maas *maas, const json_t *inventory, struct err *err);
/* A row for the address of the machine's BMC, if it has one. */
void maas_node_own_bmc(struct node *node);

/* ---- power.c ---- */
struct boot_offer;
void maas_pxe(void *ctx, const char *system_id, struct boot_offer *offer);
/* Is a rack connected that could reach it? The error is that of the API. */
bool maas_power_reachable(const struct node *node, struct err *err);
/* The BMC says no while the request waits (3.5). */
bool maas_power_refused(const struct node *node, struct err *err);
void maas_power_set(struct node *node, bool on);
const char *maas_power_query(struct node *node);
void maas_power_is(struct node *node, const char *state, const char *why);
/* Everything held back since the last time happens now. */
void maas_power_settle(struct maas *maas);
/* A rack is back and asks what has become of the machines meanwhile. */
void maas_power_catch_up(struct maas *maas);
/* The installer of this deployment is to fail, if it is its turn. */
void maas_power_spoil(struct node *node);
void maas_power_forget(struct node *node);
bool maas_power_known(const struct node *node); /* not manual, not "" */
void maas_power_init(struct node *node);
void maas_power_drop_bmc(struct node *node); /* the row of its BMC's address */

/* ---- bench_machine.c ---- */
void maas_bench_init(struct node *node);
void maas_bench_power(struct node *node, bool on);
void maas_bench_forget(struct node *node);
void maas_bench_step(struct node *node);

/* ---- what machines do, whoever asks ---- */
struct deploy_wish {
	const char *series; /* "", jammy, ubuntu/jammy */
	const char *hwe_kernel, *user_data, *agent_name, *comment;
	bool ephemeral, install_kvm, hw_sync;
};
void maas_node_acquire(struct node *node, struct user *user,
    const char *agent_name, const char *comment);
void maas_node_release(
    struct node *node, struct user *user, const char *comment);
struct commission_wish {
	bool skip_networking, skip_storage;
	const struct names *tests;
};
void maas_node_commission(
    struct node *node, struct user *user, const struct commission_wish *wish);
void maas_node_release_done(struct node *node);
bool maas_node_claim_addresses(struct node *node, struct err *err);
void maas_node_drop_addresses(struct node *node);
/* A DEBUG event "(bob) - comment". */
void maas_event_by(struct node *node, const char *type, const struct user *user,
    const char *comment);
/* Back to how it stood before its owner: links, osystem, owner data. */
void maas_node_ready(struct node *node);
/* The machine's own reports (metadata.c, control.c and the bench). */
void maas_node_netboot_off(struct node *node);
void maas_node_user_data_read(struct node *node);
void maas_node_signal(struct node *node, bool ok, const char *error);
void maas_node_report(struct node *node, const json_t *message);

/* ---- results.c ---- */
struct script_set *maas_results_start(
    struct node *node, enum result_type type, const char *const *names);
struct script_set *maas_results_start_names(
    struct node *node, enum result_type type, const struct names *names);
/* MAAS's scripts and those of administrators. */
struct script_set *maas_results_commission(struct node *node);
void maas_results_free(struct script_set *set);
void maas_results_all(struct script_set *set, int status);
/* -1: none; of the scripts that test this hardware, NULL: of all. */
int maas_results_status(const struct script_set *set, const char *hardware);
extern const char *const maas_commissioning_scripts[];

/* ---- dns.c ---- */
void maas_dns_changed(struct maas *maas);
void maas_dns_catch_up(struct maas *maas);
void maas_dns_resource_free(struct dns_resource *resource);
void maas_dns_unlink(struct maas *maas, const struct address *address);
void maas_dns_drop(struct maas *maas, struct dns_resource *resource);
struct dns_resource *maas_dns_find(
    const struct maas *maas, const char *name, const struct domain *domain);
struct dns_resource *maas_dns_make(
    struct maas *maas, const char *name, struct domain *domain);
void maas_dns_link(struct dns_resource *resource, struct address *address);
json_t *maas_dns_data_json(const struct dns_data *data);
bool maas_dns_label_ok(const char *label);

/* ---- images.c ---- */
struct image *maas_image_make(
    struct maas *maas, const char *name, const char *architecture);
void maas_image_free(struct image *image);
/* series may be "jammy", "ubuntu/jammy", "custom/x" or "x"; "" the default.
 * False if there is no such thing. */
bool maas_image_resolve(
    const struct maas *maas, const char *series, char os[64], char release[64]);
json_t *maas_image_json(const struct maas *maas, const struct image *image);
/* "amd64/generic": what machines may be, because there are images for it. */
void maas_architectures(const struct maas *maas, struct names *names);
/* A text list for the error of deploy: '', 'ubuntu/focal', ... */
char *maas_image_choices(const struct maas *maas);
/* "custom ubuntu": systems that have images; or "focal jammy": those of os. */
char *maas_image_words(const struct maas *maas, const char *os);

#endif

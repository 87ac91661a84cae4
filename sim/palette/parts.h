/*
 * parts: what the management plane is made of, for sim/palette alone.
 *
 * Everything is owned by struct palette and lives until palette_free, except
 * where a noun says otherwise; the lists are arrays in the order of birth and
 * are always walked in that order. Documents that Palette only keeps for its
 * clients (labels, cluster settings) stay JSON; what it decides on is a field.
 */
#ifndef SIM_PALETTE_PARTS_H
#define SIM_PALETTE_PARTS_H

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "sim/palette/palette.h"

#define UID_ROOM 25 /* 24 lower-case hex digits */

#define PUSH(array, count, item)                                               \
	do {                                                                   \
		(array) = xrealloc((array), ((count) + 1) * sizeof(*(array))); \
		(array)[(count)++] = (item);                                   \
	} while (0)

/* ---- what every stored object has ---- */

struct meta {
	char uid[UID_ROOM];
	char *name;
	json_t *labels, *annotations;
	usec created_time, modified_time, deleted_time; /* 0: not (yet) */
};
void meta_init(struct palette *palette, struct meta *meta, const char *kind,
    const char *name);
void meta_free(struct meta *meta);
void meta_touch(struct palette *palette, struct meta *meta);
/* Take name, labels and annotations from a v1ObjectMeta, where they are of
 * the right type; annotations are merged, labels replaced. */
void meta_take(struct meta *meta, const json_t *doc);
json_t *meta_json(const struct meta *meta);
json_t *time_json(usec time); /* 0 is the zero time of the API */

/* ---- people ---- */

struct project {
	struct meta meta;
};
struct user {
	struct meta meta;
	char *email, *password, *first_name, *last_name;
	bool is_admin, is_active;
};
struct api_key {
	struct meta meta;
	char *key;
	struct user *user;
	bool is_active;
	usec expiry_time; /* 0: never */
};
struct session { /* a JWT */
	char *token;
	struct user *user;
	usec expiry_time;
};

/* ---- gateways ---- */

#define GATEWAY_STATES(X)               \
	X(PENDING, "Pending")           \
	X(PROVISIONING, "Provisioning") \
	X(RUNNING, "Running")

#define STATE_ENUM(name, text) GATEWAY_##name,
enum gateway_state {
	GATEWAY_STATES(STATE_ENUM)
};
#undef STATE_ENUM

/* Which report numbers of a gateway were kept: ranges, ascending. */
struct seq_range {
	int64_t first, last;
};

struct gateway {
	struct palette *palette;
	struct meta meta;
	enum gateway_state state;
	char *code;  /* that it was paired with */
	char *key;   /* of the gateway that registered; NULL before */
	char *token; /* NULL: it must register (again) */
	char *ip_address;
	char account_uid[UID_ROOM]; /* its own cloud account, or "" */
	char migrated_to[UID_ROOM]; /* later work for it goes there, or "" */
	char *agent_version;
	int64_t epoch;
	bool was_heard;
	usec heard_at; /* instant of the last registration or poll */
	usec heard_time;
	struct timer lost;
	struct seq_range *kept;
	size_t kept_count;
	char *told; /* what the last event said */
	bool is_removed;
};

struct pairing {
	char *code;
	char cloud_type[24];
	usec expiry_time;
	bool replaced;
	struct gateway *gateway; /* NULL until the manifest was fetched */
};

/* ---- accounts ---- */

struct account {
	struct meta meta;
	char project_uid[UID_ROOM]; /* "": shared with all projects */
	char *api_endpoint, *api_key;
	char *ca_pem; /* only a gateway brings one; "" for none */
	json_t *preferred_subnets;
	bool is_removed;
};

/* ---- profiles ---- */

struct profile {
	struct meta meta;
	char project_uid[UID_ROOM]; /* "": of the tenant */
	char *version, *type;
	json_t *draft, *published; /* lists of packs, or NULL */
	json_t *variables;
	bool is_removed;
};

/* ---- clusters ---- */

#define CLUSTER_STATES(X)               \
	X(PENDING, "Pending")           \
	X(PROVISIONING, "Provisioning") \
	X(RUNNING, "Running")           \
	X(DELETING, "Deleting")         \
	X(DELETED, "Deleted")           \
	X(ERROR, "Error")

#define STATE_ENUM(name, text) CLUSTER_##name,
enum cluster_state {
	CLUSTER_STATES(STATE_ENUM)
};
#undef STATE_ENUM

struct machine {
	struct meta meta;
	char *state; /* instanceState */
	char *system_id, *hostname, *address, *az;
	json_t *nics;        /* as the agent gave them, or NULL */
	json_t *health;      /* v1MachineHealth, or NULL */
	bool is_wanted_gone; /* an operator asked for its replacement */
	usec changed_time;
};

struct pool {
	char *name;
	char uid[UID_ROOM];
	bool is_control_plane;
	bool is_retired; /* deleted; goes when its last machine is gone */
	int64_t size;    /* 0 when it is retired */
	json_t *config;  /* poolConfig as it was given */
	json_t *cloud;   /* cloudConfig as it was given */
	struct machine **machines;
	size_t machine_count;
};

struct cluster {
	struct palette *palette;
	struct meta meta;
	char project_uid[UID_ROOM];
	enum cluster_state state;
	struct meta config; /* the cloud config */
	struct account *account;
	struct gateway *gateway;
	json_t *cloud_config;   /* v1MaasClusterConfig */
	json_t *cluster_config; /* v1ClusterConfig */
	json_t *profiles;       /* uid, packValues (complete), variables */
	char *kubernetes_version, *image, *pod_cidr, *service_cidr;
	struct pool **pools;
	size_t pool_count;
	json_t *conditions, *endpoints, *services, *packs;
	char *admin_kubeconfig, *client_kubeconfig, *manifest;
	bool handed_over;
	usec handed_at;
	/* the agent */
	char *agent_token, *agent_version, *agent_message;
	bool agent_forgotten; /* its token is refused once */
	bool was_heard;
	usec heard_at, heard_time;
	struct timer lost;
	char *applied_hash;
	usec applied_time;
	/* desired state */
	int64_t generation;
	char spec_hash[17];
	char settled_hash[17]; /* what held when it became Running */
	struct token token;
	char *told;
	bool is_finished; /* it was told that it is Deleted */
	bool is_dropped;  /* out of every list; only its events remain */
};

/* ---- instructions ---- */

#define INSTRUCTION_KINDS(X)           \
	X(CREATE, "ClusterCreate")     \
	X(DELETE, "ClusterDelete")     \
	X(VALIDATE, "AccountValidate") \
	X(QUERY, "MaasQuery")

#define KIND_ENUM(name, text) INSTRUCTION_##name,
enum instruction_kind {
	INSTRUCTION_KINDS(KIND_ENUM)
};
#undef KIND_ENUM

#define INSTRUCTION_STATES(X) \
	X(OPEN, "open")       \
	X(DONE, "done")       \
	X(FAILED, "failed")   \
	X(WITHDRAWN, "withdrawn")

#define STATE_ENUM(name, text) INSTRUCTION_##name,
enum instruction_state {
	INSTRUCTION_STATES(STATE_ENUM)
};
#undef STATE_ENUM

struct question;

struct instruction {
	struct palette *palette;
	char *id;
	enum instruction_kind kind;
	enum instruction_state state;
	struct cluster *cluster; /* NULL: it is a question */
	struct gateway *gateway; /* who has it now */
	int64_t generation;
	char *waiting; /* the gateway's sentence, or NULL */
	struct question *question;
	char *told;
};

/* ---- events and the rest ---- */

struct component_event {
	struct meta meta;
	char object_kind[24], object_uid[UID_ROOM];
	char *object_name, *severity, *reason, *message;
	char *component, *source_host;
};

struct tenant_cert {
	struct meta meta;
	char *certificate;
	bool is_ca, is_removed;
};

struct bucket { /* of the rate limit */
	char address[46];
	int64_t left; /* millionths of a request */
	usec filled_at;
};

struct palette {
	struct host *host;
	char *name, *endpoint, *ca_pem;
	uint16_t port;
	struct identity *identity;
	usec gateway_lost_after_for, cluster_lost_after_for, poll_after_for;
	unsigned requests_per_second;
	usec jwt_for;
	struct listener *listener;
	struct routes *routes;
	char tenant_uid[UID_ROOM];
	struct user **users;
	size_t user_count;
	struct api_key **keys;
	size_t key_count;
	struct session **sessions;
	size_t session_count;
	struct project **projects;
	size_t project_count;
	struct pairing **pairings;
	size_t pairing_count;
	struct gateway **gateways;
	size_t gateway_count;
	struct account **accounts;
	size_t account_count;
	struct profile **profiles;
	size_t profile_count;
	struct cluster **clusters;
	size_t cluster_count;
	struct instruction **instructions;
	size_t instruction_count;
	struct component_event **component_events;
	size_t component_event_count;
	struct tenant_cert **certs;
	size_t cert_count;
	struct bucket *buckets;
	size_t bucket_count;
	bool auto_remediation; /* the tenant's setting */
	bool is_closing;
};

void uid_make(struct palette *palette, char uid[UID_ROOM], const char *kind);
usec palette_time(const struct palette *palette);
/* Replace *slot by a copy; true if that changed anything. */
bool text_set(char **slot, const char *text);
/* A secret text of len characters, registered under `name`. */
char *secret_make(struct palette *palette, size_t len, const char *name);
/* Emit a state event if it says something new; fields as in EVENT(). */
void tell_state(struct palette *palette, char **told, const char *about,
    const struct event_field *fields, size_t count);

#endif

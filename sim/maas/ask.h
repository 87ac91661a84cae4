/*
 * ask: one request while it is being answered.
 *
 * An operation (operations.tbl) is a function that is given an ask and gives
 * it exactly one answer. MAAS answers in three ways, which differ in headers
 * and in what becomes of the transaction, and so there are three families:
 *
 *	maas_answer...	the handler returned: committed, the nonce is burnt
 *	maas_refuse...	an exception: rolled back, the nonce is free again.
 *			An operation refuses before it changes anything.
 *	maas_late...	something failed after the commit: the changes stay
 */
#ifndef SIM_MAAS_ASK_H
#define SIM_MAAS_ASK_H

#include "base/net.h"
#include "sim/maas/form.h"
#include "sim/maas/region.h"

enum op_flag {
	OP_OPEN = 1,          /* never looks at credentials */
	OP_ANONYMOUS = 2,     /* of the handler for those without */
	OP_ADMIN = 4,         /* the method is reserved for admin users */
	OP_ADMIN_HANDLER = 8, /* the whole handler is */
	OP_ALIAS = 16,        /* works, but describe does not list it */
	OP_READS = 32,        /* changes nothing at all: see shown.c */
	OP_POST = 64,         /* looks at forms only; a document says nothing */
};

struct ask;
typedef void answer_fn(struct ask *ask);

struct operation {
	const char *handler, *name, *action, *method, *path, *op;
	unsigned flags;
	answer_fn *answer; /* NULL: not modelled */
};
const struct operation *maas_operation_table(size_t *count);

#define ASK_ARGS   4
#define OAUTH_KEPT 7

struct ask {
	struct maas *maas;
	struct exchange *exchange;
	const struct http_request *request;
	const struct operation *operation;
	char *path;        /* below /MAAS/api/2.0, slashes collapsed, decoded */
	char *signed_path; /* as it was addressed, slashes collapsed */
	char *op;          /* NULL: none */
	char *args[ASK_ARGS]; /* what stood for {...} in the path */
	struct form query;
	struct body body;
	bool garbled;      /* the body is not what its type says */
	struct user *user; /* NULL: nobody */
	struct api_key *key;
	char *oauth[OAUTH_KEPT]; /* what the header holds (oauth.c) */
	bool oauth_read, oauth_in_header;
	struct nonce nonce; /* once it was judged */
	bool session;       /* credentials were looked at: Vary names Cookie */

	struct held *held; /* the answer waits for a BMC (held.h) */
	bool answered, rolled_back;
	bool by_handler; /* the answer is one that the handler returned */
	struct http_response answer;
};

/* ---- what was asked ---- */
const char *maas_field(const struct ask *ask, const char *name); /* or NULL */
const char *maas_query(const struct ask *ask, const char *name); /* or NULL */
/* The same without white space around it, as fields of forms are read. */
const char *maas_stripped(struct ask *ask, const char *name);
size_t maas_letters(const char *text); /* not bytes */
#define MAAS_TOO_LONG \
	"Ensure this value has at most %d characters (it has %zu)."
bool maas_is_admin(const struct ask *ask);
/* The body is no object that has this attribute: no form, and not always a
 * document's. True: MAAS fell over that. */
bool maas_no_attribute(struct ask *ask, const char *attribute, bool dict_has);
/* The body is a document, where a list of a form's fields was looked for. */
bool maas_no_lists(struct ask *ask);
/* Mandatory: else refuses with "No provided NAME!" and gives NULL. */
const char *maas_needed(struct ask *ask, const char *name);
/* true/yes/1/on ...; absent gives fallback, empty is false. False: it is
 * neither, and the request was refused with 400. */
bool maas_flag(struct ask *ask, const struct form *form, const char *name,
    bool fallback, bool *value);
/* A box of a form: absent leaves it as it is, empty and "false" do not tick
 * it, and everything else does, "0" and "no" too (Django's CheckboxInput). */
void maas_checkbox(const struct form *form, const char *name, bool *ticked);

/* ---- answers ---- */
void maas_answer(struct ask *ask, json_t *body); /* 200; steals body */
void maas_answer_status(struct ask *ask, int status, json_t *body);
void maas_answer_compact(struct ask *ask, json_t *body);
/* 200; takes the body. A source, and a digest, are in the answer already. */
void maas_answer_written(struct ask *ask, struct buf *body);
void maas_answer_text(
    struct ask *ask, int status, const char *type, const char *text);
/* When the operation is done: ?format= other than json makes it a 400. */
void maas_check_format(struct ask *ask);
void maas_answer_gone(struct ask *ask);                       /* 204 */
void maas_answer_missing(struct ask *ask, const char *model); /* 404 */

void maas_refuse(struct ask *ask, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* No rack can be asked: 503, and when to come again. */
void maas_refuse_unreached(struct ask *ask, const char *text);
void maas_refuse_form(struct ask *ask, json_t *errors);  /* 400; steals */
void maas_refuse_model(struct ask *ask, json_t *errors); /* 400; steals */
void maas_refuse_conflict(struct ask *ask); /* the page with Retry-After */

void maas_late(
    struct ask *ask, int status, const char *text, const char *retry_after);

/* A constant of each version; clients only compare it with describe's. */
const char *maas_api_hash(const struct maas *maas);

/* A whole page of the web server in front. */
void maas_answer_bare(
    struct ask *ask, int status, const char *type, const char *text);

/* Errors of a form: {"field": ["sentence", ...]} */
void maas_error(json_t *errors, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Refuses if there is one; frees errors. */
bool maas_fine(struct ask *ask, json_t *errors);

/* ---- shown.c: machines as they were written out before ---- */
void maas_answer_machine(struct ask *ask, struct node *node);
/* A list: begun with NULL, added to, and taken by the answer. */
struct shown_list;
void maas_shown_add(struct shown_list **list, struct node *node);
void maas_answer_shown(struct ask *ask, struct shown_list *list);

/* ---- oauth.c ---- */
enum oauth_verdict {
	OAUTH_NONE,    /* no credentials: anonymous */
	OAUTH_GOOD,    /* ask->user and ask->key are set */
	OAUTH_REFUSED, /* answered */
};
enum oauth_verdict maas_oauth(struct ask *ask);
/* The nonce of a request that was committed is used up. */
void maas_oauth_commit(struct ask *ask);

/* ---- used by several operations ---- */
bool maas_json_has_text(const json_t *list, const char *text);
/* An AUDIT event about what the caller did. */
void maas_audit(struct ask *ask, const char *type, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The machine (device, rack, any node for /nodes/) in args[0], seen by the
 * caller. NULL: answered with 404 or 403. */
struct node *maas_ask_node(struct ask *ask, const char *model);
/* The same, for a change: not locked, and the caller's to edit. */
struct node *maas_ask_edit(struct ask *ask, const char *model);
struct node *maas_ask_admin(struct ask *ask, const char *model);
/* The caller's own, locked or not: to lock and unlock. */
struct node *maas_ask_edit_locked(struct ask *ask);
/* By its id: of machines alone somebody may be kept away. */
bool maas_may_see(const struct ask *ask, const struct node *node);
/* In lists: nobody's, the caller's own, and all for administrators. */
bool maas_is_listed(const struct ask *ask, const struct node *node);
bool maas_may_edit(const struct ask *ask, const struct node *node);
/* "a.b.c" is the label a in the domain b.c, or "@" of the domain a.b.c; of a
 * SRV record the name has two labels more. NULL: answered (404, or 500 when
 * it cannot be split). */
struct domain *maas_dns_split(
    struct ask *ask, const char *fqdn, const char *type, char label[256]);
/* A name, or digits that are an id. NULL: answered with 404. */
struct domain *maas_domain_plain(struct ask *ask, const char *word);
char *maas_upper(const char *text);         /* free() it */
bool maas_dns_is_special(const char *fqdn); /* "", "@" or "*": not split */
void maas_check_domain_name(
    const struct maas *maas, json_t *errors, const char *name);
/* The host that a record names. */
void maas_check_record_host(
    const struct maas *maas, json_t *errors, const char *name);
/* A field of a form that is a number: *number is set and true, or errors. */
bool maas_form_number(json_t *errors, const char *field, const char *text,
    int64_t lowest, int64_t highest, int64_t *number);
/* Of a list: does ?id= name it, or nobody? */
bool maas_id_wanted(const struct ask *ask, const struct node *node);
/* The fields of the form become annotations of the node. Answers. */
void maas_owner_data_set(struct ask *ask, struct node *node);
/* http, https, ftp or ftps, and a host that has dots, is "localhost" or an
 * address: what Django's forms take for a URL. */
bool maas_url_ok(const char *text);
/* The id in args[0] of a noun that is found by nothing else. False: it is no
 * number, and the region fell over it. */
bool maas_id_asked(struct ask *ask, int64_t *id);
/* The same of any word. */
bool maas_id_of(struct ask *ask, const char *word, int64_t *id);
/* "12" -> 12; -1 if it is not a number. */
int64_t maas_number(const char *text);
/* As the form of commissioning says, which was judged before. */
void maas_commission_asked(struct ask *ask, struct node *node);
/* A box that is ticked: anything but nothing, "false" and "0". */
bool maas_ticked(const struct ask *ask, const char *name);
bool maas_is_tick(const char *text); /* may be NULL */
/* Racks are told to import: "started on WHERE". Answers. */
void maas_import_begun(struct ask *ask, const char *where);
/* A task cannot start without a BMC to start it with. False: refused, as it is
 * without a node. */
bool maas_power_configured(struct ask *ask, const struct node *node);
/* The scripts that commissioning is to run: is each one a choice, and what
 * they are told? NULL: a machine that is yet to be. */
void maas_commission_scripts_check(
    struct ask *ask, const struct node *node, json_t *errors);
bool maas_agent_name_ok(struct ask *ask, const char *agent);
/* What allocate and deploy are asked for besides. False: refused. */
struct bridging {
	const char *type; /* NULL: standard */
	bool stp;
	int64_t fd; /* forwarding delay */
};
struct allocation {
	bool bridge_all, install_rackd, install_kvm;
	bool register_vmhost, ephemeral, hw_sync;
	struct bridging bridging;
};
bool maas_allocation_read(struct ask *ask, struct allocation *options);
/* A bridge on every interface that has a link. */
void maas_bridge_all(
    struct ask *ask, struct node *node, const struct bridging *bridging);
/* Given back after a failure that came after the commit. */
void maas_late_power(struct ask *ask, const struct err *err);

#define M(handler, name, action, method, path, op, flags, fn, checked) \
	answer_fn fn;
#define U(handler, name, action, method, path, op, flags)
#include "sim/maas/operations.tbl"
#undef M
#undef U

#endif

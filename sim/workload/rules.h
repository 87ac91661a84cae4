/*
 * rules: what a control plane does about a cluster's objects by itself.
 *
 * Modelled, not real: a few rules in place of controllers, applied to the
 * cluster's store (capi/store.h) when somebody is about to see the result. All
 * of it belongs to its cluster; tokens of accounts live in the cluster's memory
 * and not in the store.
 */
#ifndef SIM_WORKLOAD_RULES_H
#define SIM_WORKLOAD_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct cluster;

/* ---- csr.c: certificates for joining kubelets ---- */
/* Signs what a bootstrap token (or the node itself) asked for a node's client
 * certificate; leaves the rest pending. */
void csr_sign_all(struct cluster *cluster);

/* ---- tokens.c ---- */
struct user {
	char name[160];
	char groups[120];
};
/* Who brings this bearer token? False if nobody that we know, or no longer. */
bool token_user(struct cluster *cluster, const char *token, struct user *user);
/* Bootstrap tokens whose time is over are deleted, and kube-public/cluster-info
 * is signed with those that are left. The real controllers do this in the
 * background; here it is done when somebody is about to read the result. */
void tokens_refresh(struct cluster *cluster);
/* A token of a service account, as a pod finds it mounted. A new one for each
 * pod; it dies with account_revoke. */
const char *account_token(
    struct cluster *cluster, const char *ns, const char *account);
void account_revoke(struct cluster *cluster, const char *token);
void account_free_all(struct cluster *cluster);
/* The detached JWS over a text that cluster-info carries per token. */
char *token_signature(const char *id, const char *secret, const char *text);

#endif

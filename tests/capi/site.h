/*
 * site: an API server on a wire, as thin as can be, and its client.
 *
 * The server's host is "server", its store `far`; `far_kube` is what `host`
 * sees of it. `near_kube` is a client of a store of `host` itself.
 */
#ifndef TESTS_CAPI_SITE_H
#define TESTS_CAPI_SITE_H

#include "base/sim_disk.h"
#include "base/wire.h"
#include "capi/kube.h"
#include "capi/rest.h"
#include "tests/capi/lab.h"

extern struct store *near_store, *far;
extern struct kube *near_kube, *far_kube;
/* The road to the server: ROUTE_OPEN unless a test says otherwise. */
extern enum route_verdict road;
/* After this many further requests the server does what `then` says; 0: not
 * at all. */
extern unsigned server_requests;
typedef bool site_hook_fn(struct exchange *exchange); /* true: it is dealt
                                                         with */
extern site_hook_fn *site_hook;

void site_open(void);
/* The server now asks for TLS, and serves who has a certificate of its CA. The
 * kubeconfig of an admin; free() it. */
char *site_use_tls(void);
/* The near store is kept on this disk from now on, and is empty. */
void site_use_disk(struct sim_disk *disk);
/* The host is dead, or is killed now; it starts again on the same disk (or, as
 * a store in memory outlives it, on the same store). */
void site_restart(void);
void site_close(void);

#endif

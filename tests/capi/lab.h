/*
 * lab: a host, and documents as people write them: with single quotes.
 */
#ifndef TESTS_CAPI_LAB_H
#define TESTS_CAPI_LAB_H

#include <jansson.h>

#include "base/host.h"
#include "capi/store.h"
#include "tests/test.h"

extern struct loop *loop;
extern struct host *host;

void lab_open(void);
void lab_close(void);
/* Another host of the same world. */
struct host *lab_host(const char *name);
void lab_host_free(struct host **host);
void lab_run_for(usec wait_for);
void lab_run(void); /* until nothing is left to do */

/* {'a':1} */
json_t *doc(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Create it there; it must succeed. The object as stored, borrowed. */
const json_t *put_in(struct store *store, const char *ns, json_t *obj);
void make_namespace(struct store *store, const char *name);

#endif

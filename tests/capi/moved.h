/*
 * moved: a cluster of which every kind has one, its move from one side of a
 * site to the other, and the invariants that hold at every instant of it.
 */
#ifndef TESTS_CAPI_MOVED_H
#define TESTS_CAPI_MOVED_H

#include "capi/move.h"
#include "tests/capi/site.h"

extern struct store *source, *target;
extern struct kube *from, *to;
extern size_t original_count; /* objects that belong to the cluster */

extern struct move *moving;
extern enum move_phase stored; /* what the mover told last */
extern bool ended, store_fails;
extern struct err outcome; /* kind ERR_NONE: done */
/* Called when a phase is told; may set store_fails. */
extern void (*on_phase)(enum move_phase phase);

void open_move(bool to_far);
void fill_source(bool to_far); /* of a site that is open */
void set_sides(bool to_far);   /* after a restart: the clients are new */
void close_move(void);

void set_status(const char *kind, const char *name, json_t *status);
void start_move(void); /* from the phase in `stored` */
bool one_step(void);   /* one event; false when the move has ended */
void run_move(void);
void run_move_watched(bool closely);

bool holds_all(const struct store *store);
size_t held(const struct store *store);
bool is_unpaused(const struct store *store);
void check_invariants(const char *when, int step); /* I1 to I11 */
void check_moved(const char *when, int step);

#endif

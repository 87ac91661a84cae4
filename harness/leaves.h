/*
 * leaves: what a dead host's disk has to say to its next life.
 *
 * Of a database that is what SQLite reads after its recovery: the rows. Where
 * they lie on which page, and what half a transaction has left in a journal,
 * is nothing that a program can see. Of any other file it is its bytes.
 */
#ifndef HARNESS_LEAVES_H
#define HARNESS_LEAVES_H

#include "base/host.h"
#include "base/sim_disk.h"

struct leaves;

struct leaves *leaves_new(struct loop *loop);
void leaves_free(struct leaves **leaves);
/* A hash of it, after process death or power loss. The disk stays as it is. */
uint64_t leaves_of(
    struct leaves *leaves, const struct sim_disk *disk, bool power_loss);

#endif

/*
 * faults: what goes wrong with exchanges on their way.
 *
 * A fault is a step of the timeline: it begins there, meets the exchanges
 * with its server that fit its scope, and ends by count, by time or by a
 * claim. It is carried out by the wire (base/wire.h asks for each exchange
 * that arrives at a server, and again for each answer that leaves it). A
 * fault that met nothing fails the run: the plot did not take place.
 */
#ifndef HARNESS_FAULTS_H
#define HARNESS_FAULTS_H

#include "base/wire.h"
#include "harness/scenario.h"
#include "harness/view.h"

struct faults;

struct fault_count {
	const struct step *step;
	unsigned long met;
};

/* The events, choices and view outlive it. */
struct faults *faults_new(
    struct events *events, struct choices *choices, const struct view *view);
void faults_free(struct faults **faults);
wire_fault_fn faults_strike; /* ctx: the struct faults */
void faults_begin(struct faults *faults, const struct step *step, usec now_at);
/* Ends those whose claim holds by now: after every event. */
void faults_look(struct faults *faults, usec now_at);
size_t faults_count(const struct faults *faults);
struct fault_count faults_nth(const struct faults *faults, size_t n);
/* Did any fault meet an exchange between these two in this span of time? For
 * the law that exchanges are answered. */
bool faults_met(const struct faults *faults, const char *server);

#endif

/*
 * golden_play: plays recorded exchanges against a region and judges it.
 */
#ifndef TESTS_MAAS_GOLDEN_PLAY_H
#define TESTS_MAAS_GOLDEN_PLAY_H

#include "tests/maas/direct.h"
#include "tests/maas/golden_compare.h"

struct golden_score {
	int ok, different, allowed, unmodelled, trouble;
};

struct golden_player {
	struct lab *lab;
	const json_t *inventory;
	/* topic -> name -> reason: differences that are meant */
	const json_t *allowed;
	struct golden_ids ids;
	json_t *labels; /* nonces and times that are used again */
	struct golden_score score;
	bool silent;
};

/* Plays the entries of one topic; the score counts on. */
void golden_play(
    struct golden_player *player, const char *topic, const json_t *entries);

#endif

/*
 * golden_compare: is an answer the recorded one?
 *
 * Equal type by type, key sets equal, lists in order. What may differ is
 * declared in golden_compare.c and nowhere else: moments keep their shape,
 * ids are matched one to one, a few texts are masked.
 */
#ifndef TESTS_MAAS_GOLDEN_COMPARE_H
#define TESTS_MAAS_GOLDEN_COMPARE_H

#include "base/buf.h"
#include "base/http.h"
#include "tests/maas/golden_ids.h"

struct golden_differences {
	struct buf text; /* one line each */
	size_t count;
};

/* body: the answer's, parsed where it was JSON, else a text. */
void golden_compare(struct golden_ids *ids, const json_t *recorded,
    const json_t *actual, struct golden_differences *out);
void golden_compare_headers(struct golden_ids *ids, const json_t *recorded,
    const struct http_headers *actual, struct golden_differences *out);
void golden_differ(struct golden_differences *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "<100000 x>" and "<11 MiB of x>" stand for that many letters. */
char *golden_expand(const char *text);

#endif

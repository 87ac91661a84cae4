#include "base/text_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/quick_hash.h"

#define FIRST_BUCKETS 64 /* a power of two, as all that follow */

static struct text_link **bucket_of(
    const struct text_index *index, uint64_t hash)
{
	return &index->buckets[hash & (index->bucket_count - 1)];
}

/* Behind its like: the one that came first is found. */
static void put(struct text_index *index, struct text_link *link)
{
	struct text_link **at = bucket_of(index, link->hash);

	while (*at)
		at = &(*at)->next;
	link->next = NULL;
	*at = link;
}

static void grow(struct text_index *index)
{
	struct text_link **old = index->buckets, *link, *next;
	size_t old_count = index->bucket_count;

	index->bucket_count = old_count ? old_count * 2 : FIRST_BUCKETS;
	index->buckets = xcalloc(
	    index->bucket_count, sizeof(struct text_link *));
	for (size_t i = 0; i < old_count; i++)
		for (link = old[i]; link; link = next) {
			next = link->next;
			put(index, link);
		}
	free(old);
}

void text_index_add(
    struct text_index *index, struct text_link *link, const char *text)
{
	check(!link->text);
	if (index->count++ == index->bucket_count)
		grow(index);
	link->text = text;
	link->hash = quick_hash(0, text, strlen(text));
	put(index, link);
}

void text_index_remove(struct text_index *index, struct text_link *link)
{
	struct text_link **at;

	check(link->text);
	for (at = bucket_of(index, link->hash); *at != link; at = &(*at)->next)
		check(*at);
	*at = link->next;
	link->text = NULL;
	index->count--;
}

struct text_link *text_index_find(
    const struct text_index *index, const char *text)
{
	uint64_t hash = quick_hash(0, text, strlen(text));
	struct text_link *link;

	if (index->count == 0)
		return NULL;
	for (link = *bucket_of(index, hash); link; link = link->next)
		if (link->hash == hash && strcmp(link->text, text) == 0)
			return link;
	return NULL;
}

void text_index_free(struct text_index *index)
{
	free(index->buckets);
	memset(index, 0, sizeof(*index));
}

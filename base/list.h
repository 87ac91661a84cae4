/*
 * list: doubly linked, intrusive, in the order in which things were added.
 *
 *	struct list machines;   (of struct machine, by ->in_lab)
 *
 *	list_each(&lab->machines, struct machine, in_lab, m)
 *		...
 *
 * A zeroed link is in no list. The list owns nothing.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/owner.h"

struct list_link {
	struct list_link *prev, *next;
};
struct list {
	struct list_link head; /* head.next is first; NULL until first used */
};

static inline void list_init(struct list *list)
{
	list->head.prev = list->head.next = &list->head;
}

static inline bool list_is_empty(const struct list *list)
{
	return !list->head.next || list->head.next == &list->head;
}

static inline void list_add_before(
    struct list_link *where, struct list_link *link)
{
	link->prev = where->prev;
	link->next = where;
	where->prev->next = link;
	where->prev = link;
}

static inline void list_add(struct list *list, struct list_link *link)
{
	if (!list->head.next)
		list_init(list);
	list_add_before(&list->head, link);
}

static inline bool list_holds(const struct list_link *link)
{
	return link->next != NULL;
}

static inline void list_remove(struct list_link *link) /* twice is fine */
{
	if (!link->next)
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->prev = link->next = NULL;
}

/* The item whose link this is, or NULL at the end of the list. */
static inline void *list_item(
    const struct list *list, struct list_link *link, size_t offset)
{
	if (!link || link == &list->head)
		return NULL;
	return (char *)link - offset;
}

#define list_first(list, type, member) \
	((type *)list_item((list), (list)->head.next, offsetof(type, member)))

#define list_next(list, type, member, item)                                \
	((item) ? (type *)list_item(                                       \
	              (list), (item)->member.next, offsetof(type, member)) \
	        : NULL)

/* The item at hand may be removed and freed, the one after it may not. */
#define list_each(list, type, member, item)                           \
	for (type *item = list_first(list, type, member),             \
	          *item##_next = list_next(list, type, member, item); \
	     item; item = item##_next,                                \
	          item##_next = list_next(list, type, member, item))

#endif

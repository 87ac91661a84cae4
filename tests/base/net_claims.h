/*
 * net_claims: what the claims about the net share: a table of wires that each
 * of them is held against, and what several of them do.
 */
#ifndef TESTS_BASE_NET_CLAIMS_H
#define TESTS_BASE_NET_CLAIMS_H

#include "tests/base/net_lab.h"

/* A world for each wire, with and without TLS. */
void on_each_wire(void (*claim)(void));

#define ON_EACH_WIRE(claim)                 \
	static void claim##_here(void);     \
	TEST(claim)                         \
	{                                   \
		on_each_wire(claim##_here); \
	}                                   \
	static void claim##_here(void)

/* A path of so many letters. */
struct outcome get_long(size_t len);

extern struct outcome watch; /* a stream, once it is open */
void open_watch(void);
void say(const char *line); /* the server, on it */

struct dial by_proxy(void);
struct outcome get_by_proxy(void);

/* A server that begins to show another certificate, and is asked again. */
struct outcome get_after_rotation(
    const char *name, const struct identity *issuer);

#endif

/*
 * err: why something that may fail did fail.
 *
 * The caller owns the struct (usually on its stack); the callee fills it in
 * and returns false. Nothing is allocated and nothing is logged here: the
 * first caller that can decide what to do about it speaks. Code branches on
 * the kind, people read the text: one whole sentence without a full stop.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_kind {
	ERR_NONE,
	ERR_INPUT,     /* what we were given is wrong: a scenario, a flag */
	ERR_REFUSED,   /* the other side answered, and the answer is no */
	ERR_TIMEOUT,   /* no answer in time: it may or may not have happened */
	ERR_LOST,      /* sent, then the connection broke: same uncertainty */
	ERR_UNREACHED, /* never got there: nothing can have happened */
	ERR_UNTRUSTED, /* TLS: the other side is not who it should be */
	ERR_GARBLED,   /* it answered, and the answer cannot be understood */
	ERR_GONE,      /* the thing asked for is not there any more */
	ERR_CONFLICT,  /* somebody else changed it first */
	ERR_STORAGE,   /* the disk or the store says no */
};

struct err {
	enum err_kind kind;
	char text[400];
	int proxy_status; /* what a proxy refused with; else 0 (net.h) */
};

/* Fill in *err and return false, so that a function can end with
 * "return err_set(err, ERR_GONE, ...)". */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put words in front of what is there already: "store: " + "disk full". */
bool err_prefix(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif

/*
 * quick_hash: tells texts apart, long ones fast (8 bytes a nanosecond). It is
 * not made against an adversary, and its values are for this process only: for
 * anything else there is siphash (choices.h).
 */
#ifndef BASE_QUICK_HASH_H
#define BASE_QUICK_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t quick_hash(uint64_t seed, const void *data, size_t len);

#endif

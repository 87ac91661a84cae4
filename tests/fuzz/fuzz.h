/*
 * fuzz: what libFuzzer calls with bytes of its own making. Each fuzzer reads
 * them once, and checks what must be true of anything that was accepted.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif

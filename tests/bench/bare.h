/*
 * bare: libcurl and libmicrohttpd, and nothing of ours: what one thread can do
 * with both of them over a local socket that is kept open.
 */
#ifndef TESTS_BENCH_BARE_H
#define TESTS_BENCH_BARE_H

/* A GET and its answer, so many times. */
void bare_exchanges(int count);

#endif

/*
 * test: a thin readable layer over CUnit.
 *
 * A test is a function without arguments whose name is a claim; a file of
 * tests is a program that lists them:
 *
 *	TEST(two_releases_are_one)
 *	{
 *		...
 *		EXPECT_INT(m.state, MAAS_READY);
 *	}
 *	TESTS_BEGIN
 *	CASE(two_releases_are_one), CASE(...), TESTS_END
 *
 * A failed EXPECT ends its test (CUnit's fatal assertion) after printing both
 * values. The program exits 0 if every claim held, 1 if one did not, and 77 if
 * everything was skipped, which meson shows as SKIP.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <string.h>

#include "base/err.h"

typedef void test_fn(void);
struct test_case {
	const char *name;
	test_fn *run;
};

int test_main(const char *file, const struct test_case *cases, size_t count);
_Noreturn void test_failed(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* This test cannot be made here; the sentence is shown. */
_Noreturn void test_skip(const char *why);

#define TEST(claim) static void claim(void)
/* clang-format takes half a construct for a whole one. */
/* clang-format off */
#define CASE(claim)             \
	{                       \
		#claim, claim   \
	}
#define TESTS_BEGIN                                 \
	int main(void)                              \
	{                                           \
		static const struct test_case cases[] = {
#define TESTS_END                                          \
	};                                                 \
	return test_main(                                  \
	    __FILE__, cases, sizeof(cases) / sizeof(cases[0])); \
	}
/* clang-format on */

#define EXPECT(that)                                                           \
	do {                                                                   \
		if (!(that))                                                   \
			test_failed(__FILE__, __LINE__, "expected %s", #that); \
	} while (0)

#define EXPECT_INT(actual, expected)                                       \
	do {                                                               \
		long long a_ = (long long)(actual);                        \
		long long e_ = (long long)(expected);                      \
		if (a_ != e_)                                              \
			test_failed(__FILE__, __LINE__,                    \
			    "%s is %lld, expected %lld", #actual, a_, e_); \
	} while (0)

#define EXPECT_STR(actual, expected)                                  \
	do {                                                          \
		const char *a_ = (actual), *e_ = (expected);          \
		if (!a_ || strcmp(a_, e_) != 0)                       \
			test_failed(__FILE__, __LINE__,               \
			    "%s is \"%s\", expected \"%s\"", #actual, \
			    a_ ? a_ : "(null)", e_);                  \
	} while (0)

/* The text holds these words. */
#define EXPECT_HAS(actual, words)                                           \
	do {                                                                \
		const char *a_ = (actual), *w_ = (words);                   \
		if (!a_ || !strstr(a_, w_))                                 \
			test_failed(__FILE__, __LINE__,                     \
			    "%s is \"%s\", expected \"%s\" in it", #actual, \
			    a_ ? a_ : "(null)", w_);                        \
	} while (0)

#endif

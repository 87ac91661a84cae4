#include "tests/test.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* CUnit calls a test without an argument: the one at hand stands here. */
static const struct test_case *all_cases, *current;
static jmp_buf out_of_test;
static unsigned skipped;

static void run_current(void)
{
	if (setjmp(out_of_test) == 0)
		current->run();
}

void test_failed(const char *file, int line, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf(
	    "%s:%d: %s: %s\n", file, line, current ? current->name : "?", text);
	CU_assertImplementation(
	    CU_FALSE, (unsigned)line, text, file, "", CU_FALSE);
	longjmp(out_of_test, 1);
}

void test_skip(const char *why)
{
	printf("SKIP %s: %s\n", current ? current->name : "?", why);
	skipped++;
	longjmp(out_of_test, 1);
}

static void start_of_test(const CU_pTest test, const CU_pSuite suite)
{
	current = all_cases;
	for (CU_pTest t = suite->pTest; t && t != test; t = t->pNext)
		current++;
}

int test_main(const char *file, const struct test_case *cases, size_t count)
{
	CU_pSuite suite;
	unsigned failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	all_cases = cases;
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	suite = CU_add_suite(file, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		CU_add_test(suite, cases[i].name, run_current);
	CU_set_test_start_handler(start_of_test);
	CU_run_all_tests();
	failed = CU_get_number_of_failures();
	for (size_t i = 0; failed == 0 && i < count; i++)
		if (getenv("TEST_VERBOSE"))
			printf("ok %s\n", cases[i].name);
	printf("%s: %zu claims, %u broken, %u skipped\n", file, count,
	    CU_get_number_of_tests_failed(), skipped);
	CU_cleanup_registry();
	if (failed)
		return 1;
	return skipped == count ? 77 : 0;
}

#include "compat/checks.h"

#include <string.h>

static const struct check_table *const TABLES[] = { &checks_http,
	&checks_credentials, &checks_rights, &checks_machines, &checks_allocate,
	&checks_life, &checks_names, &checks_lists };

const struct check *check_at(size_t n)
{
	for (size_t i = 0; i < sizeof(TABLES) / sizeof(TABLES[0]); i++) {
		if (n < TABLES[i]->count)
			return &TABLES[i]->checks[n];
		n -= TABLES[i]->count;
	}
	return NULL;
}

static bool only_looks(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	       strcmp(method, "OPTIONS") == 0;
}

bool check_writes(const struct check *check)
{
	for (const struct check_step *step = check->steps; !step->end; step++)
		if (step->makes || (step->method && !only_looks(step->method)))
			return true;
	return false;
}

bool check_needs_other(const struct check *check)
{
	for (const struct check_step *step = check->steps; !step->end; step++)
		if (step->who == OTHER)
			return true;
	return false;
}

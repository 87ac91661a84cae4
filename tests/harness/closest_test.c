#include "harness/serve/closest.h"

#include "tests/test.h"

static const struct route_row ROWS[] = {
	{ "GET", "/machines/", NULL, true },
	{ "POST", "/machines/", NULL, true },
	{ "POST", "/machines/", "allocate", true },
	{ "GET", "/machines/{system_id}/", NULL, true },
	{ "POST", "/machines/{system_id}/", "deploy", true },
	{ "POST", "/machines/{system_id}/", "release", true },
	{ "GET", "/nodes/{system_id}/bcaches/", NULL, false },
	{ "GET", "/scripts/{name}", NULL, true },
};
static const struct route_rows MAAS = { "/MAAS/api/2.0", ROWS,
	sizeof(ROWS) / sizeof(ROWS[0]) };

static void explains(
    const char *method, const char *path, const char *op, const char *what)
{
	struct buf out = BUF_INIT;

	closest_explain(&MAAS, method, path, op, &out);
	EXPECT_STR(buf_text(&out), what);
	buf_free(&out);
}

TEST(a_slash_too_few_or_too_many_is_seen)
{
	explains("GET", "/MAAS/api/2.0/machines", NULL,
	    "/MAAS/api/2.0/machines/ is there: the slash at the end is "
	    "missing");
	explains("GET", "/MAAS/api/2.0/machines/abc", NULL,
	    "/MAAS/api/2.0/machines/abc/ is there: the slash at the end is "
	    "missing");
	explains("GET", "/MAAS/api/2.0/scripts/x/", NULL,
	    "/MAAS/api/2.0/scripts/x is there: without a slash at its end");
}

TEST(a_misspelt_path_has_a_nearest_one)
{
	explains("GET", "/MAAS/api/2.0/machine/abc/", NULL,
	    "nothing is at /MAAS/api/2.0/machine/abc/; the nearest is "
	    "/MAAS/api/2.0/machines/abc/");
	explains("GET", "/MAAS/api/2.0/node/abc/bcachs/", NULL,
	    "nothing is at /MAAS/api/2.0/node/abc/bcachs/; the nearest is "
	    "/MAAS/api/2.0/nodes/abc/bcaches/");
	explains("GET", "/MAAS/api/2.0/teapots/", NULL,
	    "nothing is at /MAAS/api/2.0/teapots/, and nothing is called "
	    "alike");
}

TEST(a_path_outside_of_the_api_is_shown_the_way)
{
	explains("GET", "/api/2.0/machines/", NULL,
	    "the API begins at /MAAS/api/2.0/: /MAAS/api/2.0/machines/ is "
	    "there");
	explains("GET", "/machines/", NULL,
	    "the API begins at /MAAS/api/2.0/: /MAAS/api/2.0/machines/ is "
	    "there");
	explains("GET", "/favicon.ico", NULL, "");
}

TEST(a_method_is_told_those_that_there_are)
{
	explains("PUT", "/MAAS/api/2.0/machines/", NULL,
	    "/MAAS/api/2.0/machines/ takes no PUT; it takes GET, POST");
}

TEST(an_op_is_misspelt_missing_or_of_another_method)
{
	explains("POST", "/MAAS/api/2.0/machines/", "alocate",
	    "/MAAS/api/2.0/machines/ has no op=alocate; the nearest is "
	    "op=allocate (POST)");
	explains("GET", "/MAAS/api/2.0/machines/", "allocate",
	    "op=allocate of /MAAS/api/2.0/machines/ wants POST, not GET");
	explains("POST", "/MAAS/api/2.0/machines/abc/", NULL,
	    "POST /MAAS/api/2.0/machines/abc/ wants an op; it has op=deploy, "
	    "op=release");
	explains("POST", "/MAAS/api/2.0/machines/abc/", "explode",
	    "POST /MAAS/api/2.0/machines/abc/ has no op=explode; it has "
	    "op=deploy, op=release");
	explains("GET", "/MAAS/api/2.0/machines/abc/", "explode",
	    "GET /MAAS/api/2.0/machines/abc/ has no op=explode and has none");
}

TEST(what_is_not_modelled_is_called_that)
{
	explains("GET", "/MAAS/api/2.0/nodes/abc/bcaches/", NULL,
	    "GET /MAAS/api/2.0/nodes/{system_id}/bcaches/ is known and not "
	    "modelled");
}

TEST(what_is_there_needs_no_explanation)
{
	explains("GET", "/MAAS/api/2.0/machines/abc/", NULL, "");
}

TESTS_BEGIN
CASE(a_slash_too_few_or_too_many_is_seen),
    CASE(a_misspelt_path_has_a_nearest_one),
    CASE(a_path_outside_of_the_api_is_shown_the_way),
    CASE(a_method_is_told_those_that_there_are),
    CASE(an_op_is_misspelt_missing_or_of_another_method),
    CASE(what_is_not_modelled_is_called_that),
    CASE(what_is_there_needs_no_explanation), TESTS_END

#include <string.h>

#include "base/buf.h"
#include "sim/maas/ways.h"
#include "tests/test.h"

static struct ways *ways;

static const struct operation *find(
    const char *method, const char *path, const char *op, bool anonymous)
{
	struct way way;

	way_find(ways, path, &way);
	return way_choose(&way, method, op, anonymous);
}

/* "/machines/{system_id}/" with a word for what is in braces. */
static char *filled_in(const char *pattern)
{
	struct buf path = BUF_INIT;

	for (; *pattern; pattern++) {
		if (*pattern != '{') {
			buf_addc(&path, *pattern);
			continue;
		}
		buf_adds(&path, "word");
		pattern = strchr(pattern, '}');
	}
	return buf_detach(&path);
}

static void every_row_of_the_table_is_found_by_its_path_and_op(void)
{
	size_t count;
	const struct operation *table = maas_operation_table(&count);

	ways = ways_new();
	for (size_t i = 0; i < count; i++) {
		const struct operation *row = &table[i];
		char *path = filled_in(row->path);
		const struct operation *found = find(
		    row->method, path, row->op, row->flags & OP_ANONYMOUS);

		EXPECT(found);
		EXPECT_STR(found->path, row->path);
		EXPECT_STR(found->action, row->action);
		free(path);
	}
	ways_free(&ways);
}

static void only_subnets_and_files_have_names_with_slashes(void)
{
	char *args[ASK_ARGS] = { NULL };
	const struct operation *row;

	ways = ways_new();
	row = find("GET", "/subnets/10.0.0.0/24/", NULL, false);
	EXPECT(row && row_has_path(row, "/subnets/10.0.0.0/24/", args));
	EXPECT_STR(args[0], "10.0.0.0/24");
	free(args[0]);
	EXPECT(find("GET", "/files/a/b/", NULL, false));
	EXPECT(!find("GET", "/machines/a/b/", NULL, false));
	ways_free(&ways);
}

static void a_path_that_is_nobodys_has_no_way(void)
{
	static const char *const paths[] = { "", "/", "machines/", "/machine/",
		"/machines", "/machines//", "/machines/a", "/{system_id}/",
		"/a-noun-that-is-longer-than-all-that-there-are/" };
	struct way way;

	ways = ways_new();
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		way_find(ways, paths[i], &way);
		EXPECT_INT(way.count, 0);
	}
	ways_free(&ways);
}

static void callers_without_credentials_have_operations_of_their_own(void)
{
	ways = ways_new();
	EXPECT(find("GET", "/machines/", NULL, false));
	EXPECT(!find("GET", "/machines/", NULL, true));
	EXPECT(find("GET", "/machines/", "is_registered", true));
	EXPECT(find("GET", "/version/", NULL, false) ==
	       find("GET", "/version/", NULL, true));
	ways_free(&ways);
}

TESTS_BEGIN
CASE(every_row_of_the_table_is_found_by_its_path_and_op),
    CASE(only_subnets_and_files_have_names_with_slashes),
    CASE(a_path_that_is_nobodys_has_no_way),
    CASE(callers_without_credentials_have_operations_of_their_own), TESTS_END

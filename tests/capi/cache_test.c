#include "capi/cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "tests/capi/site.h"

static struct cache *cache;
static char heard[600];
static bool frees_itself;

static const char *const kinds[] = { "Machine", "Secret", NULL };

static void hear(
    void *ctx, const char *kind, const json_t *old, const json_t *now)
{
	size_t len = strlen(heard);

	(void)ctx;
	snprintf(heard + len, sizeof(heard) - len, "%s%c%s", len ? " " : "",
	    old ? (now ? '~' : '-') : '+',
	    jstr(now ? now : old, "metadata.name"));
	EXPECT_STR(jstr(now ? now : old, "kind"), kind);
	if (frees_itself)
		cache_free(&cache);
}

static void open_cache(void)
{
	site_open();
	make_namespace(far, "n");
	heard[0] = '\0';
	frees_itself = false;
	cache = cache_new(host, far_kube, "n", kinds, hear, NULL);
}

static void close_cache(void)
{
	cache_free(&cache);
	site_close();
}

static void machine(const char *name)
{
	put_in(
	    far, "n", doc("{'kind':'Machine','metadata':{'name':'%s'}}", name));
}

static const json_t *change(const char *name, int x)
{
	struct api_status status = { 0 };
	json_t *patch = doc("{'spec':{'x':%d}}", x);
	const json_t *made = store_patch(
	    far, "Machine", "n", name, patch, false, &status);

	EXPECT(made);
	json_decref(patch);
	return made;
}

static void delete (const char *name)
{
	struct api_status status = { 0 };

	EXPECT(store_delete(far, "Machine", "n", name, NULL, NULL, &status));
}

static bool add_name(void *ctx, const json_t *obj)
{
	strcat(ctx, jstr(obj, "metadata.name"));
	return true;
}

static const char *names(void)
{
	static char text[100];

	text[0] = '\0';
	cache_each(cache, "Machine", add_name, text);
	return text;
}

TEST(a_cache_knows_what_is_there_and_hears_what_changes)
{
	open_cache();
	machine("b");
	EXPECT(!cache_synced(cache));
	lab_run_for(SECONDS(1));
	EXPECT(cache_synced(cache));
	EXPECT_STR(heard, "+b");
	machine("a");
	change("b", 7);
	lab_run_for(SECONDS(1));
	EXPECT_STR(heard, "+b +a ~b");
	EXPECT_STR(names(), "ab");
	EXPECT_INT(jint(cache_get(cache, "Machine", "n", "b"), "spec.x"), 7);
	delete ("b");
	lab_run_for(SECONDS(1));
	EXPECT_STR(heard, "+b +a ~b -b");
	EXPECT(!cache_get(cache, "Machine", "n", "b"));
	EXPECT_INT(cache_count(cache, "Machine"), 1);
	close_cache();
}

TEST(after_a_broken_watch_it_finds_out_what_it_missed)
{
	open_cache();
	machine("a");
	machine("b");
	lab_run_for(SECONDS(1));
	rest_stop_watches(far, true);
	road = ROUTE_REFUSED;
	delete ("a");
	machine("c");
	change("b", 1);
	lab_run_for(SECONDS(5));
	EXPECT_STR(names(), "ab");
	road = ROUTE_OPEN;
	lab_run_for(SECONDS(40));
	EXPECT_STR(names(), "bc");
	EXPECT_STR(heard, "+a +b -a ~b +c");
	/* and it is watching again */
	machine("d");
	lab_run_for(SECONDS(1));
	EXPECT_STR(names(), "bcd");
	close_cache();
}

TEST(an_expired_watch_is_listed_again)
{
	open_cache();
	machine("a");
	machine("gone");
	lab_run_for(SECONDS(30));
	rest_stop_watches(far, false);
	delete ("gone");
	for (int i = 0; i < 600; i++)
		change("a", i);
	lab_run_for(SECONDS(1));
	EXPECT_STR(names(), "a");
	EXPECT_INT(jint(cache_get(cache, "Machine", "n", "a"), "spec.x"), 599);
	machine("b");
	lab_run_for(SECONDS(1));
	EXPECT_STR(names(), "ab");
	close_cache();
}

TEST(the_cleanly_ended_watch_goes_on_where_it_was)
{
	unsigned before;

	open_cache();
	lab_run_for(SECONDS(30));
	before = server_requests;
	rest_stop_watches(far, false);
	machine("a");
	lab_run_for(SECONDS(1));
	EXPECT_STR(names(), "a");
	EXPECT_INT(server_requests - before, 2); /* one watch per kind */
	close_cache();
}

static bool is_out_of_order(struct exchange *exchange)
{
	struct http_response response = { 0 };

	http_response_text(&response, 503, "text/plain", "not now");
	exchange_reply(exchange, &response);
	return true;
}

TEST(it_asks_less_and_less_often_while_it_is_refused)
{
	open_cache();
	site_hook = is_out_of_order;
	lab_run_for(SECONDS(61)); /* at 0, 1, 3, 7, 15, 31, 61 */
	EXPECT(server_requests >= 2 * 6);
	EXPECT(server_requests <= 2 * 7);
	server_requests = 0;
	lab_run_for(MINUTES(10)); /* every 30 s from then on */
	EXPECT(server_requests >= 2 * 19);
	EXPECT(server_requests <= 2 * 21);
	close_cache();
}

TEST(our_own_write_is_known_at_once_and_nothing_old_comes_back)
{
	json_t *old, *new;

	open_cache();
	machine("a");
	lab_run_for(SECONDS(1));
	old = json_deep_copy(cache_get(cache, "Machine", "n", "a"));
	new = json_deep_copy(change("a", 3));
	cache_note(cache, new);
	EXPECT_INT(jint(cache_get(cache, "Machine", "n", "a"), "spec.x"), 3);
	cache_note(cache, old);
	EXPECT_INT(jint(cache_get(cache, "Machine", "n", "a"), "spec.x"), 3);
	lab_run_for(SECONDS(1));
	EXPECT_STR(heard, "+a ~a"); /* told once, not again by the watch */
	delete ("a");
	lab_run_for(SECONDS(1));
	cache_note(cache, new);
	EXPECT_INT(cache_count(cache, "Machine"), 0);
	json_decref(old);
	json_decref(new);
	close_cache();
}

TEST(a_cache_may_be_freed_by_whom_it_tells)
{
	open_cache();
	frees_itself = true;
	machine("a");
	machine("b");
	lab_run_for(SECONDS(1));
	EXPECT(!cache);
	EXPECT_STR(heard, "+a");
	close_cache();
}

TESTS_BEGIN
CASE(a_cache_knows_what_is_there_and_hears_what_changes),
    CASE(after_a_broken_watch_it_finds_out_what_it_missed),
    CASE(an_expired_watch_is_listed_again),
    CASE(the_cleanly_ended_watch_goes_on_where_it_was),
    CASE(it_asks_less_and_less_often_while_it_is_refused),
    CASE(our_own_write_is_known_at_once_and_nothing_old_comes_back),
    CASE(a_cache_may_be_freed_by_whom_it_tells), TESTS_END

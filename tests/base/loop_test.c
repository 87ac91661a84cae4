#include "base/loop.h"

#include "tests/test.h"

static struct loop *loop;
static char order[16];

struct letter {
	struct timer timer;
	char name;
};

static void write_down(struct timer *timer)
{
	size_t len = strlen(order);

	order[len] = ((struct letter *)(void *)timer)->name;
	order[len + 1] = '\0';
}

static struct letter letter(char name)
{
	struct letter l = { .name = name };

	timer_init(&l.timer, write_down);
	return l;
}

static void open_loop(void)
{
	loop = loop_new();
	order[0] = '\0';
}

TEST(things_due_together_happen_in_the_order_they_were_set)
{
	struct letter l[8];

	open_loop();
	for (int i = 0; i < 8; i++) {
		l[i] = letter((char)('a' + i));
		timer_set(&l[i].timer, loop, SECONDS(5));
	}
	while (loop_step(loop))
		;
	EXPECT_STR(order, "abcdefgh");
	EXPECT_INT(loop_now(loop), SECONDS(5));
	loop_free(&loop);
}

TEST(a_timer_set_again_moves)
{
	struct letter a = letter('a'), b = letter('b');

	open_loop();
	timer_set(&a.timer, loop, SECONDS(1));
	timer_set(&b.timer, loop, SECONDS(2));
	timer_set(&a.timer, loop, SECONDS(3));
	while (loop_step(loop))
		;
	EXPECT_STR(order, "ba");
	loop_free(&loop);
}

TEST(a_loop_is_quiet_when_no_token_is_held)
{
	struct token token = { 0 };
	struct letter a = letter('a');

	open_loop();
	timer_set(&a.timer, loop, SECONDS(1));
	EXPECT(loop_quiet(loop));
	token_take(&token, loop);
	token_take(&token, loop);
	EXPECT(!loop_quiet(loop));
	token_drop(&token);
	token_drop(&token);
	EXPECT(loop_quiet(loop));
	timer_cancel(&a.timer);
	loop_free(&loop);
}

TEST(advancing_fires_what_is_due_and_nothing_else)
{
	struct letter a = letter('a'), b = letter('b');

	open_loop();
	timer_set(&a.timer, loop, SECONDS(1));
	timer_set(&b.timer, loop, SECONDS(3));
	loop_advance(loop, SECONDS(2));
	EXPECT_STR(order, "a");
	EXPECT_INT(loop_now(loop), SECONDS(2));
	timer_cancel(&b.timer);
	loop_free(&loop);
}

TESTS_BEGIN
CASE(things_due_together_happen_in_the_order_they_were_set),
    CASE(a_timer_set_again_moves), CASE(a_loop_is_quiet_when_no_token_is_held),
    CASE(advancing_fires_what_is_due_and_nothing_else), TESTS_END

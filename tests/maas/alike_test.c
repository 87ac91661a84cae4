#include "sim/maas/alike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/test.h"

static struct alike_model *model;

static char *written(const struct alike *alike, bool deeper)
{
	size_t len = alike_len(alike, deeper);
	char *text = xcalloc(1, len + 1);

	EXPECT(alike_write(alike, deeper, text) == text + len);
	return text;
}

/* It comes back as it was, and deeper. */
static struct alike *kept(const char *text, const char *deeper)
{
	struct alike *alike = alike_new(&model, text, strlen(text));
	char *plain = written(alike, false), *far = written(alike, true);

	EXPECT_STR(plain, text);
	EXPECT_STR(far, deeper);
	free(plain);
	free(far);
	return alike;
}

static void forgotten(const char *text, const char *deeper)
{
	struct alike *alike = kept(text, deeper);

	alike_drop(&alike);
}

TEST(a_text_comes_back_and_one_level_deeper)
{
	forgotten("a", "    a");
	alike_model_drop(&model);
	forgotten("{\n    \"a\": 1\n}", "    {\n        \"a\": 1\n    }");
	forgotten("{\n    \"a\": 2\n}", "    {\n        \"a\": 2\n    }");
	forgotten("\n\nx", "    \n    \n    x");
	alike_model_drop(&model);
}

#define LINES 40

static uint32_t drawn = 1;

static uint32_t draw(uint32_t below)
{
	drawn = drawn * 1664525 + 1013904223;
	return (drawn >> 8) % below;
}

/* Lines that are changed, missing, doubled or new, at random. */
static void some_lines(struct buf *text, struct buf *deeper, uint32_t changes)
{
	buf_reset(text);
	buf_reset(deeper);
	for (uint32_t i = 0; i < LINES; i++) {
		uint32_t what = draw(100), times = 1;
		char line[40];

		snprintf(line, sizeof(line), "\"line\": %u",
		    what < changes ? draw(1000) : i % 7);
		if (what < changes / 2)
			times = draw(3);
		while (times--) {
			buf_addf(text, "%s%s", text->len ? "\n" : "", line);
			buf_addf(
			    deeper, "%s    %s", deeper->len ? "\n" : "", line);
		}
	}
}

TEST(any_difference_is_a_difference)
{
	struct buf text = BUF_INIT, deeper = BUF_INIT;

	for (uint32_t i = 0; i < 2000; i++) {
		some_lines(&text, &deeper, i % 60);
		if (text.len)
			forgotten(text.data, deeper.data);
	}
	alike_model_drop(&model);
	buf_free(&text);
	buf_free(&deeper);
}

TEST(a_text_that_is_held_outlives_its_model)
{
	struct alike *first = kept("a\nb\nc", "    a\n    b\n    c");
	struct alike *second = kept("a\nx\nc", "    a\n    x\n    c");
	struct alike *held = alike_hold(second);
	char *text;

	EXPECT(alike_digest(first) != alike_digest(second));
	forgotten("quite\nanother", "    quite\n    another");
	alike_drop(&first);
	alike_drop(&second);
	alike_model_drop(&model);
	text = written(held, false);
	EXPECT_STR(text, "a\nx\nc");
	free(text);
	alike_drop(&held);
}

TESTS_BEGIN
CASE(a_text_comes_back_and_one_level_deeper),
    CASE(any_difference_is_a_difference),
    CASE(a_text_that_is_held_outlives_its_model), TESTS_END

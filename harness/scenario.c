/* A scenario's life: from a file to its structs, and their end. */
#include "harness/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "harness/kinds.h"

/* libyaml's message already begins with file:line:column. */
static void note_syntax(
    struct mistakes *mistakes, const char *file, const char *text)
{
	struct place place = { file, 1, 1 };
	size_t len = strlen(file);
	int used = 0;

	if (strncmp(text, file, len) == 0 &&
	    sscanf(text + len, ":%u:%u: %n", &place.line, &place.column,
	        &used) == 2)
		text += len + (size_t)used;
	mistake_add(mistakes, place, "%s", text);
}

/* The file's name lives in the mistakes too, and they may outlive the
 * scenario: so the caller's own string is what places point at. */
struct scenario *scenario_parse(
    const char *file, const char *data, size_t len, struct mistakes *mistakes)
{
	struct scenario *s = xcalloc(1, sizeof(*s));
	struct reading reading = { .scenario = s, .mistakes = mistakes };
	size_t before = mistakes->count;
	struct err err;

	s->file = xstrdup(file);
	s->document = yaml_read(file, data, len, &err);
	if (len == 0 || (s->document && s->document->kind == YAML_MAP &&
	                    s->document->count == 0)) {
		mistake_add(mistakes, (struct place){ s->file, 0, 0 },
		    "the file is empty");
	} else if (!s->document) {
		note_syntax(mistakes, file, err.text);
	} else {
		scenario_read(&reading);
		scenario_bind(&reading);
	}
	if (mistakes->count == before)
		return s;
	for (size_t i = before; i < mistakes->count; i++)
		if (mistakes->items[i].place.file == s->file)
			mistakes->items[i].place.file = file;
	mistakes->kept = s->world_file; /* messages may point into it */
	s->world_file = NULL;
	scenario_free(&s);
	return NULL;
}

struct scenario *scenario_load(const char *file, struct mistakes *mistakes)
{
	struct buf data = BUF_INIT;
	struct scenario *s = NULL;
	int failed = file_read(file, &data);

	if (failed)
		mistake_add(mistakes, (struct place){ file, 0, 0 },
		    "the file cannot be read: %s", strerror(failed));
	else
		s = scenario_parse(file, buf_text(&data), data.len, mistakes);
	buf_free(&data);
	return s;
}

static void expectations_free(struct expectation *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		expression_free(&list[i].is);
		free(list[i].text);
	}
	free(list);
}

void step_free(struct step *step)
{
	expression_free(&step->condition);
	expression_free(&step->until);
	expectations_free(step->expect, step->expect_count);
	for (size_t i = 0; i < step->words.word_count; i++)
		free(step->words.words[i]);
	free(step->text);
	free(step->on);
	fault_keys_free(&step->keys);
}

void scenario_free(struct scenario **scenario)
{
	struct scenario *s = *scenario;

	if (!s)
		return;
	for (size_t i = 0; i < s->thing_count; i++) {
		free(s->things[i].name);
		free(s->things[i].full);
		free(s->things[i].settings);
	}
	for (size_t i = 0; i < s->step_count; i++)
		step_free(&s->steps[i]);
	for (size_t i = 0; i < s->waiver_count; i++)
		free(s->waivers[i].why);
	expectations_free(s->standing, s->standing_count);
	yaml_free(&s->document);
	yaml_free(&s->world_document);
	free(s->things);
	free(s->steps);
	free(s->waivers);
	free(s->world_file);
	free(s->title);
	free(s->why);
	free(s->file);
	free(s);
	*scenario = NULL;
}

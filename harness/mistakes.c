#include "harness/mistakes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"

static void keep(struct mistakes *mistakes, struct place place, char *text)
{
	mistakes->items = xrealloc(
	    mistakes->items, (mistakes->count + 1) * sizeof(*mistakes->items));
	mistakes->items[mistakes->count++] = (struct mistake){ .place = place,
		.text = text };
}

void mistake_add(
    struct mistakes *mistakes, struct place place, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	keep(mistakes, place, buf_detach(&text));
}

void mistake_add_near(struct mistakes *mistakes, struct place place,
    const char *word, const char *const *names, size_t count, const char *fmt,
    ...)
{
	struct buf text = BUF_INIT;
	const char *near = nearest_name(word, names, count);
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (near)
		buf_addf(&text, "; did you mean %s?", near);
	keep(mistakes, place, buf_detach(&text));
}

static int by_place(const void *left, const void *right)
{
	const struct mistake *a = left, *b = right;
	int files = strcmp(a->place.file, b->place.file);

	if (files)
		return files;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	if (a->place.column != b->place.column)
		return a->place.column < b->place.column ? -1 : 1;
	return strcmp(a->text, b->text);
}

void mistakes_write(struct mistakes *mistakes, struct buf *out)
{
	if (mistakes->count)
		qsort(mistakes->items, mistakes->count,
		    sizeof(*mistakes->items), by_place);
	for (size_t i = 0; i < mistakes->count; i++) {
		const struct mistake *m = &mistakes->items[i];

		if (m->place.line) /* else the file as a whole */
			buf_addf(out, "%s:%u:%u: %s\n", m->place.file,
			    m->place.line, m->place.column, m->text);
		else
			buf_addf(out, "%s: %s\n", m->place.file, m->text);
	}
}

void mistakes_free(struct mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++)
		free(mistakes->items[i].text);
	free(mistakes->items);
	free(mistakes->kept);
	*mistakes = (struct mistakes){ 0 };
}

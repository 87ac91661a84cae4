#include "tests/capi/lab.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/json.h"

struct loop *loop;
struct host *host;
static struct choices *choices;

struct host *lab_host(const char *name)
{
	struct host *made = xcalloc(1, sizeof(*made));

	made->name = name;
	made->loop = loop;
	made->choices = choices;
	made->clock_origin = SECONDS(1767225600); /* 2026-01-01 */
	return made;
}

void lab_host_free(struct host **h)
{
	free(*h);
	*h = NULL;
}

void lab_open(void)
{
	loop = loop_new();
	choices = choices_new(7);
	host = lab_host("pcg/a");
}

void lab_close(void)
{
	lab_host_free(&host);
	choices_free(&choices);
	loop_free(&loop);
}

void lab_run_for(usec wait_for)
{
	loop_advance(loop, loop_now(loop) + wait_for);
}

void lab_run(void)
{
	while (loop_step(loop))
		;
}

json_t *doc(const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	struct err err;
	json_t *made;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\'')
			text.data[i] = '"';
	made = json_parse(text.data, text.len, &err);
	if (!made)
		fprintf(stderr, "%s\n%s\n", text.data, err.text);
	check(made);
	buf_free(&text);
	return made;
}

const json_t *put_in(struct store *store, const char *ns, json_t *obj)
{
	struct api_status status = { 0 };
	const json_t *made = store_create(
	    store, jstr(obj, "kind"), ns, obj, &status);

	if (!made)
		fprintf(stderr, "%d %s\n", status.code, status.message);
	check(made);
	json_decref(obj);
	return made;
}

void make_namespace(struct store *store, const char *name)
{
	put_in(store, NULL,
	    doc("{'kind':'Namespace','metadata':{'name':'%s'}}", name));
}

#include "reports/junit.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

/* XML 1.0 has no room for control characters, in whatever form. */
static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&')
			buf_adds(out, "&amp;");
		else if (c == '<')
			buf_adds(out, "&lt;");
		else if (c == '>')
			buf_adds(out, "&gt;");
		else if (c == '"')
			buf_adds(out, "&quot;");
		else if (c >= 0x20 || c == '\n' || c == '\t')
			buf_addc(out, (char)c);
	}
}

static void add_attribute(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, " %s=\"", name);
	add_escaped(out, value);
	buf_addc(out, '"');
}

static void add_lines(struct buf *out, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		add_escaped(out, json_string_value(json_array_get(list, i)));
		buf_addc(out, '\n');
	}
}

static void add_failure(struct buf *out, const json_t *finding)
{
	buf_adds(out, "    <failure");
	add_attribute(out, "message", jstr(finding, "claim"));
	buf_adds(out, ">");
	add_escaped(out, jstr(finding, "place"));
	buf_addc(out, '\n');
	add_lines(out, jget(finding, "sentences"));
	add_lines(out, jget(finding, "trail"));
	buf_adds(out, "</failure>\n");
}

static void add_case(struct buf *out, const json_t *outcome)
{
	const json_t *findings = jget(outcome, "findings");

	buf_adds(out, "  <testcase");
	add_attribute(out, "name", jstr(outcome, "title"));
	add_attribute(out, "classname", jstr(outcome, "file"));
	buf_addf(out, " time=\"%.3f\">\n", (double)jint(outcome, "took") / 1e6);
	for (size_t i = 0; i < json_array_size(findings); i++)
		add_failure(out, json_array_get(findings, i));
	buf_adds(out, "  </testcase>\n");
}

bool junit_write(const char *file, const json_t *outcomes, struct err *err)
{
	struct buf out = BUF_INIT;
	size_t failed = 0, count = json_array_size(outcomes);
	bool fine;
	FILE *f;

	for (size_t i = 0; i < count; i++)
		failed += jlen(json_array_get(outcomes, i), "findings") > 0;
	buf_addf(&out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuite name=\"pcgsim\" tests=\"%zu\" failures=\"%zu\">\n",
	    count, failed);
	for (size_t i = 0; i < count; i++)
		add_case(&out, json_array_get(outcomes, i));
	buf_adds(&out, "</testsuite>\n");
	f = fopen(file, "wb");
	fine = f && fwrite(out.data, 1, out.len, f) == out.len;
	if (f)
		fine = fclose(f) == 0 && fine;
	buf_free(&out);
	return fine || err_set(err, ERR_STORAGE, "%s cannot be written", file);
}

#include "reports/junit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
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

static double seconds_of(const json_t *outcome)
{
	return json_number_value(json_object_get(outcome, "seconds"));
}

static void add_finding(struct buf *out, const json_t *finding)
{
	add_escaped(out, jstr(finding, "place"));
	buf_adds(out, "   ");
	add_escaped(out, jstr(finding, "claim"));
	buf_adds(out, "\n\n");
	add_lines(out, jget(finding, "sentences"));
	if (jlen(finding, "trail"))
		buf_addc(out, '\n');
	add_lines(out, jget(finding, "trail"));
	buf_addc(out, '\n');
}

/* One failure per case, whatever its number of findings: some readers show
 * only the first, so its message says how many there are. */
static void add_failure(struct buf *out, const json_t *outcome)
{
	const json_t *findings = jget(outcome, "findings");
	size_t count = json_array_size(findings);
	char *message = xasprintf(count > 1 ? "%s (and %zu more)" : "%s",
	    jstr(json_array_get(findings, 0), "claim"), count - 1);

	buf_adds(out, "      <failure type=\"pcgsim\"");
	add_attribute(out, "message", message);
	buf_adds(out, ">");
	for (size_t i = 0; i < count; i++)
		add_finding(out, json_array_get(findings, i));
	if (*jstr(outcome, "again")) {
		buf_adds(out, "again: ");
		add_escaped(out, jstr(outcome, "again"));
		buf_addc(out, '\n');
	}
	buf_adds(out, "</failure>\n");
	free(message);
}

/* The time is what the run took here, not what passed inside of it. */
static void add_case(struct buf *out, const json_t *outcome)
{
	buf_adds(out, "    <testcase");
	add_attribute(out, "name", jstr(outcome, "title"));
	add_attribute(out, "classname", jstr(outcome, "file"));
	add_attribute(out, "file", jstr(outcome, "file"));
	buf_addf(out, " time=\"%.3f\"", seconds_of(outcome));
	if (jlen(outcome, "findings") == 0) {
		buf_adds(out, "/>\n");
		return;
	}
	buf_adds(out, ">\n");
	add_failure(out, outcome);
	buf_adds(out, "    </testcase>\n");
}

static void add_counts(
    struct buf *out, const char *element, const json_t *outcomes)
{
	size_t failed = 0, count = json_array_size(outcomes);
	double seconds = 0;

	for (size_t i = 0; i < count; i++) {
		failed += jlen(json_array_get(outcomes, i), "findings") > 0;
		seconds += seconds_of(json_array_get(outcomes, i));
	}
	buf_addf(out,
	    "<%s name=\"pcgsim\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
	    "skipped=\"0\" time=\"%.3f\">\n",
	    element, count, failed, seconds);
}

bool junit_write(const char *file, const json_t *outcomes, struct err *err)
{
	struct buf out = BUF_INIT;
	bool fine;
	FILE *f;

	buf_adds(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	add_counts(&out, "testsuites", outcomes);
	buf_adds(&out, "  ");
	add_counts(&out, "testsuite", outcomes);
	for (size_t i = 0; i < json_array_size(outcomes); i++)
		add_case(&out, json_array_get(outcomes, i));
	buf_adds(&out, "  </testsuite>\n</testsuites>\n");
	f = fopen(file, "wb");
	fine = f && fwrite(out.data, 1, out.len, f) == out.len;
	if (f)
		fine = fclose(f) == 0 && fine;
	buf_free(&out);
	return fine || err_set(err, ERR_STORAGE, "%s cannot be written", file);
}

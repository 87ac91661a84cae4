#include "reports/console.h"

#include <string.h>

#include "base/json.h"
#include "base/yaml.h"

#define CLEAR_LINE "\r\033[K"

static void print_list(FILE *out, const json_t *list, const char *indent)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		fprintf(out, "%s%s\n", indent,
		    json_string_value(json_array_get(list, i)));
}

static void print_finding(FILE *out, const json_t *finding)
{
	fprintf(out, "      %s   %s\n\n", jstr(finding, "place"),
	    jstr(finding, "claim"));
	print_list(out, jget(finding, "sentences"), "      ");
	if (jlen(finding, "trail"))
		fputc('\n', out);
	print_list(out, jget(finding, "trail"), "      ");
	fputc('\n', out);
}

static bool passed(const json_t *outcome)
{
	return strcmp(jstr(outcome, "verdict"), "pass") == 0;
}

void console_outcome(FILE *out, const json_t *outcome, bool with_log)
{
	const json_t *findings = jget(outcome, "findings");

	if (passed(outcome)) {
		fprintf(out, "PASS  %s\n", jstr(outcome, "title"));
		return;
	}
	fprintf(out, "\nFAIL  %s\n", jstr(outcome, "title"));
	for (size_t i = 0; i < json_array_size(findings); i++)
		print_finding(out, json_array_get(findings, i));
	if (with_log && jlen(outcome, "log")) {
		fprintf(out, "      what the parts had to say at the end:\n");
		print_list(out, jget(outcome, "log"), "        ");
		fputc('\n', out);
	}
	if (*jstr(outcome, "again"))
		fprintf(out, "again: %s\n\n", jstr(outcome, "again"));
}

void console_progress(FILE *out, size_t done, size_t all, const char *title)
{
	fprintf(out, CLEAR_LINE "%zu of %zu  %.60s", done, all, title);
	fflush(out);
}

void console_progress_clear(FILE *out)
{
	fputs(CLEAR_LINE, out);
	fflush(out);
}

static int widest_file(const json_t *outcomes)
{
	size_t widest = 0;

	for (size_t i = 0; i < json_array_size(outcomes); i++) {
		const json_t *outcome = json_array_get(outcomes, i);
		size_t len = strlen(jstr(outcome, "file"));

		widest = len > widest ? len : widest;
	}
	return (int)widest;
}

static void print_row(FILE *out, const json_t *outcome, int width)
{
	char took[32];

	duration_text(jint(outcome, "took") / 1000000 * 1000000, took);
	fprintf(out, "  %s  %-*s %10s %7lld events  %s\n",
	    passed(outcome) ? "pass" : "FAIL", width, jstr(outcome, "file"),
	    took, (long long)jint(outcome, "events"), jstr(outcome, "hash"));
}

void console_table(FILE *out, const json_t *outcomes, double seconds)
{
	size_t count = json_array_size(outcomes), failed = 0;
	int width = widest_file(outcomes);

	fputc('\n', out);
	for (size_t i = 0; i < count; i++) {
		print_row(out, json_array_get(outcomes, i), width);
		failed += !passed(json_array_get(outcomes, i));
	}
	fprintf(out, "\n%zu scenario%s, %zu failed, %.2f s\n", count,
	    count == 1 ? "" : "s", failed, seconds);
	fputs("Modelled, not real: machines, their disks and BMCs, kernels "
	      "and containers, etcd;\nMAAS and Palette are fakes with the "
	      "state of the real ones (docs/).\n",
	    out);
}

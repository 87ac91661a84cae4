#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/http.h"
#include "sim/maas/form.h"
#include "tests/fuzz/fuzz.h"

static void read_target(const char *target)
{
	size_t count = http_path_segments(target);
	size_t i;

	for (i = 0; i < count; i++)
		free(http_path_segment(target, i));
	check(!http_path_segment(target, count));
	free(http_path(target));
	free(http_query(target, "op"));
}

/* The region reads any bytes, as UTF-8. */
static void read_leniently(const char *data, size_t len)
{
	struct form form = { 0 };

	maas_urlencoded_read(&form, data, len);
	for (size_t i = 0; i < form.count; i++) {
		const char *value = form.fields[i].value;
		char *again = maas_text(value, strlen(value), true);

		check(strcmp(again, value) == 0);
		free(again);
	}
	form_free(&form);
}

/* What was read is written, and read as the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xstrndup((const char *)data, len);
	struct form form = { 0 }, again = { 0 };
	struct buf out = BUF_INIT;
	size_t i;

	read_target(text);
	read_leniently((const char *)data, len);
	if (form_parse_urlencoded(&form, (const char *)data, len)) {
		form_write_urlencoded(&form, &out);
		check(form_parse_urlencoded(&again, buf_text(&out), out.len));
		check(form.count == again.count);
		for (i = 0; i < form.count; i++)
			check(!strcmp(
			    form.fields[i].value, again.fields[i].value));
	}
	buf_reset(&out);
	buf_add_unbase64(&out, (const char *)data, len);
	form_free(&form);
	form_free(&again);
	buf_free(&out);
	free(text);
	return 0;
}

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/maas/form.h"
#include "tests/fuzz/fuzz.h"

/* The first line is a Content-Type, the rest a body of that boundary. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, '\n', len);
	struct body body = { 0 };
	struct err err = { 0 };
	char boundary[MAAS_BOUNDARY], *type;

	if (!end)
		return 0;
	type = xstrndup((const char *)data, (size_t)(end - data));
	len -= (size_t)(end + 1 - data);
	if (maas_boundary(type, boundary)) {
		size_t size = strlen(boundary);

		check(size >= 1 && size < MAAS_BOUNDARY);
		if (!maas_multipart_read(
		        &body, boundary, (const char *)end + 1, len, &err))
			check(*err.text);
		for (size_t i = 0; i < body.file_count; i++)
			check(body.files[i].content.len <= len);
	}
	maas_body_free(&body);
	free(type);
	return 0;
}

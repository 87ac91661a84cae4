#include <string.h>

#include "base/buf.h"
#include "sim/maas/oauth_header.h"

/* One "name=value" between commas, blanks and quotes taken away. */
static bool read_pair(
    const char *part, size_t len, const char *name, struct buf *value)
{
	size_t name_len = strlen(name);

	while (len && (*part == ' ' || *part == '\t')) {
		part++;
		len--;
	}
	while (len && (part[len - 1] == ' ' || part[len - 1] == '\t'))
		len--;
	if (len <= name_len || strncmp(part, name, name_len) != 0 ||
	    part[name_len] != '=')
		return false;
	/* whatever mentions a realm is skipped, also by mistake */
	if (memmem(part, len, "realm", 5))
		return false;
	part += name_len + 1;
	len -= name_len + 1;
	while (len && *part == '"') {
		part++;
		len--;
	}
	while (len && part[len - 1] == '"')
		len--;
	if (!buf_add_unpercent(value, part, len))
		buf_add(value, part, len);
	return true;
}

char *maas_oauth_parameter(const char *header, const char *name)
{
	struct buf value = BUF_INIT;

	if (!header || strncmp(header, "OAuth ", 6) != 0)
		return NULL;
	header += 6;
	for (;;) {
		size_t len = strcspn(header, ",");

		if (read_pair(header, len, name, &value))
			return value.data ? buf_detach(&value) : xstrdup("");
		if (!header[len])
			return NULL;
		header += len + 1;
	}
}

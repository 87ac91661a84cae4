#include <string.h>

#include "base/buf.h"
#include "sim/maas/oauth_header.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* What stands between two commas, blanks taken away. */
struct part {
	const char *text;
	size_t len;
};

static struct part next_part(const char **at)
{
	const char *end = strchrnul(*at, ',');
	struct part part = { *at, (size_t)(end - *at) };

	*at = *end ? end + 1 : end;
	while (part.len && is_blank(*part.text)) {
		part.text++;
		part.len--;
	}
	while (part.len && is_blank(part.text[part.len - 1]))
		part.len--;
	return part;
}

static bool is_named(const struct part *part, const char *name)
{
	size_t len = strlen(name);

	return part->len > len && part->text[len] == '=' &&
	       memcmp(part->text, name, len) == 0;
}

/* Without its quotes, and decoded where that is possible. */
static char *value_of(const struct part *part, const char *name)
{
	const char *text = part->text + strlen(name) + 1;
	size_t len = part->len - strlen(name) - 1;
	struct buf value = BUF_INIT;

	while (len && *text == '"') {
		text++;
		len--;
	}
	while (len && text[len - 1] == '"')
		len--;
	if (!buf_add_unpercent(&value, text, len))
		buf_add(&value, text, len);
	return buf_detach(&value);
}

void maas_oauth_parameters(
    const char *header, const char *const *names, size_t count, char **values)
{
	if (!header || strncmp(header, "OAuth ", 6) != 0)
		return;
	header += 6;
	while (*header) {
		struct part part = next_part(&header);

		/* Whatever mentions a realm is skipped, also by mistake. */
		for (size_t i = 0; i < count; i++)
			if (!values[i] && is_named(&part, names[i]) &&
			    !memmem(part.text, part.len, "realm", 5))
				values[i] = value_of(&part, names[i]);
	}
}

char *maas_oauth_parameter(const char *header, const char *name)
{
	char *value = NULL;

	maas_oauth_parameters(header, &name, 1, &value);
	return value;
}

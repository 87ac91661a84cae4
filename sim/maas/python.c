#include "sim/maas/python.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"

#define BLANKS " \t\n\v\f\r"

void maas_python_text(struct buf *out, const char *text)
{
	char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';

	buf_addc(out, quote);
	for (; *text; text++) {
		if (*text == quote || *text == '\\')
			buf_addf(out, "\\%c", *text);
		else if (*text == '\n')
			buf_adds(out, "\\n");
		else if (*text == '\r')
			buf_adds(out, "\\r");
		else if (*text == '\t')
			buf_adds(out, "\\t");
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			buf_addf(out, "\\x%02x", (unsigned char)*text);
		else
			buf_addc(out, *text);
	}
	buf_addc(out, quote);
}

/* The fewest digits that are read back as the same number; plain from 1e-4 up
 * to 1e16, else with an exponent. */
void maas_python_float(struct buf *out, double number)
{
	char *text = NULL, *exponent;
	int digits, power;

	if (isnan(number) || isinf(number)) {
		buf_adds(out, isnan(number) ? "nan"
		              : number < 0  ? "-inf"
		                            : "inf");
		return;
	}
	for (digits = 0; digits < 17; digits++) {
		free(text);
		text = xasprintf("%.*e", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	exponent = strchr(text, 'e');
	check(exponent);
	power = atoi(exponent + 1);
	if (number == 0)
		buf_adds(out, signbit(number) ? "-0.0" : "0.0");
	else if (power < -4 || power >= 16)
		buf_adds(out, text);
	else if (digits <= power)
		buf_addf(out, "%.1f", number);
	else
		buf_addf(out, "%.*f", digits - power, number);
	free(text);
}

/* Digits of the text without blanks around and underscores between; free()
 * it. NULL: an underscore is where none may be. */
static char *plain(const char *text)
{
	struct buf out = BUF_INIT;
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '_') {
			buf_addc(&out, text[i]);
			continue;
		}
		if (!i || !isalnum((unsigned char)text[i - 1]) ||
		    i + 1 == len || !isalnum((unsigned char)text[i + 1])) {
			buf_free(&out);
			return NULL;
		}
	}
	return out.data ? buf_detach(&out) : xstrdup("");
}

static bool read_int(const char *text, int base, int64_t *number)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;
	long long value;

	if (!isxdigit((unsigned char)*digits))
		return false;
	value = strtoll(text, &end, base);
	if (end == text || *end)
		return false;
	*number = value;
	return true;
}

bool maas_python_read_int(const char *text, int64_t *number)
{
	char *digits = plain(text);
	bool fine = digits && read_int(digits, 10, number);

	free(digits);
	return fine;
}

bool maas_python_read_based(const char *text, int64_t *number)
{
	char *digits = plain(text);
	bool fine = false;

	if (digits && strncasecmp(digits, "0x", 2) == 0)
		fine = read_int(digits + 2, 16, number);
	else if (digits && strncasecmp(digits, "0b", 2) == 0)
		fine = read_int(digits + 2, 2, number);
	else if (digits)
		fine = read_int(digits, 10, number);
	free(digits);
	return fine;
}

bool maas_python_read_float(const char *text, double *number)
{
	char *digits = plain(text), *end;
	double value;
	bool fine = digits && *digits && !isspace((unsigned char)*digits) &&
	            !strpbrk(digits, "xX(");

	if (fine) {
		value = strtod(digits, &end);
		fine = end != digits && !*end;
	}
	if (fine)
		*number = value;
	free(digits);
	return fine;
}

void maas_python_no_int(struct buf *out, const char *text)
{
	size_t len;
	char *stripped;

	text += strspn(text, BLANKS);
	for (len = strlen(text); len && isspace((unsigned char)text[len - 1]);)
		len--;
	stripped = xstrndup(text, len);
	buf_addf(out, "invalid literal for int() with base %d: ",
	    strncasecmp(stripped, "0x", 2) == 0   ? 16
	    : strncasecmp(stripped, "0b", 2) == 0 ? 2
	                                          : 10);
	maas_python_text(out, stripped);
	free(stripped);
}

void maas_python_no_ip(struct buf *out, const char *text)
{
	if (strchr(text, '/')) {
		buf_adds(out, "IPAddress() does not support netmasks or subnet "
		              "prefixes! See documentation for details.");
		return;
	}
	buf_adds(out, "failed to detect a valid IP address from ");
	maas_python_text(out, text);
}

char *maas_python_quote(const char *word)
{
	struct buf out = BUF_INIT;

	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;

		if ((c < 0x80 && isalnum(c)) || strchr("_.-~!$&'()*+,;=/:@", c))
			buf_addf(&out, "%c", c);
		else
			buf_addf(&out, "%%%02X", c);
	}
	return buf_detach(&out);
}

/* ---- letters ---- */

/* Blocks of signs, of marks that only stand on letters, and of nothing. */
static const struct {
	uint32_t first, last;
} signs[] = {
	{ 0x80, 0xa9 },
	{ 0xab, 0xb1 },
	{ 0xb4, 0xb4 },
	{ 0xb6, 0xb8 },
	{ 0xbb, 0xbb },
	{ 0xbf, 0xbf },
	{ 0xd7, 0xd7 },
	{ 0xf7, 0xf7 },
	{ 0x300, 0x36f },
	{ 0x2000, 0x206f },
	{ 0x20a0, 0x20ff },
	{ 0x2190, 0x245f },
	{ 0x249c, 0x24e9 },
	{ 0x2500, 0x2775 },
	{ 0x2794, 0x2bff },
	{ 0x2e00, 0x3004 },
	{ 0x3008, 0x3020 },
	{ 0xd800, 0xf8ff },
	{ 0xfe00, 0xfe6f },
	{ 0xff01, 0xff0f },
	{ 0xff1a, 0xff20 },
	{ 0xfff0, 0xffff },
	{ 0x1f000, 0x1fbef },
	{ 0xe0000, 0x10ffff },
};

/* The text is UTF-8 (maas_text). */
static uint32_t decode(const char *text, size_t *len)
{
	unsigned char first = (unsigned char)*text;
	uint32_t code = first;

	*len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (*len > 1)
		code &= 0xffU >> (*len + 1);
	for (size_t i = 1; i < *len; i++) {
		if (!text[i]) {
			*len = i;
			break;
		}
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	return code;
}

size_t maas_python_letter(const char *text)
{
	size_t len;
	uint32_t code = decode(text, &len);

	if (len == 1)
		return isalnum((unsigned char)*text) || *text == '_';
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (code >= signs[i].first && code <= signs[i].last)
			return 0;
	return len;
}

bool maas_python_is_word(const char *text, const char *besides)
{
	while (*text) {
		size_t len = maas_python_letter(text);

		if (!len && !strchr(besides, *text))
			return false;
		text += len ? len : 1;
	}
	return true;
}

const char *maas_python_type(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "dict";
	case JSON_ARRAY:
		return "list";
	case JSON_STRING:
		return "str";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	case JSON_NULL:
		return "NoneType";
	}
	unreachable("no such type");
}

#include "sim/maas/ifaces.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"

/* MAC addresses as people write them: 52:54:0:0:2:1, 52-54-00-00-02-01,
 * 5254.0000.0201, and 525400000201. */

static size_t hex_digits(const char *text, size_t most)
{
	size_t len = 0;

	while (len < most && isxdigit((unsigned char)text[len]))
		len++;
	return len;
}

/* So many groups of at least low and at most high digits. sign '\0': any sign
 * may stand between them, a digit too. */
static bool grouped(
    const char *text, int groups, size_t low, size_t high, char sign)
{
	size_t digits = hex_digits(text, high);

	if (groups == 1)
		return digits >= low && !text[digits];
	for (size_t len = digits; len >= low; len--) {
		char next = text[len];

		if (next && (!sign || next == sign) &&
		    grouped(text + len + 1, groups - 1, low, high, sign))
			return true;
	}
	return false;
}

bool maas_mac_ok(const char *mac)
{
	return grouped(mac, 6, 1, 2, ':') || grouped(mac, 6, 1, 2, '-') ||
	       grouped(mac, 3, 3, 4, '\0');
}

/* The next token of [-:.]-separated ones, with zeros before it; its digits go
 * in pairs. */
static void add_token(
    struct buf *plain, const char *token, size_t len, size_t width)
{
	size_t zeros = len < width ? width - len : 0;
	size_t pairs = (zeros + len) / 2;

	for (size_t i = 0; i < pairs * 2; i++) {
		char digit = i < zeros ? '0' : token[i - zeros];

		if (i % 2 == 0 && plain->len)
			buf_addc(plain, ':');
		buf_addc(plain, (char)tolower((unsigned char)digit));
	}
}

char *maas_mac_plain(const char *mac)
{
	struct buf plain = BUF_INIT;
	size_t tokens = 1, width;

	for (const char *at = mac; *at; at++)
		tokens += strchr("-:.", *at) != NULL;
	width = tokens == 1 ? 0 : tokens == 3 ? 4 : 2;
	for (;;) {
		size_t len = strcspn(mac, "-:.");

		add_token(&plain, mac, len, width);
		if (!mac[len])
			break;
		mac += len + 1;
	}
	return plain.data ? buf_detach(&plain) : xstrdup("");
}

#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/url.h"
#include "tests/fuzz/fuzz.h"

/* The same bytes as an address and as a NO_PROXY list. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xstrndup((const char *)data, len);
	char proxy[] = "http://proxy:3128";
	struct proxy_settings settings = { proxy, proxy, text };
	struct url url;
	struct err err;

	proxy_for(&settings, true, "maas.lab.example", 443);
	proxy_for(&settings, false, "10.1.2.3", 5240);
	proxy_for(&settings, false, "fd00::1", 5240);
	proxy_for(&settings, true, text, 443);
	if (url_parse(&url, text, &err)) {
		check(url.host[0]);
		check(url.port > 0);
		check(!url.path[0] || url.path[0] == '/');
		url_free(&url);
	}
	free(text);
	return 0;
}

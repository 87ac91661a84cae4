#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "sim/maas/oauth_header.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *header = xstrndup((const char *)data, len);
	char *value = maas_oauth_parameter(header, "oauth_nonce");

	if (value)
		check(strlen(value) <= strlen(header));
	free(value);
	free(header);
	return 0;
}

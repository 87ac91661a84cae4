#include <string.h>

#include "base/check.h"
#include "base/http_connect.h"
#include "tests/fuzz/fuzz.h"

/* The same bytes as a CONNECT and as the answer to one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct http_request request = { 0 };
	struct http_response response = { 0 };
	struct err err;
	size_t used = 0;

	if (connect_read(text, len, &used, &request, &err) == CONNECT_READ) {
		check(used <= len && used <= CONNECT_MOST);
		check(strcmp(request.method, "CONNECT") == 0);
		check(strchr(request.target, ':'));
	}
	if (connect_read_answer(text, len, &used, &response, &err) ==
	    CONNECT_READ) {
		check(used <= len && used <= CONNECT_MOST);
		check(response.status >= 200 && response.status <= 599);
	}
	http_request_free(&request);
	http_response_free(&response);
	return 0;
}

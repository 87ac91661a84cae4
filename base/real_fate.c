/* Answers as no server would write them, for faults on real sockets. */
#include <string.h>

#include "base/real_parts.h"

void fate_write_half(
    struct buf *out, const struct http_response *response, const char *method)
{
	bool has_body = response->body.len && strcmp(method, "HEAD") != 0;

	buf_addf(out, "HTTP/1.1 %d %s\r\n", response->status,
	    http_reason(response->status));
	for (size_t i = 0; i < response->headers.count; i++)
		buf_addf(out, "%s: %s\r\n", response->headers.items[i].name,
		    response->headers.items[i].value);
	buf_addf(out, "Content-Length: %zu\r\n\r\n", response->body.len);
	if (has_body)
		buf_add(out, response->body.data, response->body.len / 2);
	else
		out->len /= 2;
}

/* What the https wire says, too. */
void fate_write_nonsense(struct buf *out)
{
	buf_adds(out, "220 mail.example ESMTP ready\r\n\r\n");
}

#define PIECE 65536

void fate_write_endless(struct buf *out, bool head)
{
	if (head)
		buf_adds(out, "HTTP/1.1 200 OK\r\n"
		              "Transfer-Encoding: chunked\r\n\r\n");
	buf_addf(out, "%x\r\n", PIECE);
	for (int i = 0; i < PIECE; i++)
		buf_addc(out, ' ');
	buf_adds(out, "\r\n");
}

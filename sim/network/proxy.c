#include "sim/network/network.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/check.h"

struct proxy {
	struct host *host;
	struct listener *listener;
	char *user, *password; /* NULL: open to all */
};

/* "Basic dXNlcjpwYXNz" says who is asking (RFC 7617). */
static bool knows(const struct proxy *proxy, const char *authorization)
{
	struct buf said = BUF_INIT;
	char *wanted;
	bool same = false;

	if (!authorization || strncasecmp(authorization, "Basic ", 6) != 0)
		return false;
	wanted = xasprintf("%s:%s", proxy->user, proxy->password);
	if (buf_add_unbase64(
	        &said, authorization + 6, strlen(authorization + 6)))
		same = said.len == strlen(wanted) &&
		       strcmp(buf_text(&said), wanted) == 0;
	buf_free(&said);
	free(wanted);
	return same;
}

static int decide(void *ctx, const struct http_request *connect,
    const char *peer, struct http_response *answer)
{
	const struct proxy *proxy = ctx;
	const char *authorization = http_header(
	    &connect->headers, "Proxy-Authorization");

	(void)peer;
	if (!proxy->user || knows(proxy, authorization))
		return 200;
	http_response_text(answer, 407, "text/plain",
	    authorization ? "the proxy does not know this user and password\n"
	                  : "the proxy wants a user and a password\n");
	return 407;
}

void proxy_set_credentials(
    struct proxy *proxy, const char *user, const char *password)
{
	check(!user == !password);
	free(proxy->user);
	free(proxy->password);
	proxy->user = xstrdup(user);
	proxy->password = xstrdup(password);
	if (password && strlen(password) >= 6)
		secrets_add(proxy->host->secrets, "proxy password", password);
}

struct proxy *proxy_new(struct host *host, uint16_t port, const char *user,
    const char *password, struct err *err)
{
	struct proxy *proxy = xcalloc(1, sizeof(*proxy));

	proxy->host = host;
	proxy_set_credentials(proxy, user, password);
	proxy->listener = net_listen_proxy(
	    host->net, host->name, port, decide, proxy, err);
	if (!proxy->listener)
		proxy_free(&proxy);
	return proxy;
}

void proxy_free(struct proxy **proxy_ptr)
{
	struct proxy *proxy = *proxy_ptr;

	*proxy_ptr = NULL;
	if (!proxy)
		return;
	if (proxy->listener)
		listener_close(&proxy->listener);
	free(proxy->user);
	free(proxy->password);
	free(proxy);
}

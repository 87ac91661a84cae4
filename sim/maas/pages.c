#include <ctype.h>
#include <string.h>

#include "sim/maas/server.h"

/* What is not the API: nginx in front of the region, and the few paths of the
 * region's web application that a client of the API may meet. */

/* A request line, and each line of the head, has to fit into one buffer of
 * nginx; there are four of them. */
#define LINE_MAX_LEN ((size_t)8 << 10)
#define HEAD_MAX_LEN (4 * LINE_MAX_LEN)

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void nginx_page(
    struct ask *ask, int status, const char *title, const char *more)
{
	struct buf page = BUF_INIT;

	buf_addf(&page,
	    "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n"
	    "<center><h1>%d %s</h1></center>\r\n",
	    status, more ? more : title, status, title);
	if (more)
		buf_addf(&page, "<center>%s</center>\r\n", more);
	buf_adds(&page, "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n"
	                "</html>\r\n");
	maas_answer_bare(ask, status, "text/html", buf_text(&page));
	buf_free(&page);
}

/* ---- nginx ---- */

static bool method_is_one(const char *method)
{
	for (; *method; method++)
		if (!isupper((unsigned char)*method) && *method != '_' &&
		    *method != '-')
			return false;
	return true;
}

/* %XX stands for a byte, but not for 0. */
static bool path_is_encoded(const char *target)
{
	size_t len = strcspn(target, "?#");

	for (size_t i = 0; i < len; i++)
		if (target[i] == '%' &&
		    (!isxdigit((unsigned char)target[i + 1]) ||
		        !isxdigit((unsigned char)target[i + 2]) ||
		        strncmp(target + i, "%00", 3) == 0))
			return false;
	return true;
}

static bool head_is_too_large(const struct http_request *request)
{
	size_t all = 0;

	for (size_t i = 0; i < request->headers.count; i++) {
		const struct http_header *header = &request->headers.items[i];
		size_t len = strlen(header->name) + strlen(header->value) + 4;

		all += len;
		if (len > LINE_MAX_LEN || all > HEAD_MAX_LEN)
			return true;
	}
	return false;
}

bool maas_front_refuses(struct ask *ask)
{
	const struct http_request *request = ask->request;
	size_t line = strlen(request->method) + strlen(request->target) +
	              sizeof("  HTTP/1.1\r\n") - 1;

	if (!method_is_one(request->method))
		nginx_page(ask, 400, "Bad Request", NULL);
	else if (line > LINE_MAX_LEN)
		nginx_page(ask, 414, "Request-URI Too Large", NULL);
	else if (!path_is_encoded(request->target))
		nginx_page(ask, 400, "Bad Request", NULL);
	else if (head_is_too_large(request))
		nginx_page(ask, 400, "Bad Request",
		    "Request Header Or Cookie Too Large");
	else if (strcmp(request->method, "TRACE") == 0 ||
	         strcmp(request->method, "CONNECT") == 0)
		nginx_page(ask, 405, "Not Allowed", NULL);
	else if (request->body.len > MAAS_MAX_BODY)
		nginx_page(ask, 413, "Request Entity Too Large", NULL);
	else
		return false;
	return true;
}

/* ---- the web application ---- */

static void to_login(struct ask *ask, const char *path)
{
	struct buf where = BUF_INIT;

	buf_adds(&where, "/MAAS/?next=");
	buf_add_percent(&where, path);
	http_header_add(&ask->answer.headers, "Location", buf_text(&where));
	maas_answer_bare(ask, 302, "text/html; charset=utf-8", "");
	http_header_add(&ask->answer.headers, "Vary", "Cookie");
	buf_free(&where);
}

static void to_interface(struct ask *ask)
{
	http_header_add(&ask->answer.headers, "Location", "/MAAS/r/");
	nginx_page(ask, 301, "Moved Permanently", NULL);
}

static void plain(struct ask *ask, int status, const char *text)
{
	maas_answer_bare(ask, status, "text/plain", text);
	http_header_add(&ask->answer.headers, "X-Frame-Options", "DENY");
}

/* A path that would be one with a slash at its end is told so, before
 * anything else looks at it. Of the API, where every path is answered, only
 * the root is such a path. */
static bool wants_slash(const char *path)
{
	static const char *const paths[] = { MAAS_API, "/MAAS/api/1.0",
		"/MAAS/api/version", "/MAAS/accounts/login",
		"/MAAS/accounts/authenticate",
		"/MAAS/accounts/discharge-request", "/MAAS/accounts/logout",
		"/MAAS/accounts/csrf", "/MAAS/rpc", "/MAAS/metadata" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(paths[i], path) == 0)
			return true;
	return false;
}

static void to_slash(struct ask *ask, const char *path)
{
	const char *query = strchr(ask->request->target, '?');
	struct buf where = BUF_INIT;

	buf_addf(&where, "%s/%s", path, query ? query : "");
	http_header_add(&ask->answer.headers, "Location", buf_text(&where));
	maas_answer_bare(ask, 301, "text/html; charset=utf-8", "");
	buf_free(&where);
}

void maas_page_openapi(struct ask *ask)
{
	maas_answer_bare(
	    ask, 200, "application/openapi+yaml", "openapi: 3.0.0\n");
	http_header_add(&ask->answer.headers, "X-Frame-Options", "DENY");
}

void maas_page(struct ask *ask, const char *path)
{
	if (wants_slash(path))
		to_slash(ask, path);
	else if (begins(path, "/MAAS/metadata/"))
		maas_metadata(ask, path + strlen("/MAAS/metadata"));
	else if (strcmp(path, "/MAAS/accounts/authenticate/") == 0)
		maas_authenticate(ask);
	else if (begins(path, "/MAAS/api/1.0/"))
		plain(ask, 410,
		    "The 1.0 API is no longer available. Please use API "
		    "version 2.0.");
	else if (begins(path, "/MAAS/api/version/"))
		plain(ask, 200, "2.0");
	else if (strcmp(path, "/") == 0 || strcmp(path, "/MAAS") == 0 ||
	         strcmp(path, "/MAAS/") == 0)
		to_interface(ask);
	else if (begins(path, "/MAAS/"))
		to_login(ask, path);
	else
		nginx_page(ask, 404, "Not Found", NULL);
}

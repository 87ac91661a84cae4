#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "harness/serve/serve.h"
#include "sim/palette/palette.h"

#define MOST_OPERATIONS 512

static json_t *facts_of(const struct palette *palette, const char *endpoint)
{
	struct palette_tenant tenant = palette_default_tenant(palette);

	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "url", endpoint, "apiKey",
	    tenant.api_key, "email", tenant.admin_email, "password",
	    tenant.admin_password, "projectUid", tenant.project_uid);
}

static int serve(struct served *served, const char *endpoint)
{
	struct err err = { 0 };
	char *ca_pem = NULL;
	char *url = endpoint ? xstrdup(endpoint) : served_url(served, "");
	struct identity *identity = served_identity(served, &ca_pem);
	struct palette_options options = {
		.name = "palette/served",
		.port = served->port,
		.identity = identity,
		.endpoint = url,
		.ca_pem = ca_pem,
	};
	struct palette *palette = palette_new(served->host, &options, &err);
	bool well = palette && served_announce(served, facts_of(palette, url),
	                           ca_pem, &err);

	if (well)
		served_run(served);
	palette_free(&palette);
	identity_free(&identity);
	free(ca_pem);
	free(url);
	return well ? 0 : served_complain("pcgsim serve palette", &err);
}

/* A Palette's paths have no op, and its bodies are documents: only what its
 * query says goes to the journal. */
static json_t *parameters(void *ctx, const struct http_request *request)
{
	const char *query = strchr(request->target, '?');
	json_t *all = json_object();
	struct form form = { 0 };

	(void)ctx;
	if (query)
		form_parse_urlencoded(&form, query + 1, strlen(query + 1));
	for (size_t i = 0; i < form.count; i++)
		if (!strcasestr(form.fields[i].name, "token") &&
		    !strcasestr(form.fields[i].name, "key"))
			json_object_set_new(all, form.fields[i].name,
			    json_string(form.fields[i].value));
	form_free(&form);
	return all;
}

static void address(
    void *ctx, const struct http_request *request, char **path, char **op)
{
	(void)ctx;
	*path = http_path(request->target);
	if (!*path)
		*path = xstrdup("");
	*op = NULL;
}

static struct watch_subject subject_of(
    const char **names, struct route_row *rows)
{
	size_t count;
	const struct palette_operation *table = palette_operations(&count);

	check(count <= MOST_OPERATIONS);
	for (size_t i = 0; i < count; i++) {
		names[i] = table[i].name;
		rows[i] = (struct route_row){ table[i].method, table[i].path,
			NULL, table[i].modelled };
	}
	return (struct watch_subject){
		.words = { "palette", names, count, false },
		.routes = { "", rows, count },
		.parameters = parameters,
		.address = address,
	};
}

int serve_palette(int argc, char **argv)
{
	struct served served = { .bind = "127.0.0.1",
		.port = 8443,
		.speed = 1,
		.seed = 1,
		.tls = true };
	const char *endpoint = NULL;
	bool plain = false;
	const struct serve_option options[] = {
		{ "port", "N", "the port (8443); 0: any that is free",
		    SERVE_ANY_PORT, &served.port },
		{ "bind", "ADDRESS", "the address (127.0.0.1)", SERVE_TEXT,
		    &served.bind },
		{ "plain", "", "http instead of https", SERVE_FLAG, &plain },
		{ "endpoint", "URL", "what agents are told to call", SERVE_TEXT,
		    &endpoint },
		{ "speed", "N", "N times faster, calendar included",
		    SERVE_SPEED, &served.speed },
		{ "seed", "N", "of keys and uids (1)", SERVE_COUNT,
		    &served.seed },
		{ "credentials", "FILE", "write URL and keys there as JSON",
		    SERVE_TEXT, &served.credentials_file },
		{ "ca-file", "FILE", "write the CA certificate there",
		    SERVE_TEXT, &served.ca_file },
		{ "fault", "RULE", "what goes wrong, as in \"poll: hangs\"",
		    SERVE_LIST, &served.faults },
		{ "journal", "FILE",
		    "each request and event, one JSON line each", SERVE_TEXT,
		    &served.journal_file },
	};
	const char *names[MOST_OPERATIONS];
	struct route_row rows[MOST_OPERATIONS];
	struct watch_subject subject = subject_of(names, rows);
	struct err err = { 0 };
	int status = serve_read_options("pcgsim serve palette", argc, argv,
	    options, sizeof(options) / sizeof(options[0]));

	if (status)
		return status < 0 ? 0 : status;
	served.tls = !plain;
	if (served_open(&served, "pcgsim serve palette", "palette/served",
	        &subject, &err))
		status = serve(&served, endpoint);
	else
		status = served_complain("pcgsim serve palette", &err);
	served_close(&served);
	return status;
}

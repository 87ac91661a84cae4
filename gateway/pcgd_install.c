#include "gateway/pcgd_install.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "base/json.h"
#include "base/real_host.h"
#include "base/url.h"
#include "base/yaml.h"
#include "capi/maas_client.h"
#include "gateway/gateway.h"
#include "gateway/pcgd_config.h"
#include "gateway/pcgd_options.h"

#define TIMEOUT_FOR SECONDS(30)

struct install {
	const char *name, *palette, *palette_ca, *code_file;
	const char *maas, *maas_ca, *key_file;
	const char *https_proxy, *http_proxy, *no_proxy;
	const char *out, *resolver;
	char *ca_pem, *maas_ca_pem, *code, *key;
	struct reactor *reactor;
	char *manifest;
	struct err err;
};

static const struct option OPTIONS[] = {
	{ "name", required_argument, NULL, 'n' },
	{ "palette", required_argument, NULL, 'p' },
	{ "palette-ca", required_argument, NULL, 'c' },
	{ "pairing-code-file", required_argument, NULL, 'P' },
	{ "maas", required_argument, NULL, 'm' },
	{ "maas-ca", required_argument, NULL, 'M' },
	{ "maas-key-file", required_argument, NULL, 'k' },
	{ "https-proxy", required_argument, NULL, 's' },
	{ "http-proxy", required_argument, NULL, 'h' },
	{ "no-proxy", required_argument, NULL, 'x' },
	{ "resolver", required_argument, NULL, 'r' },
	{ "out", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, PCGD_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char USAGE[] =
    "usage: pcgd install --name NAME --palette URL [--palette-ca FILE]\n"
    "         --pairing-code-file FILE --maas URL [--maas-ca FILE]\n"
    "         --maas-key-file FILE [--https-proxy URL] [--http-proxy URL]\n"
    "         [--no-proxy LIST] [--resolver HOST:PORT] --out DIR\n"
    "Secrets come from files (- for standard input), never from the command\n"
    "line, where every user of this machine could read them.\n";

static bool take_option(struct install *in, int option)
{
	switch (option) {
	case 'n':
		in->name = optarg;
		return true;
	case 'p':
		in->palette = optarg;
		return true;
	case 'c':
		in->palette_ca = optarg;
		return true;
	case 'P':
		in->code_file = optarg;
		return true;
	case 'm':
		in->maas = optarg;
		return true;
	case 'M':
		in->maas_ca = optarg;
		return true;
	case 'k':
		in->key_file = optarg;
		return true;
	case 's':
		in->https_proxy = optarg;
		return true;
	case 'h':
		in->http_proxy = optarg;
		return true;
	case 'x':
		in->no_proxy = optarg;
		return true;
	case 'r':
		in->resolver = optarg;
		return true;
	case 'o':
		in->out = optarg;
		return true;
	default:
		return false;
	}
}

/* What has to be said and was not; NULL: nothing. */
static const char *missing(const struct install *in)
{
	const struct {
		const char *said, *option;
	} wanted[] = {
		{ in->name, "--name NAME" },
		{ in->palette, "--palette URL" },
		{ in->code_file, "--pairing-code-file FILE" },
		{ in->maas, "--maas URL" },
		{ in->key_file, "--maas-key-file FILE" },
		{ in->out, "--out DIR" },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!wanted[i].said)
			return wanted[i].option;
	return NULL;
}

/* ---- the manifest ---- */

static void fetched(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct install *in = ctx;
	struct err why = { 0 };
	json_t *body = NULL;

	reactor_stop(in->reactor);
	if (!answer) {
		in->err = *err;
		err_prefix(&in->err, "Palette cannot be reached: ");
		return;
	}
	body = json_parse(buf_text(&answer->body), answer->body.len, &why);
	if (answer->status == 200 && *jstr(body, "manifest"))
		in->manifest = xstrdup(jstr(body, "manifest"));
	else if (answer->status == 200)
		err_set(&in->err, ERR_GARBLED,
		    "Palette's answer holds no manifest: is this Palette?");
	else
		err_set(&in->err, ERR_REFUSED, "Palette says no: %d %s %s",
		    answer->status, jstr(body, "code"), jstr(body, "message"));
	json_decref(body);
}

static bool fetch(struct install *in, struct host *host, const struct url *url,
    const char *proxy)
{
	static const struct call_handler handler = { .done = fetched };
	struct call_options options = { .timeout_for = TIMEOUT_FOR };
	struct http_request request = { 0 };
	struct dial dial = { .host = url->host,
		.port = url->port,
		.tls = url->tls,
		.ca_pem = in->ca_pem,
		.proxy = proxy };
	struct buf code = BUF_INIT;

	buf_add_percent(&code, in->code);
	http_request_set(&request, "GET",
	    "/v1/overlords/maas/manifest?pairingCode=%s", buf_text(&code));
	buf_free(&code);
	net_send(host->net, &dial, &request, &options, &handler, in);
	reactor_run(in->reactor, true);
	return in->manifest != NULL;
}

/* As the gateway will judge it. */
static bool account_is_sane(struct install *in, struct host *host)
{
	const struct maas_account account = {
		.endpoint = in->maas,
		.api_key = in->key,
		.ca_pem = in->maas_ca_pem,
	};
	struct maas_client *client = maas_client_new(host, &account, &in->err);

	maas_client_free(&client);
	return in->err.kind == ERR_NONE;
}

static bool fetch_manifest(struct install *in)
{
	struct real_host_options options = { .name = "installer",
		.resolver = in->resolver,
		.loudest = LOG_WARNING };
	struct proxy_settings proxies = { 0 };
	struct url url = { 0 };
	struct host *host;
	bool fetched_it;

	if (!url_parse(&url, in->palette, &in->err))
		return err_prefix(&in->err, "--palette: ");
	if (url.tls && !in->ca_pem) {
		url_free(&url);
		return err_set(&in->err, ERR_INPUT,
		    "--palette is https: say --palette-ca FILE, too, the CA "
		    "to verify it by");
	}
	proxies.https_proxy = xstrdup(in->https_proxy);
	proxies.http_proxy = xstrdup(in->http_proxy);
	proxies.no_proxy = xstrdup(in->no_proxy);
	in->reactor = reactor_new(1);
	host = real_host_new(in->reactor, &options, &in->err);
	fetched_it = host && account_is_sane(in, host) &&
	             fetch(in, host, &url,
	                 proxy_for(&proxies, url.tls, url.host, url.port));
	real_host_free(&host);
	reactor_free(&in->reactor);
	proxy_settings_free(&proxies);
	url_free(&url);
	return fetched_it;
}

/* "overlordUid: 66a0..." wherever it stands in the manifest's YAML. */
static char *overlord_uid(const char *manifest)
{
	const char *at = strstr(manifest, "overlordUid:");
	size_t len;

	if (!at)
		return NULL;
	at += strlen("overlordUid:");
	at += strspn(at, " \"'");
	len = strspn(at, "0123456789abcdef");
	return len == 24 ? xstrndup(at, len) : NULL;
}

/* ---- the files ---- */

static bool write_file(const char *file, const char *text, struct err *err)
{
	FILE *f = fopen(file, "wxe");
	bool well = f && fchmod(fileno(f), 0600) == 0 && fputs(text, f) >= 0;

	if (f && fclose(f) != 0)
		well = false;
	if (!well)
		return err_set(err, ERR_STORAGE, "cannot write %s: %s", file,
		    errno == EEXIST ? "it exists, and is left as it is"
		                    : strerror(errno));
	return true;
}

static char *compose(const struct install *in, const char *uid)
{
	struct buf out = BUF_INIT;

	buf_addf(&out, "name: %s\npalette:\n  endpoint: %s\n", in->name,
	    in->palette);
	if (in->palette_ca)
		buf_adds(&out, "  ca: palette-ca.pem\n");
	buf_addf(
	    &out, "  overlordUid: %s\n  pairingCode: \"%s\"\n", uid, in->code);
	buf_addf(&out, "maas:\n  endpoint: %s\n  apiKey: \"%s\"\n", in->maas,
	    in->key);
	if (in->maas_ca)
		buf_adds(&out, "  ca: maas-ca.pem\n");
	if (in->https_proxy || in->http_proxy || in->no_proxy)
		buf_adds(&out, "proxy:\n");
	if (in->https_proxy)
		buf_addf(&out, "  https: \"%s\"\n", in->https_proxy);
	if (in->http_proxy)
		buf_addf(&out, "  http: \"%s\"\n", in->http_proxy);
	if (in->no_proxy)
		buf_addf(&out, "  noProxy: \"%s\"\n", in->no_proxy);
	buf_addf(&out, "state: %s/state\n", in->out);
	if (in->resolver)
		buf_addf(&out, "resolver: %s\n", in->resolver);
	return buf_detach(&out);
}

static bool write_ca(const struct install *in, const char *pem,
    const char *name, struct err *err)
{
	char *to;
	bool well;

	if (!pem)
		return true;
	to = xasprintf("%s/%s", in->out, name);
	well = write_file(to, pem, err);
	free(to);
	return well;
}

static bool write_all(struct install *in, const char *uid)
{
	char *file = xasprintf("%s/pcg.yaml", in->out);
	char *text = compose(in, uid);
	bool well;

	/* UBSan keeps gcc from seeing that xasprintf never gives NULL. */
	check(file);
	if (mkdir(in->out, 0700) != 0 && errno != EEXIST)
		err_set(&in->err, ERR_STORAGE, "cannot make %s: %s", in->out,
		    strerror(errno));
	well = in->err.kind == ERR_NONE && write_file(file, text, &in->err) &&
	       write_ca(in, in->ca_pem, "palette-ca.pem", &in->err) &&
	       write_ca(in, in->maas_ca_pem, "maas-ca.pem", &in->err);
	/* A file that cannot be sealed must not stay with plain secrets. */
	if (well && pcgd_config_encrypt(file, stderr) < 0) {
		unlink(file);
		well = err_set(&in->err, ERR_STORAGE, "cannot seal %s", file);
	}
	if (well)
		printf("%s\n", file);
	free(text);
	free(file);
	return well;
}

/* Before anybody is asked: a pairing code is good for a while only. */
static bool may_write(struct install *in)
{
	char *file = xasprintf("%s/pcg.yaml", in->out);
	struct stat there;
	bool taken = lstat(file, &there) == 0;

	if (taken)
		err_set(&in->err, ERR_STORAGE,
		    "cannot write %s: it exists, and is left as it is", file);
	else if (stat(in->out, &there) == 0 && !S_ISDIR(there.st_mode))
		err_set(&in->err, ERR_STORAGE, "%s is not a folder", in->out);
	free(file);
	return in->err.kind == ERR_NONE;
}

static bool read_inputs(struct install *in)
{
	if (in->palette_ca &&
	    !(in->ca_pem = file_certificates(in->palette_ca, &in->err)))
		return false;
	if (in->maas_ca &&
	    !(in->maas_ca_pem = file_certificates(in->maas_ca, &in->err)))
		return false;
	in->code = file_text(in->code_file, &in->err);
	in->key = in->code ? file_text(in->key_file, &in->err) : NULL;
	return in->key != NULL;
}

int pcgd_install(int argc, char **argv)
{
	struct install in = { 0 };
	char *uid = NULL;
	int option;
	bool well;

	while (
	    (option = pcgd_option("pcgd install", argc, argv, OPTIONS)) != -1) {
		if (option == PCGD_HELP)
			return fputs(USAGE, stdout) < 0;
		if (!take_option(&in, option))
			return 2;
	}
	if (optind < argc) {
		fprintf(stderr,
		    "pcgd install: \"%s\" is not an option (see pcgd install "
		    "--help)\n",
		    argv[optind]);
		return 2;
	}
	if (missing(&in)) {
		fprintf(stderr,
		    "pcgd install: say %s, too (see pcgd install --help)\n",
		    missing(&in));
		return 2;
	}
	well = gateway_name_judge(in.name, &in.err) && may_write(&in) &&
	       read_inputs(&in) && fetch_manifest(&in);
	uid = well ? overlord_uid(in.manifest) : NULL;
	if (well && !uid)
		well = err_set(
		    &in.err, ERR_GARBLED, "the manifest holds no overlordUid");
	well = well && write_all(&in, uid);
	if (!well)
		fprintf(stderr, "pcgd install: %s\n", in.err.text);
	free(uid);
	free(in.manifest);
	free(in.ca_pem);
	free(in.maas_ca_pem);
	free(in.code);
	free(in.key);
	return well ? 0 : in.err.kind == ERR_INPUT ? 2 : 1;
}

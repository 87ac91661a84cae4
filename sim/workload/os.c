#include "sim/workload/os.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static const char proxy_unit[] =
    "/etc/systemd/system/containerd.service.d/http-proxy.conf";
static const char local_certificates[] = "/usr/local/share/ca-certificates/";
static const char trusted_bundle[] = "/etc/ssl/certs/ca-certificates.crt";

void os_free(struct os *os)
{
	free(os->unit);
	proxy_settings_free(&os->runtime);
	*os = (struct os){ 0 };
}

void os_boot(struct os *os, struct files *files)
{
	struct err err;

	os_free(os);
	files_boot(files);
	os_daemon_reload(os, files);
	/* A unit file that is no good was refused when it was restarted for
	 * the first time; after that boot nothing runs anyway. */
	(void)os_restart_containerd(os, &err);
}

void os_daemon_reload(struct os *os, const struct files *files)
{
	const char *text = files_text(files, proxy_unit);

	free(os->unit);
	os->unit = xstrdup(text);
}

/* ---- Environment="NAME=value" "NAME=value" ---- */

static char **setting_named(
    struct proxy_settings *settings, const char *name, size_t len)
{
	const struct {
		const char *name;
		char **setting;
	} known[] = {
		{ "HTTP_PROXY", &settings->http_proxy },
		{ "HTTPS_PROXY", &settings->https_proxy },
		{ "NO_PROXY", &settings->no_proxy },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == len &&
		    strncasecmp(known[i].name, name, len) == 0)
			return known[i].setting;
	return NULL;
}

static void take_variable(
    struct proxy_settings *settings, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	char **setting;

	if (!equals)
		return;
	setting = setting_named(settings, text, (size_t)(equals - text));
	if (!setting)
		return;
	free(*setting);
	*setting = xstrndup(equals + 1, len - (size_t)(equals + 1 - text));
}

/* What stands after "Environment=": assignments, quoted or not. */
static bool take_environment(
    struct proxy_settings *settings, const char *text, const char *end)
{
	while (text < end) {
		const char *stop;

		if (*text == ' ' || *text == '\t' || *text == '\r') {
			text++;
			continue;
		}
		if (*text == '"' || *text == '\'') {
			stop = memchr(
			    text + 1, *text, (size_t)(end - text - 1));
			if (!stop)
				return false;
			take_variable(
			    settings, text + 1, (size_t)(stop - text - 1));
			text = stop + 1;
			continue;
		}
		for (stop = text; stop < end && *stop != ' '; stop++)
			;
		take_variable(settings, text, (size_t)(stop - text));
		text = stop;
	}
	return true;
}

static bool read_unit(
    struct proxy_settings *settings, const char *text, struct err *err)
{
	static const char key[] = "Environment=";
	bool in_service = false;

	for (const char *line = text; *line;) {
		const char *end = line + strcspn(line, "\n");

		if (*line == '[')
			in_service = strncmp(line, "[Service]", 9) == 0;
		else if (strncmp(line, key, sizeof(key) - 1) == 0 &&
		         (!in_service || !take_environment(settings,
		                             line + sizeof(key) - 1, end)))
			return err_set(err, ERR_INPUT,
			    "containerd.service has a bad unit file setting: "
			    "%s cannot be understood",
			    proxy_unit);
		line = *end ? end + 1 : end;
	}
	return true;
}

bool os_restart_containerd(struct os *os, struct err *err)
{
	proxy_settings_free(&os->runtime);
	os->runtime = (struct proxy_settings){ 0 };
	return !os->unit || read_unit(&os->runtime, os->unit, err);
}

/* ---- CA certificates ---- */

static bool is_local_certificate(const struct file *file)
{
	size_t len = strlen(file->path);

	return !file->is_dir &&
	       strncmp(file->path, local_certificates,
	           sizeof(local_certificates) - 1) == 0 &&
	       len > 4 && strcmp(file->path + len - 4, ".crt") == 0;
}

bool os_update_ca_certificates(struct files *files, struct err *err)
{
	struct buf bundle = BUF_INIT;
	bool good = true;

	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = files->items[i];
		const char *text = buf_text(&file->content);

		if (!is_local_certificate(file))
			continue;
		if (!strstr(text, "-----BEGIN CERTIFICATE-----") ||
		    !strstr(text, "-----END CERTIFICATE-----"))
			good = err_set(err, ERR_INPUT,
			    "%s does not contain a certificate in PEM form",
			    file->path);
		buf_adds(&bundle, text);
		if (bundle.len && bundle.data[bundle.len - 1] != '\n')
			buf_addc(&bundle, '\n');
	}
	if (good)
		files_put(files, trusted_bundle, buf_text(&bundle), bundle.len,
		    0644, NULL);
	buf_free(&bundle);
	return good;
}

const char *os_trusted_pem(const struct files *files)
{
	const char *text = files_text(files, trusted_bundle);

	return text ? text : "";
}

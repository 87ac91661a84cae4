#include "gateway/gateway.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "gateway/engine.h"

#define STORE_FILE    "gateway.db"
#define TOMBSTONE_FOR HOURS(7 * 24) /* a late create is still known */
#define PRUNE_EVERY   HOURS(24)
/* The store says what is wrong with it; these say what to do. */
#define DAMAGE_REMEDY                                                        \
	"; the file was left as it is. Without it a new gateway is needed: " \
	"move it away, install again with a new pairing code (the old one "  \
	"belongs to a key in that file) and migrate the clusters in Palette"
#define DISK_REMEDY                                                          \
	": can its directory be written by this user, and is there room on " \
	"its disk?"

struct dial gateway_dial(const struct gateway *gateway)
{
	const struct url *url = &gateway->palette;

	return (struct dial){
		.host = url->host,
		.port = url->port,
		.tls = url->tls,
		.proxy = proxy_for(
		    &gateway->proxies, url->tls, url->host, url->port),
		.ca_pem = gateway->palette_ca_pem,
	};
}

static const json_t *put(struct gateway *gateway, const char *kind,
    const char *name, json_t *obj, struct api_status *status)
{
	const struct kind_info *info = kind_named(kind);
	const json_t *old = gateway_load(gateway, kind, name);
	char api_version[96];

	check(info);
	kind_api_version(info, api_version, sizeof(api_version));
	jsets(obj, "apiVersion", api_version);
	jsets(obj, "kind", kind);
	jsets(obj, "metadata.name", name);
	if (old) /* one thread: what is there now is what is replaced */
		jsets(obj, "metadata.resourceVersion",
		    jstr(old, "metadata.resourceVersion"));
	if (old)
		return store_update(
		    gateway->store, kind, NULL, name, obj, false, status);
	return store_create(gateway->store, kind, NULL, obj, status);
}

bool gateway_save(
    struct gateway *gateway, const char *kind, const char *name, json_t *obj)
{
	struct api_status status = { 0 };
	bool stored = put(gateway, kind, name, obj, &status) != NULL;

	json_decref(obj);
	if (!stored)
		log_error(gateway->host, "cannot store %s %s: %s", kind, name,
		    status.message);
	api_status_free(&status);
	return stored;
}

const json_t *gateway_load(
    const struct gateway *gateway, const char *kind, const char *name)
{
	return store_get(gateway->store, kind, NULL, name);
}

void gateway_forget(struct gateway *gateway, const char *kind, const char *name)
{
	struct api_status status = { 0 };
	const json_t *left = NULL;

	store_delete(gateway->store, kind, NULL, name, NULL, &left, &status);
	api_status_free(&status);
}

/* The store is not changed while it is gone through. */
struct sifting {
	stale_fn *is_stale;
	const void *ctx;
	json_t *names;
};

static bool note_if_stale(void *ctx, const json_t *obj)
{
	struct sifting *sifting = ctx;

	if (sifting->is_stale(sifting->ctx, obj))
		json_array_append_new(
		    sifting->names, json_string(jstr(obj, "metadata.name")));
	return true;
}

void gateway_forget_all(struct gateway *gateway, const char *kind,
    stale_fn *is_stale, const void *ctx)
{
	struct sifting sifting = { is_stale, ctx, json_array() };
	json_t *name;
	size_t i;

	store_each(gateway->store, kind, NULL, NULL, note_if_stale, &sifting);
	json_array_foreach(sifting.names, i, name)
	    gateway_forget(gateway, kind, json_string_value(name));
	json_decref(sifting.names);
}

/* ---- old tombstones ---- */

static bool ended_before(const void *ctx, const json_t *obj)
{
	const usec *before_time = ctx;
	usec ended_time = 0;

	return time_parse(jstr(obj, "spec.endedAt"), &ended_time) &&
	       ended_time < *before_time;
}

static void prune(struct timer *timer)
{
	struct gateway *gateway = OWNER_OF(timer, struct gateway, prune);
	usec before_time = host_time(gateway->host) - TOMBSTONE_FOR;

	gateway_forget_all(gateway, "Instruction", ended_before, &before_time);
	timer_set(&gateway->prune, gateway->host->loop, PRUNE_EVERY);
}

/* ---- the life ---- */

static bool needs(const char *value, const char *name, struct err *err)
{
	if (value && *value)
		return true;
	return err_set(err, ERR_INPUT, "the gateway needs %s", name);
}

bool gateway_name_judge(const char *name, struct err *err)
{
	size_t len = name ? strlen(name) : 0;

	if (len >= 1 && len <= 63 &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                 "0123456789-._/") == len)
		return true;
	return err_set(err, ERR_INPUT,
	    "the name of a gateway is 1 to 63 letters, digits and -._/, not "
	    "\"%.70s\"",
	    len ? name : "");
}

static bool config_is_sane(const struct gateway_config *config, struct err *err)
{
	struct url maas = { 0 };

	if (!gateway_name_judge(config->name, err) ||
	    !needs(
	        config->palette_endpoint, "a palette endpoint (R-023)", err) ||
	    !needs(
	        config->overlord_uid, "the overlordUid of its manifest", err) ||
	    !needs(config->pairing_code, "a pairing code", err) ||
	    !needs(config->maas_endpoint, "a MAAS endpoint", err) ||
	    !needs(config->maas_api_key, "a MAAS API key", err))
		return false;
	if (!url_parse(&maas, config->maas_endpoint, err))
		return err_prefix(err, "MAAS endpoint: ");
	if (maas.tls && !config->maas_ca_pem) {
		url_free(&maas);
		return err_set(err, ERR_INPUT,
		    "the MAAS endpoint is https, so the gateway needs the CA "
		    "certificate to verify it by");
	}
	url_free(&maas);
	return true;
}

static void register_secrets(struct gateway *gateway)
{
	const char *const proxies[] = { gateway->proxies.https_proxy,
		gateway->proxies.http_proxy };
	struct secrets *secrets = gateway->host->secrets;
	struct err ignored = { 0 };

	secrets_add_foreign(secrets, "pairing-code", gateway->pairing_code);
	secrets_add_foreign(secrets, "maas-api-key", gateway->maas_api_key);
	for (size_t i = 0; i < 2; i++) {
		struct url url = { 0 };

		if (!proxies[i] || !url_parse(&url, proxies[i], &ignored))
			continue;
		if (url.password)
			secrets_add_foreign(
			    secrets, "proxy-password", url.password);
		url_free(&url);
	}
}

static bool take_config(struct gateway *gateway,
    const struct gateway_config *config, struct err *err)
{
	if (!config_is_sane(config, err))
		return false;
	if (!url_parse(&gateway->palette, config->palette_endpoint, err))
		return err_prefix(err, "palette endpoint: ");
	if (!gateway->palette.tls)
		log_warning(gateway->host,
		    "the link to Palette is plain http: for tests only");
	else if (!config->palette_ca_pem)
		return err_set(err, ERR_INPUT,
		    "the palette endpoint is https, so the gateway needs the "
		    "CA certificate to verify it by");
	gateway->name = xstrdup(config->name);
	gateway->palette_ca_pem = xstrdup(config->palette_ca_pem);
	gateway->overlord_uid = xstrdup(config->overlord_uid);
	gateway->pairing_code = xstrdup(config->pairing_code);
	gateway->maas_endpoint = xstrdup(config->maas_endpoint);
	gateway->maas_api_key = xstrdup(config->maas_api_key);
	gateway->maas_ca_pem = xstrdup(config->maas_ca_pem);
	proxy_settings_copy(&gateway->proxies, &config->proxies);
	gateway->link.poll_for = config->poll_for;
	register_secrets(gateway);
	return true;
}

static bool open_store(struct gateway *gateway, struct err *err)
{
	gateway->store = store_open(gateway->host, STORE_FILE, err);
	if (!gateway->store) {
		const char *remedy = err->kind == ERR_GARBLED   ? DAMAGE_REMEDY
		                     : err->kind == ERR_STORAGE ? DISK_REMEDY
		                                                : "";
		struct err why = *err;

		return err_set(err, ERR_STORAGE, "%.190s%s", why.text, remedy);
	}
	store_tell(gateway->store, gateway->host->name);
	gateway->kube = kube_local(gateway->host, gateway->store);
	return true;
}

struct gateway *gateway_new(
    struct host *host, const struct gateway_config *config, struct err *err)
{
	struct gateway *gateway = xcalloc(1, sizeof(*gateway));

	check(host->disk);
	gateway->host = host;
	list_init(&gateway->works);
	list_init(&gateway->queries);
	timer_init(&gateway->prune, prune);
	if (!take_config(gateway, config, err) || !open_store(gateway, err) ||
	    !outbox_start(gateway) || !work_start(gateway)) {
		if (err->kind == ERR_NONE)
			err_set(err, ERR_STORAGE,
			    "the store of %s cannot be written" DISK_REMEDY,
			    config->name);
		gateway_free(&gateway);
		return NULL;
	}
	timer_set(&gateway->prune, host->loop, PRUNE_EVERY);
	link_start(gateway);
	return gateway;
}

/* From the outside in: what talks first, then what works, then what
 * remembers. Nothing here says goodbye to anybody. */
void gateway_free(struct gateway **gateway_p)
{
	struct gateway *gateway = *gateway_p;

	if (!gateway)
		return;
	timer_cancel(&gateway->prune);
	link_stop(gateway);
	outbox_stop(gateway);
	query_stop(gateway);
	work_stop(gateway);
	kube_free(&gateway->kube);
	store_free(&gateway->store);
	url_free(&gateway->palette);
	proxy_settings_free(&gateway->proxies);
	free(gateway->name);
	free(gateway->palette_ca_pem);
	free(gateway->overlord_uid);
	free(gateway->pairing_code);
	free(gateway->maas_endpoint);
	free(gateway->maas_api_key);
	free(gateway->maas_ca_pem);
	free(gateway);
	*gateway_p = NULL;
}

enum gateway_state gateway_state(const struct gateway *gateway)
{
	return gateway->link.state;
}

const char *gateway_condition(const struct gateway *gateway)
{
	return gateway->link.condition;
}

size_t gateway_work(const struct gateway *gateway)
{
	size_t pending, running;

	work_count(gateway, &pending, &running);
	return pending + running;
}

#include "gateway/pcgd_config.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "base/yaml.h"
#include "capi/maas_client.h"
#include "gateway/seal.h"

struct reader {
	struct pcgd_config *config;
	const char *file;
	FILE *complaints;
	unsigned mistakes;
	struct sealer *sealer; /* opened when first needed */
};

enum field_flag {
	NEEDED = 1,
	SECRET = 2, /* sealed; an address only if a password is in it */
	A_FILE = 4, /* its value is the name of one, with certificates */
	A_URL = 8,
};

struct field {
	const char *section; /* NULL: top level */
	const char *name;
	unsigned is;                                      /* of field_flag */
	bool (*judge)(const char *text, struct err *err); /* or NULL */
	size_t at; /* of a const char * or char * in struct pcgd_config */
};
#define SHORTEST_SECRET 6 /* what secrets_add can mask */
#define AT(member)      .at = offsetof(struct pcgd_config, member)

static bool judge_resolver(const char *text, struct err *err)
{
	if (!text[strspn(text, "0123456789abcdefABCDEF.:[]")])
		return true;
	return err_set(
	    err, ERR_INPUT, "resolver is an address, or ADDRESS:PORT");
}

static const struct field FIELDS[] = {
	{ NULL, "name", NEEDED, gateway_name_judge, AT(gateway.name) },
	{ NULL, "state", NEEDED, AT(state) },
	{ NULL, "resolver", .judge = judge_resolver, AT(resolver) },
	{ "palette", "endpoint", NEEDED | A_URL, AT(gateway.palette_endpoint) },
	{ "palette", "ca", A_FILE, AT(gateway.palette_ca_pem) },
	{ "palette", "overlordUid", NEEDED, AT(gateway.overlord_uid) },
	{ "palette", "pairingCode", NEEDED | SECRET, AT(gateway.pairing_code) },
	{ "maas", "endpoint", NEEDED | A_URL, AT(gateway.maas_endpoint) },
	{ "maas", "apiKey", NEEDED | SECRET, maas_api_key_judge,
	    AT(gateway.maas_api_key) },
	{ "maas", "ca", A_FILE, AT(gateway.maas_ca_pem) },
	{ "proxy", "https", SECRET | A_URL, AT(gateway.proxies.https_proxy) },
	{ "proxy", "http", SECRET | A_URL, AT(gateway.proxies.http_proxy) },
	{ "proxy", "noProxy", AT(gateway.proxies.no_proxy) },
};
#define FIELD_COUNT (sizeof(FIELDS) / sizeof(FIELDS[0]))

static const char *const SECTIONS[] = { "palette", "maas", "proxy" };
static const char *const TOP[] = { "name", "state", "resolver", "log",
	"palette", "maas", "proxy" };
static const char *const LEVELS[] = { "error", "warning", "info", "debug" };

static void complain(struct reader *r, const struct yaml_node *node,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void complain(
    struct reader *r, const struct yaml_node *node, const char *fmt, ...)
{
	va_list ap;

	r->mistakes++;
	fprintf(r->complaints, "%s:%u:%u: ", r->file, node ? node->line : 1,
	    node ? node->column : 1);
	va_start(ap, fmt);
	vfprintf(r->complaints, fmt, ap);
	va_end(ap);
	fputc('\n', r->complaints);
}

static char *keep(struct pcgd_config *config, char *text)
{
	config->texts = xrealloc(
	    config->texts, (config->text_count + 1) * sizeof(*config->texts));
	config->texts[config->text_count++] = text;
	return text;
}

/* A path beside the configuration file, unless it is absolute. */
static char *beside(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');

	if (name[0] == '/' || !slash)
		return xstrdup(name);
	return xasprintf("%.*s/%s", (int)(slash - file), file, name);
}

static char *slurp(const char *file, struct err *err)
{
	struct buf text = BUF_INIT;
	int failed = file_read(file, &text);

	if (failed)
		err_set(err, ERR_INPUT, "cannot read %s: %s", file,
		    strerror(failed));
	else if (text.len && memchr(text.data, '\0', text.len))
		err_set(err, ERR_INPUT, "%s is not a text file", file);
	buf_add(&text, "", 0);
	if (err->kind == ERR_NONE)
		return buf_detach(&text);
	buf_free(&text);
	return NULL;
}

static struct sealer *sealer_of(struct reader *r, bool create, struct err *err)
{
	char *key_file = beside(r->file, "pcg.key");

	if (!r->sealer)
		r->sealer = sealer_open(key_file, create, err);
	free(key_file);
	return r->sealer;
}

/* A proxy without a password is no secret. */
static bool holds_secret(const struct field *field, const char *text)
{
	return (field->is & SECRET) && *text &&
	       (strcmp(field->section, "proxy") != 0 || strchr(text, '@'));
}

static void field_name(const struct field *field, char out[64])
{
	snprintf(out, 64, "%s%s%s", field->section ? field->section : "",
	    field->section ? "." : "", field->name);
}

/* What would only be found out later, and then without a place. */
static bool is_sane(
    const struct field *field, const char *text, struct err *err)
{
	struct url url = { 0 };
	char name[64];

	field_name(field, name);
	if ((field->is & A_URL) && !url_parse(&url, text, err))
		return err_prefix(err, "%s: ", name);
	url_free(&url);
	if ((field->is & A_FILE) &&
	    !strstr(text, "-----BEGIN CERTIFICATE-----"))
		return err_set(err, ERR_INPUT,
		    "%s: there is no certificate (PEM) in that file", name);
	if ((field->is & SECRET) && !(field->is & A_URL) &&
	    strlen(text) < SHORTEST_SECRET)
		return err_set(err, ERR_INPUT,
		    "%s is shorter than %d characters, so it cannot be right",
		    name, SHORTEST_SECRET);
	return !field->judge || field->judge(text, err);
}

static char *value_of(
    struct reader *r, const struct field *field, const struct yaml_node *node)
{
	struct err err = { 0 };
	char name[64];
	char *path, *text;

	field_name(field, name);
	if (field->is & A_FILE) {
		path = beside(r->file, node->text);
		text = slurp(path, &err);
		free(path);
	} else if (seal_is_sealed(node->text)) {
		text = sealer_of(r, false, &err)
		           ? unseal(r->sealer, name, node->text, &err)
		           : NULL;
	} else if (holds_secret(field, node->text)) {
		text = NULL;
		err_set(&err, ERR_INPUT,
		    "%s stands here in plain text; run `pcgd encrypt "
		    "--config %s`",
		    name, r->file);
	} else {
		text = xstrdup(node->text);
	}
	if (text && !is_sane(field, text, &err)) {
		OPENSSL_cleanse(text, strlen(text));
		free(text);
		text = NULL;
	}
	if (!text)
		complain(r, node, "%s", err.text);
	return text;
}

static void take_field(
    struct reader *r, const struct yaml_node *top, const struct field *field)
{
	const struct yaml_node *section = field->section
	                                      ? yaml_get(top, field->section)
	                                      : top;
	const struct yaml_node *node = section && section->kind == YAML_MAP
	                                   ? yaml_get(section, field->name)
	                                   : NULL;
	char name[64];
	char *text;

	field_name(field, name);
	if (!node) {
		/* A section that is no map has been complained of. */
		if ((field->is & NEEDED) &&
		    (!section || section->kind == YAML_MAP))
			complain(r, section, "%s is missing", name);
		return;
	}
	if (node->kind != YAML_TEXT || !*node->text) {
		complain(r, node, "%s must be a text%s", name,
		    node->kind == YAML_TEXT ? ", and not empty" : "");
		return;
	}
	text = value_of(r, field, node);
	if (text)
		*(char **)(void *)((char *)r->config + field->at) = keep(
		    r->config, text);
}

static void check_keys(struct reader *r, const struct yaml_node *map,
    const char *where, const char *const *names, size_t count)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *key = map->pairs[i].key;
		const char *near = nearest_name(key->text, names, count);
		bool known = false;

		for (size_t k = 0; k < count; k++)
			known = known || !strcmp(names[k], key->text);
		if (!known)
			complain(r, key, "there is no %s%s%s%s%s", where,
			    key->text, near ? "; did you mean " : "",
			    near ? near : "", near ? "?" : "");
	}
}

static void check_section(
    struct reader *r, const struct yaml_node *top, const char *name)
{
	const struct yaml_node *section = yaml_get(top, name);
	const char *names[FIELD_COUNT];
	char where[32];
	size_t count = 0;

	if (!section)
		return;
	if (section->kind != YAML_MAP) {
		complain(r, section, "%s must be a map", name);
		return;
	}
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (FIELDS[i].section && !strcmp(FIELDS[i].section, name))
			names[count++] = FIELDS[i].name;
	}
	snprintf(where, sizeof(where), "%s.", name);
	check_keys(r, section, where, names, count);
}

static void take_level(struct reader *r, const struct yaml_node *top)
{
	const struct yaml_node *node = yaml_get(top, "log");

	r->config->loudest = LOG_INFO;
	if (!node)
		return;
	for (size_t i = 0; i < 4; i++) {
		if (node->kind == YAML_TEXT && !strcmp(node->text, LEVELS[i])) {
			r->config->loudest = (enum log_level)i;
			return;
		}
	}
	complain(r, node, "log is one of error, warning, info, debug");
}

static struct yaml_node *parse(struct reader *r, char **text)
{
	struct err err = { 0 };
	struct yaml_node *top;

	*text = slurp(r->file, &err);
	if (!*text) {
		fprintf(r->complaints, "%s\n", err.text);
		return NULL;
	}
	top = yaml_read(r->file, *text, strlen(*text), &err);
	if (!top)
		fprintf(r->complaints, "%s\n", err.text);
	else if (top->kind != YAML_MAP) {
		complain(r, top, "a configuration is a map");
		yaml_free(&top);
	}
	return top;
}

bool pcgd_config_read(
    struct pcgd_config *config, const char *file, FILE *complaints)
{
	struct reader r = {
		.config = config, .file = file, .complaints = complaints
	};
	struct yaml_node *top;
	char *text = NULL;

	*config = (struct pcgd_config){ 0 };
	top = parse(&r, &text);
	free(text);
	if (!top)
		return false;
	check_keys(&r, top, "", TOP, sizeof(TOP) / sizeof(TOP[0]));
	for (size_t i = 0; i < sizeof(SECTIONS) / sizeof(SECTIONS[0]); i++)
		check_section(&r, top, SECTIONS[i]);
	for (size_t i = 0; i < FIELD_COUNT; i++)
		take_field(&r, top, &FIELDS[i]);
	take_level(&r, top);
	yaml_free(&top);
	sealer_free(&r.sealer);
	if (r.mistakes)
		pcgd_config_free(config);
	return r.mistakes == 0;
}

void pcgd_config_free(struct pcgd_config *config)
{
	for (size_t i = 0; i < config->text_count; i++) {
		OPENSSL_cleanse(config->texts[i], strlen(config->texts[i]));
		free(config->texts[i]);
	}
	free(config->texts);
	*config = (struct pcgd_config){ 0 };
}

/* ---- encrypt ---- */

/* The byte where a node's text begins: columns count characters. */
static size_t offset_of(const char *text, const struct yaml_node *node)
{
	const char *at = text;

	for (unsigned line = 1; line < node->line && strchr(at, '\n'); line++)
		at = strchr(at, '\n') + 1;
	for (unsigned column = 1; column < node->column && *at; column++) {
		at++;
		while (((unsigned char)*at & 0xc0) == 0x80)
			at++;
	}
	return (size_t)(at - text);
}

/* How many bytes the node takes in the file, quotes and all; 0 for a block. */
static size_t length_at(const char *at, const struct yaml_node *node)
{
	const char *end = at + 1;

	if (!node->quoted)
		return strlen(node->text);
	if (*at != '"' && *at != '\'')
		return 0;
	while (*end) {
		if (*at == '"' ? *end == '\\' : *end == *at && end[1] == *at)
			end++; /* the next character is escaped */
		else if (*end == *at)
			return (size_t)(end + 1 - at);
		end += *end ? 1 : 0;
	}
	return 0;
}

static void replace(char **text, size_t at, size_t len, const char *by)
{
	struct buf out = BUF_INIT;

	buf_add(&out, *text, at);
	buf_adds(&out, by);
	buf_adds(&out, *text + at + len);
	OPENSSL_cleanse(*text, strlen(*text));
	free(*text);
	*text = buf_detach(&out);
}

static const struct yaml_node *node_of(
    const struct yaml_node *top, const struct field *field)
{
	const struct yaml_node *section = top;

	if (top && field->section)
		section = yaml_get(top, field->section);
	return section && section->kind == YAML_MAP
	           ? yaml_get(section, field->name)
	           : NULL;
}

/* Whoever wrote the value over several lines, or as a block, is asked for
 * one line: better than a file that says something else afterwards. */
static bool stands_there(struct reader *r, const char *text,
    const struct field *field, const char *value)
{
	struct err err = { 0 };
	struct yaml_node *top = yaml_read(r->file, text, strlen(text), &err);
	const struct yaml_node *node = node_of(top, field);
	bool well = node && node->kind == YAML_TEXT &&
	            !strcmp(node->text, value);

	yaml_free(&top);
	return well;
}

static bool seal_node(struct reader *r, char **text, const struct field *field,
    const struct yaml_node *node)
{
	struct err err = { 0 };
	size_t at = offset_of(*text, node);
	char name[64];
	char *by;
	bool well;

	if (!sealer_of(r, true, &err)) {
		fprintf(r->complaints, "%s\n", err.text);
		return false;
	}
	field_name(field, name);
	by = seal(r->sealer, name, node->text);
	replace(text, at, length_at(*text + at, node), by);
	well = stands_there(r, *text, field, by);
	free(by);
	if (!well)
		complain(r, node,
		    "%s cannot be sealed as it is written here; write it on "
		    "one line",
		    name);
	return well;
}

/* One plain secret of the file sealed: 1, none left: 0, mistake: -1. After
 * each the file is parsed anew, so that positions are right again. */
static int seal_one(struct reader *r, char **text)
{
	struct err err = { 0 };
	struct yaml_node *top = yaml_read(r->file, *text, strlen(*text), &err);
	int sealed = 0;

	if (!top) {
		fprintf(r->complaints, "%s\n", err.text);
		return -1;
	}
	for (size_t i = 0; !sealed && i < FIELD_COUNT; i++) {
		const struct field *field = &FIELDS[i];
		const struct yaml_node *node = node_of(top, field);

		if (node && node->kind == YAML_TEXT &&
		    !seal_is_sealed(node->text) &&
		    holds_secret(field, node->text))
			sealed = seal_node(r, text, field, node) ? 1 : -1;
	}
	yaml_free(&top);
	return sealed;
}

static bool write_new(const char *file, const char *text, struct err *err)
{
	char *temporary = xasprintf("%s.new", file);
	FILE *out = fopen(temporary, "wex");
	bool well = out && fchmod(fileno(out), 0600) == 0 &&
	            fputs(text, out) >= 0 && fflush(out) == 0 &&
	            fsync(fileno(out)) == 0;

	if (out && fclose(out) != 0)
		well = false;
	well = well && rename(temporary, file) == 0;
	if (!well) {
		err_set(err, ERR_STORAGE, "cannot write %s: %s", temporary,
		    strerror(errno));
		unlink(temporary);
	}
	free(temporary);
	return well;
}

int pcgd_config_encrypt(const char *file, FILE *complaints)
{
	struct reader r = { .file = file, .complaints = complaints };
	struct err err = { 0 };
	char *text = slurp(file, &err);
	int count = 0, one;

	if (!text) {
		fprintf(complaints, "%s\n", err.text);
		return -1;
	}
	while ((one = seal_one(&r, &text)) > 0)
		count++;
	if (one == 0 && count > 0 && !write_new(file, text, &err)) {
		fprintf(complaints, "%s\n", err.text);
		one = -1;
	}
	OPENSSL_cleanse(text, strlen(text));
	free(text);
	sealer_free(&r.sealer);
	return one < 0 ? -1 : count;
}

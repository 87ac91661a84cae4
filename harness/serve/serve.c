#include "harness/serve/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/yaml.h"
#include "harness/command/commands.h"

#define MOST_OPTIONS 32
#define A_YEAR       HOURS(365 * 24)

/* ---- options ---- */

static void help(
    const char *command, const struct serve_option *options, size_t count)
{
	bool has_rules = false;

	printf("usage: %s [OPTION]...\n\n", command);
	for (size_t i = 0; i < count; i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
		    *options[i].argument ? " " : "", options[i].argument);
		printf("  %-26s %s\n", left, options[i].help);
		has_rules = has_rules || options[i].kind == SERVE_LIST;
	}
	if (has_rules)
		fault_rule_help(stdout);
}

static uint64_t most_of(const struct serve_option *option)
{
	return option->kind == SERVE_MACHINES ? 100000 : 1000000000;
}

static bool read_number(
    const char *text, double least, double most, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return *text && !*end && *number >= least && *number <= most;
}

/* What "wants N" goes on with. */
static void say_range(const struct serve_option *option, char out[48])
{
	*out = '\0';
	if (option->kind == SERVE_PORT)
		snprintf(out, 48, " from 1 to 65535");
	else if (option->kind == SERVE_ANY_PORT)
		snprintf(out, 48, " from 0 to 65535");
	else if (option->kind == SERVE_SPEED)
		snprintf(out, 48, " from 0.001 to 1000000");
	else if (option->kind == SERVE_COUNT || option->kind == SERVE_MACHINES)
		snprintf(out, 48, " from 0 to %llu",
		    (unsigned long long)most_of(option));
}

static bool add_text(struct serve_list *list, const char *text)
{
	if (!*text || list->count == SERVE_MOST_LISTED)
		return false;
	list->texts[list->count++] = text;
	return true;
}

static bool take(const struct serve_option *option, const char *text)
{
	double number = 0;

	switch (option->kind) {
	case SERVE_TEXT:
		*(const char **)option->value = text;
		return *text != '\0';
	case SERVE_PORT:
	case SERVE_ANY_PORT:
		if (!read_number(
		        text, option->kind == SERVE_PORT, 65535, &number))
			return false;
		*(uint16_t *)option->value = (uint16_t)number;
		return *(uint16_t *)option->value == number;
	case SERVE_COUNT:
	case SERVE_MACHINES:
		if (!read_number(text, 0, (double)most_of(option), &number))
			return false;
		*(uint64_t *)option->value = (uint64_t)number;
		return true;
	case SERVE_SPEED:
		if (!read_number(text, 0.001, 1e6, &number))
			return false;
		*(double *)option->value = number;
		return true;
	case SERVE_FLAG:
		*(bool *)option->value = true;
		return true;
	case SERVE_LIST:
		return add_text(option->value, text);
	}
	unreachable("an option of no kind");
}

static const struct serve_option *find(
    const char *word, const struct serve_option *options, size_t count)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < count; i++) {
		if (strlen(options[i].name) == len &&
		    !strncmp(options[i].name, word, len))
			return &options[i];
	}
	return NULL;
}

static int unknown(const char *command, const char *word,
    const struct serve_option *options, size_t count)
{
	const char *names[MOST_OPTIONS];
	char *what = xasprintf("%.*s", (int)strcspn(word, "="), word);
	const char *near;

	check(count <= MOST_OPTIONS);
	for (size_t i = 0; i < count; i++)
		names[i] = options[i].name;
	near = nearest_name(what, names, count);
	fprintf(stderr, "%s: there is no option --%s%s%s%s\n", command, what,
	    near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
	free(what);
	return 2;
}

static int wrong(
    const char *command, const struct serve_option *option, const char *text)
{
	char range[48];

	say_range(option, range);
	fprintf(stderr, "%s: --%s wants %s%s%s%s%s\n", command, option->name,
	    option->argument, range, *text ? ", not \"" : "", text,
	    *text ? "\"" : "");
	return 2;
}

int serve_read_options(const char *command, int argc, char **argv,
    const struct serve_option *options, size_t count)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		const struct serve_option *option;
		const char *text = strchr(word, '=');

		if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
			help(command, options, count);
			return -1;
		}
		if (strncmp(word, "--", 2) != 0) {
			fprintf(stderr,
			    "%s: %s is not an option; see %s "
			    "--help\n",
			    command, word, command);
			return 2;
		}
		option = find(word + 2, options, count);
		if (!option)
			return unknown(command, word + 2, options, count);
		if (option->kind == SERVE_FLAG)
			text = "yes";
		else
			text = text ? text + 1 : i + 1 < argc ? argv[++i] : "";
		if (!take(option, text))
			return wrong(command, option, text);
	}
	return 0;
}

/* ---- the served world ---- */

static bool add_rules(struct served *served, struct err *err)
{
	for (size_t i = 0; i < served->faults.count; i++) {
		const char *text = served->faults.texts[i];

		if (!watch_add_rule(served->watch, text, err))
			return err_prefix(err, "--fault \"%s\": ", text);
	}
	return true;
}

static void never(void *ctx, struct exchange *exchange)
{
	(void)ctx;
	exchange_abort(exchange);
}

/* Port 0: any that is free. What is served wants to know its port before it
 * listens, since it tells its address to others. */
static bool pick_port(struct served *served, struct err *err)
{
	struct service service = { .name = "any", .handle = never };
	struct listener *listener;

	if (served->port)
		return true;
	listener = net_listen(served->host->net, &service, err);
	if (!listener)
		return false;
	served->port = real_listener_port(listener);
	listener_close(&listener);
	return true;
}

const char *served_host(const struct served *served)
{
	if (strcmp(served->bind, "0.0.0.0") == 0)
		return "127.0.0.1";
	return strcmp(served->bind, "::") == 0 ? "::1" : served->bind;
}

char *served_url(const struct served *served, const char *path)
{
	const char *host = served_host(served);
	bool six = strchr(host, ':') != NULL;

	return xasprintf("%s://%s%s%s:%u%s", served->tls ? "https" : "http",
	    six ? "[" : "", host, six ? "]" : "", served->port, path);
}

static bool open_journal(struct served *served, struct err *err)
{
	if (!served->journal_file)
		return true;
	served->journal = journal_open(served->journal_file, served->host, err);
	if (!served->journal)
		return false;
	events_add_sink(served->events, journal_take, served->journal);
	return true;
}

static bool check_options(const struct served *served, struct err *err)
{
	unsigned char room[16];

	if (served->bind && inet_pton(AF_INET, served->bind, room) != 1 &&
	    inet_pton(AF_INET6, served->bind, room) != 1)
		return err_set(err, ERR_INPUT,
		    "%s is not an address to listen on", served->bind);
	if (served->ca_file && !served->tls)
		return err_set(err, ERR_INPUT,
		    "--ca-file is for the CA of TLS, and this is served "
		    "without");
	return true;
}

bool served_open(struct served *served, const char *command, const char *name,
    const struct watch_subject *subject, struct err *err)
{
	struct watch_options watched = { .speed = served->speed,
		.command = command };
	struct real_host_options options = { .name = name,
		.bind = served->bind,
		.loudest = LOG_WARNING,
		.seed = served->seed };

	served->watch = watch_new(subject);
	if (!add_rules(served, err) || !check_options(served, err))
		return false;
	served->reactor = reactor_new(served->speed);
	served->host = real_host_new(served->reactor, &options, err);
	if (!served->host)
		return false;
	served->events = events_new(
	    reactor_loop(served->reactor), served->host->secrets);
	real_host_tell(served->host, served->events);
	if (!open_journal(served, err) || !pick_port(served, err))
		return false;
	watched.host = served->host;
	watched.journal = served->journal;
	watch_begin(served->watch, &watched);
	return true;
}

void served_run(struct served *served)
{
	reactor_run(served->reactor, true);
	watch_end(served->watch);
	watch_sum_up(served->watch, stdout, stderr);
}

void served_close(struct served *served)
{
	journal_close(&served->journal);
	real_host_free(&served->host);
	events_free(&served->events);
	reactor_free(&served->reactor);
	watch_free(&served->watch);
}

struct identity *served_identity(struct served *served, char **ca_pem)
{
	const char *names[] = { "localhost", NULL };
	const char *host = served_host(served);
	const char *addresses[] = { "127.0.0.1",
		strcmp(host, "127.0.0.1") ? host : NULL, NULL };
	usec now_time = host_time(served->host);
	struct identity_spec ca = { .seed = served->seed,
		.name = "served CA",
		.common_name = "pcgsim serve CA",
		/* Days before, so that a client whose clock is behind is
		 * told about its clock by us and not by OpenSSL. */
		.not_before_time = now_time - HOURS(7 * 24),
		.not_after_time = now_time + 10 * A_YEAR,
		.is_ca = true };
	struct identity_spec server = ca;
	struct identity *root, *identity;

	if (!served->tls)
		return NULL;
	server.name = "served server";
	server.common_name = "localhost";
	server.dns_names = names;
	server.addresses = addresses;
	server.is_ca = false;
	root = identity_new(&ca, NULL);
	identity = identity_new(&server, root);
	*ca_pem = xstrdup(root->cert_pem);
	identity_free(&root);
	return identity;
}

/* With its mode from the beginning: nobody reads a key in between. */
static bool write_file(
    const char *file, mode_t mode, const char *text, struct err *err)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	size_t len = strlen(text);
	bool well = fd >= 0 && fchmod(fd, mode) == 0 &&
	            write(fd, text, len) == (ssize_t)len;

	if (fd >= 0 && close(fd) != 0)
		well = false;
	return well || err_set(err, ERR_INPUT, "cannot write %s: %s", file,
	                   strerror(errno));
}

static void print_facts(const struct served *served, json_t *facts)
{
	const char *key;
	json_t *value;

	json_object_foreach(facts, key, value)
	{
		if (served->key_file && strcmp(key, "apiKey") == 0)
			printf("%-14s in %s\n", key, served->key_file);
		else
			printf("%-14s %s\n", key, json_string_value(value));
	}
}

static bool write_key(
    const struct served *served, const json_t *facts, struct err *err)
{
	char *text = xasprintf("%s\n", jstr(facts, "apiKey"));
	bool well = write_file(served->key_file, 0600, text, err);

	free(text);
	return well;
}

bool served_announce(
    struct served *served, json_t *facts, const char *ca_pem, struct err *err)
{
	char *text;
	bool well = !served->key_file || write_key(served, facts, err);

	if (well)
		print_facts(served, facts);
	if (well && ca_pem && served->ca_file)
		well = write_file(served->ca_file, 0644, ca_pem, err);
	else if (well && ca_pem)
		printf("%s", ca_pem);
	if (ca_pem)
		jsets(facts, "caPem", ca_pem);
	text = json_dumps(facts, JSON_INDENT(2));
	if (well && served->credentials_file)
		well = write_file(served->credentials_file, 0600, text, err);
	free(text);
	json_decref(facts);
	if (well)
		printf("serving; Ctrl-C stops\n");
	fflush(stdout);
	return well;
}

int served_complain(const char *command, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", command, err->text);
	return 2;
}

/* ---- the command ---- */

static int usage(FILE *out)
{
	fputs("usage: pcgsim serve maas|palette [OPTION]...\n\n"
	      "  maas       a MAAS with machines that boot; see pcgsim serve "
	      "maas --help\n"
	      "  palette    a Palette; see pcgsim serve palette --help\n",
	    out);
	return out == stdout ? 0 : 2;
}

int command_serve(int argc, char **argv)
{
	static const char *const KINDS[] = { "maas", "palette" };

	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "maas"))
		return serve_maas(argc - 1, argv + 1);
	if (!strcmp(argv[1], "palette"))
		return serve_palette(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return usage(stdout);
	return usage_unknown("pcgsim serve", argv[1], KINDS, 2);
}

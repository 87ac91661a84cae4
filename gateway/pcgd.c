/*
 * pcgd: the gateway engine as a daemon on a real host.
 *
 * The same struct gateway that scenarios drive, on base/real_host.h: real
 * sockets, the kernel's clock, a directory of files. Nothing of the engine is
 * in this file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/real_host.h"
#include "base/yaml.h"
#include "gateway/gateway.h"
#include "gateway/pcgd_config.h"
#include "gateway/pcgd_install.h"
#include "gateway/pcgd_options.h"

struct command {
	const char *name, *help;
	int (*run)(int argc, char **argv);
};

static int run(int argc, char **argv);
static int encrypt(int argc, char **argv);

static const struct command COMMANDS[] = {
	{ "run", "run the gateway (also without a word): --config FILE", run },
	{ "encrypt", "seal the secrets of a configuration: --config FILE",
	    encrypt },
	{ "install", "make a configuration from a pairing code", pcgd_install },
};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

static int usage(FILE *out)
{
	fputs("usage: pcgd [COMMAND] [OPTIONS]\n\n"
	      "The gateway engine as a daemon: takes orders from a Palette, "
	      "works on a MAAS.\n\n",
	    out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-8s %s\n", COMMANDS[i].name, COMMANDS[i].help);
	fputs("\npcgd COMMAND --help says more.\n", out);
	return out == stdout ? 0 : 2;
}

static const char RUN_USAGE[] =
    "usage: pcgd run --config FILE\n"
    "\n"
    "Runs the gateway until SIGTERM or SIGINT; its work goes on at the next\n"
    "start. FILE is the pcg.yaml that pcgd install has made; its secrets must\n"
    "be sealed. What happens is told on standard error.\n"
    "\n"
    "  0  stopped\n"
    "  1  this machine says no: the state directory, the store\n"
    "  2  the configuration or an option is wrong\n";

static const char ENCRYPT_USAGE[] =
    "usage: pcgd encrypt --config FILE\n"
    "\n"
    "Seals what is secret and stands in FILE in plain text (the pairing code,\n"
    "MAAS's key, passwords of proxies) with pcg.key beside it, and leaves all\n"
    "else as it is. Run it as the user that runs the daemon. What is sealed\n"
    "cannot be edited: write the new secret in its place and run this again.\n"
    "\n"
    "  0  FILE is as it should be\n"
    "  2  FILE cannot be read, understood or written\n";

/* --config FILE, and nothing else. NULL: the command ends with *status. */
static const char *config_option(
    const char *command, int argc, char **argv, const char *help, int *status)
{
	char words[16];
	static const struct option OPTIONS[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, PCGD_HELP },
		{ NULL, 0, NULL, 0 },
	};
	const char *file = NULL;
	int option;

	optind = 1;
	*status = 2;
	snprintf(words, sizeof(words), "pcgd %s", command);
	while ((option = pcgd_option(words, argc, argv, OPTIONS)) != -1) {
		if (option == PCGD_HELP)
			*status = fputs(help, stdout) < 0;
		if (option != 'c')
			return NULL;
		file = optarg;
	}
	if (!file || optind < argc) {
		fprintf(stderr,
		    "pcgd %s: say --config FILE, and nothing else\n", command);
		return NULL;
	}
	return file;
}

static int serve(struct reactor *reactor, struct host *host,
    const struct pcgd_config *config)
{
	struct err err = { 0 };
	struct gateway *gateway = gateway_new(host, &config->gateway, &err);

	if (!gateway) {
		fprintf(stderr, "pcgd: %s%s%s\n",
		    err.kind == ERR_STORAGE ? config->state : "",
		    err.kind == ERR_STORAGE ? ": " : "", err.text);
		return err.kind == ERR_INPUT ? 2 : 1;
	}
	log_info(host, "gateway %s starts, state in %s", config->gateway.name,
	    config->state);
	reactor_run(reactor, true);
	log_info(host,
	    "gateway %s stops; its work goes on when it starts "
	    "again",
	    config->gateway.name);
	gateway_free(&gateway);
	return 0;
}

static int run(int argc, char **argv)
{
	int status;
	const char *file = config_option("run", argc, argv, RUN_USAGE, &status);
	struct pcgd_config config;
	struct real_host_options options = { .timestamps = true };
	struct reactor *reactor;
	struct host *host;
	struct err err = { 0 };

	if (!file)
		return status;
	if (!pcgd_config_read(&config, file, stderr))
		return 2;
	status = 1;
	if (mkdir(config.state, 0700) != 0 && errno != EEXIST) {
		fprintf(stderr, "pcgd: cannot make %s: %s\n", config.state,
		    strerror(errno));
		pcgd_config_free(&config);
		return 1;
	}
	options.name = config.gateway.name;
	options.directory = config.state;
	options.resolver = config.resolver;
	options.loudest = config.loudest;
	reactor = reactor_new(1);
	host = real_host_new(reactor, &options, &err);
	if (host)
		status = serve(reactor, host, &config);
	else
		fprintf(stderr, "pcgd: %s\n", err.text);
	if (err.kind == ERR_INPUT)
		status = 2;
	real_host_free(&host);
	reactor_free(&reactor);
	pcgd_config_free(&config);
	return status;
}

static int encrypt(int argc, char **argv)
{
	int status, count;
	const char *file = config_option(
	    "encrypt", argc, argv, ENCRYPT_USAGE, &status);

	if (!file)
		return status;
	count = pcgd_config_encrypt(file, stderr);
	if (count < 0)
		return 2;
	printf("%s: %d secret%s sealed\n", file, count, count == 1 ? "" : "s");
	return 0;
}

static int unknown(const char *word)
{
	const char *names[COMMAND_COUNT];
	const char *near;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = COMMANDS[i].name;
	near = nearest_name(word, names, COMMAND_COUNT);
	fprintf(stderr, "pcgd: there is no command %s%s%s%s\n", word,
	    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return 2;
}

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(stdout);
	if (argc < 2)
		return usage(stderr);
	if (argv[1][0] == '-')
		return run(argc, argv);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(argv[1], COMMANDS[i].name))
			return COMMANDS[i].run(argc - 1, argv + 1);
	}
	return unknown(argv[1]);
}

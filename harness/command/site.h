/*
 * site: what `pcgsim import maas` and `pcgsim compat maas` have in common:
 * whom they ask, as whom, and how they are stopped.
 *
 * The API key comes from a file or from standard input; given on the command
 * line it is blotted out there at once, since every user of the machine can
 * read that. It is never printed.
 */
#ifndef HARNESS_COMMAND_SITE_H
#define HARNESS_COMMAND_SITE_H

#include "base/real_host.h"
#include "compat/site.h"
#include "harness/serve/serve.h"

struct asking {
	/* as given on the command line */
	const char *url, *key, *key_file, *ca_file, *proxy;
	const char *other_key_file; /* of a second user; NULL: none */
	uint64_t timeout;           /* seconds */
	const char *disk; /* a folder for what must survive; NULL: none */
	/* as opened */
	struct reactor *reactor;
	struct host *host;
	struct site *site;
	struct reactor_fd *signals;
	int signal_fd;
};

/* Rows for serve_read_options; what they point at is the asking's. */
#define ASKING_OPTIONS(asking)                                                 \
	{ "url", "URL", "of the MAAS: http://maas.example:5240/MAAS",          \
		SERVE_TEXT, &(asking).url },                                   \
	    { "key-file", "FILE",                                              \
		    "its API key is in there (-: standard input)", SERVE_TEXT, \
		    &(asking).key_file },                                      \
	    { "key", "KEY", "the API key itself; better use --key-file",       \
		    SERVE_TEXT, &(asking).key },                               \
	    { "ca", "FILE", "whom to trust (the certificates of this system)", \
		    SERVE_TEXT, &(asking).ca_file },                           \
	    { "proxy", "URL", "reach it through this proxy", SERVE_TEXT,       \
		    &(asking).proxy },                                         \
	{                                                                      \
		"timeout", "SECONDS", "of one request (120)", SERVE_COUNT,     \
		    &(asking).timeout                                          \
	}

/* Blots out the value of --key on the command line; call it first, and read
 * options from the copies that it gives (argc + 1 pointers, free each and
 * all). */
char **asking_hide_key(int argc, char **argv);
void asking_free_words(char ***words);
/* SIGINT and SIGTERM stop the site from now on (site_stop). */
bool asking_open(struct asking *asking, struct err *err);
void asking_close(struct asking *asking);

#endif

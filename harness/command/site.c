#include "harness/command/site.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"

#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

/* ---- the key ---- */

char **asking_hide_key(int argc, char **argv)
{
	char **words = xcalloc((size_t)argc + 1, sizeof(*words));

	for (int i = 0; i < argc; i++)
		words[i] = xstrdup(argv[i]);
	for (int i = 1; i < argc; i++) {
		char *value = NULL;

		if (strncmp(argv[i], "--key=", 6) == 0)
			value = argv[i] + 6;
		else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
			value = argv[++i];
		if (value)
			memset(value, '*', strlen(value));
	}
	return words;
}

void asking_free_words(char ***words)
{
	for (char **word = *words; word && *word; word++)
		free(*word);
	free(*words);
	*words = NULL;
}

static char *read_key(const struct asking *asking, struct err *err)
{
	if (asking->key && asking->key_file) {
		err_set(err, ERR_INPUT, "--key or --key-file, not both");
		return NULL;
	}
	if (asking->key)
		return xstrdup(asking->key);
	if (asking->key_file)
		return file_text(asking->key_file, err);
	err_set(err, ERR_INPUT,
	    "say with --key-file FILE where the API key is (in MAAS: your "
	    "name, API keys)");
	return NULL;
}

/* ---- whom to trust ---- */

/* The system's own list is used where there is one; a server that needs none
 * is not asked for any. NULL: none, or *err. */
static char *read_ca(const struct asking *asking, struct err *err)
{
	if (asking->ca_file)
		return file_certificates(asking->ca_file, err);
	if (strncmp(asking->url, "https:", 6) == 0 &&
	    access(SYSTEM_CA, R_OK) == 0)
		return file_text(SYSTEM_CA, err);
	return NULL;
}

/* ---- signals ---- */

static void on_signal(void *ctx, int fd, unsigned events)
{
	struct asking *asking = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	site_stop(asking->site);
}

static void heed_signals(struct asking *asking)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	asking->signal_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	check(asking->signal_fd >= 0);
	asking->signals = reactor_add_fd(
	    asking->reactor, asking->signal_fd, EPOLLIN, on_signal, asking);
}

/* ---- open and close ---- */

static bool open_site(struct asking *asking, const char *key,
    const char *other_key, struct err *err)
{
	struct real_host_options options = { .name = "compat",
		.loudest = LOG_WARNING,
		.directory = asking->disk };
	char *ca_pem = read_ca(asking, err);
	struct site_account account = { .url = asking->url,
		.key = key,
		.other_key = other_key,
		.ca_pem = ca_pem,
		.proxy = asking->proxy,
		.timeout_for = SECONDS((usec)asking->timeout) };
	bool well = ca_pem || !asking->ca_file;

	asking->reactor = reactor_new(1);
	if (well)
		asking->host = real_host_new(asking->reactor, &options, err);
	if (asking->host)
		asking->site = site_remote_new(
		    asking->reactor, asking->host, &account, err);
	free(ca_pem);
	if (asking->site)
		heed_signals(asking);
	return asking->site != NULL;
}

bool asking_open(struct asking *asking, struct err *err)
{
	char *key, *other = NULL;
	bool well;

	asking->signal_fd = -1;
	if (!asking->url)
		return err_set(err, ERR_INPUT,
		    "say with --url URL which MAAS: "
		    "http://maas.example:5240/MAAS");
	key = read_key(asking, err);
	if (key && asking->other_key_file)
		other = file_text(asking->other_key_file, err);
	well = key && (other || !asking->other_key_file) &&
	       open_site(asking, key, other, err);
	free(key);
	free(other);
	return well;
}

void asking_close(struct asking *asking)
{
	site_free(&asking->site);
	reactor_remove_fd(&asking->signals);
	if (asking->signal_fd >= 0)
		close(asking->signal_fd);
	real_host_free(&asking->host);
	if (asking->reactor)
		reactor_free(&asking->reactor);
}

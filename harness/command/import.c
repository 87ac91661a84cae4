#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "compat/import.h"
#include "harness/command/commands.h"
#include "harness/command/site.h"

struct importing {
	struct asking asking;
	struct import_options options;
	bool force, on_terminal;
	const char *out;
};

static const char USAGE[] =
    "usage: pcgsim import maas --url URL --key-file FILE [OPTION]... FILE\n\n"
    "Writes what a MAAS has (places, networks, images, machines and their "
    "state) to a\nfile that `pcgsim serve maas --inventory` and scenarios "
    "load; FILE - is standard\noutput. Reads only. API keys, mail addresses, "
    "user data and BMC passwords are\nnever asked for; owner data and SSH keys "
    "only if you say so. The file is readable\nby you alone, and there is "
    "either a whole one or none.\n\n"
    "  --url URL          of the MAAS: http://maas.example:5240/MAAS\n"
    "  --key-file FILE    the API key is in there (-: standard input)\n"
    "  --key KEY          the API key itself; better use --key-file\n"
    "  --ca FILE          whom to trust (else what this system trusts)\n"
    "  --proxy URL        reach it through this proxy\n"
    "  --timeout SECONDS  of one request (120)\n"
    "  --with-owner-data  also what owners noted on their machines\n"
    "  --with-ssh-keys    also the SSH keys of the user whose key it is\n"
    "  --force            write over a file that is there\n\n"
    "Exit status: 0 written, 2 not (one sentence on standard error).\n";

/* ---- a line that says how far it is ---- */

static void tell(void *ctx, const char *what, unsigned step, unsigned of)
{
	const struct importing *in = ctx;

	if (in->on_terminal)
		fprintf(stderr, "\r\033[K%s%u/%u %s",
		    step == of ? "" : "reading ", step, of, what);
	if (in->on_terminal && step == of)
		fputs("\r\033[K", stderr);
}

static void warn(void *ctx, const char *sentence)
{
	(void)ctx;
	fprintf(stderr, "pcgsim import maas: %s\n", sentence);
}

/* ---- the file ---- */

static bool cannot(const char *file, struct err *err)
{
	return err_set(
	    err, ERR_INPUT, "cannot write %s: %s", file, strerror(errno));
}

static bool write_out(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		left -= (size_t)n;
	}
	return true;
}

/* A name of its own first, so that nobody ever sees half a file; link() does
 * not replace what is there, rename() does. */
static bool put(const char *draft, const char *file, const char *text,
    bool force, struct err *err)
{
	int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool well = fd >= 0 && write_out(fd, text) && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	if (!well)
		return cannot(file, err);
	if (force)
		return rename(draft, file) == 0 || cannot(file, err);
	if (link(draft, file) == 0)
		return true;
	return errno == EEXIST
	           ? err_set(err, ERR_INPUT,
	                 "%s is there already; --force writes over it", file)
	           : cannot(file, err);
}

static bool write_file(
    const struct importing *in, const char *text, struct err *err)
{
	char *draft = xasprintf("%s.%ld.part", in->out, (long)getpid());
	bool well = put(draft, in->out, text, in->force, err);

	unlink(draft);
	free(draft);
	return well;
}

static bool folder_of_is_writable(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *folder = slash ? xstrndup(file, (size_t)(slash - file) + 1)
	                     : xstrdup(".");
	bool well = access(folder, W_OK | X_OK) == 0;

	free(folder);
	return well;
}

/* Before anything is asked: nobody waits for a minute to hear this. */
static bool may_write(const struct importing *in, struct err *err)
{
	struct stat there;

	if (!in->out)
		return err_set(err, ERR_INPUT,
		    "say which file to write (- for standard output)");
	if (strcmp(in->out, "-") == 0)
		return true;
	if (stat(in->out, &there) != 0)
		return folder_of_is_writable(in->out) || cannot(in->out, err);
	if (S_ISDIR(there.st_mode))
		return err_set(err, ERR_INPUT,
		    "%s is a folder; say which file to write", in->out);
	return in->force ||
	       err_set(err, ERR_INPUT,
	           "%s is there already; --force writes over it", in->out);
}

static bool save(
    const struct importing *in, const json_t *inventory, struct err *err)
{
	char *text = import_text(inventory);
	bool well;

	if (strcmp(in->out, "-") == 0)
		well = write_out(STDOUT_FILENO, text) ||
		       cannot("to standard output", err);
	else
		well = write_file(in, text, err);
	free(text);
	return well;
}

/* ---- the command ---- */

static int import(struct importing *in)
{
	struct err err = { 0 };
	json_t *inventory = NULL;
	bool well = may_write(in, &err) && asking_open(&in->asking, &err);

	if (well) {
		inventory = import_inventory(
		    in->asking.site, &in->options, &err);
		if (!inventory && in->on_terminal)
			fputs("\r\033[K", stderr);
	}
	well = inventory && save(in, inventory, &err);
	if (well && strcmp(in->out, "-") != 0)
		fprintf(stderr, "%s: %zu machines\n", in->out,
		    json_array_size(json_object_get(inventory, "machines")));
	json_decref(inventory);
	asking_close(&in->asking);
	return well ? 0 : served_complain("pcgsim import maas", &err);
}

/* The one word that is no option and no value of one. */
static int take_operand(int argc, char **words, const char **operand)
{
	int kept = 1;

	for (int i = 1; i < argc; i++) {
		bool is_option = strncmp(words[i], "--", 2) == 0;
		bool is_value = strncmp(words[i - 1], "--", 2) == 0 && i > 1 &&
		                !strchr(words[i - 1], '=') &&
		                strncmp(words[i - 1], "--with-", 7) != 0 &&
		                strcmp(words[i - 1], "--force") != 0;

		if (!is_option && !is_value && !*operand)
			*operand = words[i];
		else
			words[kept++] = words[i];
	}
	return kept;
}

static int import_maas(int argc, char **argv)
{
	struct importing in = { .options = { .tell = tell, .warn = warn } };
	const struct serve_option options[] = {
		ASKING_OPTIONS(in.asking),
		{ "with-owner-data", "", "", SERVE_FLAG,
		    &in.options.with_owner_data },
		{ "with-ssh-keys", "", "", SERVE_FLAG,
		    &in.options.with_ssh_keys },
		{ "force", "", "", SERVE_FLAG, &in.force },
	};
	char **words = asking_hide_key(argc, argv);
	char **order = xcalloc((size_t)argc + 1, sizeof(*order));
	int count, status;

	memcpy(order, words, (size_t)argc * sizeof(*order));
	in.options.ctx = &in;
	in.on_terminal = isatty(STDERR_FILENO);
	count = take_operand(argc, order, &in.out);
	status = serve_read_options("pcgsim import maas", count, order, options,
	    sizeof(options) / sizeof(options[0]));
	if (!status)
		status = import(&in);
	free(order);
	asking_free_words(&words);
	return status;
}

int command_import(int argc, char **argv)
{
	static const struct command_kind kinds[] = { { "maas", import_maas } };

	return command_of_kind(argc, argv, USAGE, kinds, 1);
}

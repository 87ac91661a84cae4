#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "compat/compat.h"
#include "harness/command/commands.h"
#include "harness/command/site.h"

#define JOURNAL_FOLDER ".pcgsim-compat"

struct comparing {
	struct asking asking;
	struct compat_options options;
	uint64_t patience; /* minutes */
	bool list, on_terminal;
};

static const char USAGE[] =
    "usage: pcgsim compat maas --url URL --key-file FILE [OPTION]...\n\n"
    "Plays what clients rely on against a MAAS and against the fake of the "
    "same version,\nwhich is given what that MAAS has, and says where they "
    "differ, field by field.\nUnless --write is given, nothing but GET, HEAD "
    "and OPTIONS is sent.\n\n"
    "  --url URL             of the MAAS: http://maas.example:5240/MAAS\n"
    "  --key-file FILE       the API key is in there (-: standard input)\n"
    "  --key KEY             the API key itself; better use --key-file\n"
    "  --user-key-file FILE  the key of a second user, no administrator\n"
    "  --ca FILE             whom to trust (else what this system trusts)\n"
    "  --proxy URL           reach it through this proxy\n"
    "  --timeout SECONDS     of one request (120)\n"
    "  --write --pool NAME   also what changes something: takes, deploys and "
    "releases\n"
    "                        Ready machines of that pool, and no others; "
    "makes zones,\n"
    "                        tags, names, images, keys called "
    "pcgsim-compat-...; takes\n"
    "                        all of it away again, after Ctrl-C, too\n"
    "  --no-power            not what deploys machines\n"
    "  --long                also what waits for a whole installation\n"
    "  --patience MINUTES    with a machine that is to become Ready (15)\n"
    "  --journal FOLDER      what is still to be taken away "
    "(" JOURNAL_FOLDER ")\n"
    "  --version 3.6         compare with the fake of this version\n"
    "  --only M-014          this check alone\n"
    "  --list                the checks, and what each needs\n\n"
    "Exit status: 0 all the same, 1 something differs, 2 it could not be "
    "found out (one\nsentence on standard error).\n";

/* ---- lines ---- */

static void clear_line(const struct comparing *in)
{
	if (in->on_terminal)
		fputs("\r\033[K", stderr);
}

static void say(void *ctx, const char *line)
{
	clear_line(ctx);
	puts(line);
	fflush(stdout);
}

static void tell(void *ctx, const char *what, unsigned step, unsigned of)
{
	const struct comparing *in = ctx;

	clear_line(in);
	if (in->on_terminal)
		fprintf(stderr, "%u/%u %s", step, of, what);
}

static void print_sum(const struct compat_sum *sum)
{
	const char *why;
	json_t *count;

	printf("MAAS %s: %u checks, %u the same, %u differ, %u skipped\n",
	    sum->version, sum->checks, sum->same, sum->differ, sum->skipped);
	json_object_foreach(sum->why, why, count) printf(
	    "  %3lld skipped: %s\n", (long long)json_integer_value(count), why);
}

static int list_checks(void)
{
	const struct check *check;

	for (size_t n = 0; (check = check_at(n)); n++)
		printf("%-6s %s%s%s%s\n", check->id, check->says,
		    check_writes(check) ? " [--write]" : "",
		    check_needs_other(check) ? " [--user-key-file]" : "",
		    check->flags & LONG    ? " [--long]"
		    : check->flags & POWER ? " [deploys]"
		                           : "");
	return 0;
}

/* ---- the command ---- */

static bool right(struct comparing *in, struct err *err)
{
	const struct check *check;
	size_t n = 0;

	if (in->options.write && !in->options.pool)
		return err_set(err, ERR_INPUT,
		    "--write wants --pool NAME: the resource pool whose "
		    "machines may be used");
	while (in->options.only && (check = check_at(n++)))
		if (strcmp(check->id, in->options.only) == 0)
			return true;
	return !in->options.only || err_set(err, ERR_INPUT,
	                                "there is no check %s; --list "
	                                "names them",
	                                in->options.only);
}

/* What is to be taken away must be known to the next run, too. */
static bool make_folder(struct comparing *in, struct err *err)
{
	if (!in->options.write) {
		in->asking.disk = NULL;
		return true;
	}
	if (!in->asking.disk)
		in->asking.disk = JOURNAL_FOLDER;
	if (mkdir(in->asking.disk, 0700) == 0 || errno == EEXIST)
		return true;
	return err_set(err, ERR_INPUT, "cannot make %s for the journal: %s",
	    in->asking.disk, strerror(errno));
}

/* It is kept while there is a journal in it. Done while the lock is held, so
 * that nobody else is in there. */
static void leave_no_folder(const struct comparing *in)
{
	char *lock;

	if (!in->options.write || !in->asking.host)
		return;
	lock = xasprintf("%s/lock", in->asking.disk);
	unlink(lock);
	rmdir(in->asking.disk);
	free(lock);
}

static int compare(struct comparing *in)
{
	struct compat_sum sum = { 0 };
	struct err err = { 0 };
	bool well = right(in, &err) && make_folder(in, &err) &&
	            asking_open(&in->asking, &err) &&
	            compat_run(in->asking.site, &in->options, &sum, &err);

	clear_line(in);
	if (well)
		print_sum(&sum);
	json_decref(sum.why);
	leave_no_folder(in);
	asking_close(&in->asking);
	if (!well)
		return served_complain("pcgsim compat maas", &err);
	return sum.differ ? 1 : 0;
}

static int compat_maas(int argc, char **argv)
{
	struct comparing in = { .options = { .say = say, .tell = tell } };
	struct compat_options *to = &in.options;
	const struct serve_option options[] = {
		ASKING_OPTIONS(in.asking),
		{ "user-key-file", "FILE", "", SERVE_TEXT,
		    &in.asking.other_key_file },
		{ "write", "", "", SERVE_FLAG, &to->write },
		{ "pool", "NAME", "", SERVE_TEXT, &to->pool },
		{ "no-power", "", "", SERVE_FLAG, &to->no_power },
		{ "long", "", "", SERVE_FLAG, &to->lengthy },
		{ "patience", "MINUTES", "", SERVE_COUNT, &in.patience },
		{ "journal", "FOLDER", "", SERVE_TEXT, &in.asking.disk },
		{ "version", "3.6", "", SERVE_TEXT, &to->version },
		{ "only", "M-014", "", SERVE_TEXT, &to->only },
		{ "list", "", "", SERVE_FLAG, &in.list },
	};
	char **words = asking_hide_key(argc, argv);
	int status = serve_read_options("pcgsim compat maas", argc, words,
	    options, sizeof(options) / sizeof(options[0]));

	to->ctx = &in;
	to->patience_for = MINUTES((usec)in.patience);
	in.on_terminal = isatty(STDERR_FILENO);
	if (!status)
		status = in.list ? list_checks() : compare(&in);
	asking_free_words(&words);
	return status;
}

int command_compat(int argc, char **argv)
{
	static const struct command_kind kinds[] = { { "maas", compat_maas } };

	return command_of_kind(argc, argv, USAGE, kinds, 1);
}

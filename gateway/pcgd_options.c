#include "gateway/pcgd_options.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/yaml.h"

#define MOST_OPTIONS 32

static void say_unknown(
    const char *command, const char *word, const struct option *options)
{
	const char *names[MOST_OPTIONS];
	const char *near;
	char what[64];
	size_t count = 0;

	while (options[count].name && count < MOST_OPTIONS) {
		names[count] = options[count].name;
		count++;
	}
	word += strspn(word, "-");
	snprintf(what, sizeof(what), "%.*s", (int)strcspn(word, "="), word);
	near = nearest_name(what, names, count);
	if (near && strcmp(near, what) == 0) {
		fprintf(stderr, "%s: --%s takes no value\n", command, what);
		return;
	}
	fprintf(stderr, "%s: there is no option --%s%s%s%s\n", command, what,
	    near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

int pcgd_option(
    const char *command, int argc, char **argv, const struct option *options)
{
	int at = optind ? optind : 1;
	int option = getopt_long(argc, argv, ":", options, NULL);

	if (option == ':')
		fprintf(stderr, "%s: %s wants a value\n", command,
		    argv[optind - 1]);
	else if (option == '?')
		say_unknown(command, argv[at], options);
	return option == ':' ? '?' : option;
}

/* The manual of the scenario language, printed from the very tables that the
 * binder uses: so it is complete. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "harness/command/commands.h"
#include "harness/fault_keys.h"
#include "harness/kinds.h"
#include "harness/laws.h"
#include "harness/paths.h"
#include "harness/verbs.h"
#include "sim/maas/maas.h"

static void row(const char *left, int width, const char *right)
{
	if ((int)strlen(left) > width)
		printf("  %s\n  %*s  %s\n", left, width, "", right);
	else
		printf("  %-*s  %s\n", width, left, right);
}

static void print_verbs(bool faults_only)
{
	size_t count;
	const struct verb *verbs = verb_table(&count);

	for (size_t i = 0; i < count; i++)
		if (!faults_only || verbs[i].is_fault)
			row(verbs[i].pattern, 46, verbs[i].help);
}

int command_verbs(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("What can happen in a timeline:\n");
	print_verbs(false);
	puts("\nkind/* stands for the name of a thing of the world, server/* "
	     "for a maas, a\npalette or a cluster (its API server); MACHINE "
	     "for a hostname that the world gives\nto a machine of that maas; "
	     "ADDRESSES for one, or a run such as 10.0.0.1..10.0.0.9.\nA "
	     "cluster's program is its agent or its capi.");
	return 0;
}

int command_faults(int argc, char **argv)
{
	char left[60];
	size_t count;
	const struct fault_key *keys = fault_key_table(&count);

	(void)argc;
	(void)argv;
	puts("Faults on the wire:\n");
	print_verbs(true);
	puts("\nA fault is a step like any other; these keys say what it "
	     "meets:\n");
	row("on: allocate", 46, "only this operation of the server");
	row("on: POST /MAAS/api/2.0/machines/?op=allocate", 46,
	    "only requests like this; * is any text");
	row("until: 2h", 46, "no longer than until then, from the start");
	row("until: cluster/web.state == Running", 46,
	    "no longer than until that holds");
	for (size_t i = 0; i < count; i++) {
		const char *quote = strchr(keys[i].argument, ':') ? "\"" : "";

		snprintf(left, sizeof(left), "%s: %s%s%s", keys[i].name, quote,
		    keys[i].argument, quote);
		row(left, 46, keys[i].help);
	}
	puts("\nWithout any of them it meets every request from then on. "
	     "Requests that fit are\ncounted as they arrive, those about a "
	     "machine when that is known. WHO is a thing\nof the world, with "
	     "all that is inside it; cluster/web/capi, machine/*, operator. "
	     "Of\nseveral faults that are due, the first one strikes. A fault "
	     "that meets no request\nfails the run.");
	return 0;
}

/* Which words stand for this step. */
static void print_sayings(const struct maas_verb *step)
{
	char *mark = xasprintf("{\"step\": \"%s\"", step->name);
	size_t count;
	const struct verb *verbs = verb_table(&count);

	for (size_t i = 0; i < count; i++)
		if (verbs[i].outside &&
		    strncmp(verbs[i].outside, mark, strlen(mark)) == 0)
			printf("      %s\n", verbs[i].pattern);
	if (step->unsaid)
		printf("      (not in scenarios: %s)\n", step->unsaid);
	free(mark);
}

int command_steps(int argc, char **argv)
{
	size_t count;
	const struct maas_verb *steps = maas_verbs(&count);

	(void)argc;
	(void)argv;
	puts("What can happen around a MAAS, as steps for serve maas --control "
	     "and in the words\nof a timeline:\n");
	for (size_t i = 0; i < count; i++) {
		printf("  %s%s%s\n    %s\n", steps[i].name,
		    *steps[i].parameters ? "  " : "", steps[i].parameters,
		    steps[i].help);
		print_sayings(&steps[i]);
	}
	puts("\nPOST one to the port as a JSON object, its parameters beside "
	     "its name:\n\n  {\"step\": \"bmc-refuses\", \"on\": true, "
	     "\"machine\": \"web-0\"}\n\nA rack or a machine is named by "
	     "system_id or hostname; what stands in brackets\nmay be left out. "
	     "The answer is 200, with a note if nothing has changed by it; or "
	     "400\nand a sentence. In a scenario, what changes nothing fails "
	     "the run.");
	return 0;
}

static void path_row(const struct path_kind *path)
{
	char left[200], arguments[160];
	size_t len = 0;

	arguments[0] = '\0';
	for (const char *at = path->arguments; *at; at++)
		len += (size_t)snprintf(arguments + len,
		    sizeof(arguments) - len, *at == '|' ? ", " : "%c", *at);
	snprintf(left, sizeof(left), "%s/*.%s%s%s%s", path->kind, path->word,
	    *arguments ? "(" : "", arguments, *arguments ? ")" : "");
	row(left, 46, path->help);
	if (path->words)
		printf("  %46s    %s\n", "", path->words);
}

int command_paths(int argc, char **argv)
{
	size_t count;
	const struct path_kind *paths = path_kinds(&count);

	(void)argc;
	(void)argv;
	puts("What a claim can speak of:\n");
	for (size_t i = 0; i < count; i++)
		path_row(&paths[i]);
	puts("\nEach argument may be left out. Compared with == != < <= > >=; "
	     "several claims are\njoined by \"and\". In words, * is any "
	     "text.");
	return 0;
}

int command_laws(int argc, char **argv)
{
	size_t count;
	const struct law *laws = law_table(&count);

	(void)argc;
	(void)argv;
	puts("What holds in every run:\n");
	for (size_t i = 0; i < count; i++)
		printf("  %s\n      %s\n", laws[i].sentence, laws[i].help);
	puts("\nA scenario that must break one waives it:\n\n  waives:\n    "
	     "a deleted cluster sends nothing: its machine was forgotten on "
	     "purpose");
	return 0;
}

static void print_settings(const struct kind_of_setting *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char right[300];
		const struct kind_of_setting *r = &rows[i];

		snprintf(right, sizeof(right), "%s%s%s%s%s%s", r->help,
		    r->type == SETTING_ONE_OF ? ": " : "",
		    r->type == SETTING_ONE_OF ? r->of : "",
		    r->required ? " (has to be there)" : "",
		    r->initial ? "; else " : "", r->initial ? r->initial : "");
		row(r->name, 20, right);
	}
}

int command_world(int argc, char **argv)
{
	size_t count, machine_count;
	const struct kind_of_thing *kinds = kinds_of_things(&count);
	const struct kind_of_setting *machine = machine_settings(
	    &machine_count);

	(void)argc;
	(void)argv;
	puts("What a world is made of:");
	for (size_t i = 0; i < count; i++) {
		printf("\n%s/NAME: %s\n", kinds[i].name, kinds[i].help);
		print_settings(kinds[i].settings, kinds[i].setting_count);
	}
	puts("\na machine of a list of machines:");
	print_settings(machine, machine_count);
	return 0;
}

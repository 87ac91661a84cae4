#include "harness/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/url.h"
#include "harness/hostnames.h"
#include "harness/kinds.h"

/* ---- the table ---- */

/* What happens when it is done, by its function of acts.h; and what goes wrong
 * on the wire, for the faults to do (faults.h). */
#define ACT(words, function, meaning)                                    \
	{                                                                \
		.pattern = (words), .help = (meaning), .act = (function) \
	}
#define FAULT(words, meaning)                                           \
	{                                                               \
		.pattern = (words), .help = (meaning), .is_fault = true \
	}

static const struct verb verbs[] = {
	/* The operator: everything over Palette's public API. */
	ACT("operator creates cluster/*", enact_create,
	    "orders the cluster that the world describes"),
	ACT("operator deletes cluster/*", enact_delete, "orders its deletion"),
	ACT("operator force-deletes cluster/*", enact_force_delete,
	    "has Palette forget it; what is left in MAAS stays there"),
	ACT("operator migrates pcg/* to pcg/*", enact_migrate,
	    "hands all clusters of the one gateway to the other"),
	ACT("operator scales cluster/* to NUMBER workers", enact_scale_workers,
	    "changes the size of its worker pool"),
	ACT("operator scales cluster/* to NUMBER control planes",
	    enact_scale_control_planes,
	    "changes the size of its control plane"),
	ACT("operator validates the account of pcg/*", enact_validate,
	    "asks Palette to try its MAAS account, through the gateway"),
	ACT("operator updates the key of pcg/*", enact_update_key,
	    "gives Palette the key that its MAAS accepts now"),
	ACT("operator gives palette/* a certificate", enact_add_certificate,
	    "of a CA that all nodes of later clusters are to trust"),
	ACT("operator renews the pairing code", enact_renew_code,
	    "asks for another code: it replaces the one before"),

	/* Gateways. */
	ACT("pcg/* crashes", enact_crash,
	    "its process dies; nothing restarts it"),
	ACT("pcg/* loses power", enact_lose_power,
	    "its machine stops; what was not synced is lost"),
	ACT("pcg/* starts again", enact_start, "on the disk that it had"),
	ACT("pcg/* restarts", enact_restart,
	    "its process dies and is started at once"),
	ACT("pcg/* crashes and starts again after DURATION", enact_crash,
	    "its process dies; later it is started"),
	ACT("pcg/* loses power and starts again after DURATION",
	    enact_lose_power, "its machine stops; later it is started"),
	ACT("pcg/* runs DURATION ahead", enact_ahead,
	    "its clock is wrong from now"),
	ACT("pcg/* runs DURATION behind", enact_behind,
	    "its clock is wrong from now"),
	ACT("pcg/* runs on time", enact_ahead, "its clock is right from now"),
	ACT("pcg/* loses server/*", enact_cut,
	    "nothing gets through between the two any more"),
	ACT("pcg/* regains server/*", enact_heal, "and now it does again"),
	ACT("pcg/* gets the credentials of proxy/*", enact_right_credentials,
	    "its settings are corrected and it is restarted"),
	ACT("pcg/* has a full disk", enact_full_disk, "every write fails"),
	ACT("pcg/* has room on its disk", enact_roomy_disk,
	    "and now they do not"),

	/* Servers: a maas, a palette, the API server of a cluster. */
	FAULT("server/* answers STATUS",
	    "to requests that fit, instead of doing them"),
	FAULT("server/* answers STATUS with Retry-After DURATION",
	    "the same, and says when to come again"),
	FAULT("server/* obeys but answers STATUS",
	    "the request is done; what is answered is something else"),
	FAULT("server/* answers after DURATION", "it takes that long"),
	FAULT(
	    "server/* hangs", "requests vanish: not done, and never answered"),
	FAULT("server/* breaks the connection",
	    "the request is not done and the connection ends"),
	FAULT("server/* loses its answer",
	    "the request is done, but the connection ends first"),
	FAULT("server/* swallows its answer",
	    "the request is done, but nothing comes back, ever"),
	FAULT("server/* truncates its answer",
	    "the connection ends in the middle of the answer"),
	FAULT("server/* never ends its answer",
	    "the request is done; of its answer there is always more"),
	FAULT("server/* answers garbage",
	    "the request is done; what comes back is no HTTP"),
	FAULT("server/* garbles its answer",
	    "the request is done; the body that comes back is no JSON"),
	ACT("server/* is down", enact_down,
	    "its connections end, and nobody can connect to it"),
	ACT("server/* is up again", enact_up, "and now everybody can"),

/* MAAS and its machines. */
#define STEP(function, name, parameters, help, unsaid)
#define SAID(words, meaning, ...)     \
	{ .pattern = (words),         \
		.help = (meaning),    \
		.act = enact_outside, \
		.outside = #__VA_ARGS__ },
#include "sim/maas/control.tbl"
#undef STEP
#undef SAID

	/* Palette. */
	ACT("palette/* forgets its sessions", enact_forget_sessions,
	    "tokens of gateways are not valid any more"),
	ACT("palette/* shows a new certificate", enact_new_certificate,
	    "of the same CA; whoever is connected has to connect again"),
	ACT("palette/* shows a certificate of another CA",
	    enact_other_certificate,
	    "one of that name, too, that nobody was told to trust"),
	ACT("palette/* shows a certificate that has expired",
	    enact_old_certificate, "an hour ago; nobody had renewed it"),

	/* Proxies. */
	ACT("proxy/* changes its credentials", enact_change_credentials,
	    "nobody who knew the old ones gets through"),
	ACT("proxy/* is down", enact_down,
	    "its tunnels end, and nobody can connect to it"),
	ACT("proxy/* is up again", enact_up, "and now everybody can"),

	/* Running clusters. */
	ACT("cluster/* loses a worker", enact_lose_worker,
	    "the power supply of a worker's machine dies"),
	ACT("cluster/* loses a control plane", enact_lose_control_plane,
	    "the power supply of a control-plane machine dies"),
	ACT("cluster/* loses the cable of a worker", enact_unplug_worker,
	    "nothing reaches its machine, and it reaches nothing"),
	ACT("cluster/* gets its cables back", enact_plug_in,
	    "what was pulled out is plugged in"),
	ACT("cluster/* gets its machines back", enact_return_machines,
	    "what was lost has power again"),
	ACT("site/* loses server/*", enact_cut,
	    "nothing from its site reaches it any more"),
	ACT("site/* regains server/*", enact_heal, "and now it does again"),
	ACT("cluster/* restarts its WORD", enact_kill_program,
	    "its agent, or its capi service, dies and is started again"),
};
#undef ACT
#undef FAULT
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

const struct verb *verb_table(size_t *count)
{
	*count = VERB_COUNT;
	return verbs;
}

/* ---- fitting a text to a pattern ---- */

#define WORDS_MAX 16

struct words {
	char *room;
	char *items[WORDS_MAX];
	size_t count;
};

static void words_split(struct words *words, const char *text)
{
	char *rest = NULL;

	words->count = 0;
	words->room = xstrdup(text);
	for (char *word = strtok_r(words->room, " ", &rest);
	     word && words->count < WORDS_MAX;
	     word = strtok_r(NULL, " ", &rest))
		words->items[words->count++] = word;
}

/* What stands in an open place: a number, or a word. */
bool verb_place_is_number(const char *place)
{
	return strcmp(place, "NUMBER") == 0 || strcmp(place, "STATUS") == 0 ||
	       strcmp(place, "DURATION") == 0;
}

bool verb_place_is_word(const char *place)
{
	return strcmp(place, "WORD") == 0 || strcmp(place, "MACHINE") == 0 ||
	       strcmp(place, "ADDRESS") == 0 || strcmp(place, "ADDRESSES") == 0;
}

static bool is_thing_place(const char *word)
{
	size_t len = strlen(word);

	return len > 2 && strcmp(word + len - 2, "/*") == 0;
}

static bool kind_fits(const char *place, const char *word)
{
	size_t len = strlen(place) - 1; /* with the slash, without the star */

	if (strcmp(place, "server/*") != 0)
		return strncmp(place, word, len) == 0;
	return strncmp(word, "maas/", 5) == 0 ||
	       strncmp(word, "palette/", 8) == 0 ||
	       strncmp(word, "cluster/", 8) == 0;
}

/* "10.0.0.1", or "10.0.0.1..10.0.0.9" */
static bool addresses_fit(const char *word)
{
	const char *dots = strstr(word, "..");
	char *begin = xstrndup(
	    word, dots ? (size_t)(dots - word) : strlen(word));
	uint32_t first, last;
	bool fits = ipv4_parse(begin, &first) &&
	            ipv4_parse(dots ? dots + 2 : begin, &last) && first <= last;

	free(begin);
	return fits;
}

static bool word_fits(const char *place, const char *word)
{
	long long time;
	uint32_t address;

	if (is_thing_place(place))
		return kind_fits(place, word);
	if (strcmp(place, "DURATION") == 0)
		return duration_parse(word, &time);
	if (strcmp(place, "STATUS") == 0) /* an answer: 200 to 599 */
		return strlen(word) == 3 && word[0] >= '2' && word[0] <= '5' &&
		       strspn(word, "0123456789") == 3;
	if (strcmp(place, "NUMBER") == 0)
		return strspn(word, "0123456789") == strlen(word);
	if (strcmp(place, "ADDRESS") == 0)
		return ipv4_parse(word, &address);
	if (strcmp(place, "ADDRESSES") == 0)
		return addresses_fit(word);
	return verb_place_is_word(place) || strcmp(place, word) == 0;
}

static bool pattern_fits(const char *pattern, const struct words *words)
{
	struct words places;
	bool fits;

	words_split(&places, pattern);
	fits = places.count == words->count;
	for (size_t i = 0; fits && i < places.count; i++)
		fits = word_fits(places.items[i], words->items[i]);
	free(places.room);
	return fits;
}

/* ---- taking the words ---- */

static struct place place_of_word(
    const struct step *step, const struct words *words, size_t n)
{
	struct place place = step->text_place;

	place.column += (unsigned)(words->items[n] - words->room);
	return place;
}

static void take_thing(struct reading *reading, struct step *step,
    const struct words *words, size_t n)
{
	const struct thing *thing = scenario_thing(
	    reading->scenario, words->items[n]);

	if (!thing) {
		note_thing(
		    reading, place_of_word(step, words, n), words->items[n]);
		return;
	}
	check(step->words.thing_count < 3);
	step->words.things[step->words.thing_count++] = thing;
}

static void take_word(struct reading *reading, struct step *step,
    const struct words *words, size_t n, const char *place)
{
	struct verb_words *out = &step->words;
	const char *word = words->items[n];
	long long time;

	if (is_thing_place(place)) {
		take_thing(reading, step, words, n);
	} else if (strcmp(place, "DURATION") == 0) {
		check(duration_parse(word, &time));
		out->numbers[out->number_count++] = time;
	} else if (verb_place_is_word(place)) {
		out->words[out->word_count++] = xstrdup(word);
	} else if (verb_place_is_number(place)) {
		out->numbers[out->number_count++] = strtoll(word, NULL, 10);
	}
}

/* What a word with a figure in front would stand for in a pattern; else the
 * word. */
static const char *place_like(const char *word, const char *number)
{
	size_t figures = strspn(word, "0123456789");

	if (figures == 0)
		return word;
	if (!word[figures])
		return number;
	return strspn(word, "0123456789.") == strlen(word) ? "ADDRESSES"
	                                                   : "DURATION";
}

/* The text with its names and numbers taken out, to find the nearest verb:
 * "operator delets cluster/web" -> "operator delets cluster/ *". */
static char *shape_of(const struct words *words)
{
	struct buf shape = BUF_INIT;

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->items[i];
		const char *slash = strchr(word, '/');

		if (i)
			buf_addc(&shape, ' ');
		if (slash)
			buf_addf(&shape, "%.*s/*", (int)(slash - word), word);
		else if (i == 1 && strcmp(words->items[0], "machine") == 0)
			buf_adds(&shape, "MACHINE");
		else
			buf_adds(&shape, place_like(word, "NUMBER"));
	}
	return buf_detach(&shape);
}

/* "answers 4x9": as a pattern is written, to find the nearest one. */
static char *fault_shape(const struct words *words)
{
	struct buf shape = BUF_INIT;

	for (size_t i = 1; i < words->count; i++)
		buf_addf(&shape, "%s%s", i > 1 ? " " : "",
		    place_like(words->items[i], "STATUS"));
	return buf_detach(&shape);
}

static const char *nearest_fault(const struct words *words)
{
	const char *patterns[VERB_COUNT];
	char *shape = fault_shape(words);
	const char *near;
	size_t count = 0;

	for (size_t i = 0; i < VERB_COUNT; i++)
		if (verbs[i].is_fault)
			patterns[count++] = strchr(verbs[i].pattern, ' ') + 1;
	near = nearest_name(shape ? shape : "", patterns, count);
	free(shape);
	return near;
}

/* Of a server the faults are looked through as well. */
static void note_verb(
    struct reading *reading, struct step *step, const struct words *words)
{
	const char *patterns[VERB_COUNT], *near, *fault;
	char *shape = shape_of(words);

	for (size_t i = 0; i < VERB_COUNT; i++)
		patterns[i] = verbs[i].pattern;
	near = nearest_name(shape, patterns, VERB_COUNT);
	fault = words->count && kind_fits("server/*", words->items[0])
	            ? nearest_fault(words)
	            : NULL;
	if (near || !fault)
		mistake_add_near(reading->mistakes, step->text_place, shape,
		    patterns, VERB_COUNT,
		    "nothing that can happen reads \"%s\" (see pcgsim verbs)",
		    step->text);
	else
		mistake_add(reading->mistakes, step->text_place,
		    "nothing that can happen reads \"%s\" (see pcgsim verbs); "
		    "did you mean server/* %s?",
		    step->text, fault);
	free(shape);
}

static void take_numbers(
    struct verb_words *out, const struct words *words, const char *pattern)
{
	struct words places;
	long long time;

	words_split(&places, pattern);
	for (size_t i = 1; i < words->count; i++) {
		const char *place = places.items[i], *word = words->items[i];

		if (strcmp(place, "DURATION") == 0) {
			check(duration_parse(word, &time));
			out->numbers[out->number_count++] = time;
		} else if (verb_place_is_number(place)) {
			out->numbers[out->number_count++] = strtoll(
			    word, NULL, 10);
		}
	}
	free(places.room);
}

const struct verb *verb_of_fault(
    const char *what, struct verb_words *out, const char **near)
{
	char *text = xasprintf("maas/x %s", what);
	const struct verb *verb = NULL;
	struct words words;

	words_split(&words, text);
	for (size_t i = 0; i < VERB_COUNT && !verb; i++)
		if (verbs[i].is_fault && pattern_fits(verbs[i].pattern, &words))
			verb = &verbs[i];
	*near = verb ? NULL : nearest_fault(&words);
	if (verb)
		take_numbers(out, &words, verb->pattern);
	free(words.room);
	free(text);
	return verb;
}

void verb_bind(struct reading *reading, struct step *step)
{
	struct words words, places;

	words_split(&words, step->text);
	for (size_t i = 0; i < VERB_COUNT && !step->verb; i++)
		if (pattern_fits(verbs[i].pattern, &words))
			step->verb = &verbs[i];
	if (!step->verb) {
		note_verb(reading, step, &words);
		free(words.room);
		return;
	}
	words_split(&places, step->verb->pattern);
	for (size_t i = 0; i < words.count; i++)
		take_word(reading, step, &words, i, places.items[i]);
	for (size_t i = 0; i < words.count && step->words.thing_count; i++)
		if (strcmp(places.items[i], "MACHINE") == 0)
			hostname_bind(reading, place_of_word(step, &words, i),
			    step->words.things[0], words.items[i]);
	free(places.room);
	free(words.room);
	if (step->fault_place.line && !step->verb->is_fault)
		mistake_add(reading->mistakes, step->fault_place,
		    "\"%s\" is no fault on the wire: it takes no keys but "
		    "expect (see pcgsim faults)",
		    step->text);
}

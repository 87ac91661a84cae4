#include "harness/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "harness/kinds.h"
#include "harness/paths.h"
#include "harness/verbs.h"

static const struct fault_kind fault_kinds[] = {
	{ "answers STATUS", false, FATE_ANSWER },
	{ "answers STATUS with Retry-After DURATION", false, FATE_ANSWER },
	{ "obeys but answers STATUS", true, FATE_ANSWER },
	{ "answers after DURATION", true, FATE_DELAY },
	{ "hangs", false, FATE_LOSE },
	{ "breaks the connection", false, FATE_RESET },
	{ "loses its answer", true, FATE_RESET },
	{ "swallows its answer", true, FATE_LOSE },
	{ "truncates its answer", true, FATE_TRUNCATE },
	{ "never ends its answer", true, FATE_ENDLESS },
	{ "answers garbage", true, FATE_GARBAGE },
	{ "garbles its answer", true, FATE_ANSWER },
};

struct fault {
	const struct step *step;
	const struct fault_kind *kind;
	usec until_at; /* USEC_NEVER */
	bool ended;
	struct fault_tally tally;
};

struct faults {
	struct events *events;
	struct choices *choices;
	const struct view *view;
	fault_concerns_fn *concerns;
	void *concerns_ctx;
	struct fault *items;
	size_t count;
	usec now_at;
};

struct faults *faults_new(
    struct events *events, struct choices *choices, const struct view *view)
{
	struct faults *faults = xcalloc(1, sizeof(*faults));

	faults->events = events;
	faults->choices = choices;
	faults->view = view;
	return faults;
}

void faults_set_concerns(
    struct faults *faults, fault_concerns_fn *concerns, void *ctx)
{
	faults->concerns = concerns;
	faults->concerns_ctx = ctx;
}

void faults_free(struct faults **faults)
{
	if (!*faults)
		return;
	free((*faults)->items);
	free(*faults);
	*faults = NULL;
}

const struct fault_kind *fault_kind_of(const struct verb *verb)
{
	const char *words = strchr(verb->pattern, ' ') + 1;

	for (size_t i = 0; i < sizeof(fault_kinds) / sizeof(fault_kinds[0]);
	     i++)
		if (strcmp(fault_kinds[i].verb, words) == 0)
			return &fault_kinds[i];
	unreachable("a fault of the verb table that no kind stands for");
}

static void tell(struct faults *faults, const struct fault *fault,
    const char *what, const char *op)
{
	EVENT(faults->events, "fault", "scenario",
	    fault->step->words.things[0]->full, F("what", what),
	    F("text", fault->step->text), F("op", op),
	    N("line", fault->step->place.line));
}

void faults_begin(struct faults *faults, const struct step *step, usec now_at)
{
	struct fault *fault;

	check(faults->count < MOST_FAULTS); /* bind.c */
	faults->items = xrealloc(
	    faults->items, (faults->count + 1) * sizeof(*fault));
	fault = &faults->items[faults->count++];
	*fault = (struct fault){
		.step = step,
		.kind = fault_kind_of(step->verb),
		.until_at = USEC_NEVER,
	};
	if (step->until_at)
		fault->until_at = step->until_at;
	if (step->keys.lasts_for &&
	    now_at + step->keys.lasts_for < fault->until_at)
		fault->until_at = now_at + step->keys.lasts_for;
	tell(faults, fault, "begins", "");
}

static void end(struct faults *faults, struct fault *fault)
{
	fault->ended = true;
	tell(faults, fault, "ends", "");
}

void faults_look(struct faults *faults, usec now_at)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct fault *fault = &faults->items[i];

		if (fault->ended)
			continue;
		if (now_at >= fault->until_at ||
		    (fault->step->until.term_count &&
		        expression_holds(faults->view, &fault->step->until)))
			end(faults, fault);
	}
	faults->now_at = now_at;
}

/* "allocate", "POST /MAAS/api/2.0/machines/?op=allocate", "GET /x/ *" */
bool fault_on_fits(const char *on, const struct wire_sight *sight)
{
	const char *space = strchr(on, ' ');
	size_t len;
	char *path;
	bool fits;

	if (!on[0])
		return true;
	if (!space)
		return view_glob(on, sight->op);
	len = (size_t)(space - on);
	if (strlen(sight->request->method) != len ||
	    strncmp(sight->request->method, on, len) != 0)
		return false;
	if (strchr(space + 1, '?'))
		return view_glob(space + 1, sight->request->target);
	path = http_path(sight->request->target);
	fits = path && view_glob(space + 1, path);
	free(path);
	return fits;
}

/* ---- what a fault notes of an exchange ---- */

/* In wire_sight.mark: it has counted it, and it is its turn. */
static uint64_t counted_bit(size_t fault)
{
	return (uint64_t)1 << fault;
}

static uint64_t due_bit(size_t fault)
{
	return (uint64_t)1 << (fault + MOST_FAULTS);
}

static bool fits(const struct faults *faults, const struct fault *fault,
    const struct wire_sight *sight)
{
	const struct step *step = fault->step;

	if (strcmp(step->words.things[0]->full, sight->server) != 0 ||
	    (step->on && !fault_on_fits(step->on, sight)) ||
	    !fault_keys_fit(&step->keys, sight))
		return false;
	return !step->keys.machine ||
	       (faults->concerns && faults->concerns(faults->concerns_ctx,
	                                sight, step->keys.machine));
}

/* On the way in; on the way back if it was not there yet, or could not know
 * which machine it would be about. */
static void count(struct faults *faults, size_t n,
    const struct wire_sight *sight, uint64_t *mark)
{
	struct fault *fault = &faults->items[n];

	if (fault->ended || (*mark & counted_bit(n)) ||
	    (sight->response && !fault->kind->on_answer) ||
	    !fits(faults, fault, sight))
		return;
	*mark |= counted_bit(n);
	if (fault_keys_count(&fault->step->keys, &fault->tally, sight,
	        faults->choices, fault->step->text))
		*mark |= due_bit(n);
}

bool fault_has_status(
    const struct fault_kind *kind, const struct verb_words *words)
{
	return kind->fate == FATE_ANSWER && words->number_count;
}

static void fill_answer(
    const struct verb_words *words, struct http_response *answer)
{
	char seconds[24];
	int status = (int)words->numbers[0];

	http_response_text(answer, status, "text/plain", http_reason(status));
	if (words->number_count < 2)
		return;
	snprintf(
	    seconds, sizeof(seconds), "%lld", words->numbers[1] / USEC_PER_SEC);
	http_header_set(&answer->headers, "Retry-After", seconds);
}

/* The head as it was; a body that is neither JSON, nor BSON, nor text. */
static void garble(
    const struct http_response *was, struct http_response *answer)
{
	static const char NONE[] = "{\"\xff\xfe: [1, , \x01";

	http_response_copy(answer, was);
	buf_reset(&answer->body);
	buf_add(&answer->body, NONE, sizeof(NONE) - 1);
}

void fault_doom(const struct fault_kind *kind, const struct verb_words *words,
    const struct wire_sight *sight, struct wire_doom *doom)
{
	doom->fate = kind->fate;
	if (fault_has_status(kind, words))
		fill_answer(words, &doom->answer);
	else if (kind->fate == FATE_ANSWER)
		garble(sight->response, &doom->answer);
	if (kind->fate == FATE_DELAY)
		doom->delay_for = words->numbers[0];
}

static void strike(struct faults *faults, struct fault *fault,
    const struct wire_sight *sight, struct wire_doom *doom)
{
	fault->tally.met++;
	tell(faults, fault, "meets", sight->op);
	fault_doom(fault->kind, &fault->step->words, sight, doom);
	fault_keys_adorn(&fault->step->keys, doom);
	if (fault_keys_spent(&fault->step->keys, &fault->tally) ||
	    fault->step->keys.nth)
		end(faults, fault);
}

/* The first that is due strikes; all of them count. */
void faults_strike(
    void *ctx, const struct wire_sight *sight, struct wire_doom *doom)
{
	struct faults *faults = ctx;
	uint64_t own = 0, *mark = sight->mark ? sight->mark : &own;
	bool struck = false;

	for (size_t i = 0; i < faults->count; i++) {
		struct fault *fault = &faults->items[i];

		count(faults, i, sight, mark);
		if (struck || fault->ended || !(*mark & due_bit(i)) ||
		    fault->kind->on_answer != (sight->response != NULL))
			continue;
		struck = true;
		strike(faults, fault, sight, doom);
	}
	if (!struck)
		doom->fate = FATE_PASS;
}

size_t faults_count(const struct faults *faults)
{
	return faults->count;
}

struct fault_count faults_nth(const struct faults *faults, size_t n)
{
	check(n < faults->count);
	return (struct fault_count){ faults->items[n].step,
		faults->items[n].tally.met, faults->items[n].tally.fitted };
}

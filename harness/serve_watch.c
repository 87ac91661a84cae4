#include "harness/serve_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/real_host.h"

struct watch {
	const struct watch_subject *subject;
	struct host *host;
	struct fault_rule rules[MOST_RULES];
	size_t rule_count;
};

/* ---- life ---- */

struct watch *watch_new(const struct watch_subject *subject)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));

	watch->subject = subject;
	return watch;
}

void watch_free(struct watch **watch)
{
	if (!*watch)
		return;
	for (size_t i = 0; i < (*watch)->rule_count; i++)
		fault_rule_free(&(*watch)->rules[i]);
	free(*watch);
	*watch = NULL;
}

bool watch_add_rule(struct watch *watch, const char *text, struct err *err)
{
	if (watch->rule_count == MOST_RULES)
		return err_set(
		    err, ERR_INPUT, "more than %d rules", MOST_RULES);
	if (!fault_rule_parse(&watch->rules[watch->rule_count], text,
	        &watch->subject->words, err))
		return false;
	watch->rule_count++;
	return true;
}

/* ---- faults ---- */

/* Two notes of each rule about an exchange (wire_sight.mark): it has counted
 * it, and it is due. */
static uint64_t counted_bit(size_t rule)
{
	return (uint64_t)1 << rule;
}

static uint64_t due_bit(size_t rule)
{
	return (uint64_t)1 << (rule + MOST_RULES);
}

static bool fits(const struct watch *watch, const struct fault_rule *rule,
    const struct wire_sight *sight)
{
	const struct watch_subject *subject = watch->subject;

	if (rule->on && !fault_on_fits(rule->on, sight))
		return false;
	return !rule->machine ||
	       (subject->concerns &&
	           subject->concerns(subject->ctx, sight, rule->machine));
}

/* On the way in; and again on the way back for who waits for a machine, since
 * only the answer to an allocate tells which. */
static void count(struct watch *watch, size_t i, const struct wire_sight *sight)
{
	struct fault_rule *rule = &watch->rules[i];

	if ((*sight->mark & counted_bit(i)) ||
	    (sight->response && !rule->machine) || !fits(watch, rule, sight))
		return;
	*sight->mark |= counted_bit(i);
	if (fault_rule_counts(
	        rule, sight, watch->host->choices, loop_now(watch->host->loop)))
		*sight->mark |= due_bit(i);
}

static void strike(
    void *ctx, const struct wire_sight *sight, struct wire_doom *doom)
{
	struct watch *watch = ctx;
	bool struck = false;

	for (size_t i = 0; i < watch->rule_count; i++) {
		struct fault_rule *rule = &watch->rules[i];
		bool here = rule->kind->on_answer == (sight->response != NULL);

		count(watch, i, sight);
		if (!here || struck || !(*sight->mark & due_bit(i)))
			continue;
		struck = true;
		fault_rule_strike(rule, sight, doom);
	}
}

void watch_begin(struct watch *watch, struct host *host)
{
	watch->host = host;
	real_net_watch(host->net, strike, NULL, watch);
}

void watch_sum_up(const struct watch *watch, FILE *out)
{
	for (size_t i = 0; i < watch->rule_count; i++) {
		const struct fault_rule *rule = &watch->rules[i];

		if (rule->met)
			continue;
		fprintf(out, "the fault \"%s\" met nothing: ", rule->text);
		if (!rule->fitted)
			fprintf(out, "no request was one that it is for\n");
		else
			fprintf(out, "%lld fitted, none was its turn\n",
			    rule->fitted);
	}
}

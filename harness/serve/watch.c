#include "harness/serve/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/quick_hash.h"
#include "base/real_host.h"
#include "harness/serve/loops.h"

struct lack { /* an operation that was asked for and is not modelled */
	const struct route_row *row;
	unsigned long count;
};

struct watch {
	const struct watch_subject *subject;
	struct watch_options options;
	struct fault_rule rules[MOST_RULES];
	size_t rule_count;
	struct loops loops;
	/* the sum */
	unsigned long requests, classes[6], struck, unknown;
	struct lack *lacks;
	size_t lack_count;
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
	free((*watch)->lacks);
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

	if ((rule->on && !fault_on_fits(rule->on, sight)) ||
	    !fault_keys_fit(&rule->keys, sight))
		return false;
	return !rule->keys.machine ||
	       (subject->concerns &&
	           subject->concerns(subject->ctx, sight, rule->keys.machine));
}

/* On the way in; and again on the way back for who waits for a machine, since
 * only the answer to an allocate tells which. */
static void count(struct watch *watch, size_t i, const struct wire_sight *sight)
{
	struct fault_rule *rule = &watch->rules[i];
	const struct host *host = watch->options.host;

	if ((*sight->mark & counted_bit(i)) ||
	    (sight->response && !rule->keys.machine) ||
	    !fits(watch, rule, sight))
		return;
	*sight->mark |= counted_bit(i);
	if (fault_rule_counts(rule, sight, host->choices, loop_now(host->loop)))
		*sight->mark |= due_bit(i);
}

/* The control port is nobody's to strike, and in nobody's journal. */
static bool is_ours(const struct watch *watch, const struct wire_sight *sight)
{
	return strcmp(sight->server, watch->options.host->name) == 0;
}

static void strike(
    void *ctx, const struct wire_sight *sight, struct wire_doom *doom)
{
	struct watch *watch = ctx;
	bool struck = false;

	for (size_t i = 0; is_ours(watch, sight) && i < watch->rule_count;
	     i++) {
		struct fault_rule *rule = &watch->rules[i];
		bool here = rule->kind->on_answer == (sight->response != NULL);

		count(watch, i, sight);
		if (!here || struck || !(*sight->mark & due_bit(i)) ||
		    fault_keys_spent(&rule->keys, &rule->tally))
			continue;
		struck = true;
		fault_rule_strike(rule, sight, doom);
	}
}

/* ---- notes ---- */

static bool is_word(const char *op, const char *word)
{
	return strcmp(op, word) == 0;
}

static void count_lack(
    struct watch *watch, const struct route_row *row, const char *note)
{
	for (size_t i = 0; i < watch->lack_count; i++)
		if (watch->lacks[i].row == row) {
			watch->lacks[i].count++;
			return;
		}
	watch->lacks = xrealloc(
	    watch->lacks, (watch->lack_count + 1) * sizeof(*watch->lacks));
	watch->lacks[watch->lack_count++] = (struct lack){ row, 1 };
	fprintf(stderr, "%s: %s\n", watch->options.command, note);
}

static void explain_unanswered(
    struct watch *watch, const struct wire_sight *sight, struct buf *note)
{
	const struct watch_subject *subject = watch->subject;
	const char *method = sight->request->method;
	const struct route_row *row;
	char *path, *op;

	subject->address(subject->ctx, sight->request, &path, &op);
	closest_explain(&subject->routes, method, path, op, note);
	row = closest_exact(&subject->routes, method, path, op);
	if (row && !row->modelled)
		count_lack(watch, row, buf_text(note));
	else if (!row)
		watch->unknown++;
	free(path);
	free(op);
}

static void explain_status(
    struct watch *watch, const struct wire_sight *sight, struct buf *note)
{
	const struct watch_subject *subject = watch->subject;
	int status = sight->response->status;

	if (status < 300)
		return;
	if (subject->address &&
	    (is_word(sight->op, "unknown") || is_word(sight->op, "page") ||
	        is_word(sight->op, "unrecognised") ||
	        is_word(sight->op, "unmodelled")))
		explain_unanswered(watch, sight, note);
	else if (subject->refusal)
		subject->refusal(subject->ctx, sight->request, status, note);
}

/* The clients' clock: the real one. */
static usec clients_span(const struct watch *watch, usec span_for)
{
	return (usec)((double)span_for / watch->options.speed);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return quick_hash(hash, text, strlen(text));
}

static uint64_t digest_of(const struct http_response *response)
{
	if (response->digest)
		return response->digest;
	check(!response->source);
	return quick_hash(0, buf_text(&response->body), response->body.len);
}

static void explain_loop(struct watch *watch, const struct wire_sight *sight,
    const char *user, struct buf *note)
{
	const struct http_request *request = sight->request;
	struct loop *loop = watch->options.host->loop;
	uint64_t asked = hash_text(1, request->method), answer;
	size_t begin = note->len;
	usec span_for;

	asked = hash_text(asked, request->target);
	asked = hash_text(asked, sight->client);
	asked = hash_text(asked, user);
	asked = quick_hash(asked, buf_text(&request->body), request->body.len);
	answer = digest_of(sight->response) ^ (uint64_t)sight->response->status;
	if (!loops_see(&watch->loops, asked, answer,
	        clients_span(watch, loop_now(loop)), &span_for))
		return;
	buf_addf(note,
	    "%sthe same %s %.*s %d times in %.1f s, each answered %d with the "
	    "same body: %s",
	    begin ? "; " : "", request->method,
	    (int)strcspn(request->target, "?"), request->target, LOOPS_COUNT,
	    (double)span_for / USEC_PER_SEC, sight->response->status,
	    loop_quiet(loop)
	        ? "nothing is under way here, and nothing will change until "
	          "somebody does something"
	        : "something is under way here, and asking less often would "
	          "see it as well");
	fprintf(stderr, "%s: a client seems to loop: %s\n",
	    watch->options.command, note->data + begin + (begin ? 2 : 0));
}

/* ---- the journal ---- */

/* What a refusal says; answers that are well may hold anything. */
static void add_said(struct buf *line, const struct http_response *response)
{
	size_t len = response->body.len;

	if (response->status < 400)
		return;
	while (len > 200 || (len && (response->body.data[len - 1] & 0x80)))
		len--;
	journal_bytes(line, "said", buf_text(&response->body), len);
}

static json_t *parameters_of(
    const struct watch_subject *subject, const struct http_request *request)
{
	/* Most requests have none, and nobody has to look for them. */
	if (!request->body.len && !strchr(request->target, '?'))
		return json_object();
	return subject->parameters(subject->ctx, request);
}

static void keep(struct watch *watch, const struct real_told *told,
    const char *user, const char *note)
{
	const struct wire_sight *sight = told->sight;
	const struct watch_subject *subject = watch->subject;
	const struct http_request *request = sight->request;
	const struct http_response *response = sight->response;
	struct journal *journal = watch->options.journal;
	struct buf *line = journal_begin(journal, "request", told->arrived_at);
	char at[32];

	time_text_ms(watch->options.host->clock_origin + told->arrived_at, at);
	journal_text(line, "time", at);
	journal_text(line, "peer", sight->client);
	journal_text(line, "user", user);
	journal_text(line, "op", sight->op);
	journal_text(line, "method", request->method);
	journal_bytes(
	    line, "path", request->target, strcspn(request->target, "?#"));
	if (subject->parameters)
		journal_json(
		    line, "parameters", parameters_of(subject, request));
	journal_number(line, "status", response ? response->status : 0);
	journal_number(
	    line, "bytes", response ? (int64_t)http_response_len(response) : 0);
	journal_number(line, "took_us", clients_span(watch, told->took_for));
	journal_text(line, "fault", told->fault);
	journal_text(line, "note", note);
	if (response)
		add_said(line, response);
	journal_end(journal);
	/* Before its answer is: a client finds here what it has asked. */
	journal_write(journal);
}

static void hear(void *ctx, const struct real_told *told)
{
	struct watch *watch = ctx;
	const struct wire_sight *sight = told->sight;
	const struct watch_subject *subject = watch->subject;
	const char *user = "";
	struct buf note = BUF_INIT;
	int status = sight->response ? sight->response->status : 0;

	if (!is_ours(watch, sight))
		return;
	watch->requests++;
	watch->classes[status >= 100 && status < 600 ? status / 100 : 0]++;
	watch->struck += *told->fault != '\0';
	if (subject->user)
		user = subject->user(subject->ctx, sight->request);
	if (sight->response && !*told->fault)
		explain_status(watch, sight, &note);
	if (sight->response)
		explain_loop(watch, sight, user, &note);
	if (watch->options.journal)
		keep(watch, told, user, buf_text(&note));
	buf_free(&note);
}

void watch_begin(struct watch *watch, const struct watch_options *options)
{
	watch->options = *options;
	real_net_watch(
	    options->host->net, watch->rule_count ? strike : NULL, hear, watch);
}

/* ---- the sum ---- */

static void sum_lacks(const struct watch *watch, FILE *out)
{
	fprintf(out, "not modelled:");
	for (size_t i = 0; i < watch->lack_count; i++) {
		const struct route_row *row = watch->lacks[i].row;

		fprintf(out, "%s %s %s%s%s (%lu)", i ? "," : "", row->method,
		    row->path, row->op ? " op=" : "", row->op ? row->op : "",
		    watch->lacks[i].count);
	}
	fprintf(out, "\n");
}

static void sum_rules(const struct watch *watch, FILE *out)
{
	for (size_t i = 0; i < watch->rule_count; i++) {
		const struct fault_rule *rule = &watch->rules[i];

		if (rule->tally.met)
			continue;
		fprintf(out, "%s: the fault \"%s\" met nothing: ",
		    watch->options.command, rule->text);
		if (!rule->tally.fitted)
			fprintf(out, "no request was one that it is for\n");
		else
			fprintf(out, "%lld fitted, none was its turn\n",
			    rule->tally.fitted);
	}
}

void watch_end(struct watch *watch)
{
	real_net_watch(watch->options.host->net, NULL, NULL, NULL);
}

void watch_sum_up(const struct watch *watch, FILE *out, FILE *complaints)
{
	const unsigned long *classes = watch->classes;

	fprintf(out,
	    "served %lu request%s: %lu well, %lu refused (4xx), %lu failed "
	    "(5xx), %lu without an answer; faults struck %lu\n",
	    watch->requests, watch->requests == 1 ? "" : "s",
	    classes[1] + classes[2] + classes[3], classes[4], classes[5],
	    classes[0], watch->struck);
	if (watch->lack_count)
		sum_lacks(watch, out);
	if (watch->unknown)
		fprintf(out,
		    "unknown: %lu request%s for what a %s does not have%s\n",
		    watch->unknown, watch->unknown == 1 ? "" : "s",
		    watch->subject->words.server,
		    watch->options.journal
		        ? "; the journal says what came closest"
		        : " (--journal says what came closest)");
	fflush(out);
	sum_rules(watch, complaints);
}

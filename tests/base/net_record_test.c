/* Faults on the wire, what a record holds of them, and the moments of a kill
 * matrix. */
#include "tests/base/net_claims.h"

#include <stdlib.h>

#include "base/buf.h"

/* ---- faults ---- */

static const struct {
	enum wire_fate fate;
	bool on_answer;
	enum err_kind kind;
	int status;
	int handled;
	const char *text;
} fates[] = {
	{ FATE_LOSE, false, ERR_TIMEOUT, 0, 0,
	    "no answer from maas.lab:443 within 30s" },
	{ FATE_LOSE, true, ERR_TIMEOUT, 0, 1,
	    "no answer from maas.lab:443 within 30s" },
	{ FATE_RESET, false, ERR_LOST, 0, 0,
	    "the connection to maas.lab:443 broke before the answer was "
	    "complete" },
	{ FATE_RESET, true, ERR_LOST, 0, 1,
	    "the connection to maas.lab:443 broke before the answer was "
	    "complete" },
	{ FATE_ANSWER, false, ERR_NONE, 503, 0, "not now" },
	{ FATE_TRUNCATE, true, ERR_LOST, 0, 1,
	    "the connection to maas.lab:443 broke in the middle of the "
	    "answer" },
	{ FATE_ENDLESS, true, ERR_GARBLED, 0, 1,
	    "the answer of maas.lab:443 is longer than 16777216 bytes" },
	{ FATE_GARBAGE, true, ERR_GARBLED, 0, 1,
	    "what maas.lab:443 answers is not HTTP" },
	{ FATE_DELAY, false, ERR_NONE, 200, 1, "GET /" },
	{ FATE_DELAY, true, ERR_NONE, 200, 1, "GET /" },
};

ON_EACH_WIRE(every_fate_is_what_its_table_says)
{
	for (size_t i = 0; i < sizeof(fates) / sizeof(*fates); i++) {
		struct outcome o;
		usec began = loop_now(lab.loop);

		lab.fate = fates[i].fate;
		lab.fate_on_answer = fates[i].on_answer;
		lab.fate_delay_for = SECONDS(2);
		lab.handled = 0;
		lab.fates_met = 0;
		o = get("/");
		EXPECT_INT(lab.fates_met, 1);
		EXPECT_INT(o.err.kind, fates[i].kind);
		EXPECT_INT(o.status, fates[i].status);
		EXPECT_INT(lab.handled, fates[i].handled);
		EXPECT_HAS(fates[i].kind ? o.err.text : buf_text(&o.body),
		    fates[i].text);
		if (fates[i].fate == FATE_DELAY)
			EXPECT(o.at - began >= SECONDS(2));
		outcome_free(&o);
		o = get("/"); /* and all is well again */
		EXPECT_INT(o.status, 200);
		outcome_free(&o);
	}
}

/* There is no middle of a body to break in. */
ON_EACH_WIRE(an_answer_without_a_body_is_truncated_as_a_whole)
{
	struct outcome o;

	lab.fate = FATE_TRUNCATE;
	lab.fate_on_answer = true;
	o = get("/nothing");
	EXPECT_INT(o.err.kind, ERR_LOST);
	EXPECT_STR(o.err.text, "the connection to maas.lab:443 broke before "
	                       "the answer was complete");
	outcome_free(&o);
	o = get("/nothing");
	EXPECT_INT(o.status, 204);
	outcome_free(&o);
}

/* ---- the record and the kill matrix ---- */

ON_EACH_WIRE(the_moments_of_a_kill_matrix)
{
	struct outcome o = get("/");

	outcome_free(&o);
	EXPECT_STR(lab.moments, "send client 1 maas/lab GET it;"
	                        "answered client 1 maas/lab GET it;"
	                        "done client 1 maas/lab GET it;");
}

/* A bit of everything; the record of it is the caller's. */
static char *record_of(enum wire_kind kind, uint64_t corrupt_reply)
{
	struct outcome o;
	char *record;

	lab_open(kind, true);
	wire_corrupt_reply(lab.wire, corrupt_reply);
	for (size_t i = 0; i < sizeof(fates) / sizeof(*fates); i++) {
		lab.fate = fates[i].fate;
		lab.fate_on_answer = fates[i].on_answer;
		lab.fate_delay_for = SECONDS(2);
		o = get("/a%2Fb?c=d%20e&c=");
		outcome_free(&o);
	}
	lab.proxy_says = 407;
	o = get_by_proxy();
	lab.proxy_says = 200;
	o = get_by_proxy();
	outcome_free(&o);
	o = get_after_rotation("server#2", lab.ca);
	outcome_free(&o);
	o = get_after_rotation("stranger", NULL);
	outcome_free(&o);
	o = get_after_rotation("server#3", lab.ca);
	outcome_free(&o);
	wire_hang_up(lab.proxy.net);
	o = get_long(100000);
	outcome_free(&o);
	open_watch();
	say("{\"a\":1}");
	run_for(SECONDS(1));
	exchange_abort(lab.kept);
	lab.kept = NULL;
	run_for(SECONDS(1));
	outcome_free(&watch);
	record = buf_detach(&lab.record);
	lab_close();
	return record;
}

TEST(the_record_is_the_same_on_both_wires_and_could_differ)
{
	char *memory = record_of(WIRE_MEMORY, 0);
	char *https = record_of(WIRE_HTTPS, 0);
	char *corrupt = record_of(WIRE_HTTPS, 2);

	EXPECT_STR(https, memory);
	EXPECT(strcmp(corrupt, memory) != 0);
	EXPECT_INT(strlen(corrupt), strlen(memory));
	free(memory);
	free(https);
	free(corrupt);
}

TESTS_BEGIN
CASE(every_fate_is_what_its_table_says),
    CASE(an_answer_without_a_body_is_truncated_as_a_whole),
    CASE(the_moments_of_a_kill_matrix),
    CASE(the_record_is_the_same_on_both_wires_and_could_differ) TESTS_END

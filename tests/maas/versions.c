#include "tests/maas/versions.h"

#include "tests/test.h"

const char *const versions[VERSIONS] = { "3.4", "3.5", "3.6", "3.7" };
const char *id;

void a_region(enum version v)
{
	struct maas_options options = { .name = "maas/lab",
		.version = versions[v] };

	a_lab(&options, NULL);
	id = a_machine(NULL);
}

void a_deployed_machine(enum version v)
{
	a_region(v);
	EXPECT_INT(machine_op(id, "deploy", NULL), 200);
	minutes(30);
	EXPECT_STR(status_of(id), "Deployed");
}

void check_answer(const struct answer *said)
{
	EXPECT_INT(lab.answer.status, said->status);
	if (said->text)
		EXPECT_STR(lab_text(&lab), said->text);
}

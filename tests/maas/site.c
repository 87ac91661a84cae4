#include "tests/maas/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "tests/test.h"

struct lab lab;
int bmc_orders;
struct err refusal;
static enum bmc_mood mood;

void a_lab(const struct maas_options *options, const char *cidr)
{
	struct err err = { 0 };

	lab_open(&lab, options);
	if (!maas_set_subnet(lab.maas, cidr ? cidr : "10.0.0.0/24",
	        cidr ? "" : "10.0.0.1", "", NULL, NULL, &err))
		test_failed(__FILE__, __LINE__, "%s", err.text);
	maas_add_image(lab.maas, "ubuntu/jammy");
}

void a_lab_from(const char *inventory)
{
	json_t *json = json_loads(inventory, 0, NULL);
	struct err err = { 0 };

	EXPECT(json);
	lab_open(&lab, NULL);
	if (!maas_load(lab.maas, json, &err))
		test_failed(__FILE__, __LINE__, "%s", err.text);
	json_decref(json);
	lab_as(&lab, "admin", true);
}

const char *a_machine(const struct maas_machine_spec *spec)
{
	static const struct maas_machine_spec usual = { 0 };

	return maas_add_machine(lab.maas, spec ? spec : &usual);
}

const char *a_lab_with_a_machine(void)
{
	a_lab(NULL, NULL);
	return a_machine(NULL);
}

const char *status_of(const char *system_id)
{
	char path[64];

	snprintf(path, sizeof(path), "machines/%s/", system_id);
	lab_ask(&lab, "GET", path, NULL);
	return jstr(lab.body, "status_name");
}

int asks(const char *method, const char *path, const char *form)
{
	return lab_ask(&lab, method, path, form);
}

int asks_of(
    const char *id, const char *method, const char *path, const char *form)
{
	char *whole = xasprintf("nodes/%s/%s", id, path);
	int status = asks(method, whole, form);

	free(whole);
	return status;
}

const char *word(const char *path)
{
	return jstr(lab.body, path);
}

int number(const char *path)
{
	return (int)jint(lab.body, path);
}

int machine_op(const char *system_id, const char *op, const char *form)
{
	char path[96];

	snprintf(path, sizeof(path), "machines/%s/?op=%s", system_id, op);
	return lab_ask(&lab, "POST", path, form ? form : "");
}

void minutes(int count)
{
	lab_wait(&lab, MINUTES(count));
}

bool happens_with(const char *step, json_t **answer)
{
	json_t *json = json_loads(step, 0, NULL);
	bool fine;

	EXPECT(json);
	refusal = (struct err){ 0 };
	fine = maas_control(lab.maas, json, answer, &refusal);
	json_decref(json);
	return fine;
}

bool happens(const char *step)
{
	return happens_with(step, NULL);
}

static void set(void *ctx, const char *system_id, bool on)
{
	(void)ctx;
	bmc_orders++;
	switch (mood) {
	case BMC_OBEYS:
		maas_rack_ops()->power_is(
		    lab.maas, system_id, on ? "on" : "off", "");
		break;
	case BMC_SILENT:
		break;
	case BMC_FAILS:
		maas_rack_ops()->power_is(
		    lab.maas, system_id, "error", "no answer from the BMC");
		break;
	}
}

static const char *query(void *ctx, const char *system_id)
{
	(void)ctx;
	(void)system_id;
	return "off";
}

void a_cable(enum bmc_mood how)
{
	static const struct bmc_ops ops = { .set = set, .query = query };

	mood = how;
	bmc_orders = 0;
	maas_connect_bmc(lab.maas, &ops, NULL);
}

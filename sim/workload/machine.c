#include "sim/workload/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/owner.h"
#include "sim/workload/cluster.h"
#include "sim/workload/parts.h"

/* A request that was refused this often is visibly waiting for somebody: the
 * machine will not get further by itself. */
#define PATIENCE 6

static void power_obeys(struct timer *timer);
static void stage_over(struct timer *timer);
static void start(struct machine *m);
static void boot_own_disk(struct machine *m);
static void reboot(struct machine *m);

/* ---- what the record says ---- */

static const char *system_word(const struct machine *m)
{
	if (m->stage == STAGE_UP || m->stage == STAGE_FIRST_BOOT)
		return "running";
	if (m->stage == STAGE_NETWORK && m->offer.task == BOOT_INSTALL)
		return "installing";
	return m->disk.installed ? "installed" : "none";
}

/* Its "state" event. */
static void tell(struct machine *machine)
{
	struct buf trusts = BUF_INIT;

	if (machine->disk.installed)
		tls_name_bundle(&trusts, os_trusted_pem(&machine->disk.files));
	EVENT(machine->workload->options.events, "state", "workload",
	    machine->name, F("power", machine->powered ? "on" : "off"),
	    F("system", system_word(machine)), F("boot", machine->boot_trouble),
	    F("trusts", buf_text(&trusts)));
	buf_free(&trusts);
}

static void trouble(struct machine *m, const char *sentence)
{
	snprintf(m->boot_trouble, sizeof(m->boot_trouble), "%s", sentence);
	events_note(
	    m->workload->options.events, "workload", m->name, "%s", sentence);
}

static void enter(struct machine *m, enum machine_stage stage)
{
	m->stage = stage;
	if (stage == STAGE_OFF || stage == STAGE_FIRMWARE || stage == STAGE_UP)
		token_drop(&m->work);
	else
		token_take(&m->work, m->workload->options.loop);
	tell(m);
}

/* ---- life ---- */

struct machine *machine_new(struct workload *workload, const char *system_id)
{
	struct machine *m = xcalloc(1, sizeof(*m));

	m->workload = workload;
	snprintf(m->system_id, sizeof(m->system_id), "%s", system_id);
	snprintf(m->name, sizeof(m->name), "machine/%s", m->system_id);
	m->has_supply = true;
	timer_init(&m->power_timer, power_obeys);
	timer_init(&m->stage_timer, stage_over);
	tell(m);
	return m;
}

static void wipe_disk(struct machine *m)
{
	if (m->disk.cluster)
		cluster_machine_wiped(m);
	files_free(&m->disk.files);
	m->disk = (struct machine_disk){ 0 };
}

/* Everything that lives on electricity. First the host is dead, so that
 * nothing says goodbye; then its parts go; then the host itself. */
static void lose_power(struct machine *m)
{
	struct host_maker *hosts = &m->workload->options.hosts;

	timer_cancel(&m->stage_timer);
	if (m->host)
		m->host->dead = true;
	if (m->disk.cluster)
		cluster_machine_down(m);
	script_free(&m->script);
	metadata_free(&m->metadata);
	os_free(&m->os);
	if (m->host)
		hosts->drop(hosts->ctx, &m->host, true);
	m->host = NULL;
	if (m->disk.installed && m->disk.offer.ephemeral)
		wipe_disk(m);
	m->powered = false;
	enter(m, STAGE_OFF);
}

void machine_end(struct machine *machine)
{
	timer_cancel(&machine->power_timer);
	lose_power(machine);
	wipe_disk(machine);
}

void machine_free(struct machine **machine)
{
	if (!*machine)
		return;
	check(!(*machine)->powered && !(*machine)->disk.cluster);
	free(*machine);
	*machine = NULL;
}

/* ---- the BMC line ---- */

static void tell_rack(struct machine *m, const char *state, const char *why)
{
	const struct workload_options *options = &m->workload->options;

	options->rack->power_is(options->rack_ctx, m->system_id, state, why);
}

void machine_power_set(struct machine *machine, bool on)
{
	struct workload *workload = machine->workload;
	const struct workload_options *options = &workload->options;

	machine->wanted_on = on;
	timer_cancel(&machine->power_timer);
	timer_set(&machine->power_timer, options->loop,
	    workload_draw(workload,
	        on ? &options->power_for : &options->shutdown_for,
	        machine->name, on ? "power_for" : "shutdown_for"));
	token_take(&machine->work, workload->options.loop);
}

const char *machine_power_query(const struct machine *machine)
{
	if (!machine->has_supply)
		return "error";
	return machine->powered ? "on" : "off";
}

static void power_obeys(struct timer *timer)
{
	struct machine *m = OWNER_OF(timer, struct machine, power_timer);

	if (!m->has_supply) {
		enter(m, m->stage);
		tell_rack(m, "error", "the BMC does not answer");
		return;
	}
	if (m->wanted_on)
		reboot(m); /* on while on is a power cycle */
	else
		lose_power(m);
	tell_rack(m, m->powered ? "on" : "off", "");
}

void machine_lose_supply(struct machine *machine)
{
	machine->was_on = machine->powered;
	machine->has_supply = false;
	lose_power(machine);
}

/* The firmware's usual setting: after a loss of supply, as it was before. */
void machine_regain_supply(struct machine *machine)
{
	machine->has_supply = true;
	if (machine->was_on)
		reboot(machine);
}

/* ---- the network comes up ---- */

static bool has_host(struct machine *m, const struct boot_offer *offer)
{
	struct host_maker *hosts = &m->workload->options.hosts;
	struct err err;

	if (m->host)
		return true;
	if (offer->address[0] == '\0') {
		trouble(m, "the boot network gave it no address");
		return false;
	}
	m->host = hosts->make(hosts->ctx, m->name, offer->address, false, &err);
	if (!m->host) {
		trouble(m, err.text);
		return false;
	}
	return true;
}

/* A region that stays silent makes the machine wait visibly, not busily. */
static void metadata_trouble(void *ctx)
{
	struct machine *m = ctx;

	if (metadata_failures(m->metadata) >= PATIENCE)
		token_drop(&m->work);
	else if (metadata_failures(m->metadata) == 0)
		token_take(&m->work, m->workload->options.loop);
}

static void open_metadata(struct machine *m, const struct boot_offer *offer)
{
	metadata_free(&m->metadata);
	m->metadata = metadata_new(m->host, offer);
	metadata_on_trouble(m->metadata, metadata_trouble, m);
}

/* ---- tasks from the network ---- */

static const struct range_for *range_of(const struct machine *m)
{
	const struct workload_options *options = &m->workload->options;

	switch (m->offer.task) {
	case BOOT_INSTALL:
		return &options->install_for;
	case BOOT_COMMISSION:
	case BOOT_TEST:
		return &options->commission_for;
	case BOOT_ERASE:
		return &options->erase_for;
	case BOOT_RESCUE:
	case BOOT_LOCAL:
	case BOOT_NOTHING:
		break;
	}
	return NULL; /* takes no time of its own */
}

static void begin_task(struct machine *m)
{
	const struct range_for *range = range_of(m);
	char what[32];

	if (!has_host(m, &m->offer)) {
		enter(m, STAGE_FIRMWARE);
		return;
	}
	open_metadata(m, &m->offer);
	m->boot_waited = true;
	snprintf(what, sizeof(what), "%s_for", boot_task_name(m->offer.task));
	timer_set(&m->stage_timer, m->workload->options.loop,
	    range ? workload_draw(m->workload, range, m->name, what) : 0);
}

/* The installer has told MAAS; from here on the disk is what is booted. */
static void install_reported(void *ctx, const struct http_response *answer)
{
	struct machine *m = ctx;

	if (answer->status / 100 != 2) {
		trouble(m, "MAAS does not accept the installer's report");
		enter(m, STAGE_FIRMWARE);
		return;
	}
	if (m->disk.offer.ephemeral) {
		boot_own_disk(m);
		return;
	}
	/* It reboots; not from here, where its own call is still answering. */
	timer_set(&m->stage_timer, m->workload->options.loop, 0);
}

static void reboot(struct machine *m)
{
	lose_power(m);
	m->powered = true;
	start(m);
}

static void task_reported(void *ctx, const struct http_response *answer)
{
	struct machine *m = ctx;

	if (answer->status / 100 != 2)
		trouble(m, "MAAS does not accept the machine's report");
	enter(m, STAGE_FIRMWARE);
}

static void write_image(struct machine *m)
{
	wipe_disk(m);
	m->disk.installed = true;
	m->disk.offer = m->offer;
	snprintf(m->disk.hostname, sizeof(m->disk.hostname), "%s",
	    m->offer.hostname);
	m->boot_trouble[0] = '\0';
	metadata_tell(
	    m->metadata, "netboot_off", NULL, NULL, install_reported, m);
}

static void end_task(struct machine *m)
{
	static const char failed[] =
	    "the installer failed: curtin could not write the image";

	enter(m, STAGE_REPORTING);
	if (m->offer.task == BOOT_INSTALL && m->installs_to_fail > 0) {
		m->installs_to_fail--;
		wipe_disk(m);
		trouble(m, failed);
		metadata_tell(
		    m->metadata, "signal", "FAILED", failed, task_reported, m);
		return;
	}
	if (m->offer.task == BOOT_INSTALL) {
		write_image(m);
		return;
	}
	if (m->offer.task == BOOT_ERASE)
		wipe_disk(m);
	metadata_tell(m->metadata, "signal", "OK", NULL, task_reported, m);
}

/* ---- from its own disk ---- */

static void first_boot_over(void *ctx, const struct http_response *answer)
{
	struct machine *m = ctx;

	(void)answer;
	enter(m, STAGE_UP);
}

/* What cloud-init reports at its very end. */
static void report_first_boot(struct machine *m, const struct err *err)
{
	if (err)
		trouble(m, err->text);
	metadata_tell(m->metadata, "signal", err ? "FAILED" : "OK",
	    err ? err->text : NULL, first_boot_over, m);
}

static void script_ended(void *ctx, const struct err *err)
{
	struct machine *m = ctx;

	files_tell_bared(&m->disk.files, m->workload->options.events, m->name);
	report_first_boot(m, err);
	script_free(&m->script);
}

static void run_user_data(struct machine *m, const struct buf *text)
{
	const struct instance_facts facts = {
		.hostname = m->disk.hostname,
		.instance_id = m->system_id,
	};
	struct cloud_config config;
	struct err err;

	if (!cloud_config_is_one(buf_text(text))) {
		if (text->len)
			trouble(m,
			    "the user data does not begin with #cloud-config, "
			    "so cloud-init ignores it");
		report_first_boot(m, NULL);
		return;
	}
	if (!cloud_config_parse(
	        buf_text(text), text->len, &facts, &config, &err)) {
		report_first_boot(m, &err);
		return;
	}
	cloud_config_write_files(&config, &m->disk.files);
	files_tell_bared(&m->disk.files, m->workload->options.events, m->name);
	m->script = script_new(m, &config, script_ended, m);
}

static void user_data_here(void *ctx, const struct http_response *answer)
{
	static const struct buf none = BUF_INIT;
	struct machine *m = ctx;
	struct err err;

	if (answer->status / 100 == 2) {
		run_user_data(m, &answer->body);
	} else if (answer->status == 404) {
		run_user_data(m, &none); /* deployed without any */
	} else {
		err_set(&err, ERR_REFUSED,
		    "the metadata service refuses the user data with %d",
		    answer->status);
		report_first_boot(m, &err);
	}
}

/* The region knows the machine by a name that may be newer than the one it was
 * installed with. */
static void hostname_here(void *ctx, const struct http_response *answer)
{
	struct machine *m = ctx;
	const char *name = buf_text(&answer->body);
	size_t len = strcspn(name, ". \t\r\n");

	if (answer->status / 100 == 2 && len > 0)
		snprintf(m->disk.hostname, sizeof(m->disk.hostname), "%.*s",
		    (int)len, name);
	metadata_get(m->metadata, "user-data", user_data_here, m);
}

static void system_up(struct machine *m)
{
	if (!has_host(m, &m->disk.offer)) {
		enter(m, STAGE_UP);
		return;
	}
	os_boot(&m->os, &m->disk.files);
	if (m->disk.first_boot_begun) {
		enter(m, STAGE_UP);
		if (m->disk.cluster)
			cluster_machine_up(m);
		return;
	}
	m->disk.first_boot_begun = true;
	open_metadata(m, &m->disk.offer);
	enter(m, STAGE_FIRST_BOOT);
	metadata_get(m->metadata, "meta-data/local-hostname", hostname_here, m);
}

static void boot_own_disk(struct machine *m)
{
	struct workload *workload = m->workload;

	enter(m, STAGE_BOOTING);
	timer_set(&m->stage_timer, workload->options.loop,
	    workload_draw(
	        workload, &workload->options.boot_for, m->name, "boot_for"));
}

static void stage_over(struct timer *timer)
{
	struct machine *m = OWNER_OF(timer, struct machine, stage_timer);

	if (m->stage == STAGE_BOOTING)
		system_up(m);
	else if (m->stage == STAGE_NETWORK && !m->boot_waited)
		begin_task(m);
	else if (m->stage == STAGE_NETWORK)
		end_task(m);
	else if (m->stage == STAGE_REPORTING)
		reboot(m);
	else
		unreachable("a machine's timer fired while nothing took time");
}

/* Switched on: ask the boot network. */
static void start(struct machine *m)
{
	const struct workload_options *options = &m->workload->options;

	check(m->powered && !m->host);
	m->offer = (struct boot_offer){ .task = BOOT_NOTHING };
	options->rack->pxe(options->rack_ctx, m->system_id, &m->offer);
	switch (m->offer.task) {
	case BOOT_LOCAL:
		if (m->disk.installed) {
			boot_own_disk(m);
			return;
		}
		trouble(m, "there is no system on its disk");
		enter(m, STAGE_FIRMWARE);
		return;
	case BOOT_NOTHING:
		enter(m, STAGE_FIRMWARE);
		return;
	case BOOT_INSTALL:
	case BOOT_COMMISSION:
	case BOOT_ERASE:
	case BOOT_RESCUE:
	case BOOT_TEST:
		m->boot_waited = false;
		enter(m, STAGE_NETWORK);
		timer_set(&m->stage_timer, options->loop,
		    workload_draw(m->workload, &options->boot_for, m->name,
		        "netboot_for"));
		return;
	}
	unreachable("a boot task that no machine knows");
}

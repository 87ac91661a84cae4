#include "sim/workload/script.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/owner.h"
#include "sim/workload/kubeadm.h"
#include "sim/workload/machine.h"
#include "sim/workload/parts.h"

struct script {
	struct machine *machine;
	struct cloud_config config;
	size_t next; /* command */
	struct job *job;
	struct timer turn;
	bool failed;
	struct err failure;
	job_done_fn *ended;
	void *ctx;
};

static void job_free(struct job **job)
{
	if (*job)
		(*job)->ops->free(*job);
	*job = NULL;
}

/* ---- the commands ---- */

/* False with *err: it failed. True: done, or *job is running. */
typedef bool command_fn(
    struct machine *m, char *const *words, struct job **job, struct err *err);

static bool swapoff(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	(void)words, (void)job, (void)err;
	m->os.swap_off = true;
	return true;
}

static bool modprobe(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	(void)words, (void)job, (void)err;
	m->os.br_netfilter = true;
	return true;
}

static bool sysctl(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	(void)words, (void)job, (void)err;
	m->os.ip_forward = true;
	return true;
}

static bool daemon_reload(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	(void)words, (void)job, (void)err;
	os_daemon_reload(&m->os, &m->disk.files);
	return true;
}

static bool restart_containerd(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	(void)words, (void)job;
	return os_restart_containerd(&m->os, err);
}

static bool update_ca_certificates(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	(void)words, (void)job;
	return os_update_ca_certificates(&m->disk.files, err);
}

static bool make_dir(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	(void)job;
	if (words[2][0] != '/')
		return err_set(err, ERR_INPUT,
		    "mkdir: %s is not an absolute path", words[2]);
	files_mkdir(&m->disk.files, words[2]);
	return true;
}

static bool touch(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	const char *path = words[1];
	const char *slash = strrchr(path, '/');
	char *dir = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	bool good = dir && files_has_dir(&m->disk.files, *dir ? dir : "/");

	(void)job;
	free(dir);
	if (!good)
		return err_set(err, ERR_INPUT,
		    "touch: cannot touch '%s': No such file or directory",
		    path);
	files_append(&m->disk.files, path, "", 0);
	return true;
}

static bool kubeadm_init(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	*job = kubeadm_init_new(m, words[3], err);
	return *job != NULL;
}

static bool kubeadm_join(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	*job = kubeadm_join_new(m, words[3], err);
	return *job != NULL;
}

static bool kubectl_apply(
    struct machine *m, char *const *words, struct job **job, struct err *err)
{
	*job = kubectl_apply_new(m, words[2], words[5], err);
	return *job != NULL;
}

/* FILE stands for any one word. */
static const struct {
	const char *form;
	command_fn *run;
} commands[] = {
	{ "swapoff -a", swapoff },
	{ "modprobe br_netfilter", modprobe },
	{ "sysctl -w net.ipv4.ip_forward=1", sysctl },
	{ "systemctl daemon-reload", daemon_reload },
	{ "systemctl restart containerd", restart_containerd },
	{ "update-ca-certificates", update_ca_certificates },
	{ "mkdir -p FILE", make_dir },
	{ "touch FILE", touch },
	{ "kubeadm init --config FILE", kubeadm_init },
	{ "kubeadm join --config FILE", kubeadm_join },
	{ "kubectl --kubeconfig FILE apply -f FILE", kubectl_apply },
};

static bool has_form(const struct command *command, const char *form)
{
	for (size_t i = 0; i < command->count; i++) {
		size_t len = strcspn(form, " ");

		if (strncmp(form, "FILE", len) != 0 &&
		    (strlen(command->words[i]) != len ||
		        strncmp(command->words[i], form, len) != 0))
			return false;
		form += len + strspn(form + len, " ");
		if (*form == '\0')
			return i + 1 == command->count;
	}
	return false;
}

static command_fn *command_named(const struct command *command)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (has_form(command, commands[i].form))
			return commands[i].run;
	return NULL;
}

/* ---- one after the other ---- */

static void finish(struct script *s, const struct err *err)
{
	s->ended(s->ctx, err); /* s may be gone now */
}

/* The job is still on the stack: it is freed in a turn of its own. */
static void job_is_done(void *ctx, const struct err *err)
{
	struct script *s = ctx;

	s->failed = err != NULL;
	if (err)
		s->failure = *err;
	timer_set(&s->turn, s->machine->host->loop, 0);
}

static bool run_command(
    struct script *s, const struct command *command, struct err *err)
{
	command_fn *run = command_named(command);

	if (!run) {
		workload_complain(s->machine->workload,
		    "%s: the user data runs \"%s\", a command that is not "
		    "modelled",
		    s->machine->host->name, command->text);
		return err_set(err, ERR_INPUT,
		    "the command \"%s\" is not known here", command->text);
	}
	if (!run(s->machine, command->words, &s->job, err))
		return false;
	if (s->job) {
		s->job->done = job_is_done;
		s->job->ctx = s;
	}
	return true;
}

static void turn(struct timer *timer)
{
	struct script *s = OWNER_OF(timer, struct script, turn);
	struct err err;

	job_free(&s->job);
	if (s->failed) {
		err = s->failure;
		finish(s, &err);
		return;
	}
	while (s->next < s->config.command_count) {
		if (!run_command(s, &s->config.commands[s->next++], &err)) {
			finish(s, &err);
			return;
		}
		if (s->job)
			return; /* job_is_done goes on */
	}
	finish(s, NULL);
}

struct script *script_new(struct machine *machine, struct cloud_config *config,
    job_done_fn *ended, void *ctx)
{
	struct script *s = xcalloc(1, sizeof(*s));

	s->machine = machine;
	s->config = *config;
	*config = (struct cloud_config){ 0 };
	s->ended = ended;
	s->ctx = ctx;
	timer_init(&s->turn, turn);
	timer_set(&s->turn, machine->host->loop, 0);
	return s;
}

void script_free(struct script **script)
{
	struct script *s = *script;

	if (!s)
		return;
	job_free(&s->job);
	timer_cancel(&s->turn);
	cloud_config_free(&s->config);
	free(s);
	*script = NULL;
}

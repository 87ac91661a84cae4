#include "sim/workload/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "sim/workload/parts.h"

#define BEAT_FOR       SECONDS(60)
#define READ_AGAIN_FOR SECONDS(10)
/* Several changes at once are looked at together. */
#define ACT_FOR SECONDS(1)

static const char *const watched[] = { "Cluster", "KubeadmControlPlane",
	"MachineDeployment", "Machine", "MaasMachine", "MaasMachineTemplate",
	"KubeadmConfigTemplate", "MachineHealthCheck", NULL };
static const char *const watched_nodes[] = { "Node", NULL };

/* ---- what others may see of it ---- */

void agent_tell(const struct agent *agent)
{
	EVENT(agent->with.host->events, "state", agent->with.host->name,
	    agent->thing, F("state", "running"),
	    F("palette", agent->reached ? "reached" : "unreached"),
	    F("applied", agent->applied_hash));
}

void agent_wake(struct agent *agent)
{
	if (!timer_is_set(&agent->act))
		timer_set(&agent->act, agent->with.host->loop, ACT_FOR);
}

static bool visit_first(void *ctx, const json_t *object)
{
	*(const json_t **)ctx = object;
	return false;
}

const json_t *agent_cluster(const struct agent *agent)
{
	const json_t *cluster = NULL;

	if (agent->objects && cache_synced(agent->objects))
		cache_each(agent->objects, "Cluster", visit_first, &cluster);
	return cluster;
}

/* Law 7: whoever holds the unpaused Cluster object acts, and nobody else. */
bool agent_may_change(const struct agent *agent)
{
	const json_t *cluster = agent_cluster(agent);

	return agent->spec && cluster && cache_synced(agent->nodes) &&
	       strcmp(jstr(agent->spec, "phase"), "active") == 0 &&
	       !jbool(cluster, "spec.paused") &&
	       !jhas(cluster, "metadata.deletionTimestamp");
}

usec agent_back_off(const struct agent *agent, unsigned failures)
{
	usec most = SECONDS(2);

	for (unsigned i = 1; i < failures && most < SECONDS(60); i++)
		most *= 2;
	if (most > SECONDS(60))
		most = SECONDS(60);
	return choose_range(agent->with.host->choices, most / 2, most,
	    "%s: back-off", agent->thing);
}

usec agent_wait(const struct agent *agent, unsigned failures,
    const struct http_response *answer)
{
	const char *text = answer ? http_header(&answer->headers, "Retry-After")
	                          : NULL;
	long seconds = text ? strtol(text, NULL, 10) : 0;

	if (seconds > 0 && seconds <= 3600)
		return SECONDS(seconds) + agent_back_off(agent, 1);
	return agent_back_off(agent, failures);
}

/* ---- heartbeat and desired state ---- */

static void set_reached(struct agent *agent, bool reached)
{
	if (agent->reached == reached)
		return;
	agent->reached = reached;
	agent->with.ready(agent->with.ctx, reached);
	agent_tell(agent);
}

static void next_beat(struct agent *agent, usec wait_for)
{
	timer_set(&agent->beat, agent->with.host->loop, wait_for);
}

static bool is_sound_pool(const json_t *pool)
{
	return jstr(pool, "name")[0] && json_is_integer(jget(pool, "size")) &&
	       jint(pool, "size") >= 0;
}

/* A desired state is acted upon, machines are given up for it: one that lacks
 * what every cluster has is an answer gone wrong. */
static bool is_sound_spec(const json_t *spec)
{
	const char *phase = jstr(spec, "phase");
	bool has_control_plane = false;

	if (!jstr(spec, "specHash")[0] || !jstr(spec, "configUid")[0] ||
	    (strcmp(phase, "active") != 0 && strcmp(phase, "deleting") != 0))
		return false;
	for (size_t i = 0; i < jlen(spec, "pools"); i++) {
		const json_t *pool = json_array_get(jget(spec, "pools"), i);

		if (!is_sound_pool(pool))
			return false;
		has_control_plane = has_control_plane ||
		                    jbool(pool, "isControlPlane");
	}
	return has_control_plane;
}

static void take_spec(struct agent *agent, const struct http_response *answer)
{
	struct err err = { 0 };
	json_t *spec = json_parse(
	    buf_text(&answer->body), answer->body.len, &err);

	if (!is_sound_spec(spec)) {
		log_warning(agent->with.host,
		    "Palette's desired state cannot be understood: %s",
		    spec ? "it lacks what every cluster has" : err.text);
		json_decref(spec);
		return;
	}
	json_decref(agent->spec);
	agent->spec = spec;
	snprintf(agent->spec_hash, sizeof(agent->spec_hash), "%s",
	    jstr(spec, "specHash"));
	agent_wake(agent);
}

static void spec_here(struct agent *agent, const struct http_response *answer,
    const struct err *err)
{
	(void)err; /* the heartbeat notices, and comes back sooner */
	if (answer && answer->status == 200)
		take_spec(agent, answer);
}

/* Palette says with every heartbeat which desired state there is. */
static bool knows_spec(
    const struct agent *agent, const struct http_response *beat)
{
	const char *hash = http_header(&beat->headers, "Spec-Hash");

	return hash && agent->spec && strcmp(hash, agent->spec_hash) == 0;
}

static void ask_spec(struct agent *agent)
{
	char *path = xasprintf("/v1/link/clusters/%s/spec", agent->uid);
	const struct agent_request what = {
		.method = "GET",
		.path = path,
		.etag = agent->spec_hash,
		.background = true,
	};

	if (!agent->ask.call)
		agent_send(agent, &agent->ask, &what, spec_here);
	free(path);
}

/* Anything but yes is a reason to wait and to try again, for ever: 401 until
 * the token is known again, 429 as long as it says. */
static void beat_answered(struct agent *agent,
    const struct http_response *answer, const struct err *err)
{
	if (answer && answer->status / 100 == 2) {
		agent->failures = 0;
		if (!agent->reached)
			agent_wake(
			    agent); /* reports that were waiting for it */
		set_reached(agent, true);
		if (!knows_spec(agent, answer))
			ask_spec(agent);
		next_beat(agent, BEAT_FOR);
		return;
	}
	agent->failures++;
	if (agent->failures == 1)
		log_info(agent->with.host, "heartbeat: %s",
		    err ? err->text : http_reason(answer->status));
	set_reached(agent, false);
	next_beat(agent, answer && answer->status == 401
	                     ? BEAT_FOR + agent_back_off(agent, 6)
	                     : agent_wait(agent, agent->failures, answer));
}

static void beat(struct timer *timer)
{
	struct agent *agent = OWNER_OF(timer, struct agent, beat);
	char *path = xasprintf("/v1/spectroclusters/%s/heartbeat", agent->uid);
	const struct agent_request what = {
		.method = "PUT",
		.path = path,
		.body = json_object(),
		.background = true,
	};

	jsets(what.body, "agentVersion", AGENT_VERSION);
	jsets(what.body, "message", agent->name);
	agent_send(agent, &agent->heartbeat, &what, beat_answered);
	free(path);
}

/* ---- acting ---- */

static void act(struct timer *timer)
{
	struct agent *agent = OWNER_OF(timer, struct agent, act);

	agent_apply(agent);
	agent_report(agent);
}

static void changed(
    void *ctx, const char *kind, const json_t *old, const json_t *now)
{
	(void)kind, (void)old, (void)now;
	agent_wake(ctx);
}

static void begin(struct agent *agent)
{
	struct host *host = agent->with.host;
	struct err err;

	agent->link = agent_link_new(agent, &err);
	if (!agent->link) {
		agent->with.ended(agent->with.ctx, err.text);
		return;
	}
	workload_secret(host->secrets, "agent-token", agent->token);
	agent->objects = cache_new(
	    host, agent->with.kube, agent->ns, watched, changed, agent);
	agent->nodes = cache_new(
	    host, agent->with.kube, NULL, watched_nodes, changed, agent);
	/* Not all agents of a site at the same second. */
	next_beat(agent, choose_range(host->choices, 0, SECONDS(10),
	                     "%s: first heartbeat", agent->thing));
	agent_wake(agent);
}

/* ---- its configuration, read over its own API server ---- */

static char *plain_value(const json_t *map, const char *key)
{
	return xstrdup(jstr(map, key));
}

static char *secret_value(const json_t *secret, const char *key)
{
	const char *encoded = jstr(secret, key);
	struct buf out = BUF_INIT;

	if (!encoded[0] || !buf_add_unbase64(&out, encoded, strlen(encoded)) ||
	    !out.len) {
		buf_free(&out);
		return xstrdup("");
	}
	return buf_detach(&out);
}

struct setting {
	const char *kind, *name, *path;
	char *(*read)(const json_t *object, const char *path);
	size_t field;
	bool may_be_empty;
};

static const struct setting settings[] = {
	{ "ConfigMap", "hubble-info", "data.apiEndpoint", plain_value,
	    offsetof(struct agent, endpoint), false },
	{ "ConfigMap", "hubble-info", "data.caPem", plain_value,
	    offsetof(struct agent, ca_pem), true },
	{ "ConfigMap", "cluster-info", "data.clusterUid", plain_value,
	    offsetof(struct agent, uid), false },
	{ "ConfigMap", "cluster-info", "data.clusterName", plain_value,
	    offsetof(struct agent, name), false },
	{ "Secret", "hubble-secrets", "data.agentToken", secret_value,
	    offsetof(struct agent, token), false },
};
#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static char **field_of(struct agent *agent, const struct setting *setting)
{
	return (char **)(void *)((char *)agent + setting->field);
}

static void read_next(struct timer *timer);

static void setting_here(void *ctx, const struct kube_answer *answer)
{
	struct agent *agent = ctx;
	const struct setting *setting = &settings[agent->step];
	char **field = field_of(agent, setting);

	agent->reading = NULL;
	if (answer->status == 200) {
		free(*field);
		*field = setting->read(answer->body, setting->path);
		if ((*field)[0] || setting->may_be_empty)
			agent->step++;
	}
	timer_set(&agent->read_again, agent->with.host->loop,
	    answer->status == 200 && ((*field)[0] || setting->may_be_empty)
	        ? 0
	        : READ_AGAIN_FOR);
}

static void read_next(struct timer *timer)
{
	struct agent *agent = OWNER_OF(timer, struct agent, read_again);
	const struct setting *setting = &settings[agent->step];

	if (agent->step == SETTING_COUNT) {
		begin(agent);
		return;
	}
	agent->reading = kube_get(agent->with.kube, setting->kind, agent->ns,
	    setting->name, setting_here, agent);
}

/* ---- life ---- */

static void apply_due(struct timer *timer)
{
	agent_wake(OWNER_OF(timer, struct agent, apply_again));
}

static void report_due(struct timer *timer)
{
	agent_wake(OWNER_OF(timer, struct agent, report_again));
}

static void kubeconfig_due(struct timer *timer)
{
	agent_wake(OWNER_OF(timer, struct agent, kubeconfig_again));
}

static void *agent_start(const struct program_start *start)
{
	struct agent *agent = xcalloc(1, sizeof(*agent));

	agent->with = *start;
	agent->ns = xstrdup(start->ns);
	agent->thing = xasprintf("%s/agent", start->cluster_thing);
	proxy_settings_copy(&agent->proxies, start->proxies);
	agent->trusted_pem = xstrdup(start->trusted_pem);
	agent->told = json_object();
	timer_init(&agent->read_again, read_next);
	timer_init(&agent->act, act);
	timer_init(&agent->beat, beat);
	timer_init(&agent->apply_again, apply_due);
	timer_init(&agent->report_again, report_due);
	timer_init(&agent->kubeconfig_again, kubeconfig_due);
	timer_set(&agent->read_again, start->host->loop, 0);
	agent_tell(agent);
	return agent;
}

static void agent_stop(void *program)
{
	struct agent *agent = program;

	EVENT(agent->with.host->events, "state", agent->with.host->name,
	    agent->thing, F("state", "stopped"), F("palette", "unreached"),
	    F("applied", agent->applied_hash));
	timer_cancel(&agent->read_again);
	timer_cancel(&agent->act);
	timer_cancel(&agent->beat);
	timer_cancel(&agent->apply_again);
	timer_cancel(&agent->report_again);
	timer_cancel(&agent->kubeconfig_again);
	call_cancel(&agent->heartbeat.call);
	call_cancel(&agent->ask.call);
	call_cancel(&agent->report.call);
	kube_cancel(&agent->reading);
	kube_cancel(&agent->applying);
	cache_free(&agent->objects);
	cache_free(&agent->nodes);
	agent_link_free(&agent->link);
	proxy_settings_free(&agent->proxies);
	json_decref(agent->spec);
	json_decref(agent->told);
	json_decref(agent->telling);
	free(agent->ns);
	free(agent->thing);
	free(agent->endpoint);
	free(agent->ca_pem);
	free(agent->uid);
	free(agent->name);
	free(agent->token);
	free(agent->trusted_pem);
	free(agent->kubeconfig);
	free(agent);
}

const struct program agent_program = {
	.image = "palette/agent:",
	.name = "agent",
	.start = agent_start,
	.stop = agent_stop,
};

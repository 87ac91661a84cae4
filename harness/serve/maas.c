#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/dns_server.h"
#include "base/file.h"
#include "base/json.h"
#include "harness/serve/serve.h"
#include "sim/maas/explain.h"
#include "sim/maas/maas.h"
#include "sim/workload/workload.h"

#define MOST_OPERATIONS 512

struct served_maas {
	struct served served;
	const char *version, *inventory_file, *subnet, *gateway;
	json_t *inventory; /* NULL: none was given */
	char series[16];   /* its version: 3.5 */
	uint64_t machines;
	uint16_t dns_port, control_port;
	char resolver[64];
	struct maas *maas;
	struct workload *workload;
	struct dns_server *dns;
	struct listener *control;
};

/* ---- hosts of what is born in here ---- */

static struct host *make_host(void *ctx, const char *name, const char *address,
    bool with_disk, struct err *err)
{
	struct served_maas *s = ctx;

	(void)err;
	check(!with_disk);
	return real_host_child(s->served.reactor, s->served.host, name, address,
	    *s->resolver ? s->resolver : NULL);
}

static void drop_host(void *ctx, struct host **host, bool quietly)
{
	(void)ctx;
	(void)quietly;
	real_host_free(host);
}

static int resolve(void *ctx, const char *name, char (*addresses)[16], int max)
{
	return maas_dns_lookup(ctx, name, addresses, max);
}

/* ---- the control port ---- */

static void control(void *ctx, struct exchange *exchange)
{
	struct served_maas *s = ctx;
	const struct http_request *request = exchange->request;
	struct http_response response = { 0 };
	struct err err = { 0 };
	json_t *answer = NULL;
	json_t *step = json_parse(
	    buf_text(&request->body), request->body.len, &err);

	if (!strcmp(request->method, "POST") && step &&
	    maas_control(s->maas, step, &answer, &err))
		http_response_json(
		    &response, 200, answer ? answer : json_object());
	else
		http_response_json(&response, 400,
		    json_pack("{s:s}", "error",
		        *err.text ? err.text : "POST one JSON object"));
	json_decref(step);
	exchange_reply(exchange, &response);
}

static bool open_control(struct served_maas *s, struct err *err)
{
	struct service service = { .name = "control",
		.port = s->control_port,
		.handle = control,
		.ctx = s };

	if (!s->control_port)
		return true;
	s->control = net_listen(s->served.host->net, &service, err);
	return s->control != NULL;
}

/* ---- the site ---- */

/* An inventory says what version of MAAS it was; who serves it may choose
 * another one. */
static void choose_version(struct served_maas *s)
{
	int major, minor;

	if (s->version || sscanf(jstr(s->inventory, "maas.version"), "%d.%d",
	                      &major, &minor) != 2)
		return;
	snprintf(s->series, sizeof(s->series), "%d.%d", major, minor);
	s->version = s->series;
}

static bool read_inventory(struct served_maas *s, struct err *err)
{
	if (!s->inventory_file)
		return true;
	s->inventory = file_json(s->inventory_file, err);
	choose_version(s);
	return s->inventory != NULL;
}

static bool load_inventory(struct served_maas *s, struct err *err)
{
	return maas_load(s->maas, s->inventory, err) ||
	       err_prefix(err, "%s: ", s->inventory_file);
}

static bool furnish(struct served_maas *s, struct err *err)
{
	struct maas_machine_spec spec = { 0 };

	if (s->inventory)
		return load_inventory(s, err);
	if (!maas_set_subnet(
	        s->maas, s->subnet, s->gateway, s->gateway, NULL, NULL, err))
		return false;
	maas_add_image(s->maas, "ubuntu/jammy");
	maas_connect_bmc(s->maas, workload_bmc_ops(), s->workload);
	maas_add_machines(s->maas, &spec, s->machines);
	return true;
}

static bool open_dns(struct served_maas *s, struct err *err)
{
	struct served *served = &s->served;

	if (!s->dns_port)
		return true;
	s->dns = dns_server_new(
	    served->reactor, served->bind, s->dns_port, resolve, s->maas, err);
	snprintf(s->resolver, sizeof(s->resolver), "%s:%u", served_host(served),
	    s->dns_port);
	return s->dns != NULL;
}

static struct workload *new_workload(struct served_maas *s)
{
	struct host *host = s->served.host;
	struct workload_options options = {
		.maas = host->name,
		.rack = maas_rack_ops(),
		.rack_ctx = s->maas,
		.hosts = { make_host, drop_host, s },
		.loop = host->loop,
		.choices = host->choices,
		.events = host->events,
		.secrets = host->secrets,
	};

	return workload_new(&options);
}

static json_t *facts_of(struct served_maas *s)
{
	struct served *served = &s->served;
	char *url = served_url(served, "/MAAS");
	json_t *facts = json_pack("{s:s, s:s}", "url", url, "apiKey",
	    maas_user_key(s->maas, "admin", true));

	if (*s->resolver)
		jsets(facts, "resolver", s->resolver);
	free(url);
	return facts;
}

static int serve(struct served_maas *s)
{
	struct served *served = &s->served;
	struct err err = { 0 };
	char *ca_pem = NULL;
	struct identity *identity = served_identity(served, &ca_pem);
	bool read = read_inventory(s, &err);
	struct maas_options options = {
		.name = served->host->name,
		.version = s->version,
		.port = served->port,
		.identity = identity,
		.address = served_host(served),
		.ca_pem = ca_pem,
		.gated = s->control_port != 0,
		.speed = served->speed,
	};
	bool well;

	if (read)
		s->maas = maas_new(served->host, &options, &err);
	if (s->maas)
		s->workload = new_workload(s);
	well = s->maas && open_dns(s, &err) && furnish(s, &err) &&
	       open_control(s, &err) &&
	       served_announce(served, facts_of(s), ca_pem, &err);
	if (well)
		served_run(served);
	listener_close(&s->control);
	dns_server_free(&s->dns);
	if (s->maas)
		maas_connect_bmc(s->maas, NULL, NULL);
	workload_free(&s->workload);
	maas_free(&s->maas);
	identity_free(&identity);
	json_decref(s->inventory);
	free(ca_pem);
	return well ? 0 : served_complain("pcgsim serve maas", &err);
}

/* ---- what faults and the journal know of it ---- */

static bool concerns(
    void *ctx, const struct wire_sight *sight, const char *machine)
{
	const struct served_maas *s = ctx;

	return s->maas &&
	       maas_concerns(s->maas, sight->request, sight->response, machine);
}

static const char *user_of(void *ctx, const struct http_request *request)
{
	const struct served_maas *s = ctx;

	return maas_signer(s->maas, request);
}

static json_t *parameters(void *ctx, const struct http_request *request)
{
	(void)ctx;
	return maas_parameters(request);
}

static void address(
    void *ctx, const struct http_request *request, char **path, char **op)
{
	(void)ctx;
	maas_address(request, path, op);
}

static void refusal(
    void *ctx, const struct http_request *request, int status, struct buf *note)
{
	const struct served_maas *s = ctx;

	maas_explain_refusal(s->maas, request, status, note);
}

static struct watch_subject subject_of(
    struct served_maas *s, const char **names, struct route_row *rows)
{
	size_t count;
	const struct maas_operation *table = maas_operations(&count);

	check(count <= MOST_OPERATIONS);
	for (size_t i = 0; i < count; i++) {
		names[i] = table[i].name;
		rows[i] = (struct route_row){ table[i].method, table[i].path,
			table[i].op, table[i].modelled };
	}
	return (struct watch_subject){
		.words = { "maas", names, count, true },
		.routes = { "/MAAS/api/2.0", rows, count },
		.ctx = s,
		.concerns = concerns,
		.user = user_of,
		.parameters = parameters,
		.address = address,
		.refusal = refusal,
	};
}

/* The end of --help: what --control takes. */
static void print_steps(void)
{
	size_t count;
	const struct maas_verb *steps = maas_verbs(&count);

	puts("\nA step of --control is a JSON object with its name and its "
	     "parameters, such as\n{\"step\": \"bmc-refuses\", \"on\": true} "
	     "(pcgsim steps says what they do):\n");
	for (size_t i = 0; i < count; i++)
		printf("  %-26s%s%s\n", steps[i].name,
		    *steps[i].parameters ? " " : "", steps[i].parameters);
}

int serve_maas(int argc, char **argv)
{
	struct served_maas s = { .served = { .bind = "127.0.0.1",
		                     .port = 5240,
		                     .speed = 1,
		                     .seed = 1 },
		.subnet = "127.20.0.0/16",
		.gateway = "127.20.0.1",
		.machines = 6 };
	struct served *served = &s.served;
	const struct serve_option options[] = {
		{ "port", "N", "the port (5240); 0: any that is free",
		    SERVE_ANY_PORT, &served->port },
		{ "bind", "ADDRESS", "the address (127.0.0.1)", SERVE_TEXT,
		    &served->bind },
		{ "tls", "", "https, with a CA of its own", SERVE_FLAG,
		    &served->tls },
		{ "version", "3.4",
		    "of MAAS: 3.4, 3.5, 3.6, 3.7; or the inventory's",
		    SERVE_TEXT, &s.version },
		{ "machines", "N", "Ready machines (6)", SERVE_MACHINES,
		    &s.machines },
		{ "inventory", "FILE", "a whole region instead of those",
		    SERVE_TEXT, &s.inventory_file },
		{ "subnet", "CIDR", "of the machines (127.20.0.0/16)",
		    SERVE_TEXT, &s.subnet },
		{ "gateway", "ADDRESS", "in that subnet (127.20.0.1)",
		    SERVE_TEXT, &s.gateway },
		{ "dns-port", "N", "answer DNS for its zones there", SERVE_PORT,
		    &s.dns_port },
		{ "speed", "N", "N times faster, calendar included",
		    SERVE_SPEED, &served->speed },
		{ "control", "PORT", "steps of the outside world: pcgsim steps",
		    SERVE_PORT, &s.control_port },
		{ "seed", "N", "of ids, keys and durations (1)", SERVE_COUNT,
		    &served->seed },
		{ "credentials", "FILE", "write URL and key there as JSON",
		    SERVE_TEXT, &served->credentials_file },
		{ "key-file", "FILE", "write the key there, do not print it",
		    SERVE_TEXT, &served->key_file },
		{ "ca-file", "FILE", "write the CA certificate there",
		    SERVE_TEXT, &served->ca_file },
		{ "fault", "RULE", "what goes wrong, as in \"allocate: hangs\"",
		    SERVE_LIST, &served->faults },
		{ "journal", "FILE",
		    "each request and event, one JSON line each", SERVE_TEXT,
		    &served->journal_file },
	};
	const char *names[MOST_OPERATIONS];
	struct route_row rows[MOST_OPERATIONS];
	struct watch_subject subject = subject_of(&s, names, rows);
	struct err err = { 0 };
	int status = serve_read_options("pcgsim serve maas", argc, argv,
	    options, sizeof(options) / sizeof(options[0]));

	if (status < 0)
		print_steps();
	if (status)
		return status < 0 ? 0 : status;
	if (served_open(
	        served, "pcgsim serve maas", "maas/served", &subject, &err))
		status = serve(&s);
	else
		status = served_complain("pcgsim serve maas", &err);
	served_close(served);
	return status;
}

#include "tests/base/net_claims.h"

#include <stdlib.h>

#include "base/buf.h"

static const struct {
	enum wire_kind kind;
	bool tls;
} wires[] = {
	{ WIRE_MEMORY, false },
	{ WIRE_MEMORY, true },
	{ WIRE_HTTPS, false },
	{ WIRE_HTTPS, true },
};

void on_each_wire(void (*claim)(void))
{
	for (size_t i = 0; i < sizeof(wires) / sizeof(*wires); i++) {
		lab_open(wires[i].kind, wires[i].tls);
		claim();
		lab_close();
	}
}

struct outcome watch;

struct outcome get_long(size_t len)
{
	char *target = xcalloc(1, len + 1);
	struct outcome o;

	memset(target, 'a', len);
	target[0] = '/';
	o = get(target);
	free(target);
	return o;
}

void open_watch(void)
{
	static const struct call_options STREAM = {
		.timeout_for = SECONDS(30), .stream = true, .background = true
	};
	struct dial dial = to_server();

	lab.manner = ANSWER_STREAM;
	ask(&watch, &dial, "GET", "/watch", NULL, &STREAM);
	run_for(SECONDS(1));
}

void say(const char *line)
{
	exchange_message(lab.kept, line, strlen(line));
}

struct dial by_proxy(void)
{
	struct dial dial = to_server();

	dial.proxy = "http://user:p%40ss@proxy.lan:3128";
	return dial;
}

struct outcome get_by_proxy(void)
{
	struct dial dial = by_proxy();
	struct outcome o;

	ask(&o, &dial, "GET", "/", NULL, NULL);
	while (!o.done && loop_step(lab.loop))
		;
	return o;
}

struct outcome get_after_rotation(
    const char *name, const struct identity *issuer)
{
	struct identity *fresh = lab_identity(name, "maas.lab", issuer,
	    LAB_EPOCH - HOURS(1), LAB_EPOCH + HOURS(1));

	listener_set_identity(lab.listener, fresh);
	wire_hang_up(lab.server.net);
	identity_free(&fresh);
	run_for(SECONDS(1));
	return get("/");
}

/* The same seam on the kernel's sockets: real time, so little of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/dns_server.h"
#include "base/owner.h"
#include "base/real_host.h"
#include "tests/test.h"

#define BIG 8000000 /* more than the kernel keeps for anybody */

static struct reactor *reactor;
static struct host *host;
static struct listener *listener, *proxy;
static struct identity *ca, *identity;
static struct exchange *kept;
static struct timer alarm_timer;
static bool keep, stream;
static int gone, status, messages;
static struct err failure;
static struct buf body;
static bool done;
static int answered; /* well */
static int served;
static double speed = 1;
static int proxy_says = 200;
static char seen_cn[64];

static struct identity *make(const char *name, bool is_ca)
{
	static const char *const names[] = { "service.lab", NULL };
	static const char *const addresses[] = { "127.0.0.1", NULL };
	struct identity_spec spec = {
		.seed = 1,
		.name = name,
		.common_name = name,
		.dns_names = is_ca ? NULL : names,
		.addresses = is_ca ? NULL : addresses,
		.not_before_time = 0,
		.not_after_time = host_time(host) + HOURS(1),
		.is_ca = is_ca,
	};

	return identity_new(&spec, is_ca ? NULL : ca);
}

static void went(struct exchange *exchange)
{
	check(exchange == kept);
	kept = NULL;
	gone++;
	reactor_stop(reactor);
}

static void handle(void *ctx, struct exchange *exchange)
{
	struct http_response response = { .status = 200 };

	(void)ctx;
	served++;
	snprintf(seen_cn, sizeof(seen_cn), "%s",
	    exchange->client_cn ? exchange->client_cn : "");
	if (keep || stream) {
		kept = exchange;
		exchange->gone = went;
		if (keep)
			reactor_stop(reactor);
		if (stream)
			exchange_begin(exchange, &response);
		if (stream)
			exchange_message(exchange, "{\"n\":1}", 7);
		return;
	}
	if (kept && strcmp(exchange->request->target, "/second") == 0) {
		struct http_response first = { .status = 204 };

		exchange_reply(kept, &first);
		kept = NULL;
	}
	if (http_header(&exchange->request->headers, "X-Big")) {
		char *big = xcalloc(1, BIG + 1);

		memset(big, 'x', BIG);
		buf_adds(&response.body, big);
		free(big);
	}
	buf_addf(&response.body, "%s %s %zu", exchange->request->method,
	    exchange->request->target, exchange->request->body.len);
	exchange_reply(exchange, &response);
}

static int decide(void *ctx, const struct http_request *connect,
    const char *peer, struct http_response *answer)
{
	(void)ctx, (void)connect, (void)peer, (void)answer;
	return proxy_says;
}

static void too_slow(struct timer *timer)
{
	(void)timer;
	reactor_stop(reactor);
}

static void run(void)
{
	timer_set(&alarm_timer, host->loop, (usec)(speed * SECONDS(10)));
	reactor_run(reactor, false);
	EXPECT(timer_is_set(&alarm_timer)); /* or it took ten seconds */
	timer_cancel(&alarm_timer);
}

static void open_lab(bool tls)
{
	struct real_host_options options = { .name = "test",
		.loudest = LOG_ERROR };
	struct service service = { .name = "svc", .handle = handle };
	struct err err;

	reactor = reactor_new(speed);
	host = real_host_new(reactor, &options, &err);
	EXPECT(host);
	timer_init(&alarm_timer, too_slow);
	ca = make("ca", true);
	identity = make("server", false);
	if (tls) {
		service.identity = identity;
		service.client_ca_pem = ca->cert_pem;
	}
	listener = net_listen(host->net, &service, &err);
	proxy = net_listen_proxy(host->net, "proxy", 0, decide, NULL, &err);
	EXPECT(listener && proxy);
	keep = stream = done = false;
	gone = messages = 0;
	proxy_says = 200;
}

static void close_lab(void)
{
	listener_close(&listener);
	listener_close(&proxy);
	real_host_free(&host);
	identity_free(&ca);
	identity_free(&identity);
	reactor_free(&reactor);
	buf_free(&body);
}

static void on_message(void *ctx, const char *line, size_t len)
{
	(void)ctx;
	EXPECT_INT(len, 7);
	EXPECT(memcmp(line, "{\"n\":", 5) == 0);
	if (++messages == 1)
		exchange_message(kept, "{\"n\":2}", 7);
	else
		reactor_stop(reactor);
}

static void on_done(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	(void)ctx;
	done = true;
	buf_reset(&body);
	failure = err ? *err : (struct err){ .kind = ERR_NONE };
	status = answer ? answer->status : 0;
	answered += answer != NULL;
	if (answer)
		buf_add(&body, buf_text(&answer->body), answer->body.len);
	reactor_stop(reactor);
}

static struct dial to(bool tls)
{
	return (struct dial){
		.host = "127.0.0.1",
		.port = real_listener_port(listener),
		.tls = tls,
		.ca_pem = ca->cert_pem,
	};
}

static struct call *ask(const struct dial *dial, const char *method,
    const char *target, size_t len, bool as_stream)
{
	static const struct call_handler HANDLER = { NULL, on_message,
		on_done };
	struct call_options options = { .timeout_for = SECONDS(5),
		.stream = as_stream };
	struct http_request request = { 0 };
	char *big = xcalloc(1, len + 1);

	memset(big, 'x', len);
	http_request_set(&request, method, "%s", target);
	buf_add(&request.body, big, len);
	free(big);
	status = 0;
	return net_send(host->net, dial, &request, &options, &HANDLER, NULL);
}

static void on_both(void (*claim)(bool tls))
{
	for (int tls = 0; tls < 2; tls++) {
		open_lab(tls);
		claim(tls);
		close_lab();
	}
}

static void answers(bool tls)
{
	struct dial dial = to(tls);

	for (int i = 0; i < 3; i++) {
		ask(&dial, "GET", "/a%2Fb?c", 0, false);
		run();
		EXPECT_STR(failure.text, "");
		EXPECT_INT(status, 200);
		EXPECT_STR(buf_text(&body), "GET /a%2Fb?c 0");
	}
	ask(&dial, "POST", "/", 3000000, false);
	run();
	EXPECT_STR(buf_text(&body), "POST / 3000000");
}

TEST(a_request_is_answered_and_a_connection_used_again)
{
	on_both(answers);
}

static void streams(bool tls)
{
	struct dial dial = to(tls);
	struct call *call;

	stream = true;
	call = ask(&dial, "GET", "/watch", 0, true);
	run();
	EXPECT_INT(messages, 2);
	call_cancel(&call);
	run();
	EXPECT_INT(gone, 1);
	EXPECT(!done);
}

TEST(a_stream_flows_and_its_server_hears_of_the_end)
{
	on_both(streams);
}

/* As a question of Palette's is answered by what a gateway reports. */
static void answer_both(bool tls)
{
	struct dial dial = to(tls);

	keep = true;
	ask(&dial, "GET", "/first", 0, false);
	run();
	keep = false;
	ask(&dial, "GET", "/second", 0, false);
	answered = 0;
	while (answered < 2) {
		run();
		EXPECT_STR(failure.text, "");
	}
}

TEST(a_request_may_be_answered_while_another_one_is_handled)
{
	on_both(answer_both);
}

static void dies(bool tls)
{
	struct dial dial = to(tls);

	keep = true;
	ask(&dial, "GET", "/", 0, false);
	run();
	exchange_abort(kept);
	run();
	EXPECT_INT(failure.kind, ERR_LOST);
}

TEST(a_dropped_connection_is_lost)
{
	on_both(dies);
}

static void proxied(bool tls)
{
	struct dial dial = to(tls);
	char *url = xasprintf(
	    "http://u:p@127.0.0.1:%u", real_listener_port(proxy));

	dial.proxy = url;
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_STR(failure.text, "");
	EXPECT_INT(status, 200);
	proxy_says = 407;
	dial.unverified = true; /* another connection */
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_INT(failure.kind, ERR_UNREACHED);
	EXPECT_INT(failure.proxy_status, 407);
	proxy_says = 200;
	dial.port = 1;
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_INT(failure.proxy_status, 502);
	free(url);
}

TEST(a_proxy_connects_refuses_and_fails)
{
	on_both(proxied);
}

TEST(certificates_are_judged_by_both_sides)
{
	struct dial dial;
	struct identity *mine;

	open_lab(true);
	dial = to(true);
	dial.ca_pem = identity->cert_pem; /* not the CA */
	dial.host = "127.0.0.1";
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_INT(failure.kind, ERR_UNTRUSTED);
	EXPECT_STR(
	    failure.text, "certificate of server is signed by nobody we trust");
	dial = to(true);
	mine = make("me", false);
	dial.identity = mine;
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_INT(status, 200);
	EXPECT_STR(seen_cn, "me");
	identity_free(&mine);
	mine = make("mallory", true); /* of itself */
	dial.identity = mine;
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_INT(failure.kind, ERR_UNTRUSTED);
	identity_free(&mine);
	close_lab();
}

TEST(nobody_there_is_unreached)
{
	struct dial dial;

	open_lab(false);
	dial = to(false);
	dial.port = 1;
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_INT(failure.kind, ERR_UNREACHED);
	EXPECT_HAS(failure.text, "127.0.0.1:1 refuses connections");
	dial = to(true);
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_INT(failure.kind, ERR_UNTRUSTED);
	EXPECT_HAS(failure.text, "does not speak TLS");
	close_lab();
}

TEST(a_port_in_use_is_said_in_one_sentence)
{
	struct service service = { .name = "other", .handle = handle };
	struct err err;
	char text[80];

	open_lab(false);
	service.port = real_listener_port(listener);
	EXPECT(!net_listen(host->net, &service, &err));
	snprintf(
	    text, sizeof(text), "port %u on 127.0.0.1 is in use", service.port);
	EXPECT_STR(err.text, text);
	close_lab();
}

TEST(a_directory_belongs_to_one_host)
{
	char directory[] = "/tmp/pcgsim-disk-XXXXXX";
	struct real_host_options options = {
		.name = "a", .directory = directory, .loudest = LOG_ERROR
	};
	struct reactor *r = reactor_new(1);
	struct host *a, *b;
	struct buf out = BUF_INIT;
	struct err err;

	EXPECT(mkdtemp(directory));
	a = real_host_new(r, &options, &err);
	EXPECT(a);
	EXPECT(disk_save(a->disk, "f", "hello", 5, &err));
	b = real_host_new(r, &options, &err);
	EXPECT(!b);
	EXPECT_HAS(err.text, "is in use by another process");
	real_host_free(&a);
	a = real_host_new(r, &options, &err);
	EXPECT(disk_load(a->disk, "f", &out, &err));
	EXPECT_STR(buf_text(&out), "hello");
	buf_free(&out);
	a->disk->ops->remove(a->disk, "f");
	a->disk->ops->remove(a->disk, "lock");
	real_host_free(&a);
	reactor_free(&r);
	rmdir(directory);
}

TEST(a_resolver_that_is_no_address_is_refused)
{
	const struct real_host_options options = { .name = "a",
		.resolver = "dns.example" };
	struct reactor *r = reactor_new(1);
	struct err err = { 0 };

	EXPECT(!real_host_new(r, &options, &err));
	EXPECT_HAS(err.text, "\"dns.example\" is neither ADDRESS nor");
	reactor_free(&r);
}

/* ---- clients that do not behave ---- */

static int raw_client(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 65536;

	EXPECT(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	EXPECT_INT(connect(fd, (void *)&at, sizeof(at)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	EXPECT_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static struct timer flood_timer;
static size_t flooded;

static void flood(struct timer *timer)
{
	static char line[100000];

	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 20 && kept; i++, flooded += sizeof(line))
		exchange_message(kept, line, sizeof(line));
	if (kept)
		timer_set(timer, host->loop, MILLISECONDS(1));
}

TEST(a_stream_that_nobody_reads_ends)
{
	int fd;

	open_lab(false);
	stream = true;
	fd = raw_client(real_listener_port(listener));
	say(fd, "GET /watch HTTP/1.1\r\nHost: a\r\n\r\n");
	timer_init(&flood_timer, flood);
	timer_set(&flood_timer, host->loop, MILLISECONDS(100));
	flooded = 0;
	run();
	EXPECT_INT(gone, 1);
	EXPECT(flooded > 10000000);
	EXPECT(flooded < 40000000);
	close(fd);
	timer_cancel(&flood_timer);
	close_lab();
}

/* Two clients of an answer that is longer than what the kernel keeps. */
static int big_fd;
static size_t big_got;
static usec big_for;

static const char BIG_REQUEST[] =
    "GET / HTTP/1.1\r\nHost: a\r\nX-Big: 1\r\n\r\n";

/* Asks again and again, and never reads. */
static void ask_more(struct timer *timer)
{
	for (int i = 0; i < 10000; i++) {
		ssize_t put = send(big_fd, BIG_REQUEST, sizeof(BIG_REQUEST) - 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (put < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			reactor_stop(reactor);
			return;
		}
		if (put < (ssize_t)sizeof(BIG_REQUEST) - 1)
			break;
	}
	timer_set(timer, host->loop, SECONDS(1));
}

/* A little now and then, for longer than an idle client is waited for. */
static void read_more(struct timer *timer)
{
	static char data[100000];
	ssize_t got = 1;

	for (int i = 0; i < 4 && got > 0; i++) {
		got = recv(big_fd, data, sizeof(data), MSG_DONTWAIT);
		if (got > 0)
			big_got += (size_t)got;
	}
	if (got == 0 || big_got > BIG)
		reactor_stop(reactor);
	else
		timer_set(timer, host->loop, SECONDS(5));
}

/* All at once; and half a minute later it is still welcome. */
static void read_and_rest(struct timer *timer)
{
	static char data[100000];
	ssize_t got = 1;

	while (got > 0) {
		got = recv(big_fd, data, sizeof(data), MSG_DONTWAIT);
		if (got > 0)
			big_got += (size_t)got;
	}
	if (got == 0 || loop_now(host->loop) > SECONDS(30))
		reactor_stop(reactor);
	else
		timer_set(timer, host->loop, MILLISECONDS(100));
}

static void be_big_client(timer_fn *behave)
{
	speed = 100;
	open_lab(false);
	served = 0;
	big_got = 0;
	big_fd = raw_client(real_listener_port(listener));
	say(big_fd, BIG_REQUEST);
	timer_init(&flood_timer, behave);
	timer_set(&flood_timer, host->loop, 0);
	run();
	big_for = loop_now(host->loop);
	close(big_fd);
	timer_cancel(&flood_timer);
	close_lab();
	speed = 1;
}

TEST(who_asks_and_does_not_read_is_made_few_answers_and_is_closed)
{
	be_big_client(ask_more);
	EXPECT_INT(served, 1);
	EXPECT(big_for < SECONDS(90)); /* a minute, and what machines take */
}

TEST(who_reads_slowly_gets_all_of_it)
{
	be_big_client(read_more);
	EXPECT(big_got > BIG);
}

TEST(who_has_read_a_long_answer_may_take_its_time_to_ask_again)
{
	be_big_client(read_and_rest);
	EXPECT(big_got > BIG);
	EXPECT(big_for > SECONDS(30));
}

TEST(a_head_that_is_too_long_is_refused)
{
	struct dial dial;
	char *target = xcalloc(1, 400001);

	open_lab(false);
	dial = to(false);
	memset(target, 'a', 400000);
	target[0] = '/';
	ask(&dial, "GET", target, 0, false);
	run();
	EXPECT_INT(status, 414); /* of libmicrohttpd: it never read the end */
	target[20000] = '\0';
	ask(&dial, "GET", target, 0, false);
	run();
	EXPECT_INT(status, 431);
	target[15000] = '\0';
	ask(&dial, "GET", target, 0, false);
	run();
	EXPECT_INT(status, 200);
	free(target);
	close_lab();
}

/* ---- too few descriptors ---- */

TEST(without_descriptors_connections_are_closed_and_later_served)
{
	struct rlimit was, few;
	int fds[64], count = 0, null = 0;
	struct dial dial;

	open_lab(false);
	dial = to(false);
	ask(&dial, "GET", "/", 0, false);
	run(); /* what is made once is there */
	EXPECT_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	for (; count < 20; count++)
		fds[count] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	null = fds[count - 1];
	few = was;
	few.rlim_cur = (rlim_t)null + 4;
	EXPECT_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (int i = 0; i < 20; i++) {
		struct sockaddr_in at = { .sin_family = AF_INET,
			.sin_port = htons(real_listener_port(listener)),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		EXPECT_INT(connect(fds[i], (void *)&at, sizeof(at)), 0);
	}
	dial.unverified = true; /* another connection */
	ask(&dial, "GET", "/", 0, false);
	run();
	/* Whether there was room or not, everybody lives. */
	EXPECT(status == 200 || failure.kind == ERR_LOST ||
	       failure.kind == ERR_UNREACHED);
	for (int i = 0; i < 20; i++)
		close(fds[i]);
	EXPECT_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
	dial = to(false);
	dial.connect_to = "127.0.0.1"; /* and another one */
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_INT(status, 200);
	close_lab();
}

/* ---- names with more than one address ---- */

static int two_addresses(
    void *ctx, const char *name, char (*addresses)[16], int max)
{
	(void)ctx, (void)name, (void)max;
	strcpy(addresses[0], "127.0.0.9"); /* nobody listens there */
	strcpy(addresses[1], "127.0.0.1");
	return 2;
}

TEST(a_name_is_tried_by_all_of_its_addresses_also_behind_a_proxy)
{
	struct real_host_options options = { .name = "resolving",
		.resolver = "127.0.0.1:15399",
		.loudest = LOG_ERROR };
	struct dns_server *dns;
	struct host *plain;
	struct err err = { 0 };
	struct dial dial;
	char *url;

	open_lab(false);
	dns = dns_server_new(
	    reactor, "127.0.0.1", 15399, two_addresses, NULL, &err);
	EXPECT_STR(err.text, "");
	plain = host;
	host = real_host_new(reactor, &options, &err);
	listener_close(&proxy);
	proxy = net_listen_proxy(host->net, "proxy", 0, decide, NULL, &err);
	EXPECT(host && dns && proxy);
	dial = to(false);
	dial.host = "two.lab";
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_STR(failure.text, "");
	EXPECT_INT(status, 200);
	url = xasprintf("http://two.lab:%u", real_listener_port(proxy));
	dial.proxy = url;
	ask(&dial, "GET", "/", 0, false);
	run();
	EXPECT_STR(failure.text, "");
	EXPECT_INT(status, 200);
	free(url);
	listener_close(&proxy);
	real_host_free(&host);
	host = plain;
	dns_server_free(&dns);
	close_lab();
}

TESTS_BEGIN
CASE(a_request_is_answered_and_a_connection_used_again),
    CASE(a_stream_flows_and_its_server_hears_of_the_end),
    CASE(a_request_may_be_answered_while_another_one_is_handled),
    CASE(a_dropped_connection_is_lost),
    CASE(a_proxy_connects_refuses_and_fails),
    CASE(certificates_are_judged_by_both_sides),
    CASE(nobody_there_is_unreached),
    CASE(a_resolver_that_is_no_address_is_refused),
    CASE(a_port_in_use_is_said_in_one_sentence),
    CASE(a_directory_belongs_to_one_host),
    CASE(a_stream_that_nobody_reads_ends),
    CASE(who_asks_and_does_not_read_is_made_few_answers_and_is_closed),
    CASE(who_reads_slowly_gets_all_of_it),
    CASE(who_has_read_a_long_answer_may_take_its_time_to_ask_again),
    CASE(a_head_that_is_too_long_is_refused),
    CASE(without_descriptors_connections_are_closed_and_later_served),
    CASE(a_name_is_tried_by_all_of_its_addresses_also_behind_a_proxy), TESTS_END

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/choices.h"
#include "base/json.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/*
 * Somebody who knows every path, every operation and every field of the API,
 * and nothing of what they mean: thousands of requests with values taken from
 * a hat. Whatever comes, the region gives an answer of the kind it gives.
 * MONKEY_SHOW=1 prints each request before it is sent, MONKEY_SEED chooses
 * other ones.
 */

static uint64_t seed, drawn;

static size_t draw(size_t count)
{
	drawn++;
	return (size_t)(keyed_hash(seed, &drawn, sizeof(drawn)) % count);
}

#define PICK(table) (table)[draw(sizeof(table) / sizeof((table)[0]))]

static const char *const fields[] = { "address_ttl", "agent_name", "all",
	"arch", "architecture", "authoritative", "block_size", "bond_mode",
	"bridge_all", "bridge_stp", "bridge_type", "cidr", "class_type",
	"comment", "commission", "cpu_count", "definition", "deployed",
	"description", "dhcp_on", "discovered", "distro_series", "dns_servers",
	"domain", "dry_run", "email", "enable_ssh", "ephemeral_deploy", "erase",
	"fabric", "fabrics", "filename", "filetype", "force", "format", "fqdn",
	"fstype", "gateway_ip", "hostname", "hwe_kernel", "id", "install_kvm",
	"interfaces", "ip", "ip_address", "ip_addresses", "is_superuser",
	"kernel_opts", "key", "keysource", "level", "limit", "mac",
	"mac_address", "mac_addresses", "machines", "managed", "mem", "memory",
	"metric", "mode", "mount_point", "mtu", "name", "nodes", "not_tags",
	"not_in_zone", "op", "owner", "parent", "parents", "password", "pool",
	"power_address", "power_parameters", "power_type", "quick_erase",
	"rack_controller", "rdns_mode", "rrdata", "rrtype", "serial", "sha256",
	"size", "source", "destination", "space", "start_ip", "end_ip",
	"status", "stop_mode", "storage", "storage_layout", "subnet", "subnets",
	"swap_size", "system_id", "tag", "tags", "add", "remove",
	"testing_scripts", "title", "token", "token_key",
	"transfer_resources_to", "ttl", "type", "user_data", "username",
	"value", "verbose", "vid", "vlan", "zone", "before", "after", "cores",
	"message", "ident", "url", "distributions" };

static const char *const values[] = { "", "0", "1", "-1", "2", "7", "99999",
	"4294967296", "9223372036854775807", "99999999999999999999", "1.5",
	"true", "false", "maybe", "abc", "default", "maas", "jammy",
	"ubuntu/jammy", "admin", "bob", "10.0.0.0/24", "10.0.0.7", "10.0.0.0",
	"10.0.0.255", "10.0.0.300", "10.9.0.0/16", "0.0.0.0/0", "::/0",
	"fe80::1", "2001:db8::/64", "52:54:00:12:34:56", "zz", "TXT", "CNAME",
	"SRV", "10 mail", "a.maas", "x.y.z", ".", "..", "-", "@", "*",
	"root:10(ssd),data:5", "root:", ":", "eth0:space=x;b:subnet=1", "flat",
	"lvm", "AUTO", "STATIC", "DHCP", "LINK_UP", "reserved", "dynamic",
	"manual", "ipmi", "virsh", "amd64", "amd64/generic", "[1, 2]",
	"{\"a\": 1}", "%s%n", "\xc3\xa9\xe2\x98\x83", "\xff\xfe", "\n", " x ",
	"name:", "id:1", "cidr:10.0.0.0/24", "vlan:1", "fabric:fabric-0",
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" };

/* Copies: what the monkey deletes, it may still ask for. */
static char ids[6][16];

static void new_machine(size_t place)
{
	snprintf(ids[place], sizeof(ids[place]), "%s", a_machine(NULL));
}

static const char *any_value(void)
{
	return draw(4) == 0 ? PICK(ids) : PICK(values);
}

static void add_pairs(struct form *form, const char *also)
{
	size_t count = draw(7);

	for (size_t i = 0; i < count; i++)
		form_add(form, PICK(fields), any_value());
	if (also)
		form_add(form, "op", also);
}

/* The row's path with something where {...} stands. */
static void add_path(struct buf *target, const char *path)
{
	for (; *path; path++) {
		if (*path != '{') {
			buf_addc(target, *path);
			continue;
		}
		buf_add_percent(target, any_value());
		path = strchr(path, '}');
	}
}

static void write_body(struct http_request *request, const struct form *form)
{
	static const char *const types[] = { "application/json",
		"application/x-yaml", "text/plain",
		"multipart/form-data; boundary=b", "multipart/form-data" };

	if (draw(12) > 0) {
		http_header_add(&request->headers, "Content-Type",
		    "application/x-www-form-urlencoded");
		form_write_urlencoded(form, &request->body);
		return;
	}
	http_header_add(&request->headers, "Content-Type", PICK(types));
	buf_addf(&request->body,
	    "--b\r\nContent-Disposition: form-data; "
	    "name=\"name\"\r\n\r\n%s\r\n--b--",
	    any_value());
}

static void ask(const struct maas_operation *row)
{
	struct http_request request = { 0 };
	struct buf target = BUF_INIT;
	struct form form = { 0 }, query = { 0 };
	bool in_query = draw(2) == 0 || strcmp(row->method, "POST") != 0;

	buf_adds(&target, "/MAAS/api/2.0");
	add_path(&target, row->path);
	add_pairs(&query, in_query ? row->op : NULL);
	add_pairs(&form, in_query ? NULL : row->op);
	buf_addc(&target, '?');
	form_write_urlencoded(&query, &target);
	http_request_set(&request, row->method, "%s", buf_text(&target));
	if (lab.key[0] && draw(20) > 0) {
		char *header = lab_authorization(&lab);

		http_header_add(&request.headers, "Authorization", header);
		free(header);
	}
	if (strcmp(row->method, "POST") == 0 || strcmp(row->method, "PUT") == 0)
		write_body(&request, &form);
	if (getenv("MONKEY_SHOW"))
		printf("%s %s\n    %s\n", request.method, request.target,
		    buf_text(&request.body));
	lab_send(&lab, &request);
	form_free(&form);
	form_free(&query);
	buf_free(&target);
}

static void expect_an_answer(const struct maas_operation *row)
{
	const char *type = http_header(&lab.answer.headers, "Content-Type");
	int status = lab.answer.status;

	if (status < 200 || status > 503 || !type)
		test_failed(__FILE__, __LINE__, "%s %s: %d", row->method,
		    row->path, status);
	if (strncmp(type, "application/json", 16) == 0 && !lab.body &&
	    *lab_text(&lab) != '_')
		test_failed(__FILE__, __LINE__, "%s %s: no JSON: %.80s",
		    row->method, row->path, lab_text(&lab));
}

/* Users and machines that the monkey deleted come back. */
static void a_round(int number)
{
	static const char *const users[] = { "admin", "bob" };
	size_t user = draw(2), count;
	const struct maas_operation *rows = maas_operations(&count);

	lab_as(&lab, users[user], user == 0);
	new_machine((size_t)number % 6);
	for (size_t i = 0; i < count; i++) {
		const struct maas_operation *row = &rows[draw(count)];

		if (!row->modelled)
			continue;
		ask(row);
		expect_an_answer(row);
		if (lab.answer.status == 401)
			lab_as(&lab, users[user], user == 0);
		if (draw(9) == 0)
			minutes((int)draw(40));
	}
}

TEST(whatever_is_asked_the_region_answers)
{
	const char *text = getenv("MONKEY_SEED");

	seed = text ? strtoull(text, NULL, 10) : 1;
	a_lab(NULL, NULL);
	a_cable(BMC_OBEYS);
	for (size_t i = 0; i < 6; i++)
		new_machine(i);
	for (int i = 0; i < 40; i++)
		a_round(i);
	lab_close(&lab);
}

TESTS_BEGIN
CASE(whatever_is_asked_the_region_answers), TESTS_END

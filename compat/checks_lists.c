#include "compat/checks.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "compat/trial.h"

/* Collections: M-155 to M-169; and I-01 ..., which compare what an imported
 * inventory has with what its server shows. */

#define CONTENT "abcd"
#define SHA256 \
	"88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"
#define SSH_KEY        \
	"ssh-ed25519 " \
	"AAAAC3NzaC1lZDI1NTE5AAAAIDucowOZdSF6Uz3oExptmxjmghaG8Rh34Wzdfi3PyAfY"

/* sets.VERSION.files.NAME.upload_uri, as a path below the URL. */
static void where_to_upload(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);
	const char *root = site_root(trial->site), *key, *name, *uri = "";
	json_t *set, *file;

	json_object_foreach(json_object_get(scene->body, "sets"), key, set)
	    json_object_foreach(json_object_get(set, "files"), name, file)
	        uri = jstr(file, "upload_uri");
	if (strncmp(uri, root, strlen(root)) != 0)
		trial_broken(trial, scene->what,
		    " .sets: a client relies on an upload_uri below %s", root);
	else
		trial_name(trial, "upload", uri + strlen(root));
}

static void events_are_few(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);

	if (jlen(scene->body, "events") > 5 || !jhas(scene->body, "next_uri"))
		trial_broken(trial, scene->what,
		    " : a client relies on 5 events at most, and on .next_uri");
}

static void key_has_its_length(struct trial *trial)
{
	static const struct {
		const char *key;
		size_t len;
	} parts[] = { { "consumer_key", 18 }, { "token_key", 18 },
		{ "token_secret", 32 } };
	const struct scene *scene = trial_last(trial);

	for (size_t i = 0; i < 3; i++)
		if (strlen(jstr(scene->body, parts[i].key)) != parts[i].len)
			trial_broken(trial, scene->what,
			    " .%s: a client relies on its being %zu letters",
			    parts[i].key, parts[i].len);
}

static void has_the_undefined_space(struct trial *trial)
{
	const struct scene *scene = trial_last(trial);
	bool lacking = false, undefined = false;
	json_t *item;
	size_t i, v;

	json_array_foreach(scene->body, i, item)
	{
		if (jint(item, "id") != -1)
			continue;
		undefined = true;
		for (v = 0; v < jlen(item, "vlans"); v++)
			lacking = true;
	}
	if (lacking && !undefined)
		trial_broken(trial, scene->what,
		    " : a client relies on a space \"undefined\" for those "
		    "that have none");
}

/* clang-format off */
#define FINE SAYS(200, JSON, NULL)
#define LIST(id, path, says) CHECK(id, 0, says, ASK(KEY, "GET", path, NULL, FINE))
#define IMAGE(label, size) ASK(KEY, "POST", "boot-resources/", "name=custom/{p}-" label "&architecture=amd64/generic&" \
	    "sha256=" SHA256 "&size=" size "&filetype=tgz", SAYS(201, JSON, NULL), .makes = "image {p}-" label, \
	    .fresh = true, .loose = true), \
	    RUN(where_to_upload)
#define UPLOAD(bytes, ...) ASK(KEY, "PUT", "{upload}", bytes, __VA_ARGS__, .content = "application/octet-stream")

static const struct check rows[] = {
	CHECK("M-155", ADMIN, "a zone's name is there once",
	    ASK(KEY, "POST", "zones/", "name={p}-t", FINE, .holds = "name=\"{p}-t\"", .makes = "zone {p}-t", .fresh = true),
	    ASK(KEY, "POST", "zones/", "name={p}-t", SAYS(400, JSON,
	    "{\"name\": [\"Physical zone with this Name already exists.\"]}"))),
	CHECK("M-156", 0, "a pool is found by number and by name; the list is called resourcepools",
	    ASK(KEY, "GET", "resourcepool/0/", NULL, FINE, .holds = "name=\"default\""),
	    ASK(KEY, "GET", "resourcepool/default/", NULL, FINE, .holds = "id=0"),
	    ASK(KEY, "GET", "pools/", NULL, SAYS(404, TEXT, "Unknown API endpoint: {root}/api/2.0/pools/."))),
	CHECK("M-157", ADMIN, "a tag counts what it was put on",
	    ASK(KEY, "POST", "tags/", "name={p}-n", FINE, .makes = "tag {p}-n", .fresh = true),
	    ASK(KEY, "POST", "tags/{p}-n/op-update_nodes", "add=zzzzzz", FINE, .holds = "added=0 removed=0"),
	    ASK(KEY, "POST", "tags/{p}-n/op-update_nodes", "add={machine}", FINE, .holds = "added=1 removed=0")),
	CHECK("M-158", 0, "a subnet is found by its network",
	    ASK(KEY, "GET", "subnets/{cidr}/", NULL, FINE, .holds = "cidr=\"{cidr}\"")),
	CHECK("M-159", 0, "a VLAN that is not there is said in words of its own",
	    ASK(KEY, "GET", "vlans/999999/", NULL, SAYS(404, TEXT0, "VLAN with specified ID does not exist."))),
	CHECK("M-160", 0, "VLANs of no space are in one called undefined",
	    ASK(KEY, "GET", "spaces/", NULL, FINE), RUN(has_the_undefined_space)),
	CHECK("M-161", ADMIN, "an image is announced, and then uploaded in pieces",
	    IMAGE("i1", "4"),
	    UPLOAD("ab", SAYS(200, NULL, "OK")),
	    UPLOAD("cd", SAYS(200, NULL, "OK")),
	    UPLOAD("e", SAYS(400, NULL, "Cannot upload to a complete file."))),
	CHECK("M-162", ADMIN, "an image that is too long is refused",
	    IMAGE("i2", "4"), UPLOAD("abcde", SAYS(400, NULL, "Too much data received."))),
	CHECK("M-162", ADMIN, "an image of another content is refused",
	    IMAGE("i3", "4"), UPLOAD("xxxx", SAYS(400, NULL, "Saved content does not match given SHA256 value."))),
	CHECK("M-163", ADMIN, "the deletion of an image that is not there fails badly",
	    ASK(KEY, "DELETE", "boot-resources/999999/", NULL, SAYS(500, TEXT, "BootResource matching query does not exist."))),
	CHECK("M-164", 0, "an unknown type of image is answered with those known",
	    ASK(KEY, "GET", "boot-resources/?type=zz", NULL, .status = 400, .type = TEXT)),
	CHECK("M-165", 0, "events are queried, not listed",
	    ASK(KEY, "GET", "events/", NULL, SAYS(400, TEXT, "Unrecognised signature: method=GET op=None")),
	    ASK(KEY, "GET", "events/?op=query&limit=5", NULL, FINE, .loose = true), RUN(events_are_few)),
	CHECK("M-166", 0, "an API key has three parts of fixed lengths",
	    ASK(KEY, "POST", "account/?op=create_authorisation_token", "name={p}-key", FINE, .makes = "token {p}-key",
	    .fresh = true), RUN(key_has_its_length)),
	CHECK("M-167", 0, "an SSH key is there once",
	    ASK(KEY, "POST", "account/prefs/sshkeys/", "key=" SSH_KEY "+{p}-ssh", SAYS(201, JSON, NULL),
	    .makes = "sshkey {p}-ssh", .fresh = true),
	    ASK(KEY, "POST", "account/prefs/sshkeys/", "key=" SSH_KEY "+{p}-ssh", .status = 400)),
	CHECK("M-168", 0, "a VM host's machines have no path",
	    ASK(KEY, "GET", "vm-hosts/1/machines/", NULL, SAYS(404, TEXT,
	    "Unknown API endpoint: {root}/api/2.0/vm-hosts/1/machines/."))),
	CHECK("M-169", ADMIN, "a setting is a JSON value",
	    ASK(KEY, "GET", "maas/?op=get_config&name=default_distro_series", NULL, .status = 200)),
	LIST("I-01", "machines/", "machines are listed as they were imported"),
	LIST("I-02", "zones/", "zones are"),
	LIST("I-03", "resourcepools/", "resource pools are"),
	LIST("I-04", "domains/", "domains are"),
	LIST("I-05", "tags/", "tags are"),
	LIST("I-06", "spaces/", "spaces are"),
	LIST("I-07", "fabrics/", "fabrics and their VLANs are"),
	LIST("I-08", "subnets/", "subnets are"),
	LIST("I-09", "ipranges/", "address ranges are"),
	LIST("I-10", "users/", "users are"),
	LIST("I-11", "boot-resources/", "images are"),
	LIST("I-12", "rackcontrollers/", "rack controllers are"),
};
/* clang-format on */

CHECK_TABLE(checks_lists, rows);

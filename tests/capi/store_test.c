#include "capi/store.h"

#include <stdlib.h>

#include "base/json.h"
#include "tests/capi/lab.h"

static struct store *store;
static struct api_status status;
static char heard[400];

static void hear(void *ctx, const struct kind_info *kind, const json_t *old,
    const json_t *now)
{
	size_t len = strlen(heard);

	(void)ctx;
	snprintf(heard + len, sizeof(heard) - len, "%s%s %s", len ? ", " : "",
	    old ? (now ? "MODIFIED" : "DELETED") : "ADDED",
	    jstr(now ? now : old, "metadata.name"));
	if (strcmp(kind->kind, "Machine") != 0)
		snprintf(heard + strlen(heard), 60, " (%s)", kind->kind);
}

static void open_store(void)
{
	lab_open();
	store = store_new(host);
	make_namespace(store, "cluster-1");
	memset(&status, 0, sizeof(status));
	heard[0] = '\0';
}

static void close_store(void)
{
	api_status_free(&status);
	store_free(&store);
	lab_close();
}

static const json_t *machine(const char *name)
{
	return put_in(store, "cluster-1",
	    doc("{'kind':'Machine','metadata':{'name':'%s'},"
	        "'spec':{'clusterName':'c1'}}",
	        name));
}

static const json_t *patch(const char *name, json_t *change)
{
	const json_t *made = store_patch(
	    store, "Machine", "cluster-1", name, change, false, &status);

	json_decref(change);
	return made;
}

static bool delete (const char *name)
{
	return store_delete(
	    store, "Machine", "cluster-1", name, NULL, NULL, &status);
}

static const json_t *get(const char *name)
{
	return store_get(store, "Machine", "cluster-1", name);
}

TEST(what_the_server_owns_is_not_taken_from_a_client)
{
	const json_t *made;

	open_store();
	made = put_in(store, "cluster-1",
	    doc("{'kind':'Machine','metadata':{'name':'m','uid':'mine',"
	        "'creationTimestamp':'1999-01-01T00:00:00Z',"
	        "'deletionTimestamp':'1999-01-01T00:00:00Z','generation':9},"
	        "'spec':{},'status':{'phase':'Running'}}"));
	EXPECT_INT(strlen(jstr(made, "metadata.uid")), 36);
	EXPECT_INT(jstr(made, "metadata.uid")[14], '4');
	EXPECT_STR(
	    jstr(made, "metadata.creationTimestamp"), "2026-01-01T00:00:00Z");
	EXPECT_INT(jint(made, "metadata.generation"), 1);
	EXPECT(!jhas(made, "metadata.deletionTimestamp"));
	EXPECT(!jhas(made, "status"));
	EXPECT_STR(jstr(made, "apiVersion"), "cluster.x-k8s.io/v1beta1");
	EXPECT_STR(jstr(made, "metadata.namespace"), "cluster-1");
	close_store();
}

TEST(a_name_is_taken_once)
{
	json_t *again;

	open_store();
	machine("m");
	again = doc("{'metadata':{'name':'m'}}");
	EXPECT(!store_create(store, "Machine", "cluster-1", again, &status));
	EXPECT_INT(status.code, 409);
	EXPECT_STR(status.reason, "AlreadyExists");
	EXPECT_STR(
	    status.message, "machines.cluster.x-k8s.io \"m\" already exists");
	json_decref(again);
	close_store();
}

TEST(a_generated_name_has_five_characters_more)
{
	const json_t *made;

	open_store();
	made = put_in(store, "cluster-1",
	    doc("{'kind':'Machine','metadata':{'generateName':'c1-cp-'}}"));
	EXPECT_HAS(jstr(made, "metadata.name"), "c1-cp-");
	EXPECT_INT(strlen(jstr(made, "metadata.name")), 11);
	close_store();
}

static void expect_refused(
    const char *kind, json_t *obj, int code, const char *words)
{
	EXPECT(!store_create(store, kind, "cluster-1", obj, &status));
	EXPECT_INT(status.code, code);
	EXPECT_HAS(status.message, words);
	json_decref(obj);
}

TEST(what_cannot_be_is_refused_with_a_sentence)
{
	open_store();
	expect_refused("Machine", doc("{'metadata':{}}"), 422,
	    "metadata.name: Required value");
	expect_refused("Machine", doc("{'metadata':{'name':'Web_0'}}"), 422,
	    "a lowercase RFC 1123 subdomain");
	expect_refused("Machine",
	    doc("{'metadata':{'name':'m','resourceVersion':'3'}}"), 400,
	    "resourceVersion should not be set on objects to be created");
	expect_refused("Machine",
	    doc("{'metadata':{'name':'m','ownerReferences':[{'apiVersion':'v1',"
	        "'kind':'Node','name':'n','uid':''}]}}"),
	    422,
	    "metadata.ownerReferences.uid: Invalid value: \"\": uid must not "
	    "be empty");
	EXPECT_STR(jstr(json_array_get(status.causes, 0), "field"),
	    "metadata.ownerReferences.uid");
	expect_refused("Machine", doc("{'kind':'Node','metadata':{}}"), 400,
	    "the kind in the data (Node) does not match Machine");
	expect_refused("Pudding", doc("{'metadata':{'name':'m'}}"), 404,
	    "the server could not find the requested resource");
	close_store();
}

TEST(nothing_is_made_in_a_namespace_that_is_not_there)
{
	json_t *obj = doc("{'metadata':{'name':'m'}}");

	open_store();
	EXPECT(!store_create(store, "Machine", "nowhere", obj, &status));
	EXPECT_INT(status.code, 404);
	EXPECT_STR(status.message, "namespaces \"nowhere\" not found");
	json_decref(obj);
	close_store();
}

TEST(status_and_spec_are_written_at_different_doors)
{
	json_t *change = doc("{'spec':{'x':1},'status':{'phase':'Running'}}");
	const json_t *made;

	open_store();
	machine("m");
	made = store_patch(
	    store, "Machine", "cluster-1", "m", change, true, &status);
	EXPECT_STR(jstr(made, "status.phase"), "Running");
	EXPECT(!jhas(made, "spec.x"));
	EXPECT_INT(jint(made, "metadata.generation"), 1);
	made = patch("m", doc("{'spec':{'x':1},'status':{'phase':'Odd'}}"));
	EXPECT_STR(jstr(made, "status.phase"), "Running");
	EXPECT_INT(jint(made, "spec.x"), 1);
	EXPECT_INT(jint(made, "metadata.generation"), 2);
	json_decref(change);
	close_store();
}

TEST(a_write_that_changes_nothing_changes_nothing)
{
	uint64_t before;

	open_store();
	machine("m");
	before = store_version(store);
	store_watch_add(store, hear, NULL);
	EXPECT(patch("m", doc("{}")) == get("m"));
	EXPECT(patch("m", doc("{'spec':{'clusterName':'c1'}}")));
	EXPECT_INT(store_version(store), before);
	EXPECT_STR(heard, "");
	close_store();
}

TEST(a_stale_resource_version_is_a_conflict)
{
	open_store();
	machine("m");
	EXPECT(!patch("m", doc("{'metadata':{'resourceVersion':'1'}}")));
	EXPECT_INT(status.code, 409);
	EXPECT_STR(status.reason, "Conflict");
	EXPECT_STR(status.message,
	    "Operation cannot be fulfilled on machines.cluster.x-k8s.io "
	    "\"m\": the object has been modified; please apply your changes to "
	    "the latest version and try again");
	close_store();
}

TEST(an_update_of_a_custom_resource_needs_a_version)
{
	json_t *obj = doc("{'metadata':{'name':'m'},'spec':{'a':1}}");

	open_store();
	machine("m");
	EXPECT(!store_update(
	    store, "Machine", "cluster-1", "m", obj, false, &status));
	EXPECT_STR(status.message,
	    "Machine.cluster.x-k8s.io \"m\" is invalid: "
	    "metadata.resourceVersion: Invalid value: 0x0: must be specified "
	    "for an update");
	json_decref(obj);
	close_store();
}

TEST(a_built_in_kind_may_be_overwritten_blindly)
{
	json_t *obj = doc("{'metadata':{'name':'s'},'data':{'a':'Yg=='}}");
	const json_t *made;

	open_store();
	put_in(store, "cluster-1",
	    doc("{'kind':'Secret','metadata':{'name':'s'},"
	        "'stringData':{'k':'v'}}"));
	made = store_get(store, "Secret", "cluster-1", "s");
	EXPECT_STR(jstr(made, "data.k"), "dg==");
	made = store_update(
	    store, "Secret", "cluster-1", "s", obj, false, &status);
	EXPECT_STR(jstr(made, "data.a"), "Yg==");
	EXPECT(!jhas(made, "data.k"));
	json_decref(obj);
	close_store();
}

TEST(a_finalizer_holds_what_is_deleted_until_it_is_taken_off)
{
	const json_t *left;

	open_store();
	machine("m");
	patch("m", doc("{'metadata':{'finalizers':['a/b']}}"));
	store_watch_add(store, hear, NULL);
	EXPECT(store_delete(
	    store, "Machine", "cluster-1", "m", NULL, &left, &status));
	EXPECT(left == get("m"));
	EXPECT_STR(
	    jstr(left, "metadata.deletionTimestamp"), "2026-01-01T00:00:00Z");
	EXPECT(delete ("m"));
	EXPECT(!patch("m", doc("{'metadata':{'finalizers':['a/b','c/d']}}")));
	EXPECT_INT(status.code, 422);
	EXPECT_HAS(status.message,
	    "metadata.finalizers: Forbidden: no new finalizers can be added if "
	    "the object is being deleted, found new finalizers "
	    "[]string{\"c/d\"}");
	EXPECT(patch("m", doc("{'metadata':{'deletionTimestamp':null}}")));
	EXPECT(jhas(get("m"), "metadata.deletionTimestamp"));
	EXPECT(patch("m", doc("{'metadata':{'finalizers':[]}}")));
	EXPECT(!get("m"));
	EXPECT_STR(heard, "MODIFIED m, DELETED m");
	close_store();
}

TEST(a_delete_with_another_uid_deletes_nothing)
{
	open_store();
	machine("m");
	EXPECT(!store_delete(
	    store, "Machine", "cluster-1", "m", "u", NULL, &status));
	EXPECT_INT(status.code, 409);
	EXPECT_HAS(status.message,
	    "Precondition failed: UID in precondition: u, "
	    "UID in object meta: ");
	EXPECT(get("m"));
	close_store();
}

static void owned_by(const char *name, const char *uid)
{
	put_in(store, "cluster-1",
	    doc("{'kind':'Machine','metadata':{'name':'%s','ownerReferences':"
	        "[{'apiVersion':'v1','kind':'Machine','name':'o',"
	        "'uid':'%s'}]}}",
	        name, uid));
}

TEST(dependents_go_some_seconds_after_their_owner)
{
	open_store();
	machine("owner");
	owned_by("child", jstr(get("owner"), "metadata.uid"));
	owned_by("grandchild", jstr(get("child"), "metadata.uid"));
	lab_run();
	EXPECT(get("child"));
	EXPECT(delete ("owner"));
	EXPECT(get("child"));
	lab_run_for(SECONDS(4));
	EXPECT(get("child"));
	lab_run();
	EXPECT(!get("child"));
	EXPECT(!get("grandchild"));
	close_store();
}

TEST(an_owner_that_never_was_is_a_dead_owner_after_a_grace)
{
	open_store();
	owned_by("child", "no-such-uid");
	lab_run_for(SECONDS(4));
	EXPECT(get("child"));
	lab_run();
	EXPECT(!get("child"));
	close_store();
}

TEST(the_grace_of_an_orphan_counts_from_its_own_beginning)
{
	open_store();
	machine("other");
	delete ("other");
	lab_run_for(MILLISECONDS(4900));
	owned_by("child", "no-such-uid");
	lab_run_for(SECONDS(4));
	EXPECT(get("child"));
	lab_run();
	EXPECT(!get("child"));
	close_store();
}

TEST(a_namespace_takes_with_it_what_is_in_it)
{
	json_t *obj = doc("{'metadata':{'name':'n'}}");

	open_store();
	machine("m");
	patch("m", doc("{'metadata':{'finalizers':['a/b']}}"));
	EXPECT(store_delete(
	    store, "Namespace", NULL, "cluster-1", NULL, NULL, &status));
	EXPECT(!store_create(store, "Machine", "cluster-1", obj, &status));
	EXPECT_INT(status.code, 403);
	EXPECT_HAS(status.message, "because it is being terminated");
	lab_run();
	EXPECT(store_get(store, "Namespace", NULL, "cluster-1"));
	EXPECT(jhas(get("m"), "metadata.deletionTimestamp"));
	EXPECT(patch("m", doc("{'metadata':{'finalizers':null}}")));
	lab_run();
	EXPECT(!store_get(store, "Namespace", NULL, "cluster-1"));
	json_decref(obj);
	close_store();
}

static void answer_with_another(void *ctx, const struct kind_info *kind,
    const json_t *old, const json_t *now)
{
	(void)kind;
	(void)ctx;
	if (!old && strcmp(jstr(now, "metadata.name"), "m1") == 0)
		machine("m2");
}

TEST(all_watchers_hear_all_changes_in_the_same_order)
{
	open_store();
	store_watch_add(store, answer_with_another, NULL);
	store_watch_add(store, hear, NULL);
	machine("m1");
	EXPECT_STR(heard, "ADDED m1, ADDED m2");
	close_store();
}

static bool append_name(void *ctx, const json_t *obj)
{
	strcat(ctx, jstr(obj, "metadata.name"));
	strcat(ctx, " ");
	return true;
}

static const char *selected(const char *selector)
{
	static char names[100];

	names[0] = '\0';
	store_each(store, "Machine", "cluster-1", selector, append_name, names);
	return names;
}

TEST(selectors_select_and_lists_are_in_order)
{
	open_store();
	machine("c");
	machine("a");
	machine("b");
	patch("a", doc("{'metadata':{'labels':{'role':'cp','zone':'z1'}}}"));
	patch("b", doc("{'metadata':{'labels':{'role':'worker'}}}"));
	EXPECT_STR(selected(NULL), "a b c ");
	EXPECT_STR(selected("role=cp"), "a ");
	EXPECT_STR(selected("role==cp,zone"), "a ");
	EXPECT_STR(selected("role!=cp"), "b c ");
	EXPECT_STR(selected("role in (cp, worker),!zone"), "b ");
	EXPECT_STR(selected("role notin (cp)"), "b c ");
	close_store();
}

/* ---- what is told to laws and claims ---- */

static char told[600];

static void take_down(void *ctx, const struct event *event)
{
	size_t len = strlen(told);

	(void)ctx;
	snprintf(
	    told + len, sizeof(told) - len, "%s %s", event->kind, event->about);
	for (size_t i = 0; i < event->field_count; i++)
		if (strcmp(event->fields[i].key, "uid") != 0) {
			len = strlen(told);
			snprintf(told + len, sizeof(told) - len, " %s=%s",
			    event->fields[i].key, event->fields[i].text);
		}
	strncat(told, "\n", sizeof(told) - strlen(told) - 1);
}

TEST(a_store_tells_of_clusters_and_machines_and_only_what_changed)
{
	struct events *events;

	open_store();
	told[0] = '\0';
	events = events_new(loop, NULL);
	events_add_sink(events, take_down, NULL);
	host->events = events;
	put_in(store, "cluster-1",
	    doc("{'kind':'Cluster','metadata':{'name':'c1'},"
	        "'spec':{'paused':true}}"));
	store_tell(store, "pcg/a");
	machine("m");
	patch("m", doc("{'spec':{'anything':'else'}}"));
	patch("m", doc("{'metadata':{'finalizers':['a/b']}}"));
	put_in(store, "cluster-1",
	    doc("{'kind':'Secret','metadata':{'name':'s'}}"));
	delete ("m");
	patch("m", doc("{'metadata':{'finalizers':null}}"));
	EXPECT_STR(told,
	    "state pcg/a/object/Cluster/cluster-1/c1 paused=yes phase= "
	    "cluster=c1 deleting=no\n"
	    "state pcg/a/object/Machine/cluster-1/m paused= phase= cluster= "
	    "deleting=no\n"
	    "state pcg/a/object/Machine/cluster-1/m paused= phase= cluster= "
	    "deleting=yes\n"
	    "gone pcg/a/object/Machine/cluster-1/m\n");
	close_store();
	events_free(&events);
}

TESTS_BEGIN
CASE(a_store_tells_of_clusters_and_machines_and_only_what_changed),
    CASE(what_the_server_owns_is_not_taken_from_a_client),
    CASE(a_name_is_taken_once), CASE(a_generated_name_has_five_characters_more),
    CASE(what_cannot_be_is_refused_with_a_sentence),
    CASE(nothing_is_made_in_a_namespace_that_is_not_there),
    CASE(status_and_spec_are_written_at_different_doors),
    CASE(a_write_that_changes_nothing_changes_nothing),
    CASE(a_stale_resource_version_is_a_conflict),
    CASE(an_update_of_a_custom_resource_needs_a_version),
    CASE(a_built_in_kind_may_be_overwritten_blindly),
    CASE(a_finalizer_holds_what_is_deleted_until_it_is_taken_off),
    CASE(a_delete_with_another_uid_deletes_nothing),
    CASE(dependents_go_some_seconds_after_their_owner),
    CASE(an_owner_that_never_was_is_a_dead_owner_after_a_grace),
    CASE(the_grace_of_an_orphan_counts_from_its_own_beginning),
    CASE(a_namespace_takes_with_it_what_is_in_it),
    CASE(all_watchers_hear_all_changes_in_the_same_order),
    CASE(selectors_select_and_lists_are_in_order), TESTS_END

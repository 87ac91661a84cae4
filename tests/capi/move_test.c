#include "capi/move.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "capi/move_inside.h"
#include "tests/capi/site.h"

/* ---- a cluster of which every kind has one ---- */

struct original {
	char kind[40], name[60], digest[65];
};
static struct original originals[64];
static size_t original_count;

static struct store *source, *target;
static struct kube *from, *to;

static void put_owned(const char *kind, const char *name,
    const char *owner_kind, const char *owner, const char *rest)
{
	const struct kind_info *info;
	char version[96];
	json_t *obj = doc("{'kind':'%s','metadata':{'name':'%s',"
	                  "'labels':{'cluster.x-k8s.io/cluster-name':'c1'},"
	                  "'finalizers':['%s.example/f']}%s}",
	    kind, name, "x", rest);

	if (owner) {
		info = kind_named(owner_kind);
		kind_api_version(info, version, sizeof(version));
		jadd(obj, "metadata.ownerReferences",
		    doc("{'apiVersion':'%s','kind':'%s','name':'%s',"
		        "'uid':'%s','controller':true}",
		        version, owner_kind, owner,
		        jstr(store_get(source, owner_kind, "n", owner),
		            "metadata.uid")));
	}
	put_in(source, "n", obj);
}

static void secret(const char *name, const char *owner_kind, const char *owner)
{
	put_owned("Secret", name, owner_kind, owner,
	    ",'data':{'tls.key':'c2VjcmV0'}");
}

static void set_status(const char *kind, const char *name, json_t *status)
{
	struct api_status refusal = { 0 };

	EXPECT(store_patch(source, kind, "n", name, status, true, &refusal));
	json_decref(status);
}

static void put_machine(const char *name, const char *kind, const char *owner)
{
	put_owned("Machine", name, kind, owner,
	    ",'spec':{'clusterName':'c1','providerID':'maas:///az1/abc'}");
	put_owned("KubeadmConfig", name, "Machine", name, ",'spec':{}");
	put_owned("MaasMachine", name, "Machine", name,
	    ",'spec':{'systemID':'abc','providerID':'maas:///az1/abc'}");
	secret(name, "KubeadmConfig", name);
	set_status("Machine", name,
	    doc("{'status':{'phase':'Running','nodeRef':{'name':'owl'}}}"));
}

static void put_cluster(void)
{
	put_owned("Cluster", "c1", NULL, NULL,
	    ",'spec':{'controlPlaneEndpoint':{'host':'c1.maas'}}");
	put_owned("MaasCluster", "c1", "Cluster", "c1",
	    ",'spec':{'dnsDomain':'maas'}");
	put_owned("MaasMachineTemplate", "c1-cp", "Cluster", "c1",
	    ",'spec':{'template':{}}");
	put_owned(
	    "KubeadmConfigTemplate", "c1-md", "Cluster", "c1", ",'spec':{}");
	put_owned("KubeadmControlPlane", "c1-cp", "Cluster", "c1",
	    ",'spec':{'replicas':1}");
	put_owned("MachineDeployment", "c1-md", "Cluster", "c1",
	    ",'spec':{'replicas':1}");
	put_owned("MachineHealthCheck", "c1", "Cluster", "c1", ",'spec':{}");
	put_owned("MachineSet", "c1-md-x", "MachineDeployment", "c1-md",
	    ",'spec':{}");
	put_machine("c1-cp-0", "KubeadmControlPlane", "c1-cp");
	put_machine("c1-md-x-0", "MachineSet", "c1-md-x");
	secret("c1-ca", "KubeadmControlPlane", "c1-cp");
	secret("c1-kubeconfig", "KubeadmControlPlane", "c1-cp");
	/* Found by its name alone, and found by its owner alone. */
	put_in(source, "n",
	    doc("{'kind':'Secret','metadata':{'name':'c1-sa'},"
	        "'data':{'tls.key':'c2E='}}"));
	put_in(source, "n",
	    doc("{'kind':'ConfigMap','metadata':{'name':'lock',"
	        "'ownerReferences':[{'apiVersion':'cluster.x-k8s.io/v1beta1',"
	        "'kind':'Cluster','name':'c1','uid':'%s'}]},"
	        "'data':{'a':'b'}}",
	        jstr(store_get(source, "Cluster", "n", "c1"), "metadata.uid")));
}

static bool note_original(void *ctx, const json_t *obj)
{
	struct original *o = &originals[original_count++];

	(void)ctx;
	snprintf(o->kind, sizeof(o->kind), "%s", jstr(obj, "kind"));
	snprintf(o->name, sizeof(o->name), "%s", jstr(obj, "metadata.name"));
	piece_digest(obj, o->digest);
	return true;
}

/* What does not belong to the cluster, and must stay where it is. */
static void put_strangers(void)
{
	put_in(source, "n",
	    doc("{'kind':'Secret','metadata':{'name':'account'},"
	        "'data':{'key':'a2V5'}}"));
	put_in(source, "n",
	    doc("{'kind':'Cluster','metadata':{'name':'c2'},'spec':{}}"));
}

/* ---- one move, and who remembers how far it came ---- */

static struct move *moving;
static enum move_phase stored;
static bool ended, store_fails;
static struct err outcome; /* kind ERR_NONE: done */
static void (*on_phase)(enum move_phase phase);

static bool reached(void *ctx, enum move_phase phase, size_t objects)
{
	(void)ctx;
	(void)objects;
	if (store_fails)
		return false;
	/* Who may still resume the source is told so by the phase. */
	EXPECT(stored < MOVE_DELETE || phase >= MOVE_DELETE);
	stored = phase;
	if (on_phase)
		on_phase(phase);
	return true;
}

static void over(void *ctx, const struct err *err)
{
	(void)ctx;
	ended = true;
	outcome = err ? *err : (struct err){ 0 };
	move_stop(&moving);
}

static void start_move(void)
{
	static const struct move_events events = { reached, over };
	struct move_options options = {
		.id = "pivot-1",
		.ns = "n",
		.cluster = "c1",
		.from_phase = stored,
		.need_nodes = true,
		.owner = "cluster",
	};

	ended = false;
	moving = move_start(host, from, to, &options, &events, NULL);
}

static void open_site(bool to_far)
{
	site_open();
	source = to_far ? near_store : far;
	target = to_far ? far : near_store;
	from = to_far ? near_kube : far_kube;
	to = to_far ? far_kube : near_kube;
	make_namespace(source, "n");
	put_cluster();
	original_count = 0;
	for (size_t i = 0, count; i < (kind_table(&count), count); i++)
		if (kind_table(&count)[i].moves)
			store_each(source, kind_table(&count)[i].kind, "n",
			    NULL, note_original, NULL);
	put_strangers();
	stored = MOVE_CHECK;
	store_fails = false;
	on_phase = NULL;
	outcome = (struct err){ 0 };
}

static void close_site(void)
{
	move_stop(&moving);
	site_close();
}

/* ---- the invariants (I1 to I11, as far as objects can show them) ---- */

static bool holds_all(const struct store *store)
{
	for (size_t i = 0; i < original_count; i++) {
		const struct original *o = &originals[i];
		const json_t *obj = store_get(store, o->kind, "n", o->name);
		char digest[65];

		if (!obj)
			return false;
		piece_digest(obj, digest);
		if (strcmp(digest, o->digest) != 0)
			return false;
	}
	return true;
}

static size_t held(const struct store *store)
{
	size_t count = 0;

	for (size_t i = 0; i < original_count; i++)
		count += store_get(store, originals[i].kind, "n",
		             originals[i].name) != NULL;
	return count;
}

static bool is_unpaused(const struct store *store)
{
	const json_t *cluster = store_get(store, "Cluster", "n", "c1");

	return cluster && !jbool(cluster, "spec.paused");
}

static bool has_uid(const struct store *store, const char *uid)
{
	for (size_t i = 0; i < original_count; i++)
		if (strcmp(jstr(store_get(store, originals[i].kind, "n",
		                    originals[i].name),
		               "metadata.uid"),
		        uid) == 0)
			return true;
	return false;
}

static bool owners_exist(const struct store *store)
{
	for (size_t i = 0; i < original_count; i++) {
		const json_t *refs = jget(
		    store_get(store, originals[i].kind, "n", originals[i].name),
		    "metadata.ownerReferences");

		for (size_t r = 0; r < json_array_size(refs); r++)
			if (!has_uid(
			        store, jstr(json_array_get(refs, r), "uid")))
				return false;
	}
	return true;
}

static bool is_any_deleting(const struct store *store)
{
	for (size_t i = 0; i < original_count; i++)
		if (jhas(store_get(
		             store, originals[i].kind, "n", originals[i].name),
		        "metadata.deletionTimestamp"))
			return true;
	return false;
}

static void check_invariants(const char *when, int step)
{
	static uint64_t last;
	const char *broken = NULL;

	/* Only what changed can have broken anything. */
	if (last == store_version(source) + (store_version(target) << 32))
		return;
	last = store_version(source) + (store_version(target) << 32);
	if (is_unpaused(source) && is_unpaused(target))
		broken = "I1: both sides are unpaused";
	else if (!holds_all(source) && !holds_all(target))
		broken = "I2: no side is complete";
	else if (!holds_all(target) && held(source) < original_count)
		broken = "I3: deleted before all was verified";
	else if (!owners_exist(target) || !owners_exist(source))
		broken = "I6: an owner does not exist";
	else if (is_any_deleting(target) || is_any_deleting(source))
		broken = "I10: something looks as if it were deleted";
	if (broken)
		test_failed(__FILE__, __LINE__, "%s %d: %s (phase %s)", when,
		    step, broken, move_phase_name(stored));
}

static void check_moved(const char *when, int step)
{
	if (outcome.kind)
		test_failed(
		    __FILE__, __LINE__, "%s %d: %s", when, step, outcome.text);
	if (stored != MOVE_DONE || !holds_all(target) || held(source) != 0 ||
	    !is_unpaused(target) || !owners_exist(target))
		test_failed(__FILE__, __LINE__,
		    "%s %d: %d at the source, %d at the target, phase %s", when,
		    step, (int)held(source), (int)held(target),
		    move_phase_name(stored));
	EXPECT(store_get(source, "Secret", "n", "account"));
	EXPECT(!store_get(target, "Secret", "n", "account"));
	EXPECT(store_get(source, "Cluster", "n", "c2"));
}

/* One event at a time; false when the move has ended. */
static bool one_step(void)
{
	return !ended && loop_step(loop) && !ended;
}

static void run_move_watched(bool closely)
{
	start_move();
	while (one_step())
		if (closely)
			check_invariants("step", 0);
	EXPECT(ended);
}

static void run_move(void)
{
	run_move_watched(true);
}

/* ---- claims ---- */

static void moves_whole(bool to_far)
{
	const json_t *machine;

	open_site(to_far);
	run_move();
	check_moved("undisturbed", 0);
	machine = store_get(target, "Machine", "n", "c1-cp-0");
	EXPECT_STR(jstr(machine, "spec.providerID"), "maas:///az1/abc");
	EXPECT_STR(jstr(machine, "status.phase"), "Running");
	EXPECT_STR(jstr(machine, "metadata.finalizers[0]"), "x.example/f");
	EXPECT_STR(
	    jstr(store_get(target, "Secret", "n", "c1-ca"), "data[tls.key]"),
	    "c2VjcmV0");
	EXPECT_STR(jstr(store_get(target, "Cluster", "n", "c1"), NOTE_EPOCH),
	    "cluster/1");
	lab_run_for(MINUTES(1)); /* nothing is collected afterwards */
	check_moved("a minute later", 0);
	close_site();
}

TEST(a_cluster_moves_from_near_to_far)
{
	moves_whole(true);
}

TEST(a_cluster_moves_from_far_to_near)
{
	moves_whole(false);
}

/* The gateway dies: what it was asking is forgotten, what it stored is not. */
static void crash(void)
{
	struct kube_remote_options options = { .host = "c1.maas",
		.port = 6443 };
	struct err err;

	move_stop(&moving);
	kube_free(&near_kube);
	kube_free(&far_kube);
	near_kube = kube_local(host, near_store);
	far_kube = kube_remote(host, &options, &err);
	from = source == near_store ? near_kube : far_kube;
	to = source == near_store ? far_kube : near_kube;
}

static int steps_of(bool to_far)
{
	int steps = 0;

	open_site(to_far);
	start_move();
	while (one_step())
		steps++;
	EXPECT(ended);
	close_site();
	return steps;
}

/* Died after this many events, for a while; then it goes on. */
static void crashed_after(int steps, bool to_far)
{
	open_site(to_far);
	start_move();
	for (int i = 0; i < steps && one_step(); i++)
		;
	check_invariants("crash after event", steps);
	crash();
	lab_run_for(SECONDS(30)); /* time for every collector of garbage */
	check_invariants("30 s after the crash after event", steps);
	/* All of it is judged every time, every step of it every eighth: this
	 * test is to take seconds. */
	run_move_watched(steps % 8 == 0);
	check_moved("crash after event", steps);
	close_site();
}

TEST(a_crash_after_any_event_leaves_it_whole_on_one_side_near_to_far)
{
	int steps = steps_of(true);

	EXPECT(steps > 150);
	for (int i = 0; i <= steps; i++)
		crashed_after(i, true);
}

TEST(a_crash_after_any_event_leaves_it_whole_on_one_side_far_to_near)
{
	int steps = steps_of(false);

	for (int i = 0; i <= steps; i++)
		crashed_after(i, false);
}

TEST(a_gateway_that_dies_again_and_again_gets_there)
{
	for (int life = 160; life < 240; life += 20) {
		open_site(true);
		ended = false;
		for (int lives = 0; lives < 40 && !ended; lives++) {
			start_move();
			for (int i = 0; i < life && one_step(); i++)
				check_invariants("life", lives);
			if (!ended)
				crash();
		}
		EXPECT(ended);
		check_moved("lives of", life);
		close_site();
	}
}

/* ---- somebody disturbs ---- */

static void change_at(
    struct store *store, const char *kind, const char *name, json_t *change)
{
	struct api_status refusal = { 0 };

	EXPECT(store_patch(store, kind, "n", name, change, false, &refusal));
	json_decref(change);
}

static void corrupt_secret(enum move_phase phase)
{
	if (phase == MOVE_VERIFY)
		change_at(target, "Secret", "c1-ca",
		    doc("{'data':{'tls.key':'b3RoZXI='}}"));
}

static void corrupt_owner(enum move_phase phase)
{
	json_t *change;

	if (phase != MOVE_VERIFY)
		return;
	change = json_object();
	jadd(change, "metadata.ownerReferences",
	    doc("{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Machine',"
	        "'name':'c1-cp-0','uid':'%s','controller':true}",
	        jstr(store_get(source, "Machine", "n", "c1-cp-0"),
	            "metadata.uid")));
	change_at(target, "MaasMachine", "c1-cp-0", change);
}

static void stops_with(
    void (*disturb)(enum move_phase phase), const char *sentence)
{
	open_site(true);
	on_phase = disturb;
	start_move();
	while (one_step())
		;
	EXPECT(ended);
	EXPECT_INT(outcome.kind, ERR_REFUSED);
	EXPECT_STR(outcome.text, sentence);
	EXPECT(holds_all(source));
	EXPECT_INT(held(target), original_count);
	EXPECT(!is_unpaused(source));
	EXPECT(!is_unpaused(target));
	close_site();
}

TEST(one_wrong_object_at_the_target_stops_it_with_both_copies_intact)
{
	stops_with(corrupt_secret,
	    "Secret c1-ca at the target is not what was copied");
}

TEST(one_wrong_owner_at_the_target_stops_it_with_both_copies_intact)
{
	stops_with(corrupt_owner,
	    "MaasMachine c1-cp-0 at the target does not have the owners that "
	    "it must have");
}

static void late_answer(enum move_phase phase)
{
	static int done;

	if (phase == MOVE_CHECK)
		done = 0;
	if ((phase == MOVE_VERIFY || phase == MOVE_DELETE) && done < 2) {
		done++;
		change_at(source, "MaasMachine", "c1-md-x-0",
		    doc("{'spec':{'systemID':'late%d'}}", done));
	}
}

TEST(what_changes_at_the_source_after_it_was_copied_is_copied_again)
{
	open_site(true);
	on_phase = late_answer;
	start_move();
	while (one_step())
		;
	EXPECT_INT(outcome.kind, ERR_NONE);
	EXPECT_INT(held(source), 0);
	EXPECT_STR(jstr(store_get(target, "MaasMachine", "n", "c1-md-x-0"),
	               "spec.systemID"),
	    "late2");
	close_site();
}

static bool was_late;

static void answer_late(void *ctx, const struct kind_info *kind,
    const json_t *old, const json_t *now)
{
	(void)ctx;
	(void)kind;
	(void)old;
	if (now || was_late)
		return;
	was_late = true;
	change_at(source, "MaasMachine", "c1-md-x-0",
	    doc("{'spec':{'systemID':'late'}}"));
}

TEST(what_changes_while_others_are_deleted_is_copied_again_before_it_goes)
{
	open_site(true);
	was_late = false;
	store_watch_add(source, answer_late, NULL);
	start_move();
	while (one_step())
		;
	EXPECT_INT(outcome.kind, ERR_NONE);
	EXPECT_INT(held(source), 0);
	EXPECT_STR(jstr(store_get(target, "MaasMachine", "n", "c1-md-x-0"),
	               "spec.systemID"),
	    "late");
	close_site();
}

static int put_back;

static void put_finalizer_back(void *ctx, const struct kind_info *kind,
    const json_t *old, const json_t *now)
{
	(void)ctx;
	(void)old;
	if (strcmp(kind->kind, "MaasMachine") != 0 || !now ||
	    jlen(now, "metadata.finalizers") || put_back++ > 1)
		return;
	change_at(source, "MaasMachine", jstr(now, "metadata.name"),
	    doc("{'metadata':{'finalizers':['x.example/f']}}"));
}

TEST(a_finalizer_that_is_put_back_does_not_hold_an_object_at_the_source)
{
	open_site(true);
	put_back = 0;
	store_watch_add(source, put_finalizer_back, NULL);
	start_move();
	while (one_step())
		;
	EXPECT(put_back > 0);
	check_moved("put back", 0);
	close_site();
}

static void delete_a_machine(enum move_phase phase)
{
	struct api_status refusal = { 0 };

	if (phase == MOVE_PAUSE)
		EXPECT(store_delete(
		    source, "Machine", "n", "c1-md-x-0", NULL, NULL, &refusal));
}

TEST(a_deletion_just_before_the_pause_finishes_first)
{
	open_site(true);
	on_phase = delete_a_machine;
	start_move();
	while (one_step())
		;
	EXPECT_INT(outcome.kind, ERR_CONFLICT);
	EXPECT_STR(outcome.text,
	    "Machine c1-md-x-0 is being deleted at the source: it has to "
	    "finish first");
	EXPECT_INT(stored, MOVE_CHECK);
	EXPECT(is_unpaused(source));
	EXPECT_INT(held(target), 0);
	close_site();
}

static void expect_not_begun(enum err_kind kind, const char *sentence)
{
	start_move();
	while (one_step())
		;
	EXPECT_INT(outcome.kind, kind);
	EXPECT_STR(outcome.text, sentence);
	EXPECT(is_unpaused(source));
}

TEST(a_machine_without_a_node_is_waited_for)
{
	open_site(true);
	set_status("Machine", "c1-cp-0", doc("{'status':{'nodeRef':null}}"));
	expect_not_begun(ERR_CONFLICT, "Machine c1-cp-0 has no node yet");
	close_site();
}

TEST(a_target_that_holds_another_cluster_of_that_name_is_left_alone)
{
	open_site(true);
	make_namespace(target, "n");
	put_in(target, "n",
	    doc("{'kind':'Cluster','metadata':{'name':'c1'},'spec':{}}"));
	expect_not_begun(ERR_REFUSED, "the target already holds a Cluster c1 "
	                              "that is not of this move");
	close_site();
}

TEST(no_cluster_is_no_success)
{
	open_site(true);
	from = to;
	start_move();
	while (one_step())
		;
	EXPECT_INT(outcome.kind, ERR_REFUSED);
	EXPECT_STR(outcome.text, "there is no Cluster n/c1 at the source");
	close_site();
}

TEST(a_phase_that_cannot_be_stored_does_not_begin)
{
	open_site(true);
	store_fails = true;
	expect_not_begun(
	    ERR_STORAGE, "phase \"check\" of the move was not stored");
	close_site();
}

static void cut_the_road(enum move_phase phase)
{
	if (phase == MOVE_CREATE)
		road = ROUTE_REFUSED;
}

TEST(a_target_that_cannot_be_reached_is_tried_again_later)
{
	open_site(true);
	on_phase = cut_the_road;
	run_move();
	EXPECT_INT(stored, MOVE_CREATE);
	EXPECT_INT(outcome.kind, ERR_LOST); /* on a kept connection */
	EXPECT(holds_all(source));
	road = ROUTE_OPEN;
	on_phase = NULL;
	run_move();
	check_moved("second attempt", 0);
	close_site();
}

static bool fail_sixth_create(struct exchange *exchange)
{
	static int count;
	struct http_response response = { 0 };

	if (strcmp(exchange->request->method, "POST") != 0 || ++count != 6)
		return false;
	http_response_text(&response, 500, "text/plain", "etcd is slow");
	exchange_reply(exchange, &response);
	return true;
}

TEST(a_target_that_fails_in_the_middle_leaves_both_copies_and_it_goes_on)
{
	open_site(true);
	site_hook = fail_sixth_create;
	run_move();
	EXPECT_INT(outcome.kind, ERR_LOST);
	EXPECT(holds_all(source));
	run_move();
	check_moved("second attempt", 0);
	close_site();
}

TESTS_BEGIN
CASE(a_cluster_moves_from_near_to_far), CASE(a_cluster_moves_from_far_to_near),
    CASE(a_crash_after_any_event_leaves_it_whole_on_one_side_near_to_far),
    CASE(a_crash_after_any_event_leaves_it_whole_on_one_side_far_to_near),
    CASE(a_gateway_that_dies_again_and_again_gets_there),
    CASE(one_wrong_object_at_the_target_stops_it_with_both_copies_intact),
    CASE(one_wrong_owner_at_the_target_stops_it_with_both_copies_intact),
    CASE(what_changes_at_the_source_after_it_was_copied_is_copied_again),
    CASE(what_changes_while_others_are_deleted_is_copied_again_before_it_goes),
    CASE(a_finalizer_that_is_put_back_does_not_hold_an_object_at_the_source),
    CASE(a_deletion_just_before_the_pause_finishes_first),
    CASE(a_machine_without_a_node_is_waited_for),
    CASE(a_target_that_holds_another_cluster_of_that_name_is_left_alone),
    CASE(no_cluster_is_no_success),
    CASE(a_phase_that_cannot_be_stored_does_not_begin),
    CASE(a_target_that_cannot_be_reached_is_tried_again_later),
    CASE(a_target_that_fails_in_the_middle_leaves_both_copies_and_it_goes_on),
    TESTS_END

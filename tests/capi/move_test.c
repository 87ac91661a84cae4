#include "capi/move.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "capi/move_inside.h"
#include "tests/capi/moved.h"

/* ---- claims ---- */

static void moves_whole(bool to_far)
{
	const json_t *machine;

	open_move(to_far);
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
	close_move();
}

TEST(a_cluster_moves_from_near_to_far)
{
	moves_whole(true);
}

TEST(a_cluster_moves_from_far_to_near)
{
	moves_whole(false);
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
	open_move(true);
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
	close_move();
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
	open_move(true);
	on_phase = late_answer;
	start_move();
	while (one_step())
		;
	EXPECT_INT(outcome.kind, ERR_NONE);
	EXPECT_INT(held(source), 0);
	EXPECT_STR(jstr(store_get(target, "MaasMachine", "n", "c1-md-x-0"),
	               "spec.systemID"),
	    "late2");
	close_move();
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
	open_move(true);
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
	close_move();
}

static bool reborn;

static const json_t *make_at_source(
    const char *kind, const json_t *like, const json_t *owners)
{
	static const char *const fresh[] = { "metadata.uid",
		"metadata.resourceVersion", "metadata.deletionTimestamp",
		"metadata.annotations", "spec.systemID" };
	struct api_status refusal = { 0 };
	json_t *again = json_deep_copy(like);
	const json_t *made;

	for (size_t i = 0; i < sizeof(fresh) / sizeof(fresh[0]); i++)
		jset(again, fresh[i], NULL);
	jset(again, "metadata.ownerReferences", json_deep_copy(owners));
	made = store_create(source, kind, "n", again, &refusal);
	json_decref(again);
	EXPECT(made);
	return made;
}

/* Controllers that have not heard of the pause make a machine again that the
 * mover has just taken away: with its name, and without what it knew. */
static void make_again(void *ctx, const struct kind_info *kind,
    const json_t *old, const json_t *now)
{
	const char *name = old ? jstr(old, "metadata.name") : "";
	const json_t *machine;
	json_t *owners;

	(void)ctx;
	if (now || reborn || strcmp(kind->kind, "Machine") != 0 ||
	    strcmp(name, "c1-md-x-0") != 0)
		return;
	reborn = true;
	machine = make_at_source(
	    "Machine", old, jget(old, "metadata.ownerReferences"));
	owners = json_pack("[{s:s, s:s, s:s, s:s}]", "apiVersion",
	    jstr(machine, "apiVersion"), "kind", "Machine", "name", name, "uid",
	    jstr(machine, "metadata.uid"));
	make_at_source(
	    "MaasMachine", store_get(target, "MaasMachine", "n", name), owners);
	json_decref(owners);
}

static bool knows_its_machine(void *ctx, const json_t *obj)
{
	(void)ctx;
	EXPECT(*jstr(obj, "spec.systemID"));
	return true;
}

TEST(what_is_made_again_while_others_are_deleted_never_replaces_its_copy)
{
	open_move(true);
	reborn = false;
	store_watch_add(source, make_again, NULL);
	start_move();
	while (one_step())
		;
	EXPECT(reborn);
	EXPECT_INT(outcome.kind, ERR_NONE);
	EXPECT_INT(held(source), 0);
	store_each(target, "MaasMachine", "n", NULL, knows_its_machine, NULL);
	close_move();
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
	open_move(true);
	put_back = 0;
	store_watch_add(source, put_finalizer_back, NULL);
	start_move();
	while (one_step())
		;
	EXPECT(put_back > 0);
	check_moved("put back", 0);
	close_move();
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
	open_move(true);
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
	close_move();
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
	open_move(true);
	set_status("Machine", "c1-cp-0", doc("{'status':{'nodeRef':null}}"));
	expect_not_begun(ERR_CONFLICT, "Machine c1-cp-0 has no node yet");
	close_move();
}

TEST(a_target_that_holds_another_cluster_of_that_name_is_left_alone)
{
	open_move(true);
	make_namespace(target, "n");
	put_in(target, "n",
	    doc("{'kind':'Cluster','metadata':{'name':'c1'},'spec':{}}"));
	expect_not_begun(ERR_REFUSED, "the target already holds a Cluster c1 "
	                              "that is not of this move");
	close_move();
}

TEST(no_cluster_is_no_success)
{
	open_move(true);
	from = to;
	start_move();
	while (one_step())
		;
	EXPECT_INT(outcome.kind, ERR_GONE);
	EXPECT_STR(outcome.text, "there is no Cluster n/c1 at the source");
	close_move();
}

TEST(a_phase_that_cannot_be_stored_does_not_begin)
{
	open_move(true);
	store_fails = true;
	expect_not_begun(
	    ERR_STORAGE, "phase \"check\" of the move was not stored");
	close_move();
}

static void cut_the_road(enum move_phase phase)
{
	if (phase == MOVE_CREATE)
		road = ROUTE_REFUSED;
}

TEST(a_target_that_cannot_be_reached_is_tried_again_later)
{
	open_move(true);
	on_phase = cut_the_road;
	run_move();
	EXPECT_INT(stored, MOVE_CREATE);
	EXPECT_INT(outcome.kind, ERR_UNREACHED);
	EXPECT(holds_all(source));
	road = ROUTE_OPEN;
	on_phase = NULL;
	run_move();
	check_moved("second attempt", 0);
	close_move();
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
	open_move(true);
	site_hook = fail_sixth_create;
	run_move();
	EXPECT_INT(outcome.kind, ERR_LOST);
	EXPECT(holds_all(source));
	run_move();
	check_moved("second attempt", 0);
	close_move();
}

/* Which lists did the server answer, and which did it refuse? */
static unsigned lists, refused;
static unsigned refuse_each;

static bool refuse_lists(struct exchange *exchange)
{
	struct http_response response = { 0 };

	if (strcmp(exchange->request->method, "GET") != 0 ||
	    strstr(exchange->request->target, "/c1") || ++lists % refuse_each)
		return false;
	refused++;
	http_response_text(&response, 503, "text/plain", "not now");
	exchange_reply(exchange, &response);
	return true;
}

static unsigned lists_of_a_move(bool to_far, unsigned refuse)
{
	lists = refused = 0;
	refuse_each = refuse;
	open_move(to_far);
	site_hook = refuse_lists;
	run_move();
	check_moved("with lists refused", (int)refuse);
	close_move();
	return lists - refused;
}

TEST(a_list_that_fails_is_asked_for_again_and_no_other)
{
	for (int to_far = 0; to_far < 2; to_far++) {
		unsigned all = lists_of_a_move(to_far, UINT_MAX);

		EXPECT(all > 10);
		EXPECT_INT(lists_of_a_move(to_far, 3), all);
		EXPECT(refused > 3);
		EXPECT_INT(lists_of_a_move(to_far, 2), all);
		EXPECT(refused > 10);
	}
}

static bool refuse_all_but_five(struct exchange *exchange)
{
	struct http_response response = { 0 };

	if (strcmp(exchange->request->method, "GET") != 0 || ++lists <= 5)
		return false;
	http_response_text(&response, 503, "text/plain", "not now");
	exchange_reply(exchange, &response);
	return true;
}

TEST(a_server_that_answers_no_list_any_more_ends_the_attempt)
{
	lists = 0;
	open_move(false);
	site_hook = refuse_all_but_five;
	run_move();
	EXPECT(ended);
	EXPECT_INT(outcome.kind, ERR_LOST);
	EXPECT_INT(lists, 5 + 1 + MOVE_LIST_AGAIN);
	EXPECT(is_unpaused(source));
	close_move();
}

TESTS_BEGIN
CASE(a_cluster_moves_from_near_to_far), CASE(a_cluster_moves_from_far_to_near),
    CASE(one_wrong_object_at_the_target_stops_it_with_both_copies_intact),
    CASE(one_wrong_owner_at_the_target_stops_it_with_both_copies_intact),
    CASE(what_changes_at_the_source_after_it_was_copied_is_copied_again),
    CASE(what_changes_while_others_are_deleted_is_copied_again_before_it_goes),
    CASE(what_is_made_again_while_others_are_deleted_never_replaces_its_copy),
    CASE(a_finalizer_that_is_put_back_does_not_hold_an_object_at_the_source),
    CASE(a_deletion_just_before_the_pause_finishes_first),
    CASE(a_machine_without_a_node_is_waited_for),
    CASE(a_target_that_holds_another_cluster_of_that_name_is_left_alone),
    CASE(no_cluster_is_no_success),
    CASE(a_phase_that_cannot_be_stored_does_not_begin),
    CASE(a_target_that_cannot_be_reached_is_tried_again_later),
    CASE(a_target_that_fails_in_the_middle_leaves_both_copies_and_it_goes_on),
    CASE(a_list_that_fails_is_asked_for_again_and_no_other),
    CASE(a_server_that_answers_no_list_any_more_ends_the_attempt), TESTS_END

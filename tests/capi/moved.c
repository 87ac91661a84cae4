#include "tests/capi/moved.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "capi/move_inside.h"

/* ---- a cluster of which every kind has one ---- */

struct original {
	char kind[40], name[60], digest[65];
};
static struct original originals[64];
size_t original_count;

struct store *source, *target;
struct kube *from, *to;

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

void set_status(const char *kind, const char *name, json_t *status)
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

struct move *moving;
enum move_phase stored;
bool ended, store_fails;
struct err outcome;
void (*on_phase)(enum move_phase phase);

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
	return !store_fails;
}

static void over(void *ctx, const struct err *err)
{
	(void)ctx;
	ended = true;
	outcome = err ? *err : (struct err){ 0 };
	move_stop(&moving);
}

void start_move(void)
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

void set_sides(bool to_far)
{
	source = to_far ? near_store : far;
	target = to_far ? far : near_store;
	from = to_far ? near_kube : far_kube;
	to = to_far ? far_kube : near_kube;
}

void fill_source(bool to_far)
{
	set_sides(to_far);
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

void open_move(bool to_far)
{
	site_open();
	fill_source(to_far);
}

void close_move(void)
{
	move_stop(&moving);
	site_close();
}

/* ---- the invariants (I1 to I11, as far as objects can show them) ---- */

bool holds_all(const struct store *store)
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

size_t held(const struct store *store)
{
	size_t count = 0;

	for (size_t i = 0; i < original_count; i++)
		count += store_get(store, originals[i].kind, "n",
		             originals[i].name) != NULL;
	return count;
}

bool is_unpaused(const struct store *store)
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

void check_invariants(const char *when, int step)
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

void check_moved(const char *when, int step)
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
bool one_step(void)
{
	return !ended && loop_step(loop) && !ended;
}

void run_move_watched(bool closely)
{
	start_move();
	while (one_step())
		if (closely)
			check_invariants("step", 0);
	EXPECT(ended);
}

void run_move(void)
{
	run_move_watched(true);
}

#include "tests/capi/opening.h"

#include "base/json.h"

void begun(size_t machines)
{
	yard_open(machines);
	yard_create_cluster();
	yard_start_manager();
}

void a_running_cluster(size_t machines)
{
	begun(machines);
	EXPECT(yard_until(yard_cluster_runs, MINUTES(30)));
	yard_run_for(MINUTES(2));
}

bool two_workers(void)
{
	return jint(yard_object("MachineDeployment", "web-workers"),
	           "status.readyReplicas") == 2;
}

void fate(const char *op, enum yard_fate what, unsigned times)
{
	yard.fate_op = op;
	yard.fate = what;
	yard.times = times;
}

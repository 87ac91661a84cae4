/* A manager that does nothing, until capi/manager.c is there. */
#include "capi/manager.h"

#include "base/buf.h"

struct manager {
	struct host *host;
};

struct manager *manager_new(struct host *host, struct kube *kube,
    const struct manager_options *options, struct err *err)
{
	struct manager *manager = xcalloc(1, sizeof(*manager));

	(void)kube, (void)options, (void)err;
	manager->host = host;
	return manager;
}

void manager_free(struct manager **manager)
{
	free(*manager);
	*manager = NULL;
}

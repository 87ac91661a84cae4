/* PUT /machines/{system_id}/: what can be changed about a machine by hand.
 * Who names a field that is not modelled here is refused with 501, and no
 * change is made; names that MAAS does not know are ignored, as it does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/ask.h"

static const char *const not_modelled[] = { "hostname", "domain",
	"architecture", "min_hwe_kernel", "power_type", "power_parameters",
	"disable_ipv4", "address_ttl" };

/* Bytes, or "1G", "512M", "4K": powers of ten, as MAAS reads them. */
static bool read_size(const char *text, int64_t *size)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	int64_t factor = 1;

	errno = 0;
	*size = strtoll(text, &end, 10);
	if (end == text || errno || *size < 0)
		return false;
	if (!*end)
		return true;
	unit = strchr(units, *end);
	if (!unit || end[1])
		return false;
	for (const char *u = units; u <= unit; u++)
		factor *= 1000;
	return !__builtin_mul_overflow(*size, factor, size);
}

static void check_fields(struct ask *ask, json_t *errors)
{
	static const char choice[] = "Select a valid choice. That choice is "
	                             "not one of the available choices.";
	const char *zone = maas_field(ask, "zone");
	const char *pool = maas_field(ask, "pool");
	const char *swap = maas_field(ask, "swap_size");
	int64_t size;

	if (zone && !maas_zone_find(ask->maas, zone))
		maas_error(errors, "zone", "%s", choice);
	if (pool && !maas_pool_find(ask->maas, pool))
		maas_error(errors, "pool", "%s", choice);
	if (swap && *swap && !read_size(swap, &size))
		maas_error(
		    errors, "swap_size", "Invalid size for swap: %s", swap);
}

static void take_numbers(struct ask *ask, struct node *node)
{
	const char *swap = maas_field(ask, "swap_size");
	const char *cpus = maas_field(ask, "cpu_count");
	const char *memory = maas_field(ask, "memory");

	if (swap && *swap)
		check(read_size(swap, &node->swap_size));
	if (cpus && atoi(cpus) > 0)
		node->cpu_count = atoi(cpus);
	if (memory && atoi(memory) > 0)
		node->memory = atoi(memory);
}

void maas_op_machine_update(struct ask *ask)
{
	struct node *node = maas_ask_admin(ask, "Machine");
	json_t *errors;

	if (!node)
		return;
	for (size_t i = 0; i < sizeof(not_modelled) / sizeof(not_modelled[0]);
	     i++)
		if (maas_field(ask, not_modelled[i])) {
			maas_refuse(ask, 501,
			    "This simulated MAAS does not model a change of "
			    "the %s of a machine.",
			    not_modelled[i]);
			return;
		}
	errors = json_object();
	check_fields(ask, errors);
	if (!maas_fine(ask, errors))
		return;
	take_numbers(ask, node);
	if (maas_field(ask, "description")) {
		free(node->description);
		node->description = xstrdup(maas_field(ask, "description"));
	}
	if (maas_field(ask, "zone"))
		node->zone = maas_zone_find(ask->maas, maas_field(ask, "zone"));
	if (maas_field(ask, "pool"))
		node->pool = maas_pool_find(ask->maas, maas_field(ask, "pool"));
	maas_node_touch(node);
	maas_answer(ask, maas_node_json(node));
}

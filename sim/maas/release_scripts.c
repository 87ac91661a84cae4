#include "sim/maas/release.h"

#include <string.h>

#include "sim/maas/ask.h"
#include "sim/maas/machine_states.h"
#include "sim/maas/node.h"
#include "sim/maas/node_events.h"
#include "sim/maas/power.h"
#include "sim/maas/results.h"
#include "sim/maas/scripts.h"
#include "sim/maas/tasks.h"

#define WIPE "wipe-disks"

void maas_release_wish_free(struct release_wish *wish)
{
	maas_names_free(&wish->scripts);
}

/* ---- what is wanted ---- */

/* Up to 3.4 they are parameters, and have to be truth values. */
static bool read_flags(struct ask *ask, struct release_wish *wish)
{
	const struct form *form = &ask->body.form;
	bool force;

	return maas_flag(ask, form, "erase", false, &wish->erase) &&
	       maas_flag(ask, form, "secure_erase", false, &wish->secure) &&
	       maas_flag(ask, form, "quick_erase", false, &wish->quick) &&
	       maas_flag(ask, form, "force", false, &force);
}

/* Those that the words mean; erasing is no longer one of them then. */
static void choose_scripts(struct ask *ask, struct release_wish *wish)
{
	struct names words = { 0 }, meant = { 0 };

	maas_names_split(&words, maas_field(ask, "scripts"), ",");
	if (!maas_names_have(&words, "none"))
		maas_scripts_meant(ask->maas, SCRIPT_RELEASE, &words, &meant);
	for (size_t i = 0; i < meant.count; i++) {
		if (strcmp(meant.items[i], WIPE) == 0)
			wish->erase = true;
		else
			maas_names_add(&wish->scripts, meant.items[i]);
	}
	maas_names_free(&words);
	maas_names_free(&meant);
}

/* Later they are the boxes of a form, in which anything is a tick. */
static bool read_form(
    struct ask *ask, const struct node *node, struct release_wish *wish)
{
	json_t *errors = json_object();

	maas_scripts_check(ask, "scripts", SCRIPT_RELEASE, true, errors);
	wish->erase = maas_ticked(ask, "erase");
	wish->secure = maas_ticked(ask, "secure_erase") ||
	               maas_ticked(ask, WIPE "_secure_erase");
	wish->quick = maas_ticked(ask, "quick_erase") ||
	              maas_ticked(ask, WIPE "_quick_erase");
	choose_scripts(ask, wish);
	if (wish->erase && node->is_dpu && ask->maas->version >= 307)
		maas_error(errors, "__all__",
		    "Disk erasing is not supported for DPUs.");
	return maas_fine(ask, errors);
}

void maas_release_settings(const struct maas *maas, struct release_wish *wish)
{
	wish->erase |= maas_config_bool(maas, "enable_disk_erasing_on_release");
	wish->quick |= maas_config_bool(maas, "disk_erase_with_quick_erase");
	wish->secure |= maas_config_bool(maas, "disk_erase_with_secure_erase");
}

bool maas_release_read(
    struct ask *ask, const struct node *node, struct release_wish *wish)
{
	bool read = ask->maas->version >= 305 ? read_form(ask, node, wish)
	                                      : read_flags(ask, wish);

	maas_release_settings(ask->maas, wish);
	return read;
}

/* ---- running them ---- */

void maas_release_scripts_start(struct node *node, struct user *user,
    const char *comment, const struct release_wish *wish)
{
	struct names names = { 0 };

	for (size_t i = 0; i < wish->scripts.count; i++)
		maas_names_add(&names, wish->scripts.items[i]);
	if (wish->erase)
		maas_names_add(&names, WIPE);
	maas_event_by(node, "User releasing node", user, comment);
	node->acted = user;
	node->release = maas_results_start_names(node, RESULT_RELEASE, &names);
	node->runs_release = true;
	node->wipes = wish->erase;
	node->quick_erase = wish->quick;
	node->secure_erase = wish->secure;
	maas_names_free(&names);
	maas_node_enter(node, NODE_RELEASING);
	maas_event(node, EVENT_INFO, "Releasing", NULL, "%s", "");
	maas_power_set(node, true);
}

void maas_release_scripts_over(struct node *node, bool ok)
{
	if (!node->runs_release)
		return;
	node->runs_release = node->wipes = false;
	maas_results_all(node->release, ok ? 2 : 3);
	if (ok)
		maas_node_release(node, node->owner, NULL);
	else
		maas_node_fail(node, NODE_FAILED_RELEASING,
		    "Failed to run the release scripts.");
}

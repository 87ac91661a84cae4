/*
 * acts: the functions behind the rows of the verb table.
 *
 * False and *err when the act makes no sense at that moment (a crash of what
 * does not run): then the scenario is wrong, and its run fails.
 */
#ifndef HARNESS_ACTS_H
#define HARNESS_ACTS_H

#include "harness/world.h"

typedef bool act_fn(
    struct world *world, const struct step *step, struct err *err);

act_fn enact_create, enact_delete, enact_force_delete, enact_migrate;
act_fn enact_scale_workers, enact_scale_control_planes;
act_fn enact_validate, enact_update_key, enact_renew_code,
    enact_add_certificate;
act_fn enact_crash, enact_lose_power, enact_start, enact_restart;
act_fn enact_ahead, enact_behind, enact_full_disk, enact_roomy_disk;
act_fn enact_cut, enact_heal, enact_right_credentials, enact_down, enact_up;
act_fn enact_new_certificate, enact_other_certificate, enact_old_certificate;
act_fn enact_outside; /* outside.c: around a MAAS */
act_fn enact_forget_sessions, enact_change_credentials;
act_fn enact_lose_worker, enact_lose_control_plane, enact_return_machines;
act_fn enact_kill_program, enact_unplug_worker, enact_plug_in;

#endif

#include "sim/maas/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void maas_op_blockdevices_list(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");

	if (node)
		maas_answer(ask, maas_drives_json(node, DRIVES_ALL, true));
}

void maas_op_blockdevices_read(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");
	struct drive *drive;

	if (!node)
		return;
	drive = maas_drive_named(node, ask->args[1]);
	if (drive)
		maas_answer(ask, maas_drive_json(drive));
	else
		maas_answer_missing(ask, "BlockDevice");
}

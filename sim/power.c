#include "sim/power.h"

#include "base/check.h"

const char *boot_task_name(enum boot_task task)
{
	switch (task) {
	case BOOT_LOCAL:
		return "local";
	case BOOT_COMMISSION:
		return "commission";
	case BOOT_INSTALL:
		return "install";
	case BOOT_ERASE:
		return "erase";
	case BOOT_RESCUE:
		return "rescue";
	case BOOT_TEST:
		return "test";
	case BOOT_NOTHING:
		return "nothing";
	}
	unreachable("a boot task without a name");
}

#include "sim/maas/ask.h"

#include "base/check.h"

void maas_op_version(struct ask *ask)
{
	static const char *const full[] = { "3.4.10", "3.5.10", "3.6.5",
		"3.7.3" };
	int minor = ask->maas->version - 304;

	check(minor >= 0 && minor < 4);
	maas_answer_compact(ask,
	    json_pack("{s:[sssssssss], s:s, s:s}", "capabilities",
	        "networks-management", "static-ipaddresses",
	        "ipv6-deployment-ubuntu", "devices-management",
	        "storage-deployment-ubuntu", "network-deployment-ubuntu",
	        "bridging-interface-ubuntu", "bridging-automatic-ubuntu",
	        "authenticate-api", "version", full[minor], "subversion", ""));
}

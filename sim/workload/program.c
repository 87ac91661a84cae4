#include "sim/workload/program.h"

#include <string.h>

static const struct program *const programs[] = {
	&agent_program,
	&capi_service_program,
};

const struct program *program_of_image(const char *image)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *name = programs[i]->image;

		if (strncmp(image, name, strlen(name)) == 0)
			return programs[i];
	}
	return NULL;
}

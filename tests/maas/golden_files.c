#include "tests/maas/golden_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

const char *golden_directory(void)
{
	static const char *const candidates[] = { SOURCE_ROOT
		"/../shared/golden/maas",
		SOURCE_ROOT "/../../shared/golden/maas" };
	const char *wanted = getenv("PCGSIM_GOLDEN_MAAS");

	if (wanted)
		return wanted;
	for (size_t i = 0; i < 2; i++) {
		DIR *dir = opendir(candidates[i]);

		if (dir) {
			closedir(dir);
			return candidates[i];
		}
	}
	return NULL;
}

json_t *golden_load(const char *directory, const char *name)
{
	char path[512];
	json_error_t error;
	json_t *json;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	json = json_load_file(path, JSON_ALLOW_NUL, &error);
	if (!json)
		printf("%s:%d: %s\n", path, error.line, error.text);
	return json;
}

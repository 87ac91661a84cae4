#include "sim/maas/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/maas/images.h"
#include "sim/maas/region.h"

/* ---- how new ---- */

static const struct release {
	const char *series;
	int year, month;
} releases[] = {
	{ "precise", 12, 4 },
	{ "quantal", 12, 10 },
	{ "raring", 13, 4 },
	{ "saucy", 13, 10 },
	{ "trusty", 14, 4 },
	{ "utopic", 14, 10 },
	{ "vivid", 15, 4 },
	{ "wily", 15, 10 },
	{ "xenial", 16, 4 },
	{ "yakkety", 16, 10 },
	{ "zesty", 17, 4 },
	{ "artful", 17, 10 },
	{ "bionic", 18, 4 },
	{ "cosmic", 18, 10 },
	{ "disco", 19, 4 },
	{ "eoan", 19, 10 },
	{ "focal", 20, 4 },
	{ "groovy", 20, 10 },
	{ "hirsute", 21, 4 },
	{ "impish", 21, 10 },
	{ "jammy", 22, 4 },
	{ "kinetic", 22, 10 },
	{ "lunar", 23, 4 },
	{ "mantic", 23, 10 },
	{ "noble", 24, 4 },
	{ "oracular", 24, 10 },
	{ "plucky", 25, 4 },
	{ "questing", 25, 10 },
};
#define RELEASE_COUNT (sizeof(releases) / sizeof(releases[0]))

/* "jammy", "j" or "22.04"; NULL: no release is called so. */
static const struct release *release_of(const char *word, size_t len)
{
	for (size_t i = 0; i < RELEASE_COUNT && len; i++) {
		char version[16];

		snprintf(version, sizeof(version), "%d.%02d", releases[i].year,
		    releases[i].month);
		if (strncmp(releases[i].series, word, len) == 0 ||
		    (strlen(version) == len &&
		        strncmp(version, word, len) == 0))
			return &releases[i];
	}
	return NULL;
}

enum channel {
	NO_CHANNEL,
	GA,
	HWE,
	HWE_EDGE
};

/* [platform-]ga-22.04[-flavour], [platform-]hwe[-edge]-22.04[-flavour] */
static enum channel channel_of(const char *kernel, const char **release)
{
	for (const char *at = kernel; at; at = strchr(at, '-')) {
		size_t len;

		at += at != kernel;
		len = strcspn(at, "-");
		*release = at + len + (at[len] == '-');
		if (len == 2 && strncmp(at, "ga", 2) == 0)
			return GA;
		if (len != 3 || strncmp(at, "hwe", 3) != 0)
			continue;
		if (strncmp(*release, "edge-", 5) != 0)
			return HWE;
		*release += 5;
		return HWE_EDGE;
	}
	return NO_CHANNEL;
}

/* The higher, the newer: first the release, then how it came. A release is
 * older than its kernels, and those with a letter than those with a number. */
static int64_t age_of(const char *kernel)
{
	static const int64_t channels[] = { 0, 0, 10000, 100000 };
	const char *word = kernel;
	enum channel channel = channel_of(kernel, &word);
	size_t len = strcspn(word, "-");
	const struct release *release = release_of(word, len);
	int64_t weight = 0;

	if (channel != NO_CHANNEL && len > 1)
		weight = channels[channel] + 100;
	else if (channel != NO_CHANNEL)
		weight = 1;
	if (word[len])
		weight += 10; /* a flavour */
	return release
	           ? (release->year * INT64_C(100) + release->month) * 1000000 +
	                 weight
	           : weight;
}

static bool is_newer(const char *kernel, const char *than)
{
	return age_of(kernel) >= age_of(than);
}

static bool is_kernel(const char *word)
{
	const char *release;

	return word && channel_of(word, &release) != NO_CHANNEL;
}

char *maas_kernel_usual(const char *series)
{
	const struct release *release = release_of(series, strlen(series));

	if (!release)
		return NULL;
	return xasprintf("ga-%d.%02d", release->year, release->month);
}

/* ---- those there are ---- */

static int by_age(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	int64_t one = age_of(*x), other = age_of(*y);

	return one == other ? strcmp(*x, *y) : one < other ? -1 : 1;
}

/* Of the images of that system, for that kind of processor. */
static struct names kernels_of(
    const struct maas *maas, const char *system, const char *architecture)
{
	size_t kind = strcspn(architecture, "/");
	struct names kernels = { 0 };
	struct image *image;

	list_for_each (image, &maas->images) {
		const char *slash = strchr(image->architecture, '/');

		if (slash && is_kernel(slash + 1) &&
		    maas_image_is_complete(image) &&
		    strncmp(image->name, system, strlen(system)) == 0 &&
		    strncmp(image->architecture, architecture, kind) == 0)
			maas_names_add(&kernels, slash + 1);
	}
	if (kernels.count)
		qsort(kernels.items, kernels.count, sizeof(kernels.items[0]),
		    by_age);
	return kernels;
}

bool maas_kernel_is_met(const struct maas *maas, const char *least)
{
	struct names levels = kernels_of(maas, "", "");
	struct image *image;
	bool met;

	list_for_each (image, &maas->images)
		if (maas_image_is_complete(image) && strchr(image->name, '/'))
			maas_names_split(&levels, image->subarches, ",");
	met = is_kernel(least) && maas_names_have(&levels, least);
	maas_names_free(&levels);
	return met;
}

/* ---- one of them ---- */

static char *pick_asked(const struct kernel_wish *wish, const char *system,
    const struct names *kernels, struct err *err)
{
	if (!maas_names_have(kernels, wish->asked))
		err_set(err, ERR_REFUSED, "%s is not available for %s on %s.",
		    wish->asked, system, wish->architecture);
	else if (!is_newer(wish->asked, strchr(system, '/') + 1))
		err_set(err, ERR_REFUSED, "%s is too old to use on %s.",
		    wish->asked, system);
	else if (is_kernel(wish->least) && !is_newer(wish->asked, wish->least))
		err_set(err, ERR_REFUSED,
		    "chosen kernel (%s) is older than minimal kernel required "
		    "by the machine (%s).",
		    wish->asked, wish->least);
	else
		return xstrdup(wish->asked);
	return NULL;
}

static char *pick_first(const struct kernel_wish *wish, const char *system,
    const struct names *kernels, struct err *err)
{
	const char *series = strchr(system, '/') + 1;
	bool limited = is_kernel(wish->least);

	for (size_t i = 0; i < kernels->count; i++)
		if (is_newer(kernels->items[i], series) &&
		    (!limited || is_newer(kernels->items[i], wish->least)))
			return xstrdup(kernels->items[i]);
	if (limited)
		err_set(err, ERR_REFUSED,
		    "%s has no kernels available which meet "
		    "min_hwe_kernel(%s).",
		    series, wish->least);
	else
		err_set(
		    err, ERR_REFUSED, "%s has no kernels available.", series);
	return NULL;
}

/* Another system is installed from the Ubuntu that commissions. */
char *maas_kernel_pick(
    const struct maas *maas, const struct kernel_wish *wish, struct err *err)
{
	bool ubuntu = strcmp(wish->os, "ubuntu") == 0;
	char *system = xasprintf("ubuntu/%s",
	    ubuntu ? wish->series
	           : maas_config_text(maas, "commissioning_distro_series"));
	struct names kernels = kernels_of(maas, system, wish->architecture);
	char *kernel;

	if (is_kernel(wish->asked))
		kernel = pick_asked(wish, system, &kernels, err);
	else if (kernels.count)
		kernel = pick_first(wish, system, &kernels, err);
	else /* a region here may be without the images to commission with */
		kernel = maas_kernel_usual(strchr(system, '/') + 1);
	maas_names_free(&kernels);
	free(system);
	return kernel;
}

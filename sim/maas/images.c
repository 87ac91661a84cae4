#include "sim/maas/images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "sim/maas/ask.h"
#include "sim/maas/kernels.h"

static char *usual_architecture(const char *name)
{
	const char *slash = strchr(name, '/');
	char *kernel = slash ? maas_kernel_usual(slash + 1) : NULL;
	char *architecture = xasprintf(
	    "amd64/%s", kernel ? kernel : "ga-22.04");

	free(kernel);
	return architecture;
}

struct image *maas_image_make(
    struct maas *maas, const char *name, const char *architecture)
{
	struct image *image = xcalloc(1, sizeof(*image));
	bool custom = strncmp(name, "custom/", 7) == 0;

	image->type = xstrdup(custom ? "Uploaded" : "Synced");
	image->name = xstrdup(custom ? name + 7 : name);
	image->architecture = architecture ? xstrdup(architecture)
	                                   : usual_architecture(name);
	image->subarches = xstrdup("generic");
	image->label = xstrdup(custom ? "uploaded" : "stable");
	maas_list_add(&maas->images, image);
	return image;
}

void maas_image_free(struct image *image)
{
	struct image_file *file;

	list_for_each (file, &image->files) {
		free(file->name);
		free(file->filetype);
		free(file->sha256);
		buf_free(&file->content);
		free(file);
	}
	maas_list_clear(&image->files);
	free(image->type);
	free(image->name);
	free(image->architecture);
	free(image->subarches);
	free(image->title);
	free(image->base_image);
	free(image->version);
	free(image->label);
	json_decref(image->extra);
	free(image);
}

/* ---- which system a series means ---- */

bool maas_image_is_complete(const struct image *image)
{
	struct image_file *file;

	list_for_each (file, &image->files) {
		if (file->received < file->size)
			return false;
	}
	return true;
}

/* What stands before the slash, and behind it; uploads may have none. */
static void split_name(const struct image *image, char os[64], char release[64])
{
	const char *slash = strchr(image->name, '/');

	snprintf(os, 64, "%.*s", slash ? (int)(slash - image->name) : 6,
	    slash ? image->name : "custom");
	snprintf(release, 64, "%s", slash ? slash + 1 : image->name);
}

/* Later ones know a release by its number, too. */
static bool is_called(
    const struct maas *maas, const char *release, const char *word)
{
	char *kernel;
	bool is;

	if (strcmp(release, word) == 0)
		return true;
	if (maas->version < 306)
		return false;
	kernel = maas_kernel_usual(release);
	is = kernel && strcmp(kernel + strlen("ga-"), word) == 0;
	free(kernel);
	return is;
}

/* "ubuntu" is its newest release, and "centos7" the newest that begins so; of
 * Ubuntu's releases no part is enough. */
static bool is_short_for(const char *os, const char *release, const char *word)
{
	return strcmp(os, word) == 0 ||
	       (strcmp(os, "ubuntu") != 0 &&
	           strncmp(release, word, strlen(word)) == 0);
}

bool maas_image_resolve(
    const struct maas *maas, const char *series, char os[64], char release[64])
{
	const char *word =
	    *series ? series : maas_config_text(maas, "default_distro_series");
	const char *slash = strchr(word, '/');
	size_t len = slash ? (size_t)(slash - word) : 0;
	struct image *image;
	char system[64], name[64];
	bool found = false;

	if (slash)
		word = slash + 1;
	list_for_each (image, &maas->images) {
		split_name(image, system, name);
		if (!maas_image_is_complete(image) ||
		    (len && (strlen(system) != len ||
		                strncmp(system, slash - len, len) != 0)))
			continue;
		if (is_called(maas, name, word)) {
			strcpy(os, system);
			strcpy(release, name);
			return true;
		}
		if (!is_short_for(system, name, word) ||
		    (found && strcmp(name, release) <= 0))
			continue;
		strcpy(os, system);
		strcpy(release, name);
		found = true;
	}
	return found;
}

bool maas_image_fits(const struct maas *maas, const char *os,
    const char *release, const char *architecture)
{
	struct image *image;
	char system[64], name[64];

	list_for_each (image, &maas->images) {
		size_t len = strcspn(image->architecture, "/");

		split_name(image, system, name);
		if (maas_image_is_complete(image) && strcmp(system, os) == 0 &&
		    strcmp(name, release) == 0 &&
		    strcspn(architecture, "/") == len &&
		    strncmp(image->architecture, architecture, len) == 0)
			return true;
	}
	return false;
}

static bool file_in_memory(const char *filetype, bool synced)
{
	return synced ? strcmp(filetype, "squashfs") == 0
	              : strcmp(filetype, "root-tgz") == 0 ||
	                    strcmp(filetype, "root-txz") == 0;
}

/* What of an image a machine is installed with. */
static bool is_system(const struct image_file *file)
{
	return strncmp(file->filetype, "root-", 5) == 0 ||
	       strcmp(file->filetype, "squashfs") == 0;
}

/* Without files: of a mirror only Ubuntu has what it takes. */
static bool image_in_memory(const struct image *image, const char *os)
{
	bool synced = strcmp(image->type, "Synced") == 0;
	struct image_file *file;

	list_for_each (file, &image->files) {
		if (is_system(file))
			return file_in_memory(file->filetype, synced);
	}
	return !synced || strcmp(os, "ubuntu") == 0;
}

bool maas_image_fits_memory(
    const struct maas *maas, const char *os, const char *release)
{
	struct image *image;
	char system[64], name[64];

	list_for_each (image, &maas->images) {
		split_name(image, system, name);
		if (strcmp(system, os) == 0 && strcmp(name, release) == 0 &&
		    maas_image_is_complete(image))
			return image_in_memory(image, os);
	}
	return false;
}

void maas_architectures(const struct maas *maas, struct names *names)
{
	struct image *image;

	maas_names_add(names, "amd64/generic");
	list_for_each (image, &maas->images) {
		char *name = xasprintf("%.*s/generic",
		    (int)strcspn(image->architecture, "/"),
		    image->architecture);

		if (maas_image_is_complete(image) && strchr(image->name, '/'))
			maas_names_add(names, name);
		free(name);
	}
}

char *maas_image_choices(const struct maas *maas)
{
	struct buf text = BUF_INIT;
	struct names seen = { 0 };
	struct image *image;

	buf_adds(&text, "''");
	list_for_each (image, &maas->images) {
		char *name = strchr(image->name, '/')
		                 ? xstrdup(image->name)
		                 : xasprintf("custom/%s", image->name);

		if (maas_image_is_complete(image))
			maas_names_add(&seen, name);
		free(name);
	}
	if (seen.count)
		qsort(seen.items, seen.count, sizeof(*seen.items),
		    maas_text_order);
	for (size_t i = 0; i < seen.count; i++)
		buf_addf(&text, ", '%s'", seen.items[i]);
	maas_names_free(&seen);
	return buf_detach(&text);
}

char *maas_image_words(const struct maas *maas, const char *os)
{
	struct buf text = BUF_INIT;
	struct names seen = { 0 };
	struct image *image;

	list_for_each (image, &maas->images) {
		const char *slash = strchr(image->name, '/');
		char *system = slash ? xstrndup(image->name,
		                           (size_t)(slash - image->name))
		                     : xstrdup("custom");

		if (maas_image_is_complete(image) && !os)
			maas_names_add(&seen, system);
		else if (maas_image_is_complete(image) &&
		         strcmp(system, os) == 0)
			maas_names_add(&seen, slash ? slash + 1 : image->name);
		free(system);
	}
	if (seen.count)
		qsort(seen.items, seen.count, sizeof(*seen.items),
		    maas_text_order);
	for (size_t i = 0; i < seen.count; i++)
		buf_addf(&text, "%s%s", i ? " " : "", seen.items[i]);
	maas_names_free(&seen);
	return text.data ? buf_detach(&text) : xstrdup("");
}

/* ---- boot-resources/ ---- */

json_t *maas_image_json(const struct maas *maas, const struct image *image)
{
	char *uri = xasprintf(
	    "/MAAS/api/2.0/boot-resources/%lld/", (long long)image->id);
	char time[32];
	json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "id",
	    (json_int_t)image->id, "type", image->type, "name", image->name,
	    "architecture", image->architecture, "resource_uri", uri,
	    "subarches", image->subarches);

	time_text_ms(image->deployed_time, time);
	time[strcspn(time, "Z")] = '\0';
	json_object_set_new(json, "last_deployed",
	    image->deployed_time ? json_string(time) : json_null());
	if (image->title)
		jsets(json, "title", image->title);
	if (image->base_image && maas->version >= 305)
		jsets(json, "base_image", image->base_image);
	if (image->extra)
		json_object_update(json, image->extra);
	free(uri);
	return json;
}

static int image_order(const void *a, const void *b)
{
	const struct image *const *x = a, *const *y = b;
	int order = strcmp((*x)->type, (*y)->type);

	if (!order)
		order = strcmp((*x)->name, (*y)->name);
	return order ? order : strcmp((*x)->architecture, (*y)->architecture);
}

void maas_op_boot_resources_list(struct ask *ask)
{
	const char *type = maas_query(ask, "type");
	struct list *images = &ask->maas->images;
	struct image **sorted = xcalloc(images->count + 1, sizeof(*sorted));
	json_t *list = json_array();
	size_t count = 0;

	if (type && strcmp(type, "synced") != 0 &&
	    strcmp(type, "uploaded") != 0 && strcmp(type, "all") != 0 &&
	    (ask->maas->version > 304 || strcmp(type, "generated") != 0)) {
		maas_refuse(ask, 400,
		    "'%s' is not a valid boot resource type. Available "
		    "types: ['synced', %s'uploaded']",
		    type, ask->maas->version == 304 ? "'generated', " : "");
		free(sorted);
		json_decref(list);
		return;
	}
	for (size_t i = 0; i < images->count; i++) {
		struct image *image = images->items[i];

		if (type && strcmp(type, "all") != 0 &&
		    strcasecmp(type, image->type) != 0)
			continue;
		sorted[count++] = image;
	}
	qsort(sorted, count, sizeof(*sorted), image_order);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
		    list, maas_image_json(ask->maas, sorted[i]));
	free(sorted);
	maas_answer(ask, list);
}

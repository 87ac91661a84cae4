#include "sim/maas/ask.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "sim/maas/images.h"

/* Images one by one: what is in them, new ones in pieces, and their end. An
 * upload is really received and really summed up; what it holds is nobody's
 * business. */

static const struct {
	const char *given, *type, *name;
} filetypes[] = {
	{ "tgz", "root-tgz", "root.tgz" },
	{ "tbz", "root-tbz", "root.tbz" },
	{ "txz", "root-txz", "root.txz" },
	{ "ddtgz", "root-dd", "root-dd" },
	{ "ddtbz", "root-dd.tbz", "root-dd.tbz" },
	{ "ddtxz", "root-dd.txz", "root-dd.txz" },
	{ "ddtar", "root-dd.tar", "root-dd.tar" },
	{ "ddbz2", "root-dd.bz2", "root-dd.bz2" },
	{ "ddgz", "root-dd.gz", "root-dd.gz" },
	{ "ddxz", "root-dd.xz", "root-dd.xz" },
	{ "ddraw", "root-dd.raw", "root-dd.raw" },
};
#define FILETYPE_COUNT (sizeof(filetypes) / sizeof(filetypes[0]))

static json_t *progress(const struct image_file *file)
{
	if (file->received == 0)
		return json_integer(0);
	return json_real(100.0 * (double)file->received / (double)file->size);
}

static json_t *file_json(const struct maas *maas, const struct image *image,
    const struct image_file *file)
{
	bool complete = file->received >= file->size;
	json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:b}", "filename",
	    file->name, "filetype", file->filetype, "sha256", file->sha256,
	    "size", (json_int_t)file->size, "complete", complete);
	char *uri;

	if (maas->version >= 305)
		json_object_set_new(json, "filename_on_disk",
		    json_stringn(file->sha256,
		        strlen(file->sha256) < 7 ? strlen(file->sha256) : 7));
	if (complete)
		return json;
	uri = xasprintf("/MAAS/api/2.0/boot-resources/%lld/upload/%lld/",
	    (long long)image->id, (long long)file->id);
	json_object_set_new(json, "progress", progress(file));
	jsets(json, "upload_uri", uri);
	free(uri);
	return json;
}

static json_t *full_json(const struct maas *maas, const struct image *image)
{
	json_t *json = maas_image_json(maas, image), *files = json_object();
	json_t *set, *sets = json_object();
	struct image_file *file, *waiting = NULL;
	int64_t size = 0;

	list_for_each (file, &image->files) {
		size += file->size;
		if (file->received < file->size)
			waiting = file;
		json_object_set_new(
		    files, file->name, file_json(maas, image, file));
	}
	set = json_pack("{s:s, s:s, s:I, s:b, s:o}", "version",
	    image->version ? image->version : "", "label", image->label, "size",
	    (json_int_t)size, "complete", waiting == NULL, "files", files);
	if (waiting)
		json_object_set_new(set, "progress", progress(waiting));
	if (image->version)
		json_object_set_new(sets, image->version, set);
	else
		json_decref(set);
	json_object_set_new(json, "sets", sets);
	return json;
}

static struct image *image_asked(struct ask *ask)
{
	struct image *image;
	int64_t id;

	if (!maas_id_asked(ask, &id))
		return NULL;
	image = maas_list_find(&ask->maas->images, id);
	if (!image)
		maas_answer_missing(ask, "BootResource");
	return image;
}

void maas_op_boot_resources_read(struct ask *ask)
{
	struct image *image = image_asked(ask);

	if (image)
		maas_answer(ask, full_json(ask->maas, image));
}

/* One that is not there is a fault of the handler, not a 404. */
void maas_op_boot_resources_delete(struct ask *ask)
{
	struct image *image;
	int64_t id;

	if (!maas_id_asked(ask, &id))
		return;
	image = maas_list_find(&ask->maas->images, id);
	if (!image) {
		maas_refuse(
		    ask, 500, "BootResource matching query does not exist.");
		return;
	}
	maas_list_remove(&ask->maas->images, image);
	maas_image_free(image);
	maas_answer_gone(ask);
}

/* ---- create ---- */

struct image_form {
	const char *name, *architecture, *sha256, *title, *base;
	size_t filetype;
	int64_t size;
	const struct body_file *content;
};

static void required(
    struct ask *ask, const char *field, json_t *errors, const char **value)
{
	*value = maas_field(ask, field);
	if (!*value || !**value)
		maas_error(errors, field, "This field is required.");
}

static void read_filetype(
    struct ask *ask, struct image_form *form, json_t *errors)
{
	const char *text = maas_field(ask, "filetype");

	if (!text || !*text)
		return;
	for (size_t i = 0; i < FILETYPE_COUNT; i++) {
		if (strcmp(filetypes[i].given, text) == 0) {
			form->filetype = i;
			return;
		}
	}
	maas_error(errors, "filetype",
	    "Select a valid choice. %s is not one of the available choices.",
	    text);
}

/* Systems that the region knows; their names are not for uploads. */
static const char *const systems[] = { "bootloader", "caringo", "centos",
	"custom", "esxi", "ol", "rhel", "suse", "ubuntu", "ubuntu-core",
	"windows" };

static bool is_system(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++)
		if (strlen(systems[i]) == len &&
		    memcmp(systems[i], word, len) == 0)
			return true;
	return false;
}

static bool is_reserved(const char *name)
{
	size_t digits;

	if (is_system(name, strlen(name)))
		return true;
	if (strncmp(name, "centos", 6) != 0)
		return false;
	digits = strspn(name + 6, "0123456789");
	return digits >= 1 && digits <= 2 && !name[6 + digits];
}

/* "x", "custom/x", or a system that is known and something of it. False: the
 * region stumbled, it can part a name in two only. */
static bool name_fine(struct ask *ask, const char *name, json_t *errors)
{
	const char *slash = strchr(name, '/');
	struct buf known = BUF_INIT;

	if (slash && strchr(slash + 1, '/')) {
		maas_refuse(ask, 500, "too many values to unpack (expected 2)");
		return false;
	}
	if (slash && strncmp(name, "custom/", 7) == 0) {
		name = slash + 1;
	} else if (slash && !is_system(name, (size_t)(slash - name))) {
		for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++)
			buf_addf(&known, "%s'%s'", i ? ", " : "", systems[i]);
		maas_error(errors, "name",
		    "Unsupport operating system %.*s, supported operating "
		    "systems: [%s]",
		    (int)(slash - name), name, buf_text(&known));
		buf_free(&known);
		return true;
	}
	if (is_reserved(name))
		maas_error(errors, "name", "%s is a reserved name", name);
	return true;
}

/* What an image of one's own stands on is a Linux. */
static void check_base(const char *name, const char *base, json_t *errors)
{
	static const char *const linuxes[] = { "ubuntu", "centos", "rhel",
		"ol" };
	const char *slash = base ? strchr(base, '/') : NULL;
	bool known = false;

	if (!base || !*base ||
	    (strchr(name, '/') && strncmp(name, "custom/", 7) != 0))
		return;
	if (!slash || strchr(slash + 1, '/')) {
		maas_error(errors, "base_image",
		    "a base image must follow the format: "
		    "<osystem>/<series>");
		return;
	}
	for (size_t i = 0; i < sizeof(linuxes) / sizeof(*linuxes); i++)
		known |= strlen(linuxes[i]) == (size_t)(slash - base) &&
		         strncasecmp(
		             base, linuxes[i], (size_t)(slash - base)) == 0;
	if (!known)
		maas_error(errors, "base_image",
		    "custom images require a valid non-custom OS type base "
		    "image");
}

static bool read_form(struct ask *ask, struct image_form *form)
{
	json_t *errors = json_object();
	const char *size;

	form->content = maas_body_file(&ask->body, "content");
	required(ask, "name", errors, &form->name);
	required(ask, "architecture", errors, &form->architecture);
	if (form->architecture && *form->architecture &&
	    strcmp(form->architecture, "amd64/generic") != 0)
		maas_error(errors, "architecture",
		    "'%s' is not a valid architecture.  It should be one of: "
		    "'amd64/generic'.",
		    form->architecture);
	read_filetype(ask, form, errors);
	if (!form->content) {
		required(ask, "sha256", errors, &form->sha256);
		required(ask, "size", errors, &size);
		form->size = size ? maas_number(size) : -1;
		if (size && *size && form->size < 0)
			maas_error(errors, "size", "Enter a whole number.");
		if (form->sha256 && *form->sha256 && strlen(form->sha256) != 64)
			maas_error(errors, "sha256",
			    "Ensure this value has at %s 64 characters (it "
			    "has %zu).",
			    strlen(form->sha256) > 64 ? "most" : "least",
			    strlen(form->sha256));
	}
	form->title = maas_field(ask, "title");
	form->base = maas_stripped(ask, "base_image");
	if (form->name && *form->name) {
		check_base(form->name, form->base, errors);
		if (!name_fine(ask, form->name, errors)) {
			json_decref(errors);
			return false;
		}
	}
	return maas_fine(ask, errors);
}

static void sum(const struct buf *content, char out[65])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	EVP_Digest(content->data ? content->data : "", content->len, digest,
	    &len, EVP_sha256(), NULL);
	for (unsigned int i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void set_version(struct maas *maas, struct image *image)
{
	char date[32];

	time_text(maas_time(maas), date);
	free(image->version);
	image->version = xasprintf("%.4s%.2s%.2s", date, date + 5, date + 8);
}

static void add_file(
    struct ask *ask, const struct image_form *form, struct image *image)
{
	struct image_file *file = xcalloc(1, sizeof(*file));
	char digest[65];

	file->id = ask->maas->next_file_id++;
	file->filetype = xstrdup(filetypes[form->filetype].type);
	file->name = xstrdup(ask->maas->version == 304
	                         ? filetypes[form->filetype].type
	                         : filetypes[form->filetype].name);
	if (form->content) {
		sum(&form->content->content, digest);
		file->sha256 = xstrdup(digest);
		file->size = file->received =
		    (int64_t)form->content->content.len;
	} else {
		file->sha256 = xstrdup(form->sha256);
		file->size = form->size;
	}
	maas_list_put(&image->files, file);
}

static struct image *same_image(
    const struct maas *maas, const struct image_form *form)
{
	const char *name = strncmp(form->name, "custom/", 7) == 0
	                       ? form->name + 7
	                       : form->name;
	struct image *image;

	list_for_each (image, &maas->images) {
		if (strcmp(image->name, name) == 0 &&
		    strcmp(image->architecture, form->architecture) == 0)
			return image;
	}
	return NULL;
}

void maas_op_boot_resources_create(struct ask *ask)
{
	struct image_form form = { 0 };
	struct image *image;

	if (!read_form(ask, &form))
		return;
	image = same_image(ask->maas, &form);
	if (!image)
		image = maas_image_make(
		    ask->maas, form.name, form.architecture);
	maas_set_text(&image->type, "Uploaded");
	maas_set_text(&image->label, "uploaded");
	maas_set_text(&image->title, form.title);
	maas_set_text(&image->base_image, form.base);
	set_version(ask->maas, image);
	add_file(ask, &form, image);
	maas_answer_status(ask, 201, full_json(ask->maas, image));
}

/* ---- the pieces ---- */

static struct image_file *file_asked(struct ask *ask, struct image *image)
{
	struct image_file *file;
	int64_t id;

	if (!image || !maas_id_of(ask, ask->args[1], &id))
		return NULL;
	file = maas_list_find(&image->files, id);
	if (!file)
		maas_answer_missing(ask, "BootResourceFile");
	return file;
}

static bool takes(
    struct ask *ask, const struct image *image, const struct image_file *file)
{
	if (ask->request->body.len == 0)
		maas_refuse(ask, 400, "Missing data.");
	else if (strcmp(image->type, "Uploaded") != 0)
		maas_refuse(
		    ask, 403, "Cannot upload to a resource of type: 0.");
	else if (file->received >= file->size)
		maas_refuse(ask, 400, "Cannot upload to a complete file.");
	else if (file->received + (int64_t)ask->request->body.len > file->size)
		maas_refuse(ask, 400, "Too much data received.");
	return !ask->answered;
}

/* The last piece. Up to 3.4 the data base forgets it when the sum is wrong, and
 * another may take its place; later all has to come again. */
static bool sum_fits(struct ask *ask, struct image_file *file, size_t before)
{
	char digest[65];

	sum(&file->content, digest);
	if (strcmp(digest, file->sha256) == 0) {
		buf_free(&file->content);
		return true;
	}
	if (ask->maas->version == 304) {
		file->content.len = before;
	} else {
		buf_free(&file->content);
		file->received = 0;
	}
	maas_refuse(
	    ask, 400, "Saved content does not match given SHA256 value.");
	return false;
}

void maas_op_boot_resources_upload(struct ask *ask)
{
	struct image *image = image_asked(ask);
	struct image_file *file = file_asked(ask, image);
	size_t before;

	if (!file || !takes(ask, image, file))
		return;
	before = file->content.len;
	buf_add(
	    &file->content, ask->request->body.data, ask->request->body.len);
	if (file->received + (int64_t)ask->request->body.len == file->size &&
	    !sum_fits(ask, file, before))
		return;
	file->received += (int64_t)ask->request->body.len;
	maas_answer_text(ask, 200, "text/plain", "OK");
}

/* ---- importing from a mirror: there is none ---- */

void maas_op_boot_resources_import(struct ask *ask)
{
	maas_answer_text(
	    ask, 200, "text/plain", "Import of boot resources started");
}

void maas_op_boot_resources_stop_import(struct ask *ask)
{
	maas_answer_text(ask, 200, "text/plain",
	    "Import of boot resources is being stopped");
}

void maas_op_boot_resources_is_importing(struct ask *ask)
{
	maas_answer(ask, json_false());
}

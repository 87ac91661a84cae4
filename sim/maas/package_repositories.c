#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* Where machines get packages from. Two are there from the beginning, and
 * stay. No simulated machine installs a package. */

static const char *const pockets[] = { "updates", "security", "backports" };
static const char *const parts[] = { "restricted", "universe", "multiverse" };
static const char *const arches[] = { "amd64", "arm64", "armhf", "i386",
	"ppc64el", "s390x" };

static void add_default(
    struct maas *maas, const char *name, const char *url, const char *arch_list)
{
	maas_document_make(&maas->repositories, "/package-repositories/",
	    json_pack("{s:s, s:s, s:[], s:[], s:[], s:b, s:[], s:o, s:s, s:b, "
	              "s:b}",
	        "name", name, "url", url, "distributions", "disabled_pockets",
	        "disabled_components", "disable_sources", 1, "components",
	        "arches", json_loads(arch_list, 0, NULL), "key", "", "enabled",
	        1, "_default", 1));
}

void maas_package_repositories_defaults(struct maas *maas)
{
	add_default(maas, "main_archive", "http://archive.ubuntu.com/ubuntu",
	    "[\"amd64\", \"i386\"]");
	add_default(maas, "ports_archive",
	    "http://ports.ubuntu.com/ubuntu-ports",
	    "[\"armhf\", \"arm64\", \"ppc64el\", \"s390x\"]");
}

void maas_op_package_repositories_list(struct ask *ask)
{
	maas_documents_answer(ask, &ask->maas->repositories, NULL);
}

/* By id, or by name. */
static struct document *asked(struct ask *ask)
{
	struct document *repository;

	list_for_each (repository, &ask->maas->repositories) {
		if (repository->id == maas_number(ask->args[0]) ||
		    strcmp(jstr(repository->shown, "name"), ask->args[0]) == 0)
			return repository;
	}
	maas_answer_missing(ask, "PackageRepository");
	return NULL;
}

void maas_op_package_repositories_read(struct ask *ask)
{
	struct document *repository = asked(ask);

	if (repository)
		maas_document_answer(ask, repository, NULL);
}

/* ---- the form ---- */

static const char *stranger(
    const json_t *list, const char *const *known, size_t count)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		bool found = false;

		for (size_t k = 0; k < count && !found; k++)
			found = strcmp(known[k], json_string_value(item)) == 0;
		if (!found)
			return json_string_value(item);
	}
	return NULL;
}

static void check_lists(const json_t *form, json_t *errors)
{
	bool is_default = jbool(form, "_default");
	const char *word;

	word = stranger(jget(form, "arches"), arches, 6);
	if (word)
		maas_error(errors, "arches",
		    "'%s' is not a valid architecture. Known architectures: "
		    "amd64, arm64, armhf, i386, ppc64el, s390x",
		    word);
	word = stranger(jget(form, "disabled_pockets"), pockets, 3);
	if (word)
		maas_error(errors, "disabled_pockets",
		    "'%s' is not a valid Ubuntu archive pocket. You can only "
		    "disable ['updates', 'security', 'backports'].",
		    word);
	word = stranger(jget(form, "disabled_components"), parts, 3);
	if (!is_default && jlen(form, "disabled_components"))
		maas_error(errors, "disabled_components",
		    "This is a custom repository. Please update 'components' "
		    "instead.");
	else if (word)
		maas_error(errors, "disabled_components",
		    "'%s' is not a valid Ubuntu archive component. You can "
		    "only disable ['restricted', 'universe', 'multiverse'].",
		    word);
	if (is_default && jlen(form, "components"))
		maas_error(errors, "components",
		    "This is a default Ubuntu repository. Please update "
		    "'disabled_components' instead.");
}

static bool is_place(const char *url)
{
	return strncmp(url, "http://", 7) == 0 ||
	       strncmp(url, "https://", 8) == 0 || strncmp(url, "ppa:", 4) == 0;
}

static bool name_taken(
    const struct maas *maas, const json_t *form, const struct document *self)
{
	struct document *other;

	list_for_each (other, &maas->repositories) {
		if (other != self &&
		    strcmp(jstr(other->shown, "name"), jstr(form, "name")) == 0)
			return true;
	}
	return false;
}

/* Parted by commas only; what disables something may be emptied. */
static void put_list(struct ask *ask, json_t *form, const char *field)
{
	json_t *list = json_array();
	const char *text;
	size_t at = 0;
	bool given = false;

	while ((text = maas_form_next(&ask->body.form, field, &at))) {
		given = true;
		for (;;) {
			size_t len = strcspn(text, ",");
			const char *from = text + strspn(text, " \t");
			const char *to = text + len;

			while (to > from && strchr(" \t", to[-1]))
				to--;
			json_array_append_new(
			    list, json_stringn(from,
			              to > from ? (size_t)(to - from) : 0));
			if (!text[len])
				break;
			text += len + 1;
		}
	}
	text = json_string_value(json_array_get(list, 0));
	if (strncmp(field, "disabled", 8) == 0 && json_array_size(list) == 1 &&
	    (!*text || strcmp(text, "None") == 0 || strcmp(text, "[]") == 0))
		json_array_clear(list);
	if (given || !jhas(form, field))
		jset(form, field, list);
	else
		json_decref(list);
}

#define LONGEST_NAME 41

static json_t *read_form(struct ask *ask, const struct document *self)
{
	static const char *const lists[] = { "distributions",
		"disabled_pockets", "disabled_components", "components",
		"arches" };
	json_t *form = self ? json_deep_copy(self->shown) : json_object();
	json_t *errors = json_object();

	maas_put_text(ask, form, errors, "name", true);
	maas_put_text(ask, form, errors, "url", true);
	maas_put_text(ask, form, errors, "key", false);
	maas_put_bool(ask, form, errors, "enabled", true);
	maas_put_bool(ask, form, errors, "disable_sources", false);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		put_list(ask, form, lists[i]);
	if (!jlen(form, "arches"))
		jset(form, "arches", json_pack("[ss]", "amd64", "i386"));
	check_lists(form, errors);
	if (maas_letters(jstr(form, "name")) > LONGEST_NAME)
		maas_error(errors, "name", MAAS_TOO_LONG, LONGEST_NAME,
		    maas_letters(jstr(form, "name")));
	if (*jstr(form, "url") && !is_place(jstr(form, "url")))
		maas_error(errors, "url",
		    "Enter a valid repository URL or PPA location.");
	if (name_taken(ask->maas, form, self))
		maas_error(errors, "name",
		    "Package repository with this Name already exists.");
	if (jbool(form, "_default") && !jbool(form, "enabled"))
		maas_error(errors, "__all__",
		    "Default repositories may not be disabled.");
	if (maas_fine(ask, errors))
		return form;
	json_decref(form);
	return NULL;
}

void maas_op_package_repositories_create(struct ask *ask)
{
	json_t *form = read_form(ask, NULL);

	if (!form)
		return;
	maas_audit(ask, "Settings", "Created package repository '%s'.",
	    jstr(form, "name"));
	maas_document_answer(ask,
	    maas_document_make(
	        &ask->maas->repositories, "/package-repositories/", form),
	    NULL);
}

void maas_op_package_repositories_update(struct ask *ask)
{
	struct document *repository = asked(ask);
	json_t *form = repository ? read_form(ask, repository) : NULL;

	if (!form)
		return;
	json_decref(repository->shown);
	repository->shown = form;
	maas_audit(ask, "Settings", "Updated package repository '%s'.",
	    jstr(form, "name"));
	maas_document_answer(ask, repository, NULL);
}

void maas_op_package_repositories_delete(struct ask *ask)
{
	struct document *repository = asked(ask);

	if (!repository)
		return;
	if (jbool(repository->shown, "_default")) {
		maas_refuse(
		    ask, 400, "Default repositories may not be deleted.");
		return;
	}
	maas_audit(ask, "Settings", "Deleted package repository '%s'.",
	    jstr(repository->shown, "name"));
	maas_document_drop(&ask->maas->repositories, repository);
	maas_answer_gone(ask);
}

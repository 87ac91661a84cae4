#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/people.h"

/* For one user, all users, or administrators, until they dismiss it: each for
 * themselves. */

static bool is_for(const struct ask *ask, const json_t *shown)
{
	if (jint(shown, "_user") == ask->user->id)
		return true;
	return jbool(shown, maas_is_admin(ask) ? "admins" : "users");
}

static bool dismissed(const struct ask *ask, const json_t *shown)
{
	const json_t *by = jget(shown, "_dismissed");
	json_t *id;
	size_t i;

	json_array_foreach(by, i, id)
	{
		if (json_integer_value(id) == ask->user->id)
			return true;
	}
	return false;
}

static void render(
    const struct maas *maas, const struct document *document, json_t *copy)
{
	struct user *user = maas_list_find(
	    &maas->users, jint(document->shown, "_user"));

	if (user)
		jset(copy, "user", maas_user_json(user));
}

void maas_op_notifications_list(struct ask *ask)
{
	json_t *list = json_array();
	struct document *document;

	list_for_each (document, &ask->maas->notifications) {
		if (is_for(ask, document->shown) &&
		    !dismissed(ask, document->shown))
			json_array_append_new(list,
			    maas_document_json(ask->maas, document, render));
	}
	maas_answer(ask, list);
}

static struct document *asked(struct ask *ask)
{
	return maas_document_asked(
	    ask, &ask->maas->notifications, "Notification");
}

void maas_op_notifications_read(struct ask *ask)
{
	struct document *document = asked(ask);

	if (!document)
		return;
	if (is_for(ask, document->shown) || maas_is_admin(ask))
		maas_document_answer(ask, document, render);
	else
		maas_refuse(ask, 403, "%s", "");
}

void maas_op_notifications_dismiss(struct ask *ask)
{
	struct document *document = asked(ask);

	if (!document)
		return;
	if (!is_for(ask, document->shown)) {
		maas_refuse(ask, 403, "%s", "");
		return;
	}
	if (!dismissed(ask, document->shown))
		jadd(
		    document->shown, "_dismissed", json_integer(ask->user->id));
	maas_answer(ask, json_null());
}

/* ---- the form ---- */

static void read_category(struct ask *ask, json_t *form, json_t *errors)
{
	static const char *const known[] = { "error", "warning", "success",
		"info" };
	const char *word = maas_field(ask, "category");

	if (!jhas(form, "category"))
		jsets(form, "category", "info");
	if (!word || !*word)
		return;
	for (size_t i = 0; i < 4; i++) {
		if (strcmp(known[i], word) == 0) {
			jsets(form, "category", word);
			return;
		}
	}
	maas_invalid_choice(errors, "category", word);
}

/* By number, or by name. */
static void read_user(struct ask *ask, json_t *form, json_t *errors)
{
	const char *word = maas_field(ask, "user");
	struct user *user;

	if (!jhas(form, "user"))
		jset(form, "user", json_null());
	if (!word || !*word)
		return;
	user = maas_list_find(&ask->maas->users, maas_number(word));
	if (!user)
		user = maas_user_find(ask->maas, word);
	if (user)
		jseti(form, "_user", user->id);
	else
		maas_no_such_choice(errors, "user");
}

static void read_context(struct ask *ask, json_t *form, json_t *errors)
{
	const char *text = maas_field(ask, "context");
	struct err err = { 0 };
	json_t *context;

	if (!jhas(form, "context"))
		jset(form, "context", json_object());
	if (!text || !*text)
		return;
	context = json_parse(text, strlen(text), &err);
	if (json_is_object(context)) {
		jset(form, "context", context);
	} else {
		maas_error(errors, "context", "Enter a valid JSON object.");
		json_decref(context);
	}
}

/* Only "true" says so, and saying nothing. */
static void put_dismissable(struct ask *ask, json_t *form)
{
	const char *text = maas_field(ask, "dismissable");

	if (text || !jhas(form, "dismissable"))
		jsetb(form, "dismissable", !text || strcmp(text, "true") == 0);
}

/* "{{" and "}}" are braces; "{name}" is what the context says of the name. */
static bool can_render(const char *message, const json_t *context)
{
	for (const char *at = message; *at; at++) {
		char *name;
		bool known;

		if (*at != '{' && *at != '}')
			continue;
		if (at[1] == *at) {
			at++;
			continue;
		}
		if (*at == '}' || !strchr(at, '}'))
			return false;
		name = xstrndup(at + 1, strcspn(at + 1, "}.![:"));
		known = json_object_get(context, name) != NULL;
		free(name);
		if (!known)
			return false;
		at = strchr(at, '}');
	}
	return true;
}

static json_t *read_form(struct ask *ask, const struct document *self)
{
	json_t *form = self ? json_deep_copy(self->shown) : json_object();
	json_t *errors = json_object();
	const char *ident = maas_field(ask, "ident");

	maas_put_text(ask, form, errors, "message", true);
	maas_put_bool(ask, form, errors, "users", false);
	maas_put_bool(ask, form, errors, "admins", false);
	put_dismissable(ask, form);
	if (ident && *ident)
		jsets(form, "ident", ident);
	else if (!jhas(form, "ident"))
		jset(form, "ident", json_null());
	read_category(ask, form, errors);
	read_user(ask, form, errors);
	read_context(ask, form, errors);
	if (!json_object_size(errors) && !can_render(jstr(form, "message"),
	                                     json_object_get(form, "context")))
		maas_error(
		    errors, "__all__", "Notification cannot be rendered.");
	if (maas_fine(ask, errors))
		return form;
	json_decref(form);
	return NULL;
}

/* The newest with a name has it alone. */
static void take_ident(
    struct maas *maas, const json_t *form, const struct document *self)
{
	struct document *other;

	list_for_each (other, &maas->notifications) {
		if (other != self && *jstr(form, "ident") &&
		    strcmp(jstr(other->shown, "ident"), jstr(form, "ident")) ==
		        0)
			jset(other->shown, "ident", json_null());
	}
}

static struct document *with_ident(const struct maas *maas, const char *ident)
{
	struct document *notification;

	list_for_each (notification, &maas->notifications) {
		if (strcmp(jstr(notification->shown, "ident"), ident) == 0)
			return notification;
	}
	return NULL;
}

void maas_warn_admins(struct maas *maas, const char *ident, const char *message)
{
	if (with_ident(maas, ident))
		return;
	maas_document_make(&maas->notifications, "/notifications/",
	    json_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:n, s:{}}", "ident",
	        ident, "message", message, "users", 0, "admins", 1,
	        "dismissable", 1, "category", "warning", "user", "context"));
}

void maas_warn_no_more(struct maas *maas, const char *ident)
{
	struct document *notification = with_ident(maas, ident);

	if (notification)
		maas_document_drop(&maas->notifications, notification);
}

void maas_op_notifications_create(struct ask *ask)
{
	json_t *form = read_form(ask, NULL);

	if (!form)
		return;
	take_ident(ask->maas, form, NULL);
	maas_document_answer(ask,
	    maas_document_make(
	        &ask->maas->notifications, "/notifications/", form),
	    render);
}

void maas_op_notifications_update(struct ask *ask)
{
	struct document *document = asked(ask);
	json_t *form = document ? read_form(ask, document) : NULL;

	if (!form)
		return;
	take_ident(ask->maas, form, document);
	json_decref(document->shown);
	document->shown = form;
	maas_document_answer(ask, document, render);
}

void maas_op_notifications_delete(struct ask *ask)
{
	struct document *document = asked(ask);

	if (!document)
		return;
	maas_document_drop(&ask->maas->notifications, document);
	maas_answer_gone(ask);
}

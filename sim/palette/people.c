/* people: users, API keys, projects, certificates and settings of the one
 * tenant. */
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

/* ---- the tenant that exists from the start ---- */

static struct project *project_new(struct palette *palette, const char *name)
{
	struct project *project = xcalloc(1, sizeof(*project));

	meta_init(palette, &project->meta, "project", name);
	PUSH(palette->projects, palette->project_count, project);
	return project;
}

static struct user *user_new(
    struct palette *palette, const char *email, bool is_admin)
{
	struct user *user = xcalloc(1, sizeof(*user));

	meta_init(palette, &user->meta, "user", email);
	user->email = xstrdup(email);
	user->first_name = xstrdup("Tenant");
	user->last_name = xstrdup("Admin");
	user->is_admin = is_admin;
	user->is_active = true;
	PUSH(palette->users, palette->user_count, user);
	return user;
}

static struct api_key *key_new(
    struct palette *palette, const char *name, struct user *user)
{
	struct api_key *key = xcalloc(1, sizeof(*key));

	meta_init(palette, &key->meta, "apiKey", name);
	key->key = secret_make(palette, 32, "api key");
	key->user = user;
	key->is_active = true;
	PUSH(palette->keys, palette->key_count, key);
	return key;
}

void people_init(struct palette *palette)
{
	struct user *admin;

	uid_make(palette, palette->tenant_uid, "tenant");
	project_new(palette, "Default");
	admin = user_new(palette, "admin@tenant.example", true);
	admin->password = secret_make(palette, 20, "tenant password");
	key_new(palette, "first", admin);
	palette->auto_remediation = true;
}

struct palette_tenant palette_default_tenant(const struct palette *palette)
{
	return (struct palette_tenant){
		.admin_email = palette->users[0]->email,
		.admin_password = palette->users[0]->password,
		.api_key = palette->keys[0]->key,
		.project_uid = palette->projects[0]->meta.uid,
	};
}

static void user_free(struct user *user)
{
	meta_free(&user->meta);
	free(user->email);
	free(user->password);
	free(user->first_name);
	free(user->last_name);
	free(user);
}

void people_free(struct palette *palette)
{
	for (size_t i = 0; i < palette->session_count; i++) {
		free(palette->sessions[i]->token);
		free(palette->sessions[i]);
	}
	free(palette->sessions);
	for (size_t i = 0; i < palette->key_count; i++) {
		meta_free(&palette->keys[i]->meta);
		free(palette->keys[i]->key);
		free(palette->keys[i]);
	}
	free(palette->keys);
	for (size_t i = 0; i < palette->user_count; i++)
		user_free(palette->users[i]);
	free(palette->users);
	for (size_t i = 0; i < palette->project_count; i++) {
		meta_free(&palette->projects[i]->meta);
		free(palette->projects[i]);
	}
	free(palette->projects);
	for (size_t i = 0; i < palette->cert_count; i++) {
		meta_free(&palette->certs[i]->meta);
		free(palette->certs[i]->certificate);
		free(palette->certs[i]);
	}
	free(palette->certs);
}

/* ---- users ---- */

static json_t *user_json(const struct user *user)
{
	return json_pack("{s:o,s:{s:s,s:s,s:s,s:[]},s:{s:b}}", "metadata",
	    meta_json(&user->meta), "spec", "emailId", user->email, "firstName",
	    user->first_name, "lastName", user->last_name, "roles", "status",
	    "isActive", user->is_active);
}

void op_user_info(struct request *request)
{
	answer_json(request, 200,
	    json_pack("{s:s,s:s,s:s}", "tenantUid",
	        request->palette->tenant_uid, "userUid",
	        request->user->meta.uid, "orgName", "Default"));
}

/* Not in the published description, but seen in the wild. */
void op_user_me(struct request *request)
{
	answer_json(request, 200, user_json(request->user));
}

void op_users(struct request *request)
{
	json_t *items = json_array();

	for (size_t i = 0; i < request->palette->user_count; i++)
		json_array_append_new(
		    items, user_json(request->palette->users[i]));
	answer_list(request, items);
}

void op_user(struct request *request)
{
	struct palette *palette = request->palette;

	for (size_t i = 0; i < palette->user_count; i++)
		if (strcmp(palette->users[i]->meta.uid, request->params[0]) ==
		    0) {
			answer_json(request, 200, user_json(palette->users[i]));
			return;
		}
	refuse_absent(request, "user", request->params[0]);
}

/* ---- API keys ---- */

static json_t *key_json(const struct api_key *key)
{
	return json_pack("{s:o,s:{s:o,s:s,s:{s:s,s:s}},s:{s:b}}", "metadata",
	    meta_json(&key->meta), "spec", "expiry",
	    time_json(key->expiry_time), "key", "", "user", "uid",
	    key->user->meta.uid, "firstName", key->user->first_name, "status",
	    "isActive", key->is_active);
}

static struct api_key *request_key(struct request *request)
{
	struct palette *palette = request->palette;

	for (size_t i = 0; i < palette->key_count; i++)
		if (strcmp(palette->keys[i]->meta.uid, request->params[0]) ==
		        0 &&
		    palette->keys[i]->meta.deleted_time == 0)
			return palette->keys[i];
	refuse_absent(request, "API key", request->params[0]);
	return NULL;
}

void op_api_keys(struct request *request)
{
	json_t *items = json_array();

	for (size_t i = 0; i < request->palette->key_count; i++)
		if (request->palette->keys[i]->meta.deleted_time == 0)
			json_array_append_new(
			    items, key_json(request->palette->keys[i]));
	answer_json(request, 200, json_pack("{s:o}", "items", items));
}

void op_api_key_create(struct request *request)
{
	struct palette *palette = request->palette;
	const char *name = jstr(request->body, "metadata.name");
	struct api_key *key;
	usec expiry_time;

	if (!*name) {
		refuse(request, 400, "InvalidApiKey",
		    "an API key needs a metadata.name");
		return;
	}
	if (!time_parse(jstr(request->body, "spec.expiry"), &expiry_time) ||
	    expiry_time <= palette_time(palette)) {
		refuse(request, 400, "InvalidApiKey",
		    "spec.expiry must be a time in the future");
		return;
	}
	key = key_new(palette, name, request->user);
	key->expiry_time = expiry_time;
	answer_json(request, 201,
	    json_pack("{s:s,s:s}", "apiKey", key->key, "uid", key->meta.uid));
}

void op_api_key(struct request *request)
{
	struct api_key *key = request_key(request);

	if (key)
		answer_json(request, 200, key_json(key));
}

void op_api_key_delete(struct request *request)
{
	struct api_key *key = request_key(request);

	if (!key)
		return;
	key->is_active = false;
	key->meta.deleted_time = palette_time(request->palette);
	answer_empty(request, 204);
}

void op_api_key_state(struct request *request)
{
	struct api_key *key = request_key(request);

	if (!key)
		return;
	key->is_active = jbool(request->body, "isActive");
	meta_touch(request->palette, &key->meta);
	answer_empty(request, 204);
}

/* ---- projects ---- */

struct project *project_find(struct palette *palette, const char *uid)
{
	for (size_t i = 0; i < palette->project_count; i++)
		if (strcmp(palette->projects[i]->meta.uid, uid) == 0)
			return palette->projects[i];
	return NULL;
}

static struct project *project_named(struct palette *palette, const char *name)
{
	for (size_t i = 0; i < palette->project_count; i++)
		if (strcmp(palette->projects[i]->meta.name, name) == 0)
			return palette->projects[i];
	return NULL;
}

static json_t *project_json(const struct project *project)
{
	return json_pack("{s:o,s:{s:[],s:[],s:[],s:s},s:{s:b}}", "metadata",
	    meta_json(&project->meta), "spec", "alerts", "teams", "users",
	    "logoUrl", "", "status", "isDisabled", 0);
}

/* Terraform's first call: it looks its project up by name here. */
void op_projects_metadata(struct request *request)
{
	struct palette *palette = request->palette;
	char *name = request_query(request, "name");
	json_t *items = json_array();

	for (size_t i = 0; i < palette->project_count; i++) {
		const struct meta *meta = &palette->projects[i]->meta;

		if (*name && strcmp(name, meta->name) != 0)
			continue;
		json_array_append_new(
		    items, json_pack("{s:{s:s,s:s}}", "metadata", "name",
		               meta->name, "uid", meta->uid));
	}
	free(name);
	answer_json(request, 200, json_pack("{s:o}", "items", items));
}

void op_projects_list(struct request *request)
{
	struct palette *palette = request->palette;
	json_t *items = json_array();

	for (size_t i = 0; i < palette->project_count; i++)
		json_array_append_new(
		    items, json_pack("{s:o,s:{},s:{}}", "metadata",
		               meta_json(&palette->projects[i]->meta),
		               "specSummary", "status"));
	answer_list(request, items);
}

void op_project(struct request *request)
{
	struct project *project = project_find(
	    request->palette, request->params[0]);

	if (project)
		answer_json(request, 200, project_json(project));
	else
		refuse_absent(request, "project", request->params[0]);
}

void op_project_create(struct request *request)
{
	const char *name = jstr(request->body, "metadata.name");
	struct project *project;

	if (!*name) {
		refuse(request, 400, "InvalidProject",
		    "a project needs a metadata.name");
		return;
	}
	if (project_named(request->palette, name)) {
		refuse(request, 409, "ProjectAlreadyExists",
		    "there is already a project %.80s", name);
		return;
	}
	project = project_new(request->palette, name);
	meta_take(&project->meta, jget(request->body, "metadata"));
	answer_uid(request, project->meta.uid);
}

/* ---- tenant settings ---- */

static bool is_our_tenant(struct request *request)
{
	if (strcmp(request->params[0], request->palette->tenant_uid) == 0)
		return true;
	refuse_absent(request, "tenant", request->params[0]);
	return false;
}

void op_remediation(struct request *request)
{
	if (is_our_tenant(request))
		answer_json(request, 200,
		    json_pack("{s:{s:b,s:b}}", "nodesAutoRemediationSetting",
		        "isEnabled", 1, "disableNodesAutoRemediation",
		        !request->palette->auto_remediation));
}

void op_remediation_set(struct request *request)
{
	struct palette *palette = request->palette;

	if (!is_our_tenant(request))
		return;
	palette->auto_remediation = !jbool(
	    request->body, "disableNodesAutoRemediation");
	for (size_t i = 0; i < palette->cluster_count; i++) {
		cluster_spec_changed(palette->clusters[i]);
		cluster_settle(palette->clusters[i]);
	}
	answer_empty(request, 204);
}

/* ---- the tenant's certificates (R-041) ---- */

static json_t *cert_json(const struct tenant_cert *cert)
{
	return json_pack("{s:o,s:{s:s,s:b,s:s}}", "metadata",
	    meta_json(&cert->meta), "spec", "certificate", cert->certificate,
	    "isCA", cert->is_ca, "key", "");
}

static struct tenant_cert *request_cert(struct request *request)
{
	struct palette *palette = request->palette;

	for (size_t i = 0; i < palette->cert_count; i++)
		if (!palette->certs[i]->is_removed &&
		    strcmp(palette->certs[i]->meta.uid, request->params[1]) ==
		        0)
			return palette->certs[i];
	refuse_absent(request, "certificate", request->params[1]);
	return NULL;
}

static void tell_certs(struct palette *palette)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < palette->cert_count; i++)
		if (!palette->certs[i]->is_removed)
			tls_name_bundle(&names, palette->certs[i]->certificate);
	EVENT(palette->host->events, "state", palette->name, palette->name,
	    F("certificates", buf_text(&names)));
	buf_free(&names);
}

static bool cert_take(struct request *request, struct tenant_cert *cert)
{
	const char *pem = jstr(request->body, "spec.certificate");

	if (!strstr(pem, "-----BEGIN CERTIFICATE-----")) {
		refuse(request, 400, "InvalidCertificate",
		    "spec.certificate is not a PEM certificate");
		return false;
	}
	text_set(&cert->certificate, pem);
	cert->is_ca = jbool(request->body, "spec.isCA");
	meta_take(&cert->meta, jget(request->body, "metadata"));
	meta_touch(request->palette, &cert->meta);
	tell_certs(request->palette);
	return true;
}

void op_certs(struct request *request)
{
	struct palette *palette = request->palette;
	json_t *items;

	if (!is_our_tenant(request))
		return;
	items = json_array();
	for (size_t i = 0; i < palette->cert_count; i++)
		if (!palette->certs[i]->is_removed)
			json_array_append_new(
			    items, cert_json(palette->certs[i]));
	answer_json(request, 200, json_pack("{s:o}", "items", items));
}

void op_cert_create(struct request *request)
{
	struct palette *palette = request->palette;
	struct tenant_cert *cert;

	if (!is_our_tenant(request))
		return;
	cert = xcalloc(1, sizeof(*cert));
	cert->certificate = xstrdup("");
	meta_init(palette, &cert->meta, "certificate", "");
	PUSH(palette->certs, palette->cert_count, cert);
	if (cert_take(request, cert))
		answer_uid(request, cert->meta.uid);
	else
		cert->is_removed = true;
}

void op_cert(struct request *request)
{
	struct tenant_cert *cert = request_cert(request);

	if (cert)
		answer_json(request, 200, cert_json(cert));
}

void op_cert_update(struct request *request)
{
	struct tenant_cert *cert = request_cert(request);

	if (cert && cert_take(request, cert))
		answer_empty(request, 204);
}

void op_cert_delete(struct request *request)
{
	struct tenant_cert *cert = request_cert(request);

	if (!cert)
		return;
	cert->is_removed = true;
	answer_empty(request, 204);
}

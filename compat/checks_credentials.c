#include "compat/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "compat/oauth.h"
#include "compat/trial.h"

/* API keys and signatures: M-030 to M-051. */

#define WHOAMI "users/?op=whoami"

static const struct check_step good = ASK(KEY, "GET", WHOAMI, NULL,
    SAYS(200, JSON, NULL), .holds = "username=\"{me}\"");

/* A 401 of MAAS: HTML by its type, and a sentence after two words. */
#define DENIED(text)                  \
	ASK(KEY, "GET", WHOAMI, NULL, \
	    SAYS(401, HTML, "Authorization Error: " text))

/* One look at whoami with this header. */
static void look(struct trial *trial, const struct oauth *oauth,
    const struct check_step *step, const char *what)
{
	char *target, *header;

	if (trial->failed)
		return;
	target = xasprintf("%s/api/2.0/%s", site_root(trial->site), WHOAMI);
	header = oauth_header(oauth, trial->site, "GET", target, NULL);
	trial_get(trial, step, header, what);
	free(header);
	free(target);
}

static void hmac_signs_the_query(struct trial *trial)
{
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.method = "HMAC-SHA1";
	look(trial, &oauth, &good, WHOAMI " signed with HMAC-SHA1");
}

static void hmac_without_the_query(struct trial *trial)
{
	static const struct check_step denied = DENIED(
	    "'Invalid signature. Expected signature base string: ...");
	struct oauth oauth;
	char *target = xasprintf("%s/api/2.0/users/", site_root(trial->site));
	char *header;

	oauth_init(&oauth, trial->site);
	oauth.method = "HMAC-SHA1";
	header = oauth_header(&oauth, trial->site, "GET", target, NULL);
	trial_get(trial, &denied, header, WHOAMI " signed without its query");
	free(header);
	free(target);
}

static void hmac_send(struct trial *trial, const struct check_step *step,
    const char *path, const char *form, const char *signed_form,
    const char *what)
{
	char *target = xasprintf("%s/api/2.0/%s", site_root(trial->site), path);
	struct oauth oauth;
	char *header;

	oauth_init(&oauth, trial->site);
	oauth.method = "HMAC-SHA1";
	header = oauth_header(
	    &oauth, trial->site, step->method, target, signed_form);
	(void)form;
	trial_ask(trial, step, header, what);
	free(header);
	free(target);
}

static void hmac_signs_the_form_of_a_post(struct trial *trial)
{
	static const struct check_step post = ASK(KEY, "POST", "machines/",
	    "op=allocate&dry_run=true&system_id={machine}",
	    SAYS(200, JSON, NULL));
	char missing[32];
	char *form = names_expand(trial->names, post.form, missing);

	hmac_send(trial, &post, post.path, form, form,
	    "POST machines/ signed with HMAC-SHA1 over the form");
	free(form);
}

static void hmac_leaves_out_the_form_of_a_put(struct trial *trial)
{
	static const struct check_step well = ASK(KEY, "PUT", "zones/{p}-s/",
	    "description=signed", SAYS(200, JSON, NULL), .fresh = true);
	static const struct check_step denied = ASK(KEY, "PUT", "zones/{p}-s/",
	    "description=signed", .status = 401, .loose = true);
	char missing[32];
	char *path = names_expand(trial->names, well.path, missing);

	hmac_send(trial, &well, path, well.form, NULL,
	    "PUT zones/{p}-s/ signed without its form");
	if (!trial->failed)
		hmac_send(trial, &denied, path, well.form, well.form,
		    "PUT zones/{p}-s/ signed with its form");
	free(path);
}

static void an_unknown_consumer(struct trial *trial)
{
	static const struct check_step denied = ASK(KEY, "GET", WHOAMI, NULL,
	    SAYS(401, HTML, "Authorization Error: Invalid API key."),
	    .header = "WWW-Authenticate: OAuth realm=\"OAuth\"");
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.key.consumer = "nobodysconsumerkey";
	look(trial, &oauth, &denied, WHOAMI " with an unknown consumer");
}

static void an_unknown_token(struct trial *trial)
{
	static const struct check_step denied = DENIED(
	    "'Invalid access token: nobodystokenkey'");
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.key.token = "nobodystokenkey";
	look(trial, &oauth, &denied, WHOAMI " with an unknown token");
}

static void a_wrong_secret(struct trial *trial)
{
	static const struct check_step denied = DENIED(
	    "'Invalid signature. Expected signature base string: ...");
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.key.secret = "notthesecret";
	look(trial, &oauth, &denied, WHOAMI " with a wrong secret");
}

static void old_timestamps(struct trial *trial)
{
	static const struct check_step denied = DENIED(
	    "'Expired timestamp: given ...");
	static const struct {
		long long off;
		const struct check_step *step;
		const char *what;
	} times[] = {
		{ -320, &denied, WHOAMI " signed 320 s ago" },
		{ -200, &good, WHOAMI " signed 200 s ago" },
		{ 86400, &good, WHOAMI " signed a day ahead" },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct oauth oauth;

		oauth_init(&oauth, trial->site);
		oauth.timestamp += times[i].off;
		look(trial, &oauth, times[i].step, times[i].what);
	}
}

static void a_nonce_twice(struct trial *trial)
{
	static const struct check_step denied = DENIED(
	    "'Nonce already used: {nonce}'");
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	trial_name(trial, "nonce", oauth.nonce);
	look(trial, &oauth, &good, WHOAMI);
	look(trial, &oauth, &denied, WHOAMI " with a nonce used before");
}

static void a_nonce_of_a_failure(struct trial *trial)
{
	static const struct check_step denied = ASK(
	    KEY, "GET", WHOAMI, NULL, .status = 401, .loose = true);
	struct oauth wrong, right;

	oauth_init(&right, trial->site);
	wrong = right;
	wrong.key.secret = "notthesecret";
	look(trial, &wrong, &denied, WHOAMI " with a wrong secret");
	look(trial, &right, &good, WHOAMI " with that nonce, signed well");
}

static void a_nonce_of_two_people(struct trial *trial)
{
	static const struct check_step as_other = ASK(OTHER, "GET", WHOAMI,
	    NULL, SAYS(200, JSON, NULL), .holds = "username=\"{other}\"");
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	look(trial, &oauth, &good, WHOAMI);
	oauth.key = *site_other_key(trial->site);
	look(trial, &oauth, &as_other, WHOAMI " by another, same nonce");
}

static void versions_of_oauth(struct trial *trial)
{
	static const struct check_step denied = DENIED(
	    "'OAuth version 2.0 not supported.'");
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.version = "2.0";
	look(trial, &oauth, &denied, WHOAMI " with oauth_version 2.0");
	oauth_init(&oauth, trial->site);
	oauth.version = NULL;
	look(trial, &oauth, &good, WHOAMI " without oauth_version");
}

static void an_unknown_method(struct trial *trial)
{
	static const struct check_step denied = DENIED(
	    "'Signature method HMAC-SHA256 not supported try one of the "
	    "following: PLAINTEXT, HMAC-SHA1'");
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.method = "HMAC-SHA256";
	look(trial, &oauth, &denied, WHOAMI " signed with HMAC-SHA256");
}

static void look_with_small_letters(
    struct trial *trial, const struct check_step *step)
{
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.scheme = "oauth";
	look(trial, &oauth, step, WHOAMI " with the scheme \"oauth\"");
}

static void small_letters_are_nobody(struct trial *trial)
{
	static const struct check_step denied = DENIED(
	    "'Parameter not found: oauth_consumer_key'");

	look_with_small_letters(trial, &denied);
}

static void small_letters_are_a_fault(struct trial *trial)
{
	static const struct check_step bad = ASK(KEY, "GET", WHOAMI, NULL,
	    SAYS(400, TEXT,
	        "'Bad Request: Parameter not found: oauth_consumer_key'"));

	look_with_small_letters(trial, &bad);
}

static void a_realm(struct trial *trial)
{
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.realm = "MAAS API";
	look(trial, &oauth, &good, WHOAMI " with a realm");
}

static void a_deleted_key(struct trial *trial)
{
	static const struct check_step dead = ASK(KEY, "GET", WHOAMI, NULL,
	    SAYS(401, HTML, "Authorization Error: Invalid API key."));
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.key = (struct site_key){ trial_named(trial, "consumer"),
		trial_named(trial, "token"), trial_named(trial, "secret") };
	look(trial, &oauth, &dead, WHOAMI " with a deleted key");
}

static void two_keys_mixed(struct trial *trial)
{
	static const struct check_step as_other = ASK(OTHER, "GET", WHOAMI,
	    NULL, SAYS(200, JSON, NULL), .holds = "username=\"{other}\"");
	struct oauth oauth;

	oauth_init(&oauth, trial->site);
	oauth.key = *site_other_key(trial->site);
	oauth.key.consumer = site_key(trial->site)->consumer;
	look(trial, &oauth, &as_other,
	    WHOAMI " with one's consumer and another's token");
}

/* clang-format off */
#define AS_OTHER ASK(OTHER, "GET", WHOAMI, NULL, SAYS(200, JSON, NULL))

static const struct check rows[] = {
	CHECK("M-030", 0, "PLAINTEXT signatures are taken",
	    ASK(KEY, "GET", WHOAMI, NULL, SAYS(200, JSON, NULL), .holds = "username=\"{me}\"")),
	CHECK("M-031", 0, "HMAC-SHA1 signatures are taken", RUN(hmac_signs_the_query)),
	CHECK("M-032", 0, "HMAC-SHA1 covers the query", RUN(hmac_without_the_query)),
	CHECK("M-033", 0, "HMAC-SHA1 covers the form of a POST",
	    ASK(KEY, "POST", "machines/", "op=allocate&dry_run=true&system_id={machine}", SAYS(200, JSON, NULL)),
	    RUN(hmac_signs_the_form_of_a_post)),
	CHECK("M-034", ADMIN, "HMAC-SHA1 does not cover the form of a PUT",
	    ASK(KEY, "POST", "zones/", "name={p}-s", SAYS(200, JSON, NULL), .makes = "zone {p}-s", .fresh = true),
	    RUN(hmac_leaves_out_the_form_of_a_put)),
	CHECK("M-035", 0, "nobody is forbidden what needs credentials, and not asked for any",
	    ASK(NOBODY, "GET", "users/", NULL, SAYS(401, TEXT0, "Forbidden"), .header = "WWW-Authenticate: none")),
	CHECK("M-036", 0, "nobody's list of machines does not exist",
	    ASK(NOBODY, "GET", "machines/", NULL, SAYS(400, TEXT, "Unrecognised signature: method=GET op=None"))),
	CHECK("M-037", 0, "nobody may see a machine",
	    ASK(NOBODY, "GET", "machines/{any}/", NULL, SAYS(401, TEXT0, "Forbidden"))),
	CHECK("M-038", 0, "an unknown consumer is an invalid API key", RUN(an_unknown_consumer)),
	CHECK("M-039", 0, "an unknown token is named", RUN(an_unknown_token)),
	CHECK("M-040", 0, "a wrong secret is answered with what should have been signed", RUN(a_wrong_secret)),
	CHECK("M-041", 0, "a signature holds for 300 s, and for all the future", RUN(old_timestamps)),
	CHECK("M-042", 0, "a nonce can be used once", RUN(a_nonce_twice)),
	CHECK("M-043", 0, "a nonce of a request that failed can be used again", RUN(a_nonce_of_a_failure)),
	CHECK("M-044", 0, "a nonce belongs to its token", AS_OTHER, RUN(a_nonce_of_two_people)),
	CHECK("M-045", 0, "OAuth is version 1.0, or unsaid", RUN(versions_of_oauth)),
	CHECK("M-046", 0, "an unknown signature method is answered with those known", RUN(an_unknown_method)),
	{ .id = "M-047", .until = 304, .says = "the scheme is written OAuth",
	    .steps = (const struct check_step[]){ RUN(small_letters_are_nobody), { .end = true } } },
	{ .id = "M-047", .since = 305, .says = "the scheme is written OAuth",
	    .steps = (const struct check_step[]){ RUN(small_letters_are_a_fault), { .end = true } } },
	CHECK("M-048", 0, "a realm is passed over", RUN(a_realm)),
	CHECK("M-049", 0, "a deleted key is an invalid one",
	    ASK(KEY, "POST", "account/?op=create_authorisation_token", "name={p}-dead", SAYS(200, JSON, NULL),
	    .save = "token=token_key consumer=consumer_key secret=token_secret", .makes = "token {p}-dead", .loose = true,
	    .fresh = true),
	    ASK(KEY, "POST", "account/?op=delete_authorisation_token", "token_key={token}", SAYS(204, NULL, NULL)),
	    RUN(a_deleted_key)),
	CHECK("M-051", 0, "whose token it is, counts; not whose consumer", AS_OTHER, RUN(two_keys_mixed)),
};
/* clang-format on */

CHECK_TABLE(checks_credentials, rows);

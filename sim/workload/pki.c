#include "sim/workload/pki.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "sim/workload/machine.h"
#include "sim/workload/parts.h"

#define PKI "/etc/kubernetes/pki/"
/* Certificates start a little in the past, to survive skewed clocks. */
#define BACKDATED_FOR MINUTES(5)
#define YEAR          HOURS(24 * 365)

/* ---- what the user data must have brought ---- */

static bool pair_is_good(const struct files *files, const char *cert,
    const char *key, struct err *err)
{
	const char *cert_pem = files_text(files, cert);
	const char *key_pem = files_text(files, key);
	struct identity *pair;

	if (!cert_pem)
		return err_set(err, ERR_INPUT,
		    "kubeadm: couldn't load %s: no such file", cert);
	if (!key_pem)
		return err_set(err, ERR_INPUT,
		    "kubeadm: couldn't load %s: no such file", key);
	pair = identity_from_pem(cert_pem, key_pem, err);
	if (!pair)
		return err_prefix(err, "kubeadm: couldn't load %s: ", cert);
	identity_free(&pair);
	return true;
}

static EVP_PKEY *read_key(const char *pem, bool private)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = private ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL)
	                        : PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);

	BIO_free(in);
	return key;
}

/* The service accounts' keys are a public key (or a certificate) and its
 * private half. */
static bool service_account_keys_are_good(
    const struct files *files, struct err *err)
{
	const char *public_pem = files_text(files, PKI "sa.pub");
	const char *private_pem = files_text(files, PKI "sa.key");
	EVP_PKEY *public, *private;
	bool good;

	if (public_pem && strstr(public_pem, "BEGIN CERTIFICATE"))
		return pair_is_good(files, PKI "sa.pub", PKI "sa.key", err);
	if (!public_pem || !private_pem)
		return err_set(err, ERR_INPUT,
		    "kubeadm: couldn't load %s: no such file",
		    public_pem ? PKI "sa.key" : PKI "sa.pub");
	public = read_key(public_pem, false);
	private = read_key(private_pem, true);
	good = public && private && EVP_PKEY_eq(public, private) == 1;
	EVP_PKEY_free(public);
	EVP_PKEY_free(private);
	if (!good)
		return err_set(err, ERR_INPUT,
		    "kubeadm: " PKI "sa.pub and sa.key are not a pair");
	return true;
}

/* A private key that anybody on the machine may read is a finding of its own:
 * kubeadm would refuse to have written it. */
static bool keys_are_private(const struct files *files, struct err *err)
{
	static const char *const keys[] = { PKI "ca.key", PKI "sa.key",
		PKI "etcd/ca.key", PKI "front-proxy-ca.key" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct file *file = files_get(files, keys[i]);

		if (file && (file->mode & 077))
			return err_set(err, ERR_INPUT,
			    "kubeadm: %s may be read by others (%04o)", keys[i],
			    file->mode);
	}
	return true;
}

bool pki_check(const struct files *files, struct err *err)
{
	return pair_is_good(files, PKI "ca.crt", PKI "ca.key", err) &&
	       pair_is_good(files, PKI "etcd/ca.crt", PKI "etcd/ca.key", err) &&
	       pair_is_good(files, PKI "front-proxy-ca.crt",
	           PKI "front-proxy-ca.key", err) &&
	       service_account_keys_are_good(files, err) &&
	       keys_are_private(files, err);
}

struct identity *pki_ca(const struct files *files, struct err *err)
{
	const char *cert = files_text(files, PKI "ca.crt");
	const char *key = files_text(files, PKI "ca.key");

	if (!cert || !key) {
		err_set(err, ERR_INPUT,
		    "kubeadm: " PKI "ca.crt or ca.key is missing");
		return NULL;
	}
	return identity_from_pem(cert, key, err);
}

/* ---- what is made here ---- */

static struct identity *make(const struct machine *machine, const char *what,
    struct identity_spec *spec, const struct identity *ca)
{
	struct choices *choices = machine->workload->options.choices;
	char *name = xasprintf("%s/%s/%llx", machine->name, what,
	    (unsigned long long)choose_bits(choices, machine->name));
	struct identity *identity;

	spec->seed = choices_seed(choices);
	spec->name = name;
	spec->not_before_time = host_time(machine->host) - BACKDATED_FOR;
	spec->not_after_time = host_time(machine->host) + YEAR;
	identity = identity_new(spec, ca);
	secrets_add(machine->host->secrets, "node-key", identity->key_pem);
	free(name);
	return identity;
}

struct identity *pki_key(const struct machine *machine, const char *what)
{
	struct identity_spec spec = { .common_name = machine->disk.hostname };

	return make(machine, what, &spec, NULL);
}

struct identity *pki_serving(const struct machine *machine,
    const struct identity *ca, const char *const *names,
    const char *const *addresses)
{
	struct identity_spec spec = {
		.common_name = "kube-apiserver",
		.dns_names = names,
		.addresses = addresses,
	};

	return make(machine, "apiserver", &spec, ca);
}

struct identity *pki_client(const struct machine *machine,
    const struct identity *ca, const char *user, const char *group)
{
	struct identity_spec spec = {
		.common_name = user,
		.organization = group,
	};

	return make(machine, user, &spec, ca);
}

#define NAME "kubernetes"

void pki_write_kubeconfig(
    struct machine *machine, const char *path, const struct kubeconfig *config)
{
	const char *user = config->user;
	struct buf text = BUF_INIT;

	buf_addf(&text,
	    "apiVersion: v1\nkind: Config\npreferences: {}\n"
	    "current-context: %s@" NAME "\nclusters:\n- name: " NAME
	    "\n  cluster:\n    server: https://%s\n"
	    "    certificate-authority-data: ",
	    user, config->endpoint);
	buf_add_base64(&text, config->ca_pem, strlen(config->ca_pem));
	buf_addf(&text,
	    "\ncontexts:\n- name: %s@" NAME "\n  context:\n    cluster: " NAME
	    "\n    user: %s\nusers:\n- name: %s\n  user:\n"
	    "    client-certificate-data: ",
	    user, user, user);
	buf_add_base64(&text, config->cert_pem, strlen(config->cert_pem));
	buf_adds(&text, "\n    client-key-data: ");
	buf_add_base64(&text, config->key_pem, strlen(config->key_pem));
	buf_adds(&text, "\n");
	files_put(
	    &machine->disk.files, path, buf_text(&text), text.len, 0600, NULL);
	buf_free(&text);
}

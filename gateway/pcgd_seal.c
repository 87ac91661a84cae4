#include "gateway/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"

#define PREFIX    "enc:v1:"
#define KEY_LEN   32
#define NONCE_LEN 12
#define TAG_LEN   16

struct sealer {
	unsigned char key[KEY_LEN];
};

static bool make_key(const char *key_file, struct err *err)
{
	unsigned char key[KEY_LEN];
	int fd = open(key_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool written;

	if (fd < 0)
		return err_set(err, ERR_STORAGE, "cannot make %s: %s", key_file,
		    strerror(errno));
	check(RAND_bytes(key, KEY_LEN) == 1);
	written = write(fd, key, KEY_LEN) == KEY_LEN && fsync(fd) == 0;
	close(fd);
	OPENSSL_cleanse(key, sizeof(key));
	if (!written)
		return err_set(err, ERR_STORAGE, "cannot write %s: %s",
		    key_file, strerror(errno));
	return true;
}

static bool read_key(
    struct sealer *sealer, const char *key_file, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || (st.st_mode & 077) != 0)
		return err_set(err, ERR_INPUT,
		    "%s may be read by others: chmod 600 it", key_file);
	if (st.st_size != KEY_LEN || read(fd, sealer->key, KEY_LEN) != KEY_LEN)
		return err_set(
		    err, ERR_INPUT, "%s is not a key of ours", key_file);
	return true;
}

struct sealer *sealer_open(const char *key_file, bool create, struct err *err)
{
	struct sealer *sealer;
	int fd;

	if (create && access(key_file, F_OK) != 0 && !make_key(key_file, err))
		return NULL;
	fd = open(key_file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_set(err, ERR_INPUT, "cannot read %s: %s%s", key_file,
		    strerror(errno),
		    errno == ENOENT ? "; `pcgd encrypt` makes it" : "");
		return NULL;
	}
	sealer = xcalloc(1, sizeof(*sealer));
	if (!read_key(sealer, key_file, fd, err))
		sealer_free(&sealer);
	close(fd);
	return sealer;
}

void sealer_free(struct sealer **sealer)
{
	if (!*sealer)
		return;
	OPENSSL_cleanse((*sealer)->key, KEY_LEN);
	free(*sealer);
	*sealer = NULL;
}

bool seal_is_sealed(const char *value)
{
	return strncmp(value, PREFIX, strlen(PREFIX)) == 0;
}

char *seal(struct sealer *sealer, const char *field, const char *value)
{
	size_t len = strlen(value);
	unsigned char *box = xcalloc(1, NONCE_LEN + len + TAG_LEN);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct buf out = BUF_INIT;
	int n;

	check(ctx);
	check(RAND_bytes(box, NONCE_LEN) == 1);
	check(EVP_EncryptInit_ex(
	          ctx, EVP_aes_256_gcm(), NULL, sealer->key, box) == 1);
	check(EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)field,
	          (int)strlen(field)) == 1);
	check(EVP_EncryptUpdate(ctx, box + NONCE_LEN, &n,
	          (const unsigned char *)value, (int)len) == 1);
	check(EVP_EncryptFinal_ex(ctx, box + NONCE_LEN + len, &n) == 1);
	check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN,
	          box + NONCE_LEN + len) == 1);
	EVP_CIPHER_CTX_free(ctx);
	buf_adds(&out, PREFIX);
	buf_add_base64(&out, box, NONCE_LEN + len + TAG_LEN);
	free(box);
	return buf_detach(&out);
}

static bool open_box(struct sealer *sealer, const char *field,
    const struct buf *box, char *value, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)box->data;
	unsigned char tag[TAG_LEN];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool good;
	int n;

	check(ctx);
	memcpy(tag, bytes + NONCE_LEN + len, TAG_LEN);
	good = EVP_DecryptInit_ex(
	           ctx, EVP_aes_256_gcm(), NULL, sealer->key, bytes) == 1 &&
	       EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)field,
	           (int)strlen(field)) == 1 &&
	       EVP_DecryptUpdate(ctx, (unsigned char *)value, &n,
	           bytes + NONCE_LEN, (int)len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) ==
	           1 &&
	       EVP_DecryptFinal_ex(ctx, (unsigned char *)value + n, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

char *unseal(struct sealer *sealer, const char *field, const char *value,
    struct err *err)
{
	const char *text = value + strlen(PREFIX);
	struct buf box = BUF_INIT;
	char *plain = NULL;
	size_t len;

	check(seal_is_sealed(value));
	if (buf_add_unbase64(&box, text, strlen(text)) &&
	    box.len >= NONCE_LEN + TAG_LEN) {
		len = box.len - NONCE_LEN - TAG_LEN;
		plain = xcalloc(1, len + 1);
		if (!open_box(sealer, field, &box, plain, len)) {
			free(plain);
			plain = NULL;
		}
	}
	buf_free(&box);
	if (!plain)
		err_set(err, ERR_INPUT,
		    "%s cannot be decrypted: it was edited, moved from "
		    "another field, or sealed with another pcg.key; write the "
		    "plain value again and run `pcgd encrypt`",
		    field);
	return plain;
}

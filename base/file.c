#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_all(FILE *f, struct buf *out)
{
	char piece[4096];
	size_t n;

	errno = 0;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(out, piece, n);
	return ferror(f) ? errno : 0;
}

int file_read(const char *file, struct buf *out)
{
	FILE *f = fopen(file, "re");
	int failed;

	if (!f)
		return errno;
	failed = read_all(f, out);
	fclose(f);
	return failed;
}

static bool cannot_read(const char *file, int failed, struct err *err)
{
	return err_set(
	    err, ERR_INPUT, "cannot read %s: %s", file, strerror(failed));
}

char *file_text(const char *file, struct err *err)
{
	struct buf text = BUF_INIT;
	int failed = strcmp(file, "-") == 0 ? read_all(stdin, &text)
	                                    : file_read(file, &text);

	while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	if (failed)
		cannot_read(file, failed, err);
	else if (text.len == 0)
		err_set(err, ERR_INPUT, "%s is empty", file);
	if (!failed && text.len)
		return buf_detach(&text);
	buf_free(&text);
	return NULL;
}

json_t *file_json(const char *file, struct err *err)
{
	struct buf text = BUF_INIT;
	int failed = file_read(file, &text);
	json_error_t where;
	json_t *json = NULL;

	if (failed)
		cannot_read(file, failed, err);
	else
		json = json_loadb(buf_text(&text), text.len, 0, &where);
	if (!failed && !json)
		err_set(err, ERR_INPUT, "%s:%d:%d: %s", file, where.line,
		    where.column, where.text);
	buf_free(&text);
	return json;
}

char *file_certificates(const char *file, struct err *err)
{
	char *text = file_text(file, err);

	if (!text || strstr(text, "-----BEGIN CERTIFICATE-----"))
		return text;
	err_set(err, ERR_INPUT, "there is no certificate (PEM) in %s", file);
	free(text);
	return NULL;
}

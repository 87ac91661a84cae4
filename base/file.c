#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

char *file_text(const char *file, struct err *err)
{
	FILE *f = strcmp(file, "-") ? fopen(file, "re") : stdin;
	struct buf text = BUF_INIT;
	char piece[4096];
	bool well = f != NULL;
	size_t n;

	while (well && (n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&text, piece, n);
	well = well && !ferror(f);
	if (!well)
		err_set(err, ERR_INPUT, "cannot read %s: %s", file,
		    strerror(errno));
	if (f && f != stdin)
		fclose(f);
	if (!well) {
		buf_free(&text);
		return NULL;
	}
	while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	if (text.len == 0) {
		err_set(err, ERR_INPUT, "%s is empty", file);
		buf_free(&text);
		return NULL;
	}
	return buf_detach(&text);
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

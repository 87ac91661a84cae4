#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

char *file_text(const char *file, struct err *err)
{
	FILE *f = strcmp(file, "-") ? fopen(file, "re") : stdin;
	struct buf text = BUF_INIT;
	char piece[4096];
	size_t n;

	if (!f) {
		err_set(err, ERR_INPUT, "cannot read %s: %s", file,
		    strerror(errno));
		return NULL;
	}
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&text, piece, n);
	if (f != stdin)
		fclose(f);
	while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	if (text.len == 0) {
		err_set(err, ERR_INPUT, "%s is empty", file);
		buf_free(&text);
		return NULL;
	}
	return buf_detach(&text);
}

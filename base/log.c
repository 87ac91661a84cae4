#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/host.h"
#include "base/secrets.h"

struct log {
	enum log_level loudest;
	struct secrets *secrets; /* not ours; may be NULL */
	log_sink_fn *sink;
	void *ctx;
};

struct log *log_new(enum log_level loudest, struct secrets *secrets,
    log_sink_fn *sink, void *ctx)
{
	struct log *log = xcalloc(1, sizeof(*log));

	check(sink);
	*log = (struct log){ loudest, secrets, sink, ctx };
	return log;
}

void log_free(struct log **log)
{
	free(*log);
	*log = NULL;
}

const char *log_level_name(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "error";
	case LOG_WARNING:
		return "warning";
	case LOG_INFO:
		return "info";
	case LOG_DEBUG:
		return "debug";
	}
	unreachable("a log level that is none");
}

void log_say(
    const struct host *host, enum log_level level, const char *fmt, ...)
{
	const struct log *log = host->log;
	struct buf line = BUF_INIT, room = BUF_INIT;
	va_list ap;

	if (host->dead || !log || level > log->loudest)
		return;

	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	log->sink(log->ctx, level, host->name,
	    secrets_mask(log->secrets, buf_text(&line), &room));
	buf_free(&line);
	buf_free(&room);
}

/*
 * log: what a program says to the people who run it.
 *
 *	error    something is lost or stops: look now
 *	warning  look at this before you believe the result
 *	info     the story
 *	debug    the wire: each exchange that a real host has ended
 *
 * A line goes to the sink: standard error for a daemon, memory in a
 * simulation (shown only if the run failed). Secrets are masked on the way.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

struct log;
struct host;
struct secrets;

enum log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_INFO,
	LOG_DEBUG
};

typedef void log_sink_fn(
    void *ctx, enum log_level level, const char *who, const char *line);

struct log *log_new(enum log_level loudest, struct secrets *secrets,
    log_sink_fn *sink, void *ctx);
void log_free(struct log **log);
const char *log_level_name(enum log_level level);

/* host gives the log and the name; in a dead host nothing is said. */
void log_say(const struct host *host, enum log_level level, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
#define log_error(host, ...)   log_say((host), LOG_ERROR, __VA_ARGS__)
#define log_warning(host, ...) log_say((host), LOG_WARNING, __VA_ARGS__)
#define log_info(host, ...)    log_say((host), LOG_INFO, __VA_ARGS__)
#define log_debug(host, ...)   log_say((host), LOG_DEBUG, __VA_ARGS__)

#endif

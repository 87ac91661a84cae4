/*
 * serve: the fakes on real ports, for any client.
 *
 *	pcgsim serve maas      a MAAS with machines that really boot what they
 *	                       are given: clusters built on them run in here,
 *	                       on loopback addresses of their own
 *	pcgsim serve palette   a Palette
 *
 * Both run until SIGINT or SIGTERM and then stop cleanly. What a client needs
 * to begin (URL, keys, CA) is printed, and written to --credentials FILE
 * (readable by its owner only) as JSON for scripts.
 *
 * --speed N makes the whole served world run N times faster: its machines, its
 * clusters and its calendar, from the moment it starts. Clients that live at
 * the pace of the real clock are not taken for late (sim/maas accepts both).
 */
#ifndef HARNESS_SERVE_SERVE_H
#define HARNESS_SERVE_SERVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/real_host.h"
#include "harness/serve/watch.h"

#define SERVE_MOST_LISTED 32

/* The texts of an option that may be given again and again. */
struct serve_list {
	const char *texts[SERVE_MOST_LISTED];
	size_t count;
};

/* What both kinds of served world have. */
struct served {
	struct reactor *reactor;
	struct host *host;
	struct events *events;
	struct journal *journal;
	/* as given on the command line */
	const char *bind, *journal_file, *credentials_file, *ca_file, *key_file;
	uint16_t port;
	double speed;
	uint64_t seed;
	bool tls;
	struct serve_list faults; /* rules of --fault */
	struct watch *watch;
};

/* An option of a serve command: where its text goes, and how it is read. */
enum serve_kind {
	SERVE_TEXT,
	SERVE_PORT,
	SERVE_ANY_PORT, /* 0 too */
	SERVE_COUNT,
	SERVE_MACHINES, /* a count of what is kept in memory */
	SERVE_SPEED,
	SERVE_FLAG,
	SERVE_LIST
};
struct serve_option {
	const char *name, *argument, *help;
	enum serve_kind kind;
	void *value;
};
/* 0, or the exit status after saying what is wrong (2) or helping (-1). */
int serve_read_options(const char *command, int argc, char **argv,
    const struct serve_option *options, size_t count);

/* command: "pcgsim serve maas"; it and the subject outlive it. */
bool served_open(struct served *served, const char *command, const char *name,
    const struct watch_subject *subject, struct err *err);
/* The address to call from this machine: 127.0.0.1 for 0.0.0.0. */
const char *served_host(const struct served *served);
/* "https://[::1]:5240" and the path; free() it. */
char *served_url(const struct served *served, const char *path);
/* Until a signal; then the sum of it. */
void served_run(struct served *served);
void served_close(struct served *served);
/* A CA and a server identity for localhost and the bound address, or NULL
 * when not --tls. ca gets the CA's PEM (free()). */
struct identity *served_identity(struct served *served, char **ca_pem);
/* Print the facts, write the files that were asked for; steals facts. The fact
 * apiKey is not printed if it has a file of its own. */
bool served_announce(
    struct served *served, json_t *facts, const char *ca_pem, struct err *err);

/* It cannot be served: the sentence on standard error, and 2. */
int served_complain(const char *command, const struct err *err);

int serve_maas(int argc, char **argv);
int serve_palette(int argc, char **argv);

#endif

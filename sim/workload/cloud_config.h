/*
 * cloud_config: what cloud-init understands of a user data, as a value.
 *
 * A strict reader of the part of #cloud-config that is modelled: write_files,
 * runcmd, users (name, sudo, ssh_authorized_keys) and ntp (enabled, servers),
 * after the jinja template (if its first line says so) has been
 * filled in from the instance's meta data. Whatever else it finds is an error
 * with its place: a user data is either understood or refused.
 */
#ifndef SIM_WORKLOAD_CLOUD_CONFIG_H
#define SIM_WORKLOAD_CLOUD_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "sim/workload/files.h"

/* One simple command, its words unquoted. "a && b" are two. */
struct command {
	char **words; /* NULL after the last */
	size_t count;
	char *text; /* as it reads, for messages */
};

struct cloud_config {
	struct cloud_file {
		char *path, *owner;
		struct buf content;
		unsigned mode;
		bool append;
	} * files;
	size_t file_count;
	struct command *commands;
	size_t command_count;
};

struct instance_facts {
	const char *hostname; /* without its domain */
	const char *instance_id;
};

/* Is it for cloud-init at all? Its first line decides; what is not is left
 * alone by cloud-init, with a warning in its log. */
bool cloud_config_is_one(const char *text);

/* False and ERR_INPUT with "user-data:3:7: ...". */
bool cloud_config_parse(const char *text, size_t len,
    const struct instance_facts *facts, struct cloud_config *config,
    struct err *err);
void cloud_config_free(struct cloud_config *config);

/* The users' keys and the time servers are files, too. */
void cloud_config_write_files(
    const struct cloud_config *config, struct files *files);

#endif

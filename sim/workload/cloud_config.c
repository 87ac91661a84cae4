#include "sim/workload/cloud_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/yaml.h"

static const char template_mark[] = "## template: jinja";
static const char config_mark[] = "#cloud-config";

static const char *next_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? end + 1 : text + strlen(text);
}

static bool line_is(const char *line, const char *words)
{
	size_t len = strlen(words);

	return strncmp(line, words, len) == 0 &&
	       line[len + strspn(line + len, " \t\r")] == '\n';
}

bool cloud_config_is_one(const char *text)
{
	if (line_is(text, template_mark))
		text = next_line(text);
	return line_is(text, config_mark);
}

/* ---- the template ---- */

static const char *fact_named(
    const struct instance_facts *facts, const char *name, size_t len)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{ "ds.meta_data.local_hostname", facts->hostname },
		{ "ds.meta_data.hostname", facts->hostname },
		{ "ds.meta_data.instance_id", facts->instance_id },
		{ "v1.local_hostname", facts->hostname },
		{ "v1.instance_id", facts->instance_id },
		{ "local_hostname", facts->hostname },
		{ "instance_id", facts->instance_id },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == len &&
		    strncmp(known[i].name, name, len) == 0)
			return known[i].value;
	return NULL;
}

/* "{{ name }}": its end, and the value behind it; NULL if nothing is. */
static const char *fill_in(const char *open, const char *end,
    const struct instance_facts *facts, struct buf *out)
{
	const char *name = open + 2 + strspn(open + 2, " ");
	const char *last = end;
	const char *value;

	while (last > name && last[-1] == ' ')
		last--;
	value = fact_named(facts, name, (size_t)(last - name));
	if (!value)
		return NULL;
	buf_adds(out, value);
	return end + 2;
}

static bool fill_template(const char *text, const struct instance_facts *facts,
    struct buf *out, struct err *err)
{
	const char *open;

	while ((open = strstr(text, "{{")) != NULL) {
		const char *end = strstr(open, "}}");
		const char *after = NULL;

		buf_add(out, text, (size_t)(open - text));
		if (end)
			after = fill_in(open, end, facts, out);
		if (!after)
			return err_set(err, ERR_INPUT,
			    "user-data: the template uses \"%.40s\", which the "
			    "instance's meta data does not have",
			    open);
		text = after;
	}
	buf_adds(out, text);
	return true;
}

/* ---- commands ---- */

static void command_word(struct command *command, const char *word)
{
	command->words = xrealloc(
	    command->words, (command->count + 2) * sizeof(char *));
	command->words[command->count++] = xstrdup(word);
	command->words[command->count] = NULL;
}

static struct command *new_command(struct cloud_config *config)
{
	struct command *command;

	config->commands = xrealloc(config->commands,
	    (config->command_count + 1) * sizeof(*config->commands));
	command = &config->commands[config->command_count++];
	*command = (struct command){ 0 };
	return command;
}

static void spell_out(struct command *command)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < command->count; i++)
		buf_addf(&text, "%s%s", i ? " " : "", command->words[i]);
	free(command->text);
	command->text = xstrdup(buf_text(&text));
	buf_free(&text);
}

/* One word of a shell line; the place after it, or NULL for an open quote. */
static const char *shell_word(const char *at, struct buf *word)
{
	char quote = 0;

	for (; *at; at++) {
		if (quote && *at == quote)
			quote = 0;
		else if (!quote && (*at == '\'' || *at == '"'))
			quote = *at;
		else if (!quote && strchr(" \t\n", *at))
			break;
		else
			buf_addc(word, *at);
	}
	return quote ? NULL : at;
}

static bool place(
    struct err *err, const struct yaml_node *node, const char *sentence)
{
	return err_set(err, ERR_INPUT, "user-data:%u:%u: %s", node->line,
	    node->column, sentence);
}

static bool shell_line(
    struct cloud_config *config, const struct yaml_node *node, struct err *err)
{
	struct command *command = NULL;
	const char *at = node->text;
	struct buf word = BUF_INIT;

	for (at += strspn(at, " \t\n"); *at; at += strspn(at, " \t\n")) {
		buf_reset(&word);
		at = shell_word(at, &word);
		if (!at) {
			buf_free(&word);
			return place(err, node, "a quote is not closed");
		}
		if (strcmp(buf_text(&word), "&&") == 0) {
			command = NULL;
			continue;
		}
		if (!command)
			command = new_command(config);
		command_word(command, buf_text(&word));
		spell_out(command);
	}
	buf_free(&word);
	return true;
}

static bool read_command(
    struct cloud_config *config, const struct yaml_node *node, struct err *err)
{
	struct command *command;

	if (node->kind == YAML_TEXT)
		return shell_line(config, node, err);
	if (node->kind != YAML_LIST || node->count == 0)
		return place(
		    err, node, "a command is a line or a list of words");
	command = new_command(config);
	for (size_t i = 0; i < node->count; i++) {
		if (node->items[i]->kind != YAML_TEXT)
			return place(err, node->items[i], "this is no word");
		command_word(command, node->items[i]->text);
	}
	spell_out(command);
	return true;
}

static bool read_runcmd(
    struct cloud_config *config, const struct yaml_node *node, struct err *err)
{
	if (node->kind != YAML_LIST)
		return place(err, node, "runcmd must be a list");
	for (size_t i = 0; i < node->count; i++)
		if (!read_command(config, node->items[i], err))
			return false;
	return true;
}

/* ---- write_files ---- */

static bool set_path(struct cloud_file *file, const char *text)
{
	file->path = xstrdup(text);
	return text[0] == '/';
}

static bool set_owner(struct cloud_file *file, const char *text)
{
	file->owner = xstrdup(text);
	return text[0] != '\0';
}

static bool set_mode(struct cloud_file *file, const char *text)
{
	char *end;
	long mode = strtol(text, &end, 8);

	if (*text == '\0' || *end != '\0' || mode < 0 || mode > 07777)
		return false;
	file->mode = (unsigned)mode;
	return true;
}

static bool set_append(struct cloud_file *file, const char *text)
{
	file->append = strcmp(text, "true") == 0;
	return file->append || strcmp(text, "false") == 0;
}

static bool set_content(struct cloud_file *file, const char *text)
{
	buf_adds(&file->content, text);
	return true;
}

static bool set_encoding(struct cloud_file *file, const char *text)
{
	(void)file; /* done when all keys have been read */
	return strcmp(text, "b64") == 0 || strcmp(text, "base64") == 0;
}

static const struct {
	const char *key;
	bool (*set)(struct cloud_file *file, const char *text);
} file_keys[] = {
	{ "path", set_path },
	{ "owner", set_owner },
	{ "permissions", set_mode },
	{ "append", set_append },
	{ "content", set_content },
	{ "encoding", set_encoding },
};

static bool read_file_key(
    struct cloud_file *file, const struct yaml_pair *pair, struct err *err)
{
	for (size_t i = 0; i < sizeof(file_keys) / sizeof(file_keys[0]); i++) {
		if (strcmp(pair->key->text, file_keys[i].key) != 0)
			continue;
		if (pair->value->kind == YAML_TEXT &&
		    file_keys[i].set(file, pair->value->text))
			return true;
		return place(
		    err, pair->value, "this value is not allowed here");
	}
	return place(err, pair->key, "cloud-init has no such key of a file");
}

static bool decode(struct cloud_file *file)
{
	struct buf plain = BUF_INIT;

	if (!buf_add_unbase64(
	        &plain, buf_text(&file->content), file->content.len))
		return false;
	buf_free(&file->content);
	file->content = plain;
	return true;
}

static bool read_file(
    struct cloud_config *config, const struct yaml_node *node, struct err *err)
{
	struct cloud_file *file;

	if (node->kind != YAML_MAP)
		return place(err, node, "a file is a map");
	config->files = xrealloc(
	    config->files, (config->file_count + 1) * sizeof(*config->files));
	file = &config->files[config->file_count++];
	*file = (struct cloud_file){ .mode = 0644 };
	for (size_t i = 0; i < node->count; i++)
		if (!read_file_key(file, &node->pairs[i], err))
			return false;
	if (!file->path)
		return place(err, node, "a file needs a path");
	if (!yaml_get(node, "content"))
		return place(err, node, "a file needs its content");
	if (yaml_get(node, "encoding") && !decode(file))
		return place(err, node, "the content is not base64");
	return true;
}

static bool read_write_files(
    struct cloud_config *config, const struct yaml_node *node, struct err *err)
{
	if (node->kind != YAML_LIST)
		return place(err, node, "write_files must be a list");
	for (size_t i = 0; i < node->count; i++)
		if (!read_file(config, node->items[i], err))
			return false;
	return true;
}

/* ---- users and ntp: what they would leave on the disk ---- */

static struct cloud_file *made_file(
    struct cloud_config *config, const char *path, unsigned mode)
{
	struct cloud_file *file;

	config->files = xrealloc(
	    config->files, (config->file_count + 1) * sizeof(*config->files));
	file = &config->files[config->file_count++];
	*file = (struct cloud_file){ .path = xstrdup(path), .mode = mode };
	return file;
}

static bool add_lines(struct cloud_file *file, const char *before,
    const struct yaml_node *list, struct err *err)
{
	if (list->kind != YAML_LIST)
		return place(err, list, "this must be a list");
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i]->kind != YAML_TEXT)
			return place(err, list->items[i], "this is no text");
		buf_addf(
		    &file->content, "%s%s\n", before, list->items[i]->text);
	}
	return true;
}

static bool read_user_key(struct cloud_config *config, const char *name,
    const struct yaml_pair *pair, struct err *err)
{
	const char *key = pair->key->text;
	char *path = NULL;
	bool good = true;

	if (strcmp(key, "ssh_authorized_keys") == 0) {
		path = xasprintf("/home/%s/.ssh/authorized_keys", name);
		good = add_lines(
		    made_file(config, path, 0600), "", pair->value, err);
	} else if (strcmp(key, "sudo") == 0 && pair->value->kind == YAML_TEXT) {
		path = xasprintf("/etc/sudoers.d/90-%s", name);
		buf_adds(
		    &made_file(config, path, 0440)->content, pair->value->text);
	} else if (strcmp(key, "name") != 0) {
		good = place(
		    err, pair->key, "this key of a user is not modelled");
	}
	free(path);
	return good;
}

static bool read_users(
    struct cloud_config *config, const struct yaml_node *node, struct err *err)
{
	if (node->kind != YAML_LIST)
		return place(err, node, "users must be a list");
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *user = node->items[i];
		const char *name = user->kind == YAML_MAP
		                       ? yaml_text(user, "name")
		                       : NULL;

		if (!name)
			return place(err, user, "a user needs a name");
		for (size_t j = 0; j < user->count; j++)
			if (!read_user_key(config, name, &user->pairs[j], err))
				return false;
	}
	return true;
}

static bool read_ntp(
    struct cloud_config *config, const struct yaml_node *node, struct err *err)
{
	const struct yaml_node *servers = node->kind == YAML_MAP
	                                      ? yaml_get(node, "servers")
	                                      : NULL;
	const char *enabled = node->kind == YAML_MAP
	                          ? yaml_text(node, "enabled")
	                          : NULL;

	if (!servers || !enabled || node->count != 2)
		return place(
		    err, node, "ntp has the two keys enabled and servers");
	if (strcmp(enabled, "true") != 0)
		return true;
	return add_lines(
	    made_file(config, "/etc/ntp.conf", 0644), "server ", servers, err);
}

/* ---- the whole ---- */

static const struct {
	const char *key;
	bool (*read)(struct cloud_config *config, const struct yaml_node *node,
	    struct err *err);
} sections[] = {
	{ "write_files", read_write_files },
	{ "runcmd", read_runcmd },
	{ "users", read_users },
	{ "ntp", read_ntp },
};

static bool read_section(
    struct cloud_config *config, const struct yaml_pair *pair, struct err *err)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (strcmp(pair->key->text, sections[i].key) == 0)
			return sections[i].read(config, pair->value, err);
	return err_set(err, ERR_INPUT,
	    "user-data:%u:%u: \"%s\" of cloud-init is not modelled",
	    pair->key->line, pair->key->column, pair->key->text);
}

static bool read_config(
    const char *text, size_t len, struct cloud_config *config, struct err *err)
{
	struct yaml_node *root = yaml_read("user-data", text, len, err);
	bool good = root != NULL;

	if (root && root->kind != YAML_MAP)
		good = place(err, root, "a cloud-config is a map");
	for (size_t i = 0; good && i < root->count; i++)
		good = read_section(config, &root->pairs[i], err);
	yaml_free(&root);
	return good;
}

bool cloud_config_parse(const char *text, size_t len,
    const struct instance_facts *facts, struct cloud_config *config,
    struct err *err)
{
	struct buf filled = BUF_INIT;
	bool good = true;

	check(text[len] == '\0');
	*config = (struct cloud_config){ 0 };
	if (strlen(text) != len)
		return err_set(
		    err, ERR_INPUT, "user-data: there is a NUL byte in it");
	if (line_is(text, template_mark))
		good = fill_template(next_line(text), facts, &filled, err);
	else
		buf_add(&filled, text, len);
	good = good && read_config(buf_text(&filled), filled.len, config, err);
	buf_free(&filled);
	if (!good)
		cloud_config_free(config);
	return good;
}

void cloud_config_free(struct cloud_config *config)
{
	for (size_t i = 0; i < config->file_count; i++) {
		free(config->files[i].path);
		free(config->files[i].owner);
		buf_free(&config->files[i].content);
	}
	for (size_t i = 0; i < config->command_count; i++) {
		for (size_t j = 0; j < config->commands[i].count; j++)
			free(config->commands[i].words[j]);
		free(config->commands[i].words);
		free(config->commands[i].text);
	}
	free(config->files);
	free(config->commands);
	*config = (struct cloud_config){ 0 };
}

void cloud_config_write_files(
    const struct cloud_config *config, struct files *files)
{
	for (size_t i = 0; i < config->file_count; i++) {
		const struct cloud_file *file = &config->files[i];

		if (file->append)
			files_append(files, file->path, file->content.data,
			    file->content.len);
		else
			files_put(files, file->path, buf_text(&file->content),
			    file->content.len, file->mode, file->owner);
	}
}

#include "compat/journal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

struct journal {
	struct disk *disk;
	char *file;
	json_t *things; /* list of texts */
};

/* http://maas.lab:5240/MAAS -> http-maas.lab-5240-MAAS.json */
static char *file_name(const char *server)
{
	struct buf name = BUF_INIT;

	for (; *server; server++) {
		bool plain = isalnum((unsigned char)*server) || *server == '.';

		if (plain)
			buf_addc(&name, *server);
		else if (name.len && name.data[name.len - 1] != '-')
			buf_addc(&name, '-');
	}
	buf_adds(&name, ".json");
	return buf_detach(&name);
}

static bool load(struct journal *journal, struct err *err)
{
	struct buf text = BUF_INIT;
	json_t *things = NULL;

	if (!journal->disk ||
	    !journal->disk->ops->exists(journal->disk, journal->file))
		return true;
	if (disk_load(journal->disk, journal->file, &text, err))
		things = json_parse(buf_text(&text), text.len, err);
	buf_free(&text);
	if (!things)
		return err_prefix(err, "journal %s: ", journal->file);
	json_decref(journal->things);
	journal->things = things;
	return true;
}

struct journal *journal_new(
    struct disk *disk, const char *server, struct err *err)
{
	struct journal *journal = xcalloc(1, sizeof(*journal));

	journal->disk = disk;
	journal->file = file_name(server);
	journal->things = json_array();
	if (!load(journal, err))
		journal_free(&journal);
	return journal;
}

void journal_free(struct journal **journal)
{
	if (!*journal)
		return;
	free((*journal)->file);
	json_decref((*journal)->things);
	free(*journal);
	*journal = NULL;
}

static bool store(struct journal *journal, struct err *err)
{
	char *text;
	bool well;

	if (!journal->disk)
		return true;
	if (journal_count(journal) == 0 &&
	    journal->disk->ops->exists(journal->disk, journal->file))
		return journal->disk->ops->remove(
		           journal->disk, journal->file) ||
		       err_set(err, ERR_STORAGE, "cannot remove the journal %s",
		           journal->file);
	text = json_dumps(journal->things, JSON_INDENT(1));
	well = disk_save(journal->disk, journal->file, text, strlen(text), err);
	free(text);
	return well || err_prefix(err, "journal %s: ", journal->file);
}

static size_t find(const struct journal *journal, const char *thing)
{
	size_t i = 0;

	while (i < journal_count(journal) &&
	       strcmp(journal_at(journal, i), thing) != 0)
		i++;
	return i;
}

bool journal_add(struct journal *journal, const char *thing, struct err *err)
{
	if (find(journal, thing) < journal_count(journal))
		return true;
	json_array_append_new(journal->things, json_string(thing));
	return store(journal, err);
}

bool journal_strike(struct journal *journal, const char *thing, struct err *err)
{
	json_array_remove(journal->things, find(journal, thing));
	return store(journal, err);
}

size_t journal_count(const struct journal *journal)
{
	return json_array_size(journal->things);
}

const char *journal_at(const struct journal *journal, size_t i)
{
	return json_string_value(json_array_get(journal->things, i));
}

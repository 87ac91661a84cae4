#include "base/choices.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/events.h"

__extension__ typedef unsigned __int128 uint128;

/* ---- SipHash-2-4 (Aumasson, Bernstein, 2012) ---- */

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

/* Little-endian whatever the machine, or records would differ. Written out,
 * because compilers see one load in this and none in a loop. */
static uint64_t load(const unsigned char *in)
{
	return (uint64_t)in[0] | (uint64_t)in[1] << 8 | (uint64_t)in[2] << 16 |
	       (uint64_t)in[3] << 24 | (uint64_t)in[4] << 32 |
	       (uint64_t)in[5] << 40 | (uint64_t)in[6] << 48 |
	       (uint64_t)in[7] << 56;
}

static uint64_t load_rest(const unsigned char *in, size_t len)
{
	uint64_t word = (uint64_t)len << 56;
	size_t i;

	for (i = 0; i < len % 8; i++)
		word |= (uint64_t)in[len / 8 * 8 + i] << (8 * i);
	return word;
}

static uint64_t siphash(uint64_t k0, uint64_t k1, const void *data, size_t len)
{
	const unsigned char *in = data;
	uint64_t v[4] = {
		k0 ^ 0x736f6d6570736575,
		k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261,
		k1 ^ 0x7465646279746573,
	};
	size_t i;

	for (i = 0; i < len / 8; i++)
		sip_word(v, load(in + 8 * i));
	sip_word(v, load_rest(in, len));
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The hash wants 128 bits of key; the second half is the first one mixed (by
 * the finisher of splitmix64). */
uint64_t keyed_hash(uint64_t key, const void *data, size_t len)
{
	uint64_t second = key + 0x9e3779b97f4a7c15;

	second = (second ^ second >> 30) * 0xbf58476d1ce4e5b9;
	second = (second ^ second >> 27) * 0x94d049bb133111eb;
	return siphash(key, second ^ second >> 31, data, len);
}

/* Multiply to 128 bits and fold (as wyhash does); the constant is odd and has
 * as many ones as zeros. */
static uint64_t fold(uint64_t word)
{
	uint128 product = (uint128)word * 0xa0761d6478bd642f;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t content_hash(uint64_t key, const void *data, size_t len)
{
	const unsigned char *in = data;
	uint64_t hash = fold(key ^ 0x9e3779b97f4a7c15);
	size_t i;

	for (i = 0; i < len / 8; i++)
		hash = fold(hash ^ load(in + 8 * i));
	return fold(fold(hash ^ load_rest(in, len)) ^ len);
}

/* ---- the names asked for so far ---- */

struct entry {
	char *name;    /* NULL: free */
	uint64_t hash; /* of the seed and the name */
	uint64_t next; /* ordinal */
};

struct choices {
	uint64_t seed, made;
	struct events *events; /* not ours; NULL: nobody is told */
	struct entry *table;   /* open addressing; room is a power of two */
	size_t room, count;
};

struct choices *choices_new(uint64_t seed)
{
	struct choices *choices = xcalloc(1, sizeof(*choices));

	choices->seed = seed;
	choices->room = 256;
	choices->table = xcalloc(choices->room, sizeof(*choices->table));
	return choices;
}

void choices_free(struct choices **choices)
{
	size_t i;

	if (!*choices)
		return;
	for (i = 0; i < (*choices)->room; i++)
		free((*choices)->table[i].name);
	free((*choices)->table);
	free(*choices);
	*choices = NULL;
}

uint64_t choices_seed(const struct choices *choices)
{
	return choices->seed;
}

uint64_t choices_made(const struct choices *choices)
{
	return choices->made;
}

void choices_tell(struct choices *choices, struct events *events)
{
	choices->events = events;
}

/* The entry of this name, or the free one where it belongs. */
static struct entry *probe(
    struct entry *table, size_t room, uint64_t hash, const char *name)
{
	size_t slot = (size_t)hash & (room - 1);

	while (table[slot].name) {
		if (table[slot].hash == hash &&
		    strcmp(table[slot].name, name) == 0)
			break;
		slot = (slot + 1) & (room - 1);
	}
	return &table[slot];
}

static void grow(struct choices *choices)
{
	size_t room = 2 * choices->room;
	struct entry *table = xcalloc(room, sizeof(*table));
	size_t i;

	for (i = 0; i < choices->room; i++) {
		const struct entry *old = &choices->table[i];

		if (old->name)
			*probe(table, room, old->hash, old->name) = *old;
	}
	free(choices->table);
	choices->table = table;
	choices->room = room;
}

static struct entry *find_entry(struct choices *choices, const char *name)
{
	size_t len = strlen(name);
	uint64_t hash = keyed_hash(choices->seed, name, len);
	struct entry *entry = probe(choices->table, choices->room, hash, name);

	check(len > 0);
	if (entry->name)
		return entry;
	if (4 * (choices->count + 1) > 3 * choices->room) {
		grow(choices);
		entry = probe(choices->table, choices->room, hash, name);
	}
	entry->name = xstrndup(name, len);
	entry->hash = hash;
	choices->count++;
	return entry;
}

/* ---- choosing ---- */

struct draw {
	uint64_t ordinal;
	uint64_t bits;
};

static uint64_t hash_number(uint64_t key, uint64_t number)
{
	unsigned char bytes[8];
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(number >> (8 * i));
	return keyed_hash(key, bytes, sizeof(bytes));
}

static struct draw draw(struct choices *choices, const char *name)
{
	struct entry *entry = find_entry(choices, name);
	struct draw drawn = { .ordinal = entry->next++ };

	choices->made++;
	drawn.bits = hash_number(entry->hash, drawn.ordinal);
	return drawn;
}

static void tell(const struct choices *choices, const char *name,
    const struct draw *drawn, int64_t lowest, int64_t highest, int64_t value)
{
	if (choices->events)
		EVENT(choices->events, "choice", "chance", name,
		    N("ordinal", (int64_t)drawn->ordinal), N("lowest", lowest),
		    N("highest", highest), N("value", value));
}

/* Names are short; the rare long one goes to the heap. */
struct name {
	char room[160];
	char *text;
};

__attribute__((format(printf, 2, 0))) static void name_format(
    struct name *name, const char *fmt, va_list ap)
{
	struct buf buf = BUF_INIT;
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(name->room, sizeof(name->room), fmt, ap);
	check(len > 0);
	name->text = name->room;
	if ((size_t)len >= sizeof(name->room)) {
		buf_vaddf(&buf, fmt, again);
		name->text = buf_detach(&buf);
	}
	va_end(again);
}

static void name_done(struct name *name)
{
	if (name->text != name->room)
		free(name->text);
}

uint64_t choose_bits(struct choices *choices, const char *name)
{
	return draw(choices, name).bits;
}

int64_t choose_range(struct choices *choices, int64_t lowest, int64_t highest,
    const char *name_fmt, ...)
{
	uint64_t span = (uint64_t)highest - (uint64_t)lowest + 1;
	struct name name;
	struct draw drawn;
	uint64_t above;
	int64_t value;
	va_list ap;

	check(lowest <= highest);
	va_start(ap, name_fmt);
	name_format(&name, name_fmt, ap);
	va_end(ap);

	drawn = draw(choices, name.text);
	above = span ? (uint64_t)((uint128)drawn.bits * span >> 64)
	             : drawn.bits; /* the range is all there is */
	value = (int64_t)((uint64_t)lowest + above);
	tell(choices, name.text, &drawn, lowest, highest, value);
	name_done(&name);
	return value;
}

bool choose_chance(
    struct choices *choices, double probability, const char *name_fmt, ...)
{
	struct name name;
	struct draw drawn;
	bool value;
	va_list ap;

	check(probability >= 0 && probability <= 1);
	va_start(ap, name_fmt);
	name_format(&name, name_fmt, ap);
	va_end(ap);

	drawn = draw(choices, name.text);
	/* 53 bits: what a double holds exactly */
	value = (double)(drawn.bits >> 11) * 0x1p-53 < probability;
	tell(choices, name.text, &drawn, 0, 1, value);
	name_done(&name);
	return value;
}

static void fill(uint64_t key, unsigned char *out, size_t len)
{
	size_t i;
	uint64_t word = 0;

	for (i = 0; i < len; i++, word >>= 8) {
		if (i % 8 == 0)
			word = hash_number(key, i / 8);
		out[i] = (unsigned char)word;
	}
}

void choose_bytes(
    struct choices *choices, void *out, size_t len, const char *name_fmt, ...)
{
	struct name name;
	va_list ap;

	va_start(ap, name_fmt);
	name_format(&name, name_fmt, ap);
	va_end(ap);
	fill(draw(choices, name.text).bits, out, len);
	name_done(&name);
}

void choose_text(struct choices *choices, char *out, size_t len,
    const char *alphabet, const char *name_fmt, ...)
{
	size_t letters = strlen(alphabet);
	struct name name;
	uint64_t key;
	va_list ap;
	size_t i;

	check(letters > 0);
	va_start(ap, name_fmt);
	name_format(&name, name_fmt, ap);
	va_end(ap);

	key = draw(choices, name.text).bits;
	for (i = 0; i < len; i++)
		out[i] = alphabet[(
		    size_t)((uint128)hash_number(key, i) * letters >> 64)];
	out[len] = '\0';
	name_done(&name);
}

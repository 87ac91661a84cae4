#include <stdio.h>
#include <string.h>

#include "base/owner.h"
#include "base/text_index.h"
#include "tests/test.h"

struct animal {
	char name[16];
	struct text_link indexed;
};

static struct text_index animals;

static struct animal *find(const char *name)
{
	struct text_link *link = text_index_find(&animals, name);

	return link ? OWNER_OF(link, struct animal, indexed) : NULL;
}

static void add(struct animal *animal, const char *name)
{
	snprintf(animal->name, sizeof(animal->name), "%s", name);
	text_index_add(&animals, &animal->indexed, animal->name);
}

static void what_is_in_an_index_is_found_by_its_text(void)
{
	struct animal otter = { 0 }, lynx = { 0 };

	EXPECT(!find("otter"));
	add(&otter, "otter");
	add(&lynx, "lynx");
	EXPECT(find("otter") == &otter);
	EXPECT(find("lynx") == &lynx);
	EXPECT(!find("lyn"));
	EXPECT(!find(""));
	text_index_free(&animals);
}

static void of_two_of_one_text_the_older_is_found(void)
{
	struct animal old = { 0 }, young = { 0 };

	add(&old, "otter");
	add(&young, "otter");
	EXPECT(find("otter") == &old);
	text_index_remove(&animals, &old.indexed);
	EXPECT(find("otter") == &young);
	text_index_remove(&animals, &young.indexed);
	EXPECT(!find("otter"));
	text_index_free(&animals);
}

static void the_older_stays_the_first_while_thousands_come_and_go(void)
{
	static struct animal old, young, others[3000];
	char name[16];

	add(&old, "otter");
	add(&young, "otter");
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "beast %d", i);
		add(&others[i], name);
	}
	for (int i = 0; i < 3000; i += 2)
		text_index_remove(&animals, &others[i].indexed);
	EXPECT(find("otter") == &old);
	EXPECT(animals.count == 1502);
	for (int i = 0; i < 3000; i++)
		EXPECT(find(others[i].name) == (i % 2 ? &others[i] : NULL));
	text_index_free(&animals);
}

static void a_thing_may_change_its_text_while_it_is_out(void)
{
	struct animal animal = { 0 };

	add(&animal, "otter");
	text_index_remove(&animals, &animal.indexed);
	add(&animal, "heron");
	EXPECT(!find("otter"));
	EXPECT(find("heron") == &animal);
	text_index_free(&animals);
}

TESTS_BEGIN
CASE(what_is_in_an_index_is_found_by_its_text),
    CASE(of_two_of_one_text_the_older_is_found),
    CASE(the_older_stays_the_first_while_thousands_come_and_go),
    CASE(a_thing_may_change_its_text_while_it_is_out), TESTS_END

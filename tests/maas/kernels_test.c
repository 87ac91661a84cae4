#include <stdio.h>

#include "base/json.h"
#include "sim/maas/images.h"
#include "sim/maas/region.h"
#include "tests/maas/rows.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* Which system a machine gets, and with which kernel: by deploy, and by the
 * form of the machine. */

/* focal with two kernels, jammy with one that is as good as older ones. */
static void a_lab_with_kernels(void)
{
	struct image *jammy;

	a_lab(NULL, NULL);
	maas_image_make(lab.maas, "ubuntu/focal", NULL);
	maas_image_make(lab.maas, "ubuntu/focal", "amd64/hwe-20.04");
	jammy = lab.maas->images.items[0];
	EXPECT_STR(jammy->architecture, "amd64/ga-22.04");
	maas_set_text(&jammy->subarches, "generic,hwe-p,ga-20.04");
}

static int deploys(const char *id, const char *form)
{
	return machine_op(id, "deploy", form);
}

/* Rows whose paths are below the machine. */
static void hold_of(const char *id, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct row row = rows[i];
		char path[64];

		snprintf(path, sizeof(path), "machines/%s/%s", id, row.path);
		row.path = path;
		rows_hold(&row, 1);
	}
}
#define HOLD_OF(id, rows) hold_of(id, rows, sizeof(rows) / sizeof((rows)[0]))

static void back(const char *id)
{
	EXPECT_INT(machine_op(id, "release", ""), 200);
	minutes(10);
	EXPECT_STR(status_of(id), "Ready");
}

TEST(the_oldest_kernel_that_fits_is_taken)
{
	const char *id;

	a_lab_with_kernels();
	id = a_machine(NULL);
	EXPECT_INT(deploys(id, "distro_series=focal"), 200);
	EXPECT_STR(jstr(lab.body, "hwe_kernel"), "ga-20.04");
	back(id);
	EXPECT_INT(
	    deploys(id, "distro_series=focal&hwe_kernel=hwe-20.04"), 200);
	EXPECT_STR(jstr(lab.body, "hwe_kernel"), "hwe-20.04");
	lab_close(&lab);
}

TEST(a_kernel_belongs_to_the_images_of_its_system)
{
	const char *id;

	a_lab_with_kernels();
	id = a_machine(NULL);
	EXPECT_INT(deploys(id, "distro_series=focal&hwe_kernel=ga-22.04"), 400);
	EXPECT_STR(lab_text(&lab),
	    "{\"hwe_kernel\": [\"ga-22.04 is not available for ubuntu/focal "
	    "on amd64/generic.\"]}");
	EXPECT_STR(status_of(id), "Ready");
	EXPECT_INT(deploys(id, "distro_series=focal&hwe_kernel=nosuch"), 200);
	EXPECT_STR(jstr(lab.body, "hwe_kernel"), "ga-20.04");
	lab_close(&lab);
}

TEST(a_machine_may_need_a_newer_kernel_than_its_system_has)
{
	static const struct row rows[] = {
		{ "PUT", "", "min_hwe_kernel=hwe-99.04", 400,
		    "{\"min_hwe_kernel\": [\"No kernel matches \\\">=hwe-99.04"
		    "\\\" requirement.\"]}" },
		{ "PUT", "", "min_hwe_kernel=nosuch", 400,
		    "{\"min_hwe_kernel\": [\"No kernel matches \\\">=nosuch"
		    "\\\" requirement.\"]}" },
		{ "PUT", "", "min_hwe_kernel=hwe-p", 200, NULL },
		{ "PUT", "", "min_hwe_kernel=ga-22.04", 200, NULL },
		{ "POST", "?op=deploy", "distro_series=focal", 400,
		    "{\"hwe_kernel\": [\"focal has no kernels available which "
		    "meet min_hwe_kernel(ga-22.04).\"]}" },
		{ "POST", "?op=deploy", "distro_series=jammy", 200, NULL },
	};

	a_lab_with_kernels();
	HOLD_OF(a_machine(NULL), rows);
	EXPECT_STR(jstr(lab.body, "hwe_kernel"), "ga-22.04");
	lab_close(&lab);
}

TEST(no_system_has_a_key)
{
	static const struct row rows[] = {
		{ "POST", "?op=deploy", "license_key=abc&hwe_kernel=ga-99.04",
		    400,
		    "{\"license_key\": [\"Invalid license key.\"], "
		    "\"hwe_kernel\": [\"ga-99.04 is not available for "
		    "ubuntu/jammy on amd64/generic.\"]}" },
		{ "POST", "?op=deploy", "license_key=abc&distro_series=nosuch",
		    400,
		    "{\"distro_series\": [\"'nosuch' is not a valid "
		    "distro_series.  It should be one of: '', 'ubuntu/focal', "
		    "'ubuntu/jammy'.\"]}" },
		{ "POST", "?op=deploy", "license_key=", 200, NULL },
		{ "PUT", "", "license_key=abc", 400,
		    "{\"license_key\": [\"Invalid license key.\"]}" },
	};

	a_lab_with_kernels();
	HOLD_OF(a_machine(NULL), rows);
	lab_close(&lab);
}

TEST(a_release_goes_by_several_names)
{
	static const struct {
		const char *asked;
		int status;
		const char *series;
	} cases[] = {
		{ "ubuntu", 200, "jammy" },
		{ "/focal", 200, "focal" },
		{ "ubuntu/focal", 200, "focal" },
		{ "foc", 400, NULL },
		{ "22.04", 400, NULL },
		{ "a/b/c", 500, NULL },
		{ "web", 200, "web-2" },
		{ "custom/web-1", 200, "web-1" },
	};
	char form[64];
	const char *id;

	a_lab_with_kernels();
	maas_image_make(lab.maas, "custom/web-1", NULL);
	maas_image_make(lab.maas, "custom/web-2", NULL);
	id = a_machine(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(
		    form, sizeof(form), "distro_series=%s", cases[i].asked);
		EXPECT_INT(deploys(id, form), cases[i].status);
		if (!cases[i].series)
			continue;
		EXPECT_STR(jstr(lab.body, "distro_series"), cases[i].series);
		back(id);
	}
	lab_close(&lab);
}

TEST(what_is_somebodys_can_be_told_its_system_before)
{
	static const struct row rows[] = {
		{ "PUT", "", "osystem=nosuch", 400,
		    "{\"osystem\": [\"'nosuch' is not a valid osystem.  It "
		    "should be one of: '', 'ubuntu'.\"]}" },
		{ "PUT", "", "distro_series=jammy", 400,
		    "{\"distro_series\": [\"'jammy' is not a valid "
		    "distro_series.  It should be one of: '', 'ubuntu/focal', "
		    "'ubuntu/jammy'.\"]}" },
		{ "PUT", "", "distro_series=ubuntu/focal", 200, NULL },
	};
	const char *id;

	a_lab_with_kernels();
	id = a_machine(NULL);
	EXPECT_INT(asks("POST", "machines/?op=allocate", ""), 200);
	HOLD_OF(id, rows);
	EXPECT_STR(jstr(lab.body, "osystem"), "ubuntu");
	EXPECT_STR(jstr(lab.body, "distro_series"), "focal");
	EXPECT_STR(jstr(lab.body, "hwe_kernel"), "ga-20.04");
	lab_close(&lab);
}

TESTS_BEGIN
CASE(the_oldest_kernel_that_fits_is_taken),
    CASE(a_kernel_belongs_to_the_images_of_its_system),
    CASE(a_machine_may_need_a_newer_kernel_than_its_system_has),
    CASE(no_system_has_a_key), CASE(a_release_goes_by_several_names),
    CASE(what_is_somebodys_can_be_told_its_system_before), TESTS_END

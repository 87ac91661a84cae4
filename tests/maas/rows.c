#include "tests/maas/rows.h"

#include <string.h>

#include "tests/test.h"

void rows_hold(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		int status = lab_ask(&lab, row->method, row->path, row->form);

		if (status != row->status ||
		    (row->body && strcmp(lab_text(&lab), row->body) != 0))
			test_failed(__FILE__, __LINE__,
			    "%s %s %s: %d %s, expected %d %s", row->method,
			    row->path, row->form ? row->form : "", status,
			    lab_text(&lab), row->status,
			    row->body ? row->body : "");
	}
}

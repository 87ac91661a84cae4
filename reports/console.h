/*
 * console: outcomes of runs for people at a terminal.
 *
 * An outcome is the JSON document that harness/run.h describes; nothing else
 * of a run is known here. A run that kept everything gets one line; one that
 * did not gets the claim in its author's words, what was true instead, the
 * last events about the odd one, and the command that repeats it.
 */
#ifndef REPORTS_CONSOLE_H
#define REPORTS_CONSOLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* "PASS  title" or the whole story of a failure. */
void console_outcome(FILE *out, const json_t *outcome, bool with_log);
/* One line that replaces itself, for a terminal: "12 of 40  title". */
void console_progress(FILE *out, size_t done, size_t all, const char *title);
void console_progress_clear(FILE *out);
/* A table of verdicts, and what is modelled and not real. */
void console_table(FILE *out, const json_t *outcomes, double seconds);

#endif

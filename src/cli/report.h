/* report.h - one HTML page from the files of runs. Floor 6. */
#ifndef WEIR_CLI_REPORT_H
#define WEIR_CLI_REPORT_H

#include "weir/status.h"

/* Reads `count` folders, each a run (run.json) or a comparison (compare.json), and writes one page
 * that opens offline to out_path: charts are SVG, style and script are inside. The same files give
 * the same bytes.
 *
 * A run that compare.json names and that is not there yet, missing steps.jsonl, layers.jsonl or
 * probe.json, and a torn last line of a .jsonl are no failure: the page says so. Everything else
 * that is not as docs/formats.md says is WEIR_E_FORMAT, with the file, and the line where there is
 * one, in the message. Atomic: on failure out_path is as it was. */
weir_status weir_report_write(const char *const *dirs, int count, const char *out_path,
                              weir_error *err);

#endif

/* report_sections.h - the parts of the page, each adding its HTML. Floor 6.
 *
 * Scratch comes from grid->data->arena; the only failure is WEIR_E_MEMORY, and a text that ran out
 * of memory says so in out->failed, which the caller looks at once.
 */
#ifndef WEIR_CLI_REPORT_SECTIONS_H
#define WEIR_CLI_REPORT_SECTIONS_H

#include "base/text.h"
#include "cli/report_grid.h"

/* The table that answers the question: layouts by depths. */
weir_status weir_report_outcomes(weir_text *out, weir_report_data *data,
                                 const weir_report_grid *grid);

/* Small multiples of a comparison: loss, gradient, residual, branch, first update. */
weir_status weir_report_figures(weir_text *out, weir_report_data *data,
                                const weir_report_grid *grid);

/* The charts of one run. */
weir_status weir_report_run_figures(weir_text *out, weir_report_data *data,
                                    const weir_report_run *run);

/* Verdicts before training beside outcomes after it. Nothing when no run has a verdict. */
void weir_report_verdicts(weir_text *out, const weir_report_grid *grid);

/* Settings, runs, host, commands, notes. */
void weir_report_details(weir_text *out, const weir_report_grid *grid);

#endif

/* report_panel.h - what the charts of all pages share. Floor 6. */
#ifndef WEIR_CLI_REPORT_PANEL_H
#define WEIR_CLI_REPORT_PANEL_H

#include "cli/report_data.h"
#include "cli/report_svg.h"

/* Begins a <section>; the texts are HTML. `more` is a further sentence for `how`, or "". */
void weir_report_open_figure(weir_text *out, const char *id, const char *title, const char *how,
                             const char *more);

/* Widens the ranges to hold the curves. */
void weir_report_add_curves(weir_report_range *x, weir_report_range *y,
                            const weir_report_curve *curve, int count);

/* The axis of what cannot be below zero: from zero, so that level looks level, unless it spans
 * decades and may_be_log. */
weir_report_axis weir_report_magnitude_axis(weir_report_range range, bool may_be_log);

/* Makes a range of losses show the entropies of the data too, and end a little above where training
 * began: a run that diverges would flatten the others. */
void weir_report_cap_loss(const weir_report_data *data, weir_report_range *y);

/* The entropies of the data, where all runs of the page share them. Returns 2. */
int weir_report_loss_levels(const weir_report_data *data, weir_report_level level[2]);

#endif

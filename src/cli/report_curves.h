/* report_curves.h - from the numbers of a run to curves. Floor 6. */
#ifndef WEIR_CLI_REPORT_CURVES_H
#define WEIR_CLI_REPORT_CURVES_H

#include "cli/report_grid.h"
#include "cli/report_svg.h"

/* A number of a step. */
typedef enum weir_report_step_field {
    WEIR_REPORT_LOSS,
    WEIR_REPORT_VAL_LOSS,
    WEIR_REPORT_LR,
    WEIR_REPORT_STEP_GRAD_NORM
} weir_report_step_field;

/* Each sets curve->x, y and count, and leaves the rest; count is 0 when there is nothing to draw.
 * WEIR_E_MEMORY is the only failure. */

/* By step; steps without the number are left out, but for the loss: its curve ends at the first
 * null. Each point is the mean of the last `window` numbers (1: the number itself). */
weir_status weir_report_step_curve(weir_report_arena *arena, const weir_report_run *run,
                                   weir_report_step_field field, int window,
                                   weir_report_curve *curve);

/* The window that calms the losses of a comparison: a fiftieth of its longest run, and the same for
 * all. */
int weir_report_loss_window(const weir_report_data *data);

/* By layer, at one measured step. The sublayers of a layer are put together as fits the metric:
 * gradients as the norm of all, branches as their root mean square, the stream after the last, of
 * others the largest. */
weir_status weir_report_layer_curve(weir_report_arena *arena, const weir_report_run *run,
                                    weir_report_metric metric, int64_t step,
                                    weir_report_curve *curve);

/* The first and the last step that layers.jsonl measured; -1 when there is none. */
int64_t weir_report_first_measured(const weir_report_run *run);
int64_t weir_report_last_measured(const weir_report_run *run);

#endif

/* report_grid.h - runs arranged as the page shows them: a row for each layout, a column for each
 * depth. Floor 6. */
#ifndef WEIR_CLI_REPORT_GRID_H
#define WEIR_CLI_REPORT_GRID_H

#include "cli/report_data.h"

/* The runs of one row at one depth: they differ in their seeds only. */
typedef struct weir_report_cell {
    const weir_report_run **run; /* best first: by outcome, then by final loss */
    int runs;
    int trained;                   /* how many of them */
    const weir_report_run *median; /* of an even count the worse of the two; NULL: no run */
} weir_report_cell;

/* Runs with the same layout and the same settings, but for depth and seed. */
typedef struct weir_report_row {
    const weir_report_run *first;
    const char *variant; /* the settings that tell it from the other rows: "lr 0.003"; may be "" */
    const char *label;   /* "Post-LN" or "Post-LN (lr 0.003)" */
    int colour;          /* 0..7, of the layout */
    int dash;            /* 0..: where colours run out, and for variants */
    weir_report_cell *cell; /* [depths] */
} weir_report_row;

typedef struct weir_report_grid {
    const weir_report_data *data;
    weir_report_row *row;
    int rows;
    int *depth; /* ascending */
    int depths;
    int layouts;
    bool any_val, all_val; /* held-out losses among the runs that ended */
} weir_report_grid;

enum { WEIR_REPORT_COLOURS = 8, WEIR_REPORT_DASHES = 4 };

/* Arranges data, which must outlive the grid; all memory is of data->arena. WEIR_E_MEMORY is the
 * only failure. */
weir_status weir_report_arrange(weir_report_data *data, weir_report_grid *grid, weir_error *err);

/* A setting that tells experiments apart (a row of config.def), not depth, seed, or how often to
 * look. */
bool weir_report_is_setting(const char *key);

#endif

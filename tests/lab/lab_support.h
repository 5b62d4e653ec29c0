/* lab_support.h - networks at initialization, and lines through measured numbers. */
#ifndef WEIR_TESTS_LAB_SUPPORT_H
#define WEIR_TESTS_LAB_SUPPORT_H

#include "io/corpus.h"
#include "lab/measure.h"
#include "lab/update.h"
#include "layout/layout.h"
#include "scratch.h"
#include "train/config.h"

/* A network with its weights drawn, and the batch it is measured on. */
typedef struct lab_net {
    weir_config config;
    weir_layout *layout;
    weir_corpus *corpus;
    weir_model *model;
    float *theta;
    weir_subject subject;
} lab_net;

/* "depth=4,act=relu" on top of the defaults, resolved; synthetic data. */
weir_config lab_config(const char *settings);

/* The text of a built-in layout, or the text itself when there is none of that name. Fails the test
 * on an error. */
weir_layout *lab_layout(const char *name_or_text);

/* The net must stay where it is. */
void lab_net_init(lab_net *net, const char *layout, const weir_config *config);
void lab_net_deinit(lab_net *net);

/* Everything a probe measures of one network. */
typedef struct lab_numbers {
    weir_measurement measured;
    weir_updates updates;
} lab_numbers;
lab_numbers lab_measure(lab_net *net, bool updates);
void lab_numbers_deinit(lab_numbers *numbers);

/* The slope of the least-squares line through (log x, log y). */
double lab_log_slope(const double *x, const double *y, int n);

/* A scratch folder that is removed again. */
typedef struct lab_folder {
    char path[SCRATCH_BYTES];
} lab_folder;
lab_folder lab_folder_make(void);
void lab_folder_remove(lab_folder *folder);

/* The whole of a file, for weir_free; NULL when it is not there. */
char *lab_read(const char *folder, const char *name);

#endif

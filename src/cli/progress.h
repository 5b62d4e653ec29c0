/* progress.h - one line for each run on a terminal, redrawn in place; plain lines elsewhere. */
#ifndef WEIR_CLI_PROGRESS_H
#define WEIR_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress_line {
    const char *name;
    int64_t step, steps;
    double loss;
    bool begun, ended;
    const char *outcome; /* of an ended run: "trained", ... */
} progress_line;

typedef struct progress {
    bool quiet, terminal;
    int drawn;   /* lines on the terminal */
    double last; /* clock of the last drawing */
    int *tenth;  /* [count]: plain lines: the last tenth of the steps that was printed */
    int count;
} progress;

/* When memory is out, progress is quiet. */
void progress_init(progress *p, bool quiet, int count);
void progress_deinit(progress *p);

/* Shows all lines; `changed` is the one that moved. `last` draws even when it just drew. A terminal
 * that is too low for all of them shows those that run. */
void progress_show(progress *p, const progress_line *lines, int changed, bool last);

#endif

/* cli.h - what the subcommands of `weir` share. Floor 6: the only room that prints, exits, or reads
 * the environment. */
#ifndef WEIR_CLI_CLI_H
#define WEIR_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"
#include "io/corpus.h"
#include "layout/layout.h"
#include "train/config.h"
#include "weir/parallel.h"
#include "weir/status.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_MISUSE = 2 };
enum { CLI_ROWS_MAX = 64, CLI_WORDS_MAX = 256, CLI_THREADS_MAX = 1024 };

/* Which options a command takes, besides --help, --quiet and --json. */
enum {
    TAKES_CONFIG = 1, /* the rows of config.def */
    TAKES_LISTS = 2,  /* some of them as comma-separated lists */
    TAKES_OUT = 4,
    TAKES_RESUME = 8,
    TAKES_THREADS = 16,
    TAKES_DIVERGENCE = 32,
    TAKES_LOWERED = 64,
    TAKES_SAMPLE = 128,
    TAKES_BENCH = 256,
    TAKES_WORDS = 512 /* arguments that are no options */
};

/* The command line, parsed. Strings are borrowed from argv. */
typedef struct options {
    weir_config config;             /* defaults, then what was given (of a list: its first value) */
    bool given[CLI_ROWS_MAX];       /* by row of config.def */
    const char *list[CLI_ROWS_MAX]; /* the text of a row that was given as a list, else NULL */
    bool json, quiet, help, lowered, fail_on_divergence;
    int threads;
    const char *out, *resume, *prompt;
    int length;
    double temperature;
    const char *ops, *types, *passes, *shapes, *thread_list, *isas; /* lists of `weir bench` */
    int rounds;
    int words;
    const char *word[CLI_WORDS_MAX];
} options;

typedef struct command {
    const char *name, *usage, *summary;
    const char *examples; /* lines for --help */
    int takes;
    int (*run)(const struct command *command, const options *o, const char *line);
} command;

extern const command weir_commands[];
extern const int weir_command_count;

int cmd_layouts(const command *c, const options *o, const char *line);
int cmd_probe(const command *c, const options *o, const char *line);
int cmd_train(const command *c, const options *o, const char *line);
int cmd_compare(const command *c, const options *o, const char *line);
int cmd_report(const command *c, const options *o, const char *line);
int cmd_sample(const command *c, const options *o, const char *line);
int cmd_bench(const command *c, const options *o, const char *line);

/* ---- options.c, help.c ---------------------------------------------------------------------- */

/* WEIR_E_VALUE with one message for an unknown option (with the nearest known one), a missing or
 * wrong value. */
weir_status options_parse(const command *c, int argc, char **argv, options *o, weir_error *err);
/* May this row be a list? */
bool options_row_lists(const weir_config_row *row);
/* How many elements a comma-separated list has; 1 for NULL, which is no list. */
int options_list_count(const char *list);
/* Copies element `index`; false when it is longer than WEIR_CONFIG_TEXT - 1 bytes. */
bool options_list_get(const char *list, int index, char element[WEIR_CONFIG_TEXT]);

void help_all(FILE *out);
void help_command(const command *c);

/* ---- common.c ------------------------------------------------------------------------------- */

/* Prints "weir NAME: message" on stderr and returns the exit status that the error means. */
int fail_with(const char *name, const weir_error *err);

/* Prints a JSON value on stdout, whole or not at all, and gives it up. NULL is what building it
 * comes to when memory is out: then a message is printed, and EXIT_FAILED returned. */
int print_json(const char *name, json_t *value);

/* Writes the report of a run's or sweep's folder to FOLDER/report.html; *path, all zero before,
 * receives that name, also on failure. The caller ends it. */
weir_status write_report(const char *folder, weir_text *path, weir_error *err);

/* WEIR_E_VALUE when --out lies in the folder of --data: what a run writes would be read as its text,
 * and it could never be resumed. */
weir_status check_out(const char *data, const char *out, weir_error *err);

/* A built-in by name, or a file. name and title are filled (of a file: its name without folder and
 * ending). */
typedef struct named_layout {
    const weir_builtin_layout *built_in; /* NULL: a file */
    char name[WEIR_LAYOUT_NAME * 2], title[WEIR_LAYOUT_NAME * 2];
    weir_layout *layout;
} named_layout;
weir_status layout_load(const char *name_or_file, named_layout *out, weir_error *err);

/* One setting of everything: what probe and compare run for each element of the product of the
 * lists. */
typedef struct variant {
    weir_config config; /* resolved */
    char name[160];     /* "deepnorm-d24-lr0.001": layout, depth, and what else varies */
    int layout;         /* index into variants.layout */
} variant;

typedef struct variants {
    int count, layouts;
    variant *v;
    named_layout *layout;
    weir_corpus *corpus;
} variants;

/* Layout-major: all depths of the first layout first. Every layout is compiled once for every
 * shape, so that an error comes before any work; warnings go to stderr. Opens the corpus. */
weir_status variants_make(const options *o, variants *out, weir_error *err);
void variants_deinit(variants *v);

/* ---- stop.c --------------------------------------------------------------------------------- */

/* SIGINT, SIGTERM and SIGHUP ask for a stop; a second one ends the program at once. */
void stop_listen(void);
bool stop_asked(void *unused);

#endif

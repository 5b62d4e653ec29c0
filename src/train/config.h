/* config.h - everything that says which run this is: network, training, data. Rows in config.def.
 * Floor 4. */
#ifndef WEIR_TRAIN_CONFIG_H
#define WEIR_TRAIN_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/model.h"
#include "weir/status.h"

enum { WEIR_CONFIG_TEXT = 1024 };

typedef struct weir_config {
#define INT(group, field, option, def, min, max, help)  int64_t field;
#define REAL(group, field, option, def, min, max, help) double field;
#define WORD(group, field, option, def, words, help)    int field;
#define FLAG(group, field, option, help)                bool field;
#define TEXT(group, field, option, def, help)           char field[WEIR_CONFIG_TEXT];
#include "train/config.def"
#undef INT
#undef REAL
#undef WORD
#undef FLAG
#undef TEXT
} weir_config;

/* What the index of a WORD row means: act, pos and init are the enums of nn/model.h; the others: */
enum { WEIR_NORM_WORD_LAYERNORM, WEIR_NORM_WORD_RMSNORM };
enum { WEIR_OPT_ADAMW, WEIR_OPT_SGD };
enum { WEIR_SCHEDULE_CONSTANT, WEIR_SCHEDULE_COSINE };

typedef enum weir_config_kind {
    WEIR_CONFIG_INT,
    WEIR_CONFIG_REAL,
    WEIR_CONFIG_WORD,
    WEIR_CONFIG_FLAG,
    WEIR_CONFIG_STRING
} weir_config_kind;

/* A row of config.def, as data: for the option parser, the help, run.json and resume. */
typedef struct weir_config_row {
    weir_config_kind kind;
    const char *group, *field, *option, *help;
    size_t offset;
    double min, max;
    const char *words;    /* WORD: "a|b|c" */
    double def;           /* INT, REAL, WORD */
    const char *def_text; /* TEXT */
} weir_config_row;

int weir_config_rows(void);
const weir_config_row *weir_config_row_at(int index);
/* By option or by field name; NULL when there is none. */
const weir_config_row *weir_config_row_find(const char *option);

void weir_config_defaults(weir_config *config);

/* Sets one field from its text ("0.001", "cosine", "true"); the message names the option, the text
 * and what would be right (WEIR_E_VALUE). */
weir_status weir_config_set(weir_config *config, const weir_config_row *row, const char *text,
                            weir_error *err);

/* The field as text, in buf of WEIR_CONFIG_TEXT bytes: the shortest from which set() makes the same
 * value. */
void weir_config_get(const weir_config *config, const weir_config_row *row, char *buf);

/* Replaces the zeros that mean "derive it" (kv_heads, ffn, vocab, micro_batches), then checks what
 * single rows cannot (width divisible by heads, heads by kv_heads, an even head dim for rotary,
 * micro_batches <= batch, ...). Text data sets vocab to 256. */
weir_status weir_config_resolve(weir_config *config, weir_error *err);

/* Whether a run begun with `was` can go on with `now`; both resolved. All settings must be equal
 * but three: checkpoint_every, which changes no result, and the names of layout and data, whose
 * contents the caller compares. And steps may grow where nothing that was computed depends on their
 * number: a constant rate and a layout without t and T (uses_time false). WEIR_E_STATE: the message
 * begins with `where` and names the first setting that differs and both values. */
weir_status weir_config_same_run(const weir_config *was, const weir_config *now, bool uses_time,
                                 const char *where, weir_error *err);

#endif

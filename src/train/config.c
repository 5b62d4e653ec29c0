#include "train/config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define AT(field) offsetof(weir_config, field)

static const weir_config_row rows[] = {
#define INT(g, f, o, d, lo, hi, h)                                                                 \
    {.kind = WEIR_CONFIG_INT,                                                                      \
     .group = #g,                                                                                  \
     .field = #f,                                                                                  \
     .option = o,                                                                                  \
     .help = h,                                                                                    \
     .offset = AT(f),                                                                              \
     .min = lo,                                                                                    \
     .max = hi,                                                                                    \
     .def = d},
#define REAL(g, f, o, d, lo, hi, h)                                                                \
    {.kind = WEIR_CONFIG_REAL,                                                                     \
     .group = #g,                                                                                  \
     .field = #f,                                                                                  \
     .option = o,                                                                                  \
     .help = h,                                                                                    \
     .offset = AT(f),                                                                              \
     .min = lo,                                                                                    \
     .max = hi,                                                                                    \
     .def = d},
#define WORD(g, f, o, d, w, h)                                                                     \
    {.kind = WEIR_CONFIG_WORD,                                                                     \
     .group = #g,                                                                                  \
     .field = #f,                                                                                  \
     .option = o,                                                                                  \
     .help = h,                                                                                    \
     .offset = AT(f),                                                                              \
     .words = w,                                                                                   \
     .def = d},
#define FLAG(g, f, o, h)                                                                           \
    {.kind = WEIR_CONFIG_FLAG, .group = #g, .field = #f, .option = o, .help = h, .offset = AT(f)},
#define TEXT(g, f, o, d, h)                                                                        \
    {.kind = WEIR_CONFIG_STRING,                                                                   \
     .group = #g,                                                                                  \
     .field = #f,                                                                                  \
     .option = o,                                                                                  \
     .help = h,                                                                                    \
     .offset = AT(f),                                                                              \
     .def_text = d},
#include "train/config.def"
#undef INT
#undef REAL
#undef WORD
#undef FLAG
#undef TEXT
};

int weir_config_rows(void)
{
    return (int)(sizeof rows / sizeof rows[0]);
}
const weir_config_row *weir_config_row_at(int index)
{
    return &rows[index];
}

const weir_config_row *weir_config_row_find(const char *option)
{
    for (int i = 0; i < weir_config_rows(); i++) {
        if (strcmp(rows[i].option, option) == 0 || strcmp(rows[i].field, option) == 0)
            return &rows[i];
    }
    return NULL;
}

static void *field_of(weir_config *config, const weir_config_row *row)
{
    return (char *)config + row->offset;
}
static const void *const_field_of(const weir_config *config, const weir_config_row *row)
{
    return (const char *)config + row->offset;
}

void weir_config_defaults(weir_config *config)
{
    memset(config, 0, sizeof *config);
    for (int i = 0; i < weir_config_rows(); i++) {
        const weir_config_row *row = &rows[i];
        void *field = field_of(config, row);
        switch (row->kind) {
        case WEIR_CONFIG_INT: *(int64_t *)field = (int64_t)row->def; break;
        case WEIR_CONFIG_REAL: *(double *)field = row->def; break;
        case WEIR_CONFIG_WORD: *(int *)field = (int)row->def; break;
        case WEIR_CONFIG_FLAG: *(bool *)field = false; break;
        case WEIR_CONFIG_STRING: snprintf(field, WEIR_CONFIG_TEXT, "%s", row->def_text); break;
        }
    }
}

/* The index of `text` among "a|b|c", or -1. */
static int word_index(const char *words, const char *text)
{
    size_t length = strlen(text);
    int index = 0;
    for (const char *w = words; w; index++) {
        size_t n = strcspn(w, "|");
        if (n == length && strncmp(w, text, n) == 0) return index;
        w = w[n] ? w + n + 1 : NULL;
    }
    return -1;
}

static weir_status set_number(void *field, const weir_config_row *row, const char *text,
                              weir_error *err)
{
    char *end;
    errno = 0;
    if (row->kind == WEIR_CONFIG_INT) {
        long long v = strtoll(text, &end, 10);
        if (end == text || *end || errno || (double)v < row->min || (double)v > row->max) {
            return weir_fail(err, WEIR_E_VALUE,
                             "--%s %s: a whole number from %.0f to %.0f is wanted", row->option,
                             text, row->min, row->max);
        }
        *(int64_t *)field = v;
        return WEIR_OK;
    }
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= row->min && v <= row->max)) {
        return weir_fail(err, WEIR_E_VALUE, "--%s %s: a number from %g to %g is wanted",
                         row->option, text, row->min, row->max);
    }
    *(double *)field = v;
    return WEIR_OK;
}

weir_status weir_config_set(weir_config *config, const weir_config_row *row, const char *text,
                            weir_error *err)
{
    void *field = field_of(config, row);
    switch (row->kind) {
    case WEIR_CONFIG_INT:
    case WEIR_CONFIG_REAL: return set_number(field, row, text, err);
    case WEIR_CONFIG_WORD: {
        int index = word_index(row->words, text);
        if (index < 0)
            return weir_fail(err, WEIR_E_VALUE, "--%s %s: one of %s is wanted", row->option, text,
                             row->words);
        *(int *)field = index;
        return WEIR_OK;
    }
    case WEIR_CONFIG_FLAG:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return weir_fail(err, WEIR_E_VALUE, "--%s %s: true or false is wanted", row->option,
                             text);
        *(bool *)field = text[0] == 't';
        return WEIR_OK;
    case WEIR_CONFIG_STRING:
        if (strlen(text) >= WEIR_CONFIG_TEXT)
            return weir_fail(err, WEIR_E_VALUE, "--%s: at most %d bytes are taken", row->option,
                             WEIR_CONFIG_TEXT - 1);
        snprintf(field, WEIR_CONFIG_TEXT, "%s", text);
        return WEIR_OK;
    }
    return WEIR_OK;
}

/* 15 digits name most numbers that people write, 17 any double. */
static void shortest_number(double v, char *buf)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buf, WEIR_CONFIG_TEXT, "%.*g", digits, v);
        if (strtod(buf, NULL) == v) return;
    }
}

void weir_config_get(const weir_config *config, const weir_config_row *row, char *buf)
{
    const void *field = const_field_of(config, row);
    switch (row->kind) {
    case WEIR_CONFIG_INT:
        snprintf(buf, WEIR_CONFIG_TEXT, "%lld", (long long)*(const int64_t *)field);
        break;
    case WEIR_CONFIG_REAL: shortest_number(*(const double *)field, buf); break;
    case WEIR_CONFIG_WORD: {
        const char *w = row->words;
        for (int skip = *(const int *)field; skip > 0; skip--) w += strcspn(w, "|") + 1;
        snprintf(buf, WEIR_CONFIG_TEXT, "%.*s", (int)strcspn(w, "|"), w);
        break;
    }
    case WEIR_CONFIG_FLAG:
        snprintf(buf, WEIR_CONFIG_TEXT, "%s", *(const bool *)field ? "true" : "false");
        break;
    case WEIR_CONFIG_STRING: snprintf(buf, WEIR_CONFIG_TEXT, "%s", (const char *)field); break;
    }
}

weir_status weir_config_resolve(weir_config *c, weir_error *err)
{
    if (c->width % c->heads)
        return weir_fail(err, WEIR_E_VALUE, "--width %lld is not divisible by --heads %lld",
                         (long long)c->width, (long long)c->heads);
    if (!c->kv_heads) c->kv_heads = c->heads;
    if (c->kv_heads > c->heads || c->heads % c->kv_heads)
        return weir_fail(err, WEIR_E_VALUE, "--heads %lld is not divisible by --kv-heads %lld",
                         (long long)c->heads, (long long)c->kv_heads);
    if (c->pos == WEIR_POS_ROTARY && (c->width / c->heads) % 2)
        return weir_fail(err, WEIR_E_VALUE,
                         "--pos rotary turns pairs: width / heads must be even, it is %lld",
                         (long long)(c->width / c->heads));
    if (!c->ffn) c->ffn = 4 * c->width;
    bool synthetic = strcmp(c->data, "synthetic") == 0;
    if (synthetic && !c->vocab) c->vocab = 64;
    if (synthetic && c->vocab < 2)
        return weir_fail(err, WEIR_E_VALUE, "--vocab %lld: at least 2 tokens are wanted",
                         (long long)c->vocab);
    if (!synthetic) c->vocab = 256;
    if (!c->micro_batches) c->micro_batches = c->batch < 4 ? c->batch : 4;
    if (c->micro_batches > c->batch)
        return weir_fail(err, WEIR_E_VALUE,
                         "--micro-batches %lld is more than --batch %lld sequences",
                         (long long)c->micro_batches, (long long)c->batch);
    if (c->min_lr > c->lr)
        return weir_fail(err, WEIR_E_VALUE, "--min-lr %g is above --lr %g", c->min_lr, c->lr);
    return WEIR_OK;
}

static bool shapes_the_run(const weir_config_row *row)
{
    return strcmp(row->field, "checkpoint_every") != 0 && strcmp(row->field, "layout") != 0 &&
           strcmp(row->field, "data") != 0;
}

weir_status weir_config_same_run(const weir_config *was, const weir_config *now, bool uses_time,
                                 const char *where, weir_error *err)
{
    bool may_grow =
        now->schedule == WEIR_SCHEDULE_CONSTANT && !uses_time && now->steps > was->steps;
    for (int i = 0; i < weir_config_rows(); i++) {
        const weir_config_row *row = &rows[i];
        if (!shapes_the_run(row) || (may_grow && strcmp(row->field, "steps") == 0)) continue;
        char old[WEIR_CONFIG_TEXT], new[WEIR_CONFIG_TEXT];
        weir_config_get(was, row, old);
        weir_config_get(now, row, new);
        if (strcmp(old, new) == 0) continue;
        return weir_fail(err, WEIR_E_STATE,
                         "%s: this run was begun with --%s %s, and --%s %s is asked for now", where,
                         row->option, old, row->option, new);
    }
    return WEIR_OK;
}

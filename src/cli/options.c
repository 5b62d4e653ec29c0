/* options.c - the command line against the rows of config.def and a short table of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "lab/bench.h"

/* Options that are no settings of a run. */
typedef enum own_kind { OWN_FLAG, OWN_TEXT, OWN_INT, OWN_REAL } own_kind;
typedef struct own_option {
    const char *name;
    own_kind kind;
    size_t offset;
    int takes; /* 0: every command */
    int max;   /* of OWN_INT and OWN_REAL */
} own_option;

static const own_option own[] = {
    {"help", OWN_FLAG, offsetof(options, help), 0, 0},
    {"quiet", OWN_FLAG, offsetof(options, quiet), 0, 0},
    {"json", OWN_FLAG, offsetof(options, json), 0, 0},
    {"threads", OWN_INT, offsetof(options, threads), TAKES_THREADS, CLI_THREADS_MAX},
    {"out", OWN_TEXT, offsetof(options, out), TAKES_OUT, 0},
    {"resume", OWN_TEXT, offsetof(options, resume), TAKES_RESUME, 0},
    {"fail-on-divergence", OWN_FLAG, offsetof(options, fail_on_divergence), TAKES_DIVERGENCE, 0},
    {"lowered", OWN_FLAG, offsetof(options, lowered), TAKES_LOWERED, 0},
    {"prompt", OWN_TEXT, offsetof(options, prompt), TAKES_SAMPLE, 0},
    {"length", OWN_INT, offsetof(options, length), TAKES_SAMPLE, 1000000},
    {"temperature", OWN_REAL, offsetof(options, temperature), TAKES_SAMPLE, 1000},
    {"op", OWN_TEXT, offsetof(options, ops), TAKES_BENCH, 0},
    {"type", OWN_TEXT, offsetof(options, types), TAKES_BENCH, 0},
    {"pass", OWN_TEXT, offsetof(options, passes), TAKES_BENCH, 0},
    {"shape", OWN_TEXT, offsetof(options, shapes), TAKES_BENCH, 0},
    {"threads", OWN_TEXT, offsetof(options, thread_list), TAKES_BENCH, 0},
    {"isa", OWN_TEXT, offsetof(options, isas), TAKES_BENCH, 0},
    {"rounds", OWN_INT, offsetof(options, rounds), TAKES_BENCH, WEIR_BENCH_ROUNDS_MAX},
};
enum { OWN_COUNT = sizeof own / sizeof own[0] };

bool options_row_lists(const weir_config_row *row)
{
    static const char *const lists[] = {"layout", "depth", "width", "norm", "lr", "warmup", "seed"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (strcmp(row->option, lists[i]) == 0) return true;
    }
    return false;
}

/* Rows that a command without TAKES_CONFIG still takes: what a layout's numbers depend on, and a
 * seed to sample with. */
static bool row_taken(const command *c, const weir_config_row *row)
{
    if (c->takes & TAKES_CONFIG) return true;
    if (c->takes & TAKES_LOWERED)
        return strcmp(row->group, "model") == 0 || strcmp(row->field, "steps") == 0;
    return (c->takes & TAKES_SAMPLE) && strcmp(row->field, "seed") == 0;
}

static weir_status unknown_option(const command *c, const char *name, weir_error *err)
{
    const char *known[CLI_ROWS_MAX + OWN_COUNT + 1];
    int count = 0;
    for (int i = 0; i < weir_config_rows(); i++) {
        if (row_taken(c, weir_config_row_at(i))) known[count++] = weir_config_row_at(i)->option;
    }
    for (int i = 0; i < OWN_COUNT; i++) {
        if (!own[i].takes || (c->takes & own[i].takes)) known[count++] = own[i].name;
    }
    if (c->takes & TAKES_CONFIG) known[count++] = "betas";
    const char *near = weir_text_nearest(name, known, count);
    if (near)
        return weir_fail(err, WEIR_E_VALUE, "there is no option --%s; did you mean --%s?", name,
                         near);
    return weir_fail(err, WEIR_E_VALUE,
                     "there is no option --%s; `weir %s --help` lists what there is", name,
                     c->name);
}

static weir_status set_own(options *o, const own_option *option, const char *value, weir_error *err)
{
    void *field = (char *)o + option->offset;
    char *end = NULL;
    switch (option->kind) {
    case OWN_FLAG: *(bool *)field = true; return WEIR_OK;
    case OWN_TEXT: *(const char **)field = value; return WEIR_OK;
    case OWN_INT: {
        long v = strtol(value, &end, 10);
        if (end == value || *end || v < 1 || v > option->max)
            return weir_fail(err, WEIR_E_VALUE, "--%s %s: a whole number from 1 to %d is wanted",
                             option->name, value, option->max);
        *(int *)field = (int)v;
        return WEIR_OK;
    }
    case OWN_REAL: {
        double v = strtod(value, &end);
        if (end == value || *end || !(v >= 0 && v <= option->max))
            return weir_fail(err, WEIR_E_VALUE, "--%s %s: a number from 0 to %d is wanted",
                             option->name, value, option->max);
        *(double *)field = v;
        return WEIR_OK;
    }
    }
    return WEIR_OK;
}

int options_list_count(const char *list)
{
    int count = 1;
    for (; list && *list; list++) count += *list == ',';
    return count;
}

bool options_list_get(const char *list, int index, char element[WEIR_CONFIG_TEXT])
{
    for (; index > 0; index--) list = strchr(list, ',') + 1;
    size_t n = strcspn(list, ",");
    snprintf(element, WEIR_CONFIG_TEXT, "%.*s", (int)n, list);
    return n < WEIR_CONFIG_TEXT;
}

static weir_status set_list(options *o, const weir_config_row *row, const char *list,
                            weir_error *err)
{
    char element[WEIR_CONFIG_TEXT];
    weir_config scratch = o->config;
    for (int i = 0; i < options_list_count(list); i++) {
        if (!options_list_get(list, i, element))
            return weir_fail(err, WEIR_E_VALUE, "--%s: at most %d bytes are taken", row->option,
                             WEIR_CONFIG_TEXT - 1);
        if (!element[0])
            return weir_fail(err, WEIR_E_VALUE, "--%s %s: a value is missing beside a comma",
                             row->option, list);
        WEIR_TRY(weir_config_set(i ? &scratch : &o->config, row, element, err));
    }
    return WEIR_OK;
}

static weir_status set_row(const command *c, options *o, int index, const char *value,
                           weir_error *err)
{
    const weir_config_row *row = weir_config_row_at(index);
    bool list = options_row_lists(row) && strchr(value, ',');
    if (list && !(c->takes & TAKES_LISTS))
        return weir_fail(err, WEIR_E_VALUE,
                         "--%s %s: one value is wanted; `weir compare` takes lists", row->option,
                         value);
    o->given[index] = true;
    o->list[index] = list ? value : NULL;
    return list ? set_list(o, row, value, err) : weir_config_set(&o->config, row, value, err);
}

static weir_status set_betas(const command *c, options *o, const char *value, weir_error *err)
{
    static const char *const field[2] = {"beta1", "beta2"};
    if (options_list_count(value) != 2)
        return weir_fail(err, WEIR_E_VALUE,
                         "--betas %s: two numbers with a comma between are wanted, as 0.9,0.999",
                         value);
    for (int i = 0; i < 2; i++) {
        char element[WEIR_CONFIG_TEXT];
        int row = (int)(weir_config_row_find(field[i]) - weir_config_row_at(0));
        options_list_get(value, i, element);
        WEIR_TRY(set_row(c, o, row, element, err));
    }
    return WEIR_OK;
}

/* The value of an option: after '=', or the next argument. */
static weir_status value_of(const char *name, const char *inline_value, int argc, char **argv,
                            int *i, const char **value, weir_error *err)
{
    *value = inline_value;
    if (!inline_value && *i + 1 < argc) *value = argv[++*i];
    if (!*value) return weir_fail(err, WEIR_E_VALUE, "--%s wants a value after it", name);
    if (!**value && strcmp(name, "prompt") != 0)
        return weir_fail(err, WEIR_E_VALUE, "--%s: its value is empty", name);
    return WEIR_OK;
}

static weir_status parse_option(const command *c, options *o, int argc, char **argv, int *i,
                                weir_error *err)
{
    char name[64];
    const char *text = argv[*i] + 2, *equals = strchr(text, '='), *value;
    snprintf(name, sizeof name, "%.*s", (int)(equals ? equals - text : (long)strlen(text)), text);
    const char *inline_value = equals ? equals + 1 : NULL;
    for (int k = 0; k < OWN_COUNT; k++) {
        if (strcmp(own[k].name, name) != 0 || (own[k].takes && !(c->takes & own[k].takes)))
            continue;
        if (own[k].kind == OWN_FLAG) {
            if (equals) return weir_fail(err, WEIR_E_VALUE, "--%s takes no value", name);
            return set_own(o, &own[k], NULL, err);
        }
        WEIR_TRY(value_of(name, inline_value, argc, argv, i, &value, err));
        return set_own(o, &own[k], value, err);
    }
    for (int k = 0; k < weir_config_rows(); k++) {
        const weir_config_row *row = weir_config_row_at(k);
        if (strcmp(row->option, name) != 0 || !row_taken(c, row)) continue;
        if (row->kind == WEIR_CONFIG_FLAG && !equals) return set_row(c, o, k, "true", err);
        WEIR_TRY(value_of(name, inline_value, argc, argv, i, &value, err));
        return set_row(c, o, k, value, err);
    }
    if (strcmp(name, "betas") == 0 && (c->takes & TAKES_CONFIG)) {
        WEIR_TRY(value_of(name, inline_value, argc, argv, i, &value, err));
        return set_betas(c, o, value, err);
    }
    return unknown_option(c, name, err);
}

weir_status options_parse(const command *c, int argc, char **argv, options *o, weir_error *err)
{
    *o = (options){.length = 500, .temperature = 1, .rounds = 7};
    weir_config_defaults(&o->config);
    o->threads = weir_core_count();
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0) {
            o->help = true;
        } else if (strncmp(argv[i], "--", 2) == 0 && argv[i][2]) {
            WEIR_TRY(parse_option(c, o, argc, argv, &i, err));
        } else if (argv[i][0] == '-' && argv[i][1]) {
            return weir_fail(err, WEIR_E_VALUE, "%s: options are written with two dashes", argv[i]);
        } else if (!(c->takes & TAKES_WORDS)) {
            return weir_fail(err, WEIR_E_VALUE,
                             "'%s' is no option; `weir %s --help` shows the usage", argv[i],
                             c->name);
        } else if (o->words == CLI_WORDS_MAX) {
            return weir_fail(err, WEIR_E_VALUE, "more than %d arguments", CLI_WORDS_MAX);
        } else {
            o->word[o->words++] = argv[i];
        }
    }
    return WEIR_OK;
}

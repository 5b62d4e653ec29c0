/* help.c - help from the same tables that parse. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "weir/version.h"

void help_all(FILE *out)
{
    fprintf(
        out,
        "weir %s - normalization in deep networks: what a placement of norms does, before and in "
        "training\n\nusage: weir COMMAND [options]\n\n",
        weir_version());
    for (int i = 0; i < weir_command_count; i++)
        fprintf(out, "  %-8s  %s\n", weir_commands[i].name, weir_commands[i].summary);
    fprintf(out, "\n`weir COMMAND --help` explains one; `weir --version` prints the version.\n");
}

static void help_line(const char *option, const char *text)
{
    printf("  %-38s %s\n", option, text);
}

/* What stands for the value of a row. */
static const char *value_name(const weir_config_row *row)
{
    switch (row->kind) {
    case WEIR_CONFIG_INT: return "N";
    case WEIR_CONFIG_REAL: return "X";
    case WEIR_CONFIG_WORD: return row->words;
    case WEIR_CONFIG_STRING: return strcmp(row->field, "data") == 0 ? "PATH" : "NAME|FILE";
    case WEIR_CONFIG_FLAG: break;
    }
    return "";
}

static void help_row(const command *c, const weir_config_row *row)
{
    char option[64], text[256], standard[WEIR_CONFIG_TEXT];
    bool lists = (c->takes & TAKES_LISTS) && options_row_lists(row);
    snprintf(option, sizeof option, "--%s %s%s", row->option, value_name(row),
             lists ? "[,...]" : "");
    weir_config defaults;
    weir_config_defaults(&defaults);
    weir_config_get(&defaults, row, standard);
    /* A default of 0 that stands for something else is explained in the row's own words. */
    bool explained = strstr(row->help, "(0:") != NULL, flag = row->kind == WEIR_CONFIG_FLAG;
    if (explained || flag)
        snprintf(text, sizeof text, "%s", row->help);
    else
        snprintf(text, sizeof text, "%s (%.64s)", row->help, standard);
    help_line(option, text);
}

static void help_settings(const command *c)
{
    static const char *const group[] = {"model", "data", "train"};
    static const char *const title[] = {"the network", "the data", "the training"};
    for (int g = 0; g < 3; g++) {
        printf("\n%s:\n", title[g]);
        for (int i = 0; i < weir_config_rows(); i++) {
            if (strcmp(weir_config_row_at(i)->group, group[g]) == 0)
                help_row(c, weir_config_row_at(i));
        }
    }
    help_line("--betas X,X", "beta1 and beta2 in one");
    if (c->takes & TAKES_LISTS)
        printf("\n[,...]: several values with commas between; every combination is run\n");
}

static void help_bench(void)
{
    help_line("--op NAME[,...]", "layernorm, rmsnorm, prmsnorm, l2norm, dyt, derf (all)");
    help_line("--type NAME[,...]",
              "of x and y: f32, bf16, f16; of y, with x in f32: int8, fp8 (all)");
    help_line("--pass NAME[,...]", "forward, residual, backward, backward-residual (all)");
    help_line("--shape RxC[,...]", "rows and width (seven, from 1x4096 to 4096x4096)");
    help_line("--threads N[,...]", "threads (1, and all cores that it may use)");
    help_line("--isa NAME[,...]", "instruction sets of the norms: scalar, avx2, ... (the best)");
    help_line("--rounds N", "how often everything is timed; the median counts (7)");
    help_line("--out FILE", "a page to write: tables and bars, in one file that opens offline");
}

static void help_own(const command *c)
{
    if (c->takes & TAKES_BENCH) {
        help_bench();
    } else if (c->takes & TAKES_OUT) {
        bool report = (c->takes & TAKES_WORDS) != 0;
        help_line(report ? "--out FILE" : "--out DIR",
                  report ? "the page to write (report.html in the first DIR)"
                         : "the folder to write; a new one, or an empty one");
    }
    if (c->takes & TAKES_RESUME)
        help_line("--resume DIR", "go on with the run in this folder, with its settings");
    if (c->takes & TAKES_DIVERGENCE)
        help_line("--fail-on-divergence", "exit status 1 when a run diverged");
    if (c->takes & TAKES_LOWERED) {
        help_line("--lowered", "print the compiled steps, and what was fused");
        help_line("--depth N, --width N, ...",
                  "the shape they are compiled for, as in `weir train`");
    }
    if (c->takes & TAKES_SAMPLE) {
        help_line("--prompt TEXT", "what the text begins with");
        help_line("--length N", "bytes to write (500)");
        help_line("--temperature X", "0: always the likeliest byte (1)");
        help_line("--seed N", "seed of the draws (1)");
    }
    if (c->takes & TAKES_THREADS) help_line("--threads N", "threads (all cores that it may use)");
}

void help_command(const command *c)
{
    printf("usage: weir %s\n\n%s\n\nexamples:\n%s", c->usage, c->summary, c->examples);
    if (c->takes & TAKES_CONFIG) help_settings(c);
    printf("\noptions:\n");
    help_own(c);
    help_line("--json", "the result as JSON on stdout, nothing else there");
    help_line("--quiet", "no progress");
    help_line("--help", "this page");
    printf("\nexit status: 0 done; 1 failed (a file, memory), or was interrupted; 2 misuse\n");
}

/* help.c - help from the same tables that parse. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "weir/version.h"

void help_all(void)
{
    printf("weir %s - normalization in deep networks: what a placement of norms does, before and "
           "in training\n\n",
           weir_version());
    printf("usage: weir COMMAND [options]\n\n");
    for (int i = 0; i < weir_command_count; i++)
        printf("  %-8s  %s\n", weir_commands[i].name, weir_commands[i].summary);
    printf("\n`weir COMMAND --help` explains one. `weir --version` prints the version.\n");
}

static void help_row(const command *c, const weir_config_row *row)
{
    char name[64], def[64] = "";
    const char *value = row->kind == WEIR_CONFIG_FLAG     ? ""
                        : row->kind == WEIR_CONFIG_WORD   ? row->words
                        : row->kind == WEIR_CONFIG_STRING ? "TEXT"
                                                          : "N";
    bool lists = (c->takes & TAKES_LISTS) && options_row_lists(row);
    snprintf(name, sizeof name, "--%s %s%s", row->option, value, lists ? "[,...]" : "");
    if (row->kind == WEIR_CONFIG_STRING)
        snprintf(def, sizeof def, " (%s)", row->def_text);
    else if (row->kind == WEIR_CONFIG_INT || row->kind == WEIR_CONFIG_REAL)
        snprintf(def, sizeof def, " (%g)", row->def);
    bool derived = strstr(row->help, "(0:") != NULL;
    printf("  %-38s %s%s\n", name, row->help, derived ? "" : def);
}

static void help_groups(const command *c)
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
    printf("  %-38s %s\n", "--betas N,N", "beta1 and beta2 in one");
}

void help_command(const command *c)
{
    printf("usage: weir %s\n\n%s\n\nexamples:\n%s", c->usage, c->summary, c->examples);
    if (c->takes & TAKES_CONFIG) help_groups(c);
    printf("\noptions:\n");
    if (c->takes & TAKES_OUT) printf("  %-38s %s\n", "--out DIR", "the folder to write");
    if (c->takes & TAKES_RESUME)
        printf("  %-38s %s\n", "--resume DIR", "go on with the run in this folder");
    if (c->takes & TAKES_DIVERGENCE)
        printf("  %-38s %s\n", "--fail-on-divergence", "exit status 1 when a run diverged");
    if (c->takes & TAKES_LOWERED) {
        printf("  %-38s %s\n", "--lowered", "print the compiled steps, and what was fused");
        printf("  %-38s %s\n", "--depth N, --width N, ...", "the shape they are compiled for");
    }
    if (c->takes & TAKES_SAMPLE) {
        printf("  %-38s %s\n", "--prompt TEXT", "what the text begins with");
        printf("  %-38s %s\n", "--length N", "bytes to write (500)");
        printf("  %-38s %s\n", "--temperature X", "0: always the likeliest byte (1)");
        printf("  %-38s %s\n", "--seed N", "seed of the draws (1)");
    }
    if (c->takes & TAKES_THREADS) printf("  %-38s %s\n", "--threads N", "threads (all cores)");
    printf("  %-38s %s\n", "--json", "the result as JSON on stdout, nothing else there");
    printf("  %-38s %s\n", "--quiet", "no progress");
    printf("  %-38s %s\n", "--help", "this page");
}

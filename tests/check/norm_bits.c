/* norm_bits.c - the bits that the norms give, as a page of numbers: for each kind of call and pass a
 * hash of all that it writes, over many shapes and options. The operands are made with integers
 * alone. So the page is the same for every machine, compiler, option and instruction set, or one of
 * them breaks the promise; norm_bits.txt is that page.
 *
 *   norm_bits [--isa NAME] [--each]   prints it (the best set of this machine; --each: every call)
 *   norm_bits --sets FILE             compares FILE with every set of this machine
 */
#include "norm_bits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 80 };

static const kind kinds[] = {
    {"plain", WEIR_LAYERNORM, .type = WEIR_F32},
    {"plain", WEIR_LAYERNORM, .type = WEIR_BF16},
    {"plain", WEIR_LAYERNORM, .type = WEIR_F16},
    {"plain", WEIR_RMSNORM, .type = WEIR_F32},
    {"plain", WEIR_RMSNORM, .type = WEIR_BF16},
    {"plain", WEIR_RMSNORM, .type = WEIR_F16},
    {"plain", WEIR_PRMSNORM, .type = WEIR_F32},
    {"plain", WEIR_PRMSNORM, .type = WEIR_BF16},
    {"plain", WEIR_PRMSNORM, .type = WEIR_F16},
    {"plain", WEIR_L2NORM, .type = WEIR_F32},
    {"plain", WEIR_L2NORM, .type = WEIR_BF16},
    {"plain", WEIR_L2NORM, .type = WEIR_F16},
    {"plain", WEIR_DYT, .type = WEIR_F32},
    {"plain", WEIR_DYT, .type = WEIR_BF16},
    {"plain", WEIR_DYT, .type = WEIR_F16},
    {"plain", WEIR_DERF, .type = WEIR_F32},
    {"plain", WEIR_DERF, .type = WEIR_BF16},
    {"plain", WEIR_DERF, .type = WEIR_F16},
    {"mixed", WEIR_LAYERNORM, WEIR_BF16, .wide = WEIR_F32},
    {"mixed", WEIR_LAYERNORM, WEIR_F16, .wide = WEIR_F32},
    {"mixed", WEIR_RMSNORM, WEIR_BF16, .wide = WEIR_F32},
    {"mixed", WEIR_RMSNORM, WEIR_F16, .wide = WEIR_F32},
    {"mixed", WEIR_DYT, WEIR_BF16, .wide = WEIR_F32},
    {"to-bf16", WEIR_LAYERNORM, WEIR_F32, .out = WEIR_BF16},
    {"to-f16", WEIR_RMSNORM, WEIR_F32, .out = WEIR_F16},
    {"round-xhat", WEIR_LAYERNORM, WEIR_BF16, .rounding = WEIR_ROUND_XHAT},
    {"round-sum", WEIR_LAYERNORM, WEIR_BF16, .rounding = WEIR_ROUND_SUM},
    {"round-xhat-sum", WEIR_LAYERNORM, WEIR_BF16, .rounding = WEIR_ROUND_XHAT_SUM},
    {"round-xhat", WEIR_RMSNORM, WEIR_BF16, .rounding = WEIR_ROUND_XHAT},
    {"round-sum", WEIR_RMSNORM, WEIR_BF16, .rounding = WEIR_ROUND_SUM},
    {"round-xhat-sum", WEIR_RMSNORM, WEIR_BF16, .rounding = WEIR_ROUND_XHAT_SUM},
    {"round-xhat-sum", WEIR_RMSNORM, WEIR_F16, .rounding = WEIR_ROUND_XHAT_SUM},
    {"groups", WEIR_LAYERNORM, WEIR_F32, .groups = true},
    {"groups", WEIR_RMSNORM, WEIR_F32, .groups = true},
    {"groups", WEIR_PRMSNORM, WEIR_F32, .groups = true},
    {"groups", WEIR_L2NORM, WEIR_F32, .groups = true},
    {"groups", WEIR_DYT, WEIR_F32, .groups = true},
    {"heads", WEIR_LAYERNORM, WEIR_BF16, .groups = true, .gamma_part = true},
    {"heads", WEIR_RMSNORM, WEIR_F32, .groups = true, .gamma_part = true},
    {"heads", WEIR_RMSNORM, WEIR_BF16, .groups = true, .gamma_part = true},
    {"scalar-gain", WEIR_L2NORM, WEIR_F32, .gamma_part = true},
    {"scalar-gain", WEIR_L2NORM, WEIR_BF16, .gamma_part = true},
    {"scalar-gain", WEIR_LAYERNORM, WEIR_F32, .gamma_part = true},
    {"to-i8", WEIR_LAYERNORM, WEIR_F32, .out = WEIR_I8},
    {"to-i8", WEIR_RMSNORM, WEIR_F32, .out = WEIR_I8},
    {"to-i8", WEIR_RMSNORM, WEIR_BF16, .out = WEIR_I8},
    {"to-i8", WEIR_DYT, WEIR_F32, .out = WEIR_I8},
    {"groups-to-i8", WEIR_RMSNORM, WEIR_BF16, .out = WEIR_I8, .groups = true},
    {"to-e4m3", WEIR_LAYERNORM, WEIR_F32, .out = WEIR_E4M3},
    {"to-e4m3", WEIR_RMSNORM, WEIR_F32, .out = WEIR_E4M3},
    {"to-e4m3", WEIR_RMSNORM, WEIR_F16, .out = WEIR_E4M3},
    {"to-e4m3", WEIR_DERF, WEIR_F32, .out = WEIR_E4M3},
    {"split", WEIR_LAYERNORM, WEIR_F32, .split = true},
    {"split", WEIR_LAYERNORM, WEIR_BF16, .split = true},
    {"split", WEIR_RMSNORM, WEIR_F32, .split = true},
    {"split", WEIR_RMSNORM, WEIR_F16, .split = true},
    {"split", WEIR_L2NORM, WEIR_F32, .split = true},
};
enum { KINDS = sizeof kinds / sizeof kinds[0], LINES = 2 * KINDS };

/* All widths up to where every set has had all its tails, and those round powers of two; some have
 * all numbers of rows. */
static bool is_shape(const kind *k, int64_t width, int64_t rows)
{
    if (width * (k->groups ? GROUPS : 1) > MAX_DIM) return false;
    switch (width) {
    case 5:
    case 33: return true;
    case 1000:
    case 1023:
    case 1024:
    case 4096: return rows == 1 || rows == 5;
    case 1025: return rows == 2 || rows == 33;
    default: break;
    }
    const bool round = (width >= 63 && width <= 65) || (width >= 127 && width <= 129);
    return (width <= 40 || round) && (width + rows) % 11 == 0;
}

static const struct {
    const char *name;
    bits_call *call;
} passes[] = {{"forward", bits_forward}, {"backward", bits_backward}};
enum { PASSES = sizeof passes / sizeof passes[0] };

/* Backward knows neither a rounding nor how y was written. */
static bool has_pass(const kind *k, int pass)
{
    return pass == 0 || (k->rounding == WEIR_ROUND_ONCE && !k->out);
}

static void fail(const char *line, int64_t width, int64_t rows, weir_status status)
{
    printf("norm_bits: %s, %" PRId64 " rows of %" PRId64 ": %s\n", line, rows, width,
           weir_status_name(status));
    exit(EXIT_FAILURE);
}

/* One line of the page. */
static void make_line(const kind *k, int pass, bool each, char line[LINE])
{
    uint64_t hash = HASH_START;
    const int used = snprintf(line, LINE, "%-9s %-4s %-14s %-8s", weir_norm_op_name(k->op),
                              weir_dtype_name(k->type), k->what, passes[pass].name);
    for (int64_t width = 1; width <= MAX_DIM; width++)
        for (int64_t rows = 1; rows <= MAX_ROWS; rows++) {
            if (!is_shape(k, width, rows)) continue;
            const weir_status status = passes[pass].call(k, width, rows, &hash);
            if (status != WEIR_OK) fail(line, width, rows, status);
            if (each)
                printf("%s %4" PRId64 " x %-4" PRId64 " %016" PRIx64 "\n", line, rows, width, hash);
        }
    snprintf(line + used, LINE - (size_t)used, " %016" PRIx64, hash);
}

static int make_page(char page[LINES][LINE], bool each)
{
    int lines = 0;
    for (int k = 0; k < KINDS; k++)
        for (int pass = 0; pass < PASSES; pass++)
            if (has_pass(&kinds[k], pass)) make_line(&kinds[k], pass, each, page[lines++]);
    return lines;
}

/* Lines of a page that are not those of the file. */
static int compare(const char *path, const char *set, char page[LINES][LINE], int lines)
{
    char line[LINE];
    int wrong = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return 1;
    }
    for (int i = 0; i < lines; i++) {
        if (!fgets(line, LINE, file)) line[0] = 0;
        line[strcspn(line, "\n")] = 0;
        if (strcmp(line, page[i]) == 0) continue;
        wrong++;
        printf("%s: %s\nwanted: %s\n", set, page[i], line);
    }
    if (fgets(line, LINE, file)) {
        wrong++;
        printf("%s: no line for: %s", set, line);
    }
    fclose(file);
    return wrong;
}

static bool choose(int isa)
{
    weir_set_isa_ceiling((weir_isa)isa);
    return (int)weir_isa_active() == isa;
}

static int check_sets(const char *path)
{
    static char page[LINES][LINE];
    int wrong = 0;
    for (int isa = WEIR_ISA_SCALAR; isa <= WEIR_ISA_NEON; isa++) {
        if (!choose(isa)) continue;
        const char *set = weir_isa_name((weir_isa)isa);
        const int lines = make_page(page, false), differ = compare(path, set, page, lines);
        printf("%s: %d lines, %d differ\n", set, lines, differ);
        wrong += differ;
    }
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static char page[LINES][LINE];
    bool each = false;
    if (argc == 3 && strcmp(argv[1], "--sets") == 0) return check_sets(argv[2]);
    for (int i = 1; i < argc; i++) {
        int isa = WEIR_ISA_NEON;
        if (strcmp(argv[i], "--each") == 0) {
            each = true;
        } else if (strcmp(argv[i], "--isa") == 0 && i + 1 < argc) {
            i++;
            while (isa >= 0 && strcmp(argv[i], weir_isa_name((weir_isa)isa)) != 0) isa--;
            if (isa < 0 || !choose(isa)) {
                fprintf(stderr, "norm_bits: this machine has no set '%s'\n", argv[i]);
                return EXIT_FAILURE;
            }
        } else {
            fprintf(stderr, "usage: norm_bits [--isa NAME] [--each] | --sets FILE\n");
            return 2;
        }
    }
    const int lines = make_page(page, each);
    for (int i = 0; i < lines && !each; i++) puts(page[i]);
    return EXIT_SUCCESS;
}

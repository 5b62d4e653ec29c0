/* main.c - the command `weir`: finds the subcommand and runs it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/cli.h"
#include "nn/blas.h"
#include "simd/isa.h"
#include "weir/version.h"

const command weir_commands[] = {
    {"layouts", "layouts [NAME | FILE] [--depth N] [--lowered]",
     "list the layouts, or check and show one",
     "  weir layouts\n  weir layouts deepnorm --depth 24 --lowered\n  weir layouts ./mine.layout\n",
     TAKES_LOWERED | TAKES_WORDS, cmd_layouts},
    {"probe", "probe --layout L[,L...] --depth N[,N...] [options]",
     "measure networks at initialization: signal, gradient, first update, verdict",
     "  weir probe --layout post,deepnorm --depth 6,24,96\n  weir probe --layout ./mine.layout "
     "--depth 48 --json\n",
     TAKES_CONFIG | TAKES_LISTS | TAKES_THREADS, cmd_probe},
    {"train", "train --layout L --depth N --data PATH --out DIR [options]", "train one network",
     "  weir train --layout deepnorm --depth 24 --data book.txt --out runs/a\n  weir train "
     "--resume runs/a\n",
     TAKES_CONFIG | TAKES_OUT | TAKES_RESUME | TAKES_THREADS | TAKES_DIVERGENCE, cmd_train},
    {"compare", "compare --layout L[,L...] --depth N[,N...] --data PATH --out DIR [options]",
     "train several networks side by side and write one report",
     "  weir compare --layout post,pre,deepnorm --depth 6,48 --data book.txt --out sweep\n"
     "  weir compare --layout post --depth 18 --warmup 0,100 --lr 1e-3,3e-4 --out warmup\n",
     TAKES_CONFIG | TAKES_LISTS | TAKES_OUT | TAKES_THREADS | TAKES_DIVERGENCE, cmd_compare},
    {"report", "report DIR... [--out FILE]",
     "write the HTML report again, from the files of runs or sweeps",
     "  weir report sweep\n  weir report runs/a runs/b --out both.html\n", TAKES_OUT | TAKES_WORDS,
     cmd_report},
    {"sample", "sample DIR [--prompt TEXT] [--length N]", "write text from a run's checkpoint",
     "  weir sample runs/a --prompt 'The ' --length 300\n", TAKES_SAMPLE | TAKES_WORDS, cmd_sample},
    {"bench", "bench [--op NAME[,...]] [--shape RxC[,...]] [options]",
     "time the norms against copies with the same reads and writes",
     "  weir bench\n  weir bench --op layernorm --type bf16 --shape 4096x4096,64x768 --threads 1\n"
     "  weir bench --pass forward,backward --isa scalar,avx2 --out bench.html\n"
     "  weir bench --shape 4096x768 --json\n",
     TAKES_BENCH | TAKES_OUT, cmd_bench},
};
const int weir_command_count = sizeof weir_commands / sizeof weir_commands[0];

static const command *find_command(const char *name)
{
    const char *names[sizeof weir_commands / sizeof weir_commands[0]];
    for (int i = 0; i < weir_command_count; i++) {
        if (strcmp(weir_commands[i].name, name) == 0) return &weir_commands[i];
        names[i] = weir_commands[i].name;
    }
    const char *near = weir_text_nearest(name, names, weir_command_count);
    if (name[0] == '-')
        fprintf(stderr, "weir: %s: a command comes first; `weir --help` lists them\n", name);
    else if (near)
        fprintf(stderr, "weir: there is no command '%s'; did you mean '%s'?\n", name, near);
    else
        fprintf(stderr, "weir: there is no command '%s'; `weir --help` lists them\n", name);
    return NULL;
}

/* WEIR_ISA=scalar|avx2|avx512|avx512bf16|neon caps the instruction set; the results have the same
 * bits under all of them. */
static bool apply_isa(void)
{
    const char *wanted = getenv("WEIR_ISA");
    if (!wanted || !*wanted) return true;
    for (int isa = WEIR_ISA_SCALAR; isa < WEIR_ISA_COUNT; isa++) {
        if (strcmp(wanted, weir_isa_name((weir_isa)isa)) == 0) {
            weir_set_isa_ceiling((weir_isa)isa);
            return true;
        }
    }
    fprintf(stderr, "weir: WEIR_ISA=%s: scalar, avx2, avx512, avx512bf16 or neon is wanted\n",
            wanted);
    return false;
}

/* One argument as a shell reads it. */
static void add_quoted(weir_text *line, const char *arg)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./,:=+@%";
    if (arg[0] && !arg[strspn(arg, plain)]) {
        weir_text_add(line, arg);
        return;
    }
    weir_text_add(line, "'");
    for (; *arg; arg++) {
        if (*arg == '\'')
            weir_text_add(line, "'\\''");
        else
            weir_text_add_n(line, arg, 1);
    }
    weir_text_add(line, "'");
}

/* The command line, for run.json. */
static void join(int argc, char **argv, weir_text *line)
{
    weir_text_add(line, "weir");
    for (int i = 1; i < argc; i++) {
        weir_text_add(line, " ");
        add_quoted(line, argv[i]);
    }
}

/* A closed standard stream would be the number of the next file that is opened, and messages would
 * be written into a run. What stands in for standard output cannot be written either. */
static void fill_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
    }
}

/* A full disk and a reader that went away are told by what write(2) returns, not by a death that
 * leaves half a file. */
static void ignore_write_signals(void)
{
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

static int run_command(const command *c, int argc, char **argv)
{
    static options o;
    weir_error err;
    if (options_parse(c, argc - 2, argv + 2, &o, &err) != WEIR_OK) return fail_with(c->name, &err);
    if (o.help) {
        help_command(c);
        return EXIT_DONE;
    }
    weir_blas_init();
    weir_text line = {0};
    join(argc, argv, &line);
    int status;
    if (line.failed) {
        weir_fail(&err, WEIR_E_MEMORY, "out of memory for the command line");
        status = fail_with(c->name, &err);
    } else {
        status = c->run(c, &o, line.data);
    }
    weir_text_deinit(&line);
    return status;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        help_all(stderr);
        return EXIT_MISUSE;
    }
    bool help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
                strcmp(argv[1], "help") == 0;
    if (help && argc == 2) {
        help_all(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("weir %s\n", weir_version());
        return EXIT_DONE;
    }
    const command *c = find_command(argv[help ? 2 : 1]);
    if (!c || !apply_isa()) return EXIT_MISUSE;
    if (!help) return run_command(c, argc, argv);
    help_command(c);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    fill_standard_streams();
    ignore_write_signals();
    int status = dispatch(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "weir: standard output could not be written\n");
    return status == EXIT_DONE ? EXIT_FAILED : status;
}

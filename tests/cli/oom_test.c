/* oom_test.c - the whole command, again and again, with one allocation failing: ours, or one of
 * jansson's. It must end well, or with status 1 and one line that says memory; and leave no
 * half-written file.
 *
 * Each try is a process of its own, which runs weir's main() in a fresh folder. `oom_test every`
 * fails each allocation, which takes minutes; without it, some that are spread over the command's
 * life.
 */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "scratch.h"

int weir_main(int argc, char **argv); /* main() of src/cli/main.c */

enum { WORDS = 32, TRIES = 40, PATH_BYTES = 512 };

#define NETWORK                                                                                    \
    "--depth", "1", "--width", "8", "--heads", "2", "--ctx", "4", "--batch", "1", "--vocab", "8",  \
        "--threads", "1"
#define RUN NETWORK, "--steps", "2"
#define BENCH                                                                                      \
    "--shape", "2x8", "--op", "rmsnorm", "--type", "f32", "--pass", "forward", "--threads", "1",   \
        "--rounds", "1"

/* before: what the command finds, made without failures. */
typedef struct scene {
    const char *name;
    const char *before[WORDS], *command[WORDS];
} scene;

static const scene scenes[] = {
    {"layouts", {0}, {"weir", "layouts", "--json"}},
    {"layout", {0}, {"weir", "layouts", "deepnorm", "--depth", "2", "--lowered", "--json"}},
    {"probe", {0}, {"weir", "probe", NETWORK}},
    {"probe, json", {0}, {"weir", "probe", "--json", "--layout", "pre,post", NETWORK}},
    {"train", {0}, {"weir", "train", "--out", "run", RUN}},
    {"train, json", {0}, {"weir", "train", "--json", "--quiet", "--out", "run", RUN}},
    {"resume",
     {"weir", "train", "--quiet", "--out", "run", RUN},
     {"weir", "train", "--resume", "run", "--steps", "3", "--threads", "1"}},
    {"compare", {0}, {"weir", "compare", "--out", "sweep", "--layout", "pre,post", RUN}},
    {"compare, json",
     {"weir", "compare", "--quiet", "--out", "sweep", "--layout", "pre", RUN},
     {"weir", "compare", "--json", "--quiet", "--out", "sweep", "--layout", "pre,post", RUN}},
    {"report",
     {"weir", "compare", "--quiet", "--out", "sweep", "--layout", "pre,post", RUN},
     {"weir", "report", "sweep", "--json"}},
    {"sample",
     {"weir", "train", "--quiet", "--out", "run", RUN},
     {"weir", "sample", "run", "--length", "4", "--json"}},
    {"bench", {0}, {"weir", "bench", "--out", "page.html", BENCH}},
    {"bench, json", {0}, {"weir", "bench", "--json", BENCH}},
};

/* Shared with the process of a try. */
typedef struct tally {
    long calls, fail_at; /* fail_at 0: none fails */
} tally;
static tally *shared;

static int may_allocate(size_t bytes)
{
    (void)bytes;
    return ++shared->calls != shared->fail_at;
}

static void *json_allocate(size_t bytes)
{
    return may_allocate(bytes) ? malloc(bytes) : NULL;
}

static void redirect(const char *path, int stream)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0 || dup2(fd, stream) < 0) _exit(98);
    close(fd);
}

/* Runs the command in a process of its own, its streams in ./out and ./err. Returns the exit
 * status, 128 and more for a death by a signal. */
static int run(const char *const *command, long fail_at)
{
    *shared = (tally){.fail_at = fail_at};
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) return 97;
    if (child == 0) {
        char *argv[WORDS + 1] = {0};
        int argc = 0;
        for (; command[argc]; argc++) argv[argc] = strdup(command[argc]);
        redirect("out", STDOUT_FILENO);
        redirect("err", STDERR_FILENO);
        weir_alloc_hook = may_allocate;
        json_set_alloc_funcs(json_allocate, free);
        int status = weir_main(argc, argv);
        for (int i = 0; i < argc; i++) free(argv[i]);
        exit(status);
    }
    int status;
    if (waitpid(child, &status, 0) != child) return 97;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Counts the files below path whose name has ".tmp" in it. */
static int half_written(const char *path)
{
    DIR *folder = opendir(path);
    int found = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char below[PATH_BYTES];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(below, sizeof below, "%.200s/%.200s", path, entry->d_name);
        found += strstr(entry->d_name, ".tmp") != NULL;
        if (lstat(below, &info) == 0 && S_ISDIR(info.st_mode)) found += half_written(below);
    }
    if (folder) closedir(folder);
    return found;
}

/* What ./NAME holds, cut to the size of the buffer. */
static void read_file(const char *name, char *buffer, size_t size)
{
    FILE *file = fopen(name, "r");
    size_t n = file ? fread(buffer, 1, size - 1, file) : 0;
    buffer[n] = 0;
    if (file) fclose(file);
}

/* Whether one line, and only one, begins with "weir" and has "memory" in it. */
static int says_memory(const char *text)
{
    int complaints = 0, memory = 0;
    while (*text) {
        size_t n = strcspn(text, "\n");
        char line[1024];
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        complaints += strncmp(line, "weir ", 5) == 0;
        memory += strstr(line, "memory") != NULL;
        text += n + (text[n] == '\n');
    }
    return complaints == 1 && memory >= 1;
}

/* 0 when the try went as it must. */
static int try(const scene *s, long fail_at)
{
    static char out[65536], err[65536];
    scratch_remove("work"); /* it need not be there */
    if (mkdir("work", 0777) != 0 || chdir("work") != 0) return 1;
    int status = s->before[0] ? run(s->before, 0) : 0;
    if (status == 0) status = run(s->command, fail_at);
    read_file("out", out, sizeof out);
    read_file("err", err, sizeof err);
    int bad = half_written(".") != 0 || (status != 0 && status != 1);
    if (status == 1) bad |= fail_at == 0 || !(says_memory(err) || strstr(out, "memory"));
    if (bad) printf("%s, allocation %ld: status %d\n%s%s\n", s->name, fail_at, status, out, err);
    return chdir("..") != 0 || bad;
}

int main(int argc, char **argv)
{
    int every = argc > 1 && strcmp(argv[1], "every") == 0, bad = 0;
    char root[SCRATCH_BYTES];
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || !scratch_make(root, NULL) || chdir(root) != 0) return 2;
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        bad += try(&scenes[i], 0);
        long calls = shared->calls, step = every ? 1 : calls / TRIES + 1, tries = 0;
        for (long n = 1; n <= calls && bad < 5; n += step, tries++) bad += try(&scenes[i], n);
        printf("%s: %ld allocations, %ld of them failed\n", scenes[i].name, calls, tries);
    }
    scratch_remove(root);
    return bad != 0;
}

#include "io_support.h"

#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "scratch.h"

static long blocks;       /* that weir and jansson hold */
static int asked, refuse; /* allocations so far, and the number of the one that fails (0: none) */

void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *p);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void __wrap_free(void *p);

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    void *p = __real_aligned_alloc(alignment, bytes);
    blocks += p != NULL;
    return p;
}

void __wrap_free(void *p)
{
    blocks -= p != NULL;
    __real_free(p);
}

static int serve(size_t bytes)
{
    (void)bytes;
    return ++asked != refuse;
}

static void *json_malloc(size_t bytes)
{
    return aligned_alloc(16, (bytes + 15) & ~(size_t)15);
}

static void *json_malloc_or_not(size_t bytes)
{
    return serve(bytes) ? json_malloc(bytes) : NULL;
}

static void json_free(void *p)
{
    free(p);
}

int enter_folder(void **state)
{
    static char name[SCRATCH_BYTES];
    json_set_alloc_funcs(json_malloc, json_free);
    *state = name;
    return !scratch_make(name, NULL) || chdir(name) != 0;
}

int leave_folder(void **state)
{
    return chdir("/") != 0 || !scratch_remove(*state);
}

void *exact_block(size_t bytes)
{
    void *p = aligned_alloc(1, bytes);
    assert_non_null(p);
    return p;
}

void put_file(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

void put_text(const char *path, const char *text)
{
    put_file(path, text, strlen(text));
}

static int entries_of(const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    int count = -2; /* without . and .. */
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

int entries_here(void)
{
    return entries_of(".");
}

/* Of files in the folders that enter_folder makes. */
static int mappings(void)
{
    char line[512];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) count += strstr(line, "/weir_io_") != NULL;
    fclose(maps);
    return count;
}

held what_is_held(void)
{
    return (held){blocks, entries_of("/proc/self/fd"), mappings()};
}

void assert_nothing_new(held before)
{
    held now = what_is_held();
    assert_int_equal(now.blocks, before.blocks);
    assert_int_equal(now.files, before.files);
    assert_int_equal(now.mappings, before.mappings);
}

/* also: another status that a failure may have. */
static int fail_each(action run, weir_status also)
{
    held before = what_is_held();
    for (refuse = 1;; refuse++) {
        weir_error err = {0};
        asked = 0;
        weir_status status = run(&err);
        assert_nothing_new(before);
        if (asked < refuse) {
            assert_int_equal(status, WEIR_OK);
            break;
        }
        bool other = status == also && also != WEIR_E_MEMORY;
        assert_failed(status, other ? also : WEIR_E_MEMORY, &err, other ? "" : "memory");
    }
    int failed = refuse - 1;
    refuse = 0;
    return failed;
}

int fail_each_allocation(action run)
{
    weir_alloc_hook = serve;
    int failed = fail_each(run, WEIR_E_MEMORY);
    weir_alloc_hook = NULL;
    return failed;
}

int fail_each_json_allocation(action run)
{
    json_set_alloc_funcs(json_malloc_or_not, json_free);
    int failed = fail_each(run, WEIR_E_FORMAT);
    json_set_alloc_funcs(json_malloc, json_free);
    return failed;
}

void limit_files(long bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)bytes;
    signal(SIGXFSZ, bytes < 0 ? SIG_DFL : SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void assert_failed(weir_status status, weir_status wanted, const weir_error *err, const char *part)
{
    assert_string_equal(weir_status_name(status), weir_status_name(wanted));
    assert_int_equal(err->status, wanted);
    if (!strstr(err->message, part)) fail_msg("\"%s\" lacks \"%s\"", err->message, part);
}

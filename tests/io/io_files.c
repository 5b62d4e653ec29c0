/* Whole files, folders, logs, JSON. */
#include "io_support.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/files.h"

static void assert_holds(const char *path, const char *text)
{
    char *data;
    size_t bytes;
    weir_error err;
    if (weir_file_read(path, SIZE_MAX, &data, &bytes, &err) != WEIR_OK) fail_msg("%s", err.message);
    assert_string_equal(data, text);
    assert_int_equal(bytes, strlen(text));
    weir_free(data);
}

static void a_file_comes_back_as_it_was_written(void **state)
{
    (void)state;
    held before = what_is_held();
    static const char bytes[] = {0, 1, '\n', '\r', (char)0xFF, 0};
    assert_int_equal(weir_file_write("a", bytes, sizeof bytes, NULL), WEIR_OK);
    char *data;
    size_t count;
    assert_int_equal(weir_file_read("a", sizeof bytes, &data, &count, NULL), WEIR_OK);
    assert_int_equal(count, sizeof bytes);
    assert_memory_equal(data, bytes, sizeof bytes);
    assert_int_equal(data[count], 0);
    weir_free(data);
    assert_int_equal(weir_file_write("a", "", 0, NULL), WEIR_OK);
    assert_holds("a", "");
    const weir_bytes part[] = {{"one ", 4}, {"", 0}, {"two", 3}};
    assert_int_equal(weir_file_write_parts("a", part, 3, NULL), WEIR_OK);
    assert_holds("a", "one two");
    assert_int_equal(entries_here(), 1);
    assert_nothing_new(before);
}

static void a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    enum { LINES = 40000, LINE = 6 };
    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t writer = fork();
    if (writer == 0) {
        FILE *pipe = fopen("pipe", "w");
        for (int i = 0; pipe && i < LINES; i++) fprintf(pipe, "%05d\n", i);
        _exit(!pipe || fclose(pipe) != 0);
    }
    char *data;
    size_t bytes;
    assert_int_equal(weir_file_read("pipe", SIZE_MAX, &data, &bytes, NULL), WEIR_OK);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_int_equal(bytes, LINES * LINE);
    for (int i = 0; i < LINES; i++) assert_int_equal(atoi(data + i * LINE), i);
    weir_free(data);
}

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    held before = what_is_held();
    char *data = NULL;
    size_t bytes = 7;
    weir_error err;
    put_text("long", "12345");
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    const struct {
        const char *path, *message;
        weir_status status;
    } wrong[] = {
        {"missing", "missing: cannot be opened: No such file", WEIR_E_FILE},
        {"dangling", "dangling: cannot be opened", WEIR_E_FILE},
        {"long/er", "long/er: cannot be opened: Not a directory", WEIR_E_FILE},
        {"folder", "folder: is a folder", WEIR_E_FILE},
        {"/dev/zero", "/dev/zero: is a device", WEIR_E_FILE},
        {"long", "long: longer than 4 bytes", WEIR_E_FORMAT},
        {"/proc/self/status", "longer than 4 bytes", WEIR_E_FORMAT}, /* it has no size */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weir_status status = weir_file_read(wrong[i].path, 4, &data, &bytes, &err);
        assert_failed(status, wrong[i].status, &err, wrong[i].message);
    }
    assert_null(data);
    assert_int_equal(bytes, 7);
    assert_nothing_new(before);
}

static void what_cannot_be_written_leaves_nothing(void **state)
{
    (void)state;
    held before = what_is_held();
    weir_error err;
    assert_int_equal(mkdir("folder", 0700), 0);
    put_text("file", "old");
    const int entries = entries_here();
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = 0;
    const struct {
        const char *path, *message;
    } wrong[] = {
        {"folder", "folder: is there and is not a file"},
        {"/dev/null", "/dev/null: is there and is not a file"},
        {"missing/file", "missing/file: cannot be written: No such file"},
        {"file/below", "file/below: cannot be written: Not a directory"},
        {"", "cannot be written"},
        {longest, "cannot be written: File name too long"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weir_status status = weir_file_write(wrong[i].path, "new", 3, &err);
        assert_failed(status, WEIR_E_FILE, &err, wrong[i].message);
        status = weir_file_try(wrong[i].path, &err);
        assert_failed(status, WEIR_E_FILE, &err, wrong[i].message);
    }
    assert_int_equal(weir_file_try("file", NULL), WEIR_OK);
    assert_int_equal(weir_file_try("folder/new", NULL), WEIR_OK);
    assert_int_equal(rmdir("folder"), 0); /* it is empty */
    assert_int_equal(entries_here(), entries - 1);
    assert_holds("file", "old");
    assert_nothing_new(before);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    held before = what_is_held();
    static char big[65536];
    memset(big, 'x', sizeof big);
    weir_error err;
    put_text("file", "old");
    limit_files(4096);
    weir_status over = weir_file_write("file", big, sizeof big, &err);
    weir_status fresh = weir_file_write("fresh", big, sizeof big, NULL);
    weir_status fits = weir_file_write("fits", big, 4096, NULL);
    limit_files(-1);
    assert_failed(over, WEIR_E_FILE, &err, "file: cannot be written: File too large");
    assert_int_equal(fresh, WEIR_E_FILE);
    assert_int_equal(fits, WEIR_OK);
    assert_int_equal(entries_here(), 2);
    assert_holds("file", "old");
    assert_nothing_new(before);
}

static void a_link_is_replaced_and_a_stale_temporary_file_is_no_hindrance(void **state)
{
    (void)state;
    char temp[64];
    snprintf(temp, sizeof temp, "link.tmp.%ld", (long)getpid());
    put_text(temp, "left by a crash");
    put_text("target", "old");
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(weir_file_write("link", "new", 3, NULL), WEIR_OK);
    assert_holds("link", "new");
    assert_holds("target", "old");
    assert_int_equal(entries_here(), 2);
}

static weir_status write_small(weir_error *err)
{
    return weir_file_write("small", "x", 1, err);
}

static weir_status read_small(weir_error *err)
{
    char *data;
    size_t bytes;
    weir_status status = weir_file_read("small", SIZE_MAX, &data, &bytes, err);
    if (status == WEIR_OK) weir_free(data);
    return status;
}

/* Longer than the first guess, so that the buffer grows. */
static weir_status read_unsized(weir_error *err)
{
    char *data;
    size_t bytes;
    weir_status status = weir_file_read("/proc/self/smaps", SIZE_MAX, &data, &bytes, err);
    if (status == WEIR_OK) weir_free(data);
    return status;
}

static weir_status make_folder(weir_error *err)
{
    return weir_folder_make("p/q", err);
}

static weir_status log_a_line(weir_error *err)
{
    weir_log *log;
    weir_status status = weir_log_open("log", -1, &log, err);
    if (status != WEIR_OK) return status;
    status = weir_log_line(log, "{}", err);
    weir_log_close(&log);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_int_equal(fail_each_allocation(write_small), 2);
    assert_int_equal(fail_each_allocation(read_small), 1);
    assert_true(fail_each_allocation(read_unsized) >= 1);
    assert_int_equal(fail_each_allocation(make_folder), 1);
    assert_int_equal(fail_each_allocation(log_a_line), 3);
    assert_holds("log", "{}\n");
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    weir_error err;
    assert_true(weir_folder_is_empty("a"));
    assert_int_equal(weir_folder_make("a/b//c/", NULL), WEIR_OK);
    assert_int_equal(weir_folder_make("a/b/c", NULL), WEIR_OK);
    assert_int_equal(weir_folder_make(".", NULL), WEIR_OK);
    assert_int_equal(weir_folder_make("/tmp", NULL), WEIR_OK);
    assert_true(weir_folder_is_empty("a/b/c"));
    assert_false(weir_folder_is_empty("a"));
    put_text("a/file", "");
    assert_false(weir_folder_is_empty("a/file"));
    assert_true(weir_file_exists("a/file"));
    assert_true(weir_file_exists("a/b"));
    assert_false(weir_file_exists("a/c"));
    assert_failed(weir_folder_make("a/file", &err), WEIR_E_FILE, &err, "a/file: cannot be made");
    assert_failed(weir_folder_make("a/file/b", &err), WEIR_E_FILE, &err, "Not a directory");
    assert_failed(weir_folder_make("", &err), WEIR_E_FILE, &err, "No such file");
}

static void log_lines(int64_t keep, const char *first, const char *second)
{
    weir_log *log;
    weir_error err;
    if (weir_log_open("log", keep, &log, &err) != WEIR_OK) fail_msg("%s", err.message);
    if (first) assert_int_equal(weir_log_line(log, first, NULL), WEIR_OK);
    if (second) assert_int_equal(weir_log_line(log, second, NULL), WEIR_OK);
    assert_int_equal(weir_log_sync(log, NULL), WEIR_OK);
    weir_log_close(&log);
    assert_null(log);
}

static void a_log_grows_and_is_cut(void **state)
{
    (void)state;
    held before = what_is_held();
    log_lines(-1, "1", "2");
    assert_holds("log", "1\n2\n");
    log_lines(-1, "3", NULL);
    assert_holds("log", "1\n2\n3\n");
    log_lines(2, "three", NULL);
    assert_holds("log", "1\n2\nthree\n");
    log_lines(3, NULL, NULL);
    assert_holds("log", "1\n2\nthree\n");
    log_lines(0, NULL, NULL);
    assert_holds("log", "");
    weir_log_close(NULL);
    assert_nothing_new(before);
}

static void a_torn_last_line_is_cut_off(void **state)
{
    (void)state;
    put_text("log", "1\n2\n{\"torn");
    log_lines(-1, "3", NULL);
    assert_holds("log", "1\n2\n3\n");
    put_text("log", "1\n2\n{\"torn");
    log_lines(2, "3", NULL);
    assert_holds("log", "1\n2\n3\n");
    put_text("log", "torn");
    log_lines(0, "1", NULL);
    assert_holds("log", "1\n");
    put_text("log", "torn");
    log_lines(-1, "1", NULL);
    assert_holds("log", "1\n");
}

/* The newlines fall on both sides of the pieces in which a log is read. */
static void a_long_log_is_cut_at_the_right_line(void **state)
{
    (void)state;
    enum { LINES = 30000 };
    FILE *file = fopen("log", "w");
    assert_non_null(file);
    for (int i = 1; i <= LINES; i++) fprintf(file, "%07d\n", i);
    fputs("torn", file);
    assert_int_equal(fclose(file), 0);
    for (long keep = LINES; keep > 0; keep /= 2) {
        struct stat info;
        log_lines(keep, NULL, NULL);
        assert_int_equal(stat("log", &info), 0);
        assert_int_equal(info.st_size, 8 * keep);
    }
}

static void a_log_that_cannot_be_is_named(void **state)
{
    (void)state;
    held before = what_is_held();
    weir_log *log = NULL;
    weir_error err;
    assert_failed(weir_log_open("missing/log", -1, &log, &err), WEIR_E_FILE, &err, "missing/log: ");
    assert_failed(weir_log_open("/dev/full", -1, &log, &err), WEIR_E_FILE, &err, "not a file");
    assert_failed(weir_log_open("log", 1, &log, &err), WEIR_E_FILE, &err, "log: cannot be opened");
    assert_int_equal(entries_here(), 0);
    put_text("log", "1\n2\n3");
    assert_failed(weir_log_open("log", 3, &log, &err), WEIR_E_FORMAT, &err, "log: holds 2 whole");
    assert_holds("log", "1\n2\n3");
    assert_null(log);
    assert_nothing_new(before);
}

static void a_full_disk_leaves_whole_lines(void **state)
{
    (void)state;
    weir_log *log;
    weir_error err;
    assert_int_equal(weir_log_open("log", -1, &log, NULL), WEIR_OK);
    limit_files(10);
    weir_status first = weir_log_line(log, "123456", NULL);
    weir_status second = weir_log_line(log, "1234567890", &err);
    weir_status third = weir_log_line(log, "12", NULL);
    limit_files(-1);
    weir_log_close(&log);
    assert_int_equal(first, WEIR_OK);
    assert_failed(second, WEIR_E_FILE, &err, "log: cannot be written: File too large");
    assert_int_equal(third, WEIR_OK);
    assert_holds("log", "123456\n12\n");
}

static void numbers_and_strings_are_json(void **state)
{
    (void)state;
    char buf[32];
    assert_string_equal(weir_json_f32(0.1f, buf), "0.100000001");
    assert_string_equal(weir_json_f64(0.1, buf), "0.10000000000000001");
    assert_string_equal(weir_json_f64(-5e-324, buf), "-4.9406564584124654e-324");
    assert_string_equal(weir_json_f32(-0.0, buf), "-0");
    assert_string_equal(weir_json_f32((double)INFINITY, buf), "null");
    assert_string_equal(weir_json_f64((double)NAN, buf), "null");
    weir_text text = {0};
    weir_json_string(&text, "a\"b\\c\n\x01\x1f\x7f\xc3\xa9");
    assert_string_equal(text.data, "\"a\\\"b\\\\c\\u000a\\u0001\\u001f\x7f\xc3\xa9\"");
    weir_text_deinit(&text);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_file_comes_back_as_it_was_written),
        IN_A_FOLDER(a_pipe_is_read_to_its_end),
        IN_A_FOLDER(what_cannot_be_read_is_named),
        IN_A_FOLDER(what_cannot_be_written_leaves_nothing),
        IN_A_FOLDER(a_full_disk_leaves_the_old_file),
        IN_A_FOLDER(a_link_is_replaced_and_a_stale_temporary_file_is_no_hindrance),
        IN_A_FOLDER(every_allocation_may_fail),
        IN_A_FOLDER(folders_are_made_with_their_parents),
        IN_A_FOLDER(a_log_grows_and_is_cut),
        IN_A_FOLDER(a_torn_last_line_is_cut_off),
        IN_A_FOLDER(a_long_log_is_cut_at_the_right_line),
        IN_A_FOLDER(a_log_that_cannot_be_is_named),
        IN_A_FOLDER(a_full_disk_leaves_whole_lines),
        IN_A_FOLDER(numbers_and_strings_are_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tokens of files, folders and the synthetic source. */
#include "io_support.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/corpus.h"

static weir_corpus *open_corpus(const char *path, int vocab, double val_frac, int ctx)
{
    weir_corpus *corpus = NULL;
    weir_error err;
    if (weir_corpus_open(path, vocab, val_frac, ctx, &corpus, &err) != WEIR_OK) {
        fail_msg("%s", err.message);
    }
    return corpus;
}

/* A token a byte, none twice: "abc...". */
static void put_alphabet(const char *path, int bytes)
{
    char text[256];
    for (int i = 0; i < bytes; i++) text[i] = (char)('!' + i);
    put_file(path, text, (size_t)bytes);
}

static void the_last_share_of_a_file_is_held_out(void **state)
{
    (void)state;
    held before = what_is_held();
    uint16_t input[4], target[4];
    put_alphabet("text", 50);
    weir_corpus *corpus = open_corpus("text", 17, 0.2, 4);
    assert_int_equal(weir_corpus_vocab(corpus), 256);
    assert_int_equal(weir_corpus_train_tokens(corpus), 40);
    assert_string_equal(weir_corpus_describe(corpus), "1 file, 50 bytes");
    assert_true(isnan(weir_corpus_entropy_floor(corpus)));

    /* Ten tokens: windows at 0 and 4; that at 8 would lack its targets. */
    assert_int_equal(weir_corpus_held_out_windows(corpus, 4), 2);
    assert_int_equal(weir_corpus_held_out_windows(corpus, 3), 3);
    assert_int_equal(weir_corpus_held_out_windows(corpus, 9), 1);
    assert_int_equal(weir_corpus_held_out_windows(corpus, 10), 0);
    for (int window = 0; window < 2; window++) {
        weir_corpus_held_out(corpus, window, 4, input, target);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(input[i], '!' + 40 + 4 * window + i);
            assert_int_equal(target[i], input[i] + 1);
        }
    }
    weir_corpus_close(&corpus);
    assert_null(corpus);
    weir_corpus_close(NULL);
    assert_nothing_new(before);
}

/* Every offset that a training window may have is met, and no other. */
static void training_windows_are_uniform_and_stay_in_their_part(void **state)
{
    (void)state;
    enum { CTX = 7, OFFSETS = 40 - CTX, DRAWS = 200 * OFFSETS };
    uint16_t input[CTX], target[CTX];
    int times[OFFSETS] = {0};
    put_alphabet("text", 50);
    weir_corpus *corpus = open_corpus("text", 0, 0.2, CTX);
    for (int i = 0; i < DRAWS; i++) {
        weir_corpus_train(corpus, 1, 1 + i / 8, i % 8, CTX, input, target);
        int offset = input[0] - '!';
        assert_in_range(offset, 0, OFFSETS - 1);
        times[offset]++;
        for (int k = 0; k < CTX; k++) {
            assert_int_equal(input[k], '!' + offset + k);
            assert_int_equal(target[k], input[k] + 1);
        }
    }
    /* 200 of each are expected: within 5.5 standard deviations. */
    for (int i = 0; i < OFFSETS; i++) assert_in_range(times[i], 200 - 77, 200 + 77);
    weir_corpus_close(&corpus);
}

static void a_batch_depends_on_seed_step_and_index_alone(void **state)
{
    (void)state;
    enum { CTX = 16 };
    char text[4096];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(1 + (i * i * i / 7) % 250);
    put_file("text", text, sizeof text);
    static const char *const sources[] = {"text", "synthetic"};
    for (int s = 0; s < 2; s++) {
        weir_corpus *corpus = open_corpus(sources[s], 64, 0.1, CTX);
        weir_corpus *again = open_corpus(sources[s], 64, 0.1, CTX);
        uint16_t in[CTX], out[CTX], in2[CTX], out2[CTX];
        weir_corpus_train(corpus, 3, 5, 7, CTX, in, out);
        static const int64_t others[][3] = {{4, 5, 7}, {3, 6, 7}, {3, 5, 8}, {3, 7, 5}};
        for (int i = 0; i < 4; i++) {
            weir_corpus_train(corpus, (uint64_t)others[i][0], others[i][1], others[i][2], CTX, in2,
                              out2);
            assert_memory_not_equal(in2, in, sizeof in);
        }
        weir_corpus_train(again, 3, 5, 7, CTX, in2, out2);
        assert_memory_equal(in2, in, sizeof in);
        assert_memory_equal(out2, out, sizeof out);
        weir_corpus_close(&corpus);
        weir_corpus_close(&again);
    }
}

static void assert_tokens(const char *path, const char *text)
{
    size_t bytes = strlen(text);
    weir_corpus *corpus = open_corpus(path, 0, 0.5, 1);
    assert_int_equal(weir_corpus_train_tokens(corpus), bytes - (bytes + 1) / 2);
    put_text("same", text);
    weir_corpus *same = open_corpus("same", 0, 0.5, 1);
    assert_true(weir_corpus_hash(corpus) == weir_corpus_hash(same));
    weir_corpus_close(&same);
    weir_corpus_close(&corpus);
}

/* '-' sorts before '/', and '/' before letters: by whole paths, not folder by folder. */
static void a_folder_is_its_text_files_in_the_order_of_their_paths(void **state)
{
    (void)state;
    held before = what_is_held();
    assert_int_equal(mkdir("f", 0700), 0);
    assert_int_equal(mkdir("f/a", 0700), 0);
    assert_int_equal(mkdir("f/a/deep", 0700), 0);
    assert_int_equal(mkdir("f/none", 0700), 0);
    put_text("f/a-b", "first\n");
    put_text("f/a/deep/x", "second");
    put_text("f/a/y", "third\n\n");
    put_text("f/ab", "fourth");
    put_text("f/\xc3\xa9", "last");
    put_text("f/B", "before all");
    put_text("f/empty", "");
    put_file("f/binary", "a\0b", 3);
    put_text("outside", "not in the folder");
    assert_int_equal(symlink("../outside", "f/link"), 0);
    assert_int_equal(symlink("..", "f/up"), 0);
    assert_int_equal(symlink("nowhere", "f/a/dangling"), 0);
    assert_int_equal(mkfifo("f/pipe", 0600), 0);
    assert_tokens("f", "before all\nfirst\nsecond\nthird\n\nfourth\nlast\n");
    assert_tokens("f/", "before all\nfirst\nsecond\nthird\n\nfourth\nlast\n");
    weir_corpus *corpus = open_corpus("f", 0, 0.5, 1);
    assert_string_equal(weir_corpus_describe(corpus), "6 files, 43 bytes, 6 skipped");
    weir_corpus_close(&corpus);

    /* The folder itself may be a link. */
    assert_int_equal(symlink("f/a", "g"), 0);
    assert_tokens("g", "second\nthird\n\n");
    assert_nothing_new(before);
}

static void the_hash_tells_other_data(void **state)
{
    (void)state;
    uint64_t hash[4];
    static const char *const texts[] = {"abcd", "abce", "bacd", "abcdd"};
    for (int i = 0; i < 4; i++) {
        put_text("text", texts[i]);
        weir_corpus *corpus = open_corpus("text", 0, 0.5, 1);
        hash[i] = weir_corpus_hash(corpus);
        for (int j = 0; j < i; j++) assert_true(hash[i] != hash[j]);
        weir_corpus_close(&corpus);
    }
    assert_true(hash[0] == 0xfc179f83ee0724ddu); /* FNV-1a of "abcd" */
    weir_corpus *a = open_corpus("synthetic", 64, 0.1, 8);
    weir_corpus *b = open_corpus("synthetic", 63, 0.1, 8);
    assert_true(weir_corpus_hash(a) != weir_corpus_hash(b));
    weir_corpus_close(&a);
    weir_corpus_close(&b);
}

static void the_unigram_entropy_is_that_of_the_training_part(void **state)
{
    (void)state;
    /* Eight tokens to train on: a half, a quarter, an eighth twice; then what must not count. */
    put_text("text", "aaaabbcdzzzzzzzz");
    weir_corpus *corpus = open_corpus("text", 0, 0.5, 4);
    double entropy = weir_corpus_unigram_entropy(corpus);
    assert_true(fabs(entropy - 1.75 * log(2)) < 1e-15);
    weir_corpus_close(&corpus);
    put_text("text", "aaaaaaaabcdefghi");
    corpus = open_corpus("text", 0, 0.5, 4);
    assert_true(weir_corpus_unigram_entropy(corpus) == 0);
    weir_corpus_close(&corpus);
}

static void what_cannot_be_a_corpus_is_named(void **state)
{
    (void)state;
    held before = what_is_held();
    assert_int_equal(mkdir("none", 0700), 0);
    put_file("none/binary", "", 1);
    put_text("none/empty", "");
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    put_text("empty", "");
    put_text("one", "x");
    put_text("ten", "0123456789");
    put_file("binary", "ab\0c", 4);
    const struct {
        const char *path, *message;
        int vocab, ctx;
        double val_frac;
        weir_status status;
    } wrong[] = {
        {"missing", "missing: neither a text file", 0, 1, 0.5, WEIR_E_FILE},
        {"dangling", "dangling: neither a text file", 0, 1, 0.5, WEIR_E_FILE},
        {"/dev/null", "/dev/null: is a device", 0, 1, 0.5, WEIR_E_FILE},
        {"none", "none: a folder without a text file", 0, 1, 0.5, WEIR_E_FILE},
        {"empty", "empty: is empty", 0, 1, 0.5, WEIR_E_FORMAT},
        {"one", "one: 0 bytes to train on and 1 held out", 0, 1, 0.5, WEIR_E_FORMAT},
        {"ten", "ten: 5 bytes to train on and 5 held out", 0, 5, 0.5, WEIR_E_FORMAT},
        {"ten", "context of 5 needs 6 of each", 0, 5, 0.5, WEIR_E_FORMAT},
        {"ten", "ten: 9 bytes to train on and 1 held out", 0, 1, 0.1, WEIR_E_FORMAT},
        {"ten", "ten: 1 bytes to train on and 9 held out", 0, 1, 0.9, WEIR_E_FORMAT},
        {"binary", "binary: is not text (byte 2 is NUL)", 0, 1, 0.5, WEIR_E_FORMAT},
        {"ten", "ten: a share of 0 held out", 0, 1, 0, WEIR_E_VALUE},
        {"ten", "ten: a share of 1 held out", 0, 1, 1, WEIR_E_VALUE},
        {"ten", "nan held out", 0, 1, (double)NAN, WEIR_E_VALUE},
        {"ten", "ten: a context of 0 tokens", 0, 0, 0.5, WEIR_E_VALUE},
        {"ten", "ten: a context of 2147483647 tokens", 0, INT_MAX, 0.5, WEIR_E_VALUE},
        {"synthetic", "synthetic: a vocabulary of 1,", 1, 1, 0.5, WEIR_E_VALUE},
        {"synthetic", "synthetic: a vocabulary of -2,", -2, 1, 0.5, WEIR_E_VALUE},
        {"synthetic", "synthetic: a vocabulary of 65,", 65, 1, 0.5, WEIR_E_VALUE},
        {"synthetic", "synthetic: a vocabulary of 65536,", 65536, 1, 0.5, WEIR_E_VALUE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weir_corpus *corpus = NULL;
        weir_error err;
        weir_status status = weir_corpus_open(wrong[i].path, wrong[i].vocab, wrong[i].val_frac,
                                              wrong[i].ctx, &corpus, &err);
        assert_failed(status, wrong[i].status, &err, wrong[i].message);
        assert_null(corpus);
    }
    assert_nothing_new(before);
}

static void a_file_of_a_folder_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    enum { NOBODY = 65534 };
    const uid_t self = geteuid();
    weir_corpus *corpus;
    weir_error err;
    assert_int_equal(mkdir("f", 0755), 0);
    put_text("f/a", "text");
    put_text("f/b", "text");
    assert_int_equal(chmod(".", 0755) + chmod("f/b", 0), 0);
    if (self == 0) assert_int_equal(seteuid(NOBODY), 0); /* root may read all */
    weir_status status = weir_corpus_open("f", 0, 0.5, 1, &corpus, &err);
    assert_int_equal(seteuid(self), 0);
    assert_failed(status, WEIR_E_FILE, &err, "f/b: cannot be opened: Permission denied");
}

/* Walked without recursion. */
static void a_folder_may_be_deep(void **state)
{
    (void)state;
    enum { DEPTH = 600 };
    char path[2 * DEPTH + 3] = "d";
    for (int i = 1; i < DEPTH; i++) {
        assert_int_equal(mkdir(path, 0700), 0);
        path[2 * i - 1] = '/';
        path[2 * i] = 'd';
    }
    put_text(path, "at the bottom");
    assert_tokens("d", "at the bottom\n");
}

static void a_folder_may_have_many_files(void **state)
{
    (void)state;
    enum { FILES = 300 };
    char text[8 * FILES + 1] = "";
    assert_int_equal(mkdir("f", 0700), 0);
    for (int i = FILES - 1; i >= 0; i--) {
        char name[16], line[16];
        snprintf(name, sizeof name, "f/%03d", i);
        snprintf(line, sizeof line, "line%03d", i);
        put_text(name, line);
    }
    for (int i = 0; i < FILES; i++) snprintf(text + 8 * i, 9, "line%03d\n", i);
    assert_tokens("f", text);
    weir_corpus *corpus = open_corpus("f", 0, 0.5, 1);
    assert_string_equal(weir_corpus_describe(corpus), "300 files, 2,400 bytes");
    weir_corpus_close(&corpus);
}

/* The share of the true next token, and of the frequency of all, against the law of the source. */
static void the_synthetic_source_keeps_its_law(void **state)
{
    (void)state;
    enum { VOCAB = 64, CTX = 1000, SEQUENCES = 200, TOKENS = CTX * SEQUENCES };
    static uint16_t input[CTX], target[CTX];
    int followed = 0, times[VOCAB] = {0};
    weir_corpus *corpus = open_corpus("synthetic", 0, 0.1, CTX);
    assert_int_equal(weir_corpus_vocab(corpus), VOCAB);
    assert_true(weir_corpus_train_tokens(corpus) == INT64_MAX);
    assert_string_equal(weir_corpus_describe(corpus), "synthetic, 64 tokens");
    for (int s = 0; s < SEQUENCES; s++) {
        weir_corpus_train(corpus, 1, 1 + s, s % 3, CTX, input, target);
        for (int i = 0; i < CTX; i++) {
            assert_in_range(input[i], 0, VOCAB - 1);
            if (i) assert_int_equal(input[i], target[i - 1]);
            followed += target[i] == (5 * input[i] + 3) % VOCAB;
            times[target[i]]++;
        }
    }
    double p = 0.9 + 0.1 / VOCAB, deviation = sqrt(p * (1 - p) / TOKENS);
    assert_true(fabs((double)followed / TOKENS - p) < 5 * deviation);
    /* Tokens hang together over some ten steps, which widens their counts. */
    for (int i = 0; i < VOCAB; i++)
        assert_in_range(times[i], 0.85 * TOKENS / VOCAB, 1.15 * TOKENS / VOCAB);
    weir_corpus_close(&corpus);
}

static void the_synthetic_entropies_are_those_of_the_formula(void **state)
{
    (void)state;
    static const struct {
        int vocab;
        double floor; /* -p ln p - (V - 1) q ln q, p = 0.9 + 0.1 / V, q = 0.1 / V, in Python's
                         decimal */
    } known[] = {
        {2, 0.198515243345872561}, {64, 0.729476007955008998}, {65534, 1.434093608746789261}};
    for (int i = 0; i < 3; i++) {
        weir_corpus *corpus = open_corpus("synthetic", known[i].vocab, 0.1, 8);
        assert_true(fabs(weir_corpus_entropy_floor(corpus) - known[i].floor) < 1e-14);
        assert_true(weir_corpus_unigram_entropy(corpus) == log(known[i].vocab));
        weir_corpus_close(&corpus);
    }
}

static void the_synthetic_held_out_windows_are_fixed(void **state)
{
    (void)state;
    enum { CTX = 128 }; /* two windows without one stray token may well be the same */
    static uint16_t input[256][CTX], target[CTX];
    weir_corpus *corpus = open_corpus("synthetic", 64, 0.1, CTX);
    assert_int_equal(weir_corpus_held_out_windows(corpus, CTX), 256);
    for (int i = 0; i < 256; i++) {
        weir_corpus_held_out(corpus, i, CTX, input[i], target);
        assert_memory_equal(input[i] + 1, target, sizeof target - sizeof target[0]);
        for (int j = 0; j < i; j++) assert_memory_not_equal(input[i], input[j], sizeof input[i]);
        uint16_t batch[CTX];
        weir_corpus_train(corpus, 1, 0, i, CTX, batch, target);
        assert_memory_not_equal(input[i], batch, sizeof batch);
    }
    /* What a run was measured on must not change from one version to the next. */
    static const uint16_t first[8] = {30, 25, 43, 26, 53, 12, 63, 62};
    assert_memory_equal(input[0], first, sizeof first);
    weir_corpus_close(&corpus);
}

static weir_status open_text(weir_error *err)
{
    weir_corpus *corpus;
    weir_status status = weir_corpus_open("text", 0, 0.5, 1, &corpus, err);
    if (status == WEIR_OK) weir_corpus_close(&corpus);
    return status;
}

static weir_status open_folder(weir_error *err)
{
    weir_corpus *corpus;
    weir_status status = weir_corpus_open("f", 0, 0.5, 1, &corpus, err);
    if (status == WEIR_OK) weir_corpus_close(&corpus);
    return status;
}

static weir_status open_synthetic(weir_error *err)
{
    weir_corpus *corpus;
    weir_status status = weir_corpus_open("synthetic", 0, 0.5, 1, &corpus, err);
    if (status == WEIR_OK) weir_corpus_close(&corpus);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    put_text("text", "some text");
    assert_int_equal(mkdir("f", 0700), 0);
    assert_int_equal(mkdir("f/g", 0700), 0);
    for (char name[] = "f/g/a"; name[4] <= 'z'; name[4]++) put_text(name, "text");
    for (char name[] = "f/a"; name[2] <= 'f'; name[2]++) put_text(name, "much more text");
    assert_int_equal(fail_each_allocation(open_text), 3);
    assert_true(fail_each_allocation(open_folder) > 60);
    assert_int_equal(fail_each_allocation(open_synthetic), 2);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(the_last_share_of_a_file_is_held_out),
        IN_A_FOLDER(training_windows_are_uniform_and_stay_in_their_part),
        IN_A_FOLDER(a_batch_depends_on_seed_step_and_index_alone),
        IN_A_FOLDER(a_folder_is_its_text_files_in_the_order_of_their_paths),
        IN_A_FOLDER(the_hash_tells_other_data),
        IN_A_FOLDER(the_unigram_entropy_is_that_of_the_training_part),
        IN_A_FOLDER(what_cannot_be_a_corpus_is_named),
        IN_A_FOLDER(a_file_of_a_folder_that_cannot_be_read_is_named),
        IN_A_FOLDER(a_folder_may_be_deep),
        IN_A_FOLDER(a_folder_may_have_many_files),
        IN_A_FOLDER(the_synthetic_source_keeps_its_law),
        IN_A_FOLDER(the_synthetic_entropies_are_those_of_the_formula),
        IN_A_FOLDER(the_synthetic_held_out_windows_are_fixed),
        IN_A_FOLDER(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

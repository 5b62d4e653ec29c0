/* corpus.c - tokens in two parts, and the sequences that are cut out of them. */
#include "io/corpus.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"
#include "io/corpus_parts.h"

enum { TEXT_VOCAB = 256, SYNTHETIC_VOCAB = 64, SYNTHETIC_WINDOWS = 256 };

struct weir_corpus {
    char *data; /* text: a byte is a token; NULL: synthetic */
    int64_t tokens, train_tokens;
    int vocab;
    uint64_t hash;
    double unigram_entropy, entropy_floor;
    weir_text description;
};

static uint64_t hash_bytes(const char *data, size_t bytes)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; i++) h = (h ^ (unsigned char)data[i]) * 0x100000001b3u;
    return h;
}

static double unigram_entropy(const char *data, int64_t count)
{
    int64_t times[TEXT_VOCAB] = {0};
    for (int64_t i = 0; i < count; i++) times[(unsigned char)data[i]]++;
    double entropy = 0;
    for (int i = 0; i < TEXT_VOCAB; i++) {
        double share = (double)times[i] / (double)count;
        if (times[i]) entropy -= share * log(share);
    }
    return entropy;
}

/* 1234567 as 1,234,567. */
static void add_count(weir_text *text, int64_t n)
{
    if (n >= 1000) {
        add_count(text, n / 1000);
        weir_text_addf(text, ",%03d", (int)(n % 1000));
    } else {
        weir_text_addf(text, "%d", (int)n);
    }
}

static void describe_text(weir_text *text, const weir_corpus_text *source)
{
    add_count(text, source->files);
    weir_text_add(text, source->files == 1 ? " file, " : " files, ");
    add_count(text, (int64_t)source->bytes);
    weir_text_add(text, source->bytes == 1 ? " byte" : " bytes");
    if (!source->skipped) return;
    weir_text_add(text, ", ");
    add_count(text, source->skipped);
    weir_text_add(text, " skipped");
}

static weir_status open_text(const char *path, double val_frac, int ctx, weir_corpus *corpus,
                             weir_error *err)
{
    weir_corpus_text text;
    WEIR_TRY(weir_corpus_text_load(path, &text, err));
    corpus->data = text.data;
    corpus->vocab = TEXT_VOCAB;
    corpus->tokens = (int64_t)text.bytes;
    int64_t held_out = (int64_t)round(val_frac * (double)corpus->tokens);
    corpus->train_tokens = corpus->tokens - held_out;
    if (corpus->train_tokens <= ctx || held_out <= ctx) {
        return weir_fail(
            err, WEIR_E_FORMAT,
            "%s: %lld bytes to train on and %lld held out, and a context of %d needs %d of each",
            path, (long long)corpus->train_tokens, (long long)held_out, ctx, ctx + 1);
    }
    corpus->hash = hash_bytes(text.data, text.bytes);
    corpus->unigram_entropy = unigram_entropy(text.data, corpus->train_tokens);
    corpus->entropy_floor = NAN;
    describe_text(&corpus->description, &text);
    return WEIR_OK;
}

/* Only where 5 and vocab have no common factor are the tokens all equally frequent, which makes the
 * unigram entropy ln vocab. */
static weir_status open_synthetic(int vocab, weir_corpus *corpus, weir_error *err)
{
    if (vocab == 0) vocab = SYNTHETIC_VOCAB;
    if (vocab < 2 || vocab > UINT16_MAX || vocab % 5 == 0) {
        return weir_fail(
            err, WEIR_E_VALUE,
            "synthetic: a vocabulary of %d, and it must be 2 to %d and no multiple of 5", vocab,
            UINT16_MAX);
    }
    corpus->vocab = vocab;
    corpus->train_tokens = INT64_MAX;
    corpus->unigram_entropy = log(vocab);
    corpus->entropy_floor = weir_synthetic_entropy_rate(vocab);
    weir_text_addf(&corpus->description, "synthetic, %d tokens", vocab);
    if (!corpus->description.failed) corpus->hash = weir_rng_stream(corpus->description.data);
    return WEIR_OK;
}

weir_status weir_corpus_open(const char *path, int vocab, double val_frac, int ctx,
                             weir_corpus **out, weir_error *err)
{
    if (!(val_frac > 0 && val_frac < 1)) {
        return weir_fail(err, WEIR_E_VALUE,
                         "%s: a share of %g held out, and it must be within 0 and 1", path,
                         val_frac);
    }
    if (ctx < 1 || ctx == INT_MAX) {
        return weir_fail(err, WEIR_E_VALUE, "%s: a context of %d tokens", path, ctx);
    }
    weir_corpus *corpus = weir_alloc(1, sizeof *corpus);
    if (!corpus) return weir_fail(err, WEIR_E_MEMORY, "%s: no memory to read it", path);
    weir_status status = strcmp(path, "synthetic") == 0
                             ? open_synthetic(vocab, corpus, err)
                             : open_text(path, val_frac, ctx, corpus, err);
    if (status == WEIR_OK && corpus->description.failed) {
        status = weir_fail(err, WEIR_E_MEMORY, "%s: no memory to describe it", path);
    }
    if (status != WEIR_OK) {
        weir_corpus_close(&corpus);
        return status;
    }
    *out = corpus;
    return WEIR_OK;
}

void weir_corpus_close(weir_corpus **handle)
{
    if (!handle || !*handle) return;
    weir_corpus *corpus = *handle;
    weir_free(corpus->data);
    weir_text_deinit(&corpus->description);
    weir_free(corpus);
    *handle = NULL;
}

int weir_corpus_vocab(const weir_corpus *corpus)
{
    return corpus->vocab;
}

int64_t weir_corpus_train_tokens(const weir_corpus *corpus)
{
    return corpus->train_tokens;
}

const char *weir_corpus_describe(const weir_corpus *corpus)
{
    return corpus->description.data;
}

uint64_t weir_corpus_hash(const weir_corpus *corpus)
{
    return corpus->hash;
}

double weir_corpus_unigram_entropy(const weir_corpus *corpus)
{
    return corpus->unigram_entropy;
}

double weir_corpus_entropy_floor(const weir_corpus *corpus)
{
    return corpus->entropy_floor;
}

static void copy_window(const weir_corpus *corpus, int64_t offset, int ctx, uint16_t *input,
                        uint16_t *target)
{
    const unsigned char *token = (const unsigned char *)corpus->data + offset;
    for (int i = 0; i < ctx; i++) {
        input[i] = token[i];
        target[i] = token[i + 1];
    }
}

/* The seed is mixed with a name, so that no stream of batches is one that initializes weights. */
void weir_corpus_train(const weir_corpus *corpus, uint64_t seed, int64_t step, int64_t index,
                       int ctx, uint16_t *input, uint16_t *target)
{
    WEIR_ASSERT(step >= 0 && index >= 0 && index <= UINT32_MAX && ctx < corpus->train_tokens);
    uint64_t key = seed ^ weir_rng_stream("corpus.train");
    uint64_t stream = (uint64_t)step << 32 | (uint64_t)index;
    if (!corpus->data) {
        weir_synthetic_draw(corpus->vocab, key, stream, ctx, input, target);
        return;
    }
    weir_rng rng;
    weir_rng_init(&rng, key, stream);
    uint64_t offset = weir_rng_below(&rng, (uint64_t)(corpus->train_tokens - ctx));
    copy_window(corpus, (int64_t)offset, ctx, input, target);
}

int64_t weir_corpus_held_out_windows(const weir_corpus *corpus, int ctx)
{
    if (!corpus->data) return SYNTHETIC_WINDOWS;
    return (corpus->tokens - corpus->train_tokens - 1) / ctx;
}

void weir_corpus_held_out(const weir_corpus *corpus, int64_t index, int ctx, uint16_t *input,
                          uint16_t *target)
{
    WEIR_ASSERT(index >= 0 && index < weir_corpus_held_out_windows(corpus, ctx));
    if (!corpus->data) {
        uint64_t key = weir_rng_stream("corpus.held_out");
        weir_synthetic_draw(corpus->vocab, key, (uint64_t)index, ctx, input, target);
        return;
    }
    copy_window(corpus, corpus->train_tokens + index * ctx, ctx, input, target);
}

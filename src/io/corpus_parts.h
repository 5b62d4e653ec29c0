/* corpus_parts.h - where a corpus has its tokens from, for this room only. */
#ifndef WEIR_IO_CORPUS_PARTS_H
#define WEIR_IO_CORPUS_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "weir/status.h"

/* The bytes of a file, or of a folder's files; data is of weir_alloc. */
typedef struct weir_corpus_text {
    char *data;
    size_t bytes;
    int64_t files, skipped;
} weir_corpus_text;

weir_status weir_corpus_text_load(const char *path, weir_corpus_text *out, weir_error *err);

/* ctx + 1 tokens of the synthetic source, as inputs and targets: a function of (vocab, seed,
 * stream). */
void weir_synthetic_draw(int vocab, uint64_t seed, uint64_t stream, int ctx, uint16_t *input,
                         uint16_t *target);

/* Nats a token, given the token before it. */
double weir_synthetic_entropy_rate(int vocab);

#endif

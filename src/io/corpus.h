/* corpus.h - tokens to train on: a file, a folder, or a source whose entropy is known. Floor 1.
 *
 * A corpus is read once and never changes; every function that takes a const corpus is reentrant.
 * Batches have no state: what sequence j of step i holds is a function of (seed, i, j), so a
 * resumed run needs no cursor.
 */
#ifndef WEIR_IO_CORPUS_H
#define WEIR_IO_CORPUS_H

#include <stdint.h>

#include "weir/status.h"

typedef struct weir_corpus weir_corpus;

/* Reads what path names:
 * - a file: its bytes are the tokens, and there are 256 kinds;
 * - a folder: all its text files once each, subfolders included, in the byte order of their paths,
 *   each followed by a newline where it lacks one; links, empty files and files that hold a NUL
 *   byte are skipped;
 * - "synthetic": tokens 0..vocab-1, next = (5 t + 3) mod vocab with probability 0.9, else uniform.
 *   A file of that name is "./synthetic".
 *
 * vocab: of synthetic alone, 2 to 65535 and no multiple of 5, which would make tokens unequally
 * frequent; 0 means 64.
 * val_frac: this share, in (0, 1), is held out from the end of the whole.
 * ctx: context of the run, from 1; both parts must hold at least ctx + 1 tokens.
 *
 * Errors, each naming the path and what would be right: WEIR_E_FILE missing, unreadable, a folder
 * without text; WEIR_E_FORMAT empty, too short for ctx, a single file that holds a NUL byte;
 * WEIR_E_VALUE val_frac, vocab, ctx; WEIR_E_MEMORY. */
weir_status weir_corpus_open(const char *path, int vocab, double val_frac, int ctx,
                             weir_corpus **out, weir_error *err);
void weir_corpus_close(weir_corpus **corpus);

int weir_corpus_vocab(const weir_corpus *corpus);

/* Of the training part; of synthetic, which is endless, INT64_MAX. */
int64_t weir_corpus_train_tokens(const weir_corpus *corpus);

/* "12 files, 213,384 bytes, 2 skipped". Lives as long as the corpus. */
const char *weir_corpus_describe(const weir_corpus *corpus);

/* FNV-1a of all tokens, so that a resume can tell other data. */
uint64_t weir_corpus_hash(const weir_corpus *corpus);

/* Nats a token: of the unigram distribution of the training part (synthetic: ln vocab); and the
 * true entropy rate where it is known (synthetic), else NaN. */
double weir_corpus_unigram_entropy(const weir_corpus *corpus);
double weir_corpus_entropy_floor(const weir_corpus *corpus);

/* ctx inputs and ctx targets (input shifted by one) of sequence `index` (under 2^32) of training
 * step `step` (from 1). Text: a window of the training part, uniformly chosen. */
void weir_corpus_train(const weir_corpus *corpus, uint64_t seed, int64_t step, int64_t index,
                       int ctx, uint16_t *input, uint16_t *target);

/* The held-out part in windows of ctx that do not overlap (the last, short one is left out): their
 * number, and one. Synthetic: 256 windows of a stream of its own. */
int64_t weir_corpus_held_out_windows(const weir_corpus *corpus, int ctx);
void weir_corpus_held_out(const weir_corpus *corpus, int64_t index, int ctx, uint16_t *input,
                          uint16_t *target);

#endif

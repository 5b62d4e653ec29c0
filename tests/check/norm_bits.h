/* norm_bits.h - calls of the norms whose operands are made with integers alone, and hashes of what
 * they write. */
#ifndef WEIR_TESTS_NORM_BITS_H
#define WEIR_TESTS_NORM_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <weir/weir.h>

enum { MAX_ROWS = 40, MAX_DIM = 4100, GROUPS = 4 };

/* One kind of call. Fields that are not given are as most calls have them. */
typedef struct kind {
    const char *what;
    weir_norm_op op;
    weir_dtype type; /* of all operands but those named here */
    weir_dtype out;  /* of y */
    weir_dtype wide; /* of residual, sum, dsum, gamma and beta */
    weir_rounding rounding;
    bool groups;     /* GROUPS of them */
    bool gamma_part; /* gamma is as wide as a group; where there is one, a scalar */
    bool split;      /* statistics of parts of the row, merged */
} kind;

/* FNV-1a begins with this. */
#define HASH_START 0xcbf29ce484222325

/* One call of a width (of a group) and a number of rows; what else it has is decided by a hash of
 * these and the operator. The bits of all that it writes are added to the hash, on success; all NaNs
 * as one. */
typedef weir_status bits_call(const kind *k, int64_t width, int64_t rows, uint64_t *hash);
bits_call bits_forward, bits_backward;

#endif

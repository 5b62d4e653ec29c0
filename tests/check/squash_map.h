/* squash_map.h - the functions of ops/squash_words.h over arrays, for each set of the machine. */
#ifndef WEIR_TESTS_SQUASH_MAP_H
#define WEIR_TESTS_SQUASH_MAP_H

enum { TANH, ERF, TANH_SLOPE, ERF_SLOPE, SQUASHES, SQUASH_BLOCK = 512 };

/* y[i] = f(x[i]) for SQUASH_BLOCK floats; y is not x. */
typedef void squash_map(const float *x, float *y);

typedef squash_map *squash_set[SQUASHES];

extern const squash_set squash_set_scalar;
extern const squash_set squash_set_avx2;
extern const squash_set squash_set_avx512;
extern const squash_set squash_set_neon;

#endif

/* formats.h - the element types of the benchmark: their numbers, and what is next to them. */
#ifndef WEIR_BENCH_FORMATS_H
#define WEIR_BENCH_FORMATS_H

#include <cstddef>
#include <cstdint>
#include "weir/norm.h"

/* A number is an integer below 2^digits times a power of two that is at least 2^(least - digits):
 * as frexp counts exponents, `least` is that of the smallest normal number. */
struct format {
    weir_dtype type;
    const char *name;
    size_t bytes;
    int digits, least;
};

/* F32, BF16 or F16. */
const format &format_of(weir_dtype type);

double element_read(const format &f, const void *data, int64_t i);

/* Rounds to nearest, ties to even. */
void element_write(const format &f, void *data, int64_t i, long double value);
double rounded(const format &f, long double value);

/* The distance from |value| to the next larger number. */
long double spacing(const format &f, long double value);

#endif

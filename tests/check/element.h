/* element.h - the element types of norm.h, by what they mean and not by their bits: what the
 * conversions of the kernels are compared with. */
#ifndef WEIR_TESTS_ELEMENT_H
#define WEIR_TESTS_ELEMENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "weir/norm.h"

static inline uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

size_t element_size(weir_dtype type);

/* The value of the type that is nearest to v, the even one of two. Beyond the largest it is infinity
 * for f32, bf16 and f16; I8 and E4M3 want |v| <= 127, 448. */
double element_round(weir_dtype type, double v);

/* The distance of neighbouring values of a floating type at v. */
double element_spacing(weir_dtype type, double v);

/* Element i of an array. What is written is a value of the type, or NaN. */
float element_get(weir_dtype type, const void *data, int64_t i);
void element_put(weir_dtype type, void *data, int64_t i, float v);

#endif

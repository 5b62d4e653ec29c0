/* formats.cpp - f32, bf16 and f16 by one rule, from the meaning of their bits. Not fast. */
#include "formats.h"

#include <algorithm>
#include <cmath>
#include <cstring>

static const format formats[] = {
    {WEIR_F32, "f32", 4, 24, -125}, {WEIR_BF16, "bf16", 2, 8, -125}, {WEIR_F16, "f16", 2, 11, -13}};

const format &format_of(weir_dtype type)
{
    return formats[type - WEIR_F32];
}

static uint32_t sign_bit(const format &f)
{
    return UINT32_C(1) << (8 * f.bytes - 1);
}

/* Infinity is what follows the largest number, the exponents being symmetrical about that of 1. */
static uint32_t infinity_bits(const format &f)
{
    return (uint32_t)(2 * (2 - f.least) + 1) << (f.digits - 1);
}

static int exponent(const format &f, long double value)
{
    int e;
    std::frexp(value, &e);
    return value == 0 ? f.least : std::max(e, f.least);
}

/* Counting up from 0, the numbers of a format have the bits 0, 1, 2, ...: a carry into the exponent,
 * and on to infinity, comes by itself. */
static uint32_t encode(const format &f, long double value)
{
    const uint32_t sign = std::signbit(value) ? sign_bit(f) : 0;
    if (std::isnan(value)) return sign | infinity_bits(f) | (UINT32_C(1) << (f.digits - 2));
    if (std::isinf(value)) return sign | infinity_bits(f);
    const int e = exponent(f, value);
    const long long units = std::llrint(std::ldexp(std::fabs(value), f.digits - e));
    const long long bits = units + ((long long)(e - f.least) << (f.digits - 1));
    return sign | (uint32_t)std::min<long long>(bits, infinity_bits(f));
}

static double decode(const format &f, uint32_t bits)
{
    const uint32_t magnitude = bits & (sign_bit(f) - 1), one = UINT32_C(1) << (f.digits - 1);
    const int field = (int)(magnitude / one);
    double value;
    if (magnitude >= infinity_bits(f))
        value = magnitude > infinity_bits(f) ? NAN : INFINITY;
    else if (field == 0)
        value = std::ldexp(magnitude, f.least - f.digits);
    else
        value = std::ldexp(magnitude % one + one, f.least + field - 1 - f.digits);
    return bits & sign_bit(f) ? -value : value;
}

double element_read(const format &f, const void *data, int64_t i)
{
    uint32_t bits = 0; /* little endian, as all that the peers run on */
    std::memcpy(&bits, (const char *)data + (size_t)i * f.bytes, f.bytes);
    return decode(f, bits);
}

void element_write(const format &f, void *data, int64_t i, long double value)
{
    const uint32_t bits = encode(f, value);
    std::memcpy((char *)data + (size_t)i * f.bytes, &bits, f.bytes);
}

double rounded(const format &f, long double value)
{
    return decode(f, encode(f, value));
}

long double spacing(const format &f, long double value)
{
    return std::ldexp(1.0L, exponent(f, value) - f.digits);
}

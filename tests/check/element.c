/* element.c - see element.h. */
#include "element.h"

#include <math.h>
#include <string.h>

/* Magnitudes are whole multiples of 2^least with at most `digits` binary digits. The code of one is
 * its multiple where that has fewer digits; with each doubling from there on it grows by
 * 2^(digits - 1). */
typedef struct format {
    int digits, least, bits; /* bits: of the whole code */
    double largest;
} format;

static format format_of(weir_dtype type)
{
    switch (type) {
    case WEIR_BF16: return (format){8, -133, 16, 0x1.fep127};
    case WEIR_F16: return (format){11, -24, 16, 65504};
    case WEIR_E4M3: return (format){4, -9, 8, 448};
    case WEIR_F32:
    case WEIR_I8: break;
    }
    return (format){24, -149, 32, 0x1.fffffep127};
}

size_t element_size(weir_dtype type)
{
    return type == WEIR_I8 ? 1 : (size_t)format_of(type).bits / 8;
}

/* The last binary digit of values next to v. */
static int place_of(const format *f, double v)
{
    int exponent;
    frexp(v, &exponent);
    const int place = exponent - f->digits;
    return v == 0 || place < f->least ? f->least : place;
}

double element_spacing(weir_dtype type, double v)
{
    const format f = format_of(type);
    return ldexp(1, place_of(&f, v));
}

double element_round(weir_dtype type, double v)
{
    if (v == 0 || !isfinite(v)) return v;
    if (type == WEIR_I8) return rint(v);
    const format f = format_of(type);
    const int place = place_of(&f, v);
    const double near = ldexp(rint(ldexp(v, -place)), place);
    return fabs(near) > f.largest ? copysign((double)INFINITY, v) : near;
}

static uint32_t code_of(const format *f, double v)
{
    const uint32_t sign = signbit(v) ? 1u << (f->bits - 1) : 0;
    const uint32_t infinity = (1u << (f->bits - 1)) - (1u << (f->digits - 1));
    if (isnan(v)) return infinity + (1u << (f->digits - 2));
    if (isinf(v)) return sign | infinity;
    const int place = place_of(f, v);
    const uint32_t multiple = (uint32_t)ldexp(fabs(v), -place);
    return sign | (multiple + ((uint32_t)(place - f->least) << (f->digits - 1)));
}

static double value_of(const format *f, uint32_t code)
{
    const uint32_t unit = 1u << (f->digits - 1), rest = code & ((1u << (f->bits - 1)) - 1);
    const uint32_t doubled = rest / unit, fraction = rest % unit;
    const double sign = code >> (f->bits - 1) ? -1 : 1;
    double v = ldexp(fraction, f->least);
    if (doubled) v = ldexp(fraction + unit, f->least + (int)doubled - 1);
    if (v <= f->largest) return sign * v;
    return fraction || f->bits == 8 ? (double)NAN : sign * (double)INFINITY;
}

float element_get(weir_dtype type, const void *data, int64_t i)
{
    const format f = format_of(type);
    uint16_t half;
    float v;
    const char *at = (const char *)data + (size_t)i * element_size(type);
    switch (type) {
    case WEIR_F32: memcpy(&v, at, sizeof v); return v;
    case WEIR_I8: return (float)*(const int8_t *)at;
    case WEIR_E4M3: return (float)value_of(&f, *(const uint8_t *)at);
    case WEIR_BF16:
    case WEIR_F16: break;
    }
    memcpy(&half, at, sizeof half);
    return (float)value_of(&f, half);
}

void element_put(weir_dtype type, void *data, int64_t i, float v)
{
    char *at = (char *)data + (size_t)i * element_size(type);
    if (type == WEIR_F32) {
        memcpy(at, &v, sizeof v);
        return;
    }
    const format f = format_of(type);
    const uint16_t half = (uint16_t)code_of(&f, (double)v);
    memcpy(at, &half, sizeof half);
}

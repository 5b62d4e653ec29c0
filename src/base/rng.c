#include "base/rng.h"

#include <math.h>

void weir_rng_init(weir_rng *rng, uint64_t seed, uint64_t stream)
{
    *rng = (weir_rng){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)}, .stream = stream};
}

static void philox_block(weir_rng *rng)
{
    uint32_t c[4] = {(uint32_t)rng->block, (uint32_t)(rng->block >> 32), (uint32_t)rng->stream,
                     (uint32_t)(rng->stream >> 32)};
    uint32_t k0 = rng->key[0], k1 = rng->key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
        uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k0, (uint32_t)p1,
                            (uint32_t)(p0 >> 32) ^ c[3] ^ k1, (uint32_t)p0};
        for (int i = 0; i < 4; i++) c[i] = next[i];
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++) rng->out[i] = c[i];
    rng->block++;
    rng->left = 4;
}

uint32_t weir_rng_u32(weir_rng *rng)
{
    if (!rng->left) philox_block(rng);
    return rng->out[4 - rng->left--];
}

static uint64_t rng_u64(weir_rng *rng)
{
    uint64_t hi = weir_rng_u32(rng);
    return hi << 32 | weir_rng_u32(rng);
}

double weir_rng_uniform(weir_rng *rng)
{
    return (double)(rng_u64(rng) >> 11) * 0x1p-53;
}

uint64_t weir_rng_below(weir_rng *rng, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n;
    for (;;) {
        uint64_t v = rng_u64(rng);
        if (v < limit) return v % n;
    }
}

double weir_rng_normal(weir_rng *rng)
{
    if (rng->has_spare) {
        rng->has_spare = 0;
        return rng->spare;
    }
    double u = 1.0 - weir_rng_uniform(rng); /* in (0, 1]: the log is finite */
    double radius = sqrt(-2.0 * log(u)), angle = 6.283185307179586476925 * weir_rng_uniform(rng);
    rng->spare = radius * sin(angle);
    rng->has_spare = 1;
    return radius * cos(angle);
}

uint64_t weir_rng_stream(const char *name)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 0x100000001b3u;
    return h;
}

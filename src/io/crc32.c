/* crc32.c - a byte at a time; what it guards is small, or waits for a disk. */
#include "io/crc32.h"

/* The table is made at each call: two thousand steps, nothing beside the bytes it is used for, and
 * no global. */
uint32_t weir_crc32(uint32_t crc, const void *data, size_t bytes)
{
    uint32_t table[256];
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) {
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320u : 0);
        }
    }
    const unsigned char *byte = data;
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) crc = crc >> 8 ^ table[(crc ^ byte[i]) & 0xFF];
    return ~crc;
}

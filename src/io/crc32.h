/* crc32.h - the CRC-32 of zlib, PNG and Ethernet (IEEE 802.3, reflected). Floor 1. */
#ifndef WEIR_IO_CRC32_H
#define WEIR_IO_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc, 0 at the start: crc32(crc32(0, a), b) is that of a and b joined. Any change of
 * up to 32 bits in a row, and so any flipped bit, changes the result. */
uint32_t weir_crc32(uint32_t crc, const void *data, size_t bytes);

#endif

/* safetensors_format.h - what the reader and the writer of safetensors agree on, for this room
 * only. */
#ifndef WEIR_IO_SAFETENSORS_FORMAT_H
#define WEIR_IO_SAFETENSORS_FORMAT_H

enum {
    WEIR_ST_LENGTH_BYTES = 8,
    WEIR_ST_HEADER_MAX = 100 * 1000 * 1000, /* as the reference reader has it */
    WEIR_ST_CRC_DIGITS = 8,
};

#define WEIR_ST_METADATA   "__metadata__"
#define WEIR_ST_DATA_CRC   "weir_crc32"
#define WEIR_ST_HEADER_CRC "weir_header_crc32"

/* A header with a CRC begins with these bytes, its eight digits, and a quote. */
#define WEIR_ST_HEADER_START "{\"" WEIR_ST_METADATA "\":{\"" WEIR_ST_HEADER_CRC "\":\""

#endif

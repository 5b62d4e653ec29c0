/* fd.h - reading and writing file descriptors to the last byte, for this room only. */
#ifndef WEIR_IO_FD_H
#define WEIR_IO_FD_H

#include <stddef.h>

/* One write(2) where the system takes it whole, more where it does not. 0, or the errno of what
 * failed. */
int weir_fd_write(int fd, const void *data, size_t bytes);

#endif

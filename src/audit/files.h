/* Small files of the log's folder, below an open folder. Errors name the file and the cause. */
#ifndef KITH_AUDIT_FILES_H
#define KITH_AUDIT_FILES_H

#include "base/err.h"

#define HEADS_MAX ((size_t)1 << 36)

/* The whole file in memory of its own (file_free()). ERR_NOT_FOUND, ERR_CORRUPT (larger than
 * most), ERR_IO. */
int file_read(int dir, const char *name, size_t most, text *ret_bytes, struct err *e);
void file_free(text bytes);

/* A temporary file, fsync, rename; folders of the path are made. On failure (ERR_FULL: no room) the
 * file is what it was. */
int file_replace(int dir, const char *name, text bytes, unsigned mode, struct err *e);
/* fsync of the folder itself: renames in it are durable. */
int dir_sync(int dir, struct err *e);

/* All n bytes, or ERR_IO; ERR_CORRUPT: the file ends before. */
int read_at(int fd, void *to, size_t n, uint64_t offset, const char *name, struct err *e);
int write_at(int fd, text bytes, uint64_t offset, const char *name, struct err *e);
int file_sync(int fd, const char *name, struct err *e);
/* Of a file that is written in place: never ERR_FULL. */
int file_sync_live(int fd, const char *name, struct err *e);

/* The words of errno in an ERR_IO (ERR_FULL: no space). */
int io_error(struct err *e, const char *doing, const char *name);

#endif

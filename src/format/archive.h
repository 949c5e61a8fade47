/*
 * A .tgz (tar, RFC 1952 gzip) in, on libarchive: its files are handed out one after another, none
 * is written anywhere. No other form of archive and no other compression is read.
 */
#ifndef KITH_FORMAT_ARCHIVE_H
#define KITH_FORMAT_ARCHIVE_H

#include "base/err.h"

/* What an archive may have. Each is looked at before memory is taken. */
struct archive_limits {
    size_t files;        /* folders and everything else in it count too */
    uint64_t file_bytes; /* of one file */
    uint64_t all_bytes;  /* of the tar */
    unsigned ratio;      /* tar to gzip: looked at from ARCHIVE_RATIO_FROM bytes of tar on */
};

enum { ARCHIVE_RATIO_FROM = 8 << 20, ARCHIVE_NAME_MAX = 1024 };

/* 50,000 files, 64 MiB each, 1 GiB in all, ratio 200: room for every FHIR package. */
struct archive_limits archive_limits_default(void);

/*
 * name: relative, parts parted by '/', never "." or ".." nor empty, UTF-8 without control
 * characters. Both texts live for the call only. Another return value than 0 ends the reading and
 * is given back.
 */
typedef int archive_visit(void *context, text name, text bytes, struct err *e);

/*
 * Calls visit for each regular file, in the order of the archive. The files before a fault have
 * been handed out when it is found: a caller who wants all or nothing keeps them until this
 * returns.
 *
 * ERR_SYNTAX: no .tgz, cut off, damaged (its checksum is looked at). ERR_INVALID, naming the entry:
 * a link, a device, an absolute name, "..", a name that is no UTF-8, sparse. ERR_TOO_LARGE: past a
 * limit. ERR_IO, ERR_NOT_FOUND, ERR_MEMORY.
 */
int archive_visit_file(const char *path, const struct archive_limits *limits, archive_visit *visit,
                       void *context, struct err *e);
int archive_visit_bytes(text bytes, const struct archive_limits *limits, archive_visit *visit,
                        void *context, struct err *e);

#endif

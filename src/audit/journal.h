/* The journal, read from the front to the back in large pieces. */
#ifndef KITH_AUDIT_JOURNAL_H
#define KITH_AUDIT_JOURNAL_H

#include "audit/record.h"

struct journal_walk {
    int fd;
    uint64_t offset; /* of the next record */
    uint64_t end;    /* of what is looked at */
    char *buffer;
    uint64_t from; /* of the buffer */
    size_t n;
};

int journal_walk_begin(struct journal_walk *w, int fd, uint64_t offset, uint64_t end,
                       struct err *e);
void journal_walk_end(struct journal_walk *w);
/* The next record; slices hold until the next call. ERR_NOT_FOUND: that was the last;
 * ERR_CORRUPT: what stands at w->offset is no record, with words. */
int journal_walk_next(struct journal_walk *w, struct record *ret_record, struct err *e);

/* One record at a place; `to` has RECORD_MAX bytes. */
int journal_read(int fd, uint64_t offset, char *to, struct record *ret_record, size_t *ret_n,
                 struct err *e);

#endif

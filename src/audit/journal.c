#include "audit/journal.h"

#include "audit/files.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 1 << 20, FIRST = 1024 };

int journal_walk_begin(struct journal_walk *w, int fd, uint64_t offset, uint64_t end, struct err *e)
{
    *w = (struct journal_walk){.fd = fd, .offset = offset, .end = end, .buffer = malloc(PIECE)};
    return w->buffer ? 0 : err_set(e, ERR_MEMORY, "no memory to read the access log");
}

void journal_walk_end(struct journal_walk *w)
{
    free(w->buffer);
    w->buffer = NULL;
}

/* What stands at the offset: at least n bytes where the journal has them. */
static int look(struct journal_walk *w, size_t n, text *ret, struct err *e)
{
    if (w->offset < w->from || w->offset - w->from + n > w->n) {
        uint64_t left = w->end - w->offset;
        w->n = left < PIECE ? (size_t)left : PIECE;
        w->from = w->offset;
        int r = read_at(w->fd, w->buffer, w->n, w->from, "journal", e);
        if (r) {
            w->n = 0;
            return r;
        }
    }
    *ret = text_from(text_make(w->buffer, w->n), (size_t)(w->offset - w->from));
    return 0;
}

static int no_record(struct err *e, uint64_t offset, const char *what)
{
    return err_set(e, ERR_CORRUPT, "the record at byte %llu of the journal is damaged: %s",
                   (unsigned long long)offset, what);
}

int journal_walk_next(struct journal_walk *w, struct record *ret_record, struct err *e)
{
    text bytes;
    if (w->offset >= w->end) {
        return err_set(e, ERR_NOT_FOUND, "the journal has no more records");
    }
    int r = look(w, RECORD_HEAD, &bytes, e);
    size_t n = r ? 0 : record_length(bytes);
    if (r == 0 && (n == 0 || n > w->end - w->offset)) {
        return no_record(e, w->offset, n ? "it is cut off" : "its length is not that of a record");
    }
    r = r ? r : look(w, n, &bytes, e);
    if (r) {
        return r;
    }
    const char *what = record_read(text_first(bytes, n), ret_record);
    if (what) {
        return no_record(e, w->offset, what);
    }
    w->offset += n;
    return 0;
}

int journal_read(int fd, uint64_t offset, char *to, struct record *ret_record, size_t *ret_n,
                 struct err *e)
{
    /* Most records are short: one call does. */
    ssize_t got;
    do {
        got = pread(fd, to, FIRST, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return io_error(e, "read", "journal");
    }
    size_t have = (size_t)got, n = record_length(text_make(to, have));
    if (n == 0) {
        return no_record(e, offset, "its length is not that of a record");
    }
    int r = n > have ? read_at(fd, to + have, n - have, offset + have, "journal", e) : 0;
    if (r) {
        return r;
    }
    const char *what = record_read(text_make(to, n), ret_record);
    *ret_n = n;
    return what ? no_record(e, offset, what) : 0;
}

/*
 * Small things that a node keeps for itself beside the records: accounts, keys, tokens, places in
 * the access log. A table of (kind, key) -> bytes in a database file of its own, whose only
 * connection is this one. Values are opaque here.
 *
 * Every change is durable on return. Calls may come from any thread; one runs at a time.
 */
#ifndef KITH_STORE_KEPT_H
#define KITH_STORE_KEPT_H

#include "base/arena.h"
#include "base/err.h"

struct kept;

/* Makes the file (readable by its owner alone) where there is none. ERR_CONFLICT: another process
 * has it open for writing; ERR_NOT_SUPPORTED: of another schema version; ERR_IO, ERR_CORRUPT. */
int kept_open(const char *path, struct kept **ret_kept, struct err *e);
/* The same, but several processes may have it open for writing at once, when each of them opens it
 * shared: the command line changes accounts while a node serves. SQLite's own locking orders them
 * (a writer waits up to 5 s for another, then ERR_BUSY). ERR_CONFLICT: somebody has it for himself
 * by kept_open(). */
int kept_open_shared(const char *path, struct kept **ret_kept, struct err *e);
/* Reading only, also while a node serves. ERR_NOT_FOUND. */
int kept_look(const char *path, struct kept **ret_kept, struct err *e);
/* One consistent copy in a new file, readable by its owner alone; also while others write.
 * ERR_CONFLICT: there is such a file. */
int kept_copy(const char *path, const char *to, struct err *e);
/* NULL is allowed. */
void kept_close(struct kept *k);

/* ERR_NOT_FOUND. The value is in the arena. */
int kept_get(struct kept *k, const char *kind, text key, struct arena *a, text *ret_value,
             struct err *e);

enum kept_change_kind {
    KEPT_PUT,    /* whatever is there */
    KEPT_ADD,    /* ERR_CONFLICT when there is one */
    KEPT_SWAP,   /* ERR_CONFLICT unless the value there is `was` */
    KEPT_DELETE, /* no error when there is none */
};
struct kept_change {
    enum kept_change_kind change;
    const char *kind;
    text key;
    text value;
    text was;
};
/* All or nothing. *ret_failed (may be NULL): the change that was refused. */
int kept_write(struct kept *k, const struct kept_change *changes, size_t count, size_t *ret_failed,
               struct err *e);

/*
 * For caches of what is kept: a number that is another one after each change of this kind through
 * `k`, and after each commit of another process whatever it changed (noticed within 200 ms; the
 * file is asked no more often). Read it before what is to be cached. Costs some ten nanoseconds,
 * and does not wait for a write that is under way.
 */
uint64_t kept_changes(struct kept *k, const char *kind);

/* In order of the keys that begin with `prefix`; stops when `each` returns not 0 and returns that.
 * `each` must not call kept_*. */
int kept_each(struct kept *k, const char *kind, text prefix,
              int (*each)(void *context, text key, text value), void *context, struct err *e);

#endif

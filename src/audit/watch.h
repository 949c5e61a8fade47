/*
 * Follows a log by its public files alone, and holds each new checkpoint against the one before: a
 * history that was rewritten, cut or forked shows.
 */
#ifndef KITH_AUDIT_WATCH_H
#define KITH_AUDIT_WATCH_H

#include "audit/cosign.h"

/* The public files of a log. ERR_NOT_FOUND. */
struct watch_files {
    int (*get)(void *context, text path, size_t most, struct buf *out, struct err *e);
    void *context;
};

struct watch_seen {
    uint64_t before, now; /* leaves at the last look, and at this */
    bool first;           /* nothing had been seen before */
    uint64_t cosigned;    /* leaves of the cosigned checkpoint; 0: none was asked for */
    size_t cosigners;
};

/*
 * One look. *state is what was kept of the look before (empty: none) and becomes what is to be
 * kept: the key in the first line, then the checkpoint. `key`: the key that is trusted; empty: that
 * of the state, or at the first look the log's own. `policy` (NULL: nobody is asked for): who has
 * to have cosigned the log's checkpoint.cosigned, which must be the beginning of the tree, too.
 *
 * ERR_CORRUPT: an alarm, with what happened in words; the state stays as it was. ERR_IO,
 * ERR_NOT_FOUND ...: the log cannot be looked at now, which says nothing about it.
 */
int watch_look(const struct watch_files *files, text key, const struct cosign_policy *policy,
               struct buf *state, struct watch_seen *ret_seen, struct err *e);

/* The files of a folder; `dir` is an open folder and must live as long. */
struct watch_files watch_folder(const int *dir);

#endif

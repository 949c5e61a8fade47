/* What is made from the journal for a quick start and for the world: tiles, checkpoint, heads. */
#include "audit/audit_int.h"

#include "audit/files.h"

#include <fcntl.h>
#include <sys/stat.h>

int audit_journal_is_there(struct audit *a, bool by_name, struct err *e)
{
    struct stat open_one;
    struct stat named;
    if (fstat(a->journal, &open_one) != 0) {
        return io_error(e, "look at", "journal");
    }
    bool there = open_one.st_nlink > 0 && (uint64_t)open_one.st_size >= a->offset;
    if (there && by_name) {
        there = fstatat(a->dir, "journal", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                named.st_ino == open_one.st_ino && named.st_dev == open_one.st_dev;
    }
    return there ? 0
                 : err_set(e, ERR_CORRUPT,
                           "the journal of the access log was deleted, cut or replaced while the "
                           "node runs: nothing is shown any more; stop the node, find out who did "
                           "it, and put the journal back");
}

static int sign_checkpoint(struct audit *a, struct buf *note, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    struct buf body;
    struct checkpoint c = {
        .origin = text_of(a->key.name), .size = w->tiles->size, .root = tiles_root(w->tiles)};
    buf_init(&body, NOTE_MAX);
    buf_init(note, NOTE_MAX);
    checkpoint_print(&c, &body);
    int r = buf_failed(&body) ? err_set(e, ERR_MEMORY, "no memory for a checkpoint")
                              : note_sign(a->signer, buf_text(&body), note, e);
    buf_done(&body);
    return r;
}

static int write_sealed(struct audit *a, struct buf *note, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    int r = 0;
    for (size_t i = 0; i < w->unsealed_count && r == 0; i++) {
        r = tiles_add(w->tiles, &w->unsealed[i], e);
    }
    r = r ? r : tiles_flush(w->tiles, e);
    r = r ? r : sign_checkpoint(a, note, e);
    return r ? r : file_replace(a->dir, "checkpoint", buf_text(note), 0644, e);
}

int audit_seal(struct audit *a, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    struct buf note = {0};
    *w->sealed = *w->tiles;
    int r = audit_journal_is_there(a, true, e);
    r = r ? r : write_sealed(a, &note, e);
    if (r == ERR_FULL) {
        tiles_withdraw(w->sealed, w->tiles);
        *w->tiles = *w->sealed;
    }
    r = r ? r : dir_sync(a->dir, e);
    if (r) {
        buf_done(&note);
        return r;
    }
    tiles_settle(w->sealed, w->tiles);
    w->unsealed_count = 0;
    w->seal_at_ns = 0;
    pthread_mutex_lock(&a->lock);
    buf_done(&a->note);
    a->note = note;
    a->sealed = w->tiles->size;
    pthread_cond_broadcast(&a->done);
    pthread_mutex_unlock(&a->lock);
    return 0;
}

int audit_save_heads(struct audit *a, bool at_end, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    uint64_t moved = a->size - w->saved;
    if (moved == 0 || (!at_end && (moved < HEADS_LEAVES || moved / 4 < a->heads.count))) {
        return 0;
    }
    struct heads_place place = {a->size, a->offset};
    int r = file_sync_live(a->index, "index", e);
    r = r ? r : heads_save(&a->heads, &place, a->dir, e);
    w->saved = r ? w->saved : a->size;
    return r;
}

/* Notes: left with versions, in the same transaction, for somebody who takes them over later. */
#include "store/writer.h"

/* The first byte of what is kept: what the version was is known to the writer alone. */
enum { NOTE_CREATED = 'c', NOTE_CHANGED = 'u' };

/* --- the writer's -------------------------------------------------------------------------- */

int note_keep(struct writer *w, const struct write *write)
{
    if (write->note.n == 0 || !write->changed) {
        return 0;
    }
    char *bytes = arena_alloc(&w->arena, write->note.n + 1);
    if (!bytes) {
        return err_set(&w->err, ERR_MEMORY, "the node has no memory for this write");
    }
    bytes[0] = write->created ? NOTE_CREATED : NOTE_CHANGED;
    memcpy(bytes + 1, write->note.p, write->note.n);
    const struct db_note note = {write->t, write->rid, text_make(bytes, write->note.n + 1)};
    w->noted++;
    return writer_engine(w, db_note_insert(w->db, &note));
}

int notes_drop(struct writer *w, uint64_t *ret_t)
{
    *ret_t = atomic_load(&w->notes_done);
    return *ret_t == w->notes_dropped ? 0 : writer_engine(w, db_note_drop(w->db, *ret_t));
}

bool notes_wait(const struct writer *w)
{
    return atomic_load(&w->notes_done) != w->notes_dropped;
}

/* It need not be durable: what comes again after a crash is taken over again. */
bool notes_work(struct writer *w)
{
    uint64_t t = 0;
    if (!notes_wait(w)) {
        return false;
    }
    int rc = db_durable(w->db, false);
    rc = rc ? rc : db_begin_write(w->db);
    rc = rc ? rc : notes_drop(w, &t);
    rc = rc ? rc : db_commit(w->db);
    if (rc) {
        db_rollback(w->db);
    }
    int back = db_durable(w->db, true);
    writer_survive(w, back ? ERR_IO : rc);
    if (rc == 0) {
        w->notes_dropped = t;
        atomic_fetch_add(&w->s->commits, 1); /* views that are kept open see it, and let go */
    }
    return rc == 0;
}

/* --- whoever takes them over --------------------------------------------------------------- */

static int list(struct store_view *v, uint64_t from_t, size_t most, struct arena *a,
                struct store_note *notes, size_t *ret_count, struct err *e)
{
    struct db_cursor *c = NULL;
    struct db_note note;
    size_t n = 0;
    int code = 0;
    int rc = db_note_open(v->db, from_t, &c);
    while (!rc && !code && n < most && !(rc = db_note_next(c, &note))) {
        text bytes = arena_copy(a, text_from(note.bytes, note.bytes.n ? 1 : 0));
        bool created = note.bytes.n && note.bytes.p[0] == NOTE_CREATED;
        notes[n++] = (struct store_note){note.t, note.rid, created, bytes};
        code = bytes.p || note.bytes.n < 2 ? 0 : err_set(e, ERR_MEMORY, "no memory for the notes");
    }
    db_cursor_close(c);
    *ret_count = n;
    return code ? code : rc == 0 || rc == DB_END ? 0 : db_error(v->db, rc, e);
}

int store_notes(struct store *s, uint64_t from_t, size_t most, struct arena *a,
                struct store_note **ret_notes, size_t *ret_count, struct err *e)
{
    struct store_view *v;
    struct store_note *notes = arena_zalloc(a, most, sizeof *notes);
    if (!notes) {
        return err_set(e, ERR_MEMORY, "no memory for the notes");
    }
    int rc = store_view_begin(s, policy_local_administrator(), STORE_ONE_READ, &v, e);
    if (rc) {
        return rc;
    }
    rc = list(v, from_t, most, a, notes, ret_count, e);
    store_view_end(v);
    *ret_notes = notes;
    return rc;
}

void store_notes_done(struct store *s, uint64_t t)
{
    struct writer *w = s->writer;
    if (!w || t <= atomic_load(&w->notes_done)) {
        return;
    }
    (void)pthread_mutex_lock(&w->lock);
    atomic_store(&w->notes_done, t);
    w->calm = false;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
}

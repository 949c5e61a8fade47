/*
 * Full text. Versions come to it in order of t, behind the writing of them: the writer takes them
 * when it is idle, a few at a time, and remembers in the same transaction how far it has come
 * (words_until()). What is behind that mark is not found here, and has to be looked at. These
 * transactions do not wait for the disk: after a power cut the words go on from where they were.
 *
 * Only versions that are current when their turn comes are taken. Entries of versions that are
 * superseded later stay: their t is nobody's any more.
 */
#include "store/writer.h"

#include "base/clock.h"

#include <stdlib.h>

enum {
    BATCH = 512,  /* versions in one transaction */
    PIECE_MS = 3, /* of gathering words, before they are written */
    SHARE = 20,   /* one part in so many, while requests keep coming */
    WORTH = 32,
    LISTS_MAX = 256,
};

struct version_words {
    uint64_t t;
    text narrative;
    text content;
};

struct indexer {
    uint64_t mark; /* as committed */
    uint64_t seen; /* the last t when there was nothing left */
    bool done;     /* there was nothing left, or nothing could be done */
    int64_t busy;  /* ns of writing since the last turn */
    int64_t due;   /* when `busy` is more, it is the words' turn */
    struct arena arena;
    struct version_words batch[BATCH];
    size_t count;
};

/* The lists of current versions of all types, merged by t. */
struct lists {
    struct db_cursor *cursors[LISTS_MAX];
    uint64_t t[LISTS_MAX];
    uint64_t rid[LISTS_MAX];
    size_t count;
    char low[8];
};

int words_until(struct db *db, uint64_t *ret_t)
{
    *ret_t = 0;
    int rc = db_meta_number(db, "words", ret_t);
    return rc == DB_END ? 0 : rc;
}

static int list_next(struct lists *l, size_t i)
{
    struct db_entry entry;
    int rc = db_index_next(l->cursors[i], &entry);
    bool good = !rc && entry.value.n == 8;
    l->t[i] = good ? get_be64(entry.value.p) : UINT64_MAX;
    l->rid[i] = good ? entry.rid : 0;
    return rc == DB_END ? 0 : rc;
}

static int lists_open(struct db *db, uint64_t after, struct lists *l)
{
    put_be64(l->low, after + 1);
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        struct db_range range = {.param = own_param((fhir_type)type, INDEX_LAST_UPDATED),
                                 .low = text_make(l->low, 8)};
        int rc = db_index_open(db, &range, &l->cursors[l->count]);
        if (rc) {
            return rc;
        }
        rc = list_next(l, l->count++);
        if (rc) {
            return rc;
        }
        if (l->t[l->count - 1] == UINT64_MAX) {
            db_cursor_close(l->cursors[--l->count]);
        }
    }
    return 0;
}

static void lists_close(struct lists *l)
{
    while (l->count) {
        db_cursor_close(l->cursors[--l->count]);
    }
}

/* Of a version whose body is damaged there are no words: store_check() tells. */
static int words_of(struct writer *w, const struct db_resource *row, struct version_words *ret)
{
    struct arena *a = &w->indexer->arena;
    char shown[ID_TEXT_SIZE];
    struct resource r;
    text packed;
    text body = row->body;
    *ret = (struct version_words){.t = row->t};
    int rc = stored_body(w->s, w->db, w->tools, body, a, &packed, NULL);
    rc = rc ? rc
            : stored_resource(w->s, rid_type(row->rid), id_show(row->id, shown), packed, a, &r,
                              NULL);
    if (rc) {
        return rc == ERR_MEMORY ? rc : 0;
    }
    ret->content = index_words(&r, false, a);
    ret->narrative = index_words(&r, true, a);
    return ret->content.p && ret->narrative.p ? 0 : ERR_MEMORY;
}

/* Words of one version are kept in the arena until they are written; its tree is not. */
static int take_version(struct writer *w, uint64_t rid, uint64_t t)
{
    struct indexer *x = w->indexer;
    struct db_resource row;
    struct version_words words;
    struct arena_mark mark = arena_mark(&x->arena);
    int rc = db_resource_find(w->db, rid, &row);
    if (!rc && !row.deleted && row.t == t) {
        rc = words_of(w, &row, &words);
    } else if (!rc) {
        rc = DB_END;
    }
    db_resource_done(w->db);
    if (rc || (words.content.n == 0 && words.narrative.n == 0)) {
        arena_rewind(&x->arena, mark);
        return rc == DB_END ? 0 : rc;
    }
    x->batch[x->count++] = words;
    return 0;
}

/* *ret_mark: up to here everything is in the batch. */
enum gathered {
    GATHERED_PIECE,      /* as much as one piece may take */
    GATHERED_ALL,        /* nothing is left */
    GATHERED_UNTIL_ASKED /* a request wants the writer */
};
static int gather(struct writer *w, bool idle, uint64_t *ret_mark, enum gathered *ret_gathered)
{
    struct lists lists = {0};
    int64_t until = clock_mono_ns() + (int64_t)PIECE_MS * 1000000;
    w->indexer->count = 0;
    int rc = lists_open(w->db, w->indexer->mark, &lists);
    *ret_gathered = GATHERED_PIECE;
    while (!rc && w->indexer->count < BATCH) {
        size_t best = 0;
        for (size_t i = 1; i < lists.count; i++) {
            best = lists.t[i] < lists.t[best] ? i : best;
        }
        if (lists.count == 0 || lists.t[best] == UINT64_MAX) {
            *ret_gathered = GATHERED_ALL;
            break;
        }
        rc = take_version(w, lists.rid[best], lists.t[best]);
        if (!rc) {
            *ret_mark = lists.t[best];
            rc = list_next(&lists, best);
        }
        if (idle && writer_wanted(w)) {
            *ret_gathered = GATHERED_UNTIL_ASKED;
            break;
        }
        if (clock_mono_ns() > until) {
            break;
        }
    }
    lists_close(&lists);
    return rc;
}

static int write_words(struct writer *w, uint64_t mark)
{
    struct indexer *x = w->indexer;
    int rc = 0;
    for (size_t i = 0; i < x->count && !rc; i++) {
        rc = db_words_insert(w->db, x->batch[i].t, x->batch[i].narrative, x->batch[i].content);
    }
    rc = rc ? rc : db_meta_put(w->db, "words", mark);
    return rc ? rc : db_commit(w->db);
}

/* One transaction: what is gathered, and the mark behind it. */
static int gather_and_write(struct writer *w, bool idle)
{
    struct indexer *x = w->indexer;
    uint64_t mark = x->mark;
    enum gathered gathered = GATHERED_PIECE;
    int rc = db_begin_write(w->db);
    rc = rc ? rc : gather(w, idle, &mark, &gathered);
    bool end = gathered == GATHERED_ALL;
    /* What a request has interrupted early is not worth a commit: it comes again. */
    bool worth = mark != x->mark && (x->count >= WORTH || gathered != GATHERED_UNTIL_ASKED);
    if (!rc && worth) {
        rc = write_words(w, mark);
    }
    if (rc || !worth) {
        writer_survive(w, rc);
        db_rollback(w->db);
        x->done = !rc && end && mark == x->mark;
        x->seen = w->committed_t;
        return rc;
    }
    x->mark = mark;
    x->done = end;
    x->seen = w->committed_t;
    atomic_fetch_add(&w->s->commits, 1);
    return 0;
}

static void piece(struct writer *w, bool idle)
{
    struct indexer *x = w->indexer;
    int64_t start = clock_mono_ns();
    arena_reset(&x->arena);
    int rc = db_durable(w->db, false);
    rc = rc ? rc : gather_and_write(w, idle);
    int back = db_durable(w->db, true);
    if (back) {
        writer_survive(w, ERR_IO); /* no acknowledgement without the disk */
    }
    if (rc) {
        /* What cannot be done now (a full disk) is tried again after the next write. */
        x->done = true;
        x->seen = w->committed_t;
    }
    x->busy = 0;
    x->due = (clock_mono_ns() - start) * SHARE;
}

static bool nothing_left(const struct writer *w)
{
    const struct indexer *x = w->indexer;
    return x->done && x->seen == w->committed_t;
}

bool indexer_work(struct writer *w)
{
    if (nothing_left(w)) {
        return false;
    }
    piece(w, true);
    return true;
}

void indexer_turn(struct writer *w, int64_t took)
{
    struct indexer *x = w->indexer;
    x->busy += took;
    if (!nothing_left(w) && x->busy > x->due) {
        piece(w, false);
    }
}

int indexer_start(struct writer *w, struct err *e)
{
    w->indexer = calloc(1, sizeof *w->indexer);
    if (!w->indexer) {
        return err_set(e, ERR_MEMORY, "no memory for the writer");
    }
    arena_init(&w->indexer->arena, (size_t)1 << 30);
    int rc = words_until(w->db, &w->indexer->mark);
    return rc ? db_error(w->db, rc, e) : 0;
}

void indexer_stop(struct writer *w)
{
    if (w->indexer) {
        arena_done(&w->indexer->arena);
        free(w->indexer);
        w->indexer = NULL;
    }
}

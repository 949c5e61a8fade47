#include "audit/watch.h"

#include "audit/files.h"

#include <stdlib.h>

enum { KEY_LINE_MAX = 1024 };

/* --- a folder ----------------------------------------------------------------------------------
 */

static int folder_get(void *context, text path, size_t most, struct buf *out, struct err *e)
{
    const int *dir = context;
    char name[TLOG_PATH_MAX];
    text bytes = {0};
    if (path.n >= sizeof name) {
        return err_set(e, ERR_NOT_FOUND, "no file of a log has so long a name");
    }
    memcpy(name, path.p, path.n);
    name[path.n] = 0;
    int r = file_read(*dir, text_eq(path, T("key")) ? "key.pub" : name, most, &bytes, e);
    if (r == 0) {
        buf_add(out, bytes);
        r = buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory for a file of the log") : 0;
    }
    file_free(bytes);
    return r;
}

struct watch_files watch_folder(const int *dir)
{
    union {
        const int *from;
        void *to;
    } context = {.from = dir};
    return (struct watch_files){folder_get, context.to};
}

/* --- tiles -------------------------------------------------------------------------------------
 */

static int get_tile(const struct watch_files *f, const struct tlog_place *place, struct buf *bytes,
                    struct err *e)
{
    char path[TLOG_PATH_MAX];
    text name = {path, tlog_path(place, path)};
    buf_clear(bytes);
    int r = f->get(f->context, name, (size_t)TLOG_TILE * TLOG_HASH, bytes, e);
    if (r == 0 && bytes->n != (size_t)place->width * TLOG_HASH) {
        r = err_set(e, ERR_CORRUPT, "ALARM: the log's file %s is not as long as it must be", path);
    }
    return r;
}

static int tile(void *context, const struct tlog_place *place, uint8_t *to, struct err *e)
{
    const struct watch_files *f = context;
    struct tlog_place full = *place;
    struct err why = {0};
    struct buf bytes;
    buf_init(&bytes, (size_t)TLOG_TILE * TLOG_HASH);
    full.width = TLOG_TILE;
    int r = get_tile(f, place, &bytes, e);
    /* A partial tile may have gone because it is full by now. */
    if (r == ERR_NOT_FOUND && place->width < TLOG_TILE && get_tile(f, &full, &bytes, &why) == 0) {
        r = 0;
    }
    if (r == 0) {
        memcpy(to, bytes.p, (size_t)place->width * TLOG_HASH);
    }
    buf_done(&bytes);
    return r;
}

/* --- one look ----------------------------------------------------------------------------------
 */

struct look {
    const struct watch_files *files;
    struct note_key key;
    struct buf key_line, note;
    text old_note; /* of the state */
    struct checkpoint old, now;
    const struct cosign_policy *policy; /* NULL: nobody has to have cosigned anything */
    struct checkpoint cosigned;
    size_t cosigners;
    struct sha *sha;
};

static int find_key(struct look *l, text given, text state, struct err *e)
{
    text rest = state, line = {0};
    if (state.n && (!text_cut(&rest, '\n', &line) || !rest.p)) {
        return err_set(e, ERR_SYNTAX, "the state is not that of a watch: a key, then a checkpoint");
    }
    l->old_note = state.n ? rest : T("");
    if (given.n) {
        buf_add(&l->key_line, given);
    } else if (line.n) {
        buf_add(&l->key_line, line);
    } else {
        int r = l->files->get(l->files->context, T("key"), KEY_LINE_MAX, &l->key_line, e);
        if (r) {
            return r;
        }
    }
    if (line.n && !text_eq(text_trim(buf_text(&l->key_line)), line)) {
        return err_set(e, ERR_SYNTAX, "the state belongs to a log with another key");
    }
    return note_key_read(text_trim(buf_text(&l->key_line)), &l->key, e);
}

static int alarm_about(struct err *e, const char *what)
{
    struct err why = *e;
    return err_set(e, ERR_CORRUPT, "ALARM: %s: %.500s", what, err_text(&why));
}

/* Before the checkpoint: a log that grows meanwhile must not look as if it had been cut. */
static int read_cosigned(struct look *l, struct err *e)
{
    struct buf note;
    if (!l->policy || !l->policy->count) {
        return 0;
    }
    buf_init(&note, NOTE_MAX);
    int r = l->files->get(l->files->context, T("checkpoint.cosigned"), NOTE_MAX, &note, e);
    if (r == 0) {
        r = cosign_verify(buf_text(&note), &l->key, l->policy, &l->cosigned, &l->cosigners, e);
        r = r == ERR_FORBIDDEN || r == ERR_SYNTAX
                ? alarm_about(e, "the log's cosigned checkpoint cannot be taken")
                : r;
    } else if (r == ERR_NOT_FOUND && l->policy->quorum) {
        r = alarm_about(e, "the log has no cosigned checkpoint");
    } else if (r == ERR_NOT_FOUND) {
        r = 0;
    }
    buf_done(&note);
    return r;
}

static int read_checkpoints(struct look *l, struct err *e)
{
    int r = read_cosigned(l, e);
    r = r ? r : l->files->get(l->files->context, T("checkpoint"), NOTE_MAX, &l->note, e);
    if (r == 0 && l->old_note.n) {
        r = checkpoint_verify(l->old_note, &l->key, &l->old, e);
        if (r) {
            struct err why = *e;
            return err_set(e, ERR_SYNTAX, "the checkpoint of the state cannot be used: %.500s",
                           err_text(&why));
        }
    }
    if (r == 0 && checkpoint_verify(buf_text(&l->note), &l->key, &l->now, e)) {
        r = alarm_about(e, "the log's checkpoint is not signed as it must be");
    }
    return r;
}

static int alarm(struct err *e, const struct look *l, const char *what)
{
    return err_set(e, ERR_CORRUPT, "ALARM: %s. It had %llu entries at the last look, and has %llu",
                   what, (unsigned long long)l->old.size, (unsigned long long)l->now.size);
}

static int check_beginning(struct look *l, struct tlog_tree *tree, const struct checkpoint *was,
                           const char *what, struct err *e)
{
    struct tlog_hash proof[TLOG_PROOF_MAX];
    size_t count = 0;
    if (was->size > l->now.size) {
        return alarm(e, l, "the log has been cut, or put back to an older state");
    }
    int r = tlog_prove_old(tree, was->size, proof, &count, e);
    return r || tlog_check_old(l->sha, was->size, l->now.size, &was->root, &l->now.root, proof,
                               count)
               ? r
               : alarm(e, l, what);
}

/* The tiles must give the root that is signed, and the old tree must be the beginning of it. */
static int check_tree(struct look *l, struct err *e)
{
    union {
        const struct watch_files *from;
        void *to;
    } context = {.from = l->files};
    struct tlog_source source = {tile, context.to};
    struct tlog_hash root;
    struct tlog_tree *tree = tlog_tree_new(&source, l->now.size);
    int r =
        tree ? tlog_root(tree, &root, e) : err_set(e, ERR_MEMORY, "no memory to look at the log");
    if (r == 0 && !tlog_same(&root, &l->now.root)) {
        r = alarm(e, l, "the log's tiles do not give the root that it has signed");
    }
    if (r == 0 && l->old.size) {
        r = check_beginning(l, tree, &l->old, "the log's history has been rewritten", e);
    }
    if (r == 0 && l->cosigned.size) {
        r = check_beginning(l, tree, &l->cosigned, "the log is not what its witnesses have seen",
                            e);
    }
    tlog_tree_free(tree);
    return r;
}

static int compare(struct look *l, struct err *e)
{
    if (l->old_note.n && l->now.size < l->old.size) {
        return alarm(e, l, "the log has been cut, or put back to an older state");
    }
    if (l->old_note.n && l->now.size == l->old.size && !tlog_same(&l->now.root, &l->old.root)) {
        return alarm(e, l, "the log has been forked: another root is signed for the same size");
    }
    return check_tree(l, e);
}

static int keep(struct look *l, struct buf *state, struct err *e)
{
    struct buf fresh;
    buf_init(&fresh, NOTE_MAX + KEY_LINE_MAX);
    note_key_print(&l->key, &fresh);
    buf_addc(&fresh, '\n');
    buf_add(&fresh, buf_text(&l->note));
    if (buf_failed(&fresh)) {
        buf_done(&fresh);
        return err_set(e, ERR_MEMORY, "no memory to keep what was seen");
    }
    buf_done(state);
    *state = fresh;
    return 0;
}

int watch_look(const struct watch_files *files, text key, const struct cosign_policy *policy,
               struct buf *state, struct watch_seen *ret_seen, struct err *e)
{
    struct look l = {.files = files, .policy = policy, .sha = sha_new()};
    buf_init(&l.key_line, KEY_LINE_MAX);
    buf_init(&l.note, NOTE_MAX);
    int r = l.sha ? find_key(&l, key, buf_text(state), e)
                  : err_set(e, ERR_MEMORY, "no memory to look at the log");
    r = r ? r : read_checkpoints(&l, e);
    r = r ? r : compare(&l, e);
    if (r == 0) {
        *ret_seen = (struct watch_seen){l.old.size, l.now.size, l.old_note.n == 0, l.cosigned.size,
                                        l.cosigners};
        r = keep(&l, state, e);
    }
    buf_done(&l.key_line);
    buf_done(&l.note);
    sha_free(l.sha);
    return r;
}

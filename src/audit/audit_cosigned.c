/* What others say of this log: the checkpoint that they have cosigned; and what they need to say
 * so, consistency of any two of its trees. */
#include "audit/audit_int.h"

#include "audit/files.h"

static const char note_file[] = "checkpoint.cosigned", keys_file[] = "witnesses";

enum { WITNESSES_MAX = 1 << 20 };

/* --- trees of earlier sizes ---------------------------------------------------------------------
 */

/* The tile of today begins with that of any earlier size, whether that has a file or not. */
static int old_tile(void *context, const struct tlog_place *place, uint8_t *to, struct err *e)
{
    const struct old_tiles *old = context;
    struct tlog_source today = tiles_source(old->dir);
    struct tlog_place now = *place;
    uint8_t wide[TLOG_TILE * TLOG_HASH];
    uint64_t all = tlog_level_size(old->sealed, place->level);
    if (place->index >= UINT64_MAX / TLOG_TILE || place->index * TLOG_TILE + place->width > all) {
        return err_set(e, ERR_INTERNAL, "a tile behind the end of the access log was asked for");
    }
    uint64_t left = all - place->index * TLOG_TILE;
    now.width = left < TLOG_TILE ? (unsigned)left : TLOG_TILE;
    int r = today.tile(today.context, &now, wide, e);
    if (r == 0) {
        memcpy(to, wide, (size_t)place->width * TLOG_HASH);
    }
    return r;
}

struct tlog_source audit_old_tiles(struct old_tiles *old)
{
    return (struct tlog_source){old_tile, old};
}

int audit_consistency(struct audit *a, uint64_t from, uint64_t to, struct arena *arena,
                      struct tlog_hash **ret_hashes, size_t *ret_count, struct err *e)
{
    struct old_tiles tiles = {.dir = &a->dir};
    size_t count = 0;
    pthread_mutex_lock(&a->lock);
    tiles.sealed = a->sealed;
    pthread_mutex_unlock(&a->lock);
    if (from > to || to > tiles.sealed) {
        return err_set(e, ERR_VALUE,
                       "consistency is of two sizes of the log, the smaller one first; its newest "
                       "checkpoint covers %llu entries",
                       (unsigned long long)tiles.sealed);
    }
    struct tlog_hash *hashes = arena_zalloc(arena, TLOG_PROOF_MAX, sizeof *hashes);
    if (!hashes) {
        return err_set(e, ERR_MEMORY, "no memory to prove what the access log was");
    }
    if (from && from < to) {
        struct tlog_source source = audit_old_tiles(&tiles);
        struct tlog_tree *tree = tlog_tree_new(&source, to);
        int r = tree ? tlog_prove_old(tree, from, hashes, &count, e)
                     : err_set(e, ERR_MEMORY, "no memory to prove what the access log was");
        tlog_tree_free(tree);
        if (r) {
            return r;
        }
    }
    *ret_hashes = hashes;
    *ret_count = count;
    return 0;
}

/* --- the cosigned checkpoint --------------------------------------------------------------------
 */

/* Whether it is a checkpoint of this log that this log had: its root is that of the tree today. */
static int check_own(struct audit *a, text note, uint64_t sealed, struct checkpoint *ret,
                     struct err *e)
{
    struct checkpoint c = {0};
    struct tlog_hash root;
    struct old_tiles tiles = {&a->dir, sealed};
    struct tlog_source source = audit_old_tiles(&tiles);
    int r = checkpoint_verify(note, &a->key, &c, e);
    if (r || c.size > sealed) {
        return err_set(e, ERR_VALUE, "this is no checkpoint that this access log has signed");
    }
    struct tlog_tree *tree = tlog_tree_new(&source, c.size);
    r = tree ? tlog_root(tree, &root, e) : err_set(e, ERR_MEMORY, "no memory for a checkpoint");
    tlog_tree_free(tree);
    if (r == 0 && !tlog_same(&root, &c.root)) {
        r = err_set(e, ERR_VALUE,
                    "the checkpoint of %llu entries is not that of this access log's tree",
                    (unsigned long long)c.size);
    }
    *ret = c;
    return r;
}

static bool take(struct buf *to, size_t max, text bytes)
{
    struct buf fresh;
    buf_init(&fresh, max);
    buf_add(&fresh, bytes);
    if (buf_failed(&fresh)) {
        buf_done(&fresh);
        return false;
    }
    buf_done(to);
    *to = fresh;
    return true;
}

/* In memory, from now on. */
static int hold(struct audit *a, text note, uint64_t size, text witnesses, struct err *e)
{
    pthread_mutex_lock(&a->lock);
    bool good = (!witnesses.n || take(&a->witnesses, WITNESSES_MAX, witnesses)) &&
                take(&a->cosigned, NOTE_MAX, note);
    if (good) {
        a->cosigned_size = size;
    }
    pthread_mutex_unlock(&a->lock);
    return good ? 0 : err_set(e, ERR_MEMORY, "no memory for a cosigned checkpoint");
}

int audit_open_cosigned(struct audit *a, struct err *e)
{
    text note = {0}, keys = {0};
    struct checkpoint c = {0}, newest = {0};
    struct err why = {0};
    int r = file_read(a->dir, note_file, NOTE_MAX, &note, &why);
    if (r == 0 && checkpoint_verify(buf_text(&a->note), &a->key, &newest, &why) == 0 &&
        check_own(a, note, newest.size, &c, &why) == 0) {
        (void)file_read(a->dir, keys_file, WITNESSES_MAX, &keys, &why);
        r = hold(a, note, c.size, keys, e);
    } else {
        r = r == ERR_IO || r == ERR_MEMORY ? err_set(e, r, "%s", err_text(&why)) : 0;
    }
    file_free(note);
    file_free(keys);
    return r;
}

int audit_put_cosigned(struct audit *a, text note, text witnesses, struct err *e)
{
    struct checkpoint c = {0};
    pthread_mutex_lock(&a->lock);
    uint64_t sealed = a->sealed;
    pthread_mutex_unlock(&a->lock);
    if (!a->writes) {
        return err_set(e, ERR_INTERNAL, "the access log is open for reading only");
    }
    int r = check_own(a, note, sealed, &c, e);
    r = r || !witnesses.n ? r : file_replace(a->dir, keys_file, witnesses, 0644, e);
    r = r ? r : file_replace(a->dir, note_file, note, 0644, e);
    return r ? r : hold(a, note, c.size, witnesses, e);
}

static int told(struct audit *a, const struct buf *what, struct arena *arena, text *ret,
                struct err *e)
{
    pthread_mutex_lock(&a->lock);
    bool none = what->n == 0;
    text t = none ? (text){0} : arena_copy(arena, buf_text(what));
    pthread_mutex_unlock(&a->lock);
    if (none) {
        return err_set(e, ERR_NOT_FOUND, "nobody has cosigned a checkpoint of this access log yet");
    }
    *ret = t;
    return t.p ? 0 : err_set(e, ERR_MEMORY, "no memory for a cosigned checkpoint");
}

int audit_cosigned(struct audit *a, struct arena *arena, text *ret_note, struct err *e)
{
    return told(a, &a->cosigned, arena, ret_note, e);
}

int audit_witnesses(struct audit *a, struct arena *arena, text *ret_lines, struct err *e)
{
    return told(a, &a->witnesses, arena, ret_lines, e);
}

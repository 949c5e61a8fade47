/* What leaves the node: checkpoints, proofs, statements, public files. */
#include "audit/audit_int.h"

#include "audit/files.h"
#include "format/json.h"

#include <stdlib.h>

static int out_of_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for what the access log has to say");
}

/* A checkpoint that covers all that is durable now. */
static int await_seal(struct audit *a, struct err *e)
{
    uint64_t wanted = a->size, put_off = a->seals_put_off;
    while (a->sealed < wanted && !a->dead && a->seals_put_off == put_off) {
        a->seal_asked = true;
        pthread_cond_signal(&a->work);
        pthread_cond_wait(&a->done, &a->lock);
    }
    if (a->dead) {
        return err_set(e, ERR_IO, "the access log has stopped: %.600s", err_text(&a->why));
    }
    return a->sealed >= wanted
               ? 0
               : err_set(e, ERR_FULL,
                         "the disk of the access log is full, so the newest entries have no signed "
                         "checkpoint yet; make room on that disk and try again");
}

int audit_checkpoint(struct audit *a, bool fresh, struct arena *arena, text *ret_note,
                     struct err *e)
{
    pthread_mutex_lock(&a->lock);
    int r = fresh && a->has_thread ? await_seal(a, e) : 0;
    text note = r ? (text){0} : arena_copy(arena, buf_text(&a->note));
    pthread_mutex_unlock(&a->lock);
    if (r || !note.p) {
        return r ? r : out_of_memory(e);
    }
    if (!note.n) {
        return err_set(e, ERR_NOT_FOUND, "the access log has no checkpoint yet");
    }
    *ret_note = note;
    return 0;
}

/* A checkpoint that covers a leaf: rather one with cosignatures than the newest. */
static int covering(struct audit *a, uint64_t leaf, struct arena *arena, text *ret_note,
                    uint64_t *ret_sealed, struct err *e)
{
    pthread_mutex_lock(&a->lock);
    bool waits = leaf >= a->sealed, cosigned = leaf < a->cosigned_size;
    pthread_mutex_unlock(&a->lock);
    int r = cosigned ? audit_cosigned(a, arena, ret_note, e)
                     : audit_checkpoint(a, waits, arena, ret_note, e);
    pthread_mutex_lock(&a->lock);
    *ret_sealed = a->sealed;
    pthread_mutex_unlock(&a->lock);
    return r;
}

static int prove_leaf(struct audit *a, struct arena *arena, struct proof *p, struct err *e)
{
    struct checkpoint c = {0};
    struct old_tiles tiles = {.dir = &a->dir};
    int r = covering(a, p->index, arena, &p->note, &tiles.sealed, e);
    r = r ? r : checkpoint_verify(p->note, &a->key, &c, e);
    if (r == 0 && p->index >= c.size) {
        r = err_set(e, ERR_NOT_FOUND, "no checkpoint covers leaf %llu yet; try again in a second",
                    (unsigned long long)p->index);
    }
    if (r) {
        return r;
    }
    struct tlog_source source = audit_old_tiles(&tiles);
    struct tlog_tree *tree = tlog_tree_new(&source, c.size);
    r = tree ? tlog_prove_leaf(tree, p->index, p->hashes, &p->count, e) : out_of_memory(e);
    tlog_tree_free(tree);
    return r;
}

/* --- proofs ------------------------------------------------------------------------------------
 */

/* What opens the commitment. */
static void print_extra(const struct record *record, uint64_t seq, struct buf *out)
{
    buf_add(out, T("{\"v\":1,\"leaf\":\""));
    base64_print(record->data, out);
    buf_add(out, T("\",\"patient_seq\":"));
    buf_add_u64(out, seq);
    if (!(record->flags & RECORD_ERASED)) {
        buf_add(out, T(",\"salt\":\""));
        base64_print(record->salt, out);
        buf_add(out, T("\",\"line\":"));
        json_write_string(record->line, out);
    }
    buf_addc(out, '}');
}

static int take_text(struct buf *b, struct arena *arena, text *ret, struct err *e)
{
    text t = buf_failed(b) ? (text){0} : arena_copy(arena, buf_text(b));
    if (!t.p) {
        return out_of_memory(e);
    }
    *ret = t;
    return 0;
}

static int print_proof(struct proof *p, const struct record *record, uint64_t seq,
                       struct arena *arena, text *ret_proof, struct err *e)
{
    struct buf extra, out;
    buf_init(&extra, NOTE_EXTRA_MAX);
    buf_init(&out, PROOF_MAX);
    print_extra(record, seq, &extra);
    p->extra = buf_text(&extra);
    proof_print(p, &out);
    int r = buf_failed(&extra) ? out_of_memory(e) : take_text(&out, arena, ret_proof, e);
    buf_done(&extra);
    buf_done(&out);
    return r;
}

int audit_proof(struct audit *a, uint64_t leaf, struct arena *arena, text *ret_proof, struct err *e)
{
    char bytes[RECORD_MAX];
    struct record record;
    struct leaf l = {0};
    struct proof p = {.index = leaf};
    uint64_t offset;
    size_t n;
    pthread_rwlock_rdlock(&a->erasing);
    int r = audit_record(a, leaf, bytes, &record, &offset, &n, e);
    pthread_rwlock_unlock(&a->erasing);
    r = r ? r : prove_leaf(a, arena, &p, e);
    if (r == 0 && !leaf_read(record.data, &l)) {
        r = err_set(e, ERR_CORRUPT, "leaf %llu of the access log is not of its form",
                    (unsigned long long)leaf);
    }
    return r ? r : print_proof(&p, &record, l.seq, arena, ret_proof, e);
}

/* --- statements ---------------------------------------------------------------------------------
 */

struct chain_end {
    uint64_t leaf, seq; /* seq 0: none */
    struct tlog_hash hash;
};

/* The newest entry of a chain below a number of leaves. */
static int find_chain_end(struct audit *a, const struct tlog_hash *tag, uint64_t size,
                          struct chain_end *ret, struct err *e)
{
    char bytes[RECORD_MAX];
    struct record record;
    uint64_t leaf = NO_LEAF, seq = 0, offset;
    size_t n;
    int r = 0;
    pthread_mutex_lock(&a->heads_lock);
    const struct head *head = heads_find(&a->heads, tag);
    if (head && head->shown_seq) {
        leaf = head->shown;
        seq = head->shown_seq;
    }
    pthread_mutex_unlock(&a->heads_lock);
    *ret = (struct chain_end){0};
    while (r == 0 && seq && ret->seq == 0) {
        r = audit_record(a, leaf, bytes, &record, &offset, &n, e);
        if (r == 0 && leaf < size) {
            struct sha *sha = sha_new();
            *ret = (struct chain_end){.leaf = leaf, .seq = seq};
            r = sha ? 0 : out_of_memory(e);
            ret->hash = sha ? sha_leaf(sha, record.data) : ret->hash;
            sha_free(sha);
        } else if (r == 0) {
            leaf = record.before;
            seq--;
        }
    }
    return r;
}

static void print_statement(const struct checkpoint *c, text patient, const struct tlog_hash *tag,
                            const struct chain_end *end, struct buf *out)
{
    buf_add(out, T("kith.care/audit-statement/v1\n"));
    checkpoint_print(c, out);
    buf_printf(out, "patient %.*s\ntag ", TEXT_ARG(patient));
    base64_print(text_make((const char *)tag->b, TLOG_HASH), out);
    buf_printf(out, "\nentries %llu\nlast ", (unsigned long long)end->seq);
    if (end->seq) {
        buf_printf(out, "%llu ", (unsigned long long)end->leaf);
        base64_print(text_make((const char *)end->hash.b, TLOG_HASH), out);
        buf_addc(out, '\n');
    } else {
        buf_add(out, T("- -\n"));
    }
}

static bool id_is_plain(text id)
{
    for (size_t i = 0; i < id.n; i++) {
        if ((unsigned char)id.p[i] <= ' ' || (unsigned char)id.p[i] >= 0x7F) {
            return false;
        }
    }
    return id.n > 0 && id.n <= 64;
}

int audit_statement(struct audit *a, text patient, struct arena *arena, text *ret_note,
                    struct err *e)
{
    text note;
    struct checkpoint c;
    struct chain_end end;
    struct buf body, out;
    if (!id_is_plain(patient)) {
        return err_set(e, ERR_VALUE, "a patient's id has 1 to 64 characters, no space");
    }
    struct sha *sha = a->signer && a->has_tags ? sha_new() : NULL;
    if (!sha) {
        return err_set(e, ERR_NOT_FOUND, "a statement needs the secret keys of the access log");
    }
    struct tlog_hash tag = tag_of(&a->tags, sha, patient);
    sha_free(sha);
    int r = audit_checkpoint(a, true, arena, &note, e);
    r = r ? r : checkpoint_verify(note, &a->key, &c, e);
    r = r ? r : find_chain_end(a, &tag, c.size, &end, e);
    if (r) {
        return r;
    }
    buf_init(&body, NOTE_MAX);
    buf_init(&out, NOTE_MAX);
    print_statement(&c, patient, &tag, &end, &body);
    r = buf_failed(&body) ? out_of_memory(e) : note_sign(a->signer, buf_text(&body), &out, e);
    r = r ? r : take_text(&out, arena, ret_note, e);
    buf_done(&body);
    buf_done(&out);
    return r;
}

/* --- public files ------------------------------------------------------------------------------
 */

static int not_there(struct err *e, text path)
{
    return err_set(e, ERR_NOT_FOUND, "the access log has no public file %.*s",
                   TEXT_ARG(text_short(path, TLOG_PATH_MAX)));
}

static int hash_tile(struct audit *a, const struct tlog_place *place, uint64_t size,
                     struct arena *arena, text *ret_bytes, struct err *e)
{
    struct old_tiles tiles = {&a->dir, size};
    struct tlog_source source = audit_old_tiles(&tiles);
    uint8_t *to = arena_alloc(arena, (size_t)TLOG_TILE * TLOG_HASH);
    int r = to ? source.tile(source.context, place, to, e) : out_of_memory(e);
    if (r == 0) {
        *ret_bytes = text_make((const char *)to, (size_t)place->width * TLOG_HASH);
    }
    return r;
}

/* A bundle of leaf data, each behind its length in two bytes. */
static int entry_bundle(struct audit *a, const struct tlog_place *place, struct arena *arena,
                        text *ret_bytes, struct err *e)
{
    char bytes[RECORD_MAX];
    struct record record;
    uint64_t offset;
    size_t n;
    char *to = arena_alloc(arena, (size_t)place->width * (2 + LEAF_SIZE));
    int r = to ? 0 : out_of_memory(e);
    pthread_rwlock_rdlock(&a->erasing);
    for (unsigned i = 0; i < place->width && r == 0; i++) {
        r = audit_record(a, place->index * TLOG_TILE + i, bytes, &record, &offset, &n, e);
        if (r == 0) {
            char *at = to + (size_t)i * (2 + LEAF_SIZE);
            at[0] = 0;
            at[1] = (char)LEAF_SIZE;
            memcpy(at + 2, record.data.p, LEAF_SIZE);
        }
    }
    pthread_rwlock_unlock(&a->erasing);
    if (r == 0) {
        *ret_bytes = text_make(to, (size_t)place->width * (2 + LEAF_SIZE));
    }
    return r;
}

int audit_file(struct audit *a, text path, struct arena *arena, text *ret_bytes, struct err *e)
{
    struct tlog_place place;
    if (text_eq(path, T("checkpoint"))) {
        return audit_checkpoint(a, false, arena, ret_bytes, e);
    }
    if (text_eq(path, T("checkpoint.cosigned"))) {
        return audit_cosigned(a, arena, ret_bytes, e);
    }
    if (text_eq(path, T("witnesses"))) {
        return audit_witnesses(a, arena, ret_bytes, e);
    }
    if (!tlog_path_read(path, &place)) {
        return not_there(e, path);
    }
    pthread_mutex_lock(&a->lock);
    uint64_t sealed = a->sealed;
    pthread_mutex_unlock(&a->lock);
    uint64_t all = tlog_level_size(sealed, place.level);
    if (place.index >= UINT64_MAX / TLOG_TILE || all < place.width ||
        place.index * TLOG_TILE > all - place.width) {
        return not_there(e, path);
    }
    return place.entries ? entry_bundle(a, &place, arena, ret_bytes, e)
                         : hash_tile(a, &place, sealed, arena, ret_bytes, e);
}

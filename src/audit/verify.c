#include "audit/verify.h"

#include "audit/erasing.h"
#include "audit/files.h"
#include "audit/verify_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int verify_wrong(struct err *e, uint64_t leaf, const char *what)
{
    return err_set(e, ERR_CORRUPT, "leaf %llu: %s", (unsigned long long)leaf, what);
}

/* --- what is trusted ----------------------------------------------------------------------------
 */

static int load_key(struct verifier *v, text given, struct err *e)
{
    text bytes = {0};
    struct note_key own;
    int r = file_read(v->dir, "key.pub", 1024, &bytes, e);
    r = r ? r : note_key_read(text_trim(bytes), &own, e);
    file_free(bytes);
    if (r) {
        return err_set(e, ERR_CORRUPT, "key.pub: %.600s", err_text(e));
    }
    v->key = own;
    r = given.n ? note_key_read(given, &v->key, e) : 0;
    if (r == 0 &&
        (strcmp(own.name, v->key.name) != 0 || memcmp(own.key, v->key.key, sizeof own.key) != 0)) {
        r = err_set(e, ERR_CORRUPT, "key.pub is another key than the one that is trusted");
    }
    text name = text_of(v->key.name);
    v->origin = sha_of(v->sha, &name, 1);
    return r;
}

/* The secrets are looked at where they are there. */
static int load_secrets(struct verifier *v, struct err *e)
{
    text bytes = {0};
    struct note_signer *signer = NULL;
    struct tlog_hash tags;
    struct err why = {0};
    int r = file_read(v->dir, "key", 1024, &bytes, &why);
    bool has_key = r == 0;
    if (has_key) {
        r = note_signer_read(text_trim(bytes), &signer, &why);
        if (r || memcmp(note_signer_key(signer)->key, v->key.key, sizeof v->key.key) != 0 ||
            strcmp(note_signer_key(signer)->name, v->key.name) != 0) {
            r = err_set(e, ERR_CORRUPT, "key: the log's private key does not fit key.pub");
        }
        note_signer_free(signer);
        file_free(bytes);
    } else {
        r = r == ERR_NOT_FOUND ? 0 : err_set(e, r, "%s", err_text(&why));
    }
    bytes = (text){0};
    int tag_r = r ? r : file_read(v->dir, "tag-key", 1024, &bytes, &why);
    if (r == 0 && tag_r && (has_key || tag_r != ERR_NOT_FOUND)) {
        r = err_set(e, ERR_CORRUPT, "tag-key: it belongs with the private key, and is not there");
    } else if (tag_r == 0) {
        v->has_tags = base64_hash(text_trim(bytes), &tags);
        r = v->has_tags ? 0 : err_set(e, ERR_CORRUPT, "tag-key is not of its form");
        if (v->has_tags) {
            tag_key_set(&v->tags, tags.b);
        }
        file_free(bytes);
    }
    return r;
}

/* Whether another process writes: then the newest entries may still be on their way. */
static bool is_live(int dir)
{
    int fd = openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool live = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0) {
        (void)close(fd);
    }
    return live;
}

static int load_checkpoint(struct verifier *v, struct err *e)
{
    int r = file_read(v->dir, "checkpoint", NOTE_MAX, &v->note, e);
    r = r ? r : checkpoint_verify(v->note, &v->key, &v->checkpoint, e);
    return r ? err_set(e, ERR_CORRUPT, "checkpoint: %.600s", err_text(e)) : 0;
}

static int open_sized(struct verifier *v, const char *name, int *ret_fd, uint64_t *ret_size,
                      struct err *e)
{
    struct stat st;
    *ret_fd = openat(v->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*ret_fd < 0 || fstat(*ret_fd, &st) != 0) {
        return errno == ENOENT ? err_set(e, ERR_CORRUPT, "%s: the file is missing", name)
                               : io_error(e, "open", name);
    }
    *ret_size = (uint64_t)st.st_size;
    return 0;
}

/* --- one leaf -----------------------------------------------------------------------------------
 */

static int note_leaf(uint64_t **list, size_t *count, size_t *capacity, uint64_t leaf, struct err *e)
{
    if (*count == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 64;
        uint64_t *larger = realloc(*list, more * sizeof *larger);
        if (!larger) {
            return err_set(e, ERR_MEMORY, "no memory to check the access log");
        }
        *list = larger;
        *capacity = more;
    }
    (*list)[(*count)++] = leaf;
    return 0;
}

/* What the words say and what the leaf says must go together. */
static int check_line(struct verifier *v, const struct record *record, const struct leaf *l,
                      struct err *e)
{
    struct audit_event event;
    struct err why = {0};
    uint64_t gone;
    struct tlog_hash commit = leaf_commit(v->sha, record->salt, record->line);
    if (!tlog_same(&commit, &l->commit)) {
        return verify_wrong(e, record->leaf, "its words are not those that the leaf commits to");
    }
    arena_reset(&v->arena);
    if (event_parse(record->line, &v->arena, &event, &why)) {
        return verify_wrong(e, record->leaf, "its words are not an entry of an access log");
    }
    if ((event.patient.n != 0) != (l->seq != 0)) {
        return verify_wrong(e, record->leaf, "its words and its leaf differ about the patient");
    }
    struct tlog_hash tag =
        v->has_tags && event.patient.n ? tag_of(&v->tags, v->sha, event.patient) : l->tag;
    if (!tlog_same(&tag, &l->tag)) {
        return verify_wrong(e, record->leaf, "it stands in the chain of another patient");
    }
    return event.kind == EVENT_ERASE && erasing_name_read(event.what, &gone)
               ? note_leaf(&v->told, &v->told_count, &v->told_capacity, gone, e)
               : 0;
}

static int check_leaf(struct verifier *v, const struct record *record, uint64_t offset,
                      struct err *e)
{
    struct leaf l;
    if (record->leaf != v->leaves) {
        return err_set(e, ERR_CORRUPT, "journal, byte %llu: here stands leaf %llu instead of %llu",
                       (unsigned long long)offset, (unsigned long long)record->leaf,
                       (unsigned long long)v->leaves);
    }
    if (!leaf_read(record->data, &l) || !tlog_same(&l.origin, &v->origin)) {
        return verify_wrong(e, v->leaves, "its leaf data are not those of a leaf of this log");
    }
    if (l.minute < v->minute) {
        return verify_wrong(e, v->leaves, "it is older than the leaf before it");
    }
    v->minute = l.minute;
    struct tlog_hash hash = sha_leaf(v->sha, record->data);
    const char *what = heads_reserve(&v->heads, 1)
                           ? heads_follow(&v->heads, &l, &hash, v->leaves, record->before)
                           : "there is no memory to check it";
    if (what) {
        return verify_wrong(e, v->leaves, what);
    }
    int r = record->flags & RECORD_ERASED
                ? note_leaf(&v->erased, &v->erased_count, &v->erased_capacity, v->leaves, e)
                : check_line(v, record, &l, e);
    r = r ? r : verify_index_row(v, offset, e);
    r = r ? r : verify_tile_leaf(v, &hash, e);
    v->leaves++;
    v->whole = record->flags & RECORD_LAST ? v->leaves : v->whole;
    return r ? r : verify_heads_at(v, offset + v->record_n, e);
}

static int check_journal(struct verifier *v, struct err *e)
{
    char head[JOURNAL_HEAD];
    struct journal_walk w;
    struct record record;
    if (v->journal_end < JOURNAL_HEAD ||
        read_at(v->journal, head, sizeof head, 0, "journal", e) != 0 ||
        !journal_head_good(text_make(head, sizeof head), &v->origin)) {
        return err_set(e, ERR_CORRUPT, "journal: it does not begin as that of the log %s",
                       v->key.name);
    }
    int r = journal_walk_begin(&w, v->journal, JOURNAL_HEAD, v->journal_end, e);
    r = r ? r : verify_heads_at(v, JOURNAL_HEAD, e);
    while (r == 0) {
        uint64_t offset = w.offset;
        r = journal_walk_next(&w, &record, e);
        v->record_n = w.offset - offset;
        r = r ? r : check_leaf(v, &record, offset, e);
    }
    journal_walk_end(&w);
    if (r == ERR_NOT_FOUND) {
        return 0;
    }
    /* Of a log that is being written the last records may be half there. */
    bool tail = v->live && v->leaves >= v->checkpoint.size && r == ERR_CORRUPT;
    if (tail) {
        return 0;
    }
    return r != ERR_CORRUPT || v->leaves < v->checkpoint.size
               ? r
               : err_set(e, r,
                         "%.500s (behind the last checkpoint: what a crash has left is cut off "
                         "when the node starts)",
                         err_text(e));
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static int check_erased(struct verifier *v, struct err *e)
{
    if (v->told_count) {
        qsort(v->told, v->told_count, sizeof *v->told, by_number);
    }
    for (size_t i = 0; i < v->erased_count; i++) {
        if (!v->told_count ||
            !bsearch(&v->erased[i], v->told, v->told_count, sizeof *v->told, by_number)) {
            return verify_wrong(e, v->erased[i],
                                "its words are gone, and no entry says that they were erased");
        }
    }
    return 0;
}

static int check_end(struct verifier *v, struct err *e)
{
    if (v->leaves < v->checkpoint.size) {
        return err_set(e, ERR_CORRUPT,
                       "the journal ends with %llu entries, but the checkpoint is signed for %llu",
                       (unsigned long long)v->leaves, (unsigned long long)v->checkpoint.size);
    }
    if (!v->live && v->whole != v->leaves) {
        return verify_wrong(e, v->leaves - 1, "it is not the last of its batch; more must follow");
    }
    if (!v->live && v->index_rows != v->leaves) {
        return err_set(e, ERR_CORRUPT, "index: it has %llu rows for %llu entries",
                       (unsigned long long)v->index_rows, (unsigned long long)v->leaves);
    }
    if (v->has_heads && !v->heads_checked && !v->live) {
        return err_set(
            e, ERR_CORRUPT, "heads: it speaks of %llu entries up to byte %llu, where no entry ends",
            (unsigned long long)v->heads_place.size, (unsigned long long)v->heads_place.offset);
    }
    return check_erased(v, e);
}

static int check_all(struct verifier *v, const struct audit_verify *ask, struct err *e)
{
    v->sha = sha_new();
    arena_init(&v->arena, (size_t)1 << 18);
    v->dir = open(ask->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!v->sha || v->dir < 0) {
        return io_error(e, "open", ask->dir);
    }
    v->writing = is_live(v->dir);
    v->live = v->writing || ask->after_crash;
    int r = load_key(v, ask->key, e);
    r = r ? r : load_secrets(v, e);
    r = r ? r : load_checkpoint(v, e);
    r = r ? r : verify_heads_open(v, e);
    uint64_t index_size = 0;
    r = r ? r : open_sized(v, "index", &v->index, &index_size, e);
    r = r ? r : open_sized(v, "journal", &v->journal, &v->journal_end, e);
    v->index_rows = index_size / 8;
    if (r == 0 && index_size % 8 && !v->live) {
        r = err_set(e, ERR_CORRUPT, "index: its length is not a multiple of 8");
    }
    r = r ? r : check_journal(v, e);
    r = r ? r : check_end(v, e);
    r = r ? r : verify_tiles_end(v, e);
    r = r ? r : verify_cosigned(v, &ask->policy, e);
    return r || !ask->since.n ? r : verify_since(v, ask->since, e);
}

int audit_verify(const struct audit_verify *ask, struct audit_verified *ret_verified, struct err *e)
{
    struct verifier *v = calloc(1, sizeof *v);
    if (!v) {
        return err_set(e, ERR_MEMORY, "no memory to check the access log");
    }
    v->dir = v->journal = v->index = -1;
    int r = check_all(v, ask, e);
    if (r == 0) {
        *ret_verified = (struct audit_verified){.leaves = v->leaves,
                                                .sealed = v->checkpoint.size,
                                                .patients = v->heads.count,
                                                .erased = v->erased_count,
                                                .since = v->since,
                                                .cosigned = v->cosigned,
                                                .cosigners = v->cosigners,
                                                .live = v->writing,
                                                .tags_checked = v->has_tags};
    }
    int files[] = {v->journal, v->index, v->dir};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i] >= 0) {
            (void)close(files[i]);
        }
    }
    sha_free(v->sha);
    arena_done(&v->arena);
    heads_done(&v->heads);
    heads_done(&v->saved);
    file_free(v->note);
    free(v->erased);
    free(v->told);
    free(v);
    return r;
}

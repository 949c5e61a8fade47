/* The reading side. */
#include "audit/audit_int.h"

#include "audit/files.h"

#include <stdlib.h>

uint64_t audit_size(struct audit *a)
{
    pthread_mutex_lock(&a->lock);
    uint64_t size = a->size;
    pthread_mutex_unlock(&a->lock);
    return size;
}

text audit_verifier_key(const struct audit *a)
{
    return buf_text(&a->key_text);
}

int audit_offset(struct audit *a, uint64_t leaf, uint64_t *ret_offset, struct err *e)
{
    char row[8];
    if (leaf >= audit_size(a)) {
        return err_set(e, ERR_NOT_FOUND, "the access log has no leaf %llu",
                       (unsigned long long)leaf);
    }
    if (a->tail && leaf >= a->tail_from) {
        *ret_offset = a->tail[leaf - a->tail_from];
        return 0;
    }
    int r = read_at(a->index, row, sizeof row, leaf * 8, "index", e);
    if (r == 0) {
        *ret_offset = get64(row);
    }
    return r;
}

int audit_record(struct audit *a, uint64_t leaf, char *to, struct record *ret_record,
                 uint64_t *ret_offset, size_t *ret_n, struct err *e)
{
    int r = audit_offset(a, leaf, ret_offset, e);
    r = r ? r : journal_read(a->journal, *ret_offset, to, ret_record, ret_n, e);
    if (r == 0 && ret_record->leaf != leaf) {
        r = err_set(e, ERR_CORRUPT,
                    "the index of the access log leads to leaf %llu instead of %llu",
                    (unsigned long long)ret_record->leaf, (unsigned long long)leaf);
    }
    return r;
}

/* What is shown is what was committed. */
static int open_record(const struct record *record, struct sha *sha, struct arena *arena,
                       struct audit_entry *ret_entry, struct err *e)
{
    struct leaf l;
    struct audit_entry entry = {.leaf = record->leaf,
                                .erased = (record->flags & RECORD_ERASED) != 0};
    if (!leaf_read(record->data, &l)) {
        return err_set(e, ERR_CORRUPT, "leaf %llu of the access log is not of its form",
                       (unsigned long long)record->leaf);
    }
    entry.patient_seq = l.seq;
    if (!entry.erased) {
        struct tlog_hash commit = leaf_commit(sha, record->salt, record->line);
        if (!tlog_same(&commit, &l.commit)) {
            return err_set(e, ERR_CORRUPT, "leaf %llu of the access log commits to other words",
                           (unsigned long long)record->leaf);
        }
        entry.line = arena_copy(arena, record->line);
        int r = entry.line.p ? event_parse(entry.line, arena, &entry.event, e)
                             : err_set(e, ERR_MEMORY, "no memory for an entry of the access log");
        if (r) {
            return r;
        }
    }
    *ret_entry = entry;
    return 0;
}

static int read_entry(struct audit *a, uint64_t leaf, struct sha *sha, struct arena *arena,
                      struct audit_entry *ret_entry, struct err *e)
{
    char bytes[RECORD_MAX];
    struct record record;
    uint64_t offset;
    size_t n;
    pthread_rwlock_rdlock(&a->erasing);
    int r = audit_record(a, leaf, bytes, &record, &offset, &n, e);
    pthread_rwlock_unlock(&a->erasing);
    return r ? r : open_record(&record, sha, arena, ret_entry, e);
}

static int with_sha(struct sha **ret_sha, struct err *e)
{
    *ret_sha = sha_new();
    return *ret_sha ? 0 : err_set(e, ERR_MEMORY, "no memory to read the access log");
}

int audit_read(struct audit *a, uint64_t leaf, struct arena *arena, struct audit_entry *ret_entry,
               struct err *e)
{
    struct sha *sha = NULL;
    int r = with_sha(&sha, e);
    r = r ? r : read_entry(a, leaf, sha, arena, ret_entry, e);
    sha_free(sha);
    return r;
}

/* --- chains ------------------------------------------------------------------------------------
 */

struct chain {
    struct audit_entry *entries;
    size_t count, capacity;
};

static int chain_add(struct audit *a, struct chain *c, uint64_t leaf, struct sha *sha,
                     struct arena *arena, struct err *e)
{
    struct audit_entry *larger =
        arena_grow(arena, c->entries, c->count, &c->capacity, sizeof *c->entries);
    if (!larger) {
        return err_set(e, ERR_MEMORY, "no memory for entries of the access log");
    }
    c->entries = larger;
    int r = read_entry(a, leaf, sha, arena, &c->entries[c->count], e);
    c->count += r == 0;
    return r;
}

/* The entry before one in its chain. */
static int step_back(struct audit *a, uint64_t *leaf, struct err *e)
{
    char head[RECORD_HEAD];
    uint64_t offset = 0;
    int r = audit_offset(a, *leaf, &offset, e);
    r = r ? r : read_at(a->journal, head, sizeof head, offset, "journal", e);
    if (r == 0 && (get64(head + 16) != *leaf || get64(head + 24) >= *leaf)) {
        r = err_set(e, ERR_CORRUPT, "leaf %llu of the access log does not say what came before it",
                    (unsigned long long)*leaf);
    }
    if (r == 0) {
        *leaf = get64(head + 24);
    }
    return r;
}

int audit_of_patient(struct audit *a, text patient, uint64_t before, size_t most,
                     struct arena *arena, struct audit_entry **ret_entries, size_t *ret_count,
                     uint64_t *ret_total, struct err *e)
{
    struct sha *sha = NULL;
    struct chain c = {0};
    uint64_t leaf = NO_LEAF, seq = 0;
    if (!a->has_tags) {
        return err_set(e, ERR_NOT_FOUND,
                       "without the file tag-key nobody can tell whose entries are whose");
    }
    int r = with_sha(&sha, e);
    if (r) {
        return r;
    }
    struct tlog_hash tag = tag_of(&a->tags, sha, patient);
    pthread_mutex_lock(&a->heads_lock);
    const struct head *head = patient.n ? heads_find(&a->heads, &tag) : NULL;
    if (head && head->shown_seq) {
        leaf = head->shown;
        seq = head->shown_seq;
    }
    pthread_mutex_unlock(&a->heads_lock);
    uint64_t total = seq;
    for (; r == 0 && seq && c.count < most; seq--) {
        r = seq < before ? chain_add(a, &c, leaf, sha, arena, e) : 0;
        r = r || seq == 1 ? r : step_back(a, &leaf, e);
    }
    sha_free(sha);
    if (r == 0) {
        *ret_entries = c.entries;
        *ret_count = c.count;
        *ret_total = total;
    }
    return r;
}

int audit_scan(struct audit *a, uint64_t before, size_t most, size_t look,
               bool (*wanted)(void *context, const struct audit_entry *entry), void *context,
               struct arena *arena, struct audit_entry **ret_entries, size_t *ret_count,
               uint64_t *ret_next, struct err *e)
{
    struct sha *sha = NULL;
    struct chain c = {0};
    uint64_t size = audit_size(a), at = before < size ? before : size;
    int r = with_sha(&sha, e);
    while (r == 0 && at && c.count < most && look) {
        struct arena_mark mark = arena_mark(arena);
        struct chain kept = c;
        r = chain_add(a, &c, at - 1, sha, arena, e);
        if (r == 0 && wanted && !wanted(context, &c.entries[c.count - 1])) {
            /* What is not wanted leaves nothing behind, but for an array that has just grown. */
            if (kept.capacity == c.capacity) {
                arena_rewind(arena, mark);
            }
            c.count--;
        }
        at--;
        look--;
    }
    sha_free(sha);
    if (r == 0) {
        *ret_entries = c.entries;
        *ret_count = c.count;
        *ret_next = at;
    }
    return r;
}

/* --- times -------------------------------------------------------------------------------------
 */

static int leaf_minute(struct audit *a, uint64_t leaf, uint64_t *ret_minute, struct err *e)
{
    char head[RECORD_HEAD + LEAF_SIZE];
    uint64_t offset = 0;
    struct leaf l;
    int r = audit_offset(a, leaf, &offset, e);
    r = r ? r : read_at(a->journal, head, sizeof head, offset, "journal", e);
    if (r == 0 && !leaf_read(text_make(head + RECORD_HEAD, LEAF_SIZE), &l)) {
        r = err_set(e, ERR_CORRUPT, "leaf %llu of the access log is not of its form",
                    (unsigned long long)leaf);
    }
    if (r == 0) {
        *ret_minute = l.minute;
    }
    return r;
}

uint64_t audit_at(struct audit *a, int64_t ms)
{
    struct err e = {0};
    uint64_t low = 0, high = audit_size(a), minute = 0;
    /* An event is written a moment after it happened: the minute after counts, too. */
    uint64_t wanted = ms < 0 ? 0 : (uint64_t)ms / 60000 + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (leaf_minute(a, middle, &minute, &e)) {
            return audit_size(a);
        }
        if (minute <= wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int64_t audit_newest_ms(struct audit *a)
{
    uint64_t size = audit_size(a), minute = 0;
    struct arena arena;
    struct audit_entry entry = {0};
    struct err e = {0};
    if (size == 0) {
        return INT64_MIN;
    }
    arena_init(&arena, (size_t)1 << 18);
    int r = audit_read(a, size - 1, &arena, &entry, &e);
    int64_t ms = entry.event.at_ms;
    arena_done(&arena);
    if (r == 0 && !entry.erased) {
        return ms;
    }
    return leaf_minute(a, size - 1, &minute, &e) == 0 ? (int64_t)(minute * 60000) : INT64_MIN;
}

/* --- writes that the log knows -------------------------------------------------------------------
 */

static uint64_t *version_place(uint64_t *slots, size_t capacity, uint64_t t)
{
    size_t at = (size_t)(t * 0x9E3779B97F4A7C15u >> 20) & (capacity - 1);
    while (slots[at] && slots[at] != t) {
        at = (at + 1) & (capacity - 1);
    }
    return &slots[at];
}

static bool version_add(struct audit *a, uint64_t t)
{
    if ((a->versions_count + 1) * 2 > a->versions_capacity) {
        size_t capacity = a->versions_capacity ? a->versions_capacity * 2 : 1024;
        uint64_t *larger = calloc(capacity, sizeof *larger);
        if (!larger) {
            return false;
        }
        for (size_t i = 0; i < a->versions_capacity; i++) {
            if (a->versions[i]) {
                *version_place(larger, capacity, a->versions[i]) = a->versions[i];
            }
        }
        free(a->versions);
        a->versions = larger;
        a->versions_capacity = capacity;
    }
    uint64_t *place = version_place(a->versions, a->versions_capacity, t);
    a->versions_count += *place == 0;
    *place = t;
    return true;
}

/* The versions of leaves from `leaf` on, that are not known yet. */
static int collect_versions(struct audit *a, uint64_t from, struct err *e)
{
    struct arena arena;
    struct sha *sha = NULL;
    uint64_t size = audit_size(a);
    int r = with_sha(&sha, e);
    if (!a->versions_known || from < a->versions_from || from > a->versions_to) {
        a->versions_from = a->versions_to = from;
        a->versions_known = true;
    }
    arena_init(&arena, (size_t)1 << 20);
    while (r == 0 && a->versions_to < size) {
        struct audit_entry entry = {0};
        arena_reset(&arena);
        r = read_entry(a, a->versions_to, sha, &arena, &entry, e);
        if (r == 0 && entry.event.version_t && !version_add(a, entry.event.version_t)) {
            r = err_set(e, ERR_MEMORY, "no memory to look through the access log");
        }
        a->versions_to += r == 0;
    }
    arena_done(&arena);
    sha_free(sha);
    return r;
}

int audit_has_write(struct audit *a, uint64_t t, int64_t since_ms, bool *ret_has, struct err *e)
{
    pthread_mutex_lock(&a->writes_lock);
    /* Two minutes of room for what was logged late or by a clock that was put back. */
    uint64_t from = audit_at(a, since_ms - 3 * 60000);
    int r = collect_versions(a, from, e);
    if (r == 0) {
        *ret_has =
            t && a->versions_capacity && *version_place(a->versions, a->versions_capacity, t) == t;
    }
    pthread_mutex_unlock(&a->writes_lock);
    return r;
}

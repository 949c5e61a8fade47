#include "audit/heads.h"

#include "audit/files.h"

#include <stdlib.h>

enum { ROW = 80, TOP = 32 };

static const char magic[8] = {'K', 'I', 'T', 'H', 'H', 'E', 'D', '1'};

void heads_done(struct heads *h)
{
    free(h->rows);
    *h = (struct heads){0};
}

/* Tags are made with a secret key: nobody can choose where they fall. */
static struct head *place_of(const struct heads *h, const struct tlog_hash *tag)
{
    uint64_t at;
    memcpy(&at, tag->b, sizeof at);
    at &= h->capacity - 1;
    while (h->rows[at].seq && memcmp(h->rows[at].tag.b, tag->b, TLOG_HASH) != 0) {
        at = (at + 1) & (h->capacity - 1);
    }
    return &h->rows[at];
}

bool heads_reserve(struct heads *h, size_t more)
{
    size_t capacity = h->capacity ? h->capacity : 1024;
    while ((h->count + more) * 4 > capacity * 3) {
        if (capacity > SIZE_MAX / 2 / sizeof *h->rows) {
            return false;
        }
        capacity *= 2;
    }
    if (capacity == h->capacity) {
        return true;
    }
    struct heads larger = {
        .rows = calloc(capacity, sizeof *h->rows), .capacity = capacity, .count = h->count};
    if (!larger.rows) {
        return false;
    }
    for (size_t i = 0; i < h->capacity; i++) {
        if (h->rows[i].seq) {
            *place_of(&larger, &h->rows[i].tag) = h->rows[i];
        }
    }
    free(h->rows);
    *h = larger;
    return true;
}

struct head *heads_find(const struct heads *h, const struct tlog_hash *tag)
{
    struct head *row = h->capacity ? place_of(h, tag) : NULL;
    return row && row->seq ? row : NULL;
}

struct head *heads_put(struct heads *h, const struct tlog_hash *tag)
{
    struct head *row = place_of(h, tag);
    if (!row->seq) {
        row->tag = *tag;
        h->count++;
    }
    return row;
}

const char *heads_follow(struct heads *h, const struct leaf *l, const struct tlog_hash *leaf_hash,
                         uint64_t leaf, uint64_t before)
{
    if (l->seq == 0) {
        return before == NO_LEAF ? NULL : "it is about no patient, but names an entry before it";
    }
    const struct head *old = heads_find(h, &l->tag);
    if (l->seq != (old ? old->seq + 1 : 1)) {
        return "its number is not the next one of its patient's chain";
    }
    if (old ? !tlog_same(&l->prev, &old->hash) : !hash_is_zero(&l->prev)) {
        return "it does not name the hash of the entry before it in its patient's chain";
    }
    if (before != (old ? old->leaf : NO_LEAF)) {
        return "it does not name the place of the entry before it in its patient's chain";
    }
    struct head *row = heads_put(h, &l->tag);
    *row = (struct head){.tag = l->tag,
                         .hash = *leaf_hash,
                         .seq = l->seq,
                         .leaf = leaf,
                         .shown = leaf,
                         .shown_seq = l->seq};
    return NULL;
}

/* --- the file: magic, size, offset, count of rows; rows; CRC-32 and four zeros ------------------
 */

static void row_write(const struct head *row, char *to)
{
    memcpy(to, row->tag.b, TLOG_HASH);
    memcpy(to + 32, row->hash.b, TLOG_HASH);
    put64(to + 64, row->seq);
    put64(to + 72, row->leaf);
}

int heads_save(const struct heads *h, const struct heads_place *place, int dir, struct err *e)
{
    size_t n = TOP + h->count * ROW + 8, at = TOP;
    char *bytes = calloc(1, n);
    if (!bytes) {
        return err_set(e, ERR_MEMORY, "no memory to save the ends of the log's chains");
    }
    memcpy(bytes, magic, sizeof magic);
    put64(bytes + 8, place->size);
    put64(bytes + 16, place->offset);
    put64(bytes + 24, h->count);
    for (size_t i = 0; i < h->capacity; i++) {
        if (h->rows[i].seq) {
            row_write(&h->rows[i], bytes + at);
            at += ROW;
        }
    }
    put32(bytes + at, crc_of(text_make(bytes, at)));
    int r = file_replace(dir, "heads", text_make(bytes, n), 0600, e);
    free(bytes);
    return r;
}

static int corrupt(struct err *e, const char *what)
{
    return err_set(e, ERR_CORRUPT, "the file heads of the log %s", what);
}

static int read_rows(struct heads *h, text bytes, uint64_t count, uint64_t size, struct err *e)
{
    if (!heads_reserve(h, count)) {
        return err_set(e, ERR_MEMORY, "no memory for the ends of the log's chains");
    }
    for (uint64_t i = 0; i < count; i++) {
        const char *p = bytes.p + TOP + i * ROW;
        struct head row = {.seq = get64(p + 64), .leaf = get64(p + 72)};
        memcpy(row.tag.b, p, TLOG_HASH);
        memcpy(row.hash.b, p + 32, TLOG_HASH);
        row.shown = row.leaf;
        row.shown_seq = row.seq;
        if (!row.seq || hash_is_zero(&row.tag) || row.leaf >= size || row.seq > row.leaf + 1) {
            return corrupt(e, "has a row that cannot be");
        }
        struct head *to = heads_put(h, &row.tag);
        if (to->seq) {
            return corrupt(e, "has a row twice");
        }
        *to = row;
    }
    return 0;
}

int heads_load(struct heads *h, struct heads_place *ret_place, int dir, struct err *e)
{
    text bytes = {0};
    int r = file_read(dir, "heads", HEADS_MAX, &bytes, e);
    if (r) {
        return r;
    }
    uint64_t count = bytes.n >= TOP ? get64(bytes.p + 24) : 0;
    if (bytes.n < TOP + 8 || memcmp(bytes.p, magic, sizeof magic) != 0 ||
        count != (bytes.n - TOP - 8) / ROW || bytes.n != TOP + count * ROW + 8) {
        r = corrupt(e, "is not of its form");
    } else if (get32(bytes.p + bytes.n - 8) != crc_of(text_first(bytes, bytes.n - 8)) ||
               get32(bytes.p + bytes.n - 4) != 0) {
        r = corrupt(e, "does not fit its checksum");
    } else {
        r = read_rows(h, bytes, count, get64(bytes.p + 8), e);
    }
    if (r == 0) {
        *ret_place = (struct heads_place){get64(bytes.p + 8), get64(bytes.p + 16)};
    } else {
        heads_done(h);
    }
    file_free(bytes);
    return r;
}

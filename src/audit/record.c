#include "audit/record.h"

#include <zlib.h>

static const char magic[8] = {'K', 'I', 'T', 'H', 'L', 'O', 'G', '1'};

/* --- numbers -----------------------------------------------------------------------------------
 */

void put64(char *to, uint64_t v)
{
    for (int i = 0; i < 8; i++) {
        to[i] = (char)(unsigned char)(v >> (8 * i));
    }
}

void put32(char *to, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (char)(unsigned char)(v >> (8 * i));
    }
}

uint64_t get64(const char *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) {
        v = v << 8 | (unsigned char)p[i];
    }
    return v;
}

uint32_t get32(const char *p)
{
    uint32_t v = 0;
    for (int i = 3; i >= 0; i--) {
        v = v << 8 | (unsigned char)p[i];
    }
    return v;
}

static void put64_big(char *to, uint64_t v)
{
    put64(to, __builtin_bswap64(v));
}

static uint64_t get64_big(const char *p)
{
    return __builtin_bswap64(get64(p));
}

uint32_t crc_of(text bytes)
{
    return (uint32_t)crc32_z(0, (const unsigned char *)bytes.p, bytes.n);
}

bool hash_is_zero(const struct tlog_hash *h)
{
    uint8_t any = 0;
    for (int i = 0; i < TLOG_HASH; i++) {
        any |= h->b[i];
    }
    return any == 0;
}

/* --- leaf data ---------------------------------------------------------------------------------
 */

void leaf_write(const struct leaf *l, char out[LEAF_SIZE])
{
    out[0] = LEAF_VERSION;
    memcpy(out + 1, l->origin.b, TLOG_HASH);
    put64_big(out + 33, l->minute);
    memcpy(out + 41, l->tag.b, TLOG_HASH);
    put64_big(out + 73, l->seq);
    memcpy(out + 81, l->prev.b, TLOG_HASH);
    memcpy(out + 113, l->commit.b, TLOG_HASH);
}

bool leaf_read(text data, struct leaf *ret_leaf)
{
    struct leaf l;
    if (data.n != LEAF_SIZE || data.p[0] != LEAF_VERSION) {
        return false;
    }
    memcpy(l.origin.b, data.p + 1, TLOG_HASH);
    l.minute = get64_big(data.p + 33);
    memcpy(l.tag.b, data.p + 41, TLOG_HASH);
    l.seq = get64_big(data.p + 73);
    memcpy(l.prev.b, data.p + 81, TLOG_HASH);
    memcpy(l.commit.b, data.p + 113, TLOG_HASH);
    if (hash_is_zero(&l.tag) != (l.seq == 0) || hash_is_zero(&l.prev) != (l.seq <= 1)) {
        return false;
    }
    *ret_leaf = l;
    return true;
}

struct tlog_hash leaf_commit(struct sha *s, text salt, text line)
{
    return sha_of(s, (text[]){salt, line}, 2);
}

void tag_key_set(struct tag_key *k, const uint8_t key[32])
{
    memset(k->inner, 0x36, sizeof k->inner);
    memset(k->outer, 0x5C, sizeof k->outer);
    for (int i = 0; i < 32; i++) {
        k->inner[i] = (char)(0x36 ^ key[i]);
        k->outer[i] = (char)(0x5C ^ key[i]);
    }
}

struct tlog_hash tag_of(const struct tag_key *k, struct sha *s, text patient)
{
    struct tlog_hash h = sha_of(s, (text[]){{k->inner, sizeof k->inner}, patient}, 2);
    return sha_of(s, (text[]){{k->outer, sizeof k->outer}, {(const char *)h.b, TLOG_HASH}}, 2);
}

/* --- records -----------------------------------------------------------------------------------
 */

size_t record_size(size_t line_n)
{
    return (RECORD_HEAD + LEAF_SIZE + line_n + 7) / 8 * 8;
}

size_t record_write(const struct record *r, char *out)
{
    size_t n = record_size(r->line.n), used = RECORD_HEAD + LEAF_SIZE + r->line.n;
    put32(out, (uint32_t)n);
    out[8] = (char)r->flags;
    out[9] = 1;
    out[10] = (char)LEAF_SIZE;
    out[11] = 0;
    put32(out + 12, (uint32_t)r->line.n);
    put64(out + 16, r->leaf);
    put64(out + 24, r->before);
    memcpy(out + 32, r->salt.p, SALT_SIZE);
    memcpy(out + RECORD_HEAD, r->data.p, LEAF_SIZE);
    memcpy(out + RECORD_HEAD + LEAF_SIZE, r->line.p, r->line.n);
    memset(out + used, 0, n - used);
    put32(out + 4, crc_of(text_make(out + 8, n - 8)));
    return n;
}

size_t record_length(text head)
{
    size_t n = head.n >= RECORD_HEAD ? get32(head.p) : 0;
    return n >= record_size(0) && n <= RECORD_MAX && n % 8 == 0 ? n : 0;
}

static bool all_zero(text t)
{
    char any = 0;
    for (size_t i = 0; i < t.n; i++) {
        any |= t.p[i];
    }
    return any == 0;
}

const char *record_read(text bytes, struct record *ret_record)
{
    if (bytes.n == 0 || record_length(bytes) != bytes.n) {
        return "its length is not that of a record";
    }
    if (get32(bytes.p + 4) != crc_of(text_from(bytes, 8))) {
        return "its checksum is not right";
    }
    size_t line_n = get32(bytes.p + 12);
    struct record r = {.leaf = get64(bytes.p + 16),
                       .before = get64(bytes.p + 24),
                       .flags = (unsigned char)bytes.p[8],
                       .salt = text_make(bytes.p + 32, SALT_SIZE),
                       .data = text_make(bytes.p + RECORD_HEAD, LEAF_SIZE)};
    bool erased = r.flags & RECORD_ERASED;
    if (r.flags > (RECORD_LAST | RECORD_ERASED) || bytes.p[9] != 1 ||
        (unsigned char)bytes.p[10] != LEAF_SIZE || bytes.p[11] != 0 || line_n > RECORD_LINE_MAX ||
        (erased ? line_n != 0 || !all_zero(r.salt) : record_size(line_n) != bytes.n)) {
        return "its head is not that of a record";
    }
    r.line = text_make(bytes.p + RECORD_HEAD + LEAF_SIZE, line_n);
    if (!all_zero(text_from(bytes, RECORD_HEAD + LEAF_SIZE + line_n))) {
        return "there is something behind its line";
    }
    *ret_record = r;
    return NULL;
}

void record_erase(char *bytes, size_t n)
{
    bytes[8] = (char)((unsigned char)bytes[8] | RECORD_ERASED);
    put32(bytes + 12, 0);
    memset(bytes + 32, 0, SALT_SIZE);
    memset(bytes + RECORD_HEAD + LEAF_SIZE, 0, n - RECORD_HEAD - LEAF_SIZE);
    put32(bytes + 4, crc_of(text_make(bytes + 8, n - 8)));
}

/* --- the journal's head ------------------------------------------------------------------------
 */

void journal_head_write(const struct tlog_hash *origin, char out[JOURNAL_HEAD])
{
    memset(out, 0, JOURNAL_HEAD);
    memcpy(out, magic, sizeof magic);
    memcpy(out + 8, origin->b, TLOG_HASH);
    put32(out + 60, crc_of(text_make(out, 60)));
}

bool journal_head_good(text head, const struct tlog_hash *origin)
{
    char expected[JOURNAL_HEAD];
    journal_head_write(origin, expected);
    return text_eq(head, text_make(expected, sizeof expected));
}

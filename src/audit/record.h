/*
 * The stored forms of the log: leaf data, and the records of the journal (docs/audit.md). Numbers
 * of leaf data are big-endian, those of files of this node little-endian.
 */
#ifndef KITH_AUDIT_RECORD_H
#define KITH_AUDIT_RECORD_H

#include "audit/tlog.h"
#include "base/err.h"

enum {
    LEAF_SIZE = 145,
    LEAF_VERSION = 1,
    SALT_SIZE = 32,
    JOURNAL_HEAD = 64, /* bytes before the first record */
    RECORD_HEAD = 64,  /* of a record, salt included */
    RECORD_LINE_MAX = 8192,
    RECORD_MAX = RECORD_HEAD + LEAF_SIZE + RECORD_LINE_MAX + 8,
};

#define NO_LEAF UINT64_MAX

struct leaf {
    struct tlog_hash origin; /* SHA-256 of the log's name */
    uint64_t minute;
    struct tlog_hash tag; /* zeros: about no patient */
    uint64_t seq;
    struct tlog_hash prev; /* leaf hash; zeros: none */
    struct tlog_hash commit;
};

void leaf_write(const struct leaf *l, char out[LEAF_SIZE]);
/* False: not this length or version, or seq, tag and prev that do not go together. */
bool leaf_read(text data, struct leaf *ret_leaf);

struct tlog_hash leaf_commit(struct sha *s, text salt, text line);

bool hash_is_zero(const struct tlog_hash *h);

/* HMAC-SHA256 with what comes of the key alone worked out beforehand. */
struct tag_key {
    char inner[64], outer[64];
};
void tag_key_set(struct tag_key *k, const uint8_t key[32]);
struct tlog_hash tag_of(const struct tag_key *k, struct sha *s, text patient);

/*
 * A record of the journal:
 *   0 u32 length of the whole record, a multiple of 8      4 u32 CRC-32 of what follows
 *   8 u8 flags     9 u8 version 1    10 u16 length of the leaf data     12 u32 length of the line
 *  16 u64 index of the leaf         24 u64 index of the leaf before it in the patient's chain
 *  32 salt        64 leaf data      then the line, then zeros
 * An erased record keeps its length; salt and line are zeros and the line's length is 0.
 */
enum { RECORD_LAST = 1 /* of its batch */, RECORD_ERASED = 2 };

struct record {
    uint64_t leaf;
    uint64_t before; /* NO_LEAF: none */
    unsigned flags;
    text salt; /* slices of what was read */
    text data;
    text line;
};

size_t record_size(size_t line_n);
/* Into out, which has record_size() bytes. Returns that. */
size_t record_write(const struct record *r, char *out);
/* The length of a record of which at least RECORD_HEAD bytes are there; 0: this is none. */
size_t record_length(text head);
/* `bytes` are exactly one record. NULL, or what is wrong with it in words. */
const char *record_read(text bytes, struct record *ret_record);
/* Takes salt and line out of a record, in place. */
void record_erase(char *bytes, size_t n);

void journal_head_write(const struct tlog_hash *origin, char out[JOURNAL_HEAD]);
bool journal_head_good(text head, const struct tlog_hash *origin);

uint32_t crc_of(text bytes);
void put64(char *to, uint64_t v);
void put32(char *to, uint32_t v);
uint64_t get64(const char *p);
uint32_t get32(const char *p);

#endif

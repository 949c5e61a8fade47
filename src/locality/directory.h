/*
 * The directory of a locality: who is a member, with which keys. A signed note whose text is
 * defined in docs/locality.md (D1 to D7). Pure: texts in, structures out. Structures are slices of
 * the text that they were read from, in an arena.
 */
#ifndef KITH_LOCALITY_DIRECTORY_H
#define KITH_LOCALITY_DIRECTORY_H

#include "audit/note.h"
#include "base/arena.h"

enum {
    DIRECTORY_MAX = 1 << 20, /* bytes of a note */
    DIRECTORY_MEMBERS_MAX = 1000,
    DIRECTORY_DAYS_MAX = 400,
    MEMBER_TLS_KEYS_MAX = 2,
};

/* X(NAME, code, words) */
#define MEMBER_KIND_TABLE(X)                   \
    X(GP, "gp", "GP practice")                 \
    X(HOSPITAL, "hospital", "hospital")        \
    X(COUNCIL, "council", "council")           \
    X(PHARMACY, "pharmacy", "pharmacy")        \
    X(PLATFORM, "platform", "health platform") \
    X(OTHER, "other", "other organisation")
enum member_kind {
#define MEMBER_KIND_ENUM(name, code, words) MEMBER_##name,
    MEMBER_KIND_TABLE(MEMBER_KIND_ENUM)
#undef MEMBER_KIND_ENUM
        MEMBER_KIND_COUNT
};
const char *member_kind_code(enum member_kind k);
const char *member_kind_words(enum member_kind k);
bool member_kind_find(text code, enum member_kind *ret_kind);
/* 1 to 9 of A-Z 0-9. */
bool directory_ods_valid(text ods);

struct member {
    text ods; /* 1 to 9 of A-Z 0-9 */
    enum member_kind kind;
    text url; /* "https://host[:port]", without a slash at the end */
    text name;
    struct note_key key; /* signs directories, statements, receipts: "kith.care/member/<ODS>" */
    struct note_key log; /* of its access log: "kith.care/log/<ODS>" */
    uint8_t tls[MEMBER_TLS_KEYS_MAX][32]; /* SHA-256 of the SubjectPublicKeyInfo */
    size_t tls_count;
};

/* Of one name, of which the signatures below a text are looked at: a key and the next, and some. */
enum { DIRECTORY_LINES_A_NAME = 4 };

struct removed {
    text ods;
    int64_t at_ms;
    text why;
};
struct ally {
    text name;
    uint8_t first[32]; /* SHA-256 of the text of its number 1 */
};

struct directory {
    text name; /* 1 to 60 bytes, no white space at its ends, no control characters */
    uint64_t number;
    uint64_t round; /* 1, 2 ...: a further one when those before can no longer come to a quorum */
    uint8_t previous[32]; /* all zero in number 1 */
    int64_t from_ms, until_ms;
    size_t quorum;
    struct member *members; /* in order of ODS code */
    size_t member_count;
    struct removed *removed;
    size_t removed_count;
    struct ally *allies;
    size_t ally_count;
    text body;        /* the text itself */
    uint8_t hash[32]; /* SHA-256 of it */
};

/* The text. ERR_INVALID: the structure breaks a rule of the form (order, quorum, names). */
int directory_print(const struct directory *d, struct buf *out, struct err *e);
/* Exactly that form, nothing else. ERR_SYNTAX with the line; ERR_TOO_LARGE. */
int directory_read(text body, struct arena *a, struct directory *ret, struct err *e);
/* The text of a note, without a look at its signatures. */
int directory_body(text note, text *ret_body, struct err *e);

/* NULL: none. */
const struct member *directory_member(const struct directory *d, text ods);
const struct member *directory_by_tls(const struct directory *d, const uint8_t spki[32]);

/* Who has signed a note of this text, with the keys of `by`: bits[i] of by->members[i]; returns how
 * many. Signatures that do not hold, or that others made, do not count. */
size_t directory_signers(text note, const struct directory *by, bool *bits);

/*
 * D1: whether a note may come into force after `before` (NULL: number 1). ERR_FORBIDDEN with what
 * is missing: "signed by 2 of 5 members; 3 are needed", "the new member X26 has not signed".
 */
int directory_follows(text note, const struct directory *next, const struct directory *before,
                      struct err *e);

#endif

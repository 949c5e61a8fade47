/*
 * The joined record: answers of several holders as one, with its manifest. docs/locality.md,
 * "The joined record", J1 to J6. Reading, merging and printing are pure.
 */
#ifndef KITH_LOCALITY_JOINED_H
#define KITH_LOCALITY_JOINED_H

#include "fhir/search.h"
#include "format/json.h"
#include "locality/ask.h"
#include "rest/joined.h"

enum {
    JOINED_ANSWER_BYTES = 8 << 20, /* of one holder, all pages together */
    JOINED_ENTRIES_MAX = 10000,    /* of one holder, all pages together */
    JOINED_PLACES_MAX = 40,        /* asked for one record, so that the manifest can be signed */
    JOINED_KEPT_S = 300,
    JOINED_KEPT_CALLER = 8, /* records of one caller whose pages are kept; the oldest goes */
};

/* A server of another make behind a member, of which that member has given entries: F6. */
enum { JOINED_BEHIND_MAX = 16 };
struct joined_behind {
    text name, base;
    size_t entries;
    bool all; /* it has answered, and nothing that it has is missing */
};

struct joined_part {
    text ods, name, base; /* of the custodian; base: its FHIR base, without a slash at the end */
    bool is_own, unwitnessed;
    enum ask_outcome outcome;
    const char *why;
    yyjson_val **bundles; /* its pages, as joined_read() passed them; none: it gave nothing */
    size_t bundle_count;
    bool more; /* it has more than was fetched: the whole is not whole */
    size_t
        copies; /* it was away: the bundles are copies of so many entries, as it last told them */
    const struct joined_behind *behind;
    size_t behind_count;
    text patient; /* of a server of another make: its id of the person; empty: it has nobody */
    uint32_t withheld;
    uint8_t body[32]; /* SHA-256 of the (first) answer as it came; is_own: zero */
    int64_t until_ms; /* the right to show it; is_own: INT64_MAX */
    int64_t took_ms;
};

/* Where an entry is besides: at another custodian, under this type and id. */
struct joined_also {
    const struct joined_part *part;
    text id;
};
struct joined_entry {
    yyjson_val *resource;
    const struct joined_part *part; /* who gave it */
    text base; /* its custodian's: part->base, or of the part whose entry this copy is (meta.source)
                */
    text type, id;                  /* at its custodian */
    const struct joined_also *also; /* other places of a true duplicate, part->base + type + id */
    size_t also_count;
    uint32_t alike; /* number of its group of likely duplicates, from 1 on; 0: none */
};

/*
 * J6: whether an answer may be used: a tree of one Bundle (searchset) whose entries are valid R4
 * (resource_check()), about this person and nobody else: each Patient in it is certainly this
 * person, and each entry of a type that belongs to patients is of such a Patient's compartment.
 * `patient`: the id at the holder, as its receipt has it; empty: then a Patient has to be among the
 * entries. `base`: the holder's. ERR_INVALID, ERR_TOO_LARGE, ERR_FORBIDDEN (another person).
 */
struct joined_reading {
    yyjson_val *bundle;
    size_t entries;   /* matches */
    bool unwitnessed; /* says of itself that no log of others knows of it */
    text next;        /* the paging token of the next page; empty: none */
    struct joined_behind *behind;
    size_t behind_count;
};
int joined_read(yyjson_val *bundle, const struct subject *s, text patient, text base,
                struct arena *a, struct joined_reading *ret, struct err *e);

/* Merged and in the order that the search asked for. Without one: the person first, then by date,
 * newest first, then what has none. */
int joined_merge(const struct joined_part *parts, size_t count, const struct plan_sort *sort,
                 size_t sort_count, struct arena *a, struct joined_entry **ret, size_t *ret_count,
                 struct err *e);

/* The Bundle: manifest first, at most `most` entries from `from` on; links of pages; Bundle.total
 * only when all have answered. Signed. */
struct joined_print {
    const struct joined_part *parts;
    size_t part_count;
    const struct joined_entry *entries;
    size_t entry_count;
    size_t from, most;
    text self_link, next_link; /* next_link empty: none */
    bool places_unasked;       /* L3: the home could not ask all, or could not be asked */
    text alone;   /* why nobody else was asked ("this node is in no locality"); empty: they were */
    text self;    /* ODS code; empty: this node has none */
    text patient; /* id here: `sub` of the manifest */
    const struct note_signer *signer; /* NULL: in no locality, so nothing is signed */
    int64_t now_ms;
};
int joined_print(const struct joined_print *p, struct arena *a, struct buf *out, struct err *e);
/*
 * Such a Bundle, read again by whoever has it in hand: its manifest is signed by a member, and what
 * it says to people (who answered, how many entries, total, the whole or a part) is what was
 * signed. The entries' own contents are not: a receipt's hash is of what its holder sent.
 * ERR_FORBIDDEN with why. ret's texts are slices of the tree and the arena; `issuer` is the
 * directory's.
 */
struct joined_verdict {
    const struct member *issuer;
    text patient;             /* "Patient/5": there */
    int64_t made_ms, ends_ms; /* the right to show it */
    bool whole;
};
int joined_verify(const yyjson_val *bundle, const struct directory *d, int64_t now_ms,
                  struct arena *a, struct joined_verdict *ret, struct err *e);

/* Whether all places have answered with all that they have. */
bool joined_whole(const struct joined_print *p);

struct joining;
/* `config`: as asking_open() had it; must outlive it, with `asking`. */
int joining_open(const struct asking_config *config, struct asking *asking, struct joining **ret,
                 struct err *e);
void joining_close(struct joining *j);
/* One request from start to end, also the next page (ask->token). ERR_NOT_FOUND: the page is not
 * kept (any more), or for somebody else. */
int joined_answer(struct joining *j, const struct joined_ask *ask, struct arena *a, struct buf *out,
                  struct err *e);
/* Pages of a person are given out no more: a choice or an entry of theirs has changed. */
void joining_forget(struct joining *j, text nhs_number);

#endif

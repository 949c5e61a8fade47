/*
 * A sheet is all that policy knows of one patient: relationships, choices, overrides, proxies and
 * the labelled entries. Made from the kept facts of the patient's compartment; immutable, so that
 * any number of threads may read it.
 */
#ifndef KITH_POLICY_SHEET_H
#define KITH_POLICY_SHEET_H

#include "base/hash.h"
#include "policy/facts.h"

struct sheet;

struct sheet_row {
    uint64_t rid;
    uint32_t past; /* labels that earlier versions of it had */
    fhir_type type;
    bool gone; /* it has been deleted */
    text id;   /* of the resource; only for types that policy is made of, else it may be empty */
    text facts;
};

/* Rows in order of rid, all of one compartment. `key`: parties are kept as hashes with it.
 * ERR_MEMORY, ERR_CORRUPT. */
int sheet_make(struct hash_key key, const struct sheet_row *rows, size_t count,
               struct sheet **ret_sheet, struct err *e);

/*
 * The same, with help for choices that name single entries: `find` gives the key of an entry of
 * this compartment by its name. Without it only rows that have an id are found; a refusal that
 * names an entry which is not found counts for the whole record.
 */
struct sheet_finder {
    bool (*find)(void *context, fhir_type type, text id, uint64_t *ret_rid);
    void *context;
};
int sheet_make_with(struct hash_key key, const struct sheet_row *rows, size_t count,
                    const struct sheet_finder *finder, struct sheet **ret_sheet, struct err *e);
/* NULL is allowed. */
void sheet_free(struct sheet *s);

/* The labels of an entry's current version. */
uint32_t sheet_labels(const struct sheet *s, uint64_t rid);

/* The entries that have labels, or that choices name: in order of key. 0 past the last. */
uint64_t sheet_marked(const struct sheet *s, size_t at);

/* --- what the pages tell of it --------------------------------------------------------------- */

enum sheet_kind {
    SHEET_RELATIONSHIP, /* a party may see the record */
    SHEET_CHOICE,       /* the patient's: shared, or not shared */
    SHEET_OVERRIDE,     /* opened with a reason, until `until_ms` */
    SHEET_PROXY,        /* a person acts for the patient */
};
enum relationship {
    RELATION_NONE,
    RELATION_SELF,         /* the patient */
    RELATION_PROXY,        /* acts for the patient */
    RELATION_REGISTRATION, /* the practice */
    RELATION_REFERRAL,
    RELATION_ADMISSION, /* an encounter that is under way, or ended a short while ago */
    RELATION_CARE_TEAM,
    RELATION_APPOINTMENT,
    RELATION_GRANT,    /* the patient said so */
    RELATION_CLAIMED,  /* by the professional, with a reason */
    RELATION_OVERRIDE, /* in an emergency, with a reason */
    RELATION_DUTY,     /* the task needs none: privacy officers, systems, the node */
    RELATION_COUNT
};
const char *relationship_words(enum relationship r);

struct sheet_entry {
    enum sheet_kind kind;
    enum relationship relation; /* of a relationship */
    uint64_t rid;               /* of the resource that says so */
    int64_t from_ms;            /* INT64_MIN: always */
    int64_t until_ms;           /* INT64_MAX: no end */
    uint32_t categories;        /* of a choice: which; 0: the whole record */
    uint32_t purposes;          /* of a choice: 1 << enum purpose; 0: all */
    uint32_t functions;         /* of a proxy: enum proxy_function */
    bool permit;                /* of a choice */
    bool firm;                  /* of a choice: holds against an override, too */
};
enum proxy_function { PROXY_VIEW = 1, PROXY_BOOK = 2, PROXY_ORDER = 4, PROXY_MESSAGE = 8 };

/* Whether a person ("Patient/x") is written down as one who acts for the patient, now or at another
 * time. */
bool sheet_has_proxy(const struct sheet *s, struct hash_key key, text person);
size_t sheet_count(const struct sheet *s);
const struct sheet_entry *sheet_entry(const struct sheet *s, size_t at);
/* The first moment after `now_ms` at which what is decided about the patient may be another one by
 * the clock alone: something begins or ends, or a birthday comes. INT64_MAX: never. */
int64_t sheet_steady_until(const struct sheet *s, int64_t now_ms);
/* Birth date as ms (of a year or month alone its beginning), INT64_MIN: not known. */
int64_t sheet_birth(const struct sheet *s);

#endif

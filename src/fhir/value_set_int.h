/*
 * Inside value_set*.c and term_*.c: what a compiled value set is made of.
 *
 * A set is what its includes have and its excludes have not. An include is one system's part (a
 * list, a bit a concept, or everything) met with the value sets that it names.
 */
#ifndef KITH_FHIR_VALUE_SET_INT_H
#define KITH_FHIR_VALUE_SET_INT_H

#include "base/hash.h"
#include "fhir/value_set.h"

#define SNOMED "http://snomed.info/sct"
#define LOINC "http://loinc.org"

enum { VALUE_SET_DEPTH_MOST = 24, VALUE_SET_IMPORTS_MOST = 1000 };

/* A concept that a list names. */
struct value_set_entry {
    text code;
    text display;            /* of the list; empty: the system's */
    text version;            /* of an expansion */
    const yyjson_val *value; /* with its designations and extensions */
    uint32_t next;           /* in the table; entry + 1 */
};

enum value_set_kind {
    VALUE_SET_WHOLE,   /* of the system, or without one everything that the imports have */
    VALUE_SET_LIST,    /* entries */
    VALUE_SET_BITS,    /* of the concepts of the system */
    VALUE_SET_UNITS,   /* of UCUM, those with one dimension */
    VALUE_SET_MISSING, /* cannot be told */
};

struct value_set_part {
    enum value_set_kind kind;
    text system;               /* empty: of the imports alone */
    text version;              /* that was asked for, or that a rule of the request gave */
    const struct codes *codes; /* NULL: none, or not here */
    bool from_expansion;
    struct value_set_entry *entries;
    size_t entry_count;
    uint32_t *table; /* hash of the code -> entry + 1 */
    size_t table_size;
    struct hash_key table_key; /* random */
    uint64_t *bits;
    text units;                       /* what they have in common, in UCUM's base units */
    const struct value_set **imports; /* an item is NULL where it is not here */
    size_t import_count;
    bool
        hierarchic; /* the whole system, or what is below one concept: an expansion may be nested */
};

struct value_set {
    text url, version;
    const yyjson_val *root;
    struct value_set_part *includes, *excludes;
    size_t include_count, exclude_count;
    bool active_only;  /* compose.inactive is false */
    bool is_contained; /* in the one that imports it */
    struct err problem;
    text missing_system; /* the canonical of what is not here */
    text missing_set;
    unsigned depth;
};

/* Rules of a request about versions (R4 valueset-operation-expand.html). */
enum value_set_rule_kind {
    VALUE_SET_DEFAULT, /* system-version: where nothing says which */
    VALUE_SET_CHECK,   /* check-system-version: another one is an error */
    VALUE_SET_FORCE,   /* force-system-version: whatever is said */
    VALUE_SET_DEFAULT_SET,
    VALUE_SET_EXCLUDE, /* exclude-system */
};
struct value_set_rule {
    enum value_set_rule_kind kind;
    text url, version;
};
struct value_set_rules {
    const struct value_set_rule *items;
    size_t count;
};

/* What is being compiled. */
struct value_set_making {
    struct defs *defs;
    struct arena *arena;
    struct value_set_rules rules;
    const yyjson_val *holder; /* whose contained resources may be named as #id */
    unsigned depth;
    unsigned *imports; /* so far, of all */
    int64_t deadline;  /* clock_mono_ns(); past it ERR_TOO_COSTLY */
};

/* With rules everything that is imported is compiled anew, in the arena. */
int value_set_make(const struct value_set_making *m, const yyjson_val *root,
                   struct value_set **ret_set, struct err *e);
/* The tree of a value set that its address alone describes. */
int value_set_implicit_tree(text canonical, struct arena *a, yyjson_val **ret_root, struct err *e);
int value_set_no_memory(struct err *e);
/* ERR_TOO_COSTLY past the deadline; 0: none. Others that wait for this processor go first. */
int value_set_in_time(int64_t deadline, struct err *e);
/* What compiling one may take, all its imports together: others wait for it. */
int64_t value_set_making_ends(void);
/* The version that the rules leave of what an include says. ERR_INVALID: a check fails. */
int value_set_version_of(struct value_set_rules rules, text system, text said, text *ret_version,
                         struct err *e);

/* --- parts ------------------------------------------------------------------------------------ */

/* A list: entries are taken from an array of objects with a `code`. */
int value_set_list(struct value_set_part *p, const yyjson_val *concepts, struct arena *a,
                   struct err *e);
/* Builds the table over entries that are there. */
int value_set_index(struct value_set_part *p, struct arena *a, struct err *e);
const struct value_set_entry *value_set_entry(const struct value_set_part *p, text code);
/* From expansion.contains: one part a system. */
int value_set_stated(struct value_set *s, const yyjson_val *expansion, struct arena *a,
                     struct err *e);
/* The bits of an include's filters; `place` names the include in errors. */
int value_set_filters(const struct value_set_making *m, struct value_set_part *p,
                      const yyjson_val *filters, text place, struct err *e);

static inline bool value_set_bit(const uint64_t *bits, uint32_t concept)
{
    return bits[concept / 64] >> (concept % 64) & 1;
}

/* What stands behind a YES. */
struct value_set_found {
    const struct value_set_part *part;
    const struct value_set_entry *entry; /* NULL: not of a list */
    const struct codes *codes;           /* NULL: none */
    uint32_t concept;
    text system;
};
enum value_set_answer value_set_find(const struct value_set *s, text system, text version,
                                     text code, struct arena *a, struct value_set_found *ret_found);
/* One include or exclude alone. */
enum value_set_answer value_set_part_has(const struct value_set_part *p, text system, text version,
                                         text code, struct arena *a,
                                         struct value_set_found *ret_found);

/*
 * Calls visit for each code, each once, in the order of definition. ERR_NOT_FOUND: a part is not
 * here; ERR_TOO_COSTLY: a part is made by a grammar and cannot be listed, or the deadline
 * (clock_mono_ns(); 0: none) is past.
 */
struct value_set_member {
    text system, version, code;
    struct value_set_found found;
};
int value_set_each(const struct value_set *s, int64_t deadline, struct arena *a,
                   int (*visit)(void *context, const struct value_set_member *m, struct err *e),
                   void *context, struct err *e);

#endif

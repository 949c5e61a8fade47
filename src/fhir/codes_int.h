/* For codes*.c alone: how an image of codes is laid out, and what the builder holds. */
#ifndef KITH_FHIR_CODES_INT_H
#define KITH_FHIR_CODES_INT_H

#include "base/hash.h"
#include "fhir/codes.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are read where they lie");

/*
 * An image: a header, then the sections, each from a multiple of 8 on. All numbers are 32 bits,
 * little-endian. A text is its number in CODES_TEXT; number 0 is the empty one. A section X_AT has
 * one number more than there are X's owners: the rows of owner i are X[X_AT[i]] .. X[X_AT[i + 1]].
 */
enum codes_section {
    CODES_HEAP,           /* the bytes of all texts */
    CODES_TEXT,           /* where each begins, and the end */
    CODES_CONCEPT,        /* struct codes_concept_row */
    CODES_SLOT,           /* a hash table of codes: concept + 1; 0: free */
    CODES_PARENT_AT,      /* by concept */
    CODES_PARENT,         /* ascending */
    CODES_CHILD_AT,       /* by concept */
    CODES_CHILD,          /* ascending */
    CODES_ANCESTOR_AT,    /* by concept */
    CODES_ANCESTOR,       /* ascending */
    CODES_DESIGNATION_AT, /* by concept */
    CODES_DESIGNATION,    /* struct codes_designation_row */
    CODES_USE,            /* struct codes_use_row */
    CODES_NAME,           /* texts: the codes of properties, in the order of their bytes */
    CODES_DEFINITION,     /* struct codes_definition_row */
    CODES_PROPERTY_AT,    /* by concept */
    CODES_PROPERTY,       /* struct codes_property_row */
    CODES_CODING_ROW,     /* struct codes_coding_row */
    CODES_WITH_KEY,       /* struct codes_with_row, ascending */
    CODES_WITH_AT,        /* by key */
    CODES_WITH,           /* concepts, ascending */
    CODES_SET,            /* concepts that are reference sets, ascending */
    CODES_MEMBER_AT,      /* by reference set */
    CODES_MEMBER,         /* concepts, ascending */
    CODES_WORD_HEAP,      /* the bytes of all words */
    CODES_WORD_AT,        /* where each word begins, in the order of their bytes, and the end */
    CODES_POSTING_AT,     /* by word */
    CODES_POSTING,        /* numbers of terms, ascending: see codes_term_base() */
    CODES_SECTIONS
};

struct codes_concept_row {
    uint32_t code, display, definition, status, flags;
};
struct codes_designation_row {
    uint32_t value, use;
};
struct codes_use_row {
    uint32_t language, system, code, display;
};
struct codes_definition_row {
    uint32_t code, uri, kind;
};
struct codes_property_row {
    uint32_t name_kind; /* number of its name << 4 | CODES_OF_CONCEPT | enum codes_kind */
    uint32_t value;     /* a text; of a Coding its row; CODES_OF_CONCEPT: a concept */
    uint32_t group;
};
struct codes_coding_row {
    uint32_t system, code, display;
};
struct codes_with_row {
    uint32_t name, value;
};
enum { CODES_KIND_BITS = 4, CODES_KIND_MASK = 7, CODES_OF_CONCEPT = 8 };

enum { CODES_ABOUT_TEXTS = 9 };
enum { CODES_IS_CASE_SENSITIVE = 1, CODES_IS_EXPERIMENTAL = 2, CODES_IS_VERSION_NEEDED = 4 };
enum { CODES_FORMAT = 1 };

struct codes_header {
    char magic[8];
    uint32_t format;
    uint32_t sections;
    uint64_t size; /* of the image: a file that was cut is told by it */
    uint64_t key[2];
    uint32_t count; /* concepts */
    uint32_t flags; /* CODES_IS_ */
    uint32_t content;
    uint32_t about[CODES_ABOUT_TEXTS];
    struct {
        uint64_t at; /* from the beginning of the image */
        uint64_t n;  /* rows */
    } section[CODES_SECTIONS];
    uint64_t check; /* of all before it */
};

/* Bytes of a row. */
extern const uint8_t codes_row_size[CODES_SECTIONS];
extern const char codes_magic[8];
uint64_t codes_header_check(const struct codes_header *h);
/* The nine texts of what an image is about, in the order of codes_header.about. */
void codes_about_texts(struct codes_about *about, text *ret_places[CODES_ABOUT_TEXTS]);

struct codes {
    struct codes_about about;
    struct hash_key key;
    const char *heap;
    const uint32_t *text_at;
    const struct codes_concept_row *concepts;
    const struct codes_designation_row *designations;
    const struct codes_use_row *uses;
    const struct codes_definition_row *definitions;
    const struct codes_property_row *properties;
    const struct codes_coding_row *codings;
    const struct codes_with_row *with_keys;
    const char *word_heap;
    const uint32_t *numbers[CODES_SECTIONS]; /* of the sections whose rows are one number */
    size_t n[CODES_SECTIONS];
};

static inline text codes_text(const struct codes *c, uint32_t number)
{
    uint32_t at = c->text_at[number];
    return (text){c->heap + at, c->text_at[number + 1] - at};
}

/* Of a code, by the rule about case. */
uint32_t codes_hash(struct hash_key key, text code, bool case_sensitive);

/* The terms of a concept are numbered from this on: its display, then its designations. */
static inline uint32_t codes_term_base(const struct codes *c, uint32_t concept)
{
    return concept + c->numbers[CODES_DESIGNATION_AT][concept];
}

/* --- the builder --------------------------------------------------------------------------- */

/* Texts, each once, numbered from 0 in the order of their coming. */
struct codes_texts {
    char *heap;
    size_t heap_n, heap_capacity;
    uint32_t *at;   /* capacity + 1 */
    uint32_t *hash; /* capacity */
    size_t n, capacity;
    uint32_t *slots; /* number + 1; 0: free */
    size_t slot_count;
    struct hash_key key;
};
void codes_texts_init(struct codes_texts *s);
void codes_texts_done(struct codes_texts *s);
/* 0, ERR_MEMORY or ERR_TOO_LARGE. */
int codes_texts_put(struct codes_texts *s, text t, uint32_t *ret_number);
uint32_t codes_texts_find(const struct codes_texts *s, text t); /* or CODES_NONE */
static inline text codes_texts_get(const struct codes_texts *s, uint32_t number)
{
    return (text){s->heap + s->at[number], s->at[number + 1] - s->at[number]};
}

/* Rows of some numbers each. */
struct codes_rows {
    uint32_t *p;
    size_t n, capacity; /* numbers */
};
/* 0 or ERR_MEMORY. */
int codes_rows_add(struct codes_rows *r, const uint32_t *row, size_t width);

struct codes_build {
    struct codes_about about; /* its texts are not kept */
    uint32_t about_text[CODES_ABOUT_TEXTS];
    int failed; /* the first error */
    struct codes_texts texts;
    struct codes_rows concepts;      /* struct codes_concept_row */
    struct codes_rows concept_of;    /* by text: the concept with this code */
    struct codes_rows parents;       /* concept, parent */
    struct codes_rows designations;  /* concept, value, use */
    struct codes_texts uses;         /* struct codes_use_row */
    struct codes_texts names;        /* numbers of texts */
    struct codes_rows definitions;   /* struct codes_definition_row */
    struct codes_rows properties;    /* concept, name << 4 | kind, value, group */
    struct codes_texts codings;      /* struct codes_coding_row */
    struct codes_rows members;       /* reference set, concept */
    struct codes_texts words;        /* the index of words, while it is made */
    struct codes_rows word_postings; /* word, term */
};
static inline size_t codes_build_count(const struct codes_build *b)
{
    return b->concepts.n / (sizeof(struct codes_concept_row) / sizeof(uint32_t));
}

/* The sections as they are made. */
struct codes_image {
    struct codes_header header;
    struct {
        const void *p;
        void *own; /* to be freed */
    } section[CODES_SECTIONS];
};
int codes_image_make(struct codes_build *b, bool words, struct codes_image *ret_image,
                     struct err *e);
int codes_image_write(const struct codes_image *image,
                      int (*write)(void *context, text bytes, struct err *e), void *context,
                      struct err *e);
void codes_image_done(struct codes_image *image);
/* Makes room for n rows of a section; NULL: no memory. */
void *codes_image_room(struct codes_image *image, enum codes_section s, size_t n);

/*
 * Rows of `width` numbers, the first of which is below `keys`, in the order of it, stable:
 * ret_at (keys + 1) and ret_rows without the first number.
 */
void codes_group(const uint32_t *rows, size_t count, size_t width, size_t keys, uint32_t *ret_at,
                 uint32_t *ret_rows);
/* Pairs, both of whose numbers are below `below`, as the sections `at` (by the first number) and
 * at + 1 (the second, ascending, each once). 0 or ERR_MEMORY. */
int codes_group_pairs(struct codes_image *image, enum codes_section at, const uint32_t *pairs,
                      size_t count, size_t below);

/* CODES_ANCESTOR_AT, CODES_ANCESTOR from CODES_PARENT_AT, CODES_PARENT, CODES_CHILD*. */
int codes_closure(const struct codes_build *b, struct codes_image *image, struct err *e);
/* CODES_WORD_HEAP ... CODES_POSTING; CODES_DESIGNATION* are there. */
int codes_words_make(struct codes_build *b, struct codes_image *image);

/* An image in the arena, opened. */
int codes_build_into(struct codes_build *b, bool words, struct arena *a,
                     const struct codes **ret_codes, struct err *e);

/* --- CodeSystem resources ------------------------------------------------------------------ */

enum codes_role { /* what a property means, of http://hl7.org/fhir/concept-properties */
                  CODES_ROLE_NONE,
                  CODES_ROLE_PARENT,
                  CODES_ROLE_CHILD,
                  CODES_ROLE_INACTIVE,
                  CODES_ROLE_STATUS,
                  CODES_ROLE_NOT_SELECTABLE,
                  CODES_ROLE_DEPRECATED,
};
/* The members property of a CodeSystem, by the code of each its role: for codes_role_of(). */
struct codes_roles {
    struct codes_texts codes;
    struct codes_rows role; /* by number */
};
int codes_roles_make(struct codes_build *b, const yyjson_val *definitions,
                     struct codes_roles *ret_roles);
void codes_roles_done(struct codes_roles *roles);
enum codes_role codes_role_of(const struct codes_roles *roles, text code);
/* The members designation and property of a concept. */
void codes_take_designations(struct codes_build *b, uint32_t concept, const yyjson_val *list);
void codes_take_properties(struct codes_build *b, uint32_t concept, const yyjson_val *list);
/* A member of CodeSystem.property. False: it has no code. */
bool codes_take_definition(const yyjson_val *v, struct codes_property_definition *ret_definition);
/* One of the property's values. False: it has none. */
bool codes_take_property(const yyjson_val *v, struct codes_property *ret_property);

enum { CODES_DEPTH_MOST = 256 }; /* concepts within concepts */

/* Concepts from which on an image in memory has an index of words: below, looking at each is as
 * fast as anyone can type. */
enum { CODES_WORDS_FROM = 5000 };

#endif

/*
 * What a resource is found by: its index entries, extracted in one pass by the R4 search
 * parameters.
 *
 * A search parameter of a type has a number, stable for ever because stores keep it:
 *     number = type << 8 | ordinal among the parameters of that type by name (0x00 .. 0xEF)
 * 0xF0 .. 0xFF of each type are Kith's own (enum index_own).
 *
 * An entry is (param, value). Values are bytes whose memcmp order is the order of what they are:
 *
 *   token      the code, ASCII letters in lower case, shortened by index_shorten(); the store
 *              appends 0x00 and the number it has given to the system (nothing when there is none).
 *              A concept with text and no coding: INDEX_BYTES, 0x02 and the folded text, shortened
 *   string     folded by index_fold() (of at most the first 1024 bytes), shortened; phonetic
 *              parameters too
 *   uri        index_uri(): well-known beginnings are one byte, then shortened; no order
 *   date       class (1 byte) | start (7 bytes, ms since 0001-01-01T00:00Z, big-endian) | length in
 *              ms (big-endian, as many bytes as needed; 8 of 0xFF for an open end). A start of 0 is
 *              an open one, so that what begins at 0001-01-01T00:00Z begins 1 ms later. The class
 *              is that of the length, so that a search for overlap reads a bounded stretch: 0 up to
 *              25 h, 1 up to 32 days, 2 up to 400 days, 3 longer or open. Of a Timing only the
 *              outer limits count
 *   number     index_decimal()
 *   quantity   INDEX_QUANTITY: index_decimal() of the number as written, and the unit as one text
 *              (index_unit()), which the store makes a number of and puts in front: so one unit's
 *              quantities are one ordered stretch. What 5 mg finds in grams is found by asking for
 *              each unit that the store knows (plan_quantity_range()). Comparators ("<5") are not
 *              looked at
 *   reference  type and id, or the URL; the store makes a number of it. A canonical with a version
 *              gives two: the URL alone and URL|version (a uri parameter does the same); one of the
 *              form Type/id gives these as well. The identifier of a Reference: INDEX_IDENTIFIER,
 *              as a token
 *   near       latitude + 90 and longitude + 180 in units of 1e-7 degrees, 4 bytes each, big-endian
 *
 * An element that a parameter stands for, and that gives none of these (a Reference with a display
 * alone ...), gives INDEX_BYTES, one byte 0x01: so that :missing knows of it.
 *
 * The time zone of dates without one is UTC.
 */
#ifndef KITH_FHIR_INDEX_H
#define KITH_FHIR_INDEX_H

#include "base/arena.h"
#include "base/err.h"
#include "fhir/resource.h"

enum search_type {
    SEARCH_NUMBER,
    SEARCH_DATE,
    SEARCH_STRING,
    SEARCH_TOKEN,
    SEARCH_REFERENCE,
    SEARCH_COMPOSITE,
    SEARCH_QUANTITY,
    SEARCH_URI,
    SEARCH_SPECIAL,
};

/* One part of a composite parameter. */
struct search_component {
    uint8_t type; /* enum search_type */
    uint16_t
        param; /* the type's parameter whose entries hold all of this part's; 0: there is none */
    text code; /* of that parameter's definition, for errors: "code" */
};

struct search_composite {
    const struct search_component *components;
    uint8_t count;
    bool whole; /* the parts are of the resource itself, each as its parameter takes it: then the
                   composite is exactly the AND of its parts */
    uint16_t contexts; /* for index_extract.c: where its tables begin */
};

struct search_param {
    text name;       /* "subject" */
    uint16_t number; /* type << 8 | ordinal */
    uint8_t type;    /* enum search_type */
    bool stored;     /* has entries of its own. Not: unions, composites, _text, _content, _id,
                        _lastUpdated */
    bool implied;    /* 'patient' and 'subject': see struct index */
    bool facet; /* few different values: the store keeps all facets of a resource in one entry */
    bool dated; /* its entries carry index.when */
    bool identifiers; /* a token of identifiers: their type's texts are not in index.displays */
    const uint16_t *parts; /* a union ("combo-code"): numbers of the stored parameters whose entries
                              together are exactly its own; ended by 0. NULL: not one */
    const struct search_composite *composite; /* NULL: not one */
    text expression;                          /* FHIRPath of the definition, for this type */
    text url;                                 /* canonical URL of the definition */
    const fhir_type *targets; /* references: allowed target types, ended by 0; NULL: any */
};

/*
 * What is known beside the tables: the node's own address, and the parameters that people have
 * added. Immutable; shared between threads.
 */
struct search_customs; /* fhir/search_custom.h */
struct index_rules {
    text base;                            /* this node's FHIR base, to know its own addresses */
    const struct search_customs *customs; /* NULL: none */
};

/* Kith's own parameters of each type, in the low byte of the number. */
enum index_own {
    INDEX_LAST_UPDATED =
        0xF0, /* of every current version: value is its t. Also the list of the type */
    INDEX_SUPERSEDED = 0xF1, /* of every older version and every deletion: value is its t */
    INDEX_MEMBER = 0xF2,     /* type << 8 | this: further patient compartments that it belongs to */
    INDEX_FACETS = 0xF3,     /* all facets of a resource in one entry; the store makes it */
};

/* NULL when the type has no such parameter. Finds the parameters of all resources (_id, _profile
 * ...) too. customs may be NULL. */
const struct search_param *search_param_of(const struct search_customs *customs, fhir_type type,
                                           text name);
/* The standard's of a type by name; *ret_count of them. */
const struct search_param *search_params(fhir_type type, size_t *ret_count);
/* By number; NULL: there is none. Own numbers (enum index_own) have none. */
const struct search_param *search_param_by_number(const struct search_customs *customs,
                                                  uint16_t number);

/* Whether a reference parameter may lead to resources of the type. */
bool search_may_target(const struct search_param *param, fhir_type type);

enum index_kind {
    INDEX_BYTES,      /* value is complete */
    INDEX_TOKEN,      /* value: the code; system: its URI or empty */
    INDEX_REFERENCE,  /* value: the id (target != 0) or the URL (target == 0) */
    INDEX_QUANTITY,   /* value: index_decimal(); system: index_unit() */
    INDEX_IDENTIFIER, /* of a Reference: as INDEX_TOKEN */
};

struct index_entry {
    uint16_t param;
    uint8_t kind;
    fhir_type target;
    text value;
    text system;
};

/*
 * All entries of one resource, sorted by (param, kind, value, system, target) without duplicates.
 *
 * home: the id of the patient in whose compartment the resource is kept: a Patient's own id; else
 * the first patient found by the type's parameters in CompartmentDefinition/patient, in their order
 * there ('patient' and 'subject' first); for a patient who is elsewhere, the URL. Empty: no patient
 * (shared, or unattributed). members: further patients by the same definition.
 *
 * 'implied' parameters: where the parameter holds the home patient and nothing else, no entry is
 * made, since the key says it. Where a resource has a home and its implied parameter does not hold
 * the home patient, the entry (param, INDEX_BYTES, one byte 0x00) marks the exception. Other
 * targets get entries as usual; the home patient gets none, also beside others. Texts point into
 * the resource's tree, the arena or constants.
 */
struct index {
    struct index_entry *entries;
    size_t count;
    text home;
    text *members;
    size_t member_count;
    int64_t when; /* index_when() of the one value of the type's principal date; INDEX_WHEN_NONE */
    /* What people read beside codes: for :text. In order of (code, system, words), each once. */
    struct index_display *displays;
    size_t display_count;
    uint64_t generation; /* of rules->customs; 0: there were none */
};

/* A folded text (shortened to INDEX_VALUE_MAX) that stands beside a token: Coding.display and
 * CodeableConcept.text with each coding. Not those of identifiers. */
struct index_display {
    text words;
    text code; /* index_code() */
    text system;
};

/*
 * The principal date of a type (Observation.date, Condition.onset-date ...: search_when()) in one
 * number, kept beside a resource and its dated entries, so that "this code, newest first" needs no
 * body: ms since 1970 << 2 | kind. Exact unless the kind is OTHER.
 */
#define INDEX_WHEN_NONE INT64_MIN /* no value, several, or a start that is open */
enum index_when_kind {
    INDEX_WHEN_SECOND, /* [start, start + 1 s) */
    INDEX_WHEN_MS,     /* [start, start + 1 ms) */
    INDEX_WHEN_DAY,    /* [start, start + 24 h) */
    INDEX_WHEN_OTHER,  /* another length: look at the entry of the parameter itself */
};
/* start and end in ms since 0001, as index_date() gives them. */
int64_t index_when(int64_t start, int64_t end);
/* Back: false when the end is not known (OTHER) or there is none; *ret_start is set for OTHER too.
 */
bool index_when_read(int64_t when, int64_t *ret_start, int64_t *ret_end);
/* The number of the type's principal date parameter; 0: it has none. */
uint16_t search_when(fhir_type type);

/* rules: 0 or ERR_MEMORY. */
int index_extract(const struct resource *r, const struct index_rules *rules, struct arena *a,
                  struct index *ret_index);
/*
 * The entries of one parameter alone, also of one that is not stored (unions); no markers, nothing
 * implied: every value as the expression gives it. For sorts, includes and checks.
 */
int index_extract_one(const struct resource *r, const struct index_rules *rules,
                      const struct search_param *param, struct arena *a,
                      struct index_entry **ret_entries, size_t *ret_count);

/*
 * Of one parameter that people have added, what index_extract() finds for it: its entries with
 * their marks, and their displays. home, members and when stay empty.
 */
int index_extract_added(const struct resource *r, const struct index_rules *rules,
                        const struct search_param *param, struct arena *a, struct index *ret_index);

/* The folded words of the narrative (_text) or of all texts of the resource, narrative included
 * (_content), one space between them. Strings of codes, ids, URIs, dates and base64 are not texts;
 * displays are. p == NULL: no memory. */
text index_words(const struct resource *r, bool narrative_only, struct arena *a);

/*
 * The forms of values, for extraction and queries alike. Results live in the arena, or are the
 * argument itself (or a part of it) where nothing had to change; p == NULL: no memory.
 */
enum { INDEX_VALUE_MAX = 120 };

/* Values longer than INDEX_VALUE_MAX - 32 keep a prefix of that length, then 0x01 and 16 bytes of
 * SHA-256. */
text index_shorten(text value, struct arena *a);
/*
 * Case, accents and width folded by utf8proc (NFKD, marks dropped, casefold) and a few letters
 * besides (ł, ø, đ, æ ...); apostrophes and full stops vanish, other punctuation and runs of white
 * space become one space, none at the ends.
 */
text index_fold(text value, struct arena *a);
/* What an entry keeps of a string or a display, before it is folded: at most the first
 * INDEX_STRING_MAX bytes, whole characters. */
enum { INDEX_STRING_MAX = 1024 };
static inline text index_beginning(text value)
{
    return text_short(value, INDEX_STRING_MAX);
}
/*
 * A URI with its well-known beginning ("http://hl7.org/fhir/StructureDefinition/" ...) as one byte
 * below 0x20, which no URI has, then shortened. Equal exactly when the URIs are; the order is not
 * theirs.
 */
text index_uri(text uri, struct arena *a);
/* The i-th well-known beginning; false: there are no more. */
bool index_uri_start(size_t i, text *ret_start);
/* The same for tokens: ASCII letters to lower case, then shortened. */
text index_code(text code, struct arena *a);
/*
 * Order-preserving bytes of a decimal such as -12.50e3; trailing zeros do not matter. No encoding
 * is the start of another. Exact up to 64 significant digits (further ones are cut) and exponents
 * of +-10^9. p == NULL: not a decimal.
 */
text index_decimal(text decimal, struct arena *a);
/* A unit as one text: system, code and unit name, 0x1F between; parts of more than 100 bytes are
 * shortened. */
text index_unit(text system, text code, text name, struct arena *a);

/* A FHIR date, dateTime or instant (whole or partial) as [start, end) in ms since
 * 0001-01-01T00:00Z. */
bool index_date(text value, int64_t *ret_start, int64_t *ret_end);
/* INT64_MIN and INT64_MAX stand for the open ends of a Period. */
text index_date_value(int64_t start, int64_t end, struct arena *a);
/* Back from a date entry's value. False: not one. */
bool index_date_read(text value, int64_t *ret_start, int64_t *ret_end);

/* The classes of lengths in ms, inclusive; the last one holds the open ones as well. */
enum { INDEX_DATE_CLASSES = 4 };
int64_t index_date_class_least(unsigned length_class);
int64_t index_date_class_most(unsigned length_class);
/* class | start: what all entries of a class from this start on are not before. */
text index_date_bound(unsigned length_class, int64_t start, struct arena *a);

/* ms since 0001 of ms since 1970, and back. INT64_MIN and INT64_MAX stay. */
int64_t index_ms_from_1970(int64_t ms_since_1970);
int64_t index_ms_to_1970(int64_t ms_since_0001);

#endif

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
 *              appends 0x00 and the number it has given to the system (nothing when there is none)
 *   string     folded by index_fold() (of at most the first 1024 bytes), shortened; phonetic
 *              parameters too
 *   uri        index_uri(): well-known beginnings are one byte, then shortened; no order
 *   date       class (1 byte) | start (7 bytes, ms since 0001-01-01T00:00Z, big-endian) | length in
 *              ms (big-endian, as many bytes as needed; 8 of 0xFF for an open end). A start of 0 is
 *              an open one. The class is that of the length, so that a search for overlap reads a
 *              bounded stretch: 0 up to 25 h, 1 up to 32 days, 2 up to 400 days, 3 longer or open.
 *              Of a Timing only the outer limits count
 *   number     index_decimal()
 *   quantity   index_decimal() | 0x00 | unit code or unit text | 0x00 | system URI; a unit of more
 *              than 30 bytes and a system of more than 48 leave 0x01 and 16 bytes of their SHA-256.
 *              Comparators ("<5") are not looked at
 *   reference  type and id, or the URL; the store makes a number of it. A canonical with a version
 *              gives two: the URL alone and URL|version (a uri parameter does the same)
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

struct search_param {
    text name;       /* "subject" */
    uint16_t number; /* type << 8 | ordinal */
    uint8_t type;    /* enum search_type */
    bool indexed;    /* false: composite and special ones, which this version does not answer */
    bool implied;    /* 'patient' and 'subject': see struct index */
    text expression; /* FHIRPath of the definition, for this type */
    text url;        /* canonical URL of the definition */
    const fhir_type *targets; /* references: allowed target types, ended by 0; NULL: any */
};

/* Kith's own parameters of each type, in the low byte of the number. */
enum index_own {
    INDEX_LAST_UPDATED =
        0xF0, /* of every current version: value is its t. Also the list of the type */
    INDEX_SUPERSEDED = 0xF1, /* of every older version and every deletion: value is its t */
    INDEX_MEMBER = 0xF2,     /* type << 8 | this: further patient compartments that it belongs to */
};

/* NULL when the type has no such parameter. Finds the parameters of all resources (_id, _profile
 * ...) too. */
const struct search_param *search_param_of(fhir_type type, text name);
/* All of a type by name; *ret_count of them. */
const struct search_param *search_params(fhir_type type, size_t *ret_count);

enum index_kind {
    INDEX_BYTES,     /* value is complete */
    INDEX_TOKEN,     /* value: the code; system: its URI or empty */
    INDEX_REFERENCE, /* value: the id (target != 0) or the URL (target == 0) */
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
};

/* base: this node's FHIR base, to know its own absolute addresses. 0 or ERR_MEMORY. */
int index_extract(const struct resource *r, text base, struct arena *a, struct index *ret_index);

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
/*
 * A URI with its well-known beginning ("http://hl7.org/fhir/StructureDefinition/" ...) as one byte
 * below 0x20, which no URI has, then shortened. Equal exactly when the URIs are; the order is not
 * theirs.
 */
text index_uri(text uri, struct arena *a);
/* The same for tokens: ASCII letters to lower case, then shortened. */
text index_code(text code, struct arena *a);
/*
 * Order-preserving bytes of a decimal such as -12.50e3; trailing zeros do not matter. No encoding
 * is the start of another. Exact up to 64 significant digits (further ones are cut) and exponents
 * of +-10^9. p == NULL: not a decimal.
 */
text index_decimal(text decimal, struct arena *a);
/* The value of a quantity entry. p == NULL: not a decimal, or no memory. */
text index_quantity(text number, text unit, text system, struct arena *a);
/* Whether a quantity entry's value has this unit and this system; empty ones are any. */
bool index_quantity_accepts(text value, text unit, text system);

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

/*
 * What a resource is found by: its index entries, extracted in one pass by the R4 search parameters.
 *
 * A search parameter of a type has a number, stable for ever because stores keep it:
 *     number = type << 8 | ordinal among the parameters of that type by name (0x00 .. 0xEF)
 * 0xF0 .. 0xFF of each type are Kith's own (enum index_own).
 *
 * An entry is (param, value). Values are bytes whose memcmp order is the order of what they stand for:
 *   token      the code, ASCII letters in lower case, shortened by index_shorten(); the store appends 0x00 and the
 *              number it has given to the system (nothing when there is none)
 *   string     folded (case, accents, white space, punctuation as R4 search.html#string), shortened
 *   uri        the characters, shortened
 *   date       class (1 byte) | start (7 bytes, ms since 0001-01-01T00:00Z, big-endian) | length in ms (big-endian, as
 *              many bytes as needed). The class is that of the length, so that a search for overlap reads a bounded
 *              stretch: 0 up to 25 h, 1 up to 32 days, 2 up to 400 days, 3 longer or open
 *   number     index_decimal(): exact, any size, any precision
 *   quantity   index_decimal() | 0x00 | unit code or unit text | 0x00 | system URI
 *   reference  type and id, or the URL; the store makes a number of it
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
    text name;        /* "subject" */
    uint16_t number;  /* type << 8 | ordinal */
    uint8_t type;     /* enum search_type */
    bool indexed;     /* false: composite and special ones, which this version does not answer */
    bool implied;     /* 'patient' and 'subject': see struct index */
    text expression;  /* FHIRPath of the definition, for this type */
    text url;         /* canonical URL of the definition */
    const fhir_type *targets; /* references: allowed target types, ended by 0; NULL: any */
};

/* Kith's own parameters of each type, in the low byte of the number. */
enum index_own {
    INDEX_LAST_UPDATED = 0xF0, /* of every current version: value is its t. Also the list of the type */
    INDEX_SUPERSEDED = 0xF1,   /* of every older version and every deletion: value is its t */
    INDEX_MEMBER = 0xF2,       /* type << 8 | this: further patient compartments that it belongs to */
};

/* NULL when the type has no such parameter. Finds the parameters of all resources (_id, _profile ...) too. */
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
 * home: the id of the patient in whose compartment the resource is kept: a Patient's own id; else the first
 * patient found by the type's parameters in CompartmentDefinition/patient, in their order there ('patient' and 'subject'
 * first); for a patient who is elsewhere, the URL. Empty: no patient (shared, or unattributed).
 * members: further patients by the same definition.
 *
 * 'implied' parameters: where the parameter holds the home patient and nothing else, no entry is made, since
 * the key says it. Where a resource has a home and its implied parameter does not hold the home patient, the
 * entry (param, INDEX_BYTES, one byte 0x00) marks the exception. Other targets get entries as usual.
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

/* The forms of values, for extraction and queries alike. All results live in the arena; p == NULL: no memory. */
enum { INDEX_VALUE_MAX = 120 };

/* Values longer than INDEX_VALUE_MAX - 32 keep a prefix of that length, then 0x01 and 16 bytes of SHA-256. */
text index_shorten(text value, struct arena *a);
/* Case, accents and width folded, runs of white space one space, by utf8proc (NFKD, marks dropped, casefold). */
text index_fold(text value, struct arena *a);
/* The same for tokens: ASCII letters to lower case, then shortened. */
text index_code(text code, struct arena *a);
/* Order-preserving bytes of a decimal such as -12.50e3; trailing zeros do not matter. p == NULL: not a decimal. */
text index_decimal(text decimal, struct arena *a);

/* A FHIR date, dateTime or instant (whole or partial) as [start, end) in ms since 0001-01-01T00:00Z. */
bool index_date(text value, int64_t *ret_start, int64_t *ret_end);
text index_date_value(int64_t start, int64_t end, struct arena *a);
/* Back from a date entry's value. False: not one. */
bool index_date_read(text value, int64_t *ret_start, int64_t *ret_end);
/* ms since 1970 of ms since 0001 and back. */
int64_t index_ms_from_1970(int64_t ms_since_1970);

/* INT64_MIN and INT64_MAX stand for the open ends of a Period. */

#endif

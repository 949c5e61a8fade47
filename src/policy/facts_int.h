/*
 * The form of facts, for the files of policy/:
 *
 *     facts  = version (1 byte: FACTS_VERSION) | labels (4 bytes) | item ...
 *     item   = kind | detail | flags (a byte each) | from | until | written (8 bytes each)
 *              | categories | purposes (4 bytes each) | n (2 bytes) | n bytes of a name
 *
 * Numbers are little-endian. What a member means depends on the kind.
 */
#ifndef KITH_POLICY_FACTS_INT_H
#define KITH_POLICY_FACTS_INT_H

#include "policy/facts.h"
#include "policy/sheet.h"
#include "policy/types.h"

enum { FACTS_VERSION = 1, FACTS_HEAD = 5, FACTS_ITEM = 37, FACTS_NAME_MAX = 2048 };

enum fact_kind {
    FACT_HELD = 1, /* until */
    FACT_PARTY,    /* detail: bit of the label; name: the party; empty: not understood */
    FACT_BIRTH,    /* from, until: the birthday is between */
    FACT_RELATION, /* detail: enum relationship; name: the party; empty: the resource itself */
    FACT_CHOICE,   /* flags: enum fact_choice; categories, purposes; name: the party, or empty */
    FACT_INSTANCE, /* name: an entry that the choice before it is about */
    FACT_OVERRIDE, /* name: the party */
    FACT_PROXY,    /* detail: functions; flags: enum fact_basis; written; name: the party */
    FACT_DEATH,    /* from: INT64_MIN: it is not known when */
    FACT_KEPT,     /* only operations write the resource: facts_kept(); detail: 1: a request */
    FACT_AUTHOR,   /* name: who answered a form, where that is a patient or somebody of theirs */
    FACT_OWN,      /* marked as the patient's own entry; detail: enum own_fault; name: whose, or the
                      element at fault */
    FACT_ABOUT,    /* name: the entry ("Observation/5") that this is said about */
    FACT_KINDS
};
enum own_fault {
    OWN_RIGHT,
    OWN_OTHER_NAME,
    OWN_MISSING,
    OWN_NOT_THEIRS,
    OWN_OTHER_VALUE,
    OWN_FAULTS
};
enum fact_choice {
    CHOICE_PERMIT = 1,
    CHOICE_FIRM = 2,
    CHOICE_BY_SELF = 4,    /* written by the patient alone */
    CHOICE_OF_ENTRIES = 8, /* instances follow */
    CHOICE_FLAGS = 15
};
enum fact_basis { BASIS_PARENT, BASIS_ATTORNEY, BASIS_DEPUTY, BASIS_CARER, BASIS_COUNT };

struct fact {
    uint8_t kind;
    uint8_t detail;
    uint8_t flags;
    int64_t from;
    int64_t until;
    int64_t written;
    uint32_t categories;
    uint32_t purposes;
    text name;
};

/* facts_form.c: reading. False: not of this form. */
bool facts_open(text facts, uint32_t *ret_labels, text *ret_items);
/* 1: *ret_fact; 0: the end; -1: not of this form. */
int facts_next(text *items, struct fact *ret_fact);

/* ... and writing. */
struct facts_writer {
    struct buf out;
    size_t items;
    text self; /* "Patient/x" of the resource, where it has an id; else its id is empty */
    bool too_many;
};
void facts_add(struct facts_writer *w, const struct fact *f);

/* facts_labels.c: labels, and the facts about them. */
uint32_t facts_take_labels(fhir_type type, const yyjson_val *root, const struct label_rules *rules,
                           struct facts_writer *w);
/* facts_care.c: relationships from care data. */
void facts_take_care(fhir_type type, const yyjson_val *root, struct facts_writer *w);
/* facts_own.c: whether an entry is in the patient's own words. */
void facts_take_own(fhir_type type, const yyjson_val *root, struct facts_writer *w);
bool facts_own(text facts, struct fact *ret_own);
/* facts_consent.c */
int facts_take_consent(const yyjson_val *root, struct facts_writer *w, struct err *e);

/* --- looking at a resource (facts_look.c) ----------------------------------------------------- */

/* The name of whom a Reference means ("Practitioner/x"), as far as this node can know it: an
 * address elsewhere as it is; empty: nobody that could be known. Points into the tree. */
text look_party(const yyjson_val *reference);
/* The same of somebody who is refused: whose name an address elsewhere ends with is refused, too.
 * The address may be this node's own, which policy does not know. */
text look_refused(const yyjson_val *reference);
/* A Period: false when it is there and no Period. Open ends are INT64_MIN and INT64_MAX. */
bool look_period(const yyjson_val *period, int64_t *ret_from, int64_t *ret_until);
/* A date or dateTime as ms since 1970: its beginning and its end. */
bool look_date(const yyjson_val *value, int64_t *ret_start, int64_t *ret_end);
bool look_is(const yyjson_val *value, text word);
/* Whether an array of CodeableConcepts (or one) has the coding; *ret_code: the first code of the
 * system, empty: none. */
bool look_concept(const yyjson_val *concepts, text system, text *ret_code);
/* The first extension with the address, from `after` (NULL: the beginning) on. */
const yyjson_val *look_extension(const yyjson_val *element, text url, const yyjson_val *after);
/* The first of an array's items, or a value that is no array itself; then the next. */
struct look {
    const yyjson_val *at;
    size_t left;
};
struct look look_items(const yyjson_val *value);
const yyjson_val *look_next(struct look *l);

#endif

/*
 * A patient summary of a record (International Patient Summary, http://hl7.org/fhir/uv/ips, 1.1 and
 * 2.0): what of the record belongs in which section, and the Composition with its narratives. Pure:
 * the record comes as trees, and what is made goes to a buffer.
 */
#ifndef KITH_FHIR_SUMMARY_H
#define KITH_FHIR_SUMMARY_H

#include "base/arena.h"
#include "base/buf.h"
#include "fhir/model.h"
#include "format/json.h"

#define SUMMARY_PROFILES "http://hl7.org/fhir/uv/ips/StructureDefinition/"

/* In the order of the document. */
enum summary_section {
    SUMMARY_MEDICATIONS, /* these three are required: an entry says it where there is nothing */
    SUMMARY_ALLERGIES,
    SUMMARY_PROBLEMS,
    SUMMARY_IMMUNIZATIONS, /* recommended: always there, with emptyReason where there is nothing */
    SUMMARY_PROCEDURES,
    SUMMARY_DEVICES,
    SUMMARY_RESULTS,
    SUMMARY_VITAL_SIGNS, /* optional: left out where there is nothing */
    SUMMARY_SOCIAL_HISTORY,
    SUMMARY_PAST_ILLNESS,
    SUMMARY_FUNCTIONAL_STATUS,
    SUMMARY_PLAN_OF_CARE,
    SUMMARY_PREGNANCY,
    SUMMARY_ADVANCE_DIRECTIVES,
    SUMMARY_SECTIONS,
};
#define SUMMARY_REQUIRED (SUMMARY_PROBLEMS + 1)
#define SUMMARY_RECOMMENDED (SUMMARY_RESULTS + 1)

/* A resource of the record; the tree is one that resource_check() has passed. */
struct summary_item {
    fhir_type type;
    text id;
    const yyjson_val *root;
    int64_t changed; /* ms since 1970: decides between two of one date */
};

struct summary_ask {
    const yyjson_val *patient;
    text patient_id;
    text base;        /* of this node's addresses, without a closing slash: base/Type/id */
    text author;      /* fullUrl of the organisation whose node this is */
    text author_name; /* for people; may be empty */
    text document;    /* a UUID: id of the Composition and, as urn:uuid:, its fullUrl */
    text absent[SUMMARY_REQUIRED]; /* UUIDs of what says that there is nothing */
    int64_t now_ms;
    const struct summary_item *items;
    size_t count;
    /* The root of a resource by its reference (Type/id), for the names of medicines and devices;
     * NULL: not here. May be NULL. */
    const yyjson_val *(*find)(void *context, text reference);
    void *context;
};

struct summary_chosen {
    const struct summary_item **items; /* newest first */
    size_t count;
    size_t dropped; /* older ones past the section's maximum */
    bool ended;     /* the record has such things, and all of them are over */
};

struct summary {
    struct summary_chosen sections[SUMMARY_SECTIONS];
};

/* Whether resources of a type can be in a section. */
bool summary_takes(fhir_type type);

/*
 * Chooses what is active and relevant, of this patient: nothing entered in error, refuted or not
 * done; no medicine that has been stopped; what is over among the past illnesses; of observations
 * and reports the latest of each code. 0 or ERR_MEMORY.
 */
int summary_choose(const struct summary_ask *ask, struct arena *a, struct summary *ret_summary);

/* The Composition. A buffer that is full becomes failed. */
int summary_composition(const struct summary_ask *ask, const struct summary *s, struct buf *out);
/* Whether a required section has nothing, and so an entry that says that. */
static inline bool summary_is_absent(const struct summary *s, enum summary_section section)
{
    return (unsigned)section < (unsigned)SUMMARY_REQUIRED && s->sections[section].count == 0;
}
/* That entry: code of http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips. */
void summary_absent(const struct summary_ask *ask, enum summary_section section, struct buf *out);

#endif

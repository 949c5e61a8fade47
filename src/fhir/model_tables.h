/*
 * The shape of the generated tables (spec/gen_model.py writes model_tables.c). Only fhir/ includes
 * this.
 *
 * A model_type is a resource type, a primitive type, a datatype, or the part of one (a backbone
 * element, named by its path, as "Observation.component"). Resource types come first, with their
 * fhir_type as index; then the primitive types and the datatypes that need code of their own, in
 * the order of the enum below.
 */
#ifndef KITH_FHIR_MODEL_TABLES_H
#define KITH_FHIR_MODEL_TABLES_H

#include "fhir/model.h"

enum model_type_number {
    MODEL_NONE,
    MODEL_RESOURCE_LAST = 146,
    MODEL_BASE64_BINARY, /* primitive types: the generator checks the order */
    MODEL_BOOLEAN,
    MODEL_CANONICAL,
    MODEL_CODE,
    MODEL_DATE,
    MODEL_DATE_TIME,
    MODEL_DECIMAL,
    MODEL_ID,
    MODEL_INSTANT,
    MODEL_INTEGER,
    MODEL_MARKDOWN,
    MODEL_OID,
    MODEL_POSITIVE_INT,
    MODEL_STRING,
    MODEL_TIME,
    MODEL_UNSIGNED_INT,
    MODEL_URI,
    MODEL_URL,
    MODEL_UUID,
    MODEL_XHTML,
    MODEL_CODEABLE_CONCEPT, /* datatypes with rules of their own */
    MODEL_CODING,
    MODEL_ELEMENT, /* what `_name` holds: id and extension */
    MODEL_EXTENSION,
    MODEL_META,
    MODEL_REFERENCE,
    MODEL_RESOURCE, /* a resource of any type; has no elements of its own */
    MODEL_DATATYPE_FIRST,
};

enum {
    MODEL_REPEATS = 1,      /* flag: an array in JSON */
    MODEL_BARE = 2,         /* flag: a primitive that cannot have extensions: no `_name` */
    MODEL_SUMMARY = 4,      /* flag: stays in _summary=true (R4 search.html#summary) */
    MODEL_REQUIRED = 8,     /* flag: 1..; of a choice: each of its elements */
    MODEL_TARGET_WORDS = 3, /* 64-bit words of a set of resource types */
    MODEL_WIDEST = 256,     /* no type has more elements, choices counted one by one */
    MODEL_CHOICES = 8,      /* no type has more choices */
};

/* A string of the pool: offset << 8 | length. */
typedef uint32_t model_name;

struct model_element {
    model_name name;  /* in JSON: "valueQuantity" */
    uint16_t type;    /* index of model_types */
    uint16_t codes;   /* index of model_code_sets of a required binding; 0: none */
    uint16_t targets; /* index of model_targets: what a Reference may point to; 0: anything */
    uint8_t flags;
    uint8_t choice; /* 0, or the number of the choice in its type: value[x] is one */
};

struct model_type {
    model_name name;
    uint16_t first;    /* of its elements in model_elements, in the order of the definition */
    uint16_t count;    /* of them */
    uint16_t required; /* first of its required ones in model_required */
    uint8_t required_count;
    uint8_t slot_bits;   /* 1 << slot_bits slots in model_slots */
    uint32_t first_slot; /* a slot is 0 (free) or 1 + index of an element in the type */
    uint64_t seed;       /* of the hash of names: see model_hash() */
};

/* A set of codes: one system after another. */
struct model_code_set {
    model_name name; /* of the value set, for messages */
    uint16_t first;  /* of its systems in model_systems */
    uint16_t count;
};

struct model_system {
    model_name url;
    uint16_t first; /* of its codes in model_codes, which are in byte order */
    uint16_t count;
};

extern const char model_pool[];
extern const struct model_type model_types[];
extern const unsigned model_type_count;
extern const struct model_element model_elements[];
extern const uint16_t model_slots[];
/* Indices of elements within their type; with the high bit: numbers of choices. */
extern const uint16_t model_required[];
extern const uint64_t model_targets[][MODEL_TARGET_WORDS];
extern const struct model_code_set model_code_sets[];
extern const struct model_system model_systems[];
extern const model_name model_codes[];
extern const uint8_t model_resource_slots[]; /* a resource type's number by the hash of its name */
extern const uint64_t model_resource_seed;
extern const uint64_t model_patient_compartment[MODEL_TARGET_WORDS];

enum { MODEL_RESOURCE_SLOT_BITS = 9 };

static inline text model_text(model_name name)
{
    return (text){model_pool + (name >> 8), name & 0xff};
}

static inline bool model_in_set(const uint64_t set[MODEL_TARGET_WORDS], fhir_type type)
{
    return type <= MODEL_RESOURCE_LAST && (set[type >> 6] >> (type & 63) & 1);
}

/* An element of a type by its name in JSON, or NULL. */
const struct model_element *model_find(const struct model_type *type, text name);

/* Whether a code is in one system of a set; system.p == NULL: in any of them. */
bool model_has_code(uint16_t code_set, text system, text code);
/* Whether a code set takes codes from a system. */
bool model_has_system(uint16_t code_set, text system);

#endif

/*
 * The tables behind index.h and search.h, made by spec/gen_search.py. Only index_*.c and search_*.c
 * look at them.
 *
 * What to take from a resource stands in one trie a type, keyed by JSON member names; arrays need
 * no node. An edge may carry a filter on the element that it leads to. A leaf says which parameter
 * takes what there.
 */
#ifndef KITH_FHIR_SEARCH_TABLES_H
#define KITH_FHIR_SEARCH_TABLES_H

#include "fhir/index.h"

/* What is taken from an element, by the parameter's type and the element's data type. */
enum search_take {
    TAKE_CODING,     /* token: Coding */
    TAKE_CONCEPT,    /* token: CodeableConcept, each coding */
    TAKE_IDENTIFIER, /* token: Identifier */
    TAKE_CONTACT,    /* token: ContactPoint, its value */
    TAKE_CODE,       /* token: code, with the system its required binding implies */
    TAKE_WORD,       /* token: string, id, uri ... without a system */
    TAKE_BOOLEAN,    /* token: true or false */
    TAKE_DECEASED,   /* token: of a Patient, "deceased exists and is not false" */
    TAKE_REFERENCE,  /* reference: Reference */
    TAKE_LINK,       /* reference: uri, canonical */
    TAKE_RESOURCE,   /* reference: a resource inside a Bundle */
    TAKE_DATE,       /* date: date, dateTime, instant */
    TAKE_PERIOD,
    TAKE_TIMING,
    TAKE_STRING,   /* string: string, markdown ... */
    TAKE_NAME,     /* string: HumanName */
    TAKE_ADDRESS,  /* string: Address */
    TAKE_NUMBER,   /* number: decimal, integer */
    TAKE_QUANTITY, /* quantity: Quantity and its kin */
    TAKE_MONEY,
    TAKE_RANGE,
    TAKE_URI,      /* uri: uri, url, canonical, oid, uuid */
    TAKE_POSITION, /* special: the position of a Location */
    TAKE_NOTHING,  /* a data type that has no values for the parameter's type: only the mark that
                      something is there */
    TAKE_CONTEXT,  /* in search_contexts[] alone: the element is a context of a composite */
};

enum search_filter_kind {
    FILTER_NONE,
    FILTER_EQUALS,        /* the element's member `name` is the string `value` */
    FILTER_TARGET,        /* the reference leads to a resource of type `target` */
    FILTER_HAS_EXTENSION, /* the element has an extension with the URL `name` */
    FILTER_FIRST,         /* the first of its array */
};

struct search_filter {
    uint8_t kind;
    fhir_type target;
    text name;
    text value;
};

struct search_leaf {
    uint8_t ordinal; /* of the parameter */
    uint8_t take;    /* enum search_take */
    uint16_t system; /* search_systems[], 0: none */
};

struct search_edge {
    const char *member;
    uint16_t length; /* of member */
    uint16_t filter; /* search_filters[], 0: none */
    uint16_t node;
};

/* Edges are ordered by (length, member), so that edges of one member are neighbours. */
struct search_node {
    uint16_t edge;
    uint16_t edge_count;
    uint16_t leaf;
    uint16_t leaf_count;
};

/*
 * Where the parts of a composite stand together (search_composite.contexts; one after another, up
 * to one whose root is 0): `root` begins a trie from the resource to the contexts; then the tries
 * of the components follow in search_context_parts[], from each context on.
 */
struct search_context {
    uint16_t root;
    uint16_t parts;
};

struct search_context_part {
    uint16_t root;
    bool of_resource; /* from the resource on instead */
};

enum { SEARCH_COMPARTMENTS = 5, SEARCH_COMPARTMENT_SELF = 0xFE, SEARCH_COMPARTMENT_END = 0xFF };

struct search_type_table {
    const struct search_param *params; /* by name */
    uint16_t count;
    uint16_t root; /* search_nodes[] */
    uint16_t when; /* number of the principal date; 0: none */
    /* Ordinals of the parameters that say whose record a resource is part of, then END: those of
     * the patient compartment, and of some types that R4 leaves out of it. NULL: of nobody's. */
    const uint8_t *home;
    /* For each of search_compartments[]: ordinals, 'patient' and 'subject' first, or SELF; then
     * END. NULL: never in it. */
    const uint8_t *compartments[SEARCH_COMPARTMENTS];
};

/* Tries and what they speak of. Indices count from the start of these arrays; filter 0 and system 0
 * are none. */
struct search_tables {
    const struct search_node *nodes;
    const struct search_edge *edges;
    const struct search_leaf *leaves;
    const struct search_filter *filters;
    const text *systems;
    uint16_t root; /* where the trie of an added parameter begins; unused in search_standard */
};

extern const struct search_tables search_standard;
extern const struct search_context search_contexts[];
extern const struct search_context_part search_context_parts[];
extern const struct search_type_table search_types[]; /* by fhir_type */
extern const unsigned search_type_count;
extern const fhir_type search_compartments[SEARCH_COMPARTMENTS]; /* Patient first */

#endif

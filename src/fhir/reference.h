/* References and the addresses of resources (R4 references.html, http.html#general). */
#ifndef KITH_FHIR_REFERENCE_H
#define KITH_FHIR_REFERENCE_H

#include "fhir/model.h"

enum reference_kind {
    REFERENCE_BAD,   /* none of the forms below */
    REFERENCE_LOCAL, /* Type/id or Type/id/_history/vid, or the same behind this node's own base */
    REFERENCE_ABSOLUTE,    /* http(s)://elsewhere/.../Type/id[/_history/vid] */
    REFERENCE_URI,         /* any other absolute URI: urn:uuid:, urn:oid:, http without Type/id */
    REFERENCE_FRAGMENT,    /* #id, or # for the container */
    REFERENCE_CONDITIONAL, /* Type?query */
};

struct reference {
    enum reference_kind kind;
    fhir_type type; /* LOCAL, ABSOLUTE, CONDITIONAL */
    text id;        /* LOCAL, ABSOLUTE: the id; FRAGMENT: after # */
    text version;   /* LOCAL, ABSOLUTE: empty when none */
    text query;     /* CONDITIONAL: after ? */
};

/* base: this node's FHIR base without a closing slash; may be empty. The parts point into t. */
struct reference reference_parse(text t, text base);

/* [A-Za-z0-9\-\.]{1,64} */
bool reference_id_ok(text id);

#endif

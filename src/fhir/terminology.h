/*
 * The operations of a terminology service (R4 terminology-service.html): pure; what the codes are
 * comes from struct defs.
 */
#ifndef KITH_FHIR_TERMINOLOGY_H
#define KITH_FHIR_TERMINOLOGY_H

#include "base/buf.h"
#include "fhir/defs.h"

/* A parameter of a request: from the query (a text) or from a Parameters resource. */
struct term_parameter {
    text name;
    text value;             /* of a primitive, as text; p == NULL for others */
    const yyjson_val *tree; /* value[x] of another type, or the resource; NULL: none */
};

struct term_ask {
    const struct term_parameter *parameters;
    size_t count;
    text accept_language; /* the header; empty: none. The parameter displayLanguage goes first */
    const yyjson_val *instance; /* the resource of /ValueSet/[id]/$expand; NULL: none */
    size_t codes_most;          /* of an expansion: past it "too-costly" */
    int64_t deadline;           /* clock_mono_ns(); 0: none */
    int64_t now_ms;             /* 0: the clock's */
};

/*
 * Each writes the resource of the reply: a ValueSet or Parameters. A code that is not valid is an
 * answer; what cannot be decided or is asked wrongly is an error (ERR_NOT_FOUND, ERR_INVALID,
 * ERR_TOO_COSTLY ...). Unknown parameters are ERR_INVALID. The parameter tx-resource (repeats)
 * brings definitions that count before all others, for this call.
 */
int term_expand(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                struct err *e);
/* of_system: CodeSystem/$validate-code, else ValueSet/$validate-code. */
int term_validate_code(struct defs *d, const struct term_ask *ask, bool of_system, struct arena *a,
                       struct buf *out, struct err *e);
int term_lookup(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                struct err *e);
int term_subsumes(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                  struct err *e);
int term_translate(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                   struct err *e);
int term_preferred_id(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                      struct err *e);

#endif

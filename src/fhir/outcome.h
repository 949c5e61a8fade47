/* Findings about a request or resource, and their form on the wire: OperationOutcome (R4). */
#ifndef KITH_FHIR_OUTCOME_H
#define KITH_FHIR_OUTCOME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum issue_severity { ISSUE_ERROR, ISSUE_WARNING, ISSUE_INFORMATION };

struct issue {
    enum issue_severity severity;
    int code;        /* of base/err.h: gives the FHIR issue type */
    text expression; /* FHIRPath, may be empty */
    text details;    /* says what is wrong and what to do */
};

/* A list in an arena, of at most ISSUES_MAX; what comes after is counted, and the last says how
 * many. An error takes the place of the last finding that is none. */
enum { ISSUES_MAX = 100 };

struct issues {
    struct arena *arena;
    struct issue *items;
    size_t count;
    size_t capacity;
    size_t errors; /* of severity error, also those past the maximum */
    size_t dropped;
    size_t dropped_errors; /* of these */
};

void issues_init(struct issues *is, struct arena *a);
/* Whether a finding of this severity would only be counted. */
bool issues_full(const struct issues *is, enum issue_severity severity);
void issues_add(struct issues *is, enum issue_severity severity, int code, text expression,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* {"resourceType":"OperationOutcome","issue":[...]} */
void outcome_print(const struct issues *is, struct buf *out);
void outcome_print_err(const struct err *e, struct buf *out);
/* One information issue: for replies to deletes and the like. */
void outcome_print_done(text details, struct buf *out);

#endif

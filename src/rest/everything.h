/* Inside rest/: Patient/{id}/$everything (R4 patient-operation-everything.html). */
#ifndef KITH_REST_EVERYTHING_H
#define KITH_REST_EVERYTHING_H

#include "base/map.h"
#include "rest/call.h"

/* What is wanted of a record; everything where a parameter was not given. */
struct everything_ask {
    int64_t since_ms; /* _since: what was changed at or after it; INT64_MIN: whenever */
    bool dated;       /* start or end was given: ms since 0001, care that overlaps [start, end) */
    int64_t start;
    int64_t end;
    const bool *types; /* _type, by fhir_type; NULL: all */
    size_t count;      /* _count: entries of a page; 0: the whole record in one reply */
    text page;         /* where the page begins; empty: the first */
    text self;         /* the parameters as understood, "&name=value" each */
};

/* From the query or from Parameters. */
int everything_understand(struct call *c, struct everything_ask *ret_ask, struct err *e);

/* Whether a resource of the compartment is of the time asked for: care without a date is of any
 * time. Uses the arena for its tree. */
int everything_in_time(const struct everything_ask *ask, const struct rest *rest, text base,
                       const struct version *v, struct arena *a, bool *ret_yes, struct err *e);

/* Whether it is of a type and age that was asked for. */
bool everything_wants(const struct everything_ask *ask, const struct version *v);

/* A client that reads slowly makes the node hold one piece. */
enum { EVERYTHING_BYTES = 160 * 1024, EVERYTHING_COUNT = 1000 };

enum phase { PHASE_COMPARTMENT, PHASE_SHARED, PHASE_DONE };

struct everything {
    const struct rest *rest;
    const struct grant *grant;
    struct everything_ask ask;
    text base;
    text patient;
    bool withheld; /* the asker has to be told that something is */
    enum phase phase;
    struct arena arena; /* of one piece */
    struct arena names; /* of the whole reply: what `shared` points to */
    char next[64];      /* where the scan goes on */
    size_t next_size;
    struct map seen; /* "Type/id" of shared resources */
    struct shared {
        fhir_type type;
        text id;
    } *shared;
    size_t shared_count;
    size_t shared_capacity;
    size_t shared_done;
    uint64_t entries;
};

/* Remembers where a scan goes on, or that it has come to its end. */
int everything_scanned(struct everything *s, const struct versions *vs, struct err *e);
/* Adds what a resource refers to, to what is shared, and prints it where it is wanted. `out` NULL:
 * is not printed. */
int everything_put(struct everything *s, struct buf *out, const struct version *v, struct err *e);

/* One page (everything_page.c); `patient` is the patient's own resource. */
int everything_page(struct call *c, struct everything *s, const struct version *patient,
                    struct err *e);

#endif

/*
 * What a joined record is asked with, and who makes it: locality/, which this layer does not know.
 * docs/locality.md, "The joined record".
 */
#ifndef KITH_REST_JOINED_H
#define KITH_REST_JOINED_H

#include "fhir/search.h"

struct caller;

struct joined_ask {
    const struct caller *caller;
    text base;    /* FHIR base as the client sees it: of links, and of the own entries */
    text patient; /* id here */
    text path;    /* the FHIR request as every holder gets it, "{patient}" for the id there */
    bool record;  /* it is for all that there is, or all of these types */
    text types;   /* names of types, commas between them; empty: all */
    text self;    /* what the client asked for, below the base: "Patient/1/$joined?_count=50" */
    text token;   /* of a further page; empty: the first */
    text alone;   /* why nobody else is asked for this caller; empty: they are */
    const struct plan_sort *sorts;
    size_t sort_count;
    uint64_t count;      /* entries a page; 0: all in one */
    bool has_pages;      /* answers of holders may come in pages: follow them */
    int64_t deadline_ms; /* so long from now: limit joined_ms */
    uint64_t kept_bytes; /* of all pages kept: limit joined_kept */
};

/* Durable in the access log before anything of it is returned. `out`: a Bundle. */
struct joined_source {
    void *context;
    int (*answer)(void *context, const struct joined_ask *ask, struct arena *a, struct buf *out,
                  struct err *e);
};

#endif

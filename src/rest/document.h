/*
 * Inside rest/: a document Bundle (R4 documents.html) under way: the resources that stand in it,
 * each once, and what these refer to.
 */
#ifndef KITH_REST_DOCUMENT_H
#define KITH_REST_DOCUMENT_H

#include "base/map.h"
#include "base/random.h"
#include "rest/call.h"

struct document {
    struct call *call;
    struct store_view *view;
    struct map seen;    /* "Type/id": what stands in it, and what has been looked for */
    const bool *follow; /* by fhir_type: what may be brought along; NULL: any */
    uint64_t
        patient; /* key of the patient, of whose record alone anything may be brought; 0: any */
    struct version *items;
    size_t count;
    size_t capacity;
    size_t followed; /* items whose references have been looked at */
};

void document_init(struct document *d, struct call *c, struct store_view *view);
void document_done(struct document *d);

/* Adds a resource that is not yet in it. ERR_TOO_COSTLY past the limit include_entries. */
int document_add(struct document *d, const struct version *v, struct err *e);
/* Adds what a reference means, where it is stored here and not deleted. *ret_here: it is, or it
 * stands there already. */
int document_bring(struct document *d, text reference, bool *ret_here, struct err *e);
/* Adds what the resources refer to, and what that refers to, until nothing new comes. */
int document_follow(struct document *d, struct err *e);

/* {"resourceType":"Bundle",...,"entry":[  with a new identifier and the time. profile: NULL for
 * none. */
void document_open(struct buf *out, const char *profile, const char *uuid, int64_t now_ms);
/* The entries, after `before` others; then the brackets that close the bundle. */
int document_close(struct document *d, size_t before, struct buf *out, struct err *e);

#endif

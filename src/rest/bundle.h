/* Inside rest/: batch and transaction (R4 http.html#transaction, bundle.html). */
#ifndef KITH_REST_BUNDLE_H
#define KITH_REST_BUNDLE_H

#include "base/map.h"
#include "rest/write.h"

struct bundle_item {
    struct call call;
    struct prepared prepared;
    text full_url; /* empty: none */
    bool is_write;
    bool is_ready; /* prepared without error */
    int result;
    struct err err;
};

struct bundle {
    struct call *call;
    struct arena *arena;
    bool is_transaction;
    struct bundle_item *items;
    size_t count;
    struct map urls;     /* fullUrl -> item + 1 */
    struct map resolved; /* "Type?query" -> index into targets + 1 */
    text *targets;       /* "Type/id" */
    size_t target_count;
    size_t target_capacity;
    struct write_condition *conditions;
    size_t condition_count;
    size_t condition_capacity;
};

/* Reads the entries of a tree whose resourceType is Bundle: what each asks for, but not yet its resource. */
int bundle_read(struct call *c, yyjson_val *root, struct bundle *ret_bundle, struct err *e);
void bundle_done(struct bundle *b);

/* "Bundle.entry[3]" */
text bundle_place(struct bundle *b, size_t at, const char *below);

/*
 * All or nothing: on success every item has its answer. *ret_again: a condition changed under way; the tree has been
 * rewritten, so read the bundle again from its text and try again.
 */
int transaction_run(struct bundle *b, bool *ret_again, struct err *e);
/* Each on its own: every item has its answer or its error. */
void batch_run(struct bundle *b);

/* Whether a resource that is not stored yet would match a plan. */
bool plan_matches(const struct plan *plan, fhir_type type, text id, const struct index *index);

#endif

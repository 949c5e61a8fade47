/* Inside rest/: batch and transaction (R4 http.html#transaction, bundle.html). */
#ifndef KITH_REST_BUNDLE_H
#define KITH_REST_BUNDLE_H

#include "base/map.h"
#include "rest/validate.h"
#include "rest/write.h"

struct bundle_item {
    struct call call;
    struct prepared prepared;
    text full_url; /* empty: none */
    bool is_write;
    size_t twin; /* an earlier entry + 1 that creates what this one would; 0: none */
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
    size_t answer_bytes; /* of the reading entries, so far */
    int64_t read_ns;     /* and their time */
    size_t *owners;      /* of a transaction's writes: their items */
    struct validate_shelf shelf;
};

/* Reads the entries of a tree whose resourceType is Bundle: what each asks for, but not yet its
 * resource. */
int bundle_read(struct call *c, yyjson_val *root, struct bundle *ret_bundle, struct err *e);
void bundle_done(struct bundle *b);

/* "Bundle.entry[3]" */
text bundle_place(struct bundle *b, size_t at, const char *below);

/*
 * All or nothing: on success every item has its answer. *ret_again: a condition changed under way;
 * the tree has been rewritten, so read the bundle again from its text and try again.
 */
int transaction_run(struct bundle *b, bool *ret_again, struct err *e);
/* Its two halves, for those who commit several at once: store_commit() of the request stands
 * between them, unless it has no writes. Nothing is written when the first fails. */
int transaction_prepare(struct bundle *b, struct write_request *ret_request, struct err *e);
int transaction_settle(struct bundle *b, struct write_request *request, bool *ret_again,
                       struct err *e);
/* Each on its own: every item has its answer or its error. */
void batch_run(struct bundle *b);

/* Runs the interaction of a reading entry; `c` is the entry's call or a copy of it. */
int bundle_run_read(struct bundle *b, struct bundle_item *item, struct call *c);

/* "Patient/123": what a write of an item is about. */
text bundle_item_name(struct bundle *b, const struct bundle_item *item);

/* --- conditional references (resolve.c) ---------------------------------------------------- */

struct resolved {
    text name; /* "Type/id" */
    struct write_condition condition;
};

struct resolver {
    struct call *call;
    struct bundle *own; /* what is being created may be meant too; NULL: only what is stored */
    struct map known;   /* "Type?query" -> index into items */
    struct resolved *items;
    size_t count;
    size_t capacity;
    struct own_index *own_index; /* made when the first reference is not stored yet */
};

void resolver_init(struct resolver *r, struct call *c, struct bundle *own);
void resolver_done(struct resolver *r);

/* Replaces every conditional reference of a prepared write, and adds the condition that each rests
 * on. */
int resolve_links(struct resolver *r, struct prepared *p, struct err *e);

#endif

/* Inside rest/: from a resource on its way in to a write request, and on to an answer. */
#ifndef KITH_REST_WRITE_H
#define KITH_REST_WRITE_H

#include "rest/call.h"

/*
 * One write, prepared against what is stored now. The writer decides again whether the conditions
 * still hold; when they do not, it is prepared afresh.
 */
struct prepared {
    struct call *call;
    struct resource resource;
    struct index index;
    struct buf packed;
    struct write write;
    struct plan plan; /* of a conditional interaction */
    struct write_condition *conditions;
    size_t condition_count;
    size_t condition_capacity;
    bool any_version; /* of a change: it may be made to whatever version is current */
    bool exists;      /* conditional create: the match is the answer, nothing is written */
    struct version existing;
};

/* create, update, delete, each also conditional: everything but the commit. Conditional references
 * are refused. */
int prepare_write(struct call *c, struct prepared *ret_prepared, struct err *e);

/* In two parts, for transactions: who is meant (id, conditions), then (links rewritten) what is
 * stored. */
int prepare_target(struct call *c, struct prepared *ret_prepared, struct err *e);
int prepare_content(struct prepared *p, struct err *e);

/* The second half of prepare_target() for what is to be stored: call->resource is checked. */
/* own.c: puts the mark of the patient's own entries (policy/facts.h) on what a patient writes. */
int mark_own(struct call *c, struct err *e);
int prepared_check(struct prepared *p, struct err *e);

/* What p->plan matches stays what it matches: one resource, or none (expected_id empty). */
int prepared_match(struct prepared *p, text expected_id, struct err *e);
/* One more condition that the write rests on. */
int prepared_condition(struct prepared *p, const struct write_condition *condition, struct err *e);

/* The one resource that a query of type?query matches now: 0 matches: id empty. ERR_MULTIPLE for
 * more. */
int match_one(struct call *c, fhir_type type, text query, struct plan *ret_plan,
              struct version *ret_version, struct err *e);

/* Gives an error the place of the link it is about, unless it has one. */
void link_error(const struct prepared *p, const struct resource_link *link, struct err *e);

/* The version that a committed write made. */
void version_of_write(const struct prepared *p, struct version *ret_version);

/* Whether a refused request may be prepared afresh and tried again: a condition changed under way,
 * or (p != NULL) the version that a change was made from. */
bool write_again(const struct prepared *p, const struct write_request *request);

/* What a result of store_commit() is for the client. */
int refused_write(const struct call *c, int result, struct err *e);

/* Consents that the operations make, with what belongs to them, are not made without them. */
int consent_check(const struct call *c, const struct resource *r, struct err *e);

/* Fills call->answer from a committed (or existing) write. */
int answer_write(struct prepared *p, struct err *e);

/* Parses and checks call->body into call->resource. */
int read_body(struct call *c, struct err *e);

/* Own absolute references (base/Type/id) become relative, so that the record does not depend on the
 * node's address. */
int relative_links(struct call *c, struct resource *r);

#endif

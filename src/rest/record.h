/*
 * Inside rest/: what a request leaves in the access log. Each interaction (an entry of a bundle is
 * one, too) gives an entry for every patient of whom it had something in hand; they are durable
 * before anything of the reply leaves the node.
 */
#ifndef KITH_REST_RECORD_H
#define KITH_REST_RECORD_H

#include "rest/write.h"

struct record;

/* Whether its interaction writes a resource. */
bool call_writes(const struct call *c);

/* Before the first interaction. 0 or ERR_MEMORY. */
int record_begin(struct call *c, struct err *e);

/*
 * Before a commit: the entry that is durable with the write (p->write.note); the node adds what is
 * known after the commit (version, patient) and brings it to the log. Nothing where nobody asks.
 */
int record_note(struct call *c, struct prepared *p, struct err *e);
/* The same for a write of an operation: what it did, in the words of `x` (kind, what, reason). */
int record_note_as(struct call *c, struct prepared *p, const struct audit_event *x, struct err *e);

/* Waits until the entries of all writes are in the log: before it is read. */
int record_settle(const struct rest *rest, struct err *e);

/* What sort of access it was by `who`, of whose record `patient` is the id (empty: of nobody's).
 * `view`: to ask about relatives; NULL: they are not asked about. */
int record_class(const struct rest *rest, const struct actor *who, struct store_view *view,
                 text patient, struct arena *a, enum access_class *ret_class, struct err *e);

/* From when on the patient is told of what the caller sees by a legal request (access_legal.c), in
 * ms since 1970; 0: at once, as of everything else. */
int access_told_from(struct call *c, text patient, int64_t *ret_ms, struct err *e);

/* One interaction has ended: rc and e say how. Keeps its entries for record_flush(). */
int record_call(struct call *c, int rc, const struct err *why, struct err *e);

/* Writes what is kept; returns when it is durable. Nothing may leave when it fails. */
int record_flush(struct call *c, struct err *e);
/* The same, without waiting: nothing may leave before audit_wait() says that *ret_ticket is
 * durable; 0: there was nothing. */
int record_queue(struct call *c, uint64_t *ret_ticket, struct err *e);

/* For a reply that is made piece by piece: each piece waits for the entries of the patients whom it
 * brought in. Wraps c->answer.more. */
int record_stream(struct call *c, struct err *e);

#endif

/*
 * Brings the entries of committed writes to the access log. They are kept with the writes, in the
 * same commit (struct write.note: a line of audit/event.h that lacks version and patient), and are
 * dropped there when the log has them; so a crash in between loses none, and doubles none.
 */
#ifndef KITH_NODE_FEEDER_H
#define KITH_NODE_FEEDER_H

#include "audit/audit.h"
#include "rest/rest.h"

struct feeder;

int feeder_new(struct feeder **ret_feeder, struct err *e);
/* store_config.noted; its context is the feeder. */
void feeder_noted(void *feeder);

/* Brings what an earlier process has left, then starts the thread that brings the rest; where the
 * log's disk is full, the thread brings all of it when there is room. Store and log must stay open
 * until feeder_stop(). */
int feeder_start(struct feeder *f, struct store *store, struct audit *audit, struct err *e);
/* An entry about the node itself, once: at once, or when the log's disk has room. Its texts must
 * live as long as the feeder. */
int feeder_tell(struct feeder *f, const struct audit_event *event, struct err *e);
/* Brings what is left, when it can. Frees. NULL is allowed. */
void feeder_stop(struct feeder *f);

/*
 * Whether the last try to bring entries to the log failed, for whatever reason. It goes on trying,
 * with pauses; the notes stay in the store until they are in the log. Only a log that takes nothing
 * more (AUDIT_DEAD) ends it. After five seconds behind, nothing more is written.
 */
bool feeder_is_behind(struct feeder *f);

struct log_feed feeder_face(struct feeder *f);

#endif

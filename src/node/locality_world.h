/*
 * Inside node/: the world of locality/world.h as it is in a real node, and for `kith locality`,
 * which works beside one: rows in DIR/locality.db, keys in DIR/locality/, the network, the own
 * record and log.
 *
 *   DIR/locality/tls.pem        certificate and key of connections with members
 *   DIR/locality/tls-next.pem   the ones that follow, while members sign them
 */
#ifndef KITH_NODE_LOCALITY_WORLD_H
#define KITH_NODE_LOCALITY_WORLD_H

#include "locality/world.h"
#include "node/world.h"
#include "rest/rest.h"

struct locality_world_config {
    const char *dir;
    struct world *node; /* these two NULL: the command line. There is neither record nor log, */
    const struct rest *rest; /* and what needs them is ERR_NOT_SUPPORTED */
};
struct locality_world;
int locality_world_open(const struct locality_world_config *config, struct locality_world **ret,
                        struct err *e);
/* Nobody uses it any more. NULL is allowed. */
void locality_world_close(struct locality_world *w);
const struct loc_world *locality_world_face(struct locality_world *w);

/* The address by which members know this node ("https://host:port"): the base of what they are
 * given. Copied. */
int locality_world_known_as(struct locality_world *w, text url, struct err *e);

/* --- keys of connections -----------------------------------------------------------------------
 */

/* Makes tls.pem, or with `next` tls-next.pem, where there is none; its key's hash. */
int locality_world_make_key(struct locality_world *w, bool next, text ods, uint8_t ret_spki[32],
                            struct err *e);
/* Both go: of a node that was removed, whose key nobody should trust again. */
int locality_world_drop_key(struct locality_world *w, struct err *e);
/* The key of tls-next.pem; ERR_NOT_FOUND. */
int locality_world_next_key(struct locality_world *w, uint8_t ret_spki[32], struct err *e);
/* tls-next.pem takes the place of tls.pem, for calls from now on; the listener is the caller's. */
int locality_world_turn_key(struct locality_world *w, struct err *e);
/* tls.pem has appeared, or has changed by another process: *ret_changed. */
int locality_world_look_at_key(struct locality_world *w, bool *ret_changed, struct err *e);
/* "DIR/locality/tls.pem", whether or not it is there. */
const char *locality_world_pem(const struct locality_world *w);

/* --- alarms ------------------------------------------------------------------------------------
 */

/* What a person has to see (loc_world.alarm): a row each, the same one again is counted there. */
struct alarm {
    uint8_t id[32];
    text kind, member, words;
    int64_t first_ms, last_ms;
    uint64_t count;
};
/* The newest `most`, newest first. */
int locality_alarms(const struct loc_world *w, size_t most, struct arena *a, struct alarm **ret,
                    size_t *ret_count, struct err *e);
/* A Task for the privacy officers for each that has none yet (or none for a day, and it came
 * again). Stops at the first that could not be stored. */
int locality_alarms_tell(struct locality_world *w, struct err *e);

#endif

/* Inside rest/match*.c: one question of who somebody is. */
#ifndef KITH_REST_MATCH_H
#define KITH_REST_MATCH_H

#include "base/map.h"
#include "fhir/match.h"
#include "rest/call.h"

enum { MATCH_BLOCK_MOST = 300 }; /* more share it: it says nothing about who they are */

struct candidate {
    struct version version;
    struct match match;
};

struct matching {
    struct call *call;
    const yyjson_val *asked;
    const struct match_person *person;
    struct store_view *view;
    struct map known; /* ids that have been compared */
    struct candidate *items;
    size_t count;
    size_t capacity;
    size_t total;
    bool certain_only, certain_asked, rivals;
    size_t most;
    text passed_over; /* things that too many people share */
};

/* Compares everybody who shares something that few share, and keeps those who may be the one. The
 * view is open. */
int match_find(struct matching *m, struct err *e);

#endif

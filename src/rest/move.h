/*
 * What Patient/{id}/$move is asked with, and who does it: locality/, which this layer does not
 * know. docs/locality.md, "Moving".
 */
#ifndef KITH_REST_MOVE_H
#define KITH_REST_MOVE_H

#include "base/arena.h"
#include "base/err.h"

struct caller;

struct move_ask {
    const struct caller *caller;
    text patient;  /* id here */
    text to, from; /* ODS codes: one of both */
};

struct move_source {
    void *context;
    /* Begun, and goes on by itself. ERR_CONFLICT: one is under way. */
    int (*begin)(void *context, const struct move_ask *ask, struct arena *a, text *ret_id,
                 struct err *e);
    /* How far the newest of a patient has come: Parameters. ERR_NOT_FOUND: there is none. */
    int (*show)(void *context, const struct caller *as, text patient, struct arena *a,
                text *ret_json, struct err *e);
};

#endif

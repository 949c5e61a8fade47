/* What streams.c and merge.c share. Internal to store/. */
#ifndef KITH_STORE_STREAM_H
#define KITH_STORE_STREAM_H

#include "store/plan.h"

struct stream {
    struct run *r;
    /* Moves the head to the first hit at or behind `at`, which is behind the head. */
    int (*seek)(struct stream *s, uint64_t at);
    struct hit head;
    bool has_head;
    bool ended;
    bool real;
    struct step *step;

    const struct spans *spans; /* NULL: everywhere */
    fhir_type type;

    /* A cursor over one exact value, or over resources. */
    struct db_cursor *cursor;
    struct value value;
    bool dated;
    uint64_t to;                              /* what the cursor ends with */
    struct stream *open_before, *open_behind; /* in run.streams */

    const struct set *set;
    size_t place;

    struct stream **items; /* merged ones; of an OR: a heap, the least head first */
    size_t count;

    struct goal **tests;
    const bool *negated;
    size_t test_count;
    bool scoped;
};

int stream_new(struct run *r, int (*seek)(struct stream *, uint64_t), struct stream **ret_stream);
static inline int stream_found(struct stream *s, struct hit hit)
{
    s->head = hit;
    s->has_head = true;
    return 0;
}
/* The first key from rid on that a key of the type can have. False: none. */
bool next_of_type(uint64_t rid, fhir_type type, uint64_t *ret_rid);

#endif

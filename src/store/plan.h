/* Running a plan: from atoms to a sorted set of keys. Engine-neutral; internal to store/. */
#ifndef KITH_STORE_PLAN_H
#define KITH_STORE_PLAN_H

#include "store/inner.h"

struct set {
    uint64_t *rids; /* sorted, unique */
    size_t count;
    size_t capacity;
};

struct span { /* both ends included */
    uint64_t from;
    uint64_t to;
};

struct spans {
    struct span *items; /* in order, apart from each other */
    size_t count;
    size_t capacity;
};

enum goal_kind {
    GOAL_EXACT,  /* entries (param, one of values) */
    GOAL_RANGE,  /* entries of param in [low, high) that pass the atom's test */
    GOAL_SYSTEM, /* entries of param whose value ends in 0x00 and `low` */
    GOAL_SPANS,  /* keys */
};

/* An atom with its names and systems looked up. */
struct goal {
    enum goal_kind kind;
    uint16_t param;
    const struct plan_atom *atom;
    text *values;
    size_t value_count;
    text low;
    text high;
    struct spans spans;
};

struct term {
    struct goal *goals;
    size_t count;
    bool everything; /* every resource of the type matches */
    bool exact;      /* all goals are GOAL_EXACT */
    bool narrow;     /* all goals are GOAL_SPANS */
    bool done;
    uint64_t estimate;
};

struct run {
    struct store_view *v;
    struct store *s;
    struct db *db;
    const struct plan *plan;
    struct arena scratch;
    int64_t deadline;
    size_t most; /* keys held at once */
    struct term *terms;
    size_t term_count;
    struct err *e;
};

/* Sets the time limit; look up all atoms. Always call run_end(). */
int run_begin(struct run *r, struct store_view *v, const struct plan *plan, struct err *e);
void run_end(struct run *r);
/* Whether the plan matches every resource of its type. */
bool run_takes_all(const struct run *r);
/* What the plan matches, without what the grant hides. */
int run_set(struct run *r, struct set *ret_set);
/* Every current resource of the type that may be seen. */
int run_all(struct run *r, struct set *ret_set);

/* ERR_TOO_COSTLY when the time is over. */
int run_time(struct run *r);
/* Fills r->e for a failure of the engine. */
int run_failed(struct run *r, int rc);
int run_memory(struct run *r);

int set_add(struct run *r, struct set *set, uint64_t rid);
void set_order(struct set *set);
/* Keeps what is in both. */
void set_keep(struct set *set, const struct set *other);
bool set_has(const struct set *set, uint64_t rid);

int spans_add(struct run *r, struct spans *spans, uint64_t from, uint64_t to);
void spans_order(struct spans *spans);
/* What is in both. ret may be a or b. */
int spans_cross(struct run *r, const struct spans *a, const struct spans *b, struct spans *ret);
bool spans_have(const struct spans *spans, uint64_t rid);

/* goals.c: atoms -> goals. */
int goal_make(struct run *r, const struct plan_atom *atom, struct goal *ret_goal);

/* The index rows of one current version, derived from its body, its own t among them. DB_END: there
 * is none. */
int run_rows(struct run *r, uint64_t rid, struct arena *a, struct row **ret_rows,
             size_t *ret_count);
bool rows_match(const struct term *term, uint64_t rid, const struct row *rows, size_t count);

#endif

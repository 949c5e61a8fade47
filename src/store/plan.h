/*
 * Running a plan: from a tree of nodes to a stream of keys in order. Engine-neutral; internal to
 * store/.
 *
 *   goals.c    a node becomes a goal: names, systems, units and facets looked up
 *   streams.c  a goal becomes a stream: hits in order of rid, found as they are asked for
 *   conjoin.c  which items of an AND are merged, and which are only asked about the others' hits
 *   member.c   whether one resource is what a goal means: by the index, or by its own data
 *   joins.c    CHAIN and HAS, forwards (a stream) and backwards (for one resource)
 *   sort.c     order and pages
 */
#ifndef KITH_STORE_PLAN_H
#define KITH_STORE_PLAN_H

#include "store/inner.h"

/* --- sets ---------------------------------------------------------------------------------- */

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

/* --- goals --------------------------------------------------------------------------------- */

enum goal_kind {
    GOAL_NONE,
    GOAL_SPANS, /* keys of the type in the spans */
    GOAL_EXACT, /* entries that are one of values */
    GOAL_RANGE, /* entries in one of the stretches; or what a list gives */
    GOAL_AND,
    GOAL_OR,
    GOAL_NOT,
    GOAL_CHECK, /* what items[0] finds and passes the node's test */
    GOAL_CHAIN, /* items[0]: the goal of the target type */
    GOAL_HAS,   /* items[0]: the goal of the type that refers */
};

/* Exact entries of the index. */
struct value {
    uint16_t param;
    text bytes;
};

/* Entries of param with low <= value < high that pass `accepts` (NULL: all do). */
struct stretch {
    uint16_t param;
    text low;
    text high;
    text suffix; /* not empty: only tokens whose value ends in this */
    const struct plan_node *accepts;
};

struct goal {
    enum goal_kind kind;
    fhir_type type;
    const struct plan_node *node; /* what plan_test() says of it */
    struct spans spans;
    struct value *values;
    size_t value_count;
    size_t value_capacity;
    bool dated;        /* all values carry `when` */
    bool apart;        /* no resource has two of the values */
    bool by_when;      /* RANGE: on the principal date of the type */
    bool by_t;         /* RANGE: on the time of the version */
    bool asks_item;    /* CHECK: items[0] has joins, which the node leaves out */
    bool by_words;     /* RANGE: not stretches, but words_set() */
    struct goal *rest; /* EXACT: what all other resources of the type are; NULL: not known */
    struct stretch *stretches;
    size_t stretch_count;
    size_t stretch_capacity;
    struct goal *items;
    size_t count;
    uint64_t spent;  /* what asking about single resources has cost, in units of an index row */
    uint64_t settle; /* when it has cost so much, all that it means is looked for */
    struct set *set; /* all that it means, once that was found out */
    uint64_t memo;   /* joins: the last key that the other side was asked about, and the answer */
    bool memo_has;
    bool knows_others; /* joins by an implied parameter: whether there are entries besides */
    bool has_others;
};

/* --- streams ------------------------------------------------------------------------------- */

struct hit {
    uint64_t rid;
    int64_t when;
    bool dated; /* `when` is the resource's */
};

struct stream;

/* --- a run --------------------------------------------------------------------------------- */

enum {
    RUN_ENOUGH = -2, /* a trial has cost what it may */
    JOINS_DEEP = 128,
    /* Costs in units of one step of a cursor, about 0.2 us. */
    COST_SEEK = 8,
    COST_NAME = 12,
    COST_BODY = 200,
};

struct step {
    struct store_explain_step shown;
    struct step *next;
};

struct candidate; /* member.c */

struct run {
    struct store_view *v;
    struct store *s;
    struct db *db;
    struct arena scratch;
    struct arena lasting; /* what stays when scratch is rewound */
    int64_t began;
    int64_t deadline;
    int64_t heavy_at; /* from when on it needs a turn; INT64_MAX: never */
    bool has_turn;
    int64_t turn_ns; /* how long the last turn may take */
    int64_t turn_until;
    size_t most;            /* keys held at once */
    uint64_t cost;          /* so far */
    uint64_t look_at;       /* the cost at which the clock is looked at again */
    uint64_t enough;        /* the cost at which a trial ends */
    uint64_t want;          /* hits that are wanted; UINT64_MAX: all */
    uint64_t visited;       /* entries and resources looked at */
    struct stream *streams; /* those with open cursors */
    struct candidate *candidates[JOINS_DEEP];
    unsigned depth;     /* of candidates */
    struct step *steps; /* explain: newest first */
    bool explains;
    unsigned level; /* of the step that comes next */
    struct err *e;
};

/*
 * added.c: whether all added parameters that the plan names are still in force for this view. The
 * entries of one that has been taken away may be going.
 */
int plan_is_current(const struct store_view *v, const struct plan *plan, struct err *e);

void run_begin(struct run *r, struct store_view *v, bool takes_turns, struct err *e);
void run_end(struct run *r);

/* Counts work; ERR_TOO_COSTLY when the time is over, RUN_ENOUGH when a trial is. */
int run_look(struct run *r);
static inline int run_spend(struct run *r, uint64_t cost)
{
    r->visited++;
    r->cost += cost;
    return r->cost >= r->look_at ? run_look(r) : 0;
}
/* Fills r->e for a failure of the engine; DB_END and RUN_ENOUGH stay. */
int run_failed(struct run *r, int rc);
int run_memory(struct run *r);

/* From here on until trial_end() the run may cost so much more. Nests. */
struct trial {
    uint64_t enough;
};
struct trial trial_begin(struct run *r, uint64_t cost);
void trial_end(struct run *r, struct trial before);

/* heavy.c: a search that has run for long waits for one of the turns of such searches. */
int heavy_look(struct run *r, int64_t now);
void heavy_done(struct run *r);

/* explain.c: NULL when nobody wants to know. */
struct step *explain_step(struct run *r, const struct goal *goal, const char *how,
                          uint64_t estimate);
int explain_give(struct run *r, const struct plan *plan, struct arena *a,
                 struct store_explain *ret_explain);
/* What a node asks for, in words. */
text explain_words(struct run *r, const struct plan_node *node);

/* --- sets.c -------------------------------------------------------------------------------- */

int set_add(struct run *r, struct set *set, uint64_t rid);
void set_order(struct set *set);
bool set_has(const struct set *set, uint64_t rid);

int spans_add(struct run *r, struct spans *spans, uint64_t from, uint64_t to);
/* Each key as a span of its own. */
int spans_add_set(struct run *r, struct spans *spans, const struct set *set);
void spans_order(struct spans *spans);
/* What is in both. ret may be a or b. */
int spans_cross(struct run *r, const struct spans *a, const struct spans *b, struct spans *ret);
bool spans_have(const struct spans *spans, uint64_t rid);
/* The first key from rid on that is in the spans. False: there is none. */
bool spans_next(const struct spans *spans, uint64_t rid, uint64_t *ret_rid);

/* --- goals.c ------------------------------------------------------------------------------- */

/* node NULL: every resource of the type. */
int goal_make(struct run *r, fhir_type type, const struct plan_node *node, struct goal *ret_goal);
int goal_value(struct run *r, struct goal *goal, uint16_t param, text bytes);
int goal_stretch(struct run *r, struct goal *goal, const struct stretch *stretch);
/* Every key of the type. */
int goal_everything(struct run *r, fhir_type type, struct goal *ret_goal);
bool goal_is_everything(const struct goal *goal);
/* The row of a resource's name as a reference's value. p == NULL and 0: nobody names it. */
enum { REFERENCE_SIZE = 8 };
int reference_value(struct run *r, fhir_type type, text id, text *ret_value);
/* The compartment's keys of a type without those whose entry says that the parameter holds somebody
 * else. */
int home_spans(struct run *r, uint64_t compartment, fhir_type type, uint16_t param,
               struct spans *spans);
/* All keys with one exact entry, within a span. */
int exact_keys(struct run *r, const struct value *value, struct span within, struct set *set);

/* goal_keys.c: leaves that are about keys, not entries. */
int keys_goal(struct run *r, const struct plan_node *node, struct goal *goal);

/* goal_facets.c: leaves on facet parameters, any number of them together. */
bool facets_answer(const struct run *r, const struct plan_node *node);
int facets_goal(struct run *r, fhir_type type, const struct plan_node *node, struct goal *ret_goal);

/* goal_text.c: PLAN_TEXT's tokens, and what PLAN_WORDS finds. */
int text_goal(struct run *r, const struct plan_node *node, struct goal *goal);
int words_set(struct run *r, const struct goal *goal, struct set *set);

/* --- streams.c ----------------------------------------------------------------------------- */

/*
 * Hits of a goal in order, within a scope (NULL: everywhere). A stream of `real` hits is one of
 * current versions only; others may name keys that nobody has, for where something else says which
 * there are.
 */
int stream_open(struct run *r, struct goal *goal, const struct spans *scope, bool real,
                struct stream **ret_stream);
void stream_close(struct stream *s);
/* The first hit at or behind `at`; DB_END. Places asked for may only grow. */
int stream_seek(struct stream *s, uint64_t at, struct hit *ret_hit);
/* Takes all. */
int stream_set(struct run *r, struct stream *s, struct set *set);
/* Entries of a RANGE on the principal date, without those whose `when` fails one of the others.
 * *ret_sure: all that are left have a `when` that passes all of them. */
int dates_set(struct run *r, const struct goal *goal, struct goal *const *others, size_t count,
              struct set *set, bool *ret_sure);
/* All that a goal means, in a scope. */
int goal_set(struct run *r, struct goal *goal, const struct spans *scope, struct set *set);
/* Whether hits come one by one, without all of something being found first. */
bool goal_streams(const struct goal *goal);

/* Parts that stream_open() is made of. */
int stream_none(struct run *r, struct stream **ret_stream);
int stream_of_set(struct run *r, const struct set *set, struct stream **ret_stream);
int stream_keys(struct run *r, fhir_type type, const struct spans *spans, bool real,
                struct stream **ret_stream);
int stream_index(struct run *r, const struct value *value, bool dated, const struct spans *scope,
                 struct stream **ret_stream);
int stream_all_of(struct run *r, struct stream **items, size_t count, struct stream **ret_stream);
int stream_any_of(struct run *r, struct stream **items, size_t count, struct stream **ret_stream);
/* What is in `from` and not in `without`. */
int stream_less(struct run *r, struct stream *from, struct stream *without,
                struct stream **ret_stream);
/* Keys in the compartments of the patients that `patients` finds. Not real. */
int stream_homes(struct run *r, struct stream *patients, fhir_type type,
                 struct stream **ret_stream);
/* The patients in whose compartments `inner` finds resources of `type`. Real. */
int stream_patients(struct run *r, struct stream *inner, fhir_type type,
                    struct stream **ret_stream);
/* What is (or, where negated, is not) what the goals mean. Keeps the arrays. */
int stream_filter(struct run *r, struct stream *from, struct goal **tests, const bool *negated,
                  size_t count, bool scoped, struct stream **ret_stream);
bool stream_is_real(const struct stream *s);
void stream_explain(struct stream *s, struct step *step);

/* conjoin.c */
int and_open(struct run *r, struct goal *goal, const struct spans *scope, bool real,
             struct stream **ret_stream);

/* --- estimate.c ---------------------------------------------------------------------------- */

/* How many hits a goal has in a scope, counted up to `most`; UINT64_MAX: not known without looking
 * at all of it. */
int goal_estimate(struct run *r, const struct goal *goal, const struct spans *scope, uint64_t most,
                  uint64_t *ret_count);
/* Current versions of a type, counted up to `most`. */
int type_count(struct run *r, fhir_type type, uint64_t most, uint64_t *ret_count);

/* --- member.c ------------------------------------------------------------------------------ */

/* A resource that is being asked about: what has been read of it so far. */
struct candidate {
    struct run *r;
    struct hit hit;
    bool has_row;
    bool gone; /* there is no such current version */
    bool has_body;
    bool has_index;
    uint64_t t;
    text id;
    text body;
    struct resource resource;
    struct index index;
    struct arena arena;
};

/* Candidates are kept by depth and used again: always candidate_done() the last one first. */
int candidate_new(struct run *r, const struct hit *hit, struct candidate **ret_candidate);
void candidate_done(struct candidate *c);
/* Fill t, id, when; resource; index. DB_END: it is gone. */
int candidate_row(struct candidate *c);
int candidate_resource(struct candidate *c);
int candidate_index(struct candidate *c);

/* Whether the candidate is what the goal means. scoped: single resources are all that may be read.
 */
int goal_has(struct run *r, struct goal *goal, struct candidate *c, bool scoped, bool *ret_has);
/* plan_test() of a node without joins. */
int node_has(struct candidate *c, const struct plan_node *node, bool *ret_has);
/* Whether the principal date is in the range. False: `when` does not say. */
bool goal_by_when(const struct goal *goal, int64_t when, bool *ret_has);
bool stretch_takes(const struct stretch *stretch, text value);

/* --- joins.c ------------------------------------------------------------------------------- */

/* Replaces a CHAIN or HAS whose other side is quickly known by what it comes to. */
int join_settle(struct run *r, struct goal *goal);
int join_open(struct run *r, struct goal *goal, const struct spans *scope,
              struct stream **ret_stream);
int join_has(struct run *r, struct goal *goal, struct candidate *c, bool scoped, bool *ret_has);
/* Whether it gives hits one by one. */
bool join_streams(const struct goal *goal);

#endif

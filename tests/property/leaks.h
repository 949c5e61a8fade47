/*
 * Property: whoever asks, whatever they ask by the FHIR API, the answer is that of a node from
 * which everything that they may not see has been taken away beforehand.
 *
 * A case is a world (versions of resources, in order), an actor and some asks. Store A holds all of
 * the world and is asked as the actor; store B holds what a slow walk over the versions says that
 * the actor sees, and is asked by the administrator at the machine. The walk shares nothing with
 * the store but the engine of policy (grant_sees() of sheets that it makes of the resources
 * themselves).
 *
 * What cannot be equal is taken out of both answers before they are compared: meta.versionId and
 * meta.lastUpdated (each version has a tag of its own, which stays), ETag, Location, links and ids
 * of bundles and their time, the order where none was asked for, and of history whether an entry
 * was made by PUT or POST. Answers in pages are followed to the end; their pages have to be as
 * many, and as full. Of a summary its entries are compared, not their order.
 */
#ifndef KITH_LEAKS_H
#define KITH_LEAKS_H

#include "base/random.h"
#include "policy/grant.h"
#include "rest/rest.h"

enum {
    PATIENTS = 5,
    PEOPLE = 64,
    ASKS = 56,       /* of a case, that read */
    TWINS = 14,      /* of a case, that write */
    ARENA = 1 << 28, /* bytes of a case */
    ID_NEVER = 900000,
};

/* One version of the world. */
struct op {
    const char *type;
    const char *id;
    unsigned n;       /* of the id */
    unsigned tag;     /* 1, 2, 3 ...: the code of meta.tag */
    const char *json; /* NULL: a deletion */
    bool dropped;     /* by the shrinking */
    /* Found out: */
    bool current;
    bool seen;
    bool reads; /* something of the patient's record may be seen */
    uint64_t rid;
    uint64_t vid;   /* in A; 0: it changed nothing there */
    uint64_t vid_b; /* in B; 0: it is not there */
    text facts;
    const char *patient; /* whose record; NULL: nobody's who is known */
    int64_t leaf;        /* of the event of A's log about it; -1: none */
};

struct world {
    struct arena a;
    struct prng p;
    uint64_t seed;
    struct op *ops;
    size_t count;
    struct caller caller;
    const char *actor_words;
    bool limited; /* by scopes with parameters: on Observation by category, Condition by status */
    bool tells;   /* the jurisdiction's switch: that something is withheld */
    const struct grant *g;
    /* Found out: how the actor stands to each person of whom there is something. */
    struct standing {
        const char *patient;
        bool proxy; /* who may look */
    } standings[PATIENTS + 8];
    size_t standing_count;
    struct drawn *drawn;
};

/* --- leaks_world.c ------------------------------------------------------------------------------
 */

unsigned any(struct world *w, unsigned below);
/*
 * A template, filled in by chance: <a|b> one of them, <d:9> a number below 9, <#Type> an id of the
 * type, <any> "Type/id" of the world, <@name> a template of leaks_world.c, <S:subject> and
 * <S!:subject> the subject that belongs to the id (the second: always one), <odd:a|b> by the id,
 * <tag> the version's, <anytag> one of the world. A single quote stands for a double one.
 */
const char *fill(struct world *w, const char *template, const char *type, unsigned n, unsigned tag);
/* The actor and the versions. */
void world_make(struct world *w, uint64_t seed);
/* A resource of a type as it might be added: without id. */
const char *world_body(struct world *w, const char *type, unsigned tag);
/* leaks_actor.c */
void actor_make(struct world *w);

/* --- leaks_sides.c ------------------------------------------------------------------------------
 */

struct side {
    char dir[120];
    char log[140];
    struct store *store;
    struct audit *audit;
    struct jobs *jobs; /* NULL: none asked for yet */
    struct rest rest;
};

/* Both stores, filled; says of each version whether it is seen. */
void sides_open(struct world *w, const char *folder, struct side *a, struct side *b);
void sides_close(struct side *a, struct side *b);
/* The version of A that is current; 0: none. */
uint64_t side_vid(struct world *w, struct side *s, const struct op *op);

struct ask {
    enum http_method method;
    const char *path;          /* below /fhir/, with the query */
    const char *body;          /* NULL: none */
    const char *field, *value; /* one further field, "Name"; NULL: none */
    bool ordered;
};
struct answered {
    int status;
    text body;
    text head;
    uint64_t leaf_from, leaf_to; /* entries of the access log that came of it */
};
void side_ask(struct world *w, struct side *s, const struct ask *ask, bool as_actor,
              struct answered *ret);

/* --- leaks_compare.c
 * ------------------------------------------------------------------------------ */

/* A whole answer in a form that can be compared: all pages, without what cannot be equal. *ret_why:
 * what is wrong with the access log, or NULL. */
text answer_text(struct world *w, struct side *s, const struct ask *ask, bool as_actor,
                 const struct ask *refused_as, int *ret_status, const char **ret_why);
/* One answer's body alone. */
text canonical(struct world *w, text body);
/* NULL: it is none. */
yyjson_val *read_json(struct world *w, text body);
text printed(struct world *w, const yyjson_val *v);
/* Whether role and scope leave what an ask needs of every type that it is made to. */
bool role_may_ask(struct world *w, const struct ask *ask);

/* --- leaks_log.c ----------------------------------------------------------------------------- */

struct people {
    const char *ids[PEOPLE];
    size_t count;
};
/* What an answer shows, and what the log tells of it: page by page, and in all. */
struct told {
    struct people shown;
    struct people noted;
};
void people_add(struct people *p, const char *id);
/* Of whom the resources are that stand in a tree. */
void people_gather(struct world *w, const yyjson_val *root, struct people *p);
/* The version's own tag in meta.tag; 0: it is not shown. */
unsigned tag_shown(const yyjson_val *resource);
/* Adds what one answer shows and what its entries of the log say; what is wrong, or NULL. */
const char *log_lacks(struct world *w, struct side *s, const struct answered *got,
                      const yyjson_val *root, struct told *told);
const char *log_has_more(struct world *w, const struct ask *ask, const struct told *told);

/* --- leaks_drawn.c --------------------------------------------------------------------------- */

/* What was asked so far, by interaction; against what the CapabilityStatement lists. */
struct drawn;
struct drawn *drawn_new(void);
void drawn_free(struct drawn *d);
/* Takes from the statement of a side what has to be drawn. */
void drawn_learn(struct world *w, struct side *s);
void drawn_note(struct drawn *d, const struct ask *ask, int status);
/* Prints all; how many that have to be were never drawn. */
size_t drawn_print(const struct drawn *d);

/* --- leaks_asks.c
 * ---------------------------------------------------------------------------------- */

/* NULL: no leak; else what differs. The ask is made of `seed` alone (and of the world). */
const char *ask_reading(struct world *w, struct side *a, struct side *b, uint64_t seed,
                        const char **ret_words);
const char *ask_writing(struct world *w, struct side *a, struct side *b, uint64_t seed,
                        const char **ret_words);
/* leaks_export.c: bulk exports, by those who may and those who may not. */
const char *ask_export(struct world *w, struct side *a, struct side *b, const char **ret_words);
/* leaks_events.c: fills the logs of both with what others did; B's with what the actor is told. */
void events_fill(struct world *w, struct side *a, struct side *b);
const char *ask_events(struct world *w, struct side *a, struct side *b, const char **ret_words);
/* leaks_timing.c: that an answer "not there" comes when it has to; NULL, or what is wrong. */
const char *absence_waits(struct world *w, struct side *a);
const char *timing_of_absence(struct world *w, struct side *a);

#endif

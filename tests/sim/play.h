/*
 * One run of the simulator: a locality whose nodes are whole (locality/locality.h), what people and
 * chance do to it, and what must hold. docs/locality.md, "Invariants".
 */
#ifndef KITH_TESTS_SIM_PLAY_H
#define KITH_TESTS_SIM_PLAY_H

#include "format/json.h"
#include "locality/copies.h"
#include "locality/locality.h"
#include "members.h"
#include "sim.h"

#define PLAY_NHS "9434765919"
/* Words of an entry about another person, whom no answer may show. */
#define PLAY_OTHER "pulse of somebody else"
/* The entry that is corrected again and again, and of which others have copies. */
#define PLAY_ENTRY "Observation/c1"

/* The same person's other number at each node, and the words of what is under it. */
#define PLAY_OLD_NHS "9990000018"
#define PLAY_OLD_WORDS "weight"
#define PLAY_LINKAGE "Linkage/l-"

enum { PLAY_LIMIT_MS = 300000 /* I1 */ };

enum play_lie {
    LIE_NONE,
    LIE_LOG,         /* shows two histories of its log: I5 */
    LIE_DIRECTORIES, /* signs two texts of one number */
    LIE_HIDE,        /* leaves what it gave out of its log: I4 */
    LIE_MIX,         /* gives entries of another person: I3 */
};

struct player {
    struct play *play;
    size_t node;
    const struct loc_world *world;
    struct locality *locality;
};

/* One answer of a holder, as it left. */
struct play_gift {
    size_t from, to; /* asker, holder */
    int64_t at_ms;
    char nonce[24];
    bool hidden; /* by a liar */
};

/* A checkpoint of the liar that an honest member cosigned: "size\nroot". */
struct play_sight {
    size_t by;
    uint64_t size;
    char root[48];
};

/* Numbers of entries on their way from one node to another, in order. */
struct play_line {
    uint64_t *numbers;
    size_t count, taken, capacity;
};

/* A message between members, in the order in which they were queued. */
struct play_letter {
    char id[40];
    size_t from, to;
    bool taken;
};

struct play {
    struct sim *s;
    struct members *m;
    struct arena a;
    size_t nodes, home;
    enum play_lie lie;
    size_t liar; /* SIM_NODES_MAX: nobody yet */
    /* When a patient's choice against an asker was acknowledged at a holder; 0: never. */
    int64_t withdrawn_ms[SIM_NODES_MAX][SIM_NODES_MAX];
    /* The newest consent version that was acknowledged at a node. */
    uint64_t choice[SIM_NODES_MAX];
    /* Whom a holder has told of a choice against an asker: [holder][told][asker]. */
    bool told[SIM_NODES_MAX][SIM_NODES_MAX][SIM_NODES_MAX];
    bool contacted[SIM_NODES_MAX], was_removed[SIM_NODES_MAX];
    /* When a holder told the home that an asker may not know: L3. */
    int64_t said_no_ms[SIM_NODES_MAX][SIM_NODES_MAX];
    struct play_line lines[SIM_NODES_MAX][SIM_NODES_MAX];
    /* Two records of one person: joined there, or apart since when; and who was told of which. */
    bool merged[SIM_NODES_MAX];
    int64_t parted_ms[SIM_NODES_MAX];
    size_t merge_acts[SIM_NODES_MAX]; /* acknowledged */
    struct play_line told_merges[SIM_NODES_MAX][SIM_NODES_MAX];
    /* Whoever could not use what another gave has to tell people, unless it has crashed since. */
    const struct player *due[SIM_NODES_MAX][SIM_NODES_MAX];
    struct play_gift *gifts;
    size_t gift_count, gift_capacity;
    struct play_sight *sights;
    size_t sight_count, sight_capacity;
    struct play_letter *letters;
    size_t letter_count, letter_capacity;
    struct sim_trouble trouble; /* as long as chance plays */
    bool dozes;
    unsigned spread;      /* choices that others keep, too */
    unsigned undelivered; /* letters of which that was told */
    unsigned merges, joined_old;
    unsigned acts, asked, shown, whole, pages, sent, broken;
};

extern const struct subject play_ana, play_old;

/* --- play.c: begin and end ---------------------------------------------------------------------
 */

struct play *play_new(uint64_t seed, size_t nodes, bool trace);
void play_free(struct play *p);
/* NULL: it is down. */
struct player *play_node(struct play *p, size_t node);
bool play_is_honest(const struct play *p, size_t node);
/* Time goes by; where it is long, couriers look round less often, so that it costs less. */
void play_pass(struct play *p, int64_t ms);
void *play_grow(void *items, size_t count, size_t *capacity, size_t size);
/* The claims of a JWS, its signature unseen; NULL: it is none. */
const yyjson_val *play_claims(text jws, struct arena *a);
/* Whether the log of a node has an entry of a kind about a statement; *ret_leaf: which. */
bool play_logged(struct play *p, size_t node, const char *kind, const char *nonce,
                 uint64_t *ret_leaf);

/* --- play_wire.c: what nodes say to each other: I1, I3, I4, I6 ----------------------------------
 */

int play_answer(void *state, struct sim_request *request, struct arena *a, struct err *e);

/* Somebody turns to a node with the certificate of another, who may have been removed: what comes
 * of it is looked at like all answers. */
void play_knock(struct play *p, size_t who, size_t at);

/* --- play_ask.c: a joined record, and what it says: I1, I3, I4, I8 ------------------------------
 */

/* `count`: entries a page, the further ones some minutes later; 0: all at once. Negative after_ms:
 * returns when it has ended. _old: of the other number. */
void play_ask_old(struct play *p, size_t from, int64_t after_ms);
void play_ask(struct play *p, size_t from, uint64_t count, int64_t after_ms);

/* --- play_feed.c: choices, corrections, copies: I1, I2, I9 --------------------------------------
 */

/* The patient's choice at a holder that an organisation sees nothing; or sees again. */
void play_choose(struct play *p, size_t holder, size_t asker, bool sees);
/* A new version of the entry, told to all that have copies. */
void play_correct(struct play *p, size_t node);
/* Copies for another member from now on; or not any more. */
void play_give(struct play *p, size_t holder, size_t to, bool gives);
/* The first entry about the patient at a node: told to the home. */
void play_contact(struct play *p, size_t node);
void play_watch(void *context, size_t node, const struct kept_change *change);
/* When all that was told has come: who was told of a choice against an asker refuses it, too. */
void play_spread_choices(struct play *p);
/* No copy of what was withdrawn is shown after the limit. */
void play_check_copies(struct play *p);
/* Everything that was told has come; choices and contacts are kept. */
void play_check_rows(struct play *p);

/* --- play_mail.c: messages: I10 -----------------------------------------------------------------
 */

void play_send(struct play *p, size_t from, size_t to);
/* Somebody at a node takes one that waits there; or all that wait anywhere. */
void play_acknowledge(struct play *p, size_t node);
void play_acknowledge_all(struct play *p);
void play_watch_mail(struct play *p, size_t node, const struct kept_change *change);
/* Before anything else happens: what was durable is seen by people, however often it crashed. */
void play_check_shown(struct play *p);
void play_check_mail(struct play *p);

/* --- play_merge.c: two records of one person: I3, I11 -------------------------------------------
 */

void play_merge(struct play *p, size_t node, bool merges);
/* What is shown to somebody who has asked for one of both. */
void play_check_person(struct play *p, size_t from, bool old, int64_t begun_ms, text json);
void play_watch_merge(struct play *p, size_t from, size_t to, text line);
/* When all that was told has come. */
void play_check_merges(struct play *p);

/* --- play_lie.c: a member that lies -------------------------------------------------------------
 */

void play_lie(struct play *p);
/* One that has shown two logs is away, or comes back. */
void play_hide_liar(struct play *p, bool hidden);
/* Those who have cosigned both know of it: I5. */
void play_check_log(struct play *p);
/* The liar was found, and nobody else named. */
void play_check_liar(struct play *p);

/* --- play_acts.c --------------------------------------------------------------------------------
 */

/* One act of somebody, by chance; some go on while others begin. */
void play_act(struct play *p);

#endif

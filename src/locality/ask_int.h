/* Private to ask*.c. */
#ifndef KITH_LOCALITY_ASK_INT_H
#define KITH_LOCALITY_ASK_INT_H

#include "locality/ask.h"

#include <pthread.h>

enum {
    ASK_DEPTH = 64,
    ASK_STATEMENT_MAX = 32 << 10, /* bytes of what an asker sends */
    ASK_SAID_MAX = 256,           /* alarms that are remembered, so that none is raised too often */
    ASK_COUNTED_MAX = 1024,       /* of ask_count() */
    ASK_ALARMS = 20,       /* of one kind about one member within an hour, whatever their words */
    ASK_GUESSES = 20,      /* people asked about without a right to, within an hour */
    ASK_GUESSES_ALL = 200, /* ... by all of a member */
    ASK_LATE = 5,          /* answers that did not come in time, within an hour */
    ASK_LOOKS = 20,        /* at former directories, within an hour */
    HOUR_MS = 60 * 60 * 1000,
};

struct away {
    char ods[10];
    int64_t since_ms;
};
struct said {
    uint64_t of; /* hash of kind, member and words */
    int64_t at_ms;
};
struct counted {
    uint64_t of; /* hash of what, member and person */
    int64_t since_ms;
    unsigned count;
};

/* Two tables: whoever makes up people, or keys, by the thousand drives out no count of a member. */
struct counts {
    struct counted items[ASK_COUNTED_MAX];
    size_t count;
};

struct asking {
    const struct loc_world *world;
    struct trust *trust;
    struct feed *feed;
    struct foreigns *foreigns; /* NULL: none */
    struct nonces *nonces;
    struct hash_key key;  /* of `of` */
    pthread_mutex_t lock; /* around what follows, for a moment */
    struct away away[DIRECTORY_MEMBERS_MAX];
    size_t away_count;
    struct said said[ASK_SAID_MAX];
    size_t said_next;
    struct counts of_people, of_members;
    char newer[10]; /* a member that has a newer directory; empty: nobody is known to */
};

int ask_no_memory(struct err *e);
int64_t ask_now(const struct asking *k);

/* An alarm, the same one at most once an hour. What goes wrong with it is lost: the request is
 * refused all the same. */
void ask_alarm(struct asking *k, const char *kind, text member, text words);

/* How often this has happened within the hour that began with its first time, this one too. `who`:
 * what outsiders make up, as many as they like; empty: of the member as such. */
unsigned ask_count(struct asking *k, const char *what, text member, text who);

/* What did not count, in the log and as an alarm (A6). Of whoever is no member (`by` NULL) nothing
 * is written down but the alarm, so that a stranger fills no log. Returns rc, with *why in *e. */
int ask_turned_away(struct asking *k, const struct member *by, int rc, const struct err *why,
                    struct err *e);

bool ask_is_away(struct asking *k, text ods);
void ask_set_away(struct asking *k, text ods, bool away);
/* Somebody shows that a newer directory is in force with them. */
void ask_newer(struct asking *k, text ods, uint64_t theirs, uint64_t ours);

/* The path with the id of the patient in it; p NULL: no memory. */
text ask_path_with(text path, text patient, struct arena *a);
/* "Observation", "Patient" of a path, for the log; and its query. */
text ask_path_what(text path);
text ask_path_query(text path);

/* A body as ask_members() sends it, in that form exactly: the statement, and the request as bytes,
 * of which the statement has the hash. ERR_SYNTAX. */
int ask_body_read(text body, text *ret_jws, text *ret_request, struct err *e);
text ask_body_print(text jws, text request, struct arena *a);

/* What came with a receipt that counts: J6. ERR_FORBIDDEN, ERR_TOO_LARGE, ERR_SYNTAX with why. */
int ask_check(text body, const struct subject *asked, const struct receipt *r,
              const struct member *holder, struct arena *a, yyjson_val **ret_tree, struct err *e);
/* The part of it that is about the entries: `url` is the holder's in the directory, `patient` its
 * id. */
int ask_check_bundle(const yyjson_val *tree, const struct subject *s, text patient, text url,
                     struct arena *a, struct err *e);

/* The same person is the same one to the same node; nobody there learns the account's id. p NULL:
 * no memory. */
text ask_account(text self, const struct caller *caller, struct arena *a);
/* For the log: what was asked of whom (`peer`), in whose name. */
struct audit_event ask_event(const struct ask *ask, enum event_kind kind, text peer,
                             int64_t now_ms);
text ask_base64(const void *p, size_t n, struct arena *a);

/* --- admitting (ask_admit.c, ask_role.c) --------------------------------------------------------
 */

/* What a kind of member may claim. NULL: it may not claim this role. */
const struct job_role *ask_role(enum member_kind kind, text role);
/* The relationship that is taken from a member of this kind by its word; RELATION_NONE: none. */
enum relationship ask_stated(enum member_kind kind, text relation);

/* People have to compare two: a Task (code identity-conflict) about the own patient, once for each
 * member that has asked about them; one that was closed is not opened again. */
int ask_conflict(const struct loc_world *w, const struct member *asker, const struct admission *ad,
                 struct arena *a, struct err *e);

/* Break-glass by a member's person: the holder's own $open, with all that comes with it. */
int ask_open(const struct loc_world *w, const struct statement *s, const struct admission *ad,
             struct arena *a, struct err *e);

#endif

/*
 * What a locality needs of the world around it: time, chance, what is kept, other members, the own
 * record and log. In a node these are the real ones (node/locality_world.c); in the simulator they
 * have one seed. Nothing in locality/ reaches the world by another way.
 *
 * All calls may block and may come from any thread; each returns 0 or a code of base/err.h.
 */
#ifndef KITH_LOCALITY_WORLD_H
#define KITH_LOCALITY_WORLD_H

#include "audit/event.h"
#include "base/arena.h"
#include "store/kept.h"

struct member;

/* One request to a member. */
struct peer_call {
    const struct member *to; /* locality/directory.h: its address and its pinned keys */
    text method;
    text path; /* below its base URL: "/locality/ask" */
    text content_type, body;
    uint64_t most_bytes; /* of the answer */
    /* Set: */
    int result; /* ERR_TIMEOUT: not by the deadline; ERR_IO: no way to it; ERR_FORBIDDEN: it is not
                   who the directory says; ERR_TOO_LARGE: more than most_bytes */
    struct err err;
    int status;
    text answer;  /* in the arena of peer_calls() */
    text receipt; /* of the field Kith-Receipt; empty: none */
    int64_t took_ms;
};

/* What the own node has of a patient, asked as somebody: one FHIR request, answered as rest/ does.
 */
struct own_call {
    text method, path, body; /* path: relative to the FHIR base */
    /* Set: */
    int status;
    text answer;       /* JSON, in the arena */
    uint32_t withheld; /* labels (policy/facts.h), where it may be told */
};

/* A whole record on its way out: one line of JSON at a time (docs/locality.md, "Moving"). */
enum record_line { RECORD_VERSION, RECORD_LOG };
struct record_lines {
    void *context;
    int (*line)(void *context, enum record_line kind, text json, struct err *e);
};
/* ... and in. */
struct record_ask {
    text from;     /* ODS code of whoever packed it */
    text self;     /* of this node: what it gave away is known again; empty: it never did */
    text there;    /* the patient's id there */
    text patient;  /* and here; empty: they are not here yet, and come with the lines */
    bool same_ids; /* all is taken under the ids that it had: into a store of its own */
};
struct record_taken {
    uint64_t written, same; /* versions; same: they were there already */
    uint64_t refused;       /* no FHIR R4, or another version has its number here */
    char why[300];          /* of the first that was refused */
};

/* One request to a server that is no member: https, its certificate verified by the system's
 * authorities (http on this machine); redirects are not followed. */
struct fetch_call {
    text method, url;
    text content_type, body;   /* content_type empty: no body */
    const char *const *fields; /* "Name: value", ended by NULL */
    uint64_t most_bytes;       /* of the answer */
    int64_t deadline_ms;       /* a time of now_ms() */
    /* Set: */
    int status;
    text answer; /* in the arena */
};

struct caller;
struct decision; /* policy/grant.h */

struct loc_world {
    void *context;
    /* The jurisdiction's switch (docs/policy.md): nobody is told that something is withheld. */
    bool hides_withheld;
    int64_t (*now_ms)(void *context);
    void (*random)(void *context, uint8_t *to, size_t n);
    /* Waits at most so long, or until loc_world.wake() of another thread. */
    void (*sleep)(void *context, int64_t ms);
    void (*wake)(void *context);

    /* Rows of locality's own, in a file of its own (DIR/locality.db): as store/kept.h. */
    int (*get)(void *context, const char *kind, text key, struct arena *a, text *ret_value,
               struct err *e);
    int (*write)(void *context, const struct kept_change *changes, size_t count, size_t *ret_failed,
                 struct err *e);
    int (*each)(void *context, const char *kind, text prefix,
                int (*one)(void *context, text key, text value), void *one_context, struct err *e);

    /* All at once; returns when each has its result, at the deadline (now_ms()) at the latest. */
    void (*call)(void *context, struct peer_call *calls, size_t count, int64_t deadline_ms,
                 struct arena *a);
    /* From any thread. ERR_TIMEOUT, ERR_IO, ERR_TOO_LARGE, ERR_FORBIDDEN, ERR_INVALID. NULL: there
     * are no such servers. */
    int (*fetch)(void *context, struct fetch_call *call, struct arena *a, struct err *e);
    /* With a key of this node's, for what is kept in rows; NULL where fetch is. */
    int (*seal)(void *context, text bytes, struct arena *a, text *ret_sealed, struct err *e);
    int (*unseal)(void *context, text sealed, struct arena *a, text *ret_bytes, struct err *e);
    /* SHA-256 of the SubjectPublicKeyInfo of the certificate that call() shows: statement.tls.
     * ERR_NOT_FOUND: this node has none yet. */
    int (*own_tls)(void *context, uint8_t ret_spki[32], struct err *e);

    /* The own record. `as` NULL: the node itself. What is only read leaves no entry in the log:
     * whoever asks has one of its own (`gave`); what is written does, as always. */
    int (*own)(void *context, const struct caller *as, struct own_call *call, struct arena *a,
               struct err *e);
    /* What the own policy says to somebody about a patient (policy/grant.h), before anything is
     * read: relation, reads, overridden ... Of nobody's id: that nothing may be seen. */
    int (*decide)(void *context, const struct caller *as, text patient,
                  struct decision *ret_decision, struct err *e);
    /* All versions of a patient's record, what it refers to, and the entries of the log about them
     * with proofs. ERR_NOT_FOUND. */
    int (*pack)(void *context, text patient, const struct record_lines *to, struct err *e);
    /* Stores the versions among the lines, in their order, each once however often it is called. */
    int (*unpack)(void *context, const struct record_ask *ask, text lines,
                  struct record_taken *ret_taken, struct err *e);
    /* Appends to the own log, all or none, and waits once until they are durable. ret_leaves: the
     * hash of each leaf. */
    int (*record)(void *context, const struct audit_event *events, size_t count,
                  uint8_t (*ret_leaves)[32], struct err *e);
    /* The newest signed checkpoint of the own log, and consistency from a size to it
     * (RFC 6962): as audit/audit.h. */
    int (*checkpoint)(void *context, struct arena *a, text *ret_note, struct err *e);
    int (*consistency)(void *context, uint64_t from, uint64_t to, struct arena *a,
                       uint8_t (**ret_hashes)[32], size_t *ret_count, struct err *e);
    /* The own checkpoint with cosignatures of others, to be published, and who may cosign (lines of
     * key, space, name): as audit_put_cosigned(). NULL: it is published nowhere. */
    int (*cosigned)(void *context, text note, text witnesses, struct err *e);
    /* Something that a person has to see: kept, shown in health and to privacy officers. */
    int (*alarm)(void *context, const char *kind, text member, text words, struct err *e);
};

#endif

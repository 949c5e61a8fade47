/*
 * The store: versions of resources, what they are found by, and their order in time.
 *
 * Keys. A resource's key is one 64-bit integer, patient first:
 *     rid = compartment << 28 | type << 20 | serial
 * Compartments 0..511 are shared (organisations, practitioners ...), 512..1023 hold resources of
 * patients' types that name no patient, 1024 and up are one patient each. A patient's whole record
 * is one range of keys; a type within it is a range of that. A resource whose patient is changed
 * gets a new key; its older versions keep theirs.
 *
 * Time. Every version has a number t, unique and increasing: ms since 1970 << 16 | counter.
 * meta.lastUpdated is t >> 16. Paging, history and later the audit log and replication share it.
 *
 * Reading happens in a view, writing in requests; both need a grant. docs/storage.md has the
 * numbered invariants.
 */
#ifndef KITH_STORE_STORE_H
#define KITH_STORE_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/limits.h"
#include "fhir/index.h"
#include "fhir/search.h"
#include "policy/grant.h"

struct store;
struct store_view;

/* --- life ---------------------------------------------------------------------------------- */

struct store_identity {
    text organisation; /* ODS code of the organisation that runs the node */
    text name;         /* its name, for people */
};

/* Makes an empty store in the folder `dir` (made if absent). ERR_CONFLICT when there is one
 * already. */
int store_create(const char *dir, const struct store_identity *identity, struct err *e);

enum store_mode {
    STORE_SERVE, /* the one writer: takes the folder's lock (ERR_CONFLICT when another process has
                    it) */
    STORE_LOOK,  /* reading only, also while another process serves */
};

struct store_config {
    const char *dir;
    enum store_mode mode;
    const struct limits *limits;
    /* What index_extract() takes; copied (customs must outlive the store). */
    struct index_rules rules;
    /* What policy_facts() takes; must outlive the store. NULL: the built-in ones, and those of the
     * file `labels` in the folder. */
    const struct label_rules *labels;
    /* Called by the writer's thread after a commit with notes (struct write.note), before those who
     * wait for it are told; must be quick. May be NULL. */
    void (*noted)(void *context);
    void *noted_context;
    /* For tests: only so many bits of the hash of a name are used, so that names collide. 0: all.
     */
    unsigned name_bits;
    size_t facets_max; /* for tests: combinations of facets a type; always the same for one store.
                          0: FACETS_MAX */
};

/*
 * Opens. ERR_NOT_FOUND: no store there; ERR_NOT_SUPPORTED: of another schema version (says which
 * and what to do). In STORE_SERVE the writer thread starts. 100,000 resources open in well under
 * 100 ms.
 */
int store_open(const struct store_config *config, struct store **ret_store, struct err *e);

/* Waits for queued writes, checkpoints, closes. All views must have ended. NULL is allowed. */
void store_close(struct store *s);

/* Valid until the store is closed. */
struct store_identity store_identity(const struct store *s);

/* A key for sealing what is handed out (paging tokens), derived from the store's own secret:
 * survives restarts. */
struct hash_key store_key(const struct store *s, text purpose);

/* Of what policy keeps: grant_make(). */
struct hash_key store_policy_key(const struct store *s);
/* What policy_facts() takes here. */
const struct label_rules *store_labels(const struct store *s);

/* --- reading ------------------------------------------------------------------------------- */

enum store_view_kind {
    STORE_ONE_READ, /* sees everything committed before it began; later commits too, or not */
    STORE_SNAPSHOT, /* the same, and all calls see the same state; keep it short (under 2 s) */
};

int store_view_begin(struct store *s, const struct grant *g, enum store_view_kind kind,
                     struct store_view **ret_view, struct err *e);
/* NULL is allowed. */
void store_view_end(struct store_view *v);

struct version {
    uint64_t rid;
    fhir_type type;
    text id;
    uint64_t vid; /* 1, 2, 3 ... */
    uint64_t t;
    bool deleted; /* a deletion: packed is empty */
    text packed;  /* fhir/resource.h */
};

static inline int64_t version_instant(const struct version *v)
{
    return (int64_t)(v->t >> 16);
}

/*
 * What the view's grant may do with a patient's record, and what policy knows of them (*ret_sheet
 * NULL: nothing; valid until the view ends). A patient who is not here is one of whom nothing is
 * known.
 */
int store_decide(struct store_view *v, text patient, struct decision *ret_decision,
                 const struct sheet **ret_sheet, struct err *e);
/* The same about the patient of a compartment, who needs not be looked for; and who that is, valid
 * until the view ends; empty: nobody's, or that of a patient who is only mentioned here. */
int store_decide_in(struct store_view *v, uint64_t compartment, text *ret_patient,
                    struct decision *ret_decision, struct err *e);
/* Whose compartment it is (rid >> 28); valid until the view ends. ERR_NOT_FOUND: nobody's, or that
 * of a patient who is only mentioned here. */
int store_patient_of(struct store_view *v, uint64_t compartment, text *ret_id);

struct versions {
    struct version *items;
    size_t count;
    bool more; /* there are more behind `next` */
    text next; /* opaque bytes: where to go on */
};

/* The current version, which may be a deletion. ERR_NOT_FOUND when there never was one (or it may
 * not be seen). */
int store_read(struct store_view *v, fhir_type type, text id, struct arena *a,
               struct version *ret_version, struct err *e);

/* One version by number. ERR_NOT_FOUND. */
int store_vread(struct store_view *v, fhir_type type, text id, uint64_t vid, struct arena *a,
                struct version *ret_version, struct err *e);

struct history_scope {
    fhir_type type;   /* 0: the whole system */
    text id;          /* empty: the whole type */
    int64_t since_ms; /* _since: versions at or after it; INT64_MIN: all */
    int64_t at_ms;    /* _at: versions that were current at some time in [at_ms, at_until_ms);
                         INT64_MIN: not given */
    int64_t at_until_ms;
};

/* Newest first, deletions included. ERR_NOT_FOUND for an instance that never was. ret_total may be
 * NULL. */
int store_history(struct store_view *v, const struct history_scope *scope, size_t count, text from,
                  struct arena *a, struct versions *ret_versions, uint64_t *ret_total,
                  struct err *e);

/*
 * What was committed later than `after` (a t), deletions included: the oldest first, at most `most`
 * versions of the types that `types` (by fhir_type; NULL: all) has. For a view of kind
 * STORE_SNAPSHOT: then whoever goes on after the last t of a call comes past every version once.
 */
int store_changes(struct store_view *v, uint64_t after, const bool *types, size_t most,
                  struct arena *a, struct versions *ret_versions, struct err *e);

/*
 * How a search was run: a step a line, in the order in which they ran; indented by depth. To whom
 * does not read everything it only says what was looked for: how it is found, and how much there is
 * to look at, tells of what is hidden.
 */
struct store_explain_step {
    unsigned depth;
    text what;         /* "seek code = http://loinc.org|8480-6 within one patient" */
    uint64_t estimate; /* entries expected, UINT64_MAX: not estimated */
    uint64_t visited;  /* index entries and resources looked at */
    uint64_t kept;
    int64_t ns;
};
struct store_explain {
    struct store_explain_step *steps;
    size_t count;
    uint64_t visited;
    int64_t ns;
};

/*
 * Runs a plan (and the plans that it has `also`, in one order). Without sorts the order is by key
 * (a patient's resources stand together). `from` is empty or the `next` of the page before; pages
 * neither repeat nor lose a resource that did not change in between. count 0: only the total.
 * ret_total may be NULL (not wanted); it is exact. ret_explain may be NULL.
 *
 * ERR_TOO_COSTLY past the limits search_seconds and search_matches, or when too many searches that
 * have run for longer than search_heavy_ms wait for their turn (search_heavy).
 */
int store_search(struct store_view *v, const struct plan *plan, size_t count, text from,
                 struct arena *a, struct versions *ret_versions, uint64_t *ret_total,
                 struct store_explain *ret_explain, struct err *e);

/*
 * The keys that a plan matches, at most `most` of them (the first by key): for conditions. Cheaper
 * than a search. Items have rid, type, id, vid, t; packed is empty.
 */
int store_match(struct store_view *v, const struct plan *plan, size_t most, struct arena *a,
                struct versions *ret_versions, struct err *e);

/*
 * Current versions in key order, deletions left out: everything (patient empty), or one patient's
 * compartment and the resources that it is a further member of. Stops after `count` items or when
 * packed bytes pass `bytes`. ERR_NOT_FOUND for a patient who has no compartment here.
 */
int store_scan(struct store_view *v, text patient, size_t count, size_t bytes, text from,
               struct arena *a, struct versions *ret_versions, struct err *e);

/*
 * The last t of a millisecond that is over: every version up to it is committed, and none that is
 * committed later is at or before it, whatever the clock does. Waits for the writer's queue.
 */
int store_moment(struct store *s, const struct grant *g, uint64_t *ret_t, struct err *e);

/* What was current at `until` (of store_moment()) and had become so later than `since`. */
struct store_past {
    uint64_t until;
    uint64_t since;    /* 0: whenever */
    const bool *types; /* by fhir_type; NULL: all */
    bool deletions;    /* list what had been deleted, too */
};

/*
 * In order of the keys of that time, from `from` to `to` inclusive. Stops after `count` items, when
 * packed bytes pass `bytes`, or when it has looked at some thousand keys, so that a view is short;
 * then `more` is set and *ret_next is where to go on.
 */
int store_scan_past(struct store_view *v, const struct store_past *past, uint64_t from, uint64_t to,
                    size_t count, size_t bytes, struct arena *a, struct versions *ret_versions,
                    uint64_t *ret_next, struct err *e);

/* Whether a key lies in a patient's compartment, and in which. */
bool store_patients_compartment(uint64_t rid, uint64_t *ret_compartment);

/* The first key of patients' compartments, and the last of all. */
uint64_t store_patients_first(void);
uint64_t store_keys_last(void);

/*
 * A patient's compartment as a range of keys, and the keys of resources elsewhere that name the
 * patient too. ERR_NOT_FOUND.
 */
int store_patient_keys(struct store_view *v, text patient, struct arena *a, uint64_t *ret_from,
                       uint64_t *ret_to, uint64_t **ret_others, size_t *ret_other_count,
                       struct err *e);

/* A number that grows with each write of a definition (fhir/defs.h), after it has become visible.
 */
uint64_t store_definitions(const struct store *s);
/* The t of the newest version that takes something away, or may (a Consent, an entry that is
 * sealed), after it has become visible; 0: none since the store was opened. */
uint64_t store_choices(const struct store *s);

/* Current resources of one type. */
int store_count(struct store_view *v, fhir_type type, uint64_t *ret_count, struct err *e);

/* --- writing ------------------------------------------------------------------------------- */

enum write_kind { WRITE_PUT, WRITE_DELETE };

enum write_expect {
    EXPECT_ANY,     /* whatever is there, or nothing */
    EXPECT_ABSENT,  /* there is no such resource: there never was, or it is deleted */
    EXPECT_VERSION, /* the current version has number expected_vid and is not a deletion */
};

struct write {
    enum write_kind kind;
    fhir_type type;
    text id;
    enum write_expect expect;
    uint64_t expected_vid;
    text packed;               /* PUT: resource_pack() */
    const struct index *index; /* PUT: index_extract() */
    text facts;                /* PUT: policy_facts(). p == NULL: the store derives them */
    bool new_id;               /* PUT: the id is one that the node has just made up */
    text note;                 /* kept with the version, if there is a new one: store_notes() */
    /* Set on success: */
    uint64_t rid; /* of the version written; 0: there was nothing to delete */
    uint64_t
        vid; /* of the current version; DELETE: of the deletion, 0 when there never was anything */
    uint64_t t;
    bool created; /* there was none, or a deletion */
    bool changed; /* false: the same data was there already (or, for DELETE, nothing): no new
                     version */
};

/* Holds when the plan matches exactly nothing (expected_id empty) or exactly the one resource
 * expected_id. */
struct write_condition {
    const struct plan *plan;
    text expected_id;
};

/* All or nothing. */
struct write_request {
    struct write *writes;
    size_t write_count;
    const struct write_condition *conditions;
    size_t condition_count;
    /* Set: */
    int result; /* 0: durable */
    struct err err;
    size_t failed_write;     /* SIZE_MAX: none */
    size_t failed_condition; /* SIZE_MAX: none; a condition that no longer holds gives ERR_CONFLICT:
                                prepare again */
};

/*
 * Writes several independent requests; returns when each is either durable (fsynced) or refused.
 * They share one commit with whatever else is queued. The expectations and conditions are decided
 * by the writer, so nothing can come in between. Per request: ERR_PRECONDITION (a version),
 * ERR_CONFLICT (EXPECT_ABSENT, or a condition), ERR_FULL, ERR_FORBIDDEN, ERR_STOPPING. Everything
 * pointed to must stay until the return.
 *
 * To a grant that does not see a resource there is none: a PUT of its id is ERR_NOT_FOUND, as that
 * of any other id is that the grant may not choose; a DELETE changes nothing. ERR_FORBIDDEN: it is
 * seen, or new, but may not be written.
 */
void store_commit(struct store *s, const struct grant *g, struct write_request *requests,
                  size_t count);

/*
 * The same in two steps, for a caller that waits for a turn in between: the first does all that
 * needs no database; the second commits `count` of the requests, from the one at `from` on, each of
 * them once. NULL: every request has been refused. The requests must stay where they are until the
 * batch is dropped; NULL may be dropped.
 */
struct store_batch;
struct store_batch *store_batch_make(struct store *s, const struct grant *g,
                                     struct write_request *requests, size_t count);
void store_batch_commit(struct store_batch *b, size_t from, size_t count);
void store_batch_drop(struct store_batch *b);

/*
 * Notes: bytes that are durable together with the version that they came with, until somebody has
 * taken them over (the access log does: docs/audit.md).
 */
struct store_note {
    uint64_t t;   /* of the version */
    uint64_t rid; /* its key */
    bool created; /* there was none before it, or a deletion */
    text bytes;
};
/* At most `most` of them, in order of t, from from_t on. For the node itself. */
int store_notes(struct store *s, uint64_t from_t, size_t most, struct arena *a,
                struct store_note **ret_notes, size_t *ret_count, struct err *e);
/* Those up to t are not needed any more: they go with the writer's next commit, or when it is idle.
 * After a crash they may be there again. */
void store_notes_done(struct store *s, uint64_t t);

/*
 * Waits until the writer has nothing left to do: what is queued, the words of all versions, bodies
 * that are to be packed anew. After a load, so that what is closed is complete and small.
 */
void store_settle(struct store *s);

/* --- added search parameters, $reindex ------------------------------------------------------ */

/*
 * Search parameters are added by writing SearchParameter resources (status active; see
 * fhir/search_custom.h): the writer registers them with the write. Their entries are then built in
 * the background; writes give them from the start.
 */

/* What index_extract() and queries take now: the store's base and the parameters in force. What it
 * points to stays until the store is closed. */
struct index_rules store_rules(const struct store *s);

enum store_param_state {
    PARAM_BUILDING = 1, /* queries have to wait */
    PARAM_USABLE,
    PARAM_REMOVING, /* not known to queries any more; its entries are being taken away */
    PARAM_REMOVED,
};

/* One type's part of an added parameter. */
struct store_param {
    fhir_type type;
    enum store_param_state state;
    uint64_t looked; /* BUILDING: resources gone through so far, of store_count() */
};
/* Those of one SearchParameter resource, REMOVED ones left out. 0 or ERR_MEMORY. */
int store_params(struct store *s, text id, struct arena *a, struct store_param **ret_params,
                 size_t *ret_count);

/*
 * Derives all index entries of a type (0: of all types) anew in the background, and repairs what
 * differs. Durable on return: goes on after a restart. ERR_CONFLICT: one is under way.
 */
int store_reindex(struct store *s, const struct grant *g, fhir_type type, uint64_t *ret_number,
                  struct err *e);

struct store_reindex {
    uint64_t number; /* 0: there never was one */
    fhir_type type;  /* 0: all */
    bool running;
    bool second;      /* going through the entries; else through the resources */
    uint64_t looked;  /* resources gone through */
    uint64_t entries; /* entries gone through */
    uint64_t missing; /* entries that were not there, or with another date */
    uint64_t stale;   /* entries that no resource gives */
    int64_t began_ms;
    int64_t ended_ms; /* 0: not yet */
};
/* The newest one. */
void store_reindex_status(struct store *s, struct store_reindex *ret_status);

/* --- care ---------------------------------------------------------------------------------- */

struct store_finding {
    const char *invariant; /* "I4" of docs/storage.md */
    char text[512];
};

/*
 * Checks every invariant of docs/storage.md: SQLite's own integrity, keys, versions, order in time,
 * bodies that can be read, the index against freshly derived entries. Calls report for each finding
 * and progress now and then.
 */
struct store_checker {
    void (*report)(void *context, const struct store_finding *finding);
    void (*progress)(void *context, uint64_t done, uint64_t all);
    void *context;
};
int store_check(struct store *s, const struct grant *g, const struct store_checker *checker,
                uint64_t *ret_findings, struct err *e);

/* A consistent copy of the whole store in one new file, while it is served or not. ERR_CONFLICT:
 * the file exists. */
int store_backup(const char *dir, const char *file, struct err *e);
/* Makes a store from such a file, after checking it. ERR_CONFLICT: dir has a store already. */
int store_restore(const char *file, const char *dir, struct err *e);

struct store_stats {
    uint64_t resources; /* current, not deleted */
    uint64_t bytes;     /* of the files */
};
/* To whom does not read everything: of what they see, and no bytes. */
int store_stats(struct store_view *v, struct store_stats *ret_stats, struct err *e);

/* True while writes are refused because the disk is full. */
bool store_is_full(const struct store *s);

#endif

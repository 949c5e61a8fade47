/*
 * Inside rest/: the operations about access (docs/access-operations.md): who may see a record, what
 * a patient chooses, emergencies, seals, and what the access log tells.
 *
 * Each looks with the asker's own grant, so that nothing is told that the asker may not see. What
 * it writes for somebody who has no right to write Consent, Task or Communication goes through the
 * ordinary write path with the node's own grant, after access_allow() has said yes and the input
 * has been understood; all of one operation in one transaction.
 */
#ifndef KITH_REST_ACCESS_H
#define KITH_REST_ACCESS_H

#include "audit/event.h"
#include "identity/identity.h"
#include "rest/operation.h"

#define KITH_SYSTEM "https://kith.care/fhir/CodeSystem/"
#define KITH_STRUCTURE "https://kith.care/fhir/StructureDefinition/"

enum {
    ACCESS_WORDS_MAX = 2000,    /* bytes of what a person writes as a reason */
    ACCESS_ENTRIES_MAX = 20000, /* entries of a record that one operation goes through */
};

struct access {
    struct call *call;
    struct arena *arena;
    const struct actor *actor;
    struct store_view *view; /* with the asker's grant; NULL: closed */
    text patient;            /* id */
    struct decision decision;
    const struct sheet *sheet; /* NULL: nothing is known; valid until the view ends */
    bool sees;                 /* something of the record, not only who the patient is */
    bool self;                 /* the asker is the patient */
    bool proxy;                /* the asker acts for the patient, by a proxy in force */
    int64_t now_ms;
};

/* Begins a view and decides about the patient. ERR_NOT_SUPPORTED for an entry of a bundle. Close it
 * also when it fails. */
int access_open(struct call *c, text patient, struct access *ret_access, struct err *e);
void access_close(struct access *a);
/* Decides about this patient; for those who were opened without one. */
int access_about(struct access *a, text patient, struct err *e);
/* A view of what is now, after a change. */
int access_again(struct access *a, struct err *e);

/* Who may: any of these. */
enum access_by {
    BY_SELF = 1,
    BY_PROXY = 2,      /* with the function view */
    BY_ACTIVITY = 4,   /* of somebody who sees the record */
    BY_STRANGER = 8,   /* with the activity alone, whatever they see */
    BY_CHANGING = 128, /* a token's scope must let it change Consent, too; else read it */
};
/* ERR_FORBIDDEN, in the same words whether or not there is such a patient. */
int access_allow(const struct access *a, unsigned by, enum activity activity, struct err *e);

/* ERR_NOT_FOUND: there is no such patient. That somebody is here is what staff find out by
 * searching for people; nobody else is told of it without the activity. */
int access_exists(struct access *a, struct err *e);

/* --- input ------------------------------------------------------------------------------------ */

struct access_input {
    struct operation_parameter *items;
    size_t count;
};
/* All parameters, only of these names (ended by NULL); each once, but for `repeats` (may be NULL).
 */
int access_input(struct call *c, const char *const *names, const char *repeats,
                 struct access_input *ret_input, struct err *e);
/* Empty (p == NULL): not given. ERR_VALUE: not of that form. */
int input_code(const struct access_input *in, const char *name, text *ret_code, struct err *e);
int input_words(const struct access_input *in, const char *name, text *ret_words, struct err *e);
int input_flag(const struct access_input *in, const char *name, bool otherwise, bool *ret_flag,
               struct err *e);
/* A date or dateTime as it was written, and its first and last moment + 1 in ms since 1970. */
struct access_date {
    text as_written; /* p == NULL: not given */
    int64_t from_ms;
    int64_t until_ms;
};
int input_date(const struct access_input *in, const char *name, struct access_date *ret_date,
               struct err *e);
/* "Type/id" of this node, of one of the types ("Organization Practitioner"). */
int input_reference(const struct access *a, const struct access_input *in, const char *name,
                    const char *types, text *ret_reference, struct err *e);
/* `start` and `end`: in order, and not over yet. */
int input_period(const struct access *a, const struct access_input *in,
                 struct access_date *ret_start, struct access_date *ret_end, struct err *e);
/* `reason` and `words`: "code" of the table of docs/access-operations.md, words where it needs
 * them. */
struct access_reason {
    text code;
    const char *display;
    text words;
};
int input_reason(const struct access_input *in, struct access_reason *ret_reason, struct err *e);
/* `hours`: 1 to 24. */
int input_hours(const struct access_input *in, uint64_t otherwise, uint64_t *ret_hours,
                struct err *e);

/* --- output: Parameters ----------------------------------------------------------------------- */

void access_params_open(struct buf *out);
void access_params_close(struct buf *out);
void part_open(struct buf *out, const char *name); /* a parameter that has parts */
void part_close(struct buf *out);
void part_text(struct buf *out, const char *name, const char *type, text value); /* "Code" ... */
void part_flag(struct buf *out, const char *name, bool value);
void part_count(struct buf *out, const char *name, uint64_t value);
void part_reference(struct buf *out, const char *name, text reference, text display);
/* Left out for INT64_MIN and INT64_MAX. */
void part_time(struct buf *out, const char *name, int64_t ms);

/* Members of resources that are being written: `,"name":"value"` and so on; left out when empty. */
void put_comma(struct buf *out);
void put_text(struct buf *out, const char *name, text value);
void put_reference(struct buf *out, const char *name, text reference, text display);
void access_put_time(struct buf *out, const char *name, int64_t ms);

/* --- writing ---------------------------------------------------------------------------------- */

struct access_write {
    fhir_type type;
    text id;
    text json;
    uint64_t vid;          /* of the version that it is changed from; 0: it is new */
    enum event_kind event; /* what the access log says of it, which is durable with it */
    text reason;
    int64_t disclose_after_ms; /* the patient is not told of it before; 0: at once */
};
enum { ACCESS_WRITES_MAX = 4 };
/* All or nothing. ERR_PRECONDITION: somebody was faster. */
int access_commit(struct access *a, const struct access_write *writes, size_t count, struct err *e);
/* The same words about a change that somebody else was faster with. */
bool access_retry(int rc, int attempt);

/* A fresh id. p == NULL: no memory. */
text access_id(struct access *a);
/* Notes what has been read, for the access log. */
int access_note(struct access *a, enum event_kind kind, text what, struct err *e);
/* Copies out of a buffer into the arena, and ends the buffer. */
int access_text(struct access *a, struct buf *from, text *ret_text, struct err *e);
int access_no_memory(struct err *e);

/* The asker as FHIR names them: "Practitioner/x" of a professional, "Patient/y", "RelatedPerson/z".
 * Empty: none. */
text actor_reference(const struct actor *actor);
/* Whether the actor is, or belongs to, a party. */
bool actor_is(const struct actor *actor, text party);

/* --- reading ---------------------------------------------------------------------------------- */

/* The current resources of a type in the patient's compartment that the asker sees, as far as they
 * match a query ("status=active"; empty: all). ERR_TOO_COSTLY: there are more than anybody reads.
 */
int access_find(struct access *a, fhir_type type, text query, struct versions *ret_versions,
                struct err *e);
/* The same, keys only. */
int access_keys(struct access *a, fhir_type type, text query, struct versions *ret_versions,
                struct err *e);
/* One current resource as a tree. ERR_NOT_FOUND: none that the asker sees. */
int access_read(struct access *a, fhir_type type, text id, struct version *ret_version,
                yyjson_val **ret_root, struct err *e);
/* A party's name for people: "Kith Surgery"; where it cannot be read the display, else the
 * reference itself. */
int access_name(struct access *a, text reference, text display, text *ret_name, struct err *e);
/* Goes through the patient's whole compartment with the asker's grant (as_node: with the node's).
 * The version is valid during the call of `each` only. ERR_TOO_COSTLY past ACCESS_ENTRIES_MAX. */
int access_scan(struct access *a, bool as_node,
                int (*each)(void *context, const struct version *v, struct err *e), void *context,
                struct err *e);

/* A category that choices may name, by its code. NULL: none. */
struct access_category {
    uint32_t label;
    const char *system;
    const char *code;
    const char *words;
};
const struct access_category *access_category(text code);
/* Ended by one without a code. */
extern const struct access_category access_categories[];

/* --- Consents (access_consent.c) ---------------------------------------------------------------
 */

enum consent_kind {
    CONSENT_SHARING,
    CONSENT_GRANT,
    CONSENT_OVERRIDE,
    CONSENT_CLAIM,
    CONSENT_PROXY,
};

/* A stored Consent as far as the pages tell of it. */
struct consent {
    enum consent_kind kind;
    const struct version *version;
    const yyjson_val *root;
    const yyjson_val *provision;
    bool active;
    bool permit;
    bool firm;
    bool has_exceptions;      /* provisions inside */
    int64_t from_ms;          /* INT64_MIN: open */
    int64_t until_ms;         /* INT64_MAX: open */
    text basis;               /* of a proxy */
    const yyjson_val *reason; /* of an override or claim: the coding; NULL: none */
    text words;               /* its text */
};
int consent_read(struct access *a, const struct version *v, struct consent *ret_consent,
                 struct err *e);
/* Queries that leave the Consents which are in force now, or later. p == NULL: no memory. */
enum { CONSENT_QUERIES = 2 };
void consent_queries(struct access *a, text ret_queries[CONSENT_QUERIES]);
/* Those of the patient's of a kind that the asker sees and that nobody has ended, in order of key:
 * as far as they are in force now, or later; of emergencies all. */
int consents_read(struct access *a, enum consent_kind kind, struct consent **ret_consents,
                  size_t *ret_count, struct err *e);
/* A reference of provision.actor; empty: there are not so many. */
text consent_party(const struct consent *c, size_t at, text *ret_display);

struct consent_draft {
    enum consent_kind kind;
    bool permit;
    bool firm;
    text party; /* empty: everybody */
    text party_display;
    const struct access_category *category; /* NULL: all */
    text purpose;                           /* code; empty: all */
    text start;                             /* as FHIR writes it; empty: open */
    text end;
    const struct access_reason *reason;
    const text *functions; /* of a proxy */
    size_t function_count;
    text basis;
    text performer; /* who has chosen */
};
int consent_print(struct access *a, text id, const struct consent_draft *draft, text *ret_json,
                  struct err *e);
/* The parameter `id`: a Consent of the patient of one of these kinds (bits 1 << enum consent_kind)
 * that is active; made inactive. */
int consent_end(struct access *a, text id, unsigned kinds, struct access_write *ret_write,
                struct consent *ret_consent, struct err *e);

/*
 * Nobody is on both sides: staff who write down what a patient has said may not do so where it is
 * about what they see themselves (grant_notes()). `before` NULL: there is no such Consent yet.
 */
int consent_by_another(struct access *a, const yyjson_val *before, text after, struct err *e);

/* What a choice means, in words for the patient (yours) or about them. */
int consent_words(struct access *a, const struct consent *c, text *ret_words, struct err *e);

/* --- relationships (access_relation.c) ----------------------------------------------------------
 */

/* Adds a parameter `relationship` for each party that may see the record now or soon. */
int relations_print(struct access *a, struct buf *out, struct err *e);

/* --- Tasks and Communications (access_task.c) ----------------------------------------------------
 */

struct task_draft {
    const char
        *kind; /* override-review, claim-review, legal-review, account-review, access-query */
    const char *title;
    text focus;                         /* Consent/x; empty: none */
    text leaf;                          /* of the log; empty: none */
    text account;                       /* which somebody was invited to; empty: none */
    text by;                            /* the account of whoever did it; empty: not said */
    const struct access_reason *reason; /* NULL: none */
    text words;
    bool for_reviewers; /* the patient does not read it */
};
int task_print(struct access *a, text id, const struct task_draft *draft, text *ret_json,
               struct err *e);
/* A notice to the patient; `private`: who acts for them does not see it. */
int notice_print(struct access *a, text id, text about, text words, bool private, text *ret_json,
                 struct err *e);

/* --- trees ------------------------------------------------------------------------------------ */

/* Prints a tree with members in the place of its own: an empty one takes the member away; one that
 * is not there is added. */
struct tree_change {
    const char *name;
    text json;
};
int tree_change(struct access *a, const yyjson_val *root, const struct tree_change *changes,
                size_t count, text *ret_json, struct err *e);
/* Items of an array; a value that is none is one item, NULL none. */
size_t tree_items(const yyjson_val *v);
const yyjson_val *tree_first(const yyjson_val *v);
/* The value of an extension by url ("valueCode"); NULL: none. */
const yyjson_val *tree_extension(const yyjson_val *v, const char *url, const char *value);
bool tree_true(const yyjson_val *v);

/* --- the log -----------------------------------------------------------------------------------
 */

/* Whose log a caller may see: of everybody, their own, of whom they act for. */
enum log_sight { LOG_ALL, LOG_OWN, LOG_PROXY };
/* Of the log about a->patient (empty: of all). ERR_FORBIDDEN. */
int log_sight(const struct access *a, enum log_sight *ret_sight, struct err *e);
/*
 * An event as it is told of. False: not at all, which is so for proxies alone: a patient's own list
 * has no gaps. *ret_whole (may be NULL): nothing had to be left out.
 */
bool log_show(struct access *a, enum log_sight sight, const struct audit_event *event,
              struct audit_event *ret_shown, bool *ret_whole);

/* Search and read of AuditEvents (access_log.c): whoever runs interactions asks first, and sends
 * them there. */
bool access_log_serves(const struct call *c);
int do_access_log(struct call *c, struct err *e);

/* /audit/... of the node (access_pages.c). `caller`: of somebody who has proved elsewhere who they
 * are, as for rest_handle_as(); NULL: the request says it. */
void access_pages(const struct rest *rest, const struct caller *caller,
                  const struct http_request *request, struct http_reply *reply);

/* The operations, for the table of operation.c. */
int do_sharing(struct call *c, struct err *e);
int do_sharing_end(struct call *c, struct err *e);
int do_grant_access(struct call *c, struct err *e);
int do_preview(struct call *c, struct err *e);
int do_withheld(struct call *c, struct err *e);
int do_break_glass(struct call *c, struct err *e);
int do_claim(struct call *c, struct err *e);
int do_legal_access(struct call *c, struct err *e);
int do_proxies(struct call *c, struct err *e);
int do_proxies_end(struct call *c, struct err *e);
int do_seal(struct call *c, struct err *e);
int do_unseal(struct call *c, struct err *e);
int do_release(struct call *c, struct err *e);
int do_query_access(struct call *c, struct err *e);
int do_review(struct call *c, struct err *e);
/* links_operations.c */
int do_share_link(struct call *c, struct err *e);
int do_share_links(struct call *c, struct err *e);
int do_share_link_end(struct call *c, struct err *e);

#endif

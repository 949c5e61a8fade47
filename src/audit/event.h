/*
 * One event of the access log: what happened, to whose record, by whom, why, how it ended.
 *
 * As kept: one line of JSON with these members in this order, those that are empty left out:
 *   {"v":1,"at":ms,"kind":...,"class":...,"outcome":...,"why":...,"patient":...,"what":...,
 *    "query":...,"version_t":...,"count":...,"account":...,"who":...,"name":...,"role":...,
 *    "role_name":...,"organisation":...,"organisation_name":...,"client":...,"client_name":...,
 *    "relation":...,"purpose":...,"reason":...,"disclose_after":...,"request":...,"peer":...,
 *    "peer_leaf":...,"nonce":...}
 * As shown: an AuditEvent in the shape of IHE BALP (event_print_fhir()).
 */
#ifndef KITH_AUDIT_EVENT_H
#define KITH_AUDIT_EVENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* X(NAME, code, AuditEvent.action, words) */
#define EVENT_TABLE(X)                                                          \
    X(READ, "read", 'R', "read an entry")                                       \
    X(SEARCH, "search", 'E', "searched")                                        \
    X(HISTORY, "history", 'R', "read earlier versions")                         \
    X(CREATE, "create", 'C', "added an entry")                                  \
    X(UPDATE, "update", 'U', "changed an entry")                                \
    X(DELETE, "delete", 'D', "deleted an entry")                                \
    X(OPERATION, "operation", 'E', "ran an operation")                          \
    X(EXPORT, "export", 'R', "took out the record")                             \
    X(IMPORT, "import", 'C', "loaded records")                                  \
    X(REFUSED, "refused", 'E', "was refused")                                   \
    X(SIGN_IN, "sign-in", 'E', "signed in")                                     \
    X(SIGN_IN_FAILED, "sign-in-failed", 'E', "failed to sign in")               \
    X(SIGN_OUT, "sign-out", 'E', "signed out")                                  \
    X(TOKEN, "token", 'E', "let an app in")                                     \
    X(TOKEN_REVOKED, "token-revoked", 'E', "ended an app's access")             \
    X(LAUNCH, "launch", 'E', "opened the record from another system")           \
    X(CONSENT, "consent", 'U', "changed who may see the record")                \
    X(SEAL, "seal", 'U', "sealed or unsealed an entry")                         \
    X(OVERRIDE, "override", 'E', "opened what was withheld")                    \
    X(CLAIM, "claim", 'E', "said why the record has to be seen")                \
    X(REVIEW, "review", 'U', "reviewed an override")                            \
    X(PROXY, "proxy", 'U', "changed who acts for the patient")                  \
    X(ACCOUNT, "account", 'U', "changed an account")                            \
    X(KEY, "key", 'U', "changed a key")                                         \
    X(ERASE, "erase", 'D', "erased the words of an entry of the log")           \
    X(RECOVERED, "recovered", 'E', "a change found at start without its entry") \
    X(START, "start", 'E', "the node started")                                  \
    X(ASKED, "asked", 'E', "asked another organisation")                        \
    X(ANSWERED, "answered", 'R', "had an answer of another organisation")       \
    X(GAVE, "gave", 'R', "gave something to another organisation")

enum event_kind {
#define EVENT_ENUM(name, code, action, words) EVENT_##name,
    EVENT_TABLE(EVENT_ENUM)
#undef EVENT_ENUM
        EVENT_COUNT
};

/* What sort of access it was, so that a patient's list stays short. */
#define ACCESS_TABLE(X)                                                          \
    X(PERSON, "person", "somebody looked")                                       \
    X(SELF, "self", "you looked")                                                \
    X(PROXY, "proxy", "somebody who acts for you looked")                        \
    X(SYSTEM, "system", "a program asked by itself")                             \
    X(PREFETCH, "prefetch", "a program asked ahead, its person being away")      \
    X(LEGAL, "legal", "a legal duty")                                            \
    X(OWN, "own-record", "somebody looked at their own record at work")          \
    X(RELATIVE, "relative", "somebody looked who acts for you, or you for them") \
    X(COLLEAGUE, "colleague", "somebody looked at the record of a colleague")    \
    X(LINK, "link", "somebody opened a link that you made")
enum access_class {
#define ACCESS_ENUM(name, code, words) ACCESS_##name,
    ACCESS_TABLE(ACCESS_ENUM)
#undef ACCESS_ENUM
        ACCESS_COUNT
};

enum event_outcome { EVENT_OK, EVENT_MINOR, EVENT_SERIOUS }; /* AuditEvent.outcome 0, 4, 8 */

struct audit_event {
    int64_t at_ms;
    enum event_kind kind;
    enum access_class access;
    enum event_outcome outcome;
    text why;           /* words of a refusal or failure */
    text patient;       /* id; empty: about no patient */
    text what;          /* "Observation/5", "Observation" of a search; empty: none */
    text query;         /* of a search, still encoded */
    uint64_t version_t; /* store's t of what was written; 0: none */
    uint64_t count;     /* how many entries; 0: one */
    text account, who, name, role, role_name, organisation, organisation_name; /* of struct actor;
                    `who` is "Practitioner/x" */
    text client, client_name;  /* the app, of OAuth */
    text relation;             /* words */
    text purpose;              /* v3-ActReason */
    text reason;               /* of an override or claim: code, then words */
    int64_t disclose_after_ms; /* lawful secrecy: the patient sees that there is an entry, and what
                                  it says from then on; 0: at once */
    text request;              /* id of the request */
    text peer;      /* of asked, answered, gave: ODS code of the other organisation's node */
    text peer_leaf; /* what its log has about it: base64url of the leaf's hash; empty: not known */
    text nonce;     /* of the statement, base64url: the same in both logs */
};

const char *event_code(enum event_kind k);
const char *event_words(enum event_kind k);
bool event_find(text code, enum event_kind *ret_kind);
const char *access_code(enum access_class c);
const char *access_words(enum access_class c);

/* The line, without a line feed. ERR_TOO_LARGE past EVENT_LINE_MAX. */
enum { EVENT_LINE_MAX = 8192 };
int event_print(const struct audit_event *event, struct buf *out, struct err *e);
/* Texts are in the arena. ERR_CORRUPT. Members that are not known are an error. */
int event_parse(text line, struct arena *a, struct audit_event *ret_event, struct err *e);

/* An AuditEvent with this id (JSON). `base`: of the node. `leaf`: an extension tells it. */
int event_print_fhir(const struct audit_event *event, text id, uint64_t leaf, uint64_t patient_seq,
                     struct buf *out, struct err *e);

#endif

/*
 * A grant says what one request may touch. Only policy/ makes grants; every call of the store that
 * touches a record asks for one, so that a forgotten check does not compile.
 *
 *     may = activity of the role, on this type
 *         ^ relationship with this patient, now
 *         ^ the patient's sharing choices
 *         ^ the entry is not sealed from this party (nor held, nor hidden from a proxy ...)
 *         ^ the token's scope
 *
 * About a patient the decision is made once a view and kept (struct decision); about an entry of
 * that patient it is then a comparison of labels. docs/policy.md has the truth table.
 */
#ifndef KITH_POLICY_GRANT_H
#define KITH_POLICY_GRANT_H

#include "base/text.h"
#include "policy/actor.h"
#include "policy/scope.h"
#include "policy/sheet.h"

struct grant;

/* For the administrator at this machine (`kith import`, `kith check` ...), and for what the node
 * does by itself: everything. Never given to a request from the network. */
const struct grant *policy_local_administrator(void);

/* What else a grant is made of, beside the actor. */
struct grant_config {
    const struct actor *actor;   /* must outlive the grant, as everything here */
    const struct scopes *scopes; /* of the token; NULL: a session of the portal, no further limit */
    struct hash_key key;         /* of sheets: store_policy_key() */
    int64_t now_ms;
    bool tells_withheld;    /* the jurisdiction's switch: docs/policy.md */
    bool supposes_override; /* as if an emergency were recorded: for a preview, never for access */
    struct touched
        *touched; /* policy/touched.h: notes whose records are handed out; NULL: nobody asks */
};
/* From the arena. NULL: no memory. */
const struct grant *grant_make(const struct grant_config *config, struct arena *a);

/* --- what the store asks -----------------------------------------------------------------------
 */

/* Whether everything may be read, so that a plan needs no further predicate. */
bool grant_reads_all(const struct grant *g);

/* Which conjunct was missing: why nothing, or not everything, of a patient may be seen. */
enum missing {
    MISSING_NOTHING,
    MISSING_ACTIVITY,
    MISSING_RELATIONSHIP,
    MISSING_CHOICE, /* the patient does not share it with this party, or for this purpose */
    MISSING_SEAL,
    MISSING_SCOPE,
};

struct decision {
    bool reads;             /* something of the patient may be seen */
    bool writes;            /* something may be added or changed */
    uint8_t missing;        /* enum missing: the first that is, when !reads */
    uint8_t relation;       /* enum relationship, when reads */
    bool overridden;        /* by a recorded emergency */
    uint32_t hidden;        /* labels of entries that are not seen */
    uint32_t functions;     /* of a proxy; else all bits */
    uint32_t fixed;         /* of them, those that are hidden for another reason than a choice */
    uint32_t asks;          /* labels about which grant_sees() has to ask the sheet further */
    uint32_t classes;       /* enum type_class as bits: what of the record may be seen */
    uint32_t duty;          /* the same, for the task alone: whatever the patient's choices say */
    bool demographics_only; /* only who the patient is, and how to reach them */
    bool plain;             /* entries without a category are seen */
    bool chosen;            /* some choices name single entries */
    bool in_context;        /* patient-level scopes count */
};

/* About a patient. `patient` is their id; `s` may be NULL: nothing is known. */
void grant_decide(const struct grant *g, text patient, const struct sheet *s,
                  struct decision *ret_decision);

/*
 * What grant_decide() makes of a grant beside its now_ms, as bytes: two grants of one store with
 * the same ones decide the same about every patient at the same moment. 0: more than
 * DECIDES_AS_MOST bytes, or nothing that is worth keeping. When what was decided ends by the clock
 * alone: sheet_steady_until().
 */
enum { DECIDES_AS_MOST = 1024 };
size_t grant_decides_as(const struct grant *g, unsigned char ret_bytes[DECIDES_AS_MOST]);
int64_t grant_now(const struct grant *g);

/*
 * Whether one entry is seen: of a patient (decision and sheet given), or of those that belong to
 * none (both NULL). `past`: a version that is not the current one. Scopes with parameters are not
 * part of it: grant_only().
 */
bool grant_sees(const struct grant *g, const struct decision *d, const struct sheet *s,
                fhir_type type, uint64_t rid, bool past);

/* Whether every current and past entry of the type in the patient's record is seen, so that none
 * need be asked about. False says nothing. */
bool grant_sees_whole(const struct grant *g, const struct decision *d, const struct sheet *s,
                      fhir_type type);

/* Whether an entry may be written: `rights` of MAY_*; `is_new`: there is none yet (then rid only
 * tells the compartment). What may not be seen may not be written. */
bool grant_writes(const struct grant *g, const struct decision *d, const struct sheet *s,
                  fhir_type type, uint64_t rid, bool is_new, uint8_t rights);

/* A person that does not exist here yet (Patient), or a resource that names no patient. */
bool grant_may_found(const struct grant *g, fhir_type type);
/* Whether a client may choose the id of what it creates (update as create): else it would find out
 * which ids are taken. */
bool grant_chooses_ids(const struct grant *g);

/*
 * The plans of which a resource of this type has to match at least one for `rights`, since the
 * scope has parameters. *ret_count 0: there is no such limit.
 */
const struct plan *const *grant_only(const struct grant *g, fhir_type type, uint8_t rights,
                                     size_t *ret_count);

/* --- what rest/ asks ----------------------------------------------------------------------------
 */

const struct actor *grant_actor(const struct grant *g);
/* Rights (MAY_*) on a type that role and scope leave, whatever the patient. */
uint8_t grant_rights(const struct grant *g, fhir_type type);
/* Whether a change from labels `before` to `after` (0: a new entry) is the actor's to make: to seal
 * and unseal, to release and hold back are activities of their own. */
bool grant_relabels(const struct grant *g, uint32_t before, uint32_t after);
/*
 * Whether what policy knows of an entry may go from `before` (empty: nothing yet) to `after`
 * (policy_facts()) by a write of this actor's: nobody makes a relationship of their own out of a
 * claim or an emergency, nor writes either of them down, permits what they see themselves, or takes
 * away (`after` empty: deletes) an emergency, or a refusal that is the patient's or about
 * themselves.
 * `d`: about the patient; NULL: of none.
 */
bool grant_opens(const struct grant *g, const struct decision *d, fhir_type type, bool is_new,
                 text before, text after);
/*
 * Whether an actor may write this as its author: patients and those who act for them answer forms
 * in their own name, and change what they answered themselves; patients write entries of their own
 * (policy_own_type()) and change those; all else they can only say to be wrong. Nobody but the
 * patient makes an entry the patient's own, or takes that away. Facts as of grant_opens().
 */
bool grant_authors(const struct grant *g, fhir_type type, bool is_new, text before, text after);
/* Whether the words of an entry with these facts are the actor's to change, or to take away: what
 * is the patient's own, others may label (meta), and answer beside it. */
bool grant_rewords(const struct grant *g, fhir_type type, text before);
/* The labels of an entry, for grant_relabels(): of the patient's own without the categories, which
 * go with the words that the patient changes. */
uint32_t grant_labels_of(const struct grant *g, text before);
/* The same of a Consent that an operation writes for the patient, on whose word it is: then a
 * refusal that is not about the actor may end, too, though the patient wrote it. */
bool grant_notes(const struct grant *g, const struct decision *d, text before, text after);
/* A program of the administrator's (or the node itself): what it brings is as it was elsewhere. */
bool grant_trusted(const struct grant *g);
/* Whether the actor has an activity, and the token's scope does not take it away. */
bool grant_can(const struct grant *g, enum activity a);

/*
 * What of an entry set is withheld from this grant, and may be told of: labels that hide something
 * (LABEL_LOCKED, LABEL_PROTECTS and what is hidden from proxies are never among them). 0: nothing,
 * or nothing that may be told.
 */
uint32_t grant_withheld(const struct grant *g, const struct decision *d, const struct sheet *s);

#endif

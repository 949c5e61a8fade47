/* Private to joined*.c. */
#ifndef KITH_LOCALITY_JOINED_INT_H
#define KITH_LOCALITY_JOINED_INT_H

#include "locality/foreign.h"
#include "locality/joined.h"

/* The extension of an issue by which a member tells of a server of another make behind it: F6. */
#define JOINED_BEHIND_URL "https://kith.care/fhir/StructureDefinition/joined-behind"

enum { JOINED_DEPTH = 64, JOINED_CODES_MAX = 8, JOINED_IDENTIFIERS_MAX = 8 };

/* The first item of an array; NULL: none, or it is no array. */
static inline yyjson_val *joined_first(const yyjson_val *array)
{
    return json_type(array) == YYJSON_TYPE_ARR && json_len(array)
               ? (yyjson_val *)(uintptr_t)array + 1
               : NULL;
}

/* Types of which two entries can be about the same thing in life, whoever wrote them. */
enum joined_family {
    FAMILY_NONE,
    FAMILY_MEDICINE, /* MedicationRequest, MedicationStatement */
    FAMILY_ALLERGY,
    FAMILY_CONDITION,
    FAMILY_VACCINE,
    FAMILY_PROCEDURE,
    FAMILY_RESULT, /* Observation: time and value have to agree, too */
    FAMILY_REPORT,
    FAMILY_REQUEST,
    FAMILY_DOCUMENT,
};

struct joined_code {
    text system, code;
};
struct joined_identifier {
    text system, value;
};

/* What of a resource says whether another is the same. Slices of its tree. */
struct joined_facts {
    const yyjson_val *resource;
    text type, id, version, source; /* source: meta.source, without a fragment */
    enum joined_family family;
    bool is_mistake; /* entered in error: like nothing */
    struct joined_code codes[JOINED_CODES_MAX];
    size_t code_count;
    text words; /* of a concept without a code, as written */
    struct joined_identifier identifiers[JOINED_IDENTIFIERS_MAX];
    size_t identifier_count;
    /* Of the matter itself: [start, end) in ms since 0001. start == INT64_MIN: no time is known. */
    int64_t start, end;
};

/* `medicine`: the Medication that a medicationReference leads to, where it is at hand; NULL. */
void joined_facts(const yyjson_val *resource, const yyjson_val *medicine,
                  struct joined_facts *ret_facts);
/* "Medication/5" of a medicationReference that leads out of the resource; empty: none. */
text joined_medicine(const yyjson_val *resource);

/* Whether two of different custodians are one (same business identifier and content), or look alike
 * (code, time and value). Contained resources count, others that they refer to do not. */
enum alikeness { ALIKE_NOT, ALIKE_LIKELY, ALIKE_SAME };
enum alikeness joined_facts_alike(const struct joined_facts *x, const struct joined_facts *y);

/* merge, then: the order. */
int joined_sort(struct joined_entry *entries, size_t count, const struct plan_sort *sort,
                size_t sort_count, struct arena *a, struct err *e);

/* joined_behind.c: of the parts of an extension the one of this name (`url`), and of its values the
 * one of this type ("valueString"); NULL: none. */
const yyjson_val *joined_value(const yyjson_val *extension, const char *url, const char *type);

/* The servers that an outcome of an answer tells of, added to the list. What is
 * not as it should be is not believed: such a server has no name, and something is missing. */
int joined_behind_read(const yyjson_val *outcome, struct arena *a, struct joined_behind **items,
                       size_t *count, struct err *e);
/* The names of those that did not give all, with commas; empty: all did. NULL p: no memory. */
text joined_behind_missing(const struct joined_part *part, struct arena *a);
bool joined_behind_all(const struct joined_part *part);
/* Entries of all of them. */
size_t joined_behind_entries(const struct joined_part *part);

/* The paging token of a Bundle's link `next`; empty: none. */
text joined_next_token(const yyjson_val *bundle);

/* A whole joined record as it is given out, page by page. */
struct joined_pages {
    text outcome;   /* the entry with the manifest for people */
    text signature; /* Bundle.signature; empty: none */
    bool whole;     /* Bundle.total may stand there */
    text printed;   /* the entries, with commas between them */
    size_t *ends;   /* of each entry in it */
    size_t begin;   /* where `printed` begins, of the whole */
    size_t count;
};
/* In the arena. Links and place (from, most) are not looked at. */
int joined_pages_make(const struct joined_print *p, struct arena *a, struct joined_pages *ret,
                      struct err *e);
void joined_pages_print(const struct joined_pages *pages, size_t from, size_t most, text self,
                        text next, struct buf *out);

/* One entry as it stands in the Bundle. */
void joined_print_entry(const struct joined_entry *x, struct buf *out);

/* The manifest for machines: a JWS. */
int joined_manifest(const struct joined_print *p, const size_t *counts, struct arena *a,
                    text *ret_jws, struct err *e);
const char *joined_outcome_code(enum ask_outcome outcome);

/* Pages kept for those who asked (joined_kept.c). A lock inside. */
struct joined_kept;
int joined_kept_new(struct joined_kept **ret, struct err *e);
void joined_kept_free(struct joined_kept *k);
struct joined_keeping {
    text caller; /* who may come back for it */
    text ask;    /* what was asked: path and count */
    text nhs_number;
    int64_t now_ms, until_ms;
    uint64_t most_bytes; /* of all; the oldest go */
    uint32_t forgotten;  /* joined_kept_forgotten() before anything was gathered */
    uint8_t token[16];
};
/* Keeps a copy. What is too large, or was gathered before a choice of the person's that has come
 * since, is not kept, and *ret_kept false. */
void joined_keep(struct joined_kept *k, const struct joined_keeping *what,
                 const struct joined_pages *pages, bool *ret_kept);
/* A copy, in the arena, of which the entries [from, from + most) can be printed. ERR_NOT_FOUND: it
 * is not kept, or for somebody else. */
int joined_again(struct joined_kept *k, const struct joined_keeping *what, size_t from, size_t most,
                 struct arena *a, struct joined_pages *ret, struct err *e);
void joined_kept_forget(struct joined_kept *k, text nhs_number);
/* Another number after each joined_kept_forget() of a person. */
uint32_t joined_kept_forgotten(struct joined_kept *k, text nhs_number);

/* --- joined_known.c: places that have answered this asker about this person, for a day -----------
 */

enum { JOINED_KNOWN_MAX = 8 };
struct joined_known;
int joined_known_new(const struct loc_world *w, struct joined_known **ret, struct err *e);
void joined_known_free(struct joined_known *k);
/* `answered` false: it has nothing (any more) that may be shown. */
void joined_known_note(struct joined_known *k, text who, text ods, bool answered, int64_t now_ms);
size_t joined_known_list(struct joined_known *k, text who, int64_t now_ms, struct arena *a,
                         text ret_ods[JOINED_KNOWN_MAX]);

/* --- joined_gather.c: one joined record on its way -----------------------------------------------
 */

struct joining {
    struct asking_config config;
    struct asking *asking;
    struct joined_kept *kept;
    struct joined_known *known;
};

struct gathering {
    struct joining *j;
    const struct joined_ask *ask;
    struct arena *a;
    int64_t now_ms, deadline_ms;
    yyjson_val *patient; /* the own */
    struct subject subject;
    const struct directory *d; /* NULL: nobody else can be asked */
    const struct note_signer *signer;
    text self, alone, relation;
    text *places;
    bool *is_named; /* of each: it lets the asker know that it holds something */
    size_t place_count;
    bool unasked;
    struct joined_part *parts; /* the own first, then the members, then servers of another make */
    size_t part_count;
    struct decision decision;
    struct caller caller; /* as whom the others are asked */
    text reason;          /* of an emergency that was opened here; empty: there is none */
    uint32_t forgotten;   /* joined_keeping.forgotten */
    struct foreign_ask foreign_ask;
    struct foreign_round *foreign; /* NULL: none is asked */
};

int joined_no_memory(struct err *e);
int64_t joined_now(const struct joining *j);
/* Whom it is about, as the asker may see them here. */
int joined_find_person(struct gathering *g, struct err *e);
/* joined_emergency.c: fills caller and reason. */
int joined_emergency(struct gathering *g, struct err *e);
/* joined_copies.c: of places that are away, what the patient may be shown of theirs. */
int joined_copies(struct gathering *g, struct err *e);
/* All parts; with the directory in force (g->d), or with why there is none (g->alone). */
int joined_gather(struct gathering *g, struct err *e);

#endif

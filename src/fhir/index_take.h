/* Inside index_extract(): what an element gives for a parameter. For index_*.c alone. */
#ifndef KITH_FHIR_INDEX_TAKE_H
#define KITH_FHIR_INDEX_TAKE_H

#include "fhir/reference.h"
#include "fhir/search_tables.h"

/* A patient that a parameter of the patient compartment leads to. */
struct extract_patient {
    unsigned rank; /* of the parameter in the compartment's definition */
    bool elsewhere;
    text id; /* elsewhere: the URL */
};

/* A set of ordinals. */
struct extract_set {
    uint64_t words[4];
};

static inline void extract_set_add(struct extract_set *s, unsigned ordinal)
{
    s->words[ordinal >> 6 & 3] |= UINT64_C(1) << (ordinal & 63);
}

static inline bool extract_set_has(const struct extract_set *s, unsigned ordinal)
{
    return s->words[ordinal >> 6 & 3] >> (ordinal & 63) & 1;
}

struct extract;
/* What to do where a leaf is. */
typedef void extract_taker(struct extract *x, const struct search_leaf *leaf, yyjson_val *v);

struct extract {
    const struct search_type_table *table;
    const struct search_tables *tables; /* of the leaf at hand */
    fhir_type type;
    const struct index_rules *rules;
    struct arena *arena;
    extract_taker *take;
    yyjson_val *root;
    bool whole; /* index_extract(): every parameter, with displays */
    bool some;  /* only those of `only` */
    struct extract_set only;
    struct extract_set given;   /* have an entry */
    struct extract_set touched; /* had an element */
    struct index_entry *entries;
    size_t count;
    size_t capacity;
    struct extract_patient *patients;
    size_t patient_count;
    size_t patient_capacity;
    struct index_display *displays;
    size_t display_count;
    size_t display_capacity;
    text unfolded; /* the text that was folded last, and what it gave */
    text folded;
    text unparsed; /* the same for references: subject and patient stand for one */
    struct reference parsed;
    bool no_memory;
};

/* Adds the entries that the leaf takes from v. Values that do not have the form of their type are
 * passed over. */
extract_taker extract_take;

/* Whether an element passes a filter. position: in its array. */
bool extract_passes(struct extract *x, const struct search_filter *filter, yyjson_val *v,
                    size_t position);

/* An extraction that has found nothing yet. */
struct extract extract_start(const struct resource *r, const struct index_rules *rules,
                             extract_taker *take, struct arena *a);
/* Takes what `param` stands for; of a union what its parts do. Not composites. */
void extract_param(struct extract *x, const struct search_param *param);
/* Takes what an added parameter's path leads to (index_path.c). */
struct search_custom;
void extract_path(struct extract *x, const struct search_custom *custom);
/* Walks one trie from an element on. */
void extract_walk(struct extract *x, uint16_t root, yyjson_val *v);
/* By (param, kind, value, system, target), without duplicates. */
void extract_sort(struct extract *x);

/* --- between the files of extraction --- */

/* A string or number member; p == NULL: there is none. */
text extract_member(yyjson_val *v, text name);
/* value.p == NULL stands for no memory. */
void extract_add(struct extract *x, const struct search_leaf *leaf, enum index_kind kind,
                 fhir_type target, text value, text system);
/* t: a Reference.reference of the tree. */
struct reference extract_parse(struct extract *x, text t);
/* The folded form of index_beginning(). */
text extract_fold(struct extract *x, text t);

/* Hands over each text of a HumanName or Address (leaf->take); also empty ones. */
typedef void extract_part_taker(struct extract *x, const struct search_leaf *leaf, text t);
void extract_parts(struct extract *x, const struct search_leaf *leaf, yyjson_val *v,
                   extract_part_taker *take);

extract_taker extract_coding, extract_concept, extract_reference, extract_resource;
void extract_token(struct extract *x, const struct search_leaf *leaf, text code, text system);
void extract_boolean(struct extract *x, const struct search_leaf *leaf, bool value);
void extract_deceased(struct extract *x, const struct search_leaf *leaf, yyjson_val *root);
void extract_link(struct extract *x, const struct search_leaf *leaf, text t);

#endif

/* Inside fhir/questionnaire_rules*.c: a questionnaire as a list, and answers against it. */
#ifndef KITH_FHIR_QUESTIONNAIRE_RULES_H
#define KITH_FHIR_QUESTIONNAIRE_RULES_H

#include "base/map.h"
#include "fhir/profile_int.h"
#include "fhir/validate.h"

struct questionnaire_item {
    const yyjson_val *value;
    const struct path_node *node;
    text link_id;
    text type;
    uint32_t parent; /* index; UINT32_MAX: the questionnaire itself */
    bool repeats;
    bool required;
    bool asked; /* for its value set */
    const struct value_set *set;
};

struct questionnaire {
    struct profile_run *run;
    const yyjson_val *root;
    const yyjson_val *holder;         /* of its contained resources: itself, or what contains it */
    struct questionnaire_item *items; /* in their order, each before those in it */
    size_t count;
    size_t capacity;
    struct map by_link; /* linkId -> index */
};

enum { QUESTIONNAIRE_DEPTH_MOST = 100 };

/* A node of an element, in the arena; NULL: no memory. */
const struct path_node *questionnaire_node(struct arena *a, const struct path_node *parent,
                                           const char *name, const yyjson_val *value, size_t index);
/* `value[x]` or `answer[x]` of an object, as a node on the caller's side. False: none. */
bool questionnaire_choice(const yyjson_val *object, const struct path_node *parent,
                          const char *name, struct path_node *ret);
bool questionnaire_is_true(const yyjson_val *object, const char *name);

/* Opens map and list; findings about the questionnaire itself only where `tell`. */
int questionnaire_read(struct questionnaire *q, const struct path_node *root, bool tell);
void questionnaire_done(struct questionnaire *q);
/* NULL: no such item. */
struct questionnaire_item *questionnaire_find(const struct questionnaire *q, text link_id);
/* Whether a value of a type may answer a question of a type. */
bool questionnaire_type_ok(text question, uint16_t type);

/* questionnaire_rules_response.c */
int questionnaire_response(struct questionnaire *q, const struct path_node *response);

/* questionnaire_rules_answer.c: one answer, its value[x] as `value`. */
int questionnaire_answer(struct questionnaire *q, struct questionnaire_item *item,
                         const struct path_node *value);
/* Whether an answer is what an option, or enableWhen with '=', names. */
bool questionnaire_same(const struct path_node *answer, const struct path_node *wanted,
                        struct arena *a);
/* The order of two answers; false: they have none. */
bool questionnaire_order(const struct path_node *a, const struct path_node *b, struct arena *s,
                         int *ret_order);

#endif

/*
 * Validation of a resource (R4 validation.html, resource-operation-validate.html): base rules,
 * profiles, terminology, bundles, questionnaires. Pure: what it has to know comes by defs.h and
 * struct path_world.
 */
#ifndef KITH_FHIR_VALIDATE_H
#define KITH_FHIR_VALIDATE_H

#include "fhir/profile.h"
#include "fhir/resource.h"

enum validate_mode { VALIDATE_RESOURCE, VALIDATE_CREATE, VALIDATE_UPDATE, VALIDATE_DELETE };

struct validate_ask {
    enum validate_mode mode;
    const text *profiles; /* beside those of meta.profile */
    size_t profile_count;
    bool no_meta_profiles; /* leave meta.profile out */
    struct profile_options options;
    const struct path_world *world;
    int64_t deadline; /* clock_mono_ns(); 0: none */
    int64_t now_ms;   /* 0: the clock's */
};

/*
 * Of a tree that resource_check() has passed: its base definition's invariants and bindings,
 * profiles (asked for and of meta.profile; one that is not here is a warning for meta.profile, an
 * error when asked for), resources in bundles and parameters each by their own, then the rules of
 * bundles and of questionnaire responses. 0 also when there are findings (see issues->errors);
 * ERR_MEMORY, ERR_TOO_COSTLY.
 */
int validate_checked(struct defs *d, const yyjson_val *root, const struct validate_ask *ask,
                     struct arena *a, struct issues *issues, struct err *e);

/* resource_check(), then the above where it passed. */
int validate_tree(struct defs *d, yyjson_val *root, const struct validate_ask *ask, struct arena *a,
                  struct issues *issues, struct err *e);

/* --- its parts ------------------------------------------------------------------------------ */

/*
 * bundle_rules.c: what no invariant says (R4 bundle.html, documents.html, messaging.html): fullUrl
 * absolute, agreeing with the resource's id, not twice; references between entries of a document or
 * message that lead nowhere; a document's first entry a Composition with its subject and authors in
 * it; what no entry reaches from the Composition or MessageHeader (warning); a transaction's
 * request methods, URLs and types that fit the resource; batch and history entries; search modes.
 */
int bundle_rules(struct profile_run *run, const struct path_node *bundle);

/*
 * questionnaire_rules.c: a QuestionnaireResponse against its Questionnaire (R4
 * questionnaireresponse.html#2.36.3): linkIds known and in order, required items (unless
 * status in-progress), enableWhen with enableBehavior, repeats, types of answers, answerOption,
 * answerValueSet, maxLength, minimum and maximum (extensions minValue, maxValue, maxDecimalPlaces,
 * regex), groups and displays without answers, initial values are not looked at. A questionnaire
 * that is not here: a warning. Also a Questionnaire's own rules that no invariant says: linkIds
 * twice, enableWhen of an unknown question or of itself, answers of a wrong type.
 */
int questionnaire_rules(struct profile_run *run, const struct path_node *resource);

#endif

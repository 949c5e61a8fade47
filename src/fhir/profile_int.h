/* Inside fhir/profile*.c: the rules of one element, each compiled once. */
#ifndef KITH_FHIR_PROFILE_INT_H
#define KITH_FHIR_PROFILE_INT_H

#include "fhir/model_tables.h"
#include "fhir/profile.h"
#include "fhir/value_set.h"

/* --- constraints: profile_rule.c ------------------------------------------------------------ */

struct profile_rule; /* ElementDefinition.constraint */

/*
 * ERR_INVALID: the expression does not compile. A constraint without an expression (XPath alone)
 * gives *ret_rule NULL. Rules that every element or resource has, and that resource_check() holds
 * (ele-1, ext-1, dom-2, dom-4, dom-5 by their expression), give NULL too; dom-3, ref-1, dom-6,
 * txt-1, per-1 and others that are asked often have code of their own behind the same face, chosen
 * by their exact expression, and tested to agree with the engine.
 */
int profile_rule_compile(const yyjson_val *constraint, text source, struct arena *a,
                         const struct profile_rule **ret_rule, struct err *e);
/* Adds the finding (its severity by the constraint, code ERR_INVARIANT, key and words in the
 * details) where the rule does not hold. An empty result is no finding. What cannot be evaluated
 * (too costly, not supported) is a warning that says so. */
int profile_rule_check(struct profile_run *run, const struct profile_rule *rule,
                       const struct path_node *at);
bool profile_rule_is_error(const struct profile_rule *rule); /* by its severity */

/* --- bindings: profile_binding.c ------------------------------------------------------------ */

struct profile_found;
enum profile_strength {
    STRENGTH_EXAMPLE,
    STRENGTH_PREFERRED,
    STRENGTH_EXTENSIBLE,
    STRENGTH_REQUIRED
};

struct profile_binding {
    enum profile_strength strength;
    text value_set;     /* canonical */
    text max_value_set; /* the extension elementdefinition-maxValueSet, or empty */
    bool is_base;       /* of a base definition of R4: resource_check() holds the required ones */
    struct profile_found *found; /* what was looked up, once; NULL: each time again */
};
/* NULL where there is nothing to check: strength example, no value set. */
int profile_binding_compile(const yyjson_val *binding, struct arena *a,
                            const struct profile_binding **ret_binding, struct err *e);
/* Of a code, Coding, CodeableConcept, Quantity, string or uri (R4 terminologies.html#strength).
 * Also checks each coding against its own system: a code that the system does not have, a display
 * that is none of its terms (warning), a system that is a value set's address or no absolute URI.
 */
int profile_binding_check(struct profile_run *run, const struct profile_binding *binding,
                          const struct path_node *at);
/* A coded element that has no binding: what is said of each coding alone. */
int profile_coding_check(struct profile_run *run, const struct path_node *at);

/* --- values: profile_value.c ---------------------------------------------------------------- */

/* fixed[x]: exactly this value, members in any order (R4 elementdefinition.html). */
bool profile_fixed_holds(const yyjson_val *fixed, const struct path_node *at);
/* pattern[x]: at least this. */
bool profile_pattern_holds(const yyjson_val *pattern, const struct path_node *at);
/* minValue[x], maxValue[x]: name as "minValueDate", value its value. Adds the finding. */
int profile_range_check(struct profile_run *run, text name, const yyjson_val *bound,
                        const struct path_node *at);
/* In characters, of strings. */
int profile_length_check(struct profile_run *run, uint64_t most, const struct path_node *at);

/* --- shared: profile_issue.c ---------------------------------------------------------------- */

/* The FHIRPath of a node, as resource_check() writes it. Made only when there is something to say.
 */
text profile_path(const struct path_node *at, struct arena *a);
/* The element of the model that a node stands for; NULL: a resource by itself. */
const struct model_element *profile_node_element(const struct path_node *node);
/* Counts the error; adds the finding unless the run is silent, the options leave it out, or it
 * was said before of the same place in the same words. */
void profile_issue(struct profile_run *run, enum issue_severity severity, int code,
                   const struct path_node *at, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* ERR_TOO_COSTLY past the run's deadline; looked at now and then. */
int profile_step(struct profile_run *run);
/* The run's moment: the clock is asked when an expression first needs it. */
int64_t profile_now(struct profile_run *run);

#endif

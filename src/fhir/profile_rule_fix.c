/*
 * Invariants of R4 whose expression refuses what their own words allow. Nothing is made stricter
 * than it is written; what is left as it is although its words say more (ppc-2 to ppc-5 ask for the
 * system 'something', que-12 for more than two) holds in more cases than it should, in every server
 * alike.
 */
#include "fhir/profile_rule.h"

static const struct {
    text written;
    text meant;
} corrections[] = {
    /* que-7 wants a boolean beside "exists". `Boolean` is System's, and an answer is an element: it
     * never is one. */
    {T("operator = 'exists' implies (answer is Boolean)"),
     T("operator = 'exists' implies (answer is boolean)")},
    /* con-3 asks for a clinicalStatus of what is on the problem list and no mistake. select() gives
     * a false for each category, so that empty() never holds; and a category is no code but a
     * CodeableConcept. */
    {T("clinicalStatus.exists() or verificationStatus.coding.where(system='http://"
       "terminology.hl7.org/CodeSystem/condition-ver-status' and code = "
       "'entered-in-error').exists() or category.select($this='problem-list-item').empty()"),
     T("clinicalStatus.exists() or verificationStatus.coding.where(system='http://"
       "terminology.hl7.org/CodeSystem/condition-ver-status' and code = "
       "'entered-in-error').exists() or category.coding.where(system='http://"
       "terminology.hl7.org/CodeSystem/condition-category' and "
       "code='problem-list-item').empty()")},
};

text profile_rule_corrected(text expression)
{
    for (size_t i = 0; i < sizeof corrections / sizeof corrections[0]; i++) {
        if (text_eq(expression, corrections[i].written)) {
            return corrections[i].meant;
        }
    }
    return expression;
}

/* The generated tables: numbers that stores keep, names, elements, code lists. */
#include "fhir/model_tables.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Stores keep these numbers: a change here is a change of every store. */
static void numbers_never_change(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        fhir_type type;
    } numbers[] = {
        {"Account", 1},
        {"ActivityDefinition", 2},
        {"Bundle", 12},
        {"Observation", 96},
        {"Parameters", 102},
        {"Patient", 103},
        {"VisionPrescription", 146},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        fhir_type type = fhir_type_of(text_of(numbers[i].name));
        if (type != numbers[i].type) {
            fail_msg("%s is %d", numbers[i].name, type);
        }
    }
    assert_int_equal(fhir_type_count(), 147);
    assert_int_equal(FHIR_PATIENT, fhir_type_of(T("Patient")));
    assert_int_equal(FHIR_RELATED_PERSON, fhir_type_of(T("RelatedPerson")));
    assert_int_equal(FHIR_OPERATION_OUTCOME, fhir_type_of(T("OperationOutcome")));
    assert_int_equal(FHIR_SEARCH_PARAMETER, fhir_type_of(T("SearchParameter")));
    assert_int_equal(FHIR_PARAMETERS, fhir_type_of(T("Parameters")));
}

static void names_and_numbers_agree(void **state)
{
    (void)state;
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        text name = fhir_type_name((fhir_type)type);
        assert_int_equal(fhir_type_of(name), type);
        if (type > 1) {
            assert_true(text_cmp(fhir_type_name((fhir_type)(type - 1)), name) < 0);
        }
    }
    static const char *const none[] = {
        "",        "patient",   "Patient ", "Patien",         "Resource",
        "Element", "HumanName", "string",   "DomainResource", "Patients"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(fhir_type_of(text_of(none[i])), 0);
    }
    assert_int_equal(fhir_type_name(0).n, 0);
    assert_int_equal(fhir_type_name(147).n, 0);
    assert_int_equal(fhir_type_name(255).n, 0);
}

static void finds_every_element_of_every_type(void **state)
{
    (void)state;
    assert_true(model_type_count > 600);
    for (unsigned i = 0; i < model_type_count; i++) {
        for (unsigned k = 0; k < model_types[i].count; k++) {
            const struct model_element *el = &model_elements[model_types[i].first + k];
            assert_ptr_equal(model_find(&model_types[i], model_text(el->name)), el);
            assert_true(el->type > 0 && el->type < model_type_count);
        }
        assert_null(model_find(&model_types[i], T("")));
        assert_null(model_find(&model_types[i], T("x")));
        assert_null(model_find(&model_types[i], T("noSuchElement")));
    }
}

static void elements_have_their_shape(void **state)
{
    (void)state;
    const struct model_type *observation = &model_types[fhir_type_of(T("Observation"))];
    const struct model_element *value = model_find(observation, T("valueQuantity"));
    assert_non_null(value);
    assert_int_not_equal(value->choice, 0);
    assert_int_equal(model_find(observation, T("valueString"))->choice, value->choice);
    assert_int_not_equal(model_find(observation, T("effectiveDateTime"))->choice, value->choice);
    assert_null(model_find(observation, T("valueDecimal")));
    assert_null(model_find(observation, T("value")));
    assert_null(model_find(observation, T("value[x]")));
    const struct model_element *subject = model_find(observation, T("subject"));
    assert_int_equal(subject->type, MODEL_REFERENCE);
    assert_true(fhir_target_ok(subject->targets, FHIR_PATIENT));
    assert_false(fhir_target_ok(subject->targets, FHIR_PRACTITIONER));
    const struct model_element *focus = model_find(observation, T("focus"));
    assert_true(focus->flags & MODEL_REPEATS);
    assert_true(fhir_target_ok(focus->targets, FHIR_BINARY));
    const struct model_element *inner = model_find(
        &model_types[model_find(observation, T("component"))->type], T("referenceRange"));
    assert_int_equal(inner->type, model_find(observation, T("referenceRange"))->type);
    assert_int_equal(model_find(observation, T("id"))->type, MODEL_ID);
    assert_int_equal(model_find(&model_types[MODEL_EXTENSION], T("url"))->type, MODEL_URI);
    assert_null(model_find(&model_types[fhir_type_of(T("Bundle"))], T("text")));
    assert_null(model_find(&model_types[MODEL_CODING], T("modifierExtension")));
}

static void code_lists_are_whole(void **state)
{
    (void)state;
    const struct model_type *patient = &model_types[FHIR_PATIENT];
    uint16_t gender = model_find(patient, T("gender"))->codes;
    static const char *const genders[] = {"male", "female", "other", "unknown"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(model_has_code(gender, (text){NULL, 0}, text_of(genders[i])));
    }
    assert_false(model_has_code(gender, (text){NULL, 0}, T("Male")));
    assert_false(model_has_code(gender, (text){NULL, 0}, T("")));
    assert_false(model_has_code(gender, (text){NULL, 0}, T("m")));
    const struct model_type *condition = &model_types[fhir_type_of(T("Condition"))];
    uint16_t status = model_find(condition, T("clinicalStatus"))->codes;
    text system = T("http://terminology.hl7.org/CodeSystem/condition-clinical");
    assert_true(model_has_system(status, system));
    assert_true(model_has_code(status, system, T("active")));
    assert_true(model_has_code(status, system, T("recurrence"))); /* below active */
    assert_false(model_has_code(status, system, T("other")));
    assert_false(model_has_code(status, T("http://a"), T("active")));
    /* Lists of others are not in the tables. */
    const struct model_type *signature = &model_types[FHIR_BINARY];
    assert_int_equal(model_find(signature, T("contentType"))->codes, 0);
}

static void knows_the_patient_compartment(void **state)
{
    (void)state;
    static const char *const in[] = {"Patient", "Observation", "Encounter", "Group", "List",
                                     "Person",  "Task",        "Device",    "Binary"};
    static const char *const out[] = {"Practitioner", "Organization", "ValueSet"};
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
        assert_true(fhir_type_in_patient_compartment(fhir_type_of(text_of(in[i]))));
    }
    for (size_t i = 0; i < sizeof out / sizeof out[0]; i++) {
        assert_false(fhir_type_in_patient_compartment(fhir_type_of(text_of(out[i]))));
    }
    assert_false(fhir_type_in_patient_compartment(0));
    assert_false(fhir_type_in_patient_compartment(255));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_never_change),
        cmocka_unit_test(names_and_numbers_agree),
        cmocka_unit_test(finds_every_element_of_every_type),
        cmocka_unit_test(elements_have_their_shape),
        cmocka_unit_test(code_lists_are_whole),
        cmocka_unit_test(knows_the_patient_compartment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

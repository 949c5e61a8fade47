/* The definitions of R4 in the program: what is there, found by type and URL, whole where it must
 * be. */
#include "fhir/core.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BASE "http://hl7.org/fhir/StructureDefinition/"

enum { MEMORY = 64 << 20, THREADS = 4 };

static yyjson_val *must_find(const char *type, const char *url, struct arena *a)
{
    text json;
    yyjson_val *root = NULL;
    struct err e = {0};
    if (!core_find(fhir_type_of(text_of(type)), text_of(url), &json) ||
        json_read(json, 64, a, &root, &e)) {
        fail_msg("%s %s: %s", type, url, e.detail);
    }
    return root;
}

static void *find_at_once(void *context)
{
    text json = {0};
    (void)context;
    bool found = core_find(fhir_type_of(T("StructureDefinition")), T(BASE "Patient"), &json);
    return found ? (void *)(uintptr_t)json.p : NULL;
}

/* First of all tests: nothing is unpacked yet. */
static void threads(void **state)
{
    pthread_t list[THREADS];
    void *first = NULL;
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&list[i], NULL, find_at_once, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *found = NULL;
        assert_int_equal(pthread_join(list[i], &found), 0);
        first = first ? first : found;
        assert_non_null(found);
        assert_ptr_equal(found, first);
    }
}

static void found_and_not(void **state)
{
    static const struct {
        const char *type;
        const char *url;
        bool found;
    } cases[] = {
        {"StructureDefinition", BASE "Patient", true},
        {"StructureDefinition", BASE "string", true},
        {"StructureDefinition", BASE "vitalsigns", true},
        {"StructureDefinition", BASE "patient-nationality", true},
        {"CodeSystem", "http://hl7.org/fhir/administrative-gender", true},
        {"CodeSystem", "http://terminology.hl7.org/CodeSystem/v3-ActCode", true},
        {"CodeSystem", "http://terminology.hl7.org/CodeSystem/v2-0203", true},
        {"ValueSet", "http://hl7.org/fhir/ValueSet/administrative-gender", true},
        {"ConceptMap", "http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3", true},
        {"ValueSet", BASE "Patient", false},
        {"Patient", BASE "Patient", false},
        {"StructureDefinition", BASE "patient", false},
        {"StructureDefinition", BASE "Patien", false},
        {"StructureDefinition", BASE "Patient ", false},
        {"StructureDefinition", "", false},
        {"StructureDefinition", "zzz", false},
        {"Nothing", BASE "Patient", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text json = {0};
        if (core_find(fhir_type_of(text_of(cases[i].type)), text_of(cases[i].url), &json) !=
            cases[i].found) {
            fail_msg("%s %s", cases[i].type, cases[i].url);
        }
    }
}

/* Each is JSON, is what it is found as, and is in the list once. */
static void all(void **state)
{
    size_t at = 0;
    size_t count = 0;
    fhir_type type;
    text url;
    text json;
    text found;
    struct arena a;
    (void)state;
    arena_init(&a, MEMORY);
    while (core_next(&at, &type, &url, &json)) {
        yyjson_val *root = NULL;
        struct err e = {0};
        arena_reset(&a);
        assert_int_equal(json_read(json, 64, &a, &root, &e), 0);
        assert_true(text_eq(json_text(json_get(root, T("url"))), url));
        assert_int_equal(fhir_type_of(json_text(json_get(root, T("resourceType")))), type);
        assert_true(json_text(json_get(root, T("id"))).n &&
                    json_text(json_get(root, T("status"))).n);
        assert_true(core_find(type, url, &found) && found.p == json.p);
        count++;
    }
    assert_int_equal(count, 3080);
    arena_done(&a);
}

static size_t count_elements(const yyjson_val *definition, text form)
{
    const yyjson_val *elements = json_get(json_get(definition, form), T("element"));
    return elements ? json_len(elements) : 0;
}

static const yyjson_val *element_of(const yyjson_val *definition, const char *id)
{
    const yyjson_val *list = json_get(json_get(definition, T("snapshot")), T("element"));
    const yyjson_val *element = list + 1;
    for (size_t left = json_len(list); left; left--, element = json_after(element)) {
        if (text_eq(json_text(json_get(element, T("id"))), text_of(id))) {
            return element;
        }
    }
    return NULL;
}

static bool has_rule(const yyjson_val *element, text key)
{
    const yyjson_val *list = json_get(element, T("constraint"));
    const yyjson_val *rule = list ? list + 1 : NULL;
    for (size_t left = list ? json_len(list) : 0; left; left--, rule = json_after(rule)) {
        if (text_eq(json_text(json_get(rule, T("key"))), key)) {
            assert_true(json_text(json_get(rule, T("expression"))).n);
            assert_null(json_get(rule, T("human")));
            return true;
        }
    }
    return false;
}

static void structures(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, MEMORY);
    yyjson_val *patient = must_find("StructureDefinition", BASE "Patient", &a);
    assert_int_equal(count_elements(patient, T("snapshot")), 45);
    assert_null(json_get(patient, T("text")));
    assert_null(json_get(patient, T("description")));
    assert_non_null(element_of(patient, "Patient.id"));
    assert_non_null(element_of(patient, "Patient.contact.modifierExtension"));
    assert_true(has_rule(element_of(patient, "Patient"), T("dom-6")));
    assert_true(has_rule(element_of(patient, "Patient.contact"), T("pat-1")));
    assert_false(has_rule(element_of(patient, "Patient.contact"), T("ele-1")));
    const yyjson_val *gender = element_of(patient, "Patient.gender");
    assert_true(text_eq(json_text(json_get(json_get(gender, T("binding")), T("valueSet"))),
                        T("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1")));
    assert_true(
        text_eq(json_text(json_get(json_get(gender, T("base")), T("path"))), T("Patient.gender")));
    yyjson_val *element = must_find("StructureDefinition", BASE "Element", &a);
    assert_true(has_rule(element_of(element, "Element"), T("ele-1")));
    yyjson_val *extension = must_find("StructureDefinition", BASE "Extension", &a);
    assert_true(has_rule(element_of(extension, "Extension"), T("ext-1")));
    yyjson_val *profile = must_find("StructureDefinition", BASE "bp", &a);
    assert_int_equal(count_elements(profile, T("snapshot")), 0);
    assert_true(count_elements(profile, T("differential")) > 10);
    arena_done(&a);
}

static size_t count_concepts(const yyjson_val *from, unsigned *ret_depth)
{
    const yyjson_val *list = json_get(from, T("concept"));
    const yyjson_val *concept = list ? list + 1 : NULL;
    size_t n = 0;
    unsigned deepest = 0;
    for (size_t left = list ? json_len(list) : 0; left; left--, concept = json_after(concept)) {
        unsigned depth = 0;
        n += 1 + count_concepts(concept, &depth);
        deepest = depth > deepest ? depth : deepest;
    }
    *ret_depth = list ? deepest + 1 : 0;
    return n;
}

static void code_systems(void **state)
{
    unsigned depth;
    struct arena a;
    (void)state;
    arena_init(&a, MEMORY);
    yyjson_val *gender = must_find("CodeSystem", "http://hl7.org/fhir/administrative-gender", &a);
    assert_int_equal(count_concepts(gender, &depth), 4);
    yyjson_val *acts =
        must_find("CodeSystem", "http://terminology.hl7.org/CodeSystem/v3-ActCode", &a);
    assert_true(count_concepts(acts, &depth) > 800 && depth > 3);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads),    cmocka_unit_test(found_and_not), cmocka_unit_test(all),
        cmocka_unit_test(structures), cmocka_unit_test(code_systems),
    };
    return cmocka_run_group_tests_name("core definitions", tests, NULL, NULL);
}

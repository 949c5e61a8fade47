/* The forms of a reference (R4 references.html#literal, bundle.html#references, http.html#trules).
 */
#include "fhir/reference.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BASE "http://node.example/fhir"
#define ID64 "0123456789012345678901234567890123456789012345678901234567890123"

struct row {
    const char *text;
    enum reference_kind kind;
    const char *type;
    const char *id;
    const char *rest; /* version or query */
};

static const struct row rows[] = {
    {"Patient/1", REFERENCE_LOCAL, "Patient", "1", ""},
    {"Patient/" ID64, REFERENCE_LOCAL, "Patient", ID64, ""},
    {"Patient/a-B.9/_history/2", REFERENCE_LOCAL, "Patient", "a-B.9", "2"},
    {BASE "/Patient/1", REFERENCE_LOCAL, "Patient", "1", ""},
    {BASE "/Patient/1/_history/3", REFERENCE_LOCAL, "Patient", "1", "3"},
    {"http://node.example/fhirs/Patient/1", REFERENCE_ABSOLUTE, "Patient", "1", ""},
    {"https://node.example/fhir/Patient/1", REFERENCE_ABSOLUTE, "Patient", "1", ""},
    {"http://node.example/fhir/a/Patient/1", REFERENCE_ABSOLUTE, "Patient", "1", ""},
    {"https://other.example/Observation/x/_history/y", REFERENCE_ABSOLUTE, "Observation", "x", "y"},
    {"http://other.example/Patient/_", REFERENCE_URI, "", "", ""},
    {"http://other.example/Patients/1", REFERENCE_URI, "", "", ""},
    {"http://Patient/1", REFERENCE_URI, "", "", ""},
    {"http://other.example/a", REFERENCE_URI, "", "", ""},
    {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520", REFERENCE_URI, "", "", ""},
    {"urn:oid:1.2.3", REFERENCE_URI, "", "", ""},
    {"mailto:a@b.org", REFERENCE_URI, "", "", ""},
    {"ftp://a/Patient/1", REFERENCE_URI, "", "", ""},
    {"#", REFERENCE_FRAGMENT, "", "", ""},
    {"#p1", REFERENCE_FRAGMENT, "", "p1", ""},
    {"Patient?identifier=http://a|1", REFERENCE_CONDITIONAL, "Patient", "",
     "identifier=http://a|1"},
    {"Patient?name=a/Patient/1", REFERENCE_CONDITIONAL, "Patient", "", "name=a/Patient/1"},
    {"", REFERENCE_BAD, "", "", ""},
    {"1", REFERENCE_BAD, "", "", ""},
    {"Patient", REFERENCE_BAD, "", "", ""},
    {"Patient/", REFERENCE_BAD, "", "", ""},
    {"Patient/" ID64 "4", REFERENCE_BAD, "", "", ""},
    {"Patient/a_b", REFERENCE_BAD, "", "", ""},
    {"Patient/a b", REFERENCE_BAD, "", "", ""},
    {"Patient/1 ", REFERENCE_BAD, "", "", ""},
    {" Patient/1", REFERENCE_BAD, "", "", ""},
    {"Patient/1/", REFERENCE_BAD, "", "", ""},
    {"/Patient/1", REFERENCE_BAD, "", "", ""},
    {"a/Patient/1", REFERENCE_BAD, "", "", ""},
    {"Patients/1", REFERENCE_BAD, "", "", ""},
    {"patient/1", REFERENCE_BAD, "", "", ""},
    {"Resource/1", REFERENCE_BAD, "", "", ""},
    {"Patient/1/_history/", REFERENCE_BAD, "", "", ""},
    {"Patient/1/_history", REFERENCE_BAD, "", "", ""},
    {"Patient/1/history/2", REFERENCE_BAD, "", "", ""},
    {"Patient/_history/2", REFERENCE_BAD, "", "", ""},
    {"/_history/2", REFERENCE_BAD, "", "", ""},
    {"Patient?", REFERENCE_BAD, "", "", ""},
    {"Patients?a=b", REFERENCE_BAD, "", "", ""},
    {"?a=b", REFERENCE_BAD, "", "", ""},
    {"#a b", REFERENCE_BAD, "", "", ""},
    {"#a#b", REFERENCE_BAD, "", "", ""},
    {"urn:", REFERENCE_BAD, "", "", ""},
    {":uuid:43a42f7a-a6f2-42a5-a8f0-fc85abf8c3fa", REFERENCE_BAD, "", "", ""},
    {"1a:b", REFERENCE_BAD, "", "", ""},
    {"http://a/Patient/1\n", REFERENCE_BAD, "", "", ""},
    {"urn:uuid:a b", REFERENCE_BAD, "", "", ""},
};

static void reads_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct reference r = reference_parse(text_of(row->text), T(BASE));
        text rest = r.kind == REFERENCE_CONDITIONAL ? r.query : r.version;
        if (r.kind != row->kind || !text_eq(fhir_type_name(r.type), text_of(row->type)) ||
            !text_eq(r.id, text_of(row->id)) || !text_eq(rest, text_of(row->rest))) {
            fail_msg("%s: kind %d type %.*s id %.*s rest %.*s", row->text, (int)r.kind,
                     TEXT_ARG(fhir_type_name(r.type)), TEXT_ARG(r.id), TEXT_ARG(rest));
        }
    }
}

static void without_a_base_nothing_absolute_is_local(void **state)
{
    (void)state;
    assert_int_equal(reference_parse(T(BASE "/Patient/1"), T("")).kind, REFERENCE_ABSOLUTE);
    assert_int_equal(reference_parse(T("Patient/1"), T("")).kind, REFERENCE_LOCAL);
}

static void reads_no_further_than_the_end(void **state)
{
    (void)state;
    static const char bytes[] = "Patient/1/_history/22";
    for (size_t n = 0; n < sizeof bytes; n++) {
        struct reference r = reference_parse((text){bytes, n}, T(BASE));
        bool local = n == 9 || n >= 20;
        assert_int_equal(r.kind, local ? REFERENCE_LOCAL : REFERENCE_BAD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(without_a_base_nothing_absolute_is_local),
        cmocka_unit_test(reads_no_further_than_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

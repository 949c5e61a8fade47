/* _filter (R4 search_filter.html): the plans of its language, and what is refused where. */
#include "search_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *type;
    const char *query;
    const char *plan;
} plans[] = {
    /* clang-format off */
    {"Patient", "_filter=name co \"pet\"",
     "contains(name, pet){name~pet}"},
    {"Patient", "_filter=given eq \"peter\" and birthdate ge 2014-10-10",
     "and(given=peter, or(birthdate/0(2014-10-10..2014-10-10T23:59:59.999Z, 2014-10-10T00:00:00.001Z..2014-10-11), birthdate/0(.., 2014-10-11T00:00:00.001Z..), birthdate/1(.., 2014-10-11T00:00:00.001Z..), birthdate/2(.., 2014-10-11T00:00:00.001Z..), birthdate/3(.., 2014-10-11T00:00:00.001Z..)))"},
    {"Observation", "_filter=code eq http://loinc.org|1234-5",
     "code=http://loinc.org|1234-5"},
    {"Observation", "_filter=subject.name co \"pet\"",
     "or(subject->Location{contains(name, pet){name~pet}}, subject->Patient+home{contains(name, pet){name~pet}})"},
    {"Observation", "_filter=subject:Patient.name co \"pet\"",
     "subject->Patient+home{contains(name, pet){name~pet}}"},
    {"Patient", "_filter=name eq a and gender eq male or gender eq female",
     "or(and(name=a, gender=male), gender=female)"},
    {"Patient", "_filter=name eq a or gender eq male and gender eq female",
     "and(or(name=a, gender=male), gender=female)"},
    {"Patient", "_filter=name eq a or (gender eq male and not (gender eq female))",
     "or(name=a, and(gender=male, not(gender=female)))"},
    {"Patient", "_filter=not (name eq a)",
     "not(name=a)"},
    {"Patient", "_filter=name ne \"Müller\"",
     "or(name[<02>..muller), name[muller<00>..))"},
    {"Patient", "_filter=name ew ller",
     "ends(name, ller){name~ller}"},
    {"Patient", "_filter=name sw mul",
     "name[mul..mum)"},
    {"Patient", "_filter=name eq \"a\\\"b\\u00fc\\ud83d\\ude00\"",
     "name=a bu<f0><9f><98><80>"},
    {"Patient", "_filter=name pr false and gender pr true",
     "and(not(has name), has gender)"},
    {"Patient", "_filter=birthdate po 2013-01",
     "or(birthdate/0(..2013-01-31T23:59:59.999Z, 2013-01-01T00:00:00.001Z..), birthdate/1(..2013-01-31T23:59:59.999Z, 2013-01-01T00:00:00.001Z..), birthdate/2(..2013-01-31T23:59:59.999Z, 2013-01-01T00:00:00.001Z..), birthdate/3(..2013-01-31T23:59:59.999Z, 2013-01-01T00:00:00.001Z..))"},
    {"Patient", "_filter=_id eq a",
     "id=a"},
    {"Patient", "_filter=_id ne a",
     "not(id=a)"},
    {"Patient", "_filter=_lastUpdated gt 2020",
     "updated[2021-01-01..)"},
    {"Patient", "_filter=organization re Organization/1",
     "organization=Organization/1"},
    {"Patient", "_filter=organization[name eq \"x\" and active eq true].address-city eq \"York\"",
     "organization->Organization{and(name=x, active=true, address-city=york)}"},
    {"Patient", "_filter=organization[name eq \"x]\"].partof[name co y].identifier eq 4",
     "organization->Organization{and(name=x, partof->Organization{and(contains(name, y){name~y}, identifier=4)})}"},
    {"Observation", "_filter=value-quantity gt 5.4|http://unitsofmeasure.org|mg",
     "value-quantity(5.4..) http://unitsofmeasure.org|mg"},
    {"Observation", "_filter=code-value-quantity eq a$gt5",
     "and(code=a, value-quantity(5..))"},
    {"Observation", "_filter=subject re Patient/1",
     "or(subject=Patient/1, home(subject)=Patient/1)"},
    {"RiskAssessment", "_filter=probability lt 0.5",
     "probability[<01><01>..<03><80>3<00>)"},
    {"ValueSet", "_filter=url sw http://hl7.org",
     "or(url[http://hl7.org..http://hl7.orh), url[<10>..<11>), url[<11>..<12>), url[<14>..<15>))"},
    {"ValueSet", "_filter=url ne http://hl7.org",
     "or(url[<02>..http://hl7.org), url[http://hl7.org<00>..))"},
    {"Observation", "patient._filter=name eq a",
     "patient->Patient+home{name=a}"},
    {"Patient", "_filter=_text co \"liver pain\"",
     "narrative 'liver pain'"},
    {"Patient", "_filter=identifier eq urn:oid:1.2|444",
     "identifier=urn:oid:1.2|444"},
    {"Patient", "_filter=gender ne male",
     "param(gender){has gender; not(gender=male)}"},
    {"Observation", "_filter=combo-code ne x",
     "or(param(code){has code; not(code=x)}, param(component-code){has component-code; not(component-code=x)})"},
    /* clang-format on */
};

/* What an error begins with. */
static const struct {
    const char *type;
    const char *query;
    int code;
    const char *words;
} refusals[] = {
    /* clang-format off */
    {"Patient", "_filter=not name eq a", ERR_INVALID,
     "_filter at character 5: behind 'not' a bracket should stand: not (gender eq male)"},
    {"Patient", "_filter=(name eq a", ERR_INVALID,
     "_filter at character 11: 'and', 'or' or a closing bracket should stand here"},
    {"Patient", "_filter=name eq a)", ERR_INVALID,
     "_filter at character 10: this bracket was not opened"},
    {"Patient", "_filter=name eq a b", ERR_INVALID,
     "_filter at character 11: 'and' or 'or' should stand here"},
    {"Patient", "_filter=name eq", ERR_INVALID,
     "_filter at character 8: a value is missing"},
    {"Patient", "_filter=name", ERR_INVALID,
     "_filter at character 5: an operation such as eq should stand here"},
    {"Patient", "_filter=name foo a", ERR_INVALID,
     "_filter at character 1: 'foo' is not an operation: eq, ne, co, sw, ew, gt, lt, ge, le, ap, sa, eb, pr, po, ss, sb, in or re"},
    {"Patient", "_filter=name gt a", ERR_INVALID,
     "_filter at character 1: 'gt' is not an operation on 'name'; it takes eq, ne, co, sw, ew, pr"},
    {"Patient", "_filter=name eq \"a\\x\"", ERR_INVALID,
     "_filter at character 9: the string has an escape that JSON does not have"},
    {"Patient", "_filter=name eq \"a", ERR_INVALID,
     "_filter at character 9: the string is not closed by a quotation mark"},
    {"Patient", "_filter=name pr maybe", ERR_INVALID,
     "_filter at character 1: behind 'pr' true or false should stand, not 'maybe'"},
    {"Observation", "_filter=status eq final and subject ne Patient/1", ERR_INVALID,
     "_filter at character 21: 'ne' is not an operation on 'subject'; it takes eq, pr, re; write not (... eq ...)"},
    {"Patient", "_filter=gender co male", ERR_INVALID,
     "_filter at character 1: 'co' is not an operation on 'gender'; it takes eq, ne, pr, ss, sb, in"},
    {"Patient", "_filter=birthdate eq ge2013", ERR_INVALID,
     "_filter at character 1: 'ge2013' is not a date: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.fff]][Z or +hh:mm], with '+' written as %2B"},
    {"Patient", "_filter=nothing eq 2", ERR_INVALID,
     "_filter at character 1: Patient has no search parameter 'nothing'. It has _content"},
    {"Patient", "_filter=name eq a and nothing eq 2", ERR_INVALID,
     "_filter at character 15: Patient has no search parameter 'nothing'. It has _content"},
    {"Patient", "_filter=organization[name eq \"x\"] eq y", ERR_INVALID,
     "_filter at character 1: behind the brackets a dot and a parameter of the resource in them should stand"},
    {"Patient", "_filter=organization[nope eq \"x\"].name eq y", ERR_INVALID,
     "_filter at character 14: Organization has no search parameter 'nope'. It has _content"},
    {"Patient", "_filter=organization[name eq \"x\".name eq y", ERR_INVALID,
     "_filter at character 1: a bracket or a string is not closed"},
    {"Patient", "_filter=gender in http://x", ERR_NOT_SUPPORTED,
     "_filter at character 1: no code systems or value sets are kept here; list the codes themselves, with commas between them"},
    {"Patient", "_filter=gender ss http://x|a", ERR_NOT_SUPPORTED,
     "_filter at character 1: no code systems or value sets are kept here; list the codes themselves, with commas between them"},
    {"Patient", "_filter=", ERR_INVALID,
     "_filter: a value is empty; give one, or leave the parameter out (a comma in a value is written \\,)"},
    {"Patient", "_filter:missing=true", ERR_INVALID,
     "_filter:missing: '_filter' cannot be used like this; write _filter=... alone, or behind a chain"},
    {"Patient", "_filter=_filter pr true", ERR_INVALID,
     "_filter at character 1: '_filter' cannot be used like this; write _filter=... alone, or behind a chain"},
    {"Patient", "_filter=Name eq a", ERR_INVALID,
     "_filter at character 1: Patient has no search parameter 'Name'. It has _content"},
    {"Patient", "_filter=name.x eq a", ERR_INVALID,
     "_filter at character 1: 'name' is not a reference, so that nothing can stand behind a dot"},
    {"Patient", "_filter=_list eq 4", ERR_INVALID,
     "_filter at character 1: Patient has no search parameter '_list'. It has _content"},
    /* clang-format on */
};

static void makes_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        kit_plan_is(plans[i].type, plans[i].query, plans[i].plan);
    }
}

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        kit_refused(refusals[i].type, refusals[i].query, refusals[i].code, refusals[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_plans),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

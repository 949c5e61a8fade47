/* fixed[x], pattern[x], minValue[x], maxValue[x], maxLength (R4 elementdefinition.html), and the
 * places of findings. */
#include "profile_part_kit.h"

static const char observation[] =
    "{'resourceType':'Observation','status':'final','code':{'coding':[{'system':'http://a','code':"
    "'x','display':'X'},{'system':'http://b','code':'y'}],'text':'t'},"
    "'effectiveDateTime':'2020-05','issued':'2020-05-01T10:00:00Z','valueQuantity':{'value':1.50,"
    "'unit':'g','system':'http://unitsofmeasure.org','code':'g'},'note':[{'text':'Grüße'}],"
    "'component':[{'code':{'text':'c'},'valueDateTime':'2020-05-10T12:00:00+02:00'},"
    "{'code':{'text':'d'},'valueInteger':5},{'code':{'text':'e'},'valueQuantity':{'value':3,'unit':"
    "'Stück'}},{'code':{'text':'f'},'valueTime':'10:30:00'},{'code':{'text':'g'},"
    "'valueQuantity':{'value':5,'comparator':'<','system':'http://unitsofmeasure.org','code':'g'}},"
    "{'code':{'text':'h'},'valueBoolean':true,'_valueBoolean':{'id':'b'}},"
    "{'code':{'text':'i'},'_valueString':{'extension':[{'url':'http://e','valueCode':'k'}]}}],"
    "'contained':[{'resourceType':'Patient','id':'p','birthDate':'1970-01-01','_birthDate':"
    "{'extension':[{'url':'http://e','valueCode':'k'}]},'name':[{'given':['A','B']}]}]}";

struct compared {
    const char *at;
    const char *wanted;
    bool fixed;
    bool pattern;
};

static void fixed_and_pattern(void **state)
{
    (void)state;
    static const struct compared rows[] = {
        {"status", "'final'", true, true},
        {"status", "'Final'", false, false},
        {"status", "1", false, false},
        /* every member, in any order */
        {"code.coding[0]", "{'code':'x','display':'X','system':'http://a'}", true, true},
        {"code.coding[0]", "{'code':'x','system':'http://a'}", false, true},
        {"code.coding[0]", "{'code':'x','system':'http://b'}", false, false},
        {"code.coding[1]", "{'code':'y','system':'http://b','display':'Y'}", false, false},
        /* each item of a pattern is among the items, in any order */
        {"code", "{'coding':[{'code':'y','system':'http://b'}]}", false, true},
        {"code", "{'coding':[{'code':'y'},{'code':'x'}],'text':'t'}", false, true},
        {"code", "{'coding':[{'code':'y'},{'code':'z'}]}", false, false},
        {"code", "{'coding':[{'code':'y','system':'http://a'}]}", false, false},
        {"code",
         "{'coding':[{'system':'http://b','code':'y'},{'system':'http://a','code':'x',"
         "'display':'X'}],'text':'t'}",
         false, true},
        {"code",
         "{'text':'t','coding':[{'system':'http://a','code':'x','display':'X'},{'code':'y',"
         "'system':'http://b'}]}",
         true, true},
        /* numbers by their value */
        {"value", "{'value':1.5,'unit':'g','system':'http://unitsofmeasure.org','code':'g'}", true,
         true},
        {"value", "{'value':15e-1}", false, true},
        {"value", "{'value':1.51}", false, false},
        {"component[1].value", "5", true, true},
        {"component[1].value", "6", false, false},
        /* what stands beside a value is more than the fixed value has */
        {"component[5].value", "true", false, true},
        {"component[5].value", "false", false, false},
        {"component[6].value", "'x'", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct compared *r = &rows[i];
        const struct path_node *node = node_of(observation, r->at);
        yyjson_val *wanted = kit_read(r->wanted, &a);
        if (profile_fixed_holds(wanted, node) != r->fixed ||
            profile_pattern_holds(wanted, node) != r->pattern) {
            fail_msg("%s against %s: fixed %d, pattern %d", r->at, r->wanted, !r->fixed,
                     !r->pattern);
        }
    }
}

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *at;
        const char *name;
        const char *bound;
        const char *told;
    } rows[] = {
        {"component[1].value", "minValueInteger", "5", ""},
        {"component[1].value", "minValueInteger", "6",
         "error Observation.component[1].value."
         "ofType(integer): 5 is less than 6"},
        {"component[1].value", "maxValueInteger", "5", ""},
        {"component[1].value", "maxValueInteger", "4", "5 is more than 4"},
        /* an instant that may lie on either side of the bound is no fault */
        {"effective", "minValueDateTime", "'2020-05-15'", ""},
        {"effective", "maxValueDateTime", "'2020-05-15'", ""},
        {"effective", "minValueDateTime", "'2020-06-01'", "2020-05 is less than 2020-06-01"},
        {"effective", "maxValueDateTime", "'2020-04-30'", "2020-05 is more than 2020-04-30"},
        {"component[0].value", "minValueDateTime", "'2020-05-10T10:00:00Z'", ""},
        {"component[0].value", "minValueDateTime", "'2020-05-10T10:00:01Z'", "is less than"},
        {"issued", "maxValueInstant", "'2020-05-01T09:59:59Z'", "is more than"},
        {"issued", "maxValueInstant", "'2020-05-01T12:00:00+02:00'", ""},
        {"component[3].value", "maxValueTime", "'10:29:59'", "10:30:00 is more than 10:29:59"},
        {"component[3].value", "maxValueTime", "'10:30:00'", ""},
        /* quantities by UCUM */
        {"value", "maxValueQuantity",
         "{'value':1500,'system':'http://unitsofmeasure.org','code':'mg'}", ""},
        {"value", "maxValueQuantity",
         "{'value':1499,'unit':'mg','system':'http://unitsofmeasure.org','code':'mg'}",
         "error Observation.value.ofType(Quantity): 1.50 g is more than 1499 mg"},
        {"value", "maxValueQuantity", "{'value':1,'system':'http://unitsofmeasure.org','code':'m'}",
         "warning|units differ"},
        {"component[2].value", "maxValueQuantity", "{'value':2,'unit':'Stück'}", "is more than"},
        {"component[2].value", "maxValueQuantity", "{'value':3,'unit':'Stück'}", ""},
        {"component[2].value", "maxValueQuantity", "{'value':3,'unit':'Paar'}", "warning|units"},
        {"component[4].value", "maxValueQuantity",
         "{'value':1,'system':'http://unitsofmeasure.org','code':'g'}", ""},
        /* a bound of another type than the element's says nothing of it */
        {"status", "maxValueQuantity", "{'value':1}", ""},
        {"component[6].value", "maxValueInteger", "1", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct path_node *node = node_of(observation, rows[i].at);
        struct issues is;
        struct profile_run run = run_of(node, &is);
        assert_int_equal(
            profile_range_check(&run, text_of(rows[i].name), kit_read(rows[i].bound, &a), node), 0);
        expect_told(&is, rows[i].told, rows[i].bound);
        assert_int_equal(run.errors, is.errors);
    }
}

static void lengths(void **state)
{
    (void)state;
    const struct path_node *node = node_of(observation, "note.text");
    struct issues is;
    struct profile_run run = run_of(node, &is);
    assert_int_equal(profile_length_check(&run, 5, node), 0); /* seven bytes, five characters */
    expect_told(&is, "", "5");
    assert_int_equal(profile_length_check(&run, 4, node), 0);
    expect_told(&is, "error Observation.note[0].text: |5 characters|at most 4", "4");
}

static void places(void **state)
{
    (void)state;
    static const struct {
        const char *at;
        const char *path;
    } rows[] = {
        {"status", "Observation.status"},
        {"code.coding[1].code", "Observation.code.coding[1].code"},
        {"value.code", "Observation.value.ofType(Quantity).code"},
        {"component[1].value", "Observation.component[1].value.ofType(integer)"},
        {"contained.name.given[1]", "Observation.contained[0].name[0].given[1]"},
        {"contained.birthDate.extension.value",
         "Observation.contained[0].birthDate.extension[0].value.ofType(code)"},
        {"$this", "Observation"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        text path = profile_path(node_of(observation, rows[i].at), &a);
        if (!text_eq(path, text_of(rows[i].path))) {
            fail_msg("%s: %.*s", rows[i].path, TEXT_ARG(path));
        }
    }
}

/* What is said twice of a place stands once; a silent run only counts. */
static void findings(void **state)
{
    (void)state;
    const struct path_node *node = node_of(observation, "status");
    struct issues is;
    struct profile_run run = run_of(node, &is);
    profile_issue(&run, ISSUE_ERROR, ERR_INVARIANT, node, "no %s", "good");
    profile_issue(&run, ISSUE_ERROR, ERR_INVARIANT, node, "no %s", "good");
    profile_issue(&run, ISSUE_WARNING, ERR_INVARIANT, node, "no %s", "good");
    assert_int_equal(is.count, 2);
    assert_int_equal(run.errors, 2);
    run.silent = true;
    profile_issue(&run, ISSUE_ERROR, ERR_INVARIANT, node, "another");
    assert_int_equal(is.count, 2);
    assert_int_equal(run.errors, 3);
    run.silent = false;
    run.options.no_warnings = true;
    profile_issue(&run, ISSUE_WARNING, ERR_INVARIANT, node, "another");
    assert_int_equal(is.count, 2);
    run.deadline = 1;
    int code = 0;
    for (int i = 0; i < 1000 && !code; i++) {
        code = profile_step(&run);
    }
    assert_int_equal(code, ERR_TOO_COSTLY);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {TEST(fixed_and_pattern), TEST(ranges), TEST(lengths),
                                              TEST(places), TEST(findings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

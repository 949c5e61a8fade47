/* Which answers of others may be used: docs/locality.md, J6. */
#include "joined_kit.h"

#include <stdio.h>
#include <stdlib.h>

#define BP "'code':{'coding':[{'system':'http://loinc.org','code':'8480-6'}]}"

/* --- J6: what may be used -----------------------------------------------------------------------
 */

#define NHS "'identifier':[{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'9000000009'}]"
#define ANNA                                              \
    "{'resourceType':'Patient','id':'p'," NHS             \
    ",'name':[{'use':'official','family':'Weir','given':" \
    "['Anna']}],'gender':'female','birthDate':'1950-03-04'}"
#define BERT                                                                              \
    "{'resourceType':'Patient','id':'q','identifier':[{'system':'https://fhir.nhs.uk/Id/" \
    "nhs-number',"                                                                        \
    "'value':'9000000017'}],'name':[{'family':'Weir','given':['Bert']}],'birthDate':'1950-03-04'}"
#define OF(id, who) \
    "{'resourceType':'Observation','id':'" id "','status':'final'," BP ",'subject':" who "}"

static const struct answer {
    const char *what, *patient, *entries;
    int rc;
} answers[] = {
    {"nothing", "", "", 0},
    {"the person and an entry", "", ENTRY(ANNA) "," ENTRY(OF("1", "{'reference':'Patient/p'}")), 0},
    {"by the receipt's id", "p", ENTRY(OF("1", "{'reference':'Patient/p'}")), 0},
    {"with the holder's own address", "p",
     ENTRY(OF("1", "{'reference':'https://hospital.example/fhir/Patient/p'}")), 0},
    {"by NHS number alone", "p",
     ENTRY(OF("1", "{'identifier':{'system':'https://fhir.nhs.uk/Id/nhs-number','value':"
                   "'9000000009'}}")),
     0},
    {"what belongs to nobody", "p", ENTRY("{'resourceType':'Practitioner','id':'1','active':true}"),
     0},
    {"the patient stands elsewhere in it", "p",
     ENTRY("{'resourceType':'Appointment','id':'1','status':'booked','participant':[{'actor':"
           "{'reference':'Patient/p'},'status':'accepted'}]}"),
     0},
    {"another's entry in which they have a part", "p",
     ENTRY("{'resourceType':'Observation','id':'1','status':'final'," BP
           ",'subject':{'reference':'Patient/q'},'performer':[{'reference':'Patient/p'}]}"),
     0},
    {"nobody knows about whom", "", ENTRY(OF("1", "{'reference':'Patient/p'}")), ERR_FORBIDDEN},
    {"about another", "p", ENTRY(OF("1", "{'reference':'Patient/q'}")), ERR_FORBIDDEN},
    {"about another, the long way", "p",
     ENTRY("{'resourceType':'Appointment','id':'1','status':'booked','participant':[{'actor':"
           "{'reference':'Patient/q'},'status':'accepted'}]}"),
     ERR_FORBIDDEN},
    {"about another, by number", "p",
     ENTRY(OF("1", "{'identifier':{'system':'https://fhir.nhs.uk/Id/nhs-number','value':"
                   "'9000000017'}}")),
     ERR_FORBIDDEN},
    {"about whoever that is", "p", ENTRY(OF("1", "{'display':'Anna Weir'}")), ERR_FORBIDDEN},
    {"a patient of another address", "p",
     ENTRY(OF("1", "{'reference':'https://elsewhere.example/fhir/Patient/p'}")), ERR_FORBIDDEN},
    {"the other person themselves", "p", ENTRY(BERT), ERR_FORBIDDEN},
    {"one wrong among many", "",
     ENTRY(ANNA) "," ENTRY(OF("1", "{'reference':'Patient/p'}")) "," ENTRY(
         OF("2", "{'reference':'Patient/q'}")),
     ERR_FORBIDDEN},
    {"not FHIR", "p",
     ENTRY("{'resourceType':'Observation','id':'1','status':'yes','subject':{'reference':"
           "'Patient/p'}}"),
     ERR_INVALID},
    {"no resource", "p", "{'fullUrl':'urn:x'}", ERR_INVALID},
    {"no id", "p",
     ENTRY("{'resourceType':'Observation','status':'final'," BP
           ",'subject':{'reference':'Patient/p'}}"),
     ERR_INVALID},
};

static const struct subject anna = {.nhs_number = {"9000000009", 10},
                                    .family = {"Weir", 4},
                                    .given = {"Anna", 4},
                                    .birth_date = {"1950-03-04", 10},
                                    .gender = {"female", 6}};

static void uses_nothing_about_another_person(void **state)
{
    struct arena a;
    bool good = true;
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct joined_part part;
        struct joined_reading reading;
        struct err e = {0};
        arena_init(&a, ARENA);
        part_of(&part, "RXX", HOSPITAL, answers[i].entries, &a);
        int rc = joined_read(part.bundles[0], &anna, text_of(answers[i].patient), part.base, &a,
                             &reading, &e);
        if (rc != answers[i].rc) {
            print_message("%s: %d, not %d: %s\n", answers[i].what, rc, answers[i].rc, e.detail);
            good = false;
        }
        arena_done(&a);
    }
    assert_true(good);
}

static void uses_only_what_was_found(void **state)
{
    static const char *const others[] = {"[]", "'x'", "{'resourceType':'Patient'}",
                                         "{'resourceType':'Bundle','type':'transaction'}",
                                         "{'resourceType':'Bundle','type':'searchset','entry':{}}"};
    struct arena a;
    struct joined_reading reading;
    struct err e = {0};
    (void)state;
    arena_init(&a, ARENA);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(
            joined_read(tree(others[i], &a), &anna, T("p"), text_of(GP), &a, &reading, &e),
            ERR_INVALID);
    }
    struct buf out;
    buf_init(&out, 1 << 24);
    buf_add(&out, T("{'resourceType':'Bundle','type':'searchset','link':[{'relation':'self','url':"
                    "'x?_page=no'},{'relation':'next','url':'https://x/Basic?a=b&_page=abc-_1'}],"
                    "'entry':["));
    for (unsigned i = 0; i < JOINED_ENTRIES_MAX; i++) {
        buf_add(&out, T("{'search':{'mode':'outcome'}},"));
    }
    size_t n = out.n;
    buf_printf(&out, "{'search':{'mode':'outcome'}}]}%c", 0);
    assert_int_equal(joined_read(tree(out.p, &a), &anna, T("p"), text_of(GP), &a, &reading, &e),
                     ERR_TOO_LARGE);
    out.n = n - 1;
    buf_printf(&out, "]}%c", 0);
    assert_int_equal(joined_read(tree(out.p, &a), &anna, T("p"), text_of(GP), &a, &reading, &e), 0);
    assert_true(text_eq(reading.next, T("abc-_1")));
    buf_done(&out);
    arena_done(&a);
}

/* --- servers of another make behind a member: F6 ------------------------------------------------
 */

#define SAID(name, base, outcome, more)                                                            \
    "{'extension':[{'url':'" JOINED_BEHIND_URL "','extension':[{'url':'name','valueString':'" name \
    "'},{'url':'base','valueUrl':'" base "'},{'url':'outcome','valueCode':'" outcome               \
    "'},{'url':'entries','valueUnsignedInt':2}" more "]}]}"
#define MORE ",{'url':'more','valueBoolean':true}"
#define TELLS(issues)                                                 \
    "{'resource':{'resourceType':'OperationOutcome','issue':[" issues \
    "]},'search':{'mode':'outcome'}}"
#define LAB "https://lab.example/r4"

static int read_behind(struct joined_part *part, const char *entries, struct arena *a)
{
    struct joined_reading reading;
    struct err e = {0};
    part_of(part, "X26", HOSPITAL, entries, a);
    int rc = joined_read(part->bundles[0], &anna, T("p"), part->base, a, &reading, &e);
    if (!rc) {
        assert_true(!reading.unwitnessed || !reading.behind_count);
        part->behind = reading.behind;
        part->behind_count = reading.behind_count;
    }
    return rc;
}

static void believes_of_servers_behind_only_what_can_be(void **state)
{
    static const struct {
        const char *issues, *missing;
        size_t entries;
    } rows[] = {
        {SAID("lab", LAB, "answered", ""), "", 2},
        {SAID("lab", LAB, "answered", MORE), "lab", 2},
        {SAID("lab", LAB, "away", ""), "lab", 2},
        {SAID("lab", LAB, "answered", "") "," SAID("eye", LAB, "refused", "") "," //
         SAID("ear", LAB, "timed-out", ""),
         "eye, ear", 6},
        {SAID("lab <b>", LAB, "answered", ""), "a server", 0},
        {SAID("", LAB, "answered", ""), "a server", 0},
        {SAID("lab", "javascript:alert(1)", "answered", ""), "a server", 0},
        {"{'details':{'text':'something else'}}", "", 0},
    };
    struct arena a;
    (void)state;
    arena_init(&a, ARENA);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct joined_part part;
        text entries = arena_printf(&a, TELLS("%s"), rows[i].issues);
        assert_int_equal(read_behind(&part, entries.p, &a), 0);
        assert_string_equal(joined_behind_missing(&part, &a).p, rows[i].missing);
        assert_int_equal(joined_behind_all(&part), rows[i].missing[0] == 0);
        assert_int_equal(joined_behind_entries(&part), rows[i].entries);
    }
    struct joined_part part;
    text many = T(SAID("lab", LAB, "answered", ""));
    for (size_t i = 1; i < JOINED_BEHIND_MAX; i++) {
        many = arena_printf(&a, "%.*s," SAID("lab", LAB, "answered", ""), TEXT_ARG(many));
    }
    assert_int_equal(read_behind(&part, arena_printf(&a, TELLS("%s"), many.p).p, &a), 0);
    many = arena_printf(&a, "%.*s," SAID("lab", LAB, "answered", ""), TEXT_ARG(many));
    assert_int_equal(read_behind(&part, arena_printf(&a, TELLS("%s"), many.p).p, &a),
                     ERR_TOO_LARGE);
    arena_done(&a);
}

/* An entry is at the server that it says only when its holder has told of that server. */
static void finds_the_custodian_behind_a_member(void **state)
{
    static const char condition[] =
        ENTRY("{'resourceType':'Observation','id':'1','meta':{'source':'" LAB
              "','tag':[{'code':'unwitnessed'}]},'status':'final'," BP
              ",'subject':{'reference':'Patient/p'}}");
    struct arena a;
    struct err e = {0};
    (void)state;
    arena_init(&a, ARENA);
    for (int told = 0; told < 2; told++) {
        struct joined_part part;
        struct joined_entry *entries;
        size_t count;
        text all = arena_printf(&a, "%s%s", condition,
                                told ? "," TELLS(SAID("lab", LAB, "answered", "")) : "");
        assert_int_equal(read_behind(&part, all.p, &a), 0);
        assert_int_equal(joined_merge(&part, 1, NULL, 0, &a, &entries, &count, &e), 0);
        assert_int_equal(count, 1);
        assert_true(text_eq(entries[0].base, text_of(told ? LAB : HOSPITAL)));
    }
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_nothing_about_another_person),
        cmocka_unit_test(uses_only_what_was_found),
        cmocka_unit_test(believes_of_servers_behind_only_what_can_be),
        cmocka_unit_test(finds_the_custodian_behind_a_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Answers against their questionnaire, and a questionnaire's own rules (R4 questionnaire.html). */
#include "rules_kit.h"

#define ASK(items) "{'resourceType':'Questionnaire','status':'active','item':[" items "]}"

static void questionnaires(void **state)
{
    (void)state;
#define WHEN(question, answer) \
    "'enableWhen':[{'question':'" question "','operator':'='," answer "}]"
    static const struct finding_case cases[] = {
        {ASK("{'linkId':'a','type':'boolean'},{'linkId':'b','type':'string'," WHEN(
             "a", "'answerBoolean':true") "}"),
         NULL, NULL, false},
        {ASK("{'linkId':'a','type':'boolean'},{'linkId':'a','type':'string'}"),
         "Questionnaire.item[1]", "stands twice", false},
        {ASK("{'linkId':'a','type':'boolean'},{'linkId':'b','type':'string'," WHEN(
             "c", "'answerBoolean':true") "}"),
         "Questionnaire.item[1].enableWhen[0]", "no item", false},
        {ASK("{'linkId':'b','type':'boolean'," WHEN("b", "'answerBoolean':true") "}"),
         "Questionnaire.item[0].enableWhen[0]", "itself", false},
        {ASK("{'linkId':'a','type':'boolean'},{'linkId':'b','type':'string'," WHEN(
             "a", "'answerInteger':1") "}"),
         "Questionnaire.item[1].enableWhen[0].answer.ofType(integer)", "of type boolean", false},
        {ASK("{'linkId':'a','type':'group'},{'linkId':'b','type':'string'," WHEN(
             "a", "'answerInteger':1") "}"),
         "Questionnaire.item[1].enableWhen[0]", "no answers", false},
    };
    CASES(questionnaire_rules, cases);
}

#define URL "http://hl7.org/fhir/StructureDefinition/"
#define QUESTIONS                                                                               \
    "{'linkId':'g','type':'group','repeats':true,'item':[{'linkId':'yes','type':'boolean',"     \
    "'required':true},{'linkId':'why','type':'string','required':true,'maxLength':5,"           \
    "'enableWhen':[{'question':'yes','operator':'=','answerBoolean':true}]}]},"                 \
    "{'linkId':'n','type':'integer','extension':[{'url':'" URL "minValue','valueInteger':1},"   \
    "{'url':'" URL "maxValue','valueInteger':9}]},"                                             \
    "{'linkId':'c','type':'choice','answerOption':[{'valueCoding':{'system':'s','code':'x'}},"  \
    "{'valueCoding':{'system':'s','code':'y'}}],'item':[{'linkId':'cc','type':'string'}]},"     \
    "{'linkId':'o','type':'open-choice','repeats':true,'answerOption':[{'valueCoding':{'code':" \
    "'x'}}]},{'linkId':'d','type':'decimal','extension':[{'url':'" URL                          \
    "maxDecimalPlaces','valueInteger':2}]},"                                                    \
    "{'linkId':'t','type':'text','extension':[{'url':'" URL "regex','valueString':'[a-c]+'}]}," \
    "{'linkId':'i','type':'display'}"
#define STATUS(status, items)                                                                \
    "{'resourceType':'QuestionnaireResponse','status':'" status                              \
    "','questionnaire':'#q','contained':[{'resourceType':'Questionnaire','id':'q','status':" \
    "'active','item':[" QUESTIONS "]}],'item':[" items "]}"
#define SAY(items) STATUS("completed", items)
#define ANSWER(link, value) "{'linkId':'" link "','answer':[{" value "}]}"
#define YES ANSWER("yes", "'valueBoolean':true")
#define NO ANSWER("yes", "'valueBoolean':false")
#define GROUP(items) "{'linkId':'g','item':[" items "]}"
#define AT "QuestionnaireResponse.item[0]"

static void responses(void **state)
{
    (void)state;
    static const struct finding_case cases[] = {
        {SAY(GROUP(NO)), NULL, NULL, false},
        {SAY(GROUP(YES "," ANSWER("why", "'valueString':'abcde'"))), NULL, NULL, false},
        /* each repetition by its own answers */
        {SAY(GROUP(NO) "," GROUP(YES "," ANSWER("why", "'valueString':'b'"))), NULL, NULL, false},
        {SAY(GROUP(YES)), AT, "'why' is required", false},
        {SAY(GROUP(NO) "," GROUP(YES)), "QuestionnaireResponse.item[1]", "'why' is required",
         false},
        {SAY(GROUP(NO "," ANSWER("why", "'valueString':'b'"))), AT ".item[1]", "enableWhen", false},
        {STATUS("in-progress", GROUP(YES)), NULL, NULL, false},
        {SAY(GROUP(YES "," ANSWER("why", "'valueString':'abcdef'"))),
         AT ".item[1].answer[0].value.ofType(string)", "more characters", false},
        {SAY(ANSWER("z", "'valueString':'b'")), AT, "no item", false},
        {SAY(ANSWER("yes", "'valueBoolean':true")), AT, "wrong place", false},
        {SAY(ANSWER("n", "'valueString':'b'")), AT ".answer[0].value.ofType(string)",
         "of type integer", false},
        {SAY(ANSWER("n", "'valueInteger':5")), NULL, NULL, false},
        {SAY(ANSWER("n", "'valueInteger':0")), AT ".answer[0].value.ofType(integer)", "less than 1",
         false},
        {SAY(ANSWER("n", "'valueInteger':10")), AT ".answer[0].value.ofType(integer)",
         "more than 9", false},
        {SAY("{'linkId':'n','answer':[{'valueInteger':1},{'valueInteger':2}]}"), AT,
         "does not repeat", false},
        {SAY(ANSWER("n", "'valueInteger':1") "," ANSWER("n", "'valueInteger':1")),
         "QuestionnaireResponse.item[1]", "stands twice", false},
        {SAY(ANSWER("n", "'valueInteger':1") "," GROUP(NO)), "QuestionnaireResponse.item[1]",
         "stands behind", false},
        {SAY(ANSWER("c", "'valueCoding':{'system':'s','code':'y'}")), NULL, NULL, false},
        {SAY(ANSWER("c", "'valueCoding':{'system':'s','code':'z'}")),
         AT ".answer[0].value.ofType(Coding)", "none of its 2 options", false},
        {SAY(ANSWER("o", "'valueString':'free'")), NULL, NULL, false},
        {SAY("{'linkId':'o','answer':[{'valueString':'free'},{'valueCoding':{'code':'x'}}]}"), NULL,
         NULL, false},
        {SAY(ANSWER("c", "'valueCoding':{'system':'s','code':'y'},'item':[" ANSWER(
                             "cc", "'valueString':'b'") "]")),
         NULL, NULL, false},
        {SAY("{'linkId':'c','item':[" ANSWER("cc", "'valueString':'b'") "]}"), AT, "answer.item",
         false},
        {SAY(ANSWER("d", "'valueDecimal':1.25")), NULL, NULL, false},
        {SAY(ANSWER("d", "'valueDecimal':1.250")), AT ".answer[0].value.ofType(decimal)",
         "more decimals", false},
        {SAY(ANSWER("t", "'valueString':'abc'")), NULL, NULL, false},
        {SAY(ANSWER("t", "'valueString':'abd'")), AT ".answer[0].value.ofType(string)", "pattern",
         false},
        {SAY(ANSWER("i", "'valueString':'b'")), AT, "no answers", false},
        {SAY("{'linkId':'g','answer':[{'valueString':'b'}]}"), AT, "no answers", false},
    };
    CASES(questionnaire_rules, cases);
}

/* Ten thousand repetitions, each with a condition, take about as long each as ten. */
/* "#q" is the questionnaire that the response contains, or a mistake. */
static void contained(void **state)
{
    (void)state;
#define CONTAINED(resource)                                                          \
    "{'resourceType':'QuestionnaireResponse','status':'completed','questionnaire':'" \
    "#q','contained':[" resource "]}"
    static const struct finding_case cases[] = {
        {CONTAINED("{'resourceType':'Questionnaire','id':'q','status':'active'}"), NULL, NULL,
         false},
        {CONTAINED("{'resourceType':'Questionnaire','id':'p','status':'active'}"),
         "QuestionnaireResponse.questionnaire", "no resource with the id 'q'", false},
        {CONTAINED("{'resourceType':'Patient','id':'q'}"), "QuestionnaireResponse.questionnaire",
         "is a Patient", false},
        {"{'resourceType':'QuestionnaireResponse','status':'completed','questionnaire':'#q'}",
         "QuestionnaireResponse.questionnaire", "no resource with the id 'q'", false},
    };
    CASES(questionnaire_rules, cases);
}

/* What a contained questionnaire calls "#v" stands beside it: nothing contained contains. */
static void beside(void **state)
{
    (void)state;
#define CHOOSE(code)                                                                          \
    "{'resourceType':'QuestionnaireResponse','status':'completed','questionnaire':'#q',"      \
    "'contained':[{'resourceType':'Questionnaire','id':'q','status':'active','item':[{"       \
    "'linkId':'c','type':'choice','answerValueSet':'#v'}]},{'resourceType':'ValueSet','id':"  \
    "'v','status':'active','expansion':{'timestamp':'2020','contains':[{'system':'http://s'," \
    "'code':'x'}]}}],'item':[{'linkId':'c','answer':[{'valueCoding':{'system':'http://s',"    \
    "'code':'" code "'}}]}]}"
    static const struct finding_case cases[] = {
        {CHOOSE("x"), NULL, NULL, false},
        {CHOOSE("y"), AT ".answer[0].value.ofType(Coding)", "not in the value set", false},
    };
    CASES(questionnaire_rules, cases);
}

static void large(void **state)
{
    (void)state;
    struct buf json;
    buf_init(&json, 1 << 26);
    buf_add(&json, T(STATUS("completed", GROUP(NO))));
    json.n -= 2;
    for (unsigned i = 0; i < 10000; i++) {
        buf_add(&json, T("," GROUP(YES "," ANSWER("why", "'valueString':'b'"))));
    }
    buf_add(&json, T("]}"));
    buf_addc(&json, '\0');
    struct issues is = find(questionnaire_rules, json.p);
    buf_done(&json);
    assert_int_equal(is.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(questionnaires), TEST(responses), TEST(contained),
                                       TEST(beside), TEST(large)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

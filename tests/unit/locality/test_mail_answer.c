/* Answers of other members to what a patient asked of them (R8 of docs/requests.md): who may answer
 * what, and what is made of it. */
#include "locality/mail_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define ID "4bd1f0a2-0000-4000-8000-00000000abcd"
#define TASK(status, ods, patient)                                                       \
    "{'resourceType':'Task','id':'" ID "','status':'" status                             \
    "','for':{'reference':'Patient/" patient                                             \
    "'},'owner':{'identifier':{'system':'https://fhir.nhs.uk/Id/ods-organization-code'," \
    "'value':'" ods "'},'display':'Riverside Hospital'}}"
#define HEADER(response) "{'resource':{'resourceType':'MessageHeader'" response "}}"
#define RESPONSE ",'response':{'identifier':'" ID "','code':'ok'}"
#define OUTPUT                                                                              \
    "{'resource':{'resourceType':'Task','output':[{'type':{'coding':[{'code':'outcome'}]}," \
    "'valueCodeableConcept':{'coding':[{'code':'corrected'}]}},{'type':{'coding':[{'code':" \
    "'words'}]},'valueString':'Said \\\"so\\\"'}]}}"
#define BUNDLE(header, more) \
    "{'resourceType':'Bundle','type':'message','entry':[" header "," more "]}"

static struct {
    const char *task; /* NULL: there is none */
    int post_status;
    size_t posts;
    char body[1000];
    char path[200];
} own;

static text json(const char *p, struct arena *a)
{
    text copy = arena_copy(a, text_of(p));
    char *to = arena_alloc(a, copy.n + 1);
    for (size_t i = 0; i < copy.n; i++) {
        to[i] = copy.p[i] == '\'' ? '"' : copy.p[i];
    }
    return text_make(to, copy.n);
}

static int call_own(void *context, const struct caller *as, struct own_call *call, struct arena *a,
                    struct err *e)
{
    (void)context;
    (void)as;
    (void)e;
    if (text_eq(call->method, T("GET"))) {
        call->status = own.task ? 200 : 404;
        call->answer = json(own.task ? own.task : "{'resourceType':'OperationOutcome'}", a);
        return 0;
    }
    own.posts++;
    (void)snprintf(own.path, sizeof own.path, "%.*s", TEXT_ARG(call->path));
    (void)snprintf(own.body, sizeof own.body, "%.*s", TEXT_ARG(call->body));
    call->status = own.post_status;
    call->answer = T("");
    return 0;
}

/* Nothing of this id has come: so far, and no further, goes what is tested here. */
static int get_nothing(void *context, const char *kind, text key, struct arena *a, text *ret_value,
                       struct err *e)
{
    (void)context;
    (void)kind;
    (void)a;
    *ret_value = T("");
    return err_set(e, ERR_NOT_FOUND, "no %.*s", TEXT_ARG(key));
}

static int answered(const char *bundle, const char *workflow, const char *patient)
{
    struct loc_world world = {.own = call_own, .get = get_nothing};
    struct mailbox m = {.world = &world};
    struct err e = {0};
    struct arena a;
    arena_init(&a, 1 << 20);
    const struct mail mail = {.id = T("m"),
                              .from = T("Y90002"),
                              .workflow = text_of(workflow),
                              .patient = text_of(patient),
                              .bundle = json(bundle, &a),
                              .is_received = true};
    own.posts = 0;
    int rc = mail_answer(&m, &mail, &a, &e);
    arena_done(&a);
    return rc;
}

static void test_who_may_answer(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *task;
        const char *bundle;
        const char *workflow;
        const char *patient;
        size_t posts;
        int rc;
    } rows[] = {
        /* what was answered is settled next: NOT_FOUND is how the store of this test ends it */
        {"the owner", TASK("requested", "Y90002", "p"), BUNDLE(HEADER(RESPONSE), OUTPUT), "request",
         "p", 1, ERR_NOT_FOUND},
        {"once", TASK("completed", "Y90002", "p"), BUNDLE(HEADER(RESPONSE), OUTPUT), "request", "p",
         0, ERR_NOT_FOUND},
        {"another member", TASK("requested", "Y90003", "p"), BUNDLE(HEADER(RESPONSE), OUTPUT),
         "request", "p", 0, ERR_INVALID},
        {"of another person", TASK("requested", "Y90002", "q"), BUNDLE(HEADER(RESPONSE), OUTPUT),
         "request", "p", 0, ERR_INVALID},
        {"of nobody", TASK("requested", "Y90002", "p"), BUNDLE(HEADER(RESPONSE), OUTPUT), "request",
         "", 0, ERR_INVALID},
        {"what is not here", NULL, BUNDLE(HEADER(RESPONSE), OUTPUT), "request", "p", 0,
         ERR_INVALID},
        {"a question", TASK("requested", "Y90002", "p"), BUNDLE(HEADER(""), OUTPUT), "request", "p",
         0, 0},
        {"another workflow", TASK("requested", "Y90002", "p"), BUNDLE(HEADER(RESPONSE), OUTPUT),
         "letter", "p", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        own.task = rows[i].task;
        own.post_status = 200;
        int rc = answered(rows[i].bundle, rows[i].workflow, rows[i].patient);
        if (rc != rows[i].rc || own.posts != rows[i].posts) {
            fail_msg("%s: %d, %zu", rows[i].what, rc, own.posts);
        }
    }
}

static void test_what_is_said(void **state)
{
    (void)state;
    own.task = TASK("requested", "Y90002", "p");
    own.post_status = 200;
    (void)answered(BUNDLE(HEADER(RESPONSE), OUTPUT), "request", "p");
    assert_string_equal(own.path, "Task/" ID "/$answer");
    assert_string_equal(own.body, "{\"resourceType\":\"Parameters\",\"parameter\":["
                                  "{\"name\":\"outcome\",\"valueCode\":\"corrected\"},"
                                  "{\"name\":\"words\",\"valueString\":\"Said \\\"so\\\"\"},"
                                  "{\"name\":\"by\",\"valueString\":\"Riverside Hospital\"}]}");
    own.post_status = 400;
    assert_int_equal(answered(BUNDLE(HEADER(RESPONSE), OUTPUT), "request", "p"), ERR_INVALID);
    own.post_status = 503;
    assert_int_equal(answered(BUNDLE(HEADER(RESPONSE), OUTPUT), "request", "p"), ERR_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_may_answer),
        cmocka_unit_test(test_what_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Events as lines: what is printed is read back; what is not of the form is refused. */
#include "audit/event.h"
#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char whole[] =
    "{\"v\":1,\"at\":-5,\"kind\":\"search\",\"class\":\"proxy\",\"outcome\":4,\"why\":\"w\","
    "\"patient\":\"p\",\"what\":\"Observation\",\"query\":\"a=b\",\"version_t\":7,\"count\":2,"
    "\"account\":\"a\",\"who\":\"Practitioner/"
    "x\",\"name\":\"n\",\"role\":\"R1\",\"role_name\":\"r\","
    "\"organisation\":\"Organization/o\",\"organisation_name\":\"o\",\"client\":\"c\","
    "\"client_name\":\"cn\",\"relation\":\"rel\",\"purpose\":\"TREAT\",\"reason\":\"why\","
    "\"disclose_after\":9,\"request\":\"q\"}";

static int parse(const char *line, struct arena *a, struct audit_event *event)
{
    struct err e = {0};
    return event_parse(text_of(line), a, event, &e);
}

static void lines_go_there_and_back(void **state)
{
    (void)state;
    struct arena a;
    struct buf out;
    struct audit_event event;
    struct err e = {0};
    static const char *const lines[] = {
        whole, "{\"v\":1,\"at\":0,\"kind\":\"start\",\"class\":\"system\",\"outcome\":8}",
        "{\"v\":1,\"at\":9,\"kind\":\"sign-in\",\"class\":\"self\",\"outcome\":0,\"name\":"
        "\"\\\"\\\\\\u0001\xC3\xA9\"}"};
    arena_init(&a, 1 << 20);
    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        buf_clear(&out);
        assert_int_equal(parse(lines[i], &a, &event), 0);
        assert_int_equal(event_print(&event, &out, &e), 0);
        assert_true(text_eq(buf_text(&out), text_of(lines[i])));
    }
    arena_done(&a);
    buf_done(&out);
}

static void other_lines_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"v\":1}",
        "{\"v\":2,\"at\":0,\"kind\":\"start\",\"class\":\"self\",\"outcome\":0}",
        "{\"v\":1,\"at\":0,\"kind\":\"nothing\",\"class\":\"self\",\"outcome\":0}",
        "{\"v\":1,\"at\":0,\"kind\":\"start\",\"class\":\"nobody\",\"outcome\":0}",
        "{\"v\":1,\"at\":0,\"kind\":\"start\",\"class\":\"self\",\"outcome\":3}",
        "{\"v\":1,\"at\":0.5,\"kind\":\"start\",\"class\":\"self\",\"outcome\":0}",
        "{\"v\":1,\"at\":\"0\",\"kind\":\"start\",\"class\":\"self\",\"outcome\":0}",
        "{\"v\":1,\"kind\":\"start\",\"at\":0,\"class\":\"self\",\"outcome\":0}",
        "{\"v\":1,\"at\":0,\"kind\":\"start\",\"class\":\"self\",\"outcome\":0,\"more\":\"x\"}",
        "{\"v\":1,\"at\":0,\"kind\":\"start\",\"class\":\"self\",\"outcome\":0,\"why\":\"\"}",
        "{\"v\":1,\"at\":0,\"kind\":\"start\",\"class\":\"self\",\"outcome\":0,\"why\":1}",
        "{\"v\":1,\"at\":0,\"kind\":\"start\",\"class\":\"self\",\"outcome\":0,\"count\":0}",
        "{\"v\":1,\"at\":0,\"kind\":\"start\",\"class\":\"self\",\"outcome\":0,\"why\":\"a\","
        "\"why\":\"a\"}",
        "{\"v\":1,\"at\":0,\"kind\":\"start\",\"class\":\"self\",\"outcome\":0,\"what\":\"a\","
        "\"why\":\"a\"}",
    };
    struct arena a;
    struct audit_event event;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(parse(lines[i], &a, &event), ERR_CORRUPT);
    }
    arena_done(&a);
}

/* What a request brings need not be text: the line is, all the same. */
static void bytes_that_are_no_text_become_text(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {{"a\xFFz", "a\xEF\xBF\xBDz"},
                {"\xC3", "\xEF\xBF\xBD"},
                {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
                {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
                {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
                {"\xF0\x9F\x99\x82", "\xF0\x9F\x99\x82"},
                {"\n\t\x7F", "\n\t\x7F"}};
    struct arena a;
    struct buf out;
    struct err e = {0};
    arena_init(&a, 1 << 20);
    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct audit_event event = {.why = text_of(rows[i].in)}, back;
        buf_clear(&out);
        assert_int_equal(event_print(&event, &out, &e), 0);
        assert_int_equal(event_parse(buf_text(&out), &a, &back, &e), 0);
        assert_true(text_eq(back.why, text_of(rows[i].out)));
    }
    arena_done(&a);
    buf_done(&out);
}

/* An AuditEvent has all that R4 requires, and a query or a name, never both (sev-1). */
static void audit_events_are_complete(void **state)
{
    (void)state;
    struct arena a;
    struct buf out;
    struct audit_event event;
    struct err e = {0};
    arena_init(&a, 1 << 20);
    buf_init(&out, 1 << 16);
    assert_int_equal(parse(whole, &a, &event), 0);
    for (unsigned kind = 0; kind < EVENT_COUNT; kind++) {
        yyjson_val *root = NULL;
        event.kind = (enum event_kind)kind;
        buf_clear(&out);
        assert_int_equal(event_print_fhir(&event, T("e1"), 5, 2, &out, &e), 0);
        assert_int_equal(json_read(buf_text(&out), 20, &a, &root, &e), 0);
        static const char *const required[] = {"type", "recorded", "agent", "source", "entity"};
        for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
            assert_non_null(json_get(root, text_of(required[i])));
        }
        yyjson_val *list = json_get(root, T("entity")), *item = list + 1;
        for (size_t left = json_len(list); left; left--, item = json_after(item)) {
            assert_false(json_get(item, T("name")) && json_get(item, T("query")));
        }
        if (getenv("KITH_PRINT")) {
            printf("%.*s\n", TEXT_ARG(buf_text(&out)));
        }
    }
    arena_done(&a);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_go_there_and_back),
        cmocka_unit_test(other_lines_are_refused),
        cmocka_unit_test(bytes_that_are_no_text_become_text),
        cmocka_unit_test(audit_events_are_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Shared links: what is kept of them, by another clock (rest/links.h), and the form of a shared
 * file (rest/links_jwe.h). */
#include "base/clock.h"
#include "identity/secret.h"
#include "rest/links_int.h"
#include "rest/links_jwe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

/* Header, nonce, ciphertext and tag of the shape that the specification's example has. */
#define HEAD "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0" /* {"alg":"dir","enc":"A256GCM"} */
#define TAIL "..AAAAAAAAAAAAAAAA.c2VjcmV0.AAAAAAAAAAAAAAAAAAAAAA"
#define JWE HEAD TAIL

static struct arena arena;
static char folder[64];
static struct links *links;
static int64_t now;

static int begin(void **state)
{
    struct err e = {0};
    (void)state;
    arena_init(&arena, 1 << 24);
    (void)snprintf(folder, sizeof folder, "/tmp/kith-links-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(links_open(folder, &links, &e), 0);
    now = clock_real_ms(); /* the sweeper goes by this clock, too */
    return 0;
}

static int end(void **state)
{
    static const char *const names[] = {"links.db", "links.db-lock", "links.db-wal",
                                        "links.db-shm"};
    (void)state;
    links_close(links);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
    arena_done(&arena);
    return 0;
}

static struct limits limits(void)
{
    struct limits l = limits_default();
    l.links = 3;
    l.link_bytes = 1000;
    return l;
}

/* A link of one file; its token. */
static text add(const char *patient, const char *id, bool passcode)
{
    struct err e = {0};
    struct limits l = limits();
    text type = T("application/fhir+json");
    text file = T(JWE);
    text token = secret_token(&arena);
    struct link link = {.patient = text_of(patient),
                        .id = text_of(id),
                        .hash = secret_hash(token, &arena),
                        .label = T("For my dentist"),
                        .words = T("Your allergies"),
                        .made_ms = now,
                        .until_ms = now + HOUR,
                        .bytes = (int64_t)file.n,
                        .types = &type,
                        .type_count = 1};
    if (passcode) {
        assert_int_equal(passcode_hash(T("1234"), T("127.0.0.1"), &arena, &link.passcode, &e), 0);
        link.tries = LINK_TRIES;
    }
    assert_int_equal(links_add(links, &l, &link, &file, &e), 0);
    return token;
}

static int find(text token, int64_t at, struct link *ret)
{
    struct err e = {0};
    return links_find(links, token, at, &arena, ret, &e);
}

static size_t count_of(const char *patient, struct link **ret)
{
    struct err e = {0};
    size_t count = 0;
    assert_int_equal(links_of(links, text_of(patient), &arena, ret, &count, &e), 0);
    return count;
}

static void test_comes_back(void **state)
{
    struct link link = {0};
    struct err e = {0};
    text file = {0};
    text token = add("p", "a", false);
    (void)state;
    assert_int_equal(find(token, now, &link), 0);
    assert_true(text_eq(link.patient, T("p")) && text_eq(link.id, T("a")));
    assert_true(text_eq(link.label, T("For my dentist")));
    assert_int_equal(link.type_count, 1);
    assert_int_equal(links_file(links, &link, 0, &arena, &file, &e), 0);
    assert_true(text_eq(file, T(JWE)));
    assert_int_equal(links_file(links, &link, 1, &arena, &file, &e), ERR_NOT_FOUND);
    assert_int_equal(find(T("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), now, &link),
                     ERR_NOT_FOUND);
    assert_int_equal(find(link.hash, now, &link), ERR_NOT_FOUND); /* what is kept opens nothing */
    assert_int_equal(find(T(""), now, &link), ERR_NOT_FOUND);
}

static void test_runs_out(void **state)
{
    struct link link = {0};
    struct link *all = NULL;
    struct err e = {0};
    text file = {0};
    text token = add("p", "a", false);
    (void)state;
    assert_int_equal(find(token, now + HOUR - 1, &link), 0);
    assert_int_equal(links_sweep(links, now + HOUR - 1, &e), 0);
    assert_int_equal(links_file(links, &link, 0, &arena, &file, &e), 0);
    assert_int_equal(find(token, now + HOUR, &link), ERR_NOT_FOUND);
    assert_int_equal(links_opened(links, &link, T("x"), false, now + HOUR, &e), ERR_NOT_FOUND);
    assert_int_equal(links_sweep(links, now + HOUR, &e), 0);
    assert_int_equal(links_file(links, &link, 0, &arena, &file, &e), ERR_NOT_FOUND);
    assert_int_equal(find(token, now, &link), ERR_NOT_FOUND); /* a clock that goes back */
    assert_int_equal(links_sweep(links, now + HOUR + LINK_DAYS * DAY, &e), 0);
    assert_int_equal(count_of("p", &all), 1); /* the person still sees what there was */
    assert_int_equal(links_sweep(links, now + HOUR + LINK_DAYS * DAY + 1, &e), 0);
    assert_int_equal(count_of("p", &all), 0);
}

static void test_ends(void **state)
{
    struct link link = {0};
    struct link *all = NULL;
    struct err e = {0};
    text token = add("p", "a", false);
    text file = {0};
    (void)state;
    assert_int_equal(find(token, now, &link), 0);
    assert_int_equal(links_end(links, T("q"), T("a"), now, &e), ERR_NOT_FOUND);
    assert_int_equal(links_end(links, T("p"), T("b"), now, &e), ERR_NOT_FOUND);
    assert_int_equal(links_end(links, T("p"), T("a"), now + 5, &e), 0);
    assert_int_equal(links_end(links, T("p"), T("a"), now + 6, &e), ERR_NOT_FOUND);
    assert_int_equal(links_file(links, &link, 0, &arena, &file, &e), ERR_NOT_FOUND);
    assert_int_equal(links_opened(links, &link, T("x"), false, now + 6, &e), ERR_NOT_FOUND);
    assert_int_equal(find(token, now + 6, &link), ERR_NOT_FOUND);
    assert_int_equal(count_of("p", &all), 1);
    assert_int_equal(all[0].ended_ms, now + 5);
    assert_false(link_is_open(&all[0], now + 6));
}

static void test_counts(void **state)
{
    struct link link = {0};
    struct err e = {0};
    text token = add("p", "a", false);
    (void)state;
    assert_int_equal(find(token, now, &link), 0);
    for (int i = 0; i < LINK_OPENINGS; i++) {
        assert_int_equal(links_opened(links, &link, T("Dr Who"), false, now + i, &e), 0);
    }
    assert_int_equal(links_opened(links, &link, T("Dr Who"), false, now, &e), ERR_NOT_FOUND);
    assert_int_equal(find(token, now, &link), ERR_NOT_FOUND);
    struct link *all = NULL;
    assert_int_equal(count_of("p", &all), 1);
    assert_int_equal(all[0].opened, LINK_OPENINGS);
    assert_int_equal(all[0].last_ms, now + LINK_OPENINGS - 1);
    assert_true(text_eq(all[0].last_by, T("Dr Who")));
}

static void test_tries(void **state)
{
    struct link link = {0};
    struct err e = {0};
    int64_t left = 0;
    text token = add("p", "a", true);
    (void)state;
    assert_int_equal(find(token, now, &link), 0);
    assert_int_equal(password_verify(link.passcode, T("1234"), T("127.0.0.1"), &e), 0);
    assert_int_equal(password_verify(link.passcode, T("1235"), T("127.0.0.1"), &e), ERR_FORBIDDEN);
    /* A right one gives its try back, any number of times. */
    for (int i = 0; i < 2 * LINK_TRIES; i++) {
        assert_int_equal(links_try(links, &link, now, &left, &e), 0);
        assert_int_equal(left, LINK_TRIES - 1);
        assert_int_equal(links_opened(links, &link, T("x"), true, now, &e), 0);
    }
    for (int i = 0; i < LINK_TRIES; i++) {
        assert_int_equal(links_try(links, &link, now, &left, &e), 0);
        assert_int_equal(left, LINK_TRIES - 1 - i);
    }
    assert_int_equal(links_try(links, &link, now, &left, &e), ERR_NOT_FOUND);
    assert_int_equal(find(token, now, &link), ERR_NOT_FOUND);
}

static void test_passcodes(void **state)
{
    static const struct {
        const char *passcode;
        int rc;
    } rows[] = {{"123", ERR_VALUE},
                {"1234", 0},
                {"d\xC3\xA9j\xC3\xA0", 0},
                {"\xFF\xFF\xFF\xFF", ERR_VALUE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        text hash = {0};
        assert_int_equal(passcode_hash(text_of(rows[i].passcode), T("::1"), &arena, &hash, &e),
                         rows[i].rc);
    }
}

static void test_room(void **state)
{
    struct err e = {0};
    struct limits l = limits();
    text type = T("application/fhir+json");
    text file = T(JWE);
    struct link link = {.patient = T("p"),
                        .id = T("d"),
                        .hash = T("h"),
                        .label = T("x"),
                        .made_ms = now,
                        .until_ms = now + HOUR,
                        .bytes = (int64_t)file.n,
                        .types = &type,
                        .type_count = 1};
    (void)state;
    (void)add("p", "a", false);
    (void)add("p", "b", false);
    (void)add("pq", "a", false); /* another person, whose id begins alike */
    (void)add("p", "c", false);
    assert_int_equal(links_add(links, &l, &link, &file, &e), ERR_TOO_MANY);
    assert_int_equal(links_end(links, T("p"), T("b"), now, &e), 0);
    link.bytes = 5 * 1000;
    assert_int_equal(links_add(links, &l, &link, &file, &e), ERR_TOO_MANY);
    link.bytes = (int64_t)file.n;
    assert_int_equal(links_add(links, &l, &link, &file, &e), 0);
}

/* What was ended after a backup is not open again. */
static void test_restore_ends_all(void **state)
{
    struct err e = {0};
    struct link link = {0};
    struct link *all = NULL;
    char path[128];
    text token = add("p", "a", false);
    (void)state;
    links_close(links);
    (void)snprintf(path, sizeof path, "%s/links.db", folder);
    assert_int_equal(links_end_all(path, now + 1, &e), 0);
    assert_int_equal(links_open(folder, &links, &e), 0);
    assert_int_equal(find(token, now, &link), ERR_NOT_FOUND);
    assert_int_equal(count_of("p", &all), 1);
    assert_int_equal(all[0].ended_ms, now + 1);
}

static void test_gate(void **state)
{
    static struct gate g;
    (void)state;
    gate_init(&g);
    for (int i = 0; i < 10; i++) {
        assert_true(gate_take(&g, T("a"), 10, 1000));
    }
    assert_false(gate_take(&g, T("a"), 10, 1000));
    assert_true(gate_take(&g, T("b"), 10, 1000));
    assert_false(gate_take(&g, T("a"), 10, 1000 + 5999)); /* one in six seconds */
    assert_true(gate_take(&g, T("a"), 10, 1000 + 6000));
    assert_false(gate_take(&g, T("a"), 10, 1000 + 6000));
    assert_false(gate_take(&g, T("a"), 10, 0)); /* a clock that goes back gives nothing */
    for (int i = 0; i < 10; i++) {
        assert_true(gate_take(&g, T("a"), 10, INT64_C(10) * 60 * 1000));
    }
    assert_false(gate_take(&g, T("a"), 10, INT64_C(10) * 60 * 1000));
    gate_done(&g);
}

static void test_jwe(void **state)
{
    static const struct {
        const char *jwe;
        int rc;
    } rows[] = {
        {JWE, 0},
        /* {"alg":"dir","enc":"A256GCM","zip":"DEF","cty":"application/fhir+json"} */
        {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiemlwIjoiREVGIiwiY3R5IjoiYXBwbGljYXRpb24vZmhpcitq"
         "c29uIn0" TAIL,
         0},
        {"", ERR_INVALID},
        {"....", ERR_INVALID},
        {HEAD ".AAAA.AAAAAAAAAAAAAAAA.c2VjcmV0.AAAAAAAAAAAAAAAAAAAAAA", ERR_INVALID}, /* a key */
        {HEAD "..AAAAAAAAAAAAAAA.c2VjcmV0.AAAAAAAAAAAAAAAAAAAAAA", ERR_INVALID},      /* nonce */
        {HEAD "..AAAAAAAAAAAAAAAA.c2VjcmV0.AAAAAAAAAAAAAAAAAAAAA", ERR_INVALID},      /* tag */
        {HEAD "..AAAAAAAAAAAAAAAA..AAAAAAAAAAAAAAAAAAAAAA", ERR_INVALID},             /* nothing */
        {HEAD "..AAAAAAAAAAAAAAAA.c2Vj+mV0.AAAAAAAAAAAAAAAAAAAAAA", ERR_INVALID},
        {HEAD "..AAAAAAAAAAAAAAAA.c2VjcmV0=.AAAAAAAAAAAAAAAAAAAAAA", ERR_INVALID},
        {HEAD "..AAAAAAAAAAAAAAAA.AAAAA.AAAAAAAAAAAAAAAAAAAAAA", ERR_INVALID},
        {HEAD "..AAAAAAAAAAAAAAAA.c2VjcmV0.AAAAAAAAAAAAAAAAAAAAAA.", ERR_INVALID},
        {"bm8ganNvbg" TAIL, ERR_INVALID},                                           /* no json */
        {"W10" TAIL, ERR_INVALID},                                                  /* [] */
        {"eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ" TAIL, ERR_INVALID},       /* RSA-OAEP */
        {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0" TAIL, ERR_INVALID},              /* A128GCM */
        {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiemlwIjoiWCJ9" TAIL, ERR_INVALID}, /* zip X */
        /* {"alg":"dir","enc":"A256GCM","k":"secret"}: nobody sends the key by mistake */
        {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiayI6InNlY3JldCJ9" TAIL, ERR_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        int rc = jwe_check(text_of(rows[i].jwe), &arena, &e);
        if (rc != rows[i].rc) {
            fail_msg("row %zu: %d (%s)", i, rc, err_text(&e));
        }
        assert_true(rc == 0 || e.detail[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_comes_back, begin, end),
        cmocka_unit_test_setup_teardown(test_runs_out, begin, end),
        cmocka_unit_test_setup_teardown(test_ends, begin, end),
        cmocka_unit_test_setup_teardown(test_counts, begin, end),
        cmocka_unit_test_setup_teardown(test_tries, begin, end),
        cmocka_unit_test_setup_teardown(test_passcodes, begin, end),
        cmocka_unit_test_setup_teardown(test_room, begin, end),
        cmocka_unit_test_setup_teardown(test_restore_ends_all, begin, end),
        cmocka_unit_test_setup_teardown(test_gate, begin, end),
        cmocka_unit_test_setup_teardown(test_jwe, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A sender that skips, repeats, lies, or sends what is no row (docs/locality.md, K1). */
#include "feed_kit.h"

#include <openssl/sha.h>

/* --- a sender that is wrong ---------------------------------------------------------------------
 */

/* Lines by hand. */
static text line_of(struct arena *a, size_t person, uint64_t number, text before_line, text what)
{
    struct err e = {0};
    uint8_t before[32] = {0};
    text line;
    struct feed_row row = row_about(node(0)->feed, person, what);
    row.number = number;
    row.made_ms = 1;
    if (before_line.n) {
        (void)SHA256((const unsigned char *)before_line.p, before_line.n, before);
    }
    assert_int_equal(feed_line_print(&row, before, a, &line, &e), 0);
    return line;
}

static int post(size_t from, text body, struct arena *a, text *ret_answer)
{
    struct err e = {0};
    struct sim_request r = {.tls = sim_tls(seen.s, from),
                            .method = T("POST"),
                            .path = T("/locality/feed"),
                            .body = body};
    int rc = sim_ask(seen.s, 1, &r, a, &e);
    *ret_answer = r.answer;
    return rc ? rc : r.status;
}

static bool has(text t, const char *words)
{
    return memmem(t.p, t.n, words, strlen(words)) != NULL;
}

static void wrong_senders(void **state)
{
    (void)state;
    struct arena a;
    text said;
    arena_init(&a, 256 << 20);
    begin(5);
    text one = line_of(&a, 0, 1, T(""), T("Observation/1"));
    text two = line_of(&a, 0, 2, one, T("Observation/2"));
    text three = line_of(&a, 0, 3, two, T("Observation/3"));
    text other = line_of(&a, 0, 1, T(""), T("Observation/other"));
    text strays = line_of(&a, 0, 2, other, T("Observation/strays"));
    assert_int_equal(post(0, one, &a, &said), 200);
    assert_true(has(said, "\"taken\":1,\"last\""));
    /* It skips. */
    assert_int_equal(post(0, three, &a, &said), 200);
    assert_true(has(said, "\"taken\":1,") && has(said, "rows are missing"));
    assert_true(alarmed(1, "feed-refused X00: rows are missing"));
    /* It gives a number twice, or goes on from something else. */
    assert_int_equal(post(0, other, &a, &said), 200);
    assert_true(has(said, "come twice") && alarmed(1, "come twice"));
    assert_int_equal(post(0, strays, &a, &said), 200);
    assert_true(has(said, "does not follow") && alarmed(1, "does not follow"));
    assert_false(was_seen(1, 0, 0, T("Observation/other")));
    assert_false(was_seen(1, 0, 0, T("Observation/strays")));
    /* Others are not held up by that; the same again changes nothing. */
    text fine = line_of(&a, 1, 1, T(""), T("Observation/fine"));
    const text mixed[] = {three, T("\n"), fine, T("\n"), two, T("\n"), three};
    assert_int_equal(post(0, arena_join(&a, mixed, 7), &a, &said), 200);
    assert_true(was_seen(1, 0, 1, T("Observation/fine")));
    assert_true(was_seen(1, 0, 0, T("Observation/3")));
    assert_int_equal(post(0, arena_join(&a, mixed, 7), &a, &said), 200);
    assert_int_equal(seen.again, 0);
    /* A member cannot speak for another: each has streams of their own. */
    assert_int_equal(post(2, one, &a, &said), 200);
    assert_true(was_seen(1, 2, 0, T("Observation/1")));
    end();
    arena_done(&a);
}

static text replaced(struct arena *a, text t, const char *from, const char *to)
{
    const char *at = memmem(t.p, t.n, from, strlen(from));
    assert_non_null(at);
    const text parts[] = {text_make(t.p, (size_t)(at - t.p)), text_of(to),
                          text_make(at + strlen(from), t.n - (size_t)(at - t.p) - strlen(from))};
    return arena_join(a, parts, 3);
}

static void wrong_rows(void **state)
{
    (void)state;
    struct arena a;
    text said;
    arena_init(&a, 256 << 20);
    begin(6);
    text one = line_of(&a, 0, 1, T(""), T("Observation/1"));
    /* Another person's key. */
    assert_int_equal(post(0, replaced(&a, one, "9434765919", "9000000009"), &a, &said), 200);
    assert_true(has(said, "another person's key") && alarmed(1, "another person's key"));
    /* A kind of a later version: held up, not lost. */
    assert_int_equal(post(0, replaced(&a, one, "\"entry\"", "\"later\""), &a, &said), 200);
    assert_true(has(said, "'later'") && alarmed(1, "'later'"));
    static const char *const broken[][2] = {
        {"\"number\":1", "\"number\":0"},
        {"\"number\":1", "\"number\":-1"},
        {"\"number\":1", "\"number\":18446744073709551615"},
        {"\"number\":1", "\"number\":\"1\""},
        {"\"made\":1", "\"made\":null"},
        {"\"before\":\"A", "\"before\":\"A\",\"x\":\""},
        {"\"nhs\":\"9434765919\"", "\"nhs\":7"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_int_equal(post(0, replaced(&a, one, broken[i][0], broken[i][1]), &a, &said), 200);
        assert_true(has(said, "\"why\""));
        assert_true(has(said, "\"taken\":0"));
    }
    assert_int_equal(post(0, T("{\"kind\":"), &a, &said), 400);
    assert_int_equal(post(0, T("[1]"), &a, &said), 400);
    /* Too large: one byte more than may be. */
    char *large = arena_alloc(&a, FEED_ROW_MAX + 1);
    assert_non_null(large);
    memset(large, ' ', FEED_ROW_MAX + 1);
    memcpy(large, one.p, one.n);
    assert_int_equal(post(0, text_make(large, FEED_ROW_MAX + 1), &a, &said), 413);
    assert_true(alarmed(1, "more than"));
    assert_false(was_seen(1, 0, 0, T("Observation/1")));
    assert_int_equal(post(0, one, &a, &said), 200);
    assert_true(was_seen(1, 0, 0, T("Observation/1")));
    end();
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_senders),
        cmocka_unit_test(wrong_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A joined record with a forged manifest, or with something else than was signed, is found.
 * docs/locality.md, J4. */
#include "locality/joined_int.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>

#define NOW INT64_C(1795341600000)

struct place {
    struct arena a;
    struct note_signer *signer[2];
    struct member member[2];
    struct directory d;
};

static int setup(void **state)
{
    static struct place p;
    static const char *const names[2] = {"kith.care/member/A81001", "kith.care/member/RXX"};
    static const char *const codes[2] = {"A81001", "RXX"};
    memset(&p, 0, sizeof p);
    arena_init(&p.a, 64 << 20);
    for (size_t i = 0; i < 2; i++) {
        struct buf key;
        struct err e = {0};
        buf_init(&key, 4096);
        assert_int_equal(note_signer_make(text_of(names[i]), &key, &e), 0);
        assert_int_equal(note_signer_read(buf_text(&key), &p.signer[i], &e), 0);
        buf_done(&key);
        p.member[i] = (struct member){.ods = text_of(codes[i]), .name = text_of(codes[i])};
        p.member[i].key = *note_signer_key(p.signer[i]);
    }
    p.d = (struct directory){.name = T("Riverside"), .members = p.member, .member_count = 2};
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    note_signer_free(p->signer[0]);
    note_signer_free(p->signer[1]);
    arena_done(&p->a);
    return 0;
}

/* Two places; the second one answers or does not. */
static text printed(struct place *p, enum ask_outcome outcome, size_t most, size_t signer)
{
    static const char json[] =
        "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{"
        "\"resource\":{\"resourceType\":\"Basic\",\"id\":\"%s\"},\"search\":{"
        "\"mode\":\"match\"}}]}";
    static const char *const bases[] = {"https://a/fhir", "https://x/fhir"};
    struct joined_part parts[2];
    struct joined_entry *entries;
    struct buf out;
    struct err e = {0};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        parts[i] = (struct joined_part){.ods = p->member[i].ods,
                                        .name = p->member[i].name,
                                        .base = text_of(bases[i]),
                                        .outcome = i ? outcome : ASK_ANSWERED,
                                        .is_own = i == 0,
                                        .until_ms = NOW + 100000};
        parts[i].bundles = arena_zalloc(&p->a, 1, sizeof *parts[i].bundles);
        parts[i].bundle_count = parts[i].outcome == ASK_ANSWERED;
        text one = arena_printf(&p->a, json, i ? "b" : "a");
        assert_int_equal(json_read(one, 64, &p->a, &parts[i].bundles[0], &e), 0);
    }
    assert_int_equal(joined_merge(parts, 2, NULL, 0, &p->a, &entries, &n, &e), 0);
    struct joined_print print = {.parts = parts,
                                 .part_count = 2,
                                 .entries = entries,
                                 .entry_count = n,
                                 .most = most,
                                 .self_link = T("https://a/fhir/Patient/1/$joined"),
                                 .next_link = most < n ? T("https://a/fhir?_page=x") : T(""),
                                 .self = T("A81001"),
                                 .patient = T("1"),
                                 .signer = p->signer[signer],
                                 .now_ms = NOW};
    buf_init(&out, 1 << 20);
    assert_int_equal(joined_print(&print, &p->a, &out, &e), 0);
    text made = arena_copy(&p->a, buf_text(&out));
    buf_done(&out);
    return made;
}

static int verify_at(struct place *p, text json, int64_t now, struct joined_verdict *ret)
{
    yyjson_val *root;
    struct err e = {0};
    assert_int_equal(json_read(json, 64, &p->a, &root, &e), 0);
    int rc = joined_verify(root, &p->d, now, &p->a, ret, &e);
    assert_true(rc == 0 || (rc == ERR_FORBIDDEN && e.detail[0]));
    return rc;
}

static int verify(struct place *p, text json, struct joined_verdict *ret)
{
    return verify_at(p, json, NOW + 1000, ret);
}

static void what_was_signed_holds(void **state)
{
    struct place *p = *state;
    struct joined_verdict v;
    assert_int_equal(verify(p, printed(p, ASK_ANSWERED, 100, 0), &v), 0);
    assert_ptr_equal(v.issuer, &p->member[0]);
    assert_true(v.whole && v.made_ms == NOW && v.ends_ms == NOW + 100000);
    assert_true(text_eq(v.patient, T("Patient/1")));
    assert_int_equal(verify(p, printed(p, ASK_TIMED_OUT, 100, 0), &v), 0);
    assert_false(v.whole);
    assert_int_equal(verify(p, printed(p, ASK_ANSWERED, 1, 0), &v), 0); /* a page of it */
    assert_true(v.whole);
}

static text with(struct place *p, text json, const char *from, const char *to)
{
    const char *at = memmem(json.p, json.n, from, strlen(from));
    if (!at) {
        fail_msg("%s is not there", from);
    }
    size_t before = (size_t)(at - json.p);
    const text parts[] = {text_first(json, before), text_of(to),
                          text_from(json, before + strlen(from))};
    return arena_join(&p->a, parts, 3);
}

static void a_forged_manifest_is_found(void **state)
{
    struct place *p = *state;
    static const struct {
        enum ask_outcome outcome;
        const char *from, *to;
    } rows[] = {
        /* A part as the whole. */
        {ASK_TIMED_OUT, "\"valueCode\":\"timed-out\"", "\"valueCode\":\"answered\""},
        {ASK_TIMED_OUT, "\"type\":\"searchset\"", "\"type\":\"searchset\",\"total\":1"},
        {ASK_ANSWERED, "\"total\":2", "\"total\":1"},
        {ASK_ANSWERED, "\"total\":2", "\"x\":2"},
        /* Another place, another number. */
        {ASK_ANSWERED, "\"valueString\":\"RXX\"", "\"valueString\":\"RYY\""},
        {ASK_ANSWERED, "\"valueUnsignedInt\":1", "\"valueUnsignedInt\":0"},
        {ASK_ANSWERED, "joined-place\"", "elsewhere\""},
        /* Something was withheld, and that is not told any more; or the other way round. */
        {ASK_ANSWERED, "{\"url\":\"own\"",
         "{\"url\":\"withheld\",\"valueBoolean\":true},{\"url\":\"own\""},
        /* An entry more, or one less. */
        {ASK_ANSWERED, "\"entry\":[", "\"entry\":[{},"},
        {ASK_TIMED_OUT, "]},\"search\":{\"mode\":\"outcome\"}}",
         "]},\"search\":{\"mode\":\"outcome\"}},{\"resource\":{\"resourceType\":\"Basic\"}}"},
        {ASK_TIMED_OUT, ",{\"fullUrl\"", "],\"x\":[{\"fullUrl\""},
        /* Somebody else's. */
        {ASK_ANSWERED, "\"value\":\"A81001\"", "\"value\":\"RXX\""},
        {ASK_ANSWERED, "\"signature\"", "\"x\""},
        {ASK_ANSWERED, "\"data\":\"", "\"data\":\"AAAA"},
        {ASK_ANSWERED, "\"data\":\"", "\"data\":5,\"x\":\""},
    };
    struct joined_verdict v;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *from = rows[i].from, *to = rows[i].to;
        text json = with(p, printed(p, rows[i].outcome, 100, 0), from, to);
        if (verify(p, json, &v) != ERR_FORBIDDEN) {
            fail_msg("%s became %s, and holds", from, to);
        }
    }
}

static void it_is_a_members_own(void **state)
{
    struct place *p = *state;
    struct joined_verdict v;
    text good = printed(p, ASK_ANSWERED, 100, 0);
    /* By another member's key in its name. */
    assert_int_equal(verify(p, printed(p, ASK_ANSWERED, 100, 1), &v), ERR_FORBIDDEN);
    /* Of before its time; what has ended holds, and says so. */
    assert_int_equal(verify_at(p, good, NOW - 30001, &v), ERR_FORBIDDEN);
    assert_int_equal(verify_at(p, good, NOW + 1000000, &v), 0);
    assert_true(v.ends_ms < NOW + 1000000);
    /* Each character of it. */
    const char *at = memmem(good.p, good.n, "\"data\":\"", 8);
    assert_non_null(at);
    size_t begin = (size_t)(at - good.p) + 8, end = good.n - 3;
    char *bytes = arena_alloc(&p->a, good.n);
    for (size_t i = begin; i < end; i += 11) {
        memcpy(bytes, good.p, good.n);
        bytes[i] = bytes[i] == 'A' ? 'B' : 'A';
        assert_int_equal(verify(p, text_make(bytes, good.n), &v), ERR_FORBIDDEN);
    }
    /* Of who was removed. */
    p->d.members++;
    p->d.member_count--;
    assert_int_equal(verify(p, good, &v), ERR_FORBIDDEN);
    assert_int_equal(verify(p, T("{}"), &v), ERR_FORBIDDEN);
    assert_int_equal(verify(p, T("[]"), &v), ERR_FORBIDDEN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_signed_holds),
        TEST(a_forged_manifest_is_found),
        TEST(it_is_a_members_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

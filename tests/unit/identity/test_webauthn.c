/* Passkeys: what is taken, and each thing that can be wrong with what a browser sends. */
#include "passkey_kit.h"

#include "identity/webauthn_cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;
static const struct webauthn_expect expect = {T("Y2hhbGxlbmdlLWNoYWxsZW5nZQ"),
                                              T("https://kith.example"), T("kith.example"), true};

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, 64U * 1024 * 1024);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static int enrol(const struct passkey *p, const struct passkey_says *says,
                 struct webauthn_credential *ret, struct err *e)
{
    text client = passkey_client(p, says);
    return webauthn_register(&expect, client, passkey_object(p, says, client), &arena, ret, e);
}

static void sign_in(const struct passkey *p, const struct passkey_says *says,
                    struct webauthn_assertion *ret)
{
    ret->client_data_json = passkey_client(p, says);
    ret->authenticator_data = passkey_data(p, says, false);
    ret->signature = passkey_sign(p, ret->authenticator_data, ret->client_data_json);
}

static void a_passkey_is_enrolled_and_signs_in(void **state)
{
    (void)state;
    static const enum passkey_alg rows[] = {PASSKEY_ES256, PASSKEY_EDDSA, PASSKEY_RS256};
    static const char *const formats[] = {"none", "packed"};
    for (size_t i = 0; i < 6; i++) {
        struct err e = {0};
        struct passkey p;
        struct passkey other;
        struct webauthn_credential c;
        struct webauthn_assertion given = {.user_handle = T("")};
        struct passkey_says says = passkey_says(true);
        uint64_t count = 99;
        bool regressed = true;
        passkey_make(&p, rows[i / 2], &arena);
        passkey_make(&other, rows[i / 2], &arena);
        says.format = formats[i % 2];
        says.count = 0x01020304;
        says.flags |= 0x18;
        if (enrol(&p, &says, &c, &e)) {
            fail_msg("%zu: %s", i, e.detail);
        }
        assert_true(text_eq(c.id, (text){p.id, 32}));
        assert_true(text_eq(c.key, passkey_cose(&p)));
        assert_int_equal(c.sign_count, 0x01020304);
        assert_true(c.backed_up);
        says = passkey_says(false);
        says.count = 0x01020305;
        sign_in(&p, &says, &given);
        assert_int_equal(webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e), 0);
        assert_int_equal(count, 0x01020305);
        assert_false(regressed);
        sign_in(&other, &says, &given);
        assert_int_equal(webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e),
                         ERR_FORBIDDEN);
        assert_non_null(strstr(e.detail, "signature"));
        passkey_done(&p);
        passkey_done(&other);
    }
}

/* What both ceremonies refuse. */
static void what_a_browser_may_not_say(void **state)
{
    (void)state;
    static const struct {
        struct passkey_says says; /* only what differs from a good one */
        int code;
        const char *why;
    } rows[] = {
        {{.challenge = "Y2hhbGxlbmdlLWNoYWxsZW5nZg"}, ERR_FORBIDDEN, "challenge"},
        {{.challenge = "Y2hhbGxlbmdlLWNoYWxsZW5nZQ=="}, ERR_FORBIDDEN, "challenge"},
        {{.challenge = ""}, ERR_FORBIDDEN, "challenge"},
        {{.origin = "https://kith.example.evil.example"}, ERR_FORBIDDEN, "this node is"},
        {{.origin = "http://kith.example"}, ERR_FORBIDDEN, "this node is"},
        {{.origin = "https://kith.example/"}, ERR_FORBIDDEN, "this node is"},
        {{.origin = "https://kith.example:8443"}, ERR_FORBIDDEN, "this node is"},
        {{.more = ",\"crossOrigin\":true"}, ERR_FORBIDDEN, "crossOrigin"},
        {{.more = ",\"crossOrigin\":\"false\""}, ERR_FORBIDDEN, "crossOrigin"},
        {{.more = ",\"topOrigin\":\"https://evil.example\""}, ERR_FORBIDDEN, "crossOrigin"},
        {{.more = ",\"tokenBinding\":{\"status\":\"present\",\"id\":\"AA\"}"},
         ERR_FORBIDDEN,
         "bound"},
        {{.more = ",\"tokenBinding\":1"}, ERR_FORBIDDEN, "bound"},
        {{.more = ",\"origin\":\"https://kith.example\""}, ERR_SYNTAX, "once"},
        {{.type = "webauthn.other"}, ERR_FORBIDDEN, "type"},
        {{.type = "payment.get"}, ERR_FORBIDDEN, "type"},
        {{.client = "[]"}, ERR_SYNTAX, "object"},
        {{.client = ""}, ERR_SYNTAX, "JSON"},
        {{.client = "{\"type\":"}, ERR_SYNTAX, "JSON"},
        {{.client = "\xef\xbb\xbf{}"}, ERR_SYNTAX, "byte order"},
        {{.rp_id = "example"}, ERR_FORBIDDEN, "rpIdHash"},
        {{.flags = 0x04}, ERR_FORBIDDEN, "UP"},
        {{.flags = 0x01}, ERR_FORBIDDEN, "UV"},
        {{.flags = 0x15}, ERR_FORBIDDEN, "BS without BE"},
        {{.tail = T("x")}, ERR_SYNTAX, "behind"},
        {{.flags = 0x85}, ERR_SYNTAX, "cut off"},
        {{.flags = 0x85, .tail = {"\xf5", 1}}, ERR_SYNTAX, "cut off"},
        {{.flags = 0x85, .tail = {"\xa1\x61x\x01\x00", 5}}, ERR_SYNTAX, "behind"},
    };
    struct passkey p;
    passkey_make(&p, PASSKEY_ES256, &arena);
    struct webauthn_credential c = {.key = passkey_cose(&p)};
    for (size_t i = 0; i < sizeof rows / sizeof *rows * 2; i++) {
        bool creates = i % 2;
        const struct passkey_says *row = &rows[i / 2].says;
        struct passkey_says says = passkey_says(creates);
        struct webauthn_credential got = {.id = T("")};
        struct webauthn_assertion given = {.user_handle = T("")};
        struct err e = {0};
        uint64_t count = 99;
        bool regressed = false;
        says.client = row->client;
        says.type = row->type ? row->type : says.type;
        says.challenge = row->challenge ? row->challenge : says.challenge;
        says.origin = row->origin ? row->origin : says.origin;
        says.more = row->more ? row->more : says.more;
        says.rp_id = row->rp_id ? row->rp_id : says.rp_id;
        says.flags = row->flags ? row->flags | (creates ? 0x40U : 0) : says.flags;
        says.tail = row->tail;
        sign_in(&p, &says, &given);
        int r = creates ? enrol(&p, &says, &got, &e)
                        : webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e);
        if (r != rows[i / 2].code || !strstr(e.detail, rows[i / 2].why) || got.id.n ||
            count != 99) {
            fail_msg("row %zu, creates %d: %d, %s", i / 2, creates, r, e.detail);
        }
    }
    passkey_done(&p);
}

static void ceremonies_are_not_mixed_up(void **state)
{
    (void)state;
    struct err e = {0};
    struct passkey p;
    struct webauthn_credential c;
    struct webauthn_assertion given = {.user_handle = T("")};
    uint64_t count = 0;
    bool regressed = false;
    passkey_make(&p, PASSKEY_ES256, &arena);
    struct passkey_says says = passkey_says(true);
    says.type = "webauthn.get";
    assert_int_equal(enrol(&p, &says, &c, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "type"));
    says = passkey_says(false);
    says.type = "webauthn.create";
    c = (struct webauthn_credential){.key = passkey_cose(&p)};
    sign_in(&p, &says, &given);
    assert_int_equal(webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e),
                     ERR_FORBIDDEN);
    /* No credential in a registration, one in a sign-in. */
    says = passkey_says(true);
    text client = passkey_client(&p, &says);
    says.flags = 0x05;
    text object = passkey_object(&p, &says, client);
    assert_int_equal(webauthn_register(&expect, client, object, &arena, &c, &e), ERR_SYNTAX);
    says = passkey_says(false);
    says.flags = 0x45;
    given.client_data_json = passkey_client(&p, &says);
    given.authenticator_data = passkey_data(&p, &says, true);
    given.signature = passkey_sign(&p, given.authenticator_data, given.client_data_json);
    assert_int_equal(webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e),
                     ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "AT"));
    passkey_done(&p);
}

static void user_verification_is_asked_for_or_not(void **state)
{
    (void)state;
    struct err e = {0};
    struct passkey p;
    struct webauthn_assertion given = {.user_handle = T("")};
    struct webauthn_expect relaxed = expect;
    uint64_t count = 0;
    bool regressed = false;
    relaxed.user_verified = false;
    passkey_make(&p, PASSKEY_EDDSA, &arena);
    struct webauthn_credential c = {.key = passkey_cose(&p)};
    struct passkey_says says = passkey_says(false);
    says.flags = 0x01;
    sign_in(&p, &says, &given);
    assert_int_equal(webauthn_verify(&relaxed, &c, &given, &arena, &count, &regressed, &e), 0);
    assert_int_equal(webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e),
                     ERR_FORBIDDEN);
    relaxed.challenge = T("");
    assert_int_equal(webauthn_verify(&relaxed, &c, &given, &arena, &count, &regressed, &e),
                     ERR_FORBIDDEN);
    passkey_done(&p);
}

static void counters(void **state)
{
    (void)state;
    static const struct {
        uint64_t known;
        uint32_t given;
        uint64_t kept;
        bool regressed;
    } rows[] = {{0, 0, 0, false}, {0, 1, 1, false}, {7, 8, 8, false},
                {7, 7, 7, true},  {7, 6, 7, true},  {7, 0, 7, true}};
    struct passkey p;
    passkey_make(&p, PASSKEY_ES256, &arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        struct webauthn_credential c = {.key = passkey_cose(&p), .sign_count = rows[i].known};
        struct webauthn_assertion given = {.user_handle = T("")};
        struct passkey_says says = passkey_says(false);
        uint64_t count = 99;
        bool regressed = !rows[i].regressed;
        says.count = rows[i].given;
        sign_in(&p, &says, &given);
        assert_int_equal(webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e), 0);
        assert_int_equal(count, rows[i].kept);
        assert_int_equal(regressed, rows[i].regressed);
    }
    passkey_done(&p);
}

static void every_changed_byte_is_seen(void **state)
{
    (void)state;
    struct err e = {0};
    struct passkey p;
    struct webauthn_assertion given = {.user_handle = T("")};
    uint64_t count = 0;
    bool regressed = false;
    passkey_make(&p, PASSKEY_ES256, &arena);
    struct webauthn_credential c = {.key = passkey_cose(&p)};
    struct passkey_says says = passkey_says(false);
    sign_in(&p, &says, &given);
    text *parts[] = {&given.client_data_json, &given.authenticator_data, &given.signature};
    for (size_t i = 0; i < 3; i++) {
        text good = *parts[i];
        for (size_t at = 0; at < good.n; at++) {
            text bad = arena_copy(&arena, good);
            ((char *)(uintptr_t)bad.p)[at] ^= 0x01;
            *parts[i] = bad;
            assert_int_not_equal(
                webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e), 0);
            *parts[i] = text_first(good, at);
            assert_int_not_equal(
                webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e), 0);
        }
        const text longer[] = {good, T("\1")};
        *parts[i] = arena_join(&arena, longer, 2);
        assert_int_not_equal(webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e),
                             0);
        *parts[i] = good;
    }
    assert_int_equal(webauthn_verify(&expect, &c, &given, &arena, &count, &regressed, &e), 0);
    passkey_done(&p);
}

/* --- registration's own ------------------------------------------------------------------------
 */

static void objects_that_are_cut_off(void **state)
{
    (void)state;
    struct err e = {0};
    struct passkey p;
    struct webauthn_credential c;
    passkey_make(&p, PASSKEY_EDDSA, &arena);
    struct passkey_says says = passkey_says(true);
    text client = passkey_client(&p, &says);
    text object = passkey_object(&p, &says, client);
    assert_int_equal(webauthn_register(&expect, client, object, &arena, &c, &e), 0);
    for (size_t n = 0; n < object.n; n++) {
        int r = webauthn_register(&expect, client, text_first(object, n), &arena, &c, &e);
        assert_int_equal(r, ERR_SYNTAX);
    }
    says.object_tail = T("\xf6");
    object = passkey_object(&p, &says, client);
    assert_int_equal(webauthn_register(&expect, client, object, &arena, &c, &e), ERR_SYNTAX);
    passkey_done(&p);
}

static void attestations(void **state)
{
    (void)state;
    struct err e = {0};
    struct passkey p;
    struct passkey other;
    struct webauthn_credential c;
    passkey_make(&p, PASSKEY_ES256, &arena);
    passkey_make(&other, PASSKEY_ES256, &arena);
    struct passkey_says says = passkey_says(true);
    says.format = "fido-u2f";
    assert_int_equal(enrol(&p, &says, &c, &e), ERR_FORBIDDEN);
    says.format = "packed"; /* signed by another key than the one that is enrolled */
    says.cose = passkey_cose(&other);
    assert_int_equal(enrol(&p, &says, &c, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "signature"));
    passkey_done(&other);
    passkey_make(&other, PASSKEY_EDDSA, &arena); /* and of another kind */
    says.cose = passkey_cose(&other);
    assert_int_equal(enrol(&p, &says, &c, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "another algorithm"));
    passkey_done(&p);
    passkey_done(&other);
}

#define X "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM"

static void keys_of_passkeys(void **state)
{
    (void)state;
    static const struct {
        text cose;
        int code;
    } rows[] = {
        /* {1:1, 3:-8, -1:6, -2:32 bytes} */
        {T("\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20" X), 0},
        {T("\xa4\x01\x01\x03\x27\x20\x06\x01\x01"), ERR_SYNTAX}, /* 1 twice: bad CBOR */
        {T("\xa3\x01\x01\x03\x27\x20\x06"), ERR_INVALID},
        {T("\xa4\x01\x02\x03\x27\x20\x06\x21\x58\x20" X), ERR_INVALID},          /* kty EC2 */
        {T("\xa4\x01\x01\x03\x26\x20\x06\x21\x58\x20" X), ERR_INVALID},          /* alg ES256 */
        {T("\xa4\x01\x01\x03\x27\x20\x04\x21\x58\x20" X), ERR_INVALID},          /* X25519 */
        {T("\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x1f" X), ERR_SYNTAX},           /* a byte behind */
        {T("\xa5\x01\x01\x02\x41k\x03\x27\x20\x06\x21\x58\x20" X), ERR_INVALID}, /* kid */
        {T("\xa5\x01\x01\x03\x27\x20\x06\x21\x58\x20" X "\x22\x41y"), ERR_INVALID}, /* with y */
        {T("\xa4\x01\x01\x03\x05\x20\x06\x21\x58\x20" X), ERR_INVALID},             /* HMAC */
        {T("\xa2\x01\x04\x03\x05"), ERR_INVALID},
        {T("\xa0"), ERR_INVALID},
        {T("\x80"), ERR_INVALID},
        {T("\xa4\x01\x18\x01\x03\x27\x20\x06\x21\x58\x20" X), ERR_SYNTAX}, /* not shortest */
        {T("\xbf\x01\x01\x03\x27\x20\x06\x21\x58\x20" X "\xff"), ERR_SYNTAX},
        {T("\xa4\x01\xc0\x01\x03\x27\x20\x06\x21\x58\x20" X), ERR_SYNTAX},     /* a tag */
        {T("\xa4\x01\xf9\x3c\x00\x03\x27\x20\x06\x21\x58\x20" X), ERR_SYNTAX}, /* 1.0 */
        {T("\xa4\x01\x01\x03\x27\x20\x06\x21\x5b\xff\xff\xff\xff\xff\xff\xff\xff"), ERR_SYNTAX},
        {T("\xa4\x01\x81\x81\x81\x81\x81\x01"), ERR_SYNTAX}, /* too deep */
        {T("\xb1\x01\x01"), ERR_SYNTAX},                     /* too many */
    };
    struct passkey p;
    passkey_make(&p, PASSKEY_EDDSA, &arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        struct webauthn_credential c;
        struct passkey_says says = passkey_says(true);
        says.cose = rows[i].cose;
        int r = enrol(&p, &says, &c, &e);
        if (r != rows[i].code) {
            fail_msg("row %zu gave %d, %s", i, r, e.detail);
        }
    }
    passkey_done(&p);
    struct err e = {0};
    struct webauthn_credential c;
    struct passkey_says says = passkey_says(true);
    passkey_make(&p, PASSKEY_ES384, &arena);
    assert_int_equal(enrol(&p, &says, &c, &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "algorithm"));
    passkey_done(&p);
}

/* --- CBOR itself -------------------------------------------------------------------------------
 */

static void cbor(void **state)
{
    (void)state;
    static const struct {
        text bytes;
        bool whole; /* it is one item and nothing behind it */
    } rows[] = {
        {T("\x00"), true},
        {T("\x17"), true},
        {T("\x18\x18"), true},
        {T("\x18\x17"), false},
        {T("\x19\x01\x00"), true},
        {T("\x19\x00\xff"), false},
        {T("\x1a\x00\x01\x00\x00"), true},
        {T("\x1a\x00\x00\xff\xff"), false},
        {T("\x1b\x00\x00\x00\x01\x00\x00\x00\x00"), true},
        {T("\x1b\x00\x00\x00\x00\xff\xff\xff\xff"), false},
        {T("\x1c"), false},
        {T("\x1f"), false},
        {T("\x40"), true},
        {T("\x41"), false},
        {T("\x41x"), true},
        {T("\x61x"), true},
        {T("\x62x"), false},
        {T("\x80"), true},
        {T("\x82\x01"), false},
        {T("\x82\x01\x20"), true},
        {T("\xa1\x01\x02"), true},
        {T("\xa1\x01"), false},
        {T("\xa2\x01\x02\x01\x02"), false},
        {T("\xa2\x61x\x02\x61x\x02"), false},
        {T("\xa2\x61x\x02\x61y\x02"), true},
        {T("\xa1\x41x\x02"), false}, /* a key of bytes */
        {T("\xa1\x80\x02"), false},
        {T("\x81\x81\x81\x81\x00"), true},
        {T("\x81\x81\x81\x81\x81\x00"), false},
        {T("\xf4"), true},
        {T("\xf5"), true},
        {T("\xf6"), true},
        {T("\xf7"), false},
        {T("\xf8\x20"), false},
        {T("\xff"), false},
        {T(""), false},
        {T("\x00\x00"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cbor c = {rows[i].bytes};
        bool whole = cbor_skip(&c) && c.rest.n == 0;
        if (whole != rows[i].whole) {
            fail_msg("row %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_passkey_is_enrolled_and_signs_in, begin, end),
        cmocka_unit_test_setup_teardown(what_a_browser_may_not_say, begin, end),
        cmocka_unit_test_setup_teardown(ceremonies_are_not_mixed_up, begin, end),
        cmocka_unit_test_setup_teardown(user_verification_is_asked_for_or_not, begin, end),
        cmocka_unit_test_setup_teardown(counters, begin, end),
        cmocka_unit_test_setup_teardown(every_changed_byte_is_seen, begin, end),
        cmocka_unit_test_setup_teardown(objects_that_are_cut_off, begin, end),
        cmocka_unit_test_setup_teardown(attestations, begin, end),
        cmocka_unit_test_setup_teardown(keys_of_passkeys, begin, end),
        cmocka_unit_test_setup_teardown(cbor, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

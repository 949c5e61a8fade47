/* Cosignatures: C2SP tlog-cosignature, version 1. */
#include "audit/cosign.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>

/* A checkpoint of a public log, with signatures of the log and of a public witness. */
static const char log_key[] =
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
static const char witness_key[] =
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
static const char note[] =
    "arche2025h1.staging.ct.transparency.dev\n1432088532\n"
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"
    "\xE2\x80\x94 arche2025h1.staging.ct.transparency.dev "
    "ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
    "\xE2\x80\x94 remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+"
    "aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n";

static void a_public_witness_is_verified(void **state)
{
    struct cosign_key key;
    struct note_key log;
    struct checkpoint c;
    struct err e = {0};
    int64_t at = 0;
    size_t count = 0;
    (void)state;
    assert_int_equal(cosign_key_read(text_of(witness_key), &key, &e), 0);
    assert_int_equal(note_key_read(text_of(log_key), &log, &e), 0);
    assert_int_equal(cosign_look(text_of(note), &key, 1, &at, &count, &e), 0);
    assert_int_equal(count, 1);
    assert_int_equal(at, 0x6A122120);
    struct cosign_policy policy = {&key, 1, 1};
    assert_int_equal(cosign_verify(text_of(note), &log, &policy, &c, &count, &e), 0);
    assert_int_equal(c.size, 1432088532);
    policy.count = 0;
    assert_int_equal(cosign_verify(text_of(note), &log, &policy, &c, &count, &e), ERR_FORBIDDEN);
    /* Any bit of what was signed, and of the cosignature. */
    char bad[sizeof note];
    for (size_t bit = 0; bit < (sizeof note - 1) * 8; bit++) {
        memcpy(bad, note, sizeof note);
        bad[bit / 8] = (char)(bad[bit / 8] ^ 1 << bit % 8);
        policy.count = 1;
        int rc = cosign_verify(text_make(bad, sizeof note - 1), &log, &policy, &c, &count, &e);
        assert_int_not_equal(rc, 0);
    }
}

static void what_is_signed_is_verified(void **state)
{
    struct buf secret, line, key_text;
    struct note_signer *s = NULL;
    struct cosign_key key, again;
    struct err e = {0};
    int64_t at = 0;
    text body = T("log.test/a\n7\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n");
    (void)state;
    buf_init(&secret, 4096);
    buf_init(&line, 4096);
    buf_init(&key_text, 4096);
    assert_int_equal(note_signer_make(T("witness.test"), &secret, &e), 0);
    assert_int_equal(note_signer_read(buf_text(&secret), &s, &e), 0);
    assert_int_equal(cosign_key_of(note_signer_key(s), &key, &e), 0);
    cosign_key_print(&key, &key_text);
    assert_int_equal(cosign_key_read(buf_text(&key_text), &again, &e), 0);
    assert_int_equal(memcmp(&key, &again, sizeof key), 0);
    assert_int_not_equal(key.id, note_signer_key(s)->id);
    assert_int_equal(cosign(s, body, 1795340000, &line, &e), 0);
    text got = text_first(buf_text(&line), line.n - 1);
    assert_true(cosign_line_holds(got, body, &key, &at));
    assert_int_equal(at, 1795340000);
    assert_false(cosign_line_holds(got, T("log.test/a\n8\n"), &key, &at));
    assert_false(note_line_holds(got, body, note_signer_key(s)));
    assert_int_not_equal(cosign(s, body, -1, &line, &e), 0);
    buf_done(&secret);
    buf_done(&line);
    buf_done(&key_text);
    note_signer_free(s);
}

static void a_list_counts_each_key_once(void **state)
{
    struct arena a;
    struct cosign_key *keys;
    size_t count;
    struct err e = {0};
    (void)state;
    arena_init(&a, 1 << 20);
    text twice = arena_printf(&a, "# who\n\n%s A name\n%s\n", witness_key, witness_key);
    text two = arena_printf(&a, "%s A name\n%s\n", witness_key, log_key);
    assert_int_equal(cosign_keys_read(twice, &a, &keys, &count, &e), ERR_DUPLICATE);
    assert_int_equal(cosign_keys_read(two, &a, &keys, &count, &e), 0);
    assert_int_equal(count, 2);
    assert_int_equal(cosign_keys_read(T("nonsense"), &a, &keys, &count, &e), ERR_VALUE);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_witness_is_verified),
        cmocka_unit_test(what_is_signed_is_verified),
        cmocka_unit_test(a_list_counts_each_key_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

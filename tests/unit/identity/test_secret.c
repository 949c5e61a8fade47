/* Passwords, one-time codes, recovery codes, sealing. */
#include "identity/jose.h"
#include "identity/secret_int.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct kit {
    struct arena a;
    char dir[64];
};

static int setup(void **state)
{
    struct kit *k = calloc(1, sizeof *k);
    assert_non_null(k);
    arena_init(&k->a, (size_t)64 << 20);
    (void)snprintf(k->dir, sizeof k->dir, "/tmp/kith-secret-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    *state = k;
    return 0;
}

static int teardown(void **state)
{
    struct kit *k = *state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/secret", k->dir);
    (void)unlink(path);
    (void)rmdir(k->dir);
    arena_done(&k->a);
    free(k);
    return 0;
}

static const struct {
    const char *password;
    const char *login;
    int code;
} passwords[] = {
    {"correct-pony-battery", "amina", 0},
    {"twelve chars", "amina", 0},
    {"eleven char", "amina", ERR_VALUE},
    {"", "amina", ERR_VALUE},
    {"password1234", "amina", ERR_VALUE},
    {"PassWord1234", "amina", ERR_VALUE},
    {"qwertyuiop123", "amina", ERR_VALUE},
    {"aaaaaaaaaaaaaaaa", "amina", ERR_VALUE},
    {"abababababababab", "amina", ERR_VALUE},
    {"abcdefghijklmnopq", "amina", ERR_VALUE},
    {"amina.shah.gp", "amina.shah.gp", ERR_VALUE},
    {"Amina.Shah.GP1", "amina.shah.gp", ERR_VALUE},
    {"kithkithkith", "amina", ERR_VALUE},
    {"kith-kith-2026", "amina", ERR_VALUE},
    {"kith and a longer tale", "amina", 0},
    {"\xe2\x84\xab"
     "ngstr\xc3\xb6m-twelve",
     "amina", 0},
};

static void test_password_rules(void **state)
{
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++) {
        struct err e = {0};
        text hash = {0};
        int rc = password_hash(text_of(passwords[i].password), text_of(passwords[i].login),
                               T("10.0.0.1"), &k->a, &hash, &e);
        if (rc != passwords[i].code) {
            fail_msg("%s: %d, %s", passwords[i].password, rc, err_text(&e));
        }
        if (!rc) {
            assert_true(text_starts(hash, T("$argon2id$v=19$m=19456,t=2,p=1$")));
        }
    }
    char longest[129 + 1];
    text hash;
    for (size_t i = 0; i < sizeof longest; i++) {
        longest[i] = (char)('a' + i * 7 % 26);
    }
    assert_int_equal(
        password_hash(text_make(longest, 128), T("x"), T("10.0.0.1"), &k->a, &hash, NULL), 0);
    assert_int_equal(
        password_hash(text_make(longest, 129), T("x"), T("10.0.0.1"), &k->a, &hash, NULL),
        ERR_VALUE);
}

static void test_password_verify(void **state)
{
    struct kit *k = *state;
    text hash;
    struct err e = {0};
    assert_int_equal(
        password_hash(T("correct-pony-\xe2\x84\xab"), T("a"), T("10.0.0.1"), &k->a, &hash, &e), 0);
    assert_int_equal(password_verify(hash, T("correct-pony-\xe2\x84\xab"), T("10.0.0.1"), &e), 0);
    /* The same characters, composed otherwise. */
    assert_int_equal(password_verify(hash, T("correct-pony-A\xcc\x8a"), T("10.0.0.1"), &e), 0);
    assert_int_equal(password_verify(hash, T("correct-pony-B"), T("10.0.0.1"), &e), ERR_FORBIDDEN);
    assert_int_equal(password_verify(hash, T(""), T("10.0.0.1"), &e), ERR_FORBIDDEN);
    assert_int_equal(password_verify(T(""), T(""), T("10.0.0.1"), &e), ERR_FORBIDDEN);
    assert_int_equal(password_verify(T(""), T("correct-pony-B"), T("10.0.0.1"), &e), ERR_FORBIDDEN);
    assert_int_equal(password_verify(T("$argon2id$broken"), T("x"), T("10.0.0.1"), &e),
                     ERR_CORRUPT);
}

/* --- a flood of passwords ---------------------------------------------------------------------
 */

enum { FLOODERS = 80, TURNS = 2, OWNERS = 24 };

struct flooder {
    pthread_t thread;
    unsigned number;
    atomic_bool *stop;
    atomic_uint *tried;
    atomic_uint *sent_away;
};

static void *flood(void *context)
{
    struct flooder *f = context;
    char address[32];
    (void)snprintf(address, sizeof address, "10.1.0.%u", f->number);
    while (!atomic_load(f->stop)) {
        int rc = password_verify(T(""), T("correct-pony-B"), text_of(address), NULL);
        atomic_fetch_add(f->tried, rc == ERR_FORBIDDEN);
        atomic_fetch_add(f->sent_away, rc == ERR_BUSY);
        (void)usleep(rc == ERR_BUSY ? 500 : 0);
    }
    return NULL;
}

/* More addresses than the gate has places for; people at others are served all the same, and do not
 * stand behind the flood. */
static void test_flood(void **state)
{
    static struct flooder flooders[FLOODERS];
    atomic_bool stop = false;
    atomic_uint tried = 0;
    atomic_uint sent_away = 0;
    (void)state;
    for (unsigned i = 0; i < FLOODERS; i++) {
        flooders[i] =
            (struct flooder){.number = i, .stop = &stop, .tried = &tried, .sent_away = &sent_away};
        assert_int_equal(pthread_create(&flooders[i].thread, NULL, flood, &flooders[i]), 0);
    }
    while (atomic_load(&tried) < FLOODERS * TURNS || atomic_load(&sent_away) < FLOODERS) {
        (void)usleep(1000); /* the gate is full, and they had some turns */
    }
    unsigned served = 0;
    unsigned before = atomic_load(&tried);
    for (unsigned i = 0; i < OWNERS; i++) {
        char address[32];
        (void)snprintf(address, sizeof address, "10.2.0.%u", i);
        served +=
            password_verify(T(""), T("correct-pony-B"), text_of(address), NULL) == ERR_FORBIDDEN;
    }
    unsigned ahead = atomic_load(&tried) - before;
    atomic_store(&stop, true);
    for (unsigned i = 0; i < FLOODERS; i++) {
        assert_int_equal(pthread_join(flooders[i].thread, NULL), 0);
    }
    assert_int_equal(served, OWNERS);
    /* Of 32 that wait: those that were inside, and some that came in between. */
    assert_in_range(ahead, 0, OWNERS * 20);
}

/* RFC 6238, appendix B, SHA-1; the last six of its eight digits. */
static const struct {
    int64_t at;
    const char *code;
} codes[] = {
    {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
    {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
};

static void test_totp(void **state)
{
    (void)state;
    text secret = T("12345678901234567890");
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        text code = text_of(codes[i].code);
        for (int64_t drift = -60; drift <= 60; drift += 30) {
            uint64_t step = 0;
            int rc = totp_verify(secret, code, codes[i].at + drift, &step, NULL);
            bool near = drift >= -30 && drift <= 30;
            assert_int_equal(rc, near && codes[i].at + drift >= 30 ? 0 : ERR_FORBIDDEN);
            if (!rc) {
                assert_int_equal(step, codes[i].at / 30);
                /* Once only, and none before it either. */
                assert_int_equal(totp_verify(secret, code, codes[i].at, &step, NULL),
                                 ERR_FORBIDDEN);
            }
        }
    }
    uint64_t step = 0;
    assert_int_equal(totp_verify(secret, T("94287082"), 59, &step, NULL), ERR_FORBIDDEN);
    assert_int_equal(totp_verify(secret, T(""), 59, &step, NULL), ERR_FORBIDDEN);
    assert_int_equal(totp_verify(T(""), T("287082"), 59, &step, NULL), ERR_FORBIDDEN);
}

static void test_totp_make(void **state)
{
    struct kit *k = *state;
    text secret;
    text words;
    text uri;
    assert_int_equal(totp_make(T("Mill Lane"), T("a@b"), &k->a, &secret, &words, &uri, NULL), 0);
    assert_int_equal(secret.n, 20);
    assert_int_equal(words.n, 32);
    assert_true(text_starts(uri, T("otpauth://totp/Mill%20Lane:a%40b?secret=")));
    /* RFC 4648, section 10. */
    assert_true(text_eq(base32_print(T("foobar"), &k->a), T("MZXW6YTBOI")));
    assert_true(text_eq(base32_print(T("fo"), &k->a), T("MZXQ")));
}

static void test_recovery(void **state)
{
    struct kit *k = *state;
    text made[10];
    assert_int_equal(recovery_make(&k->a, made, NULL), 0);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(made[i].n, 14);
        assert_true(text_eq(recovery_normal(made[i], &k->a), made[i]));
        for (size_t j = 0; j < i; j++) {
            assert_false(text_eq(made[i], made[j]));
        }
    }
    assert_true(text_eq(recovery_normal(T(" ABCD efgh-jkmO "), &k->a), T("abcd-efgh-jkm0")));
    assert_true(text_eq(recovery_normal(T("abcdefghjkml"), &k->a), T("abcd-efgh-jkm1")));
    assert_int_equal(recovery_normal(T("abcd-efgh-jkm"), &k->a).n, 0);
    assert_int_equal(recovery_normal(T("abcd-efgh-jkmnp"), &k->a).n, 0);
    assert_int_equal(recovery_normal(T("abcd-efgh-jkm!"), &k->a).n, 0);
}

static void test_hash(void **state)
{
    struct kit *k = *state;
    assert_true(text_eq(secret_hash(T("abc"), &k->a),
                        T("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")));
    text one = secret_token(&k->a);
    text two = secret_token(&k->a);
    assert_int_equal(one.n, 43);
    assert_false(text_eq(one, two));
    assert_true(secret_eq(T("abc"), T("abc")));
    assert_false(secret_eq(T("abc"), T("abd")));
    assert_false(secret_eq(T("abc"), T("ab")));
}

static void test_seal(void **state)
{
    struct kit *k = *state;
    struct seal_key *key = NULL;
    struct err e = {0};
    text sealed;
    text again;
    text opened;
    char path[128];
    struct stat st;
    assert_int_equal(seal_open(k->dir, &key, &e), 0);
    (void)snprintf(path, sizeof path, "%s/secret", k->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(seal_make(key, "totp", T("a secret"), &k->a, &sealed, &e), 0);
    assert_int_equal(seal_make(key, "totp", T("a secret"), &k->a, &again, &e), 0);
    assert_false(text_eq(sealed, again));
    seal_free(key);
    /* Another start has the same key. */
    assert_int_equal(seal_open(k->dir, &key, &e), 0);
    assert_int_equal(seal_read(key, "totp", sealed, &k->a, &opened, &e), 0);
    assert_true(text_eq(opened, T("a secret")));
    assert_int_equal(seal_read(key, "jwk", sealed, &k->a, &opened, &e), ERR_CORRUPT);
    text bytes;
    assert_int_equal(base64url_read(sealed, &k->a, &bytes, &e), 0);
    for (size_t i = 0; i < bytes.n; i++) {
        char *changed = arena_alloc(&k->a, bytes.n);
        memcpy(changed, bytes.p, bytes.n);
        changed[i] ^= 1;
        text flipped = base64url_print(text_make(changed, bytes.n), &k->a);
        assert_int_equal(seal_read(key, "totp", flipped, &k->a, &opened, &e), ERR_CORRUPT);
    }
    assert_int_equal(seal_read(key, "totp", T(""), &k->a, &opened, &e), ERR_CORRUPT);
    assert_int_equal(seal_read(key, "totp", text_first(sealed, 37), &k->a, &opened, &e),
                     ERR_CORRUPT);
    seal_free(key);
    /* Nobody else may read it, and half a key is none. */
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(seal_open(k->dir, &key, &e), ERR_FORBIDDEN);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 16), 0);
    assert_int_equal(seal_open(k->dir, &key, &e), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_password_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_password_verify, setup, teardown),
        cmocka_unit_test(test_flood),
        cmocka_unit_test_setup_teardown(test_totp, setup, teardown),
        cmocka_unit_test_setup_teardown(test_totp_make, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recovery, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_seal, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Trees, proofs, paths, notes, against trees made the slow way RFC 6962 says, and examples of the
 * standards. */
#include "audit/note.h"
#include "audit/record.h"
#include "audit/tlog.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LEAVES = 700 };

struct grove {
    struct sha *sha;
    struct tlog_hash leaves[LEAVES];
    size_t size;
};

/* RFC 6962, 2.1, word for word. */
static struct tlog_hash slow_root(const struct grove *g, size_t lo, size_t hi)
{
    if (hi == lo) {
        return tlog_empty(g->sha);
    }
    if (hi - lo == 1) {
        return g->leaves[lo];
    }
    size_t k = 1;
    while (k * 2 < hi - lo) {
        k *= 2;
    }
    struct tlog_hash left = slow_root(g, lo, lo + k), right = slow_root(g, lo + k, hi);
    return sha_node(g->sha, &left, &right);
}

static int slow_tile(void *context, const struct tlog_place *place, uint8_t *to, struct err *e)
{
    const struct grove *g = context;
    size_t each = (size_t)1 << (8 * place->level);
    for (unsigned i = 0; i < place->width; i++) {
        size_t lo = (place->index * TLOG_TILE + i) * each;
        if (lo + each > g->size) {
            return err_set(e, ERR_NOT_FOUND, "beyond the tree");
        }
        struct tlog_hash h = slow_root(g, lo, lo + each);
        memcpy(to + (size_t)i * TLOG_HASH, h.b, TLOG_HASH);
    }
    return 0;
}

static struct grove *plant(void)
{
    struct grove *g = calloc(1, sizeof *g);
    assert_non_null(g);
    g->sha = sha_new();
    for (size_t i = 0; i < LEAVES; i++) {
        char data[8];
        put64(data, i);
        g->leaves[i] = sha_leaf(g->sha, text_make(data, sizeof data));
    }
    return g;
}

static void proofs_of_every_leaf_hold(void **state)
{
    (void)state;
    struct grove *g = plant();
    struct err e = {0};
    static const size_t sizes[] = {1, 2, 3, 5, 8, 17, 64, 100, 255, 256, 257, 300, 512, 700};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        g->size = sizes[i];
        struct tlog_tree *t = tlog_tree_new(&(struct tlog_source){slow_tile, g}, g->size);
        struct tlog_hash root, expected = slow_root(g, 0, g->size), proof[TLOG_PROOF_MAX];
        size_t count = 99;
        assert_int_equal(tlog_root(t, &root, &e), 0);
        assert_true(tlog_same(&root, &expected));
        for (size_t leaf = 0; leaf < g->size; leaf++) {
            assert_int_equal(tlog_prove_leaf(t, leaf, proof, &count, &e), 0);
            assert_true(
                tlog_check_leaf(g->sha, leaf, g->size, &g->leaves[leaf], proof, count, &root));
            assert_false(tlog_check_leaf(g->sha, leaf, g->size, &g->leaves[(leaf + 1) % LEAVES],
                                         proof, count, &root));
            assert_false(
                tlog_check_leaf(g->sha, leaf + 1, g->size, &g->leaves[leaf], proof, count, &root));
            assert_false(
                tlog_check_leaf(g->sha, leaf, g->size, &g->leaves[leaf], proof, count + 1, &root));
            assert_true(count == 0 || !tlog_check_leaf(g->sha, leaf, g->size, &g->leaves[leaf],
                                                       proof, count - 1, &root));
        }
        assert_int_equal(tlog_prove_leaf(t, g->size, proof, &count, &e), ERR_NOT_FOUND);
        tlog_tree_free(t);
    }
    sha_free(g->sha);
    free(g);
}

static void growth_is_proved(void **state)
{
    (void)state;
    struct grove *g = plant();
    struct err e = {0};
    static const size_t sizes[] = {1, 2, 7, 8, 33, 256, 257, 600};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        g->size = sizes[i];
        struct tlog_tree *t = tlog_tree_new(&(struct tlog_source){slow_tile, g}, g->size);
        struct tlog_hash root = slow_root(g, 0, g->size), proof[TLOG_PROOF_MAX];
        for (size_t old = 1; old <= g->size; old++) {
            struct tlog_hash before = slow_root(g, 0, old);
            size_t count = 0;
            assert_int_equal(tlog_prove_old(t, old, proof, &count, &e), 0);
            assert_true(tlog_check_old(g->sha, old, g->size, &before, &root, proof, count));
            /* Of another size the same hashes prove nothing. */
            assert_false(old < g->size &&
                         tlog_check_old(g->sha, old, g->size + 1, &before, &root, proof, count) &&
                         (g->size & (g->size - 1)) == 0);
            struct tlog_hash other = before;
            other.b[old % 32] ^= 1;
            assert_false(tlog_check_old(g->sha, old, g->size, &other, &root, proof, count));
            assert_false(tlog_check_old(g->sha, old, g->size, &before, &other, proof, count));
            assert_false(tlog_check_old(g->sha, old, g->size, &before, &root, proof, count + 1));
            if (count) {
                proof[old % count].b[3] ^= 4;
                assert_false(tlog_check_old(g->sha, old, g->size, &before, &root, proof, count));
            }
        }
        tlog_tree_free(t);
    }
    sha_free(g->sha);
    free(g);
}

static void paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        struct tlog_place place; /* width 0: no path */
    } rows[] = {
        {"tile/0/000", {.width = 256}},
        {"tile/3/x001/x234/067", {.level = 3, .index = 1234067, .width = 256}},
        {"tile/0/x001/x234/067.p/1", {.index = 1234067, .width = 1}},
        {"tile/entries/001.p/255", {.entries = true, .index = 1, .width = 255}},
        {"tile/7/x018/x446/x744/x073/x709/x551/615",
         {.level = 7, .index = UINT64_MAX, .width = 256}},
        {"tile/7/x018/x446/x744/x073/x709/x551/616", {.width = 0}},
        {"tile/8/000", {.width = 0}},
        {"tile/0/000.p/0", {.width = 0}},
        {"tile/0/000.p/256", {.width = 0}},
        {"tile/0/000.p/01", {.width = 0}},
        {"tile/0/x000/001", {.width = 0}},
        {"tile/0/x001", {.width = 0}},
        {"tile/0/0001", {.width = 0}},
        {"tile/0/00a", {.width = 0}},
        {"tile/0/000/001", {.width = 0}},
        {"tile//000", {.width = 0}},
        {"tile/0/../000", {.width = 0}},
        {"", {.width = 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tlog_place p;
        char again[TLOG_PATH_MAX];
        bool good = tlog_path_read(text_of(rows[i].path), &p);
        assert_int_equal(good, rows[i].place.width != 0);
        if (good) {
            assert_int_equal(p.index, rows[i].place.index);
            assert_int_equal(p.level, rows[i].place.level);
            assert_int_equal(p.width, rows[i].place.width);
            assert_int_equal(p.entries, rows[i].place.entries);
            assert_int_equal(tlog_path(&p, again), strlen(rows[i].path));
            assert_string_equal(again, rows[i].path);
        }
    }
}

/* What is signed is taken back; no bit of it may change. */
static void notes(void **state)
{
    (void)state;
    struct err e = {0};
    struct note_signer *s = NULL;
    struct buf note, key, made;
    struct checkpoint c = {.origin = T("example.com/log"), .size = 3}, back;
    buf_init(&note, NOTE_MAX);
    buf_init(&key, 1024);
    buf_init(&made, 1024);
    assert_int_equal(note_signer_make(T("example.com/log"), &made, &e), 0);
    assert_int_equal(note_signer_read(buf_text(&made), &s, &e), 0);
    note_key_print(note_signer_key(s), &key);
    struct note_key trusted;
    assert_int_equal(note_key_read(buf_text(&key), &trusted, &e), 0);
    struct buf body;
    buf_init(&body, 1024);
    checkpoint_print(&c, &body);
    assert_int_equal(note_sign(s, buf_text(&body), &note, &e), 0);
    assert_int_equal(checkpoint_verify(buf_text(&note), &trusted, &back, &e), 0);
    assert_int_equal(back.size, 3);
    /* Signatures of others before and behind are passed over. */
    char many[4096];
    (void)snprintf(many, sizeof many, "%.*s\xE2\x80\x94 other AAAAAAAA\n",
                   TEXT_ARG(buf_text(&note)));
    assert_int_equal(checkpoint_verify(text_of(many), &trusted, &back, &e), 0);
    for (size_t bit = 0; bit < note.n * 8; bit++) {
        note.p[bit / 8] = (char)(note.p[bit / 8] ^ 1 << bit % 8);
        assert_int_not_equal(checkpoint_verify(buf_text(&note), &trusted, &back, &e), 0);
        note.p[bit / 8] = (char)(note.p[bit / 8] ^ 1 << bit % 8);
    }
    static const char *const bad[] = {"a b", "a+b", "", "\x01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(note_signer_make(text_of(bad[i]), &made, &e), ERR_VALUE);
    }
    buf_done(&note);
    buf_done(&key);
    buf_done(&made);
    buf_done(&body);
    note_signer_free(s);
}

/* Made by another program: Go's sumdb/note documentation has this key and note. */
static void a_note_of_others(void **state)
{
    (void)state;
    struct note_key key;
    struct err e = {0};
    text body;
    static const char vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    static const char note[] =
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "\xE2\x80\x94 PeterNeumann "
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
        "qdngotpRZb6KE6RyyBwJnAM=\n";
    assert_int_equal(note_key_read(text_of(vkey), &key, &e), 0);
    assert_int_equal(note_verify(text_of(note), &key, &body, &e), 0);
    assert_true(text_ends(body, T("your problem is.\n")));
}

static void base64(void **state)
{
    (void)state;
    static const struct {
        const char *t;
        int n; /* -1: none */
    } rows[] = {{"", 0},      {"AA==", 1},  {"AAA=", 2},      {"AAAA", 3},
                {"AB==", -1}, {"AAB=", -1}, {"A===", -1},     {"AAA", -1},
                {"AA=A", -1}, {"A A=", -1}, {"AA==AAAA", -1}, {"-_==", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t to[16];
        size_t n = 0;
        bool good = base64_read(text_of(rows[i].t), to, sizeof to, &n);
        assert_int_equal(good ? (int)n : -1, rows[i].n);
        assert_false(rows[i].n > 0 &&
                     base64_read(text_of(rows[i].t), to, (size_t)rows[i].n - 1, &n));
    }
}

/* RFC 4231, test cases 1 and 2, with keys of 32 bytes (zeros behind: the same key to HMAC). */
static void tags(void **state)
{
    (void)state;
    struct sha *s = sha_new();
    struct tag_key k;
    uint8_t key[32] = "Jefe";
    static const uint8_t expected[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e};
    tag_key_set(&k, key);
    struct tlog_hash h = tag_of(&k, s, T("what do ya want for nothing?"));
    assert_memory_equal(h.b, expected, sizeof expected);
    sha_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_of_every_leaf_hold),
        cmocka_unit_test(growth_is_proved),
        cmocka_unit_test(paths),
        cmocka_unit_test(notes),
        cmocka_unit_test(a_note_of_others),
        cmocka_unit_test(base64),
        cmocka_unit_test(tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

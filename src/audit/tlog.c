#include "audit/tlog.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct sha {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
};

struct sha *sha_new(void)
{
    struct sha *s = calloc(1, sizeof *s);
    if (s) {
        s->md = EVP_MD_fetch(NULL, "SHA256", NULL);
        s->ctx = EVP_MD_CTX_new();
    }
    if (s && (!s->md || !s->ctx || EVP_DigestInit_ex2(s->ctx, s->md, NULL) != 1)) {
        sha_free(s);
        s = NULL;
    }
    return s;
}

void sha_free(struct sha *s)
{
    if (s) {
        EVP_MD_CTX_free(s->ctx);
        EVP_MD_free(s->md);
        free(s);
    }
}

/* A hash that could not be made would pass as one of zeros: rather the process ends, as it does
 * without randomness. It allocates nothing, so it does not fail. */
struct tlog_hash sha_of(struct sha *s, const text *parts, size_t count)
{
    struct tlog_hash h;
    bool good = EVP_DigestInit_ex2(s->ctx, NULL, NULL) == 1;
    for (size_t i = 0; i < count; i++) {
        good = good && EVP_DigestUpdate(s->ctx, parts[i].p, parts[i].n) == 1;
    }
    if (!good || EVP_DigestFinal_ex(s->ctx, h.b, NULL) != 1) {
        abort();
    }
    return h;
}

struct tlog_hash sha_leaf(struct sha *s, text data)
{
    return sha_of(s, (text[]){{"\0", 1}, data}, 2);
}

struct tlog_hash sha_node(struct sha *s, const struct tlog_hash *left,
                          const struct tlog_hash *right)
{
    char bytes[1 + 2 * TLOG_HASH] = {1};
    memcpy(bytes + 1, left->b, TLOG_HASH);
    memcpy(bytes + 1 + TLOG_HASH, right->b, TLOG_HASH);
    return sha_of(s, &(text){bytes, sizeof bytes}, 1);
}

bool tlog_same(const struct tlog_hash *a, const struct tlog_hash *b)
{
    return CRYPTO_memcmp(a->b, b->b, TLOG_HASH) == 0;
}

struct tlog_hash tlog_empty(struct sha *s)
{
    return sha_of(s, NULL, 0);
}

/* --- paths -------------------------------------------------------------------------------------
 */

uint64_t tlog_level_size(uint64_t size, unsigned level)
{
    return level >= TLOG_LEVELS ? 0 : size >> (8 * level);
}

size_t tlog_path(const struct tlog_place *place, char out[TLOG_PATH_MAX])
{
    char number[48] = {0};
    unsigned groups[7];
    size_t count = 0;
    uint64_t left = place->index;
    do {
        groups[count++] = (unsigned)(left % 1000);
        left /= 1000;
    } while (left);
    size_t n = 0;
    while (count--) {
        n += (size_t)snprintf(number + n, sizeof number - n, count ? "x%03u/" : "%03u",
                              groups[count]);
    }
    char level[8] = "entries", part[8] = "";
    if (!place->entries) {
        (void)snprintf(level, sizeof level, "%u", place->level % 100);
    }
    if (place->width != TLOG_TILE) {
        (void)snprintf(part, sizeof part, ".p/%u", place->width % 1000);
    }
    return (size_t)snprintf(out, TLOG_PATH_MAX, "tile/%s/%s%s", level, number, part);
}

/* Three digits. */
static bool read_group(text t, uint64_t *index)
{
    uint64_t value = 0;
    if (t.n != 3 || !text_to_u64(t, &value) || *index > (UINT64_MAX - value) / 1000) {
        return false;
    }
    *index = *index * 1000 + value;
    return true;
}

bool tlog_path_read(text path, struct tlog_place *ret_place)
{
    struct tlog_place p = {.width = TLOG_TILE};
    text rest = path, part = {0};
    uint64_t number = 0;
    if (path.n >= TLOG_PATH_MAX || !text_cut(&rest, '/', &part) || !text_eq(part, T("tile")) ||
        !text_cut(&rest, '/', &part)) {
        return false;
    }
    p.entries = text_eq(part, T("entries"));
    if (!p.entries && (!text_to_u64(part, &number) || number >= TLOG_LEVELS)) {
        return false;
    }
    p.level = (unsigned)number;
    bool last = false;
    while (!last && text_cut(&rest, '/', &part)) {
        last = !text_starts(part, T("x"));
        text digits = last ? text_first(part, 3) : text_from(part, 1);
        if (!read_group(digits, &p.index)) {
            return false;
        }
    }
    if (last && text_eq(text_from(part, 3), T(".p")) && text_cut(&rest, '/', &part)) {
        if (!text_to_u64(part, &number) || number < 1 || number >= TLOG_TILE) {
            return false;
        }
        p.width = (unsigned)number;
    }
    /* Any other spelling of the same place (leading zeros, what stands behind) is refused. */
    char again[TLOG_PATH_MAX];
    if (!last || !text_eq(text_make(again, tlog_path(&p, again)), path)) {
        return false;
    }
    *ret_place = p;
    return true;
}

/* --- a tree from tiles -------------------------------------------------------------------------
 */

struct cached {
    uint64_t index;
    unsigned width; /* 0: nothing is here */
    struct tlog_hash hashes[TLOG_TILE];
};

struct tlog_tree {
    struct tlog_source source;
    uint64_t size;
    struct sha *sha;
    struct cached levels[TLOG_LEVELS];
};

struct tlog_tree *tlog_tree_new(const struct tlog_source *source, uint64_t size)
{
    struct tlog_tree *t = calloc(1, sizeof *t);
    if (t) {
        t->source = *source;
        t->size = size;
        t->sha = sha_new();
    }
    if (t && !t->sha) {
        free(t);
        t = NULL;
    }
    return t;
}

void tlog_tree_free(struct tlog_tree *t)
{
    if (t) {
        sha_free(t->sha);
        free(t);
    }
}

static int load(struct tlog_tree *t, unsigned level, uint64_t index, struct err *e)
{
    struct cached *c = &t->levels[level];
    if (c->width && c->index == index) {
        return 0;
    }
    uint64_t left = tlog_level_size(t->size, level) - index * TLOG_TILE;
    struct tlog_place place = {
        .level = level, .index = index, .width = left < TLOG_TILE ? (unsigned)left : TLOG_TILE};
    c->width = 0;
    int r = t->source.tile(t->source.context, &place, c->hashes[0].b, e);
    if (r == 0) {
        c->index = index;
        c->width = place.width;
    }
    return r;
}

/* The hash of 2^height leaves, all of them there, the index-th such run. */
static int whole(struct tlog_tree *t, unsigned height, uint64_t index, struct tlog_hash *ret,
                 struct err *e)
{
    unsigned level = height / 8, rows = height % 8;
    uint64_t first = index << rows;
    int r = level >= TLOG_LEVELS ? err_set(e, ERR_INTERNAL, "a tree is too high")
                                 : load(t, level, first / TLOG_TILE, e);
    if (r) {
        return r;
    }
    struct tlog_hash run[TLOG_TILE / 2];
    size_t n = (size_t)1 << rows;
    const struct cached *c = &t->levels[level];
    if ((first % TLOG_TILE) + n > c->width) {
        return err_set(e, ERR_INTERNAL, "a tile is too narrow");
    }
    memcpy(run, &c->hashes[first % TLOG_TILE], n * sizeof *run);
    for (; n > 1; n /= 2) {
        for (size_t i = 0; i < n / 2; i++) {
            run[i] = sha_node(t->sha, &run[2 * i], &run[2 * i + 1]);
        }
    }
    *ret = run[0];
    return 0;
}

/* The largest power of two below n, as its height; n > 1. */
static unsigned split_height(uint64_t n)
{
    return 63u - (unsigned)__builtin_clzll(n - 1);
}

/* MTH(D[lo:hi]) where lo begins a run that a tree of this size has: the runs of the left are whole,
 * so a loop from left to right and one from right to left do for what RFC 6962 says recursively. */
static int range(struct tlog_tree *t, uint64_t lo, uint64_t hi, struct tlog_hash *ret,
                 struct err *e)
{
    struct tlog_hash parts[64];
    size_t count = 0;
    while (lo < hi) {
        uint64_t n = hi - lo;
        unsigned height = 63u - (unsigned)__builtin_clzll(n);
        int r = whole(t, height, lo >> height, &parts[count], e);
        if (r) {
            return r;
        }
        count++;
        lo += (uint64_t)1 << height;
    }
    while (count > 1) {
        count--;
        parts[count - 1] = sha_node(t->sha, &parts[count - 1], &parts[count]);
    }
    *ret = parts[0];
    return 0;
}

int tlog_root(struct tlog_tree *t, struct tlog_hash *ret_root, struct err *e)
{
    if (t->size == 0) {
        *ret_root = tlog_empty(t->sha);
        return 0;
    }
    return range(t, 0, t->size, ret_root, e);
}

int tlog_leaf(struct tlog_tree *t, uint64_t leaf, struct tlog_hash *ret_hash, struct err *e)
{
    if (leaf >= t->size) {
        return err_set(e, ERR_NOT_FOUND, "the tree has no leaf %llu", (unsigned long long)leaf);
    }
    return whole(t, 0, leaf, ret_hash, e);
}

static void reverse(struct tlog_hash *proof, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct tlog_hash h = proof[i];
        proof[i] = proof[count - 1 - i];
        proof[count - 1 - i] = h;
    }
}

int tlog_prove_leaf(struct tlog_tree *t, uint64_t leaf, struct tlog_hash proof[TLOG_PROOF_MAX],
                    size_t *ret_count, struct err *e)
{
    uint64_t lo = 0, hi = t->size;
    size_t count = 0;
    int r = leaf < hi ? 0 : err_set(e, ERR_NOT_FOUND, "the tree does not have that leaf");
    while (r == 0 && hi - lo > 1) {
        uint64_t middle = lo + ((uint64_t)1 << split_height(hi - lo));
        bool left = leaf < middle;
        r = range(t, left ? middle : lo, left ? hi : middle, &proof[count++], e);
        lo = left ? lo : middle;
        hi = left ? middle : hi;
    }
    if (r == 0) {
        reverse(proof, count);
        *ret_count = count;
    }
    return r;
}

int tlog_prove_old(struct tlog_tree *t, uint64_t old, struct tlog_hash proof[TLOG_PROOF_MAX],
                   size_t *ret_count, struct err *e)
{
    uint64_t lo = 0, hi = t->size;
    size_t count = 0;
    bool from_start = true; /* the old root itself need not be told */
    int r = old && old <= hi ? 0 : err_set(e, ERR_NOT_FOUND, "the tree was never of that size");
    while (r == 0 && old < hi) {
        uint64_t middle = lo + ((uint64_t)1 << split_height(hi - lo));
        bool left = old <= middle;
        r = range(t, left ? middle : lo, left ? hi : middle, &proof[count++], e);
        from_start = from_start && left;
        lo = left ? lo : middle;
        hi = left ? middle : hi;
    }
    if (r == 0 && !from_start) {
        r = range(t, lo, hi, &proof[count++], e);
    }
    if (r == 0) {
        reverse(proof, count);
        *ret_count = count;
    }
    return r;
}

/* --- checks ------------------------------------------------------------------------------------
 */

bool tlog_check_leaf(struct sha *s, uint64_t leaf, uint64_t size, const struct tlog_hash *leaf_hash,
                     const struct tlog_hash *proof, size_t count, const struct tlog_hash *root)
{
    if (leaf >= size) {
        return false;
    }
    uint64_t fn = leaf, sn = size - 1;
    struct tlog_hash r = *leaf_hash;
    for (size_t i = 0; i < count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) || fn == sn) {
            r = sha_node(s, &proof[i], &r);
            while (fn && !(fn & 1)) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = sha_node(s, &r, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && tlog_same(&r, root);
}

/* 0 < old < size, as RFC 9162, 2.1.4.2 has it. */
static bool check_growth(struct sha *s, uint64_t old, uint64_t size,
                         const struct tlog_hash *old_root, const struct tlog_hash *root,
                         const struct tlog_hash *proof, size_t count)
{
    bool power = (old & (old - 1)) == 0;
    uint64_t fn = old - 1, sn = size - 1;
    size_t at = 0;
    if (count == 0) {
        return false;
    }
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    struct tlog_hash fr = power ? *old_root : proof[at++];
    struct tlog_hash sr = fr;
    for (; at < count; at++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) || fn == sn) {
            fr = sha_node(s, &proof[at], &fr);
            sr = sha_node(s, &proof[at], &sr);
            while (fn && !(fn & 1)) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = sha_node(s, &sr, &proof[at]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && tlog_same(&fr, old_root) && tlog_same(&sr, root);
}

bool tlog_check_old(struct sha *s, uint64_t old, uint64_t size, const struct tlog_hash *old_root,
                    const struct tlog_hash *root, const struct tlog_hash *proof, size_t count)
{
    if (old == 0 || old > size) {
        return false;
    }
    if (old == size) {
        return count == 0 && tlog_same(old_root, root);
    }
    return check_growth(s, old, size, old_root, root, proof, count);
}

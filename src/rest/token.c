/*
 * Paging tokens: base64url(nonce | sealed bytes | tag), AES-256-GCM (NIST SP 800-38D). They are
 * sealed and not only signed, since what is in them (keys of entries, places in the access log)
 * would tell of entries that the reader does not see.
 */
#include "rest/call.h"

#include "base/random.h"

#include <openssl/evp.h>

enum { KEY_BYTES = 32, NONCE_BYTES = 12, TAG_BYTES = 16, TOKEN_MOST = 64 * 1024 };

/* A key a purpose, so that no two queries share one; from the store's secret, so that tokens
 * survive a restart. */
static void make_key(const struct call *c, text purpose, unsigned char to[KEY_BYTES])
{
    const text parts[] = {T("paging, first half"), T("paging, second half")};
    for (size_t i = 0; i < 2; i++) {
        struct hash_key key = store_key(c->rest->store, parts[i]);
        struct hash_key other = {key.k1, key.k0};
        uint64_t words[] = {hash_text(key, purpose), hash_text(other, purpose)};
        memcpy(to + i * sizeof words, words, sizeof words);
        explicit_bzero(&key, sizeof key);
        explicit_bzero(&other, sizeof other);
        explicit_bzero(words, sizeof words);
    }
}

static bool seal(const unsigned char *key, text bytes, unsigned char *raw)
{
    int n = 0;
    int rest = 0;
    unsigned char *body = raw + NONCE_BYTES;
    EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
    random_bytes(raw, NONCE_BYTES);
    bool good = x && EVP_EncryptInit_ex(x, EVP_aes_256_gcm(), NULL, key, raw) == 1 &&
                EVP_EncryptUpdate(x, body, &n, (const unsigned char *)bytes.p, (int)bytes.n) == 1 &&
                EVP_EncryptFinal_ex(x, body + n, &rest) == 1 &&
                EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, body + bytes.n) == 1;
    EVP_CIPHER_CTX_free(x);
    return good;
}

static bool unseal(const unsigned char *key, text raw, unsigned char *to)
{
    unsigned char tag[TAG_BYTES];
    size_t size = raw.n - NONCE_BYTES - TAG_BYTES;
    const unsigned char *nonce = (const unsigned char *)raw.p;
    int n = 0;
    int rest = 0;
    memcpy(tag, raw.p + NONCE_BYTES + size, TAG_BYTES);
    EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
    bool good = x && EVP_DecryptInit_ex(x, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                EVP_DecryptUpdate(x, to, &n, nonce + NONCE_BYTES, (int)size) == 1 &&
                EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 &&
                EVP_DecryptFinal_ex(x, to + n, &rest) == 1;
    EVP_CIPHER_CTX_free(x);
    return good;
}

/* --- base64url ---------------------------------------------------------------------------------
 */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static text print_digits(const unsigned char *raw, size_t n, struct arena *a)
{
    size_t used = 0;
    char *out = arena_alloc(a, (n + 2) / 3 * 4);
    for (size_t i = 0; out && i < n; i += 3) {
        uint32_t group = (uint32_t)raw[i] << 16;
        group |= i + 1 < n ? (uint32_t)raw[i + 1] << 8 : 0;
        group |= i + 2 < n ? raw[i + 2] : 0;
        for (size_t k = 0; k < 4 && i * 8 + k * 6 < n * 8; k++) {
            out[used++] = digits[group >> (18 - 6 * k) & 63];
        }
    }
    return out ? text_make(out, used) : (text){0};
}

/* False: a character that is none. */
static bool read_digits(text token, char *raw, size_t *ret_n)
{
    uint32_t group = 0;
    unsigned bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < token.n; i++) {
        const char *at = token.p[i] ? strchr(digits, token.p[i]) : NULL;
        if (!at) {
            return false;
        }
        group = group << 6 | (uint32_t)(at - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            raw[n++] = (char)(unsigned char)(group >> bits);
        }
    }
    *ret_n = n;
    return true;
}

/* --- tokens ------------------------------------------------------------------------------------
 */

text token_make(const struct call *c, text bytes, text purpose)
{
    unsigned char key[KEY_BYTES];
    size_t n = NONCE_BYTES + bytes.n + TAG_BYTES;
    unsigned char *raw = bytes.n < TOKEN_MOST ? arena_alloc(c->arena, n) : NULL;
    if (!raw) {
        return (text){0};
    }
    make_key(c, purpose, key);
    bool good = seal(key, bytes, raw);
    explicit_bzero(key, sizeof key);
    return good ? print_digits(raw, n, c->arena) : (text){0};
}

int token_read(const struct call *c, text token, text purpose, text *ret_bytes, struct err *e)
{
    unsigned char key[KEY_BYTES];
    size_t n = 0;
    char *raw = token.n < 2 * TOKEN_MOST ? arena_alloc(c->arena, token.n + 1) : NULL;
    unsigned char *to = raw ? arena_alloc(c->arena, token.n + 1) : NULL;
    if (!to) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    bool good = read_digits(token, raw, &n) && n >= NONCE_BYTES + TAG_BYTES;
    if (good) {
        make_key(c, purpose, key);
        good = unseal(key, text_make(raw, n), to);
        explicit_bzero(key, sizeof key);
    }
    if (!good) {
        return err_set(e, ERR_INVALID,
                       "the paging token (_page) does not belong to this query; follow the 'next' "
                       "link as it is, or start again without _page");
    }
    *ret_bytes = text_make((const char *)to, n - NONCE_BYTES - TAG_BYTES);
    return 0;
}

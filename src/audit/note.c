#include "audit/note.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY = 32, SIGNATURE = 64, ED25519 = 1, EM_DASH = 3 };

static const char private_prefix[] = "PRIVATE+KEY+";

struct note_signer {
    EVP_PKEY *pkey;
    struct note_key key;
};

/* --- keys -------------------------------------------------------------------------------------
 */

bool note_name_valid(text name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c <= ' ' || c >= 0x7F || c == '+') {
            return false;
        }
    }
    return name.n > 0 && name.n <= NOTE_NAME_MAX;
}

/* SHA-256(name, line feed, type, key), its first four bytes. */
static int key_id(text name, const uint8_t key[KEY], uint32_t *ret_id, struct err *e)
{
    struct sha *s = sha_new();
    if (!s) {
        return err_set(e, ERR_MEMORY, "no memory for a hash");
    }
    text parts[] = {name, T("\n\1"), {(const char *)key, KEY}};
    struct tlog_hash h = sha_of(s, parts, 3);
    sha_free(s);
    *ret_id = (uint32_t)h.b[0] << 24 | (uint32_t)h.b[1] << 16 | (uint32_t)h.b[2] << 8 | h.b[3];
    return 0;
}

static int set_key(struct note_key *key, text name, const uint8_t bytes[KEY], struct err *e)
{
    memset(key, 0, sizeof *key);
    memcpy(key->name, name.p, name.n);
    memcpy(key->key, bytes, KEY);
    return key_id(name, bytes, &key->id, e);
}

static void print_key(struct buf *out, const char *prefix, const struct note_key *key,
                      const uint8_t bytes[KEY])
{
    char typed[1 + KEY] = {ED25519};
    memcpy(typed + 1, bytes, KEY);
    buf_printf(out, "%s%s+%08x+", prefix, key->name, key->id);
    base64_print(text_make(typed, sizeof typed), out);
    OPENSSL_cleanse(typed, sizeof typed);
}

void note_key_print(const struct note_key *key, struct buf *out)
{
    print_key(out, "", key, key->key);
}

/* name+id+base64(type, 32 bytes) */
static int read_parts(text t, text *ret_name, text *ret_id, uint8_t bytes[KEY], struct err *e)
{
    text rest = t, encoded;
    uint8_t typed[1 + KEY];
    size_t n = 0;
    bool good = text_cut(&rest, '+', ret_name) && rest.p && text_cut(&rest, '+', ret_id) && rest.p;
    encoded = rest;
    good = good && note_name_valid(*ret_name) && ret_id->n == 8 &&
           base64_read(encoded, typed, sizeof typed, &n) && n == sizeof typed &&
           typed[0] == ED25519;
    if (good) {
        memcpy(bytes, typed + 1, KEY);
    }
    OPENSSL_cleanse(typed, sizeof typed);
    return good
               ? 0
               : err_set(e, ERR_VALUE,
                         "this is no key of a log; it should read name+8 hexadecimal digits+base64 "
                         "of an Ed25519 key");
}

static int check_id(text id, const struct note_key *key, struct err *e)
{
    char expected[16];
    (void)snprintf(expected, sizeof expected, "%08x", key->id);
    return text_eq(id, text_of(expected))
               ? 0
               : err_set(e, ERR_VALUE, "the id of the log's key %s does not belong to the key",
                         key->name);
}

int note_key_read(text t, struct note_key *ret_key, struct err *e)
{
    uint8_t bytes[KEY];
    text name, id;
    struct note_key key;
    int r = read_parts(t, &name, &id, bytes, e);
    r = r ? r : set_key(&key, name, bytes, e);
    r = r ? r : check_id(id, &key, e);
    if (r == 0) {
        *ret_key = key;
    }
    return r;
}

static int signer_from_seed(text name, const uint8_t seed[KEY], struct note_signer **ret_signer,
                            struct err *e)
{
    uint8_t public[KEY];
    size_t n = sizeof public;
    struct note_signer *s = calloc(1, sizeof *s);
    if (!s) {
        return err_set(e, ERR_MEMORY, "no memory for the key of a log");
    }
    s->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY);
    int r = s->pkey && EVP_PKEY_get_raw_public_key(s->pkey, public, &n) == 1 && n == KEY
                ? 0
                : err_set(e, ERR_INTERNAL, "the key of the log cannot be used by OpenSSL");
    r = r ? r : set_key(&s->key, name, public, e);
    if (r) {
        note_signer_free(s);
        return r;
    }
    *ret_signer = s;
    return 0;
}

int note_signer_read(text key, struct note_signer **ret_signer, struct err *e)
{
    uint8_t seed[KEY];
    text name, id;
    struct note_signer *s = NULL;
    if (!text_starts(key, text_of(private_prefix))) {
        return err_set(e, ERR_VALUE, "this is no private key of a log");
    }
    int r = read_parts(text_from(key, sizeof private_prefix - 1), &name, &id, seed, e);
    r = r ? r : signer_from_seed(name, seed, &s, e);
    OPENSSL_cleanse(seed, sizeof seed);
    r = r ? r : check_id(id, &s->key, e);
    if (r) {
        note_signer_free(s);
        return r;
    }
    *ret_signer = s;
    return 0;
}

int note_signer_make(text name, struct buf *ret_text, struct err *e)
{
    uint8_t seed[KEY];
    size_t n = sizeof seed;
    struct note_signer *s = NULL;
    if (!note_name_valid(name)) {
        return err_set(e, ERR_VALUE,
                       "the name of a log has 1 to %d printable ASCII characters, no space and no "
                       "plus sign",
                       NOTE_NAME_MAX);
    }
    EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    int r = made && EVP_PKEY_get_raw_private_key(made, seed, &n) == 1 && n == KEY
                ? 0
                : err_set(e, ERR_INTERNAL, "OpenSSL made no key for the log");
    EVP_PKEY_free(made);
    r = r ? r : signer_from_seed(name, seed, &s, e);
    if (r == 0) {
        print_key(ret_text, private_prefix, &s->key, seed);
    }
    OPENSSL_cleanse(seed, sizeof seed);
    note_signer_free(s);
    return r;
}

void note_signer_free(struct note_signer *s)
{
    if (s) {
        EVP_PKEY_free(s->pkey);
        free(s);
    }
}

const struct note_key *note_signer_key(const struct note_signer *s)
{
    return &s->key;
}

/* --- notes ------------------------------------------------------------------------------------
 */

int note_sign(const struct note_signer *s, text body, struct buf *out, struct err *e)
{
    uint8_t signature[4 + SIGNATURE] = {(uint8_t)(s->key.id >> 24), (uint8_t)(s->key.id >> 16),
                                        (uint8_t)(s->key.id >> 8), (uint8_t)s->key.id};
    size_t n = SIGNATURE;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, s->pkey) == 1 &&
                EVP_DigestSign(ctx, signature + 4, &n, (const unsigned char *)body.p, body.n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!good || n != SIGNATURE) {
        return err_set(e, ERR_INTERNAL, "the log's key could not sign");
    }
    buf_add(out, body);
    buf_printf(out, "\n\xE2\x80\x94 %s ", s->key.name);
    base64_print(text_make((const char *)signature, sizeof signature), out);
    buf_addc(out, '\n');
    return buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory for a note") : 0;
}

static bool verify_signature(text body, const struct note_key *key, const uint8_t *signature)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->key, KEY);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good =
        pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
        EVP_DigestVerify(ctx, signature, SIGNATURE, (const unsigned char *)body.p, body.n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

/* Whether a signature line is by the key, and then whether it is right. */
static int verify_line(text line, text body, const struct note_key *key, bool *verified,
                       struct err *e)
{
    text name, rest = text_from(line, EM_DASH + 1);
    uint8_t bytes[8192];
    size_t n = 0;
    if (!text_starts(line, T("\xE2\x80\x94 ")) || !text_cut(&rest, ' ', &name) || !name.n ||
        !base64_read(rest, bytes, sizeof bytes, &n) || n <= 4) {
        return err_set(e, ERR_SYNTAX, "a line of signature of the note is not of that form");
    }
    uint32_t id =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    if (id != key->id || !text_eq(name, text_of(key->name))) {
        return 0;
    }
    if (n != 4 + SIGNATURE || !verify_signature(body, key, bytes + 4)) {
        return err_set(e, ERR_FORBIDDEN, "the signature by %s is not right", key->name);
    }
    *verified = true;
    return 0;
}

/* The last empty line ends the text. */
static bool split_note(text note, text *ret_body, text *ret_signatures)
{
    for (size_t i = note.n; i >= 2; i--) {
        if (note.p[i - 1] == '\n' && note.p[i - 2] == '\n') {
            *ret_body = text_first(note, i - 1);
            *ret_signatures = text_from(note, i);
            return true;
        }
    }
    return false;
}

int note_verify(text note, const struct note_key *key, text *ret_body, struct err *e)
{
    text body, lines, line;
    bool verified = false, controls = false;
    for (size_t i = 0; i < note.n; i++) {
        controls = controls || ((unsigned char)note.p[i] < ' ' && note.p[i] != '\n');
    }
    if (note.n > NOTE_MAX || controls || !split_note(note, &body, &lines) || lines.n == 0 ||
        lines.p[lines.n - 1] != '\n') {
        return err_set(e, ERR_SYNTAX, "this is no signed note: text, an empty line, signatures");
    }
    lines.n--;
    for (int count = 0; text_cut(&lines, '\n', &line); count++) {
        int r = count < NOTE_LINES_MAX ? verify_line(line, body, key, &verified, e)
                                       : err_set(e, ERR_SYNTAX, "the note has too many signatures");
        if (r) {
            return r;
        }
    }
    if (!verified) {
        return err_set(e, ERR_FORBIDDEN, "the note is not signed by %s", key->name);
    }
    *ret_body = body;
    return 0;
}

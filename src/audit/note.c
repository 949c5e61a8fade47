#include "audit/note_int.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY = NOTE_KEY, SIGNATURE = NOTE_SIGNATURE, EM_DASH = 3 };

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

int note_key_id(text name, enum note_kind kind, const uint8_t key[KEY], uint32_t *ret_id,
                struct err *e)
{
    char type = (char)kind;
    struct sha *s = sha_new();
    if (!s) {
        return err_set(e, ERR_MEMORY, "no memory for a hash");
    }
    text parts[] = {name, T("\n"), {&type, 1}, {(const char *)key, KEY}};
    struct tlog_hash h = sha_of(s, parts, 4);
    sha_free(s);
    *ret_id = (uint32_t)h.b[0] << 24 | (uint32_t)h.b[1] << 16 | (uint32_t)h.b[2] << 8 | h.b[3];
    return 0;
}

static int set_key(struct note_key *key, text name, const uint8_t bytes[KEY], struct err *e)
{
    memset(key, 0, sizeof *key);
    memcpy(key->name, name.p, name.n);
    memcpy(key->key, bytes, KEY);
    return note_key_id(name, NOTE_ED25519, bytes, &key->id, e);
}

void note_key_write(struct buf *out, const char *prefix, const char *name, uint32_t id,
                    enum note_kind kind, const uint8_t bytes[KEY])
{
    char typed[1 + KEY] = {(char)kind};
    memcpy(typed + 1, bytes, KEY);
    buf_printf(out, "%s%s+%08x+", prefix, name, id);
    base64_print(text_make(typed, sizeof typed), out);
    OPENSSL_cleanse(typed, sizeof typed);
}

void note_key_print(const struct note_key *key, struct buf *out)
{
    note_key_write(out, "", key->name, key->id, NOTE_ED25519, key->key);
}

bool note_key_parts(text t, enum note_kind kind, text *ret_name, text *ret_id, uint8_t bytes[KEY])
{
    text rest = t;
    uint8_t typed[1 + KEY];
    size_t n = 0;
    bool good = text_cut(&rest, '+', ret_name) && rest.p && text_cut(&rest, '+', ret_id) && rest.p;
    good = good && note_name_valid(*ret_name) && ret_id->n == 8 &&
           base64_read(rest, typed, sizeof typed, &n) && n == sizeof typed && typed[0] == kind;
    if (good) {
        memcpy(bytes, typed + 1, KEY);
    }
    OPENSSL_cleanse(typed, sizeof typed);
    return good;
}

static int read_parts(text t, text *ret_name, text *ret_id, uint8_t bytes[KEY], struct err *e)
{
    return note_key_parts(t, NOTE_ED25519, ret_name, ret_id, bytes)
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
        note_key_write(ret_text, private_prefix, s->key.name, s->key.id, NOTE_ED25519, seed);
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

int note_signer_seed(const struct note_signer *s, uint8_t ret_seed[32], struct err *e)
{
    size_t n = KEY;
    return EVP_PKEY_get_raw_private_key(s->pkey, ret_seed, &n) == 1 && n == KEY
               ? 0
               : err_set(e, ERR_INTERNAL, "OpenSSL does not give the key");
}

/* --- notes ------------------------------------------------------------------------------------
 */

int note_sign_bytes(const struct note_signer *s, text message, uint8_t signature[SIGNATURE],
                    struct err *e)
{
    size_t n = SIGNATURE;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good =
        ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, s->pkey) == 1 &&
        EVP_DigestSign(ctx, signature, &n, (const unsigned char *)message.p, message.n) == 1;
    EVP_MD_CTX_free(ctx);
    return good && n == SIGNATURE ? 0 : err_set(e, ERR_INTERNAL, "the log's key could not sign");
}

void note_line_write(struct buf *out, const char *name, uint32_t id, text signature)
{
    char bytes[4 + 8 + SIGNATURE] = {(char)(id >> 24), (char)(id >> 16), (char)(id >> 8), (char)id};
    size_t n = signature.n < sizeof bytes - 4 ? signature.n : sizeof bytes - 4;
    memcpy(bytes + 4, signature.p, n);
    buf_printf(out, "\xE2\x80\x94 %s ", name);
    base64_print(text_make(bytes, 4 + n), out);
    buf_addc(out, '\n');
}

int note_sign(const struct note_signer *s, text body, struct buf *out, struct err *e)
{
    uint8_t signature[SIGNATURE];
    int r = note_sign_bytes(s, body, signature, e);
    if (r) {
        return r;
    }
    buf_add(out, body);
    buf_addc(out, '\n');
    note_line_write(out, s->key.name, s->key.id, text_make((const char *)signature, SIGNATURE));
    return buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory for a note") : 0;
}

bool note_signature_holds(text message, const uint8_t key[KEY], const uint8_t signature[SIGNATURE])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, KEY);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                EVP_DigestVerify(ctx, signature, SIGNATURE, (const unsigned char *)message.p,
                                 message.n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

bool note_line_read(text line, text *ret_name, uint32_t *ret_id, uint8_t *to, size_t room,
                    size_t *ret_n)
{
    text name, rest = text_from(line, EM_DASH + 1);
    uint8_t bytes[8192];
    size_t n = 0;
    if (!text_starts(line, T("\xE2\x80\x94 ")) || !text_cut(&rest, ' ', &name) || !name.n ||
        !base64_read(rest, bytes, sizeof bytes, &n) || n <= 4 || n - 4 > room) {
        return false;
    }
    *ret_id =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    *ret_name = name;
    *ret_n = n - 4;
    memcpy(to, bytes + 4, n - 4);
    return true;
}

/* Whether a signature line is by the key, and then whether it is right. */
static int verify_line(text line, text body, const struct note_key *key, bool *verified,
                       struct err *e)
{
    text name;
    uint32_t id;
    uint8_t signature[8192];
    size_t n = 0;
    if (!note_line_read(line, &name, &id, signature, sizeof signature, &n)) {
        return err_set(e, ERR_SYNTAX, "a line of signature of the note is not of that form");
    }
    if (id != key->id || !text_eq(name, text_of(key->name))) {
        return 0;
    }
    if (n != SIGNATURE || !note_signature_holds(body, key->key, signature)) {
        return err_set(e, ERR_FORBIDDEN, "the signature by %s is not right", key->name);
    }
    *verified = true;
    return 0;
}

bool note_line_holds(text line, text body, const struct note_key *key)
{
    struct err ignored;
    bool verified = false;
    return verify_line(line, body, key, &verified, &ignored) == 0 && verified;
}

/* The last empty line ends the text. */
bool note_split(text note, text *ret_body, text *ret_signatures)
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
    if (note.n > NOTE_MAX || controls || !note_split(note, &body, &lines) || lines.n == 0 ||
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

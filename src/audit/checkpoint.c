/* The texts of a log: base64, checkpoints, proofs of inclusion. */
#include "audit/note.h"

#include <stdio.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* --- base64 ------------------------------------------------------------------------------------
 */

void base64_print(text bytes, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0u) |
                     (left > 2 ? p[i + 2] : 0u);
        char four[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63],
                        left > 1 ? alphabet[v >> 6 & 63] : '=', left > 2 ? alphabet[v & 63] : '='};
        buf_add(out, text_make(four, 4));
    }
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters; *n grows by 1 to 3. Bits that say nothing must be zero: one way to write. */
static bool read_four(const char *p, bool last, uint8_t out[3], size_t *ret_n)
{
    size_t n = last && p[3] == '=' ? p[2] == '=' ? 1 : 2 : 3;
    unsigned v = 0;
    for (size_t i = 0; i < 4; i++) {
        int d = i <= n ? digit(p[i]) : 0;
        if (d < 0) {
            return false;
        }
        v = v << 6 | (unsigned)d;
    }
    if ((n == 1 && (v & 0xFFFF)) || (n == 2 && (v & 0xFF))) {
        return false;
    }
    out[0] = (uint8_t)(v >> 16);
    out[1] = (uint8_t)(v >> 8);
    out[2] = (uint8_t)v;
    *ret_n = n;
    return true;
}

bool base64_read(text t, uint8_t *to, size_t room, size_t *ret_n)
{
    size_t n = 0;
    if (t.n % 4) {
        return false;
    }
    for (size_t i = 0; i < t.n; i += 4) {
        uint8_t three[3];
        size_t count = 0;
        if (!read_four(t.p + i, i + 4 == t.n, three, &count) || count > room - n) {
            return false;
        }
        memcpy(to + n, three, count);
        n += count;
    }
    *ret_n = n;
    return true;
}

bool base64_hash(text t, struct tlog_hash *ret_hash)
{
    struct tlog_hash h;
    size_t n = 0;
    if (!base64_read(t, h.b, sizeof h.b, &n) || n != sizeof h.b) {
        return false;
    }
    *ret_hash = h;
    return true;
}

static text hash_text_of(const struct tlog_hash *h)
{
    return text_make((const char *)h->b, TLOG_HASH);
}

/* --- checkpoints -------------------------------------------------------------------------------
 */

void checkpoint_print(const struct checkpoint *c, struct buf *out)
{
    buf_add(out, c->origin);
    buf_addc(out, '\n');
    buf_add_u64(out, c->size);
    buf_addc(out, '\n');
    base64_print(hash_text_of(&c->root), out);
    buf_addc(out, '\n');
}

/* Decimal digits without a zero in front. */
static bool read_number(text t, uint64_t *ret)
{
    return text_to_u64(t, ret) && (t.n == 1 || t.p[0] != '0');
}

int checkpoint_read(text body, struct checkpoint *ret_checkpoint, struct err *e)
{
    struct checkpoint c = {0};
    text rest = body, size, root;
    if (!text_cut(&rest, '\n', &c.origin) || !rest.p || !c.origin.n ||
        !text_cut(&rest, '\n', &size) || !rest.p || !read_number(size, &c.size) ||
        !text_cut(&rest, '\n', &root) || !rest.p || !base64_hash(root, &c.root) || rest.n) {
        return err_set(e, ERR_SYNTAX,
                       "this is no checkpoint: origin, number of leaves and root hash in base64, a "
                       "line each");
    }
    *ret_checkpoint = c;
    return 0;
}

int checkpoint_verify(text note, const struct note_key *key, struct checkpoint *ret_checkpoint,
                      struct err *e)
{
    text body;
    struct checkpoint c;
    int r = note_verify(note, key, &body, e);
    r = r ? r : checkpoint_read(body, &c, e);
    if (r == 0 && !text_eq(c.origin, text_of(key->name))) {
        r = err_set(e, ERR_FORBIDDEN, "the checkpoint is of the log %.*s, not of %s",
                    TEXT_ARG(text_short(c.origin, 200)), key->name);
    }
    if (r == 0) {
        *ret_checkpoint = c;
    }
    return r;
}

/* --- proofs ------------------------------------------------------------------------------------
 */

void proof_print(const struct proof *p, struct buf *out)
{
    buf_add(out, T("c2sp.org/tlog-proof@v1\n"));
    if (p->extra.n) {
        buf_add(out, T("extra "));
        base64_print(p->extra, out);
        buf_addc(out, '\n');
    }
    buf_add(out, T("index "));
    buf_add_u64(out, p->index);
    buf_addc(out, '\n');
    for (size_t i = 0; i < p->count; i++) {
        base64_print(hash_text_of(&p->hashes[i]), out);
        buf_addc(out, '\n');
    }
    buf_addc(out, '\n');
    buf_add(out, p->note);
}

static int bad_proof(struct err *e, const char *what)
{
    return err_set(e, ERR_SYNTAX, "this is no proof of C2SP tlog-proof, version 1: %s", what);
}

/* The line of extra data, if there is one; the line after it is left in *line. */
static int read_extra(text *rest, text *line, struct arena *a, struct proof *p, struct err *e)
{
    if (!text_starts(*line, T("extra "))) {
        return 0;
    }
    text encoded = text_from(*line, 6);
    if (encoded.n > NOTE_EXTRA_MAX) {
        return bad_proof(e, "its extra data are too long");
    }
    uint8_t *bytes = arena_alloc(a, encoded.n);
    size_t n = 0;
    if (!bytes) {
        return err_set(e, ERR_MEMORY, "no memory for a proof");
    }
    if (!encoded.n || !base64_read(encoded, bytes, encoded.n, &n)) {
        return bad_proof(e, "its extra data are not base64");
    }
    p->extra = text_make((const char *)bytes, n);
    return text_cut(rest, '\n', line) ? 0 : bad_proof(e, "it has no index");
}

int proof_read(text t, struct arena *a, struct proof *ret_proof, struct err *e)
{
    struct proof p = {0};
    text rest = t, line;
    if (t.n > PROOF_MAX || !text_cut(&rest, '\n', &line) ||
        !text_eq(line, T("c2sp.org/tlog-proof@v1")) || !text_cut(&rest, '\n', &line)) {
        return bad_proof(e, "it does not begin with c2sp.org/tlog-proof@v1");
    }
    int r = read_extra(&rest, &line, a, &p, e);
    if (r) {
        return r;
    }
    if (!text_starts(line, T("index ")) || !read_number(text_from(line, 6), &p.index)) {
        return bad_proof(e, "it has no index");
    }
    while (text_cut(&rest, '\n', &line) && line.n) {
        if (p.count == TLOG_PROOF_MAX || !base64_hash(line, &p.hashes[p.count++])) {
            return bad_proof(e, "a hash is not 32 bytes in base64, or there are too many");
        }
    }
    if (!rest.p || !rest.n) {
        return bad_proof(e, "it has no checkpoint");
    }
    p.note = rest;
    *ret_proof = p;
    return 0;
}

#include "rest/access_proof.h"

#include "base/buf.h"
#include "format/json.h"

enum { EXTRA_MAX = 64 * 1024 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Base64 with padding (RFC 4648 section 4). False: not such a text. */
static bool decode(text in, struct arena *a, text *ret_bytes)
{
    char *out = in.n % 4 == 0 && in.n <= EXTRA_MAX ? arena_alloc(a, in.n + 1) : NULL;
    size_t n = 0;
    uint32_t group = 0;
    unsigned bits = 0;
    size_t padding = text_ends(in, T("==")) ? 2 : text_ends(in, T("=")) ? 1 : 0;
    for (size_t i = 0; out && i < in.n - padding; i++) {
        const char *at = in.p[i] ? strchr(digits, in.p[i]) : NULL;
        if (!at) {
            return false;
        }
        group = group << 6 | (uint32_t)(at - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (char)(unsigned char)(group >> bits);
        }
    }
    *ret_bytes = text_make(out, n);
    return out != NULL;
}

static void encode(text bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.n; i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++) {
            group = group << 8 | (i + k < bytes.n ? (unsigned char)bytes.p[i + k] : 0u);
        }
        for (size_t k = 0; k < 4; k++) {
            buf_addc(out, i + k <= bytes.n ? digits[group >> (18 - 6 * k) & 63] : '=');
        }
    }
}

/* The members but salt and line. */
static void write_rest(const yyjson_val *extra, struct buf *out)
{
    const yyjson_val *key = extra + 1;
    bool first = true;
    buf_addc(out, '{');
    for (size_t left = json_len(extra); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (text_eq(name, T("salt")) || text_eq(name, T("line"))) {
            continue;
        }
        buf_add(out, first ? T("") : T(","));
        json_write(key, out);
        buf_addc(out, ':');
        json_write(key + 1, out);
        first = false;
    }
    buf_addc(out, '}');
}

int proof_silence(text proof, struct arena *a, text *ret_proof, struct err *e)
{
    text first;
    text second;
    text rest = proof;
    text json;
    yyjson_val *extra = NULL;
    struct buf silent;
    struct buf out;
    bool is = text_cut(&rest, '\n', &first) && text_cut(&rest, '\n', &second) && rest.p &&
              text_starts(second, T("extra ")) && decode(text_from(second, 6), a, &json) &&
              json_read(json, 4, a, &extra, NULL) == 0 && json_type(extra) == YYJSON_TYPE_OBJ;
    if (!is) {
        return err_set(e, ERR_INTERNAL, "the proof of this entry could not be made");
    }
    buf_init(&silent, EXTRA_MAX);
    buf_init(&out, proof.n + EXTRA_MAX);
    write_rest(extra, &silent);
    buf_add(&out, first);
    buf_add(&out, T("\nextra "));
    encode(buf_text(&silent), &out);
    buf_addc(&out, '\n');
    buf_add(&out, rest);
    bool failed = buf_failed(&silent) || buf_failed(&out);
    text copy = failed ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&silent);
    buf_done(&out);
    if (!copy.p) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    *ret_proof = copy;
    return 0;
}

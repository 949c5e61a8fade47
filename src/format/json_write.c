#include "format/json.h"

enum { DEPTH_MOST = 512 };

/* What stands behind the backslash for a character that has to be escaped; 'u': four hex digits. */
static const char escapes[256] = {
    ['\b'] = 'b',  ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"',
    ['\\'] = '\\', [0x00] = 'u', [0x01] = 'u', [0x02] = 'u', [0x03] = 'u', [0x04] = 'u',
    [0x05] = 'u',  [0x06] = 'u', [0x07] = 'u', [0x0b] = 'u', [0x0e] = 'u', [0x0f] = 'u',
    [0x10] = 'u',  [0x11] = 'u', [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u',
    [0x16] = 'u',  [0x17] = 'u', [0x18] = 'u', [0x19] = 'u', [0x1a] = 'u', [0x1b] = 'u',
    [0x1c] = 'u',  [0x1d] = 'u', [0x1e] = 'u', [0x1f] = 'u',
};

void json_write_string(text t, struct buf *out)
{
    buf_addc(out, '"');
    size_t done = 0;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        char escape = escapes[c];
        if (!escape) {
            continue;
        }
        buf_add(out, (text){t.p + done, i - done});
        buf_addc(out, '\\');
        buf_addc(out, escape);
        if (escape == 'u') {
            static const char hex[] = "0123456789abcdef";
            buf_add(out, T("00"));
            buf_addc(out, hex[c >> 4]);
            buf_addc(out, hex[c & 15]);
        }
        done = i + 1;
    }
    if (done < t.n) {
        buf_add(out, (text){t.p + done, t.n - done});
    }
    buf_addc(out, '"');
}

/* A string of which the reader knows that nothing in it needs escaping is copied as it is. */
static void write_plain_string(const yyjson_val *v, struct buf *out)
{
    size_t n = json_len(v);
    char *to = buf_reserve(out, n + 2);
    if (to) {
        to[0] = '"';
        memcpy(to + 1, v->uni.str, n);
        to[n + 1] = '"';
        out->n += n + 2;
    }
}

static void write_scalar(const yyjson_val *v, struct buf *out)
{
    switch (json_type(v)) {
    case YYJSON_TYPE_STR:
        if ((v->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_NOESC) {
            write_plain_string(v, out);
        } else {
            json_write_string(json_text(v), out);
        }
        break;
    case YYJSON_TYPE_RAW:
        buf_add(out, json_text(v));
        break;
    case YYJSON_TYPE_BOOL:
        buf_add(out,
                (v->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE ? T("true") : T("false"));
        break;
    default:
        buf_add(out, T("null"));
        break;
    }
}

static void new_line(struct buf *out, size_t depth)
{
    char *to = buf_reserve(out, 1 + 2 * depth);
    if (to) {
        to[0] = '\n';
        memset(to + 1, ' ', 2 * depth);
        out->n += 1 + 2 * depth;
    }
}

static void write_value(const yyjson_val *v, struct buf *out, bool pretty, size_t depth)
{
    if (!json_is_container(v)) {
        write_scalar(v, out);
        return;
    }
    if (depth >= DEPTH_MOST) {
        out->failed = true;
        return;
    }
    bool is_object = json_type(v) == YYJSON_TYPE_OBJ;
    size_t count = json_len(v);
    const yyjson_val *at = v + 1;
    buf_addc(out, is_object ? '{' : '[');
    for (size_t i = 0; i < count; i++) {
        if (i) {
            buf_addc(out, ',');
        }
        if (pretty) {
            new_line(out, depth + 1);
        }
        if (is_object) {
            write_scalar(at, out);
            buf_add(out, pretty ? T(": ") : T(":"));
            at++;
        }
        write_value(at, out, pretty, depth + 1);
        at = json_after(at);
    }
    if (pretty && count) {
        new_line(out, depth);
    }
    buf_addc(out, is_object ? '}' : ']');
}

void json_write(const yyjson_val *v, struct buf *out)
{
    write_value(v, out, false, 0);
}

void json_write_pretty(const yyjson_val *v, struct buf *out)
{
    write_value(v, out, true, 0);
}

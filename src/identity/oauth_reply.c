#include "identity/oauth_int.h"

void oauth_json(struct oauth_call *c, int status)
{
    c->reply->status = status;
    c->reply->content_type = "application/json";
    http_reply_field(c->reply, T("Cache-Control"), T("no-store"));
    http_reply_field(c->reply, T("Pragma"), T("no-cache"));
    http_reply_field(c->reply, T("X-Content-Type-Options"), T("nosniff"));
}

void oauth_name(struct buf *b, const char *name)
{
    if (b->n && b->p[b->n - 1] != '{') {
        buf_addc(b, ',');
    }
    json_write_string(text_of(name), b);
    buf_addc(b, ':');
}

void oauth_member(struct buf *b, const char *name, text value)
{
    oauth_name(b, name);
    json_write_string(value, b);
}

void oauth_member_bool(struct buf *b, const char *name, bool value)
{
    oauth_name(b, name);
    buf_add(b, value ? T("true") : T("false"));
}

void oauth_member_i64(struct buf *b, const char *name, int64_t value)
{
    oauth_name(b, name);
    buf_printf(b, "%lld", (long long)value);
}

void oauth_member_words(struct buf *b, const char *name, const char *words)
{
    text rest = text_of(words), word;
    bool first = true;
    oauth_name(b, name);
    buf_addc(b, '[');
    while (text_cut(&rest, ' ', &word)) {
        if (!first) {
            buf_addc(b, ',');
        }
        json_write_string(word, b);
        first = false;
    }
    buf_addc(b, ']');
}

/* error_description may have only some of ASCII (RFC 6749, 5.2). */
static text plain(const char *words, struct arena *a)
{
    text t = text_of(words);
    char *out = arena_alloc(a, t.n + 1);
    for (size_t i = 0; out && i < t.n; i++) {
        unsigned char ch = (unsigned char)t.p[i];
        out[i] = (char)(ch < 0x20 || ch > 0x7e ? '?' : ch == '"' || ch == '\\' ? '\'' : ch);
    }
    return out ? text_make(out, t.n) : T("");
}

static void refuse(struct oauth_call *c, int status, const char *error, const char *name,
                   text words)
{
    struct buf *b = &c->reply->body;
    buf_clear(b);
    buf_addc(b, '{');
    oauth_member(b, "error", text_of(error));
    oauth_member(b, name, words);
    buf_addc(b, '}');
    oauth_json(c, status);
}

void oauth_refuse(struct oauth_call *c, int status, const char *error, const char *words)
{
    refuse(c, status, error, "error_description", plain(words, c->a));
}

void auth_refuse(struct oauth_call *c, int status, const char *error, const char *words)
{
    refuse(c, status, error, "words", text_of(words));
}

text uri_escape(text t, struct arena *a)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = t.n < SIZE_MAX / 4 ? arena_alloc(a, t.n * 3 + 1) : NULL;
    size_t n = 0;
    if (!out) {
        return (text){NULL, 0};
    }
    for (size_t i = 0; i < t.n; i++) {
        unsigned char ch = (unsigned char)t.p[i];
        bool kept = (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') ||
                    (ch >= '0' && ch <= '9') || ch == '-' || ch == '.' || ch == '_' || ch == '~';
        if (kept) {
            out[n++] = (char)ch;
        } else {
            out[n++] = '%';
            out[n++] = digits[ch >> 4];
            out[n++] = digits[ch & 15];
        }
    }
    return text_make(out, n);
}

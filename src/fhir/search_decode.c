#include "fhir/search_parse.h"

#include "base/pace.h"

#include <utf8proc.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_utf8(text t)
{
    for (size_t i = 0; i < t.n;) {
        int32_t c;
        if ((unsigned char)t.p[i] < 0x80) {
            i++;
            continue;
        }
        utf8proc_ssize_t n =
            utf8proc_iterate((const unsigned char *)t.p + i, (utf8proc_ssize_t)(t.n - i), &c);
        if (n <= 0) {
            return false;
        }
        i += (size_t)n;
    }
    return true;
}

static int decode(text t, struct arena *a, text *ret, struct err *e)
{
    char *out = arena_alloc(a, t.n + 1);
    size_t n = 0;
    if (!out) {
        return search_no_memory(e);
    }
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < t.n ? hex(t.p[i + 1]) : -1;
            int low = i + 2 < t.n ? hex(t.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                size_t shown = 1; /* without bytes that are no characters */
                while (shown < 3 && i + shown < t.n && (unsigned char)t.p[i + shown] < 0x80) {
                    shown++;
                }
                return err_set(e, ERR_INVALID,
                               "'%.*s' in the query is not an escape of two hexadecimal digits; "
                               "write a percent sign as %%25",
                               TEXT_ARG(text_first(text_from(t, i), shown)));
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0') {
            return err_set(e, ERR_INVALID, "a NUL character in the query; leave it out");
        }
        out[n++] = c;
    }
    text result = text_make(out, n);
    if (!is_utf8(result)) {
        return err_set(e, ERR_INVALID,
                       "the query has bytes that are not UTF-8; encode characters as UTF-8 first");
    }
    *ret = result;
    return 0;
}

int search_decode(text form, const struct limits *limits, struct arena *a,
                  struct search_pair **ret_pairs, size_t *ret_count, struct err *e)
{
    struct search_pair *pairs = arena_zalloc(a, 1, sizeof(*pairs));
    size_t count = 0, capacity = 1;
    text item;
    if (form.n > limits->search_bytes) {
        return err_set(e, ERR_TOO_LARGE,
                       "the query has more than %llu bytes; ask for fewer values at once",
                       (unsigned long long)limits->search_bytes);
    }
    while (pairs && text_cut(&form, '&', &item)) {
        struct search_pair pair;
        if (item.n == 0) {
            continue;
        }
        pace_give_way();
        if (count >= limits->search_parameters) {
            return err_set(e, ERR_INVALID, "the query has more than %llu parameters; send fewer",
                           (unsigned long long)limits->search_parameters);
        }
        size_t equals = text_find(item, '=');
        int code = decode(text_first(item, equals), a, &pair.name, e);
        code = code ? code : decode(text_from(item, equals + 1), a, &pair.value, e);
        if (code) {
            return code;
        }
        if (pair.name.n == 0) {
            return err_set(e, ERR_INVALID, "a parameter of the query has no name before '='");
        }
        pairs = arena_grow(a, pairs, count, &capacity, sizeof(*pairs));
        if (pairs) {
            pairs[count++] = pair;
        }
    }
    if (!pairs) {
        return search_no_memory(e);
    }
    *ret_pairs = pairs;
    *ret_count = count;
    return 0;
}

bool search_cut(text *rest, char separator, text *ret_head)
{
    if (!rest->p) {
        return false;
    }
    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] == '\\') {
            i++;
        } else if (rest->p[i] == separator) {
            *ret_head = text_first(*rest, i);
            *rest = text_make(rest->p + i + 1, rest->n - i - 1);
            return true;
        }
    }
    *ret_head = *rest;
    *rest = (text){0};
    return true;
}

text search_unescape(text t, struct arena *a)
{
    if (text_find(t, '\\') == t.n) {
        return t.n ? t : T("");
    }
    char *out = arena_alloc(a, t.n);
    size_t n = 0;
    for (size_t i = 0; out && i < t.n; i++) {
        if (t.p[i] == '\\' && i + 1 < t.n && memchr(",|$\\", t.p[i + 1], 4)) {
            i++;
        }
        out[n++] = t.p[i];
    }
    return text_make(out, out ? n : 0);
}

text search_folded(text t, struct arena *a)
{
    text plain = search_unescape(t, a);
    return plain.p ? index_fold(plain, a) : plain;
}

text search_escape(text t, struct arena *a)
{
    char *out = arena_alloc(a, 2 * t.n + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < t.n; i++) {
        if (memchr(",|$\\", t.p[i], 4)) {
            out[n++] = '\\';
        }
        out[n++] = t.p[i];
    }
    return text_make(out, out ? n : 0);
}

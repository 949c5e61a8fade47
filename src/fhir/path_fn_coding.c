/* encode(), decode(), escape(), unescape(): "additional string functions" of the versions after
 * N1. What cannot be decoded is no value, as with the conversions. */
#include "fhir/path_run.h"
#include "fhir/path_text.h"

#include <utf8proc.h>

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* --- encode and decode --------------------------------------------------------------------- */

enum coding { CODING_HEX, CODING_BASE64, CODING_URL_BASE64 };

static bool coding_of(text name, enum coding *ret)
{
    static const struct {
        text name;
        enum coding coding;
    } table[] = {
        {T("hex"), CODING_HEX},
        {T("base64"), CODING_BASE64},
        {T("urlbase64"), CODING_URL_BASE64},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (text_eq(name, table[i].name)) {
            *ret = table[i].coding;
            return true;
        }
    }
    return false;
}

static char base64_char(unsigned digit, bool url)
{
    if (url && digit >= 62) {
        return digit == 62 ? '-' : '_';
    }
    return base64_alphabet[digit & 63];
}

/* RFC 4648, 4 and 5; both with padding. */
static void base64_encode(text t, bool url, struct buf *out)
{
    for (size_t i = 0; i < t.n && !buf_failed(out); i += 3) {
        unsigned char bytes[3] = {0, 0, 0};
        size_t n = t.n - i < 3 ? t.n - i : 3;
        memcpy(bytes, t.p + i, n);
        buf_addc(out, base64_char(bytes[0] >> 2, url));
        buf_addc(out, base64_char((bytes[0] & 3u) << 4 | bytes[1] >> 4, url));
        buf_addc(out, n > 1 ? base64_char((bytes[1] & 15u) << 2 | bytes[2] >> 6, url) : '=');
        buf_addc(out, n > 2 ? base64_char(bytes[2] & 63u, url) : '=');
    }
}

static int base64_digit(char c, bool url)
{
    if (url && (c == '-' || c == '_')) {
        return c == '-' ? 62 : 63;
    }
    const char *at = c && !(url && (c == '+' || c == '/')) ? strchr(base64_alphabet, c) : NULL;
    return at ? (int)(at - base64_alphabet) : -1;
}

/* Padding may be missing with the URL's alphabet; bits that are left over must be zero. */
static bool base64_decode(text t, bool url, struct buf *out)
{
    size_t padded = t.n;
    while (t.n && t.p[t.n - 1] == '=' && padded - t.n < 2) {
        t.n--;
    }
    if (t.n % 4 == 1 || (padded != t.n || !url ? padded % 4 != 0 : false)) {
        return false;
    }
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < t.n; i++) {
        int digit = base64_digit(t.p[i], url);
        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_addc(out, (char)(bits >> count & 0xff));
        }
    }
    return (bits & ((1u << count) - 1)) == 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static void hex_encode(text t, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < t.n && !buf_failed(out); i++) {
        buf_addc(out, digits[(unsigned char)t.p[i] >> 4]);
        buf_addc(out, digits[(unsigned char)t.p[i] & 15]);
    }
}

static bool hex_decode(text t, struct buf *out)
{
    if (t.n % 2) {
        return false;
    }
    for (size_t i = 0; i < t.n; i += 2) {
        int high = hex_digit(t.p[i]);
        int low = hex_digit(t.p[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        buf_addc(out, (char)(high << 4 | low));
    }
    return true;
}

/* The text and what is to be done with it; *ret_has = false: one of them is not there. */
static int take(struct path_call *call, text *ret, text *ret_how, bool *ret_has)
{
    bool has_focus = false;
    bool has_how = false;
    int failed = path_text_focus(call, ret, &has_focus);
    failed = failed ? failed : path_text_arg(call, 0, ret_how, &has_how);
    *ret_has = has_focus && has_how;
    return failed;
}

static int unknown(struct path_call *call, text how, const char *known)
{
    return path_fail(call->run, call->term, ERR_INVALID,
                     "%.*s() does not know \"%.*s\"; it takes %s", TEXT_ARG(call->term->name),
                     TEXT_ARG(text_short(how, 32)), known);
}

int path_fn_encode(struct path_call *call, struct path_items *ret)
{
    text t;
    text how;
    bool has = false;
    enum coding coding;
    int failed = take(call, &t, &how, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    if (!coding_of(how, &coding)) {
        return unknown(call, how, "'base64', 'urlbase64' or 'hex'");
    }
    struct buf out;
    buf_init(&out, PATH_TEXT_MAX);
    if (coding == CODING_HEX) {
        hex_encode(t, &out);
    } else {
        base64_encode(t, coding == CODING_URL_BASE64, &out);
    }
    return path_text_made(call, &out, ret);
}

int path_fn_decode(struct path_call *call, struct path_items *ret)
{
    text t;
    text how;
    bool has = false;
    enum coding coding;
    int failed = take(call, &t, &how, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    if (!coding_of(how, &coding)) {
        return unknown(call, how, "'base64', 'urlbase64' or 'hex'");
    }
    struct buf out;
    buf_init(&out, PATH_TEXT_MAX);
    bool ok = coding == CODING_HEX ? hex_decode(t, &out)
                                   : base64_decode(t, coding == CODING_URL_BASE64, &out);
    if (!ok || !path_text_utf8(buf_text(&out))) {
        buf_done(&out);
        return path_nothing(ret);
    }
    return path_text_made(call, &out, ret);
}

/* --- escape and unescape ------------------------------------------------------------------- */

static const struct {
    char c;
    text entity;
} html_entities[] = {
    {'<', T("&lt;")}, {'>', T("&gt;")}, {'&', T("&amp;")}, {'"', T("&quot;")}, {'\'', T("&#39;")},
};
enum { HTML_ENTITIES = sizeof html_entities / sizeof html_entities[0] };

static void html_escape(text t, struct buf *out)
{
    for (size_t i = 0; i < t.n && !buf_failed(out); i++) {
        size_t k = 0;
        while (k < HTML_ENTITIES && html_entities[k].c != t.p[i]) {
            k++;
        }
        if (k < HTML_ENTITIES) {
            buf_add(out, html_entities[k].entity);
        } else {
            buf_addc(out, t.p[i]);
        }
    }
}

static bool add_character(uint32_t c, struct buf *out)
{
    utf8proc_uint8_t bytes[4];
    if (c == 0 || !utf8proc_codepoint_valid((utf8proc_int32_t)c)) {
        return false;
    }
    utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)c, bytes);
    buf_add(out, text_make((const char *)bytes, (size_t)n));
    return true;
}

/* What stands between & and ; as a number: #60 or #x3c. */
static bool html_number(text t, struct buf *out)
{
    enum { DIGITS_MOST = 7 };
    bool hex = t.n > 1 && (t.p[1] == 'x' || t.p[1] == 'X');
    text digits = text_from(t, hex ? 2 : 1);
    if (t.n == 0 || t.p[0] != '#' || digits.n == 0 || digits.n > DIGITS_MOST) {
        return false;
    }
    uint32_t c = 0;
    for (size_t i = 0; i < digits.n; i++) {
        int digit = hex_digit(digits.p[i]);
        if (digit < 0 || (!hex && digit > 9)) {
            return false;
        }
        c = c * (hex ? 16 : 10) + (uint32_t)digit;
    }
    return add_character(c, out);
}

/* The entity at the start of t, which is at &; the bytes that it takes, 0: it is none. */
static size_t html_entity(text t, struct buf *out)
{
    enum { NAME_MOST = 10 };
    size_t end = text_find(text_first(t, NAME_MOST + 1), ';');
    if (end >= t.n || t.p[end] != ';') {
        return 0;
    }
    text whole = text_first(t, end + 1);
    for (size_t k = 0; k < HTML_ENTITIES; k++) {
        if (text_eq(whole, html_entities[k].entity)) {
            buf_addc(out, html_entities[k].c);
            return whole.n;
        }
    }
    if (text_eq(whole, T("&apos;")) || text_eq(whole, T("&nbsp;"))) {
        buf_add(out, whole.p[1] == 'a' ? T("'") : T("\xC2\xA0"));
        return whole.n;
    }
    return html_number(text_make(t.p + 1, end - 1), out) ? whole.n : 0;
}

static void html_unescape(text t, struct buf *out)
{
    for (size_t i = 0; i < t.n && !buf_failed(out);) {
        size_t n = t.p[i] == '&' ? html_entity(text_from(t, i), out) : 0;
        if (n == 0) {
            buf_addc(out, t.p[i]);
            n = 1;
        }
        i += n;
    }
}

/* RFC 8259, 7, without the quotes around. */
static void json_escape(text t, struct buf *out)
{
    struct buf quoted;
    buf_init(&quoted, PATH_TEXT_MAX);
    json_write_string(t, &quoted);
    if (buf_failed(&quoted)) {
        out->failed = true;
    } else {
        buf_add(out, text_make(quoted.p + 1, quoted.n - 2));
    }
    buf_done(&quoted);
}

static bool four_hex(text t, uint32_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < t.n ? hex_digit(t.p[i]) : -1;
        if (digit < 0) {
            return false;
        }
        *ret = *ret << 4 | (uint32_t)digit;
    }
    return true;
}

/* Behind \u; the bytes that it takes, surrogate pair included; 0: wrong. */
static size_t json_unicode(text t, struct buf *out)
{
    uint32_t c;
    uint32_t low;
    size_t n = 4;
    if (!four_hex(t, &c)) {
        return 0;
    }
    if (c >= 0xD800 && c < 0xDC00) {
        if (!text_starts(text_from(t, 4), T("\\u")) || !four_hex(text_from(t, 6), &low) ||
            low < 0xDC00 || low > 0xDFFF) {
            return 0;
        }
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        n = 10;
    }
    return add_character(c, out) ? n : 0;
}

/* Quotes that stand bare are left: a text of FHIRPath has lost their backslashes before it comes
 * here. */
static bool json_unescape(text t, struct buf *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    for (size_t i = 0; i < t.n && !buf_failed(out);) {
        if (t.p[i] != '\\') {
            buf_addc(out, t.p[i++]);
            continue;
        }
        char c = i + 1 < t.n ? t.p[i + 1] : '\0';
        const char *at = c ? strchr(from, c) : NULL;
        i += 2;
        if (at) {
            buf_addc(out, to[at - from]);
        } else {
            size_t n = c == 'u' ? json_unicode(text_from(t, i), out) : 0;
            if (n == 0) {
                return false;
            }
            i += n;
        }
    }
    return true;
}

/* *ret_html: else JSON. */
static int take_escaping(struct path_call *call, text *ret, bool *ret_html, bool *ret_has)
{
    text how;
    int failed = take(call, ret, &how, ret_has);
    *ret_html = !failed && *ret_has && text_eq(how, T("html"));
    return failed || !*ret_has || *ret_html || text_eq(how, T("json"))
               ? failed
               : unknown(call, how, "'html' or 'json'");
}

int path_fn_escape(struct path_call *call, struct path_items *ret)
{
    text t;
    bool html = false;
    bool has = false;
    int failed = take_escaping(call, &t, &html, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    struct buf out;
    buf_init(&out, PATH_TEXT_MAX);
    if (html) {
        html_escape(t, &out);
    } else {
        json_escape(t, &out);
    }
    return path_text_made(call, &out, ret);
}

int path_fn_unescape(struct path_call *call, struct path_items *ret)
{
    text t;
    bool html = false;
    bool has = false;
    int failed = take_escaping(call, &t, &html, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    struct buf out;
    buf_init(&out, PATH_TEXT_MAX);
    if (html) {
        html_unescape(t, &out);
    } else if (!json_unescape(t, &out)) {
        buf_done(&out);
        return path_nothing(ret);
    }
    return path_text_made(call, &out, ret);
}

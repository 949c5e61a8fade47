/*
 * Bytes from outside as a narrative, and as text on a page. What is written is read again by other
 * rules than those by which it was written: only elements and attributes that a page may have, each
 * closed in order, no address but one that a link may have, and no character of markup in between.
 */
#include "fhir/narrative.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { BYTES_MAX = 64 * 1024, MEMORY = 64 * 1024 * 1024, DEPTH = 200 };

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static bool is_among(text name, const char *list)
{
    text rest = text_of(list);
    text one;
    while (text_cut(&rest, ' ', &one)) {
        if (text_eq(name, one)) {
            return true;
        }
    }
    return false;
}

static text until(text *rest, const char *stops)
{
    size_t n = 0;
    while (n < rest->n && !strchr(stops, rest->p[n])) {
        n++;
    }
    text head = text_first(*rest, n);
    *rest = text_from(*rest, n);
    return head;
}

static void check_attribute(text name, text value)
{
    CHECK(is_among(name, "lang dir title colspan rowspan scope href rel"));
    if (text_eq(name, T("href"))) {
        text scheme = until(&value, ":");
        CHECK(text_eq_nocase(scheme, T("https")) || text_eq_nocase(scheme, T("http")) ||
              text_eq_nocase(scheme, T("mailto")) || text_eq_nocase(scheme, T("tel")));
    }
}

/* Behind "<name". */
static void check_attributes(text *rest)
{
    while (rest->n && rest->p[0] == ' ') {
        *rest = text_from(*rest, 1);
        text name = until(rest, "=");
        CHECK(text_starts(*rest, T("=\"")));
        *rest = text_from(*rest, 2);
        text value = until(rest, "\"<>");
        CHECK(rest->n && rest->p[0] == '"');
        *rest = text_from(*rest, 1);
        check_attribute(name, value);
    }
    CHECK(rest->n && rest->p[0] == '>');
    *rest = text_from(*rest, 1);
}

static void check_page(text rest)
{
    text open[DEPTH];
    size_t depth = 0;
    while (rest.n) {
        text words = until(&rest, "<");
        CHECK(!memchr(words.p, '>', words.n) && !memchr(words.p, '\0', words.n));
        if (text_starts(rest, T("</"))) {
            rest = text_from(rest, 2);
            text name = until(&rest, ">");
            CHECK(depth && text_eq(name, open[depth - 1]));
            depth--;
            rest = text_from(rest, 1);
        } else if (rest.n) {
            rest = text_from(rest, 1);
            text name = until(&rest, " >");
            CHECK(is_among(name,
                           "section a abbr address b bdo blockquote br caption cite code dd del "
                           "dfn div dl dt em h3 h4 h5 h6 hr i ins kbd li ol p pre q s samp "
                           "small strong sub sup table tbody td tfoot th thead tr u ul var"));
            CHECK(depth < DEPTH);
            if (!is_among(name, "br hr")) {
                open[depth++] = name;
            }
            check_attributes(&rest);
        }
    }
    CHECK(depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct buf out;
    struct html h;
    struct err e = {0};
    text bytes = text_make((const char *)data, n);
    if (n > BYTES_MAX) {
        return 0;
    }
    arena_init(&a, MEMORY);
    buf_init(&out, MEMORY);
    html_init(&h, &out);
    html_open(&h, "section");
    int rc = narrative_write(bytes, 2, bytes, &a, &h, &e);
    CHECK(!rc || out.n == T("<section").n); /* what is none writes nothing */
    html_text(&h, bytes);
    html_close(&h);
    CHECK(html_is_whole(&h));
    check_page(buf_text(&out));
    buf_done(&out);
    arena_done(&a);
    return 0;
}

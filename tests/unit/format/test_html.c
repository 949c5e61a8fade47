/* HTML out: what is text stays text, wherever it stands; what acts or leads elsewhere is refused.
 */
#include "format/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MOST = 64 * 1024 };

struct fixture {
    struct buf out;
    struct html h;
};

static void begin(struct fixture *f)
{
    buf_init(&f->out, MOST);
    html_init(&f->h, &f->out);
}

static void is_then(struct fixture *f, const char *expected)
{
    if (!html_is_whole(&f->h) || !text_eq(buf_text(&f->out), text_of(expected))) {
        fail_msg("is %.*s, should be %s", TEXT_ARG(buf_text(&f->out)), expected);
    }
    buf_done(&f->out);
}

static void a_page(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    html_begin(&f.h, T("cy"));
    html_open(&f.h, "body");
    html_open(&f.h, "p");
    html_attribute(&f.h, "class", T("note"));
    html_text(&f.h, T("one"));
    html_open(&f.h, "br");
    html_text(&f.h, T("two "));
    html_open(&f.h, "a");
    html_attribute(&f.h, "href", T("/plain/?a=1&b=2"));
    html_text(&f.h, T("three"));
    html_close_to(&f.h, 0);
    is_then(&f, "<!DOCTYPE html>\n<html lang=\"cy\"><body><p class=\"note\">one<br>two <a "
                "href=\"/plain/?a=1&amp;b=2\">three</a></p>\n</body>\n</html>\n");
}

static void text_stays_text(void **state)
{
    static const struct {
        text in;
        const char *out;
    } cases[] = {
        {T("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {T("\"><img src=x onerror=y>"), "&quot;&gt;&lt;img src=x onerror=y&gt;"},
        {T("' onmouseover='x"), "&#39; onmouseover=&#39;x"},
        {T("&amp; &lt;"), "&amp;amp; &amp;lt;"},
        {T("a\tb\nc\rd"), "a\tb\nc d"},
        {T("\0\x01\x7F\xC2\x85 x"), "     x"},
        {T("Łukaszewicz 😀 مرحبا"), "Łukaszewicz 😀 مرحبا"},
        {T("\xFF\xC0\xAF\xED\xA0\x80\xF4\x90\x80\x80\xE2\x82"),
         "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"},
        {T(""), ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        char expected[400];
        begin(&f);
        html_open(&f.h, "p");
        html_attribute(&f.h, "title", cases[i].in);
        html_text(&f.h, cases[i].in);
        html_close(&f.h);
        (void)snprintf(expected, sizeof expected, "<p title=\"%s\">%s</p>\n", cases[i].out,
                       cases[i].out);
        is_then(&f, expected);
    }
}

static void what_acts_is_refused(void **state)
{
    static const char *const elements[] = {"script", "style",    "iframe", "object", "embed",
                                           "svg",    "template", "B",      "a b",    "a>",
                                           "",       "1a",       "a\"",    "math",   "base"};
    static const struct {
        const char *name;
        const char *value;
    } attributes[] = {
        {"onclick", "x"},
        {"onload", ""},
        {"style", "color:red"},
        {"srcdoc", "x"},
        {"http-equiv", "refresh"},
        {"formaction", "/x"},
        {"Href", "/x"},
        {"a b", "x"},
        {"href", "javascript:alert(1)"},
        {"href", "JaVaScRiPt:alert(1)"},
        {"href", "java\tscript:alert(1)"},
        {"href", " javascript:alert(1)"},
        {"href", "data:text/html,x"},
        {"href", "vbscript:x"},
        {"href", "//elsewhere.example"},
        {"href", "/\\elsewhere.example"},
        {"href", "record"},
        {"href", ""},
        {"href", "https://"},
        {"src", "https://elsewhere.example/pixel.png"},
        {"src", "//elsewhere.example/pixel.png"},
        {"action", "https://elsewhere.example/"},
        {"action", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        struct fixture f;
        begin(&f);
        html_open(&f.h, elements[i]);
        assert_true(buf_failed(&f.out));
        buf_done(&f.out);
    }
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        struct fixture f;
        begin(&f);
        html_open(&f.h, "a");
        html_attribute(&f.h, attributes[i].name, text_of(attributes[i].value));
        if (!buf_failed(&f.out)) {
            fail_msg("%s=%s is let through", attributes[i].name, attributes[i].value);
        }
        buf_done(&f.out);
    }
}

static void links_that_may_stand(void **state)
{
    static const char *const links[] = {"/",
                                        "/plain/x",
                                        "#main",
                                        "?page=2",
                                        "https://nhs.uk",
                                        "HTTP://nhs.uk",
                                        "mailto:a@b.example",
                                        "tel:111"};
    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        assert_true(html_is_link(text_of(links[i])));
    }
}

/* A mistake of the program shows as a page that is not sent, not as one that is broken. */
static void mistakes_are_seen(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    html_close(&f.h);
    assert_true(buf_failed(&f.out));
    buf_done(&f.out);
    begin(&f);
    html_open(&f.h, "p");
    html_text(&f.h, T("x"));
    html_attribute(&f.h, "class", T("late"));
    assert_true(buf_failed(&f.out));
    buf_done(&f.out);
    begin(&f);
    html_open(&f.h, "p");
    assert_false(html_is_whole(&f.h));
    buf_done(&f.out);
    begin(&f);
    for (int i = 0; i <= HTML_DEPTH_MOST; i++) {
        html_open(&f.h, "div");
    }
    assert_true(buf_failed(&f.out));
    html_close_to(&f.h, 0); /* ends */
    buf_done(&f.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page),
        cmocka_unit_test(text_stays_text),
        cmocka_unit_test(what_acts_is_refused),
        cmocka_unit_test(links_that_may_stand),
        cmocka_unit_test(mistakes_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

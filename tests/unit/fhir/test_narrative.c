/* Narratives on a page (R4 narrative.html#rules): what may stand in one is written anew, and
 * nothing that acts, asks for something from elsewhere or closes what is around it comes through.
 */
#include "fhir/narrative.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MOST = 1024 * 1024, MEMORY = 16 * 1024 * 1024 };

#define DIV(inside) "<div xmlns=\"http://www.w3.org/1999/xhtml\">" inside "</div>"

/* What comes of it inside <section>; its code. */
static int written(const char *div, const char *caption, struct buf *out)
{
    struct arena a;
    struct html h;
    struct err e = {0};
    arena_init(&a, MEMORY);
    buf_init(out, MOST);
    html_init(&h, out);
    html_open(&h, "section");
    int rc = narrative_write(text_of(div), 2, text_of(caption), &a, &h, &e);
    html_close(&h);
    assert_true(html_is_whole(&h));
    arena_done(&a);
    return rc;
}

static void becomes(const char *div, const char *caption, const char *expected)
{
    struct buf out;
    int rc = written(div, caption, &out);
    text inside = buf_text(&out);
    if (rc || !text_starts(inside, T("<section><div")) ||
        !text_ends(inside, T("</div>\n</section>\n"))) {
        fail_msg("%s: %d %.*s", div, rc, TEXT_ARG(inside));
    }
    inside = text_make(inside.p + T("<section>").n, inside.n - T("<section></section>\n").n);
    if (!text_eq(inside, text_of(expected))) {
        fail_msg("%s\nis     %.*s\nshould %s", div, TEXT_ARG(inside), expected);
    }
    buf_done(&out);
}

static void what_stays(void **state)
{
    (void)state;
    becomes(DIV("<p>A <b>dry</b> cough<br/>for 3 weeks &amp; 2&nbsp;days</p>"), "",
            "<div><p>A <b>dry</b> cough<br>for 3 weeks &amp; 2\u00A0days</p>\n</div>\n");
    becomes(DIV("<ul><li>one</li><li lang=\"cy\">dau</li></ul>"), "",
            "<div><ul><li>one</li>\n<li lang=\"cy\">dau</li>\n</ul>\n</div>\n");
    becomes(
        DIV("<table><thead><tr><th>Test</th></tr></thead><tbody><tr><th>a</th><td colspan=\"2\" "
            "class=\"x\" id=\"y\" style=\"color:red\">1</td></tr></tbody></table>"),
        "Results",
        "<div><table><caption>Results</caption>\n<thead><tr><th scope=\"col\">Test</th>\n"
        "</tr>\n</thead>\n<tbody><tr><th scope=\"row\">a</th>\n<td colspan=\"2\">1</td>\n"
        "</tr>\n</tbody>\n</table>\n</div>\n");
    becomes(DIV("<table><caption>own</caption><tr><td>1</td></tr></table>"), "other",
            "<div><table><caption>own</caption>\n<tr><td>1</td>\n</tr>\n</table>\n</div>\n");
    becomes(DIV("<a href=\"https://nhs.uk/x\" title=\"t\">more</a>"), "",
            "<div><a title=\"t\" href=\"https://nhs.uk/x\" rel=\"nofollow noopener "
            "noreferrer\">more</a></div>\n");
    becomes(DIV("<center><tt>x</tt><strike>y</strike></center>"), "",
            "<div><div><code>x</code><s>y</s>\n</div>\n</div>\n");
}

/* Below the heading of the page (h2), without a gap. */
static void headings(void **state)
{
    (void)state;
    becomes(DIV("<h1>a</h1><h2>b</h2><h6>c</h6><h1>d</h1>"), "",
            "<div><h3>a</h3>\n<h4>b</h4>\n<h5>c</h5>\n<h3>d</h3>\n</div>\n");
    becomes(DIV("<h4>a</h4><h5>b</h5>"), "", "<div><h3>a</h3>\n<h4>b</h4>\n</div>\n");
}

static void what_goes(void **state)
{
    (void)state;
    becomes(DIV("<p><img src=\"https://spy.example/p.png\" alt=\"a picture\"/></p>"), "",
            "<div><p>a picture</p>\n</div>\n");
    becomes(DIV("<p><img src=\"#photo\"/></p>"), "", "<div><p></p>\n</div>\n");
    becomes(DIV("<a href=\"Patient/1\">a</a><a href=\"#b\" name=\"c\">b</a>"), "",
            "<div><a>a</a><a>b</a></div>\n");
    becomes(DIV("<a href=\"ftp://x.example/\">a</a>"), "", "<div><a>a</a></div>\n");
    becomes(DIV("<!-- <b>hidden</b> --><p>x<!-- y --></p>"), "", "<div><p>x</p>\n</div>\n");
    becomes(DIV("<font color=\"red\">loud</font>"), "", "<div>loud </div>\n");
    becomes(DIV("<p id=\"main\" class=\"problem\" dir=\"evil\" lang=\"a b\" title=\"\">x</p>"), "",
            "<div><p>x</p>\n</div>\n");
    becomes(DIV("<map><area href=\"https://x.example/\"/></map>y"), "", "<div>y</div>\n");
    becomes("<div xmlns=\"http://www.w3.org/1999/xhtml\"><svg xmlns=\"http://www.w3.org/2000/svg\">"
            "<a>x</a></svg>y</div>",
            "", "<div>y</div>\n");
}

/* Cells, rows and items alone would let a browser close the page's own. */
static void strays(void **state)
{
    (void)state;
    becomes(DIV("<li>a</li><td>b</td><tr><td>c</td></tr><dd>d</dd><caption>e</caption>"), "",
            "<div>a b c  d e </div>\n");
    becomes(DIV("<ul><td>a</td></ul>"), "", "<div><ul>a </ul>\n</div>\n");
}

/* None of these is a narrative: nothing is written. */
static void what_is_none(void **state)
{
    static const char *const bad[] = {
        "",
        "text",
        "<p>no div</p>",
        DIV("<script>alert(1)</script>"),
        DIV("<p onclick=\"x()\">x</p>"),
        DIV("<p ONCLICK=\"x()\">x</p>"),
        DIV("<a href=\"javascript:x()\">x</a>"),
        DIV("<a href=\"java&#115;cript:x()\">x</a>"),
        DIV("<a href=\" jAvascript:x()\">x</a>"),
        DIV("<iframe src=\"/x\"></iframe>"),
        DIV("<form action=\"/plain/sign-out\"><input name=\"x\"/></form>"),
        DIV("<style>p{display:none}</style>"),
        DIV("<object data=\"x\"></object>"),
        DIV("<p>x"),
        DIV("<p>x</b>"),
        DIV("</div><script>x</script><div>"),
        DIV("<![CDATA[<script>x</script>]]>"),
        "<!DOCTYPE html><div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>",
        "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div><script>y</script>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf out;
        int rc = written(bad[i], "", &out);
        if (!rc || !text_eq(buf_text(&out), T("<section></section>\n"))) {
            fail_msg("%s: %d %.*s", bad[i], rc, TEXT_ARG(buf_text(&out)));
        }
        buf_done(&out);
    }
}

static void too_much(void **state)
{
    struct buf div;
    struct buf out;
    (void)state;
    buf_init(&div, 4 * MOST);
    buf_add(&div, T("<div xmlns=\"http://www.w3.org/1999/xhtml\">"));
    while (div.n <= NARRATIVE_BYTES_MOST) {
        buf_add(&div, T("<p>and so on</p>"));
    }
    buf_add(&div, T("</div>"));
    buf_addc(&div, '\0');
    assert_int_equal(written(div.p, "", &out), ERR_TOO_LARGE);
    buf_done(&out);
    buf_clear(&div);
    buf_add(&div, T("<div xmlns=\"http://www.w3.org/1999/xhtml\">"));
    for (int i = 0; i < 500; i++) {
        buf_add(&div, T("<div>"));
    }
    for (int i = 0; i < 501; i++) {
        buf_add(&div, T("</div>"));
    }
    buf_addc(&div, '\0');
    assert_int_not_equal(written(div.p, "", &out), 0);
    buf_done(&out);
    buf_done(&div);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays), cmocka_unit_test(headings),     cmocka_unit_test(what_goes),
        cmocka_unit_test(strays),     cmocka_unit_test(what_is_none), cmocka_unit_test(too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

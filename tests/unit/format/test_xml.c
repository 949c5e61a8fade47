/* XML 1.0 in and out: what is refused and where, the tree, its bytes, characters, threads. */
#include "format/xml.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { DEPTH = 8, MEMORY = 4 * 1024 * 1024, THREADS = 4, ROUNDS = 200 };

static const struct xml_node *must_read(const char *xml, struct arena *a)
{
    struct err e = {0};
    const struct xml_node *root = NULL;
    if (xml_read(text_of(xml), DEPTH, a, &root, &e)) {
        fail_msg("%s: %s", xml, e.detail);
    }
    return root;
}

static void refuses_and_says_where(void **state)
{
    (void)state;
    static const struct {
        text xml;
        int code;
        const char *says;
    } cases[] = {
        {T(""), ERR_SYNTAX, "empty"},
        {T(" \n"), ERR_SYNTAX, "empty"},
        {T("\xEF\xBB\xBF"), ERR_SYNTAX, "empty"},
        {T("{}"), ERR_SYNTAX, "line 1"},
        {T("<a>"), ERR_SYNTAX, "line 1"},
        {T("<a>\n<b></a>"), ERR_SYNTAX, "line 2, column"},
        {T("<a/><b/>"), ERR_SYNTAX, "line 1"},
        {T("<a/>x"), ERR_SYNTAX, "line 1"},
        {T("<a b='1' b='2'/>"), ERR_SYNTAX, "line 1"},
        {T("<a b='<'/>"), ERR_SYNTAX, "line 1"},
        {T("<a b=1/>"), ERR_SYNTAX, "line 1"},
        {T("<a>]]></a>"), ERR_SYNTAX, "line 1"},
        {T("<a>&nbsp;</a>"), ERR_SYNTAX, "nbsp"},
        {T("<a b='&x;'/>"), ERR_SYNTAX, "line 1"},
        {T("<a>&#0;</a>"), ERR_SYNTAX, "line 1"},
        {T("<a>&#xFFFF;</a>"), ERR_SYNTAX, "line 1"},
        {T("<a>\x01</a>"), ERR_SYNTAX, "line 1"},
        {T("<p:a/>"), ERR_SYNTAX, "line 1"},
        {T("<a p:b='1'/>"), ERR_SYNTAX, "line 1"},
        {T("<!DOCTYPE a><a/>"), ERR_SYNTAX, "line 1, column 1"},
        {T("<?xml version='1.0'?>\n<!-- <a/> -->\n  <!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"),
         ERR_SYNTAX, "DOCTYPE) stands there; leave it out at line 3, column 3"},
        {T("<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]><a>&c;</a>"), ERR_SYNTAX, "DOCTYPE"},
        {T("<!ENTITY b 'b'><a/>"), ERR_SYNTAX, "DOCTYPE"},
        {T("<a><!DOCTYPE b></a>"), ERR_SYNTAX, "line 1"},
        {T("<?xml-stylesheet href='x'?><a/>"), ERR_SYNTAX, "processing instruction"},
        {T("<a><?php 1?></a>"), ERR_SYNTAX, "processing instruction"},
        {T("<a/><?b?>"), ERR_SYNTAX, "processing instruction"},
        {T("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"), ERR_SYNTAX, "UTF-8"},
        {T("<?xml version='1.0' encoding = \"utf-16\"?><a/>"), ERR_SYNTAX, "UTF-8"},
        {T("<?xml version='1.0' encoding?><a/>"), ERR_SYNTAX, "UTF-8"},
        {T("<a>\xE9</a>"), ERR_SYNTAX, "UTF-8: a byte that cannot stand there at line 1, column 4"},
        {T("<a>\xC0\xBC</a>"), ERR_SYNTAX, "UTF-8"},
        {T("<a>\xE0\x80\xBC</a>"), ERR_SYNTAX, "UTF-8"},
        {T("<a>\xED\xA0\x80</a>"), ERR_SYNTAX, "UTF-8"},
        {T("<a>\xF4\x90\x80\x80</a>"), ERR_SYNTAX, "UTF-8"},
        {T("<a>\xF0\x80\x80\x80</a>"), ERR_SYNTAX, "UTF-8"},
        {T("<a>\xE2\x82"), ERR_SYNTAX, "UTF-8"},
        {T("<\0a\0/\0>\0"), ERR_SYNTAX, "UTF-8"},
        {T("\xFF\xFE<\0a\0/\0>\0"), ERR_SYNTAX, "UTF-8"},
        {T("<a><b><c><d><e><f><g><h>\n<i/></h></g></f></e></d></c></b></a>"), ERR_INVALID,
         "line 2: elements are nested more than 8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a;
        struct err e = {0};
        const struct xml_node *root = NULL;
        arena_init(&a, MEMORY);
        int rc = xml_read(cases[i].xml, DEPTH, &a, &root, &e);
        if (rc != cases[i].code || !strstr(e.detail, cases[i].says) || root) {
            fail_msg("%s: %d %s", cases[i].xml.p, rc, e.detail);
        }
        arena_done(&a);
    }
}

static void assert_text(text is, const char *should)
{
    if (!text_eq(is, text_of(should))) {
        fail_msg("is '%.*s', should be '%s'", TEXT_ARG(is), should);
    }
}

static void reads_a_tree(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MEMORY);
    const struct xml_node *root =
        must_read("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- a -->\n"
                  "<a xmlns='u:a' id=\"&lt;&#233;&amp;\">x&amp;<![CDATA[<y>]]>"
                  "<!--c--><p:b\n xmlns:p='u:b' p:q=' 1&#10;2 ' q=''/></a> <!-- z -->\n",
                  &a);
    assert_text(root->name, "a");
    assert_text(root->space, "u:a");
    assert_int_equal(root->line, 3);
    assert_true(root->declares && root->prefixed);
    assert_text(xml_attribute_of(root, T("id")), "<\xC3\xA9&");
    assert_null(xml_attribute_of(root, T("no")).p);
    const struct xml_node *child = root->first;
    assert_int_equal(child->kind, XML_TEXT);
    assert_text(child->chars, "x&<y>");
    child = child->next;
    assert_int_equal(child->kind, XML_COMMENT);
    assert_text(child->chars, "c");
    child = child->next;
    assert_text(child->name, "b");
    assert_text(child->space, "u:b");
    assert_true(child->prefixed && !child->declares);
    assert_text(child->source, "<p:b\n xmlns:p='u:b' p:q=' 1&#10;2 ' q=''/>");
    assert_text(child->attributes->space, "u:b");
    assert_text(child->attributes->value, " 1\n2 ");
    assert_text(xml_attribute_of(child, T("q")), "");
    assert_null(child->next);
    arena_done(&a);
}

/* The parser moves its window over a long document: the bytes of an element stay the right ones. */
static void knows_the_bytes_of_elements(void **state)
{
    (void)state;
    struct arena a;
    struct buf xml;
    struct err e = {0};
    const struct xml_node *root = NULL;
    arena_init(&a, 64 * 1024 * 1024);
    buf_init(&xml, MEMORY);
    buf_add(&xml, T("<a>"));
    for (unsigned i = 0; i < 20000; i++) {
        buf_printf(&xml, "<b c='%u > \xC3\xA9'>%*s%u</b >\n", i, (int)(i % 90), "", i);
    }
    buf_add(&xml, T("</a>"));
    assert_int_equal(xml_read(buf_text(&xml), DEPTH, &a, &root, &e), 0);
    unsigned i = 0;
    for (const struct xml_node *b = root->first; b; b = b->next) {
        if (b->kind == XML_ELEMENT) {
            char should[200];
            (void)snprintf(should, sizeof should, "<b c='%u > \xC3\xA9'>%*s%u</b >", i,
                           (int)(i % 90), "", i);
            assert_text(b->source, should);
            assert_int_equal(b->line, i + 1);
            i++;
        }
    }
    assert_int_equal(i, 20000);
    assert_true(text_eq(root->source, buf_text(&xml)));
    buf_done(&xml);
    arena_done(&a);
}

/* What a parser may compare each with each is bounded. */
static void bounds_attributes_and_namespaces(void **state)
{
    (void)state;
    for (unsigned count = 64; count <= 65; count++) {
        struct arena a;
        struct buf xml;
        struct err e = {0};
        const struct xml_node *root = NULL;
        arena_init(&a, MEMORY);
        buf_init(&xml, MEMORY);
        buf_add(&xml, T("<!-- ' -->\n<a "));
        for (unsigned i = 0; i < count; i++) {
            buf_printf(&xml, " a%u='>=' ", i);
        }
        buf_add(&xml, T("><![CDATA[<b '=]]></a>"));
        assert_int_equal(xml_read(buf_text(&xml), DEPTH, &a, &root, &e),
                         count <= 64 ? 0 : ERR_SYNTAX);
        assert_true(count <= 64 || strstr(e.detail, "line 2, column 1"));
        buf_clear(&xml);
        for (unsigned i = 0; i < DEPTH; i++) {
            buf_add(&xml, T("<a"));
            for (unsigned k = 0; k < count - 32; k++) {
                buf_printf(&xml, " xmlns:a%u_%u='u'", i, k);
            }
            buf_addc(&xml, '>');
        }
        for (unsigned i = 0; i < DEPTH; i++) {
            buf_add(&xml, T("</a>"));
        }
        assert_int_equal(xml_read(buf_text(&xml), DEPTH, &a, &root, &e),
                         count <= 64 ? 0 : ERR_INVALID);
        buf_done(&xml);
        arena_done(&a);
    }
}

static void bounds_different_names(void **state)
{
    (void)state;
    for (unsigned count = 5000; count <= 10000; count += 5000) {
        struct arena a;
        struct buf xml;
        struct err e = {0};
        const struct xml_node *root = NULL;
        arena_init(&a, 4 * MEMORY);
        buf_init(&xml, MEMORY);
        buf_add(&xml, T("<a>\n"));
        for (unsigned i = 0; i < count; i++) {
            buf_printf(&xml, "<a%u/>", i);
        }
        buf_add(&xml, T("</a>"));
        assert_int_equal(xml_read(buf_text(&xml), DEPTH, &a, &root, &e),
                         count < 8192 ? 0 : ERR_INVALID);
        assert_true(count < 8192 || strstr(e.detail, "line 2: there are more than 8192 different"));
        buf_done(&xml);
        arena_done(&a);
    }
}

static void stops_at_the_cap_of_memory(void **state)
{
    (void)state;
    struct buf xml;
    buf_init(&xml, MEMORY);
    buf_add(&xml, T("<a>"));
    for (int i = 0; i < 20000; i++) {
        buf_add(&xml, T("<b c='d'>e</b>"));
    }
    buf_add(&xml, T("</a>"));
    for (size_t cap = 1024; cap < 2 * 1024 * 1024; cap *= 4) {
        struct arena a;
        struct err e = {0};
        const struct xml_node *root = NULL;
        arena_init(&a, cap);
        assert_int_equal(xml_read(buf_text(&xml), DEPTH, &a, &root, &e), ERR_MEMORY);
        arena_done(&a);
    }
    buf_done(&xml);
}

static void writes_characters(void **state)
{
    (void)state;
    static const struct {
        text t;
        const char *in_text;
        const char *in_attribute;
    } cases[] = {
        {T("a<b>&\"'c"), "a&lt;b&gt;&amp;\"'c", "a&lt;b&gt;&amp;&quot;'c"},
        {T(" \t\r\n "), " \t&#13;\n ", " &#9;&#13;&#10; "},
        {T("\xC3\xA9\xEF\xBF\xBD\xF0\x9F\x98\x80"), "\xC3\xA9\xEF\xBF\xBD\xF0\x9F\x98\x80",
         "\xC3\xA9\xEF\xBF\xBD\xF0\x9F\x98\x80"},
        {T(""), "", ""},
        {T("a\x01"), NULL, NULL},
        {T("a\0"), NULL, NULL},
        {T("\xEF\xBF\xBE"), NULL, NULL},
        {T("\xEF\xBF\xBF"), NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int attribute = 0; attribute < 2; attribute++) {
            struct buf out;
            const char *should = attribute ? cases[i].in_attribute : cases[i].in_text;
            buf_init(&out, 1000);
            assert_int_equal(xml_write_chars(cases[i].t, attribute, &out), should != NULL);
            assert_text(buf_text(&out), should ? should : "");
            buf_done(&out);
        }
    }
}

static void *read_often(void *context)
{
    size_t *right = context;
    for (int i = 0; i < ROUNDS; i++) {
        struct arena a;
        struct err e = {0};
        const struct xml_node *root = NULL;
        arena_init(&a, MEMORY);
        bool good = xml_read(T("<a xmlns='u'><b c='&lt;'/></a>"), DEPTH, &a, &root, &e) == 0 &&
                    text_eq(xml_attribute_of(root->first, T("c")), T("<"));
        bool bad = xml_read(T("<a>\n</b>"), DEPTH, &a, &root, &e) == ERR_SYNTAX &&
                   strstr(e.detail, "line 2");
        *right += good && bad;
        arena_done(&a);
    }
    return NULL;
}

static void serves_several_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    size_t right[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, &right[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(right[i], ROUNDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_several_threads), /* first: it is the one that finds nothing made */
        cmocka_unit_test(refuses_and_says_where),
        cmocka_unit_test(reads_a_tree),
        cmocka_unit_test(knows_the_bytes_of_elements),
        cmocka_unit_test(bounds_attributes_and_namespaces),
        cmocka_unit_test(bounds_different_names),
        cmocka_unit_test(stops_at_the_cap_of_memory),
        cmocka_unit_test(writes_characters),
    };
    return cmocka_run_group_tests_name("format/xml", tests, NULL, NULL);
}

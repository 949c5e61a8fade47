/* Every primitive type of R4 (datatypes.html#primitive), by its regular expression, range and the
 * calendar. */
#include "fhir/model_tables.h"
#include "fhir/primitive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct primitive_case {
    unsigned type;
    const char *good[24];
    const char *bad[36];
};

#define UUID "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
#define ID64 "0123456789012345678901234567890123456789012345678901234567890123"
#define DIV(inside) "<div xmlns=\"http://www.w3.org/1999/xhtml\">" inside "</div>"

static const struct primitive_case cases[] = {
    {MODEL_DATE,
     {"2018", "1973-06", "1905-08-23", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"},
     {"",
      "18",
      "201",
      "20180",
      "0000",
      "0000-01-01",
      "2018-13",
      "2018-00",
      "2018-1",
      "2018-01-",
      "2018-02-29",
      "1900-02-29",
      "2018-02-31",
      "2018-04-31",
      "2018-01-00",
      "2018-01-32",
      "2018-1-1",
      "2018-01-01T",
      "2018/01/01",
      "01-01-2018",
      " 2018",
      "2018 ",
      "20180101",
      "2018-01-01Z",
      "-2018",
      "+2018",
      "2018-W01",
      "2018-001",
      "2018-01-01T10:00:00Z"}},
    {MODEL_DATE_TIME,
     {"2018", "1973-06", "1905-08-23", "2015-02-07T13:28:17-05:00", "2017-01-01T00:00:00.000Z",
      "2017-01-01T23:59:59+14:00", "2017-01-01T23:59:59-14:00", "2016-12-31T23:59:60Z",
      "2017-01-01T00:00:00.123456789012Z", "2017-01-01T00:00:00+00:00"},
     {"2017-01-01T",
      "2017-01-01T24:00:00Z",
      "2017-01-01T10:00Z",
      "2017-01-01T10:00:00",
      "2017-01-01T10Z",
      "2017-01T10:00:00Z",
      "2017T10:00:00Z",
      "2017-01-01 10:00:00Z",
      "2017-01-01t10:00:00Z",
      "2017-01-01T10:00:00z",
      "2017-01-01T10:60:00Z",
      "2017-01-01T10:00:61Z",
      "2017-01-01T10:00:00.Z",
      "2017-01-01T10:00:00+14:01",
      "2017-01-01T10:00:00+15:00",
      "2017-01-01T10:00:00+0100",
      "2017-01-01T10:00:00+01",
      "2017-01-01T10:00:00+01:60",
      "2017-02-29T10:00:00Z",
      "2017-01-01T10:00:00ZZ",
      "2017-01-01T1:00:00Z",
      "2017-01-01T10:00:00,5Z",
      "2017-01-01T10:00:00+1:00"}},
    {MODEL_INSTANT,
     {"2015-02-07T13:28:17.239+02:00", "2017-01-01T00:00:00Z", "2016-12-31T23:59:60Z"},
     {"2015", "2015-02", "2015-02-07", "2015-02-07T13:28:17", "2015-02-07T13:28Z",
      "2015-02-30T13:28:17Z", "2015-02-07T13:28:17.239+02:00 ", ""}},
    {MODEL_TIME,
     {"00:00:00", "23:59:59", "12:30:15.5", "23:59:60"},
     {"", "24:00:00", "12:30", "12:30:61", "12:60:00", "1:30:00", "12:30:00Z", "12:30:00.",
      "12:30:00 "}},
    {MODEL_ID,
     {"a", "A-b.9", "314", ".", "-", ID64},
     {"", "a b", "a_b", "a/b", "caf\xc3\xa9", ID64 "4", " a", "a\n", "#a", "urn:uuid:1"}},
    {MODEL_OID,
     {"urn:oid:1.2.3.4.5", "urn:oid:0.0", "urn:oid:2.16.840.1.113883.6.1"},
     {"", "1.2.3", "urn:oid:", "urn:oid:1", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1..2",
      "urn:oid:1.2.", "urn:oid:1.a", "URN:OID:1.2", "urn:oid:.1.2", "urn:oid:10.1",
      "urn:oid:1.2 "}},
    {MODEL_UUID,
     {UUID},
     {"", "c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:", UUID "0",
      "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "urn:uuid:c757873dec9a4326a141556f43239520",
      "urn:uuid:c757873d-ec9a-4326-a141-556f4323952g",
      "urn:oid:c757873d-ec9a-4326-a141-556f43239520"}},
    {MODEL_URI,
     {"http://example.org/a?b#c", UUID, "urn:oid:1.2", "Patient/1", "#a", "a|b",
      "http://caf\xc3\xa9.fr"},
     {"", "a b", " a", "a ", "a\tb", "a\nb", "a\x7f"}},
    {MODEL_URL, {"http://example.org/a", "mailto:a@b.org", "ftp://a"}, {"", "a b", "a\r"}},
    {MODEL_CANONICAL,
     {"http://hl7.org/fhir/ValueSet/a|4.0.1", "http://a/b|1#c", "#a"},
     {"", "a b", "a\n"}},
    {MODEL_CODE,
     {"a", "a b", "a b c", "final", "<=", "text/plain", "a-b_c.d", "caf\xc3\xa9"},
     {"", " ", " a", "a ", "a  b", "a\tb", "a\nb", "a\rb", "\x01"}},
    {MODEL_STRING,
     {"a", " ", "a\tb", "a\r\nb", "caf\xc3\xa9", "  a  ", "\x7f", "12345678\n", "\xf0\x9f\x98\x80"},
     {"", "\x01", "a\x02", "12345678\x1f", "\x0b",
      "1234567\x08"
      "9",
      "\x1b[0m"}},
    {MODEL_MARKDOWN, {"# a\n* b", " ", "a\tb"}, {"", "\x01", "a\x1f"}},
    {MODEL_BASE64_BINARY,
     {"YQ==", "YWI=", "YWJj", "YWJj YWJj", "YW\nJj", " YWJj ", "++//"},
     {"", " ", "Y", "YQ", "YQ=", "YWJjY", "=", "====", "YQ==YWJj", "Y-_j", "YWJ\xc3",
      "YQ===", "Y==="}},
    {MODEL_INTEGER,
     {"0", "1", "-1", "2147483647", "-2147483648"},
     {"-0", "2147483648", "-2147483649", "1.0", "1e2", "99999999999999999999", "0.0"}},
    {MODEL_UNSIGNED_INT, {"0", "1", "2147483647"}, {"-1", "-0", "2147483648", "1.5", "1E1"}},
    {MODEL_POSITIVE_INT, {"1", "2147483647"}, {"0", "-1", "-0", "2147483648", "1.0"}},
    {MODEL_DECIMAL, {"0", "-0", "1.00", "1e-7", "-1.5E10", "0.1000000000000000000001"}, {""}},
    {MODEL_XHTML,
     {DIV("a"), DIV(""), "<div/>", " <div>a</div>\n", DIV("<p class='x'>a<br/>b</p>"),
      DIV("a &amp; b &#160; &#xA0; &nbsp;"), DIV("<!-- a - b --><p>c</p>"),
      DIV("<a href=\"http://a?b=c&amp;d\">e</a>"), DIV("<img src='#a' alt=\">\"/>"),
      DIV("<p >a</p >"), DIV("<p>caf\xc3\xa9</p>")},
     {"",
      "text",
      "<p>a</p>",
      "<div>",
      "<div>a",
      "<div></p>",
      "<div><p></div></p>",
      "<div>a</div>b",
      "<div/><div/>",
      DIV("<script>a</script>"),
      DIV("<SCRIPT src='a'/>"),
      DIV("<p onclick='a'>b</p>"),
      DIV("<p ONLOAD='a'>b</p>"),
      DIV("<iframe/>"),
      DIV("<form/>"),
      DIV("<object/>"),
      DIV("a & b"),
      DIV("&amp"),
      DIV("<p class=x>a</p>"),
      DIV("<p class>a</p>"),
      DIV("<p class='<'>a</p>"),
      DIV("<p class='a'id='b'>a</p>"),
      DIV("<![CDATA[a]]>"),
      DIV("<?php a ?>"),
      DIV("<!-- a -- b -->"),
      "<!DOCTYPE html>" DIV("a"),
      "<?xml version='1.0'?>" DIV("a"),
      "<divx>a</divx>",
      DIV("< p>a</p>"),
      DIV("<p>a"),
      DIV("\x01"),
      DIV("<p class='a>b</p>"),
      "<DIV>a</DIV>",
      DIV("<link href='a'/>")}},
};

static void accepts_what_the_standard_allows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t k = 0; k < 24 && cases[i].good[k]; k++) {
            if (!primitive_ok(cases[i].type, text_of(cases[i].good[k]))) {
                fail_msg("%s refused: %s", primitive_form(cases[i].type), cases[i].good[k]);
            }
        }
    }
}

static void refuses_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t k = 0; k < 36 && cases[i].bad[k]; k++) {
            if (primitive_ok(cases[i].type, text_of(cases[i].bad[k]))) {
                fail_msg("%s accepted: %s", primitive_form(cases[i].type), cases[i].bad[k]);
            }
        }
    }
}

static void knows_every_type(void **state)
{
    (void)state;
    for (unsigned type = MODEL_BASE64_BINARY; type <= MODEL_XHTML; type++) {
        assert_string_not_equal(primitive_form(type), "a value");
    }
    assert_string_equal(primitive_form(MODEL_CODING), "a value");
}

/* "Strings SHALL NOT exceed 1MB in size". */
static void limits_the_size_of_strings(void **state)
{
    (void)state;
    size_t most = 1024 * 1024;
    char *p = malloc(most + 1);
    assert_non_null(p);
    memset(p, 'a', most + 1);
    static const unsigned types[] = {MODEL_STRING, MODEL_MARKDOWN, MODEL_CODE, MODEL_URI};
    for (size_t i = 0; i < 4; i++) {
        assert_true(primitive_ok(types[i], (text){p, most}));
        assert_false(primitive_ok(types[i], (text){p, most + 1}));
    }
    free(p);
}

static void xhtml_has_a_depth(void **state)
{
    (void)state;
    for (int depth = 120; depth < 140; depth++) {
        char html[4096];
        size_t n = 0;
        for (int i = 0; i < depth; i++) {
            memcpy(html + n, "<div>", 5);
            n += 5;
        }
        for (int i = 0; i < depth; i++) {
            memcpy(html + n, "</div>", 6);
            n += 6;
        }
        assert_int_equal(primitive_xhtml((text){html, n}), depth <= 128);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_the_standard_allows),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(knows_every_type),
        cmocka_unit_test(limits_the_size_of_strings),
        cmocka_unit_test(xhtml_has_a_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* FHIRPath's functions on strings (N1 5.6), regular expressions and their limits. */
#include "base/clock.h"
#include "path_function_kit.h"

/* --- strings ------------------------------------------------------------------------------- */

static void positions(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'abcdefg'.indexOf('bc')", "1"},
        {"'abcdefg'.indexOf('x')", "-1"},
        {"'abcdefg'.indexOf('abcdefg')", "0"},
        {"'abcdefg'.indexOf('')", "0"},
        {"''.indexOf('a')", "-1"},
        {"''.indexOf('')", "0"},
        {"{}.indexOf('a')", "{}"},
        {"'a'.indexOf({})", "{}"},
        {"'abc abc'.lastIndexOf('abc')", "4"},
        {"'abc abc'.lastIndexOf('c a')", "2"},
        {"'abc'.lastIndexOf('x')", "-1"},
        {"'abc'.lastIndexOf('abcd')", "-1"},
        {"'abc'.lastIndexOf('')", "0"},
        {"'aaaa'.lastIndexOf('aa')", "2"},
        {"{}.lastIndexOf('a')", "{}"},
        {"'abcdefg'.substring(3)", "'defg'"},
        {"'abcdefg'.substring(1, 2)", "'bc'"},
        {"'abcdefg'.substring(6, 2)", "'g'"},
        {"'abcdefg'.substring(7, 1)", "{}"},
        {"'abcdefg'.substring(-1, 1)", "{}"},
        {"'abcdefg'.substring(3, 0)", "''"},
        {"'abcdefg'.substring(3, -1)", "''"},
        {"'abcdefg'.substring(3, {})", "'defg'"},
        {"'abcdefg'.substring({})", "{}"},
        {"''.substring(0)", "{}"},
        {"{}.substring(0)", "{}"},
        {"'abc'.length()", "3"},
        {"''.length()", "0"},
        {"{}.length()", "{}"},
        /* characters, not bytes */
        {"'\xC3\xA9t\xC3\xA9 \xF0\x9F\x94\xA5!'.length()", "6"},
        {"'\xC3\xA9t\xC3\xA9 \xF0\x9F\x94\xA5!'.indexOf('!')", "5"},
        {"'\xC3\xA9t\xC3\xA9 \xF0\x9F\x94\xA5!'.lastIndexOf('\xC3\xA9')", "2"},
        {"'\xC3\xA9t\xC3\xA9 \xF0\x9F\x94\xA5!'.substring(2, 3)", "'\xC3\xA9 \xF0\x9F\x94\xA5'"},
        {"'\xF0\x9F\x94\xA5'.substring(1)", "{}"},
    };
    IS(rows, NULL, NULL);
}

static void parts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'abcdefg'.startsWith('abc')", "true"},
        {"'abcdefg'.startsWith('xyz')", "false"},
        {"'abc'.startsWith('')", "true"},
        {"''.startsWith('')", "true"},
        {"{}.startsWith('')", "{}"},
        {"'a'.startsWith({})", "{}"},
        {"'abcdefg'.endsWith('efg')", "true"},
        {"'abcdefg'.endsWith('abc')", "false"},
        {"'abc'.endsWith('')", "true"},
        {"{}.endsWith('a')", "{}"},
        {"'abc'.contains('b')", "true"},
        {"'abc'.contains('bc')", "true"},
        {"'abc'.contains('d')", "false"},
        {"'abc'.contains('')", "true"},
        {"'abc'.contains({})", "{}"},
        {"'abc'.toChars()", "'a' 'b' 'c'"},
        {"'\xC3\xA9\xF0\x9F\x94\xA5'.toChars()", "'\xC3\xA9' '\xF0\x9F\x94\xA5'"},
        {"''.toChars()", "{}"},
        {"'  a b\\t\\n'.trim()", "'a b'"},
        {"'   '.trim()", "''"},
        {"{}.trim()", "{}"},
        {"'A,,C'.split(',')", "'A' '' 'C'"},
        {"',A,'.split(',')", "'' 'A' ''"},
        {"'A'.split(',')", "'A'"},
        {"''.split(',')", "''"},
        {"'abc'.split('')", "'a' 'b' 'c'"},
        {"{}.split(',')", "{}"},
        {"('A' | 'B' | 'C').join(', ')", "'A, B, C'"},
        {"('A' | 'B').join()", "'AB'"},
        {"('A' | 'B').join({})", "'AB'"},
        {"'A'.join(',')", "'A'"},
        {"{}.join(',')", "{}"},
    };
    IS(rows, NULL, NULL);
}

static void other_characters(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'abcdefg'.upper()", "'ABCDEFG'"},
        {"'AbCdefg'.upper()", "'ABCDEFG'"},
        {"'AbCdefg'.lower()", "'abcdefg'"},
        {"'\xC3\xA9\xCF\x80\xD0\xB6 1'.upper()", "'\xC3\x89\xCE\xA0\xD0\x96 1'"},
        {"'\xC3\x89\xCE\xA0\xD0\x96 1'.lower()", "'\xC3\xA9\xCF\x80\xD0\xB6 1'"},
        {"{}.upper()", "{}"},
        {"''.lower()", "''"},
        {"'abcdefg'.replace('cde', '123')", "'ab123fg'"},
        {"'abcdefg'.replace('cde', '')", "'abfg'"},
        {"'abc'.replace('', 'x')", "'xaxbxcx'"},
        {"'\xC3\xA9t'.replace('', '-')", "'-\xC3\xA9-t-'"},
        {"''.replace('', 'x')", "'x'"},
        {"'aaa'.replace('aa', 'b')", "'ba'"},
        {"'aaa'.replace('a', 'aa')", "'aaaaaa'"},
        {"{}.replace('a', 'b')", "{}"},
        {"'a'.replace({}, 'b')", "{}"},
        {"'a'.replace('a', {})", "{}"},
    };
    IS(rows, NULL, NULL);
}

static void encoding(void **state)
{
    (void)state;
    static const struct row rows[] = {
        /* RFC 4648, 10 */
        {"''.encode('base64')", "''"},
        {"'f'.encode('base64')", "'Zg=='"},
        {"'fo'.encode('base64')", "'Zm8='"},
        {"'foo'.encode('base64')", "'Zm9v'"},
        {"'foobar'.encode('base64')", "'Zm9vYmFy'"},
        {"'subjects?_d'.encode('base64')", "'c3ViamVjdHM/X2Q='"},
        {"'subjects?_d'.encode('urlbase64')", "'c3ViamVjdHM_X2Q='"},
        {"'\xC3\xA9'.encode('hex')", "'c3a9'"},
        {"'Zm9vYmE='.decode('base64')", "'fooba'"},
        {"'c3ViamVjdHM_X2Q='.decode('urlbase64')", "'subjects?_d'"},
        {"'c3ViamVjdHM_X2Q'.decode('urlbase64')", "'subjects?_d'"},
        {"'C3A9'.decode('hex')", "'\xC3\xA9'"},
        {"''.decode('base64')", "''"},
        /* what cannot be decoded, or is no text */
        {"'c3ViamVjdHM_X2Q='.decode('base64')", "{}"},
        {"'c3ViamVjdHM/X2Q='.decode('urlbase64')", "{}"},
        {"'Zm8'.decode('base64')", "{}"},
        {"'Zm9='.decode('base64')", "{}"},
        {"'Z==='.decode('base64')", "{}"},
        {"'Zm=v'.decode('base64')", "{}"},
        {"'abc'.decode('hex')", "{}"},
        {"'zz'.decode('hex')", "{}"},
        {"'ff'.decode('hex')", "{}"},
        {"'a'.encode({})", "{}"},
        {"{}.encode('hex')", "{}"},
        {"{}.decode('hex')", "{}"},
    };
    IS(rows, NULL, NULL);
}

static void escaping(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'\"1<2\"'.escape('html')", "'&quot;1&lt;2&quot;'"},
        {"'a & b > c'.escape('html')", "'a &amp; b &gt; c'"},
        {"'&quot;1&lt;2&quot;'.unescape('html')", "'\"1<2\"'"},
        {"'&amp;lt; &apos;&#39;&#x41;&#65;&#x1F525;'.unescape('html')",
         "'&lt; ''AA\xF0\x9F\x94\xA5'"},
        {"'&unknown; &; & &#; &#x; &#xD800; &#0; &#1114112; &lt'.unescape('html')",
         "'&unknown; &; & &#; &#x; &#xD800; &#0; &#1114112; &lt'"},
        {"'\"1<2\"'.escape('json')", "'\\\"1<2\\\"'"},
        {"'a\\\\b\\n'.escape('json')", "'a\\\\b\\n'"},
        {"'\\\"1<2\\\"'.unescape('json')", "'\"1<2\"'"},
        {"'\\\\\"a\\\\n\\\\u00e9\\\\ud83d\\\\udd25\\\\/'.unescape('json')",
         "'\"a\n\xC3\xA9\xF0\x9F\x94\xA5/'"},
        {"'\\\\x'.unescape('json')", "{}"},
        {"'\\\\u12'.unescape('json')", "{}"},
        {"'\\\\ud83d'.unescape('json')", "{}"},
        {"'\\\\udd25'.unescape('json')", "{}"},
        {"'a\\\\'.unescape('json')", "{}"},
        {"''.escape('json')", "''"},
        {"{}.escape('json')", "{}"},
        {"'a'.unescape({})", "{}"},
    };
    IS(rows, NULL, NULL);
}

static void wrong_strings(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"('a' | 'b').indexOf('a')", "INVALID"},
        {"'a'.indexOf('a' | 'b')", "INVALID"},
        {"('a' | 'b').length()", "INVALID"},
        {"('a' | 'b').upper()", "INVALID"},
        {"('a' | 'b').matches('a')", "INVALID"},
        {"name.startsWith('a')", "INVALID"},
        {"name.join(',')", "INVALID"},
        {"'a'.substring('b')", "INVALID"},
        {"'a'.encode('rot13')", "INVALID"},
        {"'a'.encode('rot13')", "it takes 'base64', 'urlbase64' or 'hex'"},
        {"'a'.escape('xml')", "it takes 'html' or 'json'"},
        {"'a'.replace('a')", "INVALID"},
        {"'a'.upper('b')", "INVALID"},
    };
    SAYS(rows, "{'resourceType':'Patient','id':'p1','name':[{'family':'A'}]}", NULL);
}

/* --- regular expressions ------------------------------------------------------------------- */

static void matching(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'FHIR'.matches('FHIR')", "true"},
        {"'FHIR'.matches('fhir')", "false"},
        {"'FHIR'.matches('(?i)fhir')", "true"},
        {"'a FHIR b'.matches('FHIR')", "true"},
        {"'a FHIR b'.matches('^FHIR$')", "false"},
        {"'A\\nB'.matches('A.*B')", "true"},
        {"'abc'.matches('')", "true"},
        {"''.matches('^$')", "true"},
        {"'a'.matches({})", "{}"},
        {"{}.matches('a')", "{}"},
        {"'\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5'.matches('^\xF0\x9F\x94\xA5+$')", "true"},
        {"'\xC3\xA9'.matches('^.$')", "true"},
        {"'\xC3\xA9'.matches('^\\\\p{Ll}$')", "true"},
        {"'2020-01'.matches('^\\\\d{4}-\\\\d{2}$')", "true"},
        {"'a FHIR b'.matchesFull('FHIR')", "false"},
        {"'FHIR'.matchesFull('FHIR')", "true"},
        {"'FHIR'.matchesFull('FH|FHIR')", "true"},
        {"'a FHIR b'.matchesFull('.*FHIR.*')", "true"},
        {"'A\\nB'.matchesFull('A.B')", "true"},
        {"''.matchesFull('')", "true"},
    };
    IS(rows, NULL, NULL);
}

static void replacing_matches(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'11/30/1972'.replaceMatches('\\\\b(?<month>\\\\d{1,2})/(?<day>\\\\d{1,2})/"
         "(?<year>\\\\d{2,4})\\\\b', '${day}-${month}-${year}')",
         "'30-11-1972'"},
        {"'abc123'.replaceMatches('[0-9]', '-')", "'abc---'"},
        {"'abc'.replaceMatches('', 'x')", "'abc'"},
        {"'abc'.replaceMatches('x*', '-')", "'-a-b-c-'"},
        {"'\xC3\xA9t'.replaceMatches('x*', '-')", "'-\xC3\xA9-t-'"},
        {"'abb'.replaceMatches('b*', '-')", "'-a--'"},
        {"'abc'.replaceMatches('b', '')", "'ac'"},
        {"'abc'.replaceMatches('x', 'y')", "'abc'"},
        {"'abc'.replaceMatches('(a)(b)', '$2$1')", "'bac'"},
        {"'abc'.replaceMatches('(a)(b)', '$0$0')", "'ababc'"},
        {"'abc'.replaceMatches('(a)', '${1}1')", "'a1bc'"},
        {"'abc'.replaceMatches('(a)', '$12')", "'a2bc'"},
        {"'abc'.replaceMatches('a', '$$')", "'$bc'"},
        {"'abc'.replaceMatches('a', '\\\\$1')", "'$1bc'"},
        {"'abc'.replaceMatches('a', 'US$ ')", "'US$ bc'"},
        {"'abc'.replaceMatches('a', '\\\\\\\\')", "'\\bc'"},
        {"'abc'.replaceMatches('(x)?b', '[$1]')", "'a[]c'"},
        {"'abc'.replaceMatches('(?=b)', '|')", "'a|bc'"},
        {"{}.replaceMatches('a', 'b')", "{}"},
        {"'a'.replaceMatches({}, 'b')", "{}"},
        {"'a'.replaceMatches('a', {})", "{}"},
    };
    IS(rows, NULL, NULL);
}

static void wrong_patterns(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'a'.matches('a(b')", "INVALID"},
        {"'a'.matches('a(b')", "wrong at its end"},
        {"'a'.matches('\xC3\xA9[z-a]')", "wrong at its character 5"},
        {"'a'.matches('*')", "before \"*\""},
        {"'a'.matches('\\\\C')", "INVALID"},
        {"'a'.replaceMatches('a', '$7')", "the group \"7\""},
        {"'a'.replaceMatches('a', '${nobody}')", "the group \"nobody\""},
        {"'a'.replaceMatches('a', '${}')", "INVALID"},
    };
    SAYS(rows, NULL, NULL);
}

static text many(const char *start, const char *one, size_t count, const char *end)
{
    struct buf out;
    buf_init(&out, 1 << 25);
    buf_add(&out, text_of(start));
    for (size_t i = 0; i < count; i++) {
        buf_add(&out, text_of(one));
    }
    buf_add(&out, text_of(end));
    text t = arena_copy(&a, buf_text(&out));
    assert_non_null(t.p);
    buf_done(&out);
    return t;
}

static void must_say(text expression, const char *wanted, double seconds)
{
    int64_t start = clock_mono_ns();
    text got = told(expression, NULL, NULL);
    double took = (double)(clock_mono_ns() - start) / 1e9;
    if (!strstr(got.p, wanted)) {
        fail_msg("%.*s\n  is %s\n  not %s", TEXT_ARG(text_first(expression, 200)), got.p, wanted);
    }
    if (took > seconds) {
        fail_msg("%.*s took %.2f s", TEXT_ARG(text_first(expression, 200)), took);
    }
}

/* Sanitizers and a busy machine make this slow: the bound is far from what it takes, and farther
 * from what it would take without limits. */
static void costly_patterns(void **state)
{
    (void)state;
    enum { SECONDS = 20 };
    must_say(many("'", "a", 40, "b'.matches('^(a+)+$')"), "TOO_COSTLY", SECONDS);
    must_say(many("'", "a", 40, "b'.matches('^(a|aa)+$')"), "TOO_COSTLY", SECONDS);
    must_say(many("'", "a", 40, "b'.matchesFull('(.*)*[cd]')"), "TOO_COSTLY", SECONDS);
    must_say(many("'", "a", 60000, "'.matches('a*[bc]')"), "TOO_COSTLY", SECONDS);
    must_say(many("'", "a", 60000, "'.matches('(a)(?:(?1)*)*[bc]')"), "TOO_COSTLY", SECONDS);
    must_say(many("'", "a", 5000, "'.replaceMatches('(a|aa){15,25}$|(a|aa){15,20}[bc]|a', '-')"),
             "TOO_COSTLY", SECONDS);
    must_say(T("'a'.matches('(?R)')"), "INVALID", SECONDS);
    /* ... and in a loop the steps of the whole evaluation are counted. */
    must_say(many("'", "a", 600, "'.toChars().where('aaaaaaaaaaaaaaaab'.matches('^(a+)+$'))"),
             "TOO_COSTLY", SECONDS);
}

static void huge_patterns(void **state)
{
    (void)state;
    must_say(many("'a'.matches('", "a", 4096, "')"), "false", 10);
    must_say(many("'a'.matches('", "a", 4097, "')"), "TOO_LARGE", 10);
    must_say(many("'a'.matches('", "a", 4097, "')"), "at most 4096", 10);
    must_say(many("'a'.matches('", "(", 1000, "')"), "TOO_LARGE", 10);
    must_say(T("'a'.matches('((((a{1,1000}){1,1000}){1,1000}){1,1000})')"), "TOO_LARGE", 10);
}

/* Each step of this makes the text ten times as long. */
static void huge_results(void **state)
{
    (void)state;
    text ten = many("'a'", ".replace('a', 'aaaaaaaaaa')", 6, ".length()");
    must_say(ten, "1000000", 10);
    must_say(many("'a'", ".replace('a', 'aaaaaaaaaa')", 9, ".length()"), "TOO_COSTLY", 10);
    must_say(many("'a'", ".replaceMatches('a', 'aaaaaaaaaa')", 9, ".length()"), "TOO_COSTLY", 10);
}

static void huge_encodings(void **state)
{
    (void)state;
    must_say(many("'a'", ".encode('hex')", 40, ".length()"), "TOO_COSTLY", 10);
    must_say(many("'&'", ".escape('html')", 60, ".length()"), "241", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(positions),        TEST(parts),
        TEST(other_characters), TEST(encoding),
        TEST(escaping),         TEST(wrong_strings),
        TEST(matching),         TEST(replacing_matches),
        TEST(wrong_patterns),   TEST(costly_patterns),
        TEST(huge_patterns),    TEST(huge_results),
        TEST(huge_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

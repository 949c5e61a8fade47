/* Codes that are made by a grammar: from the standards' own examples. */
#include "fhir/codes.h"
#include "fhir/ucum.h"

#include "arena_kit.h"

#include <stdio.h>

#define BCP47 "urn:ietf:bcp:47"
#define BCP13 "urn:ietf:bcp:13"
#define ISO3166 "urn:iso:std:iso:3166"
#define ISO3166_2 "urn:iso:std:iso:3166:-2"
#define ISO4217 "urn:iso:std:iso:4217"
#define RFC3986 "urn:ietf:rfc:3986"
#define ZONES "https://www.iana.org/time-zones"

struct row {
    const char *system, *code;
    enum codes_answer expected;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum codes_answer got =
            codes_by_grammar(text_of(rows[i].system), text_of(rows[i].code), &a);
        if (got != rows[i].expected) {
            fail_msg("%s of %s: %d", rows[i].code, rows[i].system, (int)got);
        }
    }
}
#define CHECK(rows) check(rows, sizeof(rows) / sizeof *(rows))

static void languages(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {BCP47, "de", CODES_YES},
        {BCP47, "FR", CODES_YES},
        {BCP47, "en-GB", CODES_YES},
        {BCP47, "i-enochian", CODES_YES},
        {BCP47, "I-Klingon", CODES_YES},
        {BCP47, "zh-Hant", CODES_YES},
        {BCP47, "sr-Cyrl", CODES_YES},
        {BCP47, "zh-cmn-Hans-CN", CODES_YES},
        {BCP47, "cmn-Hans-CN", CODES_YES},
        {BCP47, "zh-yue-HK", CODES_YES},
        {BCP47, "sl-rozaj-biske", CODES_YES},
        {BCP47, "de-CH-1901", CODES_YES},
        {BCP47, "hy-Latn-IT-arevela", CODES_YES},
        {BCP47, "es-419", CODES_YES},
        {BCP47, "de-CH-x-phonebk", CODES_YES},
        {BCP47, "x-whatever", CODES_YES},
        {BCP47, "qaa-Qaaa-QM-x-southern", CODES_YES},
        {BCP47, "en-US-u-islamcal", CODES_YES},
        {BCP47, "zh-CN-a-myext-x-private", CODES_YES},
        {BCP47, "en-a-myext-b-another", CODES_YES},
        {BCP47, "en-GB-oed", CODES_YES},
        {BCP47, "sgn-BE-FR", CODES_YES},
        {BCP47, "art-lojban", CODES_YES},
        {BCP47, "zh-min-nan", CODES_YES},
        {BCP47, "en-x-a-b-c", CODES_YES},
        {BCP47, "de-419-DE", CODES_NO},
        {BCP47, "a-DE", CODES_NO},
        {BCP47, "ar-a-aaa-b-bbb-a-ccc", CODES_NO},
        {BCP47, "de-1901-1901", CODES_NO},
        {BCP47, "", CODES_NO},
        {BCP47, "e", CODES_NO},
        {BCP47, "en_GB", CODES_NO},
        {BCP47, "en-", CODES_NO},
        {BCP47, "-en", CODES_NO},
        {BCP47, "en--GB", CODES_NO},
        {BCP47, "en-x", CODES_NO},
        {BCP47, "en-a", CODES_NO},
        {BCP47, "en-a-b", CODES_NO},
        {BCP47, "x", CODES_NO},
        {BCP47, "english123", CODES_NO},
        {BCP47, "abcdefghi", CODES_NO},
        {BCP47, "en-abcdefghi", CODES_NO},
        {BCP47, "en GB", CODES_NO},
    };
    CHECK(rows);
}

static void media(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {BCP13, "text/plain", CODES_YES},
        {BCP13, "application/fhir+json", CODES_YES},
        {BCP13, "text/plain; charset=utf-8", CODES_YES},
        {BCP13, "text/plain;charset=utf-8;format=flowed", CODES_YES},
        {BCP13, "application/fhir+xml; fhirVersion=4.0", CODES_YES},
        {BCP13, "multipart/mixed; boundary=\"a b;=\\\"c\"", CODES_YES},
        {BCP13, "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
         CODES_YES},
        {BCP13, "image/svg+xml", CODES_YES},
        {BCP13, "", CODES_NO},
        {BCP13, "text", CODES_NO},
        {BCP13, "text/", CODES_NO},
        {BCP13, "/plain", CODES_NO},
        {BCP13, "text/plain/x", CODES_NO},
        {BCP13, "text plain", CODES_NO},
        {BCP13, "text/pl ain", CODES_NO},
        {BCP13, " text/plain", CODES_NO},
        {BCP13, "text/plain ", CODES_NO},
        {BCP13, "text/*", CODES_NO},
        {BCP13, "+text/plain", CODES_NO},
        {BCP13, "text/plain;", CODES_NO},
        {BCP13, "text/plain; charset", CODES_NO},
        {BCP13, "text/plain; charset=", CODES_NO},
        {BCP13, "text/plain; charset=\"a", CODES_NO},
        {BCP13, "text/plain; charset=a b", CODES_NO},
        {BCP13, "text/plain; =a", CODES_NO},
    };
    CHECK(rows);
}

static void lists(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {ISO3166, "GB", CODES_YES},       {ISO3166, "GBR", CODES_YES},
        {ISO3166, "826", CODES_YES},      {ISO3166, "004", CODES_YES},
        {ISO3166, "AD", CODES_YES},       {ISO3166, "ZWE", CODES_YES},
        {ISO3166, "GB-ENG", CODES_YES},   {ISO3166, "US-CA", CODES_YES},
        {ISO3166, "FR-2A", CODES_YES},    {ISO3166, "gb", CODES_NO},
        {ISO3166, "UK", CODES_NO},        {ISO3166, "XX", CODES_NO},
        {ISO3166, "DA", CODES_NO},        {ISO3166, "999", CODES_NO},
        {ISO3166, "4", CODES_NO},         {ISO3166, "", CODES_NO},
        {ISO3166, "XX-1", CODES_NO},      {ISO3166, "GB-", CODES_NO},
        {ISO3166, "GB-ABCD", CODES_NO},   {ISO3166, "GB-eng", CODES_NO},
        {ISO3166_2, "GB-SCT", CODES_YES}, {ISO3166_2, "GB", CODES_NO},
        {ISO4217, "GBP", CODES_YES},      {ISO4217, "EUR", CODES_YES},
        {ISO4217, "XXX", CODES_YES},      {ISO4217, "HRK", CODES_YES},
        {ISO4217, "gbp", CODES_NO},       {ISO4217, "BPG", CODES_NO},
        {ISO4217, "826", CODES_NO},       {ISO4217, "GB", CODES_NO},
        {ISO4217, "", CODES_NO},
    };
    CHECK(rows);
}

static void addresses(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {RFC3986, "ftp://ftp.is.co.za/rfc/rfc1808.txt", CODES_YES},
        {RFC3986, "ldap://[2001:db8::7]/c=GB?objectClass?one", CODES_YES},
        {RFC3986, "mailto:John.Doe@example.com", CODES_YES},
        {RFC3986, "tel:+1-816-555-1212", CODES_YES},
        {RFC3986, "urn:oasis:names:specification:docbook:dtd:xml:4.1.2", CODES_YES},
        {RFC3986, "http://hl7.org/fhir?a=%C3%A9#x", CODES_YES},
        {RFC3986, "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", CODES_YES},
        {RFC3986, "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", CODES_YES},
        {RFC3986, "urn:oid:1.2.840.113619", CODES_YES},
        {RFC3986, "urn:oid:3.2", CODES_NO},
        {RFC3986, "urn:oid:1.02", CODES_NO},
        {RFC3986, "urn:uuid:c757873d", CODES_NO},
        {RFC3986, "", CODES_NO},
        {RFC3986, "http:", CODES_NO},
        {RFC3986, ":x", CODES_NO},
        {RFC3986, "1a:x", CODES_NO},
        {RFC3986, "a b:x", CODES_NO},
        {RFC3986, "Patient/1", CODES_NO},
        {RFC3986, "http://a b", CODES_NO},
        {RFC3986, "http://a/[b]", CODES_NO},
        {RFC3986, "http://a/%zz", CODES_NO},
        {RFC3986, "http://a/%a", CODES_NO},
        {RFC3986, "http://a/#b#c", CODES_NO},
        {RFC3986, "http://a/\xC3\xA9", CODES_NO},
        {RFC3986, "http://a/<b>", CODES_NO},
    };
    CHECK(rows);
}

static void zones(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {ZONES, "Europe/London", CODES_YES},
        {ZONES, "America/Argentina/Buenos_Aires", CODES_YES},
        {ZONES, "America/Port-au-Prince", CODES_YES},
        {ZONES, "Etc/GMT+12", CODES_YES},
        {ZONES, "UTC", CODES_YES},
        {ZONES, "EST5EDT", CODES_YES},
        {ZONES, "europe/london", CODES_NO},
        {ZONES, "Europe", CODES_NO},
        {ZONES, "Europe/", CODES_NO},
        {ZONES, "Europe//London", CODES_NO},
        {ZONES, "Nowhere/London", CODES_NO},
        {ZONES, "Europe/Lon don", CODES_NO},
        {ZONES, "America/A/B/C", CODES_NO},
        {ZONES, "+01:00", CODES_NO},
        {ZONES, "", CODES_NO},
    };
    CHECK(rows);
}

static void systems(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {UCUM_SYSTEM, "mm[Hg]", CODES_YES}, {UCUM_SYSTEM, "mmHg", CODES_NO},
        {UCUM_SYSTEM, "", CODES_NO},        {"http://snomed.info/sct", "x", CODES_UNKNOWN},
        {"", "x", CODES_UNKNOWN},           {"urn:ietf:bcp:4", "en", CODES_UNKNOWN},
    };
    struct arena none;
    size_t before = a.used;
    CHECK(rows);
    assert_int_equal(a.used, before);
    arena_init(&none, 0);
    assert_int_equal(codes_by_grammar(T(UCUM_SYSTEM), T("mg"), &none), CODES_UNKNOWN);
    arena_done(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(languages), TEST(media), TEST(lists), TEST(addresses), TEST(zones), TEST(systems),
    };
    return cmocka_run_group_tests_name("code_grammar", tests, NULL, NULL);
}

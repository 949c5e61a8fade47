/* What a search finds: rows of the standard's text (R4 search.html), run against one resource each.
 */
#include "search_kit.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct row {
    const char *query;
    bool found;
};

#define CHECK(json, rows) check(json, rows, sizeof(rows) / sizeof(rows[0]))

static void check(const char *json, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kit_finds(rows[i].query, json) != rows[i].found) {
            fail_msg("%s should%s find %s", rows[i].query, rows[i].found ? "" : " not", json);
        }
    }
}

#define PATIENT(more) "{'resourceType':'Patient','id':'p1'," more "}"
#define OBSERVATION(more) "{'resourceType':'Observation','id':'o1','status':'final'," more "}"

/* search.html#date: the examples and the table of prefixes. */
static void dates(void **state)
{
    (void)state;
    static const struct row day[] = {
        {"birthdate=2013-01-14", true},
        {"birthdate=eq2013-01-14", true},
        {"birthdate=eq2013-01", true},
        {"birthdate=eq2013", true},
        {"birthdate=2013-01-14T00:00", false}, /* the day is not inside the minute */
        {"birthdate=ne2013-01-14", false},
        {"birthdate=ne2013-01-15", true},
        {"birthdate=ne2013", false},
        {"birthdate=ne2013-01-14T10:00", true},
        {"birthdate=lt2013-01-14T10:00", true},
        {"birthdate=lt2013-01-14", false},
        {"birthdate=lt2013-01-15", true},
        {"birthdate=gt2013-01-14T10:00", true},
        {"birthdate=gt2013-01-14", false},
        {"birthdate=gt2013-01-13", true},
        {"birthdate=gt2013", false},
        {"birthdate=ge2013-01-14", true},
        {"birthdate=ge2013-01-15", false},
        {"birthdate=ge2013", true},
        {"birthdate=le2013-01-14", true},
        {"birthdate=le2013-01-13", false},
        {"birthdate=le2013", true},
        {"birthdate=sa2013-01-14", false},
        {"birthdate=sa2013-01-13", true},
        {"birthdate=sa2013-01-13T23:59", true},
        {"birthdate=sa2013-01-14T00:00", false},
        {"birthdate=eb2013-01-14", false},
        {"birthdate=eb2013-01-15", true},
        {"birthdate=eb2013-01-14T23:59", false},
        {"birthdate=ap2013-01-14", true},
        {"birthdate=ap1950", false},
        {"birthdate=ge2013-01-01&birthdate=le2013-01-31", true},
        {"birthdate=ge2013-02&birthdate=le2013-03", false},
        {"birthdate=2012,2013", true},
        {"birthdate=2012,2014", false}};
    CHECK(PATIENT("'birthDate':'2013-01-14'"), day);
    /* search.html: "a period from 21-Jan 2013 to 25-Jan 2013" */
    static const struct row period[] = {
        {"date=2013-01", true},       {"date=2013-01-21", false},   {"date=ap2013-01-22", true},
        {"date=gt2013-01-24", true},  {"date=gt2013-01-25", false}, {"date=ge2013-01-25", false},
        {"date=lt2013-01-22", true},  {"date=lt2013-01-21", false}, {"date=sa2013-01-20", true},
        {"date=sa2013-01-21", false}, {"date=eb2013-01-26", true},  {"date=eb2013-01-25", false},
        {"date=ne2013-01", false},    {"date=ne2013-01-23", true}};
    CHECK(OBSERVATION("'effectivePeriod':{'start':'2013-01-21','end':'2013-01-25'}"), period);
    static const struct row open_end[] = {
        {"date=gt2099", true},        {"date=lt2013-01-21", false}, {"date=2013", false},
        {"date=ge2013-01-21", true},  {"date=sa2013-01-20", true},  {"date=eb2099", false},
        {"date=ne2013", true},        {"date=le2013", false},       {"date=gt2013-03-14", true},
        {"date=ge2013-03-14", true},  {"date=le2013-03-14", true},  {"date=sa2013-03-14", false},
        {"date=eb2013-03-14", false}, {"date=sa2013-01-21", false}};
    CHECK(OBSERVATION("'effectivePeriod':{'start':'2013-01-21'}"), open_end);
    static const struct row open_start[] = {
        {"date=lt1900", true},       {"date=eb2013-01-26", true},  {"date=eb2013-01-25", false},
        {"date=gt2013-01-24", true}, {"date=gt2013-01-25", false}, {"date=2013", false},
        {"date=sa1900", false}};
    CHECK(OBSERVATION("'effectivePeriod':{'end':'2013-01-25'}"), open_start);
    static const struct row zones[] = {{"date=2013-01-14T09:30:00Z", true},
                                       {"date=2013-01-14T10:30:00%2B01:00", true},
                                       {"date=2013-01-14T04:30:00-05:00", true},
                                       {"date=2013-01-14T09:30", true},
                                       {"date=2013-01-14T10:30", false},
                                       {"date=2013-01-14", true},
                                       {"date=2013-01-13", false}};
    CHECK(OBSERVATION("'effectiveDateTime':'2013-01-14T10:30:00+01:00'"), zones);
}

enum { PREFIXES = 8 };
static const char *const prefixes[PREFIXES] = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"};

/* The definition of each prefix, word for word. */
static bool by_definition(unsigned prefix, int64_t s, int64_t e, int64_t ts, int64_t te)
{
    bool inside = ts >= s && te <= e;
    switch (prefix) {
    case 0:
        return inside;
    case 1:
        return !inside;
    case 2:
        return te > e;
    case 3:
        return ts < s;
    case 4:
        return te > e || inside;
    case 5:
        return ts < s || inside;
    case 6:
        return ts >= e;
    default:
        return te <= s;
    }
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void random_date(uint64_t *seed, char *out, size_t size)
{
    unsigned year = 2000 + (unsigned)(next(seed) % 6), month = 1 + (unsigned)(next(seed) % 12);
    unsigned day = 1 + (unsigned)(next(seed) % 28), hour = (unsigned)(next(seed) % 24);
    switch (next(seed) % 5) {
    case 0:
        snprintf(out, size, "%04u", year);
        break;
    case 1:
        snprintf(out, size, "%04u-%02u", year, month);
        break;
    case 2:
        snprintf(out, size, "%04u-%02u-%02uT%02u:00:00Z", year, month, day, hour);
        break;
    default:
        snprintf(out, size, "%04u-%02u-%02u", year, month, day);
    }
}

static void dates_random(void **state)
{
    (void)state;
    const char *given = getenv("KITH_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_mono_ns() | 1;
    print_message("KITH_SEED=%llu\n", (unsigned long long)seed);
    for (int round = 0; round < 5000; round++) {
        char from[32], to[32], date[32], json[256], query[64];
        int64_t s, e, ts = 0, te = 0, other;
        random_date(&seed, from, sizeof(from));
        random_date(&seed, to, sizeof(to));
        random_date(&seed, date, sizeof(date));
        assert_true(index_date(text_of(date), &s, &e));
        assert_true(index_date(text_of(from), &ts, &other) && index_date(text_of(to), &other, &te));
        unsigned prefix = (unsigned)(next(&seed) % PREFIXES);
        if (te <= ts) {
            continue;
        }
        snprintf(json, sizeof(json), OBSERVATION("'effectivePeriod':{'start':'%s','end':'%s'}"),
                 from, to);
        snprintf(query, sizeof(query), "date=%s%s", prefixes[prefix], date);
        if (kit_finds(query, json) != by_definition(prefix, s, e, ts, te)) {
            fail_msg("%s is wrong for %s to %s", query, from, to);
        }
    }
}

/* search.html#number */
static void numbers(void **state)
{
    (void)state;
#define RISK(value) \
    "{'resourceType':'RiskAssessment','prediction':[{'probabilityDecimal':" value "}]}"
    static const struct row hundred[] = {
        {"probability=100", true},        {"probability=100.00", true},
        {"probability=1e2", true},        {"probability=lt100", false},
        {"probability=le100", true},      {"probability=gt100", false},
        {"probability=ge100", true},      {"probability=ne100", false},
        {"probability=sa100", false},     {"probability=eb100", false},
        {"probability=ap100", true},      {"probability=ap110", true},
        {"probability=ap112", false},     {"probability=gt99.9999", true},
        {"probability=lt100.0001", true}, {"probability=99", false},
        {"probability=99,100", true},     {"probability=-100", false}};
    CHECK(RISK("100"), hundred);
    static const struct row low[] = {{"probability=100", true},
                                     {"probability=100.0", false},
                                     {"probability=99", false},
                                     {"probability=lt100", true},
                                     {"probability=ne100.00", true}};
    CHECK(RISK("99.5"), low);
    static const struct row high[] = {{"probability=100", false}, {"probability=101", true}};
    CHECK(RISK("100.5"), high);
    static const struct row fine[] = {{"probability=100.00", true}, {"probability=100.000", false}};
    CHECK(RISK("99.995"), fine);
    static const struct row fine_end[] = {{"probability=100.00", false},
                                          {"probability=100.0", true}};
    CHECK(RISK("100.005"), fine_end);
    static const struct row power[] = {
        {"probability=1e2", true}, {"probability=100", false}, {"probability=1.00e2", false}};
    CHECK(RISK("95"), power);
    static const struct row power_end[] = {{"probability=1e2", false}};
    CHECK(RISK("105"), power_end);
    static const struct row negative[] = {
        {"probability=-5", true},   {"probability=-5.4", true},  {"probability=-5.5", false},
        {"probability=lt-5", true}, {"probability=gt-5", false}, {"probability=ap-5", true},
        {"probability=ap-6", true}, {"probability=ap-7", false}, {"probability=lt0", true}};
    CHECK(RISK("-5.4"), negative);
    static const struct row zero[] = {{"probability=0", true},
                                      {"probability=0.0", false},
                                      {"probability=ge0", true},
                                      {"probability=ap0", true},
                                      {"probability=le0", false}};
    CHECK(RISK("0.4"), zero);
}

/* search.html#quantity: 5.4(+/-0.05) mg, by unit or by any unit. */
static void quantities(void **state)
{
    (void)state;
#define WEIGHT(value)                                                    \
    OBSERVATION("'valueQuantity':{'value':" value ",'unit':'milligram'," \
                "'system':'http://unitsofmeasure.org','code':'mg'}")
    static const struct row rows[] = {{"value-quantity=5.4|http://unitsofmeasure.org|mg", true},
                                      {"value-quantity=5.4|http://unitsofmeasure.org|kg", false},
                                      {"value-quantity=5.4|http://other.org|mg", false},
                                      {"value-quantity=5.4||mg", true},
                                      {"value-quantity=5.4||milligram", true},
                                      {"value-quantity=5.4||g", false},
                                      {"value-quantity=5.4", true},
                                      {"value-quantity=5.4|http://unitsofmeasure.org|", true},
                                      {"value-quantity=5.4e0||mg", true},
                                      {"value-quantity=5.40||mg", false},
                                      {"value-quantity=le5.4|http://unitsofmeasure.org|mg", false},
                                      {"value-quantity=ge5.4|http://unitsofmeasure.org|mg", true},
                                      {"value-quantity=gt5.4||mg", true},
                                      {"value-quantity=gt5.44||mg", false},
                                      {"value-quantity=ap5.5|http://unitsofmeasure.org|mg", true},
                                      {"value-quantity=ap6.1", false},
                                      {"value-quantity=ne5.4||mg", false},
                                      {"value-quantity=ne5||mg", false},
                                      {"value-quantity=ne6||mg", true},
                                      {"value-quantity=5.5||mg,5.4||mg", true}};
    CHECK(WEIGHT("5.44"), rows);
    static const struct row negative[] = {{"value-quantity=-2||mg", true},
                                          {"value-quantity=lt-1||mg", true},
                                          {"value-quantity=gt-2||mg", false},
                                          {"value-quantity=ge-2||kg", false}};
    CHECK(WEIGHT("-2"), negative);
    static const struct row none[] = {{"value-quantity=5", true}, {"value-quantity=5||mg", false}};
    CHECK(OBSERVATION("'valueQuantity':{'value':5}"), none);
#define LONG_UNIT "millilitres per minute per 1.73 square metres"
    static const struct row many[] = {{"value-quantity=5||" LONG_UNIT, true},
                                      {"value-quantity=5||" LONG_UNIT "s", false}};
    CHECK(OBSERVATION("'valueQuantity':{'value':5,'unit':'" LONG_UNIT "'}"), many);
}

/* search.html#string: "given=eve" finds Eve and Evelyn, not Steven. */
static void strings(void **state)
{
    (void)state;
    static const struct row eve[] = {{"given=eve", true}, {"given=EVE", true}, {"name=Eve", true}};
    CHECK(PATIENT("'name':[{'given':['Eve']}]"), eve);
    CHECK(PATIENT("'name':[{'given':['Anne','Evelyn']}]"), eve);
    static const struct row not_eve[] = {
        {"given=eve", false}, {"given=steven", true}, {"family=steven", false}};
    CHECK(PATIENT("'name':[{'given':['Steven']}]"), not_eve);
    static const struct row accents[] = {
        {"family=muller", true},       {"family=M%C3%BCller", true},
        {"family=MUL", true},          {"family=Muller-Smith", true},
        {"family=muller+smith", true}, {"family=smith", false},
        {"name=muller", true},         {"family=Mueller", false},
        {"family=...", false},         {"family=x,mul", true},
        {"family=x\\,mul", false},     {"family=muller+%20+sm", true}};
    CHECK(PATIENT("'name':[{'family':'Müller-Smith'}]"), accents);
    static const struct row comma[] = {{"address=1\\,+High", true}, {"address=1+high", true}};
    CHECK(PATIENT("'address':[{'line':['1, High Street']}]"), comma);
    char json[400], query[300], long_name[201];
    memset(long_name, 'a', 200);
    long_name[200] = '\0';
    snprintf(json, sizeof(json), PATIENT("'name':[{'family':'%sb'}]"), long_name);
    snprintf(query, sizeof(query), "family=%s", long_name);
    assert_true(kit_finds(query, json));
    query[7 + 60] = '\0';
    assert_true(kit_finds(query, json));
    query[7 + 59] = 'b';
    assert_false(kit_finds(query, json));
}

/* search.html#token */
static void tokens(void **state)
{
    (void)state;
    static const struct row identifier[] = {
        {"identifier=http://acme.org/patient|2345", true},
        {"identifier=2345", true},
        {"identifier=|2345", false},
        {"identifier=http://acme.org/patient|", true},
        {"identifier=http://other|", false},
        {"identifier=http://other|2345", false},
        {"identifier=234", false},
        {"identifier=http%3A%2F%2Facme.org%2Fpatient%7C2345", true}};
    CHECK(PATIENT("'identifier':[{'system':'http://acme.org/patient','value':'2345'}]"),
          identifier);
    static const struct row bare[] = {
        {"identifier=a\\|b", true}, {"identifier=|a\\|b", true}, {"identifier=A\\|B", true}};
    CHECK(PATIENT("'identifier':[{'value':'a|b'}]"), bare);
    static const struct row gender[] = {
        {"gender=male", true},    {"gender=MALE", true},
        {"gender=female", false}, {"gender=http://hl7.org/fhir/administrative-gender|male", true},
        {"gender=|male", false},  {"gender=female,male", true},
        {"active=true", true},    {"active=false", false},
        {"deceased=false", true}, {"deceased=true", false}};
    CHECK(PATIENT("'gender':'male','active':true"), gender);
    static const struct row concept[] = {{"code=http://acme.org/conditions/codes|ha125", true},
                                         {"code=ha125", true},
                                         {"code=http://acme.org/conditions/codes|", true},
                                         {"code=other", false}};
    CHECK("{'resourceType':'Condition','code':{'coding':[{'code':'x'},"
          "{'system':'http://acme.org/conditions/codes','code':'ha125'}]}}",
          concept);
}

/* search.html#reference */
static void references(void **state)
{
    (void)state;
    static const struct row rows[] = {{"subject=Patient/23", true},
                                      {"subject=23", true},
                                      {"subject:Patient=23", true},
                                      {"subject:Patient=Patient/23", true},
                                      {"patient=23", true},
                                      {"patient=Patient/23", true},
                                      {"subject=http://kith.test/fhir/Patient/23", true},
                                      {"subject=Group/23", false},
                                      {"subject:Group=23", false},
                                      {"subject=http://other.test/fhir/Patient/23", false},
                                      {"subject=24", false},
                                      {"patient=24", false},
                                      {"subject=22,23", true},
                                      {"performer=23", false},
                                      {"performer=9", true},
                                      {"performer=Organization/9", true},
                                      {"performer=Practitioner/9", false},
                                      {"performer:Organization=9", true},
                                      {"encounter=Encounter/1", true},
                                      {"encounter=1", true}};
    CHECK(
        OBSERVATION("'subject':{'reference':'Patient/23'},'encounter':{'reference':'Encounter/1'},"
                    "'performer':[{'reference':'http://kith.test/fhir/Organization/9'}]"),
        rows);
    static const struct row group[] = {{"subject=Group/5", true}, {"subject=5", true},
                                       {"patient=5", false},      {"subject=7", false},
                                       {"patient=7", false},      {"performer=Patient/7", true}};
    CHECK(OBSERVATION("'subject':{'reference':'Group/5'},'performer':[{'reference':'Patient/7'}]"),
          group);
    static const struct row elsewhere[] = {{"subject=http://other.test/Patient/1", true},
                                           {"subject=Patient/1", false},
                                           {"patient=1", false},
                                           {"patient=http://other.test/Patient/1", true}};
    CHECK(OBSERVATION("'subject':{'reference':'http://other.test/Patient/1'}"), elsewhere);
    static const struct row two[] = {{"patient=a", true},
                                     {"patient=b", true},
                                     {"patient=c", false},
                                     {"actor=Patient/a", true},
                                     {"actor=b", true}};
    CHECK("{'resourceType':'Appointment','participant':[{'actor':{'reference':'Patient/a'}},"
          "{'actor':{'reference':'Patient/b'}}]}",
          two);
    static const struct row canonical[] = {{"derived-from=http://x/q", true},
                                           {"derived-from=http://x/q|1", true},
                                           {"derived-from=http://x/q|2", false}};
    CHECK("{'resourceType':'Library','relatedArtifact':[{'type':'derived-from','resource':'http://"
          "x/q|1'}]}",
          canonical);
}

static void others(void **state)
{
    (void)state;
    static const struct row uris[] = {{"url=http://x/vs", true},
                                      {"url=http://x/v", false},
                                      {"url=HTTP://x/vs", false},
                                      {"_profile=http://p", true},
                                      {"_tag=http://s|t", true},
                                      {"_tag=u", false},
                                      {"_security=r", true},
                                      {"_source=http://src", true},
                                      {"_id=v1", true},
                                      {"_id=v2", false},
                                      {"_id=v2,v1", true},
                                      {"_id=v1&url=http://y", false},
                                      {"", true},
                                      {"&&", true}};
    CHECK(
        "{'resourceType':'ValueSet','id':'v1','url':'http://x/vs','meta':{'profile':['http://p|3'],"
        "'tag':[{'system':'http://s','code':'t'}],'security':[{'code':'R'}],'source':'http://"
        "src'}}",
        uris);
}

/* search.html#modifiers, on one resource. */
static void modifiers(void **state)
{
    (void)state;
    static const struct row names[] = {{"family:exact=M%C3%BCller-Smith", true},
                                       {"family:exact=Muller-Smith", false},
                                       {"family:exact=M%C3%BCller", false},
                                       {"family:contains=LLER-s", true},
                                       {"family:contains=lers", false},
                                       {"family:contains=x,smi", true},
                                       {"name:missing=false", true},
                                       {"name:missing=true", false},
                                       {"gender:missing=true", true},
                                       {"gender:not=male", true},
                                       {"active:not=true", false},
                                       {"active:not=false", true},
                                       {"_id:not=p1", false},
                                       {"_id:not=p2", true},
                                       {"identifier:of-type=http://types|MR|446053", true},
                                       {"identifier:of-type=http://types|MR|446054", false},
                                       {"identifier:of-type=http://types|XX|446053", false},
                                       {"identifier:text=record", true},
                                       {"identifier:text=ecord", false},
                                       {"general-practitioner:identifier=http://gp|7", true},
                                       {"general-practitioner:identifier=7", true},
                                       {"general-practitioner:identifier=http://gp|8", false},
                                       {"general-practitioner:missing=false", true},
                                       {"organization:missing=true", true}};
    CHECK(PATIENT("'active':true,'name':[{'family':'Müller-Smith'}],"
                  "'generalPractitioner':[{'identifier':{'system':'http://gp','value':'7'}}],"
                  "'identifier':[{'value':'446053','type':{'text':'Medical record',"
                  "'coding':[{'system':'http://types','code':'MR'}]}}]"),
          names);
    static const struct row beside[] = {
        {"code:text=press", true},          {"code:text=blood+pressure", true},
        {"code:text=systolic", true},       {"code:text=ressure", false},
        {"combo-code:text=pressure", true}, {"component-code:text=pressure", false}};
    CHECK(OBSERVATION("'code':{'text':'Blood pressure','coding':[{'system':'http://loinc.org',"
                      "'code':'8480-6','display':'Systolic'}]}"),
          beside);
    static const struct row url[] = {{"url:below=http://acme.org/fhir", true},
                                     {"url:below=http://acme.org/fhir/ValueSet/1/", true},
                                     {"url:below=http://acme.org/fhi", false},
                                     {"url:above=http://acme.org/fhir/ValueSet/1/_history/5", true},
                                     {"url:above=http://acme.org/fhir/ValueSet/1", true},
                                     {"url:above=http://acme.org/fhir/ValueSet/12", false},
                                     {"url:above=http://acme.org/fhir/ValueSet", false}};
    CHECK("{'resourceType':'ValueSet','id':'v','url':'http://acme.org/fhir/ValueSet/1'}", url);
    static const struct row core[] = {{"url:below=http://hl7.org", true},
                                      {"url:below=http://hl7.org/fhir", true},
                                      {"url:below=http://hl7.org/fhir/StructureDefinition", true},
                                      {"url:below=http://hl7.org/fhir/ValueSet", false},
                                      {"url:below=https://hl7.org", false}};
    CHECK("{'resourceType':'StructureDefinition','id':'v',"
          "'url':'http://hl7.org/fhir/StructureDefinition/Patient'}",
          core);
}

/* search.html#composite, and unions. */
static void composites(void **state)
{
    (void)state;
#define PRESSURE                                                                      \
    OBSERVATION("'code':{'coding':[{'code':'bp'}]},'component':["                     \
                "{'code':{'coding':[{'code':'sys'}]},'valueQuantity':{'value':150}}," \
                "{'code':{'coding':[{'code':'dia'}]},'valueQuantity':{'value':80}}]")
    static const struct row rows[] = {{"component-code-value-quantity=sys$gt140", true},
                                      {"component-code-value-quantity=dia$gt140", false},
                                      {"component-code-value-quantity=dia$gt140,sys$150", true},
                                      {"component-code-value-quantity=dia$lt90", true},
                                      {"combo-code-value-quantity=sys$150", true},
                                      {"combo-code-value-quantity=bp$150", false},
                                      {"code-value-quantity=bp$150", false},
                                      {"combo-code=sys", true},
                                      {"combo-code=bp", true},
                                      {"code=sys", false},
                                      {"combo-value-quantity=80", true},
                                      {"combo-value-quantity=81", false}};
    CHECK(PRESSURE, rows);
    static const struct row whole[] = {{"code-value-quantity=w$5", true},
                                       {"code-value-quantity=w$6", false},
                                       {"code-value-quantity=x$5", false}};
    CHECK(OBSERVATION("'code':{'coding':[{'code':'w'}]},'valueQuantity':{'value':5}"), whole);
}

/* location.html#search: as the crow flies, from London to Paris 344 km. */
static void near_places(void **state)
{
    (void)state;
    static const struct row rows[] = {{"near=51.5074|-0.1278|350|km", true},
                                      {"near=51.5074|-0.1278|335|km", false},
                                      {"near=51.5074|-0.1278|350000|m", true},
                                      {"near=51.5074|-0.1278|215|[mi_i]", true},
                                      {"near=51.5074|-0.1278|200|[mi_i]", false},
                                      {"near=51.5074|-0.1278", false},
                                      {"near=48.86|2.35", true},
                                      {"near=48.86|2.35|0.01", false},
                                      {"near:missing=false", true}};
    CHECK("{'resourceType':'Location','id':'l','position':{'latitude':48.8566,"
          "'longitude':2.3522}}",
          rows);
}

/* search.html#content and search_filter.html, on one resource. */
static void words_and_filters(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"_text=metastases", true},
        {"_text=(bone+OR+liver)+and+metastases", true},
        {"_text=(bone+or+lung)+and+metastases", false},
        {"_text=meta", false},
        {"_content=liver+lopez", true},
        {"_text=lopez", false},
        {"_filter=name+co+\"PEZ\"", true},
        {"_filter=name+ew+pez", true},
        {"_filter=name+ew+lope", false},
        {"_filter=name+sw+lop", true},
        {"_filter=family+eq+lopez", true},
        {"_filter=family+eq+lope", false},
        {"_filter=family+ne+lopez", false},
        {"_filter=family+ne+lope", true},
        {"_filter=gender+pr+false", true},
        {"_filter=birthdate+gt+1970+and+not+(birthdate+ge+1975)", true},
        {"_filter=birthdate+po+1974-12", true},
        {"_filter=birthdate+po+1974-11", false},
        {"_filter=family+eq+x+or+birthdate+eq+1974+and+_id+eq+p1", true},
        {"_filter=language+ne+en", true},
        {"_filter=language+ne+en+and+not+(language+eq+fr)", false},
        {"_filter=gender+ne+male", false},
        {"_filter=_id+ne+p1", false}};
    CHECK(PATIENT("'text':{'status':'generated','div':'<div>Liver: <b>metastases</b></div>'},"
                  "'communication':[{'language':{'coding':[{'code':'en'}]}},"
                  "{'language':{'coding':[{'code':'fr'}]}}],"
                  "'birthDate':'1974-12-25','name':[{'family':'López'}]"),
          rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),       cmocka_unit_test(dates_random),
        cmocka_unit_test(numbers),     cmocka_unit_test(quantities),
        cmocka_unit_test(strings),     cmocka_unit_test(tokens),
        cmocka_unit_test(references),  cmocka_unit_test(others),
        cmocka_unit_test(modifiers),   cmocka_unit_test(composites),
        cmocka_unit_test(near_places), cmocka_unit_test(words_and_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

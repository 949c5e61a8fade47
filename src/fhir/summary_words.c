/* What a summary's tables say: values in words for people, escaped for XHTML. */
#include "fhir/summary_int.h"

enum { VALUE_MOST = 2000 };

/* Characters that XML cannot have become spaces: a tab and line ends are white space already. */
void summary_escape(struct buf *out, text t)
{
    t = text_short(t, VALUE_MOST);
    size_t from = 0;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        bool wide = i + 2 < t.n && c == 0xEF && (unsigned char)t.p[i + 1] == 0xBF &&
                    (unsigned char)t.p[i + 2] >= 0xBE;
        text as = c == '&'           ? T("&amp;")
                  : c == '<'         ? T("&lt;")
                  : c == '>'         ? T("&gt;")
                  : c == '"'         ? T("&quot;")
                  : c < 0x20 || wide ? T(" ")
                                     : T("");
        if (as.n) {
            buf_add(out, text_make(t.p + from, i - from));
            buf_add(out, as);
            i += wide ? 2 : 0;
            from = i + 1;
        }
    }
    buf_add(out, text_from(t, from));
}

/* --- dates ----------------------------------------------------------------------------------- */

static unsigned two_digits(text t, size_t at)
{
    return at + 1 < t.n ? (unsigned)(t.p[at] - '0') * 10 + (unsigned)(t.p[at + 1] - '0') : 0;
}

/* 2026, 2026-11, 2026-11-22, 2026-11-22T09:30:00.000+01:00 */
void summary_print_date(struct buf *out, text date)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    unsigned month = two_digits(date, 5);
    if (date.n >= 10) {
        buf_printf(out, "%u ", two_digits(date, 8));
    }
    if (month >= 1 && month <= 12) {
        buf_printf(out, "%s ", months[month - 1]);
    }
    summary_escape(out, text_first(date, 4));
    if (date.n >= 16) {
        text time = text_make(date.p + 11, 5);
        text rest = text_from(date, 16);
        size_t zone = text_find(rest, '+') < rest.n ? text_find(rest, '+') : text_find(rest, '-');
        buf_addc(out, ' ');
        summary_escape(out, time);
        if (zone < rest.n && !text_eq(text_from(rest, zone + 1), T("00:00"))) {
            buf_addc(out, ' ');
            summary_escape(out, text_from(rest, zone));
        }
    }
}

/* --- values ---------------------------------------------------------------------------------- */

static void print_quantity(struct buf *out, const yyjson_val *v)
{
    text unit = json_text(json_get(v, T("unit")));
    unit = unit.n ? unit : json_text(json_get(v, T("code")));
    summary_escape(out, json_text(json_get(v, T("comparator"))));
    summary_escape(out, json_text(json_get(v, T("value"))));
    if (unit.n && !text_eq(unit, T("1"))) {
        buf_addc(out, ' ');
        summary_escape(out, unit);
    }
}

static void print_pair(struct buf *out, const yyjson_val *v, text low, text between, text high)
{
    const yyjson_val *first = json_get(v, low);
    const yyjson_val *second = json_get(v, high);
    print_quantity(out, first);
    if (second) {
        buf_add(out, first || text_eq(between, T("/")) ? between : T("up to "));
        print_quantity(out, second);
    } else if (text_eq(low, T("low"))) {
        buf_add(out, T(" or more"));
    }
}

static void print_period(struct buf *out, const yyjson_val *v)
{
    text start = json_text(json_get(v, T("start")));
    text end = json_text(json_get(v, T("end")));
    if (start.n) {
        buf_add(out, end.n ? T("") : T("since "));
        summary_print_date(out, start);
    }
    if (end.n) {
        buf_add(out, start.n ? T(" to ") : T("until "));
        summary_print_date(out, end);
    }
}

static bool is_any(text type, const char *a, const char *b, const char *c)
{
    return text_eq(type, text_of(a)) || text_eq(type, text_of(b)) || text_eq(type, text_of(c));
}

void summary_print_value(struct buf *out, text type, const yyjson_val *v)
{
    if (is_any(type, "DateTime", "Date", "Instant")) {
        summary_print_date(out, json_text(v));
    } else if (is_any(type, "Quantity", "Age", "Duration")) {
        print_quantity(out, v);
    } else if (text_eq(type, T("CodeableConcept"))) {
        summary_escape(out, summary_concept(v));
    } else if (text_eq(type, T("Period"))) {
        print_period(out, v);
    } else if (text_eq(type, T("Range"))) {
        print_pair(out, v, T("low"), T(" to "), T("high"));
    } else if (text_eq(type, T("Ratio"))) {
        print_pair(out, v, T("numerator"), T("/"), T("denominator"));
    } else if (text_eq(type, T("Boolean"))) {
        buf_add(out, (v->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE ? T("yes") : T("no"));
    } else if (text_eq(type, T("Timing"))) {
        summary_escape(out, summary_concept(json_get(v, T("code"))));
    } else if (text_eq(type, T("SampledData"))) {
        buf_add(out, T("a series of measurements"));
    } else if (text_eq(type, T("Reference"))) {
        summary_escape(out, json_text(json_get(v, T("display"))));
    } else {
        summary_escape(out, json_text(v));
    }
}

void summary_print_choice(struct buf *out, const yyjson_val *root, text name)
{
    text type;
    const yyjson_val *value = summary_choice(root, name, &type);
    if (!value) {
        return;
    }
    if (!type.n && json_type(value) == YYJSON_TYPE_OBJ) {
        type = json_get(value, T("coding")) || json_get(value, T("text")) ? T("CodeableConcept")
                                                                          : T("Period");
    }
    if (!type.n && json_type(value) == YYJSON_TYPE_STR) {
        type = T("DateTime"); /* authoredOn, recordedDate ...: what has a plain name is a date */
    }
    summary_print_value(out, type, value);
}

void summary_print_code(struct buf *out, const yyjson_val *concept)
{
    static const struct {
        const char *system;
        const char *name;
    } known[] = {
        {"http://snomed.info/sct", "SNOMED CT"},
        {"http://loinc.org", "LOINC"},
        {"https://dmd.nhs.uk", "dm+d"},
        {"http://hl7.org/fhir/sid/icd-10", "ICD-10"},
        {"http://hl7.org/fhir/sid/cvx", "CVX"},
        {"http://www.whocc.no/atc", "ATC"},
        {"http://www.nlm.nih.gov/research/umls/rxnorm", "RxNorm"},
    };
    const yyjson_val *codings = json_get(concept, T("coding"));
    const yyjson_val *coding = summary_at(codings, 0);
    bool printed = false;
    for (size_t left = summary_count(codings); left; left--, coding = json_after(coding)) {
        text code = json_text(json_get(coding, T("code")));
        text system = json_text(json_get(coding, T("system")));
        size_t k = 0;
        while (k < sizeof known / sizeof *known && !text_eq(system, text_of(known[k].system))) {
            k++;
        }
        if (code.n && k < sizeof known / sizeof *known) {
            buf_printf(out, "%s%s ", printed ? "<br/>" : "", known[k].name);
            summary_escape(out, code);
            printed = true;
        }
    }
}

/* --- the person ------------------------------------------------------------------------------ */

/* The official name, else the usual one, else the first. */
static const yyjson_val *name_of(const yyjson_val *patient)
{
    const yyjson_val *names = json_get(patient, T("name"));
    const yyjson_val *usual = NULL;
    const yyjson_val *one = summary_at(names, 0);
    for (size_t left = summary_count(names); left; left--, one = json_after(one)) {
        text use = json_text(json_get(one, T("use")));
        if (text_eq(use, T("official"))) {
            return one;
        }
        usual = !usual && text_eq(use, T("usual")) ? one : usual;
    }
    return usual ? usual : summary_at(names, 0);
}

static void print_words(struct buf *out, const yyjson_val *list)
{
    const yyjson_val *one = summary_at(list, 0);
    for (size_t left = summary_count(list); left; left--, one = json_after(one)) {
        summary_escape(out, json_text(one));
        buf_addc(out, ' ');
    }
}

void summary_print_name(struct buf *out, const yyjson_val *patient)
{
    const yyjson_val *name = name_of(patient);
    text whole = json_text(json_get(name, T("text")));
    text family = json_text(json_get(name, T("family")));
    if (whole.n) {
        summary_escape(out, whole);
    } else if (name) {
        print_words(out, json_get(name, T("prefix")));
        print_words(out, json_get(name, T("given")));
        summary_escape(out, family);
    } else {
        buf_add(out, T("Name not recorded"));
    }
}

/* 943 476 5919, as people write it. What else a sender took for a number stays whole. */
static void print_number(struct buf *out, text value)
{
    bool usual = value.n == 10;
    for (size_t i = 0; usual && i < value.n; i++) {
        usual = value.p[i] >= '0' && value.p[i] <= '9';
    }
    summary_escape(out, usual ? text_first(value, 3) : value);
    if (usual) {
        buf_addc(out, ' ');
        summary_escape(out, text_make(value.p + 3, 3));
        buf_addc(out, ' ');
        summary_escape(out, text_from(value, 6));
    }
}

static void print_row(struct buf *out, const char *name)
{
    buf_printf(out, "<tr><th>%s</th><td>", name);
}

static void print_numbers(struct buf *out, const yyjson_val *patient)
{
    const yyjson_val *list = json_get(patient, T("identifier"));
    const yyjson_val *one = summary_at(list, 0);
    for (size_t left = summary_count(list); left; left--, one = json_after(one)) {
        if (text_eq(json_text(json_get(one, T("system"))),
                    T("https://fhir.nhs.uk/Id/nhs-number"))) {
            print_row(out, "NHS number");
            print_number(out, json_text(json_get(one, T("value"))));
            buf_add(out, T("</td></tr>"));
        }
    }
}

void summary_print_person(struct buf *out, const yyjson_val *patient)
{
    text birth = json_text(json_get(patient, T("birthDate")));
    text gender = json_text(json_get(patient, T("gender")));
    text type;
    const yyjson_val *death = summary_choice(patient, T("deceased"), &type);
    buf_add(out, T("<table>"));
    print_row(out, "Name");
    summary_print_name(out, patient);
    buf_add(out, T("</td></tr>"));
    print_row(out, "Birth date");
    if (birth.n) {
        summary_print_date(out, birth);
    } else {
        buf_add(out, T("not recorded"));
    }
    buf_add(out, T("</td></tr>"));
    print_numbers(out, patient);
    if (gender.n) {
        print_row(out, "Gender");
        summary_escape(out, gender);
        buf_add(out, T("</td></tr>"));
    }
    if (death) {
        print_row(out, "Died");
        summary_print_value(out, type, death);
        buf_add(out, T("</td></tr>"));
    }
    buf_add(out, T("</table>"));
}

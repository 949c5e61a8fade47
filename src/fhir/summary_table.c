/* The narratives of a summary's sections: a table each, a row for each entry. */
#include "fhir/summary_int.h"

struct row {
    const struct summary_ask *ask;
    const struct summary_item *item;
    struct buf *out;
};

/* --- cells ----------------------------------------------------------------------------------- */

/* The first category that has words; else the code of the first. */
static text category_of(const yyjson_val *root)
{
    const yyjson_val *list = json_get(root, T("category"));
    for (size_t i = 0; i < summary_count(list); i++) {
        const yyjson_val *one = summary_at(list, i);
        const yyjson_val *coding = summary_at(json_get(one, T("coding")), 0);
        if (json_get(one, T("text")) || json_get(coding, T("display"))) {
            return summary_concept(one);
        }
    }
    return summary_concept(summary_at(list, 0));
}

static void put_what(const struct row *r)
{
    text words;
    (void)summary_subject_code(r->ask, r->item->root, &words);
    if (!words.n) {
        words = json_text(json_get(r->item->root, T("title")));
    }
    if (!words.n) {
        words = category_of(r->item->root);
    }
    if (!words.n) {
        words = json_text(json_get(r->item->root, T("summary")));
    }
    summary_escape(r->out, words.n ? words : T("not recorded"));
}

static void put_code(const struct row *r)
{
    text words;
    summary_print_code(r->out, summary_subject_code(r->ask, r->item->root, &words));
}

static void put_status(const struct row *r)
{
    const yyjson_val *root = r->item->root;
    const yyjson_val *clinical = json_get(root, T("clinicalStatus"));
    const yyjson_val *verified = json_get(root, T("verificationStatus"));
    text status = json_text(json_get(root, T("status")));
    summary_escape(r->out, clinical ? summary_concept(clinical) : status);
    if (verified && !summary_has_code(verified, T(""), (const char *const[]){"confirmed", NULL})) {
        buf_add(r->out, clinical ? T(", ") : T(""));
        summary_escape(r->out, summary_concept(verified));
    }
}

/* "3 times every 1 day, as needed" */
static void put_timing(const yyjson_val *dosage, struct buf *out)
{
    static const char *const units[] = {"s",     "seconds", "min",  "minutes", "h",
                                        "hours", "d",       "days", "wk",      "weeks",
                                        "mo",    "months",  "a",    "years"};
    const yyjson_val *timing = json_get(dosage, T("timing"));
    const yyjson_val *repeat = json_get(timing, T("repeat"));
    text unit = json_text(json_get(repeat, T("periodUnit")));
    text type;
    const yyjson_val *needed = summary_choice(dosage, T("asNeeded"), &type);
    buf_addc(out, ' ');
    summary_escape(out, summary_concept(json_get(timing, T("code"))));
    if (!json_get(timing, T("code")) && unit.n) {
        text times = json_text(json_get(repeat, T("frequency")));
        size_t i = 0;
        while (i + 2 < sizeof units / sizeof *units && !text_eq(unit, text_of(units[i]))) {
            i += 2;
        }
        summary_escape(out, times.n ? times : T("1"));
        buf_add(out, T(" times every "));
        summary_escape(out, json_text(json_get(repeat, T("period"))));
        buf_printf(out, " %s", units[i + 1]);
    }
    if (needed && (!text_eq(type, T("Boolean")) ||
                   (needed->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE)) {
        buf_add(out, T(", as needed "));
        if (!text_eq(type, T("Boolean"))) {
            summary_print_value(out, type, needed);
        }
    }
}

static void put_dosage(const struct row *r)
{
    const yyjson_val *list = json_get(r->item->root, T("dosageInstruction"));
    list = list ? list : json_get(r->item->root, T("dosage"));
    for (size_t i = 0; i < summary_count(list); i++) {
        const yyjson_val *one = summary_at(list, i);
        const yyjson_val *dose = summary_at(json_get(one, T("doseAndRate")), 0);
        text words = summary_dosage(one);
        buf_add(r->out, i ? T("<br/>") : T(""));
        if (words.n) {
            summary_escape(r->out, words);
            continue;
        }
        summary_print_choice(r->out, dose, T("dose"));
        buf_addc(r->out, ' ');
        summary_escape(r->out, summary_concept(json_get(one, T("route"))));
        put_timing(one, r->out);
    }
}

static void put_reactions(const struct row *r)
{
    const yyjson_val *list = json_get(r->item->root, T("reaction"));
    for (size_t i = 0; i < summary_count(list); i++) {
        const yyjson_val *one = summary_at(list, i);
        const yyjson_val *signs = json_get(one, T("manifestation"));
        text severity = json_text(json_get(one, T("severity")));
        buf_add(r->out, i ? T("<br/>") : T(""));
        for (size_t k = 0; k < summary_count(signs); k++) {
            buf_add(r->out, k ? T(", ") : T(""));
            summary_escape(r->out, summary_concept(summary_at(signs, k)));
        }
        if (severity.n) {
            buf_add(r->out, T(" ("));
            summary_escape(r->out, severity);
            buf_addc(r->out, ')');
        }
    }
}

static void put_criticality(const struct row *r)
{
    summary_escape(r->out, json_text(json_get(r->item->root, T("criticality"))));
}

static void put_severity(const struct row *r)
{
    summary_escape(r->out, summary_concept(json_get(r->item->root, T("severity"))));
}

static void put_site(const struct row *r)
{
    const yyjson_val *site = json_get(r->item->root, T("bodySite"));
    if (json_type(site) == YYJSON_TYPE_OBJ) {
        summary_escape(r->out, summary_concept(site));
    }
    for (size_t i = 0; i < summary_count(site); i++) {
        buf_add(r->out, i ? T(", ") : T(""));
        summary_escape(r->out, summary_concept(summary_at(site, i)));
    }
}

/* The first date of these that there is. */
static void put_first(const struct row *r, const char *const *names)
{
    text type;
    size_t i = 0;
    while (names[i] && !summary_choice(r->item->root, text_of(names[i]), &type)) {
        i++;
    }
    if (names[i]) {
        summary_print_choice(r->out, r->item->root, text_of(names[i]));
    }
}

static void put_since(const struct row *r)
{
    static const char *const names[] = {
        "effective",    "onset",    "timing", "recordedOn", "authoredOn", "recordedDate",
        "dateAsserted", "dateTime", "period", "created",    NULL};
    put_first(r, names);
}

static void put_date(const struct row *r)
{
    static const char *const names[] = {"effective", "performed",    "occurrence", "issued",
                                        "dateTime",  "recordedDate", "date",       NULL};
    put_first(r, names);
}

static void put_end(const struct row *r)
{
    summary_print_choice(r->out, r->item->root, T("abatement"));
}

static void put_lot(const struct row *r)
{
    summary_escape(r->out, json_text(json_get(r->item->root, T("lotNumber"))));
}

static void put_one_value(struct buf *out, const yyjson_val *v)
{
    text type;
    const yyjson_val *absent = json_get(v, T("dataAbsentReason"));
    if (summary_choice(v, T("value"), &type)) {
        summary_print_choice(out, v, T("value"));
    } else if (absent) {
        summary_escape(out, summary_concept(absent));
    }
    const yyjson_val *interpretation = summary_at(json_get(v, T("interpretation")), 0);
    if (interpretation) {
        buf_add(out, T(" ("));
        summary_escape(out, summary_concept(interpretation));
        buf_addc(out, ')');
    }
}

static void put_value(const struct row *r)
{
    const yyjson_val *root = r->item->root;
    const yyjson_val *parts = json_get(root, T("component"));
    text conclusion = json_text(json_get(root, T("conclusion")));
    summary_escape(r->out, conclusion.n ? conclusion : json_text(json_get(root, T("summary"))));
    put_one_value(r->out, root);
    for (size_t i = 0; i < summary_count(parts); i++) {
        const yyjson_val *part = summary_at(parts, i);
        buf_add(r->out, i ? T("<br/>") : T(""));
        summary_escape(r->out, summary_concept(json_get(part, T("code"))));
        buf_add(r->out, T(": "));
        put_one_value(r->out, part);
    }
}

static void put_range(const struct row *r)
{
    const yyjson_val *range = summary_at(json_get(r->item->root, T("referenceRange")), 0);
    text words = json_text(json_get(range, T("text")));
    if (words.n) {
        summary_escape(r->out, words);
    } else if (json_get(range, T("low")) || json_get(range, T("high"))) {
        summary_print_value(r->out, T("Range"), range);
    }
}

/* --- columns --------------------------------------------------------------------------------- */

struct column {
    const char *head;
    void (*put)(const struct row *r);
};

enum { COLUMNS_MOST = 7 };

/* Codes come last: they are for programs and specialists, and a narrow page shows the first ones.
 */
#define MEASURED(what)                                                          \
    {{what, put_what},   {"Result", put_value}, {"Reference range", put_range}, \
     {"Date", put_date}, {"Code", put_code},    {0}}

static const struct column columns[SUMMARY_SECTIONS][COLUMNS_MOST] = {
    [SUMMARY_MEDICATIONS] = {{"Medicine", put_what},
                             {"Dosage", put_dosage},
                             {"Status", put_status},
                             {"Since", put_since},
                             {"Code", put_code}},
    [SUMMARY_ALLERGIES] = {{"Allergy or intolerance", put_what},
                           {"Status", put_status},
                           {"Criticality", put_criticality},
                           {"Reactions", put_reactions},
                           {"Since", put_since},
                           {"Code", put_code}},
    [SUMMARY_PROBLEMS] = {{"Problem", put_what},
                          {"Status", put_status},
                          {"Severity", put_severity},
                          {"Site", put_site},
                          {"Since", put_since},
                          {"Code", put_code}},
    [SUMMARY_IMMUNIZATIONS] = {{"Vaccine", put_what},
                               {"Date", put_date},
                               {"Lot", put_lot},
                               {"Code", put_code}},
    [SUMMARY_PROCEDURES] = {{"Procedure", put_what},
                            {"Site", put_site},
                            {"Status", put_status},
                            {"Date", put_date},
                            {"Code", put_code}},
    [SUMMARY_DEVICES] = {{"Device", put_what},
                         {"Status", put_status},
                         {"Since", put_since},
                         {"Code", put_code}},
    [SUMMARY_RESULTS] = MEASURED("Test"),
    [SUMMARY_VITAL_SIGNS] = MEASURED("Measurement"),
    [SUMMARY_SOCIAL_HISTORY] = MEASURED("Circumstance"),
    [SUMMARY_PAST_ILLNESS] = {{"Illness", put_what},
                              {"Status", put_status},
                              {"From", put_since},
                              {"Until", put_end},
                              {"Code", put_code}},
    [SUMMARY_FUNCTIONAL_STATUS] = MEASURED("Assessment"),
    [SUMMARY_PLAN_OF_CARE] = {{"Plan", put_what}, {"Status", put_status}, {"Time", put_since}},
    [SUMMARY_PREGNANCY] = MEASURED("Observation"),
    [SUMMARY_ADVANCE_DIRECTIVES] = {{"Directive", put_what},
                                    {"Status", put_status},
                                    {"Date", put_date}},
};

/* Whether any row has something in a column. What that prints is taken back. */
static bool has_any(const struct summary_ask *ask, const struct summary_chosen *chosen,
                    const struct column *column, struct buf *out)
{
    bool has = false;
    for (size_t i = 0; !has && i < chosen->count; i++) {
        struct row row = {ask, chosen->items[i], out};
        size_t before = out->n;
        column->put(&row);
        has = text_trim(text_from(buf_text(out), before)).n > 0;
        out->n = before;
    }
    return has;
}

/* "and 12 older ones": a reader has to know what is not there. */
static void put_dropped(const struct summary_chosen *chosen, struct buf *out)
{
    if (chosen->dropped) {
        buf_printf(out, "<p>%zu older ones are in the record, and not in this summary.</p>",
                   chosen->dropped);
    }
}

static void put_nothing(const struct summary_chosen *chosen, enum summary_section section,
                        struct buf *out)
{
    static const char *const what[SUMMARY_SECTIONS] = {
        "medicines", "allergies", "problems", "immunisations", "procedures", "devices", "results"};
    const char *said = what[section] ? what[section] : "this";
    if (chosen->ended) {
        buf_printf(out, "<p>No current %s in this record: those that it has are over.</p>", said);
    } else {
        buf_printf(out, "<p>No information about %s in this record.</p>", said);
    }
}

void summary_table(const struct summary_ask *ask, const struct summary *s,
                   enum summary_section section, struct buf *out)
{
    const struct summary_chosen *chosen = &s->sections[section];
    buf_add(out, T("<div xmlns=\"http://www.w3.org/1999/xhtml\">"));
    if (!chosen->count) {
        put_nothing(chosen, section, out);
        buf_add(out, T("</div>"));
        return;
    }
    bool shown[COLUMNS_MOST] = {0};
    const struct column *all = columns[section];
    buf_add(out, T("<table><thead><tr>"));
    for (size_t k = 0; all[k].head; k++) {
        shown[k] = k == 0 || has_any(ask, chosen, &all[k], out);
        if (shown[k]) {
            buf_printf(out, "<th scope=\"col\">%s</th>", all[k].head);
        }
    }
    buf_add(out, T("</tr></thead><tbody>"));
    for (size_t i = 0; i < chosen->count; i++) {
        struct row row = {ask, chosen->items[i], out};
        buf_add(out, T("<tr>"));
        for (size_t k = 0; all[k].head; k++) {
            if (shown[k]) {
                buf_add(out, T("<td>"));
                all[k].put(&row);
                buf_add(out, T("</td>"));
            }
        }
        buf_add(out, T("</tr>"));
    }
    buf_add(out, T("</tbody></table>"));
    put_dropped(chosen, out);
    buf_add(out, T("</div>"));
}

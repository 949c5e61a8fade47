/* Results: a list of values by date, reports, and each by itself. */
#include "fhir/narrative.h"
#include "fhir/reference.h"
#include "plain/inner.h"

enum { A_PAGE = 50, REPORTS_MOST = 20, VALUES_MOST = 200 };

static const char result_dates[] = "effectiveDateTime effectivePeriod effectiveInstant issued";

static text title_of(struct page *p, const yyjson_val *root)
{
    text title = words_concept(json_get(root, T("code")));
    return title.n ? title : page_text(p, TEXT_RESULT);
}

static void put_cell(struct page *p, text words)
{
    html_element(&p->h, "td", words);
}

/* What a value is: only what is not simply final. */
static text status_of(const yyjson_val *root)
{
    text status = json_text(json_get(root, T("status")));
    return text_eq(status, T("final")) ? T("") : status;
}

static void put_link_cell(struct page *p, const char *page, const yyjson_val *root)
{
    text id = json_text(json_get(root, T("id")));
    text address = arena_printf(p->a, "/plain/%s/%.*s", page, TEXT_ARG(id));
    html_open(&p->h, "td");
    html_open(&p->h, "a");
    html_attribute(&p->h, "href", address.p ? address : T("#main"));
    html_text(&p->h, title_of(p, root));
    html_close(&p->h);
    html_close(&p->h);
}

static void put_values(struct page *p, const yyjson_val *bundle, text caption)
{
    static const enum plain_text heads[] = {TEXT_DATE,  TEXT_TEST, TEXT_RESULT,
                                            TEXT_RANGE, TEXT_NOTE, TEXT_COUNT};
    const yyjson_val *at = NULL;
    const yyjson_val *one;
    page_table(p, caption, heads);
    while ((one = next_match(bundle, &at))) {
        html_open(&p->h, "tr");
        put_cell(p, words_date(p, first_date(one, result_dates)));
        put_link_cell(p, "result", one);
        put_cell(p, words_result(p, one));
        put_cell(p, words_range(p, one));
        put_cell(p, status_of(one));
        html_close(&p->h);
    }
    page_table_end(p);
}

static bool has_any(const yyjson_val *bundle)
{
    const yyjson_val *at = NULL;
    return next_match(bundle, &at) != NULL;
}

static void put_reports(struct page *p, const yyjson_val *bundle)
{
    static const enum plain_text heads[] = {TEXT_DATE, TEXT_REPORT, TEXT_COMMENT, TEXT_COUNT};
    const yyjson_val *at = NULL;
    const yyjson_val *one;
    if (!has_any(bundle)) {
        return;
    }
    page_heading(p, "h2", page_text(p, TEXT_REPORTS));
    page_table(p, page_text(p, TEXT_REPORTS_CAPTION), heads);
    while ((one = next_match(bundle, &at))) {
        html_open(&p->h, "tr");
        put_cell(p, words_date(p, first_date(one, result_dates)));
        put_link_cell(p, "report", one);
        put_cell(p, json_text(json_get(one, T("conclusion"))));
        html_close(&p->h);
    }
    page_table_end(p);
}

int page_results(struct page *p, struct err *e)
{
    yyjson_val *values = NULL;
    yyjson_val *reports = NULL;
    text id = p->part.n ? p->part : p->visitor.patient;
    text page = url_encoded(p, page_value(p, "page"));
    int rc = page_open_record(p, id, e);
    rc = rc ? rc
            : ask_fhir(p,
                       arena_printf(p->a, "Observation?patient=%.*s&_sort=-date&_count=%d%s%.*s",
                                    TEXT_ARG(id), A_PAGE, page.n ? "&_page=" : "", TEXT_ARG(page)),
                       &values, e);
    rc = rc || page.n
             ? rc
             : ask_fhir(p,
                        arena_printf(p->a, "DiagnosticReport?patient=%.*s&_sort=-date&_count=%d",
                                     TEXT_ARG(id), REPORTS_MOST),
                        &reports, e);
    if (rc) {
        return rc;
    }
    page_begin(p, page_text(p, TEXT_RESULTS));
    page_withheld(p);
    if (has_any(values)) {
        put_values(p, values, page_text(p, TEXT_RESULTS_CAPTION));
    } else {
        page_paragraph(p, page_text(p, TEXT_RESULTS_NONE));
    }
    page_older(p, "results", next_token(values), TEXT_OLDER);
    put_reports(p, reports);
    return page_end(p, e);
}

/* --- one -------------------------------------------------------------------------------------- */

/* What its author wrote about it, where that is a narrative. */
void page_narrative(struct page *p, const yyjson_val *root)
{
    const yyjson_val *narrative = json_get(root, T("text"));
    text div = json_text(json_get(narrative, T("div")));
    text language = json_text(json_get(root, T("language")));
    struct err ignored = {0};
    if (!div.n || text_eq(json_text(json_get(narrative, T("status"))), T("empty"))) {
        return;
    }
    page_heading(p, "h2", page_text(p, TEXT_WORDS));
    html_open(&p->h, "div");
    if (language.n) {
        html_attribute(&p->h, "lang", language);
    }
    (void)narrative_write(div, 2, T(""), p->a, &p->h, &ignored); /* the facts stand above */
    html_close(&p->h);
}

static void put_notes(struct page *p, const yyjson_val *root)
{
    const yyjson_val *notes = json_get(root, T("note"));
    const yyjson_val *one =
        json_type(notes) == YYJSON_TYPE_ARR && json_len(notes) ? notes + 1 : NULL;
    for (size_t left = one ? json_len(notes) : 0; left; left--, one = json_after(one)) {
        page_fact(p, TEXT_COMMENT, json_text(json_get(one, T("text"))));
    }
}

int page_result(struct page *p, struct err *e)
{
    yyjson_val *root = NULL;
    int rc = page_entry(p, "Observation", &root, e);
    if (rc) {
        return rc;
    }
    page_begin(p, title_of(p, root));
    page_facts(p);
    page_fact(p, TEXT_DATE, words_date(p, first_date(root, result_dates)));
    page_fact(p, TEXT_RESULT, words_result(p, root));
    page_fact(p, TEXT_RANGE, words_range(p, root));
    page_fact(p, TEXT_STATUS, json_text(json_get(root, T("status"))));
    page_fact(p, TEXT_BY, words_people(p, json_get(root, T("performer"))));
    put_notes(p, root);
    html_close(&p->h);
    page_narrative(p, root);
    return page_end(p, e);
}

/* Its values come by one search, so that what is hidden stays out. */
static int read_values(struct page *p, const yyjson_val *report, yyjson_val **ret_values,
                       struct err *e)
{
    struct buf ids;
    const yyjson_val *all = json_get(report, T("result"));
    const yyjson_val *one = json_type(all) == YYJSON_TYPE_ARR && json_len(all) ? all + 1 : NULL;
    *ret_values = NULL;
    buf_init(&ids, WORDS_MOST);
    for (size_t i = 0; one && i < json_len(all) && i < VALUES_MOST; i++, one = json_after(one)) {
        text reference = json_text(json_get(one, T("reference")));
        text id = text_from(reference, T("Observation/").n);
        if (text_starts(reference, T("Observation/")) && reference_id_ok(id)) {
            buf_printf(&ids, "%s%.*s", ids.n ? "," : "", TEXT_ARG(id));
        }
    }
    text query =
        arena_printf(p->a, "Observation?_id=%.*s&_count=%d", TEXT_ARG(buf_text(&ids)), VALUES_MOST);
    int rc = !ids.n ? 0 : query.p ? ask_fhir(p, query, ret_values, e) : plain_no_memory(e);
    buf_done(&ids);
    return rc;
}

int page_report(struct page *p, struct err *e)
{
    yyjson_val *root = NULL;
    yyjson_val *values = NULL;
    int rc = page_entry(p, "DiagnosticReport", &root, e);
    rc = rc ? rc : read_values(p, root, &values, e);
    if (rc) {
        return rc;
    }
    page_begin(p, title_of(p, root));
    page_facts(p);
    page_fact(p, TEXT_DATE, words_date(p, first_date(root, result_dates)));
    page_fact(p, TEXT_STATUS, json_text(json_get(root, T("status"))));
    page_fact(p, TEXT_BY, words_people(p, json_get(root, T("performer"))));
    page_fact(p, TEXT_COMMENT, json_text(json_get(root, T("conclusion"))));
    html_close(&p->h);
    if (has_any(values)) {
        put_values(p, values, page_text(p, TEXT_VALUES));
    }
    page_narrative(p, root);
    return page_end(p, e);
}

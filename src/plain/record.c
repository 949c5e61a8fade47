/* A record on one page: the summary that the node makes of it (Patient/$summary), whose sections
 * have their narratives. */
#include "fhir/narrative.h"
#include "plain/inner.h"

/* In the order in which somebody needs them: what keeps a person safe comes first. By the LOINC
 * code of the section (docs/operations of $summary). */
static const struct {
    const char *code;
    enum plain_text title;
} order[] = {
    {"48765-2", TEXT_ALLERGIES},    {"10160-0", TEXT_MEDICINES},      {"11450-4", TEXT_PROBLEMS},
    {"11369-6", TEXT_VACCINATIONS}, {"30954-2", TEXT_LATEST_RESULTS}, {"8716-3", TEXT_MEASUREMENTS},
    {"47519-4", TEXT_PROCEDURES},   {"11348-0", TEXT_PAST},           {"29762-2", TEXT_SOCIAL},
    {"46264-8", TEXT_DEVICES},      {"47420-5", TEXT_FUNCTION},       {"18776-5", TEXT_PLANS},
    {"10162-6", TEXT_PREGNANCY},    {"42348-3", TEXT_DIRECTIVES},
};
enum { SECTIONS = sizeof order / sizeof *order, DATE_BYTES = 10 };

static const yyjson_val *item(const yyjson_val *array, size_t at)
{
    const yyjson_val *one =
        json_type(array) == YYJSON_TYPE_ARR && at < json_len(array) ? array + 1 : NULL;
    while (one && at--) {
        one = json_after(one);
    }
    return one;
}

static text code_of_section(const yyjson_val *section)
{
    const yyjson_val *codings = json_get(json_get(section, T("code")), T("coding"));
    return json_text(json_get(item(codings, 0), T("code")));
}

static const yyjson_val *section_of(const yyjson_val *composition, text code)
{
    const yyjson_val *sections = json_get(composition, T("section"));
    const yyjson_val *one = item(sections, 0);
    for (size_t left = one ? json_len(sections) : 0; left; left--, one = json_after(one)) {
        if (text_eq(code_of_section(one), code)) {
            return one;
        }
    }
    return NULL;
}

/* Its narrative, in the language that the node writes it in; a wide table scrolls by itself. */
static int put_section(struct page *p, const yyjson_val *section, size_t at, struct err *e)
{
    text title = page_text(p, order[at].title);
    text id = arena_printf(p->a, "part-%s", order[at].code);
    text div = json_text(json_get(json_get(section, T("text")), T("div")));
    html_open(&p->h, "section");
    html_attribute(&p->h, "aria-labelledby", id);
    html_open(&p->h, "h2");
    html_attribute(&p->h, "id", id);
    html_text(&p->h, title);
    html_close(&p->h);
    page_scrolls(p, title);
    html_open(&p->h, "div");
    html_attribute(&p->h, "class", T("narrative"));
    html_attribute(&p->h, "lang", T("en-GB"));
    int rc = narrative_write(div, 2, json_text(json_get(section, T("title"))), p->a, &p->h, e);
    html_close(&p->h);
    html_close(&p->h);
    html_close(&p->h);
    return rc;
}

static int put_sections(struct page *p, const yyjson_val *composition, struct err *e)
{
    int rc = 0;
    html_open(&p->h, "nav");
    html_attribute(&p->h, "aria-label", page_text(p, TEXT_RECORD_PARTS));
    html_open(&p->h, "ul");
    for (size_t i = 0; i < SECTIONS; i++) {
        if (section_of(composition, text_of(order[i].code))) {
            text address = arena_printf(p->a, "#part-%s", order[i].code);
            html_open(&p->h, "li");
            html_open(&p->h, "a");
            html_attribute(&p->h, "href", address);
            html_text(&p->h, page_text(p, order[i].title));
            html_close(&p->h);
            html_close(&p->h);
        }
    }
    html_close(&p->h);
    html_close(&p->h);
    for (size_t i = 0; !rc && i < SECTIONS; i++) {
        const yyjson_val *section = section_of(composition, text_of(order[i].code));
        rc = section ? put_section(p, section, i, e) : 0;
    }
    return rc;
}

void page_withheld(struct page *p)
{
    const yyjson_val *all = json_get(p->withheld, T("parameter"));
    const yyjson_val *one = item(all, 0);
    for (size_t left = one ? json_len(all) : 0; left; left--, one = json_after(one)) {
        text name = json_text(json_get(one, T("name")));
        text words = json_text(json_get(one, T("valueString")));
        if (text_eq(name, T("held"))) {
            const yyjson_val *until = item(json_get(one, T("part")), 0);
            text day = text_first(json_text(json_get(until, T("valueDateTime"))), DATE_BYTES);
            words = page_text_with(p, TEXT_HELD_UNTIL, words_date(p, day));
        } else if (!text_eq(name, T("words"))) {
            continue;
        }
        if (words.n) {
            html_open(&p->h, "p");
            html_attribute(&p->h, "class", T("note"));
            html_text(&p->h, words);
            html_close(&p->h);
        }
    }
}

int page_open_record(struct page *p, text id, struct err *e)
{
    int rc = page_about(p, id, e);
    text path = arena_printf(p->a, "Patient/%.*s/$withheld", TEXT_ARG(id));
    if (rc || !path.p) {
        return rc ? rc : plain_no_memory(e);
    }
    rc = p->visitor.is_patient || p->visitor.reads
             ? ask_fhir(p, path, &p->withheld, e)
             : err_set(e, ERR_FORBIDDEN, "your role does not read records");
    p->is_closed = rc == ERR_FORBIDDEN || rc == ERR_NOT_FOUND;
    return p->is_closed ? ERR_FORBIDDEN : rc;
}

int page_record(struct page *p, struct err *e)
{
    yyjson_val *summary = NULL;
    text id = p->part.n ? p->part : p->visitor.patient;
    text path = arena_printf(p->a, "Patient/%.*s/$summary", TEXT_ARG(id));
    int rc = page_open_record(p, id, e);
    rc = rc ? rc : path.p ? ask_fhir(p, path, &summary, e) : plain_no_memory(e);
    if (rc) {
        return rc;
    }
    const yyjson_val *composition = json_get(item(json_get(summary, T("entry")), 0), T("resource"));
    text made = words_date(p, json_text(json_get(composition, T("date"))));
    page_begin(p, page_text(p, TEXT_RECORD));
    page_withheld(p);
    rc = put_sections(p, composition, e);
    page_paragraph(p, page_text_with(p, TEXT_MADE, made));
    return rc ? rc : page_end(p, e);
}

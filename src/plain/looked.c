/* Who looked at a record: the list of the access log, rolled up as the portal shows it. */
#include "plain/inner.h"

enum { A_PAGE = 50 };

static void put_row(struct page *p, const yyjson_val *entry)
{
    text role = json_text(json_get(entry, T("role_name")));
    uint64_t count = 0;
    text what = looked_what(p, entry);
    html_open(&p->h, "tr");
    html_element(&p->h, "td", words_date(p, json_text(json_get(entry, T("at")))));
    html_open(&p->h, "td");
    html_text(&p->h, looked_who(p, entry));
    if (role.n) {
        html_text(&p->h, T(", "));
        html_text(&p->h, role);
    }
    html_close(&p->h);
    html_element(&p->h, "td", json_text(json_get(entry, T("organisation_name"))));
    html_element(&p->h, "td", looked_why(p, entry));
    html_open(&p->h, "td");
    html_text(&p->h, what);
    if (text_to_u64(json_text(json_get(entry, T("count"))), &count) && count > 1) {
        text number = arena_printf(p->a, "%llu", (unsigned long long)count);
        html_text(&p->h, T(", "));
        html_text(&p->h, page_text_with(p, TEXT_TIMES, number));
    }
    html_close(&p->h);
    html_close(&p->h);
}

int page_looked(struct page *p, struct err *e)
{
    static const enum plain_text heads[] = {TEXT_WHEN, TEXT_WHO,  TEXT_ORGANISATION,
                                            TEXT_WHY,  TEXT_WHAT, TEXT_COUNT};
    yyjson_val *list = NULL;
    text id = p->part.n ? p->part : p->visitor.patient;
    text before = url_encoded(p, page_value(p, "page"));
    text path = arena_printf(p->a, "patient/%.*s?count=%d%s%.*s", TEXT_ARG(id), A_PAGE,
                             before.n ? "&before=" : "", TEXT_ARG(before));
    int rc = page_about(p, id, e);
    rc = rc ? rc : path.p ? ask_audit(p, path, &list, e) : plain_no_memory(e);
    if (rc) {
        return rc;
    }
    bool own = text_eq(id, p->visitor.patient);
    const yyjson_val *entries = json_get(list, T("entries"));
    size_t count = json_type(entries) == YYJSON_TYPE_ARR ? json_len(entries) : 0;
    const yyjson_val *one = count ? entries + 1 : NULL;
    page_begin(p, page_text(p, own ? TEXT_LOOKED_MINE : TEXT_LOOKED));
    if (count) {
        page_table(p, page_text(p, TEXT_LOOKED_CAPTION), heads);
        for (; count; count--, one = json_after(one)) {
            put_row(p, one);
        }
        page_table_end(p);
    } else {
        page_paragraph(p, page_text(p, TEXT_LOOKED_NONE));
    }
    page_older(p, "looked", json_text(json_get(list, T("next"))), TEXT_LOOKED_OLDER);
    if (own) {
        page_paragraph(p, page_text(p, TEXT_LOOKED_ASK));
    }
    return page_end(p, e);
}

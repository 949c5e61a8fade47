/* Letters and documents: the text first, the original always. */
#include "fhir/primitive.h"
#include "fhir/reference.h"
#include "plain/inner.h"

enum { A_PAGE = 50, CONTENTS_MOST = 20 };

struct attachment {
    text type; /* without parameters */
    text bytes;
    text title;
    bool is_elsewhere; /* it is no file of this node */
};

static const yyjson_val *content_of(const yyjson_val *root, size_t at)
{
    const yyjson_val *all = json_get(root, T("content"));
    const yyjson_val *one =
        json_type(all) == YYJSON_TYPE_ARR && at < json_len(all) ? all + 1 : NULL;
    while (one && at--) {
        one = json_after(one);
    }
    return json_get(one, T("attachment"));
}

static text title_of(struct page *p, const yyjson_val *root)
{
    text title = json_text(json_get(root, T("description")));
    title = title.n ? title : json_text(json_get(content_of(root, 0), T("title")));
    title = title.n ? title : words_concept(json_get(root, T("type")));
    return title.n ? title : page_text(p, TEXT_LETTER);
}

static text date_of(struct page *p, const yyjson_val *root)
{
    text date = first_date(root, "date indexed");
    return words_date(p, date.n ? date : json_text(json_get(content_of(root, 0), T("creation"))));
}

/* Who wrote it, and for which organisation. */
static text from_of(struct page *p, const yyjson_val *root)
{
    text author = words_people(p, json_get(root, T("author")));
    text custodian = json_text(json_get(json_get(root, T("custodian")), T("display")));
    if (!author.n || !custodian.n) {
        return author.n ? author : custodian;
    }
    text both = arena_printf(p->a, "%.*s, %.*s", TEXT_ARG(author), TEXT_ARG(custodian));
    return both.p ? both : author;
}

static void put_row(struct page *p, const yyjson_val *root)
{
    text address =
        arena_printf(p->a, "/plain/letter/%.*s", TEXT_ARG(json_text(json_get(root, T("id")))));
    html_open(&p->h, "tr");
    html_element(&p->h, "td", date_of(p, root));
    html_open(&p->h, "td");
    html_open(&p->h, "a");
    html_attribute(&p->h, "href", address.p ? address : T("#main"));
    html_text(&p->h, title_of(p, root));
    html_close(&p->h);
    html_close(&p->h);
    html_element(&p->h, "td", words_concept(json_get(root, T("type"))));
    html_element(&p->h, "td", from_of(p, root));
    html_close(&p->h);
}

int page_letters(struct page *p, struct err *e)
{
    static const enum plain_text heads[] = {TEXT_DATE, TEXT_LETTER, TEXT_LETTER_KIND,
                                            TEXT_LETTER_FROM, TEXT_COUNT};
    yyjson_val *found = NULL;
    const yyjson_val *at = NULL;
    const yyjson_val *one;
    text id = p->part.n ? p->part : p->visitor.patient;
    text page = url_encoded(p, page_value(p, "page"));
    int rc = page_open_record(p, id, e);
    text query = arena_printf(p->a, "DocumentReference?patient=%.*s&_sort=-date&_count=%d%s%.*s",
                              TEXT_ARG(id), A_PAGE, page.n ? "&_page=" : "", TEXT_ARG(page));
    rc = rc ? rc : query.p ? ask_fhir(p, query, &found, e) : plain_no_memory(e);
    if (rc) {
        return rc;
    }
    page_begin(p, page_text(p, TEXT_LETTERS));
    page_withheld(p);
    if (next_match(found, &at)) {
        at = NULL;
        page_table(p, page_text(p, TEXT_LETTERS_CAPTION), heads);
        while ((one = next_match(found, &at))) {
            put_row(p, one);
        }
        page_table_end(p);
    } else {
        page_paragraph(p, page_text(p, TEXT_LETTERS_NONE));
    }
    page_older(p, "letters", next_token(found), TEXT_LETTER_OLDER);
    return page_end(p, e);
}

/* --- one -------------------------------------------------------------------------------------- */

/* What stands in the document itself, or in a Binary of this node, which is read like any entry. */
static int read_attachment(struct page *p, const yyjson_val *from, struct attachment *ret,
                           struct err *e)
{
    text url = json_text(json_get(from, T("url")));
    text data = json_text(json_get(from, T("data")));
    text type = json_text(json_get(from, T("contentType")));
    *ret = (struct attachment){.title = json_text(json_get(from, T("title")))};
    if (!data.n && text_starts(url, T("Binary/")) &&
        reference_id_ok(text_from(url, T("Binary/").n))) {
        yyjson_val *binary = NULL;
        int rc = ask_fhir(p, url, &binary, e);
        if (rc) {
            return rc;
        }
        data = json_text(json_get(binary, T("data")));
        type = json_text(json_get(binary, T("contentType")));
    }
    ret->is_elsewhere = !data.n;
    ret->type = text_trim(text_first(type, text_find(type, ';')));
    ret->bytes = primitive_base64(data, p->a);
    return ret->bytes.p ? 0 : plain_no_memory(e);
}

/* UTF-8 in which nothing has to be replaced. */
static bool is_readable(text t)
{
    struct buf out;
    struct html h;
    buf_init(&out, (size_t)8 * t.n + 8);
    html_init(&h, &out);
    html_text(&h, t);
    text shown = buf_text(&out);
    bool is = !buf_failed(&out) && !memchr(t.p, '\0', t.n) &&
              (memmem(shown.p, shown.n, "\xEF\xBF\xBD", 3) == NULL) ==
                  (memmem(t.p, t.n, "\xEF\xBF\xBD", 3) == NULL);
    buf_done(&out);
    return is;
}

static void put_file_link(struct page *p, const struct attachment *a, size_t at)
{
    text address = arena_printf(p->a, "/plain/letter/%.*s/%zu", TEXT_ARG(p->part), at);
    text open = page_text(p, TEXT_LETTER_FILE);
    text words = arena_printf(p->a, "%.*s (%.*s, %zu kB)", TEXT_ARG(open), TEXT_ARG(a->type),
                              (a->bytes.n + 999) / 1000);
    if (address.p && words.p) {
        page_link(p, address, words);
    }
}

static int put_content(struct page *p, const yyjson_val *from, size_t at, struct err *e)
{
    struct attachment a;
    int rc = read_attachment(p, from, &a, e);
    if (rc) {
        return rc;
    }
    if (at) {
        page_heading(p, "h2", a.title.n ? a.title : page_text(p, TEXT_LETTER));
    }
    if (a.is_elsewhere) {
        page_paragraph(p, page_text(p, TEXT_LETTER_ELSEWHERE));
        return 0;
    }
    bool is_text = text_eq_nocase(a.type, T("text/plain"));
    if (is_text && is_readable(a.bytes)) {
        text language = json_text(json_get(from, T("language")));
        html_open(&p->h, "div");
        html_attribute(&p->h, "class", T("letter"));
        if (language.n) {
            html_attribute(&p->h, "lang", language);
        }
        html_text(&p->h, a.bytes);
        html_close(&p->h);
    } else {
        page_paragraph(p, page_text(p, is_text ? TEXT_LETTER_STRANGE : TEXT_LETTER_NO_TEXT));
    }
    put_file_link(p, &a, at);
    return 0;
}

int page_letter(struct page *p, struct err *e)
{
    yyjson_val *root = NULL;
    int rc = page_entry(p, "DocumentReference", &root, e);
    if (rc) {
        return rc;
    }
    page_begin(p, title_of(p, root));
    page_facts(p);
    page_fact(p, TEXT_DATE, date_of(p, root));
    page_fact(p, TEXT_LETTER_KIND, words_concept(json_get(root, T("type"))));
    page_fact(p, TEXT_LETTER_FROM, from_of(p, root));
    html_close(&p->h);
    for (size_t i = 0; !rc && i < CONTENTS_MOST && content_of(root, i); i++) {
        rc = put_content(p, content_of(root, i), i, e);
    }
    page_narrative(p, root);
    return rc ? rc : page_end(p, e);
}

/* --- the original -------------------------------------------------------------------------------
 */

/* A name for the file that the browser keeps: by its type, and not by what somebody wrote. */
static const struct file_type {
    const char *type;
    const char *name;
} file_types[] = {
    {"application/pdf", "letter.pdf"},
    {"text/plain", "letter.txt"},
    {"image/png", "letter.png"},
    {"image/jpeg", "letter.jpg"},
    {"image/tiff", "letter.tif"},
    {"application/rtf", "letter.rtf"},
    {"application/msword", "letter.doc"},
    {"application/octet-stream", "letter"}, /* all else, so that no browser runs it */
};

int page_letter_file(struct page *p, struct err *e)
{
    yyjson_val *root = NULL;
    struct attachment a = {0};
    uint64_t at = 0;
    size_t k = 0;
    int rc = page_entry(p, "DocumentReference", &root, e);
    const yyjson_val *from = rc || !text_to_u64(p->file, &at) || at >= CONTENTS_MOST
                                 ? NULL
                                 : content_of(root, (size_t)at);
    rc = rc ? rc : from ? read_attachment(p, from, &a, e) : ERR_NOT_FOUND;
    if (rc || a.is_elsewhere) {
        return rc == ERR_NOT_FOUND || !rc ? err_set(e, ERR_NOT_FOUND, "there is no such file") : rc;
    }
    while (k + 1 < sizeof file_types / sizeof *file_types &&
           !text_eq_nocase(a.type, text_of(file_types[k].type))) {
        k++;
    }
    text disposition = arena_printf(p->a, "attachment; filename=\"%s\"", file_types[k].name);
    if (!disposition.p) {
        return plain_no_memory(e);
    }
    buf_add(&p->reply->body, a.bytes);
    p->reply->status = 200;
    p->reply->content_type = file_types[k].type;
    http_reply_field(p->reply, T("Content-Disposition"), disposition);
    http_reply_field(p->reply, T("Content-Security-Policy"), T("default-src 'none'; sandbox"));
    http_reply_field(p->reply, T("Cache-Control"), T("no-store"));
    http_reply_field(p->reply, T("X-Content-Type-Options"), T("nosniff"));
    return buf_failed(&p->reply->body) ? plain_no_memory(e) : 0;
}

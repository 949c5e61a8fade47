/* What is around every page, and the parts that pages are made of. */
#include "plain/inner.h"

/* Nothing but this page and its style; nothing runs, nothing comes from elsewhere. */
#define POLICY                                                                                    \
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; " \
    "frame-ancestors 'none'"

enum { LATER_SECONDS = 5 };

text page_text(const struct page *p, enum plain_text which)
{
    return plain_text(p->language, which);
}

text page_text_with(struct page *p, enum plain_text which, text value)
{
    text whole = page_text(p, which);
    size_t at = 0;
    while (at + 1 < whole.n && !(whole.p[at] == '%' && whole.p[at + 1] == 's')) {
        at++;
    }
    const text parts[] = {text_first(whole, at), value, text_from(whole, at + 2)};
    text made = arena_join(p->a, parts, 3);
    return made.p ? made : whole;
}

text page_value(const struct page *p, const char *name)
{
    for (size_t i = 0; i < p->pair_count; i++) {
        if (text_eq(p->pairs[i].name, text_of(name))) {
            return p->pairs[i].value;
        }
    }
    return T("");
}

/* --- parts -------------------------------------------------------------------------------------
 */

void page_paragraph(struct page *p, text words)
{
    if (words.n) {
        html_element(&p->h, "p", words);
    }
}

void page_heading(struct page *p, const char *name, text words)
{
    html_element(&p->h, name, words);
}

static void put_link(struct page *p, text address, text words)
{
    html_open(&p->h, "a");
    html_attribute(&p->h, "href", address);
    html_text(&p->h, words);
    html_close(&p->h);
}

void page_link(struct page *p, text address, text words)
{
    html_open(&p->h, "p");
    put_link(p, address, words);
    html_close(&p->h);
}

static void put_hidden(struct page *p, const char *name, text value)
{
    html_open(&p->h, "input");
    html_attribute(&p->h, "type", T("hidden"));
    html_attribute(&p->h, "name", text_of(name));
    html_attribute(&p->h, "value", value);
}

void page_form(struct page *p, const char *address)
{
    text then = safe_then(p);
    html_open(&p->h, "form");
    html_attribute(&p->h, "method", T("post"));
    html_attribute(&p->h, "action", text_of(address));
    html_attribute(&p->h, "novalidate", T(""));
    put_hidden(p, "token", p->visitor.csrf.n ? p->visitor.csrf : p->form_token);
    if (then.n) {
        put_hidden(p, "then", then);
    }
}

void page_form_end(struct page *p, text button)
{
    html_open(&p->h, "button");
    html_attribute(&p->h, "type", T("submit"));
    html_text(&p->h, button);
    html_close(&p->h);
    html_close(&p->h); /* form */
}

/* The id of a field, of its hint ("-hint") or of what is wrong with it ("-wrong"). */
static text id_of(struct page *p, const char *name, const char *what)
{
    text id = arena_printf(p->a, "%s%s", name, what);
    return id.p ? id : text_of(name);
}

static void put_beside(struct page *p, const char *name, const char *what, const char *style,
                       text words)
{
    html_open(&p->h, "p");
    html_attribute(&p->h, "class", text_of(style));
    html_attribute(&p->h, "id", id_of(p, name, what));
    html_text(&p->h, words);
    html_close(&p->h);
}

void page_input(struct page *p, const struct page_field *f)
{
    bool wrong = p->problem_field && strcmp(p->problem_field, f->name) == 0;
    bool is_secret = strcmp(f->type, "password") == 0;
    html_open(&p->h, "div");
    html_attribute(&p->h, "class", wrong ? T("field wrong") : T("field"));
    html_open(&p->h, "label");
    html_attribute(&p->h, "for", text_of(f->name));
    html_text(&p->h, f->label);
    html_close(&p->h);
    if (f->hint.n) {
        put_beside(p, f->name, "-hint", "hint", f->hint);
    }
    if (wrong) {
        put_beside(p, f->name, "-wrong", "what-is-wrong", p->problem);
    }
    html_open(&p->h, "input");
    html_attribute(&p->h, "id", text_of(f->name));
    html_attribute(&p->h, "name", text_of(f->name));
    html_attribute(&p->h, "type", text_of(f->type));
    html_attribute(&p->h, "autocomplete", text_of(f->autocomplete));
    html_attribute(&p->h, "spellcheck", T("false"));
    html_attribute(&p->h, "autocapitalize", T("none"));
    if (f->inputmode) {
        html_attribute(&p->h, "inputmode", text_of(f->inputmode));
    }
    if (f->is_short) {
        html_attribute(&p->h, "class", T("short"));
    }
    if (f->hint.n || wrong) {
        text both =
            arena_printf(p->a, "%s%s%s%s", f->hint.n ? f->name : "", f->hint.n ? "-hint " : "",
                         wrong ? f->name : "", wrong ? "-wrong" : "");
        html_attribute(&p->h, "aria-describedby", text_trim(both));
    }
    if (wrong) {
        html_attribute(&p->h, "aria-invalid", T("true"));
    }
    text typed = is_secret ? T("") : page_value(p, f->name);
    if (typed.n) {
        html_attribute(&p->h, "value", typed);
    }
    html_close(&p->h);
}

/* With the keyboard alone, what scrolls has to be reached. */
void page_scrolls(struct page *p, text name)
{
    html_open(&p->h, "div");
    html_attribute(&p->h, "class", T("scrolls"));
    html_attribute(&p->h, "tabindex", T("0"));
    html_attribute(&p->h, "role", T("group"));
    html_attribute(&p->h, "aria-label", name);
}

void page_table(struct page *p, text caption, const enum plain_text *heads)
{
    page_scrolls(p, caption);
    html_open(&p->h, "table");
    html_element(&p->h, "caption", caption);
    html_open(&p->h, "thead");
    html_open(&p->h, "tr");
    for (size_t i = 0; heads[i] != TEXT_COUNT; i++) {
        html_open(&p->h, "th");
        html_attribute(&p->h, "scope", T("col"));
        html_text(&p->h, page_text(p, heads[i]));
        html_close(&p->h);
    }
    html_close(&p->h);
    html_close(&p->h);
    html_open(&p->h, "tbody");
}

void page_table_end(struct page *p)
{
    for (int i = 0; i < 3; i++) {
        html_close(&p->h); /* tbody, table, div */
    }
}

void page_facts(struct page *p)
{
    html_open(&p->h, "dl");
}

void page_fact(struct page *p, enum plain_text name, text value)
{
    if (value.n) {
        html_element(&p->h, "dt", page_text(p, name));
        html_element(&p->h, "dd", value);
    }
}

void page_older(struct page *p, const char *page, text token, enum plain_text words)
{
    bool own = text_eq(p->patient, p->visitor.patient);
    text address = arena_printf(p->a, "/plain/%s%s%.*s", page, own ? "" : "/",
                                TEXT_ARG(own ? T("") : p->patient));
    if (page_value(p, "page").n && address.p) {
        page_link(p, address, page_text(p, TEXT_NEWEST));
    }
    address = arena_printf(p->a, "%.*s?page=%.*s", TEXT_ARG(address), TEXT_ARG(token));
    if (token.n && address.p) {
        page_link(p, address, page_text(p, words));
    }
}

/* --- around it ---------------------------------------------------------------------------------
 */

static void put_head(struct page *p, text title)
{
    html_open(&p->h, "head");
    html_open(&p->h, "meta");
    html_attribute(&p->h, "charset", T("utf-8"));
    html_open(&p->h, "meta");
    html_attribute(&p->h, "name", T("viewport"));
    html_attribute(&p->h, "content", T("width=device-width, initial-scale=1"));
    html_open(&p->h, "meta");
    html_attribute(&p->h, "name", T("robots"));
    html_attribute(&p->h, "content", T("noindex"));
    html_open(&p->h, "title");
    html_text(&p->h, p->problem.n ? page_text(p, TEXT_ERROR_PREFIX) : T(""));
    html_text(&p->h, title);
    html_text(&p->h, T(" – Kith"));
    html_close(&p->h);
    html_open(&p->h, "link");
    html_attribute(&p->h, "rel", T("stylesheet"));
    html_attribute(&p->h, "href", T("/assets/plain.css"));
    html_close(&p->h);
}

static void put_item(struct page *p, text address, enum plain_text words)
{
    html_open(&p->h, "li");
    html_open(&p->h, "a");
    html_attribute(&p->h, "href", address);
    if (text_eq(address, p->request->path)) {
        html_attribute(&p->h, "aria-current", T("page"));
    }
    html_text(&p->h, page_text(p, words));
    html_close(&p->h);
    html_close(&p->h);
}

/* Of whom the page is about; else the own ones. */
static void put_record_links(struct page *p)
{
    static const struct {
        const char *page;
        enum plain_text words;
    } all[] = {{"record", TEXT_RECORD},
               {"results", TEXT_RESULTS},
               {"letters", TEXT_LETTERS},
               {"looked", TEXT_LOOKED}};
    const struct visitor *v = &p->visitor;
    size_t count = sizeof all / sizeof *all - !(v->is_patient || v->sees_log);
    bool own = v->patient.n && (!p->patient.n || text_eq(v->patient, p->patient));
    for (size_t i = 0; (own || p->patient.n) && i < count; i++) {
        text id = own ? T("") : p->patient;
        text address =
            arena_printf(p->a, "/plain/%s%s%.*s", all[i].page, own ? "" : "/", TEXT_ARG(id));
        if (address.p) {
            put_item(p, address, all[i].words);
        }
    }
}

static void put_links(struct page *p)
{
    if (!p->visitor.signed_in) {
        return;
    }
    html_open(&p->h, "nav");
    html_attribute(&p->h, "aria-label", page_text(p, TEXT_PAGES));
    html_open(&p->h, "ul");
    put_record_links(p);
    if (p->visitor.is_patient) {
        bool of_other = p->patient.n && !text_eq(p->patient, p->visitor.patient);
        if (of_other && p->visitor.patient.n) {
            put_item(p, T("/plain/record"), TEXT_MY_RECORD);
        }
        put_item(p, T("/plain/helping"), TEXT_HELPING);
    }
    if (p->visitor.finds) {
        put_item(p, T("/plain/find"), TEXT_FIND);
    }
    html_close(&p->h);
    html_close(&p->h);
}

static void put_header(struct page *p)
{
    const yyjson_val *organisation = json_get(p->visitor.session, T("organisation"));
    html_open(&p->h, "header");
    html_open(&p->h, "p");
    html_attribute(&p->h, "class", T("name"));
    html_open(&p->h, "a");
    html_attribute(&p->h, "href", T("/plain/"));
    html_text(&p->h, T("Kith"));
    html_close(&p->h);
    html_text(&p->h, T(" "));
    html_element(&p->h, "span", json_text(json_get(organisation, T("name"))));
    html_close(&p->h);
    if (p->visitor.signed_in) {
        html_open(&p->h, "form");
        html_attribute(&p->h, "method", T("post"));
        html_attribute(&p->h, "action", T("/plain/sign-out"));
        put_hidden(p, "token", p->visitor.csrf);
        html_element(&p->h, "span", page_text(p, TEXT_SIGNED_IN_AS));
        html_text(&p->h, T(" "));
        html_element(&p->h, "strong", p->visitor.name);
        html_text(&p->h, T(" "));
        page_form_end(p, page_text(p, TEXT_SIGN_OUT));
    }
    html_close(&p->h);
}

/* Whose record it is, above everything of it, in words and not by colour alone. */
static void put_identity(struct page *p)
{
    text number = words_nhs_number(p, p->person);
    bool own = text_eq(p->patient, p->visitor.patient);
    if (!p->person) {
        return;
    }
    html_open(&p->h, "section");
    html_attribute(&p->h, "class", own ? T("whose") : T("whose other"));
    html_attribute(&p->h, "aria-label",
                   page_text(p, p->visitor.is_patient && !own ? TEXT_ACTING : TEXT_READING));
    html_open(&p->h, "p");
    html_text(&p->h, page_text(p, p->visitor.is_patient && !own ? TEXT_ACTING : TEXT_READING));
    html_text(&p->h, T(" "));
    html_element(&p->h, "strong", words_name(p, p->person));
    html_close(&p->h);
    page_facts(p);
    page_fact(p, TEXT_BORN, words_date(p, json_text(json_get(p->person, T("birthDate")))));
    page_fact(p, TEXT_DIED, words_choice(p, p->person, T("deceased")));
    page_fact(p, TEXT_NHS_NUMBER, number.n ? number : page_text(p, TEXT_NOT_RECORDED));
    html_close(&p->h);
    html_close(&p->h);
}

/* First of the page, with a link to the field. */
static void put_problem(struct page *p)
{
    if (!p->problem.n) {
        return;
    }
    html_open(&p->h, "div");
    html_attribute(&p->h, "class", T("problem"));
    html_attribute(&p->h, "role", T("alert"));
    page_heading(p, "h2", page_text(p, TEXT_PROBLEM));
    if (p->problem_field) {
        text address = arena_printf(p->a, "#%s", p->problem_field);
        page_link(p, address.p ? address : T("#main"), p->problem);
    } else {
        page_paragraph(p, p->problem);
    }
    html_close(&p->h);
}

void page_begin(struct page *p, text title)
{
    html_begin(&p->h, plain_language(p->language));
    put_head(p, title);
    html_open(&p->h, "body");
    html_open(&p->h, "a");
    html_attribute(&p->h, "class", T("skip"));
    html_attribute(&p->h, "href", T("#main"));
    html_text(&p->h, page_text(p, TEXT_SKIP));
    html_close(&p->h);
    put_header(p);
    put_links(p);
    html_open(&p->h, "main");
    html_attribute(&p->h, "id", T("main"));
    put_problem(p);
    put_identity(p);
    page_heading(p, "h1", title);
}

/* The same page in the other language. A page that came by a form has an address of its own. */
static void put_other_language(struct page *p)
{
    bool posted = p->request->method == HTTP_POST;
    text path = posted ? T("/plain/") : p->request->path;
    enum language other = p->language == WELSH ? ENGLISH : WELSH;
    text address = arena_printf(p->a, "%.*s?lang=%s", TEXT_ARG(path), other == WELSH ? "cy" : "en");
    html_open(&p->h, "p");
    html_open(&p->h, "a");
    html_attribute(&p->h, "href", address.p ? address : T("/plain/"));
    html_attribute(&p->h, "lang", plain_language(other));
    html_attribute(&p->h, "hreflang", plain_language(other));
    html_text(&p->h, page_text(p, TEXT_OTHER_LANGUAGE));
    html_close(&p->h);
    html_close(&p->h);
}

static void put_footer(struct page *p)
{
    html_open(&p->h, "footer");
    put_other_language(p);
    page_paragraph(p, page_text(p, TEXT_ABOUT));
    if (p->visitor.signed_in && p->visitor.idle_seconds) {
        text minutes = arena_printf(p->a, "%llu", (unsigned long long)p->visitor.idle_seconds / 60);
        page_paragraph(p, page_text_with(p, TEXT_ENDS_AFTER, minutes));
    }
    page_link(p, T("/"), page_text(p, TEXT_FULL_SITE));
    html_close(&p->h);
}

/* Records are nobody's to keep on the way. What stays on a screen that was left goes when the
 * session does: the browser then asks for a page that shows nothing of the record. */
static void put_fields(struct page *p)
{
    http_reply_field(p->reply, T("Content-Security-Policy"), T(POLICY));
    http_reply_field(p->reply, T("Cache-Control"), T("no-store"));
    http_reply_field(p->reply, T("X-Content-Type-Options"), T("nosniff"));
    http_reply_field(p->reply, T("Cross-Origin-Resource-Policy"), T("same-origin"));
    /* Under no-referrer a browser would say of our own forms that they come from nowhere. */
    http_reply_field(p->reply, T("Referrer-Policy"), T("same-origin"));
    http_reply_field(p->reply, T("Content-Language"), plain_language(p->language));
    if (p->visitor.signed_in && !text_eq(p->request->path, T("/plain/over"))) {
        text later = arena_printf(p->a, "%llu; url=/plain/over",
                                  (unsigned long long)p->visitor.idle_seconds + LATER_SECONDS);
        if (later.p) {
            http_reply_field(p->reply, T("Refresh"), later);
        }
    }
}

int page_end(struct page *p, struct err *e)
{
    html_close_to(&p->h, 2); /* main is closed; html and body are open */
    put_footer(p);
    html_close_to(&p->h, 0);
    if (!html_is_whole(&p->h)) {
        return err_set(e, ERR_MEMORY, "the page needs more memory than it may have");
    }
    put_fields(p);
    p->reply->status = p->reply->status ? p->reply->status : 200;
    p->reply->content_type = "text/html; charset=utf-8";
    return 0;
}

int page_go(struct page *p, text address, struct err *e)
{
    if (!address.p) {
        return plain_no_memory(e);
    }
    p->reply->status = 303;
    http_reply_field(p->reply, T("Location"), address);
    http_reply_field(p->reply, T("Cache-Control"), T("no-store"));
    return 0;
}

/* --- faults ------------------------------------------------------------------------------------
 */

static enum plain_text fault_title(const struct page *p, int status)
{
    return p->is_stale                                       ? TEXT_STALE
           : p->is_closed                                    ? TEXT_CLOSED
           : status == 404 || status == 410 || status == 405 ? TEXT_NO_PAGE
           : status == 403                                   ? TEXT_NOT_ALLOWED
           : status < 500                                    ? TEXT_NOT_UNDERSTOOD
                                                             : TEXT_TROUBLE;
}

void page_fault(struct page *p, const struct err *e)
{
    struct err ignored = {0};
    int status = err_info(e->code)->status;
    enum plain_text title = fault_title(p, status);
    buf_clear(&p->reply->body);
    html_init(&p->h, &p->reply->body);
    p->person = p->is_closed ? p->person : NULL; /* whose it is stays on view */
    p->problem = T("");
    p->reply->status = status;
    page_begin(p, page_text(p, title));
    /* What broke inside is for the log, not for whoever asks; that something is hidden is not told.
     */
    if (title == TEXT_NOT_ALLOWED || title == TEXT_NOT_UNDERSTOOD) {
        html_open(&p->h, "p");
        html_attribute(&p->h, "lang", T("en-GB"));
        html_text(&p->h, text_of(err_text(e)));
        html_close(&p->h);
    }
    if (title != TEXT_NOT_UNDERSTOOD) { /* each has its words behind it in the table */
        page_paragraph(p, page_text(p, (enum plain_text)(title + 1)));
    }
    page_link(p, T("/plain/"), page_text(p, TEXT_START));
    if (page_end(p, &ignored)) {
        buf_clear(&p->reply->body);
        buf_add(&p->reply->body, T("<!DOCTYPE html><title>Kith</title><h1>Sorry, there is a "
                                   "problem</h1><p>Try again in some minutes.</p>"));
        p->reply->status = 503;
        p->reply->content_type = "text/html; charset=utf-8";
    }
}

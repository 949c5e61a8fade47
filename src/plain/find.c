/* Whose record: people whom somebody helps, and people whom staff look for. */
#include "fhir/primitive.h"
#include "plain/inner.h"

enum { HELPED_MOST = 50, FOUND_MOST = 20, NUMBER_DIGITS = 10 };

static void put_person(struct page *p, const yyjson_val *patient)
{
    text number = words_nhs_number(p, patient);
    text born = words_date(p, json_text(json_get(patient, T("birthDate"))));
    text address =
        arena_printf(p->a, "/plain/record/%.*s", TEXT_ARG(json_text(json_get(patient, T("id")))));
    html_open(&p->h, "li");
    html_open(&p->h, "h2");
    html_open(&p->h, "a");
    html_attribute(&p->h, "href", address.p ? address : T("/plain/"));
    html_text(&p->h, words_name(p, patient));
    html_close(&p->h);
    html_close(&p->h);
    page_facts(p);
    page_fact(p, TEXT_BORN, born.n ? born : page_text(p, TEXT_NOT_RECORDED));
    page_fact(p, TEXT_DIED, words_choice(p, patient, T("deceased")));
    page_fact(p, TEXT_NHS_NUMBER, number.n ? number : page_text(p, TEXT_NOT_RECORDED));
    page_fact(p, TEXT_ADDRESS, words_address(p, patient));
    html_close(&p->h);
    html_close(&p->h);
}

/* All but `except` (an id); how many there were. */
static size_t put_people(struct page *p, const yyjson_val *bundle, text except)
{
    const yyjson_val *at = NULL;
    const yyjson_val *one;
    size_t count = 0;
    while ((one = next_match(bundle, &at))) {
        if (!text_eq(json_text(json_get(one, T("id"))), except)) {
            if (!count) {
                html_open(&p->h, "ul");
                html_attribute(&p->h, "class", T("people"));
            }
            put_person(p, one);
            count++;
        }
    }
    if (count) {
        html_close(&p->h);
    }
    return count;
}

int page_helping(struct page *p, struct err *e)
{
    yyjson_val *found = NULL;
    int rc = p->visitor.is_patient
                 ? ask_fhir(p, arena_printf(p->a, "Patient?_count=%d", HELPED_MOST), &found, e)
                 : err_set(e, ERR_NOT_FOUND, "this page is for patients and carers");
    if (rc) {
        return rc;
    }
    page_begin(p, page_text(p, TEXT_HELPING));
    page_paragraph(p, page_text(p, TEXT_HELPING_WORDS));
    if (!put_people(p, found, p->visitor.patient)) {
        page_paragraph(p, page_text(p, TEXT_HELPING_NOBODY));
    }
    return page_end(p, e);
}

/* --- staff -------------------------------------------------------------------------------------
 */

static int show_find(struct page *p, const yyjson_val *found, struct err *e)
{
    const struct page_field fields[] = {
        {"number", "text", "off", "numeric", page_text(p, TEXT_NHS_NUMBER),
         page_text(p, TEXT_FIND_NUMBER_HINT), true},
        {"family", "text", "off", NULL, page_text(p, TEXT_FAMILY_NAME), T(""), false},
        {"given", "text", "off", NULL, page_text(p, TEXT_GIVEN_NAME), T(""), false},
        {"born", "text", "off", NULL, page_text(p, TEXT_BIRTH_DATE),
         page_text(p, TEXT_BIRTH_DATE_HINT), true},
    };
    page_begin(p, page_text(p, found ? TEXT_FOUND : TEXT_FIND));
    if (found && !put_people(p, found, T(""))) {
        page_paragraph(p, page_text(p, TEXT_FOUND_NOBODY));
    }
    if (found && next_token(found).n) {
        page_paragraph(p, page_text(p, TEXT_FOUND_MORE));
    }
    if (found) {
        page_heading(p, "h2", page_text(p, TEXT_FIND));
    }
    page_form(p, "/plain/find");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        page_input(p, &fields[i]);
        if (i == 0) {
            page_paragraph(p, page_text(p, TEXT_FIND_OR));
        }
    }
    page_form_end(p, page_text(p, TEXT_FIND));
    return page_end(p, e);
}

int page_find(struct page *p, struct err *e)
{
    return p->visitor.finds ? show_find(p, NULL, e)
                            : err_set(e, ERR_FORBIDDEN, "your role does not look people up");
}

/* The digits of "999 960 4889", with its check digit right (NHS Data Dictionary); empty: it is no
 * NHS number. */
static text number_of(struct page *p, text typed)
{
    char *digits = arena_alloc(p->a, NUMBER_DIGITS);
    size_t n = 0;
    unsigned sum = 0;
    for (size_t i = 0; digits && i < typed.n; i++) {
        char c = typed.p[i];
        if (c >= '0' && c <= '9' && n < NUMBER_DIGITS) {
            sum += n < NUMBER_DIGITS - 1 ? (unsigned)(c - '0') * (unsigned)(NUMBER_DIGITS - n) : 0;
            digits[n++] = c;
        } else if (c != ' ' && c != '-') {
            return T("");
        }
    }
    if (!digits || n != NUMBER_DIGITS) {
        return T("");
    }
    unsigned check = (11 - sum % 11) % 11;
    return check < 10 && digits[NUMBER_DIGITS - 1] == (char)('0' + check)
               ? text_make(digits, NUMBER_DIGITS)
               : T("");
}

/* "31 3 1980", "31/03/1980", "1980-03-31" -> "1980-03-31"; empty: no date. */
static text date_of(struct page *p, text typed)
{
    unsigned parts[3] = {0};
    size_t count = 0;
    bool in_number = false;
    size_t first_digits = 0;
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && !strchr(" /.-", c)) {
            return T("");
        }
        if (is_digit && !in_number && count++ == 3) {
            return T("");
        }
        in_number = is_digit;
        if (is_digit) {
            parts[count - 1] = parts[count - 1] * 10 + (unsigned)(c - '0');
            first_digits += count == 1;
            if (parts[count - 1] > 9999) {
                return T("");
            }
        }
    }
    bool year_first = first_digits == 4;
    unsigned year = parts[year_first ? 0 : 2];
    unsigned day = parts[year_first ? 2 : 0];
    text date = arena_printf(p->a, "%04u-%02u-%02u", year, parts[1], day);
    return count == 3 && year >= 1800 && primitive_date(date) ? date : T("");
}

static int wrong(struct page *p, const char *field, enum plain_text words, struct err *e)
{
    p->problem = page_text(p, words);
    p->problem_field = field;
    p->reply->status = 400;
    return show_find(p, NULL, e);
}

int page_find_post(struct page *p, struct err *e)
{
    yyjson_val *found = NULL;
    text typed = text_trim(page_value(p, "number"));
    text family = text_trim(page_value(p, "family"));
    text given = text_trim(page_value(p, "given"));
    text number = number_of(p, typed);
    text born = date_of(p, text_trim(page_value(p, "born")));
    if (!p->visitor.finds) {
        return page_find(p, e);
    }
    if (typed.n && !number.n) {
        return wrong(p, "number", TEXT_NUMBER_WRONG, e);
    }
    if (!typed.n && !family.n) {
        return wrong(p, "number", TEXT_FIND_NEEDS, e);
    }
    if (!typed.n && !born.n) {
        return wrong(p, "born", TEXT_DATE_WRONG, e);
    }
    text query = number.n ? arena_printf(p->a,
                                         "Patient?identifier=https%%3A%%2F%%2Ffhir.nhs.uk%%2FId%%2F"
                                         "nhs-number%%7C%.*s&_count=%d",
                                         TEXT_ARG(number), FOUND_MOST)
                          : T("");
    if (!number.n) {
        text family_encoded = url_encoded(p, family);
        text given_encoded = url_encoded(p, given);
        query = arena_printf(p->a, "Patient?family=%.*s%s%.*s&birthdate=%.*s&_count=%d",
                             TEXT_ARG(family_encoded), given.n ? "&given=" : "",
                             TEXT_ARG(given_encoded), TEXT_ARG(born), FOUND_MOST);
    }
    int rc = query.p ? ask_fhir(p, query, &found, e) : plain_no_memory(e);
    return rc ? rc : show_find(p, found, e);
}

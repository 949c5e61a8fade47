#include "fhir/reference.h"

enum { ID_MOST = 64 };

static bool id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

bool reference_id_ok(text id)
{
    if (id.n == 0 || id.n > ID_MOST) {
        return false;
    }
    for (size_t i = 0; i < id.n; i++) {
        if (!id_char(id.p[i])) {
            return false;
        }
    }
    return true;
}

/* No white space and no control characters: RFC 3986 wants more of them escaped, FHIR does not. */
static bool uri_chars(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if ((unsigned char)t.p[i] <= 0x20 || t.p[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* RFC 3986, 3.1: a letter, then letters, digits, "+", "-", "."; then ":" and something. */
static bool has_scheme(text t)
{
    size_t colon = text_find(t, ':');
    if (colon == 0 || colon + 1 >= t.n) {
        return false;
    }
    for (size_t i = 0; i < colon; i++) {
        char lower = (char)(t.p[i] | 0x20);
        bool letter = lower >= 'a' && lower <= 'z';
        bool other =
            (t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '+' || t.p[i] == '-' || t.p[i] == '.';
        if (!letter && (i == 0 || !other)) {
            return false;
        }
    }
    return true;
}

/* Cuts what stands behind the last slash. False when there is no slash. */
static bool cut_last(text *t, text *ret_last)
{
    for (size_t i = t->n; i > 0; i--) {
        if (t->p[i - 1] == '/') {
            *ret_last = text_from(*t, i);
            t->n = i - 1;
            return true;
        }
    }
    return false;
}

/* Reads Type/id or Type/id/_history/vid at the end of t; *ret_before is what stands before it. */
static bool read_tail(text t, struct reference *r, text *ret_before)
{
    text last;
    text before = t;
    text version = {NULL, 0};
    if (!cut_last(&before, &last)) {
        return false;
    }
    if (text_ends(before, T("/_history"))) {
        version = last;
        before.n -= sizeof "/_history" - 1;
        if (!reference_id_ok(version) || !cut_last(&before, &last)) {
            return false;
        }
    }
    text name;
    if (!cut_last(&before, &name)) {
        name = before;
        before = (text){t.p, 0};
    }
    fhir_type type = fhir_type_of(name);
    if (!type || !reference_id_ok(last)) {
        return false;
    }
    *ret_before = before;
    r->type = type;
    r->id = last;
    r->version = version;
    return true;
}

static struct reference absolute(text t, text base)
{
    struct reference r = {.kind = REFERENCE_URI};
    if (!text_starts(t, T("http://")) && !text_starts(t, T("https://"))) {
        return r;
    }
    text before;
    struct reference found = {.kind = REFERENCE_ABSOLUTE};
    if (!read_tail(t, &found, &before) || before.n <= sizeof "http://" - 1 ||
        text_ends(before, T(":/"))) {
        return r;
    }
    if (base.n && text_eq(before, base)) {
        found.kind = REFERENCE_LOCAL;
    }
    return found;
}

static struct reference conditional(text t, size_t mark)
{
    struct reference r = {.kind = REFERENCE_BAD};
    fhir_type type = fhir_type_of(text_first(t, mark));
    if (type && mark + 1 < t.n) {
        r = (struct reference){
            .kind = REFERENCE_CONDITIONAL, .type = type, .query = text_from(t, mark + 1)};
    }
    return r;
}

struct reference reference_parse(text t, text base)
{
    const struct reference bad = {.kind = REFERENCE_BAD};
    if (t.n == 0 || !uri_chars(t)) {
        return bad;
    }
    if (t.p[0] == '#') {
        text id = text_from(t, 1);
        if (id.n && !reference_id_ok(id)) {
            return bad;
        }
        return (struct reference){.kind = REFERENCE_FRAGMENT, .id = id};
    }
    /* Before the scheme: the value of a query may well have a colon, a type's name cannot. */
    size_t mark = text_find(t, '?');
    if (mark < t.n && fhir_type_of(text_first(t, mark))) {
        return conditional(t, mark);
    }
    struct reference r = {.kind = REFERENCE_LOCAL};
    text before;
    if (t.p[0] >= 'A' && t.p[0] <= 'Z' && read_tail(t, &r, &before) && before.n == 0 &&
        t.p[0] != '/') {
        return r;
    }
    return has_scheme(t) ? absolute(t, base) : bad;
}

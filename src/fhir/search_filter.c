/*
 * _filter (R4 search_filter.html):
 *
 *   filter  = test *(("and" / "or") test)      from left to right, neither binds more
 *   test    = path operation value / "not" "(" filter ")" / "(" filter ")"
 *   path    = name [":" Type] ["[" filter "]"] ["." path]
 *
 * A path with dots is a chain; what stands in brackets has to hold for the resource in which the
 * path goes on.
 */
#include "fhir/search_parse.h"

/* It is read again for every type that a chain may lead to. */
enum { FILTER_BYTES_MAX = 65536 };

struct filter {
    struct search_reader *r;
    text whole; /* positions are counted in it */
    text rest;
    text name; /* of the parameter, for errors: "_filter" or a chain to it */
    /* The last place that was counted: the next one is hardly ever far from it. */
    size_t counted, characters; /* bytes and characters before it */
};

static int filter_any(struct filter *f, fhir_type type, unsigned depth, struct plan_node *ret);

/* --- words --------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct filter *f)
{
    while (f->rest.n && is_space(f->rest.p[0])) {
        f->rest = text_from(f->rest, 1);
    }
}

/* The place in characters, from 1, as the beginning of errors from here on. */
static int at(struct filter *f, text place)
{
    size_t to = (size_t)(place.p - f->whole.p);
    for (; f->counted < to; f->counted++) {
        f->characters += ((unsigned char)f->whole.p[f->counted] & 0xC0) != 0x80;
    }
    while (f->counted > to) {
        f->characters -= ((unsigned char)f->whole.p[--f->counted] & 0xC0) != 0x80;
    }
    f->r->where =
        arena_printf(f->r->arena, "%.*s at character %zu", TEXT_ARG(f->name), f->characters + 1);
    return f->r->where.p ? 0 : search_no_memory(f->r->e);
}

static int wrong(struct filter *f, const char *what)
{
    int code = at(f, f->rest);
    return code ? code : search_bad(f->r, "%s", what);
}

/* A quoted string's length with both quotes; 0: it does not end. */
static size_t quoted_length(text t)
{
    for (size_t i = 1; i < t.n; i++) {
        if (t.p[i] == '\\') {
            i++;
        } else if (t.p[i] == '"') {
            return i + 1;
        }
    }
    return 0;
}

/* Up to white space; brackets are jumped over, whatever is in them. 0: one is not closed. */
static size_t path_length(text t)
{
    size_t open = 0, i = 0;
    while (i < t.n && (open || !(is_space(t.p[i]) || t.p[i] == '(' || t.p[i] == ')'))) {
        size_t n = t.p[i] == '"' ? quoted_length(text_from(t, i)) : 1;
        if (n == 0 || (t.p[i] == ']' && open == 0)) {
            return n == 0 ? 0 : i;
        }
        open += t.p[i] == '[';
        open -= t.p[i] == ']';
        i += n;
    }
    return open ? 0 : i;
}

/* Letters up to anything else. */
static text peek_word(struct filter *f)
{
    size_t n = 0;
    skip_space(f);
    while (n < f->rest.n && (f->rest.p[n] | 0x20) >= 'a' && (f->rest.p[n] | 0x20) <= 'z') {
        n++;
    }
    return text_first(f->rest, n);
}

static bool take_char(struct filter *f, char c)
{
    skip_space(f);
    if (f->rest.n == 0 || f->rest.p[0] != c) {
        return false;
    }
    f->rest = text_from(f->rest, 1);
    return true;
}

/* A word, and something that ends it behind it: so that 'orphan' does not begin with 'or'. */
static bool take_word(struct filter *f, text word)
{
    text next = peek_word(f);
    char after = next.n < f->rest.n ? f->rest.p[next.n] : ' ';
    if (!text_eq(next, word) || !(is_space(after) || after == '(')) {
        return false;
    }
    f->rest = text_from(f->rest, next.n);
    return true;
}

/* --- values -------------------------------------------------------------------------------- */

static int hex4(text t, uint32_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < 4; i++) {
        char c = i < t.n ? t.p[i] : 'x';
        char lower = (char)(c | 0x20);
        int digit = c >= '0' && c <= '9'           ? c - '0'
                    : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                                   : -1;
        if (digit < 0) {
            return -1;
        }
        *ret = *ret << 4 | (uint32_t)digit;
    }
    return 0;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6) {
        out[i] = (char)(0x80 | (c & 0x3F));
    }
    out[0] = (char)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | c);
    return n;
}

/* \uXXXX, with its second half where it is a surrogate. Returns how much was read, 0: not one. */
static size_t unicode(text t, uint32_t *ret)
{
    uint32_t low;
    if (hex4(t, ret) || *ret == 0 || (*ret >= 0xDC00 && *ret < 0xE000)) {
        return 0;
    }
    if (*ret < 0xD800 || *ret >= 0xE000) {
        return 4;
    }
    if (!text_starts(text_from(t, 4), T("\\u")) || hex4(text_from(t, 6), &low) || low < 0xDC00 ||
        low >= 0xE000) {
        return 0;
    }
    *ret = 0x10000 + ((*ret - 0xD800) << 10) + (low - 0xDC00);
    return 10;
}

/* The text between the quotes of a JSON string. */
static int unquote(struct filter *f, text t, text *ret)
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char *out = arena_alloc(f->r->arena, t.n + 1);
    size_t n = 0;
    if (!out) {
        return search_no_memory(f->r->e);
    }
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] != '\\') {
            out[n++] = t.p[i];
            continue;
        }
        i++;
        uint32_t c = 0;
        const char *known = strchr(escapes, t.p[i]);
        size_t read = t.p[i] == 'u' ? unicode(text_from(t, i + 1), &c) : 0;
        if (known) {
            out[n++] = meanings[known - escapes];
        } else if (read) {
            n += put_utf8(out + n, c);
            i += read;
        } else {
            return wrong(f, "the string has an escape that JSON does not have");
        }
    }
    *ret = text_make(out, n);
    return 0;
}

static int take_value(struct filter *f, text *ret)
{
    skip_space(f);
    size_t n = 0;
    if (f->rest.n && f->rest.p[0] == '"') {
        n = quoted_length(f->rest);
        if (n == 0) {
            return wrong(f, "the string is not closed by a quotation mark");
        }
        int code = unquote(f, text_make(f->rest.p + 1, n - 2), ret);
        f->rest = text_from(f->rest, n);
        return code;
    }
    while (n < f->rest.n && !is_space(f->rest.p[n]) && f->rest.p[n] != ')' && f->rest.p[n] != ']') {
        n++;
    }
    if (n == 0) {
        return wrong(f, "a value is missing");
    }
    *ret = text_first(f->rest, n);
    f->rest = text_from(f->rest, n);
    return 0;
}

/* --- comparisons --------------------------------------------------------------------------- */

struct comparison {
    struct search_leg leg; /* first: read_path() finds the rest by it */
    struct filter *filter;
    text inside; /* of the brackets before the leg; p == NULL: none */
    text operation;
};

static int read_path(struct search_reader *r, fhir_type type, const struct search_leg *leg,
                     unsigned depth, struct plan_node *ret);

/* The rest of the path, for a resource for which what stands in the brackets holds. */
static int read_leg(struct search_reader *r, fhir_type type, const struct search_leg *leg,
                    unsigned depth, struct plan_node *ret)
{
    struct comparison c = *(const struct comparison *)(const void *)leg;
    struct search_nodes all = {0};
    struct plan_node node;
    if (c.inside.p) {
        struct filter inner = *c.filter;
        inner.rest = c.inside;
        int code = filter_any(&inner, type, depth + 1, &node);
        if (code == 0 && inner.rest.n) {
            code = wrong(&inner, "'and', 'or' or the end of the brackets should stand here");
        }
        code = code ? code : search_add(r, PLAN_AND, &all, &node);
        if (code) {
            return code;
        }
    }
    c.inside = (text){0};
    int code = read_path(r, type, &c.leg, depth, &node);
    code = code ? code : search_add(r, PLAN_AND, &all, &node);
    if (code) {
        return code;
    }
    *ret = search_join(type, PLAN_AND, &all);
    return 0;
}

static int read_path(struct search_reader *r, fhir_type type, const struct search_leg *leg,
                     unsigned depth, struct plan_node *ret)
{
    struct comparison c = *(const struct comparison *)(const void *)leg;
    text path = leg->name;
    size_t n = 0;
    while (n < path.n && path.p[n] != '.' && path.p[n] != '[') {
        n++;
    }
    text link = text_first(path, n), rest = text_from(path, n);
    int code = at(c.filter, path);
    if (code || rest.n == 0) {
        return code ? code : search_compare(r, type, link, c.operation, leg->value, ret);
    }
    if (rest.p[0] == '[') {
        size_t end = 1, open = 1; /* path_length() has seen that each is closed */
        while (open) {
            size_t step = rest.p[end] == '"' ? quoted_length(text_from(rest, end)) : 1;
            open += rest.p[end] == '[';
            open -= rest.p[end] == ']';
            end += step;
        }
        c.inside = text_make(rest.p + 1, end - 2);
        rest = text_from(rest, end);
    }
    if (rest.n == 0 || rest.p[0] != '.') {
        return search_bad(r, "behind the brackets a dot and a parameter of the resource in them "
                             "should stand");
    }
    c.leg.name = text_from(rest, 1);
    c.leg.read = read_leg;
    return search_chain(r, type, link, &c.leg, depth, ret);
}

static int comparison(struct filter *f, fhir_type type, unsigned depth, struct plan_node *ret)
{
    struct comparison c = {.filter = f};
    skip_space(f);
    size_t n = path_length(f->rest);
    if (n == 0) {
        return wrong(f, f->rest.n && f->rest.p[0] != ')'
                            ? "a bracket or a string is not closed"
                            : "a parameter, 'not' or a bracket should stand here");
    }
    c.leg.name = text_first(f->rest, n);
    f->rest = text_from(f->rest, n);
    c.operation = peek_word(f);
    if (c.operation.n == 0) {
        return wrong(f, "an operation such as eq should stand here");
    }
    f->rest = text_from(f->rest, c.operation.n);
    int code = take_value(f, &c.leg.value);
    code = code ? code : search_count_value(f->r);
    if (code) {
        return code;
    }
    return read_path(f->r, type, &c.leg, depth, ret);
}

/* --- logic --------------------------------------------------------------------------------- */

static int bracket(struct filter *f, fhir_type type, unsigned depth, struct plan_node *ret)
{
    text opened = f->rest;
    int code = at(f, opened);
    code = code ? code : search_deep(f->r, depth + 1);
    code = code ? code : filter_any(f, type, depth + 1, ret);
    if (code == 0 && !take_char(f, ')')) {
        return wrong(f, "'and', 'or' or a closing bracket should stand here");
    }
    return code;
}

static int test(struct filter *f, fhir_type type, unsigned depth, struct plan_node *ret)
{
    if (take_char(f, '(')) {
        return bracket(f, type, depth, ret);
    }
    if (!take_word(f, T("not"))) {
        return comparison(f, type, depth, ret);
    }
    if (!take_char(f, '(')) {
        return wrong(f, "behind 'not' a bracket should stand: not (gender eq male)");
    }
    int code = bracket(f, type, depth, ret);
    return code ? code : search_negate(f->r, ret);
}

/* `and` and `or` from left to right: a and b or c is (a and b) or c, a or b and c is (a or b) and
 * c. */
static int filter_any(struct filter *f, fhir_type type, unsigned depth, struct plan_node *ret)
{
    struct search_nodes nodes = {0};
    enum plan_kind kind = PLAN_AND;
    struct plan_node node;
    int code = test(f, type, depth, &node);
    code = code ? code : search_add(f->r, kind, &nodes, &node);
    while (code == 0) {
        bool is_and = take_word(f, T("and"));
        if (!is_and && !take_word(f, T("or"))) {
            break;
        }
        if (kind != (is_and ? PLAN_AND : PLAN_OR)) {
            struct plan_node left = search_join(type, kind, &nodes);
            kind = is_and ? PLAN_AND : PLAN_OR;
            nodes = (struct search_nodes){0};
            code = search_add(f->r, kind, &nodes, &left);
        }
        code = code ? code : test(f, type, depth, &node);
        code = code ? code : search_add(f->r, kind, &nodes, &node);
    }
    if (code) {
        return code;
    }
    skip_space(f);
    *ret = search_join(type, kind, &nodes);
    return 0;
}

int search_filter(struct search_reader *r, fhir_type type, text value, unsigned depth,
                  struct plan_node *ret)
{
    text where = r->where;
    if (value.n > FILTER_BYTES_MAX) {
        return search_over(r, "the filter has more than %d bytes; ask in several queries",
                           FILTER_BYTES_MAX);
    }
    text whole = value.p ? value : T("");
    struct filter f = {.r = r, .whole = whole, .rest = whole, .name = where};
    int code = filter_any(&f, type, depth, ret);
    if (code == 0 && f.rest.n) {
        code = wrong(&f, f.rest.p[0] == ')' ? "this bracket was not opened"
                                            : "'and' or 'or' should stand here");
    }
    r->unknown = false; /* never to be left out: it would take its other conditions with it */
    if (code == 0) {
        r->where = where;
    }
    return code;
}

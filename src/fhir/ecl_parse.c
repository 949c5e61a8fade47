#include "fhir/ecl_int.h"

int ecl_wrong(struct ecl_parser *p, int code, const char *expected)
{
    if (!p->rc) {
        text rest = text_short(text_from(p->source, p->at), 24);
        p->rc =
            err_set(p->e, code, "the constraint expression is wrong at character %zu: %s%s%.*s%s",
                    p->at + 1, expected, rest.n ? ", not \"" : "; it ends here", TEXT_ARG(rest),
                    rest.n ? "\"" : "");
    }
    return p->rc;
}

void *ecl_new(struct ecl_parser *p, size_t size)
{
    if (++p->parts > ECL_PARTS_MOST) {
        (void)ecl_wrong(p, ERR_INVALID, "there are more than 4096 parts");
        return NULL;
    }
    void *made = p->rc ? NULL : arena_zalloc(p->arena, 1, size);
    if (!made && !p->rc) {
        p->rc = err_set(p->e, ERR_MEMORY, "there is no memory for the constraint expression");
    }
    return made;
}

/* White space and comments. */
void ecl_space(struct ecl_parser *p)
{
    while (p->at < p->source.n) {
        char c = p->source.p[p->at];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            p->at++;
        } else if (text_starts(text_from(p->source, p->at), T("/*"))) {
            const char *from = p->source.p + p->at + 2;
            const char *end = memmem(from, p->source.n - p->at - 2, "*/", 2);
            if (!end) {
                (void)ecl_wrong(p, ERR_INVALID, "this comment must end with */");
                return;
            }
            p->at = (size_t)(end - p->source.p) + 2;
        } else {
            return;
        }
    }
}

bool ecl_peek(struct ecl_parser *p, const char *token)
{
    ecl_space(p);
    return !p->rc && text_starts(text_from(p->source, p->at), text_of(token));
}

bool ecl_token(struct ecl_parser *p, const char *token)
{
    bool there = ecl_peek(p, token);
    p->at += there ? strlen(token) : 0;
    return there;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ecl_word(struct ecl_parser *p, const char *word)
{
    ecl_space(p);
    size_t n = strlen(word);
    text rest = text_from(p->source, p->at);
    if (p->rc || rest.n < n || !text_eq_nocase(text_first(rest, n), text_of(word)) ||
        (rest.n > n && is_letter(rest.p[n]))) {
        return false;
    }
    p->at += n;
    return true;
}

bool ecl_comparison(struct ecl_parser *p, enum ecl_comparison *ret_comparison)
{
    static const struct {
        const char *token;
        enum ecl_comparison comparison;
    } rows[] = {
        {"!=", ECL_NOT_EQUAL}, {"<>", ECL_NOT_EQUAL}, {"<=", ECL_AT_MOST}, {">=", ECL_AT_LEAST},
        {"=", ECL_EQUAL},      {"<", ECL_LESS},       {">", ECL_MORE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (ecl_token(p, rows[i].token)) {
            *ret_comparison = rows[i].comparison;
            return true;
        }
    }
    return false;
}

/* --- strings ------------------------------------------------------------------------------- */

static text quoted(struct ecl_parser *p)
{
    if (!ecl_token(p, "\"")) {
        (void)ecl_wrong(p, ERR_INVALID, "a text in quotation marks must stand here");
        return (text){0};
    }
    char *out = arena_alloc(p->arena, p->source.n - p->at + 1);
    size_t n = 0;
    while (out && p->at < p->source.n && p->source.p[p->at] != '"') {
        bool escaped = p->source.p[p->at] == '\\' && p->at + 1 < p->source.n;
        p->at += escaped;
        out[n++] = p->source.p[p->at++];
    }
    if (!out) {
        p->rc = err_set(p->e, ERR_MEMORY, "there is no memory for the constraint expression");
    } else if (p->at >= p->source.n) {
        (void)ecl_wrong(p, ERR_INVALID, "the text must end with a quotation mark");
    } else {
        p->at++;
    }
    return text_make(out, n);
}

/* The stars of a pattern stay. */
static text fold_pattern(text pattern, struct arena *a)
{
    text folded = {"", 0};
    text part;
    bool first = true;
    while (folded.p && text_cut(&pattern, '*', &part)) {
        text piece = ecl_fold(part, a);
        folded =
            piece.p ? arena_join(a, (text[]){folded, first ? T("") : T("*"), piece}, 3) : piece;
        first = false;
    }
    return folded;
}

static struct ecl_string *one_string(struct ecl_parser *p)
{
    enum ecl_search search = ECL_MATCH;
    if (ecl_word(p, "wild")) {
        search = ECL_WILD;
    } else {
        (void)ecl_word(p, "match");
    }
    (void)ecl_token(p, ":");
    text value = quoted(p);
    struct ecl_string *s = ecl_new(p, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->search = search;
    s->value = search == ECL_WILD ? fold_pattern(value, p->arena) : ecl_fold(value, p->arena);
    if (!s->value.p) {
        p->rc = err_set(p->e, ERR_MEMORY, "there is no memory for the constraint expression");
    }
    return s;
}

const struct ecl_string *ecl_parse_strings(struct ecl_parser *p)
{
    if (!ecl_token(p, "(")) {
        return one_string(p);
    }
    const struct ecl_string *first = NULL;
    do {
        struct ecl_string *s = one_string(p);
        if (!s || p->rc) {
            return NULL;
        }
        s->next = first;
        first = s;
        ecl_space(p);
    } while (!p->rc && !ecl_token(p, ")"));
    return first;
}

/* --- concepts and sub-expressions ----------------------------------------------------------- */

static const struct ecl_node *parse_expression(struct ecl_parser *p);

static struct ecl_node *node(struct ecl_parser *p, enum ecl_kind kind, const struct ecl_node *left,
                             const struct ecl_node *right)
{
    struct ecl_node *n = ecl_new(p, sizeof *n);
    if (n) {
        *n = (struct ecl_node){.kind = kind, .left = left, .right = right};
    }
    return n;
}

/* |term|: it says nothing. */
static void skip_term(struct ecl_parser *p)
{
    if (!ecl_token(p, "|")) {
        return;
    }
    size_t end = text_find(text_from(p->source, p->at), '|');
    if (p->at + end >= p->source.n) {
        (void)ecl_wrong(p, ERR_INVALID, "this term must end with |");
        return;
    }
    p->at += end + 1;
}

static const struct ecl_node *parse_concept(struct ecl_parser *p)
{
    ecl_space(p);
    size_t n = 0;
    text rest = text_from(p->source, p->at);
    while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9') {
        n++;
    }
    if (n < 6 || n > 18) {
        (void)ecl_wrong(p, ERR_INVALID,
                        "a concept (an identifier of 6 to 18 digits), * or ( must stand here");
        return NULL;
    }
    struct ecl_node *made = node(p, ECL_CONCEPT, NULL, NULL);
    if (made) {
        made->code = text_first(rest, n);
        p->at += n;
        skip_term(p);
    }
    return made;
}

static bool parse_operator(struct ecl_parser *p, enum ecl_operator *ret)
{
    static const struct {
        const char *token;
        const char *word;
        enum ecl_operator value;
    } rows[] = {
        {"<<!", "childOrSelfOf", ECL_CHILD_OR_SELF},
        {"<<", "descendantOrSelfOf", ECL_DESCENDANT_OR_SELF},
        {"<!", "childOf", ECL_CHILD},
        {"<", "descendantOf", ECL_DESCENDANT},
        {">>!", "parentOrSelfOf", ECL_PARENT_OR_SELF},
        {">>", "ancestorOrSelfOf", ECL_ANCESTOR_OR_SELF},
        {">!", "parentOf", ECL_PARENT},
        {">", "ancestorOf", ECL_ANCESTOR},
        {"!!>", "top", ECL_TOP},
        {"!!<", "bottom", ECL_BOTTOM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (ecl_token(p, rows[i].token) || ecl_word(p, rows[i].word)) {
            *ret = rows[i].value;
            return true;
        }
    }
    return false;
}

static const struct ecl_node *parse_focus(struct ecl_parser *p)
{
    if (ecl_token(p, "*")) {
        return node(p, ECL_ANY, NULL, NULL);
    }
    if (!ecl_token(p, "(")) {
        return parse_concept(p);
    }
    const struct ecl_node *inside = parse_expression(p);
    if (!p->rc && !ecl_token(p, ")")) {
        (void)ecl_wrong(p, ERR_INVALID,
                        "AND, OR, MINUS or a closing bracket must stand here (brackets are needed "
                        "where operators are mixed)");
    }
    return inside;
}

const struct ecl_node *ecl_parse_sub(struct ecl_parser *p)
{
    enum ecl_operator operator_ = ECL_DESCENDANT;
    if (p->depth >= ECL_DEPTH_MOST) {
        (void)ecl_wrong(p, ERR_INVALID, "brackets are nested more than 40 deep");
        return NULL;
    }
    bool in_group = p->in_group;
    p->in_group = false;
    p->depth++;
    bool hierarchy = parse_operator(p, &operator_);
    bool member = ecl_token(p, "^") || ecl_word(p, "memberOf");
    if (member && ecl_peek(p, "[")) {
        (void)ecl_wrong(p, ERR_NOT_SUPPORTED, "fields of reference sets are not supported");
    }
    const struct ecl_node *n = p->rc ? NULL : parse_focus(p);
    if (n && member) {
        n = node(p, ECL_MEMBER_OF, n, NULL);
    }
    if (n && hierarchy) {
        struct ecl_node *over = node(p, ECL_HIERARCHY, n, NULL);
        if (over) {
            over->operator_ = operator_;
        }
        n = over;
    }
    n = n && !p->rc ? ecl_parse_filters(p, n) : NULL;
    p->depth--;
    p->in_group = in_group;
    return p->rc ? NULL : n;
}

/* --- whole expressions ---------------------------------------------------------------------- */

static bool parse_junction(struct ecl_parser *p, enum ecl_kind *ret)
{
    if (ecl_word(p, "AND") || ecl_token(p, ",")) {
        *ret = ECL_AND;
    } else if (ecl_word(p, "OR")) {
        *ret = ECL_OR;
    } else if (ecl_word(p, "MINUS")) {
        *ret = ECL_MINUS;
    } else {
        return false;
    }
    return true;
}

/* Without precedence: AND with AND, OR with OR, one MINUS; else brackets are needed. */
static const struct ecl_node *parse_compound(struct ecl_parser *p, const struct ecl_node *left)
{
    enum ecl_kind kind;
    bool first = true;
    enum ecl_kind before = ECL_AND;
    for (size_t at = p->at; left && parse_junction(p, &kind); at = p->at) {
        if (!first && (kind != before || kind == ECL_MINUS)) {
            p->at = at;
            (void)ecl_wrong(p, ERR_INVALID,
                            "brackets are needed where AND, OR and MINUS are mixed");
            return NULL;
        }
        const struct ecl_node *right = ecl_parse_sub(p);
        left = right ? node(p, kind, left, right) : NULL;
        before = kind;
        first = false;
    }
    return left;
}

static const struct ecl_node *parse_expression(struct ecl_parser *p)
{
    const struct ecl_node *left = ecl_parse_sub(p);
    if (left && ecl_token(p, ":")) {
        const struct ecl_refinement *refinement = ecl_parse_refinement(p);
        struct ecl_node *refined = refinement ? node(p, ECL_REFINED, left, NULL) : NULL;
        if (refined) {
            refined->refinement = refinement;
        }
        return refined;
    }
    if (left && ecl_peek(p, ".")) {
        for (unsigned i = 0; left && ecl_token(p, "."); i++) {
            if (i == ECL_DEPTH_MOST) {
                (void)ecl_wrong(p, ERR_INVALID, "more than 40 attributes follow one another");
                return NULL;
            }
            const struct ecl_node *name = ecl_parse_sub(p);
            left = name ? node(p, ECL_DOTTED, left, name) : NULL;
        }
        return left;
    }
    return left ? parse_compound(p, left) : NULL;
}

int ecl_parse(text expression, struct arena *a, const struct ecl **ret_ecl, struct err *e)
{
    if (expression.n > ECL_LENGTH_MOST) {
        return err_set(e, ERR_INVALID,
                       "the constraint expression has %zu bytes; %d are taken at most",
                       expression.n, ECL_LENGTH_MOST);
    }
    struct ecl_parser p = {.arena = a, .e = e};
    p.source = arena_copy(a, expression);
    struct ecl *x = arena_zalloc(a, 1, sizeof *x);
    if (!p.source.p || !x) {
        return err_set(e, ERR_MEMORY, "there is no memory for the constraint expression");
    }
    x->root = parse_expression(&p);
    ecl_space(&p);
    if (!p.rc && (p.at < p.source.n || !x->root)) {
        (void)ecl_wrong(&p, ERR_INVALID, "AND, OR, MINUS or the end must stand here");
    }
    x->leaves = p.leaves;
    if (!p.rc) {
        *ret_ecl = x;
    }
    return p.rc;
}

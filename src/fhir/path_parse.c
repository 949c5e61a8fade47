#include "fhir/path_int.h"
#include "fhir/path_lex.h"

#include <stdio.h>
#include <utf8proc.h>

/*
 * Recursive descent over the grammar of N1, with one token in hand. Binary operators climb by their
 * level, all of them to the left. Two things are bounded by PATH_DEPTH_MAX: how deep brackets stand
 * in each other (`depth`, for the parser's own stack) and how high the tree becomes (`height`, for
 * whoever walks it): a.b.c... makes a high tree without a bracket.
 */

enum { SHOWN = 40, ARGUMENTS_MAX = 255 };

struct parser {
    struct path_lexer lexer;
    struct path_token token; /* in hand */
    struct arena *arena;
    struct err *e;
    unsigned depth;
};

enum { LEVEL_TYPE = 8, LEVEL_TOP = 1 };

struct binary {
    text word;
    int level; /* what binds more has a higher one */
    enum path_term_kind kind;
    enum path_operator op;
};

static const struct binary binaries[] = {
    {{"implies", 7}, 1, TERM_BINARY, OP_IMPLIES},
    {{"or", 2}, 2, TERM_BINARY, OP_OR},
    {{"xor", 3}, 2, TERM_BINARY, OP_XOR},
    {{"and", 3}, 3, TERM_BINARY, OP_AND},
    {{"in", 2}, 4, TERM_BINARY, OP_IN},
    {{"contains", 8}, 4, TERM_BINARY, OP_CONTAINS},
    {{"=", 1}, 5, TERM_BINARY, OP_EQUAL},
    {{"~", 1}, 5, TERM_BINARY, OP_EQUIVALENT},
    {{"!=", 2}, 5, TERM_BINARY, OP_NOT_EQUAL},
    {{"!~", 2}, 5, TERM_BINARY, OP_NOT_EQUIVALENT},
    {{"<=", 2}, 6, TERM_BINARY, OP_LESS_EQUAL},
    {{"<", 1}, 6, TERM_BINARY, OP_LESS},
    {{">=", 2}, 6, TERM_BINARY, OP_GREATER_EQUAL},
    {{">", 1}, 6, TERM_BINARY, OP_GREATER},
    {{"|", 1}, 7, TERM_BINARY, OP_UNION},
    {{"is", 2}, LEVEL_TYPE, TERM_IS, 0},
    {{"as", 2}, LEVEL_TYPE, TERM_AS, 0},
    {{"+", 1}, 9, TERM_BINARY, OP_ADD},
    {{"-", 1}, 9, TERM_BINARY, OP_SUBTRACT},
    {{"&", 1}, 9, TERM_BINARY, OP_CONCAT},
    {{"*", 1}, 10, TERM_BINARY, OP_MULTIPLY},
    {{"/", 1}, 10, TERM_BINARY, OP_DIVIDE},
    {{"div", 3}, 10, TERM_BINARY, OP_DIV},
    {{"mod", 3}, 10, TERM_BINARY, OP_MOD},
};

static int parse_expression(struct parser *p, int level, struct path_term **ret);

/* --- tokens -------------------------------------------------------------------------------- */

static int advance(struct parser *p)
{
    return path_lex(&p->lexer, &p->token);
}

static bool is_symbol(const struct parser *p, text symbol)
{
    return p->token.kind == TOKEN_SYMBOL && text_eq(p->token.raw, symbol);
}

static int fail_expected(const struct parser *p, const char *expected)
{
    text shown = text_short(p->token.raw, SHOWN);
    if (p->token.kind == TOKEN_END) {
        return path_lex_fail(p->e, p->token.at, ERR_INVALID,
                             "the expression ends here, and %s is expected", expected);
    }
    return path_lex_fail(p->e, p->token.at, ERR_INVALID, "'%.*s%s' stands where %s is expected",
                         TEXT_ARG(shown), shown.n < p->token.raw.n ? "..." : "", expected);
}

static int expect_symbol(struct parser *p, text symbol, const char *expected)
{
    return is_symbol(p, symbol) ? advance(p) : fail_expected(p, expected);
}

static const struct binary *binary_in_hand(const struct parser *p)
{
    if (p->token.kind != TOKEN_SYMBOL && p->token.kind != TOKEN_IDENTIFIER) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(binaries) / sizeof(*binaries); i++) {
        if (text_eq(p->token.raw, binaries[i].word)) {
            return &binaries[i];
        }
    }
    return NULL;
}

/* --- terms --------------------------------------------------------------------------------- */

static int fail_depth(const struct parser *p, uint32_t at)
{
    return path_lex_fail(p->e, at, ERR_TOO_LARGE,
                         "this is nested deeper than %d levels; make two expressions of it",
                         PATH_DEPTH_MAX);
}

static int enter(struct parser *p)
{
    return ++p->depth > PATH_DEPTH_MAX ? fail_depth(p, p->token.at) : 0;
}

static int no_memory(const struct parser *p)
{
    return err_set(p->e, ERR_MEMORY, "no memory is left for the expression");
}

/* NULL: no memory. */
static struct path_term *new_term(struct parser *p, enum path_term_kind kind, uint32_t at)
{
    struct path_term *term = arena_zalloc(p->arena, 1, sizeof(*term));
    if (term) {
        term->kind = kind;
        term->at = at;
        term->height = 1;
    }
    return term;
}

/* Puts the term above what it has. */
static int raise(const struct parser *p, struct path_term *term, const struct path_term *below)
{
    if (below && below->height >= term->height) {
        term->height = below->height + 1;
    }
    return term->height > PATH_DEPTH_MAX ? fail_depth(p, term->at) : 0;
}

static int new_above(struct parser *p, enum path_term_kind kind, uint32_t at,
                     const struct path_term *left, struct path_term **ret)
{
    struct path_term *term = new_term(p, kind, at);
    if (!term) {
        return no_memory(p);
    }
    term->left = left;
    *ret = term;
    return raise(p, term, left);
}

/* --- names and functions ------------------------------------------------------------------- */

static bool has_name(const struct parser *p)
{
    return p->token.kind == TOKEN_IDENTIFIER || p->token.kind == TOKEN_DELIMITED;
}

/* [FHIR.|System.]name */
static int parse_type(struct parser *p, struct path_term *term)
{
    struct path_token first = p->token;
    if (!has_name(p)) {
        return fail_expected(p, "the name of a type");
    }
    int rc = advance(p);
    if (rc || !is_symbol(p, T("."))) {
        term->name = first.value;
        return rc;
    }
    if (!text_eq(first.value, T("FHIR")) && !text_eq(first.value, T("System"))) {
        return path_lex_fail(p->e, first.at, ERR_INVALID,
                             "'%.*s' is no namespace of types; FHIR and System are",
                             TEXT_ARG(text_short(first.raw, SHOWN)));
    }
    rc = advance(p);
    if (!rc && !has_name(p)) {
        rc = fail_expected(p, "the name of a type");
    }
    term->space = first.value;
    term->name = p->token.value;
    return rc ? rc : advance(p);
}

static bool takes_type(text name)
{
    return text_eq(name, T("is")) || text_eq(name, T("as")) || text_eq(name, T("ofType"));
}

/* is(type), as(type), ofType(type): what is behind the bracket is in hand. */
static int parse_type_call(struct parser *p, struct path_term *term)
{
    term->kind = text_eq(term->name, T("is")) ? TERM_IS : TERM_AS;
    term->all = text_eq(term->name, T("ofType"));
    int rc = parse_type(p, term);
    return rc ? rc : expect_symbol(p, T(")"), "')' behind the one type");
}

static int parse_arguments(struct parser *p, struct path_term *term)
{
    const struct path_term **args = NULL;
    size_t count = 0;
    size_t capacity = 0;
    int rc = enter(p);
    while (!rc && !(count == 0 && is_symbol(p, T(")")))) {
        struct path_term *arg;
        rc = parse_expression(p, LEVEL_TOP, &arg);
        if (!rc && count == ARGUMENTS_MAX) {
            rc = path_lex_fail(p->e, term->at, ERR_INVALID, "no function takes so many arguments");
        }
        if (!rc) {
            args = arena_grow(p->arena, args, count, &capacity, sizeof(*args));
            rc = args ? raise(p, term, arg) : no_memory(p);
        }
        if (rc) {
            return rc;
        }
        args[count++] = arg;
        if (!is_symbol(p, T(","))) {
            break;
        }
        rc = advance(p);
    }
    p->depth--;
    term->args = args;
    term->arg_count = count;
    return rc ? rc : expect_symbol(p, T(")"), "',' or ')'");
}

static int find_function(struct parser *p, struct path_term *term)
{
    text shown = text_short(term->name, SHOWN);
    term->function = path_function_of(term->name);
    if (term->function) {
        return 0;
    }
    const struct path_function *like = path_function_like(term->name);
    return like ? path_lex_fail(p->e, term->at, ERR_INVALID,
                                "there is no function '%.*s'; there is '%s'", TEXT_ARG(shown),
                                like->name)
                : path_lex_fail(p->e, term->at, ERR_INVALID,
                                "there is no function '%.*s' in FHIRPath or in what R4 adds to it",
                                TEXT_ARG(shown));
}

static int check_arguments(const struct parser *p, const struct path_term *term)
{
    const struct path_function *f = term->function;
    if (term->arg_count >= f->least && term->arg_count <= f->most) {
        return 0;
    }
    char range[32] = "";
    if (f->least != f->most) {
        (void)snprintf(range, sizeof(range), "%u to ", f->least);
    }
    return path_lex_fail(p->e, term->at, ERR_INVALID, "%s() takes %s%u argument%s, here it has %zu",
                         f->name, range, f->most, f->most == 1 ? "" : "s", term->arg_count);
}

/* The name has been read, '(' is in hand. */
static int parse_call(struct parser *p, struct path_term *term)
{
    term->kind = TERM_FUNCTION;
    int rc = advance(p);
    if (!rc && takes_type(term->name)) {
        return parse_type_call(p, term);
    }
    rc = rc ? rc : find_function(p, term);
    rc = rc ? rc : parse_arguments(p, term);
    return rc ? rc : check_arguments(p, term);
}

/* A member or a function of left, or of the focus where left is NULL. */
static int parse_invocation(struct parser *p, const struct path_term *left, struct path_term **ret)
{
    int rc = new_above(p, TERM_MEMBER, p->token.at, left, ret);
    if (rc) {
        return rc;
    }
    (*ret)->name = p->token.value;
    if (p->token.kind == TOKEN_SPECIAL) {
        (*ret)->kind = text_eq(p->token.raw, T("$this"))    ? TERM_THIS
                       : text_eq(p->token.raw, T("$index")) ? TERM_INDEX
                                                            : TERM_TOTAL;
        return advance(p);
    }
    if (!has_name(p)) {
        return fail_expected(p, "the name of an element or a function");
    }
    rc = advance(p);
    return !rc && is_symbol(p, T("(")) ? parse_call(p, *ret) : rc;
}

/* %name, %'name', %`name` */
static int parse_variable(struct parser *p, struct path_term **ret)
{
    struct path_term *term = new_term(p, TERM_VARIABLE, p->token.at);
    if (!term) {
        return no_memory(p);
    }
    int rc = advance(p);
    if (!rc && !has_name(p) && p->token.kind != TOKEN_STRING) {
        rc = fail_expected(p, "the name of a variable");
    }
    term->name = p->token.value;
    *ret = term;
    return rc ? rc : advance(p);
}

/* --- expressions --------------------------------------------------------------------------- */

static int parse_brackets(struct parser *p, struct path_term **ret)
{
    int rc = enter(p);
    rc = rc ? rc : advance(p);
    rc = rc ? rc : parse_expression(p, LEVEL_TOP, ret);
    p->depth--;
    return rc ? rc : expect_symbol(p, T(")"), "an operator or ')'");
}

static int parse_empty(struct parser *p, struct path_term **ret)
{
    *ret = new_term(p, TERM_EMPTY, p->token.at);
    int rc = *ret ? advance(p) : no_memory(p);
    return rc ? rc : expect_symbol(p, T("}"), "'}'");
}

/* Words that only stand between operands; as an element's name they need quotes there. */
static bool is_only_operator(const struct parser *p)
{
    static const text words[] = {{"and", 3},     {"or", 2},  {"xor", 3},
                                 {"implies", 7}, {"div", 3}, {"mod", 3}};
    for (size_t i = 0; p->token.kind == TOKEN_IDENTIFIER && i < sizeof(words) / sizeof(*words);
         i++) {
        if (text_eq(p->token.raw, words[i])) {
            return true;
        }
    }
    return false;
}

static int parse_literal(struct parser *p, bool negative, struct path_term **ret)
{
    struct path_token token = p->token;
    bool used_next = false;
    *ret = new_term(p, TERM_LITERAL, token.at);
    int rc = *ret ? advance(p) : no_memory(p);
    rc = rc ? rc : path_literal(&token, &p->token, negative, &(*ret)->literal, &used_next, p->e);
    return rc || !used_next ? rc : advance(p);
}

static int parse_word(struct parser *p, struct path_term **ret)
{
    if (is_only_operator(p)) {
        return fail_expected(p, "an operand");
    }
    bool is_boolean = p->token.kind == TOKEN_IDENTIFIER &&
                      (text_eq(p->token.raw, T("true")) || text_eq(p->token.raw, T("false")));
    return is_boolean ? parse_literal(p, false, ret) : parse_invocation(p, NULL, ret);
}

static int parse_term(struct parser *p, bool negative, struct path_term **ret)
{
    switch (p->token.kind) {
    case TOKEN_IDENTIFIER:
    case TOKEN_DELIMITED:
    case TOKEN_SPECIAL:
        return parse_word(p, ret);
    case TOKEN_STRING:
    case TOKEN_NUMBER:
    case TOKEN_DATE:
    case TOKEN_DATE_TIME:
    case TOKEN_TIME:
        return parse_literal(p, negative, ret);
    case TOKEN_SYMBOL:
    case TOKEN_END:
        break;
    }
    return is_symbol(p, T("("))   ? parse_brackets(p, ret)
           : is_symbol(p, T("{")) ? parse_empty(p, ret)
           : is_symbol(p, T("%")) ? parse_variable(p, ret)
                                  : fail_expected(p, "an operand");
}

static int parse_indexer(struct parser *p, const struct path_term *left, struct path_term **ret)
{
    struct path_term *index;
    int rc = new_above(p, TERM_INDEXER, p->token.at, left, ret);
    const struct path_term **args = arena_alloc(p->arena, sizeof(*args));
    if (!rc && !args) {
        rc = no_memory(p);
    }
    rc = rc ? rc : enter(p);
    rc = rc ? rc : advance(p);
    rc = rc ? rc : parse_expression(p, LEVEL_TOP, &index);
    p->depth--;
    rc = rc ? rc : expect_symbol(p, T("]"), "an operator or ']'");
    if (rc) {
        return rc;
    }
    args[0] = index;
    (*ret)->args = args;
    (*ret)->arg_count = 1;
    return raise(p, *ret, index);
}

/* A term and all that is asked of it: .member, .function(), [index]. */
static int parse_invocations(struct parser *p, bool negative, struct path_term **ret)
{
    int rc = parse_term(p, negative, ret);
    while (!rc) {
        if (is_symbol(p, T("."))) {
            rc = advance(p);
            rc = rc ? rc : parse_invocation(p, *ret, ret);
        } else if (is_symbol(p, T("["))) {
            rc = parse_indexer(p, *ret, ret);
        } else {
            break;
        }
    }
    return rc;
}

/* The places of the minus signs in front of an operand; a plus leaves nothing behind. */
static int take_signs(struct parser *p, uint32_t *minus, size_t *count, bool *ret_last_minus)
{
    int rc = 0;
    *ret_last_minus = false;
    while (!rc && (is_symbol(p, T("-")) || is_symbol(p, T("+")))) {
        *ret_last_minus = is_symbol(p, T("-"));
        if (*ret_last_minus && *count == PATH_DEPTH_MAX) {
            return fail_depth(p, p->token.at);
        }
        if (*ret_last_minus) {
            minus[(*count)++] = p->token.at;
        }
        rc = advance(p);
    }
    return rc;
}

static bool is_least_integer(const struct path_term *term)
{
    return term->kind == TERM_LITERAL && term->literal.kind == PATH_INTEGER &&
           term->literal.u.integer > INT32_MAX;
}

/* Signs bind less than what is asked of the operand: -1.abs() is -(1.abs()). */
static int parse_sign(struct parser *p, struct path_term **ret)
{
    uint32_t minus[PATH_DEPTH_MAX];
    size_t count = 0;
    bool last_minus;
    int rc = take_signs(p, minus, &count, &last_minus);
    rc = rc ? rc : parse_invocations(p, last_minus, ret);
    if (!rc && count && is_least_integer(*ret)) {
        (*ret)->literal.u.integer = -(*ret)->literal.u.integer;
        count--;
    }
    while (!rc && count) {
        rc = new_above(p, TERM_MINUS, minus[--count], *ret, ret);
    }
    return rc;
}

static int parse_right(struct parser *p, const struct binary *binary, struct path_term *term)
{
    struct path_term *right;
    if (binary->level == LEVEL_TYPE) {
        return parse_type(p, term);
    }
    int rc = parse_expression(p, binary->level + 1, &right);
    if (!rc) {
        term->op = binary->op;
        term->right = right;
        rc = raise(p, term, right);
    }
    return rc;
}

/* Operators of this level and above it. */
static int parse_expression(struct parser *p, int level, struct path_term **ret)
{
    const struct binary *binary;
    int rc = parse_sign(p, ret);
    while (!rc && (binary = binary_in_hand(p)) && binary->level >= level) {
        struct path_term *term;
        rc = new_above(p, binary->kind, p->token.at, *ret, &term);
        rc = rc ? rc : advance(p);
        rc = rc ? rc : parse_right(p, binary, term);
        *ret = term;
    }
    return rc;
}

/* --- the whole ----------------------------------------------------------------------------- */

static int check_characters(text t, struct err *e)
{
    uint32_t at = 0;
    for (; t.n; at++) {
        int32_t c;
        utf8proc_ssize_t n =
            utf8proc_iterate((const unsigned char *)t.p, (utf8proc_ssize_t)t.n, &c);
        if (n <= 0) {
            return path_lex_fail(e, at, ERR_INVALID, "the bytes here are not UTF-8");
        }
        if (c == 0) {
            return path_lex_fail(e, at, ERR_INVALID,
                                 "the character U+0000 stands here; FHIR allows it nowhere");
        }
        t = text_from(t, (size_t)n);
    }
    return 0;
}

int path_compile(text expression, struct arena *a, const struct path **ret_path, struct err *e)
{
    struct parser p = {.lexer = {.expression = expression, .arena = a, .e = e}, .arena = a, .e = e};
    struct path_term *root = NULL;
    if (expression.n > PATH_BYTES_MAX) {
        return err_set(e, ERR_TOO_LARGE, "a FHIRPath expression has at most %d bytes; this has %zu",
                       PATH_BYTES_MAX, expression.n);
    }
    int rc = check_characters(expression, e);
    rc = rc ? rc : advance(&p);
    rc = rc ? rc : parse_expression(&p, LEVEL_TOP, &root);
    if (!rc && p.token.kind != TOKEN_END) {
        rc = fail_expected(&p, "an operator or the end");
    }
    if (rc) {
        return rc;
    }
    struct path *path = arena_alloc(a, sizeof(*path));
    if (!path) {
        return no_memory(&p);
    }
    *path = (struct path){expression, root};
    *ret_path = path;
    return 0;
}

#include "base/buf.h"
#include "fhir/path_int.h"
#include "fhir/path_lex.h"

/* What is printed is read as the same tree again: brackets around every operator, and literals and
 * names in the form in which they are read. */

enum { PRINTED_MAX = 8 * PATH_BYTES_MAX };
#define VALUE_MAX ((size_t)1 << 30) /* a string of a resource may be long */

static const char *const operators[] = {
    [OP_MULTIPLY] = "*",        [OP_DIVIDE] = "/",     [OP_DIV] = "div",
    [OP_MOD] = "mod",           [OP_ADD] = "+",        [OP_SUBTRACT] = "-",
    [OP_CONCAT] = "&",          [OP_UNION] = "|",      [OP_LESS] = "<",
    [OP_LESS_EQUAL] = "<=",     [OP_GREATER] = ">",    [OP_GREATER_EQUAL] = ">=",
    [OP_EQUAL] = "=",           [OP_EQUIVALENT] = "~", [OP_NOT_EQUAL] = "!=",
    [OP_NOT_EQUIVALENT] = "!~", [OP_IN] = "in",        [OP_CONTAINS] = "contains",
    [OP_AND] = "and",           [OP_OR] = "or",        [OP_XOR] = "xor",
    [OP_IMPLIES] = "implies",
};

static void print_term(const struct path_term *term, struct arena *a, struct buf *out);

static void print_quoted(text t, char quote, struct buf *out)
{
    static const char from[] = "\f\n\r\t\\";
    static const char into[] = "fnrt\\";
    buf_addc(out, quote);
    for (size_t i = 0; i < t.n; i++) {
        const char *found = memchr(from, t.p[i], sizeof(from) - 1);
        if (found || t.p[i] == quote) {
            buf_addc(out, '\\');
            buf_addc(out, found ? into[found - from] : quote);
        } else if ((unsigned char)t.p[i] < 0x20) {
            buf_printf(out, "\\u%04x", (unsigned)t.p[i]);
        } else {
            buf_addc(out, t.p[i]);
        }
    }
    buf_addc(out, quote);
}

/* Words of the grammar get quotes, so that nobody has to know where they may stand without. */
static bool is_reserved(text name)
{
    static const char *const words[] = {"true", "false", "as",  "is",  "in",  "contains",
                                        "and",  "or",    "xor", "div", "mod", "implies"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (text_eq(name, text_of(words[i]))) {
            return true;
        }
    }
    return false;
}

static void print_name(text name, struct buf *out)
{
    if (path_is_plain(name) && !is_reserved(name)) {
        buf_add(out, name);
    } else {
        print_quoted(name, '`', out);
    }
}

static void print_type(const struct path_term *term, struct buf *out)
{
    if (term->space.n) {
        buf_add(out, term->space);
        buf_addc(out, '.');
    }
    print_name(term->name, out);
}

static void print_moment(const struct path_item *item, struct arena *a, struct buf *out)
{
    text printed = path_time_print(item->kind, &item->u.time, a);
    buf_add(out, item->kind == PATH_TIME ? T("@T") : T("@"));
    buf_add(out, printed);
    if (item->kind == PATH_DATE_TIME && text_find(printed, 'T') == printed.n) {
        buf_addc(out, 'T');
    }
    out->failed = out->failed || !printed.p;
}

static void print_decimal(struct path_decimal d, struct arena *a, struct buf *out)
{
    text printed = path_decimal_print(d, a);
    buf_add(out, printed);
    out->failed = out->failed || !printed.p;
}

static void print_quantity(const struct path_quantity *q, struct arena *a, struct buf *out)
{
    print_decimal(q->value, a, out);
    buf_addc(out, ' ');
    if (q->is_calendar) {
        buf_add(out, q->unit);
    } else {
        print_quoted(q->unit, '\'', out);
    }
}

static void print_literal(const struct path_item *item, struct arena *a, struct buf *out)
{
    switch (item->kind) {
    case PATH_BOOLEAN:
        buf_add(out, item->u.boolean ? T("true") : T("false"));
        break;
    case PATH_STRING:
        print_quoted(item->u.string, '\'', out);
        break;
    case PATH_INTEGER:
        buf_printf(out, "%lld", (long long)item->u.integer);
        break;
    case PATH_DECIMAL:
        print_decimal(item->u.decimal, a, out);
        break;
    case PATH_DATE:
    case PATH_DATE_TIME:
    case PATH_TIME:
        print_moment(item, a, out);
        break;
    case PATH_QUANTITY:
        print_quantity(&item->u.quantity, a, out);
        break;
    case PATH_NOTHING:
    case PATH_NODE:
    case PATH_TYPE:
        break; /* no literals */
    }
}

/* Only the least Integer has a sign of its own; what is asked of it would bind more. */
static void print_tree_literal(const struct path_item *item, struct arena *a, struct buf *out)
{
    bool is_least = item->kind == PATH_INTEGER && item->u.integer < 0;
    buf_add(out, is_least ? T("(") : T(""));
    print_literal(item, a, out);
    buf_add(out, is_least ? T(")") : T(""));
}

static void print_arguments(const struct path_term *term, struct arena *a, struct buf *out)
{
    for (size_t i = 0; i < term->arg_count; i++) {
        buf_add(out, i ? T(", ") : T(""));
        print_term(term->args[i], a, out);
    }
}

/* x is T, x as T; as functions where there is no x, and for ofType(). */
static void print_type_test(const struct path_term *term, struct arena *a, struct buf *out)
{
    const char *word = term->kind == TERM_IS ? "is" : term->all ? "ofType" : "as";
    bool is_call = !term->left || term->all;
    if (!is_call) {
        buf_addc(out, '(');
    }
    if (term->left) {
        print_term(term->left, a, out);
        buf_addc(out, is_call ? '.' : ' ');
    }
    buf_printf(out, is_call ? "%s(" : "%s ", word);
    print_type(term, out);
    buf_addc(out, ')');
}

static void print_function(const struct path_term *term, struct arena *a, struct buf *out)
{
    print_name(term->name, out);
    buf_addc(out, '(');
    print_arguments(term, a, out);
    buf_addc(out, ')');
}

static void print_binary(const struct path_term *term, struct arena *a, struct buf *out)
{
    buf_addc(out, '(');
    print_term(term->left, a, out);
    buf_printf(out, " %s ", operators[term->op]);
    print_term(term->right, a, out);
    buf_addc(out, ')');
}

/* Terms that are asked of another: its own text and a point come first. */
static void print_left(const struct path_term *term, struct arena *a, struct buf *out)
{
    if (term->left) {
        print_term(term->left, a, out);
        buf_addc(out, '.');
    }
}

static void print_term(const struct path_term *term, struct arena *a, struct buf *out)
{
    switch (term->kind) {
    case TERM_EMPTY:
        buf_add(out, T("{}"));
        break;
    case TERM_LITERAL:
        print_tree_literal(&term->literal, a, out);
        break;
    case TERM_VARIABLE:
        buf_addc(out, '%');
        print_name(term->name, out);
        break;
    case TERM_THIS:
    case TERM_INDEX:
    case TERM_TOTAL:
        print_left(term, a, out);
        buf_add(out, term->name);
        break;
    case TERM_MEMBER:
        print_left(term, a, out);
        print_name(term->name, out);
        break;
    case TERM_FUNCTION:
        print_left(term, a, out);
        print_function(term, a, out);
        break;
    case TERM_INDEXER:
        print_term(term->left, a, out);
        buf_addc(out, '[');
        print_arguments(term, a, out);
        buf_addc(out, ']');
        break;
    case TERM_MINUS:
        buf_add(out, T("(-"));
        print_term(term->left, a, out);
        buf_addc(out, ')');
        break;
    case TERM_BINARY:
        print_binary(term, a, out);
        break;
    case TERM_IS:
    case TERM_AS:
        print_type_test(term, a, out);
        break;
    }
}

static text printed(struct buf *out, struct arena *a)
{
    text t = buf_failed(out) ? (text){0} : arena_copy(a, buf_text(out));
    buf_done(out);
    return t;
}

text path_print(const struct path *path, struct arena *a)
{
    struct buf out;
    buf_init(&out, PRINTED_MAX);
    print_term(path->root, a, &out);
    return printed(&out, a);
}

text path_print_value(const struct path_item *value, struct arena *a)
{
    struct buf out;
    if (value->kind == PATH_NOTHING || value->kind == PATH_NODE || value->kind == PATH_TYPE) {
        return (text){0};
    }
    buf_init(&out, VALUE_MAX);
    print_literal(value, a, &out);
    return printed(&out, a);
}

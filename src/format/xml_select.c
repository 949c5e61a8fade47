/* The words of a selector: which names stand for elements, and what may not be asked. */
#include "format/xml_edit.h"

struct selecting {
    text left;
    struct buf *out;
    bool operand;   /* the word before ends an operand: what follows is an operator */
    bool attribute; /* the word before says that an attribute follows */
    size_t predicates;
    size_t deep; /* times `//` */
    size_t words;
    struct err *e;
};

static int refuse(struct selecting *s, const char *what)
{
    return err_set(s->e, ERR_INVALID,
                   "%s; select by the names of elements from the root on, and in brackets by "
                   "position or by the value of an attribute or element near by: "
                   "/Patient/identifier[system/@value='http://x']/value/@value",
                   what);
}

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static text take(struct selecting *s, size_t n)
{
    text t = text_first(s->left, n);
    s->left = text_from(s->left, n);
    return t;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct selecting *s)
{
    while (s->left.n && is_blank(s->left.p[0])) {
        s->left = text_from(s->left, 1);
    }
}

static text take_name(struct selecting *s)
{
    size_t n = 0;
    while (n < s->left.n && (starts_name(s->left.p[n]) || is_digit(s->left.p[n]) ||
                             s->left.p[n] == '-' || s->left.p[n] == '.')) {
        n++;
    }
    return take(s, n);
}

static bool one_of(text t, const char *const *names)
{
    while (*names && !text_eq(t, text_of(*names))) {
        names++;
    }
    return *names != NULL;
}

/* --- words --------------------------------------------------------------------------------- */

static int take_axis(struct selecting *s, text name)
{
    static const char *const near[] = {"child", "attribute", "self", NULL};
    static const char *const deep[] = {"descendant", "descendant-or-self", NULL};
    if (one_of(name, deep) && !s->predicates && !s->deep) {
        s->deep++;
    } else if (!one_of(name, near)) {
        return refuse(s, "an axis that stands in sel may not be used there");
    }
    s->attribute = text_eq(name, T("attribute"));
    s->operand = false;
    buf_add(s->out, name);
    buf_add(s->out, take(s, 2));
    return 0;
}

static int take_function(struct selecting *s, text name)
{
    static const char *const known[] = {
        "text",   "comment", "node",          "position", "last", "count",      "not",
        "true",   "false",   "starts-with",   "contains", "name", "local-name", "normalize-space",
        "string", "number",  "string-length", NULL};
    s->operand = false;
    buf_add(s->out, name);
    return one_of(name, known) ? 0 : refuse(s, "a function that stands in sel may not be used");
}

static int take_word(struct selecting *s)
{
    static const char *const operators[] = {"and", "or", "div", "mod", NULL};
    text name = take_name(s);
    if (s->operand) {
        s->operand = false;
        buf_add(s->out, T(" "));
        buf_add(s->out, name);
        buf_add(s->out, T(" "));
        return one_of(name, operators) ? 0 : refuse(s, "an operator is missing in sel");
    }
    bool attribute = s->attribute;
    s->attribute = false;
    if (s->left.n > 1 && s->left.p[0] == ':' && s->left.p[1] != ':') {
        buf_add(s->out, name);
        buf_add(s->out, take(s, 1));
        buf_add(s->out, s->left.p[0] == '*' ? take(s, 1) : take_name(s));
        s->operand = true;
        return 0;
    }
    skip_blanks(s);
    if (text_starts(s->left, T("::"))) {
        return take_axis(s, name);
    }
    if (text_starts(s->left, T("("))) {
        return take_function(s, name);
    }
    buf_add(s->out, attribute ? T("") : T(XML_SELECT_DEFAULT ":"));
    buf_add(s->out, name);
    s->operand = true;
    return 0;
}

static int take_literal(struct selecting *s)
{
    size_t n = text_find(text_from(s->left, 1), s->left.p[0]);
    if (n + 1 >= s->left.n) {
        return refuse(s, "a string in sel has no end");
    }
    buf_add(s->out, take(s, n + 2));
    s->operand = true;
    return 0;
}

static int take_slash(struct selecting *s)
{
    bool deep = text_starts(s->left, T("//"));
    if (s->predicates && !s->operand) {
        return refuse(s, "sel has an absolute path in brackets");
    }
    if (deep && (s->predicates || s->deep++)) {
        return refuse(s, s->predicates ? "sel has // in brackets" : "sel has // more than once");
    }
    buf_add(s->out, take(s, deep ? 2 : 1));
    s->operand = false;
    return 0;
}

static int take_sign(struct selecting *s)
{
    char c = s->left.p[0];
    if (text_starts(s->left, T(".."))) {
        return refuse(s, "sel goes up by ..");
    }
    if (c == '$') {
        return refuse(s, "sel has a variable");
    }
    if (c == '[') {
        s->predicates++;
    } else if (c == ']') {
        s->predicates -= s->predicates ? 1 : 0;
    }
    s->attribute = c == '@';
    s->operand = c == ')' || c == ']' || c == '.' || (c == '*' && !s->operand);
    buf_add(s->out, take(s, 1));
    return 0;
}

static int take_number(struct selecting *s)
{
    size_t n = 0;
    while (n < s->left.n && (is_digit(s->left.p[n]) || s->left.p[n] == '.')) {
        n++;
    }
    buf_add(s->out, take(s, n));
    s->operand = true;
    return 0;
}

int xml_select(text sel, struct buf *out, size_t *ret_words, struct err *e)
{
    struct selecting s = {.left = sel, .out = out, .e = e};
    int rc = 0;
    if (sel.n > XML_EDIT_SELECT_MAX) {
        return err_set(e, ERR_INVALID, "sel is longer than %d characters", XML_EDIT_SELECT_MAX);
    }
    for (skip_blanks(&s); !rc && s.left.n; skip_blanks(&s), s.words++) {
        char c = s.left.p[0];
        rc = starts_name(c)           ? take_word(&s)
             : c == '"' || c == '\''  ? take_literal(&s)
             : c == '/'               ? take_slash(&s)
             : is_digit(c)            ? take_number(&s)
             : (unsigned char)c < ' ' ? refuse(&s, "sel has a control character")
                                      : take_sign(&s);
    }
    if (!rc && !s.words) {
        rc = refuse(&s, "sel is empty");
    }
    *ret_words = s.words;
    return rc;
}

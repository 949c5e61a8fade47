#include "fhir/path_lex.h"

enum { SHOWN = 40 };

/* A calendar unit by its singular name; p == NULL: the token is none. */
static text calendar_unit(const struct path_token *token)
{
    static const text units[] = {{"year", 4}, {"month", 5},  {"week", 4},   {"day", 3},
                                 {"hour", 4}, {"minute", 6}, {"second", 6}, {"millisecond", 11}};
    text word = token->raw;
    if (token->kind != TOKEN_IDENTIFIER) {
        return (text){0};
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        bool plural =
            word.n == units[i].n + 1 && text_starts(word, units[i]) && word.p[word.n - 1] == 's';
        if (plural || text_eq(word, units[i])) {
            return units[i];
        }
    }
    return (text){0};
}

/* N1 Integers have 32 bits. */
static int read_integer(const struct path_token *token, bool is_least, struct path_item *ret,
                        struct err *e)
{
    uint64_t value;
    text shown = text_short(token->value, SHOWN);
    if (!text_to_u64(token->value, &value) || value > (uint64_t)INT32_MAX + is_least) {
        return path_lex_fail(e, token->at, ERR_INVALID,
                             "%.*s is beyond what an Integer holds (2147483647); a Decimal is "
                             "written as %.*s.0",
                             TEXT_ARG(shown), TEXT_ARG(shown));
    }
    ret->kind = PATH_INTEGER;
    ret->u.integer = (int64_t)value;
    return 0;
}

static bool is_asked(const struct path_token *next)
{
    return next->kind == TOKEN_SYMBOL && (next->raw.p[0] == '.' || next->raw.p[0] == '[');
}

static int read_number(const struct path_token *token, const struct path_token *next, bool negative,
                       struct path_item *ret, bool *ret_used_next, struct err *e)
{
    struct path_decimal value;
    text calendar = calendar_unit(next);
    *ret_used_next = calendar.p || next->kind == TOKEN_STRING;
    if (!*ret_used_next && text_find(token->value, '.') == token->value.n) {
        return read_integer(token, negative && !is_asked(next), ret, e);
    }
    if (!path_decimal_read(token->value, &value)) {
        return path_lex_fail(e, token->at, ERR_INVALID,
                             "%.*s... has more digits than a Decimal holds (38)",
                             TEXT_ARG(text_short(token->value, SHOWN)));
    }
    if (!*ret_used_next) {
        ret->kind = PATH_DECIMAL;
        ret->u.decimal = value;
        return 0;
    }
    ret->kind = PATH_QUANTITY;
    ret->u.quantity = (struct path_quantity){
        .value = value,
        .unit = calendar.p ? calendar : next->value,
        .is_calendar = calendar.p != NULL,
    };
    return 0;
}

static int read_moment(const struct path_token *token, enum path_kind kind, struct path_item *ret,
                       struct err *e)
{
    struct path_time moment;
    if (!path_time_read(kind, token->value, &moment)) {
        return path_lex_fail(e, token->at, ERR_INVALID, "%.*s is no %s that there is",
                             TEXT_ARG(text_short(token->raw, SHOWN)),
                             kind == PATH_TIME ? "time of day" : "date");
    }
    ret->kind = kind;
    ret->u.time = moment;
    return 0;
}

int path_literal(const struct path_token *token, const struct path_token *next, bool negative,
                 struct path_item *ret, bool *ret_used_next, struct err *e)
{
    *ret_used_next = false;
    switch (token->kind) {
    case TOKEN_NUMBER:
        return read_number(token, next, negative, ret, ret_used_next, e);
    case TOKEN_DATE:
        return read_moment(token, PATH_DATE, ret, e);
    case TOKEN_DATE_TIME:
        return read_moment(token, PATH_DATE_TIME, ret, e);
    case TOKEN_TIME:
        return read_moment(token, PATH_TIME, ret, e);
    case TOKEN_STRING:
        ret->kind = PATH_STRING;
        ret->u.string = token->value;
        return 0;
    case TOKEN_IDENTIFIER:
        ret->kind = PATH_BOOLEAN;
        ret->u.boolean = text_eq(token->raw, T("true"));
        return 0;
    case TOKEN_DELIMITED:
    case TOKEN_SPECIAL:
    case TOKEN_SYMBOL:
    case TOKEN_END:
        break;
    }
    return path_lex_fail(e, token->at, ERR_INTERNAL, "this is no literal");
}

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_info table[] = {
#define ERR_ROW(name, status, issue, retry, words) {#name, status, issue, retry, words},
    ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

const struct err_info *err_info(int code)
{
    return &table[code >= 0 && code < ERR_COUNT ? code : ERR_INTERNAL];
}

/* A cut must not leave half a character behind. */
static void end_at_character(char *s, size_t n)
{
    while (n && ((unsigned char)s[n - 1] & 0xC0) == 0x80) {
        n--;
    }
    if (n && (unsigned char)s[n - 1] >= 0xC0) {
        n--;
    }
    s[n] = '\0';
}

__attribute__((format(printf, 4, 0))) static void fill(struct err *e, int code, text expression,
                                                       const char *format, va_list args)
{
    e->code = code;
    size_t n = expression.n < sizeof e->expression - 1 ? expression.n : sizeof e->expression - 1;
    if (n) {
        memcpy(e->expression, expression.p, n);
    }
    e->expression[n] = '\0';
    char detail[sizeof e->detail]; /* an argument may be e's own words */
    int written = vsnprintf(detail, sizeof detail, format, args);
    if (written >= (int)sizeof detail) {
        end_at_character(detail, sizeof detail - 1);
    }
    memcpy(e->detail, detail, strlen(detail) + 1);
}

int err_set(struct err *e, int code, const char *format, ...)
{
    if (e) {
        va_list args;
        va_start(args, format);
        fill(e, code, (text){NULL, 0}, format, args);
        va_end(args);
    }
    return code;
}

int err_at(struct err *e, int code, text expression, const char *format, ...)
{
    if (e) {
        va_list args;
        va_start(args, format);
        fill(e, code, expression, format, args);
        va_end(args);
    }
    return code;
}

const char *err_text(const struct err *e)
{
    return e->detail[0] ? e->detail : err_info(e->code)->text;
}

#include "fhir/outcome.h"

#include "format/json.h"

#include <stdarg.h>
#include <stdio.h>

enum { DETAILS_MOST = 1024 };

void issues_init(struct issues *is, struct arena *a)
{
    *is = (struct issues){.arena = a};
}

/* Cuts at a character, not inside one. */
static size_t whole_characters(const char *p, size_t n)
{
    while (n && ((unsigned char)p[n] & 0xC0) == 0x80) {
        n--;
    }
    return n;
}

static text format_details(struct arena *a, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static text format_details(struct arena *a, const char *format, va_list args)
{
    char line[DETAILS_MOST];
    int wanted = vsnprintf(line, sizeof line, format, args);
    if (wanted < 0) {
        return (text){NULL, 0};
    }
    size_t n = (size_t)wanted;
    if (n >= sizeof line) {
        n = whole_characters(line, sizeof line - 4);
        memcpy(line + n, "...", 3);
        n += 3;
    }
    return arena_copy(a, (text){line, n});
}

/* The listed errors are those that were not dropped. */
static bool has_lesser(const struct issues *is)
{
    return is->count > is->errors - is->dropped_errors;
}

bool issues_full(const struct issues *is, enum issue_severity severity)
{
    return is->count >= ISSUES_MAX && (severity != ISSUE_ERROR || !has_lesser(is));
}

static void drop(struct issues *is, enum issue_severity severity)
{
    is->dropped++;
    is->dropped_errors += severity == ISSUE_ERROR;
}

/* Makes room for an error: the last finding that is none goes. */
static void drop_lesser(struct issues *is)
{
    size_t at = is->count;
    while (at && is->items[at - 1].severity == ISSUE_ERROR) {
        at--;
    }
    if (at) {
        is->count--;
        memmove(&is->items[at - 1], &is->items[at], (is->count - (at - 1)) * sizeof *is->items);
        drop(is, ISSUE_WARNING);
    }
}

void issues_add(struct issues *is, enum issue_severity severity, int code, text expression,
                const char *format, ...)
{
    bool full = issues_full(is, severity);
    if (!full && is->count >= ISSUES_MAX) {
        drop_lesser(is);
    }
    if (severity == ISSUE_ERROR) {
        is->errors++;
    }
    if (full) {
        drop(is, severity);
        return;
    }
    struct issue *items =
        arena_grow(is->arena, is->items, is->count, &is->capacity, sizeof *is->items);
    if (!items) {
        drop(is, severity);
        return;
    }
    is->items = items;
    va_list args;
    va_start(args, format);
    text details = format_details(is->arena, format, args);
    va_end(args);
    text place = arena_copy(is->arena, expression);
    if (!details.p || !place.p) {
        drop(is, severity);
        return;
    }
    is->items[is->count++] = (struct issue){severity, code, place, details};
}

static text severity_name(enum issue_severity severity)
{
    switch (severity) {
    case ISSUE_WARNING:
        return T("warning");
    case ISSUE_INFORMATION:
        return T("information");
    case ISSUE_ERROR:
    default:
        return T("error");
    }
}

static void print_issue(text severity, text type, text expression, text details, struct buf *out)
{
    buf_add(out, T("{\"severity\":"));
    json_write_string(severity, out);
    buf_add(out, T(",\"code\":"));
    json_write_string(type, out);
    if (details.n) {
        buf_add(out, T(",\"details\":{\"text\":"));
        json_write_string(details, out);
        buf_addc(out, '}');
    }
    if (expression.n) {
        buf_add(out, T(",\"expression\":["));
        json_write_string(expression, out);
        buf_addc(out, ']');
    }
    buf_addc(out, '}');
}

static const char HEAD[] = "{\"resourceType\":\"OperationOutcome\",\"issue\":[";

void outcome_print(const struct issues *is, struct buf *out)
{
    buf_add(out, text_of(HEAD));
    for (size_t i = 0; i < is->count; i++) {
        const struct issue *it = &is->items[i];
        const struct err_info *info = err_info(it->code);
        if (i) {
            buf_addc(out, ',');
        }
        print_issue(severity_name(it->severity), text_of(info->issue), it->expression,
                    it->details.n ? it->details : text_of(info->text), out);
    }
    if (is->dropped) {
        char line[80];
        int n = snprintf(line, sizeof line, "%zu more findings are not listed", is->dropped);
        if (is->count) {
            buf_addc(out, ',');
        }
        print_issue(is->dropped_errors ? T("error") : T("information"), T("incomplete"), T(""),
                    (text){line, (size_t)n}, out);
    } else if (is->count == 0) {
        print_issue(T("information"), T("informational"), T(""), T("no findings"), out);
    }
    buf_add(out, T("]}"));
}

void outcome_print_err(const struct err *e, struct buf *out)
{
    const struct err_info *info = err_info(e->code);
    buf_add(out, text_of(HEAD));
    print_issue(e->code == ERR_OK ? T("information") : T("error"), text_of(info->issue),
                text_of(e->expression), text_of(err_text(e)), out);
    buf_add(out, T("]}"));
}

void outcome_print_done(text details, struct buf *out)
{
    buf_add(out, text_of(HEAD));
    print_issue(T("information"), T("informational"), T(""), details, out);
    buf_add(out, T("]}"));
}

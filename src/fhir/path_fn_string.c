/* String manipulation (N1 5.6, and trim, split, join ... of the versions after it). Positions and
 * lengths are characters of Unicode, not bytes. */
#include "fhir/path_regex.h"
#include "fhir/path_run.h"
#include "fhir/path_text.h"

#include <utf8proc.h>

/* --- what all of them share ---------------------------------------------------------------- */

int path_text_spend(struct path_call *call, size_t bytes)
{
    call->run->steps += bytes / PATH_TEXT_STEP;
    return path_step(call->run);
}

int path_text_only(struct path_call *call, text t, struct path_items *ret)
{
    struct path_item item = {.kind = PATH_STRING, .u.string = t};
    int failed = path_text_spend(call, t.n);
    return failed ? failed : path_only(call->run, ret, &item);
}

int path_text_made(struct path_call *call, struct buf *out, struct path_items *ret)
{
    text t = buf_failed(out) ? (text){NULL, 0} : arena_copy(call->run->arena, buf_text(out));
    bool failed = buf_failed(out);
    buf_done(out);
    if (failed) {
        return path_fail(call->run, call->term, ERR_TOO_COSTLY,
                         "%.*s() would make a text of more than %d bytes",
                         TEXT_ARG(call->term->name), PATH_TEXT_MAX);
    }
    if (!t.p) {
        return path_fail(call->run, call->term, ERR_MEMORY, "%s", err_info(ERR_MEMORY)->text);
    }
    return path_text_only(call, t, ret);
}

static int take_text(struct path_call *call, const struct path_item *item, text *ret, bool *ret_has)
{
    *ret_has = item->kind == PATH_STRING;
    if (!*ret_has) {
        return 0;
    }
    *ret = item->u.string;
    return path_text_spend(call, ret->n);
}

int path_text_focus(struct path_call *call, text *ret, bool *ret_has)
{
    struct path_item item;
    int failed = path_one(call, call->focus, PATH_STRING, &item);
    return failed ? failed : take_text(call, &item, ret, ret_has);
}

int path_text_arg(struct path_call *call, size_t i, text *ret, bool *ret_has)
{
    struct path_item item;
    int failed = path_arg_one(call, i, PATH_STRING, &item);
    return failed ? failed : take_text(call, &item, ret, ret_has);
}

/* The focus and the first argument; *ret_has only when both are there. */
static int focus_and_arg(struct path_call *call, text *ret_focus, text *ret_arg, bool *ret_has)
{
    bool has_focus = false;
    bool has_arg = false;
    int failed = path_text_focus(call, ret_focus, &has_focus);
    failed = failed ? failed : path_text_arg(call, 0, ret_arg, &has_arg);
    *ret_has = has_focus && has_arg;
    return failed;
}

static int only_integer(struct path_call *call, int64_t n, struct path_items *ret)
{
    struct path_item item = {.kind = PATH_INTEGER, .u.integer = n};
    return path_only(call->run, ret, &item);
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

static size_t characters(text t)
{
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++) {
        n += !continues(t.p[i]);
    }
    return n;
}

/* The byte at which a character starts; t.n when there are not as many. */
static size_t byte_of(text t, size_t character)
{
    size_t i = 0;
    for (; i < t.n; i++) {
        if (!continues(t.p[i]) && character-- == 0) {
            break;
        }
    }
    return i;
}

static size_t character_end(text t, size_t at)
{
    at++;
    while (at < t.n && continues(t.p[at])) {
        at++;
    }
    return at;
}

/* The byte at which `part` starts first, or t.n + 1. */
static size_t find(text t, text part)
{
    if (part.n == 0) {
        return 0;
    }
    if (part.n == 1) {
        size_t at = text_find(t, part.p[0]);
        return at < t.n ? at : t.n + 1;
    }
    const char *at = t.n ? memmem(t.p, t.n, part.p, part.n) : NULL;
    return at ? (size_t)(at - t.p) : t.n + 1;
}

bool path_text_utf8(text t)
{
    for (size_t i = 0; i < t.n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)t.p + i, (utf8proc_ssize_t)(t.n - i), &c);
        if (n <= 0) {
            return false;
        }
        i += (size_t)n;
    }
    return true;
}

/* --- looking for a part -------------------------------------------------------------------- */

static int run_index_of(struct path_call *call, struct path_items *ret)
{
    text t;
    text part;
    bool has = false;
    int failed = focus_and_arg(call, &t, &part, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    size_t at = find(t, part);
    return only_integer(call, at > t.n ? -1 : (int64_t)characters(text_first(t, at)), ret);
}

/* From the end, with a hash that rolls: what an outsider chose must not cost n times m. */
static size_t find_last(text t, text part)
{
    enum { BASE = 257 };
    if (part.n > t.n) {
        return t.n + 1;
    }
    uint64_t wanted = 0;
    uint64_t seen = 0;
    uint64_t top = 1; /* BASE to the power of part.n - 1 */
    for (size_t i = 0; i < part.n; i++) {
        wanted = wanted * BASE + (unsigned char)part.p[part.n - 1 - i];
        seen = seen * BASE + (unsigned char)t.p[t.n - 1 - i];
        top *= i ? BASE : 1;
    }
    for (size_t at = t.n - part.n;; at--) {
        if (seen == wanted && memcmp(t.p + at, part.p, part.n) == 0) {
            return at;
        }
        if (at == 0) {
            return t.n + 1;
        }
        seen -= top * (unsigned char)t.p[at + part.n - 1];
        seen = seen * BASE + (unsigned char)t.p[at - 1];
    }
}

static int run_last_index_of(struct path_call *call, struct path_items *ret)
{
    text t;
    text part;
    bool has = false;
    int failed = focus_and_arg(call, &t, &part, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    size_t at = part.n ? find_last(t, part) : 0;
    return only_integer(call, at > t.n ? -1 : (int64_t)characters(text_first(t, at)), ret);
}

static bool contains(text t, text part)
{
    return find(t, part) <= t.n;
}

static int run_test(struct path_call *call, bool (*test)(text t, text part), struct path_items *ret)
{
    text t;
    text part;
    bool has = false;
    int failed = focus_and_arg(call, &t, &part, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    return path_only_boolean(call->run, test(t, part), ret);
}

static int run_starts_with(struct path_call *call, struct path_items *ret)
{
    return run_test(call, text_starts, ret);
}

static int run_ends_with(struct path_call *call, struct path_items *ret)
{
    return run_test(call, text_ends, ret);
}

static int run_contains(struct path_call *call, struct path_items *ret)
{
    return run_test(call, contains, ret);
}

/* --- parts --------------------------------------------------------------------------------- */

static int run_substring(struct path_call *call, struct path_items *ret)
{
    text t;
    bool has = false;
    struct path_item start;
    struct path_item length = {.kind = PATH_NOTHING};
    int failed = path_text_focus(call, &t, &has);
    failed = failed ? failed : path_arg_one(call, 0, PATH_INTEGER, &start);
    if (!failed && call->term->arg_count > 1) {
        failed = path_arg_one(call, 1, PATH_INTEGER, &length);
    }
    if (failed || !has || start.kind == PATH_NOTHING || start.u.integer < 0) {
        return failed ? failed : path_nothing(ret);
    }
    size_t from = byte_of(t, (size_t)start.u.integer);
    if (from >= t.n) {
        return path_nothing(ret);
    }
    text part = text_from(t, from);
    if (length.kind == PATH_INTEGER) {
        size_t n = length.u.integer > 0 ? (size_t)length.u.integer : 0;
        part = text_first(part, n ? byte_of(part, n) : 0);
    }
    return path_text_only(call, part, ret);
}

static int run_length(struct path_call *call, struct path_items *ret)
{
    text t;
    bool has = false;
    int failed = path_text_focus(call, &t, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    return only_integer(call, (int64_t)characters(t), ret);
}

static int run_trim(struct path_call *call, struct path_items *ret)
{
    text t;
    bool has = false;
    int failed = path_text_focus(call, &t, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    return path_text_only(call, text_trim(t), ret);
}

static int push_text(struct path_call *call, text t, struct path_items *ret, size_t *capacity)
{
    struct path_item item = {.kind = PATH_STRING, .u.string = t};
    return path_push(call->run, ret, capacity, &item);
}

static int push_characters(struct path_call *call, text t, struct path_items *ret)
{
    size_t capacity = 0;
    *ret = (struct path_items){NULL, 0};
    for (size_t at = 0; at < t.n;) {
        size_t end = character_end(t, at);
        int failed = push_text(call, text_make(t.p + at, end - at), ret, &capacity);
        if (failed) {
            return failed;
        }
        at = end;
    }
    return 0;
}

static int run_to_chars(struct path_call *call, struct path_items *ret)
{
    text t;
    bool has = false;
    int failed = path_text_focus(call, &t, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    return push_characters(call, t, ret);
}

/* No separator between characters: an empty one parts them all. */
static int run_split(struct path_call *call, struct path_items *ret)
{
    text t;
    text separator;
    bool has = false;
    int failed = focus_and_arg(call, &t, &separator, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    if (separator.n == 0 && t.n) {
        return push_characters(call, t, ret);
    }
    size_t capacity = 0;
    *ret = (struct path_items){NULL, 0};
    for (;;) {
        size_t at = separator.n ? find(t, separator) : t.n + 1;
        failed = push_text(call, text_first(t, at), ret, &capacity);
        if (failed || at > t.n) {
            return failed;
        }
        t = text_from(t, at + separator.n);
    }
}

static int run_join(struct path_call *call, struct path_items *ret)
{
    text separator = T("");
    bool has = false;
    int failed = call->term->arg_count ? path_text_arg(call, 0, &separator, &has) : 0;
    if (failed || call->focus->count == 0) {
        return failed ? failed : path_nothing(ret);
    }
    struct buf out;
    buf_init(&out, PATH_TEXT_MAX);
    bool first = true;
    for (size_t i = 0; i < call->focus->count; i++) {
        const struct path_items one = {call->focus->items + i, 1};
        struct path_item item;
        text t = {NULL, 0};
        failed = path_one(call, &one, PATH_STRING, &item);
        failed = failed ? failed : take_text(call, &item, &t, &has);
        if (failed) {
            buf_done(&out);
            return failed;
        }
        if (has) {
            buf_add(&out, first ? (text){NULL, 0} : separator);
            buf_add(&out, t);
            first = false;
        }
    }
    return path_text_made(call, &out, ret);
}

/* --- other characters ---------------------------------------------------------------------- */

static int run_case(struct path_call *call, utf8proc_int32_t (*to)(utf8proc_int32_t),
                    struct path_items *ret)
{
    text t;
    bool has = false;
    int failed = path_text_focus(call, &t, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    struct buf out;
    buf_init(&out, PATH_TEXT_MAX);
    for (size_t i = 0; i < t.n && !buf_failed(&out);) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)t.p + i, (utf8proc_ssize_t)(t.n - i), &c);
        if (n <= 0) {
            buf_addc(&out, t.p[i++]);
            continue;
        }
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t made = utf8proc_encode_char(to(c), bytes);
        buf_add(&out, text_make((const char *)bytes, made > 0 ? (size_t)made : 0));
        i += (size_t)n;
    }
    return path_text_made(call, &out, ret);
}

static int run_upper(struct path_call *call, struct path_items *ret)
{
    return run_case(call, utf8proc_toupper, ret);
}

static int run_lower(struct path_call *call, struct path_items *ret)
{
    return run_case(call, utf8proc_tolower, ret);
}

/* 'abc' with '' replaced by 'x' is 'xaxbxcx' (N1 5.6.8). */
static void replace_empty(text t, text with, struct buf *out)
{
    buf_add(out, with);
    for (size_t at = 0; at < t.n && !buf_failed(out);) {
        size_t end = character_end(t, at);
        buf_add(out, text_make(t.p + at, end - at));
        buf_add(out, with);
        at = end;
    }
}

static void replace(text t, text part, text with, struct buf *out)
{
    size_t at = find(t, part);
    while (at <= t.n && !buf_failed(out)) {
        buf_add(out, text_first(t, at));
        buf_add(out, with);
        t = text_from(t, at + part.n);
        at = find(t, part);
    }
    buf_add(out, t);
}

static int run_replace(struct path_call *call, struct path_items *ret)
{
    text t;
    text part;
    text with;
    bool has = false;
    bool has_with = false;
    int failed = focus_and_arg(call, &t, &part, &has);
    failed = failed ? failed : path_text_arg(call, 1, &with, &has_with);
    if (failed || !has || !has_with) {
        return failed ? failed : path_nothing(ret);
    }
    struct buf out;
    buf_init(&out, PATH_TEXT_MAX);
    if (part.n) {
        replace(t, part, with, &out);
    } else {
        replace_empty(t, with, &out);
    }
    return path_text_made(call, &out, ret);
}

/* --- regular expressions ------------------------------------------------------------------- */

enum {
    REGEX_STEP = 16,         /* items of a pattern tried that count as a step */
    REGEX_COMPILE_STEPS = 8, /* a pattern is compiled for every call */
};

static struct path_regex regex_of(const struct path_call *call, text pattern)
{
    return (struct path_regex){.pattern = pattern,
                               .work_left = PATH_REGEX_WORK_MAX,
                               .deadline = call->run->limits.deadline};
}

/* Counts the work as steps, so that a where() cannot do it a million times; and gives an error of a
 * pattern its place in the expression. */
static int regex_done(struct path_call *call, const struct path_regex *r, int failed,
                      const struct err *fault)
{
    if (failed) {
        return path_fail(call->run, call->term, failed, "%.*s(): %s", TEXT_ARG(call->term->name),
                         err_text(fault));
    }
    uint64_t work = PATH_REGEX_WORK_MAX - r->work_left;
    call->run->steps += work / REGEX_STEP + REGEX_COMPILE_STEPS;
    return path_step(call->run);
}

static int run_match(struct path_call *call, bool whole, struct path_items *ret)
{
    text t;
    text pattern;
    bool has = false;
    int failed = focus_and_arg(call, &t, &pattern, &has);
    if (failed || !has) {
        return failed ? failed : path_nothing(ret);
    }
    bool does = false;
    struct err fault = {.code = 0};
    struct path_regex r = regex_of(call, pattern);
    failed = path_regex_matches(&r, t, whole, &does, &fault);
    failed = regex_done(call, &r, failed, &fault);
    return failed ? failed : path_only_boolean(call->run, does, ret);
}

static int run_matches(struct path_call *call, struct path_items *ret)
{
    return run_match(call, false, ret);
}

static int run_matches_full(struct path_call *call, struct path_items *ret)
{
    return run_match(call, true, ret);
}

/* An empty pattern replaces nothing: N1 tells replaceMatches() and replace() apart there. */
static int run_replace_matches(struct path_call *call, struct path_items *ret)
{
    text t;
    text pattern;
    text with;
    bool has = false;
    bool has_with = false;
    int failed = focus_and_arg(call, &t, &pattern, &has);
    failed = failed ? failed : path_text_arg(call, 1, &with, &has_with);
    if (failed || !has || !has_with) {
        return failed ? failed : path_nothing(ret);
    }
    if (pattern.n == 0) {
        return path_text_only(call, t, ret);
    }
    text made;
    struct err fault = {.code = 0};
    struct path_regex r = regex_of(call, pattern);
    failed = path_regex_replace(&r, t, with, call->run->arena, &made, &fault);
    failed = regex_done(call, &r, failed, &fault);
    return failed ? failed : path_text_only(call, made, ret);
}

/* --- the table ----------------------------------------------------------------------------- */

const struct path_function *path_functions_strings(size_t *ret_count)
{
    static const struct path_function table[] = {
        {"indexOf", 1, 1, run_index_of},
        {"lastIndexOf", 1, 1, run_last_index_of},
        {"substring", 1, 2, run_substring},
        {"startsWith", 1, 1, run_starts_with},
        {"endsWith", 1, 1, run_ends_with},
        {"contains", 1, 1, run_contains},
        {"upper", 0, 0, run_upper},
        {"lower", 0, 0, run_lower},
        {"replace", 2, 2, run_replace},
        {"matches", 1, 1, run_matches},
        {"matchesFull", 1, 1, run_matches_full},
        {"replaceMatches", 2, 2, run_replace_matches},
        {"length", 0, 0, run_length},
        {"toChars", 0, 0, run_to_chars},
        {"trim", 0, 0, run_trim},
        {"split", 1, 1, run_split},
        {"join", 0, 1, run_join},
        {"encode", 1, 1, path_fn_encode},
        {"decode", 1, 1, path_fn_decode},
        {"escape", 1, 1, path_fn_escape},
        {"unescape", 1, 1, path_fn_unescape},
    };
    *ret_count = sizeof table / sizeof table[0];
    return table;
}

#include "fhir/check.h"

#include <stdarg.h>
#include <stdio.h>

enum { CLOSE_MOST = 3, DISTANCE_NAME = 48, LISTED_MOST = 12, PATH_MOST = 2048 };

text check_base_name(const struct model_element *el)
{
    text name = model_text(el->name);
    return el->choice ? text_first(name, name.n - model_text(model_types[el->type].name).n) : name;
}

static void add_step(const struct place *at, struct buf *out)
{
    if (at->element) {
        buf_add(out, check_base_name(at->element));
        if (at->element->choice) {
            buf_add(out, T(".ofType("));
            buf_add(out, model_text(model_types[at->element->type].name));
            buf_addc(out, ')');
        }
    } else {
        buf_add(out, at->name);
    }
    if (at->index != NO_INDEX) {
        buf_addc(out, '[');
        buf_add_u64(out, at->index);
        buf_addc(out, ']');
    }
}

text check_path(const struct place *at, struct arena *a)
{
    const struct place *steps[PATH_MOST / 8];
    size_t count = 0;
    for (; at && count < sizeof steps / sizeof steps[0]; at = at->up) {
        steps[count++] = at;
    }
    struct buf path;
    buf_init(&path, PATH_MOST);
    while (count) {
        add_step(steps[--count], &path);
        if (count) {
            buf_addc(&path, '.');
        }
    }
    text copy = arena_copy(a, buf_text(&path));
    buf_done(&path);
    return copy;
}

static bool is_full(const struct check *c)
{
    return c->issues->count >= ISSUES_MAX;
}

void check_issue(struct check *c, int code, const struct place *at, const char *format, ...)
{
    if (is_full(c)) {
        c->issues->errors++;
        c->issues->dropped++;
        return;
    }
    text path = check_path(at, c->arena);
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (!path.p || n < 0) {
        c->out_of_memory = true;
        path = T("");
    }
    issues_add(c->issues, ISSUE_ERROR, code, path, "%s", line);
    if (c->issues->dropped) {
        c->out_of_memory = true;
    }
}

const char *check_shown(text t, char out[SHOWN_SIZE])
{
    size_t n = t.n;
    bool cut = n > SHOWN_SIZE - 4;
    if (cut) {
        n = SHOWN_SIZE - 4;
        while (n && ((unsigned char)t.p[n] & 0xC0) == 0x80) {
            n--;
        }
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (unsigned char)t.p[i] < 0x20 || t.p[i] == 0x7f ? ' ' : t.p[i];
    }
    memcpy(out + n, cut ? "..." : "", cut ? 4 : 1);
    return out;
}

const char *check_kind(const yyjson_val *v)
{
    switch (json_type(v)) {
    case YYJSON_TYPE_OBJ:
        return json_len(v) ? "an object" : "an empty object";
    case YYJSON_TYPE_ARR:
        return json_len(v) ? "an array" : "an empty array";
    case YYJSON_TYPE_STR:
        return json_len(v) ? "a string" : "an empty string";
    case YYJSON_TYPE_RAW:
        return "a number";
    case YYJSON_TYPE_BOOL:
        return "true or false";
    default:
        return "null";
    }
}

/* A sentence's end that is being put together; what does not fit is left out. */
static void add_words(char out[LIST_SIZE], text words)
{
    size_t n = strlen(out);
    if (n + words.n < LIST_SIZE) {
        memcpy(out + n, words.p, words.n);
        out[n + words.n] = '\0';
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein, ASCII letters without regard to case. */
static size_t distance(text a, text b)
{
    size_t row[DISTANCE_NAME + 1];
    if (a.n > DISTANCE_NAME || b.n > DISTANCE_NAME) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b.n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t above = row[j];
            bool equal = text_eq_nocase((text){a.p + i - 1, 1}, (text){b.p + j - 1, 1});
            row[j] = least(least(row[j - 1], above) + 1, diagonal + (equal ? 0 : 1));
            diagonal = above;
        }
    }
    return row[b.n];
}

struct close {
    text name[CLOSE_MOST];
    size_t distance[CLOSE_MOST];
    size_t count;
};

static void keep_close(struct close *close, text name, size_t distance)
{
    size_t at = close->count;
    while (at > 0 && close->distance[at - 1] > distance) {
        at--;
    }
    if (at == CLOSE_MOST) {
        return;
    }
    size_t last = close->count < CLOSE_MOST ? close->count++ : CLOSE_MOST - 1;
    for (size_t i = last; i > at; i--) {
        close->name[i] = close->name[i - 1];
        close->distance[i] = close->distance[i - 1];
    }
    close->name[at] = name;
    close->distance[at] = distance;
}

const char *check_close_names(const struct check *c, const struct model_type *type, text name,
                              char out[LIST_SIZE])
{
    struct close close = {.count = 0};
    size_t most = name.n / 3 + 1;
    out[0] = '\0';
    if (is_full(c)) {
        return out;
    }
    for (size_t i = 0; i < type->count; i++) {
        text known = model_text(model_elements[type->first + i].name);
        size_t d = distance(name, known);
        bool starts = name.n > 2 && known.n > name.n && text_starts(known, name);
        if (d <= most || starts) {
            keep_close(&close, known, d <= most ? d : most);
        }
    }
    if (close.count) {
        add_words(out, T("; close to it: "));
        for (size_t i = 0; i < close.count; i++) {
            add_words(out, i ? T(", ") : T(""));
            add_words(out, close.name[i]);
        }
    } else if (type->count && type->count <= LISTED_MOST) {
        add_words(out, T("; it has: "));
        for (size_t i = 0; i < type->count; i++) {
            add_words(out, i ? T(", ") : T(""));
            add_words(out, model_text(model_elements[type->first + i].name));
        }
    }
    return out;
}

const char *check_code_list(const struct check *c, uint16_t code_set, text system,
                            char out[LIST_SIZE])
{
    const struct model_code_set *set = &model_code_sets[code_set];
    size_t total = 0;
    out[0] = '\0';
    for (int list = 0; list < 2 && !is_full(c); list++) {
        size_t done = 0;
        for (size_t i = 0; i < set->count; i++) {
            const struct model_system *s = &model_systems[set->first + i];
            if (system.p && !text_eq(model_text(s->url), system)) {
                continue;
            }
            total += list ? 0 : s->count;
            for (size_t k = 0; list && k < s->count; k++) {
                add_words(out, done++ ? T(", ") : T("allowed: "));
                add_words(out, model_text(model_codes[s->first + k]));
            }
        }
        if (!list && total > LISTED_MOST) {
            (void)snprintf(out, LIST_SIZE, "allowed: the %zu codes of %.*s", total,
                           TEXT_ARG(model_text(set->name)));
            break;
        }
    }
    return out;
}

const char *check_target_list(const struct check *c, uint16_t targets, char out[LIST_SIZE])
{
    size_t done = 0;
    out[0] = '\0';
    for (unsigned type = 1; type <= MODEL_RESOURCE_LAST && !is_full(c); type++) {
        if (model_in_set(model_targets[targets], (fhir_type)type)) {
            add_words(out, done++ ? T(", ") : T(""));
            add_words(out, fhir_type_name((fhir_type)type));
        }
    }
    return out;
}

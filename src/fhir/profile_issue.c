/* What the parts of the walk say, and where. */
#include "base/clock.h"
#include "base/pace.h"
#include "fhir/check.h"
#include "fhir/profile_int.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    STEPS_MOST = 256,  /* of a path; no resource is read that is nested as deep */
    CLOCK_EVERY = 256, /* steps between two looks at the clock */
    LINE_MOST = 1200,  /* more than a finding keeps, which cuts at a character */
};

/* A choice is asked for by its name in JSON: "value" and "Quantity". */
const struct model_element *profile_node_element(const struct path_node *node)
{
    if (!node->parent || node->parent->type >= model_type_count) {
        return NULL;
    }
    uint16_t up = node->parent->type;
    bool is_primitive = up >= MODEL_BASE64_BINARY && up <= MODEL_XHTML;
    const struct model_type *type = &model_types[is_primitive ? MODEL_ELEMENT : up];
    const struct model_element *el = model_find(type, node->name);
    if (el || node->type >= model_type_count) {
        return el;
    }
    char name[256];
    text of = model_text(model_types[node->type].name);
    if (!of.n || node->name.n + of.n > sizeof name) {
        return NULL;
    }
    memcpy(name, node->name.p, node->name.n);
    memcpy(name + node->name.n, of.p, of.n);
    char *first = &name[node->name.n];
    *first = *first >= 'a' && *first <= 'z' ? (char)(*first - ('a' - 'A')) : *first;
    return model_find(type, text_make(name, node->name.n + of.n));
}

text profile_path(const struct path_node *at, struct arena *a)
{
    struct place steps[STEPS_MOST];
    size_t count = 0;
    for (; at && count < STEPS_MOST; at = at->parent, count++) {
        steps[count] = (struct place){
            .up = at->parent && count + 1 < STEPS_MOST ? &steps[count + 1] : NULL,
            .element = profile_node_element(at),
            .name = at->name,
            .index = at->repeats ? at->index : NO_INDEX,
        };
    }
    return count ? check_path(&steps[0], a) : arena_copy(a, T(""));
}

/* A profile repeats what the one says that it is based on. */
static bool is_said(const struct issues *said, enum issue_severity severity, text path, text words)
{
    for (size_t i = 0; i < said->count; i++) {
        const struct issue *one = &said->items[i];
        if (one->severity == severity && text_eq(one->details, words) &&
            text_eq(one->expression, path)) {
            return true;
        }
    }
    return false;
}

void profile_issue(struct profile_run *run, enum issue_severity severity, int code,
                   const struct path_node *at, const char *format, ...)
{
    run->errors += severity == ISSUE_ERROR;
    if (run->silent || !run->issues || (run->options.no_warnings && severity != ISSUE_ERROR)) {
        return;
    }
    if (run->options.no_texts) {
        run->issues->errors += severity == ISSUE_ERROR;
        return;
    }
    char line[LINE_MOST];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    /* Past the end of the list findings are counted, and need no path. */
    text path = issues_full(run->issues, severity) ? T("") : profile_path(at, run->arena);
    if (!is_said(run->issues, severity, path, text_of(line))) {
        issues_add(run->issues, severity, code, path, "%s", line);
    }
}

int profile_step(struct profile_run *run)
{
    run->steps++;
    if (run->steps % CLOCK_EVERY) {
        return 0;
    }
    pace_give_way();
    if (run->deadline && clock_mono_ns() > run->deadline) {
        return err_set(run->e, ERR_TOO_COSTLY,
                       "validation takes more time than it may; send a smaller resource, or ask "
                       "for fewer profiles at once");
    }
    return 0;
}

int64_t profile_now(struct profile_run *run)
{
    run->now_ms = run->now_ms ? run->now_ms : clock_real_ms();
    return run->now_ms;
}

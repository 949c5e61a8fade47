/* ElementDefinition.slicing, compiled (R4 profiling.html#discriminator). */
#include "fhir/profile_tables.h"

static int bad_path(struct profile_made *m, const struct profile_element *el, text path)
{
    return err_set(m->e, ERR_INVALID,
                   "the slicing of '%.*s' in '%.*s' has the discriminator path '%.*s'; it may be "
                   "made of names, $this, resolve(), ofType(Type) and extension('url') only",
                   TEXT_ARG(text_short(el->path, 150)), TEXT_ARG(text_short(m->profile->url, 150)),
                   TEXT_ARG(text_short(path, 100)));
}

/* The next part of a path, to a dot that stands in no brackets. */
static text cut_step(text *rest)
{
    size_t n = 0;
    size_t inside = 0;
    while (n < rest->n && (inside || rest->p[n] != '.')) {
        inside += rest->p[n] == '(';
        inside -= inside && rest->p[n] == ')';
        n++;
    }
    text step = text_first(*rest, n);
    *rest = text_from(*rest, n + 1);
    return step;
}

/* What stands in the brackets of name(...). p == NULL: it is not this function. */
static text argument_of(text step, text name)
{
    if (!text_starts(step, name) || step.n < name.n + 2 || step.p[name.n] != '(' ||
        step.p[step.n - 1] != ')') {
        return (text){NULL, 0};
    }
    return text_trim(text_make(step.p + name.n + 1, step.n - name.n - 2));
}

static bool is_name(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        bool is_letter = (t.p[i] >= 'a' && t.p[i] <= 'z') || (t.p[i] >= 'A' && t.p[i] <= 'Z');
        if (!is_letter && !(i && t.p[i] >= '0' && t.p[i] <= '9')) {
            return false;
        }
    }
    return t.n > 0;
}

static bool read_step(text t, struct profile_step_to *ret)
{
    text type = argument_of(t, T("ofType"));
    text url = argument_of(t, T("extension"));
    if (text_eq(t, T("resolve()"))) {
        *ret = (struct profile_step_to){.kind = STEP_RESOLVE};
        return true;
    }
    if (type.n) {
        *ret = (struct profile_step_to){.kind = STEP_OF_TYPE, .name = type};
        return is_name(type);
    }
    if (url.n) {
        bool quoted =
            url.n > 2 && (url.p[0] == '\'' || url.p[0] == '"') && url.p[url.n - 1] == url.p[0];
        *ret = (struct profile_step_to){.kind = STEP_EXTENSION,
                                        .name = quoted ? text_make(url.p + 1, url.n - 2) : url};
        return quoted;
    }
    *ret = (struct profile_step_to){.kind = STEP_MEMBER, .name = t};
    return is_name(t);
}

static int read_path(struct profile_made *m, const struct profile_element *el,
                     struct profile_discriminator *d)
{
    struct profile_step_to steps[PROFILE_STEPS_MAX];
    text rest = text_trim(d->path);
    d->is_plain = true;
    while (rest.n) {
        text t = cut_step(&rest);
        if (text_eq(t, T("$this"))) {
            continue;
        }
        if (d->step_count == PROFILE_STEPS_MAX || !read_step(t, &steps[d->step_count])) {
            return bad_path(m, el, d->path);
        }
        d->is_plain = d->is_plain && steps[d->step_count].kind == STEP_MEMBER;
        d->step_count++;
    }
    if (!d->step_count) {
        return 0;
    }
    d->steps = arena_alloc(m->arena, d->step_count * sizeof *d->steps);
    if (!d->steps) {
        return profile_no_memory(m->e);
    }
    memcpy(d->steps, steps, d->step_count * sizeof *d->steps);
    return 0;
}

static int read_discriminator(struct profile_made *m, const struct profile_element *el,
                              const yyjson_val *definition, struct profile_discriminator *d)
{
    static const struct {
        const char *name;
        enum profile_by by;
    } kinds[] = {{"value", BY_VALUE},
                 {"pattern", BY_PATTERN},
                 {"exists", BY_EXISTS},
                 {"type", BY_TYPE},
                 {"profile", BY_PROFILE}};
    text type = json_text(json_get(definition, T("type")));
    d->path = json_text(json_get(definition, T("path")));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_eq(type, text_of(kinds[i].name))) {
            d->by = kinds[i].by;
            return read_path(m, el, d);
        }
    }
    return err_set(m->e, ERR_INVALID,
                   "the slicing of '%.*s' in '%.*s' has a discriminator of the type '%.*s'; R4 has "
                   "value, pattern, exists, type and profile",
                   TEXT_ARG(text_short(el->path, 150)), TEXT_ARG(text_short(m->profile->url, 150)),
                   TEXT_ARG(text_short(type, 60)));
}

int profile_slicing_make(struct profile_made *m, const yyjson_val *slicing,
                         struct profile_element *el)
{
    if (json_type(slicing) != YYJSON_TYPE_OBJ) {
        return 0;
    }
    const yyjson_val *array = json_get(slicing, T("discriminator"));
    size_t count = json_type(array) == YYJSON_TYPE_ARR ? json_len(array) : 0;
    struct profile_slicing *s = arena_zalloc(m->arena, 1, sizeof *s);
    struct profile_discriminator *all = arena_zalloc(m->arena, count, sizeof *all);
    if (!s || !all) {
        return profile_no_memory(m->e);
    }
    text rules = json_text(json_get(slicing, T("rules")));
    s->rules = text_eq(rules, T("closed"))      ? SLICING_CLOSED
               : text_eq(rules, T("openAtEnd")) ? SLICING_OPEN_AT_END
                                                : SLICING_OPEN;
    s->ordered = json_is_true(json_get(slicing, T("ordered")));
    s->discriminators = all;
    const yyjson_val *one = count ? array + 1 : NULL;
    int rc = 0;
    for (; s->discriminator_count < count && !rc; one = json_after(one)) {
        rc = read_discriminator(m, el, one, &all[s->discriminator_count++]);
    }
    el->slicing = s;
    return rc;
}

/* --- slices told apart by a string ------------------------------------------------------------ */

static const struct profile_element *child_of(const struct profile_element *el, text name)
{
    for (const struct profile_element *c = el->first_child; c; c = c->next) {
        if (text_eq(profile_last_of(c->path), name)) {
            return c;
        }
    }
    return NULL;
}

/* The url of an extension that is named by its profile alone. */
static text url_of_profile(const struct profile_element *el)
{
    if (!el->is_extension || el->types[0].profile_count != 1) {
        return (text){NULL, 0};
    }
    text canonical = el->types[0].profiles[0].canonical;
    return text_first(canonical, text_find(canonical, '|'));
}

static text string_of(const struct profile_element *el)
{
    const yyjson_val *v = el->fixed ? el->fixed : el->pattern;
    return json_type(v) == YYJSON_TYPE_STR ? json_text(v) : (text){NULL, 0};
}

static text locate(const struct profile_element *el, const struct profile_discriminator *d,
                   size_t step)
{
    if (step == d->step_count) {
        return string_of(el);
    }
    const struct profile_element *child = child_of(el, d->steps[step].name);
    if (el->fixed || el->pattern) {
        return (text){NULL, 0};
    }
    text found = child ? locate(child, d, step + 1) : (text){NULL, 0};
    if (!found.p && child && child->slice_count == 1) {
        found = locate(child->first_slice, d, step + 1);
    }
    bool is_url = step + 1 == d->step_count && text_eq(d->steps[step].name, T("url"));
    return !found.p && is_url ? url_of_profile(el) : found;
}

int profile_quick_make(struct profile_made *m, struct profile_element *el)
{
    const struct profile_slicing *s = el->slicing;
    for (size_t i = 0; s && i < el->slice_count; i++) {
        struct profile_element *slice = el->slices[i];
        slice->quick = arena_zalloc(m->arena, s->discriminator_count, sizeof *slice->quick);
        if (!slice->quick) {
            return profile_no_memory(m->e);
        }
        for (size_t j = 0; j < s->discriminator_count; j++) {
            const struct profile_discriminator *d = &s->discriminators[j];
            if (d->is_plain && (d->by == BY_VALUE || d->by == BY_PATTERN)) {
                slice->quick[j] = locate(slice, d, 0);
            }
        }
    }
    return 0;
}

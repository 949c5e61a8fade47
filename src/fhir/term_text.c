#include "fhir/term_int.h"

/* Texts in the languages that are wanted, and the small pieces of replies. */

enum { LANGUAGES_MOST = 32 };

/* --- what is wanted --------------------------------------------------------------------------- */

/* "0.8" -> 800. */
static unsigned quality_of(text value)
{
    unsigned thousandths = 0;
    unsigned step = 1000;
    bool behind = false;
    for (size_t i = 0; i < value.n && step; i++) {
        if (value.p[i] == '.') {
            behind = true;
        } else if (value.p[i] >= '0' && value.p[i] <= '9') {
            step = behind ? step / 10 : step;
            thousandths += (unsigned)(value.p[i] - '0') * step;
        }
    }
    return thousandths > 1000 ? 1000 : thousandths;
}

/* In the order of quality, equal ones as they stand. */
static void insert(struct term_languages *l, struct term_language one)
{
    size_t at = l->count++;
    while (at && l->items[at - 1].quality < one.quality) {
        l->items[at] = l->items[at - 1];
        at--;
    }
    l->items[at] = one;
}

static int read_languages(struct term_languages *l, text words, struct arena *a, struct err *e)
{
    struct buf echo;
    text item;
    text rest = words;
    bool weighed = false;
    l->items = arena_zalloc(a, LANGUAGES_MOST, sizeof *l->items);
    if (!l->items) {
        return term_no_memory(e);
    }
    buf_init(&echo, words.n * 2 + 16);
    while (l->count < LANGUAGES_MOST && text_cut(&rest, ',', &item)) {
        size_t semicolon = text_find(item, ';');
        size_t equals = text_find(item, '=');
        struct term_language one = {text_trim(text_first(item, semicolon)), 1000};
        if (one.tag.n == 0) {
            continue;
        }
        if (semicolon < item.n) {
            weighed = true;
            one.quality = quality_of(text_from(item, equals + 1));
        }
        buf_printf(&echo, "%s%.*s", echo.n ? ", " : "", TEXT_ARG(text_trim(item)));
        if (one.quality) {
            insert(l, one);
        } else if (text_eq(one.tag, T("*"))) {
            l->hard = true;
        }
    }
    /* A list with weights is told as it was understood, one without as it was written. */
    l->echo = weighed && !buf_failed(&echo) ? arena_copy(a, buf_text(&echo)) : words;
    buf_done(&echo);
    return l->echo.p ? 0 : term_no_memory(e);
}

/* A value set may say in which language its expansion is (the extension
 * valueset-expansion-parameter), or is in one itself. */
static text language_of_set(const yyjson_val *root)
{
    const yyjson_val *list = json_get(json_get(root, T("compose")), T("extension"));
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0; left;
         left--, item = json_after(item)) {
        const yyjson_val *parts = json_get(item, T("extension"));
        if (!text_eq(json_text(json_get(item, T("url"))),
                     T(DEFS_BASE "valueset-expansion-parameter")) ||
            json_type(parts) != YYJSON_TYPE_ARR) {
            continue;
        }
        text name = {0};
        text value = {0};
        const yyjson_val *part = parts + 1;
        for (size_t i = json_len(parts); i; i--, part = json_after(part)) {
            bool is_name = text_eq(json_text(json_get(part, T("url"))), T("name"));
            text found = json_text(json_get(part, T("valueCode")));
            found = found.n ? found : json_text(json_get(part, T("valueString")));
            *(is_name ? &name : &value) = found;
        }
        if (text_eq(name, T("displayLanguage"))) {
            return value;
        }
    }
    return json_text(json_get(root, T("language")));
}

int term_take_languages(struct term *t, const yyjson_val *value_set, struct err *e)
{
    text words = term_text(t, T("displayLanguage"));
    words = words.n ? words : t->ask->accept_language;
    words = words.n ? words : language_of_set(value_set);
    return words.n ? read_languages(&t->languages, words, t->arena, e) : 0;
}

/* RFC 4647: "de" takes in de-CH. */
bool term_language_fits(text wanted, text actual)
{
    return text_eq_nocase(wanted, actual) || (actual.n > wanted.n && actual.p[wanted.n] == '-' &&
                                              text_eq_nocase(text_first(actual, wanted.n), wanted));
}

/* --- what there is ---------------------------------------------------------------------------- */

static void take_listed(const struct value_set_entry *entry, struct term_designation *list,
                        size_t *count)
{
    const yyjson_val *items = entry ? json_get(entry->value, T("designation")) : NULL;
    const yyjson_val *item = items ? items + 1 : NULL;
    for (size_t left = json_type(items) == YYJSON_TYPE_ARR ? json_len(items) : 0; left;
         left--, item = json_after(item)) {
        const yyjson_val *use = json_get(item, T("use"));
        list[(*count)++] =
            (struct term_designation){.language = json_text(json_get(item, T("language"))),
                                      .use_system = json_text(json_get(use, T("system"))),
                                      .use_code = json_text(json_get(use, T("code"))),
                                      .use_display = json_text(json_get(use, T("display"))),
                                      .value = json_text(json_get(item, T("value")))};
    }
}

size_t term_designations(const struct term_concept *c, struct arena *a,
                         struct term_designation **ret, struct err *e)
{
    bool known = c->codes && c->concept != CODES_NONE;
    size_t of_codes = known ? codes_designation_count(c->codes, c->concept) : 0;
    const yyjson_val *listed = c->entry ? json_get(c->entry->value, T("designation")) : NULL;
    size_t most = of_codes + (json_type(listed) == YYJSON_TYPE_ARR ? json_len(listed) : 0) + 2;
    struct term_designation *list = arena_zalloc(a, most, sizeof *list);
    size_t count = 0;
    *ret = list;
    if (!list) {
        (void)term_no_memory(e);
        return SIZE_MAX;
    }
    text own = known ? codes_display(c->codes, c->concept) : (text){0};
    text display = c->entry && c->entry->display.n ? c->entry->display : own;
    text language = known ? codes_about(c->codes)->language : (text){0};
    if (display.n) {
        list[count++] =
            (struct term_designation){.language = language, .value = display, .is_display = true};
    }
    take_listed(c->entry, list, &count);
    for (size_t i = 0; i < of_codes; i++) {
        struct codes_designation d = codes_designation(c->codes, c->concept, i);
        list[count++] = (struct term_designation){d.language,    d.use_system, d.use_code,
                                                  d.use_display, d.value,      false};
    }
    return count;
}

/* How well a designation serves as a display: 2 as well as any, 1 for want of better, 0 not. */
static int fitness(const struct term_designation *d)
{
    if (d->is_display || d->use_code.n == 0 || text_eq(d->use_code, T("display")) ||
        text_eq(d->use_code, T("preferredForLanguage"))) {
        return 2;
    }
    /* SNOMED CT: a fully specified name is for telling concepts apart, not for showing. */
    return text_eq(d->use_code, T("900000000000013009"));
}

text term_choose(const struct term_languages *l, const struct term_designation *list, size_t count,
                 size_t *ret_at)
{
    bool has_display = count && list[0].is_display;
    for (size_t i = 0; i < l->count; i++) {
        if (text_eq(l->items[i].tag, T("*"))) {
            break;
        }
        for (int fit = 2; fit; fit--) {
            for (size_t j = 0; j < count; j++) {
                if (fitness(&list[j]) == fit &&
                    term_language_fits(l->items[i].tag, list[j].language)) {
                    *ret_at = j;
                    return list[j].value;
                }
            }
        }
    }
    /* A display of which nobody says in what language it is fits them all. */
    if (!has_display || (l->hard && list[0].language.n)) {
        *ret_at = SIZE_MAX;
        return (text){0};
    }
    *ret_at = 0;
    return list[0].value;
}

text term_display(const struct term *t, const struct term_concept *c)
{
    struct term_designation *list;
    size_t at;
    if (t->languages.count == 0 && !t->languages.hard) {
        bool known = c->codes && c->concept != CODES_NONE;
        return c->entry && c->entry->display.n ? c->entry->display
               : known                         ? codes_display(c->codes, c->concept)
                                               : (text){0};
    }
    size_t count = term_designations(c, t->arena, &list, NULL);
    return count == SIZE_MAX ? (text){0} : term_choose(&t->languages, list, count, &at);
}

/* --- writing ---------------------------------------------------------------------------------- */

void term_member(struct buf *out, const char *name, text value)
{
    if (value.n == 0) {
        return;
    }
    bool first = out->n && out->p[out->n - 1] == '{';
    buf_add(out, first ? T("\"") : T(",\""));
    buf_add(out, text_of(name));
    buf_add(out, T("\":"));
    json_write_string(value, out);
}

static void open_out(struct buf *out, const char *name, const char *type)
{
    bool first = out->n && out->p[out->n - 1] == '[';
    buf_add(out, first ? T("{\"name\":\"") : T(",{\"name\":\""));
    buf_add(out, text_of(name));
    buf_add(out, T("\",\"value"));
    buf_add(out, text_of(type));
    buf_add(out, T("\":"));
}

void term_out(struct buf *out, const char *name, const char *type, text value)
{
    if (value.n) {
        open_out(out, name, type);
        json_write_string(value, out);
        buf_addc(out, '}');
    }
}

void term_out_bool(struct buf *out, const char *name, bool value)
{
    open_out(out, name, "Boolean");
    buf_add(out, value ? T("true}") : T("false}"));
}

text term_canonical(const struct term *t, text url, text version)
{
    return version.n ? arena_printf(t->arena, "%.*s|%.*s", TEXT_ARG(url), TEXT_ARG(version)) : url;
}

text term_standards_status(const yyjson_val *root)
{
    const yyjson_val *list = json_get(root, T("extension"));
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0; left;
         left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("url"))),
                    T(DEFS_BASE "structuredefinition-standards-status"))) {
            return json_text(json_get(item, T("valueCode")));
        }
    }
    return (text){0};
}

bool term_is_true(const yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_BOOL && (v->tag & YYJSON_SUBTYPE_TRUE);
}

#include "fhir/term_expand.h"
#include "base/clock.h"
#include "base/random.h"
#include "fhir/index.h"

/* $expand (R4 valueset-operation-expand.html). */

enum { LOOK_AT_CLOCK = 1024 };

static const char known[] =
    "url\0valueSet\0valueSetVersion\0context\0contextDirection\0filter\0date\0offset\0count\0"
    "includeDesignations\0designation\0includeDefinition\0activeOnly\0excludeNested\0"
    "excludeNotForUI\0excludePostCoordinated\0displayLanguage\0exclude-system\0system-version\0"
    "check-system-version\0force-system-version\0default-valueset-version\0property\0"
    "limitedExpansion\0";

/* --- which codes ------------------------------------------------------------------------------ */

/* Found once for each code system. NULL: no memory. */
static struct expand_words *words_of(struct expand *x, const struct codes *codes, struct err *e)
{
    struct arena *a = x->term->arena;
    uint32_t *found;
    size_t count;
    for (struct expand_words *w = x->words; w; w = w->next) {
        if (w->codes == codes) {
            return w;
        }
    }
    struct expand_words *w = arena_zalloc(a, 1, sizeof *w);
    uint64_t *bits = arena_zalloc(a, (size_t)codes_about(codes)->count / 64 + 1, sizeof *bits);
    if (!w || !bits) {
        (void)term_no_memory(e);
        return NULL;
    }
    if (codes_search(codes, x->ask.filter, a, &found, &count, e)) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        bits[found[i] / 64] |= (uint64_t)1 << (found[i] % 64);
    }
    *w = (struct expand_words){codes, bits, x->words};
    x->words = w;
    return w;
}

/* Whether a word of the text begins with the word. */
static bool has_word(text folded, text word)
{
    text rest = folded;
    text one;
    while (text_cut(&rest, ' ', &one)) {
        if (text_starts(one, word)) {
            return true;
        }
    }
    return false;
}

static bool has_words(text folded, text words)
{
    text word;
    while (text_cut(&words, ' ', &word)) {
        if (word.n && !has_word(folded, word)) {
            return false;
        }
    }
    return true;
}

static int passes_filter(struct expand *x, const struct value_set_member *m, bool *ret_does,
                         struct err *e)
{
    struct arena *a = x->term->arena;
    text start = text_first(m->code, x->ask.filter.n);
    *ret_does = true;
    if (x->ask.filter.n == 0 || text_eq_nocase(start, x->ask.filter)) {
        return 0;
    }
    if (m->found.codes && m->found.concept != CODES_NONE) {
        struct expand_words *w = words_of(x, m->found.codes, e);
        *ret_does = w && value_set_bit(w->bits, m->found.concept);
        if (!w) {
            return e->code;
        }
    } else {
        *ret_does = false;
    }
    if (!*ret_does && m->found.entry && m->found.entry->display.n) {
        struct arena_mark mark = arena_mark(a);
        text folded = index_fold(index_beginning(m->found.entry->display), a);
        *ret_does = folded.p && has_words(folded, x->ask.folded);
        arena_rewind(a, mark);
    }
    return 0;
}

static bool is_inactive(const struct value_set_member *m)
{
    const yyjson_val *said = m->found.entry ? json_get(m->found.entry->value, T("inactive")) : NULL;
    return m->found.codes && m->found.concept != CODES_NONE
               ? codes_flags(m->found.codes, m->found.concept) & CODES_INACTIVE
               : term_is_true(said);
}

int expand_in_time(const struct expand *x, struct err *e)
{
    int64_t deadline = x->term->ask->deadline;
    return deadline == 0 || clock_mono_ns() < deadline
               ? 0
               : err_set(e, ERR_TOO_COSTLY,
                         "the expansion takes longer than a request may; ask for less, with "
                         "'filter', or for a smaller value set");
}

static int take(void *context, const struct value_set_member *m, struct err *e)
{
    struct expand *x = context;
    bool wanted;
    if (x->ask.active_only && is_inactive(m)) {
        return 0;
    }
    int rc = passes_filter(x, m, &wanted, e);
    if (rc || !wanted) {
        return rc;
    }
    uint64_t at = x->total++;
    if (x->total % LOOK_AT_CLOCK == 0 && (rc = expand_in_time(x, e))) {
        return rc;
    }
    if (at < x->ask.offset || (x->ask.has_count && at - x->ask.offset >= x->ask.count)) {
        return 0;
    }
    if (x->page_count >= x->term->ask->codes_most && x->term->ask->codes_most) {
        return err_set(e, ERR_TOO_COSTLY,
                       "the expansion has more than %zu codes; ask for a part of it with 'count' "
                       "and 'offset', or with 'filter'",
                       x->term->ask->codes_most);
    }
    struct value_set_member *page =
        arena_grow(x->term->arena, x->page, x->page_count, &x->page_capacity, sizeof *page);
    if (!page) {
        return term_no_memory(e);
    }
    x->page = page;
    page[x->page_count++] = *m;
    return 0;
}

/* --- the reply -------------------------------------------------------------------------------- */

/* What of the value set's own elements is repeated; everything with includeDefinition. */
static bool is_repeated(const struct expand *x, text name)
{
    static const char *const names[] = {"language", "url",          "version", "name",     "title",
                                        "status",   "experimental", "date",    "publisher"};
    if (x->ask.definition) {
        return !text_eq(name, T("expansion")) && !text_eq(name, T("text"));
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (text_eq(name, text_of(names[i]))) {
            return true;
        }
    }
    return false;
}

static void write_head(struct expand *x)
{
    struct buf *out = x->out;
    const yyjson_val *key = x->set->root + 1;
    buf_add(out, T("{\"resourceType\":\"ValueSet\""));
    bool has_status = false;
    for (size_t left = json_len(x->set->root); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (is_repeated(x, name) && !text_eq(name, T("resourceType"))) {
            buf_addc(out, ',');
            json_write_string(name, out);
            buf_addc(out, ':');
            json_write(key + 1, out);
            has_status |= text_eq(name, T("status"));
        }
    }
    if (!has_status) {
        buf_add(out, T(",\"status\":\"active\""));
    }
}

static bool page_has_status(const struct expand *x)
{
    for (size_t i = 0; i < x->page_count; i++) {
        if (is_inactive(&x->page[i])) {
            return true;
        }
    }
    return false;
}

/* R4 has no place for properties in an expansion: R5's, as the extensions for it. */
static void write_properties(struct expand *x)
{
    const char *before = "";
    struct buf *out = x->out;
    bool status = page_has_status(x);
    for (size_t i = 0; i < x->term->ask->count || status; i++) {
        bool last = i >= x->term->ask->count;
        const struct term_parameter *p = last ? NULL : &x->term->ask->parameters[i];
        if (p && !text_eq(p->name, T("property"))) {
            continue;
        }
        text name = p ? p->value : T("status");
        status = status && !last && !text_eq(name, T("status"));
        buf_add(out, *before ? text_of(before) : T("\"extension\":["));
        before = ",";
        buf_add(out, T("{\"url\":\"http://hl7.org/fhir/5.0/StructureDefinition/"
                       "extension-ValueSet.expansion.property\",\"extension\":[{\"url\":\"code\","
                       "\"valueCode\":"));
        json_write_string(name, out);
        if (text_eq(name, T("status"))) {
            buf_add(out, T("},{\"url\":\"uri\",\"valueUri\":"
                           "\"http://hl7.org/fhir/concept-properties#status\""));
        }
        buf_add(out, T("}]}"));
        if (last) {
            break;
        }
    }
    if (*before) {
        buf_add(out, T("],"));
    }
}

static int write_reply(struct expand *x, struct err *e)
{
    char uuid[UUID_SIZE];
    char now[CLOCK_INSTANT_SIZE];
    struct buf *out = x->out;
    random_uuid(uuid);
    clock_instant(x->term->ask->now_ms ? x->term->ask->now_ms : clock_real_ms(), now);
    write_head(x);
    buf_add(out, T(",\"expansion\":{"));
    write_properties(x);
    buf_printf(out, "\"identifier\":\"urn:uuid:%s\",\"timestamp\":\"%s\",\"total\":%llu", uuid, now,
               (unsigned long long)x->total);
    if (x->ask.has_offset) {
        buf_printf(out, ",\"offset\":%llu", (unsigned long long)x->ask.offset);
    }
    expand_parameters(x);
    int rc = x->page_count ? expand_contains(x, e) : 0;
    buf_add(out, T("}}"));
    return rc ? rc : buf_failed(out) ? term_no_memory(e) : 0;
}

/* --- the call --------------------------------------------------------------------------------- */

/* What has no bearing here is repeated in the reply all the same, so it has to be what it says. */
static int check_flags(const struct term *t, struct err *e)
{
    static const char *const flags[] = {"excludeNotForUI", "excludePostCoordinated",
                                        "limitedExpansion"};
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof flags / sizeof *flags; i++) {
        bool ignored;
        rc = term_bool(t, text_of(flags[i]), false, &ignored, e);
    }
    return rc;
}

static int read_ask(struct expand *x, struct err *e)
{
    struct term *t = x->term;
    struct expand_ask *ask = &x->ask;
    int rc = term_bool(t, T("activeOnly"), false, &ask->active_only, e);
    rc = rc ? rc : term_bool(t, T("excludeNested"), false, &ask->exclude_nested, e);
    rc = rc ? rc
            : term_bool(t, T("includeDesignations"), term_parameter(t, T("designation")) != NULL,
                        &ask->designations, e);
    rc = rc ? rc : term_bool(t, T("includeDefinition"), false, &ask->definition, e);
    rc = rc ? rc : check_flags(t, e);
    rc = rc ? rc : term_number(t, T("count"), &ask->has_count, &ask->count, e);
    rc = rc ? rc : term_number(t, T("offset"), &ask->has_offset, &ask->offset, e);
    if (rc) {
        return rc;
    }
    if (term_parameter(t, T("context"))) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "the parameter 'context' is not supported; give the address of the value "
                       "set that is bound there as 'url'");
    }
    ask->filter = text_trim(term_text(t, T("filter")));
    ask->folded = ask->filter.n ? index_fold(index_beginning(ask->filter), t->arena) : T("");
    return ask->folded.p ? 0 : term_no_memory(e);
}

static int expand(struct term *t, struct buf *out, struct err *e)
{
    struct expand x = {.term = t, .out = out};
    int rc = read_ask(&x, e);
    rc = rc ? rc : term_value_set(t, &x.set, e);
    rc = rc ? rc : term_take_languages(t, x.set->root, e);
    rc = rc ? rc : value_set_each(x.set, t->ask->deadline, t->arena, take, &x, e);
    return rc ? rc : write_reply(&x, e);
}

int term_expand(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                struct err *e)
{
    struct term t;
    int rc = term_begin(&t, d, ask, known, a, e);
    if (!rc) {
        rc = expand(&t, out, e);
        term_end(&t);
    }
    return rc;
}

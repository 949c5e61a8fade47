#include "rest/match.h"

#include "base/pace.h"

#include <stdio.h>

/*
 * Candidates for $match: each block is a search for what few people share, and forgives slips of
 * another kind, so that whoever has a slip in the name, the birth date and the postcode at once is
 * still in one of them.
 */

enum {
    CANDIDATES_MOST = 2000,
    NAMES_MOST = 3,   /* names of the one asked for that are looked for */
    VALUES_MOST = 10, /* identifiers, telephone numbers */
    VALUE_BYTES_MOST = 100,
    DATES_MOST = 64,
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* --- candidates ----------------------------------------------------------------------------- */

static int compare(struct matching *m, const struct version *v, struct match *ret, struct err *e)
{
    struct call *c = m->call;
    struct arena_mark mark = arena_mark(c->arena);
    struct match_person *person;
    yyjson_val *root;
    int rc = version_tree(v, c->rest->limits, c->arena, &root, e);
    if (!rc && match_person_make(root, c->arena, &person)) {
        rc = no_memory(e);
    }
    if (!rc) {
        match_compare(m->person, person, ret);
        arena_rewind(c->arena, mark);
    }
    return rc;
}

static int add(struct matching *m, const struct version *v, struct err *e)
{
    bool fresh = false;
    struct match match;
    if (m->known.count >= CANDIDATES_MOST) {
        return 0;
    }
    if (!map_put(&m->known, v->id, &fresh)) {
        return no_memory(e);
    }
    int rc = fresh ? compare(m, v, &match, e) : 0;
    if (rc || !fresh || match.grade == MATCH_CERTAINLY_NOT) {
        return rc;
    }
    struct candidate *items =
        arena_grow(m->call->arena, m->items, m->count, &m->capacity, sizeof *items);
    if (!items) {
        return no_memory(e);
    }
    m->items = items;
    items[m->count++] = (struct candidate){*v, match};
    return 0;
}

static int pass_over(struct matching *m, const char *shared, struct err *e)
{
    struct arena *a = m->call->arena;
    for (size_t i = 0; i + strlen(shared) <= m->passed_over.n; i++) {
        if (text_starts(text_from(m->passed_over, i), text_of(shared))) {
            return 0;
        }
    }
    m->passed_over =
        arena_printf(a, "%.*s%s%s", TEXT_ARG(m->passed_over), m->passed_over.n ? ", " : "", shared);
    return m->passed_over.p ? 0 : no_memory(e);
}

/* Those who answer to all of the pairs. A pair without a value: there is nothing to look for. */
static int look_for(struct matching *m, const struct search_pair *pairs, size_t count,
                    const char *shared, struct err *e)
{
    struct call *c = m->call;
    struct plan plan = {0};
    struct versions found = {0};
    struct index_rules rules = call_rules(c);
    struct search_question q = {.types = &FHIR_PATIENT,
                                .type_count = 1,
                                .pairs = pairs,
                                .count = count,
                                .rules = &rules,
                                .limits = c->rest->limits};
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].value.n == 0) {
            return pairs[i].value.p ? 0 : no_memory(e);
        }
    }
    int rc = search_parse_criteria(&q, c->arena, &plan, e);
    rc = rc ? rc
            : store_search(m->view, &plan, MATCH_BLOCK_MOST + 1, (text){0}, c->arena, &found, NULL,
                           NULL, e);
    if (!rc && found.count > MATCH_BLOCK_MOST) {
        return pass_over(m, shared, e);
    }
    for (size_t i = 0; !rc && i < found.count; i++) {
        pace_give_way();
        rc = add(m, &found.items[i], e);
    }
    return rc;
}

/* A value of the asked patient as search criteria write it; of a long one, its beginning. */
static text asked_value(const struct matching *m, text value)
{
    value = text_short(text_trim(value), VALUE_BYTES_MOST);
    return value.n ? search_escape(value, m->call->arena) : T("");
}

static const yyjson_val *item_of(const yyjson_val *object, text name, size_t at)
{
    const yyjson_val *array = json_get(object, name);
    if (json_type(array) != YYJSON_TYPE_ARR || at >= json_len(array)) {
        return NULL;
    }
    const yyjson_val *item = array + 1;
    for (; at; at--) {
        item = json_after(item);
    }
    return item;
}

static text joined(const struct matching *m, text list, text one)
{
    return one.n == 0    ? list
           : list.n == 0 ? one
                         : arena_printf(m->call->arena, "%.*s,%.*s", TEXT_ARG(list), TEXT_ARG(one));
}

/* What a slip of the keyboard may have made the number of: valid ones, two digits changed round or
 * one digit another. */
static text numbers_near(const struct matching *m, text value)
{
    text all = T("");
    if (value.n != 10 || match_nhs_number(value, NULL)) {
        return all;
    }
    for (size_t i = 0; all.p && i < 10; i++) {
        char other[11] = {0};
        memcpy(other, value.p, 10);
        if (i < 9) {
            other[i] = value.p[i + 1];
            other[i + 1] = value.p[i];
        }
        if (i < 9 && match_nhs_number(text_make(other, 10), NULL)) {
            all = joined(m, all, arena_printf(m->call->arena, MATCH_NHS_NUMBER "|%s", other));
        }
        memcpy(other, value.p, 10);
        for (char d = '0'; all.p && d <= '9'; d++) {
            other[i] = d;
            if (match_nhs_number(text_make(other, 10), NULL)) {
                all = joined(m, all, arena_printf(m->call->arena, MATCH_NHS_NUMBER "|%s", other));
            }
        }
    }
    return all;
}

static text one_identifier(const struct matching *m, const yyjson_val *identifier)
{
    char digits[11];
    text system = json_text(json_get(identifier, T("system")));
    text value = json_text(json_get(identifier, T("value")));
    bool number = text_eq(system, T(MATCH_NHS_NUMBER));
    if (number && match_nhs_number(value, digits)) {
        return arena_printf(m->call->arena, MATCH_NHS_NUMBER "|%s", digits);
    }
    text near = number ? numbers_near(m, text_trim(value)) : T("");
    system = asked_value(m, system);
    value = asked_value(m, value);
    return value.n == 0    ? value
           : system.n == 0 ? value
                           : joined(m,
                                    arena_printf(m->call->arena, "%.*s|%.*s", TEXT_ARG(system),
                                                 TEXT_ARG(value)),
                                    near);
}

static int by_numbers(struct matching *m, struct err *e)
{
    text all = T("");
    for (size_t i = 0; i < VALUES_MOST; i++) {
        const yyjson_val *identifier = item_of(m->asked, T("identifier"), i);
        text one = identifier ? one_identifier(m, identifier) : T("");
        all = joined(m, all, one);
        if (!one.p || !all.p) {
            return no_memory(e);
        }
    }
    struct search_pair pair = {T("identifier"), all};
    return look_for(m, &pair, 1, "an identifier", e);
}

static int by_contacts(struct matching *m, struct err *e)
{
    text all = T("");
    for (size_t i = 0; i < VALUES_MOST && all.p; i++) {
        const yyjson_val *telecom = item_of(m->asked, T("telecom"), i);
        all = joined(m, all, asked_value(m, json_text(json_get(telecom, T("value")))));
    }
    struct search_pair pair = {T("telecom"), all};
    return look_for(m, &pair, 1, "a telephone number or e-mail address", e);
}

/* --- slips in the birth date ---------------------------------------------------------------- */

static bool is_date(const char *d)
{
    static const unsigned days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned month = (unsigned)(d[5] - '0') * 10 + (unsigned)(d[6] - '0');
    unsigned day = (unsigned)(d[8] - '0') * 10 + (unsigned)(d[9] - '0');
    unsigned year = (unsigned)(d[2] - '0') * 10 + (unsigned)(d[3] - '0');
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
           !(month == 2 && day == 29 && year % 4);
}

struct dates {
    char text[DATES_MOST * 11];
    size_t n;
};

static void add_date(struct dates *d, const char *date, text but)
{
    if (is_date(date) && memcmp(date, but.p, 10) != 0 && d->n + 11 <= sizeof d->text) {
        memcpy(d->text + d->n, date, 10);
        d->text[d->n + 10] = ',';
        d->n += 11;
    }
}

/* Every date that one slip makes of this one, or day and month changed round. */
static void dates_near(text date, struct dates *ret)
{
    static const uint8_t places[] = {2, 3, 5, 6, 8, 9};
    char other[11] = {0};
    ret->n = 0;
    memcpy(other, date.p, 10);
    memcpy(other + 5, date.p + 8, 2);
    memcpy(other + 8, date.p + 5, 2);
    add_date(ret, other, date);
    for (size_t i = 0; i < sizeof places; i++) {
        size_t at = places[i];
        memcpy(other, date.p, 10);
        for (char digit = '0'; digit <= '9'; digit++) {
            other[at] = digit;
            add_date(ret, other, date);
        }
        if (i % 2 == 0) {
            other[at] = date.p[at + 1];
            other[at + 1] = date.p[at];
            add_date(ret, other, date);
        }
    }
    uint64_t year = 0;
    (void)text_to_u64(text_first(date, 4), &year);
    static const int apart[] = {-10, -1, 1, 10};
    for (size_t i = 0; i < sizeof apart / sizeof *apart && year > 1000 && year < 9000; i++) {
        memcpy(other, date.p, 10);
        (void)snprintf(other, sizeof other, "%04u%.6s", (unsigned)((int)year + apart[i]),
                       date.p + 4);
        add_date(ret, other, date);
    }
    ret->n -= ret->n ? 1 : 0;
}

/* --- names, each with something else -------------------------------------------------------- */

struct known {
    text family, given;             /* whole */
    text family_start, given_start; /* the first two characters */
    text date, year, near;          /* the birth date, its year, and what slips make of it */
    text postcode, district;
};

static text first_word(text t)
{
    size_t n = 0;
    t = text_trim(t);
    while (n < t.n && t.p[n] != ' ' && t.p[n] != '-') {
        n++;
    }
    return text_first(t, n);
}

/* The first two characters, whatever their length in bytes. */
static text start_of(text t)
{
    size_t n = 0;
    for (int characters = 0; n < t.n; n++) {
        characters += ((unsigned char)t.p[n] & 0xC0) != 0x80;
        if (characters > 2) {
            break;
        }
    }
    return text_first(t, n);
}

/* Blocks of two things, of which the first is the one that few have. */
static int by_pairs(struct matching *m, const struct known *k, struct err *e)
{
    const struct {
        text first, second;
        const char *first_name, *second_name, *shared;
    } blocks[] = {
        {k->family, k->given, "family", "given", "the name"},
        {k->given, k->family, "family", "given", "the name"},
        {k->given, k->year, "name", "birthdate", "the given name and the year of birth"},
        {k->family, k->year, "name", "birthdate", "the family name and the year of birth"},
        {k->near, k->given_start, "birthdate", "name", "a birth date like it"},
        {k->near, k->family_start, "birthdate", "name", "a birth date like it"},
        {k->postcode, k->given_start, "address-postalcode", "name", "the postcode"},
        {k->postcode, k->family_start, "address-postalcode", "name", "the postcode"},
        {k->district, k->given, "address-postalcode", "name", "the given name and the district"},
    };
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof blocks / sizeof *blocks; i++) {
        struct search_pair pairs[] = {{text_of(blocks[i].first_name), blocks[i].first},
                                      {text_of(blocks[i].second_name), blocks[i].second}};
        rc = look_for(m, pairs, 2, blocks[i].shared, e);
    }
    return rc;
}

static int by_names(struct matching *m, struct known *k, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < NAMES_MOST; i++) {
        const yyjson_val *name = item_of(m->asked, T("name"), i);
        text family = json_text(json_get(name, T("family")));
        text given = first_word(json_text(item_of(name, T("given"), 0)));
        text whole = text_trim(json_text(json_get(name, T("text"))));
        if (family.n == 0 && given.n == 0 && whole.n) {
            given = first_word(whole);
            family = text_from(whole, given.n);
        }
        k->family = asked_value(m, family);
        k->given = asked_value(m, given);
        k->family_start = asked_value(m, start_of(text_trim(family)));
        k->given_start = asked_value(m, start_of(given));
        rc = name ? by_pairs(m, k, e) : 0;
    }
    return rc;
}

int match_find(struct matching *m, struct err *e)
{
    struct dates near = {.n = 0};
    struct known k = {.date = T(""), .year = T(""), .near = T("")};
    text date = json_text(json_get(m->asked, T("birthDate")));
    text postcode =
        text_trim(json_text(json_get(item_of(m->asked, T("address"), 0), T("postalCode"))));
    if (date.n >= 4 && date.n <= 10) {
        k.date = date;
        k.year = text_first(date, 4);
    }
    if (date.n == 10) {
        dates_near(date, &near);
        k.near = text_make(near.text, near.n);
    }
    k.postcode = asked_value(m, postcode);
    /* Who was born on quite another day is not the one: so wide a net only where it is not known.
     */
    k.district =
        asked_value(m, date.n == 10 ? T("") : text_first(postcode, text_find(postcode, ' ')));
    struct search_pair birth = {T("birthdate"), date.n == 10 ? date : T("")};
    int rc = by_numbers(m, e);
    rc = rc ? rc : look_for(m, &birth, 1, "the birth date", e);
    rc = rc ? rc : by_contacts(m, e);
    return rc ? rc : by_names(m, &k, e);
}

#include "policy/scope.h"

#include "policy/scope_int.h"

enum { TEXT_MAX = 16384, QUERY_MAX = 512 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "scopes need more memory than the request may have");
}

/* --- the flags: scopes that are about no resource ------------------------------------------- */

struct flag {
    const char *name;
    size_t at;
};
/* In the order in which they are printed. */
static const struct flag flags[] = {
    {"openid", offsetof(struct scopes, openid)},
    {"fhirUser", offsetof(struct scopes, fhir_user)},
    {"profile", offsetof(struct scopes, profile)},
    {"launch", offsetof(struct scopes, launch)},
    {"launch/patient", offsetof(struct scopes, launch_patient)},
    {"launch/encounter", offsetof(struct scopes, launch_encounter)},
    {"offline_access", offsetof(struct scopes, offline_access)},
    {"online_access", offsetof(struct scopes, online_access)},
};
enum { FLAG_COUNT = sizeof flags / sizeof *flags };

static bool *flag_of(struct scopes *s, const struct flag *f)
{
    return (bool *)((char *)s + f->at);
}

static bool flag_is(const struct scopes *s, const struct flag *f)
{
    return *(const bool *)((const char *)s + f->at);
}

/* --- one scope ------------------------------------------------------------------------------ */

static int wrong(text word, const char *what, struct err *e)
{
    return err_set(e, ERR_INVALID,
                   "the scope '%.*s' %s; a scope looks like patient/Observation.rs or "
                   "user/Patient.cruds?gender=female",
                   TEXT_ARG(text_short(word, 100)), what);
}

/* The letters of version 2, each at most once and in the order c, r, u, d, s. */
static uint8_t rights_of(text t)
{
    static const struct {
        char letter;
        uint8_t right;
    } order[] = {
        {'c', MAY_CREATE}, {'r', MAY_READ}, {'u', MAY_UPDATE}, {'d', MAY_DELETE}, {'s', MAY_SEARCH},
    };
    uint8_t rights = 0;
    size_t at = 0;
    if (text_eq(t, T("read"))) {
        return MAY_READ | MAY_SEARCH;
    }
    if (text_eq(t, T("write"))) {
        return MAY_CREATE | MAY_UPDATE | MAY_DELETE;
    }
    if (text_eq(t, T("*"))) {
        return MAY_CREATE | MAY_READ | MAY_UPDATE | MAY_DELETE | MAY_SEARCH;
    }
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (at < t.n && t.p[at] == order[i].letter) {
            rights |= order[i].right;
            at++;
        }
    }
    return at == t.n ? rights : 0;
}

static int read_level(text t, uint8_t *ret_level)
{
    *ret_level = text_eq(t, T("patient"))  ? SCOPE_PATIENT
                 : text_eq(t, T("user"))   ? SCOPE_USER
                 : text_eq(t, T("system")) ? SCOPE_SYSTEM
                                           : 0;
    return *ret_level ? 0 : ERR_INVALID;
}

/*
 * Parameters of a scope narrow it by what the resource itself says: chains, modifiers and
 * parameters that ask for something else than a match have no place there.
 */
static int check_query(text word, text query, struct err *e)
{
    static const char *const own[] = {"_id",       "_lastUpdated", "_profile",
                                      "_security", "_source",      "_tag"};
    text rest = query, pair;
    if (query.n > QUERY_MAX) {
        return wrong(word, "has parameters of more than 512 characters", e);
    }
    while (text_cut(&rest, '&', &pair)) {
        size_t equals = text_find(pair, '=');
        text name = text_first(pair, equals);
        if (equals == 0 || equals + 1 >= pair.n) {
            return wrong(word, "has a parameter that is not name=value", e);
        }
        if (text_find(name, '.') < name.n || text_find(name, ':') < name.n ||
            text_find(name, '%') < name.n) {
            return err_set(e, ERR_NOT_SUPPORTED,
                           "the scope '%.*s' has a chain or a modifier; only plain parameters of "
                           "the type can narrow a scope",
                           TEXT_ARG(text_short(word, 100)));
        }
        bool fine = name.p[0] != '_';
        for (size_t i = 0; !fine && i < sizeof own / sizeof *own; i++) {
            fine = text_eq(name, text_of(own[i]));
        }
        if (!fine) {
            return err_set(e, ERR_NOT_SUPPORTED,
                           "the scope '%.*s' has a parameter that cannot narrow a scope; only "
                           "plain parameters of the type can",
                           TEXT_ARG(text_short(word, 100)));
        }
    }
    return 0;
}

static int read_scope(text word, struct scope *ret_scope, struct err *e)
{
    struct scope s = {.words = word};
    size_t slash = text_find(word, '/');
    if (slash == word.n) {
        return wrong(word, "is none that is known here", e);
    }
    if (read_level(text_first(word, slash), &s.level)) {
        return wrong(word, "begins with none of patient/, user/ and system/", e);
    }
    text rest = text_from(word, slash + 1);
    size_t mark = text_find(rest, '?');
    text head = text_first(rest, mark);
    size_t dot = text_find(head, '.');
    text type = text_first(head, dot);
    s.type = fhir_type_of(type);
    if (!s.type && !text_eq(type, T("*"))) {
        return wrong(word, "names no resource type of FHIR R4", e);
    }
    s.rights = dot < head.n ? rights_of(text_from(head, dot + 1)) : 0;
    if (!s.rights) {
        return wrong(word, "does not end with letters of 'cruds' in this order", e);
    }
    if (mark < rest.n) {
        s.query = text_from(rest, mark + 1);
        if (!s.type) {
            return err_set(e, ERR_NOT_SUPPORTED,
                           "the scope '%.*s' has parameters for every type; name the type",
                           TEXT_ARG(text_short(word, 100)));
        }
        int code = check_query(word, s.query, e);
        if (code) {
            return code;
        }
        if (!s.query.n) {
            return wrong(word, "has a '?' and no parameter behind it", e);
        }
    }
    *ret_scope = s;
    return 0;
}

/* --- sets of scopes --------------------------------------------------------------------------- */

static bool same_place(const struct scope *a, const struct scope *b)
{
    return a->level == b->level && a->type == b->type && text_eq(a->query, b->query);
}

int scopes_add(struct scopes *s, const struct scope *one, struct err *e)
{
    for (size_t i = 0; i < s->count; i++) {
        if (same_place(&s->items[i], one)) {
            s->items[i].rights |= one->rights;
            return 0;
        }
    }
    if (s->count == SCOPES_MAX) {
        return err_set(e, ERR_TOO_LARGE, "there are more than %d scopes; ask for fewer",
                       SCOPES_MAX);
    }
    s->items[s->count++] = *one;
    return 0;
}

/* scope-token of RFC 6749, appendix A.4. */
static int check_characters(text t, struct err *e)
{
    if (t.n > TEXT_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the scopes are longer than %d characters together",
                       TEXT_MAX);
    }
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
            return err_set(e, ERR_INVALID,
                           "the scopes have a character at place %zu that no scope may have; "
                           "percent-encode it",
                           i + 1);
        }
    }
    return 0;
}

int scopes_parse(text t, struct arena *a, struct scopes *ret_scopes, struct err *e)
{
    struct scopes s = {.items = arena_zalloc(a, SCOPES_MAX, sizeof(struct scope))};
    text rest = t, word;
    int code = s.items ? check_characters(t, e) : no_memory(e);
    while (!code && text_cut(&rest, ' ', &word)) {
        struct scope one;
        size_t i = 0;
        while (i < FLAG_COUNT && !text_eq(word, text_of(flags[i].name))) {
            i++;
        }
        if (i < FLAG_COUNT) {
            *flag_of(&s, &flags[i]) = true;
        } else if (word.n) {
            code = read_scope(word, &one, e);
            code = code ? code : scopes_add(&s, &one, e);
        }
    }
    if (!code) {
        *ret_scopes = s;
    }
    return code;
}

/* Whether every parameter of `wide` stands in `narrow`: then what matches this matches that. */
static bool implies(text narrow, text wide)
{
    text rest = wide.n ? wide : (text){NULL, 0}, pair, others, other;
    while (text_cut(&rest, '&', &pair)) {
        bool found = false;
        others = narrow.n ? narrow : (text){NULL, 0};
        while (!found && text_cut(&others, '&', &other)) {
            found = text_eq(pair, other);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* Both queries have to match. False: that is too long for a scope, so that nothing is given. */
static bool join_queries(text a, text b, struct arena *arena, text *ret_query)
{
    if (implies(a, b) || implies(b, a)) {
        *ret_query = implies(a, b) ? a : b;
        return true;
    }
    if (a.n + b.n + 1 > QUERY_MAX) {
        return false;
    }
    *ret_query = arena_printf(arena, "%.*s&%.*s", TEXT_ARG(a), TEXT_ARG(b));
    return ret_query->p;
}

static bool covered(const struct scopes *s, const struct scope *one)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct scope *by = &s->items[i];
        if (by->level == one->level && (!by->type || by->type == one->type) &&
            (!by->query.n || text_eq(by->query, one->query)) && (one->rights & ~by->rights) == 0) {
            return true;
        }
    }
    return false;
}

static int add_common(const struct scope *asked, const struct scope *allowed, struct arena *a,
                      struct scopes *to, struct err *e)
{
    struct scope one = {.level = asked->level,
                        .type = asked->type ? asked->type : allowed->type,
                        .rights = asked->rights & allowed->rights};
    bool meet = asked->level == allowed->level && one.rights &&
                (!asked->type || !allowed->type || asked->type == allowed->type);
    if (!meet || !join_queries(asked->query, allowed->query, a, &one.query) || covered(to, &one)) {
        return 0;
    }
    one.words = scope_print(&one, a);
    return one.words.p ? scopes_add(to, &one, e) : no_memory(e);
}

int scopes_within(const struct scopes *asked, const struct scopes *allowed, struct arena *a,
                  struct scopes *ret_scopes, struct err *e)
{
    struct scopes s = {.items = arena_zalloc(a, SCOPES_MAX, sizeof(struct scope)),
                       .patient = asked->patient};
    int code = s.items ? 0 : no_memory(e);
    for (size_t i = 0; !code && i < FLAG_COUNT; i++) {
        *flag_of(&s, &flags[i]) = flag_is(asked, &flags[i]) && flag_is(allowed, &flags[i]);
    }
    for (size_t i = 0; !code && i < asked->count; i++) {
        if (covered(allowed, &asked->items[i])) {
            code = scopes_add(&s, &asked->items[i], e);
            continue;
        }
        for (size_t j = 0; !code && j < allowed->count; j++) {
            code = add_common(&asked->items[i], &allowed->items[j], a, &s, e);
        }
    }
    if (!code) {
        *ret_scopes = s;
    }
    return code;
}

/* --- printing --------------------------------------------------------------------------------- */

text scope_print(const struct scope *s, struct arena *a)
{
    const char *level = s->level == SCOPE_PATIENT ? "patient"
                        : s->level == SCOPE_USER  ? "user"
                                                  : "system";
    text type = s->type ? fhir_type_name(s->type) : T("*");
    return arena_printf(a, "%s/%.*s.%s%s%s%s%s%s%.*s", level, TEXT_ARG(type),
                        s->rights & MAY_CREATE ? "c" : "", s->rights & MAY_READ ? "r" : "",
                        s->rights & MAY_UPDATE ? "u" : "", s->rights & MAY_DELETE ? "d" : "",
                        s->rights & MAY_SEARCH ? "s" : "", s->query.n ? "?" : "",
                        TEXT_ARG(s->query));
}

static bool before(const struct scope *a, const struct scope *b)
{
    if (a->level != b->level) {
        return a->level < b->level;
    }
    /* Types are numbered in the order of their names, and "any" is 0. */
    return a->type != b->type ? a->type < b->type : text_cmp(a->query, b->query) < 0;
}

text scopes_print(const struct scopes *s, struct arena *a)
{
    const struct scope *order[SCOPES_MAX];
    text parts[2 * (FLAG_COUNT + SCOPES_MAX)];
    size_t n = 0;
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (flag_is(s, &flags[i])) {
            parts[n++] = text_of(flags[i].name);
            parts[n++] = T(" ");
        }
    }
    for (size_t i = 0; i < s->count && i < SCOPES_MAX; i++) {
        size_t at = i;
        for (; at > 0 && before(&s->items[i], order[at - 1]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = &s->items[i];
    }
    for (size_t i = 0; i < s->count && i < SCOPES_MAX; i++) {
        parts[n] = scope_print(order[i], a);
        if (!parts[n++].p) {
            return (text){NULL, 0};
        }
        parts[n++] = T(" ");
    }
    return n ? arena_join(a, parts, n - 1) : arena_copy(a, T(""));
}

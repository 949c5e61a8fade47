/* What may be asked of a member, and how it is sent. */
#include "locality/ask_int.h"

#define PLACEHOLDER "{patient}"

static bool is_id(text t)
{
    bool good = t.n >= 1 && t.n <= 64;
    for (size_t i = 0; good && i < t.n; i++) {
        char c = t.p[i];
        good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
    }
    return good;
}

static int refuse(const char *why, struct err *e)
{
    return err_set(e, ERR_FORBIDDEN, "members are not asked for this: %s", why);
}

/* One patient, by a parameter that nothing else of the query can widen. */
static int check_query(text type, text query, struct err *e)
{
    bool is_person = text_eq(type, T("Patient"));
    unsigned about = 0;
    text one;
    for (text rest = query; text_cut(&rest, '&', &one);) {
        text value = one, name;
        (void)text_cut(&value, '=', &name);
        if (text_find(name, '%') < name.n || text_starts(name, T("_joined"))) {
            return refuse("a parameter that cannot be sent on", e);
        }
        bool names = is_person ? text_eq(name, T("_id"))
                               : text_eq(name, T("patient")) || text_eq(name, T("subject"));
        if (names) {
            text id = text_starts(value, T("Patient/")) ? text_from(value, 8) : value;
            if (!text_eq(id, T(PLACEHOLDER))) {
                return refuse("it is about somebody else than its statement", e);
            }
            about++;
        }
    }
    return about == 1 ? 0 : refuse("it has to name the patient, once, as patient={patient}", e);
}

static int check_below(text type, text below, struct err *e)
{
    bool is_person = text_eq(type, T("Patient"));
    text rest = below, id;
    (void)text_cut(&rest, '/', &id);
    if (is_person) {
        bool known = !rest.p || text_eq(rest, T("$everything")) || text_eq(rest, T("$summary"));
        return text_eq(id, T(PLACEHOLDER)) && known
                   ? 0
                   : refuse("it is about somebody else, or no operation that goes between members",
                            e);
    }
    return is_id(id) && !rest.p ? 0 : refuse("it is no entry", e);
}

int ask_path_allowed(text path, struct err *e)
{
    text query = path, where, type;
    if (path.n > ASK_PATH_MAX) {
        return refuse("its address is too long", e);
    }
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] <= ' ' || path.p[i] == 0x7f || path.p[i] == '#') {
            return refuse("its address has a character that must not stand there", e);
        }
    }
    (void)text_cut(&query, '?', &where);
    text below = where;
    (void)text_cut(&below, '/', &type);
    if (!fhir_type_of(type)) {
        return refuse("it begins with no type of resource", e);
    }
    return below.p ? check_below(type, below, e) : check_query(type, query, e);
}

text ask_path_with(text path, text patient, struct arena *a)
{
    const size_t n = sizeof PLACEHOLDER - 1;
    struct buf out;
    buf_init(&out, 2 * ASK_PATH_MAX);
    for (text rest = path; rest.n;) {
        bool here = text_starts(rest, T(PLACEHOLDER));
        buf_add(&out, here ? patient : text_first(rest, 1));
        rest = text_from(rest, here ? n : 1);
    }
    text made = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return made;
}

text ask_path_what(text path)
{
    text where = text_first(path, text_find(path, '?'));
    text type = text_first(where, text_find(where, '/'));
    /* An entry by its id; but not the patient, whose id is another one here. */
    if (text_eq(type, T("Patient"))) {
        return text_ends(where, T("/$everything")) ? T("$everything") : type;
    }
    return where;
}

text ask_path_query(text path)
{
    return text_short(text_from(path, text_find(path, '?') + 1), 2000);
}

/* --- the body -----------------------------------------------------------------------------------
 */

#define BEFORE "{\"statement\":\""
#define BETWEEN "\",\"request\":"
#define AFTER "}"

int ask_body_read(text body, text *ret_jws, text *ret_request, struct err *e)
{
    text rest = text_from(body, sizeof BEFORE - 1), jws = {0};
    bool good = text_starts(body, T(BEFORE)) && text_cut(&rest, '"', &jws) && rest.p &&
                text_starts(rest, text_from(T(BETWEEN), 1)) && text_ends(rest, T(AFTER));
    size_t ends = sizeof BETWEEN - 2 + sizeof AFTER - 1;
    if (!good || rest.n <= ends) {
        return err_set(e, ERR_SYNTAX,
                       "a request between members looks like {\"statement\":\"...\",\"request\":"
                       "{...}}, without white space");
    }
    *ret_jws = jws;
    *ret_request = text_make(rest.p + sizeof BETWEEN - 2, rest.n - ends);
    return 0;
}

text ask_body_print(text jws, text request, struct arena *a)
{
    const text parts[] = {T(BEFORE), jws, T(BETWEEN), request, T(AFTER)};
    return arena_join(a, parts, sizeof parts / sizeof *parts);
}

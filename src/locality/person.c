#include "locality/person.h"

#include "fhir/index.h"
#include "fhir/match.h"
#include "identity/jose.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>

enum { STEPS_MAX = 4, DEPTH = 64 };

/* --- arrays -------------------------------------------------------------------------------------
 */

static const yyjson_val *first_of(const yyjson_val *array)
{
    return json_type(array) == YYJSON_TYPE_ARR && json_len(array) ? array + 1 : NULL;
}

/* The first item whose `member` is not one of the `unwanted`. */
static const yyjson_val *current(const yyjson_val *array, const char *unwanted)
{
    const yyjson_val *item = first_of(array);
    for (size_t left = item ? json_len(array) : 0; left; left--, item = json_after(item)) {
        if (!text_eq(json_text(json_get(item, T("use"))), text_of(unwanted))) {
            return item;
        }
    }
    return NULL;
}

static text nhs_number(const yyjson_val *patient)
{
    const yyjson_val *ids = json_get(patient, T("identifier")), *item = first_of(ids);
    for (size_t left = item ? json_len(ids) : 0; left; left--, item = json_after(item)) {
        text value = json_text(json_get(item, T("value")));
        if (text_eq(json_text(json_get(item, T("system"))), T(MATCH_NHS_NUMBER)) &&
            !text_eq(json_text(json_get(item, T("use"))), T("old")) &&
            match_nhs_number(value, NULL)) {
            return value;
        }
    }
    return (text){0};
}

int person_of(const yyjson_val *patient, struct subject *ret, struct err *e)
{
    const yyjson_val *name = current(json_get(patient, T("name")), "old");
    const yyjson_val *address = current(json_get(patient, T("address")), "old");
    struct subject s = {
        .nhs_number = nhs_number(patient),
        .family = json_text(json_get(name, T("family"))),
        .given = json_text(first_of(json_get(name, T("given")))),
        .birth_date = json_text(json_get(patient, T("birthDate"))),
        .gender = json_text(json_get(patient, T("gender"))),
        .postcode = json_text(json_get(address, T("postalCode"))),
    };
    const char *lacks = !s.nhs_number.n   ? "valid NHS number"
                        : !s.family.n     ? "family name"
                        : !s.birth_date.n ? "birth date"
                                          : NULL;
    if (lacks) {
        return err_set(e, ERR_NOT_FOUND,
                       "this person has no %s here, so their record cannot be joined with that of "
                       "other places",
                       lacks);
    }
    *ret = s;
    return 0;
}

/* --- comparing ----------------------------------------------------------------------------------
 */

static void put(struct buf *out, const char *before, text t, const char *after)
{
    if (t.n) {
        buf_add(out, text_of(before));
        json_write_string(t, out);
        buf_add(out, text_of(after));
    }
}

/* A Patient that says what the subject does. */
static int as_patient(const struct subject *s, struct arena *a, yyjson_val **ret, struct err *e)
{
    struct buf out;
    buf_init(&out, 16384);
    buf_add(&out, T("{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"" MATCH_NHS_NUMBER
                    "\""));
    put(&out, ",\"value\":", s->nhs_number, "");
    buf_add(&out, T("}],\"name\":[{\"use\":\"official\""));
    put(&out, ",\"family\":", s->family, "");
    put(&out, ",\"given\":[", s->given, "]");
    buf_add(&out, T("}]"));
    put(&out, ",\"birthDate\":", s->birth_date, "");
    put(&out, ",\"gender\":", s->gender, "");
    put(&out, ",\"address\":[{\"postalCode\":", s->postcode, "}]");
    buf_addc(&out, '}');
    text json = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return json.p ? json_read(json, DEPTH, a, ret, e)
                  : err_set(e, ERR_MEMORY, "no memory to compare two people");
}

/* Folded, without spaces. p NULL: no memory. */
static text plain(text t, struct arena *a)
{
    text folded = t.n ? index_fold(index_beginning(t), a) : T("");
    char *p = folded.p ? arena_alloc(a, folded.n + 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; p && i < folded.n; i++) {
        if (folded.p[i] != ' ') {
            p[n++] = folded.p[i];
        }
    }
    return text_make(p, n);
}

/* Whether one of a list's items says the same at `member` (of a list there: its first). */
static bool says(const yyjson_val *list, const char *member, text wanted, struct arena *a)
{
    const yyjson_val *item = first_of(list);
    bool does = false;
    for (size_t left = item && wanted.n ? json_len(list) : 0; !does && left;
         left--, item = json_after(item)) {
        const yyjson_val *v = json_get(item, text_of(member));
        text t = json_text(json_type(v) == YYJSON_TYPE_ARR ? first_of(v) : v);
        does = t.n && text_eq(plain(t, a), wanted);
    }
    return does;
}

/*
 * What people who know both records would forgive is a conflict between nodes: a slip in the birth
 * date, or a family name that is only alike where given name and postcode do not agree either.
 */
static int agrees(const struct subject *s, const yyjson_val *patient, struct arena *a, bool *ret,
                  struct err *e)
{
    text family = plain(s->family, a), given = plain(s->given, a), post = plain(s->postcode, a);
    const yyjson_val *names = json_get(patient, T("name"));
    if (!family.p || !given.p || !post.p) {
        return err_set(e, ERR_MEMORY, "no memory to compare two people");
    }
    *ret = s->birth_date.n == 10 &&
           text_eq(s->birth_date, json_text(json_get(patient, T("birthDate")))) &&
           (says(names, "family", family, a) ||
            (says(names, "given", given, a) &&
             says(json_get(patient, T("address")), "postalCode", post, a)));
    return 0;
}

static bool same_number(text a, text b)
{
    char x[11], y[11];
    return match_nhs_number(a, x) && match_nhs_number(b, y) && memcmp(x, y, sizeof x) == 0;
}

int person_same(const struct subject *s, const yyjson_val *patient, struct arena *a,
                enum sameness *ret, text *ret_why, struct err *e)
{
    yyjson_val *asked = NULL;
    struct match m;
    *ret_why = (text){0};
    if (!same_number(s->nhs_number, nhs_number(patient))) {
        *ret = SAME_NOT;
        return 0;
    }
    bool agree = false;
    int rc = as_patient(s, a, &asked, e);
    if (!rc && match_patients(asked, patient, a, &m)) {
        rc = err_set(e, ERR_MEMORY, "no memory to compare two people");
    }
    rc = rc ? rc : agrees(s, patient, a, &agree, e);
    if (!rc) {
        bool is = agree && m.grade == MATCH_CERTAIN;
        *ret = is ? SAME_PERSON : SAME_CONFLICT;
        *ret_why = is ? (text){0} : match_explain(&m, a);
    }
    return rc;
}

/* --- finding ------------------------------------------------------------------------------------
 */

/* The Patient that has taken the place of this one: its id; empty: none. */
static text replaced_by(const yyjson_val *patient)
{
    const yyjson_val *links = json_get(patient, T("link")), *item = first_of(links);
    for (size_t left = item ? json_len(links) : 0; left; left--, item = json_after(item)) {
        text to = json_text(json_get(json_get(item, T("other")), T("reference")));
        if (text_eq(json_text(json_get(item, T("type"))), T("replaced-by")) &&
            text_starts(to, T("Patient/"))) {
            return text_from(to, 8);
        }
    }
    return (text){0};
}

static int own_get(const struct loc_world *w, text path, struct arena *a, yyjson_val **ret,
                   struct err *e)
{
    struct own_call call = {.method = T("GET"), .path = path};
    int rc = path.p ? w->own(w->context, NULL, &call, a, e)
                    : err_set(e, ERR_MEMORY, "no memory to find a person");
    if (!rc && call.status != 200) {
        rc = err_set(e, call.status == 404 || call.status == 410 ? ERR_NOT_FOUND : ERR_IO,
                     "the own record answered with %d when a person was looked for", call.status);
    }
    return rc ? rc : json_read(call.answer, DEPTH, a, ret, e);
}

/* Whoever a Patient is now. */
static int follow(const struct loc_world *w, struct arena *a, yyjson_val **patient, struct err *e)
{
    for (int step = 0; step <= STEPS_MAX; step++) {
        text next = replaced_by(*patient);
        if (!next.n) {
            return 0;
        }
        text path = arena_printf(a, "Patient/%.*s", TEXT_ARG(next));
        int rc = own_get(w, path, a, patient, e);
        if (rc) {
            return rc;
        }
    }
    return err_set(e, ERR_CONFLICT, "the links between this person's records do not end");
}

static int none(struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "nothing is held here about this person");
}

/* One of those that have the number; all that are somebody must be the same one. */
static int take_one(const struct loc_world *w, const struct subject *s, yyjson_val *patient,
                    struct arena *a, text *found, struct err *e)
{
    enum sameness same;
    text why;
    int rc = person_same(s, patient, a, &same, &why, e);
    if (!rc && same == SAME_CONFLICT) {
        *found = found->n ? *found : json_text(json_get(patient, T("id")));
        rc =
            err_set(e, ERR_CONFLICT,
                    "somebody here has this NHS number, but is not certainly the same person: %.*s",
                    TEXT_ARG(why));
    }
    rc = rc ? rc : follow(w, a, &patient, e);
    text id = json_text(json_get(patient, T("id")));
    if (!rc && same == SAME_PERSON && found->n && !text_eq(*found, id)) {
        rc = err_set(e, ERR_CONFLICT, "two people here have this NHS number");
    }
    if (!rc && same == SAME_PERSON) {
        *found = id;
    }
    return rc;
}

int person_find(const struct loc_world *w, const struct subject *s, struct arena *a,
                text *ret_patient, struct err *e)
{
    char digits[11];
    yyjson_val *bundle = NULL;
    text found = {0};
    if (!match_nhs_number(s->nhs_number, digits)) {
        return none(e);
    }
    int rc = own_get(
        w, arena_printf(a, "Patient?identifier=%s%%7C%s&_count=20", MATCH_NHS_NUMBER, digits), a,
        &bundle, e);
    const yyjson_val *entries = rc ? NULL : json_get(bundle, T("entry"));
    const yyjson_val *entry = first_of(entries);
    for (size_t left = entry ? json_len(entries) : 0; !rc && left;
         left--, entry = json_after(entry)) {
        yyjson_val *patient = json_get(entry, T("resource"));
        if (text_eq(json_text(json_get(patient, T("resourceType"))), T("Patient"))) {
            rc = take_one(w, s, patient, a, &found, e);
        }
    }
    if (!rc && !found.n) {
        rc = none(e);
    }
    if (!rc || rc == ERR_CONFLICT) {
        *ret_patient = found;
    }
    return rc;
}

void person_key(const uint8_t key[32], text nhs_number, uint8_t ret[32])
{
    char digits[11] = {0};
    unsigned n = 32;
    (void)match_nhs_number(nhs_number, digits);
    (void)HMAC(EVP_sha256(), key, 32, (const unsigned char *)digits, 10, ret, &n);
}

text person_member(text ods, text account, struct arena *a)
{
    return arena_printf(a, "%.*s|%.*s", TEXT_ARG(ods), TEXT_ARG(account));
}

text person_practitioner(text member, struct arena *a)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char hex[33] = {0};
    (void)SHA256((const unsigned char *)member.p, member.n, hash);
    for (size_t i = 0; i < 16; i++) {
        static const char digits[] = "0123456789abcdef";
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    return arena_printf(a, "Practitioner/m-%s", hex);
}

text person_account(text self, text who, text account, struct arena *a)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    bool person = text_starts(who, T("Practitioner/"));
    text of =
        person ? arena_printf(a, "kith.care/person|%.*s|%.*s", TEXT_ARG(self), TEXT_ARG(who))
               : arena_printf(a, "kith.care/account|%.*s|%.*s", TEXT_ARG(self), TEXT_ARG(account));
    if (!of.p) {
        return of;
    }
    (void)SHA256((const unsigned char *)of.p, of.n, hash);
    return base64url_print(text_make((const char *)hash, 16), a);
}

/* Who it is, from what the provider says: claims of the ID token and of userinfo, whose `sub` is
 * the same. */
#include "identity/oidc_int.h"

enum { NHS_NUMBER = 10, WORDS_MAX = 500, ROLES_MAX = 32768 };

/* Of userinfo, else of the ID token. */
static text claim(const yyjson_val *claims, const yyjson_val *userinfo, const char *name)
{
    const yyjson_val *v = json_get(userinfo, text_of(name));
    v = v ? v : json_get(claims, text_of(name));
    text t = json_type(v) == YYJSON_TYPE_STR ? json_text(v) : T("");
    return t.n <= WORDS_MAX ? t : T("");
}

/* The last digit checks the others: 11 less the weighted sum modulo 11 (NHS Data Dictionary). */
static bool is_nhs_number(text t)
{
    unsigned sum = 0;
    if (t.n != NHS_NUMBER) {
        return false;
    }
    for (size_t i = 0; i < NHS_NUMBER; i++) {
        if (t.p[i] < '0' || t.p[i] > '9') {
            return false;
        }
        sum += (unsigned)(t.p[i] - '0') * (i < 9 ? 10U - (unsigned)i : 1U);
    }
    return sum % 11 == 0;
}

static bool is_date(text t)
{
    static const char form[] = "0000-00-00";
    for (size_t i = 0; i < sizeof form - 1 && t.n == sizeof form - 1; i++) {
        if (form[i] == '-' ? t.p[i] != '-' : t.p[i] < '0' || t.p[i] > '9') {
            return false;
        }
    }
    return t.n == sizeof form - 1;
}

static text name_of(const yyjson_val *claims, const yyjson_val *userinfo, struct arena *a)
{
    text name = claim(claims, userinfo, "name");
    text given = claim(claims, userinfo, "given_name");
    text family = claim(claims, userinfo, "family_name");
    return name.n ? arena_copy(a, name)
                  : arena_printf(a, "%.*s%s%.*s", TEXT_ARG(given), given.n && family.n ? " " : "",
                                 TEXT_ARG(family));
}

/* CIS2: what a person may do, by organisation and role. */
static text roles_of(const yyjson_val *claims, const yyjson_val *userinfo, struct arena *a)
{
    const yyjson_val *v = json_get(userinfo, T("nhsid_nrbac_roles"));
    struct buf out;
    v = v ? v : json_get(claims, T("nhsid_nrbac_roles"));
    if (json_type(v) != YYJSON_TYPE_ARR) {
        return T("");
    }
    buf_init(&out, ROLES_MAX);
    json_write(v, &out);
    text roles = buf_failed(&out) ? T("") : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return roles;
}

/* A vector of trust where the provider speaks so; else NIST's levels, as CIS2 names them. */
static bool is_strong(const yyjson_val *claims)
{
    text vot = json_text(json_get(claims, T("vot")));
    text acr = json_text(json_get(claims, T("acr")));
    text level = json_text(json_get(claims, T("authentication_assurance_level")));
    return vot.p ? trust_is_vector(vot) && trust_is_strong(vot)
                 : text_starts(acr, T("AAL2")) || text_starts(acr, T("AAL3")) ||
                       text_eq(level, T("2")) || text_eq(level, T("3"));
}

int oidc_person_make(const struct oidc_provider *p, const yyjson_val *claims,
                     const yyjson_val *userinfo, struct arena *a, struct oidc_person *ret_person,
                     struct err *e)
{
    text vot = json_text(json_get(claims, T("vot")));
    int proofing = trust_is_vector(vot) ? trust_proofing(vot) : -1;
    text number = claim(claims, userinfo, "nhs_number");
    text level = claim(claims, userinfo, "identity_proofing_level");
    text birthdate = claim(claims, userinfo, "birthdate");
    bool vouched = proofing == 9 && (!level.n || text_eq(level, T("P9")));
    struct oidc_person person = {
        .provider = arena_copy(a, p->name),
        .subject = arena_copy(a, json_text(json_get(claims, T("sub")))),
        .name = name_of(claims, userinfo, a),
        .nhs_number = arena_copy(a, vouched && is_nhs_number(number) ? number : T("")),
        .birthdate = arena_copy(a, is_date(birthdate) ? birthdate : T("")),
        .proofing = proofing < 0 ? T("") : arena_printf(a, "P%d", proofing),
        .roles = roles_of(claims, userinfo, a),
        .strong = is_strong(claims),
    };
    if (!person.provider.p || !person.subject.p || !person.name.p || !person.nhs_number.p ||
        !person.birthdate.p || !person.proofing.p || !person.roles.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    *ret_person = person;
    return 0;
}

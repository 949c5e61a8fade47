#include "identity/account_int.h"

#include "identity/secret_int.h"

enum {
    LOGIN_LEAST = 3,
    LOGIN_MOST = 100,
    ROLE_WORDS = 600,
    ID_MOST = 64,
    REFERENCE_MOST = 128,
    TEAMS_MAX = 50
};

int login_fold(text login, struct arena *a, text *ret_folded, struct err *e)
{
    text folded;
    int rc = login.n > LOGIN_MOST * 4 ? ERR_VALUE : text_normal(login, true, a, &folded, e);
    size_t characters = rc ? 0 : text_characters(folded);
    bool good = !rc && characters >= LOGIN_LEAST && characters <= LOGIN_MOST;
    for (size_t i = 0; good && i < folded.n; i++) {
        unsigned char c = (unsigned char)folded.p[i];
        good = c > ' ' && c != 0x7F && !strchr("\"'<>\\/&%?#,;:|`{}[]()", c);
    }
    if (rc == ERR_MEMORY) {
        return rc;
    }
    if (!good) {
        return err_set(e, ERR_VALUE,
                       "a name for signing in has 3 to 100 letters, digits and . _ - + @; no "
                       "spaces");
    }
    *ret_folded = folded;
    return 0;
}

bool nhs_number_valid(text number)
{
    unsigned sum = 0;
    if (number.n != 10) {
        return false;
    }
    for (unsigned i = 0; i < 10; i++) {
        if (number.p[i] < '0' || number.p[i] > '9') {
            return false;
        }
        sum += i < 9 ? (unsigned)(number.p[i] - '0') * (10 - i) : 0;
    }
    unsigned check = (11 - sum % 11) % 11;
    return check != 10 && check == (unsigned)(number.p[9] - '0');
}

static bool printable(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c < ' ' || c == 0x7F) {
            return false;
        }
    }
    return true;
}

static bool is_id(text id)
{
    bool good = id.n >= 1 && id.n <= ID_MOST;
    for (size_t i = 0; good && i < id.n; i++) {
        char c = id.p[i];
        good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
    }
    return good;
}

/* "Type/id" of one of these types. */
static bool is_reference(text t, const char *const *types)
{
    size_t slash = text_find(t, '/');
    bool good = false;
    for (; *types; types++) {
        good = good || text_eq(text_first(t, slash), text_of(*types));
    }
    return good && slash < t.n && is_id(text_from(t, slash + 1));
}

static int unknown_role(text code, struct arena *a, struct err *e)
{
    text known = T("");
    for (const struct job_role *r = job_roles; r->code && known.p && known.n < ROLE_WORDS; r++) {
        known = arena_printf(a, "%.*s%s%s (%s)", TEXT_ARG(known), known.n ? ", " : "", r->code,
                             r->name);
    }
    return err_set(e, ERR_VALUE, "there is no role '%.*s'; there are: %.*s",
                   TEXT_ARG(text_short(code, 40)), TEXT_ARG(text_short(known, ROLE_WORDS)));
}

static int check_roles(const struct account *account, struct arena *a, struct err *e)
{
    static const char *const organisations[] = {"Organization", NULL};
    static const char *const teams[] = {"CareTeam", NULL};
    if (account->kind == ACTOR_PERSON && account->role_count) {
        return err_set(e, ERR_VALUE,
                       "a patient or proxy has no roles: make a second account, of "
                       "kind professional");
    }
    if (account->role_count > ACCOUNT_ROLES_MAX) {
        return err_set(e, ERR_VALUE, "an account has %d roles at most", ACCOUNT_ROLES_MAX);
    }
    for (size_t i = 0; i < account->role_count; i++) {
        const struct account_role *role = &account->roles[i];
        if (!job_role_find(role->code)) {
            return unknown_role(role->code, a, e);
        }
        if (role->organisation.n && !is_reference(role->organisation, organisations)) {
            return err_set(e, ERR_VALUE, "the organisation of a role is 'Organization/id'");
        }
        for (size_t k = 0; k < role->team_count; k++) {
            if (role->team_count > TEAMS_MAX || !is_reference(role->teams[k], teams)) {
                return err_set(e, ERR_VALUE, "the teams of a role are up to %d of 'CareTeam/id'",
                               TEAMS_MAX);
            }
        }
    }
    return 0;
}

static int check_person(const struct account *account, struct err *e)
{
    static const char *const professionals[] = {"Practitioner", NULL};
    static const char *const people[] = {"Patient", "RelatedPerson", NULL};
    bool professional = account->kind == ACTOR_PROFESSIONAL;
    if (account->person.n &&
        !is_reference(account->person, professional ? professionals : people)) {
        return err_set(e, ERR_VALUE,
                       "the person is 'Practitioner/id' for a professional, "
                       "'Patient/id' or 'RelatedPerson/id' for others");
    }
    if (professional && (account->patient.n || account->nhs_number.n)) {
        return err_set(e, ERR_VALUE,
                       "a professional who is a patient here, too, has a second "
                       "account for that, of kind patient; this one says which record is "
                       "their own");
    }
    if (account->own_record.n && (!professional || !is_id(account->own_record))) {
        return err_set(e, ERR_VALUE,
                       "the own record is the id of a Patient, of a professional; a patient's "
                       "account is about that patient as it is");
    }
    if (text_starts(account->person, T("Patient/")) &&
        !text_eq(text_from(account->person, sizeof "Patient/" - 1), account->patient)) {
        return err_set(e, ERR_VALUE, "a patient's account is about that patient's own record");
    }
    if (account->nhs_number.n && !nhs_number_valid(account->nhs_number)) {
        return err_set(e, ERR_VALUE,
                       "this is no NHS number: it has ten digits, and the last one checks the "
                       "others");
    }
    return 0;
}

int account_check(const struct account *account, struct arena *a, struct err *e)
{
    if (account->kind != ACTOR_PERSON && account->kind != ACTOR_PROFESSIONAL) {
        return err_set(e, ERR_VALUE, "an account is of kind patient or professional");
    }
    if (account->name.n == 0 || account->name.n > NAME_MOST || !printable(account->name)) {
        return err_set(e, ERR_VALUE, "the name is missing, or longer than %d bytes", NAME_MOST);
    }
    if (account->passkey_count > ACCOUNT_PASSKEYS_MAX ||
        account->external_count > ACCOUNT_EXTERNALS_MAX) {
        return err_set(e, ERR_VALUE, "an account has %d passkeys at most; remove one first",
                       ACCOUNT_PASSKEYS_MAX);
    }
    int rc = check_person(account, e);
    return rc ? rc : check_roles(account, a, e);
}

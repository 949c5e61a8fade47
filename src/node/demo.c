#include "node/demo.h"

#include "base/clock.h"
#include "format/json.h"
#include "identity/account.h"
#include "node/demo_int.h"

enum {
    ARENA_MOST = 64 << 20,
    CANDIDATES = 50,
    RESULTS_MOST = 1000,
};

#define NHS_SYSTEM "https://fhir.nhs.uk/Id/nhs-number"
#define DEPRESSION "35489007"          /* SNOMED CT: "Depressive disorder" */
#define EMERGENCY_MEDICINE "773568002" /* SNOMED CT, a specialty */

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory");
}

/* Nothing where it is not there. */
static int look(struct world *w, text reference, struct arena *a, yyjson_val **ret_root,
                struct err *e)
{
    *ret_root = NULL;
    int rc = world_read(w, reference, a, ret_root, e);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* --- who plays ----------------------------------------------------------------------------------
 */

/* Of what was found the one with the smallest id: the same at every start. */
static text least_id(const struct versions *found)
{
    text least = {0};
    for (size_t i = 0; i < found->count; i++) {
        if (!least.p || text_cmp(found->items[i].id, least) < 0) {
            least = found->items[i].id;
        }
    }
    return least;
}

static int find_organisation(struct world *w, text ods, struct arena *a, struct demo_person *ret,
                             struct err *e)
{
    yyjson_val *root = NULL;
    int rc = world_organisation(w, ods, a, &ret->reference, e);
    if (!rc && ret->reference.n) {
        rc = look(w, ret->reference, a, &root, e);
        ret->name = json_text(json_get(root, T("name")));
    }
    return rc;
}

static int find_staff(struct world *w, const struct demo_person *organisation, const char *param,
                      const char *code, struct arena *a, struct demo_person *ret, struct err *e)
{
    const struct search_pair pairs[] = {{T("organization"), organisation->reference},
                                        {text_of(param), text_of(code)}};
    struct versions found = {0};
    yyjson_val *root = NULL;
    if (!organisation->reference.n) {
        return 0;
    }
    int rc = world_find(w, fhir_type_of(T("PractitionerRole")), pairs, 2, CANDIDATES, a, &found, e);
    text id = least_id(&found);
    if (rc || !id.p) {
        return rc;
    }
    text role = arena_printf(a, "PractitionerRole/%.*s", TEXT_ARG(id));
    rc = role.p ? look(w, role, a, &root, e) : no_memory(e);
    const yyjson_val *person = json_get(root, T("practitioner"));
    ret->reference = json_text(json_get(person, T("reference")));
    ret->name = json_text(json_get(person, T("display")));
    return rc;
}

/* Of those found the one with most results. */
static int choose_patient(struct world *w, const struct search_pair *wanted, size_t count,
                          struct demo_cast *cast, struct arena *a, struct err *e)
{
    struct versions found = {0};
    size_t most = 0;
    int rc = world_find(w, FHIR_PATIENT, wanted, count, CANDIDATES, a, &found, e);
    for (size_t i = 0; !rc && i < found.count; i++) {
        text reference = arena_printf(a, "Patient/%.*s", TEXT_ARG(found.items[i].id));
        const struct search_pair of = {T("patient"), reference};
        struct versions results = {0};
        rc = reference.p ? world_find(w, fhir_type_of(T("Observation")), &of, 1, RESULTS_MOST, a,
                                      &results, e)
                         : no_memory(e);
        bool better = results.count > most ||
                      (results.count == most && text_cmp(found.items[i].id, cast->patient_id) < 0);
        if (!rc && (better || !cast->patient_id.p)) {
            most = results.count;
            cast->patient_id = found.items[i].id;
            cast->patient.reference = reference;
        }
    }
    return rc;
}

/* Whom the demonstration of several nodes is about; else of middle age, with a depression and
 * somebody at home; else whoever has somebody, for whom the story needs no more; else anybody, so
 * that whoever is here has been looked at (take_patient()).
 */
static int find_patient(struct world *w, struct demo_cast *cast, struct arena *a, struct err *e)
{
    const struct search_pair named = {T("identifier"), cast->nhs_number};
    if (cast->nhs_number.n) {
        return choose_patient(w, &named, 1, cast, a, e);
    }
    const struct search_pair wanted[] = {
        {T("_has:Condition:patient:code"), T("http://snomed.info/sct|" DEPRESSION)},
        {T("birthdate"), T("ge1950-01-01")},
        {T("birthdate"), T("lt1990-01-01")},
        {T("organization"), cast->practice.reference},
        {T("deceased"), T("false")},
        {T("_has:RelatedPerson:patient:active"), T("true")}};
    enum { ALL = sizeof wanted / sizeof *wanted, PRACTICE = 3 };
    /* The first so many are left out. */
    static const size_t without[] = {0, 1, PRACTICE, PRACTICE + 1, ALL};
    int rc = 0;
    for (size_t i = 0; !rc && !cast->patient_id.n && i < sizeof without / sizeof *without; i++) {
        if (cast->practice.reference.n || without[i] > PRACTICE) {
            rc = choose_patient(w, wanted + without[i], ALL - without[i], cast, a, e);
        }
    }
    return rc;
}

/* Numbers that begin with 999 are never issued. */
static int take_patient(struct world *w, struct demo_cast *cast, struct arena *a, struct err *e)
{
    yyjson_val *root = NULL;
    int rc = look(w, cast->patient.reference, a, &root, e);
    yyjson_val *item;
    size_t at, count;
    yyjson_arr_foreach(json_get(root, T("identifier")), at, count, item)
    {
        if (text_eq(json_text(json_get(item, T("system"))), T(NHS_SYSTEM))) {
            cast->nhs_number = json_text(json_get(item, T("value")));
        }
    }
    yyjson_arr_foreach(json_get(root, T("generalPractitioner")), at, count, item)
    {
        text doctor = json_text(json_get(item, T("reference")));
        text name = json_text(json_get(item, T("display")));
        /* An organisation without GPs is none that the patient is registered with. */
        if (cast->gp.reference.n && text_starts(doctor, T("Practitioner/")) && name.n) {
            cast->gp = (struct demo_person){doctor, name};
        }
    }
    if (!rc && !text_starts(cast->nhs_number, T("999"))) {
        return err_set(e, ERR_FORBIDDEN,
                       "--demo lets anybody in, and the people in this node may be real; it is for "
                       "the population that kith synth invents");
    }
    cast->patient.name = root ? world_name(root, a) : (text){0};
    return rc;
}

/* Whom the patient lives with, before anybody else of the family. */
static int find_carer(struct world *w, struct demo_cast *cast, struct arena *a, struct err *e)
{
    const struct search_pair pairs[] = {{T("patient"), cast->patient.reference},
                                        {T("active"), T("true")},
                                        {T("relationship"), T("DOMPART,SPS,HUSB,WIFE")}};
    struct versions found = {0};
    yyjson_val *root = NULL;
    fhir_type type = fhir_type_of(T("RelatedPerson"));
    int rc = world_find(w, type, pairs, 3, CANDIDATES, a, &found, e);
    if (!rc && !found.count) {
        rc = world_find(w, type, pairs, 2, CANDIDATES, a, &found, e);
    }
    text id = least_id(&found);
    if (rc || !id.p) {
        return rc;
    }
    cast->carer.reference = arena_printf(a, "RelatedPerson/%.*s", TEXT_ARG(id));
    rc = cast->carer.reference.p ? look(w, cast->carer.reference, a, &root, e) : no_memory(e);
    cast->carer.name = root ? world_name(root, a) : (text){0};
    return rc;
}

static int find_cast(struct world *w, struct identity *identity, struct demo_cast *cast,
                     struct arena *a, struct err *e)
{
    struct account before;
    int rc = find_organisation(w, identity_config(identity)->organisation, a, &cast->practice, e);
    rc = rc ? rc : find_organisation(w, T(DEMO_TRUST), a, &cast->trust, e);
    rc = rc ? rc : find_organisation(w, T(DEMO_COUNCIL), a, &cast->council, e);
    rc = rc ? rc : find_organisation(w, T(DEMO_PLATFORM), a, &cast->platform, e);
    rc = rc ? rc : find_staff(w, &cast->practice, "role", "R0260", a, &cast->gp, e);
    rc = rc ? rc
            : find_staff(w, &cast->trust, "specialty", EMERGENCY_MEDICINE, a, &cast->hospital, e);
    rc = rc ? rc : find_staff(w, &cast->council, "role", "R1330", a, &cast->social, e);
    if (rc) {
        return rc;
    }
    /* Once chosen it stays the same patient, whatever is written to the store later. */
    rc = account_by_login(identity_kept(identity), T("demo-patient"), a, &before, e);
    if (rc == ERR_NOT_FOUND) {
        rc = find_patient(w, cast, a, e);
    } else if (!rc) {
        cast->patient_id = before.patient;
        cast->patient.reference = before.person;
    }
    if (rc || !cast->patient_id.n) {
        return rc;
    }
    rc = take_patient(w, cast, a, e);
    return rc ? rc : find_carer(w, cast, a, e);
}

/* --- accounts -----------------------------------------------------------------------------------
 */

struct part {
    const char *login;
    text name;
    const char *role; /* NULL: a patient or proxy */
    const char *words;
    text person;
    text organisation;
};

static int nobody_else(struct kept *k, struct arena *a, struct err *e)
{
    struct account *accounts;
    size_t count;
    int rc = account_each(k, a, &accounts, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        if (!accounts[i].demo && !accounts[i].disabled && account_has_way_in(&accounts[i])) {
            return err_set(e, ERR_FORBIDDEN,
                           "--demo lets anybody in, and this node has accounts of people, such as "
                           "'%.*s'; make another node for a demonstration, or serve without --demo",
                           TEXT_ARG(text_short(accounts[i].login, 60)));
        }
    }
    return rc;
}

static int note(struct world *w, text login, struct err *e)
{
    struct identity_world world = world_of(w);
    const struct audit_event event = {.at_ms = clock_real_ms(),
                                      .kind = EVENT_ACCOUNT,
                                      .access = ACCESS_SYSTEM,
                                      .name = T("kith serve --demo"),
                                      .account = login,
                                      .why = T("an account of the demonstration was made")};
    return world.record(world.context, &event, e);
}

static int make_account(struct world *w, struct identity *identity, const struct demo_cast *cast,
                        const struct part *part, size_t place, text words, struct arena *a,
                        struct err *e)
{
    struct account was;
    struct account_role role = {.code = text_of(part->role), .organisation = part->organisation};
    struct account account = {.id = arena_printf(a, "demo-%zu", place + 1),
                              .name = part->name,
                              .login = text_of(part->login),
                              .kind = part->role ? ACTOR_PROFESSIONAL : ACTOR_PERSON,
                              .person = part->person,
                              .roles = part->role ? &role : NULL,
                              .role_count = part->role != NULL};
    text made;
    if (!account.id.p || !words.p) {
        return no_memory(e);
    }
    if (text_starts(part->person, T("Patient/"))) {
        account.patient = cast->patient_id;
        account.nhs_number = cast->nhs_number;
    }
    int rc = account_by_login(identity_kept(identity), account.login, a, &was, e);
    if (!rc && was.demo && !was.disabled && text_eq(was.words, words) &&
        text_eq(was.person, account.person) && text_eq(was.name, account.name)) {
        return 0;
    }
    rc = rc == ERR_NOT_FOUND ? 0 : rc;
    rc = rc ? rc : note(w, account.login, e);
    return rc ? rc : identity_demo_account(identity, &account, words.p, a, &made, e);
}

/* "<patient>" in the words becomes the patient's name. */
static text words_of(const char *words, const struct demo_cast *cast, struct arena *a)
{
    text rest = text_of(words);
    size_t at = text_find(rest, '<');
    if (at >= rest.n) {
        return arena_copy(a, rest);
    }
    text after = text_from(rest, at);
    after = text_from(after, text_find(after, '>') + 1);
    return arena_printf(a, "%.*s%.*s%.*s", TEXT_ARG(text_first(rest, at)),
                        TEXT_ARG(cast->patient.name.n ? cast->patient.name : T("somebody")),
                        TEXT_ARG(after));
}

/* The story is at the practice; the patient and its privacy officer do something else elsewhere. */
static const char *patient_words(const struct demo_cast *cast, const struct identity *identity)
{
    return cast->gp.reference.n
               ? "The patient. Open your record: one result is held back until a set day. Then see "
                 "who looked at it, and choose who may see what."
           : text_eq(identity_config(identity)->organisation, T(DEMO_PLATFORM))
               ? "The patient. You chose this organisation to bring your record together: open "
                 "'All places', and see what each of them has of you."
               : "The patient. Here is the part of your record that this organisation keeps. All "
                 "of "
                 "it is at your practice and at the platform that you chose.";
}

static const char *privacy_words(const struct demo_cast *cast)
{
    return cast->gp.reference.n
               ? "The privacy officer. Someone at the hospital said last week that they had to see "
                 "a record. Look at their reason, and decide."
               : "The privacy officer. What people here opened in an emergency waits for you, and "
                 "so do alarms about other organisations.";
}

/* In the order in which the page shows them: that of the story. */
static int make_accounts(struct world *w, struct identity *identity, const struct demo_cast *cast,
                         struct arena *a, struct err *e)
{
    const text here = cast->practice.reference;
    const text reception = cast->patient_id.n ? T(DEMO_RECEPTION) : T("");
    const text privacy = cast->patient_id.n ? T(DEMO_PRIVACY) : T("");
    const struct part parts[] = {
        {"demo-patient", cast->patient.name, NULL, patient_words(cast, identity),
         cast->patient.reference, T("")},
        {"demo-gp", cast->gp.name, "R0260",
         "The GP. Find <patient>: you see the whole record, also what is held back from the "
         "patient and what is sealed for your surgery.",
         cast->gp.reference, here},
        {"demo-reception", T("Hannah Price"), "R8009",
         "The receptionist. Find <patient>: you see name, address and appointments, and nothing "
         "about health.",
         reception, here},
        {"demo-privacy", T("Marcus Osei"), "R0001", privacy_words(cast), privacy, here},
        {"demo-hospital", cast->hospital.name, "R8000",
         "An A&E doctor at the hospital. Find <patient>: the record is closed to you. Say why you "
         "need it, or open it in an emergency. The patient will be told.",
         cast->hospital.reference, cast->trust.reference},
        {"demo-carer", cast->carer.name, NULL,
         "The carer, who acts for <patient>. You see the record but not what is sealed or held "
         "back, and nothing shows you that it is there.",
         cast->carer.reference, T("")},
        {"demo-social", cast->social.name, "R8014",
         "The social worker in the care team of <patient>. You see the record, but not what is "
         "sealed, and you are told that something is.",
         cast->social.reference, cast->council.reference},
        {"demo-administrator", T("Priya Raman"), "K1004",
         "The administrator. Add people, invite them, change what their role is. You see nobody's "
         "record.",
         T(""), here},
    };
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof parts / sizeof *parts; i++) {
        const struct part *p = &parts[i];
        /* In a practice everybody of the story; elsewhere those who work there, and the patient. */
        bool works_here = !p->role || cast->gp.reference.n || text_eq(p->organisation, here);
        bool there = p->name.n && works_here && (p->role || p->person.n);
        if (there) {
            rc = make_account(w, identity, cast, p, i, words_of(p->words, cast, a), a, e);
        }
    }
    return rc;
}

int demo_open(struct world *world, struct identity *identity, const struct rest *rest, text patient,
              struct err *e)
{
    struct arena a;
    struct demo_cast cast = {.nhs_number = patient};
    arena_init(&a, ARENA_MOST);
    int rc = nobody_else(identity_kept(identity), &a, e);
    rc = rc ? rc : find_cast(world, identity, &cast, &a, e);
    rc = rc ? rc : demo_story(world, rest, &cast, &a, e);
    rc = rc ? rc : demo_own(world, rest, &cast, &a, e);
    rc = rc ? rc : demo_results(world, rest, &cast, &a, e);
    rc = rc ? rc : demo_letters(world, rest, &cast, &a, e);
    rc = rc ? rc : demo_requests(world, rest, &cast, &a, e);
    rc = rc ? rc : demo_home(world, rest, &cast, &a, e);
    rc = rc ? rc : demo_today(world, rest, &cast, &a, e);
    rc = rc ? rc : make_accounts(world, identity, &cast, &a, e);
    arena_done(&a);
    return rc;
}

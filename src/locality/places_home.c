/* Whose home it is: L5. */
#include "locality/places_int.h"

#include "base/buf.h"
#include "format/json.h"

enum { MEMORY = 16 << 20 };
#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
#define KIND_SYSTEM "https://kith.care/fhir/CodeSystem/consent-kind"

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for the places of records");
}

/* --- whose home it is ---------------------------------------------------------------------------
 */

static text ods_of_identifier(const yyjson_val *identifier)
{
    text system = json_text(json_get(identifier, T("system")));
    text value = json_text(json_get(identifier, T("value")));
    return text_eq(system, T(ODS_SYSTEM)) ? value : (text){0};
}

static const yyjson_val *first_of(const yyjson_val *array)
{
    return json_type(array) == YYJSON_TYPE_ARR && json_len(array) ? array + 1 : NULL;
}

static int own_get(struct places *p, text path, struct arena *a, yyjson_val **ret, struct err *e)
{
    const struct loc_world *w = p->world;
    struct own_call call = {.method = T("GET"), .path = path};
    *ret = NULL;
    int rc = path.p ? w->own(w->context, NULL, &call, a, e) : no_memory(e);
    return rc || call.status != 200 ? rc : json_read(call.answer, 64, a, ret, e);
}

/* Of a reference: its identifier, or that of the Organization here that it names. */
static int ods_of_reference(struct places *p, const yyjson_val *reference, struct arena *a,
                            text *ret_ods, struct err *e)
{
    text to = json_text(json_get(reference, T("reference")));
    yyjson_val *organization = NULL;
    *ret_ods = ods_of_identifier(json_get(reference, T("identifier")));
    if (ret_ods->n || !text_starts(to, T("Organization/"))) {
        return 0;
    }
    int rc = own_get(p, to, a, &organization, e);
    const yyjson_val *list = rc ? NULL : json_get(organization, T("identifier"));
    const yyjson_val *item = first_of(list);
    for (size_t left = item ? json_len(list) : 0; left && !ret_ods->n;
         left--, item = json_after(item)) {
        *ret_ods = ods_of_identifier(item);
    }
    return rc;
}

static bool is_home_choice(const yyjson_val *consent)
{
    const yyjson_val *categories = json_get(consent, T("category"));
    const yyjson_val *coding = first_of(json_get(first_of(categories), T("coding")));
    return text_eq(json_text(json_get(consent, T("resourceType"))), T("Consent")) &&
           text_eq(json_text(json_get(consent, T("status"))), T("active")) &&
           text_eq(json_text(json_get(coding, T("system"))), T(KIND_SYSTEM)) &&
           text_eq(json_text(json_get(coding, T("code"))), T("home"));
}

/* The newest platform that the patient chose. */
static int chosen(struct places *p, text patient, struct arena *a, text *ret_ods, struct err *e)
{
    yyjson_val *bundle = NULL;
    text newest = {0};
    int rc = own_get(p, arena_printf(a, "Consent?patient=%.*s&_count=100", TEXT_ARG(patient)), a,
                     &bundle, e);
    const yyjson_val *entries = rc ? NULL : json_get(bundle, T("entry"));
    const yyjson_val *entry = first_of(entries);
    for (size_t left = entry ? json_len(entries) : 0; !rc && left;
         left--, entry = json_after(entry)) {
        const yyjson_val *consent = json_get(entry, T("resource"));
        const yyjson_val *actor = first_of(json_get(json_get(consent, T("provision")), T("actor")));
        text at = json_text(json_get(json_get(consent, T("meta")), T("lastUpdated")));
        text ods = {0};
        if (is_home_choice(consent) && text_cmp(at, newest) > 0) {
            rc = ods_of_reference(p, json_get(actor, T("reference")), a, &ods, e);
            newest = ods.n ? at : newest;
            *ret_ods = ods.n ? ods : *ret_ods;
        }
    }
    return rc;
}

int places_platform(struct places *p, text patient, struct arena *a, text *ret_ods, struct err *e)
{
    *ret_ods = (text){0};
    return chosen(p, patient, a, ret_ods, e);
}

int places_home(struct places *p, const yyjson_val *patient, struct arena *a,
                struct places_home *ret, struct err *e)
{
    const yyjson_val *practices = json_get(patient, T("generalPractitioner"));
    const yyjson_val *practice = first_of(practices);
    text id = json_text(json_get(patient, T("id")));
    *ret = (struct places_home){0};
    int rc = id.n ? chosen(p, id, a, &ret->platform, e) : 0;
    for (size_t left = practice ? json_len(practices) : 0; !rc && left && !ret->practice.n;
         left--, practice = json_after(practice)) {
        rc = ods_of_reference(p, practice, a, &ret->practice, e);
    }
    return rc;
}

int places_homes(struct places *p, const yyjson_val *patient, struct arena *a, text **ret_ods,
                 size_t *ret_count, struct err *e)
{
    const yyjson_val *practices = json_get(patient, T("generalPractitioner"));
    const yyjson_val *practice = first_of(practices);
    size_t left = practice ? json_len(practices) : 0, n = 0;
    text *ods = arena_zalloc(a, left + 1, sizeof *ods);
    int rc = ods ? places_platform(p, json_text(json_get(patient, T("id"))), a, &ods[0], e)
                 : no_memory(e);
    n = !rc && ods[0].n ? 1 : 0;
    for (; !rc && left; left--, practice = json_after(practice)) {
        rc = ods_of_reference(p, practice, a, &ods[n], e);
        n += !rc && ods[n].n;
    }
    if (!rc) {
        *ret_ods = ods;
        *ret_count = n;
    }
    return rc;
}

/* --- one that this node is not ------------------------------------------------------------------
 */

static int tell_home(struct places *p, text holder, const struct subject *s, text home,
                     struct arena *a, struct err *e)
{
    struct feed_row row = {.kind = FEED_REGISTRATION, .subject = *s};
    struct buf out;
    buf_init(&out, 256);
    buf_add(&out, T("{\"also\":"));
    json_write_string(home, &out);
    buf_addc(&out, '}');
    row.body = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    int rc = row.body.p ? feed_person(p->feed, s->nhs_number, row.person, e) : no_memory(e);
    return rc ? rc : feed_send(p->feed, &holder, 1, &row, NULL, 0, e);
}

/* The home beside this node, or instead of it, that the own record names and this node has told;
 * empty: none. One that it does not go by any more may stand in an old record only. */
struct standing {
    text self;
    struct places_home home;
    text other;
};

static int home_here(struct places *p, const struct subject *s, struct arena *a,
                     struct standing *ret, struct err *e)
{
    const struct note_signer *signer;
    struct err why = {0};
    yyjson_val *patient = NULL;
    text id, *told = NULL;
    size_t count = 0;
    *ret = (struct standing){0};
    int rc = trust_self(p->trust, &signer, &ret->self, e);
    int found = rc ? rc : person_find(p->world, s, a, &id, &why);
    if (rc || found) {
        return rc || found == ERR_NOT_FOUND || found == ERR_CONFLICT
                   ? rc
                   : err_set(e, found, "%s", err_text(&why));
    }
    rc = own_get(p, arena_printf(a, "Patient/%.*s", TEXT_ARG(id)), a, &patient, e);
    rc = rc || !patient ? rc : places_home(p, patient, a, &ret->home, e);
    rc = rc ? rc : places_told(p, s->nhs_number, a, &told, &count, e);
    text other = ret->home.platform.n ? ret->home.platform : ret->home.practice;
    for (size_t i = 0; !rc && i < count; i++) {
        ret->other = text_eq(told[i], other) ? other : ret->other;
    }
    return rc;
}

int places_is_elsewhere(struct places *p, const struct subject *s, bool *ret, struct err *e)
{
    struct standing here;
    struct arena a;
    arena_init(&a, MEMORY);
    int rc = home_here(p, s, &a, &here, e);
    *ret = !rc && here.other.n && !text_eq(here.home.platform, here.self) &&
           !text_eq(here.home.practice, here.self);
    arena_done(&a);
    return rc;
}

/* Never "instead of this one": where two records name each other's node, that would not end. */
int places_redirect(struct places *p, text holder, const struct subject *s, struct err *e)
{
    struct standing here;
    struct arena a;
    arena_init(&a, MEMORY);
    int rc = home_here(p, s, &a, &here, e);
    if (!rc && here.other.n && !text_eq(here.other, holder)) {
        rc = tell_home(p, holder, s, here.other, &a, e);
    }
    arena_done(&a);
    return rc;
}

int places_keepers(struct places *p, const yyjson_val *patient, text nhs_number, struct arena *a,
                   text ret[PLACES_KEEPERS], size_t *ret_count, struct err *e)
{
    struct places_home home;
    text *told = NULL;
    size_t told_count = 0, n = 0;
    int rc = places_home(p, patient, a, &home, e);
    rc = rc ? rc : places_told(p, nhs_number, a, &told, &told_count, e);
    for (size_t i = 0; !rc && i < told_count + 2 && n < PLACES_KEEPERS; i++) {
        text one = i == 0 ? home.platform : i == 1 ? home.practice : told[i - 2];
        bool there = !one.n;
        for (size_t k = 0; k < n; k++) {
            there = there || text_eq(ret[k], one);
        }
        if (!there) {
            ret[n++] = one;
        }
    }
    *ret_count = rc ? 0 : n;
    return rc;
}

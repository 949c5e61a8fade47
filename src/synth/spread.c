#include "synth/spread.h"

#include "synth/places.h"
#include "synth/spread_int.h"

#define BUNDLE_MOST (256u << 20)
#define BUNDLE_HEAD "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["
#define BUNDLE_END "]}"

enum { DEPTH_MOST = 64, ORG_PLATFORM = 60 };

const struct synth_holder synth_holders[SYNTH_PLACES] = {
    [SYNTH_AT_GP] = {"gp", "Y90010", "Harbour Street Surgery"},
    [SYNTH_AT_HOSPITAL] = {"hospital", "Y90001", "Aldermarsh and Wexshire Hospitals NHS Trust"},
    [SYNTH_AT_COUNCIL] = {"council", "Y90003", "Aldermarsh City Council Adult Social Care"},
    [SYNTH_AT_PHARMACY] = {"pharmacy", "Y90030", "Quayside Pharmacy"},
    [SYNTH_AT_PLATFORM] = {"platform", "Y90060", "My Wexshire Record"},
};

void synth_spread_open(struct synth_spread *s, uint64_t seed)
{
    *s = (struct synth_spread){.seed = seed};
    arena_init(&s->arena, BUNDLE_MOST);
    buf_init(&s->out, BUNDLE_MOST);
}

void synth_spread_close(struct synth_spread *s)
{
    arena_done(&s->arena);
    buf_done(&s->out);
}

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory to spread a bundle of the invented population");
}

static int send(struct synth_spread *s, enum synth_place at, const char *file, struct err *e)
{
    const struct synth_sink *to = s->sinks[at];
    return buf_failed(&s->out) ? no_memory(e) : to->write(to->ctx, file, buf_text(&s->out), e);
}

/* --- what all share -----------------------------------------------------------------------------
 */

/* The population has no platform of its own: each place learns of it here. */
static int write_locality(struct synth_spread *s, const char *file, text bundle, struct err *e)
{
    const struct synth_holder *platform = &synth_holders[SYNTH_AT_PLATFORM];
    char id[UUID_SIZE];
    int rc = 0;
    make_id(locality_base(s->seed), ORG_PLATFORM, id);
    buf_clear(&s->out);
    buf_add(&s->out, text_first(bundle, bundle.n - T(BUNDLE_END).n));
    buf_printf(&s->out,
               ",{\"fullUrl\":\"urn:uuid:%s\",\"resource\":{\"resourceType\":\"Organization\","
               "\"id\":\"%s\",\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/"
               "ods-organization-code\",\"value\":\"%s\"}],\"active\":true,\"name\":\"%s\"},"
               "\"request\":{\"method\":\"PUT\",\"url\":\"Organization/%s\"}}" BUNDLE_END,
               id, id, platform->ods, platform->name, id);
    for (int at = 0; !rc && at < SYNTH_PLACES; at++) {
        rc = send(s, (enum synth_place)at, file, e);
    }
    return rc;
}

/* --- one person ---------------------------------------------------------------------------------
 */

/* FNV-1a: what is invented here follows from the person alone. */
static uint64_t number_of(text id)
{
    uint64_t h = 0xcbf29ce484222325U;
    for (size_t i = 0; i < id.n; i++) {
        h = (h ^ (unsigned char)id.p[i]) * 0x100000001b3U;
    }
    return h;
}

static void know_places(const struct synth_spread *s, struct spreading *p)
{
    uint64_t base = locality_base(s->seed);
    make_id(base, ORG_TRUST, p->trust);
    make_id(base, ORG_COMMUNITY, p->community);
    make_id(base, ORG_COUNCIL, p->council);
    make_id(base, ORG_PHARMACY, p->pharmacy);
    make_id(base, PRACTITIONER + STAFF_PHARMACIST, p->pharmacist);
    p->own = number_of(p->patient);
    for (uint32_t at = 0; at < SYNTH_PLACES; at++) {
        make_id(mix(p->own, 0x706c616365, at), 0, p->patient_at[at]);
    }
    /* The practice's own id is that of the population: who is whom can be told across seeds. */
    memcpy(p->patient_at[SYNTH_AT_GP], p->patient.p, UUID_SIZE - 1);
}

static int read_person(struct synth_spread *s, text bundle, struct spreading *p, struct err *e)
{
    yyjson_val *root;
    int rc = json_read(bundle, DEPTH_MOST, &s->arena, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(root, T("entry"));
    if (rc) {
        return rc;
    }
    p->entries = arena_zalloc(&s->arena, json_len(list) + 1, sizeof *p->entries);
    if (!p->entries) {
        return no_memory(e);
    }
    const yyjson_val *item = list + 1;
    for (size_t left = json_len(list); left; left--, item = json_after(item)) {
        const yyjson_val *r = json_get(item, T("resource"));
        struct spread_entry *x = &p->entries[p->count++];
        *x = (struct spread_entry){r, json_text(json_get(r, T("resourceType"))),
                                   json_text(json_get(r, T("id"))), 0};
        if (text_eq(x->type, T("Patient"))) {
            p->patient = x->id;
        }
    }
    return p->patient.n == UUID_SIZE - 1
               ? 0
               : err_set(e, ERR_INTERNAL, "a bundle of the population is about nobody");
}

static bool is_at(const struct spread_entry *x, enum synth_place at)
{
    return x->places & 1U << at;
}

static void put_person(struct synth_spread *s, const struct spreading *p, enum synth_place at)
{
    bool first = true;
    buf_clear(&s->out);
    buf_add(&s->out, T(BUNDLE_HEAD));
    for (size_t i = 0; i < p->count; i++) {
        const struct spread_entry *x = &p->entries[i];
        if (!is_at(x, at)) {
            continue;
        }
        if (at == SYNTH_AT_PHARMACY && text_eq(x->type, T("MedicationRequest"))) {
            spread_put_dispense(p, x, &s->out);
        } else {
            spread_put_entry(p, at, x, &s->out, first);
        }
        first = false;
    }
    if (at == SYNTH_AT_PLATFORM) {
        spread_put_own(p, SYNTH_TODAY, &s->out);
    }
    buf_add(&s->out, T(BUNDLE_END));
}

int synth_spread_write(void *ctx, const char *file, text bundle, struct err *e)
{
    struct synth_spread *s = ctx;
    struct spreading p = {0};
    if (text_starts(text_of(file), T("000-"))) {
        return write_locality(s, file, bundle, e);
    }
    arena_reset(&s->arena);
    int rc = read_person(s, bundle, &p, e);
    if (rc) {
        return rc;
    }
    know_places(s, &p);
    spread_decide(&p);
    for (int at = 0; !rc && at < SYNTH_PLACES; at++) {
        const struct spread_entry *person =
            spread_entry_of(&p, arena_printf(&s->arena, "Patient/%.*s", TEXT_ARG(p.patient)));
        if (person && is_at(person, (enum synth_place)at)) {
            put_person(s, &p, (enum synth_place)at);
            rc = send(s, (enum synth_place)at, file, e);
        }
    }
    return rc;
}

#include "locality/copies.h"
#include "locality/joined_int.h"

/*
 * J7: a patient is shown copies of what a place holds that is away, while they may be shown. They
 * are as the patient saw the entries, so nobody else is shown them; and what the place has changed
 * since it was last heard of is not in them, so the part stays missing.
 */

static bool is_for(const struct gathering *g)
{
    const struct actor *actor = &g->ask->caller->actor;
    return g->j->config.copies && g->decision.relation == RELATION_SELF &&
           actor->kind == ACTOR_PERSON && text_eq(actor->patient, g->ask->patient) &&
           g->ask->record;
}

static bool is_wanted(text types, text type)
{
    bool is = types.n == 0;
    text item;
    while (!is && text_cut(&types, ',', &item)) {
        is = text_eq(text_trim(item), type);
    }
    return is;
}

/* Of the bodies those of the types that were asked for, in place; the holder's id of the person. */
static size_t of_types(text types, const yyjson_val *bundle, text *bodies, size_t count,
                       text *ret_patient)
{
    const yyjson_val *entry = joined_first(json_get(bundle, T("entry")));
    size_t kept = 0;
    for (size_t i = 0; i < count && entry; i++, entry = json_after(entry)) {
        const yyjson_val *resource = json_get(entry, T("resource"));
        text type = json_text(json_get(resource, T("resourceType")));
        if (text_eq(type, T("Patient"))) {
            *ret_patient = json_text(json_get(resource, T("id")));
        }
        if (is_wanted(types, type)) {
            bodies[kept++] = bodies[i];
        }
    }
    return kept;
}

static text bundle_of(const text *bodies, size_t count, struct arena *a)
{
    struct buf out;
    buf_init(&out, COPIES_SHOWN_BYTES + ((size_t)64 << 14));
    buf_add(&out, T("{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":["));
    for (size_t i = 0; i < count; i++) {
        buf_add(&out, i ? T(",{\"search\":{\"mode\":\"match\"},\"resource\":")
                        : T("{\"search\":{\"mode\":\"match\"},\"resource\":"));
        buf_add(&out, bodies[i]);
        buf_addc(&out, '}');
    }
    buf_add(&out, T("]}"));
    text made = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return made;
}

static int read_bodies(struct gathering *g, const struct joined_part *part, const text *bodies,
                       size_t count, text patient, struct joined_reading *ret, struct err *why)
{
    yyjson_val *tree = NULL;
    text bundle = bundle_of(bodies, count, g->a);
    if (!bundle.p) {
        return joined_no_memory(why);
    }
    int rc = json_read(bundle, JOINED_DEPTH, g->a, &tree, why);
    return rc ? rc : joined_read(tree, &g->subject, patient, part->base, g->a, ret, why);
}

/* By the same reading as an answer, the person with the rest; copies that do not hold are not
 * shown, and people are told. */
static int take(struct gathering *g, struct joined_part *part, text *bodies, size_t count,
                int64_t until_ms, struct err *e)
{
    const struct loc_world *w = g->j->config.world;
    struct joined_reading reading;
    struct err why = {0}, ignored;
    text patient = T("");
    int rc = read_bodies(g, part, bodies, count, patient, &reading, &why);
    if (!rc && g->ask->types.n) {
        count = of_types(g->ask->types, reading.bundle, bodies, count, &patient);
        rc = count ? read_bodies(g, part, bodies, count, patient, &reading, &why) : 0;
    }
    if (rc == ERR_MEMORY) {
        return joined_no_memory(e);
    }
    if (rc) {
        (void)w->alarm(w->context, "answer", part->ods, text_of(err_text(&why)), &ignored);
        return 0;
    }
    if (!count) {
        return 0;
    }
    part->bundles[0] = reading.bundle;
    part->bundle_count = 1;
    part->copies = reading.entries;
    part->until_ms = until_ms;
    return 0;
}

int joined_copies(struct gathering *g, struct err *e)
{
    uint8_t person[32];
    int rc = 0;
    for (size_t i = 1; !rc && i < g->part_count && is_for(g); i++) {
        struct joined_part *part = &g->parts[i];
        text *bodies = NULL;
        size_t count = 0;
        int64_t until_ms = 0;
        struct err why = {0};
        if (part->bundle_count || (part->outcome != ASK_TIMED_OUT && part->outcome != ASK_AWAY)) {
            continue;
        }
        rc = feed_person(g->j->config.feed, g->subject.nhs_number, person, e);
        int found = rc ? rc
                       : copies_all(g->j->config.copies, person, part->ods, g->a, &bodies, &count,
                                    &until_ms, &why);
        if (!rc && found && found != ERR_TOO_LARGE) {
            rc = err_set(e, found, "%s", err_text(&why));
        }
        rc = rc || found || !count ? rc : take(g, part, bodies, count, until_ms, e);
    }
    return rc;
}

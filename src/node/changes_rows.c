/* What one version means to others. */
#include "node/changes_int.h"
#include "policy/facts.h"

enum { CONSENT_STEP, COPIES_STEP, SEAL_STEP, LINK_STEP, ENTRY_STEP };
enum { FILL_A_TIME = 200, FILL_BYTES = 8 << 20 };
#define HIDDEN (LABEL_SEALED | LABEL_LOCKED)

struct telling {
    struct changes *c;
    const struct changed *x;
    struct changes_place *at;
    text what;        /* "Observation/5" */
    yyjson_val *root; /* NULL: a deletion */
    yyjson_val *before;
    bool urgent;
};

static bool is(const struct telling *t, const char *type)
{
    return text_eq(fhir_type_name(t->x->version->type), text_of(type));
}

static const yyjson_val *first_of(const yyjson_val *list)
{
    return json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
}

/* Its row, to whom copies_to() says, and the place behind it. */
static int tell(struct telling *t, uint8_t step, struct feed_row *row, struct err *e)
{
    struct changes_place to = *t->at;
    uint8_t value[9];
    text *homes = NULL;
    size_t home_count = 0;
    row->subject = t->x->subject;
    memcpy(row->person, t->x->key, 32);
    to.t = t->x->version->t;
    to.step = (uint8_t)(step + 1);
    changes_place_print(&to, value);
    const struct kept_change more = {.change = to.has_kept ? KEPT_SWAP : KEPT_ADD,
                                     .kind = CHANGES_ROWS,
                                     .key = T(CHANGES_TOLD),
                                     .value = text_make((const char *)value, sizeof value),
                                     .was = text_make((const char *)to.kept, sizeof to.kept)};
    int rc = changes_homes(t->c, t->x, &homes, &home_count, e);
    rc = rc ? rc : copies_tell_also(t->c->copies, row, homes, home_count, &more, 1, e);
    if (!rc) {
        memcpy(to.kept, value, sizeof value);
        to.has_kept = true;
        *t->at = to;
        t->urgent = t->urgent || row->at_once;
    }
    return rc;
}

/* --- choices ------------------------------------------------------------------------------------
 */

/* Always raised: K3. */
static int next_version(struct telling *t, uint64_t *ret, struct err *e)
{
    uint64_t known = 0, now = t->x->version->t >> 16;
    int rc = feed_consent(t->c->feed, t->x->key, &known, e);
    *ret = now > known ? now : known + 1;
    return rc;
}

static int tell_consent(struct telling *t, struct err *e)
{
    struct feed_row row = {.kind = FEED_CONSENT, .at_once = true, .what = t->what};
    if (!choice_is_news(t->root ? t->root : t->before)) {
        return 0;
    }
    locality_choice_changed(t->c->config.locality, t->x->subject.nhs_number);
    const struct note_signer *by;
    text self;
    memcpy(row.person, t->x->key, 32);
    int rc = next_version(t, &row.consent_version, e);
    rc = rc ? rc : trust_self(locality_trust(t->c->config.locality), &by, &self, e);
    rc = rc ? rc : choice_print(t->c->config.world, by, self, &row, t->root, t->x->a, &row.body, e);
    return rc ? rc : tell(t, CONSENT_STEP, &row, e);
}

/* --- copies -------------------------------------------------------------------------------------
 */

/* As the patient sees it, for whom a platform has it. Empty: they do not, or it is sealed. */
static int as_seen(struct telling *t, text what, const yyjson_val *root, text *ret, struct err *e)
{
    const struct loc_world *w = t->c->config.world;
    text parties[] = {arena_printf(t->x->a, "Patient/%.*s", TEXT_ARG(t->x->patient))};
    struct caller patient = {.actor = {.kind = ACTOR_PERSON,
                                       .patient = t->x->patient,
                                       .parties = parties,
                                       .party_count = 1,
                                       .purpose = PURPOSE_PATIENT}};
    struct own_call call = {.method = T("GET"), .path = what};
    text facts = {0};
    fhir_type type = fhir_type_of(json_text(json_get(root, T("resourceType"))));
    *ret = (text){0};
    int rc = policy_facts(type, (yyjson_val *)(uintptr_t)root,
                          store_labels(t->c->config.node->store), t->x->a, &facts, e);
    if (rc || (facts_labels(facts) & HIDDEN)) {
        return rc;
    }
    rc = w->own(w->context, &patient, &call, t->x->a, e);
    *ret = !rc && call.status == 200 ? call.answer : (text){0};
    return rc;
}

static int entry_row(struct telling *t, text what, const yyjson_val *root, struct feed_row *ret,
                     struct err *e)
{
    text body = {0};
    *ret = (struct feed_row){.what = what};
    int rc = root ? as_seen(t, what, root, &body, e) : 0;
    rc = rc ? rc : feed_consent(t->c->feed, t->x->key, &ret->consent_version, e);
    ret->kind = body.n ? FEED_ENTRY : FEED_DELETION;
    ret->consent_version = body.n ? ret->consent_version : 0;
    ret->body = body;
    return rc;
}

/* What is there already, for one that has just been chosen. Told again after a crash: the copies
 * are the same. */
static int fill(struct telling *t, text ods, struct err *e)
{
    struct world *node = t->c->config.node;
    text from = {0};
    bool more = true;
    int rc = 0;
    while (!rc && more) {
        struct arena a;
        struct changed part = *t->x;
        struct telling inner = *t;
        struct versions found = {0};
        struct store_view *v;
        arena_init(&a, CHANGES_MEMORY);
        part.a = &a;
        inner.x = &part;
        rc = store_view_begin(node->store, policy_local_administrator(), STORE_ONE_READ, &v, e);
        if (!rc) {
            rc = store_scan(v, t->x->patient, FILL_A_TIME, FILL_BYTES, from, &a, &found, e);
            store_view_end(v);
        }
        for (size_t i = 0; !rc && i < found.count; i++) {
            const struct version *one = &found.items[i];
            struct feed_row row = {0};
            yyjson_val *root = NULL;
            text what = arena_printf(&a, "%.*s/%.*s", TEXT_ARG(fhir_type_name(one->type)),
                                     TEXT_ARG(one->id));
            rc = world_read_version(node, one->type, one->id, one->vid, &a, &root, e);
            rc = rc ? rc : entry_row(&inner, what, root, &row, e);
            row.subject = t->x->subject;
            memcpy(row.person, t->x->key, 32);
            rc = rc || row.kind != FEED_ENTRY ? rc
                                              : feed_send(t->c->feed, &ods, 1, &row, NULL, 0, e);
        }
        more = found.more;
        from = more ? arena_copy(t->x->a, found.next) : (text){0};
        rc = rc || !more || from.p ? rc : changes_no_memory(e);
        arena_done(&a);
    }
    return rc;
}

/* That one is being filled outlives a crash. */
static int mark(struct telling *t, text ods, enum kept_change_kind change, bool *ret_marked,
                struct err *e)
{
    const struct loc_world *w = t->c->config.world;
    const text parts[] = {text_make((const char *)t->x->key, 32), ods};
    text key = arena_join(t->x->a, parts, 2), value;
    if (!key.p) {
        return changes_no_memory(e);
    }
    if (ret_marked) {
        int rc = w->get(w->context, "changes-fill", key, t->x->a, &value, e);
        *ret_marked = rc == 0;
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    const struct kept_change one = {.change = change, .kind = "changes-fill", .key = key};
    return w->write(w->context, &one, 1, NULL, e);
}

/* The platform that the patient chose has copies, as long as they do; each change of a choice gives
 * them anew. */
static int settle_copies(struct telling *t, struct err *e)
{
    text platform = {0}, *given = NULL;
    size_t count = 0;
    bool has = false;
    struct copies *copies = t->c->copies;
    int rc = places_platform(t->c->places, t->x->patient, t->x->a, &platform, e);
    rc = rc ? rc : copies_given(copies, t->x->key, t->x->a, &given, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        bool stays = text_eq(given[i], platform);
        has = has || stays;
        rc = stays ? copies_give(copies, &t->x->subject, given[i], e)
                   : copies_end(copies, &t->x->subject, given[i], e);
        t->urgent = t->urgent || !stays;
    }
    bool fills = !rc && platform.n && !has && !text_eq(platform, t->x->self);
    if (fills) {
        rc = mark(t, platform, KEPT_PUT, NULL, e);
        rc = rc ? rc : copies_give(copies, &t->x->subject, platform, e);
    } else if (!rc && has) {
        rc = mark(t, platform, KEPT_PUT, &fills, e); /* one that a crash has ended */
    }
    if (!rc && fills) {
        rc = fill(t, platform, e);
        rc = rc ? rc : mark(t, platform, KEPT_DELETE, NULL, e);
    }
    return rc;
}

int changes_settle_copies(struct changes *c, const struct changed *x, bool *ret_urgent,
                          struct err *e)
{
    struct telling t = {.c = c, .x = x};
    int rc = settle_copies(&t, e);
    *ret_urgent = *ret_urgent || t.urgent;
    return rc;
}

/* Who it was before this version. *ret_had: others could be told of them. */
static int before(struct telling *t, struct changed *ret_was, bool *ret_had, struct err *e)
{
    const struct changed *x = t->x;
    const struct version *v = x->version;
    struct err none;
    *ret_was = *x;
    *ret_had = !world_read_version(t->c->config.node, v->type, v->id, v->vid - 1, x->a,
                                   &ret_was->person, &none) &&
               !person_of(ret_was->person, &ret_was->subject, &none);
    return *ret_had ? feed_person(t->c->feed, ret_was->subject.nhs_number, ret_was->key, e) : 0;
}

/* What was given and told of somebody ends. */
static int end_all(struct telling *t, const struct changed *was, struct err *e)
{
    struct changes *c = t->c;
    text *given = NULL, *homes = NULL;
    size_t count = 0, home_count = 0;
    int rc = copies_given(c->copies, was->key, was->a, &given, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = copies_end(c->copies, &was->subject, given[i], e);
        t->urgent = true;
    }
    rc = rc ? rc : changes_homes(c, was, &homes, &home_count, e);
    for (size_t i = 0; !rc && i < home_count; i++) {
        rc = places_left(c->places, &was->subject, homes[i], e);
    }
    return rc ? rc : changes_home_forget(c, was, e);
}

int changes_renumbered(struct changes *c, const struct changed *x, bool known, bool *ret_urgent,
                       struct err *e)
{
    struct telling t = {.c = c, .x = x};
    struct changed was;
    bool had = false;
    if (x->version->vid < 2) {
        return 0;
    }
    int rc = before(&t, &was, &had, e);
    bool same = had ? known && memcmp(was.key, x->key, 32) == 0 : !known;
    rc = rc || same || !had ? rc : end_all(&t, &was, e);
    rc = rc || same || !known ? rc : settle_copies(&t, e);
    *ret_urgent = *ret_urgent || t.urgent;
    return rc;
}

static int tell_entry(struct telling *t, struct err *e)
{
    struct feed_row row;
    text *given = NULL;
    size_t count = 0;
    int rc = copies_given(t->c->copies, t->x->key, t->x->a, &given, &count, e);
    if (rc || !count) {
        return rc;
    }
    rc = entry_row(t, t->what, t->root, &row, e);
    return rc ? rc : tell(t, ENTRY_STEP, &row, e);
}

/* --- seals --------------------------------------------------------------------------------------
 */

static int hidden(struct telling *t, yyjson_val *root, bool *ret, struct err *e)
{
    text facts = {0};
    int rc = root ? policy_facts(t->x->version->type, root, store_labels(t->c->config.node->store),
                                 t->x->a, &facts, e)
                  : 0;
    *ret = !rc && (facts_labels(facts) & HIDDEN);
    return rc;
}

static int tell_seal(struct telling *t, struct err *e)
{
    bool was = false, now = false;
    struct feed_row row = {.kind = FEED_SEAL, .what = t->what};
    int rc = hidden(t, t->before, &was, e);
    rc = rc ? rc : hidden(t, t->root, &now, e);
    if (rc || was == now || !t->root) {
        return rc;
    }
    locality_choice_changed(t->c->config.locality, t->x->subject.nhs_number);
    row.at_once = now;
    row.body = now ? T("{\"sealed\":true}") : T("{\"sealed\":false}");
    return tell(t, SEAL_STEP, &row, e);
}

/* --- two records of one person ------------------------------------------------------------------
 */

/* Patient.link: this record has been replaced by another one. */
static bool is_replaced(const yyjson_val *patient)
{
    const yyjson_val *list = json_get(patient, T("link"));
    const yyjson_val *item = first_of(list);
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("type"))), T("replaced-by"))) {
            return true;
        }
    }
    return false;
}

static int tell_link(struct telling *t, struct err *e)
{
    bool was = is_replaced(t->before), now = is_replaced(t->root);
    struct feed_row row = {.kind = now ? FEED_MERGE : FEED_UNMERGE, .what = t->what};
    return was == now ? 0 : tell(t, LINK_STEP, &row, e);
}

/* Linkage: the patients here that it says are one. */
static int linked(struct changes *c, const struct version *v, uint64_t vid, struct arena *a,
                  const yyjson_val **ret_items, struct err *e)
{
    struct err why = {0};
    yyjson_val *root = NULL;
    *ret_items = NULL;
    int rc = vid ? world_read_version(c->config.node, v->type, v->id, vid, a, &root, &why)
                 : ERR_NOT_FOUND;
    if (rc && rc != ERR_NOT_FOUND) {
        return err_set(e, rc, "%s", err_text(&why));
    }
    const yyjson_val *active = rc ? NULL : json_get(root, T("active"));
    if (!rc && (!active || json_is_true(active))) {
        *ret_items = json_get(root, T("item"));
    }
    return 0;
}

static text patient_at(const yyjson_val *item)
{
    text to = json_text(json_get(json_get(item, T("resource")), T("reference")));
    return text_starts(to, T("Patient/")) ? text_from(to, T("Patient/").n) : (text){0};
}

static bool names(const yyjson_val *items, text patient)
{
    const yyjson_val *item = first_of(items);
    for (size_t left = item ? json_len(items) : 0; left; left--, item = json_after(item)) {
        if (text_eq(patient_at(item), patient)) {
            return true;
        }
    }
    return false;
}

/* Those of `items` that `others` does not name. */
static int tell_linked(struct telling *t, struct changed *x, enum feed_kind kind,
                       const yyjson_val *items, const yyjson_val *others, uint8_t *step,
                       uint8_t done, struct err *e)
{
    const yyjson_val *item = first_of(items);
    int rc = 0;
    for (size_t left = item ? json_len(items) : 0; !rc && left && *step < CHANGES_DONE - 1;
         left--, item = json_after(item), (*step)++) {
        bool known = false;
        struct feed_row row = {.kind = kind, .what = t->what};
        x->patient = patient_at(item);
        if (*step < done || !x->patient.n || names(others, x->patient)) {
            continue;
        }
        rc = changes_identify(t->c, x, &known, e);
        rc = rc || !known ? rc : tell(t, *step, &row, e);
    }
    return rc;
}

int changes_tell_linkage(struct changes *c, const struct version *v, struct changes_place *at,
                         struct arena *a, struct err *e)
{
    struct changed x = {.version = v, .a = a};
    struct telling t = {
        .c = c, .x = &x, .at = at, .what = arena_printf(a, "Linkage/%.*s", TEXT_ARG(v->id))};
    uint8_t done = at->t == v->t ? at->step : 0, step = 0;
    const yyjson_val *now = NULL, *before = NULL;
    int rc = t.what.p ? linked(c, v, v->deleted ? 0 : v->vid, a, &now, e) : changes_no_memory(e);
    rc = rc ? rc : linked(c, v, v->vid - 1, a, &before, e);
    rc = rc ? rc : tell_linked(&t, &x, FEED_MERGE, now, before, &step, done, e);
    return rc ? rc : tell_linked(&t, &x, FEED_UNMERGE, before, now, &step, done, e);
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static int read_both(struct telling *t, struct err *e)
{
    const struct version *v = t->x->version;
    struct world *node = t->c->config.node;
    struct err none;
    int rc =
        v->deleted ? 0 : world_read_version(node, v->type, v->id, v->vid, t->x->a, &t->root, e);
    if (!rc && v->vid > 1 &&
        world_read_version(node, v->type, v->id, v->vid - 1, t->x->a, &t->before, &none)) {
        t->before = NULL;
    }
    t->what =
        arena_printf(t->x->a, "%.*s/%.*s", TEXT_ARG(fhir_type_name(v->type)), TEXT_ARG(v->id));
    return rc || t->what.p ? rc : changes_no_memory(e);
}

int changes_tell(struct changes *c, const struct changed *x, struct changes_place *at,
                 bool *ret_urgent, struct err *e)
{
    struct telling t = {.c = c, .x = x, .at = at};
    uint8_t done = at->t == x->version->t ? at->step : 0;
    int rc = read_both(&t, e);
    if (!rc && is(&t, "Consent") && done <= CONSENT_STEP) {
        rc = tell_consent(&t, e);
    }
    if (!rc && is(&t, "Consent") && done <= COPIES_STEP) {
        rc = settle_copies(&t, e);
    }
    if (!rc && done <= SEAL_STEP) {
        rc = tell_seal(&t, e);
    }
    if (!rc && is(&t, "Patient") && done <= LINK_STEP) {
        rc = tell_link(&t, e);
    }
    if (!rc && done <= ENTRY_STEP) {
        rc = tell_entry(&t, e);
    }
    *ret_urgent = *ret_urgent || t.urgent;
    return rc;
}

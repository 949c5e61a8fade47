#include "node/changes_int.h"

#include "base/clock.h"
#include "base/log.h"
#include "fhir/search.h"
#include "identity/identity.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <time.h>

enum {
    LOOK_MS = 1000,   /* what came without a note (a load, an account) is seen after so long */
    REST_MS = 50,     /* between two looks, unless somebody waits */
    RETRY_MS = 500,   /* after a failure */
    SEND_MS = 1000,   /* K2: what goes at once is tried so often */
    SETTLE_MS = 5000, /* so long somebody waits for a choice of theirs while nothing moves */
    SETTLE_STEP_MS = 100,
    KNOWN_MOST = 64 << 20,
    UNSETTLED_A_TIME = 64,
    PATIENTS_MOST = 4, /* of one NHS number */
};
#define NHS_SYSTEM "https://fhir.nhs.uk/Id/nhs-number"

int changes_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory to follow what changes");
}

/* --- the place reached --------------------------------------------------------------------------
 */

void changes_place_print(const struct changes_place *at, uint8_t ret[9])
{
    for (int i = 0; i < 8; i++) {
        ret[i] = (uint8_t)(at->t >> (56 - 8 * i));
    }
    ret[8] = at->step;
}

static int place_read(struct changes *c, const char *key, struct changes_place *ret, struct err *e)
{
    const struct loc_world *w = c->config.world;
    struct arena a;
    text value;
    *ret = (struct changes_place){.step = CHANGES_DONE};
    arena_init(&a, 65536);
    int rc = w->get(w->context, CHANGES_ROWS, text_of(key), &a, &value, e);
    if (!rc && value.n != sizeof ret->kept) {
        rc = err_set(e, ERR_CORRUPT, "how far changes were followed cannot be read");
    }
    if (!rc) {
        memcpy(ret->kept, value.p, sizeof ret->kept);
        for (int i = 0; i < 8; i++) {
            ret->t = ret->t << 8 | ret->kept[i];
        }
        ret->step = ret->kept[8];
        ret->has_kept = true;
    }
    arena_done(&a);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int place_write(struct changes *c, const char *key, struct changes_place *at, struct err *e)
{
    const struct loc_world *w = c->config.world;
    uint8_t value[9];
    changes_place_print(at, value);
    const struct kept_change put = {.change = KEPT_PUT,
                                    .kind = CHANGES_ROWS,
                                    .key = text_of(key),
                                    .value = text_make((const char *)value, sizeof value)};
    int rc = w->write(w->context, &put, 1, NULL, e);
    if (!rc) {
        memcpy(at->kept, value, sizeof value);
        at->has_kept = true;
    }
    return rc;
}

/* --- whose it is --------------------------------------------------------------------------------
 */

struct batch {
    struct versions found;
    text *patients; /* of each version: the own id; empty: nobody's */
};

/* What came later than `at`, or what is left of that version. */
static int list(struct changes *c, const struct changes_place *at, struct arena *a,
                struct batch *ret, struct err *e)
{
    struct store_view *v;
    uint64_t after = at->t && at->step != CHANGES_DONE ? at->t - 1 : at->t;
    int rc = store_view_begin(c->config.node->store, policy_local_administrator(), STORE_SNAPSHOT,
                              &v, e);
    if (rc) {
        return rc;
    }
    rc = store_changes(v, after, NULL, CHANGES_A_TIME, a, &ret->found, e);
    ret->patients = rc ? NULL : arena_zalloc(a, ret->found.count + 1, sizeof *ret->patients);
    rc = rc || ret->patients ? rc : changes_no_memory(e);
    for (size_t i = 0; !rc && i < ret->found.count; i++) {
        uint64_t compartment;
        text id = {0};
        if (store_patients_compartment(ret->found.items[i].rid, &compartment) &&
            store_patient_of(v, compartment, &id) == 0) {
            ret->patients[i] = arena_copy(a, id);
            rc = ret->patients[i].p ? 0 : changes_no_memory(e);
        }
    }
    store_view_end(v);
    return rc;
}

int changes_identify(struct changes *c, struct changed *x, bool *ret_known, struct err *e)
{
    struct err why = {0};
    const struct note_signer *signer;
    const struct version *v = x->version;
    struct world *node = c->config.node;
    *ret_known = false;
    int rc = trust_self(locality_trust(c->config.locality), &signer, &x->self, e);
    text reference = arena_printf(x->a, "Patient/%.*s", TEXT_ARG(x->patient));
    if (rc || !reference.p) {
        return rc ? rc : changes_no_memory(e);
    }
    int found = world_read(node, reference, x->a, &x->person, &why);
    if (found == ERR_NOT_FOUND && v->type == FHIR_PATIENT && v->deleted && v->vid > 1) {
        found = world_read_version(node, v->type, v->id, v->vid - 1, x->a, &x->person, &why);
    }
    found = found ? found : person_of(x->person, &x->subject, &why);
    if (found) {
        return found == ERR_NOT_FOUND ? 0 : err_set(e, found, "%s", err_text(&why));
    }
    *ret_known = true;
    return feed_person(c->feed, x->subject.nhs_number, x->key, e);
}

/* --- following ----------------------------------------------------------------------------------
 */

static void hurry(struct changes *c)
{
    (void)pthread_mutex_lock(&c->lock);
    c->hurry = true;
    (void)pthread_cond_signal(&c->send);
    (void)pthread_mutex_unlock(&c->lock);
}

static void note_handled(struct changes *c, uint64_t t)
{
    (void)pthread_mutex_lock(&c->lock);
    c->handled = t;
    (void)pthread_cond_broadcast(&c->moved);
    (void)pthread_mutex_unlock(&c->lock);
}

static int tell_one(struct changes *c, const struct batch *b, size_t i, struct changes_place *at,
                    struct err *e)
{
    struct arena a;
    struct changed x = {.version = &b->found.items[i], .patient = b->patients[i], .a = &a};
    bool known = false, urgent = false;
    arena_init(&a, CHANGES_MEMORY);
    int rc = changes_identify(c, &x, &known, e);
    if (!rc && x.version->type == FHIR_PATIENT && !x.version->deleted) {
        rc = changes_renumbered(c, &x, known, &urgent, e);
    }
    rc = rc || !known ? rc : changes_tell(c, &x, at, &urgent, e);
    arena_done(&a);
    if (urgent) {
        hurry(c);
    }
    return rc;
}

/* The rows of what changed; the place is written with each, and at the end. */
static int follow_changes(struct changes *c, bool *ret_more, struct err *e)
{
    struct changes_place at;
    struct arena a;
    struct batch b = {0};
    int rc = place_read(c, CHANGES_TOLD, &at, e);
    if (!rc && !at.has_kept) { /* what was before this node joined was told to nobody */
        rc = store_moment(c->config.node->store, policy_local_administrator(), &at.t, e);
        rc = rc ? rc : place_write(c, CHANGES_TOLD, &at, e);
    }
    if (!rc && at.step == CHANGES_DONE) {
        note_handled(c, at.t);
    }
    arena_init(&a, CHANGES_MEMORY);
    rc = rc ? rc : list(c, &at, &a, &b, e);
    for (size_t i = 0; !rc && i < b.found.count; i++) {
        bool links = text_eq(fhir_type_name(b.found.items[i].type), T("Linkage"));
        rc = b.patients[i].n ? tell_one(c, &b, i, &at, e)
             : links         ? changes_tell_linkage(c, &b.found.items[i], &at, &a, e)
                             : 0;
        at.t = rc ? at.t : b.found.items[i].t;
        at.step = rc ? at.step : CHANGES_DONE;
        if (!rc) {
            note_handled(c, at.t);
        }
    }
    rc = rc || !b.found.count ? rc : place_write(c, CHANGES_TOLD, &at, e);
    *ret_more = b.found.more;
    arena_done(&a);
    return rc;
}

/* Copies of those of whom others have told a new version of consent. */
static int settle_one(struct changes *c, const struct copies_unsettled *one, struct arena *a,
                      bool *ret_urgent, struct err *e)
{
    struct versions found = {0};
    struct world *node = c->config.node;
    const struct search_pair pair = {
        T("identifier"), arena_printf(a, NHS_SYSTEM "|%.*s", TEXT_ARG(one->nhs_number))};
    int rc = pair.value.p ? world_find(node, FHIR_PATIENT, &pair, 1, PATIENTS_MOST, a, &found, e)
                          : changes_no_memory(e);
    for (size_t i = 0; !rc && i < found.count; i++) {
        struct changed x = {.version = &found.items[i], .patient = found.items[i].id, .a = a};
        bool known = false;
        rc = changes_identify(c, &x, &known, e);
        rc = rc || !known ? rc : changes_settle_copies(c, &x, ret_urgent, e);
    }
    return rc ? rc : copies_settled(c->copies, one, e);
}

static int settle_others(struct changes *c, struct err *e)
{
    struct arena a;
    struct copies_unsettled *all = NULL;
    size_t count = 0;
    bool urgent = false;
    arena_init(&a, CHANGES_MEMORY);
    int rc = copies_unsettled(c->copies, UNSETTLED_A_TIME, &a, &all, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = settle_one(c, &all[i], &a, &urgent, e);
    }
    arena_done(&a);
    if (urgent) {
        hurry(c);
    }
    return rc;
}

/* Whether the home of a compartment's patient has to be looked at: once, and when they or a choice
 * of theirs have changed. */
static bool looks_home(struct changes *c, const struct version *v)
{
    uint64_t compartment = v->rid >> 28;
    size_t byte = compartment / 8;
    uint8_t bit = (uint8_t)(1U << compartment % 8);
    if (byte >= c->known_bytes && byte < KNOWN_MOST) {
        size_t more = byte + 4096;
        uint8_t *known = realloc(c->known, more);
        if (known) {
            memset(known + c->known_bytes, 0, more - c->known_bytes);
            c->known = known;
            c->known_bytes = more;
        }
    }
    bool always = v->type == FHIR_PATIENT || text_eq(fhir_type_name(v->type), T("Consent"));
    bool seen = byte < c->known_bytes && c->known[byte] & bit;
    if (byte < c->known_bytes) {
        c->known[byte] |= bit;
    }
    return always || !seen;
}

static int look_home(struct changes *c, const struct batch *b, size_t i, struct err *e)
{
    struct arena a;
    struct changed x = {.version = &b->found.items[i], .patient = b->patients[i], .a = &a};
    bool known = false;
    arena_init(&a, CHANGES_MEMORY);
    int rc = changes_identify(c, &x, &known, e);
    bool here = known && !(x.version->type == FHIR_PATIENT && x.version->deleted);
    rc = rc || !here ? rc : changes_home(c, &x, e);
    arena_done(&a);
    return rc;
}

/* Who has joined may be the home of people whose records were here before. */
static int look_at_members(struct changes *c, struct changes_place *at, struct err *e)
{
    const struct loc_world *w = c->config.world;
    struct directory_ref *ref;
    const char *why;
    struct arena a;
    uint8_t hash[32];
    text was = {0};
    struct buf names;
    const struct directory *d = trust_directory(locality_trust(c->config.locality), &ref, &why);
    if (!d) {
        return err_set(e, ERR_NOT_FOUND, "%s", why);
    }
    buf_init(&names, 1 << 20);
    for (size_t i = 0; i < d->member_count; i++) {
        buf_add(&names, d->members[i].ods);
        buf_addc(&names, '\n');
    }
    trust_done(ref);
    (void)SHA256((const unsigned char *)buf_text(&names).p, buf_text(&names).n, hash);
    buf_done(&names);
    text now = text_make((const char *)hash, sizeof hash);
    arena_init(&a, 65536);
    int rc = w->get(w->context, CHANGES_ROWS, T("members"), &a, &was, e);
    bool same = !rc && text_eq(was, now);
    rc = rc == ERR_NOT_FOUND ? 0 : rc;
    if (!rc && !same) {
        const struct kept_change put = {
            .change = KEPT_PUT, .kind = CHANGES_ROWS, .key = T("members"), .value = now};
        *at = (struct changes_place){.step = CHANGES_DONE};
        if (c->known) {
            memset(c->known, 0, c->known_bytes);
        }
        rc = place_write(c, CHANGES_CONTACTS, at, e);
        rc = rc ? rc : w->write(w->context, &put, 1, NULL, e);
    }
    arena_done(&a);
    return rc;
}

/* First contacts: from the beginning of the store on. All of it may be done twice. */
static int follow_contacts(struct changes *c, bool *ret_more, struct err *e)
{
    struct changes_place at;
    struct arena a;
    struct batch b = {0};
    int rc = place_read(c, CHANGES_CONTACTS, &at, e);
    rc = rc ? rc : look_at_members(c, &at, e);
    arena_init(&a, CHANGES_MEMORY);
    rc = rc ? rc : list(c, &at, &a, &b, e);
    for (size_t i = 0; !rc && i < b.found.count; i++) {
        bool looks = b.patients[i].n && looks_home(c, &b.found.items[i]);
        rc = looks ? look_home(c, &b, i, e) : 0;
        at.t = rc ? at.t : b.found.items[i].t;
    }
    rc = rc || !b.found.count ? rc : place_write(c, CHANGES_CONTACTS, &at, e);
    *ret_more = b.found.more;
    arena_done(&a);
    return rc;
}

static bool in_force(struct changes *c)
{
    struct directory_ref *ref;
    const char *why;
    const struct directory *d = trust_directory(locality_trust(c->config.locality), &ref, &why);
    if (d) {
        trust_done(ref);
    }
    atomic_store(&c->active, d != NULL);
    return d;
}

/* All that there is. *ret_more: of the contacts, which nobody waits for. */
static int follow(struct changes *c, bool *ret_more, struct err *e)
{
    bool more = true;
    int rc = 0;
    *ret_more = false;
    if (!in_force(c)) {
        return 0;
    }
    while (!rc && more) {
        rc = follow_changes(c, &more, e);
    }
    rc = rc ? rc : settle_others(c, e);
    return rc ? rc : follow_contacts(c, ret_more, e);
}

/* --- the threads --------------------------------------------------------------------------------
 */

static struct timespec in_ms(int64_t ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

/* Under the lock, as what follows. */
static void wait_once(struct changes *c, pthread_cond_t *cond, int64_t ms)
{
    struct timespec until = in_ms(ms);
    (void)pthread_cond_timedwait(cond, &c->lock, &until);
}

static void wait_for(struct changes *c, pthread_cond_t *cond, const bool *sign, int64_t ms)
{
    struct timespec until = in_ms(ms);
    int late = 0;
    while (!c->stopping && !(sign && *sign) && !late) {
        late = pthread_cond_timedwait(cond, &c->lock, &until);
    }
}

/* Under the lock: told once when it begins to fail. */
static void note_end(struct changes *c, int rc, const struct err *e)
{
    if (rc && !c->failing) {
        log_line(LOG_LOCALITY_FAILED, LOG_WORD("cause", text_of(err_text(e))));
    }
    c->failing = rc;
    c->why = rc ? *e : c->why;
    (void)pthread_cond_broadcast(&c->moved);
}

static void *walk(void *context)
{
    struct changes *c = context;
    (void)pthread_setname_np(pthread_self(), "changes");
    (void)pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        struct err e = {0};
        bool more = false;
        c->noted = c->urgent = false;
        (void)pthread_mutex_unlock(&c->lock);
        int rc = follow(c, &more, &e);
        (void)pthread_mutex_lock(&c->lock);
        note_end(c, rc, &e);
        if (rc) {
            wait_for(c, &c->wake, NULL, RETRY_MS);
        } else if (!more) {
            wait_for(c, &c->wake, &c->urgent, REST_MS);
            wait_for(c, &c->wake, &c->noted, c->urgent ? 0 : LOOK_MS);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* What goes at once, also what came from others and goes on from here. */
static void *send(void *context)
{
    struct changes *c = context;
    (void)pthread_setname_np(pthread_self(), "at-once");
    (void)pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        struct err e = {0};
        int64_t again_ms = 0;
        c->hurry = false;
        (void)pthread_mutex_unlock(&c->lock);
        if (atomic_load(&c->active)) {
            (void)feed_round_at_once(c->feed, &again_ms, &e); /* the courier tells of failures */
        }
        (void)pthread_mutex_lock(&c->lock);
        wait_for(c, &c->send, &c->hurry, SEND_MS);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* --- from outside -------------------------------------------------------------------------------
 */

int changes_open(const struct changes_config *config, struct changes **ret, struct err *e)
{
    struct changes *c = calloc(1, sizeof *c);
    pthread_condattr_t monotonic;
    if (!c) {
        return changes_no_memory(e);
    }
    c->config = *config;
    c->feed = locality_feed(config->locality);
    c->places = locality_places(config->locality);
    c->copies = locality_copies(config->locality);
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c->wake, &monotonic);
    (void)pthread_cond_init(&c->send, &monotonic);
    (void)pthread_cond_init(&c->moved, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    *ret = c;
    return 0;
}

int changes_start(struct changes *c, struct err *e)
{
    (void)in_force(c);
    c->walks = pthread_create(&c->walker, NULL, walk, c) == 0;
    c->sends = c->walks && pthread_create(&c->sender, NULL, send, c) == 0;
    return c->sends ? 0 : err_set(e, ERR_MEMORY, "the threads that follow changes cannot start");
}

void changes_noted(struct changes *c)
{
    if (c) {
        (void)pthread_mutex_lock(&c->lock);
        c->noted = true;
        (void)pthread_cond_signal(&c->wake);
        (void)pthread_mutex_unlock(&c->lock);
    }
}

/* Others that were before it may take long: it is waited for as long as something moves. */
static int settle(void *context, struct err *e)
{
    struct changes *c = context;
    uint64_t wanted = store_choices(c->config.node->store);
    int64_t patience = SETTLE_MS * INT64_C(1000000), until = clock_mono_ns() + patience;
    (void)pthread_mutex_lock(&c->lock);
    while (c->handled < wanted && c->walks && !c->stopping && atomic_load(&c->active) &&
           clock_mono_ns() < until) {
        uint64_t before = c->handled;
        c->urgent = c->noted = true;
        (void)pthread_cond_signal(&c->wake);
        wait_once(c, &c->moved, SETTLE_STEP_MS);
        until = c->handled != before ? clock_mono_ns() + patience : until;
    }
    bool behind = c->walks && atomic_load(&c->active) && c->handled < wanted;
    int rc = behind ? err_set(e, ERR_IO,
                              "what was written is stored and counts here, but other members are "
                              "not told of it yet; it is tried again by itself: %.300s",
                              c->failing ? err_text(&c->why) : "it takes long")
                    : 0;
    (void)pthread_mutex_unlock(&c->lock);
    return rc;
}

static int elsewhere(void *context, text patient, struct arena *a, struct elsewhere **ret,
                     size_t *ret_count, struct err *e)
{
    struct changes *c = context;
    struct copies_where *all = NULL;
    struct changed x = {.patient = patient, .a = a, .version = &(struct version){0}};
    size_t count = 0;
    bool known = false;
    *ret_count = 0;
    int rc = atomic_load(&c->active) ? changes_identify(c, &x, &known, e) : 0;
    rc = rc || !known ? rc : copies_shown(c->copies, x.key, a, &all, &count, e);
    struct elsewhere *list = rc ? NULL : arena_zalloc(a, count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++) {
        const struct copies_where *w = &all[i];
        list[i] = (struct elsewhere){w->ods, w->name, w->since_ms, w->waiting, w->waiting_since_ms};
    }
    if (list) {
        *ret = list;
        *ret_count = count;
    }
    return rc || list ? rc : changes_no_memory(e);
}

struct choice_feed changes_face(struct changes *c)
{
    return (struct choice_feed){.context = c, .elsewhere = elsewhere, .settle = settle};
}

void changes_stop(struct changes *c)
{
    (void)pthread_mutex_lock(&c->lock);
    c->stopping = true;
    (void)pthread_cond_broadcast(&c->wake);
    (void)pthread_cond_broadcast(&c->send);
    (void)pthread_cond_broadcast(&c->moved);
    (void)pthread_mutex_unlock(&c->lock);
    if (c->walks) {
        (void)pthread_join(c->walker, NULL);
    }
    if (c->sends) {
        (void)pthread_join(c->sender, NULL);
    }
    c->walks = c->sends = false;
}

void changes_close(struct changes *c)
{
    if (c) {
        changes_stop(c);
        (void)pthread_cond_destroy(&c->wake);
        (void)pthread_cond_destroy(&c->send);
        (void)pthread_cond_destroy(&c->moved);
        (void)pthread_mutex_destroy(&c->lock);
        free(c->known);
        free(c);
    }
}

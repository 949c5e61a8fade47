#include "locality/joined_int.h"

#include "locality/person.h"
#include "locality/places.h"

/*
 * What a joined record is made of: who it is (as the asker may see them here), where something is
 * held, the own answer, all others at once. The own store comes before the others since it answers
 * in milliseconds: they have what is left until the deadline.
 */

enum { PAGES_MAX = 64 };

#define HOME_KIND "https://kith.care/fhir/CodeSystem/consent-kind%%7Chome" /* in a format */

int joined_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the joined record needs more memory than a request may have");
}

int64_t joined_now(const struct joining *j)
{
    return j->config.world->now_ms(j->config.world->context);
}

/* --- the own record -----------------------------------------------------------------------------
 */

/* What the own node says about a request that it does not answer, in its words. */
static int own_refused(const struct own_call *call, struct arena *a, struct err *e)
{
    struct err ignored;
    yyjson_val *root = NULL;
    (void)json_read(call->answer, JOINED_DEPTH, a, &root, &ignored);
    const yyjson_val *issue = joined_first(json_get(root, T("issue")));
    text words = json_text(json_get(json_get(issue, T("details")), T("text")));
    int code = call->status == 403   ? ERR_FORBIDDEN
               : call->status == 404 ? ERR_NOT_FOUND
               : call->status == 410 ? ERR_DELETED
               : call->status < 500  ? ERR_INVALID
                                     : ERR_IO;
    return words.n ? err_set(e, code, "%.*s", TEXT_ARG(words))
                   : err_set(e, code, "the own record answered with %d", call->status);
}

static int own_get(struct gathering *g, text path, yyjson_val **ret_tree, uint32_t *ret_withheld,
                   struct err *e)
{
    const struct loc_world *w = g->j->config.world;
    struct own_call call = {.method = T("GET"), .path = path};
    int rc = path.p ? w->own(w->context, g->ask->caller, &call, g->a, e) : joined_no_memory(e);
    if (!rc && call.status != 200) {
        rc = own_refused(&call, g->a, e);
    }
    *ret_withheld = call.withheld;
    return rc ? rc : json_read(call.answer, JOINED_DEPTH, g->a, ret_tree, e);
}

/* The path with an id in the place of "{patient}". */
static text path_with(text path, text id, struct arena *a)
{
    static const text mark = {"{patient}", 9};
    struct buf out;
    buf_init(&out, 1 << 20);
    for (text rest = path; rest.n;) {
        bool here = text_starts(rest, mark);
        buf_add(&out, here ? id : text_first(rest, 1));
        rest = text_from(rest, here ? mark.n : 1);
    }
    text made = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return made;
}

static text page_path(text path, text token, struct arena *a)
{
    return token.n ? arena_printf(a, "%.*s%s_page=%.*s", TEXT_ARG(path),
                                  text_find(path, '?') < path.n ? "&" : "?", TEXT_ARG(token))
                   : path;
}

static int add_bundle(struct joined_part *part, yyjson_val *bundle)
{
    if (part->bundle_count == PAGES_MAX) {
        return ERR_TOO_LARGE;
    }
    part->bundles[part->bundle_count++] = bundle;
    return 0;
}

static int own_answer(struct gathering *g, struct joined_part *part, struct err *e)
{
    text path = path_with(g->ask->path, g->ask->patient, g->a);
    text token = {0};
    int rc = path.p ? 0 : joined_no_memory(e);
    bool more = true;
    while (!rc && more) {
        yyjson_val *bundle = NULL;
        uint32_t withheld = 0;
        rc = own_get(g, page_path(path, token, g->a), &bundle, &withheld, e);
        if (rc) {
            break;
        }
        part->withheld |= withheld;
        token = joined_next_token(bundle);
        part->more = add_bundle(part, bundle) != 0;
        more = g->ask->has_pages && token.n && !part->more;
    }
    return rc;
}

/* --- who and where ------------------------------------------------------------------------------
 */

/* The person as the asker may see them here, and what they are to each other. */
int joined_find_person(struct gathering *g, struct err *e)
{
    const struct loc_world *w = g->j->config.world;
    uint32_t ignored;
    text path = arena_printf(g->a, "Patient/%.*s", TEXT_ARG(g->ask->patient));
    int rc = own_get(g, path, &g->patient, &ignored, e);
    rc = rc ? rc : w->decide(w->context, g->ask->caller, g->ask->patient, &g->decision, e);
    if (rc) {
        return rc;
    }
    g->relation = text_of(relationship_words((enum relationship)g->decision.relation));
    struct err why = {0};
    if (!g->decision.reads || g->decision.demographics_only) {
        /* Others would answer this organisation, whose patient it may be, and not this person. */
        g->alone = T("the record is closed to you, so no other place was asked; open it here, with "
                     "your reason, and ask again");
    } else if (g->decision.relation == RELATION_PROXY) {
        /* What they may see is the patient's choice here, and others would take them for the
         * patient. */
        g->alone = T("you act for this person, and what they let you see is known here alone, so "
                     "no other place was asked");
    } else if (g->ask->alone.n) {
        g->alone = g->ask->alone;
    } else if (person_of(g->patient, &g->subject, &why)) {
        g->alone = arena_copy(g->a, text_of(err_text(&why)));
        rc = g->alone.p ? 0 : joined_no_memory(e);
    }
    return rc;
}

static bool is_member(const struct gathering *g, text ods)
{
    struct directory_ref *ally;
    bool is = trust_member(g->j->config.trust, g->d, ods, &ally) != NULL;
    trust_done(ally);
    return is;
}

/* `is_named`: it lets the asker know that it holds something. */
static void add_place(struct gathering *g, text ods, bool is_named)
{
    for (size_t i = 0; i < g->place_count; i++) {
        if (text_eq(g->places[i], ods)) {
            g->is_named[i] = g->is_named[i] || is_named;
            return;
        }
    }
    if (text_eq(ods, g->self) || !is_member(g, ods)) {
        return;
    }
    if (g->place_count == JOINED_PLACES_MAX) {
        g->unasked = true;
        return;
    }
    g->is_named[g->place_count] = is_named;
    g->places[g->place_count++] = ods;
}

static struct ask ask_of(const struct gathering *g, text path, int64_t deadline_ms)
{
    return (struct ask){.caller = &g->caller,
                        .patient = g->ask->patient,
                        .subject = g->subject,
                        .relation = g->relation,
                        .reason = g->reason,
                        .path = path,
                        .deadline_ms = deadline_ms};
}

/* Who asks about whom: what one was told is not another's. */
static text who_asks(const struct gathering *g)
{
    const struct actor *actor = &g->ask->caller->actor;
    return arena_printf(g->a, "%.*s|%.*s|%.*s|%.*s", TEXT_ARG(actor->account),
                        TEXT_ARG(actor->role), TEXT_ARG(actor->organisation),
                        TEXT_ARG(g->subject.nhs_number));
}

/* Where the home could not ask all: those that have answered the same asker before. */
static void add_known(struct gathering *g)
{
    text known[JOINED_KNOWN_MAX], who = who_asks(g);
    size_t count =
        g->unasked && who.p ? joined_known_list(g->j->known, who, g->now_ms, g->a, known) : 0;
    for (size_t i = 0; i < count; i++) {
        add_place(g, known[i], true);
    }
}

static void note_known(struct gathering *g)
{
    text who = who_asks(g);
    for (size_t i = 1; who.p && i < g->part_count; i++) {
        enum ask_outcome outcome = g->parts[i].outcome;
        if (outcome == ASK_ANSWERED || outcome == ASK_REFUSED) {
            joined_known_note(g->j->known, who, g->parts[i].ods, outcome == ASK_ANSWERED,
                              g->now_ms);
        }
    }
}

/* One that keeps a list, and those that it names. Of the time, its share. */
static int ask_home(struct gathering *g, text home, int64_t deadline_ms, struct err *e)
{
    struct ask ask = ask_of(g, g->ask->path, deadline_ms);
    text *named = NULL;
    size_t count = 0;
    bool unasked = false;
    int rc = ask_places(g->j->asking, g->j->config.places, &ask, home, g->a, &named, &count,
                        &unasked, e);
    if (rc) {
        return rc;
    }
    g->unasked = g->unasked || unasked || !is_member(g, home);
    add_place(g, home, false);
    for (size_t i = 0; i < count; i++) {
        add_place(g, named[i], true);
    }
    return 0;
}

/* Whoever was told to one of them alone stands in that list. */
static int find_places(struct gathering *g, struct err *e)
{
    text keepers[PLACES_KEEPERS];
    size_t count = 0;
    g->places = arena_zalloc(g->a, JOINED_PLACES_MAX, sizeof *g->places);
    g->is_named = arena_zalloc(g->a, JOINED_PLACES_MAX, sizeof *g->is_named);
    int rc = g->places && g->is_named
                 ? places_keepers(g->j->config.places, g->patient, g->subject.nhs_number, g->a,
                                  keepers, &count, e)
                 : joined_no_memory(e);
    g->unasked = !count; /* nobody knows where else something may be */
    for (size_t i = 0; !rc && i < count; i++) {
        int64_t share = g->ask->deadline_ms / 2 * (int64_t)(i + 1) / (int64_t)count;
        rc = ask_home(g, keepers[i], g->now_ms + share, e);
    }
    if (!rc) {
        add_known(g);
    }
    return rc;
}

/* --- the others ---------------------------------------------------------------------------------
 */

static void refuse_answer(struct gathering *g, struct joined_part *part, const struct err *why)
{
    const struct loc_world *w = g->j->config.world;
    struct err ignored;
    text words = arena_copy(g->a, text_of(err_text(why)));
    part->outcome = ASK_BROKEN;
    part->why = words.p ? words.p : "its answer cannot be used";
    part->bundle_count = part->behind_count = 0;
    part->more = false;
    (void)w->alarm(w->context, "answer", part->ods, text_of(part->why), &ignored);
}

/* One page of a holder: into its part. *ret_next: the token of the next; empty: none. */
static void take_answer(struct gathering *g, const struct ask_one *one, struct joined_part *part,
                        size_t *entries, text *ret_next)
{
    struct joined_reading reading;
    struct err why = {0};
    *ret_next = (text){0};
    if (joined_read(one->tree, &g->subject, one->receipt.patient, part->base, g->a, &reading,
                    &why)) {
        refuse_answer(g, part, &why);
        return;
    }
    /* Its switch may be another one than that of this node. */
    part->withheld |= g->j->config.world->hides_withheld ? 0 : one->receipt.withheld;
    part->unwitnessed = part->unwitnessed || reading.unwitnessed;
    if (!part->behind_count) { /* the first page tells of all */
        part->behind = reading.behind;
        part->behind_count = reading.behind_count;
    }
    part->until_ms =
        one->receipt.until_ms < part->until_ms ? one->receipt.until_ms : part->until_ms;
    part->took_ms += one->took_ms;
    if (!part->bundle_count) {
        memcpy(part->body, one->receipt.body, sizeof part->body);
    }
    *entries += reading.entries;
    if (*entries > JOINED_ENTRIES_MAX || add_bundle(part, reading.bundle)) {
        part->more = true;
        return;
    }
    *ret_next = g->ask->has_pages ? reading.next : (text){0};
    part->more = reading.next.n != 0 || !joined_behind_all(part);
}

/* The further pages of one that has more than fits into one answer, until the deadline. */
static int more_pages(struct gathering *g, struct joined_part *part, size_t entries, size_t bytes,
                      text next, struct err *e)
{
    int rc = 0;
    while (!rc && next.n && bytes < JOINED_ANSWER_BYTES && joined_now(g->j) < g->deadline_ms) {
        struct ask ask = ask_of(g, page_path(g->ask->path, next, g->a), g->deadline_ms);
        struct ask_one one = {.ods = part->ods};
        rc = ask.path.p ? ask_members(g->j->asking, &ask, &one, 1, g->a, e) : joined_no_memory(e);
        next = (text){0};
        if (!rc && one.outcome == ASK_ANSWERED) {
            bytes += one.body.n;
            take_answer(g, &one, part, &entries, &next);
        }
    }
    return rc;
}

/* "Nobody here, or nobody whom you may see" (A3): where nobody is told that something is withheld,
 * that is an answer with nothing in it, as the own record is one; else it would hint. */
static void take_nothing(const struct gathering *g, const struct ask_one *one,
                         struct joined_part *part)
{
    if (g->j->config.world->hides_withheld && part->outcome == ASK_REFUSED &&
        one->receipt.status == 404) {
        part->outcome = ASK_ANSWERED;
        part->why = NULL;
        part->until_ms = one->receipt.until_ms;
        memcpy(part->body, one->receipt.body, sizeof part->body);
    }
}

static int ask_others(struct gathering *g, struct err *e)
{
    struct ask ask = ask_of(g, g->ask->path, g->deadline_ms);
    struct ask_one *ones = arena_zalloc(g->a, g->place_count + 1, sizeof *ones);
    if (!ones) {
        return joined_no_memory(e);
    }
    for (size_t i = 0; i < g->place_count; i++) {
        ones[i].ods = g->places[i];
    }
    int rc = g->place_count ? ask_members(g->j->asking, &ask, ones, g->place_count, g->a, e) : 0;
    for (size_t i = 0; !rc && i < g->place_count; i++) {
        struct joined_part *part = &g->parts[1 + i];
        size_t entries = 0;
        text next = {0};
        part->outcome = ones[i].outcome;
        part->why = ones[i].why;
        part->took_ms = ones[i].took_ms;
        if (part->outcome == ASK_ANSWERED) {
            part->took_ms = 0;
            take_answer(g, &ones[i], part, &entries, &next);
            rc = more_pages(g, part, entries, ones[i].body.n, next, e);
        }
        take_nothing(g, &ones[i], part);
    }
    return rc;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static int make_part(struct gathering *g, text ods, struct joined_part *part)
{
    struct directory_ref *ally = NULL;
    const struct member *m =
        g->d && ods.n ? trust_member(g->j->config.trust, g->d, ods, &ally) : NULL;
    *part = (struct joined_part){
        .ods = ods,
        .name = m ? arena_copy(g->a, m->name) : g->ask->caller->actor.organisation_name,
        .base = m ? arena_printf(g->a, "%.*s/fhir", TEXT_ARG(m->url)) : g->ask->base,
        .until_ms = INT64_MAX,
        .bundles = arena_zalloc(g->a, PAGES_MAX, sizeof(yyjson_val *)),
    };
    trust_done(ally);
    return part->base.p && part->bundles && (!m || part->name.p) ? 0 : ERR_MEMORY;
}

static int make_parts(struct gathering *g, struct err *e)
{
    g->part_count = 1 + g->place_count;
    g->parts = arena_zalloc(g->a, g->part_count, sizeof *g->parts);
    if (!g->parts || make_part(g, g->self, &g->parts[0])) {
        return joined_no_memory(e);
    }
    g->parts[0].is_own = true;
    g->parts[0].outcome = ASK_ANSWERED;
    g->parts[0].base = g->ask->base;
    for (size_t i = 0; i < g->place_count; i++) {
        if (make_part(g, g->places[i], &g->parts[1 + i])) {
            return joined_no_memory(e);
        }
    }
    return 0;
}

/* They have the whole time: whom they are is known without asking anyone. Who sees the own record
 * alone (joined_find_person()) has no number to ask them by. */
static int ask_foreign(struct gathering *g, struct err *e)
{
    g->foreign_ask = (struct foreign_ask){.caller = g->ask->caller,
                                          .patient = g->ask->patient,
                                          .subject = g->subject,
                                          .decision = &g->decision,
                                          .relation = g->relation,
                                          .path = g->ask->path,
                                          .deadline_ms = g->deadline_ms};
    struct foreigns *foreigns = g->j->config.foreigns;
    return foreigns && g->subject.nhs_number.n
               ? foreigns_begin(foreigns, &g->foreign_ask, g->a, &g->foreign, e)
               : 0;
}

static int take_foreign(struct gathering *g, struct err *e)
{
    struct joined_part *found, *all;
    size_t count;
    if (!g->foreign) {
        return 0;
    }
    int rc = foreigns_end(g->foreign, &found, &count, e);
    if (rc) {
        return rc;
    }
    all = arena_zalloc(g->a, g->part_count + count, sizeof *all);
    if (!all) {
        return joined_no_memory(e);
    }
    memcpy(all, g->parts, g->part_count * sizeof *all);
    memcpy(all + g->part_count, found, count * sizeof *all);
    g->parts = all;
    g->part_count += count;
    return 0;
}

/* Whether who asks may see here that the patient chose this platform. */
static bool sees_choice(struct gathering *g, text platform)
{
    struct err ignored;
    struct places_home home;
    yyjson_val *bundle = NULL;
    uint32_t withheld;
    if (places_home(g->j->config.places, g->patient, g->a, &home, &ignored)) {
        return false;
    }
    if (text_eq(platform, home.practice)) {
        return true;
    }
    text path = arena_printf(g->a, "Consent?patient=%.*s&status=active&category=" HOME_KIND,
                             TEXT_ARG(g->ask->patient));
    if (!text_eq(platform, home.platform) || own_get(g, path, &bundle, &withheld, &ignored)) {
        return false;
    }
    const yyjson_val *first = joined_first(json_get(bundle, T("entry")));
    return text_eq(json_text(json_get(json_get(first, T("search")), T("mode"))), T("match"));
}

/* L3: a home that the patient chose is named to whom it lets know, or who may see that choice here;
 * to anybody else it would tell where the patient has something. */
static void hide_homes(struct gathering *g)
{
    size_t kept = 1;
    for (size_t i = 1; i < g->part_count; i++) {
        if (g->is_named[i - 1] || g->parts[i].outcome == ASK_ANSWERED ||
            sees_choice(g, g->parts[i].ods)) {
            g->parts[kept++] = g->parts[i];
        } else {
            g->unasked = true;
        }
    }
    g->part_count = kept;
}

/* With the directory in force, or with why there is none. */
int joined_gather(struct gathering *g, struct err *e)
{
    int rc = ask_foreign(g, e);
    if (!rc && g->d) {
        rc = trust_self(g->j->config.trust, &g->signer, &g->self, e);
        rc = rc || g->alone.n ? rc : joined_emergency(g, e);
        rc = rc || g->alone.n ? rc : find_places(g, e);
    }
    rc = rc ? rc : make_parts(g, e);
    rc = rc ? rc : own_answer(g, &g->parts[0], e);
    rc = rc ? rc : ask_others(g, e);
    if (!rc && g->d && !g->alone.n) {
        note_known(g);
        hide_homes(g);
        rc = joined_copies(g, e);
    }
    return rc ? rc : take_foreign(g, e);
}

/*
 * What nodes tell each other without being asked. The entry of each node carries a number that
 * counts its versions, written in one commit with what tells of it (row sim-sent), so a receiver
 * that misses one, gets one twice or out of order, is seen: all rows are watched as they become
 * durable.
 */
#include "play.h"

#include "locality/choice.h"
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>

#define NUMBER "\"valueInteger\":"

/* --- watching
 * --------------------------------------------------------------------------------------------------
 */

static uint64_t number_in(text json)
{
    const char *at = memmem(json.p, json.n, NUMBER, sizeof NUMBER - 1);
    return at ? strtoull(at + sizeof NUMBER - 1, NULL, 10) : 0;
}

static size_t node_at(struct play *p, text key, size_t at)
{
    return key.n < at ? SIM_NODES_MAX
                      : sim_node_of(p->s, text_make(key.p + at, strnlen(key.p + at, 3)));
}

/* A choice of this node's own, not one that it tells on. */
static void is_choice(struct play *p, size_t from, size_t to, text line)
{
    static const char what[] = "\"what\":\"Consent/c-";
    char own[24];
    (void)snprintf(own, sizeof own, "\"from\":\"X%02zu\"", from);
    const char *at = memmem(line.p, line.n, what, sizeof what - 1);
    size_t asker = at ? node_at(p, line, (size_t)(at - line.p) + sizeof what - 1) : SIM_NODES_MAX;
    if (asker < SIM_NODES_MAX && memmem(line.p, line.n, own, strlen(own))) {
        p->told[from][to][asker] = memmem(line.p, line.n, "\"consent\":{", 11) != NULL;
    }
}

/* Is in the queue of the sender: to be taken by the receiver once, and in this order. */
static void is_sent(struct play *p, size_t from, size_t to, text line)
{
    struct play_line *l = &p->lines[from][to];
    is_choice(p, from, to, line);
    play_watch_merge(p, from, to, line);
    if (!memmem(line.p, line.n, "{\"kind\":\"entry\"", 15)) {
        return;
    }
    l->numbers = play_grow(l->numbers, l->count, &l->capacity, sizeof *l->numbers);
    l->numbers[l->count++] = number_in(line);
    if (p->withdrawn_ms[from][to] && play_is_honest(p, from)) {
        sim_violated(p->s, "I1", "X%02zu sends X%02zu an entry after the choice against it", from,
                     to);
    }
}

static void is_taken(struct play *p, size_t from, size_t to, text body)
{
    struct play_line *l = &p->lines[from][to];
    uint64_t number = number_in(body);
    if (p->was_removed[from] || p->was_removed[to]) {
        return;
    }
    if (l->taken == l->count || l->numbers[l->taken] != number) {
        sim_violated(p->s, "I2", "X%02zu takes version %llu of X%02zu; version %llu is next", to,
                     (unsigned long long)number, from,
                     (unsigned long long)(l->taken < l->count ? l->numbers[l->taken] : 0));
    }
    l->taken += l->taken < l->count;
}

void play_watch(void *context, size_t node, const struct kept_change *c)
{
    struct play *p = context;
    if (c->change == KEPT_DELETE) {
        return;
    }
    play_watch_mail(p, node, c);
    if (strcmp(c->kind, "out") == 0) {
        size_t to = node_at(p, c->key, 0);
        if (to < SIM_NODES_MAX) {
            is_sent(p, node, to, c->value);
        }
    } else if (strcmp(c->kind, "copy") == 0) {
        size_t from = node_at(p, c->key, 32); /* behind the person */
        if (from < SIM_NODES_MAX) {
            is_taken(p, from, node, c->value);
        }
    }
}

/* --- acts
 * ----------------------------------------------------------------------------------------------------
 */

struct telling {
    struct play *p;
    size_t node, other;
    bool yes;
    int result;
    struct err err;
};

static bool act(struct telling *x, void (*run)(void *context), const char *what)
{
    x->result = err_set(&x->err, ERR_IO, "the node is down");
    (void)(sim_state(x->p->s, x->node) && sim_do(x->p->s, x->node, run, x));
    sim_say(x->p->s, x->node, "%s X%02zu: %s", what, x->other,
            x->result ? err_text(&x->err) : "done");
    return x->result == 0;
}

static text consent(size_t about, bool denies, struct arena *a)
{
    return arena_printf(
        a,
        "{\"resourceType\":\"Consent\",\"status\":\"%s\",\"scope\":{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},"
        "\"category\":[{\"coding\":[{\"system\":\"https://kith.care/fhir/CodeSystem/consent-kind\","
        "\"code\":\"sharing\"}]}],\"patient\":{\"reference\":\"Patient/p1\"},\"provision\":{"
        "\"type\":\"deny\",\"actor\":[{\"role\":{\"coding\":[{\"system\":\"http://terminology.hl7."
        "org/CodeSystem/v3-ParticipationType\",\"code\":\"IRCP\"}]},\"reference\":{\"reference\":"
        "\"Organization/org-X%02zu\"}}]}}",
        denies ? "active" : "inactive", about);
}

/* The version of the commit: its time, and more than any that is known. */
static int next_version(struct player *n, const uint8_t person[32], uint64_t *ret, struct err *e)
{
    int rc = feed_consent(locality_feed(n->locality), person, ret, e);
    uint64_t now = (uint64_t)n->world->now_ms(n->world->context);
    *ret = now > *ret ? now : *ret + 1;
    return rc;
}

/* As others are told of it. */
static int read_choice(struct player *n, const struct feed_row *row, struct arena *a,
                       text *ret_body, struct err *e)
{
    struct own_call get = {.method = T("GET"), .path = row->what};
    const struct note_signer *by;
    yyjson_val *tree = NULL;
    text self;
    int rc = n->world->own(n->world->context, NULL, &get, a, e);
    rc = rc ? rc : json_read(get.answer, 64, a, &tree, e);
    rc = rc ? rc : trust_self(locality_trust(n->locality), &by, &self, e);
    return rc ? rc : choice_print(n->world, by, self, row, tree, a, ret_body, e);
}

static void do_choose(void *context)
{
    struct telling *x = context;
    struct player *n = play_node(x->p, x->node);
    struct arena a;
    arena_init(&a, 16 << 20);
    struct own_call put = {.method = T("PUT"),
                           .path = arena_printf(&a, "Consent/c-X%02zu", x->other),
                           .body = consent(x->other, !x->yes, &a)};
    struct feed_row row = {
        .kind = FEED_CONSENT, .subject = play_ana, .at_once = !x->yes, .what = put.path};
    int rc = n->world->own(n->world->context, NULL, &put, &a, &x->err);
    if (!rc && put.status != 200 && put.status != 201) {
        rc = err_set(&x->err, ERR_INVALID, "the choice is refused with %d", put.status);
    }
    rc = rc ? rc : feed_person(locality_feed(n->locality), T(PLAY_NHS), row.person, &x->err);
    rc = rc ? rc : next_version(n, row.person, &row.consent_version, &x->err);
    rc = rc ? rc : read_choice(n, &row, &a, &row.body, &x->err);
    rc = rc ? rc : copies_tell(locality_copies(n->locality), &row, NULL, 0, &x->err);
    x->result = rc;
    if (!rc && row.consent_version > x->p->choice[x->node]) {
        x->p->choice[x->node] = row.consent_version;
    }
    if (!rc && !x->yes && !x->p->withdrawn_ms[x->node][x->other]) {
        x->p->withdrawn_ms[x->node][x->other] = sim_now(x->p->s);
    }
    arena_done(&a);
}

void play_choose(struct play *p, size_t holder, size_t asker, bool sees)
{
    struct telling x = {.p = p, .node = holder, .other = asker, .yes = sees};
    if (sees) {
        p->withdrawn_ms[holder][asker] = 0; /* from the moment on at which it may count */
    }
    (void)act(&x, do_choose, sees ? "shows itself again to" : "is withdrawn from");
}

static uint64_t number_at(const struct loc_world *w)
{
    struct arena a;
    text value;
    uint64_t n = 0;
    struct err ignored;
    arena_init(&a, 4096);
    if (w->get(w->context, "sim-sent", T("sent"), &a, &value, &ignored) ||
        !text_to_u64(value, &n)) {
        n = 0;
    }
    arena_done(&a);
    return n;
}

/* Two at once: the second finds the number changed, and takes the next. */
static int correct_once(struct player *n, struct feed_row *row, struct arena *a, struct err *e)
{
    uint64_t last = number_at(n->world);
    text was = arena_printf(a, "%llu", (unsigned long long)last);
    text is = arena_printf(a, "%llu", (unsigned long long)last + 1);
    struct kept_change more = {.change = last ? KEPT_SWAP : KEPT_ADD,
                               .kind = "sim-sent",
                               .key = T("sent"),
                               .was = last ? was : (text){0},
                               .value = is};
    row->body = arena_printf(a,
                             "{\"resourceType\":\"Observation\",\"id\":\"c1\",\"status\":"
                             "\"corrected\",\"code\":{\"text\":\"count\"},\"subject\":{"
                             "\"reference\":\"Patient/p1\"}," NUMBER "%.*s}",
                             TEXT_ARG(is));
    int rc = feed_consent(locality_feed(n->locality), row->person, &row->consent_version, e);
    return rc ? rc : copies_tell(locality_copies(n->locality), row, &more, 1, e);
}

static void do_correct(void *context)
{
    struct telling *x = context;
    struct player *n = play_node(x->p, x->node);
    struct arena a;
    struct feed_row row = {.kind = FEED_ENTRY, .subject = play_ana, .what = T(PLAY_ENTRY)};
    arena_init(&a, 16 << 20);
    int rc = feed_person(locality_feed(n->locality), T(PLAY_NHS), row.person, &x->err);
    for (int tries = 0; !rc && tries < 20; tries++) {
        rc = correct_once(n, &row, &a, &x->err);
        if (rc != ERR_CONFLICT) {
            break;
        }
        rc = tries < 19 ? 0 : rc;
    }
    x->result = rc;
    x->p->sent += !rc;
    arena_done(&a);
}

void play_correct(struct play *p, size_t node)
{
    struct telling x = {.p = p, .node = node, .other = node};
    (void)act(&x, do_correct, "corrects an entry of");
}

static void do_give(void *context)
{
    struct telling *x = context;
    struct copies *c = locality_copies(play_node(x->p, x->node)->locality);
    text ods = sim_ods(x->p->s, x->other);
    x->result =
        x->yes ? copies_give(c, &play_ana, ods, &x->err) : copies_end(c, &play_ana, ods, &x->err);
}

void play_give(struct play *p, size_t holder, size_t to, bool gives)
{
    struct telling x = {.p = p, .node = holder, .other = to, .yes = gives};
    if (!gives || !p->withdrawn_ms[holder][to]) {
        (void)act(&x, do_give, gives ? "gives copies to" : "ends copies of");
    }
}

static void do_contact(void *context)
{
    struct telling *x = context;
    struct places *places = locality_places(play_node(x->p, x->node)->locality);
    text home = sim_ods(x->p->s, x->p->home);
    int rc = places_contact(places, &play_ana, home, &x->err);
    x->result = rc ? rc : places_contact(places, &play_old, home, &x->err);
}

void play_contact(struct play *p, size_t node)
{
    struct telling x = {.p = p, .node = node, .other = p->home};
    p->contacted[node] = act(&x, do_contact, "tells its home") || p->contacted[node];
}

/* --- what has to be true
 * --------------------------------------------------------------------------------------- */

static void check_copy(struct play *p, size_t holder, size_t at)
{
    struct player *n = play_node(p, at);
    uint8_t person[32];
    bool holds = false;
    struct err e;
    int64_t withdrawn = p->withdrawn_ms[holder][at];
    if (!n || !withdrawn || sim_now(p->s) - withdrawn <= PLAY_LIMIT_MS ||
        feed_person(locality_feed(n->locality), T(PLAY_NHS), person, &e) ||
        copies_hold(locality_copies(n->locality), person, sim_ods(p->s, holder), T(PLAY_ENTRY),
                    &holds, &e)) {
        return;
    }
    if (holds) {
        sim_violated(p->s, "I1", "X%02zu may show a copy of X%02zu %.1f s after the choice", at,
                     holder, (double)(sim_now(p->s) - withdrawn) / 1000);
    }
}

void play_check_copies(struct play *p)
{
    for (size_t holder = 0; holder < p->nodes; holder++) {
        for (size_t at = 0; at < p->nodes; at++) {
            if (at != holder && play_is_honest(p, at)) {
                check_copy(p, holder, at);
            }
        }
    }
}

void play_spread_choices(struct play *p)
{
    bool against[SIM_NODES_MAX][SIM_NODES_MAX] = {{false}};
    for (size_t holder = 0; holder < p->nodes; holder++) {
        for (size_t to = 0; to < p->nodes; to++) {
            for (size_t asker = 0; asker < p->nodes; asker++) {
                against[to][asker] =
                    against[to][asker] ||
                    (p->told[holder][to][asker] && p->withdrawn_ms[holder][asker] &&
                     !p->was_removed[holder] && !p->was_removed[to]);
            }
        }
    }
    for (size_t to = 0; to < p->nodes; to++) {
        for (size_t asker = 0; asker < p->nodes; asker++) {
            if (against[to][asker] && !p->withdrawn_ms[to][asker]) {
                p->withdrawn_ms[to][asker] = sim_now(p->s);
                p->spread++;
            }
        }
    }
}

static void check_choices(struct play *p, size_t node)
{
    struct player *n = play_node(p, node);
    uint8_t person[32];
    uint64_t version = 0;
    struct err e = {0};
    if (!n || feed_person(locality_feed(n->locality), T(PLAY_NHS), person, &e) ||
        feed_consent(locality_feed(n->locality), person, &version, &e) ||
        version < p->choice[node]) {
        sim_violated(p->s, "I9", "X%02zu has lost a choice of the patient: %s", node,
                     n ? err_text(&e) : "it is down");
    }
    for (size_t asker = 0; asker < p->nodes; asker++) {
        char id[16];
        (void)snprintf(id, sizeof id, "c-X%02zu", asker);
        text json = sim_resource(p->s, node, T("Consent"), text_of(id));
        if (p->withdrawn_ms[node][asker] && !memmem(json.p, json.n, "\"status\":\"active\"", 17)) {
            sim_violated(p->s, "I9", "X%02zu has lost the choice against X%02zu", node, asker);
        }
    }
}

static void check_contacts(struct play *p)
{
    struct player *home = play_node(p, p->home);
    struct arena a;
    text *ods = NULL;
    size_t count = 0;
    struct err e;
    arena_init(&a, 4 << 20);
    if (!home || places_of(locality_places(home->locality), T(PLAY_NHS), &a, &ods, &count, &e)) {
        count = 0;
    }
    for (size_t i = 0; i < p->nodes; i++) {
        bool there = i == p->home || !p->contacted[i] || p->was_removed[i];
        for (size_t k = 0; k < count; k++) {
            there = there || text_eq(ods[k], sim_ods(p->s, i));
        }
        if (!there && !p->was_removed[p->home]) {
            sim_violated(p->s, "I9", "the home has lost X%02zu", i);
        }
    }
    arena_done(&a);
}

void play_check_rows(struct play *p)
{
    for (size_t from = 0; from < p->nodes; from++) {
        if (!p->was_removed[from]) {
            check_choices(p, from);
        }
        for (size_t to = 0; to < p->nodes; to++) {
            const struct play_line *l = &p->lines[from][to];
            if (!p->was_removed[from] && !p->was_removed[to] && l->taken != l->count) {
                sim_violated(p->s, "I2", "X%02zu has sent %zu versions, X%02zu has taken %zu", from,
                             l->count, to, l->taken);
            }
        }
    }
    check_contacts(p);
}

#include "members.h"

#include "format/json.h"
#include "locality/trust_int.h"
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { BALLOTS_MAX = 1 << 14, WHY = 400 };

/* Who signed which text of a number and round, of all that was heard. */
struct ballot {
    size_t node;
    uint64_t number, round;
    uint8_t hash[32];
};
struct in_force {
    uint64_t number;
    uint8_t hash[32];
};

struct members {
    struct sim *s;
    struct trust *(*of)(void *state);
    sim_hearer *also;
    void *also_context;
    bool liar[SIM_NODES_MAX];
    struct ballot *ballots;
    size_t ballot_count;
    struct in_force *forced; /* the first text of each number that was seen in force */
    size_t forced_count, forced_capacity;
    uint8_t seen[4096][8]; /* hashes of notes that were looked at already */
    char names[SIM_NODES_MAX][32];
    char why[WHY];
};

static struct trust *trust_at(struct members *m, size_t node)
{
    void *state = sim_state(m->s, node);
    return state ? m->of(state) : NULL;
}

/* --- watching
 * --------------------------------------------------------------------------------------------------
 */

static void one_ballot(struct members *m, size_t node, const struct directory *d)
{
    for (size_t i = 0; i < m->ballot_count; i++) {
        const struct ballot *b = &m->ballots[i];
        if (b->node == node && b->number == d->number && b->round == d->round) {
            if (memcmp(b->hash, d->hash, 32) != 0 && !m->liar[node]) {
                sim_violated(m->s, "D1a", "X%02zu has signed two texts of number %llu, round %llu",
                             node, (unsigned long long)d->number, (unsigned long long)d->round);
            }
            return;
        }
    }
    if (m->ballot_count < BALLOTS_MAX) {
        struct ballot *b = &m->ballots[m->ballot_count++];
        *b = (struct ballot){.node = node, .number = d->number, .round = d->round};
        memcpy(b->hash, d->hash, 32);
    }
}

/* Of a member's own text line: only members vote, so newcomers of this very text do not count. */
static void look_at_note(struct members *m, text note)
{
    struct directory_ref *ref = NULL;
    struct tlog_hash h = sha_leaf(m->s->sha, note);
    uint8_t *seen = m->seen[(h.b[8] | h.b[9] << 8) & 4095];
    text body, lines, line;
    struct err ignored;
    if (memcmp(seen, h.b, 8) == 0 || trust_ref_new(note, &ref, &ignored)) {
        return;
    }
    memcpy(seen, h.b, 8);
    (void)note_split(ref->note, &body, &lines);
    while (text_cut(&lines, '\n', &line)) {
        for (size_t i = 0; i < ref->directory.member_count; i++) {
            const struct member *who = &ref->directory.members[i];
            bool is_new = false;
            for (size_t n = 0; n < sim_nodes(m->s); n++) {
                struct directory_ref *now = NULL;
                struct trust *t = trust_at(m, n);
                now = t ? trust_hold(t) : NULL;
                is_new = is_new || (now && now->directory.number + 1 == ref->directory.number &&
                                    !directory_member(&now->directory, who->ods));
                trust_done(now);
            }
            size_t node = sim_node_of(m->s, who->ods);
            if (!is_new && node < SIM_NODES_MAX && note_line_holds(line, body, &who->key)) {
                one_ballot(m, node, &ref->directory);
            }
        }
    }
    trust_done(ref);
}

static void look_at_notes(struct members *m, text json)
{
    struct arena a;
    yyjson_val *root = NULL;
    arena_init(&a, 64 << 20);
    if (text_starts(json, T("{\"notes\":[\"")) && json_read(json, 4, &a, &root, NULL) == 0) {
        const yyjson_val *list = json_get(root, T("notes")), *item = list + 1;
        for (size_t left = json_len(list); left; left--, item = json_after(item)) {
            look_at_note(m, json_text(item));
        }
    }
    arena_done(&a);
}

static void hear(void *context, size_t from, size_t to, struct sim_request *r, struct arena *a)
{
    struct members *m = context;
    look_at_notes(m, r->body);
    look_at_notes(m, r->answer);
    if (m->also) {
        m->also(m->also_context, from, to, r, a);
    }
}

struct members *members_new(struct sim *s, struct trust *(*of)(void *state), sim_hearer *also,
                            void *also_context)
{
    struct members *m = calloc(1, sizeof *m);
    struct ballot *ballots = calloc(BALLOTS_MAX, sizeof *ballots);
    if (!m || !ballots) {
        sim_die("no memory");
    }
    m->s = s;
    m->of = of;
    m->also = also;
    m->also_context = also_context;
    m->ballots = ballots;
    for (size_t i = 0; i < SIM_NODES_MAX; i++) {
        (void)snprintf(m->names[i], sizeof m->names[i], "Organisation %zu", i);
    }
    sim_hear(s, hear, m);
    return m;
}

void members_free(struct members *m)
{
    if (m) {
        free(m->ballots);
        free(m->forced);
        free(m);
    }
}

void members_liar(struct members *m, size_t node)
{
    m->liar[node] = true;
}

/* --- what is so
 * ------------------------------------------------------------------------------------------------
 */

uint64_t members_number(struct members *m, size_t node)
{
    struct trust *t = trust_at(m, node);
    struct directory_ref *ref = t ? trust_hold(t) : NULL;
    uint64_t number = ref ? ref->directory.number : 0;
    trust_done(ref);
    return number;
}

bool members_hash(struct members *m, size_t node, uint8_t ret[32])
{
    struct trust *t = trust_at(m, node);
    struct directory_ref *ref = t ? trust_hold(t) : NULL;
    if (ref) {
        memcpy(ret, ref->directory.hash, 32);
    }
    trust_done(ref);
    return ref != NULL;
}

bool members_is_member(struct members *m, size_t node, size_t who)
{
    struct trust *t = trust_at(m, node);
    struct directory_ref *ref = t ? trust_hold(t) : NULL;
    bool is = ref && directory_member(&ref->directory, sim_ods(m->s, who));
    trust_done(ref);
    return is;
}

static struct in_force *forced_text(struct members *m, uint64_t number)
{
    for (size_t i = 0; i < m->forced_count; i++) {
        if (m->forced[i].number == number) {
            return &m->forced[i];
        }
    }
    if (m->forced_count == m->forced_capacity) {
        m->forced_capacity = m->forced_capacity ? 2 * m->forced_capacity : 64;
        m->forced = realloc(m->forced, m->forced_capacity * sizeof *m->forced);
        if (!m->forced) {
            sim_die("no memory");
        }
    }
    m->forced[m->forced_count] = (struct in_force){.number = 0};
    return &m->forced[m->forced_count++];
}

struct comparing {
    struct members *m;
    bool agree;
};

static int compare_row(void *context, text key, text value)
{
    struct comparing *c = context;
    struct directory_ref *ref = NULL;
    struct err ignored;
    if (trust_ref_new(value, &ref, &ignored)) {
        c->agree = false;
        return 0;
    }
    struct in_force *f = forced_text(c->m, trust_row_number(key));
    if (!f->number) {
        f->number = trust_row_number(key);
        memcpy(f->hash, ref->directory.hash, 32);
    }
    c->agree = c->agree && memcmp(f->hash, ref->directory.hash, 32) == 0;
    trust_done(ref);
    return 0;
}

bool members_agree(struct members *m)
{
    struct comparing c = {.m = m, .agree = true};
    for (size_t i = 0; i < sim_nodes(m->s); i++) {
        if (!m->liar[i]) {
            (void)rows_each(m->s->nodes[i].rows, "directory", (text){0}, compare_row, &c);
        }
    }
    return c.agree;
}

/* --- acts
 * --------------------------------------------------------------------------------------------------------
 */

void members_self(struct members *m, size_t node, struct trust_self_config *ret)
{
    *ret = (struct trust_self_config){
        .ods = sim_ods(m->s, node),
        .name = text_of(m->names[node]),
        .url = sim_url(m->s, node),
        .kind = (enum member_kind)(node % MEMBER_KIND_COUNT),
        .log = *note_signer_key(sim_log_signer(m->s, node)),
    };
    memcpy(ret->tls, sim_tls(m->s, node), 32);
}

struct act {
    struct members *m;
    size_t node, other, n;
    const struct trust_change *change;
    text name;
    int result;
    struct err err;
};

static bool act(struct members *m, struct act *x, void (*run)(void *context), const char **ret_why)
{
    x->m = m;
    x->result = err_set(&x->err, ERR_IO, "the node is down");
    (void)(sim_state(m->s, x->node) && sim_do(m->s, x->node, run, x));
    (void)snprintf(m->why, sizeof m->why, "%s", err_text(&x->err));
    if (ret_why) {
        *ret_why = x->result ? m->why : NULL;
    }
    return x->result == 0;
}

static void do_create(void *context)
{
    struct act *x = context;
    struct trust_self_config self;
    members_self(x->m, x->node, &self);
    x->result = trust_create(trust_at(x->m, x->node), x->name, &self, &x->err);
}

bool members_create(struct members *m, size_t node, text name)
{
    struct act x = {.node = node, .name = name};
    return act(m, &x, do_create, NULL);
}

static void do_propose(void *context)
{
    struct act *x = context;
    x->result = trust_propose(trust_at(x->m, x->node), x->change, &x->err);
}

bool members_propose(struct members *m, size_t node, const struct trust_change *change,
                     const char **ret_why)
{
    struct act x = {.node = node, .change = change};
    return act(m, &x, do_propose, ret_why);
}

struct inviting {
    struct act act;
    struct arena *a;
    text invitation;
};

static void do_invite(void *context)
{
    struct inviting *x = context;
    x->act.result =
        trust_invite(trust_at(x->act.m, x->act.node), sim_ods(x->act.m->s, x->act.other), x->a,
                     &x->invitation, &x->act.err);
}

static void do_join(void *context)
{
    struct inviting *x = context;
    struct trust_self_config self;
    members_self(x->act.m, x->act.node, &self);
    x->act.result = trust_join(trust_at(x->act.m, x->act.node), x->invitation, &self, &x->act.err);
}

bool members_join(struct members *m, size_t node, size_t inviter, const char **ret_why)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    struct inviting x = {.act = {.node = inviter, .other = node}, .a = &a};
    bool good = act(m, &x.act, do_invite, ret_why);
    x.act.node = node;
    good = good && act(m, &x.act, do_join, ret_why);
    arena_done(&a);
    return good;
}

struct signing {
    struct act act;
    size_t count;
};

static void do_sign(void *context)
{
    struct signing *x = context;
    struct arena a;
    text *words = NULL;
    struct trust *t = trust_at(x->act.m, x->act.node);
    arena_init(&a, 16 << 20);
    x->act.result = trust_proposals(t, &a, &words, &x->count, &x->act.err);
    if (!x->act.result && x->act.n != SIZE_MAX - 1) {
        size_t n = x->act.n == SIZE_MAX && x->count
                       ? (size_t)prng_below(sim_chance(x->act.m->s), x->count)
                       : x->act.n;
        x->act.result = n < x->count ? trust_sign(t, text_first(words[n], 16), &x->act.err)
                                     : err_set(&x->act.err, ERR_NOT_FOUND, "nothing waits");
    }
    arena_done(&a);
}

bool members_sign(struct members *m, size_t node, size_t n, const char **ret_why)
{
    struct signing x = {.act = {.node = node, .n = n}};
    return act(m, &x.act, do_sign, ret_why);
}

size_t members_waiting(struct members *m, size_t node)
{
    struct signing x = {.act = {.node = node, .n = SIZE_MAX - 1}};
    return act(m, &x.act, do_sign, NULL) ? x.count : 0;
}

/* --- what no honest node would do
 * ------------------------------------------------------------------------------- */

/* Each signs with the key that its node keeps. */
static void sign_forged(struct members *m, const size_t *by, size_t count, text body,
                        struct buf *all)
{
    buf_add(all, body);
    buf_addc(all, '\n');
    for (size_t i = 0; i < count; i++) {
        struct buf out;
        text ignored, lines;
        const struct trust *t = trust_at(m, by[i]);
        buf_init(&out, 1 << 20);
        if (!t || note_sign(t->signer, body, &out, NULL) ||
            !note_split(buf_text(&out), &ignored, &lines)) {
            sim_die("a forged text cannot be signed");
        }
        buf_add(all, lines);
        buf_done(&out);
    }
}

text members_forge(struct members *m, const size_t *by, size_t count,
                   const struct trust_change *change, uint64_t round, struct arena *a)
{
    struct trust *t = trust_at(m, by[0]);
    struct directory_ref *ref = t ? trust_hold(t) : NULL;
    struct buf body, all;
    struct err e;
    text note = {0};
    if (!ref) {
        return note;
    }
    struct directory d = ref->directory;
    buf_init(&body, 1 << 20);
    buf_init(&all, 1 << 20);
    if (trust_apply(&d, change, sim_now(m->s) / 1000 * 1000, a, &e) == 0) {
        d.number++;
        d.round = round;
        memcpy(d.previous, ref->directory.hash, 32);
        d.from_ms += 1000;
        d.quorum = d.member_count / 2 + 1;
        if (directory_print(&d, &body, &e)) {
            sim_die(err_text(&e));
        }
        sign_forged(m, by, count, buf_text(&body), &all);
        note = arena_copy(a, buf_text(&all));
    }
    buf_done(&body);
    buf_done(&all);
    trust_done(ref);
    return note;
}

bool members_show(struct members *m, size_t to, text note)
{
    struct buf json;
    struct arena a;
    struct err e;
    buf_init(&json, 4 << 20);
    arena_init(&a, 32 << 20);
    buf_add(&json, T("{\"notes\":["));
    json_write_string(note, &json);
    buf_add(&json, T("]}"));
    struct sim_request r = {
        .method = T("POST"), .path = T("/locality/directory"), .body = buf_text(&json)};
    int rc = sim_ask(m->s, to, &r, &a, &e);
    buf_done(&json);
    arena_done(&a);
    return !rc && r.status == 200;
}

/* --- all together
 * ------------------------------------------------------------------------------------------------
 */

/* Everyone who is a member somewhere has the same text in force, and nothing waits. */
static bool is_settled(struct members *m)
{
    uint8_t first[32] = {0}, hash[32];
    bool begun = false;
    for (size_t i = 0; i < sim_nodes(m->s); i++) {
        if (!members_hash(m, i, hash) || m->liar[i] || !members_is_member(m, i, i)) {
            continue;
        }
        if ((begun && memcmp(first, hash, 32) != 0) || members_waiting(m, i)) {
            return false;
        }
        memcpy(first, hash, 32);
        begun = true;
    }
    return begun;
}

/* The administrators have agreed to sign what stands last, of the newest round that is open here;
 * who has signed something else of that round goes on to the one before. */
static void sign_first(struct members *m, size_t node)
{
    size_t waiting = members_waiting(m, node);
    for (size_t n = waiting; n > 0 && !members_sign(m, node, n - 1, NULL); n--) {
    }
}

static uint64_t highest(struct members *m)
{
    uint64_t most = 0;
    for (size_t i = 0; i < sim_nodes(m->s); i++) {
        uint64_t number = members_number(m, i);
        most = number > most ? number : most;
    }
    return most;
}

bool members_settle(struct members *m, int64_t most_ms)
{
    int64_t until = sim_now(m->s) + most_ms;
    uint64_t number = highest(m);
    for (size_t idle = 0; sim_now(m->s) < until; idle++) {
        sim_run(m->s, sim_now(m->s) + 3000);
        for (size_t i = 0; i < sim_nodes(m->s); i++) {
            sign_first(m, i);
        }
        if (is_settled(m)) {
            return true;
        }
        idle = highest(m) > number ? 0 : idle;
        number = highest(m);
        if (idle >= 15) { /* a round came to nothing: somebody proposes in the next one */
            struct trust_change renew = {.kind = TRUST_RENEW};
            idle = 0;
            for (size_t i = 0; i < sim_nodes(m->s) && !members_propose(m, i, &renew, NULL); i++) {
            }
        }
    }
    return false;
}

bool members_found(struct members *m, size_t count)
{
    if (!members_create(m, 0, T("Riverside"))) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        int64_t until = sim_now(m->s) + 3600000;
        (void)members_join(m, i, 0, NULL); /* it goes on by itself where it was not possible */
        while (!members_is_member(m, i, i) && sim_now(m->s) < until) {
            for (size_t k = 0; k < i; k++) {
                (void)members_sign(m, k, 0, NULL);
            }
            sim_run(m->s, sim_now(m->s) + 1000);
        }
    }
    return members_settle(m, 3600000) && members_number(m, count - 1) >= count;
}

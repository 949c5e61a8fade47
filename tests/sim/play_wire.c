/* Every answer of a node, looked at as it leaves: I1, I3, I4, I6; and what a liar makes of it. */
#include "play.h"

#include "identity/jose.h"
#include "sim_int.h"

#include <stdio.h>

static size_t node_of_key(struct play *p, const uint8_t *tls)
{
    for (size_t i = 0; tls && i < p->nodes; i++) {
        if (memcmp(sim_tls(p->s, i), tls, 32) == 0) {
            return i;
        }
    }
    return SIM_NODES_MAX;
}

/* --- a liar that hides what it gave: its entry, and its row for the reconciler
 * -------------------------------------------- */

struct hiding {
    char nonce[33]; /* in hex, as the key has it */
    char key[128];
    size_t n;
};

static int find_row(void *context, text key, text value)
{
    struct hiding *h = context;
    (void)value;
    if (memmem(key.p, key.n, h->nonce, 32) && key.n < sizeof h->key) {
        memcpy(h->key, key.p, key.n);
        h->n = key.n;
    }
    return 0;
}

static void hide(struct play *p, struct play_gift *g)
{
    struct arena a;
    text nonce;
    uint64_t leaf;
    struct err e;
    arena_init(&a, 4096);
    if (play_logged(p, g->to, "gave", g->nonce, &leaf) &&
        base64url_read(text_of(g->nonce), &a, &nonce, &e) == 0) {
        const struct loc_world *w = sim_world(p->s, g->to);
        struct hiding h = {.n = 0};
        for (size_t i = 0; i < nonce.n && i < 16; i++) {
            (void)snprintf(h.nonce + 2 * i, 3, "%02x", (unsigned char)nonce.p[i]);
        }
        (void)sim_hide_leaf(p->s, g->to, leaf);
        (void)w->each(w->context, "exchange", (text){0}, find_row, &h, &e);
        sim_drop_row(p->s, g->to, "exchange", text_make(h.key, h.n));
        g->hidden = true;
    }
    arena_done(&a);
}

/* --- what is given
 * --------------------------------------------------------------------------------------------- */

static void check_gift(struct play *p, struct play_gift *g, int64_t begun_ms, text body)
{
    int64_t withdrawn = p->withdrawn_ms[g->to][g->from];
    uint64_t leaf;
    bool honest = play_is_honest(p, g->to);
    bool old = memmem(body.p, body.n, PLAY_OLD_WORDS, sizeof PLAY_OLD_WORDS - 1);
    if (honest && withdrawn && begun_ms > withdrawn && !old) {
        sim_violated(p->s, "I1",
                     "X%02zu answered X%02zu %.1f s after the patient's choice was acknowledged",
                     g->to, g->from, (double)(sim_now(p->s) - withdrawn) / 1000);
    }
    if (honest && memmem(body.p, body.n, PLAY_OTHER, sizeof PLAY_OTHER - 1)) {
        sim_violated(p->s, "I3", "X%02zu gives X%02zu another person's entry", g->to, g->from);
    }
    if (!play_logged(p, g->to, "gave", g->nonce, &leaf)) {
        sim_violated(p->s, "I4", "X%02zu answers X%02zu, and its log has no entry of it", g->to,
                     g->from);
    }
    if (!play_logged(p, g->from, "asked", g->nonce, &leaf)) {
        sim_violated(p->s, "I4", "X%02zu asked X%02zu, and its log has no entry of it", g->from,
                     g->to);
    }
}

static void note_gift(struct play *p, size_t from, size_t to, int64_t begun_ms,
                      const struct sim_request *r)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    text nonce = json_text(json_get(play_claims(r->receipt, &a), T("jti")));
    p->gifts = play_grow(p->gifts, p->gift_count, &p->gift_capacity, sizeof *p->gifts);
    struct play_gift *g = &p->gifts[p->gift_count++];
    *g = (struct play_gift){.from = from, .to = to, .at_ms = sim_now(p->s)};
    (void)snprintf(g->nonce, sizeof g->nonce, "%.*s", TEXT_ARG(nonce));
    if (!nonce.n || from == SIM_NODES_MAX) {
        sim_violated(p->s, "I4", "X%02zu gives something to nobody, or without a receipt", to);
    } else {
        check_gift(p, g, begun_ms, r->answer);
    }
    if (p->lie == LIE_HIDE && to == p->liar) {
        hide(p, g);
    }
    arena_done(&a);
}

/* --- others
 * ------------------------------------------------------------------------------------------------
 */

/* {"known":false}: this asker may not know of what is held here. */
static void note_known(struct play *p, size_t holder, const struct sim_request *r)
{
    struct arena a;
    yyjson_val *root = NULL;
    struct err e;
    arena_init(&a, 1 << 20);
    if (text_eq(r->answer, T("{\"known\":false}")) && json_read(r->body, 4, &a, &root, &e) == 0) {
        const yyjson_val *claims = play_claims(json_text(json_get(root, T("statement"))), &a);
        size_t asker = sim_node_of(p->s, json_text(json_get(claims, T("iss"))));
        if (asker < SIM_NODES_MAX) {
            p->said_no_ms[holder][asker] = sim_now(p->s);
        }
    }
    arena_done(&a);
}

/* A checkpoint of the liar that was cosigned: "...\n\norigin\nsize\nroot\n". */
static void note_sight(struct play *p, size_t by, text body)
{
    const char *blank = memmem(body.p, body.n, "\n\n", 2);
    text rest = blank ? text_from(body, (size_t)(blank - body.p) + 2) : (text){0}, line, size, root;
    struct play_sight x = {.by = by};
    if (text_cut(&rest, '\n', &line) && text_cut(&rest, '\n', &size) &&
        text_cut(&rest, '\n', &root) && text_to_u64(size, &x.size) && root.n < sizeof x.root) {
        memcpy(x.root, root.p, root.n);
        p->sights = play_grow(p->sights, p->sight_count, &p->sight_capacity, sizeof *p->sights);
        p->sights[p->sight_count++] = x;
    }
}

static void look(struct play *p, size_t from, size_t to, bool was_member, int64_t begun_ms,
                 const struct sim_request *r)
{
    bool open = text_eq(r->path, T("/locality/directory")) || text_eq(r->path, T("/locality/join"));
    if (r->status == 200 && !open && !was_member) {
        sim_violated(p->s, "I6", "X%02zu answers X%02zu at %.*s, whom its directory does not name",
                     to, from, TEXT_ARG(r->path));
    }
    if (r->status == 200 && text_eq(r->path, T("/locality/ask"))) {
        note_gift(p, from, to, begun_ms, r);
    } else if (r->status == 200 && text_eq(r->path, T("/locality/known"))) {
        note_known(p, to, r);
    } else if (r->status == 200 && from == p->liar && p->lie == LIE_LOG &&
               text_eq(r->path, T("/locality/add-checkpoint"))) {
        note_sight(p, to, r->body);
    }
}

void play_knock(struct play *p, size_t who, size_t at)
{
    struct sim_request r = {.tls = sim_tls(p->s, who),
                            .method = T("POST"),
                            .path = T("/locality/checkpoints"),
                            .body = T("{\"notes\":[]}")};
    struct arena a;
    struct err e;
    arena_init(&a, 1 << 20);
    (void)sim_ask(p->s, at, &r, &a, &e);
    arena_done(&a);
}

int play_answer(void *state, struct sim_request *r, struct arena *a, struct err *e)
{
    struct player *n = state;
    struct play *p = n->play;
    text type;
    size_t from = node_of_key(p, r->tls);
    bool was_member = from < SIM_NODES_MAX && members_is_member(p->m, n->node, from);
    int64_t begun = sim_now(p->s);
    int rc = locality_answer(n->locality, r->tls, r->method, r->path, r->query, r->body, a,
                             &r->status, &type, &r->answer, &r->receipt, e);
    if (!rc && sim_state(p->s, n->node) == state) {
        look(p, from, n->node, was_member, begun, r);
    }
    return rc;
}

/*
 * Messages between members: each that was queued is taken once, in its order, and in the end it is
 * acknowledged on both sides, or its sender is told that it was not delivered (I10).
 */
#include "play.h"

#include <stdio.h>
#include <string.h>

struct mailing {
    struct play *p;
    size_t node, other;
};

static struct mailbox *mailbox_of(const struct mailing *x)
{
    struct player *n = play_node(x->p, x->node);
    return n ? locality_mail(n->locality) : NULL;
}

/* --- watching
 * --------------------------------------------------------------------------------------------------
 */

static struct play_letter *letter_of(struct play *p, text id)
{
    for (size_t i = 0; i < p->letter_count; i++) {
        if (text_eq(id, text_of(p->letters[i].id))) {
            return &p->letters[i];
        }
    }
    return NULL;
}

static void is_queued(struct play *p, size_t from, text id, text line)
{
    static const char to[] = "\"to\":\"";
    const char *at = memmem(line.p, line.n, to, sizeof to - 1);
    p->letters = play_grow(p->letters, p->letter_count, &p->letter_capacity, sizeof *p->letters);
    struct play_letter *l = &p->letters[p->letter_count++];
    *l = (struct play_letter){.from = from,
                              .to = at ? sim_node_of(p->s, text_make(at + sizeof to - 1, 3))
                                       : SIM_NODES_MAX};
    (void)snprintf(l->id, sizeof l->id, "%.*s", TEXT_ARG(id));
}

static bool is_apart(const struct play *p, const struct play_letter *l)
{
    return l->to == SIM_NODES_MAX || p->was_removed[l->from] || p->was_removed[l->to];
}

static void is_taken(struct play *p, size_t at, text id)
{
    struct play_letter *l = letter_of(p, id);
    if (!l || l->to != at || l->taken) {
        sim_violated(p->s, "I10", "X%02zu takes the message %.*s, which %s", at, TEXT_ARG(id),
                     !l         ? "nobody has sent"
                     : l->taken ? "it has taken before"
                                : "is to somebody else");
        return;
    }
    l->taken = true;
    for (const struct play_letter *before = p->letters; before < l; before++) {
        if (before->from == l->from && before->to == at && !before->taken && !is_apart(p, l)) {
            sim_violated(p->s, "I10", "X%02zu takes the message %s of X%02zu before %s", at, l->id,
                         l->from, before->id);
            return;
        }
    }
}

void play_watch_mail(struct play *p, size_t node, const struct kept_change *c)
{
    if (c->change == KEPT_ADD && strcmp(c->kind, "mail-out") == 0) {
        is_queued(p, node, c->key, c->value);
    } else if (c->change == KEPT_ADD && strcmp(c->kind, "mail-in") == 0) {
        is_taken(p, node, c->key);
    }
}

/* --- acts
 * ----------------------------------------------------------------------------------------------------
 */

static void do_send(void *context)
{
    struct mailing *x = context;
    struct arena a;
    text id;
    struct err e = {0};
    arena_init(&a, 1 << 20);
    const struct mail mail = {
        .to = sim_ods(x->p->s, x->other),
        .workflow = T("letter"),
        .bundle = arena_printf(&a,
                               "{\"resourceType\":\"Bundle\",\"type\":\"document\",\"entry\":[{"
                               "\"resource\":{\"resourceType\":\"Composition\",\"title\":"
                               "\"letter %zu of X%02zu\"}}]}",
                               x->p->letter_count, x->node),
        .author = T("Amina Shah"),
        .subject = play_ana,
        .patient = T("p1")};
    int rc = mailbox_of(x) ? mail_send(mailbox_of(x), &mail, &a, &id, &e) : ERR_IO;
    sim_say(x->p->s, x->node, "sends a letter to X%02zu: %s", x->other, rc ? err_text(&e) : "done");
    arena_done(&a);
}

/* Those that it has taken, or one of them. Once more is no error. */
static void acknowledge(struct mailing *x, bool all)
{
    struct play *p = x->p;
    size_t count = p->letter_count;
    size_t first = all || !count ? 0 : (size_t)prng_below(sim_chance(p->s), count);
    for (size_t i = first; i < count; i++) {
        struct err e = {0};
        if (p->letters[i].to != x->node || !p->letters[i].taken || !mailbox_of(x)) {
            continue;
        }
        const struct play_letter l = p->letters[i]; /* the list may move meanwhile */
        int rc = mail_acknowledge(mailbox_of(x), text_of(l.id), &e);
        sim_say(p->s, x->node, "acknowledges a letter of X%02zu: %s", l.from,
                rc ? err_text(&e) : "done");
        if (!all) {
            return;
        }
    }
}

static void do_acknowledge(void *context)
{
    acknowledge(context, false);
}

static void do_acknowledge_all(void *context)
{
    acknowledge(context, true);
}

static void do_at(struct play *p, size_t node, size_t other, void (*run)(void *context))
{
    struct mailing x = {.p = p, .node = node, .other = other};
    (void)(sim_state(p->s, node) && sim_do(p->s, node, run, &x));
}

void play_send(struct play *p, size_t from, size_t to)
{
    do_at(p, from, to, do_send);
}

void play_acknowledge(struct play *p, size_t node)
{
    do_at(p, node, node, do_acknowledge);
}

void play_acknowledge_all(struct play *p)
{
    for (size_t i = 0; i < p->nodes; i++) {
        do_at(p, i, i, do_acknowledge_all);
    }
}

/* --- what has to be true
 * --------------------------------------------------------------------------------------- */

/* As people see it there. */
static bool task_says(struct play *p, size_t node, const struct play_letter *l, const char *words)
{
    char id[64];
    (void)snprintf(id, sizeof id, "mail-%s", l->id);
    text json = sim_resource(p->s, node, T("Task"), text_of(id));
    return json.n && memmem(json.p, json.n, words, strlen(words));
}

static text bundle_at(struct play *p, size_t node, const struct play_letter *l)
{
    static const char data[] = "\"data\":\"";
    char id[64];
    (void)snprintf(id, sizeof id, "mail-%s", l->id);
    text json = sim_resource(p->s, node, T("Binary"), text_of(id));
    const char *at = json.n ? memmem(json.p, json.n, data, sizeof data - 1) : NULL;
    return at ? text_from(json, (size_t)(at - json.p)) : (text){0};
}

/* What was not delivered is an alarm, too. */
static bool is_reported(struct play *p, const struct play_letter *l)
{
    const char *at = sim_alarms(p->s, l->from);
    bool failed = task_says(p, l->from, l, "\"failed\"");
    p->undelivered += failed;
    while (failed && (at = strstr(at, "mail-undeliverable ")) && !strstr(at, l->id)) {
        at++;
    }
    return !failed || at;
}

static void check_letter(struct play *p, const struct play_letter *l)
{
    text sent = bundle_at(p, l->from, l);
    if (l->to == SIM_NODES_MAX ||
        (is_apart(p, l) &&
         (members_is_member(p->m, l->to, l->to) || !members_is_member(p->m, l->from, l->from)))) {
        return; /* who has left and come again begins anew */
    }
    if (is_apart(p, l)) {
        if (task_says(p, l->from, l, "\"requested\"") || !is_reported(p, l)) {
            sim_violated(p->s, "I10", "X%02zu has left, and X%02zu still waits for it to take %s",
                         l->to, l->from, l->id);
        }
        return;
    }
    if (!l->taken || !task_says(p, l->from, l, "\"completed\"") ||
        !task_says(p, l->to, l, "\"completed\"")) {
        sim_violated(p->s, "I10", "the message %s of X%02zu is %s", l->id, l->from,
                     !l->taken ? "lost" : "taken, and one of both does not say so");
    } else if (!sent.n || !text_eq(sent, bundle_at(p, l->to, l))) {
        sim_violated(p->s, "I10", "X%02zu has another message %s than was sent", l->to, l->id);
    }
}

void play_check_shown(struct play *p)
{
    for (size_t i = 0; i < p->letter_count; i++) {
        const struct play_letter *l = &p->letters[i];
        if (!is_apart(p, l) &&
            (!task_says(p, l->from, l, "") || (l->taken && !task_says(p, l->to, l, "")))) {
            sim_violated(p->s, "I10", "nobody is shown the message %s of X%02zu", l->id, l->from);
        }
    }
}

void play_check_mail(struct play *p)
{
    for (size_t i = 0; i < p->letter_count; i++) {
        check_letter(p, &p->letters[i]);
    }
}

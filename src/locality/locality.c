#include "locality/locality.h"

#include "base/metrics.h"
#include "locality/copies.h"
#include "locality/foreign.h"
#include "rest/rest.h"

#include <stdlib.h>

struct locality {
    const struct loc_world *world;
    struct trust *trust;
    struct feed *feed;
    struct places *places;
    struct copies *copies;
    struct copies_take taking;
    struct feed_take inner; /* of `taking` */
    struct asking_config asks;
    struct foreigns *foreigns;
    struct asking *asking;
    struct joining *joining;
    struct witness *witness;
    struct mailbox *mail;
    int64_t probe_ms; /* when those that are away are tried again */
    struct reconcile_turn reconciling;
    struct moves *moves;
};

enum { ROUND_MS = 1000, PROBE_EVERY_MS = 5000 };

/* --- opening ---------------------------------------------------------------------------------- */

/* What a row means is for copies.c; pages of a joined record that were made before a choice changed
 * are not given out any more. */
static int take_row(void *context, text sender, const struct feed_row *row, struct arena *a,
                    struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    struct locality *l = context;
    if (row->kind == FEED_MESSAGE) {
        return mail_take_row(l->mail, sender, row, a, ret_changes, ret_count, e);
    }
    if (row->kind == FEED_MOVE) {
        return moves_take_row(l->moves, sender, row, a, ret_changes, ret_count, e);
    }
    return l->inner.row(l->inner.context, sender, row, a, ret_changes, ret_count, e);
}

static int take_effect(void *context, text sender, const struct feed_row *row, struct err *e)
{
    struct locality *l = context;
    if (row->kind == FEED_MESSAGE) {
        return mail_take_effect(l->mail, e);
    }
    if (row->kind == FEED_MOVE) {
        l->world->wake(l->world->context);
        return 0;
    }
    int rc = l->inner.effect(l->inner.context, sender, row, e);
    if (row->kind != FEED_CONTACT) {
        locality_choice_changed(l, row->subject.nhs_number);
    }
    return rc;
}

void locality_choice_changed(struct locality *l, text nhs_number)
{
    if (nhs_number.n) {
        joining_forget(l->joining, nhs_number);
    }
}

static int open_parts(struct locality *l, const uint8_t key[32], struct err *e)
{
    const struct feed_take take = {.context = l, .row = take_row, .effect = take_effect};
    l->inner = copies_take(&l->taking);
    int rc = trust_open(l->world, &l->trust, e);
    rc = rc ? rc : feed_open(l->world, l->trust, &take, &l->feed, e);
    rc = rc ? rc : mail_open(l->world, l->trust, l->feed, &l->mail, e);
    rc = rc ? rc : places_open(l->world, l->trust, l->feed, key, &l->places, e);
    rc = rc ? rc : moves_open(l->world, l->trust, l->feed, l->places, &l->moves, e);
    rc = rc ? rc : copies_open(l->world, l->trust, l->feed, l->places, &l->copies, e);
    l->taking.places = l->places;
    l->taking.copies = l->copies;
    l->asks = (struct asking_config){.world = l->world,
                                     .trust = l->trust,
                                     .places = l->places,
                                     .feed = l->feed,
                                     .copies = l->copies};
    rc = rc ? rc : foreigns_open(l->world, &l->foreigns, e);
    l->asks.foreigns = l->foreigns;
    rc = rc ? rc : asking_open(&l->asks, &l->asking, e);
    rc = rc ? rc : joining_open(&l->asks, l->asking, &l->joining, e);
    return rc ? rc : witness_open(l->world, l->trust, &l->witness, e);
}

int locality_open(const struct loc_world *world, const uint8_t key[32], struct locality **ret,
                  struct err *e)
{
    struct locality *l = calloc(1, sizeof *l);
    if (!l) {
        return err_set(e, ERR_MEMORY, "no memory for the locality");
    }
    l->world = world;
    int rc = open_parts(l, key, e);
    if (rc) {
        locality_close(l);
        return rc;
    }
    *ret = l;
    return 0;
}

void locality_close(struct locality *l)
{
    if (l) {
        if (l->witness) {
            witness_close(l->witness);
        }
        if (l->joining) {
            joining_close(l->joining);
        }
        if (l->asking) {
            asking_close(l->asking);
        }
        foreigns_close(l->foreigns);
        if (l->copies) {
            copies_close(l->copies);
        }
        if (l->places) {
            places_close(l->places);
        }
        moves_close(l->moves);
        mail_close(l->mail);
        if (l->feed) {
            feed_close(l->feed);
        }
        trust_close(l->trust);
        free(l);
    }
}

struct trust *locality_trust(struct locality *l)
{
    return l->trust;
}

struct mailbox *locality_mail(struct locality *l)
{
    return l->mail;
}

struct asking *locality_asking(struct locality *l)
{
    return l->asking;
}

struct witness *locality_witness(struct locality *l)
{
    return l->witness;
}

struct feed *locality_feed(struct locality *l)
{
    return l->feed;
}

struct places *locality_places(struct locality *l)
{
    return l->places;
}

struct copies *locality_copies(struct locality *l)
{
    return l->copies;
}

/* --- addresses -------------------------------------------------------------------------------- */

/* One request on its way: what came, and what becomes of it. */
struct visit {
    struct locality *l;
    const uint8_t *tls;
    const struct member *member; /* whose key that is; NULL: nobody's in force */
    text method, path, query, body;
    struct arena *a;
    int status;
    text content_type, answer, receipt;
};

static const char json_type_name[] = "application/json";

static int do_directory(struct visit *v, struct err *e)
{
    return trust_serve(v->l->trust, v->method, v->query, v->body, v->a, &v->status, &v->answer, e);
}

static int do_join(struct visit *v, struct err *e)
{
    return trust_serve_join(v->l->trust, v->body, v->a, &v->status, &v->answer, e);
}

static int do_ask(struct visit *v, struct err *e)
{
    return ask_serve(v->l->asking, v->tls, v->body, v->a, &v->status, &v->answer, &v->receipt, e);
}

static int do_places(struct visit *v, struct err *e)
{
    return ask_places_serve(v->l->asking, v->l->places, v->tls, v->body, v->a, &v->answer, e);
}

static int do_known(struct visit *v, struct err *e)
{
    return places_serve_known(v->l->places, v->member, v->body, v->a, &v->answer, e);
}

static int do_heal(struct visit *v, struct err *e)
{
    return places_serve_heal(v->l->places, v->member, v->body, v->a, &v->answer, e);
}

static int do_renew(struct visit *v, struct err *e)
{
    return copies_serve_renew(v->l->copies, v->member, v->body, v->a, &v->answer, e);
}

static int do_feed(struct visit *v, struct err *e)
{
    return feed_serve(v->l->feed, v->member, v->body, v->a, &v->answer, e);
}

static int do_parcel(struct visit *v, struct err *e)
{
    v->content_type = T("application/octet-stream");
    return parcel_serve(v->l->moves, v->member, v->path, v->a, &v->status, &v->answer, e);
}

static int do_exchanges(struct visit *v, struct err *e)
{
    return reconcile_serve(v->l->world, v->member, v->body, v->a, &v->answer, e);
}

/* C2SP tlog-witness: plain text, and a size with 409. */
static int do_add_checkpoint(struct visit *v, struct err *e)
{
    int rc = witness_serve(v->l->witness, v->body, v->a, &v->status, &v->answer, e);
    v->content_type = v->status == 409 ? T("text/x.tlog.size") : T("text/plain; charset=utf-8");
    return rc;
}

static int do_consistency(struct visit *v, struct err *e)
{
    v->content_type = T("text/plain; charset=utf-8");
    return witness_prove(v->l->witness, v->query, v->a, &v->status, &v->answer, e);
}

static int do_checkpoints(struct visit *v, struct err *e)
{
    return witness_exchange(v->l->witness, v->member->ods, v->body, v->a, &v->answer, e);
}

enum who {
    ANYBODY,
    WITH_KEY, /* whoever shows a certificate: the module decides, and knows whom to tell */
    MEMBERS,
};
static const struct address {
    const char *path;
    enum who who;
    bool get, post;
    int (*run)(struct visit *v, struct err *e);
} addresses[] = {
    {"/locality/directory", ANYBODY, true, true, do_directory},
    {"/locality/join", ANYBODY, false, true, do_join},
    {"/locality/ask", WITH_KEY, false, true, do_ask},
    {"/locality/places", WITH_KEY, false, true, do_places},
    {"/locality/known", MEMBERS, false, true, do_known},
    {"/locality/heal", MEMBERS, false, true, do_heal},
    {"/locality/feed", MEMBERS, false, true, do_feed},
    {"/locality/renew", MEMBERS, false, true, do_renew},
    {"/locality/parcel/", MEMBERS, true, false, do_parcel},
    {"/locality/exchanges", MEMBERS, false, true, do_exchanges},
    {"/locality/add-checkpoint", MEMBERS, false, true, do_add_checkpoint},
    {"/locality/consistency", MEMBERS, true, false, do_consistency},
    {"/locality/checkpoints", MEMBERS, false, true, do_checkpoints},
};

static const struct address *find_address(text path)
{
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        text at = text_of(addresses[i].path);
        if (text_eq(path, at) || (text_ends(at, T("/")) && text_starts(path, at))) {
            return &addresses[i];
        }
    }
    return NULL;
}

bool locality_serves(text path)
{
    return text_starts(path, T("/locality/"));
}

bool locality_knows(struct locality *l, const uint8_t tls[32])
{
    struct directory_ref *ref, *ally = NULL;
    const char *why;
    const struct directory *d = trust_directory(l->trust, &ref, &why);
    bool knows = d && directory_by_tls(trust_of_key(l->trust, d, tls, &ally), tls);
    trust_done(ally);
    trust_done(ref);
    return knows;
}

static int nobody(const uint8_t *tls, struct err *e)
{
    metric_add(METRIC_locality_refused_total, 1);
    return err_set(e, ERR_FORBIDDEN,
                   "this is for members of the locality, by the certificate that the directory "
                   "names; %s",
                   tls ? "the one shown is not in it" : "none was shown");
}

/* D4, D5: whose certificate it is, by the directory in force now. */
static int run_as_member(const struct address *x, struct visit *v, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    const struct directory *d = trust_directory(v->l->trust, &ref, &why);
    if (!d) {
        metric_add(METRIC_locality_refused_total, 1);
        return err_set(e, ERR_FORBIDDEN, "nothing can be answered here: %s", why);
    }
    v->member = v->tls ? directory_by_tls(d, v->tls) : NULL;
    int rc = v->member ? x->run(v, e) : 0;
    trust_done(ref);
    if (!v->member && v->tls) {
        (void)ask_stranger(v->l->asking, v->tls, e); /* people are told; the words are these: */
    }
    return v->member ? rc : nobody(v->tls, e);
}

int locality_answer(struct locality *l, const uint8_t *tls, text method, text path, text query,
                    text body, struct arena *a, int *ret_status, text *ret_content_type,
                    text *ret_answer, text *ret_receipt, struct err *e)
{
    const struct address *x = find_address(path);
    struct visit v = {.l = l,
                      .tls = tls,
                      .method = method,
                      .path = path,
                      .query = query,
                      .body = body,
                      .a = a,
                      .status = 200,
                      .content_type = text_of(json_type_name),
                      .answer = T(""),
                      .receipt = T("")};
    metric_add(METRIC_locality_requests_total, 1);
    if (!x) {
        return err_set(e, ERR_NOT_FOUND, "there is no such address between members");
    }
    if (!(x->get && text_eq(method, T("GET"))) && !(x->post && text_eq(method, T("POST")))) {
        return err_set(e, ERR_METHOD, "%s takes %s", x->path,
                       x->get && x->post ? "GET and POST"
                       : x->get          ? "GET"
                                         : "POST");
    }
    int rc = x->who == MEMBERS            ? run_as_member(x, &v, e)
             : x->who == WITH_KEY && !tls ? nobody(tls, e)
                                          : x->run(&v, e);
    if (!rc) {
        *ret_status = v.status;
        *ret_content_type = v.content_type;
        *ret_answer = v.answer;
        *ret_receipt = v.receipt;
    }
    return rc;
}

void locality_handle(struct locality *l, const struct http_request *request,
                     struct http_reply *reply)
{
    struct err e = {0};
    text type, answer, receipt;
    int rc = locality_answer(l, request->client_key, request->method_name, request->path,
                             request->query, request->body, request->arena, &reply->status, &type,
                             &answer, &receipt, &e);
    http_reply_field(reply, T("Cache-Control"), T("no-store"));
    if (rc) {
        reply->status = err_info(rc)->status;
        rest_refuse(&e, reply);
        return;
    }
    text terminated = answer.n ? arena_copy(request->arena, type) : (text){0};
    reply->content_type = terminated.p;
    reply->no_compression = true; /* members do not ask for it */
    buf_add(&reply->body, answer);
    if (receipt.n) {
        http_reply_field(reply, T("Kith-Receipt"), receipt);
    }
}

/* --- what is done by itself ------------------------------------------------------------------- */

/* One part that fails keeps no other from its turn; the first failure is told. */
static void note_failure(int rc, const struct err *why, int *first, struct err *e)
{
    if (rc && !*first) {
        *first = rc;
        *e = *why;
    }
}

static void sooner(int64_t *at_ms, int64_t other_ms)
{
    *at_ms = other_ms < *at_ms ? other_ms : *at_ms;
}

/* J5: who is away is tried again every five seconds. */
static int probe(struct locality *l, struct err *e)
{
    int64_t now = l->world->now_ms(l->world->context);
    if (now < l->probe_ms && now > l->probe_ms - PROBE_EVERY_MS) {
        return 0;
    }
    l->probe_ms = now + PROBE_EVERY_MS;
    return ask_probe(l->asking, e);
}

/* In no locality, or in one whose directory has ended (D4), there is nobody to turn to, but for a
 * newer directory. */
static bool is_in_force(struct locality *l)
{
    struct directory_ref *ref;
    const char *why;
    bool is = trust_directory(l->trust, &ref, &why) != NULL;
    trust_done(ref);
    return is;
}

int locality_carry(struct locality *l, int64_t *ret_again_ms, struct err *e)
{
    struct err why = {0};
    int first = 0;
    *ret_again_ms = l->world->now_ms(l->world->context) + ROUND_MS;
    int64_t feed_ms = *ret_again_ms;
    int64_t copies_ms = *ret_again_ms;
    int rc = trust_refresh(l->trust, e);
    if (rc) {
        return rc;
    }
    if (!is_in_force(l)) { /* people are told all the same what has not been delivered */
        rc = mail_round(l->mail, e);
        return rc ? rc : trust_round(l->trust, e);
    }
    note_failure(feed_round(l->feed, &feed_ms, &why), &why, &first, e);
    note_failure(trust_round(l->trust, &why), &why, &first, e);
    note_failure(probe(l, &why), &why, &first, e);
    note_failure(copies_round(l->copies, &copies_ms, &why), &why, &first, e);
    note_failure(mail_round(l->mail, &why), &why, &first, e);
    sooner(ret_again_ms, feed_ms);
    sooner(ret_again_ms, copies_ms);
    return first;
}

int locality_watch(struct locality *l, int64_t *ret_again_ms, struct err *e)
{
    struct err why = {0};
    int first = 0;
    *ret_again_ms = l->world->now_ms(l->world->context) + ROUND_MS;
    int64_t places_ms = *ret_again_ms;
    int64_t moves_ms = *ret_again_ms;
    if (!is_in_force(l)) {
        return 0;
    }
    note_failure(places_round(l->places, &places_ms, &why), &why, &first, e);
    note_failure(moves_round(l->moves, &moves_ms, &why), &why, &first, e);
    note_failure(witness_round(l->witness, &why), &why, &first, e);
    note_failure(reconcile_round(l->world, l->trust, &l->reconciling, &why), &why, &first, e);
    sooner(ret_again_ms, places_ms);
    sooner(ret_again_ms, moves_ms);
    return first;
}

int locality_joined(void *context, const struct joined_ask *ask, struct arena *a, struct buf *out,
                    struct err *e)
{
    struct locality *l = context;
    return joined_answer(l->joining, ask, a, out, e);
}

int locality_mail_send(void *context, const struct mail_ask *ask, struct arena *a, text *ret_id,
                       text *ret_patient, struct err *e)
{
    struct locality *l = context;
    return mail_post(l->mail, ask, a, ret_id, ret_patient, e);
}

int locality_mail_acknowledge(void *context, text id, struct err *e)
{
    struct locality *l = context;
    return mail_acknowledge(l->mail, id, e);
}

int locality_move_begin(void *context, const struct move_ask *ask, struct arena *a, text *ret_id,
                        struct err *e)
{
    struct locality *l = context;
    return move_begin(l->moves, ask, a, ret_id, e);
}

int locality_move_show(void *context, const struct caller *as, text patient, struct arena *a,
                       text *ret_json, struct err *e)
{
    struct locality *l = context;
    return move_show(l->moves, as, patient, a, ret_json, e);
}

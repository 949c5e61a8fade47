#include "witness_world.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>

static const char *const codes[WORLD_NODES_MAX] = {"A10001", "B10002", "C3",     "D40004", "E5",
                                                   "F60006", "G7",     "H80008", "J9"};

/* --- keys and the directory ----------------------------------------------------------------------
 */

static struct {
    struct note_signer *member, *log, *log2;
    char secret[256];
} keys[WORLD_NODES_MAX];

static struct note_signer *make_key(const char *what, size_t i, char *ret_secret)
{
    char name[64];
    struct buf text_of_it;
    struct note_signer *s = NULL;
    struct err e = {0};
    buf_init(&text_of_it, 4096);
    (void)snprintf(name, sizeof name, "kith.care/%s/%s", what, codes[i]);
    assert_int_equal(note_signer_make(text_of(name), &text_of_it, &e), 0);
    assert_int_equal(note_signer_read(buf_text(&text_of_it), &s, &e), 0);
    if (ret_secret) {
        (void)snprintf(ret_secret, 256, "%.*s", TEXT_ARG(buf_text(&text_of_it)));
    }
    buf_done(&text_of_it);
    return s;
}

static void make_keys(void)
{
    for (size_t i = 0; i < WORLD_NODES_MAX && !keys[i].member; i++) {
        keys[i].member = make_key("member", i, keys[i].secret);
        keys[i].log = make_key("log", i, NULL);
        keys[i].log2 = make_key("log", i, NULL);
    }
}

const char *world_ods(size_t member)
{
    return codes[member];
}

const struct note_signer *world_log_key(size_t member)
{
    return keys[member].log;
}

const struct note_key *world_member_key(size_t member)
{
    return note_signer_key(keys[member].member);
}

/* The note with the signature of another of the same text. */
static void add_signature(text note, text other, struct buf *out)
{
    text body, lines;
    assert_true(note_split(other, &body, &lines));
    buf_add(out, note);
    buf_add(out, lines);
}

static text directory_note(struct scene *s, size_t count, int other_log_key)
{
    struct member members[WORLD_NODES_MAX] = {0};
    struct buf body, note;
    struct err e = {0};
    text all = {0};
    for (size_t i = 0; i < count; i++) {
        members[i] = (struct member){
            .ods = text_of(codes[i]),
            .kind = MEMBER_GP,
            .url = T("https://node.test"),
            .name = text_of(codes[i]),
            .key = *world_member_key(i),
            .log = *note_signer_key((int)i == other_log_key ? keys[i].log2 : keys[i].log),
            .tls_count = 1};
        members[i].tls[0][0] = (uint8_t)(i + 1);
    }
    struct directory d = {.name = T("Riverside"),
                          .number = 1,
                          .round = 1,
                          .from_ms = s->now / 1000 * 1000,
                          .until_ms = s->now / 1000 * 1000 + INT64_C(300) * 86400000,
                          .quorum = count / 2 + 1,
                          .members = members,
                          .member_count = count};
    buf_init(&body, DIRECTORY_MAX);
    assert_int_equal(directory_print(&d, &body, &e), 0);
    for (size_t i = 0; i < count; i++) {
        struct buf both;
        buf_init(&note, DIRECTORY_MAX);
        buf_init(&both, DIRECTORY_MAX);
        assert_int_equal(note_sign(keys[i].member, buf_text(&body), &note, &e), 0);
        if (all.n) {
            add_signature(all, buf_text(&note), &both);
        }
        all = arena_copy(&s->arena, all.n ? buf_text(&both) : buf_text(&note));
        buf_done(&note);
        buf_done(&both);
    }
    buf_done(&body);
    return all;
}

/* --- logs ---------------------------------------------------------------------------------------
 */

static struct sha *hasher(void)
{
    static struct sha *sha;
    sha = sha ? sha : sha_new();
    assert_non_null(sha);
    return sha;
}

void tree_grow(struct tree *t, struct prng *random, size_t by)
{
    for (; by && t->size < WORLD_LEAVES_MAX; by--, t->size++) {
        for (size_t i = 0; i < TLOG_HASH; i += 8) {
            uint64_t r = prng_next(random);
            memcpy(t->leaf[t->size].b + i, &r, 8);
        }
    }
}

static size_t below_half(size_t n)
{
    size_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    return k;
}

static struct tlog_hash part(const struct tree *t, size_t from, size_t n)
{
    if (n == 0) {
        return tlog_empty(hasher());
    }
    if (n == 1) {
        return t->leaf[from];
    }
    size_t k = below_half(n);
    struct tlog_hash left = part(t, from, k), right = part(t, from + k, n - k);
    return sha_node(hasher(), &left, &right);
}

struct tlog_hash tree_root(const struct tree *t, size_t size)
{
    assert_true(size <= t->size);
    return part(t, 0, size);
}

/* SUBPROOF of RFC 6962, 2.1.2. */
static size_t subproof(const struct tree *t, size_t m, size_t from, size_t n, bool whole,
                       struct tlog_hash *ret)
{
    if (m == n) {
        ret[0] = part(t, from, n);
        return whole ? 0 : 1;
    }
    size_t k = below_half(n), count;
    if (m <= k) {
        count = subproof(t, m, from, k, whole, ret);
        ret[count] = part(t, from + k, n - k);
    } else {
        count = subproof(t, m - k, from + k, n - k, false, ret);
        ret[count] = part(t, from, k);
    }
    return count + 1;
}

size_t tree_proof(const struct tree *t, size_t from, size_t to, struct tlog_hash *ret)
{
    return from == to ? 0 : subproof(t, from, 0, to, true, ret);
}

text world_note(struct scene *s, size_t member, const struct tree *t, size_t size)
{
    struct checkpoint c = {.origin = text_of(note_signer_key(keys[member].log)->name),
                           .size = size,
                           .root = tree_root(t, size)};
    struct buf body, note;
    struct err e = {0};
    buf_init(&body, 4096);
    buf_init(&note, 4096);
    checkpoint_print(&c, &body);
    assert_int_equal(note_sign(keys[member].log, buf_text(&body), &note, &e), 0);
    text ret = arena_copy(&s->arena, buf_text(&note));
    buf_done(&body);
    buf_done(&note);
    return ret;
}

text world_offer(struct scene *s, size_t old, const struct tlog_hash *proof, size_t count,
                 text note)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    buf_printf(&out, "old %zu\n", old);
    for (size_t i = 0; i < count; i++) {
        base64_print(text_make((const char *)proof[i].b, TLOG_HASH), &out);
        buf_addc(&out, '\n');
    }
    buf_addc(&out, '\n');
    buf_add(&out, note);
    text ret = arena_copy(&s->arena, buf_text(&out));
    buf_done(&out);
    return ret;
}

/* --- the world of one node -----------------------------------------------------------------------
 */

static int64_t w_now(void *context)
{
    return ((struct node *)context)->scene->now;
}

static void w_wake(void *context)
{
    (void)context;
}

static struct kept_row *find_row(struct node *n, const char *kind, text key)
{
    for (size_t i = 0; i < n->row_count; i++) {
        if (strcmp(n->rows[i].kind, kind) == 0 &&
            text_eq(text_make(n->rows[i].key, n->rows[i].key_n), key)) {
            return &n->rows[i];
        }
    }
    return NULL;
}

static int is_down(const struct node *n, struct err *e)
{
    return n->up ? 0 : err_set(e, ERR_IO, "the node is down");
}

static int w_get(void *context, const char *kind, text key, struct arena *a, text *ret_value,
                 struct err *e)
{
    struct node *n = context;
    const struct kept_row *row = find_row(n, kind, key);
    if (is_down(n, e) || !row) {
        return n->up ? err_set(e, ERR_NOT_FOUND, "no such row") : ERR_IO;
    }
    *ret_value = arena_copy(a, text_make(row->value, row->value_n));
    return ret_value->p ? 0 : ERR_MEMORY;
}

static char *copy_bytes(text t)
{
    char *p = malloc(t.n + 1);
    assert_non_null(p);
    if (t.n) {
        memcpy(p, t.p, t.n);
    }
    return p;
}

static void put_row(struct node *n, const struct kept_change *c)
{
    struct kept_row *row = find_row(n, c->kind, c->key);
    if (!row) {
        assert_true(n->row_count < WORLD_ROWS_MAX);
        row = &n->rows[n->row_count++];
        (void)snprintf(row->kind, sizeof row->kind, "%s", c->kind);
        row->key = copy_bytes(c->key);
        row->key_n = c->key.n;
    } else {
        free(row->value);
    }
    row->value = copy_bytes(c->value);
    row->value_n = c->value.n;
}

static void drop_row(struct node *n, const struct kept_change *c)
{
    struct kept_row *row = find_row(n, c->kind, c->key);
    if (row) {
        free(row->key);
        free(row->value);
        *row = n->rows[--n->row_count];
    }
}

static bool is_refused(struct node *n, const struct kept_change *c)
{
    const struct kept_row *row = find_row(n, c->kind, c->key);
    return (c->change == KEPT_ADD && row) ||
           (c->change == KEPT_SWAP &&
            (!row || !text_eq(text_make(row->value, row->value_n), c->was)));
}

static int w_write(void *context, const struct kept_change *changes, size_t count,
                   size_t *ret_failed, struct err *e)
{
    struct node *n = context;
    (void)ret_failed;
    bool crashes = n->crash_at && --n->crash_at == 0;
    if (is_down(n, e) || (crashes && !n->crash_done)) {
        n->up = false;
        return err_set(e, ERR_IO, "the node is down");
    }
    for (size_t i = 0; i < count; i++) {
        if (is_refused(n, &changes[i])) {
            return err_set(e, ERR_CONFLICT, "a row is another one");
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (changes[i].change == KEPT_DELETE) {
            drop_row(n, &changes[i]);
        } else {
            put_row(n, &changes[i]);
        }
    }
    n->up = !crashes;
    return crashes ? err_set(e, ERR_IO, "the node is down") : 0;
}

static int w_each(void *context, const char *kind, text prefix,
                  int (*one)(void *context, text key, text value), void *one_context, struct err *e)
{
    struct node *n = context;
    int rc = is_down(n, e);
    for (size_t i = 0; i < n->row_count && !rc; i++) {
        const struct kept_row *row = &n->rows[i];
        text key = text_make(row->key, row->key_n);
        if (strcmp(row->kind, kind) == 0 && text_starts(key, prefix)) {
            rc = one(one_context, key, text_make(row->value, row->value_n));
        }
    }
    return rc;
}

static int w_checkpoint(void *context, struct arena *a, text *ret_note, struct err *e)
{
    struct node *n = context;
    if (is_down(n, e)) {
        return ERR_IO;
    }
    if (!n->log.size) {
        return err_set(e, ERR_NOT_FOUND, "no checkpoint yet");
    }
    *ret_note = arena_copy(a, world_note(n->scene, n->index, &n->log, n->log.size));
    return 0;
}

static int w_consistency(void *context, uint64_t from, uint64_t to, struct arena *a,
                         uint8_t (**ret_hashes)[32], size_t *ret_count, struct err *e)
{
    struct node *n = context;
    struct tlog_hash proof[TLOG_PROOF_MAX];
    if (is_down(n, e)) {
        return ERR_IO;
    }
    assert_true(from <= to && to <= n->log.size);
    size_t count = from ? tree_proof(&n->log, from, to, proof) : 0;
    uint8_t(*hashes)[32] = arena_alloc(a, sizeof proof);
    memcpy(hashes, proof, count * sizeof *proof);
    *ret_hashes = hashes;
    *ret_count = count;
    return 0;
}

static int w_cosigned(void *context, text note, text witnesses, struct err *e)
{
    struct node *n = context;
    (void)e;
    assert_true(witnesses.n > 0);
    buf_clear(&n->published);
    buf_add(&n->published, note);
    return 0;
}

static int w_alarm(void *context, const char *kind, text member, text words, struct err *e)
{
    struct node *n = context;
    size_t at = strlen(n->alarms);
    (void)e;
    (void)snprintf(n->alarms + at, sizeof n->alarms - at, "%s %.*s: %.*s\n", kind, TEXT_ARG(member),
                   TEXT_ARG(words));
    return 0;
}

/* --- the network ---------------------------------------------------------------------------------
 */

static bool is_lost(struct scene *s)
{
    return s->drop && prng_below(&s->random, 100) < s->drop;
}

/* Whom a member reaches by this code: the face that it is shown. */
static struct node *reached(struct node *from, text ods)
{
    struct scene *s = from->scene;
    bool other = from == &s->node[s->count];
    for (size_t i = 0; i < s->count; i++) {
        if (!text_eq(ods, text_of(codes[i]))) {
            continue;
        }
        if (s->two_faced && from->index == 0 && s->sees_other[i] != other) {
            return NULL;
        }
        return s->two_faced && i == 0 && s->sees_other[from->index] ? &s->node[s->count]
                                                                    : &s->node[i];
    }
    return NULL;
}

static int answer(struct node *to, const struct node *from, const struct peer_call *c,
                  struct arena *a, int *ret_status, text *ret_answer, struct err *e)
{
    text path = c->path, query = {0};
    size_t at = text_find(path, '?');
    query = text_from(path, at + 1);
    path = text_first(path, at);
    *ret_status = 200;
    if (text_eq(path, T("/locality/add-checkpoint"))) {
        return witness_serve(to->witness, c->body, a, ret_status, ret_answer, e);
    }
    if (text_eq(path, T("/locality/consistency"))) {
        return to->silent ? ERR_BUSY
                          : witness_prove(to->witness, query, a, ret_status, ret_answer, e);
    }
    assert_true(text_eq(path, T("/locality/checkpoints")));
    return witness_exchange(to->witness, text_of(codes[from->index]), c->body, a, ret_answer, e);
}

static void w_call(void *context, struct peer_call *calls, size_t count, int64_t deadline_ms,
                   struct arena *a)
{
    struct node *from = context;
    (void)deadline_ms;
    for (size_t i = 0; i < count; i++) {
        struct node *to = reached(from, calls[i].to->ods);
        struct err e = {0};
        calls[i].result = ERR_TIMEOUT;
        if (!to || !to->up || !from->up || is_lost(from->scene)) {
            continue;
        }
        int rc = answer(to, from, &calls[i], a, &calls[i].status, &calls[i].answer, &e);
        if (rc) {
            calls[i].status = err_info(rc)->status;
            calls[i].answer = text_of("refused\n");
        }
        if (to->up && !is_lost(from->scene)) {
            calls[i].result = 0;
        }
        assert_true(calls[i].answer.n <= calls[i].most_bytes);
    }
}

/* --- scenes --------------------------------------------------------------------------------------
 */

static void own_row(struct node *n, const char *kind, text key, text value)
{
    struct kept_change put = {.change = KEPT_PUT, .kind = kind, .key = key, .value = value};
    put_row(n, &put);
}

void world_start(struct scene *s, size_t node)
{
    struct node *n = &s->node[node];
    struct err e = {0};
    n->up = true;
    n->crash_at = 0;
    assert_int_equal(trust_open(&n->world, &n->trust, &e), 0);
    assert_int_equal(witness_open(&n->world, n->trust, &n->witness, &e), 0);
}

void world_stop(struct scene *s, size_t node)
{
    struct node *n = &s->node[node];
    witness_close(n->witness);
    trust_close(n->trust);
    n->witness = NULL;
    n->trust = NULL;
    n->up = false;
}

void world_directory(struct scene *s, size_t without, int other_log_key)
{
    static const char number[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    text note = directory_note(s, s->count - without, other_log_key);
    for (size_t i = 0; i <= s->count; i++) {
        bool was_up = s->node[i].witness != NULL;
        if (was_up) {
            world_stop(s, i);
        }
        own_row(&s->node[i], "directory", text_make(number, 8), note);
        if (was_up) {
            world_start(s, i);
        }
    }
}

void world_new(struct scene *s, size_t count, uint64_t seed)
{
    make_keys();
    memset(s, 0, sizeof *s);
    arena_init(&s->arena, 1 << 28);
    prng_seed(&s->random, seed);
    s->count = count;
    s->now = INT64_C(1795340000000);
    for (size_t i = 0; i <= count; i++) {
        struct node *n = &s->node[i];
        n->scene = s;
        n->index = i < count ? i : 0;
        n->rows = calloc(WORLD_ROWS_MAX, sizeof *n->rows);
        buf_init(&n->published, NOTE_MAX);
        n->world = (struct loc_world){.context = n,
                                      .now_ms = w_now,
                                      .wake = w_wake,
                                      .get = w_get,
                                      .write = w_write,
                                      .each = w_each,
                                      .call = w_call,
                                      .checkpoint = w_checkpoint,
                                      .consistency = w_consistency,
                                      .cosigned = w_cosigned,
                                      .alarm = w_alarm};
        own_row(n, "own", T("key"), text_of(keys[n->index].secret));
        own_row(n, "own", T("ods"), text_of(codes[n->index]));
    }
    world_directory(s, 0, -1);
    for (size_t i = 0; i <= count; i++) {
        world_start(s, i);
    }
}

void world_free(struct scene *s)
{
    for (size_t i = 0; i <= s->count; i++) {
        struct node *n = &s->node[i];
        world_stop(s, i);
        for (size_t k = 0; k < n->row_count; k++) {
            free(n->rows[k].key);
            free(n->rows[k].value);
        }
        free(n->rows);
        buf_done(&n->published);
    }
    arena_done(&s->arena);
}

void world_rounds(struct scene *s, unsigned count)
{
    struct err e = {0};
    for (; count; count--) {
        for (size_t i = 0; i <= s->count; i++) {
            struct node *n = &s->node[i];
            if (n->up && (i < s->count || s->two_faced)) {
                int rc = witness_round(n->witness, &e);
                if (rc && n->up) {
                    fail_msg("round of %s: %s", codes[n->index], err_text(&e));
                }
            }
        }
        s->now += WITNESS_EVERY_MS;
    }
}

bool world_alarmed(const struct node *n, const char *kind, size_t member)
{
    char words[64];
    (void)snprintf(words, sizeof words, "%s %s: ", kind, codes[member]);
    return strstr(n->alarms, words) != NULL;
}

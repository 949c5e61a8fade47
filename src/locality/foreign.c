#include "locality/foreign_int.h"

#include "identity/jose.h"
#include "locality/ask_int.h"
#include "policy/actor.h"

#include <stdlib.h>

enum { ROW_MOST = 64 * 1024, ROW_DEPTH = 8, BASE_MOST = 1000 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for a server of another make");
}

/* --- rows ---------------------------------------------------------------------------------------
 */

static bool name_ok(text name)
{
    bool ok = name.n && name.n <= FOREIGN_NAME_MAX;
    for (size_t i = 0; ok && i < name.n; i++) {
        char c = name.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    }
    return ok;
}

static int check_key(text jwk, struct arena *a, struct err *e)
{
    yyjson_val *root = NULL;
    struct jose_key *key = NULL;
    struct err why = {0};
    int rc = json_read(jwk, ROW_DEPTH, a, &root, &why);
    rc = rc ? rc : jose_key_read(root, JOSE_RS384, &key, &why);
    bool secret = !rc && jose_key_is_secret(key);
    jose_key_free(key);
    return secret ? 0
                  : err_set(e, ERR_VALUE,
                            "--key has to be the file of one private key as a JWK (RFC 7517): %s",
                            rc ? err_text(&why) : "this one is public");
}

static int check(const struct foreign *f, struct arena *a, struct err *e)
{
    bool https = text_starts(f->base, T("https://"));
    bool here =
        text_starts(f->base, T("http://127.")) || text_starts(f->base, T("http://localhost"));
    if (!name_ok(f->name)) {
        return err_set(e, ERR_VALUE,
                       "a name has 1 to %d letters, digits and hyphens; it stands in the manifest "
                       "of joined records",
                       FOREIGN_NAME_MAX);
    }
    if ((!https && !here) || f->base.n > BASE_MOST || text_ends(f->base, T("/"))) {
        return err_set(e, ERR_VALUE,
                       "--base has to be an address such as https://host/fhir (http on this "
                       "machine only), without a slash at the end");
    }
    if (!f->client.n) {
        return err_set(e, ERR_VALUE, "--client-id: by which the server knows this node");
    }
    return check_key(f->key, a, e);
}

static text print_row(const struct foreign *f, text sealed, struct arena *a)
{
    const struct {
        const char *name;
        text value;
    } members[] = {{"base", f->base}, {"client", f->client}, {"scope", f->scope}, {"key", sealed}};
    struct buf out;
    buf_init(&out, ROW_MOST);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        buf_printf(&out, "%s\"%s\":", i ? "," : "{", members[i].name);
        json_write_string(members[i].value, &out);
    }
    buf_addc(&out, '}');
    text row = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return row;
}

int foreign_add(const struct loc_world *w, const struct foreign *f, struct arena *a, struct err *e)
{
    struct foreign *others;
    size_t count;
    text sealed = {0};
    int rc = check(f, a, e);
    rc = rc ? rc : foreign_list(w, a, &others, &count, e);
    if (!rc && count == FOREIGN_MAX) {
        rc =
            err_set(e, ERR_TOO_MANY, "there are %d servers already; remove one first", FOREIGN_MAX);
    }
    rc = rc ? rc : w->seal(w->context, f->key, a, &sealed, e);
    struct kept_change add = {.change = KEPT_ADD, .kind = "foreign", .key = f->name};
    add.value = rc ? (text){0} : print_row(f, sealed, a);
    rc = rc || add.value.p ? rc : no_memory(e);
    rc = rc ? rc : w->write(w->context, &add, 1, NULL, e);
    return rc == ERR_CONFLICT ? err_set(e, rc, "there is a server '%.*s' already; remove it first",
                                        TEXT_ARG(f->name))
                              : rc;
}

int foreign_remove(const struct loc_world *w, text name, struct arena *a, struct err *e)
{
    text value;
    struct kept_change gone = {.change = KEPT_DELETE, .kind = "foreign", .key = name};
    int rc = w->get(w->context, "foreign", name, a, &value, e);
    return rc == ERR_NOT_FOUND ? err_set(e, rc, "there is no server '%.*s' here", TEXT_ARG(name))
           : rc                ? rc
                               : w->write(w->context, &gone, 1, NULL, e);
}

struct listing {
    struct arena *a;
    struct foreign *items;
    size_t count;
    struct err *e;
};

static int list_one(void *context, text key, text value)
{
    struct listing *l = context;
    yyjson_val *root = NULL;
    text copy = arena_copy(l->a, value);
    struct foreign *f = &l->items[l->count];
    if (l->count == FOREIGN_MAX) {
        return 0;
    }
    int rc = copy.p ? json_read(copy, ROW_DEPTH, l->a, &root, l->e) : no_memory(l->e);
    *f = (struct foreign){.name = arena_copy(l->a, key),
                          .base = json_text(json_get(root, T("base"))),
                          .client = json_text(json_get(root, T("client"))),
                          .scope = json_text(json_get(root, T("scope"))),
                          .key = json_text(json_get(root, T("key")))};
    l->count += !rc;
    return rc ? rc : f->name.p ? 0 : no_memory(l->e);
}

int foreign_list(const struct loc_world *w, struct arena *a, struct foreign **ret,
                 size_t *ret_count, struct err *e)
{
    struct listing l = {.a = a, .e = e};
    l.items = arena_zalloc(a, FOREIGN_MAX + 1, sizeof *l.items);
    int rc = l.items ? w->each(w->context, "foreign", T(""), list_one, &l, e) : no_memory(e);
    *ret = l.items;
    *ret_count = l.count;
    return rc;
}

/* --- opening ------------------------------------------------------------------------------------
 */

int foreigns_open(const struct loc_world *w, struct foreigns **ret, struct err *e)
{
    struct foreigns *f = calloc(1, sizeof *f);
    if (!f) {
        return no_memory(e);
    }
    f->world = w;
    (void)pthread_mutex_init(&f->lock, NULL);
    *ret = f;
    return 0;
}

void foreigns_close(struct foreigns *f)
{
    if (f) {
        explicit_bzero(f->known, sizeof f->known);
        (void)pthread_mutex_destroy(&f->lock);
        free(f);
    }
}

struct foreign_known *foreign_known(struct foreigns *f, const struct foreign *server)
{
    struct foreign_known *oldest = &f->known[0];
    for (size_t i = 0; i < FOREIGN_MAX; i++) {
        struct foreign_known *k = &f->known[i];
        if (text_eq(text_of(k->name), server->name) && text_eq(text_of(k->base), server->base)) {
            return k;
        }
        oldest = k->expires_ms < oldest->expires_ms ? k : oldest;
    }
    explicit_bzero(oldest, sizeof *oldest);
    memcpy(oldest->name, server->name.p, server->name.n);
    memcpy(oldest->base, server->base.p, server->base.n);
    return oldest;
}

/* --- the log ------------------------------------------------------------------------------------
 */

struct foreign_round {
    struct foreigns *f;
    const struct foreign_ask *ask;
    struct arena *a;
    struct foreign_going *going;
    struct joined_part *parts;
    size_t count;
    bool ended;
};

static struct audit_event event_of(const struct foreign_round *r, enum event_kind kind,
                                   const struct foreign_going *g)
{
    const struct foreign_ask *ask = r->ask;
    const struct ask as = {.caller = ask->caller,
                           .patient = ask->patient,
                           .relation = ask->relation,
                           .path = ask->path};
    struct audit_event event =
        ask_event(&as, kind, g->server.name, r->f->world->now_ms(r->f->world->context));
    if (kind == EVENT_ANSWERED && g->part.outcome != ASK_ANSWERED) {
        event.why = text_of(g->part.why);
        event.outcome = EVENT_MINOR;
    }
    return event;
}

/* Of each that is, or was, asked. */
static int write_down(const struct foreign_round *r, enum event_kind kind, struct err *e)
{
    const struct loc_world *w = r->f->world;
    struct audit_event *events = arena_zalloc(r->a, r->count + 1, sizeof *events);
    uint8_t(*leaves)[32] = arena_zalloc(r->a, r->count + 1, sizeof *leaves);
    size_t n = 0;
    if (!events || !leaves) {
        return no_memory(e);
    }
    for (size_t i = 0; i < r->count; i++) {
        const struct foreign_going *g = &r->going[i];
        bool asked = kind == EVENT_ASKED ? g->part.outcome == ASK_TIMED_OUT : g->started;
        if (asked) {
            events[n++] = event_of(r, kind, g);
        }
    }
    return n ? w->record(w->context, events, n, leaves, e) : 0;
}

/* --- asking -------------------------------------------------------------------------------------
 */

/* What another server gives cannot be sorted by this patient's choices: they are about entries and
 * categories that only this node knows. */
static bool withholds(const struct decision *d)
{
    return (d->hidden & ~d->fixed) || !d->plain || d->chosen;
}

/* As docs/policy.md says of the own record. */
static bool may_be_told(const struct foreign_round *r)
{
    const struct decision *d = r->ask->decision;
    return !r->f->world->hides_withheld && r->ask->caller->actor.kind == ACTOR_PROFESSIONAL &&
           d->relation != RELATION_NONE && d->relation != RELATION_DUTY;
}

/* Why it is not asked; NULL: it is. */
static const char *not_asked(const struct foreign_round *r)
{
    bool choice = withholds(r->ask->decision) && may_be_told(r);
    return choice || r->ask->decision->demographics_only
               ? "what it gives cannot be sorted as the own record is for each who asks, so it was "
                 "not asked"
               : NULL;
}

static int prepare(struct foreign_round *r, const struct foreign *servers, struct err *e)
{
    struct foreigns *f = r->f;
    int64_t now = f->world->now_ms(f->world->context);
    const char *no = not_asked(r);
    for (size_t i = 0; i < r->count; i++) {
        struct foreign_going *g = &r->going[i];
        *g = (struct foreign_going){.f = f,
                                    .ask = r->ask,
                                    .server = servers[i],
                                    .as_nobody = !no && withholds(r->ask->decision)};
        arena_init(&g->a, FOREIGN_MEMORY);
        (void)pthread_mutex_lock(&f->lock);
        bool away = foreign_known(f, &servers[i])->away_ms > now;
        (void)pthread_mutex_unlock(&f->lock);
        g->part = (struct joined_part){.ods = servers[i].name,
                                       .name = servers[i].name,
                                       .base = servers[i].base,
                                       .unwitnessed = true,
                                       .outcome = no     ? ASK_REFUSED
                                                  : away ? ASK_AWAY
                                                         : ASK_TIMED_OUT,
                                       .why = no     ? no
                                              : away ? "is away; it was not asked"
                                                     : "did not answer in time",
                                       .until_ms = now + (int64_t)JOINED_KEPT_S * 1000,
                                       .bundles = arena_zalloc(&g->a, 1, sizeof(yyjson_val *))};
        if (!g->part.bundles) {
            return no_memory(e);
        }
    }
    return 0;
}

static void *fetch_one(void *context)
{
    struct foreign_going *g = context;
    const struct loc_world *w = g->f->world;
    int64_t began = w->now_ms(w->context);
    foreign_fetch(g);
    int64_t now = w->now_ms(w->context);
    g->part.took_ms = now - began;
    (void)pthread_mutex_lock(&g->f->lock);
    foreign_known(g->f, &g->server)->away_ms =
        g->part.outcome == ASK_TIMED_OUT ? now + FOREIGN_AWAY_MS : 0;
    (void)pthread_mutex_unlock(&g->f->lock);
    return NULL;
}

int foreigns_begin(struct foreigns *f, const struct foreign_ask *ask, struct arena *a,
                   struct foreign_round **ret, struct err *e)
{
    struct foreign *servers = NULL;
    struct foreign_round *r = NULL;
    size_t count = 0;
    *ret = NULL;
    int rc = f->world->fetch ? foreign_list(f->world, a, &servers, &count, e) : 0;
    if (rc || !count) {
        return rc;
    }
    r = arena_zalloc(a, 1, sizeof *r);
    struct foreign_going *going = arena_zalloc(a, count, sizeof *going);
    struct joined_part *parts = arena_zalloc(a, count, sizeof *parts);
    if (!r || !going || !parts) {
        return no_memory(e);
    }
    *r = (struct foreign_round){
        .f = f, .ask = ask, .a = a, .going = going, .parts = parts, .count = count};
    rc = prepare(r, servers, e);
    rc = rc ? rc : write_down(r, EVENT_ASKED, e);
    if (rc) {
        foreigns_done(r);
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        struct foreign_going *g = &going[i];
        g->started =
            g->part.outcome == ASK_TIMED_OUT && pthread_create(&g->thread, NULL, fetch_one, g) == 0;
    }
    *ret = r;
    return 0;
}

static void wait_all(struct foreign_round *r)
{
    for (size_t i = 0; !r->ended && i < r->count; i++) {
        if (r->going[i].started) {
            (void)pthread_join(r->going[i].thread, NULL);
        }
    }
    r->ended = true;
}

int foreigns_end(struct foreign_round *r, struct joined_part **ret_parts, size_t *ret_count,
                 struct err *e)
{
    const struct loc_world *w = r->f->world;
    struct err ignored;
    wait_all(r);
    for (size_t i = 0; i < r->count; i++) {
        r->parts[i] = r->going[i].part;
        if (r->parts[i].outcome == ASK_BROKEN) {
            (void)w->alarm(w->context, "answer", r->parts[i].ods, text_of(r->parts[i].why),
                           &ignored);
        }
    }
    *ret_parts = r->parts;
    *ret_count = r->count;
    return write_down(r, EVENT_ANSWERED, e);
}

void foreigns_done(struct foreign_round *r)
{
    if (r) {
        wait_all(r);
        for (size_t i = 0; i < r->count; i++) {
            arena_done(&r->going[i].a);
        }
    }
}

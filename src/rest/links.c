#include "rest/links.h"

#include "base/clock.h"
#include "identity/oauth_row.h"
#include "identity/secret.h"
#include "rest/links_int.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What is kept of links. */

enum { SWEEP_SECONDS = 60, ROW_MEMORY = 16 << 20, PATH_ROOM = 4096 };
#define DAY_MS (INT64_C(24) * 3600 * 1000)

#define MEMBER(name, kind, field) {name, kind, offsetof(struct link, field), 0}
static const struct row_field members[] = {
    MEMBER("hash", ROW_TEXT, hash),
    MEMBER("label", ROW_TEXT, label),
    MEMBER("words", ROW_TEXT, words),
    MEMBER("flag", ROW_TEXT, flag),
    MEMBER("passcode", ROW_TEXT, passcode),
    MEMBER("made", ROW_I64, made_ms),
    MEMBER("until", ROW_I64, until_ms),
    MEMBER("ended", ROW_I64, ended_ms),
    MEMBER("tries", ROW_I64, tries),
    MEMBER("opened", ROW_I64, opened),
    MEMBER("last", ROW_I64, last_ms),
    MEMBER("last_by", ROW_TEXT, last_by),
    MEMBER("bytes", ROW_I64, bytes),
    {"types", ROW_LIST, offsetof(struct link, types), offsetof(struct link, type_count)},
    {0},
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

static int none(struct err *e)
{
    return err_set(e, ERR_NOT_FOUND,
                   "this link is not open: it has run out, has been ended, or never was; ask the "
                   "person who gave it to you for a new one");
}

bool link_is_open(const struct link *link, int64_t now_ms)
{
    bool tries = !link->passcode.n || link->tries > 0;
    return !link->ended_ms && now_ms < link->until_ms && tries && link->bytes > 0 &&
           link->opened < LINK_OPENINGS;
}

/* --- rows ----------------------------------------------------------------------------------- */

static text key_of(const struct link *link, struct arena *a)
{
    return arena_printf(a, "%.*s/%.*s", TEXT_ARG(link->patient), TEXT_ARG(link->id));
}

static text file_key(const struct link *link, size_t n, struct arena *a)
{
    return arena_printf(a, "%.*s/%02zu", TEXT_ARG(link->hash), n);
}

static int read_row(text key, text value, struct arena *a, struct link *ret_link, struct err *e)
{
    struct link link = {0};
    text own = arena_copy(a, key);
    text bytes = arena_copy(a, value);
    if (!own.p || !bytes.p) {
        return no_memory(e);
    }
    link.id = own;
    (void)text_cut(&link.id, '/', &link.patient);
    int rc = row_read(members, bytes, a, &link, e);
    if (!rc) {
        *ret_link = link;
    }
    return rc;
}

/* One link as it is now. Under the lock. */
static int load(struct links *l, text key, struct arena *a, struct link *ret_link, struct err *e)
{
    text value = {0};
    int rc = kept_get(l->kept, "link", key, a, &value, e);
    return rc == ERR_NOT_FOUND ? none(e) : rc ? rc : read_row(key, value, a, ret_link, e);
}

static int store_row(struct links *l, const struct link *link, struct arena *a, struct err *e)
{
    struct kept_change put = {.change = KEPT_PUT,
                              .kind = "link",
                              .key = key_of(link, a),
                              .value = row_print(members, link, a)};
    return put.key.p && put.value.p ? kept_write(l->kept, &put, 1, NULL, e) : no_memory(e);
}

/* Its address and files go; the row stays, so that the person sees what there was. */
static int close_link(struct links *l, struct link *link, struct arena *a, struct err *e)
{
    struct kept_change changes[LINK_FILES + 2];
    size_t n = 0;
    link->bytes = 0;
    changes[n++] = (struct kept_change){.change = KEPT_PUT,
                                        .kind = "link",
                                        .key = key_of(link, a),
                                        .value = row_print(members, link, a)};
    changes[n++] = (struct kept_change){.change = KEPT_DELETE, .kind = "url", .key = link->hash};
    for (size_t i = 0; i < link->type_count && i < LINK_FILES; i++) {
        changes[n++] = (struct kept_change){
            .change = KEPT_DELETE, .kind = "file", .key = file_key(link, i, a)};
    }
    for (size_t i = 0; i < n; i++) {
        if (!changes[i].key.p || (i == 0 && !changes[i].value.p)) {
            return no_memory(e);
        }
    }
    return kept_write(l->kept, changes, n, NULL, e);
}

struct gather {
    struct arena *arena;
    int64_t over_ms; /* only those with which something has to be done by then; 0: all */
    struct link *items;
    size_t count, capacity;
    struct err err;
};

/* When the person's list has it no more. */
static int64_t forgotten_ms(const struct link *link)
{
    return (link->ended_ms ? link->ended_ms : link->until_ms) + LINK_DAYS * DAY_MS;
}

static int gather_one(void *context, text key, text value)
{
    struct gather *g = context;
    struct link *items = arena_grow(g->arena, g->items, g->count, &g->capacity, sizeof *items);
    if (!items) {
        return no_memory(&g->err);
    }
    g->items = items;
    struct arena_mark mark = arena_mark(g->arena);
    struct link *link = &items[g->count];
    int rc = read_row(key, value, g->arena, link, &g->err);
    bool wanted = !rc && (!g->over_ms || (!link_is_open(link, g->over_ms) && link->bytes) ||
                          forgotten_ms(link) < g->over_ms);
    if (wanted) {
        g->count++;
    } else if (!rc) {
        arena_rewind(g->arena, mark);
    }
    return rc;
}

/* Of a patient; of everybody for an empty prefix. */
static int gather_all(struct links *l, text prefix, int64_t over_ms, struct arena *a,
                      struct gather *ret, struct err *e)
{
    *ret = (struct gather){.arena = a, .over_ms = over_ms};
    int rc = kept_each(l->kept, "link", prefix, gather_one, ret, e);
    if (rc && ret->err.code) {
        *e = ret->err;
    }
    return rc;
}

static int gather_of(struct links *l, text patient, struct arena *a, struct gather *ret,
                     struct err *e)
{
    text prefix = arena_printf(a, "%.*s/", TEXT_ARG(patient));
    return prefix.p ? gather_all(l, prefix, 0, a, ret, e) : no_memory(e);
}

/* --- making and ending --------------------------------------------------------------------------
 */

static int check_room(struct links *l, const struct limits *limits, const struct link *link,
                      struct arena *a, struct err *e)
{
    struct gather g;
    uint64_t open = 0;
    uint64_t bytes = (uint64_t)link->bytes;
    int rc = gather_of(l, link->patient, a, &g, e);
    for (size_t i = 0; !rc && i < g.count; i++) {
        bool is = link_is_open(&g.items[i], link->made_ms);
        open += is;
        bytes += is ? (uint64_t)g.items[i].bytes : 0;
    }
    if (!rc && (open >= limits->links || bytes > 5 * limits->link_bytes)) {
        rc = err_set(e, ERR_TOO_MANY,
                     "you have as many links open as you may (%llu links, %llu bytes together); "
                     "end one that you no longer need, and try again",
                     (unsigned long long)limits->links,
                     (unsigned long long)(5 * limits->link_bytes));
    }
    return rc;
}

static int add(struct links *l, const struct link *link, const text *files, struct arena *a,
               struct err *e)
{
    struct kept_change changes[LINK_FILES + 2];
    size_t n = 0;
    text key = key_of(link, a);
    changes[n++] = (struct kept_change){
        .change = KEPT_ADD, .kind = "link", .key = key, .value = row_print(members, link, a)};
    changes[n++] =
        (struct kept_change){.change = KEPT_ADD, .kind = "url", .key = link->hash, .value = key};
    for (size_t i = 0; i < link->type_count; i++) {
        changes[n++] = (struct kept_change){
            .change = KEPT_ADD, .kind = "file", .key = file_key(link, i, a), .value = files[i]};
    }
    for (size_t i = 0; i < n; i++) {
        if (!changes[i].key.p || !changes[i].value.p) {
            return no_memory(e);
        }
    }
    return kept_write(l->kept, changes, n, NULL, e);
}

int links_add(struct links *l, const struct limits *limits, const struct link *link,
              const text *files, struct err *e)
{
    struct arena a;
    arena_init(&a, ROW_MEMORY);
    (void)pthread_mutex_lock(&l->lock);
    int rc = check_room(l, limits, link, &a, e);
    rc = rc ? rc : add(l, link, files, &a, e);
    (void)pthread_mutex_unlock(&l->lock);
    arena_done(&a);
    return rc;
}

static int newest_first(const void *a, const void *b)
{
    int64_t one = ((const struct link *)a)->made_ms;
    int64_t other = ((const struct link *)b)->made_ms;
    return one < other ? 1 : one > other ? -1 : 0;
}

int links_of(struct links *l, text patient, struct arena *a, struct link **ret, size_t *ret_count,
             struct err *e)
{
    struct gather g;
    (void)pthread_mutex_lock(&l->lock);
    int rc = gather_of(l, patient, a, &g, e);
    (void)pthread_mutex_unlock(&l->lock);
    if (rc) {
        return rc;
    }
    if (g.count) {
        qsort(g.items, g.count, sizeof *g.items, newest_first);
    }
    *ret = g.items;
    *ret_count = g.count;
    return 0;
}

int links_end(struct links *l, text patient, text id, int64_t now_ms, struct err *e)
{
    struct arena a;
    struct link link = {.patient = patient, .id = id};
    arena_init(&a, ROW_MEMORY);
    (void)pthread_mutex_lock(&l->lock);
    text key = key_of(&link, &a);
    int rc = key.p ? load(l, key, &a, &link, e) : no_memory(e);
    rc = rc == ERR_NOT_FOUND || (!rc && !link_is_open(&link, now_ms))
             ? err_set(e, ERR_NOT_FOUND, "you have no link of this id that is open")
             : rc;
    if (!rc) {
        link.ended_ms = now_ms;
        rc = close_link(l, &link, &a, e);
    }
    (void)pthread_mutex_unlock(&l->lock);
    arena_done(&a);
    return rc;
}

/* --- opening ------------------------------------------------------------------------------------
 */

int links_find(struct links *l, text token, int64_t now_ms, struct arena *a, struct link *ret_link,
               struct err *e)
{
    struct link link = {0};
    text key = {0};
    text hash = token.n == LINK_TOKEN ? secret_hash(token, a) : (text){0};
    if (!hash.p) {
        return none(e);
    }
    (void)pthread_mutex_lock(&l->lock);
    int rc = kept_get(l->kept, "url", hash, a, &key, e);
    rc = rc == ERR_NOT_FOUND ? none(e) : rc ? rc : load(l, key, a, &link, e);
    (void)pthread_mutex_unlock(&l->lock);
    if (!rc && !link_is_open(&link, now_ms)) {
        rc = none(e);
    }
    if (!rc) {
        *ret_link = link;
    }
    return rc;
}

/* The link as it is now, under the lock, if it is still open. */
static int again(struct links *l, const struct link *link, int64_t now_ms, struct arena *a,
                 struct link *ret_now, struct err *e)
{
    text key = key_of(link, a);
    int rc = key.p ? load(l, key, a, ret_now, e) : no_memory(e);
    return rc ? rc
           : text_eq(ret_now->hash, link->hash) && !ret_now->ended_ms && ret_now->bytes > 0 &&
                   now_ms < ret_now->until_ms
               ? 0
               : none(e);
}

int links_try(struct links *l, const struct link *link, int64_t now_ms, int64_t *ret_left,
              struct err *e)
{
    struct arena a;
    struct link now = {0};
    arena_init(&a, ROW_MEMORY);
    (void)pthread_mutex_lock(&l->lock);
    int rc = again(l, link, now_ms, &a, &now, e);
    rc = !rc && now.tries <= 0 ? none(e) : rc;
    if (!rc) {
        now.tries--;
        rc = store_row(l, &now, &a, e);
        *ret_left = now.tries;
    }
    (void)pthread_mutex_unlock(&l->lock);
    arena_done(&a);
    return rc;
}

int links_opened(struct links *l, const struct link *link, text recipient, bool tried,
                 int64_t now_ms, struct err *e)
{
    struct arena a;
    struct link now = {0};
    arena_init(&a, ROW_MEMORY);
    (void)pthread_mutex_lock(&l->lock);
    int rc = again(l, link, now_ms, &a, &now, e);
    rc = !rc && now.opened >= LINK_OPENINGS ? none(e) : rc;
    if (!rc) {
        now.tries += tried && now.tries < LINK_TRIES;
        now.opened++;
        now.last_ms = now_ms;
        now.last_by = recipient;
        rc = store_row(l, &now, &a, e);
    }
    (void)pthread_mutex_unlock(&l->lock);
    arena_done(&a);
    return rc;
}

int links_file(struct links *l, const struct link *link, size_t n, struct arena *a, text *ret_jwe,
               struct err *e)
{
    text key = file_key(link, n, a);
    int rc = key.p ? kept_get(l->kept, "file", key, a, ret_jwe, e) : no_memory(e);
    return rc == ERR_NOT_FOUND ? none(e) : rc;
}

/* --- what is over -------------------------------------------------------------------------------
 */

static int sweep_one(struct links *l, struct link *link, int64_t now_ms, struct arena *a,
                     struct err *e)
{
    int rc = !link_is_open(link, now_ms) && link->bytes ? close_link(l, link, a, e) : 0;
    if (!rc && forgotten_ms(link) < now_ms) {
        struct kept_change gone = {.change = KEPT_DELETE, .kind = "link", .key = key_of(link, a)};
        rc = gone.key.p ? kept_write(l->kept, &gone, 1, NULL, e) : no_memory(e);
    }
    return rc;
}

int links_sweep(struct links *l, int64_t now_ms, struct err *e)
{
    struct arena a;
    struct gather g;
    arena_init(&a, (size_t)ROW_MEMORY * 8);
    (void)pthread_mutex_lock(&l->lock);
    int rc = gather_all(l, (text){0}, now_ms, &a, &g, e);
    for (size_t i = 0; !rc && i < g.count; i++) {
        rc = sweep_one(l, &g.items[i], now_ms, &a, e);
    }
    (void)pthread_mutex_unlock(&l->lock);
    arena_done(&a);
    return rc;
}

int links_end_all(const char *path, int64_t now_ms, struct err *e)
{
    struct links l = {0};
    struct arena a;
    struct gather g;
    int rc = kept_open(path, &l.kept, e);
    arena_init(&a, (size_t)ROW_MEMORY * 8);
    rc = rc ? rc : gather_all(&l, (text){0}, 0, &a, &g, e);
    for (size_t i = 0; !rc && i < g.count; i++) {
        if (g.items[i].bytes) {
            g.items[i].ended_ms = g.items[i].ended_ms ? g.items[i].ended_ms : now_ms;
            rc = close_link(&l, &g.items[i], &a, e);
        }
    }
    arena_done(&a);
    kept_close(l.kept);
    return rc;
}

/* Nobody waits for it, so a failure is only tried again: until then files are there which no
 * request reaches. */
static void *sweep_often(void *context)
{
    struct links *l = context;
    (void)pthread_mutex_lock(&l->wake_lock);
    while (!l->ends) {
        struct err ignored = {0};
        struct timespec until;
        (void)links_sweep(l, clock_real_ms(), &ignored);
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += SWEEP_SECONDS;
        (void)pthread_cond_timedwait(&l->wake, &l->wake_lock, &until);
    }
    (void)pthread_mutex_unlock(&l->wake_lock);
    return NULL;
}

/* --- open and close ------------------------------------------------------------------------------
 */

static int start_sweeper(struct links *l, struct err *e)
{
    l->sweeps = pthread_create(&l->sweeper, NULL, sweep_often, l) == 0;
    if (!l->sweeps) {
        return err_set(e, ERR_MEMORY, "cannot start a thread for shared links");
    }
    (void)pthread_setname_np(l->sweeper, "links");
    return 0;
}

int links_open(const char *dir, struct links **ret_links, struct err *e)
{
    char path[PATH_ROOM];
    pthread_condattr_t monotonic;
    struct links *l = calloc(1, sizeof *l);
    if (!l) {
        return no_memory(e);
    }
    (void)pthread_mutex_init(&l->lock, NULL);
    (void)pthread_mutex_init(&l->wake_lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&l->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    gate_init(&l->gate);
    int rc = snprintf(path, sizeof path, "%s/links.db", dir) < (int)sizeof path
                 ? kept_open(path, &l->kept, e)
                 : err_set(e, ERR_VALUE, "the name of the folder is too long");
    rc = rc ? rc : start_sweeper(l, e);
    if (rc) {
        links_close(l);
        return rc;
    }
    *ret_links = l;
    return 0;
}

void links_close(struct links *l)
{
    if (!l) {
        return;
    }
    if (l->sweeps) {
        (void)pthread_mutex_lock(&l->wake_lock);
        l->ends = true;
        (void)pthread_cond_signal(&l->wake);
        (void)pthread_mutex_unlock(&l->wake_lock);
        (void)pthread_join(l->sweeper, NULL);
    }
    kept_close(l->kept);
    gate_done(&l->gate);
    (void)pthread_cond_destroy(&l->wake);
    (void)pthread_mutex_destroy(&l->wake_lock);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}

#include "identity/session_int.h"

#include "base/clock.h"
#include "format/json.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

/*
 * All sessions stand in memory (each row is read once, at the start); the rows in identity.db are
 * there for the next start. A session is in two chains: by its hash and by its account.
 */
enum {
    HASH = 64, /* hex digits */
    CSRF = 43,
    ACCOUNT_MOST = 64,
    BUCKETS = 4096,
    SESSIONS_MOST = 1000 * 1000,
    OF_ACCOUNT_MOST = 50,
    SWEEP_EACH = 256, /* sessions begun between two looks for those that have ended */
    SWEEP_BATCH = 500,
    ROW_BYTES = 1024,
};

#define MINUTE_MS INT64_C(60000)
#define IDLE_PROFESSIONAL_MS (15 * MINUTE_MS)
#define IDLE_PERSON_MS (30 * MINUTE_MS)
#define HALF_MS (10 * MINUTE_MS) /* to finish signing in */
#define MOST_MS (12 * 60 * MINUTE_MS)
/* The time of last use is written so seldom; a start gives as much on top, so that nobody who was
 * working is signed out by it. */
#define NOTE_MS (5 * MINUTE_MS)

struct held {
    struct held *next;       /* of the bucket of the hash */
    struct held *next_alike; /* of the bucket of the account */
    char hash[HASH];
    char csrf[CSRF];
    char account[ACCOUNT_MOST];
    uint8_t account_n;
    uint8_t step;
    bool strong;
    bool invited;
    bool professional;
    size_t role;
    uint64_t epoch;
    int64_t began_ms;
    int64_t used_ms;
    int64_t noted_ms; /* the used_ms in its row */
};

struct sessions {
    struct kept *kept;
    pthread_mutex_t lock; /* of what stands in memory */
    /* Taken before `lock`, around a look at a session and the write of its row: a row that is
     * written late must not bring back a session that has ended meanwhile. */
    pthread_mutex_t rows;
    struct hash_key key;
    EVP_MD *sha256;
    struct held *by_hash[BUCKETS];
    struct held *by_account[BUCKETS];
    size_t count;
    unsigned begun;
    sessions_clock *clock;
};

static size_t bucket_of(const struct sessions *s, text t)
{
    return (size_t)hash_text(s->key, t) % BUCKETS;
}

static text held_hash(const struct held *h)
{
    return text_make(h->hash, HASH);
}

static text held_account(const struct held *h)
{
    return text_make(h->account, h->account_n);
}

int64_t session_idle_ms(enum session_step step, bool professional)
{
    return step != SESSION_SIGNED_IN ? HALF_MS
           : professional            ? IDLE_PROFESSIONAL_MS
                                     : IDLE_PERSON_MS;
}

static bool has_ended(const struct held *h, int64_t now)
{
    int64_t idle = session_idle_ms((enum session_step)h->step, h->professional);
    int64_t most = h->step != SESSION_SIGNED_IN ? 3 * HALF_MS : MOST_MS;
    return now - h->used_ms > idle || now - h->began_ms > most ||
           h->began_ms > now + MINUTE_MS; /* the clock went back: nothing can be said of it */
}

/* --- the chains; under the lock -------------------------------------------------------------- */

static void link_held(struct sessions *s, struct held *h)
{
    size_t at = bucket_of(s, held_hash(h));
    h->next = s->by_hash[at];
    s->by_hash[at] = h;
    at = bucket_of(s, held_account(h));
    h->next_alike = s->by_account[at];
    s->by_account[at] = h;
    s->count++;
}

static void unlink_held(struct sessions *s, struct held *h)
{
    struct held **at = &s->by_hash[bucket_of(s, held_hash(h))];
    while (*at != h) {
        at = &(*at)->next;
    }
    *at = h->next;
    at = &s->by_account[bucket_of(s, held_account(h))];
    while (*at != h) {
        at = &(*at)->next_alike;
    }
    *at = h->next_alike;
    s->count--;
    explicit_bzero(h, sizeof *h);
    free(h);
}

static struct held *find(const struct sessions *s, text hash)
{
    struct held *h = s->by_hash[bucket_of(s, hash)];
    while (h && !text_eq(held_hash(h), hash)) {
        h = h->next;
    }
    return h;
}

/* --- rows ------------------------------------------------------------------------------------ */

static void print_row(const struct held *h, struct buf *out)
{
    buf_add(out, T("{\"account\":"));
    json_write_string(held_account(h), out);
    buf_printf(out,
               ",\"csrf\":\"%.*s\",\"step\":%u,\"strong\":%s,\"invited\":%s,\"professional\":%s,"
               "\"role\":%zu,"
               "\"epoch\":%llu,\"began_ms\":%lld,\"used_ms\":%lld}",
               CSRF, h->csrf, h->step, h->strong ? "true" : "false", h->invited ? "true" : "false",
               h->professional ? "true" : "false", h->role, (unsigned long long)h->epoch,
               (long long)h->began_ms, (long long)h->noted_ms);
}

static bool row_number(const yyjson_val *v, text name, uint64_t *ret)
{
    return text_to_u64(json_text(json_get(v, name)), ret) && *ret <= INT64_MAX;
}

static bool row_flag(const yyjson_val *v, text name)
{
    const yyjson_val *flag = json_get(v, name);
    return flag && flag->tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE);
}

static bool read_row(text hash, text value, struct held *to)
{
    struct arena a;
    yyjson_val *v = NULL;
    uint64_t n[5] = {0};
    arena_init(&a, 64 * 1024);
    bool good = json_read(value, 4, &a, &v, NULL) == 0 && hash.n == HASH;
    text account = good ? json_text(json_get(v, T("account"))) : T("");
    text csrf = good ? json_text(json_get(v, T("csrf"))) : T("");
    good = good && account.n && account.n < ACCOUNT_MOST && csrf.n == CSRF &&
           row_number(v, T("step"), &n[0]) && n[0] <= SESSION_WANTS_ENROL &&
           row_number(v, T("role"), &n[1]) && row_number(v, T("epoch"), &n[2]) &&
           row_number(v, T("began_ms"), &n[3]) && row_number(v, T("used_ms"), &n[4]);
    if (good) {
        *to = (struct held){.account_n = (uint8_t)account.n,
                            .step = (uint8_t)n[0],
                            .strong = row_flag(v, T("strong")),
                            .invited = row_flag(v, T("invited")),
                            .professional = row_flag(v, T("professional")),
                            .role = (size_t)n[1],
                            .epoch = n[2],
                            .began_ms = (int64_t)n[3],
                            .used_ms = (int64_t)n[4],
                            .noted_ms = (int64_t)n[4]};
        (void)memcpy(to->hash, hash.p, HASH);
        (void)memcpy(to->csrf, csrf.p, CSRF);
        (void)memcpy(to->account, account.p, account.n);
    }
    arena_done(&a);
    return good;
}

static int load(void *context, text key, text value)
{
    struct sessions *s = context;
    struct held row;
    int64_t now = s->clock();
    /* A row that cannot be read is a session that nobody has. */
    if (s->count >= SESSIONS_MOST || !read_row(key, value, &row)) {
        return 0;
    }
    if (row.used_ms + NOTE_MS < now) {
        row.used_ms += NOTE_MS;
    } else if (row.used_ms < now) {
        row.used_ms = now;
    }
    struct held *h = malloc(sizeof *h);
    if (!h) {
        return ERR_MEMORY;
    }
    *h = row;
    link_held(s, h);
    return 0;
}

static int write_held(struct sessions *s, const struct held *h, struct err *e)
{
    struct buf out;
    buf_init(&out, ROW_BYTES);
    print_row(h, &out);
    struct kept_change put = {
        .change = KEPT_PUT, .kind = "session", .key = held_hash(h), .value = buf_text(&out)};
    int rc = buf_failed(&out) ? err_set(e, ERR_MEMORY, "no memory")
                              : kept_write(s->kept, &put, 1, NULL, e);
    buf_done(&out);
    return rc;
}

/* --- opening ---------------------------------------------------------------------------------- */

int sessions_open_at(struct kept *k, sessions_clock *now_ms, struct sessions **ret_sessions,
                     struct err *e)
{
    struct sessions *s = calloc(1, sizeof *s);
    if (!s) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    s->kept = k;
    s->clock = now_ms;
    random_bytes(&s->key, sizeof s->key);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_mutex_init(&s->rows, NULL);
    s->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    int rc = s->sha256 ? kept_each(k, "session", T(""), load, s, e) : ERR_MEMORY;
    if (rc) {
        sessions_close(s);
        return rc == ERR_MEMORY ? err_set(e, rc, "no memory for the sessions") : rc;
    }
    *ret_sessions = s;
    return 0;
}

int sessions_open(struct kept *k, struct sessions **ret_sessions, struct err *e)
{
    return sessions_open_at(k, clock_real_ms, ret_sessions, e);
}

void sessions_close(struct sessions *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct held *h = s->by_hash[i], *next; h; h = next) {
            next = h->next;
            if (h->used_ms != h->noted_ms) {
                /* Without it the session ends some minutes earlier. */
                h->noted_ms = h->used_ms;
                (void)write_held(s, h, NULL);
            }
            explicit_bzero(h, sizeof *h);
            free(h);
        }
    }
    EVP_MD_free(s->sha256);
    (void)pthread_mutex_destroy(&s->lock);
    (void)pthread_mutex_destroy(&s->rows);
    free(s);
}

/* --- beginning and ending ------------------------------------------------------------------- */

static int delete_rows(struct sessions *s, char (*hashes)[HASH], size_t count, struct err *e)
{
    struct kept_change changes[SWEEP_BATCH];
    for (size_t i = 0; i < count; i++) {
        changes[i] = (struct kept_change){
            .change = KEPT_DELETE, .kind = "session", .key = text_make(hashes[i], HASH)};
    }
    return count ? kept_write(s->kept, changes, count, NULL, e) : 0;
}

static void sweep(struct sessions *s)
{
    char hashes[SWEEP_BATCH][HASH];
    size_t count = 0;
    int64_t now = s->clock();
    (void)pthread_mutex_lock(&s->rows);
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct held *h = s->by_hash[i], *next; h && count < SWEEP_BATCH; h = next) {
            next = h->next;
            if (has_ended(h, now)) {
                (void)memcpy(hashes[count++], h->hash, HASH);
                unlink_held(s, h);
            }
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
    /* A row that stays is a session that has ended: the next start drops it. */
    (void)delete_rows(s, hashes, count, NULL);
    (void)pthread_mutex_unlock(&s->rows);
}

/* Under the lock: the oldest session of an account that has as many as it may have. */
static struct held *oldest_too_many(const struct sessions *s, text account)
{
    struct held *oldest = NULL;
    size_t count = 0;
    for (struct held *h = s->by_account[bucket_of(s, account)]; h; h = h->next_alike) {
        if (text_eq(held_account(h), account)) {
            count++;
            oldest = !oldest || h->used_ms < oldest->used_ms ? h : oldest;
        }
    }
    return count >= OF_ACCOUNT_MOST ? oldest : NULL;
}

static void tell(const struct held *h, text hash, text account, text csrf,
                 struct session *ret_session)
{
    *ret_session = (struct session){.hash = hash,
                                    .account = account,
                                    .role = h->role,
                                    .csrf = csrf,
                                    .step = h->step,
                                    .strong = h->strong,
                                    .invited = h->invited,
                                    .epoch = h->epoch,
                                    .began_ms = h->began_ms,
                                    .used_ms = h->used_ms};
}

static int make_room(struct sessions *s, text account, struct err *e)
{
    char old[1][HASH];
    size_t count = 0;
    (void)pthread_mutex_lock(&s->rows);
    (void)pthread_mutex_lock(&s->lock);
    bool due = ++s->begun % SWEEP_EACH == 0 || s->count >= SESSIONS_MOST;
    struct held *oldest = oldest_too_many(s, account);
    if (oldest) {
        (void)memcpy(old[count++], oldest->hash, HASH);
        unlink_held(s, oldest);
    }
    (void)pthread_mutex_unlock(&s->lock);
    int rc = delete_rows(s, old, count, e);
    (void)pthread_mutex_unlock(&s->rows);
    if (due) {
        sweep(s);
    }
    return rc;
}

int session_begin(struct sessions *s, const struct account *account, enum session_step step,
                  bool strong, struct arena *a, text *ret_cookie, struct session *ret_session,
                  struct err *e)
{
    text cookie = secret_token(a);
    text csrf = secret_token(a);
    text hash = cookie.p ? secret_hash(cookie, a) : (text){0};
    text id = arena_copy(a, account->id);
    if (!hash.p || !csrf.p || !id.p || hash.n != HASH || csrf.n != CSRF) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    if (account->id.n == 0 || account->id.n >= ACCOUNT_MOST) {
        return err_set(e, ERR_INTERNAL, "an account has an id that is no id");
    }
    int rc = make_room(s, account->id, e);
    struct held *h = rc ? NULL : calloc(1, sizeof *h);
    if (!h) {
        return rc ? rc : err_set(e, ERR_MEMORY, "no memory");
    }
    int64_t now = s->clock();
    *h = (struct held){.account_n = (uint8_t)account->id.n,
                       .step = (uint8_t)step,
                       .strong = strong,
                       .professional = account->kind == ACTOR_PROFESSIONAL,
                       .epoch = account->epoch,
                       .began_ms = now,
                       .used_ms = now,
                       .noted_ms = now};
    (void)memcpy(h->hash, hash.p, HASH);
    (void)memcpy(h->csrf, csrf.p, CSRF);
    (void)memcpy(h->account, account->id.p, account->id.n);
    rc = write_held(s, h, e);
    (void)pthread_mutex_lock(&s->lock);
    if (!rc && s->count >= SESSIONS_MOST) {
        rc = err_set(e, ERR_BUSY, "too many people are signed in; try again shortly");
    }
    if (!rc) {
        tell(h, hash, id, csrf, ret_session);
        link_held(s, h);
        *ret_cookie = cookie;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (rc) {
        (void)session_end(s, hash, NULL);
        free(h);
    }
    return rc;
}

/* The time of last use, for the next start. Without it the session ends earlier there. */
static void note_use(struct sessions *s, text hash)
{
    struct held noted;
    (void)pthread_mutex_lock(&s->rows);
    (void)pthread_mutex_lock(&s->lock);
    struct held *h = find(s, hash);
    if (h) {
        h->noted_ms = h->used_ms;
        noted = *h;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (h) {
        (void)write_held(s, &noted, NULL);
    }
    (void)pthread_mutex_unlock(&s->rows);
}

int session_use(struct sessions *s, text hash, struct arena *a, struct session *ret_session,
                struct err *e)
{
    bool note = false;
    int rc = ERR_LOGIN;
    int64_t now = s->clock();
    (void)pthread_mutex_lock(&s->lock);
    struct held *h = hash.n ? find(s, hash) : NULL;
    if (h && !has_ended(h, now)) {
        text account = arena_copy(a, held_account(h));
        text csrf = arena_copy(a, text_make(h->csrf, CSRF));
        rc = account.p && csrf.p ? 0 : ERR_MEMORY;
        h->used_ms = now > h->used_ms ? now : h->used_ms;
        note = h->used_ms - h->noted_ms > NOTE_MS;
        if (!rc) {
            tell(h, hash, account, csrf, ret_session);
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (note) {
        note_use(s, hash);
    }
    return rc ? err_set(e, rc, "the session has ended; sign in again") : 0;
}

int session_find(struct sessions *s, text cookie, struct arena *a, struct session *ret_session,
                 struct err *e)
{
    text hash = cookie.n == CSRF ? secret_hash_by(s->sha256, cookie, a) : T("");
    return hash.p ? session_use(s, hash, a, ret_session, e) : err_set(e, ERR_MEMORY, "no memory");
}

int session_change(struct sessions *s, const struct session *session, struct err *e)
{
    struct held changed;
    (void)pthread_mutex_lock(&s->rows);
    (void)pthread_mutex_lock(&s->lock);
    struct held *h = find(s, session->hash);
    if (h) {
        h->role = session->role;
        h->step = (uint8_t)session->step;
        h->strong = session->strong;
        h->invited = session->invited;
        h->epoch = session->epoch;
        changed = *h;
    }
    (void)pthread_mutex_unlock(&s->lock);
    int rc = h ? write_held(s, &changed, e)
               : err_set(e, ERR_LOGIN, "the session has ended; sign in again");
    (void)pthread_mutex_unlock(&s->rows);
    return rc;
}

int session_end(struct sessions *s, text hash, struct err *e)
{
    struct kept_change gone = {.change = KEPT_DELETE, .kind = "session", .key = hash};
    (void)pthread_mutex_lock(&s->rows);
    (void)pthread_mutex_lock(&s->lock);
    struct held *h = find(s, hash);
    if (h) {
        unlink_held(s, h);
    }
    (void)pthread_mutex_unlock(&s->lock);
    int rc = kept_write(s->kept, &gone, 1, NULL, e);
    (void)pthread_mutex_unlock(&s->rows);
    return rc;
}

int session_end_all(struct sessions *s, text account, struct err *e)
{
    int rc = 0;
    (void)pthread_mutex_lock(&s->rows);
    for (bool more = true; more && !rc;) {
        char hashes[SWEEP_BATCH][HASH];
        size_t count = 0;
        (void)pthread_mutex_lock(&s->lock);
        for (struct held *h = s->by_account[bucket_of(s, account)], *next; h; h = next) {
            next = h->next_alike;
            if (count < SWEEP_BATCH && text_eq(held_account(h), account)) {
                (void)memcpy(hashes[count++], h->hash, HASH);
                unlink_held(s, h);
            }
        }
        (void)pthread_mutex_unlock(&s->lock);
        more = count == SWEEP_BATCH;
        rc = delete_rows(s, hashes, count, e);
    }
    (void)pthread_mutex_unlock(&s->rows);
    return rc;
}

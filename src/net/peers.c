#include "net/peers.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

enum {
    HEAD_MAX = 64 * 1024,
    PEM_MAX = 64 * 1024,
    URL_MAX = 8 * 1024,
    LANES_KEPT = 64, /* as many as workers may call at once */
    HANDLES_KEPT = 16,
    CONNECTIONS_KEPT = 64, /* of a lane */
    CONNECTIONS_MOST = 256,
    KEEP_SECONDS = 60, /* less than a node keeps one that is idle */
    CONNECT_MS = 10000,
    PIN_TEXT = 64, /* "sha256//", 44 of base64, ";" */
    NS_PER_MS = 1000000,
};

/*
 * What one caller at a time uses: libcurl's handle for several calls at once, which keeps the
 * connections. The lane that was used last is used next, so that few callers share few connections.
 */
struct lane {
    struct lane *next;
    CURLM *multi;
    CURL *handles[HANDLES_KEPT];
    size_t handle_count;
    uint64_t renewal; /* peers.renewals when it was made */
    struct buf pem;
};

struct peers {
    pthread_mutex_t lock; /* of all that follows */
    struct buf pem;
    uint64_t renewals;
    struct lane *idle;
    size_t idle_count;
};

struct flight {
    struct peer_exchange *call;
    CURL *handle;
    struct curl_slist *fields;
    char url[URL_MAX + 1];
    char method[32];
    char pins[PEER_PINS_MAX * PIN_TEXT];
    struct http_answer answer;
    bool too_large;
    bool ended;
};

/* --- lanes ----------------------------------------------------------------------------------- */

static void start_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void wipe(struct buf *b)
{
    if (b->p) {
        OPENSSL_cleanse(b->p, b->capacity);
    }
    buf_done(b);
}

static void lane_free(struct lane *l)
{
    for (size_t i = 0; i < l->handle_count; i++) {
        curl_easy_cleanup(l->handles[i]);
    }
    if (l->multi) {
        curl_multi_cleanup(l->multi);
    }
    wipe(&l->pem);
    free(l);
}

/* Under the lock. NULL: no memory. */
static struct lane *lane_new(const struct peers *p)
{
    struct lane *l = calloc(1, sizeof *l);
    if (!l) {
        return NULL;
    }
    l->renewal = p->renewals;
    buf_init(&l->pem, PEM_MAX);
    buf_add(&l->pem, buf_text(&p->pem));
    l->multi = curl_multi_init();
    if (!l->multi || buf_failed(&l->pem)) {
        lane_free(l);
        return NULL;
    }
    curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    curl_multi_setopt(l->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MOST);
    return l;
}

static struct lane *lane_take(struct peers *p)
{
    pthread_mutex_lock(&p->lock);
    struct lane *l = p->idle;
    if (l) {
        p->idle = l->next;
        p->idle_count--;
    } else {
        l = lane_new(p);
    }
    pthread_mutex_unlock(&p->lock);
    return l;
}

static void lane_give(struct peers *p, struct lane *l)
{
    pthread_mutex_lock(&p->lock);
    bool keep = l->renewal == p->renewals && p->idle_count < LANES_KEPT;
    if (keep) {
        l->next = p->idle;
        p->idle = l;
        p->idle_count++;
    }
    pthread_mutex_unlock(&p->lock);
    if (!keep) {
        lane_free(l);
    }
}

static CURL *handle_take(struct lane *l)
{
    return l->handle_count ? l->handles[--l->handle_count] : curl_easy_init();
}

static void handle_give(struct lane *l, CURL *c)
{
    if (l->handle_count < HANDLES_KEPT) {
        l->handles[l->handle_count++] = c;
    } else {
        curl_easy_cleanup(c);
    }
}

/* --- the pool ---------------------------------------------------------------------------------
 */

int peers_new(text pem, struct peers **ret_peers, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, start_curl);
    struct peers *p = calloc(1, sizeof *p);
    if (!p) {
        return err_set(e, ERR_MEMORY, "no memory for calls to other nodes");
    }
    (void)pthread_mutex_init(&p->lock, NULL);
    buf_init(&p->pem, PEM_MAX);
    int rc = peers_renew(p, pem, e);
    if (rc) {
        peers_free(p);
        return rc;
    }
    *ret_peers = p;
    return 0;
}

static void free_lanes(struct lane *l)
{
    while (l) {
        struct lane *next = l->next;
        lane_free(l);
        l = next;
    }
}

void peers_free(struct peers *p)
{
    if (p) {
        free_lanes(p->idle);
        wipe(&p->pem);
        (void)pthread_mutex_destroy(&p->lock);
        free(p);
    }
}

int peers_renew(struct peers *p, text pem, struct err *e)
{
    struct buf fresh;
    buf_init(&fresh, PEM_MAX);
    buf_add(&fresh, pem);
    if (buf_failed(&fresh)) {
        wipe(&fresh);
        return err_set(e, ERR_MEMORY, "no memory for the certificate of this node");
    }
    pthread_mutex_lock(&p->lock);
    struct buf old = p->pem;
    struct lane *idle = p->idle;
    p->pem = fresh;
    p->renewals++;
    p->idle = NULL;
    p->idle_count = 0;
    pthread_mutex_unlock(&p->lock);
    wipe(&old);
    free_lanes(idle);
    return 0;
}

/* --- one call ---------------------------------------------------------------------------------
 */

static size_t on_head(char *p, size_t size, size_t n, void *state)
{
    struct flight *f = state;
    text line = {p, size * n};
    if (text_starts(line, T("HTTP/"))) { /* of the last answer: not of an interim one */
        buf_clear(&f->answer.head);
    } else if (line.n > 2) {
        buf_add(&f->answer.head, line);
    }
    f->too_large = f->too_large || buf_failed(&f->answer.head);
    return f->too_large ? 0 : line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *state)
{
    struct flight *f = state;
    buf_add(&f->answer.body, (text){p, size * n});
    f->too_large = f->too_large || buf_failed(&f->answer.body);
    return f->too_large ? 0 : size * n;
}

/* As libcurl wants them: "sha256//BASE64;sha256//BASE64". */
static void print_pins(struct flight *f)
{
    const struct peer_exchange *x = f->call;
    size_t n = 0;
    for (size_t i = 0; i < x->pin_count; i++) {
        text head = i ? T(";sha256//") : T("sha256//");
        memcpy(f->pins + n, head.p, head.n);
        n += head.n;
        n += (size_t)EVP_EncodeBlock((unsigned char *)f->pins + n, x->pins[i], 32);
    }
    f->pins[n] = '\0';
}

/* Without a pin, libcurl would take whoever answers. */
static int check_call(struct flight *f)
{
    struct peer_exchange *x = f->call;
    if (x->pin_count == 0 || x->pin_count > PEER_PINS_MAX) {
        return err_set(&x->err, ERR_FORBIDDEN, "it is not known which key the other node has");
    }
    if (!text_starts(x->url, T("https://")) || x->url.n > URL_MAX ||
        memchr(x->url.p, 0, x->url.n) || memchr(x->url.p, '@', x->url.n) ||
        x->method.n >= sizeof f->method) {
        return err_set(&x->err, ERR_INVALID,
                       "the address of a node is of the form https://host:port");
    }
    print_pins(f);
    memcpy(f->url, x->url.p, x->url.n);
    memcpy(f->method, x->method.p, x->method.n);
    return 0;
}

static int set_fields(struct flight *f)
{
    struct peer_exchange *x = f->call;
    char line[200];
    struct curl_slist *fields = curl_slist_append(NULL, "Expect:"); /* bodies are small enough */
    f->fields = fields;
    if (!fields) {
        return err_set(&x->err, ERR_MEMORY, "no memory for a call to another node");
    }
    if (!x->content_type.n) {
        return 0;
    }
    if (x->content_type.n > 150 || memchr(x->content_type.p, '\n', x->content_type.n)) {
        return err_set(&x->err, ERR_INVALID, "a content type of a call cannot be sent");
    }
    struct buf b = {.p = line, .capacity = sizeof line, .max = sizeof line};
    buf_printf(&b, "Content-Type: %.*s", TEXT_ARG(x->content_type));
    buf_addc(&b, '\0');
    return !buf_failed(&b) && curl_slist_append(fields, line)
               ? 0
               : err_set(&x->err, ERR_MEMORY, "no memory for a call to another node");
}

static void set_identity(CURL *c, const struct buf *pem)
{
    struct curl_blob blob = {.data = pem->p, .len = pem->n, .flags = CURL_BLOB_NOCOPY};
    if (pem->n) {
        curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &blob);
        curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &blob);
    }
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L); /* the pin decides */
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* each connection shows its key */
}

static void set_options(const struct lane *l, struct flight *f, int64_t left_ms)
{
    CURL *c = f->handle;
    const struct peer_exchange *x = f->call;
    curl_easy_reset(c);
    set_identity(c, &l->pem);
    curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, f->pins);
    curl_easy_setopt(c, CURLOPT_URL, f->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* a name that is still looked up is not awaited */
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, (long)KEEP_SECONDS);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "kith");
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, f->fields);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, f);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)x->most_bytes);
    curl_easy_setopt(c, CURLOPT_PRIVATE, f);
    if (x->content_type.n) {
        curl_easy_setopt(c, CURLOPT_POST, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, x->body.n ? x->body.p : "");
    }
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, f->method);
}

static int launch(struct lane *l, struct flight *f, int64_t left_ms)
{
    struct peer_exchange *x = f->call;
    x->err = (struct err){0};
    x->answer = (struct http_answer){0};
    x->took_ms = 0;
    buf_init(&f->answer.head, HEAD_MAX);
    buf_init(&f->answer.body, x->most_bytes);
    int rc = check_call(f);
    rc = rc ? rc : set_fields(f);
    if (!rc && !(f->handle = handle_take(l))) {
        rc = err_set(&x->err, ERR_MEMORY, "no memory for a call to another node");
    }
    if (!rc) {
        set_options(l, f, left_ms);
        if (curl_multi_add_handle(l->multi, f->handle) != CURLM_OK) {
            rc = err_set(&x->err, ERR_MEMORY, "no memory for a call to another node");
        }
    }
    x->result = rc;
    f->ended = rc != 0;
    return rc;
}

/* --- how it ended -----------------------------------------------------------------------------
 */

static int why(const struct flight *f, CURLcode r)
{
    struct peer_exchange *x = f->call;
    switch (r) {
    case CURLE_OPERATION_TIMEDOUT:
        return err_set(&x->err, ERR_TIMEOUT, "%s did not answer in time", f->url);
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return err_set(&x->err, ERR_FORBIDDEN,
                       "whoever answers at %s does not have the key that the directory names",
                       f->url);
    default:
        return f->too_large || r == CURLE_FILESIZE_EXCEEDED
                   ? err_set(&x->err, ERR_TOO_LARGE,
                             "the answer of %s is larger than was allowed for", f->url)
                   : err_set(&x->err, ERR_IO, "%s could not be reached: %s", f->url,
                             curl_easy_strerror(r));
    }
}

static void land(struct flight *f, CURLcode r, int64_t started)
{
    struct peer_exchange *x = f->call;
    long status = 0;
    f->ended = true;
    x->took_ms = (clock_mono_ns() - started) / NS_PER_MS;
    if (r != CURLE_OK) {
        x->result = why(f, r);
        return;
    }
    curl_easy_getinfo(f->handle, CURLINFO_RESPONSE_CODE, &status);
    f->answer.status = (int)status;
    x->answer = f->answer;
    f->answer = (struct http_answer){0};
    x->result = 0;
}

static void take_landed(struct lane *l, int64_t started)
{
    struct CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(l->multi, &left))) {
        struct flight *f = NULL;
        if (m->msg == CURLMSG_DONE &&
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &f) == CURLE_OK && f) {
            land(f, m->data.result, started);
        }
    }
}

static void wait_for_all(struct lane *l, int64_t started, int64_t deadline_ns)
{
    int running = 1;
    while (running) {
        bool good = curl_multi_perform(l->multi, &running) == CURLM_OK;
        take_landed(l, started);
        int64_t left_ms = (deadline_ns - clock_mono_ns() + NS_PER_MS - 1) / NS_PER_MS;
        if (!good || !running || left_ms <= 0 ||
            curl_multi_poll(l->multi, NULL, 0, left_ms > 1000 ? 1000 : (int)left_ms, NULL)) {
            return;
        }
    }
}

static void clean_up(struct lane *l, struct flight *f, int64_t started)
{
    if (!f->ended) {
        land(f, CURLE_OPERATION_TIMEDOUT, started);
    }
    if (f->handle) {
        (void)curl_multi_remove_handle(l->multi, f->handle);
        curl_easy_reset(f->handle); /* it forgets what belongs to this call */
        handle_give(l, f->handle);
    }
    curl_slist_free_all(f->fields);
    http_answer_done(&f->answer);
}

void peers_call(struct peers *p, struct peer_exchange *calls, size_t count, int64_t deadline_ns)
{
    int64_t started = clock_mono_ns();
    int64_t left_ms = (deadline_ns - started + NS_PER_MS - 1) / NS_PER_MS;
    struct lane *l = count ? lane_take(p) : NULL;
    struct flight *flights = l ? calloc(count, sizeof *flights) : NULL;
    for (size_t i = 0; i < count && (!flights || left_ms <= 0); i++) {
        calls[i].answer = (struct http_answer){0};
        calls[i].took_ms = 0;
        calls[i].result =
            flights ? err_set(&calls[i].err, ERR_TIMEOUT, "there is no time left for a call")
                    : err_set(&calls[i].err, ERR_MEMORY, "no memory for calls to other nodes");
    }
    if (flights && left_ms > 0) {
        for (size_t i = 0; i < count; i++) {
            flights[i].call = &calls[i];
            (void)launch(l, &flights[i], left_ms);
        }
        wait_for_all(l, started, deadline_ns);
        for (size_t i = 0; i < count; i++) {
            clean_up(l, &flights[i], started);
        }
    }
    free(flights);
    if (l) {
        lane_give(p, l);
    }
}

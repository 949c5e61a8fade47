#include "net/client.h"

#include "net/address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

enum { HEAD_MAX = 256 * 1024, URL_MAX = 64 * 1024, FIELDS_MAX = 100 };

struct http_client {
    CURL *curl;
    bool refused; /* the address of the last call */
};

static void start_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_client_new(struct http_client **ret_client, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, start_curl);
    struct http_client *c = calloc(1, sizeof *c);
    if (!c || !(c->curl = curl_easy_init())) {
        free(c);
        return err_set(e, ERR_MEMORY, "there is no memory for the HTTP client");
    }
    *ret_client = c;
    return 0;
}

void http_client_free(struct http_client *c)
{
    if (c) {
        curl_easy_cleanup(c->curl);
        free(c);
    }
}

static size_t on_head(char *p, size_t size, size_t n, void *state)
{
    struct http_answer *a = state;
    text line = {p, size * n};
    if (text_starts(line, T("HTTP/"))) { /* of the last answer: not of an interim one */
        buf_clear(&a->head);
    } else if (line.n > 2) {
        buf_add(&a->head, line);
    }
    return buf_failed(&a->head) ? 0 : line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *state)
{
    struct http_answer *a = state;
    buf_add(&a->body, (text){p, size * n});
    return buf_failed(&a->body) ? 0 : size * n;
}

static bool is_loopback(const char *host)
{
    struct in_addr address;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 && inet_pton(AF_INET, host, &address) == 1);
}

/* No secrets in addresses: they end up in logs. Sets *ret_local where no proxy may stand between.
 */
static int check_url(const char *address, bool secure, bool *ret_local, struct err *e)
{
    CURLU *u = curl_url();
    char *user = NULL;
    char *password = NULL;
    char *host = NULL;
    char *scheme = NULL;
    int r = 0;
    if (!u || curl_url_set(u, CURLUPART_URL, address, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
        r = err_set(e, ERR_INVALID, "the address must be of the form https://host/path");
    } else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK ||
               curl_url_get(u, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK) {
        r = err_set(e, ERR_INVALID, "the address must not hold a user or password");
    } else if (secure && strcmp(scheme, "https") != 0 && !is_loopback(host)) {
        r = err_set(e, ERR_FORBIDDEN, "%s has to be an address that begins with https", address);
    } else {
        *ret_local = is_loopback(host);
    }
    curl_free(user);
    curl_free(password);
    curl_free(host);
    curl_free(scheme);
    curl_url_cleanup(u);
    return r;
}

static char *terminated(text t)
{
    char *p = t.n && memchr(t.p, '\0', t.n) ? NULL : malloc(t.n + 1);
    if (p) {
        if (t.n) {
            memcpy(p, t.p, t.n);
        }
        p[t.n] = '\0';
    }
    return p;
}

static bool add_field(struct curl_slist **list, const char *field)
{
    struct curl_slist *longer = strpbrk(field, "\r\n") ? NULL : curl_slist_append(*list, field);
    if (!longer) {
        return false;
    }
    *list = longer;
    return true;
}

/* False: no memory, or a field that would be two. */
static bool add_fields(const struct http_call *call, struct curl_slist **list)
{
    for (size_t i = 0; call->fields && call->fields[i] && i < FIELDS_MAX; i++) {
        if (!add_field(list, call->fields[i])) {
            return false;
        }
    }
    if (!call->content_type.n) {
        return true;
    }
    struct buf line;
    buf_init(&line, HEAD_MAX);
    buf_add(&line, T("Content-Type: "));
    buf_add(&line, call->content_type);
    buf_addc(&line, '\0');
    bool ok = !buf_failed(&line) && add_field(list, line.p);
    buf_done(&line);
    return ok;
}

/* The address that will be connected to, whatever the name meant when it was looked up before. */
static curl_socket_t on_socket(void *state, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_client *c = state;
    if (purpose != CURLSOCKTYPE_IPCXN || !address_is_public(&address->addr, address->addrlen)) {
        c->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void guard(struct http_client *c)
{
    curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(c->curl, CURLOPT_FRESH_CONNECT, 1L); /* one that was open was not looked at */
    curl_easy_setopt(c->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(c->curl, CURLOPT_OPENSOCKETDATA, c);
}

static int on_progress(void *state, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const atomic_bool *broken_off = state;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(broken_off) ? 1 : 0;
}

/* libcurl's interface takes what is only looked at as something to write to. */
static void watch(CURL *c, const atomic_bool *broken_off)
{
    union {
        const atomic_bool *in;
        void *out;
    } p = {broken_off};
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, p.out);
}

static void set_options(CURL *c, const struct http_call *call, const char *url, const char *method,
                        struct curl_slist *fields, bool local, struct http_answer *a)
{
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, call->ms ? (long)call->ms : (long)call->seconds * 1000);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "kith");
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
    if (local) {
        curl_easy_setopt(c, CURLOPT_PROXY, "");
    }
    if (call->content_type.n) {
        curl_easy_setopt(c, CURLOPT_POST, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, call->body.n ? call->body.p : "");
    } else if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    }
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
}

static int call_failed(CURLcode r, const struct http_answer *a, const char *url, struct err *e)
{
    if (r == CURLE_OPERATION_TIMEDOUT) {
        return err_set(e, ERR_TIMEOUT, "%s did not answer in time", url);
    }
    if (buf_failed(&a->body) || buf_failed(&a->head)) {
        return err_set(e, ERR_TOO_LARGE, "the answer of %s is larger than was allowed for", url);
    }
    return err_set(e, ERR_IO, "%s could not be reached: %s", url, curl_easy_strerror(r));
}

static int perform(struct http_client *c, const struct http_call *call, const char *url,
                   const char *method, struct http_answer *ret_answer, struct err *e)
{
    bool local = false;
    struct curl_slist *fields = NULL;
    int r = check_url(url, call->secure, &local, e);
    if (r != 0) {
        return r;
    }
    if (!add_fields(call, &fields)) {
        curl_slist_free_all(fields);
        return err_set(e, ERR_INVALID, "a header field holds a line break");
    }
    struct http_answer a = {0};
    buf_init(&a.head, HEAD_MAX);
    buf_init(&a.body, call->most_bytes);
    set_options(c->curl, call, url, method, fields, local, &a);
    c->refused = false;
    if (call->broken_off) {
        watch(c->curl, call->broken_off);
    }
    if (call->public_only) {
        guard(c);
    }
    CURLcode done = curl_easy_perform(c->curl);
    curl_slist_free_all(fields);
    if (done != CURLE_OK) {
        r = c->refused ? err_set(e, ERR_FORBIDDEN,
                                 "%s is in a private network, where this call may not go", url)
                       : call_failed(done, &a, url, e);
        http_answer_done(&a);
        return r;
    }
    long status = 0;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    a.status = (int)status;
    *ret_answer = a;
    return 0;
}

int http_client_call(struct http_client *c, const struct http_call *call,
                     struct http_answer *ret_answer, struct err *e)
{
    char *url = call->url.n <= URL_MAX ? terminated(call->url) : NULL;
    char *method = terminated(call->method);
    int r = url && method ? perform(c, call, url, method, ret_answer, e)
                          : err_set(e, ERR_INVALID, "the address cannot be used");
    free(url);
    free(method);
    return r;
}

void http_answer_done(struct http_answer *a)
{
    buf_done(&a->head);
    buf_done(&a->body);
}

text http_answer_field(const struct http_answer *a, text name)
{
    text rest = buf_text(&a->head);
    text line;
    while (text_cut(&rest, '\n', &line)) {
        size_t colon = text_find(line, ':');
        if (colon < line.n && text_eq_nocase(text_first(line, colon), name)) {
            return text_trim(text_from(line, colon + 1));
        }
    }
    return (text){NULL, 0};
}

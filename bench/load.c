#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct run {
    const struct options *options;
    struct requests *requests;
    struct conn *conns;
    int epoll;
    char *room;          /* what is read goes here first */
    uint64_t *latencies; /* ns */
    size_t count;
    size_t capacity;
    uint64_t by_status[6]; /* [2]: 2xx ... */
    uint64_t broken;
    uint64_t found;
    uint64_t body_bytes;
    uint64_t started; /* requests */
    bool counting;
    int64_t begin;
    int64_t end;
    uint64_t due; /* requests that --rate has asked for */
};

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* utime + stime of a process, in microseconds (proc(5), stat). */
static double process_cpu_us(int pid)
{
    char path[64];
    char line[1024];
    unsigned long long user = 0;
    unsigned long long system = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f) {
        return 0;
    }
    size_t n = fread(line, 1, sizeof line - 1, f);
    (void)fclose(f);
    line[n] = '\0';
    const char *rest = strrchr(line, ')');
    if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
                        &system) != 2) {
        return 0;
    }
    return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double own_cpu_us(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* --- the loop ------------------------------------------------------------------------------ */

static bool watch(struct run *r, struct conn *c)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    return epoll_ctl(r->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0;
}

static void reopen(struct run *r, struct conn *c)
{
    conn_close(c);
    if (!conn_open(c, r->options) || !watch(r, c)) {
        r->broken++;
        conn_close(c);
    }
}

static void note(struct run *r, const struct conn *c, int64_t now)
{
    if (!r->counting) {
        return;
    }
    if (r->count == r->capacity) {
        size_t wanted = r->capacity ? r->capacity * 2 : 65536;
        uint64_t *grown = realloc(r->latencies, wanted * sizeof *grown);
        if (!grown) {
            return;
        }
        r->latencies = grown;
        r->capacity = wanted;
    }
    r->latencies[r->count++] = (uint64_t)(now - c->started);
    r->by_status[c->status >= 100 && c->status < 600 ? c->status / 100 : 0]++;
    r->found += c->found;
    r->body_bytes += c->body_bytes;
}

static void broke(struct run *r, struct conn *c)
{
    r->broken += r->counting && c->state == CONN_BUSY;
    reopen(r, c);
}

static void ask(struct run *r, struct conn *c, int64_t due)
{
    size_t n;
    const char *request = requests_next(r->requests, c->own, sizeof c->own, &n);
    conn_begin(c, request, n, due);
    r->started++;
    if (!conn_send(c)) {
        broke(r, c);
    }
}

static bool may_ask(const struct run *r)
{
    return r->options->requests == 0 || r->started < r->options->requests;
}

static void ready(struct run *r, struct conn *c)
{
    if (c->state == CONN_BUSY && !conn_send(c)) {
        broke(r, c);
        return;
    }
    if (c->state == CONN_FREE && r->options->rate <= 0 && may_ask(r)) { /* opened anew */
        ask(r, c, now_ns());
        return;
    }
    enum conn_result result = conn_receive(c, r->room, READ_ROOM, r->options->count);
    if (result == CONN_BROKEN) {
        broke(r, c);
    } else if (result == CONN_DONE) {
        int64_t now = now_ns();
        bool closes = c->closes;
        note(r, c, now);
        c->state = CONN_FREE;
        if (closes) {
            reopen(r, c);
        }
        if (r->options->rate <= 0 && c->fd >= 0 && may_ask(r)) {
            ask(r, c, now);
        }
    }
}

/* With --rate: starts what is due on connections that are free. What finds none is late, and
 * counted as late. */
static int64_t start_due(struct run *r, int64_t now)
{
    double step = 1e9 / r->options->rate;
    unsigned at = 0;
    for (;;) {
        int64_t due = r->begin + (int64_t)((double)r->due * step);
        if (due > now || !may_ask(r)) {
            return due;
        }
        while (at < r->options->connections &&
               (r->conns[at].state != CONN_FREE || r->conns[at].fd < 0)) {
            at++;
        }
        if (at == r->options->connections) {
            return now + 1000000;
        }
        r->due++;
        ask(r, &r->conns[at], due);
    }
}

static bool all_free(const struct run *r)
{
    for (unsigned i = 0; i < r->options->connections; i++) {
        if (r->conns[i].state == CONN_BUSY) {
            return false;
        }
    }
    return true;
}

/* Runs until `until`, or until as many requests as asked for have their replies. */
static void loop(struct run *r, int64_t until)
{
    struct epoll_event events[64];
    for (int64_t now = now_ns(); now < until; now = now_ns()) {
        int64_t wake = until;
        if (r->options->rate > 0) {
            int64_t due = start_due(r, now);
            wake = due < wake ? due : wake;
        }
        if (!may_ask(r) && all_free(r)) {
            return;
        }
        int64_t wait = wake > now ? wake - now : 0;
        struct timespec timeout = {wait / 1000000000, wait % 1000000000};
        int n = epoll_pwait2(r->epoll, events, 64, &timeout, NULL);
        for (int i = 0; i < n; i++) {
            ready(r, events[i].data.ptr);
        }
    }
}

static void start_all(struct run *r)
{
    for (unsigned i = 0; r->options->rate <= 0 && i < r->options->connections; i++) {
        if (r->conns[i].state == CONN_FREE && r->conns[i].fd >= 0 && may_ask(r)) {
            ask(r, &r->conns[i], now_ns());
        }
    }
}

/* --- the report ---------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static double quantile_ms(const struct run *r, double q)
{
    if (r->count == 0) {
        return 0;
    }
    size_t at = (size_t)(q * (double)(r->count - 1));
    return (double)r->latencies[at] / 1e6;
}

static void report(struct run *r, double seconds, double server_us, double own_us)
{
    double n = r->count ? (double)r->count : 1;
    qsort(r->latencies, r->count, sizeof *r->latencies, by_size);
    printf("{\"requests\":%zu,\"seconds\":%.3f,\"per_second\":%.1f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,"
           "\"p99_ms\":%.3f,"
           "\"p999_ms\":%.3f,\"max_ms\":%.3f,\"ok\":%llu,\"redirected\":%llu,\"refused\":%llu,"
           "\"failed\":%llu,"
           "\"broken\":%llu,\"body_bytes\":%llu,\"counted\":%llu,\"counted_per_second\":%.1f,"
           "\"server_cpu_us\":%.2f,\"server_cpu_us_per_counted\":%.3f,\"client_cpu_us\":%.2f}\n",
           r->count, seconds, (double)r->count / seconds, quantile_ms(r, 0.5), quantile_ms(r, 0.9),
           quantile_ms(r, 0.99), quantile_ms(r, 0.999), quantile_ms(r, 1),
           (unsigned long long)r->by_status[2], (unsigned long long)r->by_status[3],
           (unsigned long long)r->by_status[4], (unsigned long long)r->by_status[5],
           (unsigned long long)r->broken, (unsigned long long)r->body_bytes,
           (unsigned long long)r->found, (double)r->found / seconds, server_us / n,
           r->found ? server_us / (double)r->found : 0.0, own_us / n);
}

static int measure(struct run *r)
{
    const struct options *o = r->options;
    if (o->warm_up > 0) {
        r->begin = now_ns();
        start_all(r);
        loop(r, r->begin + (int64_t)(o->warm_up * 1e9));
    }
    double server = o->pid ? process_cpu_us(o->pid) : 0;
    double own = own_cpu_us();
    r->begin = now_ns();
    r->started = 0;
    r->due = 0;
    r->counting = true;
    start_all(r);
    loop(r, r->begin + (int64_t)(o->seconds * 1e9));
    r->end = now_ns();
    report(r, (double)(r->end - r->begin) / 1e9, o->pid ? process_cpu_us(o->pid) - server : 0,
           own_cpu_us() - own);
    return r->count ? 0 : 1;
}

static int run(const struct options *o)
{
    struct run r = {
        .options = o, .requests = requests_new(o), .epoll = epoll_create1(EPOLL_CLOEXEC)};
    int status = 1;
    r.conns = calloc(o->connections, sizeof *r.conns);
    r.room = malloc(READ_ROOM);
    unsigned opened = 0;
    while (r.requests && r.conns && r.room && r.epoll >= 0 && opened < o->connections) {
        if (!conn_open(&r.conns[opened], o) || !watch(&r, &r.conns[opened])) {
            fprintf(stderr, "load: connection %u: %s\n", opened + 1, strerror(errno));
            break;
        }
        opened++;
    }
    if (opened == o->connections) {
        status = measure(&r);
    }
    for (unsigned i = 0; i < opened; i++) {
        conn_close(&r.conns[i]);
    }
    if (r.epoll >= 0) {
        (void)close(r.epoll);
    }
    requests_free(r.requests);
    free(r.latencies);
    free(r.conns);
    free(r.room);
    return status;
}

/* --- the command line ---------------------------------------------------------------------- */

static int usage(void)
{
    fprintf(
        stderr,
        "usage: load get ADDRESS:PORT --paths FILE [options]      GETs of paths taken at random "
        "from a file\n"
        "       load create ADDRESS:PORT --patients FILE [options] POSTs of new Observations\n\n"
        "  --connections N  (default 64)\n"
        "  --seconds S      how long is measured (default 5)\n"
        "  --warm-up S      before that (default 0.5)\n"
        "  --rate R         requests a second, started whether or not the server keeps up; latency "
        "counts from\n"
        "                   when each was due (default: each connection asks again at once)\n"
        "  --requests N     stop after so many\n"
        "  --pid PID        of the server: its CPU time is reported too\n"
        "  --count BYTES    how often these occur in the bodies, such as '\"fullUrl\"'\n"
        "  --encoding NAME  Accept-Encoding\n"
        "  --seed N         of the random choices (default 1)\n\n"
        "Who asks: KITH_TOKEN is a bearer token, or KITH_FIELDS the fields of a session, a line "
        "each.\n\n"
        "Prints one JSON object. Exit status 1 when nothing was answered.\n");
    return 2;
}

/* What each request says of who asks; NULL: no memory. */
static char *fields_of_caller(void)
{
    const char *token = getenv("KITH_TOKEN");
    const char *fields = getenv("KITH_FIELDS");
    char *made = NULL;
    size_t room;
    if (!fields) {
        return asprintf(&made, "Authorization: Bearer %s\r\n", token ? token : "") < 0 ? NULL
                                                                                       : made;
    }
    FILE *out = open_memstream(&made, &room);
    for (; out && *fields; fields += *fields == '\n') {
        size_t n = strcspn(fields, "\n");
        fprintf(out, "%.*s\r\n", (int)n, fields);
        fields += n;
    }
    return out && fclose(out) == 0 ? made : NULL;
}

static bool read_option(struct options *o, const char *name, const char *value)
{
    if (strcmp(name, "--paths") == 0) {
        o->paths_file = value;
    } else if (strcmp(name, "--patients") == 0) {
        o->patients_file = value;
    } else if (strcmp(name, "--connections") == 0) {
        o->connections = (unsigned)strtoul(value, NULL, 10);
    } else if (strcmp(name, "--seconds") == 0) {
        o->seconds = strtod(value, NULL);
    } else if (strcmp(name, "--warm-up") == 0) {
        o->warm_up = strtod(value, NULL);
    } else if (strcmp(name, "--rate") == 0) {
        o->rate = strtod(value, NULL);
    } else if (strcmp(name, "--requests") == 0) {
        o->requests = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--pid") == 0) {
        o->pid = atoi(value);
    } else if (strcmp(name, "--count") == 0) {
        o->count = value;
    } else if (strcmp(name, "--encoding") == 0) {
        o->encoding = value;
    } else if (strcmp(name, "--seed") == 0) {
        o->seed = strtoull(value, NULL, 10);
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o = {.connections = 64, .seconds = 5, .warm_up = 0.5, .seed = 1};
    if (argc < 3 || (strcmp(argv[1], "get") != 0 && strcmp(argv[1], "create") != 0)) {
        return usage();
    }
    o.create = strcmp(argv[1], "create") == 0;
    char *colon = strrchr(argv[2], ':');
    if (!colon) {
        return usage();
    }
    *colon = '\0';
    o.host = argv[2];
    o.port = (uint16_t)atoi(colon + 1);
    for (int i = 3; i < argc; i += 2) {
        if (i + 1 == argc || !read_option(&o, argv[i], argv[i + 1])) {
            return usage();
        }
    }
    if (o.connections == 0 || o.connections > 10000 || !(o.seconds > 0) ||
        (o.count && (!*o.count || strlen(o.count) > NEEDLE_MAX))) {
        return usage();
    }
    o.fields = fields_of_caller();
    int status = o.fields ? run(&o) : 1;
    free(o.fields);
    return status;
}

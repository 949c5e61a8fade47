#include "base/metrics.h"

#include <stdatomic.h>

enum metric_kind { COUNTER, GAUGE, HISTOGRAM, SECONDS };

enum { BUCKETS = 16 };

/* Upper bounds in nanoseconds: 10 us, then times 2 or 2.5. */
static const int64_t bounds[BUCKETS] = {
    10000,   25000,    50000,    100000,   250000,    500000,    1000000,    2500000,
    5000000, 10000000, 25000000, 50000000, 100000000, 500000000, 1000000000, 5000000000};

static const struct {
    const char *name;
    enum metric_kind kind;
    const char *help;
} infos[] = {
#define METRIC_ROW(name, kind, help) {#name, kind, help},
    METRIC_TABLE(METRIC_ROW)
#undef METRIC_ROW
};

/* The process's own counts: the one piece of state that belongs to nobody else. */
static struct {
    _Atomic int64_t value; /* histograms: the sum in nanoseconds */
    _Atomic int64_t buckets[BUCKETS + 1];
} metrics[METRIC_COUNT];

void metric_add(enum metric m, int64_t n)
{
    atomic_fetch_add_explicit(&metrics[m].value, n, memory_order_relaxed);
}

void metric_set(enum metric m, int64_t n)
{
    atomic_store_explicit(&metrics[m].value, n, memory_order_relaxed);
}

int64_t metric_get(enum metric m)
{
    return atomic_load_explicit(&metrics[m].value, memory_order_relaxed);
}

void metric_observe(enum metric m, int64_t ns)
{
    int at = 0;
    while (at < BUCKETS && ns > bounds[at]) {
        at++;
    }
    atomic_fetch_add_explicit(&metrics[m].buckets[at], 1, memory_order_relaxed);
    metric_add(m, ns);
}

static void print_histogram(enum metric m, struct buf *out)
{
    int64_t count = 0;
    for (int i = 0; i <= BUCKETS; i++) {
        count += atomic_load_explicit(&metrics[m].buckets[i], memory_order_relaxed);
        if (i < BUCKETS) {
            buf_printf(out, "kith_%s_bucket{le=\"%g\"} %lld\n", infos[m].name,
                       (double)bounds[i] / 1e9, (long long)count);
        }
    }
    buf_printf(out, "kith_%s_bucket{le=\"+Inf\"} %lld\nkith_%s_sum %.9f\nkith_%s_count %lld\n",
               infos[m].name, (long long)count, infos[m].name, (double)metric_get(m) / 1e9,
               infos[m].name, (long long)count);
}

void metrics_print(struct buf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram", "counter"};
    for (int m = 0; m < METRIC_COUNT; m++) {
        buf_printf(out, "# HELP kith_%s %s\n# TYPE kith_%s %s\n", infos[m].name, infos[m].help,
                   infos[m].name, kinds[infos[m].kind]);
        if (infos[m].kind == HISTOGRAM) {
            print_histogram((enum metric)m, out);
        } else if (infos[m].kind == SECONDS) {
            buf_printf(out, "kith_%s %.9f\n", infos[m].name,
                       (double)metric_get((enum metric)m) / 1e9);
        } else {
            buf_printf(out, "kith_%s %lld\n", infos[m].name, (long long)metric_get((enum metric)m));
        }
    }
}

#include "leaks.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* That a read of what is hidden and one of what never was take the same time, so that no clock
 * tells them apart. */

enum {
    PAIRS = 10000,
    TRIES = 3,
    TRIMMED = 10, /* of a hundred, at each end */
    BATCH = 10,
    WAIT_NS = 500000, /* of rest/absent.c */
};

static int64_t time_of(struct world *w, struct side *a, const char *path)
{
    struct arena_mark mark = arena_mark(&w->a);
    struct answered got;
    struct ask ask = {HTTP_GET, path, NULL, NULL, NULL, false};
    int64_t from = clock_mono_ns();
    side_ask(w, a, &ask, true, &got);
    int64_t took = clock_mono_ns() - from;
    arena_rewind(&w->a, mark);
    return got.status == 404 ? took : -1;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

struct spread {
    double mean;
    double error; /* variance of the mean */
};

static struct spread spread_of(int64_t *times)
{
    size_t from = PAIRS * TRIMMED / 100;
    size_t n = PAIRS - 2 * from;
    double sum = 0;
    double squares = 0;
    qsort(times, PAIRS, sizeof *times, by_time);
    for (size_t i = from; i < from + n; i++) {
        sum += (double)times[i];
        squares += (double)times[i] * (double)times[i];
    }
    double mean = sum / (double)n;
    return (struct spread){mean, (squares / (double)n - mean * mean) / (double)n};
}

/* Interleaved, and in either order, so that what slows the machine slows both. */
static double sigmas(struct world *w, struct side *a, const char *hidden, const char *never)
{
    static int64_t times[2][PAIRS];
    for (size_t i = 0; i < PAIRS; i++) {
        bool first = any(w, 2);
        for (unsigned k = 0; k < 2; k++) {
            bool is_hidden = (k == 0) == first;
            times[is_hidden][i] = time_of(w, a, is_hidden ? hidden : never);
            if (times[is_hidden][i] < 0) {
                return INFINITY;
            }
        }
    }
    struct spread of_never = spread_of(times[0]);
    struct spread of_hidden = spread_of(times[1]);
    (void)printf("404 of what is hidden: %.2f us, of what never was: %.2f us\n",
                 of_hidden.mean / 1e3, of_never.mean / 1e3);
    return fabs(of_hidden.mean - of_never.mean) / sqrt(of_hidden.error + of_never.error);
}

static const struct op *hidden_readable(const struct world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct op *one = &w->ops[i];
        bool readable = grant_rights(w->g, fhir_type_of(text_of(one->type))) & MAY_READ;
        if (one->current && one->json && !one->seen && one->patient && readable) {
            return one;
        }
    }
    return NULL;
}

/* Ten reads of one entry, in one batch. */
static int64_t time_of_ten(struct world *w, struct side *a, const char *path)
{
    struct answered got;
    struct buf body;
    buf_init(&body, 1 << 16);
    buf_add(&body, T("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":["));
    for (unsigned i = 0; i < BATCH; i++) {
        buf_printf(&body, "%s{\"request\":{\"method\":\"GET\",\"url\":\"%s\"}}", i ? "," : "",
                   path);
    }
    buf_add(&body, T("]}"));
    struct ask ask = {
        .method = HTTP_POST, .path = "", .body = arena_copy(&w->a, buf_text(&body)).p};
    buf_done(&body);
    int64_t from = clock_mono_ns();
    side_ask(w, a, &ask, true, &got);
    return got.status == 200 ? clock_mono_ns() - from : -1;
}

const char *absence_waits(struct world *w, struct side *a)
{
    const struct op *op = hidden_readable(w);
    if (!op) {
        return "nothing is hidden in this world";
    }
    const char *paths[] = {arena_printf(&w->a, "%s/%s", op->type, op->id).p,
                           arena_printf(&w->a, "%s/never-was", op->type).p};
    for (size_t i = 0; i < 2; i++) {
        int64_t one = time_of(w, a, paths[i]);
        int64_t ten = time_of_ten(w, a, paths[i]);
        if (one < WAIT_NS || ten < BATCH * WAIT_NS) {
            return arena_printf(&w->a, "%s is answered with 404 after %lld ns, ten after %lld ns",
                                paths[i], (long long)one, (long long)ten)
                .p;
        }
    }
    return NULL;
}

const char *timing_of_absence(struct world *w, struct side *a)
{
    const struct op *op = hidden_readable(w);
    double best = INFINITY;
    if (!op) {
        return "nothing is hidden in this world";
    }
    const char *hidden = arena_printf(&w->a, "%s/%s", op->type, op->id).p;
    const char *never =
        arena_printf(&w->a, "%s/%.*sx", op->type, (int)strlen(op->id) - 1, op->id).p;
    for (unsigned i = 0; i < TRIES && !(best < 3); i++) {
        double t = sigmas(w, a, hidden, never);
        best = t < best ? t : best;
    }
    return best < 3 ? NULL
                    : arena_printf(&w->a, "404 of %s and of %s differ by %.1f sigma", hidden, never,
                                   best)
                          .p;
}

#include "cli/cli.h"

#include "base/clock.h"
#include "synth/spread.h"

#include <stdio.h>
#include <stdlib.h>

static const struct cli_option options[] = {
    {"--patients", "N", "how many people (default 1000)", false},
    {"--seed", "S", "the same seed gives the same people (default 1)", false},
    {"--years", "N", "how far back the records go at most (default: 2 to 9 years)", false},
    {"--spread", NULL,
     "everybody at one practice, and each entry at the organisation that made it: folders gp, "
     "hospital, council, pharmacy and platform",
     false},
    {0},
};

enum { PATH_MOST = 4096 };

/* All in one folder, or a folder for each place. */
struct writing {
    const struct cli_args *args;
    struct synth_dir dir;
    uint64_t people;
    uint64_t wanted;
    bool spreads;
    struct synth_spread spread;
    struct synth_dir at[SYNTH_PLACES];
    struct synth_sink sinks[SYNTH_PLACES];
    char paths[SYNTH_PLACES][PATH_MOST];
};

static int open_spread(struct writing *w, uint64_t seed, struct err *e)
{
    int rc = 0;
    synth_spread_open(&w->spread, seed);
    for (int i = 0; !rc && i < SYNTH_PLACES; i++) {
        int n = snprintf(w->paths[i], PATH_MOST, "%s/%s", w->args->positionals[0],
                         synth_holders[i].kind);
        rc = n >= PATH_MOST ? err_set(e, ERR_IO, "the path of the folder is too long")
                            : synth_dir_open(&w->at[i], w->paths[i], e);
        w->sinks[i] = (struct synth_sink){synth_dir_write, &w->at[i]};
        w->spread.sinks[i] = &w->sinks[i];
    }
    return rc;
}

/* The first failure of all folders; each is closed. */
static int close_all(struct writing *w, struct err *e)
{
    int rc = synth_dir_close(&w->dir, e);
    for (int i = 0; w->spreads && i < SYNTH_PLACES; i++) {
        struct err other = {0};
        int closed = synth_dir_close(&w->at[i], &other);
        if (closed && !rc) {
            *e = other;
            rc = closed;
        }
    }
    if (w->spreads) {
        synth_spread_close(&w->spread);
    }
    return rc;
}

static int write_bundle(void *context, const char *file, text bundle, struct err *e)
{
    struct writing *w = context;
    char count[32];
    if (++w->people % 100 == 0) {
        cli_progress(w->args, "writing", w->people, w->wanted, cli_thousands(w->people, count));
    }
    return w->spreads ? synth_spread_write(&w->spread, file, bundle, e)
                      : synth_dir_write(&w->dir, file, bundle, e);
}

static int number(const struct cli_args *args, const char *name, uint64_t otherwise, uint64_t most,
                  uint64_t *ret)
{
    const char *word = cli_option(args, name);
    *ret = otherwise;
    if (word && (!text_to_u64(text_of(word), ret) || *ret > most)) {
        return cli_usage_error("synth", "%s must be a whole number of at most %llu", name,
                               (unsigned long long)most);
    }
    return EXIT_DONE;
}

static void print_counts(const struct cli_args *args, const struct synth_counts *counts,
                         double seconds)
{
    char count[32];
    char rate[32];
    double a_second = (double)counts->resources / (seconds > 0 ? seconds : 1e-9);
    if (args->json) {
        printf("{\"people\":%llu,\"resources\":%llu,\"bytes\":%llu,\"seconds\":%.3f}\n",
               (unsigned long long)counts->people, (unsigned long long)counts->resources,
               (unsigned long long)counts->bytes, seconds);
        return;
    }
    for (int i = 0; i < SYNTH_TYPE_COUNT; i++) {
        if (counts->of_type[i]) {
            printf("  %-22s %12s\n", synth_type_name((enum synth_type)i),
                   cli_thousands(counts->of_type[i], count));
        }
    }
    printf("%s resources in %.1f s (%s a second)\n", cli_thousands(counts->resources, count),
           seconds, cli_thousands((uint64_t)a_second, rate));
}

static int write_all(struct writing *w, const struct synth_options *how)
{
    struct err e = {0}, closing = {0};
    struct synth_counts counts = {0};
    struct synth_sink sink = {write_bundle, w};
    if (synth_dir_open(&w->dir, w->args->positionals[0], &e)) {
        return cli_fail("synth", &e);
    }
    for (int i = 0; i < SYNTH_PLACES; i++) {
        w->at[i].fd = -1;
    }
    int64_t start = clock_mono_ns();
    w->wanted = how->patients;
    int rc = w->spreads ? open_spread(w, how->seed, &e) : 0;
    rc = rc ? rc : synth_population(how, &sink, &counts, &e);
    int closed = close_all(w, &closing);
    cli_progress_end(w->args);
    if (rc || closed) {
        return cli_fail("synth", rc ? &e : &closing);
    }
    print_counts(w->args, &counts, (double)(clock_mono_ns() - start) / 1e9);
    return EXIT_DONE;
}

static int run(const struct cli_args *args)
{
    struct synth_options how = {0};
    int status = number(args, "--patients", 1000, SYNTH_PATIENTS_MAX, &how.patients);
    if (status == EXIT_DONE) {
        status = number(args, "--seed", 1, UINT64_MAX, &how.seed);
    }
    if (status == EXIT_DONE) {
        status = number(args, "--years", 0, 100, &how.years);
    }
    if (status != EXIT_DONE) {
        return status;
    }
    struct writing *w = calloc(1, sizeof *w);
    if (!w) {
        struct err e = {0};
        (void)err_set(&e, ERR_MEMORY, "no memory");
        return cli_fail("synth", &e);
    }
    w->args = args;
    w->spreads = how.one_practice = cli_option(args, "--spread") != NULL;
    status = write_all(w, &how);
    free(w);
    return status;
}

const struct cli_command command_synth = {
    .name = "synth",
    .usage = "OUT/ --patients N --seed S",
    .summary = "Writes an invented population of one English locality",
    .about = "Nobody in it is real: NHS numbers of the range that is never issued, addresses and "
             "telephone numbers that lead\n"
             "nowhere. The same seed gives the same bytes. Load the folder with kith import.",
    .example = "  kith synth people/ --patients 2000 --seed 7\n  kith import /srv/kith people/\n"
               "  kith synth places/ --patients 500 --spread\n  kith import /srv/hospital "
               "places/hospital\n",
    .least = 1,
    .most = 1,
    .options = options,
    .run = run,
};

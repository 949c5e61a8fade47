#include "synth/synth.h"

#include "synth/person.h"

#include <stdio.h>
#include <stdlib.h>

#define BUNDLE_MAX (256u << 20)
#define LETTER_MAX (1u << 20)

/* What lives for the whole run: too large for a stack. */
struct run {
    struct gen g;
    struct locality l;
    struct household h;
    struct person p;
    struct synth_counts counts;
    struct nhs_numbers nhs;
};

static int send(struct run *run, const struct synth_sink *sink, const char *file, struct err *e)
{
    if (buf_failed(&run->g.out) || buf_failed(&run->g.scratch)) {
        return err_set(e, ERR_MEMORY, "no memory for a bundle of the invented population");
    }
    run->counts.bundles++;
    run->counts.bytes += run->g.out.n;
    return sink->write(sink->ctx, file, buf_text(&run->g.out), e);
}

static void one_person(struct run *run, int slot)
{
    struct gen *g = &run->g;
    uint64_t index = run->counts.people++;
    uint64_t before = run->counts.resources;
    bundle_begin(g, mix(g->seed, 0x706572736f6e, index));
    person_make(g, &run->p, &run->h, slot, index);
    person_write(g);
    life_write(g, &run->p);
    bundle_end(g);
    uint64_t made = run->counts.resources - before;
    run->counts.largest = made > run->counts.largest ? made : run->counts.largest;
}

static int generate(struct run *run, uint64_t patients, const struct synth_sink *sink,
                    struct err *e)
{
    struct gen *g = &run->g;
    char file[32];
    locality_make(&run->l, g->seed);
    locality_write(g);
    int rc = send(run, sink, "000-locality.json", e);
    nhs_start(&run->nhs, g->seed);
    for (uint64_t home = 0; !rc && run->counts.people < patients; home++) {
        household_make(&run->h, g->seed, home, g->today, &run->nhs);
        for (int slot = 0; !rc && slot < run->h.count && run->counts.people < patients; slot++) {
            (void)snprintf(file, sizeof file, "people-%04llu.ndjson",
                           1 + (unsigned long long)(run->counts.people / SYNTH_PEOPLE_PER_FILE));
            one_person(run, slot);
            rc = send(run, sink, file, e);
        }
    }
    return rc;
}

int synth_population(const struct synth_options *options, const struct synth_sink *sink,
                     struct synth_counts *ret, struct err *e)
{
    int64_t today = options->today_days ? options->today_days : SYNTH_TODAY;
    if (options->patients > SYNTH_PATIENTS_MAX) {
        return err_set(e, ERR_VALUE,
                       "at most %d people can be invented: there are no more NHS "
                       "numbers of the range 999",
                       SYNTH_PATIENTS_MAX);
    }
    if (today < 14610 || today > 47847) { /* 2010-01-01 to 2101-01-01 */
        return err_set(e, ERR_VALUE, "today is to be a day of the years 2010 to 2100");
    }
    struct run *run = calloc(1, sizeof *run);
    if (!run) {
        return err_set(e, ERR_MEMORY, "no memory for an invented population");
    }
    run->g.seed = options->seed;
    run->g.today = today;
    run->g.earliest = options->years ? today - (int64_t)(365 * options->years) : INT64_MIN;
    run->g.one_practice = options->one_practice;
    run->g.l = &run->l;
    run->g.p = &run->p;
    run->g.counts = &run->counts;
    buf_init(&run->g.out, BUNDLE_MAX);
    buf_init(&run->g.scratch, LETTER_MAX);
    int rc = generate(run, options->patients, sink, e);
    if (!rc) {
        *ret = run->counts;
    }
    buf_done(&run->g.out);
    buf_done(&run->g.scratch);
    free(run);
    return rc;
}

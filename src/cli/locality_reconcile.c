/* `kith locality reconcile`: exchanges that only one side has recorded. */
#include "cli/locality.h"

#include "base/clock.h"
#include "format/json.h"
#include "locality/reconcile.h"

#include <stdio.h>

static void show_one(const struct locality_tool *t, const struct difference *d)
{
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(d->at_ms, instant);
    if (t->args->json) {
        struct buf words;
        buf_init(&words, 4096);
        json_write_string(text_of(d->words), &words);
        printf("{\"member\":\"%.*s\",\"at\":\"%s\",\"words\":%.*s}\n", TEXT_ARG(d->ods), instant,
               TEXT_ARG(buf_text(&words)));
        buf_done(&words);
    } else {
        printf("  %s %.*s: %s\n", instant, TEXT_ARG(d->ods), d->words);
    }
}

/* With one member. One that cannot be asked now is told, and is no failure of the others. */
static int with_member(struct locality_tool *t, text ods, size_t *differences, struct err *e)
{
    struct difference *found = NULL;
    size_t count = 0;
    int rc = reconcile_member(t->face, t->trust, ods, &t->a, &found, &count, e);
    if (rc == ERR_IO || rc == ERR_TIMEOUT) {
        fprintf(stderr, "kith locality: %.*s could not be asked: %s\n", TEXT_ARG(ods), err_text(e));
        ++*differences;
        return 0;
    }
    for (size_t i = 0; !rc && i < count; i++) {
        show_one(t, &found[i]);
    }
    if (!rc && !count && !t->args->json) {
        printf("  %.*s: both sides have recorded the same\n", TEXT_ARG(ods));
    }
    *differences += count;
    return rc;
}

int locality_reconcile(struct locality_tool *t, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    bool one = t->args->positional_count > 2;
    size_t differences = 0;
    const struct directory *d = trust_directory(t->trust, &ref, &why);
    if (!d) {
        return err_set(e, ERR_NOT_FOUND, "%s", why);
    }
    text wanted = one ? text_of(t->args->positionals[2]) : (text){0};
    int rc = one && !directory_member(d, wanted)
                 ? err_set(e, ERR_NOT_FOUND, "%.*s is no member", TEXT_ARG(wanted))
                 : 0;
    for (size_t i = 0; !rc && i < d->member_count; i++) {
        text ods = d->members[i].ods;
        if (!text_eq(ods, t->ods) && (!one || text_eq(ods, wanted))) {
            rc = with_member(t, ods, &differences, e);
        }
    }
    trust_done(ref);
    t->status = !rc && differences ? EXIT_FINDINGS : EXIT_DONE;
    return rc;
}

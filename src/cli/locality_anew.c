/* `kith locality anew`: a member's rows are taken again after one of both nodes has lost some. */
#include "cli/locality.h"

#include "locality/feed.h"

#include <stdio.h>

static int begin_anew(struct locality_tool *t, text ods, struct err *e)
{
    static const struct feed_take nothing = {0};
    struct feed *feed = NULL;
    int rc = feed_open(t->face, t->trust, &nothing, &feed, e);
    rc = rc ? rc : feed_anew(feed, ods, e);
    if (feed) {
        feed_close(feed);
    }
    return rc;
}

int locality_anew(struct locality_tool *t, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    text ods;
    int rc = tool_word(t, 0, "the ODS code of the member whose rows are held up", &ods, e);
    const struct directory *d = rc ? NULL : trust_directory(t->trust, &ref, &why);
    if (!d) {
        return rc ? rc : err_set(e, ERR_NOT_FOUND, "%s", why);
    }
    if (!directory_member(d, ods) || text_eq(ods, t->ods)) {
        rc = err_set(e, ERR_NOT_FOUND,
                     "%.*s is no other member of this locality; 'kith locality list' names them",
                     TEXT_ARG(text_short(ods, 20)));
    }
    rc = rc ? rc : begin_anew(t, ods, e);
    rc = rc ? rc
            : tool_note(t, EVENT_KEY,
                        arena_printf(&t->a, "what %.*s tells begins anew here", TEXT_ARG(ods)), e);
    if (!rc && !t->args->json) {
        printf("What %.*s tells this node is taken from wherever it goes on. What was lost before "
               "that does not come again: ask them what it was.\n",
               TEXT_ARG(ods));
    }
    trust_done(ref);
    return rc;
}

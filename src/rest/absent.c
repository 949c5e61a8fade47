#include "rest/call.h"

#include "base/clock.h"
#include "base/pace.h"

/*
 * Looking at what is hidden and looking for what never was are different work, by as much as a
 * record that has to be fetched first, and a bundle may ask a thousand times. The work is long done
 * when the answer leaves, so the two cannot be told apart by a clock.
 */
enum { ABSENT_NS = 500000 };
static const int64_t absent_most_ns = 2000000000; /* of a whole bundle */

bool call_absent(const struct call *c, int rc)
{
    bool deletes = c->route.interaction == INTERACTION_DELETE ||
                   c->route.interaction == INTERACTION_DELETE_CONDITIONAL;
    return rc == ERR_NOT_FOUND || (!rc && deletes && !c->answer.has_version);
}

void absent_wait(const struct call *c, int rc, int64_t started)
{
    int64_t count = (int64_t)c->absent + call_absent(c, rc);
    if (count == 0 || !c->grant || grant_reads_all(c->grant)) {
        return;
    }
    int64_t unit = count < absent_most_ns / ABSENT_NS ? count * ABSENT_NS : absent_most_ns;
    int64_t took = clock_mono_ns() - started;
    pace_until(started + (took / unit + 1) * unit);
}

/* `kith locality fork`: the proof that a member has shown two histories of its access log. */
#include "cli/locality.h"

#include "format/json.h"
#include "locality/witness.h"

#include <stdio.h>

static int find(struct locality_tool *t, text ods, text ret_notes[2], struct err *e)
{
    struct witness *w = NULL;
    int rc = witness_open(t->face, t->trust, &w, e);
    if (!rc) {
        rc = witness_fork(w, ods, &t->a, ret_notes, e);
        witness_close(w);
    }
    return rc;
}

int locality_fork(struct locality_tool *t, struct err *e)
{
    text ods, notes[2];
    int rc = tool_word(t, 0, "the ODS code of the member whose log it is", &ods, e);
    rc = rc ? rc : find(t, ods, notes, e);
    if (rc) {
        return rc;
    }
    if (t->args->json) {
        struct buf out;
        buf_init(&out, 1 << 20);
        buf_add(&out, T("{\"notes\":["));
        json_write_string(notes[0], &out);
        buf_addc(&out, ',');
        json_write_string(notes[1], &out);
        printf("%.*s]}\n", TEXT_ARG(buf_text(&out)));
        buf_done(&out);
    } else {
        printf("%.*s\n%.*s", TEXT_ARG(notes[0]), TEXT_ARG(notes[1]));
    }
    return 0;
}

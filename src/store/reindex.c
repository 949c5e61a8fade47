/* $reindex is asked for. */
#include "store/params.h"

#include <stdlib.h>

int store_reindex(struct store *s, const struct grant *g, fhir_type type, uint64_t *ret_number,
                  struct err *e)
{
    if (!s->writer) {
        return err_set(e, ERR_NOT_SUPPORTED, "this store was opened for reading only");
    }
    if (!grant_reads_all(g)) {
        return err_set(e, ERR_FORBIDDEN, "only the administrator may derive the index anew");
    }
    struct piece *p = calloc(1, sizeof *p);
    if (!p) {
        return err_set(e, ERR_MEMORY, "the node has no memory for this");
    }
    p->kind = PIECE_START;
    p->type = type;
    piece_submit(s->writer, p);
    int rc = piece_await(s->writer, p);
    if (rc) {
        rc = err_set(e, rc, "%s", err_text(&p->err));
    }
    *ret_number = p->reindex;
    free(p);
    return rc;
}

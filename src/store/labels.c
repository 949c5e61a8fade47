#include "store/inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * The rules of a node's own beside the built-in ones: the file `labels` in its folder, as
 * label_rules_make() takes it (policy/facts.h). They hold for what is written from the start on;
 * $reindex derives the labels of what was there before.
 */

enum { LABELS_BYTES_MAX = 1 << 20 };

static int read_file(FILE *f, const char *path, struct label_rules **ret_rules, struct err *e)
{
    char *bytes = malloc(LABELS_BYTES_MAX + 1);
    if (!bytes) {
        return err_set(e, ERR_MEMORY, "no memory for the label rules");
    }
    size_t n = fread(bytes, 1, LABELS_BYTES_MAX + 1, f);
    int rc = ferror(f) ? err_set(e, ERR_IO, "%s cannot be read", path)
             : n > LABELS_BYTES_MAX
                 ? err_set(e, ERR_TOO_LARGE, "%s has more than %d bytes", path, LABELS_BYTES_MAX)
                 : label_rules_make(text_make(bytes, n), ret_rules, e);
    free(bytes);
    return rc;
}

int labels_load(struct store *s, struct err *e)
{
    char path[4096];
    if (s->labels) {
        return 0;
    }
    int n = snprintf(path, sizeof path, "%s/labels", s->dir);
    FILE *f = n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
    if (!f) {
        return errno == ENOENT
                   ? 0
                   : err_set(e, ERR_IO, "%s/labels is there but cannot be read", s->dir);
    }
    struct err why = {0};
    int rc = read_file(f, path, &s->own_labels, &why);
    (void)fclose(f);
    if (rc) {
        return err_set(e, rc, "%s: %s", path, err_text(&why));
    }
    s->labels = s->own_labels;
    return 0;
}

/* A struct as one JSON object of texts, numbers, bools and lists of texts, and back. */
#ifndef KITH_IDENTITY_OAUTH_ROW_H
#define KITH_IDENTITY_OAUTH_ROW_H

#include "base/arena.h"
#include "base/err.h"

enum row_kind {
    ROW_TEXT,
    ROW_I64,
    ROW_BOOL,
    ROW_LIST, /* text *, with its size_t count at `count_at` */
};
/* Ended by one without a name. */
struct row_field {
    const char *name;
    enum row_kind kind;
    size_t at;
    size_t count_at;
};

/* What is empty, 0 or false is left out. p == NULL: no memory. */
text row_print(const struct row_field *fields, const void *row, struct arena *a);
/* Members that are not there leave *row as it is. ERR_CORRUPT: not such an object. */
int row_read(const struct row_field *fields, text json, struct arena *a, void *row, struct err *e);

#endif

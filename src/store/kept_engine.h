/* What kept.c needs of a database engine; sqlite/kept.c implements it. One thread at a time. */
#ifndef KITH_STORE_KEPT_ENGINE_H
#define KITH_STORE_KEPT_ENGINE_H

#include "base/err.h"

enum { KEPT_SCHEMA = 1, KEPT_END = -1 };

struct kept_db;

/* ERR_NOT_FOUND (reading), ERR_NOT_SUPPORTED, ERR_CORRUPT, ERR_IO ... `writes`: the file is there,
 * and an empty one becomes a database. */
int kept_db_open(const char *path, bool writes, struct kept_db **ret_db, struct err *e);
void kept_db_close(struct kept_db *db);
/* The cause of the last failure. Returns the code. */
int kept_db_error(const struct kept_db *db, int code, struct err *e);

/* Into the file `to`, which is there and empty. */
int kept_db_copy(struct kept_db *db, const char *to, struct err *e);

/* A number that is another one after a commit of another connection. */
int kept_db_version(struct kept_db *db, int64_t *ret_version);

int kept_db_begin(struct kept_db *db);
int kept_db_commit(struct kept_db *db);
void kept_db_rollback(struct kept_db *db);

/* KEPT_END: there is none. The value stays until kept_db_done(). */
int kept_db_find(struct kept_db *db, const char *kind, text key, text *ret_value);
void kept_db_done(struct kept_db *db);
int kept_db_put(struct kept_db *db, const char *kind, text key, text value);
int kept_db_remove(struct kept_db *db, const char *kind, text key);

/* Rows with low <= key < high (high.p == NULL: to the end), in order; KEPT_END behind the last.
 * The texts stay until the next call. */
int kept_db_range(struct kept_db *db, const char *kind, text low, text high);
int kept_db_next(struct kept_db *db, text *ret_key, text *ret_value);
void kept_db_range_done(struct kept_db *db);

#endif

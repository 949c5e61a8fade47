/* One SQLite connection and its prepared statements: what the files of this folder share. */
#ifndef KITH_STORE_SQLITE_CONNECTION_H
#define KITH_STORE_SQLITE_CONNECTION_H

#include "fhir/index.h"
#include "store/engine.h"
#include "store/sqlite/sql.h"

#include <sqlite3.h>

struct db_cursor {
    struct db *db;
    sqlite3_stmt *statement;
    enum sql sql;
    uint64_t rid;           /* of the last entry */
    struct db_cursor *next; /* in the list of unused ones */
};

struct db {
    sqlite3 *handle;
    sqlite3_stmt *statements[SQL_COUNT];
    struct db_cursor *idle[SQL_COUNT]; /* cursors that may be used again */
    int64_t deadline;
    uint64_t wal_bytes;
    uint64_t stamp; /* of policy, as the transaction sees it */
    struct {
        const struct db_counting *by; /* NULL: nothing is being counted */
        uint64_t count;
        int code; /* that it ended with */
    } counted;
    sqlite3_stmt *name; /* the statement behind the last db_name_find() */
    int code;           /* SQLite's extended code of the last failure */
    int os_error;
    char words[200];
};

/* Runs text as it is: schema, PRAGMAs. */
int db_run_text(struct db *db, const char *sql);
/* Gives the connection the function that SQL_COUNT_IF calls. SQLite's code. */
int db_give_count(struct db *db);
/* Opens without a look at what is there. NULL: no memory. */
struct db *db_new(void);
/* The prepared statement, or NULL. Reset and without bindings of interest. */
sqlite3_stmt *db_statement(struct db *db, enum sql sql);
/* The code of base/err.h for SQLite's; os_error is that of the system call that failed. */
int db_code(int rc, int os_error);
/* Notes SQLite's failure; returns its code of base/err.h. */
int db_failed(struct db *db, int rc);
/* Steps a statement that returns no rows, and resets it. */
int db_run(struct db *db, sqlite3_stmt *st);
int db_step_number(struct db *db, sqlite3_stmt *st, uint64_t *ret_number);

static inline void bind_number(sqlite3_stmt *st, int at, uint64_t value)
{
    (void)sqlite3_bind_int64(st, at, (sqlite3_int64)value);
}

/* The bytes must stay until the statement is reset; an empty text is an empty blob, not NULL. */
static inline void bind_bytes(sqlite3_stmt *st, int at, text t)
{
    (void)sqlite3_bind_blob64(st, at, t.n ? t.p : "", t.n, SQLITE_STATIC);
}

static inline uint64_t column_number(sqlite3_stmt *st, int at)
{
    return (uint64_t)sqlite3_column_int64(st, at);
}

static inline text column_bytes(sqlite3_stmt *st, int at)
{
    const char *p = sqlite3_column_blob(st, at);
    return text_make(p ? p : "", (size_t)sqlite3_column_bytes(st, at));
}

/* NULL: INDEX_WHEN_NONE. */
static inline int64_t column_when(sqlite3_stmt *st, int at)
{
    return sqlite3_column_type(st, at) == SQLITE_NULL ? INDEX_WHEN_NONE
                                                      : sqlite3_column_int64(st, at);
}

static inline void bind_when(sqlite3_stmt *st, int at, int64_t when)
{
    if (when == INDEX_WHEN_NONE) {
        (void)sqlite3_bind_null(st, at);
    } else {
        (void)sqlite3_bind_int64(st, at, when);
    }
}

/* Columns rid, vid, t, deleted, id, w[, body]. */
void column_policy(sqlite3_stmt *st, struct db_policy *ret_policy);
void column_resource(sqlite3_stmt *st, bool with_body, struct db_resource *ret_resource);

/* An empty file that only its owner may read; SQLite makes the files beside it alike. */
int db_reserve(const char *path, struct err *e);

#endif

#include "store/kept_engine.h"

#include "store/sqlite/connection.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct kept_db {
    sqlite3 *handle;
    sqlite3_stmt *statements[KEPT_SQL_COUNT];
    enum kept_sql range; /* the statement behind kept_db_range() */
    int os_error;
    char words[200];
};

static const char *const sql_text[] = {
#define KEPT_SQL_ROW(name, words) words,
    KEPT_SQL_TABLE(KEPT_SQL_ROW)
#undef KEPT_SQL_ROW
};

static int failed(struct kept_db *db, int rc)
{
    db->os_error = sqlite3_system_errno(db->handle);
    (void)snprintf(db->words, sizeof db->words, "%s (%d, system error %d)",
                   sqlite3_errmsg(db->handle), rc, db->os_error);
    return db_code(rc, db->os_error);
}

int kept_db_error(const struct kept_db *db, int code, struct err *e)
{
    return err_set(e, code, "what the node keeps cannot be read or written: %s", db->words);
}

/* NULL: it failed, and db->words say why. */
static sqlite3_stmt *statement(struct kept_db *db, enum kept_sql sql, int *ret_code)
{
    *ret_code = 0;
    if (!db->statements[sql]) {
        int rc = sqlite3_prepare_v3(db->handle, sql_text[sql], -1, SQLITE_PREPARE_PERSISTENT,
                                    &db->statements[sql], NULL);
        *ret_code = rc == SQLITE_OK ? 0 : failed(db, rc);
    }
    return db->statements[sql];
}

static int run(struct kept_db *db, sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    int code = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : failed(db, rc);
    (void)sqlite3_reset(st);
    (void)sqlite3_clear_bindings(st);
    return code;
}

static int run_text(struct kept_db *db, const char *sql)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : failed(db, rc);
}

static int number(struct kept_db *db, enum kept_sql sql, int64_t *ret_number)
{
    int code = 0;
    sqlite3_stmt *st = statement(db, sql, &code);
    if (!st) {
        return code;
    }
    int rc = sqlite3_step(st);
    *ret_number = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    code = rc == SQLITE_ROW ? 0 : failed(db, rc);
    (void)sqlite3_reset(st);
    return code;
}

/* --- open and close ------------------------------------------------------------------------ */

void kept_db_close(struct kept_db *db)
{
    if (!db) {
        return;
    }
    for (size_t i = 0; i < KEPT_SQL_COUNT; i++) {
        (void)sqlite3_finalize(db->statements[i]);
    }
    (void)sqlite3_close(db->handle);
    free(db);
}

/* All of it or nothing: a file that was left empty by a crash is begun again. */
static int found(struct kept_db *db)
{
    int rc = run_text(db, KEPT_PRAGMAS_CREATE);
    rc = rc ? rc : run_text(db, "BEGIN IMMEDIATE");
    rc = rc ? rc : run_text(db, KEPT_SCHEMA_TEXT);
    return rc ? rc : run_text(db, "COMMIT");
}

static int check_whole(struct kept_db *db, const char *path, struct err *e)
{
    int code = 0;
    sqlite3_stmt *st = statement(db, KEPT_SQL_CHECK, &code);
    if (!st) {
        return kept_db_error(db, code, e);
    }
    int rc = sqlite3_step(st);
    const char *words = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
    bool good = words && strcmp(words, "ok") == 0;
    (void)sqlite3_reset(st);
    return good ? 0 : err_set(e, ERR_CORRUPT, "%s is damaged: use a copy of it", path);
}

static int check_opened(struct kept_db *db, const char *path, bool writes, struct err *e)
{
    int64_t application = 0;
    int64_t schema = 0;
    int64_t tables = 0;
    int rc = number(db, KEPT_SQL_APPLICATION, &application);
    rc = rc ? rc : number(db, KEPT_SQL_VERSION, &schema);
    rc = rc ? rc : number(db, KEPT_SQL_TABLES, &tables);
    if (!rc && application == 0 && schema == 0 && tables == 0 && writes) {
        rc = found(db);
        application = KEPT_APPLICATION;
        schema = KEPT_SCHEMA;
    }
    if (rc == ERR_CORRUPT) {
        return err_set(e, rc, "%s is damaged: use a copy of it", path);
    }
    if (rc) {
        return kept_db_error(db, rc, e);
    }
    if (application != KEPT_APPLICATION || schema != KEPT_SCHEMA) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "%s is not what this Kith keeps (schema %lld, this one reads %d): use the "
                       "one that wrote it",
                       path, (long long)schema, KEPT_SCHEMA);
    }
    return check_whole(db, path, e);
}

int kept_db_open(const char *path, bool writes, struct kept_db **ret_db, struct err *e)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return err_set(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                       "cannot open %s: %s", path, strerror(errno));
    }
    struct kept_db *db = calloc(1, sizeof *db);
    if (!db) {
        return err_set(e, ERR_MEMORY, "no memory for what the node keeps");
    }
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
    rc = rc == SQLITE_OK ? 0 : failed(db, rc);
    if (!rc) {
        (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void)sqlite3_busy_timeout(db->handle, 5000);
        /* What it needs beside it stays when it is closed: a start needs no room on a full disk. */
        int stays = writes;
        (void)sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &stays);
        rc = run_text(db, writes ? KEPT_PRAGMAS : KEPT_PRAGMAS_LOOK);
    }
    rc = rc == ERR_CORRUPT ? err_set(e, rc, "%s is damaged: use a copy of it", path)
         : rc              ? kept_db_error(db, rc, e)
                           : check_opened(db, path, writes, e);
    if (!rc && writes) {
        /* A copy (kept_db_copy()) is no WAL file yet. */
        rc = run_text(db, KEPT_PRAGMAS_CREATE);
        rc = rc ? kept_db_error(db, rc, e) : 0;
    }
    if (rc) {
        kept_db_close(db);
        return rc;
    }
    *ret_db = db;
    return 0;
}

int kept_db_version(struct kept_db *db, int64_t *ret_version)
{
    return number(db, KEPT_SQL_CHANGED, ret_version);
}

int kept_db_copy(struct kept_db *db, const char *to, struct err *e)
{
    /* The copy is a new file; this one is only read, whatever query_only says of statements. */
    int code = run_text(db, "PRAGMA query_only=OFF");
    sqlite3_stmt *st = code ? NULL : statement(db, KEPT_SQL_COPY, &code);
    if (st) {
        (void)sqlite3_bind_text(st, 1, to, -1, SQLITE_STATIC);
        code = run(db, st);
    }
    return code ? kept_db_error(db, code, e) : 0;
}

/* --- transactions -------------------------------------------------------------------------- */

int kept_db_begin(struct kept_db *db)
{
    return run_text(db, "BEGIN IMMEDIATE");
}

int kept_db_commit(struct kept_db *db)
{
    return run_text(db, "COMMIT");
}

void kept_db_rollback(struct kept_db *db)
{
    if (!sqlite3_get_autocommit(db->handle)) {
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
}

/* --- rows ---------------------------------------------------------------------------------- */

static sqlite3_stmt *key_statement(struct kept_db *db, enum kept_sql sql, const char *kind,
                                   text key, int *ret_code)
{
    sqlite3_stmt *st = statement(db, sql, ret_code);
    if (st) {
        (void)sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
        bind_bytes(st, 2, key);
    }
    return st;
}

int kept_db_find(struct kept_db *db, const char *kind, text key, text *ret_value)
{
    int code = 0;
    sqlite3_stmt *st = key_statement(db, KEPT_SQL_FIND, kind, key, &code);
    if (!st) {
        return code;
    }
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? KEPT_END : failed(db, rc);
    }
    *ret_value = column_bytes(st, 0);
    return 0;
}

void kept_db_done(struct kept_db *db)
{
    (void)sqlite3_reset(db->statements[KEPT_SQL_FIND]);
}

int kept_db_put(struct kept_db *db, const char *kind, text key, text value)
{
    int code = 0;
    sqlite3_stmt *st = key_statement(db, KEPT_SQL_PUT, kind, key, &code);
    if (!st) {
        return code;
    }
    bind_bytes(st, 3, value);
    return run(db, st);
}

int kept_db_remove(struct kept_db *db, const char *kind, text key)
{
    int code = 0;
    sqlite3_stmt *st = key_statement(db, KEPT_SQL_REMOVE, kind, key, &code);
    return st ? run(db, st) : code;
}

int kept_db_range(struct kept_db *db, const char *kind, text low, text high)
{
    int code = 0;
    db->range = high.p ? KEPT_SQL_RANGE : KEPT_SQL_RANGE_OPEN;
    sqlite3_stmt *st = key_statement(db, db->range, kind, low, &code);
    if (st && high.p) {
        bind_bytes(st, 3, high);
    }
    return st ? 0 : code;
}

int kept_db_next(struct kept_db *db, text *ret_key, text *ret_value)
{
    sqlite3_stmt *st = db->statements[db->range];
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? KEPT_END : failed(db, rc);
    }
    *ret_key = column_bytes(st, 0);
    *ret_value = column_bytes(st, 1);
    return 0;
}

void kept_db_range_done(struct kept_db *db)
{
    (void)sqlite3_reset(db->statements[db->range]);
}

#include "store/sqlite/connection.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char db_file_name[] = "store.db";

static const char *const sql_text[] = {
#define SQL_ROW(name, words) words,
    SQL_TABLE(SQL_ROW)
#undef SQL_ROW
};

int db_code(int rc, int os_error)
{
    switch (rc & 0xFF) {
    case SQLITE_OK:
        return 0;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_INTERRUPT:
        return ERR_TOO_COSTLY;
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return os_error == ENOSPC || os_error == EDQUOT ? ERR_FULL : ERR_IO;
    default:
        return ERR_INTERNAL;
    }
}

int db_failed(struct db *db, int rc)
{
    db->code = rc;
    db->os_error = sqlite3_system_errno(db->handle);
    (void)snprintf(db->words, sizeof db->words, "%s (%d, system error %d)",
                   sqlite3_errmsg(db->handle), rc, db->os_error);
    return db_code(rc, db->os_error);
}

int db_error(const struct db *db, int code, struct err *e)
{
    switch (code) {
    case ERR_TOO_COSTLY:
        return err_set(e, code, "the search took longer than it may; narrow it");
    case ERR_FULL:
    case ERR_MEMORY:
    case ERR_BUSY:
        return err_set(e, code, "%s", err_info(code)->text);
    default:
        return err_set(e, code, "the store failed: %s", db->words);
    }
}

sqlite3_stmt *db_statement(struct db *db, enum sql sql)
{
    if (!db->statements[sql]) {
        int rc = sqlite3_prepare_v3(db->handle, sql_text[sql], -1, SQLITE_PREPARE_PERSISTENT,
                                    &db->statements[sql], NULL);
        if (rc != SQLITE_OK) {
            (void)db_failed(db, rc);
            return NULL;
        }
    }
    return db->statements[sql];
}

int db_run(struct db *db, sqlite3_stmt *st)
{
    if (!st) {
        return db_code(db->code, db->os_error);
    }
    int rc = sqlite3_step(st);
    int code = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : db_failed(db, rc);
    (void)sqlite3_reset(st);
    return code;
}

int db_step_number(struct db *db, sqlite3_stmt *st, uint64_t *ret_number)
{
    if (!st) {
        return db_code(db->code, db->os_error);
    }
    int rc = sqlite3_step(st);
    int code = DB_END;
    if (rc == SQLITE_ROW) {
        if (sqlite3_column_type(st, 0) != SQLITE_NULL) {
            *ret_number = column_number(st, 0);
            code = 0;
        }
    } else if (rc != SQLITE_DONE) {
        code = db_failed(db, rc);
    }
    (void)sqlite3_reset(st);
    return code;
}

void column_resource(sqlite3_stmt *st, bool with_body, struct db_resource *ret_resource)
{
    ret_resource->rid = column_number(st, 0);
    ret_resource->vid = column_number(st, 1);
    ret_resource->t = column_number(st, 2);
    ret_resource->deleted = sqlite3_column_int(st, 3) != 0;
    ret_resource->id = column_bytes(st, 4);
    ret_resource->when = column_when(st, 5);
    ret_resource->body = with_body ? column_bytes(st, 6) : (text){0};
}

/* --- open and close ------------------------------------------------------------------------ */

static int on_progress(void *context)
{
    const struct db *db = context;
    return db->deadline && clock_mono_ns() > db->deadline;
}

static int on_wal(void *context, sqlite3 *handle, const char *name, int pages)
{
    (void)handle;
    (void)name;
    struct db *db = context;
    db->wal_bytes = (uint64_t)pages * SQL_PAGE_SIZE;
    return SQLITE_OK;
}

void db_close(struct db *db)
{
    if (!db) {
        return;
    }
    for (size_t i = 0; i < SQL_COUNT; i++) {
        (void)sqlite3_finalize(db->statements[i]);
        while (db->idle[i]) {
            struct db_cursor *c = db->idle[i];
            db->idle[i] = c->next;
            (void)sqlite3_finalize(c->statement);
            free(c);
        }
    }
    (void)sqlite3_close(db->handle);
    free(db);
}

/* Counting every allocation would take a lock that all threads share. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct db *db_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, configure);
    return calloc(1, sizeof(struct db));
}

int db_run_text(struct db *db, const char *sql)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_failed(db, rc);
}

static int check_opened(struct db *db, const char *path, struct err *e)
{
    uint64_t schema = 0;
    int rc = db_meta_number(db, "schema", &schema);
    if (rc == DB_END || rc == ERR_INTERNAL) {
        return err_set(e, ERR_NOT_SUPPORTED, "%s is not a store of Kith", path);
    }
    if (rc) {
        return db_error(db, rc, e);
    }
    if (schema < DB_SCHEMA) {
        return err_set(
            e, ERR_NOT_SUPPORTED,
            "%s was written by an older Kith (schema %llu, this one reads %d): export it "
            "with the program that made it (kith export), make a new store with this one "
            "(kith init) and import there (kith import)",
            path, (unsigned long long)schema, DB_SCHEMA);
    }
    if (schema > DB_SCHEMA) {
        return err_set(
            e, ERR_NOT_SUPPORTED,
            "%s was written by a newer Kith (schema %llu, this one reads %d): use that one", path,
            (unsigned long long)schema, DB_SCHEMA);
    }
    sqlite3_stmt *st = db_statement(db, SQL_JOURNAL_MODE);
    bool wal =
        st && sqlite3_step(st) == SQLITE_ROW && text_eq_nocase(column_bytes(st, 0), T("wal"));
    (void)sqlite3_reset(st);
    return wal ? 0 : err_set(e, ERR_NOT_SUPPORTED, "%s is not in WAL mode", path);
}

static int open_handle(struct db *db, const char *path, enum db_role role)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (role == DB_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
    if (rc != SQLITE_OK) {
        return db_failed(db, rc);
    }
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_busy_timeout(db->handle, 5000);
    sqlite3_progress_handler(db->handle, 4000, on_progress, db);
    if (role == DB_WRITER) {
        (void)sqlite3_wal_hook(db->handle, on_wal, db);
    } else {
        (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    rc = db_give_count(db);
    if (rc != SQLITE_OK) {
        return db_failed(db, rc);
    }
    int code = db_run_text(db, SQL_PRAGMAS_ALL);
    return code ? code
                : db_run_text(db, role == DB_WRITER ? SQL_PRAGMAS_WRITER : SQL_PRAGMAS_READER);
}

int db_open(const char *dir, enum db_role role, struct db **ret_db, struct err *e)
{
    char path[4096];
    struct stat st;
    if (snprintf(path, sizeof path, "%s/%s", dir, db_file_name) >= (int)sizeof path) {
        return err_set(e, ERR_VALUE, "the name of the folder is too long");
    }
    if (stat(path, &st) != 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? err_set(e, ERR_NOT_FOUND, "there is no store in %s: make one with kith init",
                             dir)
                   : err_set(e, ERR_IO, "cannot look at %s: %s", path, strerror(errno));
    }
    struct db *db = db_new();
    if (!db) {
        return err_set(e, ERR_MEMORY, "no memory for a connection");
    }
    int rc = open_handle(db, path, role);
    rc = rc ? db_error(db, rc, e) : check_opened(db, path, e);
    if (rc) {
        db_close(db);
        return rc;
    }
    /* on_wal() replaced the hook that wal_autocheckpoint=0 removed, whatever their order. */
    if (role == DB_WRITER) {
        (void)sqlite3_wal_hook(db->handle, on_wal, db);
    }
    *ret_db = db;
    return 0;
}

static int write_founding(struct db *db, const struct db_founding *f)
{
    static const char *const keys[] = {"organisation", "name", "key"};
    text values[] = {f->organisation, f->name, {(const char *)&f->key, sizeof f->key}};
    sqlite3_stmt *st = db_statement(db, SQL_META_PUT);
    int rc = 0;
    for (size_t i = 0; i < 3 && !rc && st; i++) {
        (void)sqlite3_bind_text(st, 1, keys[i], -1, SQLITE_STATIC);
        bind_bytes(st, 2, values[i]);
        rc = db_run(db, st);
    }
    rc = rc ? rc : db_meta_put(db, "compartment", 1024);
    rc = rc ? rc : db_policy_stamp(db, 1);
    return rc ? rc : db_meta_put(db, "schema", DB_SCHEMA);
}

int db_reserve(const char *path, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_set(e, errno == ENOSPC ? ERR_FULL : ERR_IO, "cannot make %s: %s", path,
                       strerror(errno));
    }
    (void)close(fd);
    return 0;
}

static void remove_files(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char file[4200];
        (void)snprintf(file, sizeof file, "%s%s", path, ends[i]);
        (void)unlink(file);
    }
}

int db_create(const char *dir, const struct db_founding *founding, struct err *e)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", dir, db_file_name) >= (int)sizeof path) {
        return err_set(e, ERR_VALUE, "the name of the folder is too long");
    }
    struct stat info;
    if (stat(path, &info) == 0) {
        return err_set(e, ERR_CONFLICT,
                       "there is a node in %s already; serve that, or choose another folder", dir);
    }
    int rc = db_reserve(path, e);
    if (rc) {
        return rc;
    }
    struct db *db = db_new();
    if (!db) {
        (void)unlink(path);
        return err_set(e, ERR_MEMORY, "no memory for a connection");
    }
    rc = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL);
    rc = rc == SQLITE_OK ? 0 : db_failed(db, rc);
    rc = rc ? rc : db_run_text(db, SQL_PRAGMAS_CREATE);
    rc = rc ? rc : db_run_text(db, SQL_PRAGMAS_WRITER);
    rc = rc ? rc : db_begin_write(db);
    rc = rc ? rc : db_run_text(db, SQL_SCHEMA);
    rc = rc ? rc : write_founding(db, founding);
    rc = rc ? rc : db_dictionary_insert(db, 1, founding->dictionary);
    rc = rc ? rc : db_commit(db);
    rc = rc ? db_error(db, rc, e) : 0;
    db_close(db);
    if (rc) {
        remove_files(path); /* so that it can be tried again */
    }
    return rc;
}

/* --- transactions -------------------------------------------------------------------------- */

void db_deadline(struct db *db, int64_t at)
{
    db->deadline = at;
}

int db_begin_read(struct db *db)
{
    int rc = db_run(db, db_statement(db, SQL_BEGIN_READ));
    /* BEGIN alone sees nothing: the state is that of the first read. */
    rc = rc ? rc : db_step_number(db, db_statement(db, SQL_SEE), &db->stamp);
    if (rc) {
        db_end_read(db);
    }
    return rc;
}

uint64_t db_seen_stamp(const struct db *db)
{
    return db->stamp;
}

void db_end_read(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle)) {
        (void)db_run(db, db_statement(db, SQL_COMMIT));
    }
}

int db_begin_write(struct db *db)
{
    return db_run(db, db_statement(db, SQL_BEGIN_WRITE));
}

int db_commit(struct db *db)
{
    return db_run(db, db_statement(db, SQL_COMMIT));
}

int db_durable(struct db *db, bool durable)
{
    return db_run_text(db, durable ? SQL_DURABLE : SQL_NOT_DURABLE);
}

void db_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle)) {
        (void)db_run(db, db_statement(db, SQL_ROLLBACK));
    }
}

int db_trim(struct db *db, uint64_t pages, uint64_t kept)
{
    char words[64];
    uint64_t unused = 0;
    int rc = db_step_number(db, db_statement(db, SQL_FREE_PAGES), &unused);
    if (rc || unused <= kept) {
        return rc ? rc : DB_END;
    }
    pages = unused - kept < pages ? unused - kept : pages;
    (void)snprintf(words, sizeof words, "PRAGMA incremental_vacuum(%llu)",
                   (unsigned long long)pages);
    return db_run_text(db, words);
}

uint64_t db_wal_bytes(const struct db *db)
{
    return db->wal_bytes;
}

int db_checkpoint(struct db *db, enum db_checkpoint how)
{
    static const int modes[] = {SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_RESTART,
                                SQLITE_CHECKPOINT_TRUNCATE};
    (void)sqlite3_busy_timeout(db->handle, how == DB_CHECKPOINT_TRUNCATE ? 1000 : 50);
    int all = 0;
    int done = 0;
    int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, modes[how], &all, &done);
    (void)sqlite3_busy_timeout(db->handle, 5000);
    if (rc == SQLITE_OK && all == done) {
        db->wal_bytes = 0;
    }
    return rc == SQLITE_OK || (rc & 0xFF) == SQLITE_BUSY ? 0 : db_failed(db, rc);
}

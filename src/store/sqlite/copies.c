/* Checking, copying and measuring whole stores. */
#include "store/sqlite/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int db_check(struct db *db, void (*report)(void *context, const char *words), void *context)
{
    sqlite3_stmt *st = db_statement(db, SQL_CHECK);
    if (!st) {
        return db_failed(db, db->code);
    }
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *words = (const char *)sqlite3_column_text(st, 0);
        if (words && strcmp(words, "ok") != 0) {
            report(context, words);
        }
    }
    (void)sqlite3_reset(st);
    if ((rc & 0xFF) == SQLITE_CORRUPT) {
        report(context, sqlite3_errmsg(db->handle));
        return 0;
    }
    return rc == SQLITE_DONE ? 0 : db_failed(db, rc);
}

static int sync_path(const char *path, int flags, struct err *e)
{
    int fd = open(path, flags | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc ? err_set(e, rc == ENOSPC ? ERR_FULL : ERR_IO, "cannot make %s durable: %s", path,
                        strerror(rc))
              : 0;
}

static int sync_with_folder(const char *file, struct err *e)
{
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s", file);
    char *slash = strrchr(folder, '/');
    if (!slash) {
        (void)snprintf(folder, sizeof folder, ".");
    } else {
        slash[slash == folder] = '\0';
    }
    int rc = sync_path(file, O_RDONLY, e);
    return rc ? rc : sync_path(folder, O_RDONLY | O_DIRECTORY, e);
}

int db_backup(const char *dir, const char *file, struct err *e)
{
    struct stat info;
    if (lstat(file, &info) == 0) {
        return err_set(e, ERR_CONFLICT, "%s exists already: choose another name", file);
    }
    struct db *db = NULL;
    int rc = db_reserve(file, e);
    if (rc) {
        return rc;
    }
    rc = db_open(dir, DB_READER, &db, e);
    if (rc) {
        (void)unlink(file);
        return rc;
    }
    /* The copy is a new file; the store itself is only read, whatever query_only says of
     * statements. */
    (void)sqlite3_exec(db->handle, "PRAGMA query_only=OFF", NULL, NULL, NULL);
    sqlite3_stmt *st = db_statement(db, SQL_VACUUM_INTO);
    if (st) {
        (void)sqlite3_bind_text(st, 1, file, -1, SQLITE_STATIC);
    }
    rc = db_run(db, st);
    rc = rc ? db_error(db, rc, e) : sync_with_folder(file, e);
    if (rc) {
        (void)unlink(file);
    }
    db_close(db);
    return rc;
}

static int check_copy(struct db *db, const char *file, struct err *e)
{
    uint64_t schema = 0;
    int rc = db_meta_number(db, "schema", &schema);
    if (rc || schema != DB_SCHEMA) {
        return err_set(e, ERR_NOT_SUPPORTED, "%s is not a copy of a store of schema %d", file,
                       DB_SCHEMA);
    }
    sqlite3_stmt *st = db_statement(db, SQL_QUICK_CHECK);
    bool good = st && sqlite3_step(st) == SQLITE_ROW && text_eq(column_bytes(st, 0), T("ok"));
    (void)sqlite3_reset(st);
    return good ? 0 : err_set(e, ERR_CORRUPT, "%s is damaged: use another copy", file);
}

int db_backup_check(const char *file, struct err *e)
{
    struct db *db = calloc(1, sizeof *db);
    if (!db) {
        return err_set(e, ERR_MEMORY, "no memory for a connection");
    }
    int rc = sqlite3_open_v2(file, &db->handle, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY, NULL);
    rc = rc == SQLITE_OK ? check_copy(db, file, e)
                         : err_set(e, ERR_NOT_FOUND, "cannot open %s", file);
    db_close(db);
    return rc;
}

uint64_t db_bytes(const char *dir)
{
    static const char *const ends[] = {"", "-wal"};
    uint64_t all = 0;
    for (size_t i = 0; i < 2; i++) {
        char path[4200];
        struct stat info;
        (void)snprintf(path, sizeof path, "%s/%s%s", dir, db_file_name, ends[i]);
        if (stat(path, &info) == 0) {
            all += (uint64_t)info.st_size;
        }
    }
    return all;
}

int db_wal_ready(const char *file, struct err *e)
{
    struct db *db = calloc(1, sizeof *db);
    if (!db) {
        return err_set(e, ERR_MEMORY, "no memory for a connection");
    }
    int rc = sqlite3_open_v2(file, &db->handle, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL);
    sqlite3_stmt *st = rc == SQLITE_OK ? db_statement(db, SQL_JOURNAL_WAL) : NULL;
    bool wal =
        st && sqlite3_step(st) == SQLITE_ROW && text_eq_nocase(column_bytes(st, 0), T("wal"));
    (void)sqlite3_reset(st);
    db_close(db);
    return wal ? sync_path(file, O_RDONLY, e)
               : err_set(e, ERR_IO, "%s cannot be put in WAL mode", file);
}

/* The table of what policy has to know, and that of notes. */
#include "store/sqlite/connection.h"

void column_policy(sqlite3_stmt *st, struct db_policy *ret_policy)
{
    ret_policy->rid = column_number(st, 0);
    ret_policy->past = (uint32_t)column_number(st, 1);
    ret_policy->facts = column_bytes(st, 2);
    ret_policy->id = column_bytes(st, 3);
    ret_policy->gone = column_number(st, 4) != 0;
}

int db_policy_find(struct db *db, uint64_t rid, struct db_policy *ret_policy)
{
    sqlite3_stmt *st = db_statement(db, SQL_POLICY_FIND);
    if (!st) {
        return db_failed(db, db->code);
    }
    bind_number(st, 1, rid);
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? DB_END : db_failed(db, rc);
    }
    column_policy(st, ret_policy);
    return 0;
}

void db_policy_done(struct db *db)
{
    (void)sqlite3_reset(db->statements[SQL_POLICY_FIND]);
}

int db_policy_put(struct db *db, const struct db_policy *policy)
{
    sqlite3_stmt *st = db_statement(db, SQL_POLICY_PUT);
    if (st) {
        bind_number(st, 1, policy->rid);
        bind_number(st, 2, policy->past);
        bind_bytes(st, 3, policy->facts);
    }
    return db_run(db, st);
}

int db_policy_remove(struct db *db, uint64_t rid)
{
    sqlite3_stmt *st = db_statement(db, SQL_POLICY_REMOVE);
    if (st) {
        bind_number(st, 1, rid);
    }
    return db_run(db, st);
}

int db_policy_sweep(struct db *db)
{
    return db_run(db, db_statement(db, SQL_POLICY_SWEEP));
}

int db_policy_stamp(struct db *db, uint64_t stamp)
{
    return db_meta_put(db, "policy", stamp);
}

int db_note_insert(struct db *db, const struct db_note *note)
{
    sqlite3_stmt *st = db_statement(db, SQL_NOTE_INSERT);
    if (st) {
        bind_number(st, 1, note->t);
        bind_number(st, 2, note->rid);
        bind_bytes(st, 3, note->bytes);
    }
    return db_run(db, st);
}

int db_note_drop(struct db *db, uint64_t t)
{
    sqlite3_stmt *st = db_statement(db, SQL_NOTE_DROP);
    if (st) {
        bind_number(st, 1, t);
    }
    return db_run(db, st);
}

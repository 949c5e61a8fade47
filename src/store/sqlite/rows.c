/* Rows by key. */
#include "store/sqlite/connection.h"

/* --- names --------------------------------------------------------------------------------- */

int db_name_find(struct db *db, uint64_t hash, bool with_body, struct db_name *ret_name)
{
    sqlite3_stmt *st = db_statement(db, with_body ? SQL_NAME_READ : SQL_NAME_FIND);
    if (!st) {
        return db_failed(db, db->code);
    }
    db->name = st;
    bind_number(st, 1, hash);
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? DB_END : db_failed(db, rc);
    }
    *ret_name = (struct db_name){.rid = column_number(st, 0), .mention = column_bytes(st, 1)};
    ret_name->exists = sqlite3_column_type(st, 2) != SQLITE_NULL;
    if (ret_name->exists) {
        struct db_resource *r = &ret_name->resource;
        r->rid = ret_name->rid;
        r->vid = column_number(st, 2);
        r->t = column_number(st, 3);
        r->id = column_bytes(st, 4);
        r->deleted = sqlite3_column_int(st, 5) != 0;
        r->when = column_when(st, 6);
        r->body = with_body ? column_bytes(st, 7) : (text){0};
    }
    return 0;
}

void db_name_done(struct db *db)
{
    (void)sqlite3_reset(db->name);
}

static int put_name(struct db *db, enum sql sql, uint64_t hash, uint64_t rid, text mention)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        bind_number(st, 1, hash);
        bind_number(st, 2, rid);
        if (mention.n) {
            bind_bytes(st, 3, mention);
        } else {
            (void)sqlite3_bind_null(st, 3);
        }
    }
    return db_run(db, st);
}

int db_name_insert(struct db *db, uint64_t hash, uint64_t rid, text mention)
{
    return put_name(db, SQL_NAME_INSERT, hash, rid, mention);
}

int db_name_update(struct db *db, uint64_t hash, uint64_t rid, text mention)
{
    return put_name(db, SQL_NAME_UPDATE, hash, rid, mention);
}

/* --- versions ------------------------------------------------------------------------------ */

static int find_version(struct db *db, enum sql sql, uint64_t key, struct db_resource *ret)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (!st) {
        return db_failed(db, db->code);
    }
    bind_number(st, 1, key);
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? DB_END : db_failed(db, rc);
    }
    column_resource(st, true, ret);
    return 0;
}

int db_resource_find(struct db *db, uint64_t rid, struct db_resource *ret_resource)
{
    return find_version(db, SQL_RESOURCE_FIND, rid, ret_resource);
}

void db_resource_done(struct db *db)
{
    (void)sqlite3_reset(db->statements[SQL_RESOURCE_FIND]);
}

static int put_resource(struct db *db, enum sql sql, const struct db_resource *r)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        bind_number(st, 1, r->rid);
        if (sql == SQL_RESOURCE_INSERT) {
            bind_bytes(st, 2, r->id);
        }
        bind_number(st, 3, r->vid);
        bind_number(st, 4, r->t);
        bind_when(st, 5, r->deleted ? INDEX_WHEN_NONE : r->when);
        if (r->deleted) {
            (void)sqlite3_bind_null(st, 6);
        } else {
            bind_bytes(st, 6, r->body);
        }
    }
    return db_run(db, st);
}

int db_resource_insert(struct db *db, const struct db_resource *r)
{
    return put_resource(db, SQL_RESOURCE_INSERT, r);
}

int db_resource_update(struct db *db, const struct db_resource *r)
{
    return put_resource(db, SQL_RESOURCE_UPDATE, r);
}

static int run_number(struct db *db, enum sql sql, uint64_t number)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        bind_number(st, 1, number);
    }
    return db_run(db, st);
}

int db_resource_remove(struct db *db, uint64_t rid)
{
    return run_number(db, SQL_RESOURCE_REMOVE, rid);
}

static int last_between(struct db *db, enum sql sql, uint64_t from, uint64_t to, uint64_t *ret)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        bind_number(st, 1, from);
        bind_number(st, 2, to);
    }
    return db_step_number(db, st, ret);
}

int db_resource_last(struct db *db, uint64_t from, uint64_t to, uint64_t *ret_rid)
{
    uint64_t current = 0;
    uint64_t left = 0;
    int rc = last_between(db, SQL_RESOURCE_LAST, from, to, &current);
    if (rc && rc != DB_END) {
        return rc;
    }
    int rc2 = last_between(db, SQL_MOVED_LAST, from, to, &left);
    if (rc2 && rc2 != DB_END) {
        return rc2;
    }
    if (rc == DB_END && rc2 == DB_END) {
        return DB_END;
    }
    *ret_rid = current > left ? current : left;
    return 0;
}

int db_history_keep(struct db *db, uint64_t rid)
{
    return run_number(db, SQL_HISTORY_KEEP, rid);
}

int db_history_find(struct db *db, uint64_t t, struct db_resource *ret_version)
{
    return find_version(db, SQL_HISTORY_FIND, t, ret_version);
}

void db_history_done(struct db *db)
{
    (void)sqlite3_reset(db->statements[SQL_HISTORY_FIND]);
}

static int run_pair(struct db *db, enum sql sql, uint64_t a, uint64_t b)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        bind_number(st, 1, a);
        bind_number(st, 2, b);
    }
    return db_run(db, st);
}

int db_moved_insert(struct db *db, uint64_t old_rid, uint64_t new_rid)
{
    int rc = run_pair(db, SQL_MOVED_FOLLOW, old_rid, new_rid);
    return rc ? rc : run_pair(db, SQL_MOVED_INSERT, old_rid, new_rid);
}

int db_moved_to(struct db *db, uint64_t old_rid, uint64_t *ret_rid)
{
    sqlite3_stmt *st = db_statement(db, SQL_MOVED_TO);
    if (st) {
        bind_number(st, 1, old_rid);
    }
    return db_step_number(db, st, ret_rid);
}

/* --- index rows ---------------------------------------------------------------------------- */

static sqlite3_stmt *index_statement(struct db *db, enum sql sql, uint16_t param, text value,
                                     uint64_t rid)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        bind_number(st, 1, param);
        bind_bytes(st, 2, value);
        bind_number(st, 3, rid);
    }
    return st;
}

int db_index_insert(struct db *db, uint16_t param, text value, uint64_t rid, int64_t when)
{
    sqlite3_stmt *st = index_statement(db, SQL_INDEX_INSERT, param, value, rid);
    if (st) {
        bind_when(st, 4, when);
    }
    return db_run(db, st);
}

int db_index_remove(struct db *db, uint16_t param, text value, uint64_t rid)
{
    return db_run(db, index_statement(db, SQL_INDEX_REMOVE, param, value, rid));
}

int db_index_has(struct db *db, uint16_t param, text value, uint64_t rid)
{
    uint64_t one = 0;
    sqlite3_stmt *st = index_statement(db, SQL_INDEX_HAS, param, value, rid);
    return db_step_number(db, st, &one);
}

int db_index_find(struct db *db, uint16_t param, text value, uint64_t rid, int64_t *ret_when)
{
    uint64_t when = 0;
    sqlite3_stmt *st = index_statement(db, SQL_INDEX_FIND, param, value, rid);
    int rc = db_step_number(db, st, &when);
    if (!rc) {
        *ret_when = (int64_t)when;
    }
    return rc;
}

/* --- terms, displays, words ---------------------------------------------------------------- */

int db_term_find(struct db *db, text bytes, uint64_t *ret_number)
{
    sqlite3_stmt *st = db_statement(db, SQL_TERM_FIND);
    if (st) {
        bind_bytes(st, 1, bytes);
    }
    return db_step_number(db, st, ret_number);
}

int db_term_insert(struct db *db, text bytes, uint64_t number)
{
    sqlite3_stmt *st = db_statement(db, SQL_TERM_INSERT);
    if (st) {
        bind_number(st, 1, number);
        bind_bytes(st, 2, bytes);
    }
    return db_run(db, st);
}

int db_term_last(struct db *db, uint64_t from, uint64_t to, uint64_t *ret_number)
{
    return last_between(db, SQL_TERM_LAST, from, to, ret_number);
}

static sqlite3_stmt *display_statement(struct db *db, enum sql sql, text words, text token)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        bind_bytes(st, 1, words);
        bind_bytes(st, 2, token);
    }
    return st;
}

int db_display_insert(struct db *db, text words, text token)
{
    return db_run(db, display_statement(db, SQL_DISPLAY_INSERT, words, token));
}

int db_display_has(struct db *db, text words, text token)
{
    uint64_t one = 0;
    return db_step_number(db, display_statement(db, SQL_DISPLAY_HAS, words, token), &one);
}

static int insert_words(struct db *db, enum sql sql, uint64_t t, text words)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        bind_number(st, 1, t);
        (void)sqlite3_bind_text64(st, 2, words.p, words.n, SQLITE_STATIC, SQLITE_UTF8);
    }
    return db_run(db, st);
}

int db_words_insert(struct db *db, uint64_t t, text narrative, text content)
{
    int rc = content.n ? insert_words(db, SQL_WORDS_INSERT, t, content) : 0;
    return rc || !narrative.n ? rc : insert_words(db, SQL_NARRATIVE_INSERT, t, narrative);
}

/* --- small tables -------------------------------------------------------------------------- */

static sqlite3_stmt *meta_statement(struct db *db, enum sql sql, const char *key)
{
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        (void)sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
    }
    return st;
}

int db_meta_text(struct db *db, const char *key, char *to, size_t room, size_t *ret_size)
{
    sqlite3_stmt *st = meta_statement(db, SQL_META_FIND, key);
    int code = DB_END;
    if (st && sqlite3_step(st) == SQLITE_ROW) {
        text value = text_first(column_bytes(st, 0), room);
        memcpy(to, value.p, value.n);
        *ret_size = value.n;
        code = 0;
    }
    (void)sqlite3_reset(st);
    return code;
}

int db_meta_number(struct db *db, const char *key, uint64_t *ret_number)
{
    return db_step_number(db, meta_statement(db, SQL_META_FIND, key), ret_number);
}

int db_meta_put(struct db *db, const char *key, uint64_t number)
{
    sqlite3_stmt *st = meta_statement(db, SQL_META_PUT, key);
    if (st) {
        bind_number(st, 2, number);
    }
    return db_run(db, st);
}

int db_dictionary_insert(struct db *db, uint32_t number, text bytes)
{
    sqlite3_stmt *st = db_statement(db, SQL_DICTIONARY_INSERT);
    if (st) {
        bind_number(st, 1, number);
        bind_bytes(st, 2, bytes);
    }
    return db_run(db, st);
}

int db_dictionary_find(struct db *db, uint32_t number, text *ret_bytes)
{
    sqlite3_stmt *st = db_statement(db, SQL_DICTIONARY_FIND);
    if (!st) {
        return db_failed(db, db->code);
    }
    bind_number(st, 1, number);
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? DB_END : db_failed(db, rc);
    }
    *ret_bytes = column_bytes(st, 0);
    return 0;
}

void db_dictionary_done(struct db *db)
{
    (void)sqlite3_reset(db->statements[SQL_DICTIONARY_FIND]);
}

/* Cursors. Several of one kind may be open at once, so each has its own statement; closed ones are
 * used again. */
#include "store/sqlite/connection.h"

#include <stdlib.h>

static int open_cursor(struct db *db, enum sql sql, struct db_cursor **ret_cursor)
{
    struct db_cursor *c = db->idle[sql];
    if (c) {
        db->idle[sql] = c->next;
        *ret_cursor = c;
        return 0;
    }
    c = calloc(1, sizeof *c);
    if (!c) {
        return ERR_MEMORY;
    }
    c->db = db;
    c->sql = sql;
    sqlite3_stmt *st = db_statement(db, sql);
    if (!st) {
        free(c);
        return db_failed(db, db->code);
    }
    /* The prepared statement becomes the cursor's; the next cursor of the kind prepares another. */
    db->statements[sql] = NULL;
    c->statement = st;
    *ret_cursor = c;
    return 0;
}

void db_cursor_close(struct db_cursor *c)
{
    if (c) {
        (void)sqlite3_reset(c->statement);
        c->next = c->db->idle[c->sql];
        c->db->idle[c->sql] = c;
    }
}

static int step(struct db_cursor *c)
{
    int rc = sqlite3_step(c->statement);
    return rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? DB_END : db_failed(c->db, rc);
}

/* --- the index ----------------------------------------------------------------------------- */

static enum sql range_sql(const struct db_range *r)
{
    if (r->exact) {
        return SQL_INDEX_EXACT;
    }
    return r->descending ? (r->high.n ? SQL_INDEX_DOWN : SQL_INDEX_DOWN_OPEN)
                         : (r->high.n ? SQL_INDEX_UP : SQL_INDEX_UP_OPEN);
}

static void bind_range(sqlite3_stmt *st, const struct db_range *r)
{
    int last = sqlite3_bind_parameter_count(st);
    bind_number(st, 1, r->param);
    bind_bytes(st, 2, r->low);
    if (last >= 3) {
        bind_number(st, 3, r->rid_from);
    }
    if (last >= 4) {
        bind_number(st, 4, r->rid_to);
    }
    if (last >= 5) {
        bind_bytes(st, 5, r->high);
    }
}

int db_index_open(struct db *db, const struct db_range *range, struct db_cursor **ret_cursor)
{
    int rc = open_cursor(db, range_sql(range), ret_cursor);
    if (!rc) {
        (*ret_cursor)->rid = range->rid_from;
        bind_range((*ret_cursor)->statement, range);
    }
    return rc;
}

int db_index_next(struct db_cursor *c, struct db_entry *ret_entry)
{
    int rc = step(c);
    if (!rc) {
        ret_entry->value = column_bytes(c->statement, 0);
        ret_entry->rid = c->rid = column_number(c->statement, 1);
        ret_entry->when = column_when(c->statement, 2);
    }
    return rc;
}

int db_index_skip(struct db_cursor *c, uint64_t rid)
{
    (void)sqlite3_reset(c->statement);
    c->rid = rid > c->rid ? rid : c->rid;
    bind_number(c->statement, 3, c->rid);
    return 0;
}

int db_index_count(struct db *db, const struct db_range *range, uint64_t most, uint64_t *ret_count)
{
    enum sql sql = range->exact         ? SQL_COUNT_EXACT
                   : range->high.n      ? SQL_COUNT_RANGE
                   : most == UINT64_MAX ? SQL_COUNT_ALL
                                        : SQL_COUNT_OPEN;
    sqlite3_stmt *st = db_statement(db, sql);
    if (st) {
        bind_range(st, range);
        if (sql != SQL_COUNT_ALL) {
            bind_number(st, 6, most > INT64_MAX ? INT64_MAX : most);
        }
    }
    return db_step_number(db, st, ret_count);
}

static void count_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct db *db = sqlite3_user_data(context);
    bool counts = false;
    (void)count;
    if (!db->counted.by || db->counted.code) {
        return;
    }
    db->counted.code = db->counted.by->counts(db->counted.by->context,
                                              (uint64_t)sqlite3_value_int64(values[0]), &counts);
    db->counted.count += counts;
    if (db->counted.code) {
        sqlite3_result_error_code(context, SQLITE_ABORT);
    }
}

static void count_final(sqlite3_context *context)
{
    const struct db *db = sqlite3_user_data(context);
    sqlite3_result_int64(context, (sqlite3_int64)db->counted.count);
}

int db_give_count(struct db *db)
{
    return sqlite3_create_function_v2(db->handle, "kith_count", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                      db, NULL, count_step, count_final, NULL);
}

int db_index_count_if(struct db *db, const struct db_range *range,
                      const struct db_counting *counting, uint64_t *ret_count)
{
    sqlite3_stmt *st = db_statement(db, SQL_COUNT_IF);
    uint64_t count = 0;
    if (st) {
        bind_range(st, range);
    }
    db->counted.by = counting;
    db->counted.count = 0;
    db->counted.code = 0;
    int rc = db_step_number(db, st, &count);
    rc = db->counted.code ? db->counted.code : rc;
    db->counted.by = NULL;
    if (!rc) {
        *ret_count = count;
    }
    return rc;
}

/* --- versions ------------------------------------------------------------------------------ */

int db_resource_open(struct db *db, uint64_t from, uint64_t to, bool with_body,
                     struct db_cursor **ret_cursor)
{
    int rc = open_cursor(db, with_body ? SQL_RESOURCE_RANGE_BODY : SQL_RESOURCE_RANGE, ret_cursor);
    if (!rc) {
        bind_number((*ret_cursor)->statement, 1, from);
        bind_number((*ret_cursor)->statement, 2, to);
    }
    return rc;
}

int db_resource_next(struct db_cursor *c, struct db_resource *ret_resource)
{
    int rc = step(c);
    if (!rc) {
        column_resource(c->statement, sqlite3_column_count(c->statement) > 6, ret_resource);
    }
    return rc;
}

int db_history_open(struct db *db, uint64_t rid, bool with_body, struct db_cursor **ret_cursor)
{
    int rc = open_cursor(db, with_body ? SQL_HISTORY_OF_BODY : SQL_HISTORY_OF, ret_cursor);
    if (!rc) {
        bind_number((*ret_cursor)->statement, 1, rid);
    }
    return rc;
}

int db_history_next(struct db_cursor *c, struct db_resource *ret_version)
{
    return db_resource_next(c, ret_version);
}

int db_moved_open(struct db *db, uint64_t rid, struct db_cursor **ret_cursor)
{
    int rc = open_cursor(db, SQL_MOVED_OF, ret_cursor);
    if (!rc) {
        bind_number((*ret_cursor)->statement, 1, rid);
    }
    return rc;
}

int db_moved_next(struct db_cursor *c, uint64_t *ret_rid)
{
    int rc = step(c);
    if (!rc) {
        *ret_rid = column_number(c->statement, 0);
    }
    return rc;
}

int db_moved_range_open(struct db *db, uint64_t from, uint64_t to, struct db_cursor **ret_cursor)
{
    int rc = open_cursor(db, SQL_MOVED_RANGE, ret_cursor);
    if (!rc) {
        bind_number((*ret_cursor)->statement, 1, from);
        bind_number((*ret_cursor)->statement, 2, to);
    }
    return rc;
}

int db_moved_range_next(struct db_cursor *c, uint64_t *ret_old, uint64_t *ret_new)
{
    int rc = step(c);
    if (!rc) {
        *ret_old = column_number(c->statement, 0);
        *ret_new = column_number(c->statement, 1);
    }
    return rc;
}

/* --- terms, displays, words ---------------------------------------------------------------- */

int db_term_open(struct db *db, uint64_t from, uint64_t to, struct db_cursor **ret_cursor)
{
    int rc = open_cursor(db, SQL_TERM_RANGE, ret_cursor);
    if (!rc) {
        bind_number((*ret_cursor)->statement, 1, from);
        bind_number((*ret_cursor)->statement, 2, to);
    }
    return rc;
}

int db_policy_open(struct db *db, uint64_t from, uint64_t to, struct db_cursor **ret_cursor)
{
    int rc = open_cursor(db, SQL_POLICY_RANGE, ret_cursor);
    if (!rc) {
        bind_number((*ret_cursor)->statement, 1, from);
        bind_number((*ret_cursor)->statement, 2, to);
    }
    return rc;
}

int db_policy_next(struct db_cursor *c, struct db_policy *ret_policy)
{
    int rc = step(c);
    if (!rc) {
        column_policy(c->statement, ret_policy);
    }
    return rc;
}

int db_note_open(struct db *db, uint64_t t, struct db_cursor **ret_cursor)
{
    int rc = open_cursor(db, SQL_NOTE_RANGE, ret_cursor);
    if (!rc) {
        bind_number((*ret_cursor)->statement, 1, t);
    }
    return rc;
}

int db_note_next(struct db_cursor *c, struct db_note *ret_note)
{
    int rc = step(c);
    if (!rc) {
        ret_note->t = column_number(c->statement, 0);
        ret_note->rid = column_number(c->statement, 1);
        ret_note->bytes = column_bytes(c->statement, 2);
    }
    return rc;
}

int db_term_next(struct db_cursor *c, uint64_t *ret_number, text *ret_bytes)
{
    int rc = step(c);
    if (!rc) {
        *ret_number = column_number(c->statement, 0);
        *ret_bytes = column_bytes(c->statement, 1);
    }
    return rc;
}

int db_display_open(struct db *db, struct db_cursor **ret_cursor)
{
    return open_cursor(db, SQL_DISPLAY_ALL, ret_cursor);
}

int db_display_next(struct db_cursor *c, text *ret_words, text *ret_token)
{
    int rc = step(c);
    if (!rc) {
        *ret_words = column_bytes(c->statement, 0);
        *ret_token = column_bytes(c->statement, 1);
    }
    return rc;
}

/* Each word in quotes of its own: so none is an operator, and all are asked for. */
static int bind_words(struct db_cursor *c, text words)
{
    char *query = malloc(words.n * 4 + 3);
    size_t n = 0;
    if (!query) {
        return ERR_MEMORY;
    }
    query[n++] = '"';
    for (size_t i = 0; i < words.n; i++) {
        if (words.p[i] == ' ') {
            memcpy(query + n, "\" \"", 3);
            n += 3;
            continue;
        }
        query[n++] = words.p[i];
        if (words.p[i] == '"') {
            query[n++] = '"';
        }
    }
    query[n++] = '"';
    (void)sqlite3_bind_text64(c->statement, 1, query, n, free, SQLITE_UTF8);
    return 0;
}

int db_words_open(struct db *db, bool narrative, text words, struct db_cursor **ret_cursor)
{
    struct db_cursor *c = NULL;
    int rc = open_cursor(db, narrative ? SQL_NARRATIVE_MATCH : SQL_WORDS_MATCH, &c);
    rc = rc ? rc : bind_words(c, words);
    if (rc) {
        db_cursor_close(c);
        return rc;
    }
    *ret_cursor = c;
    return 0;
}

int db_words_next(struct db_cursor *c, uint64_t *ret_t)
{
    int rc = step(c);
    if (!rc) {
        *ret_t = column_number(c->statement, 0);
    }
    return rc;
}

int db_words_each(struct db *db, bool narrative, struct db_cursor **ret_cursor)
{
    return open_cursor(db, narrative ? SQL_NARRATIVE_EACH : SQL_WORDS_EACH, ret_cursor);
}

int db_words_each_next(struct db_cursor *c, text *ret_word, uint64_t *ret_t)
{
    int rc = step(c);
    if (!rc) {
        *ret_word = column_bytes(c->statement, 0);
        *ret_t = column_number(c->statement, 1);
    }
    return rc;
}

/* --- whole tables -------------------------------------------------------------------------- */

int db_table_open(struct db *db, enum db_table table, struct db_cursor **ret_cursor)
{
    static const enum sql all[] = {SQL_ALL_NAMES, SQL_ALL_HISTORY, SQL_ALL_INDEX,
                                   SQL_ALL_MOVED, SQL_ALL_TERMS,   SQL_ALL_POLICY};
    return open_cursor(db, all[table], ret_cursor);
}

int db_table_next(struct db_cursor *c, struct db_row *ret_row)
{
    int rc = step(c);
    if (!rc) {
        for (int i = 0; i < 3; i++) {
            ret_row->number[i] = column_number(c->statement, i);
        }
        ret_row->when = column_when(c->statement, 2);
        ret_row->null = sqlite3_column_type(c->statement, 3) == SQLITE_NULL;
        ret_row->bytes = column_bytes(c->statement, 3);
    }
    return rc;
}

int db_table_count(struct db *db, enum db_table table, uint64_t *ret_count)
{
    static const enum sql count[] = {SQL_COUNT_NAMES, SQL_COUNT_HISTORY, SQL_COUNT_INDEX,
                                     SQL_COUNT_MOVED, SQL_COUNT_TERMS,   SQL_COUNT_POLICY};
    return db_step_number(db, db_statement(db, count[table]), ret_count);
}

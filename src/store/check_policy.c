/* store_check(): I17, what policy keeps of each key. */
#include "store/checker.h"

static int check_key(struct checker *c, uint64_t rid, const struct db_resource *row, text stored_id)
{
    struct db_policy wanted;
    struct err e;
    char shown[ID_TEXT_SIZE];
    bool right = false;
    text id = arena_copy(&c->arena, id_show(stored_id, shown));
    int rc =
        id.p ? facts_right(c->s, c->db, c->v->tools, rid, row, id, &c->arena, &wanted, &right, &e)
             : ERR_MEMORY;
    if (!rc && !right) {
        check_report(c, "I17", "%.*s: what policy keeps of key %llu is not what its versions give",
                     TEXT_ARG(check_label(c, rid_type(rid), stored_id)), (unsigned long long)rid);
    }
    if (!rc) {
        rc = db_policy_find(c->db, rid, &wanted);
        c->policy_rows += rc == 0;
        db_policy_done(c->db);
    }
    return rc == DB_END ? 0 : rc;
}

int check_policy(struct checker *c, const struct db_resource *row)
{
    struct db_cursor *cursor = NULL;
    uint64_t old_rid = 0;
    int code = check_key(c, row->rid, row, row->id);
    int rc = code ? 0 : db_moved_open(c->db, row->rid, &cursor);
    while (!rc && !code && !(rc = db_moved_next(cursor, &old_rid))) {
        code = check_key(c, old_rid, NULL, row->id);
    }
    db_cursor_close(cursor);
    return code ? code : rc == DB_END ? 0 : rc;
}

int check_policy_rest(struct checker *c)
{
    uint64_t rows = 0;
    int rc = db_table_count(c->db, DB_ALL_POLICY, &rows);
    if (!rc && rows != c->policy_rows) {
        check_report(c, "I17", "policy keeps %llu rows of keys that nothing stood under",
                     (unsigned long long)(rows - c->policy_rows));
    }
    return rc;
}

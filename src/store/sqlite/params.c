/* The table of added search parameters. */
#include "store/sqlite/connection.h"

#include <stdlib.h>

int db_param_put(struct db *db, const struct db_param *param)
{
    sqlite3_stmt *st = db_statement(db, SQL_PARAM_PUT);
    if (st) {
        bind_number(st, 1, param->number);
        bind_bytes(st, 2, param->id);
        bind_bytes(st, 3, param->definition);
        bind_number(st, 4, param->state);
        bind_number(st, 5, param->done);
        bind_number(st, 6, param->looked);
    }
    return db_run(db, st);
}

int db_param_each(struct db *db, int (*visit)(void *context, const struct db_param *param),
                  void *context)
{
    sqlite3_stmt *st = db_statement(db, SQL_PARAM_ALL);
    int rc = st ? SQLITE_ROW : db->code;
    int code = 0;
    while (st && !code && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct db_param param = {.number = (uint16_t)column_number(st, 0),
                                 .id = column_bytes(st, 1),
                                 .definition = column_bytes(st, 2),
                                 .state = (uint8_t)column_number(st, 3),
                                 .done = column_number(st, 4),
                                 .looked = column_number(st, 5)};
        code = visit(context, &param);
    }
    code = code ? code : rc == SQLITE_DONE ? 0 : db_failed(db, rc);
    (void)sqlite3_reset(st);
    return code;
}

/* store_check(): whole tables. The versions themselves are in check_resources.c. */
#include "store/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void check_report(struct checker *c, const char *invariant, const char *format, ...)
{
    struct store_finding finding = {.invariant = invariant};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(finding.text, sizeof finding.text, format, args);
    va_end(args);
    c->findings++;
    if (c->to && c->to->report) {
        c->to->report(c->to->context, &finding);
    }
}

text check_label(struct checker *c, fhir_type type, text stored_id)
{
    char shown[ID_TEXT_SIZE];
    text label = arena_printf(&c->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(type)),
                              TEXT_ARG(id_show(stored_id, shown)));
    return label.p ? label : T("a resource");
}

static void report_engine(void *context, const char *words)
{
    check_report(context, "I1", "%s", words);
}

static int each_row(struct checker *c, enum db_table table,
                    int (*visit)(struct checker *c, const struct db_row *row))
{
    struct db_cursor *cursor = NULL;
    struct db_row row;
    int rc = db_table_open(c->db, table, &cursor);
    while (!rc && !(rc = db_table_next(cursor, &row))) {
        arena_reset(&c->arena);
        rc = visit(c, &row);
    }
    db_cursor_close(cursor);
    return rc == DB_END ? 0 : rc;
}

/* --- names --------------------------------------------------------------------------------- */

static int check_mention(struct checker *c, const struct db_row *row)
{
    struct name n;
    struct found found;
    char shown[ID_TEXT_SIZE];
    text mention = arena_copy(&c->arena, row->bytes);
    if (mention.n < 2) {
        check_report(c, "I3", "name %llx mentions nothing", (unsigned long long)row->number[0]);
        return 0;
    }
    fhir_type type = (fhir_type)mention.p[0];
    text id = id_show(text_from(mention, 1), shown);
    name_make(&c->s->hasher, type, id, &n);
    int rc = name_find(c->db, &n, false, &found);
    if (!rc && (!found.known || found.hash != row->number[0])) {
        check_report(c, "I3", "name %llx (%.*s) is not where it would be looked for",
                     (unsigned long long)row->number[0], TEXT_ARG(id));
    } else if (!rc && found.row.exists) {
        check_report(c, "I3", "name %llx keeps the id of a resource that exists",
                     (unsigned long long)row->number[0]);
    }
    db_name_done(c->db);
    if ((type == FHIR_PATIENT) != (row->number[1] != 0)) {
        check_report(c, "I3", "name %llx: a patient, and nothing else, has a key before it exists",
                     (unsigned long long)row->number[0]);
    }
    return rc;
}

static int check_name(struct checker *c, const struct db_row *row)
{
    if (!row->null) {
        return check_mention(c, row);
    }
    c->name_rows++;
    struct db_resource r;
    int rc = db_resource_find(c->db, row->number[1], &r);
    db_resource_done(c->db);
    if (rc == DB_END) {
        check_report(c, "I3", "name %llx belongs to key %llu, which does not exist",
                     (unsigned long long)row->number[0], (unsigned long long)row->number[1]);
        return 0;
    }
    return rc;
}

/* --- the history --------------------------------------------------------------------------- */

static int check_orphan(struct checker *c, const struct db_row *row)
{
    struct db_resource r;
    uint64_t root = row->number[1];
    int rc = db_moved_to(c->db, row->number[1], &root);
    rc = rc == DB_END ? 0 : rc;
    rc = rc ? rc : db_resource_find(c->db, root, &r);
    db_resource_done(c->db);
    if (rc == DB_END) {
        check_report(c, "I4", "version %llu at t %llu belongs to no resource",
                     (unsigned long long)row->number[2], (unsigned long long)row->number[0]);
        return 0;
    }
    return rc;
}

/* --- the index ----------------------------------------------------------------------------- */

static bool superseded(struct checker *c, uint64_t rid, uint64_t t)
{
    struct db_resource r;
    bool is = db_history_find(c->db, t, &r) == 0 && r.rid == rid;
    db_history_done(c->db);
    if (!is) {
        is = db_resource_find(c->db, rid, &r) == 0 && r.deleted && r.t == t;
        db_resource_done(c->db);
    }
    return is;
}

static bool belongs(struct checker *c, uint16_t param, text value, uint64_t rid, int64_t when)
{
    struct db_resource r;
    struct derived d = {0};
    bool is = false;
    unsigned own = param & 0xFF;
    const struct param_row *added = params_find(&c->params, param);
    if (added && added->state == PARAM_REMOVING) {
        return true;
    }
    if (own == INDEX_SUPERSEDED) {
        return value.n == 8 && superseded(c, rid, get_be64(value.p));
    }
    int rc = db_resource_find(c->db, rid, &r);
    if (!rc && !r.deleted && own == INDEX_LAST_UPDATED) {
        is = value.n == 8 && get_be64(value.p) == r.t && param >> 8 == rid_type(rid);
    } else if (!rc && !r.deleted) {
        rc = check_derive(c, &r, false, &d);
        is = rc == DB_END; /* its body is reported already */
    }
    db_resource_done(c->db);
    for (size_t i = 0; i < d.count && !rc && !is; i++) {
        is = d.rows[i].param == param && text_eq(d.rows[i].value, value) &&
             check_when(&d, i) == when;
    }
    return is;
}

static int check_entry(struct checker *c, const struct db_row *row)
{
    uint16_t param = (uint16_t)row->number[0];
    text value = arena_copy(&c->arena, row->bytes);
    if (!belongs(c, param, value, row->number[1], row->when)) {
        unsigned own = param & 0xFF;
        bool lists = own == INDEX_LAST_UPDATED || own == INDEX_SUPERSEDED;
        check_report(c, lists ? "I8" : "I7",
                     "key %llu has an entry of parameter %u that its data do not give",
                     (unsigned long long)row->number[1], param);
    }
    return 0;
}

/* --- small tables -------------------------------------------------------------------------- */

static int check_moved(struct checker *c, const struct db_row *row)
{
    struct db_resource r;
    int old = db_resource_find(c->db, row->number[0], &r);
    db_resource_done(c->db);
    int new = db_resource_find(c->db, row->number[1], &r);
    db_resource_done(c->db);
    if (old == 0 || new == DB_END) {
        check_report(c, "I10", "key %llu is said to have become %llu: %s",
                     (unsigned long long)row->number[0], (unsigned long long)row->number[1],
                     old == 0 ? "the old one still exists" : "the new one does not exist");
    }
    return old > 0 ? old : new > 0 ? new : 0;
}

static bool good_term(uint64_t number, text bytes)
{
    if (bytes.n < 2) {
        return false;
    }
    switch (bytes.p[0]) {
    case 's':
        return number >= TERM_SYSTEMS && number < SYSTEM_COUNT_MAX;
    case 'u':
        return number >= TERM_UNITS && number < TERM_UNITS + UNIT_COUNT_MAX;
    case 'f':
        return facet_type(number) == (unsigned char)bytes.p[1];
    default:
        return false;
    }
}

static int check_term(struct checker *c, const struct db_row *row)
{
    if (!good_term(row->number[0], row->bytes)) {
        check_report(c, "I11", "term %llu has no proper number or text",
                     (unsigned long long)row->number[0]);
    }
    return 0;
}

static int compare_versions(const void *x, const void *y)
{
    const struct check_version *a = x;
    const struct check_version *b = y;
    return a->t < b->t ? -1 : a->t > b->t;
}

static void check_times(struct checker *c)
{
    if (c->version_count) {
        qsort(c->versions, c->version_count, sizeof *c->versions, compare_versions);
    }
    for (size_t i = 1; i < c->version_count; i++) {
        uint64_t t = c->versions[i].t;
        if (t == c->versions[i - 1].t && t != UINT64_MAX) {
            check_report(c, "I5", "two versions have t %llu", (unsigned long long)t);
        }
    }
}

static int check_tables(struct checker *c)
{
    uint64_t rows = 0;
    int rc = each_row(c, DB_ALL_NAMES, check_name);
    if (!rc && c->name_rows != c->resources) {
        check_report(c, "I3", "%llu resources have %llu names", (unsigned long long)c->resources,
                     (unsigned long long)c->name_rows);
    }
    rc = rc ? rc : db_table_count(c->db, DB_ALL_HISTORY, &rows);
    if (!rc && rows != c->history_rows) {
        rc = each_row(c, DB_ALL_HISTORY, check_orphan);
    }
    rc = rc ? rc : db_table_count(c->db, DB_ALL_INDEX, &rows);
    if (!rc && rows != c->index_rows) {
        rc = each_row(c, DB_ALL_INDEX, check_entry);
    }
    rc = rc ? rc : check_policy_rest(c);
    rc = rc ? rc : each_row(c, DB_ALL_MOVED, check_moved);
    return rc ? rc : each_row(c, DB_ALL_TERMS, check_term);
}

/* Added parameters as this snapshot has them; what is left of those that are going does not count.
 */
static int read_params(struct checker *c)
{
    int rc = params_read(c->db, &c->versions_arena, &c->params);
    rc = rc ? rc : params_set(&c->params, 1, &c->versions_arena, &c->v->rules.customs);
    for (size_t i = 0; i < c->params.count && !rc; i++) {
        const struct param_row *row = &c->params.rows[i];
        struct db_range range = {.param = row->number};
        uint64_t left = 0;
        if (row->state == PARAM_REMOVING) {
            rc = db_index_count(c->db, &range, UINT64_MAX, &left);
        }
        c->index_rows += left;
    }
    return rc;
}

/* On a connection of its own: one that has read full text before may hold an older form of it, and
 * SQLite 3.46 then says that the newer one is damaged. */
static int check_engine(struct checker *c)
{
    struct db *db;
    int rc = db_open(c->s->dir, DB_READER, &db, NULL);
    if (!rc) {
        rc = db_check(db, report_engine, c);
        db_close(db);
    }
    return rc;
}

static int check_everything(struct checker *c)
{
    int rc = check_engine(c);
    rc = rc ? rc : read_params(c);
    rc = rc ? rc : db_meta_number(c->db, "compartment", &c->next_compartment);
    if (rc == DB_END) {
        check_report(c, "I12", "the store does not know its next compartment");
        rc = 0;
    }
    rc = rc ? rc : words_until(c->db, &c->words_until);
    rc = rc ? rc : check_resources(c);
    if (!rc) {
        check_times(c);
    }
    rc = rc ? rc : check_all_words(c);
    return rc ? rc : check_tables(c);
}

int store_check(struct store *s, const struct grant *g, const struct store_checker *checker,
                uint64_t *ret_findings, struct err *e)
{
    struct store_stats stats;
    struct checker c = {.s = s, .to = checker};
    if (!grant_reads_all(g)) {
        return err_set(e, ERR_FORBIDDEN, "only the administrator may check the store");
    }
    int rc = store_view_begin(s, g, STORE_SNAPSHOT, &c.v, e);
    if (rc) {
        return rc;
    }
    c.db = c.v->db;
    arena_init(&c.arena, s->limits.request_memory);
    arena_init(&c.versions_arena, (size_t)8 << 30);
    c.shown = calloc(SHOWN_CACHE_SIZE, sizeof *c.shown);
    if (!store_stats(c.v, &stats, NULL)) {
        c.all = stats.resources;
    }
    rc = c.shown ? check_everything(&c) : ERR_MEMORY;
    if (rc == ERR_CORRUPT) {
        check_report(&c, "I1", "a table cannot be read to its end");
        rc = 0;
    }
    rc = rc > 0 ? db_error(c.db, rc, e) : 0;
    arena_done(&c.arena);
    arena_done(&c.versions_arena);
    free(c.shown);
    store_view_end(c.v);
    if (!rc) {
        *ret_findings = c.findings;
    }
    return rc;
}

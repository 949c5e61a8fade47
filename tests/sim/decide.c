/* What the real policy says of the resources of a simulated node, as the store would have it. */
#include "sim_int.h"

#include "identity/identity.h"
#include "policy/grant.h"

#include <stdlib.h>

static const struct hash_key key = {0x5eed, 0xc0de};

static bool is_about(const yyjson_val *root, text patient)
{
    static const char *const names[] = {"subject", "patient"};
    text id;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        text reference = json_text(json_get(json_get(root, text_of(names[i])), T("reference")));
        if (text_starts(reference, T("Patient/")) &&
            text_eq(text_from(reference, sizeof "Patient/" - 1), patient)) {
            return true;
        }
    }
    id = json_text(json_get(root, T("id")));
    return text_eq(json_text(json_get(root, T("resourceType"))), T("Patient")) &&
           text_eq(id, patient);
}

static int make_sheet(struct sim_node *n, text patient, struct arena *a, struct sheet **ret,
                      struct err *e)
{
    struct sheet_row *rows = arena_zalloc(a, n->resource_count + 1, sizeof *rows);
    size_t count = 0;
    int rc = rows ? 0 : err_set(e, ERR_MEMORY, "no memory for a sheet");
    for (size_t i = 0; !rc && i < n->resource_count; i++) {
        const struct stored *r = n->resources[i];
        if (!r->deleted && is_about(r->tree, patient)) {
            struct sheet_row *row = &rows[count++];
            *row = (struct sheet_row){
                .rid = i + 1, .type = fhir_type_of(text_of(r->type)), .id = text_of(r->id)};
            rc = policy_facts(row->type, r->tree, NULL, a, &row->facts, e);
        }
    }
    return rc ? rc : sheet_make(key, rows, count, ret, e);
}

int world_decide(void *context, const struct caller *as, text patient,
                 struct decision *ret_decision, struct err *e)
{
    struct life *l = context;
    struct sheet *sheet = NULL;
    struct arena a;
    arena_init(&a, 64 << 20);
    const struct grant *g = policy_local_administrator();
    struct grant_config config = {.key = key, .now_ms = l->world.now_ms(context)};
    int rc = life_check(l, e);
    if (!rc && as) {
        config.actor = &as->actor;
        config.scopes = as->scopes;
        g = grant_make(&config, &a);
        rc = g ? 0 : err_set(e, ERR_MEMORY, "no memory for a grant");
    }
    rc = rc ? rc : make_sheet(l->node, patient, &a, &sheet, e);
    if (!rc) {
        grant_decide(g, patient, sheet, ret_decision);
    }
    sheet_free(sheet);
    arena_done(&a);
    return rc;
}

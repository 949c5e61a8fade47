#include "samples.h"

#include "format/json.h"

bool sample_from_tree(yyjson_val *root, struct arena *a, struct write *ret_write, struct err *e)
{
    struct resource r = {.type = fhir_type_of(json_text(json_get(root, T("resourceType")))),
                         .root = root,
                         .id = json_text(json_get(root, T("id"))),
                         .meta = json_get(root, T("meta"))};
    struct index *index = arena_zalloc(a, 1, sizeof *index);
    if (!r.type || !index || !r.id.n || index_extract(&r, &(struct index_rules){0}, a, index)) {
        return err_set(e, ERR_INVALID, "not a resource") == 0;
    }
    struct buf packed;
    buf_init(&packed, (size_t)1 << 26);
    resource_pack(&r, &packed);
    *ret_write = (struct write){.kind = WRITE_PUT, .type = r.type, .id = r.id, .index = index};
    ret_write->packed = arena_copy(a, buf_text(&packed));
    buf_done(&packed);
    return ret_write->packed.p != NULL;
}

bool sample_make(const char *json, size_t n, struct arena *a, struct write *ret_write,
                 struct err *e)
{
    yyjson_val *root = NULL;
    return json_read(text_make(json, n), 64, a, &root, e) == 0 &&
           sample_from_tree(root, a, ret_write, e);
}

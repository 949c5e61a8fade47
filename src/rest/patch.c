#include "rest/patch.h"

#include "fhir/path_patch.h"
#include "fhir/primitive.h"
#include "fhir/xml_patch.h"
#include "rest/forms.h"

/* Changes to what is stored, and patches (JSON, FHIRPath, XML) as some of them. */

static const char json_patch_type[] = "application/json-patch+json";
static const char xml_patch_type[] = "application/xml-patch+xml";

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* --- what is to be changed ----------------------------------------------------------------- */

/* Of the forms that are no resource. */
static enum patch_form form_of_patch(text type)
{
    text media = text_trim(text_first(type, text_find(type, ';')));
    return text_eq_nocase(media, text_of(json_patch_type))  ? PATCH_JSON
           : text_eq_nocase(media, text_of(xml_patch_type)) ? PATCH_XML
                                                            : PATCH_NONE;
}

int patch_media(struct call *c, text type, struct err *e)
{
    enum form form = form_of_media(type);
    c->patch_form = form == FORM_NONE ? form_of_patch(type) : PATCH_FHIRPATH;
    if (c->patch_form != PATCH_NONE) {
        return form == FORM_XML ? form_read_xml(c, e) : 0;
    }
    answer_field(c, T("Accept-Patch"), T(PATCH_MEDIA));
    return err_set(
        e, ERR_MEDIA_TYPE,
        "a patch is read as JSON Patch (Content-Type: %s), FHIRPath Patch "
        "(application/fhir+json or application/fhir+xml) or XML Patch (%s); it is '%.*s'",
        json_patch_type, xml_patch_type, TEXT_ARG(text_short(type, 100)));
}

/* In a bundle a patch that is no resource is the content of a Binary (R4 http.html#patch). */
static int read_binary(struct call *c, text *ret_patch, struct err *e)
{
    struct resource r;
    int rc = resource_check(c->resource, false, c->arena, &c->issues, &r);
    if (rc) {
        return err_set(e, rc, "the resource is not valid FHIR R4");
    }
    if (r.type != FHIR_BINARY) {
        return err_at(e, ERR_INVALID, T("resourceType"),
                      "the resource of an entry with the method PATCH must be Parameters (a "
                      "FHIRPath Patch) or a Binary with contentType %s or %s and the patch in data "
                      "(base64); it is of type %.*s",
                      json_patch_type, xml_patch_type, TEXT_ARG(fhir_type_name(r.type)));
    }
    text type = json_text(json_get(c->resource, T("contentType")));
    c->patch_form = form_of_patch(type);
    if (c->patch_form == PATCH_NONE) {
        return err_at(e, ERR_MEDIA_TYPE, T("Binary.contentType"),
                      "the contentType of a patch is %s or %s; this is '%.*s'. A FHIRPath Patch "
                      "stands as Parameters in the entry itself",
                      json_patch_type, xml_patch_type, TEXT_ARG(text_short(type, 100)));
    }
    text data = json_text(json_get(c->resource, T("data")));
    if (!data.p) {
        return err_at(e, ERR_REQUIRED, T("Binary.data"), "the patch is missing: it stands in data");
    }
    *ret_patch = primitive_base64(data, c->arena);
    return ret_patch->p ? 0 : no_memory(e);
}

static int read_patch(struct call *c, struct err *e)
{
    text patch = c->body;
    int rc = 0;
    if (text_eq(json_text(json_get(c->resource, T("resourceType"))),
                fhir_type_name(FHIR_PARAMETERS))) {
        c->patch_form = PATCH_FHIRPATH;
        c->change = c->resource;
        return 0;
    }
    if (c->resource) {
        rc = read_binary(c, &patch, e);
    }
    if (!rc && text_trim(patch).n == 0) {
        rc = err_set(e, ERR_REQUIRED,
                     "there is no patch; send operations as JSON Patch, FHIRPath Patch or XML "
                     "Patch");
    }
    if (!rc && c->patch_form == PATCH_XML) {
        c->xml_patch = patch;
        return 0;
    }
    return rc ? rc : json_read(patch, (size_t)c->rest->limits->json_depth, c->arena, &c->change, e);
}

static int apply_patch(struct call *c, yyjson_val *root, yyjson_val **ret_root, struct err *e)
{
    size_t depth = (size_t)c->rest->limits->json_depth;
    switch (c->patch_form) {
    case PATCH_FHIRPATH:
        return path_patch(root, c->change, depth, c->arena, ret_root, e);
    case PATCH_XML:
        return xml_patch(root, c->xml_patch, depth, c->arena, ret_root, e);
    default:
        return json_patch(root, c->change, depth, c->arena, ret_root, e);
    }
}

/* Once a call: what it asks for stays when it is made again from a newer version. */
static int read_change(struct call *c, struct err *e)
{
    return c->change || c->xml_patch.p ? 0
           : is_meta_change(c)         ? read_meta_change(c, e)
                                       : read_patch(c, e);
}

/* --- what it is changed from --------------------------------------------------------------- */

/* The one that the search of a conditional patch matches (R4 http.html#patch: none is 404). */
static int find_target(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    struct version match;
    if (c->route.interaction != INTERACTION_PATCH_CONDITIONAL) {
        return 0;
    }
    int rc = match_one(c, c->route.type, c->query.p ? c->query : T(""), &p->plan, &match, e);
    if (!rc && match.id.n == 0) {
        rc = err_set(e, ERR_NOT_FOUND, "no %.*s matches '%.*s', so there is none to patch",
                     TEXT_ARG(fhir_type_name(c->route.type)), TEXT_ARG(text_short(c->query, 200)));
    }
    if (!rc) {
        p->write.id = match.id;
        rc = prepared_match(p, match.id, e);
    }
    return rc;
}

static int read_current(struct prepared *p, struct version *ret_version, struct err *e)
{
    struct call *c = p->call;
    struct store_view *view;
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_read(view, p->write.type, p->write.id, c->arena, ret_version, e);
    store_view_end(view);
    if (!rc && ret_version->deleted) {
        text type = fhir_type_name(p->write.type);
        rc = err_set(e, ERR_DELETED,
                     "%.*s/%.*s has been deleted, so there is nothing to change; an update (PUT) "
                     "brings it back",
                     TEXT_ARG(type), TEXT_ARG(p->write.id));
    }
    return rc;
}

/* If-Match: * is content with any version, as no If-Match is. */
static int expect_current(struct prepared *p, const struct version *now, struct err *e)
{
    struct call *c = p->call;
    uint64_t vid = now->vid;
    p->any_version = !c->if_match.p || text_eq(text_trim(c->if_match), T("*"));
    if (c->if_none_match.p) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "If-None-Match is not for changes; If-Match names the version to change");
    }
    if (!p->any_version && !etag_read(c->if_match, &vid)) {
        return err_set(e, ERR_INVALID,
                       "If-Match must be the ETag of a version, such as W/\"3\"; it is '%.*s'",
                       TEXT_ARG(text_short(c->if_match, 60)));
    }
    if (vid != now->vid) {
        return err_set(e, ERR_PRECONDITION,
                       "the current version of %.*s/%.*s is %llu, not %llu as If-Match says; read "
                       "it again",
                       TEXT_ARG(fhir_type_name(now->type)), TEXT_ARG(now->id),
                       (unsigned long long)now->vid, (unsigned long long)vid);
    }
    p->write.expect = EXPECT_VERSION;
    p->write.expected_vid = vid;
    return 0;
}

/* --- what becomes of it -------------------------------------------------------------------- */

/* What names a resource is not the patch's to change. */
static int same_name(const struct prepared *p, const yyjson_val *made, struct err *e)
{
    text type = fhir_type_name(p->write.type);
    if (json_type(made) != YYJSON_TYPE_OBJ) {
        return err_set(e, ERR_BUSINESS_RULE, "the patch leaves no resource: a %.*s is an object",
                       TEXT_ARG(type));
    }
    if (!text_eq(json_text(json_get(made, T("resourceType"))), type)) {
        return err_at(e, ERR_BUSINESS_RULE, T("resourceType"),
                      "a patch must leave the resourceType as it is: %.*s", TEXT_ARG(type));
    }
    if (!text_eq(json_text(json_get(made, T("id"))), p->write.id)) {
        return err_at(e, ERR_BUSINESS_RULE, arena_printf(p->call->arena, "%.*s.id", TEXT_ARG(type)),
                      "a patch must leave the id as it is: %.*s", TEXT_ARG(p->write.id));
    }
    return 0;
}

static int make_content(struct prepared *p, const struct version *now, struct err *e)
{
    struct call *c = p->call;
    yyjson_val *root;
    yyjson_val *made = NULL;
    int rc = version_tree(now, c->rest->limits, c->arena, &root, e);
    if (!rc) {
        rc = is_meta_change(c) ? apply_meta_change(c, root, &made, e)
                               : apply_patch(c, root, &made, e);
    }
    rc = rc ? rc : same_name(p, made, e);
    if (rc) {
        return rc;
    }
    c->resource = made;
    rc = prepared_check(p, e);
    if (rc && c->issues.errors) {
        issues_add(&c->issues, ISSUE_INFORMATION, ERR_OK, (text){0},
                   "this is what the change would make of version %llu of %.*s/%.*s; it was not "
                   "stored",
                   (unsigned long long)now->vid, TEXT_ARG(fhir_type_name(now->type)),
                   TEXT_ARG(now->id));
    }
    return rc;
}

int target_change(struct prepared *p, struct err *e)
{
    struct version now;
    int rc = read_change(p->call, e);
    rc = rc ? rc : find_target(p, e);
    rc = rc ? rc : read_current(p, &now, e);
    rc = rc ? rc : expect_current(p, &now, e);
    return rc ? rc : make_content(p, &now, e);
}

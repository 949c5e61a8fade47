/*
 * One resource on its way in: JSON text -> checked tree -> what the store keeps.
 *
 *   json_read -> resource_check (structure, primitives, references; collects every reference)
 *             -> [the transaction rewrites urn:uuid and conditional references through `links`]
 *             -> index_extract (fhir/index.h) and resource_pack
 */
#ifndef KITH_FHIR_RESOURCE_H
#define KITH_FHIR_RESOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "fhir/model.h"
#include "fhir/outcome.h"
#include "format/json.h"

/* A string in the tree that points elsewhere and that a transaction may have to rewrite. */
struct resource_link {
    yyjson_val *value; /* the string */
    bool is_reference; /* Reference.reference; else a uri, url, canonical, oid or uuid element with
                        * a urn:uuid: or urn:oid: (R4 http.html#trules) */
    bool is_narrative; /* the XHTML of a Narrative with urn: in it: links stand inside as href and
                          src */
    uint16_t targets;  /* of a reference: what it may point to, for fhir_target_ok() */
};

struct resource {
    fhir_type type;
    yyjson_val *root;
    text id;          /* empty: none given */
    yyjson_val *meta; /* NULL: none given */
    struct resource_link *links;
    size_t link_count;
};

/*
 * Checks a tree against the base definitions of R4 and describes it: resourceType known and
 * anywhere in the object, no duplicate members, no unknown elements, choice types (one at most, of
 * an allowed type), cardinality, arrays where and only where elements repeat, no empty arrays,
 * objects or strings, primitive formats and ranges, extensions on primitives (`_name`, with arrays
 * matched by position and null), extensions (a value or extensions, not both), contained resources
 * (no nesting, an id each, no meta.versionId, .lastUpdated or .security: R4
 * references.html#contained, dom-2, dom-4, dom-5), required code lists, references (form: relative,
 * absolute, urn:uuid, urn:oid, #fragment that exists, conditional `Type?query` only where
 * allow_conditional; target type among those the element allows; the `type` element agrees), depth.
 * Resources inside (contained, Bundle.entry.resource, Parameters.parameter.resource) are checked
 * with it. Every finding is added to `issues` with its FHIRPath: `Patient.name[0].given[1]`,
 * `Bundle.entry[3].resource.value.ofType(Quantity).code`; a member that is unknown stands with the
 * path of its object. Returns 0 when there is no error among the findings, else ERR_INVALID (or
 * ERR_MEMORY).
 *
 * The links are those of the resource and what it contains, but not those of the resources in a
 * Bundle.
 */
int resource_check(yyjson_val *root, bool allow_conditional, struct arena *a, struct issues *issues,
                   struct resource *ret_resource);

/*
 * The place of a value of the tree, as the findings have it: `Observation.subject.reference`. For
 * messages about links. Walks the tree: not for the straight path. Empty when the value is not in
 * the tree or out of memory.
 */
text resource_path(const struct resource *r, const yyjson_val *value, struct arena *a);

/*
 * The stored form: what a version keeps of a resource. resourceType, id, meta.versionId and
 * meta.lastUpdated are left out (the store knows them); everything else stays as it came, member
 * for member, minified.
 *
 *   packed = varint n | n bytes: the remaining members of meta, without braces | the remaining
 * members, without braces
 */
void resource_pack(const struct resource *r, struct buf *out);

/* What the store knows of a version, for printing it. */
struct resource_head {
    fhir_type type;
    text id;
    uint64_t version; /* meta.versionId */
    int64_t instant;  /* meta.lastUpdated, ms since 1970 */
};

/* Of a packed resource, the members of meta without braces (they may be none). */
text resource_packed_meta(text packed);
/* The other members, without braces. */
text resource_packed_words(text packed);

/* Writes the whole resource:
 * {"resourceType":...,"id":...,"meta":{"versionId":...,"lastUpdated":...,...},...} */
int resource_print(const struct resource_head *head, text packed, struct buf *out, struct err *e);

/* Whether a and b (packed) are the same data, so that an update would change nothing. Byte
 * comparison. */
static inline bool resource_same(text a, text b)
{
    return text_eq(a, b);
}

#endif

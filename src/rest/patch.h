/*
 * Inside rest/: writes that change what is stored, instead of replacing it: PATCH (R4
 * http.html#patch), $meta-add and $meta-delete (R4 resource-operations.html).
 *
 * The current version is read, changed and checked like an update, and written on condition that it
 * is still the current one; where nobody asked for a certain version (If-Match), it is done again
 * with the newer one.
 */
#ifndef KITH_REST_PATCH_H
#define KITH_REST_PATCH_H

#include "rest/write.h"

static inline bool is_meta_change(const struct call *c)
{
    return c->route.interaction == INTERACTION_META_ADD ||
           c->route.interaction == INTERACTION_META_DELETE;
}
static inline bool is_change(const struct call *c)
{
    return c->route.interaction == INTERACTION_PATCH ||
           c->route.interaction == INTERACTION_PATCH_CONDITIONAL || is_meta_change(c);
}

/* Who is meant and what becomes of it: the part of prepare_target() for changes. */
int target_change(struct prepared *p, struct err *e);

/* The media types that a patch may have, for Accept-Patch. */
#define PATCH_MEDIA                                                              \
    "application/json-patch+json, application/fhir+json, application/fhir+xml, " \
    "application/xml-patch+xml"

/* By the media type of its body, which form a PATCH has; Parameters in XML become JSON.
 * ERR_MEDIA_TYPE, with Accept-Patch; errors as form_read_xml(). */
int patch_media(struct call *c, text type, struct err *e);

/* --- meta.c -------------------------------------------------------------------------------- */

/* The parameter 'meta' of the body, checked, becomes call->change. */
int read_meta_change(struct call *c, struct err *e);
/* A resource with the profiles, tags and security labels of call->change, or without them. */
int apply_meta_change(struct call *c, yyjson_val *root, yyjson_val **ret_root, struct err *e);
/* Parameters with the meta of a version, as the body of the answer. */
int print_meta(struct call *c, const struct version *v, struct err *e);
/* Parameters with the profiles, tags and security labels of a type or of all (meta_all.c). */
int print_meta_of_all(struct call *c, struct err *e);

#endif

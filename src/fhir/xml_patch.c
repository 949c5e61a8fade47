#include "fhir/xml_patch.h"

#include "fhir/xml.h"
#include "format/xml_edit.h"

static const char fhir_space[] = "http://hl7.org/fhir";
static const char xhtml_space[] = "http://www.w3.org/1999/xhtml";

static int read_result(text xml, size_t most_depth, struct arena *a, yyjson_val **ret_root,
                       struct err *e)
{
    struct buf json;
    struct err why = {0};
    buf_init(&json, a->cap);
    int rc = fhir_xml_read(xml, most_depth, a, &json, &why);
    rc = rc ? rc : json_read(buf_text(&json), most_depth, a, ret_root, &why);
    buf_done(&json);
    if (rc == ERR_MEMORY) {
        return err_set(e, rc, "%s", err_text(&why));
    }
    return rc ? err_set(e, ERR_INVALID, "what the patch makes is no resource of FHIR R4: %s",
                        err_text(&why))
              : 0;
}

int xml_patch(const yyjson_val *root, text patch, size_t most_depth, struct arena *a,
              yyjson_val **ret_root, struct err *e)
{
    static const struct xml_space spaces[] = {
        {"", fhir_space},   {"f", fhir_space},      {"fhir", fhir_space},
        {"h", xhtml_space}, {"xhtml", xhtml_space},
    };
    struct buf before;
    struct buf after;
    buf_init(&before, a->cap);
    buf_init(&after, a->cap);
    int rc = fhir_xml_write(root, a, &before, e);
    if (!rc && buf_failed(&before)) {
        rc = err_set(e, ERR_MEMORY, "the patch needs more memory than it may have");
    }
    rc = rc ? rc
            : xml_edit(buf_text(&before), patch, spaces, sizeof spaces / sizeof *spaces, most_depth,
                       a, &after, e);
    rc = rc ? rc : read_result(buf_text(&after), most_depth, a, ret_root, e);
    buf_done(&before);
    buf_done(&after);
    return rc;
}

#include "fhir/dmd.h"

#include "base/map.h"
#include "format/xml.h"

#include <stdlib.h>

enum { RECORD_MOST = 1024 * 1024, DEPTH = 8, NAME_MOST = 40 };
#define MEMORY_MOST ((size_t)64 << 20)

/* The elements that are records, in any of the files. */
static const char *const records[] = {"VTM", "VMP",  "AMP", "VMPP",  "AMPP",
                                      "ING", "INFO", "VPI", "DFORM", "DROUTE"};
enum { RECORDS = sizeof records / sizeof *records };

struct dmd {
    struct dmd_options options;
    struct codes_about about;
    struct codes_build *build;
    struct arena words; /* of the lookups */
    struct map lookups; /* LIST/CODE -> place of its description in named */
    text *named;
    size_t named_count, named_capacity;
    struct arena record; /* of the record in hand */
    enum dmd_kind kind;
    text file;
    uint64_t line, record_line;
    char list[NAME_MOST]; /* the last element that is none of the records: of a lookup its list */
    int open;             /* which record; -1: none */
    struct buf bytes;     /* of the record, or of the tag */
    bool in_tag;
    bool any;
};

enum dmd_kind dmd_kind_of(text name)
{
    static const struct {
        const char *prefix;
        enum dmd_kind kind;
    } rows[] = {
        {"f_lookup2", DMD_LOOKUP}, {"f_ingredient2", DMD_INGREDIENT},
        {"f_vtm2", DMD_VTM},       {"f_vmpp2", DMD_VMPP},
        {"f_vmp2", DMD_VMP},       {"f_ampp2", DMD_AMPP},
        {"f_amp2", DMD_AMP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows && text_ends(name, T(".xml")); i++) {
        if (text_starts(name, text_of(rows[i].prefix))) {
            return rows[i].kind;
        }
    }
    return DMD_OTHER;
}

/* --- life ---------------------------------------------------------------------------------- */

int dmd_begin(const struct dmd_options *options, struct dmd **ret_dmd, struct err *e)
{
    static const struct {
        const char *code;
        enum codes_kind kind;
    } properties[] = {
        {"class", CODES_STRING},     {"VTM", CODES_CODE},        {"VMP", CODES_CODE},
        {"AMP", CODES_CODE},         {"VMPP", CODES_CODE},       {"ING", CODES_CODE},
        {"FORM", CODES_STRING},      {"ROUTE", CODES_STRING},    {"SUPPLIER", CODES_STRING},
        {"PRES_STAT", CODES_STRING}, {"UOM", CODES_STRING},      {"QTYVAL", CODES_DECIMAL},
        {"replacedBy", CODES_CODE},  {"inactive", CODES_BOOLEAN}};
    if (!options->version.n) {
        return err_set(e, ERR_REQUIRED,
                       "the version of the release is not known; give it, as with "
                       "--version 2025-01-06");
    }
    struct dmd *d = calloc(1, sizeof *d);
    if (!d) {
        return err_set(e, ERR_MEMORY, "there is no memory for the code system");
    }
    d->options = *options;
    d->open = -1;
    map_init(&d->lookups);
    arena_init(&d->words, MEMORY_MOST);
    arena_init(&d->record, MEMORY_MOST);
    buf_init(&d->bytes, RECORD_MOST);
    d->about = (struct codes_about){
        .url = T("https://dmd.nhs.uk"),
        .version = options->version,
        .name = T("DMD"),
        .title = options->fragment ? T("NHS dictionary of medicines and devices (a part)")
                                   : T("NHS dictionary of medicines and devices"),
        .status = T("active"),
        .language = T("en-GB"),
        .hierarchy_meaning = T("is-a"),
        .content = options->fragment ? CODES_FRAGMENT : CODES_COMPLETE,
        .case_sensitive = true,
    };
    d->build = codes_build_begin(&d->about);
    if (!d->build) {
        dmd_drop(d);
        return err_set(e, ERR_MEMORY, "there is no memory for the code system");
    }
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
        struct codes_property_definition p = {text_of(properties[i].code), T(""),
                                              properties[i].kind};
        codes_build_property_definition(d->build, &p);
    }
    *ret_dmd = d;
    return 0;
}

void dmd_drop(struct dmd *d)
{
    if (d) {
        codes_build_drop(d->build);
        map_done(&d->lookups);
        arena_done(&d->words);
        arena_done(&d->record);
        buf_done(&d->bytes);
        free(d);
    }
}

int dmd_file(struct dmd *d, enum dmd_kind kind, text file_name, struct err *e)
{
    if (kind >= DMD_OTHER) {
        return err_set(e, ERR_NOT_SUPPORTED, "%.*s is no file of dm+d that is read here",
                       TEXT_ARG(file_name));
    }
    d->kind = kind;
    d->file = file_name;
    d->line = d->record_line = 1;
    d->list[0] = '\0';
    d->open = -1;
    d->in_tag = d->any = false;
    buf_clear(&d->bytes);
    return 0;
}

/* --- records ------------------------------------------------------------------------------- */

static void wrong(struct dmd *d, const char *why)
{
    if (d->options.wrong) {
        d->options.wrong(d->options.context, d->file, d->record_line, why);
    }
}

static text value_of(const struct xml_node *record, const char *name)
{
    for (const struct xml_node *n = record->first; n; n = n->next) {
        if (n->kind == XML_ELEMENT && text_eq(n->name, text_of(name))) {
            return n->first && n->first->kind == XML_TEXT ? text_trim(n->first->chars) : T("");
        }
    }
    return T("");
}

static text lookup_key(struct dmd *d, text list, text code)
{
    return arena_join(&d->record, (text[]){list, T("/"), code}, 3);
}

static int take_lookup(struct dmd *d, const struct xml_node *record, struct err *e)
{
    text key = lookup_key(d, text_of(d->list), value_of(record, "CD"));
    text kept = arena_copy(&d->words, key);
    text words = arena_copy(&d->words, value_of(record, "DESC"));
    bool fresh = false;
    text *named =
        d->named_count < d->named_capacity
            ? d->named
            : arena_grow(&d->words, d->named, d->named_count, &d->named_capacity, sizeof *d->named);
    uint64_t *at = kept.p && words.p && named ? map_put(&d->lookups, kept, &fresh) : NULL;
    if (!at) {
        return err_set(e, ERR_MEMORY, "there is no memory for the lookups");
    }
    d->named = named;
    d->named[d->named_count] = words;
    *at = d->named_count++;
    return 0;
}

/* As the lookup names it, else the code as it is. */
static text looked_up(struct dmd *d, const char *list, text code)
{
    text key = lookup_key(d, text_of(list), code);
    const uint64_t *at = key.p ? map_get(&d->lookups, key) : NULL;
    return at ? d->named[*at] : code;
}

static void property(struct dmd *d, uint32_t concept, const char *code, enum codes_kind kind,
                     text value)
{
    struct codes_property p = {
        .code = text_of(code), .kind = kind, .value = value, .concept = CODES_NONE};
    if (kind == CODES_CODE) {
        p.concept = codes_build_find(d->build, value);
    }
    if (value.n) {
        codes_build_property(d->build, concept, &p);
    }
}

/* A link upwards: a property, and its place in the hierarchy. */
static void link_up(struct dmd *d, uint32_t concept, const char *code, text parent)
{
    uint32_t to = codes_build_find(d->build, parent);
    if (parent.n && (to == CODES_NONE || to == concept)) {
        wrong(d, "what it links to is in no file");
    } else if (parent.n) {
        property(d, concept, code, CODES_CODE, parent);
        codes_build_parent(d->build, concept, to);
    }
}

static void name_as(struct dmd *d, uint32_t concept, const char *use, text value)
{
    struct codes_designation n = {.language = T("en-GB"),
                                  .use_system = T("https://dmd.nhs.uk"),
                                  .use_code = text_of(use),
                                  .use_display = text_of(use),
                                  .value = value};
    if (value.n) {
        codes_build_designation(d->build, concept, &n);
    }
}

static void take_previous(struct dmd *d, text previous, text now, text display)
{
    bool fresh = false;
    uint32_t old = previous.n ? codes_build_concept(d->build, previous, &fresh) : CODES_NONE;
    if (fresh) {
        codes_build_display(d->build, old, display);
        codes_build_flags(d->build, old, CODES_INACTIVE, T(""));
        property(d, old, "inactive", CODES_BOOLEAN, T("true"));
        property(d, old, "replacedBy", CODES_CODE, now);
    }
}

/* What is different from one class of products to the next. */
static const struct product {
    const char *id, *name, *previous;
} products[] = {
    {"VTMID", "NM", "VTMIDPREV"}, {"VPID", "NM", "VPIDPREV"}, {"APID", "DESC", ""},
    {"VPPID", "NM", ""},          {"APPID", "NM", ""},        {"ISID", "NM", "ISIDPREV"},
};
enum { VTM, VMP, AMP, VMPP, AMPP, ING, INFO, VPI, DFORM, DROUTE };

static void take_details(struct dmd *d, int class, uint32_t concept, const struct xml_node *r)
{
    if (class == VMP || class == AMP) {
        text status = value_of(r, "PRES_STATCD");
        property(d, concept, "PRES_STAT", CODES_STRING,
                 looked_up(d, "VIRTUAL_PRODUCT_PRES_STATUS", status));
    }
    if (class == VMP) {
        link_up(d, concept, "VTM", value_of(r, "VTMID"));
    } else if (class == AMP) {
        link_up(d, concept, "VMP", value_of(r, "VPID"));
        property(d, concept, "SUPPLIER", CODES_STRING,
                 looked_up(d, "SUPPLIER", value_of(r, "SUPPCD")));
    } else if (class == VMPP) {
        link_up(d, concept, "VMP", value_of(r, "VPID"));
        property(d, concept, "QTYVAL", CODES_DECIMAL, value_of(r, "QTYVAL"));
        property(d, concept, "UOM", CODES_STRING,
                 looked_up(d, "UNIT_OF_MEASURE", value_of(r, "QTY_UOMCD")));
    } else if (class == AMPP) {
        link_up(d, concept, "VMPP", value_of(r, "VPPID"));
        link_up(d, concept, "AMP", value_of(r, "APID"));
    }
}

static void take_product(struct dmd *d, int class, const struct xml_node *r)
{
    const struct product *p = &products[class];
    text id = value_of(r, p->id);
    text shown = value_of(r, p->name);
    shown = shown.n ? shown : value_of(r, "NM");
    bool fresh = false;
    if (!id.n || !shown.n) {
        wrong(d, "it has no identifier or no name");
        return;
    }
    uint32_t concept = codes_build_concept(d->build, id, &fresh);
    if (!fresh) {
        wrong(d, "its identifier stands twice");
        return;
    }
    bool invalid = text_eq(value_of(r, "INVALID"), T("1"));
    codes_build_display(d->build, concept, shown);
    codes_build_flags(d->build, concept, invalid ? CODES_INACTIVE : 0, T(""));
    property(d, concept, "class", CODES_STRING, text_of(records[class]));
    property(d, concept, "inactive", CODES_BOOLEAN, invalid ? T("true") : T("false"));
    name_as(d, concept, "ABBREVNM", value_of(r, "ABBREVNM"));
    if (class == AMP) {
        name_as(d, concept, "NM", value_of(r, "NM"));
    }
    take_details(d, class, concept, r);
    take_previous(d, value_of(r, p->previous), id, shown);
}

/* Rows about a virtual product that stand behind the products in its file. */
static void take_detail_row(struct dmd *d, int which, const struct xml_node *r)
{
    uint32_t concept = codes_build_find(d->build, value_of(r, "VPID"));
    if (concept == CODES_NONE) {
        if (d->kind == DMD_VMP) {
            wrong(d, "its VPID is in no file");
        }
    } else if (which == VPI) {
        property(d, concept, "ING", CODES_CODE, value_of(r, "ISID"));
    } else if (which == DFORM) {
        property(d, concept, "FORM", CODES_STRING, looked_up(d, "FORM", value_of(r, "FORMCD")));
    } else {
        property(d, concept, "ROUTE", CODES_STRING, looked_up(d, "ROUTE", value_of(r, "ROUTECD")));
    }
}

static int take_record(struct dmd *d, struct err *e)
{
    const struct xml_node *r = NULL;
    struct err why = {0};
    int rc = 0;
    arena_reset(&d->record);
    d->any = true;
    if (xml_read(buf_text(&d->bytes), DEPTH, &d->record, &r, &why)) {
        return err_set(e, why.code, "%.*s, the record from line %llu on: %s", TEXT_ARG(d->file),
                       (unsigned long long)d->record_line, err_text(&why));
    }
    if (d->open == INFO) {
        rc = take_lookup(d, r, e);
    } else if (d->open >= VPI) {
        take_detail_row(d, d->open, r);
    } else {
        take_product(d, d->open, r);
    }
    return rc;
}

/* --- elements ------------------------------------------------------------------------------ */

/* The tag that stands whole in d->bytes, outside of records: begins one, or names a list. */
static void take_tag(struct dmd *d)
{
    text name = text_from(buf_text(&d->bytes), 1);
    size_t n = 0;
    while (n < name.n && !strchr(" \t\r\n/>", name.p[n])) {
        n++;
    }
    bool empty = text_ends(name, T("/>"));
    name = text_first(name, n);
    for (int i = 0; i < RECORDS && !empty; i++) {
        if (text_eq(name, text_of(records[i]))) {
            d->open = i;
            d->record_line = d->line;
            return;
        }
    }
    if (name.n && name.n < NAME_MOST && name.p[0] != '?' && name.p[0] != '!') {
        memcpy(d->list, name.p, name.n);
        d->list[name.n] = '\0';
    }
    buf_clear(&d->bytes);
}

/* Whether the record in hand ends with what was read so far. */
static bool ends_record(const struct dmd *d)
{
    size_t n = strlen(records[d->open]);
    text t = buf_text(&d->bytes);
    return t.n > n + 3 && memcmp(t.p + t.n - n - 3, "</", 2) == 0 &&
           memcmp(t.p + t.n - n - 1, records[d->open], n) == 0;
}

int dmd_bytes(struct dmd *d, text bytes, struct err *e)
{
    int rc = 0;
    while (bytes.n && !rc) {
        char until = d->open >= 0 || d->in_tag ? '>' : '<';
        size_t end = text_find(bytes, until);
        text part = text_first(bytes, end + 1);
        bytes = text_from(bytes, end + 1);
        bool found = part.n == end + 1;
        for (size_t i = 0; i < part.n; i++) {
            d->line += part.p[i] == '\n';
        }
        if (until == '<') {
            d->in_tag = found;
            part = found ? T("<") : T("");
        }
        buf_add(&d->bytes, part);
        if (buf_failed(&d->bytes)) {
            return err_set(e, ERR_INVALID, "%.*s, line %llu: a record is longer than 1 MiB",
                           TEXT_ARG(d->file), (unsigned long long)d->record_line);
        }
        if (!found || until == '<') {
            continue;
        }
        d->in_tag = false;
        if (d->open < 0) {
            take_tag(d);
        } else if (ends_record(d)) {
            rc = take_record(d, e);
            d->open = -1;
            buf_clear(&d->bytes);
        }
    }
    return rc;
}

int dmd_file_end(struct dmd *d, struct err *e)
{
    if (d->open >= 0 || d->in_tag || !d->any) {
        return err_set(e, ERR_SYNTAX, "%.*s %s", TEXT_ARG(d->file),
                       d->any || d->open >= 0 ? "ends in the middle of an element"
                                              : "has no records of dm+d");
    }
    return 0;
}

int dmd_end(struct dmd *d, struct codes_build **ret_build, struct codes_about *ret_about,
            struct err *e)
{
    (void)e;
    *ret_build = d->build;
    *ret_about = d->about;
    d->build = NULL;
    return 0;
}

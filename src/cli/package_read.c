#include "cli/package.h"
#include "cli/resource.h"

#include "format/archive.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { DEPTH_MOST = 64, FOLDER_DEPTH_MOST = 16 };
#define SCRATCH_MAX ((size_t)2 << 30)

struct reading {
    const struct package_options *options;
    struct archive_limits limits;
    struct arena *arena;
    struct arena scratch; /* of one file */
    struct package_file *files;
    size_t count;
    size_t capacity;
    size_t ignored;
    text manifest;      /* package.json; p == NULL: none */
    text manifest_file; /* its name */
    uint64_t bytes;
};

/* --- one file ------------------------------------------------------------------------------ */

static bool is_definition(text type)
{
    static const char *const types[] = {
        "ActivityDefinition",
        "CapabilityStatement",
        "ChargeItemDefinition",
        "CodeSystem",
        "CompartmentDefinition",
        "ConceptMap",
        "EventDefinition",
        "ExampleScenario",
        "GraphDefinition",
        "Library",
        "ImplementationGuide",
        "Measure",
        "MessageDefinition",
        "NamingSystem",
        "ObservationDefinition",
        "OperationDefinition",
        "PlanDefinition",
        "Questionnaire",
        "ResearchDefinition",
        "ResearchElementDefinition",
        "SearchParameter",
        "SpecimenDefinition",
        "StructureDefinition",
        "StructureMap",
        "TerminologyCapabilities",
        "TestScript",
        "ValueSet",
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (text_eq(type, text_of(types[i]))) {
            return true;
        }
    }
    return false;
}

static text base_name(text file)
{
    size_t at = file.n;
    while (at && file.p[at - 1] != '/') {
        at--;
    }
    return text_from(file, at);
}

static text folder_of(text file)
{
    text base = base_name(file);
    return text_first(file, file.n - base.n);
}

static text copy_member(const yyjson_val *root, text name, struct arena *a)
{
    text value = json_type(json_get(root, name)) == YYJSON_TYPE_STR
                     ? json_text(json_get(root, name))
                     : (text){0};
    return value.n ? arena_copy(a, value) : (text){0};
}

static int fill(struct reading *r, const yyjson_val *root, struct package_file *f, struct err *e)
{
    struct buf json;
    buf_init(&json, SCRATCH_MAX);
    json_write(root, &json);
    f->type = copy_member(root, T("resourceType"), r->arena);
    f->id = copy_member(root, T("id"), r->arena);
    f->url = copy_member(root, T("url"), r->arena);
    f->version = copy_member(root, T("version"), r->arena);
    f->is_definition = is_definition(f->type);
    f->json = buf_failed(&json) ? (text){0} : arena_copy(r->arena, buf_text(&json));
    buf_done(&json);
    return f->json.p ? 0 : err_set(e, ERR_MEMORY, "no memory for the package");
}

static int add_problem(struct reading *r, struct package_file *f, const struct err *why,
                       struct err *e)
{
    f->problem = arena_printf(r->arena, "%s%s%s", why->expression, why->expression[0] ? ": " : "",
                              err_text(why));
    return f->problem.p ? 0 : err_set(e, ERR_MEMORY, "no memory for the package");
}

/* Of several package.json the one that lies highest. */
static int take_manifest(struct reading *r, text name, text bytes, struct err *e)
{
    if (r->manifest.p && r->manifest_file.n <= name.n) {
        return 0;
    }
    r->manifest = arena_copy(r->arena, bytes);
    r->manifest_file = arena_copy(r->arena, name);
    return r->manifest.p && r->manifest_file.p ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

static int take_file(void *context, text name, text bytes, struct err *e)
{
    struct reading *r = context;
    struct package_file f = {0};
    struct err why = {0};
    yyjson_val *root = NULL;
    text base = base_name(name);
    if (text_eq(base, T("package.json"))) {
        return take_manifest(r, name, bytes, e);
    }
    if (text_starts(base, T(".")) ||
        (!text_ends(base, T(".json")) && !text_ends(base, T(".xml")))) {
        return 0;
    }
    arena_reset(&r->scratch);
    int rc = cli_parse_resource(bytes, &r->scratch, &root, &why);
    if (!rc && json_type(json_get(root, T("resourceType"))) != YYJSON_TYPE_STR) {
        r->ignored++;
        return 0;
    }
    f.file = arena_copy(r->arena, name);
    struct package_file *files =
        arena_grow(r->arena, r->files, r->count, &r->capacity, sizeof *files);
    if (!files || !f.file.p) {
        return err_set(e, ERR_MEMORY, "no memory for the package");
    }
    rc = rc ? add_problem(r, &f, &why, e) : fill(r, root, &f, e);
    r->files = files;
    r->files[r->count++] = f;
    return rc;
}

/* --- folders ------------------------------------------------------------------------------- */

static int read_path(const struct reading *r, const FTSENT *entry, struct buf *out, struct err *e)
{
    if ((uint64_t)entry->fts_statp->st_size > r->limits.file_bytes) {
        return err_set(e, ERR_TOO_LARGE, "it has more than %llu bytes",
                       (unsigned long long)r->limits.file_bytes);
    }
    FILE *file = fopen(entry->fts_accpath, "rbe");
    size_t n = file ? 1 : 0;
    while (n) {
        char *to = buf_reserve(out, 64 * 1024);
        n = to ? fread(to, 1, 64 * 1024, file) : 0;
        out->n += n;
    }
    int rc =
        !file || ferror(file) ? err_set(e, ERR_IO, "it cannot be read: %s", strerror(errno)) : 0;
    if (file) {
        (void)fclose(file);
    }
    return !rc && buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory for it") : rc;
}

static int unreadable(struct reading *r, text name, const struct err *why, struct err *e)
{
    struct package_file f = {.file = arena_copy(r->arena, name)};
    struct package_file *files =
        arena_grow(r->arena, r->files, r->count, &r->capacity, sizeof *files);
    if (!files || !f.file.p) {
        return err_set(e, ERR_MEMORY, "no memory for the package");
    }
    int rc = add_problem(r, &f, why, e);
    r->files = files;
    r->files[r->count++] = f;
    return rc;
}

static int take_path(struct reading *r, const FTSENT *entry, size_t root_length, struct err *e)
{
    struct buf bytes;
    struct err why = {0};
    text path = text_make(entry->fts_path, entry->fts_pathlen);
    text name = text_from(path, root_length + 1);
    if (!text_ends(name, T(".json")) && !text_ends(name, T(".xml"))) {
        return 0;
    }
    if (r->count + r->ignored >= r->limits.files) {
        return err_set(e, ERR_TOO_LARGE, "the folder has more than %zu files", r->limits.files);
    }
    buf_init(&bytes, (size_t)r->limits.file_bytes + 64 * 1024);
    int rc = read_path(r, entry, &bytes, &why);
    r->bytes += bytes.n;
    if (rc) {
        rc = unreadable(r, name, &why, e);
    } else if (r->bytes > r->limits.all_bytes) {
        rc = err_set(e, ERR_TOO_LARGE, "the folder's files have more than %llu bytes",
                     (unsigned long long)r->limits.all_bytes);
    } else {
        rc = take_file(r, name, buf_text(&bytes), e);
    }
    buf_done(&bytes);
    return rc;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Links are not followed, hidden folders not entered. */
static int read_folder(struct reading *r, char *path, struct err *e)
{
    char *paths[] = {path, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    FTSENT *entry;
    int rc = walk ? 0 : err_set(e, ERR_IO, "%s cannot be read: %s", path, strerror(errno));
    while (!rc && walk && (errno = 0, entry = fts_read(walk)) != NULL) {
        bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
        if (entry->fts_info == FTS_D && (hidden || entry->fts_level > FOLDER_DEPTH_MOST)) {
            (void)fts_set(walk, entry, FTS_SKIP);
        } else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            rc = err_set(e, ERR_IO, "%s cannot be read: %s", entry->fts_path,
                         strerror(entry->fts_errno));
        } else if (entry->fts_info == FTS_F && !hidden) {
            rc = take_path(r, entry, strlen(path), e);
        }
    }
    if (walk) {
        (void)fts_close(walk);
    }
    return rc;
}

/* --- the package --------------------------------------------------------------------------- */

bool package_word_fits(text word)
{
    bool fits = word.n > 0 && word.n <= 64;
    for (size_t i = 0; fits && i < word.n; i++) {
        char c = word.p[i];
        fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
    }
    return fits;
}

/* Other characters become '-'. */
static text fitting(text word, struct arena *a)
{
    char *p = arena_alloc(a, 65);
    size_t n = 0;
    for (; p && n < word.n && n < 64; n++) {
        p[n] = package_word_fits(text_make(word.p + n, 1)) ? word.p[n] : '-';
    }
    return text_make(p, p ? n : 0);
}

static int take_needs(const yyjson_val *manifest, struct arena *a, struct package *p, struct err *e)
{
    const yyjson_val *needs = json_get(manifest, T("dependencies"));
    if (json_type(needs) != YYJSON_TYPE_OBJ) {
        return 0;
    }
    p->needs = arena_zalloc(a, json_len(needs) + 1, sizeof *p->needs);
    if (!p->needs) {
        return err_set(e, ERR_MEMORY, "no memory for the package");
    }
    const yyjson_val *name = needs + 1;
    for (size_t left = json_len(needs); left; left--, name = json_after(name + 1)) {
        p->needs[p->need_count++] = (struct package_need){arena_copy(a, json_text(name)),
                                                          arena_copy(a, json_text(name + 1))};
    }
    return 0;
}

static int read_manifest(struct reading *r, struct package *p, struct err *e)
{
    struct err why = {0};
    yyjson_val *root = NULL;
    arena_reset(&r->scratch);
    if (json_read(r->manifest, DEPTH_MOST, &r->scratch, &root, &why) ||
        json_type(root) != YYJSON_TYPE_OBJ) {
        return err_set(e, ERR_SYNTAX, "%.*s is no JSON object: %s", TEXT_ARG(r->manifest_file),
                       err_text(&why));
    }
    const yyjson_val *versions = json_get(root, T("fhirVersions"));
    versions = versions ? versions : json_get(root, T("fhir-version-list"));
    p->name = copy_member(root, T("name"), r->arena);
    p->version = copy_member(root, T("version"), r->arena);
    p->title = copy_member(root, T("title"), r->arena);
    if (json_type(versions) == YYJSON_TYPE_ARR && json_len(versions)) {
        p->fhir_version = arena_copy(r->arena, json_text(versions + 1));
    }
    return take_needs(root, r->arena, p, e);
}

/* The search parameters of R4 itself, which every node has. */
static bool is_built_in(const struct package_file *f)
{
    return text_eq(f->type, T("SearchParameter")) &&
           text_starts(f->url, T("http://hl7.org/fhir/SearchParameter/"));
}

/* Of an npm-style package the files beside package.json; examples are resources that define
 * nothing, or lie elsewhere. */
static bool is_left_out(const struct reading *r, const struct package_file *f)
{
    text home = folder_of(r->manifest_file);
    bool elsewhere = r->manifest.p && !text_eq(folder_of(f->file), home);
    bool is_example = elsewhere || (f->json.p && !f->is_definition);
    return (is_example && !r->options->examples) || is_built_in(f);
}

static int by_file(const void *a, const void *b)
{
    const struct package_file *x = a;
    const struct package_file *y = b;
    return text_cmp(x->file, y->file);
}

static void keep_files(struct reading *r, struct package *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (!is_left_out(r, &r->files[i])) {
            r->files[kept++] = r->files[i];
        }
    }
    p->left_out = r->count - kept + r->ignored;
    p->files = r->files;
    p->count = kept;
    if (kept) {
        qsort(p->files, kept, sizeof *p->files, by_file);
    }
}

static int name_package(const char *path, const struct package_options *options, struct arena *a,
                        struct package *p, struct err *e)
{
    text place = text_of(path);
    while (text_ends(place, T("/")) && place.n > 1) {
        place.n--;
    }
    p->name = options->name ? text_of(options->name) : p->name.n ? p->name : base_name(place);
    p->version = options->version ? text_of(options->version) : p->version;
    p->name = fitting(p->name, a);
    p->version = fitting(p->version, a);
    if (!p->name.p || !p->version.p) {
        return err_set(e, ERR_MEMORY, "no memory for the package");
    }
    return p->count || p->left_out
               ? 0
               : err_set(e, ERR_NOT_FOUND, "%s has no .json or .xml file with a resource", path);
}

int package_read(const char *path, const struct package_options *options, struct arena *a,
                 struct package *ret_package, struct err *e)
{
    struct reading r = {.options = options, .limits = archive_limits_default(), .arena = a};
    struct package p = {0};
    struct stat st;
    char *copy = strdup(path); /* fts wants it writable, and names are what follows it */
    for (size_t n = copy ? strlen(copy) : 0; n > 1 && copy[n - 1] == '/'; n--) {
        copy[n - 1] = '\0';
    }
    arena_init(&r.scratch, SCRATCH_MAX);
    int rc = !copy ? err_set(e, ERR_MEMORY, "no memory")
             : stat(path, &st) != 0
                 ? err_set(e, ERR_NOT_FOUND, "there is no file or folder '%s'", path)
             : S_ISDIR(st.st_mode) ? read_folder(&r, copy, e)
                                   : archive_visit_file(path, &r.limits, take_file, &r, e);
    if (!rc && r.manifest.p) {
        rc = read_manifest(&r, &p, e);
    }
    if (!rc) {
        keep_files(&r, &p);
        rc = name_package(path, options, a, &p, e);
    }
    arena_done(&r.scratch);
    free(copy);
    if (!rc) {
        *ret_package = p;
    }
    return rc;
}

/* kith terminology add: which files there are, and their bytes to the reader of their kind. */
#include "cli/terminology_add.h"

#include "format/json.h"
#include "store/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILES_MOST = 1000, FOLDERS_DEEP = 12, WRONG_TOLD = 50, PIECE = 1 << 20 };

struct source {
    char *path;
    const char *name; /* in path */
    int place;
    uint64_t bytes;
};

struct adding {
    const struct cli_args *args;
    const struct release_kind *kind;
    struct source *files;
    size_t count;
    uint64_t wrong;
    uint64_t done, all; /* bytes */
    const char *words;
};

/* --- the files ----------------------------------------------------------------------------- */

static int add_file(struct adding *ad, const char *path, uint64_t bytes, struct err *e)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    bool wanted = false;
    for (int k = 0; k < release_kind_count; k++) {
        bool asked = !ad->kind || ad->kind == &release_kinds[k];
        wanted |= asked && release_kinds[k].place(text_of(name)) >= 0;
    }
    if (!wanted) {
        return 0;
    }
    if (ad->count == FILES_MOST) {
        return err_set(e, ERR_TOO_LARGE, "there are more than %d files of releases", FILES_MOST);
    }
    char *copy = strdup(path);
    if (!copy) {
        return err_set(e, ERR_MEMORY, "there is no memory for the names of files");
    }
    ad->files[ad->count++] =
        (struct source){.path = copy, .name = copy + (name - path), .bytes = bytes};
    return 0;
}

/* As deep as FOLDERS_DEEP. */
static int find_files(struct adding *ad, const char *path, int depth, struct err *e)
{
    struct stat st = {0};
    if (stat(path, &st) != 0) {
        return err_set(e, ERR_NOT_FOUND, "%s cannot be read: %s", path, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode)) {
        return S_ISREG(st.st_mode) ? add_file(ad, path, (uint64_t)st.st_size, e) : 0;
    }
    DIR *d = depth < FOLDERS_DEEP ? opendir(path) : NULL;
    if (!d) {
        return depth < FOLDERS_DEEP
                   ? err_set(e, ERR_IO, "%s cannot be read: %s", path, strerror(errno))
                   : 0;
    }
    int rc = 0;
    const struct dirent *entry;
    while (!rc && (entry = readdir(d))) {
        char inner[4096];
        int n = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof inner) {
            rc = find_files(ad, inner, depth + 1, e);
        }
    }
    (void)closedir(d);
    return rc;
}

static int by_place(const void *a, const void *b)
{
    const struct source *x = a;
    const struct source *y = b;
    return x->place != y->place ? (x->place < y->place ? -1 : 1) : strcmp(x->path, y->path);
}

/* The kind by its needed file; then only its files, in the order of reading. */
static int choose(struct adding *ad, struct err *e)
{
    const struct release_kind *asked = ad->kind;
    ad->kind = NULL;
    for (int k = 0; k < release_kind_count; k++) {
        bool there = false;
        for (size_t i = 0; i < ad->count; i++) {
            there |= release_kinds[k].place(text_of(ad->files[i].name)) == release_kinds[k].needed;
        }
        if (there && ad->kind) {
            return err_set(e, ERR_MULTIPLE,
                           "there are files of %s and of %s; give --kind, or one folder of them",
                           ad->kind->title, release_kinds[k].title);
        }
        ad->kind = there && (!asked || asked == &release_kinds[k]) ? &release_kinds[k] : ad->kind;
    }
    if (!ad->kind) {
        return err_set(e, ERR_NOT_FOUND,
                       "there is no release here: SNOMED CT has a file sct2_Concept_Snapshot..., "
                       "LOINC Loinc.csv, dm+d f_vmp2...xml (unpack the .zip first)");
    }
    size_t kept = 0;
    for (size_t i = 0; i < ad->count; i++) {
        struct source s = ad->files[i];
        s.place = ad->kind->place(text_of(s.name));
        if (s.place < 0) {
            free(s.path);
        } else {
            ad->all += s.bytes;
            ad->files[kept++] = s;
        }
    }
    ad->count = kept;
    qsort(ad->files, ad->count, sizeof *ad->files, by_place);
    return 0;
}

/* --- reading ------------------------------------------------------------------------------- */

static void on_wrong(void *context, text file, uint64_t line, const char *why)
{
    struct adding *ad = context;
    if (ad->wrong++ < WRONG_TOLD) {
        cli_progress_end(ad->args);
        fprintf(stderr, "%.*s, line %" PRIu64 ": passed over: %s\n", TEXT_ARG(file), line, why);
    }
}

static int read_file(struct adding *ad, void *reader, const struct source *s, char *piece,
                     struct err *e)
{
    int rc = ad->kind->file(reader, s->place, text_of(s->name), e);
    FILE *f = rc ? NULL : fopen(s->path, "rbe");
    if (!rc && !f) {
        rc = err_set(e, ERR_IO, "%s cannot be opened: %s", s->path, strerror(errno));
    }
    size_t n = 1;
    while (!rc && n) {
        n = fread(piece, 1, PIECE, f);
        rc = ferror(f) ? err_set(e, ERR_IO, "%s cannot be read: %s", s->path, strerror(errno))
                       : ad->kind->bytes(reader, text_make(piece, n), e);
        ad->done += n;
        cli_progress(ad->args, "read", ad->done >> 20, ad->all >> 20, " MB");
    }
    if (f) {
        (void)fclose(f);
    }
    return rc ? rc : ad->kind->file_end(reader, e);
}

/* LOINC and dm+d say their version in the name of a folder alone: Loinc_2.77,
 * nhsbsa_dmd_1.2.0_20250106000001. */
static text version_of(const struct adding *ad, char out[16])
{
    const char *path = ad->files[0].path;
    const char *at = strstr(path, "Loinc_");
    if (strcmp(ad->kind->name, "loinc") == 0 && at) {
        size_t n = strspn(at + 6, "0123456789.");
        (void)snprintf(out, 16, "%.*s", (int)(n < 15 ? n : 15), at + 6);
        return text_of(out);
    }
    at = strcmp(ad->kind->name, "dmd") == 0 ? strstr(path, "nhsbsa_dmd_") : NULL;
    const char *date = at ? strchr(at + 11, '_') : NULL;
    if (date && strspn(date + 1, "0123456789") >= 8) {
        (void)snprintf(out, 16, "%.4s-%.2s-%.2s", date + 1, date + 5, date + 7);
        return text_of(out);
    }
    return T("");
}

static int write_image(struct adding *ad, void *reader, struct codes_about *about, struct err *e)
{
    struct codes_build *build = NULL;
    struct shelf_write *w = NULL;
    const char *dir = ad->args->positionals[1];
    int rc = ad->kind->end(reader, &build, about, e);
    rc = rc ? rc : shelf_write_begin(dir, about, &w, e);
    rc = rc ? rc : codes_build_end(build, true, shelf_write_bytes, w, e);
    codes_build_drop(build);
    if (rc) {
        shelf_write_drop(w);
        return rc;
    }
    return shelf_write_end(w, e);
}

static void print_json(const struct adding *ad, text version)
{
    struct buf out;
    buf_init(&out, 64UL * 1024);
    buf_printf(&out, "{\"added\":true,\"kind\":\"%s\",\"version\":", ad->kind->name);
    json_write_string(version, &out);
    buf_printf(&out, ",\"passedOver\":%" PRIu64 "}", ad->wrong);
    printf("%.*s\n", TEXT_ARG(buf_text(&out)));
    buf_done(&out);
}

static int read_all(struct adding *ad, struct err *e)
{
    char version[16];
    const char *given = cli_option(ad->args, "--version");
    struct codes_about about = {0};
    struct release_options options = {
        .version = given ? text_of(given) : version_of(ad, version),
        .fragment = cli_option(ad->args, "--fragment") != NULL,
        .wrong = on_wrong,
        .context = ad,
    };
    for (size_t i = 0; i < ad->count; i++) {
        options.axes |= strcasecmp(ad->files[i].name, "LoincPartLink_Primary.csv") == 0;
    }
    void *reader = NULL;
    char *piece = malloc(PIECE);
    int rc = piece ? ad->kind->begin(&options, &reader, e)
                   : err_set(e, ERR_MEMORY, "there is no memory for a piece of a file");
    for (size_t i = 0; !rc && i < ad->count; i++) {
        rc = read_file(ad, reader, &ad->files[i], piece, e);
    }
    cli_progress_end(ad->args);
    rc = rc ? rc : write_image(ad, reader, &about, e);
    if (!rc && ad->args->json) {
        print_json(ad, about.version);
    } else if (!rc) {
        printf("Added %s, version %.*s.\n", ad->kind->title, TEXT_ARG(about.version));
    }
    ad->kind->drop(reader);
    free(piece);
    return rc;
}

int terminology_add(const struct cli_args *args)
{
    struct adding ad = {.args = args};
    struct err e = {0};
    const char *kind = cli_option(args, "--kind");
    if (kind && strcmp(kind, "ucum") == 0) {
        printf(
            "UCUM is built in: its units are known by their grammar, nothing has to be added.\n");
        return EXIT_DONE;
    }
    for (int k = 0; kind && k < release_kind_count; k++) {
        ad.kind = strcmp(kind, release_kinds[k].name) == 0 ? &release_kinds[k] : ad.kind;
    }
    if (kind && !ad.kind) {
        return cli_usage_error("terminology", "--kind is snomed, loinc, dmd or ucum");
    }
    if (args->positional_count < 3) {
        return cli_usage_error("terminology", "usage: kith terminology add DIR FILE-OR-FOLDER ...");
    }
    ad.files = calloc(FILES_MOST, sizeof *ad.files);
    int rc = ad.files ? 0 : err_set(&e, ERR_MEMORY, "there is no memory for the list of files");
    for (size_t i = 2; !rc && i < args->positional_count; i++) {
        rc = find_files(&ad, args->positionals[i], 0, &e);
    }
    rc = rc ? rc : choose(&ad, &e);
    rc = rc ? rc : read_all(&ad, &e);
    if (ad.wrong) {
        fprintf(stderr, "%" PRIu64 " lines were passed over.\n", ad.wrong);
    }
    for (size_t i = 0; ad.files && i < ad.count; i++) {
        free(ad.files[i].path);
    }
    free(ad.files);
    return rc ? cli_fail("terminology", &e) : ad.wrong ? EXIT_FINDINGS : EXIT_DONE;
}

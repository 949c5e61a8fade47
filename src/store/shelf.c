#include "store/shelf_int.h"

#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The clock by which the times of folders are set ticks this slowly at worst: a folder that was
 * changed within it of being read may be changed again without another time. */
#define TICK_NS ((int64_t)50 * 1000 * 1000)

struct entry {
    struct shelf_item item;
    char file[SHELF_FILE_SIZE];
    char head[SHELF_PAGE + 1];
    char *map; /* NULL: not yet */
    size_t size;
};

struct shelf {
    int folder;       /* -1: there is none */
    char path[4096];  /* of the folder */
    struct stat seen; /* of it, before it was read */
    bool unsure;      /* it may have been changed without another time since */
    int64_t opened_ns;
    struct entry **entries;
    size_t count;
    pthread_mutex_t lock; /* of the maps */
};

/* --- one file ------------------------------------------------------------------------------ */

static const char *read_head(struct entry *en)
{
    text rest = text_make(en->head, strnlen(en->head, SHELF_PAGE));
    text line[SHELF_LINES];
    uint64_t added = 0;
    for (size_t i = 0; i < SHELF_LINES; i++) {
        if (!text_cut(&rest, '\n', &line[i])) {
            return "it is no file of this folder";
        }
    }
    if (!text_eq(line[0], T(SHELF_MAGIC))) {
        return "it is no file of this folder, or of another release of this program; add the code "
               "system again";
    }
    en->item.system = line[1];
    en->item.version = line[2];
    en->item.name = line[3];
    bool good = line[1].n && text_to_u64(line[4], &en->item.count) &&
                text_to_u64(line[5], &en->item.bytes) && text_to_u64(line[6], &added);
    en->item.added_ms = (int64_t)(added & INT64_MAX);
    return good ? NULL : "its first page is damaged; add the code system again";
}

static void look(const struct shelf *s, struct entry *en, const char *file)
{
    struct stat st = {0};
    int fd = openat(s->folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    memcpy(en->file, file, strnlen(file, sizeof en->file - 1)); /* the rest is zeros */
    en->item = (struct shelf_item){.file = en->file};
    if (fd < 0 || fstat(fd, &st) != 0 || pread(fd, en->head, SHELF_PAGE, 0) != SHELF_PAGE) {
        en->item.wrong =
            fd < 0 ? "it cannot be opened" : "it is cut off; add the code system again";
    } else {
        en->item.wrong = read_head(en);
    }
    if (!en->item.wrong && (uint64_t)st.st_size != en->item.bytes + SHELF_PAGE) {
        en->item.wrong = "it is cut off; add the code system again";
    }
    en->size = en->item.wrong ? 0 : (size_t)st.st_size;
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* --- the folder ---------------------------------------------------------------------------- */

static bool is_image(const char *file)
{
    size_t n = strlen(file);
    return file[0] != '.' && n > strlen(SHELF_SUFFIX) && n < SHELF_FILE_SIZE &&
           text_ends(text_make(file, n), T(SHELF_SUFFIX));
}

/* Dates are digits, so the versions of SNOMED CT and LOINC are in order too: newest first. */
static int by_system(const void *a, const void *b)
{
    const struct shelf_item *x = &(*(struct entry *const *)a)->item;
    const struct shelf_item *y = &(*(struct entry *const *)b)->item;
    int order = text_cmp(x->system, y->system);
    order = order ? order : shelf_version_compare(y->version, x->version);
    return order ? order : strcmp(x->file, y->file);
}

static int add_entry(struct shelf *s, size_t *capacity, const char *file, struct err *e)
{
    if (s->count == SHELF_ITEMS_MOST) {
        return err_set(e, ERR_TOO_LARGE, "%s has more than %d files; remove some", s->path,
                       SHELF_ITEMS_MOST);
    }
    if (s->count == *capacity) {
        size_t more = *capacity ? 2 * *capacity : 8;
        struct entry **larger = realloc(s->entries, more * sizeof(struct entry *));
        if (!larger) {
            return err_set(e, ERR_MEMORY, "there is no memory for the list of files");
        }
        s->entries = larger;
        *capacity = more;
    }
    struct entry *en = calloc(1, sizeof *en);
    if (!en) {
        return err_set(e, ERR_MEMORY, "there is no memory for the list of files");
    }
    s->entries[s->count++] = en;
    look(s, en, file);
    return 0;
}

static int read_folder(struct shelf *s, struct err *e)
{
    int copy = dup(s->folder);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    size_t capacity = 0;
    int rc = d ? 0 : err_set(e, ERR_IO, "%s cannot be read: %s", s->path, strerror(errno));
    const struct dirent *file;
    while (!rc && (file = readdir(d))) {
        rc = is_image(file->d_name) ? add_entry(s, &capacity, file->d_name, e) : 0;
    }
    if (d) {
        (void)closedir(d);
    } else if (copy >= 0) {
        (void)close(copy);
    }
    if (!rc && s->count) {
        qsort(s->entries, s->count, sizeof *s->entries, by_system);
    }
    return rc;
}

int shelf_open(const char *dir, struct shelf **ret_shelf, struct err *e)
{
    struct shelf *s = calloc(1, sizeof *s);
    if (!s) {
        return err_set(e, ERR_MEMORY, "there is no memory for the list of code systems");
    }
    int n = snprintf(s->path, sizeof s->path, "%s/" SHELF_FOLDER, dir);
    s->folder = n < 0 || (size_t)n >= sizeof s->path
                    ? -1
                    : open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int why = s->folder < 0 && n >= 0 && (size_t)n < sizeof s->path ? errno : ENAMETOOLONG;
    int rc = 0;
    (void)pthread_mutex_init(&s->lock, NULL);
    s->opened_ns = clock_mono_ns();
    if (s->folder >= 0 && fstat(s->folder, &s->seen) == 0) {
        struct timespec now = {0};
        (void)clock_gettime(CLOCK_REALTIME, &now);
        int64_t age = ((int64_t)now.tv_sec - s->seen.st_mtim.tv_sec) * 1000000000 + now.tv_nsec -
                      s->seen.st_mtim.tv_nsec;
        s->unsure = age < TICK_NS;
        rc = read_folder(s, e);
    } else if (s->folder >= 0 || why != ENOENT) {
        why = s->folder >= 0 ? errno : why;
        rc = err_set(e, ERR_IO, "%s cannot be read: %s", s->path, strerror(why));
    }
    if (rc) {
        shelf_close(s);
        return rc;
    }
    *ret_shelf = s;
    return 0;
}

void shelf_close(struct shelf *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        if (s->entries[i]->map) {
            (void)munmap(s->entries[i]->map, s->entries[i]->size);
        }
        free(s->entries[i]);
    }
    if (s->folder >= 0) {
        (void)close(s->folder);
    }
    (void)pthread_mutex_destroy(&s->lock);
    free(s->entries);
    free(s);
}

bool shelf_stale(const struct shelf *s)
{
    struct stat now = {0};
    if (stat(s->path, &now) != 0) {
        return s->folder >= 0;
    }
    bool same = s->folder >= 0 && now.st_ino == s->seen.st_ino && now.st_dev == s->seen.st_dev &&
                now.st_mtim.tv_sec == s->seen.st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == s->seen.st_mtim.tv_nsec;
    return !same || (s->unsure && clock_mono_ns() - s->opened_ns > 2 * TICK_NS);
}

size_t shelf_count(const struct shelf *s)
{
    return s->count;
}

struct shelf_item shelf_item(const struct shelf *s, size_t i)
{
    return s->entries[i]->item;
}

/* --- images -------------------------------------------------------------------------------- */

/* An edition's URI without its date means the newest of the edition. */
static bool version_fits(text have, text wanted)
{
    return wanted.n == 0 || text_eq(have, wanted) ||
           (text_starts(wanted, T("http://snomed.info/")) && text_starts(have, wanted) &&
            text_starts(text_from(have, wanted.n), T("/version/")));
}

static int map(struct shelf *s, struct entry *en, struct err *e)
{
    int fd = openat(s->folder, en->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st = {0};
    char head[SHELF_PAGE];
    bool same = fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size == en->size &&
                pread(fd, head, sizeof head, 0) == SHELF_PAGE &&
                memcmp(head, en->head, sizeof head) == 0;
    void *at = same ? mmap(NULL, en->size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    int why = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (fd >= 0 && !same) {
        return err_set(e, ERR_NOT_FOUND, "%s/%s was replaced just now; ask again", s->path,
                       en->file);
    }
    if (at == MAP_FAILED) {
        return err_set(e, ERR_IO, "%s/%s cannot be read: %s", s->path, en->file, strerror(why));
    }
    en->map = at;
    return 0;
}

int shelf_codes(void *shelf, text system, text version, text *ret_image, struct err *e)
{
    struct shelf *s = shelf;
    for (size_t i = 0; i < s->count; i++) {
        struct entry *en = s->entries[i];
        if (!text_eq(en->item.system, system) || !version_fits(en->item.version, version)) {
            continue;
        }
        if (en->item.wrong) {
            return err_set(e, ERR_CORRUPT, "%s/%s cannot be used: %s", s->path, en->file,
                           en->item.wrong);
        }
        (void)pthread_mutex_lock(&s->lock);
        int rc = en->map ? 0 : map(s, en, e);
        (void)pthread_mutex_unlock(&s->lock);
        if (!rc) {
            *ret_image = text_make(en->map + SHELF_PAGE, en->size - SHELF_PAGE);
        }
        return rc;
    }
    return err_set(e, ERR_NOT_FOUND,
                   "the code system %.*s%s%.*s is not here; kith terminology add adds a release",
                   TEXT_ARG(text_short(system, 200)), version.n ? " of version " : "",
                   TEXT_ARG(text_short(version, 200)));
}

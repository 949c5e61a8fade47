#include "kit.h"

#include "base/random.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_LONG = 512 };

void kit_folder(char out[128])
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(out, 128, "%.90s/kith-audit-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(out));
}

static void each(const char *folder, void (*visit)(void *context, const char *path), void *context)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    const struct dirent *entry;
    while ((entry = readdir(d))) {
        char path[PATH_LONG];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        assert_true(snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < PATH_LONG);
        assert_int_equal(lstat(path, &st), 0);
        if (S_ISDIR(st.st_mode)) {
            each(path, visit, context);
        }
        visit(context, path);
    }
    (void)closedir(d);
}

static void remove_one(void *context, const char *path)
{
    (void)context;
    (void)remove(path);
}

void kit_remove(const char *folder)
{
    each(folder, remove_one, NULL);
    (void)rmdir(folder);
}

text kit_load(const char *folder, const char *name, struct arena *a)
{
    char path[PATH_LONG];
    struct stat st;
    assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < PATH_LONG);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    char *p = arena_alloc(a, (size_t)st.st_size + 1);
    assert_non_null(p);
    assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
    (void)close(fd);
    return text_make(p, (size_t)st.st_size);
}

void kit_save(const char *folder, const char *name, text bytes)
{
    char path[PATH_LONG];
    assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < PATH_LONG);
    for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
    (void)close(fd);
}

struct copying {
    const char *from, *to;
};

static void copy_one(void *context, const char *path)
{
    const struct copying *c = context;
    struct stat st;
    struct arena a;
    assert_int_equal(lstat(path, &st), 0);
    if (!S_ISREG(st.st_mode)) {
        return;
    }
    arena_init(&a, (size_t)1 << 26);
    const char *name = path + strlen(c->from) + 1;
    kit_save(c->to, name, kit_load(c->from, name, &a));
    arena_done(&a);
}

void kit_copy(const char *from, const char *to)
{
    struct copying c = {from, to};
    each(to, remove_one, NULL);
    each(from, copy_one, &c);
}

struct audit *kit_open(const char *folder, bool writes)
{
    struct audit_config c = {
        .dir = folder, .origin = T(KIT_ORIGIN), .writes = writes, .seal_ms = 20};
    struct audit *a = NULL;
    struct err e = {0};
    if (audit_open(&c, &a, &e)) {
        fail_msg("%s", err_text(&e));
    }
    return a;
}

struct audit_event kit_event(uint64_t i, unsigned patients, char id[16])
{
    uint64_t who = i * 2654435761u % (patients + 1);
    (void)snprintf(id, 16, "p%llu", (unsigned long long)who);
    return (struct audit_event){.at_ms = 1795340000000 + (int64_t)i,
                                .kind = i % 7 ? EVENT_READ : EVENT_UPDATE,
                                .access = ACCESS_PERSON,
                                .patient = who ? text_of(id) : T(""),
                                .what = T("Observation/5"),
                                .version_t = i % 7 ? 0 : i + 1,
                                .who = T("Practitioner/x"),
                                .name = T("Dr Zo\xC3\xAB \"Z\" Ng"),
                                .purpose = T("TREAT")};
}

void kit_fill(struct audit *a, uint64_t from, uint64_t count, unsigned patients)
{
    struct err e = {0};
    uint64_t ticket = 0;
    for (uint64_t i = from; i < from + count;) {
        char ids[8][16];
        struct audit_event events[8];
        size_t n = 0;
        for (; n < 1 + i % 7 && i < from + count; n++, i++) {
            events[n] = kit_event(i, patients, ids[n]);
        }
        assert_int_equal(audit_append(a, events, n, &ticket, &e), 0);
        if (i % 16 == 0) {
            assert_int_equal(audit_wait(a, ticket, &e), 0);
        }
    }
    assert_int_equal(audit_wait(a, ticket, &e), 0);
    assert_int_equal(audit_size(a), from + count);
}

int kit_verify(const char *folder, struct err *e)
{
    struct audit_verified v;
    return audit_verify(&(struct audit_verify){.dir = folder}, &v, e);
}

int kit_setup(void **state)
{
    struct kit_log *f = calloc(1, sizeof *f);
    assert_non_null(f);
    kit_folder(f->folder);
    arena_init(&f->arena, (size_t)1 << 27);
    f->log = kit_open(f->folder, true);
    *state = f;
    return 0;
}

int kit_teardown(void **state)
{
    struct kit_log *f = *state;
    audit_close(f->log);
    arena_done(&f->arena);
    kit_remove(f->folder);
    free(f);
    return 0;
}

#include "audit/erasing.h"

#include "audit/files.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const char note_name[] = "erasing";

bool erasing_name_read(text what, uint64_t *ret_leaf)
{
    return text_starts(what, T("leaf/")) && text_to_u64(text_from(what, 5), ret_leaf);
}

/* The record is written anew in place, and must then read as an erased one. */
static int overwrite(struct audit *a, uint64_t leaf, struct err *e)
{
    char bytes[RECORD_MAX];
    uint64_t offset = 0;
    char head[RECORD_HEAD];
    int r = audit_offset(a, leaf, &offset, e);
    r = r ? r : read_at(a->journal, head, sizeof head, offset, "journal", e);
    size_t n = r ? 0 : record_length(text_make(head, sizeof head));
    if (r == 0 && (n == 0 || get64(head + 16) != leaf)) {
        return err_set(e, ERR_CORRUPT, "the journal does not have leaf %llu where the index says",
                       (unsigned long long)leaf);
    }
    r = r ? r : read_at(a->journal, bytes, n, offset, "journal", e);
    if (r == 0) {
        record_erase(bytes, n);
        r = write_at(a->journal, text_make(bytes, n), offset, "journal", e);
    }
    return r ? r : file_sync(a->journal, "journal", e);
}

static int forget_note(struct audit *a, struct err *e)
{
    return unlinkat(a->dir, note_name, 0) == 0 ? dir_sync(a->dir, e)
                                               : io_error(e, "remove", note_name);
}

int erasing_resume(struct audit *a, struct err *e)
{
    text bytes = {0};
    uint64_t leaf = 0;
    struct err why = {0};
    int r = file_read(a->dir, note_name, 64, &bytes, &why);
    if (r == ERR_NOT_FOUND) {
        return 0;
    }
    if (r) {
        return err_set(e, r, "%s", err_text(&why));
    }
    if (!erasing_name_read(text_trim(bytes), &leaf) || leaf >= a->size) {
        r = err_set(e, ERR_CORRUPT, "the file erasing of the access log is not of its form");
    }
    file_free(bytes);
    r = r ? r : overwrite(a, leaf, e);
    return r ? r : forget_note(a, e);
}

/* The log says that something was erased before it is, so that nothing goes in silence. */
static int tell(struct audit *a, text name, struct err *e)
{
    struct audit_event event = {
        .at_ms = clock_real_ms(), .kind = EVENT_ERASE, .access = ACCESS_LEGAL, .what = name};
    uint64_t ticket = 0;
    int r = audit_append(a, &event, 1, &ticket, e);
    return r ? r : audit_wait(a, ticket, e);
}

int audit_erase(struct audit *a, uint64_t leaf, struct err *e)
{
    char name[32], bytes[RECORD_MAX];
    struct record record;
    uint64_t offset = 0;
    size_t n = 0;
    int length = snprintf(name, sizeof name, "leaf/%llu", (unsigned long long)leaf);
    text what = {name, (size_t)length};
    pthread_rwlock_rdlock(&a->erasing);
    int r = a->writes ? audit_record(a, leaf, bytes, &record, &offset, &n, e)
                      : err_set(e, ERR_INTERNAL, "the access log was opened for reading only");
    pthread_rwlock_unlock(&a->erasing);
    if (r || record.flags & RECORD_ERASED) {
        return r;
    }
    struct arena arena;
    struct audit_event event = {0};
    arena_init(&arena, (size_t)1 << 18);
    r = event_parse(record.line, &arena, &event, e);
    if (r == 0 && event.kind == EVENT_ERASE) {
        r = err_set(e, ERR_FORBIDDEN,
                    "leaf %llu says that another entry was erased; that stays, and holds nothing "
                    "about a person",
                    (unsigned long long)leaf);
    }
    arena_done(&arena);
    r = r ? r : tell(a, what, e);
    if (r) {
        return r;
    }
    pthread_rwlock_wrlock(&a->erasing);
    r = file_replace(a->dir, note_name, what, 0600, e);
    r = r ? r : dir_sync(a->dir, e);
    r = r ? r : overwrite(a, leaf, e);
    r = r ? r : forget_note(a, e);
    pthread_rwlock_unlock(&a->erasing);
    return r;
}

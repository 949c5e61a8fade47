/* A copy of a log that may be being written: its truth is copied, the rest is made anew from it. */
#include "audit/audit.h"

#include "audit/files.h"
#include "audit/note.h"
#include "audit/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 1024, PIECE = 1 << 20 };

static int copy_key(int from, int to, const char *name, unsigned mode, struct err *e)
{
    text bytes = {0};
    int r = file_read(from, name, KEY_FILE_MAX, &bytes, e);
    r = r ? r : file_replace(to, name, bytes, mode, e);
    if (bytes.p) {
        union {
            const char *from;
            char *to;
        } secret = {.from = bytes.p};
        OPENSSL_cleanse(secret.to, bytes.n);
    }
    file_free(bytes);
    return r;
}

static int copy_bytes(int from, int to, uint64_t size, struct err *e)
{
    char *piece = malloc(PIECE);
    int r = piece ? 0 : err_set(e, ERR_MEMORY, "no memory to copy the access log");
    for (uint64_t at = 0; r == 0 && at < size;) {
        size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;
        r = read_at(from, piece, n, at, "journal", e);
        r = r ? r : write_at(to, text_make(piece, n), at, "journal", e);
        at += n;
    }
    free(piece);
    return r ? r : file_sync(to, "journal", e);
}

/* As long as it is now. That may be in the middle of a batch, which the opening of the copy cuts
 * off: nobody was told yet that it is there. */
static int copy_journal(int from, int to, struct err *e)
{
    struct stat st;
    int in = openat(from, "journal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out =
        in < 0 ? -1
               : openat(to, "journal", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = in < 0 || fstat(in, &st) != 0 ? io_error(e, "read", "journal") : 0;
    r = r == 0 && out < 0 ? io_error(e, "make", "journal") : r;
    r = r ? r : copy_bytes(in, out, (uint64_t)st.st_size, e);
    if (out >= 0 && close(out) != 0 && r == 0) {
        r = io_error(e, "write", "journal");
    }
    if (in >= 0) {
        (void)close(in);
    }
    return r;
}

static int copy_truth(int from, int to, struct err *e)
{
    int r = copy_key(from, to, "key", 0600, e);
    r = r ? r : copy_key(from, to, "tag-key", 0600, e);
    r = r ? r : copy_key(from, to, "key.pub", 0644, e);
    r = r ? r : copy_journal(from, to, e);
    return r ? r : dir_sync(to, e);
}

/* Index, tiles and checkpoint of the copy are made by its opening. */
static int make_rest(const char *to, text since, struct audit_copied *ret, struct err *e)
{
    struct audit *log = NULL;
    struct audit_verified verified;
    int r = audit_open(&(struct audit_config){.dir = to, .writes = true}, &log, e);
    if (r == 0) {
        *ret = (struct audit_copied){audit_size(log), audit_newest_ms(log)};
    }
    audit_close(log);
    struct audit_verify ask = {.dir = to, .since = since};
    return r ? r : audit_verify(&ask, &verified, e);
}

int audit_copy(const char *from, const char *to, struct audit_copied *ret_copied, struct err *e)
{
    struct audit_copied copied = {0};
    text since = {0};
    int out = -1;
    int in = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (in < 0) {
        return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "there is no access log in %s", from)
                               : io_error(e, "open", from);
    }
    /* Before the journal: whatever has been signed until now must be in the copy. */
    int r = file_read(in, "checkpoint", NOTE_MAX, &since, e);
    if (r == 0 && mkdir(to, 0700) != 0) {
        r = errno == EEXIST ? err_set(e, ERR_CONFLICT, "there is a folder %s already", to)
                            : io_error(e, "make", to);
    }
    if (r == 0 && (out = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        r = io_error(e, "open", to);
    }
    r = r ? r : copy_truth(in, out, e);
    r = r ? r : make_rest(to, since, &copied, e);
    if (out >= 0) {
        (void)close(out);
    }
    (void)close(in);
    file_free(since);
    if (r == 0) {
        *ret_copied = copied;
    }
    return r;
}

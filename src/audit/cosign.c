#include "audit/cosign.h"

#include "audit/note_int.h"

enum { TIME = 8, STAMPED = TIME + NOTE_SIGNATURE };

/* --- keys --------------------------------------------------------------------------------------
 */

static int set_key(struct cosign_key *key, text name, const uint8_t bytes[NOTE_KEY], struct err *e)
{
    memset(key, 0, sizeof *key);
    memcpy(key->name, name.p, name.n);
    memcpy(key->key, bytes, NOTE_KEY);
    return note_key_id(name, NOTE_COSIGNATURE, bytes, &key->id, e);
}

int cosign_key_of(const struct note_key *key, struct cosign_key *ret_key, struct err *e)
{
    return set_key(ret_key, text_of(key->name), key->key, e);
}

int cosign_key_read(text t, struct cosign_key *ret_key, struct err *e)
{
    uint8_t bytes[NOTE_KEY];
    text name, id;
    struct note_key plain;
    struct cosign_key key;
    struct err ignored;
    struct buf again;
    if (note_key_read(t, &plain, &ignored) == 0) {
        return cosign_key_of(&plain, ret_key, e);
    }
    if (!note_key_parts(t, NOTE_COSIGNATURE, &name, &id, bytes)) {
        return err_set(e, ERR_VALUE,
                       "this is no key of a witness; it should read name+8 hexadecimal "
                       "digits+base64 of an Ed25519 key");
    }
    int r = set_key(&key, name, bytes, e);
    buf_init(&again, (size_t)4 * NOTE_NAME_MAX);
    cosign_key_print(&key, &again);
    if (r == 0 && !text_eq(buf_text(&again), t)) {
        r = err_set(e, ERR_VALUE, "the id of the witness's key %s does not belong to the key",
                    key.name);
    }
    buf_done(&again);
    if (r == 0) {
        *ret_key = key;
    }
    return r;
}

void cosign_key_print(const struct cosign_key *key, struct buf *out)
{
    note_key_write(out, "", key->name, key->id, NOTE_COSIGNATURE, key->key);
}

static int add_key(text line, struct cosign_key *keys, size_t count, struct err *e)
{
    text first, rest = line;
    (void)text_cut(&rest, ' ', &first);
    int r = cosign_key_read(first, &keys[count], e);
    for (size_t i = 0; i < count && r == 0; i++) {
        if (memcmp(keys[i].key, keys[count].key, NOTE_KEY) == 0) {
            r = err_set(e, ERR_DUPLICATE, "the witnesses %s and %s have the same key", keys[i].name,
                        keys[count].name);
        }
    }
    return r;
}

int cosign_keys_read(text lines, struct arena *a, struct cosign_key **ret_keys, size_t *ret_count,
                     struct err *e)
{
    text line, rest = lines;
    struct cosign_key *keys = NULL;
    size_t count = 0, capacity = 0;
    while (text_cut(&rest, '\n', &line)) {
        line = text_trim(line);
        if (!line.n || line.p[0] == '#') {
            continue;
        }
        if (count == COSIGN_KEYS_MAX) {
            return err_set(e, ERR_TOO_LARGE, "more than %d witnesses", COSIGN_KEYS_MAX);
        }
        keys = arena_grow(a, keys, count, &capacity, sizeof *keys);
        if (!keys) {
            return err_set(e, ERR_MEMORY, "no memory for the keys of witnesses");
        }
        int r = add_key(line, keys, count, e);
        if (r) {
            return r;
        }
        count++;
    }
    *ret_keys = keys;
    *ret_count = count;
    return 0;
}

/* --- lines ------------------------------------------------------------------------------------
 */

static void message_of(text body, uint64_t seconds, struct buf *out)
{
    buf_add(out, T("cosignature/v1\ntime "));
    buf_add_u64(out, seconds);
    buf_addc(out, '\n');
    buf_add(out, body);
}

static void put_time(uint8_t to[TIME], uint64_t seconds)
{
    for (int i = 0; i < TIME; i++) {
        to[i] = (uint8_t)(seconds >> (56 - 8 * i));
    }
}

static uint64_t get_time(const uint8_t from[TIME])
{
    uint64_t seconds = 0;
    for (int i = 0; i < TIME; i++) {
        seconds = seconds << 8 | from[i];
    }
    return seconds;
}

int cosign(const struct note_signer *s, text body, int64_t seconds, struct buf *out, struct err *e)
{
    uint8_t stamped[STAMPED];
    struct cosign_key key;
    struct buf message;
    if (seconds < 0) {
        return err_set(e, ERR_INTERNAL, "a cosignature is not of before 1970");
    }
    put_time(stamped, (uint64_t)seconds);
    buf_init(&message, (size_t)NOTE_MAX + 64);
    message_of(body, (uint64_t)seconds, &message);
    int r = cosign_key_of(note_signer_key(s), &key, e);
    r = r || !buf_failed(&message) ? r : err_set(e, ERR_MEMORY, "no memory for a cosignature");
    r = r ? r : note_sign_bytes(s, buf_text(&message), stamped + TIME, e);
    buf_done(&message);
    if (r == 0) {
        note_line_write(out, key.name, key.id, text_make((const char *)stamped, sizeof stamped));
        r = buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory for a cosignature") : 0;
    }
    return r;
}

static bool stamp_holds(const uint8_t *stamped, size_t n, text body, const struct cosign_key *key,
                        int64_t *ret_seconds)
{
    struct buf message;
    uint64_t seconds = n == STAMPED ? get_time(stamped) : UINT64_MAX;
    if (seconds > INT64_MAX) {
        return false;
    }
    buf_init(&message, (size_t)NOTE_MAX + 64);
    message_of(body, seconds, &message);
    bool good =
        !buf_failed(&message) && note_signature_holds(buf_text(&message), key->key, stamped + TIME);
    buf_done(&message);
    if (good && ret_seconds) {
        *ret_seconds = (int64_t)seconds;
    }
    return good;
}

static bool is_of(const struct cosign_key *key, text name, uint32_t id)
{
    return id == key->id && text_eq(name, text_of(key->name));
}

bool cosign_line_holds(text line, text body, const struct cosign_key *key, int64_t *ret_seconds)
{
    text name;
    uint32_t id;
    uint8_t stamped[STAMPED];
    size_t n = 0;
    return note_line_read(line, &name, &id, stamped, sizeof stamped, &n) && is_of(key, name, id) &&
           stamp_holds(stamped, n, body, key, ret_seconds);
}

/* --- a note with cosignatures -------------------------------------------------------------------
 */

/* One line: of whom of them, if of any. Several of one witness may stand there: the newest counts.
 */
static int look_at_line(text line, text body, const struct cosign_key *keys, size_t count,
                        int64_t *seconds, struct err *e)
{
    text name;
    uint32_t id;
    uint8_t signature[8192];
    size_t n = 0;
    if (!note_line_read(line, &name, &id, signature, sizeof signature, &n)) {
        return err_set(e, ERR_SYNTAX, "a line of signature of the note is not of that form");
    }
    for (size_t i = 0; i < count; i++) {
        int64_t at = -1;
        if (!is_of(&keys[i], name, id)) {
            continue;
        }
        if (!stamp_holds(signature, n, body, &keys[i], &at)) {
            return err_set(e, ERR_FORBIDDEN, "the cosignature by %s is not right", keys[i].name);
        }
        seconds[i] = at > seconds[i] ? at : seconds[i];
    }
    return 0;
}

static size_t count_seen(const int64_t *seconds, size_t count)
{
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        seen += seconds[i] >= 0;
    }
    return seen;
}

int cosign_look(text note, const struct cosign_key *keys, size_t count, int64_t *ret_seconds,
                size_t *ret_cosigned, struct err *e)
{
    int64_t own[COSIGN_KEYS_MAX];
    int64_t *seconds = ret_seconds ? ret_seconds : own;
    text body, lines, line;
    if (count > COSIGN_KEYS_MAX) {
        return err_set(e, ERR_TOO_LARGE, "more than %d witnesses", COSIGN_KEYS_MAX);
    }
    if (note.n > NOTE_MAX || !note_split(note, &body, &lines) || !text_ends(lines, T("\n"))) {
        return err_set(e, ERR_SYNTAX, "this is no signed note: text, an empty line, signatures");
    }
    for (size_t i = 0; i < count; i++) {
        seconds[i] = -1;
    }
    lines.n--;
    for (int at = 0; text_cut(&lines, '\n', &line); at++) {
        int r = at < NOTE_LINES_MAX ? look_at_line(line, body, keys, count, seconds, e)
                                    : err_set(e, ERR_SYNTAX, "the note has too many signatures");
        if (r) {
            return r;
        }
    }
    *ret_cosigned = count_seen(seconds, count);
    return 0;
}

int cosign_verify(text note, const struct note_key *log, const struct cosign_policy *policy,
                  struct checkpoint *ret_checkpoint, size_t *ret_cosigned, struct err *e)
{
    struct checkpoint c;
    size_t cosigned = 0;
    for (size_t i = 0; i < policy->count; i++) {
        if (memcmp(policy->witnesses[i].key, log->key, NOTE_KEY) == 0) {
            return err_set(e, ERR_VALUE, "%s is the key of the log itself, which is no witness",
                           policy->witnesses[i].name);
        }
    }
    int r = checkpoint_verify(note, log, &c, e);
    r = r ? r : cosign_look(note, policy->witnesses, policy->count, NULL, &cosigned, e);
    if (r == 0 && cosigned < policy->quorum) {
        r = err_set(e, ERR_FORBIDDEN,
                    "the checkpoint of %llu entries is cosigned by %zu of %zu witnesses; %zu are "
                    "asked for",
                    (unsigned long long)c.size, cosigned, policy->count, policy->quorum);
    }
    if (r == 0) {
        *ret_checkpoint = c;
        *ret_cosigned = cosigned;
    }
    return r;
}

/* What the patient is told of their record on its way: notices in it, and of what was refused an
 * entry of their log. Of what leaves and comes the log has entries of its own (move_record()). */
#include "base/clock.h"
#include "locality/move_int.h"
#include "policy/facts.h"

#include <openssl/sha.h>

enum { NOTICE_MAX = 16384, ID_BYTES = 16, ID_ROOM = 64 };

/* --- which one ----------------------------------------------------------------------------------
 */

/* One of each kind for a move; of those who ask in vain again and again, one a day. */
static void notice_id(const struct move *v, enum move_news news, char ret[ID_ROOM])
{
    static const char *const kinds[] = {[MOVE_NEWS_REFUSED] = "refused",
                                        [MOVE_NEWS_LEAVES] = "leaves",
                                        [MOVE_NEWS_LEFT] = "left",
                                        [MOVE_NEWS_CAME] = "came",
                                        [MOVE_NEWS_FAILED] = "failed"};
    char about[256];
    uint8_t hash[32];
    if (news == MOVE_NEWS_REFUSED) {
        (void)snprintf(about, sizeof about, "%.*s %.*s %lld", TEXT_ARG(text_short(v->peer, 20)),
                       TEXT_ARG(text_short(v->patient, 64)),
                       (long long)(v->at_ms / INT64_C(86400000)));
    } else {
        (void)snprintf(about, sizeof about, "%.*s %d", TEXT_ARG(text_short(v->id, 40)), v->gives);
    }
    (void)SHA256((const unsigned char *)about, strlen(about), hash);
    int n = snprintf(ret, ID_ROOM, "move-%s-", kinds[news]);
    for (size_t i = 0; i < ID_BYTES; i++) {
        n += snprintf(ret + n, ID_ROOM - (size_t)n, "%02x", hash[i]);
    }
}

/* --- its words ----------------------------------------------------------------------------------
 */

static text words_of(const struct move *v, enum move_news news, text peer, bool practice,
                     struct arena *a)
{
    switch (news) {
    case MOVE_NEWS_REFUSED:
        return arena_printf(a,
                            "%.*s asked for your whole record, saying that you have registered "
                            "there. Nothing was given. If you have questions, ask us.",
                            TEXT_ARG(peer));
    case MOVE_NEWS_LEAVES:
        return v->is_asked
                   ? arena_printf(a,
                                  "%.*s asked for your whole record, saying that you have "
                                  "registered there. It is being handed over. If you have not "
                                  "registered there, tell us at once.",
                                  TEXT_ARG(peer))
                   : arena_printf(a,
                                  "Your whole record is being handed to %.*s, as was asked for "
                                  "here. If you did not want that, tell us at once.",
                                  TEXT_ARG(peer));
    case MOVE_NEWS_LEFT:
        return arena_printf(a, "%.*s has all of your record now.%s", TEXT_ARG(peer),
                            practice ? " They are your practice from now on." : "");
    case MOVE_NEWS_CAME:
        return arena_printf(a, "Your whole record came here from %.*s.%s", TEXT_ARG(peer),
                            practice ? " We are your practice from now on." : "");
    case MOVE_NEWS_FAILED:
    default:
        return arena_printf(a,
                            v->gives ? "Your record was not handed to %.*s. If you have "
                                       "questions, ask us."
                                     : "Your record did not come here from %.*s. If you have "
                                       "questions, ask us.",
                            TEXT_ARG(peer));
    }
}

/* --- into the own record ------------------------------------------------------------------------
 */

static text notice_text(const struct move *v, const char *id, text words, int64_t now_ms,
                        struct arena *a)
{
    char sent[CLOCK_INSTANT_SIZE];
    struct buf out;
    clock_instant(now_ms, sent);
    buf_init(&out, NOTICE_MAX);
    buf_printf(&out,
               "{\"resourceType\":\"Communication\",\"id\":\"%s\",\"status\":\"completed\","
               "\"category\":[{\"coding\":[{\"system\":"
               "\"http://terminology.hl7.org/CodeSystem/communication-category\","
               "\"code\":\"notification\",\"display\":\"Notification\"}]},"
               "{\"coding\":[{\"system\":\"" KEPT_NOTICES "\",\"code\":\"move\"}]}],"
               "\"subject\":{\"reference\":\"Patient/%.*s\"},\"sent\":\"%s\","
               "\"recipient\":[{\"reference\":\"Patient/%.*s\"}],\"payload\":[{\"contentString\":",
               id, TEXT_ARG(v->patient), sent, TEXT_ARG(v->patient));
    json_write_string(words, &out);
    buf_add(&out, T("}]}"));
    text json = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return json;
}

static text named(struct moves *m, text ods, struct arena *a)
{
    struct directory_ref *ref;
    const struct member *member = move_member(m, ods, &ref);
    text name = member ? arena_printf(a, "%.*s (%.*s)", TEXT_ARG(member->name), TEXT_ARG(ods))
                       : arena_copy(a, ods);
    trust_done(ref);
    return name;
}

int move_tell(struct moves *m, const struct move *v, enum move_news news, bool practice,
              struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    char id[ID_ROOM];
    text peer = named(m, v->peer, a);
    notice_id(v, news, id);
    text words = peer.p ? words_of(v, news, peer, practice, a) : (text){0};
    struct own_call look = {.method = T("GET"), .path = arena_printf(a, "Communication/%s", id)};
    struct own_call put = {.method = T("PUT"), .path = look.path};
    put.body = words.p ? notice_text(v, id, words, w->now_ms(w->context), a) : (text){0};
    int rc = look.path.p && put.body.p ? w->own(w->context, NULL, &look, a, e) : move_no_memory(e);
    if (rc || look.status == 200 || look.status == 410) { /* it stands there already */
        return rc;
    }
    rc = w->own(w->context, NULL, &put, a, e);
    return rc || put.status == 200 || put.status == 201
               ? rc
               : err_set(e, put.status >= 500 || put.status == 429 ? ERR_BUSY : ERR_NOT_FOUND,
                         "the own record answered with %d to Communication/%s", put.status, id);
}

int move_refused(struct moves *m, const struct move *v, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    uint8_t leaf[1][32];
    text name = named(m, v->peer, a);
    const struct audit_event event = {.at_ms = w->now_ms(w->context),
                                      .kind = EVENT_REFUSED,
                                      .access = ACCESS_SYSTEM,
                                      .outcome = EVENT_MINOR,
                                      .patient = v->patient,
                                      .name = name,
                                      .peer = v->peer,
                                      .reason = T("it asked for the whole record")};
    int rc = name.p ? w->record(w->context, &event, 1, leaf, e) : move_no_memory(e);
    return rc ? rc : move_tell(m, v, MOVE_NEWS_REFUSED, false, a, e);
}

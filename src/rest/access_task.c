#include "rest/access.h"

/* Tasks for privacy officers and notices to patients: what stands in the queues of the pages. */

#define JOB_ROLES "https://fhir.nhs.uk/CodeSystem/HL7v3-SDSJobRoleName"

static text about_patient(struct access *a)
{
    return arena_printf(a->arena, "Patient/%.*s", TEXT_ARG(a->patient));
}

static void put_concept(struct buf *out, const char *name, const char *system, text code,
                        text display, text words)
{
    put_comma(out);
    buf_printf(out, "\"%s\":{", name);
    if (code.n) {
        buf_add(out, T("\"coding\":[{"));
        put_text(out, "system", text_of(system));
        put_text(out, "code", code);
        put_text(out, "display", display);
        buf_add(out, T("}]"));
    }
    put_text(out, "text", words);
    buf_addc(out, '}');
}

static void put_inputs(struct buf *out, const struct task_draft *d)
{
    const struct {
        const char *code;
        const char *words;
        text value;
    } inputs[] = {{"leaf", "Entry of the access log", d->leaf},
                  {"account", "Account", d->account},
                  {"by", "Account of whoever did it", d->by}};
    bool any = false;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        if (inputs[i].value.n) {
            buf_add(out, any ? T(",{") : T(",\"input\":[{"));
            buf_printf(out,
                       "\"type\":{\"coding\":[{\"system\":\"" KITH_SYSTEM
                       "task-input\",\"code\":\"%s\"}],\"text\":\"%s\"}",
                       inputs[i].code, inputs[i].words);
            put_text(out, "valueString", inputs[i].value);
            buf_addc(out, '}');
            any = true;
        }
    }
    buf_add(out, any ? T("]") : T(""));
}

int task_print(struct access *a, text id, const struct task_draft *d, text *ret_json, struct err *e)
{
    struct buf out;
    text requester = actor_reference(a->actor);
    buf_init(&out, 64 * 1024);
    buf_add(&out, T("{\"resourceType\":\"Task\""));
    put_text(&out, "id", id);
    if (d->for_reviewers) {
        buf_add(&out, T(",\"meta\":{\"security\":[{\"system\":\"" LABEL_SYSTEM_ACT
                        "\",\"code\":\"NOPAT\"}]}"));
    }
    buf_add(&out, T(",\"status\":\"requested\",\"intent\":\"order\",\"priority\":\"urgent\""));
    put_concept(&out, "businessStatus", KITH_SYSTEM "task-status", T("waiting"),
                T("waits for a review"), (text){0});
    put_concept(&out, "code", KEPT_TASKS, text_of(d->kind), (text){0}, text_of(d->title));
    put_text(&out, "description", d->words);
    put_reference(&out, "focus", d->focus, (text){0});
    put_reference(&out, "for", about_patient(a), (text){0});
    access_put_time(&out, "authoredOn", a->now_ms);
    access_put_time(&out, "lastModified", a->now_ms);
    put_reference(&out, "requester", requester, a->actor->name);
    buf_add(&out, T(",\"performerType\":[{"));
    buf_add(&out, T("\"coding\":[{\"system\":\"" JOB_ROLES "\",\"code\":\"R0001\","
                    "\"display\":\"Privacy Officer\"}],\"text\":\"Privacy officer\"}]"));
    if (d->reason) {
        put_concept(&out, "reasonCode", KITH_SYSTEM "access-reason", d->reason->code,
                    text_of(d->reason->display), d->reason->words);
    }
    put_inputs(&out, d);
    buf_addc(&out, '}');
    return access_text(a, &out, ret_json, e);
}

int notice_print(struct access *a, text id, text about, text words, bool private, text *ret_json,
                 struct err *e)
{
    struct buf out;
    text sender = actor_reference(a->actor);
    buf_init(&out, 64 * 1024);
    buf_add(&out, T("{\"resourceType\":\"Communication\""));
    put_text(&out, "id", id);
    if (private) {
        buf_add(&out, T(",\"meta\":{\"security\":[{\"system\":\"" LABEL_SYSTEM_KITH
                        "\",\"code\":\"not-proxy\"}]}"));
    }
    buf_add(&out, T(",\"status\":\"completed\",\"category\":["
                    "{\"coding\":[{\"system\":"
                    "\"http://terminology.hl7.org/CodeSystem/communication-category\","
                    "\"code\":\"notification\",\"display\":\"Notification\"}]},"
                    "{\"coding\":[{\"system\":\"" KEPT_NOTICES "\",\"code\":\"access\"}]}]"));
    put_reference(&out, "subject", about_patient(a), (text){0});
    if (about.n) {
        buf_add(&out, T(",\"about\":[{"));
        put_text(&out, "reference", about);
        buf_add(&out, T("}]"));
    }
    access_put_time(&out, "sent", a->now_ms);
    buf_add(&out, T(",\"recipient\":[{"));
    put_text(&out, "reference", about_patient(a));
    buf_add(&out, T("}]"));
    put_reference(&out, "sender", sender, a->actor->name);
    buf_add(&out, T(",\"payload\":[{"));
    put_text(&out, "contentString", words);
    buf_add(&out, T("}]}"));
    return access_text(a, &out, ret_json, e);
}

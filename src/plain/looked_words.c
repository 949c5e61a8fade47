/* Entries of the access log in words. To a patient the list speaks as "your"; others read "the". */
#include "plain/inner.h"

struct words {
    const char *code;
    const char *words[LANGUAGES];
};

/* What somebody did; of `with` the kinds of entries follow. */
static const struct words kinds[] = {
    {"read", {"Read", "Darllen"}},
    {"search", {"Looked for", "Chwilio am"}},
    {"history", {"Read earlier versions of", "Darllen fersiynau cynharach o"}},
    {"create", {"Added", "Ychwanegu"}},
    {"update", {"Changed", "Newid"}},
    {"delete", {"Deleted", "Dileu"}},
    {"operation", {"Read", "Darllen"}},
    {"gave", {"Another organisation was given", "Rhoddwyd i sefydliad arall"}},
    {"asked", {"Asked another organisation for", "Gofyn i sefydliad arall am"}},
    {"answered", {"Got from another organisation", "Cael gan sefydliad arall"}},
};
static const struct words whole_kinds[] = {
    {"export", {"Took a copy of the record", "Cymryd copi o’r cofnod"}},
    {"import", {"Loaded the record", "Llwytho’r cofnod"}},
    {"refused", {"Tried to look, and was refused", "Ceisio edrych, a chael ei wrthod"}},
    {"consent", {"Changed who may see the record", "Newid pwy gaiff weld y cofnod"}},
    {"seal", {"Sealed or unsealed a part", "Selio neu ddad-selio rhan"}},
    {"override", {"Opened what was withheld", "Agor yr hyn a ddaliwyd yn ôl"}},
    {"claim", {"Said why they had to look", "Dweud pam yr oedd rhaid edrych"}},
    {"review", {"Checked an opening", "Gwirio agoriad"}},
    {"proxy", {"Changed who acts for the patient", "Newid pwy sy’n gweithredu ar ran y claf"}},
    {"token", {"Let an app in", "Gadael ap i mewn"}},
    {"token-revoked", {"Ended the access of an app", "Dod â mynediad ap i ben"}},
    {"account", {"Changed how the patient signs in", "Newid sut mae’r claf yn mewngofnodi"}},
    {"erase", {"Erased the words of an entry", "Dileu geiriau cofnod"}},
};
static const struct words types[] = {
    {"Patient", {"personal details", "manylion personol"}},
    {"Observation", {"results or measurements", "canlyniadau neu fesuriadau"}},
    {"DiagnosticReport", {"test reports", "adroddiadau prawf"}},
    {"Condition", {"conditions", "cyflyrau"}},
    {"AllergyIntolerance", {"allergies", "alergeddau"}},
    {"MedicationRequest", {"medicines", "meddyginiaethau"}},
    {"MedicationStatement", {"medicines", "meddyginiaethau"}},
    {"MedicationDispense", {"medicines", "meddyginiaethau"}},
    {"Immunization", {"vaccinations", "brechiadau"}},
    {"Procedure", {"operations and treatments", "llawdriniaethau a thriniaethau"}},
    {"Encounter", {"visits", "ymweliadau"}},
    {"Appointment", {"appointments", "apwyntiadau"}},
    {"DocumentReference", {"letters and documents", "llythyrau a dogfennau"}},
    {"CarePlan", {"care plans", "cynlluniau gofal"}},
    {"ServiceRequest", {"referrals and requests", "atgyfeiriadau a cheisiadau"}},
    {"Consent", {"choices about the record", "dewisiadau am y cofnod"}},
    {"Communication", {"messages to the patient", "negeseuon i’r claf"}},
    {"CareTeam", {"teams that look after the patient", "timau sy’n gofalu am y claf"}},
    {"RelatedPerson", {"family and carers", "teulu a gofalwyr"}},
    {"Task", {"tasks for a privacy officer", "tasgau i swyddog preifatrwydd"}},
    {"AuditEvent", {"this list", "y rhestr hon"}},
    {"$everything", {"the record", "y cofnod"}},
    {"$joined", {"the record from all places", "y cofnod o bob man"}},
    {"$summary", {"a summary of the record", "crynodeb o’r cofnod"}},
    {"places", {"where there is a record", "lle mae cofnod"}},
};
static const struct words purposes[] = {
    {"TREAT", {"For care", "Ar gyfer gofal"}},
    {"ETREAT", {"In an emergency", "Mewn argyfwng"}},
    {"PATRQT", {"Because the patient asked", "Am fod y claf wedi gofyn"}},
    {"FAMRQT", {"Because family or a carer asked", "Am fod teulu neu ofalwr wedi gofyn"}},
    {"HOPERAT", {"To run the service", "I redeg y gwasanaeth"}},
    {"HPAYMT", {"For payment", "Ar gyfer taliad"}},
    {"HRESCH", {"For research", "Ar gyfer ymchwil"}},
    {"PUBHLTH", {"For public health", "Ar gyfer iechyd y cyhoedd"}},
    {"HLEGAL", {"Because the law asks for it", "Am fod y gyfraith yn gofyn"}},
    {"HCOMPL", {"To check how records are used", "I wirio sut y defnyddir cofnodion"}},
    {"SYSADMIN", {"To keep the system running", "I gadw’r system i redeg"}},
};
static const struct words reasons[] = {
    {"best-interests", {"it was best for the patient", "dyna oedd orau i’r claf"}},
    {"emergency", {"it was an emergency", "roedd yn argyfwng"}},
    {"patient-asked", {"the patient asked them to", "gofynnodd y claf iddynt"}},
    {"handling-referral", {"they handled a referral", "roeddent yn delio ag atgyfeiriad"}},
    {"public-interest", {"it protected other people", "roedd yn diogelu pobl eraill"}},
    {"statute", {"a law asks for it", "mae cyfraith yn gofyn amdano"}},
    {"court-order", {"a court ordered it", "gorchmynnodd llys hynny"}},
};
#define FIND(rows, code, language) find(rows, sizeof(rows) / sizeof *(rows), code, language)

static text find(const struct words *rows, size_t count, text code, enum language language)
{
    for (size_t i = 0; i < count; i++) {
        if (text_eq(code, text_of(rows[i].code))) {
            return text_of(rows[i].words[language]);
        }
    }
    return T("");
}

static text member(const yyjson_val *entry, const char *name)
{
    text t = json_text(json_get(entry, text_of(name)));
    return t.p ? t : T("");
}

text looked_who(struct page *p, const yyjson_val *entry)
{
    text class = member(entry, "class");
    text name = member(entry, "name");
    text client = member(entry, "client_name");
    bool own = text_eq(p->patient, p->visitor.patient);
    if (text_eq(class, T("self"))) {
        return own ? page_text(p, TEXT_YOU) : name.n ? name : page_text(p, TEXT_THE_PATIENT);
    }
    if (text_eq(class, T("system")) || text_eq(class, T("prefetch"))) {
        return client.n ? client : name.n ? name : page_text(p, TEXT_A_PROGRAM);
    }
    if (text_eq(class, T("erased"))) {
        return page_text(p, TEXT_ERASED);
    }
    return name.n                       ? name
           : text_eq(class, T("legal")) ? page_text(p, TEXT_NOT_TOLD_YET)
           : client.n                   ? client
                                        : page_text(p, TEXT_NAME_NOT_NOTED);
}

/* "Observation/5", "Patient/5/$summary", "Observation, Condition": each kind once, in words. */
static void add_things(struct page *p, text what, struct buf *out)
{
    text one;
    size_t begin = out->n;
    while (text_cut(&what, ',', &one)) {
        text kind = text_trim(one);
        size_t dollar = text_find(kind, '$');
        kind = dollar < kind.n ? text_from(kind, dollar) : text_first(kind, text_find(kind, '/'));
        text words = FIND(types, kind, p->language);
        words = words.n ? words : kind;
        text before = text_from(buf_text(out), begin);
        if (!before.n || !memmem(before.p, before.n, words.p, words.n)) {
            buf_add(out, before.n ? T(", ") : T(" "));
            buf_add(out, words);
        }
    }
}

text looked_what(struct page *p, const yyjson_val *entry)
{
    struct buf out;
    text kind = member(entry, "kind");
    text whole = FIND(whole_kinds, kind, p->language);
    text does = FIND(kinds, kind.n ? kind : T("read"), p->language);
    if (text_eq(member(entry, "class"), T("erased")) || whole.n) {
        return whole;
    }
    buf_init(&out, WORDS_MOST);
    buf_add(&out, does.n ? does : kind);
    text what = member(entry, "what");
    add_things(p, what.n ? what : T("$everything"), &out);
    text made = arena_copy(p->a, buf_text(&out));
    buf_done(&out);
    return made.p ? made : kind;
}

/* "handling-referral: A letter about a knee" */
static void add_reason(struct page *p, text reason, struct buf *out)
{
    size_t end = 0;
    while (end < reason.n && !strchr(":,; ", reason.p[end])) {
        end++;
    }
    text known = FIND(reasons, text_first(reason, end), p->language);
    text rest = text_trim(text_from(reason, end + 1));
    buf_add(out, out->n ? T(". ") : T(""));
    buf_add(out, page_text(p, TEXT_THEY_SAID));
    buf_add(out, T(": "));
    buf_add(out, known.n ? known : reason);
    if (known.n && rest.n) {
        buf_add(out, T(": "));
        buf_add(out, rest);
    }
}

text looked_why(struct page *p, const yyjson_val *entry)
{
    struct buf out;
    text relation = member(entry, "relation");
    text reason = member(entry, "reason");
    relation = text_eq(relation, T("no relationship")) ? page_text(p, TEXT_NO_TIE) : relation;
    if (text_eq(member(entry, "class"), T("self"))) {
        return T(""); /* nobody asks why somebody reads their own record */
    }
    buf_init(&out, WORDS_MOST);
    buf_add(&out, FIND(purposes, member(entry, "purpose"), p->language));
    if (relation.n) {
        text they = T("the patient is ");
        bool own = text_eq(p->patient, p->visitor.patient) && text_starts(relation, they);
        buf_add(&out, out.n ? T(": ") : T(""));
        buf_add(&out, own ? T("you are ") : T(""));
        buf_add(&out, own ? text_from(relation, they.n) : relation);
    }
    if (reason.n) {
        add_reason(p, reason, &out);
    }
    text made = arena_copy(p->a, buf_text(&out));
    buf_done(&out);
    return made.p ? made : T("");
}

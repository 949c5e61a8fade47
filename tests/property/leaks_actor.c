#include "leaks.h"

#include <stdio.h>
#include <stdlib.h>

/* Who asks. */

static const char *const roles[] = {"R8000", "R8001", "R8009", "R0001", "R1290", "R8014", "R1860",
                                    "R8006", "K1005", "K1003", "R5105", "R8004", "K1004"};

static const char *const user_scopes[] = {
    "user/*.cruds",
    "user/*.rs",
    "user/Patient.rs user/Observation.rs?category="
    "laboratory user/Condition.cruds user/Encounter.rs",
    "patient/*.rs user/Patient.rs launch/patient",
    "patient/Observation.rs?category=laboratory patient/Patient.rs patient/Condition.rs "
    "patient/Encounter.rs launch/patient",
    "user/Condition.cruds?clinical-status=active user/Observation.cruds user/Patient.cruds",
    "user/*.r",
    "user/Patient.rs user/Observation.s user/Condition.r user/MedicationRequest.rs",
};
static const char *const system_scopes[] = {
    "system/*.rs",
    "system/*.cruds",
    "system/Patient.rs system/Observation.rs system/Condition.rs",
    "system/Patient.rs system/Observation.rs?category=laboratory system/Encounter.cruds",
    ("system/Observation.cruds?category=vital-signs system/Condition.rs?clinical-status=active "
     "system/Patient.cruds"),
    "system/Observation.rs",
};

static void take_scopes(struct world *w, const char *words, bool in_context)
{
    struct err e = {0};
    struct index_rules rules = {.base = T("http://localhost/fhir")};
    struct scopes *s = arena_zalloc(&w->a, 1, sizeof *s);
    if (scopes_parse(text_of(words), &w->a, s, &e)) {
        (void)fprintf(stderr, "scopes: %s\n", err_text(&e));
        abort();
    }
    if (in_context) {
        s->patient = arena_printf(&w->a, "Patient-%u", any(w, PATIENTS));
    }
    if (scopes_plan(s, &rules, &w->a, &e)) {
        (void)fprintf(stderr, "scopes: %s\n", err_text(&e));
        abort();
    }
    w->caller.scopes = s;
    w->limited = strchr(words, '?') != NULL;
    w->actor_words = arena_printf(&w->a, "%s with %s (patient '%.*s')", w->actor_words, words,
                                  TEXT_ARG(s->patient))
                         .p;
}

static void party(struct world *w, text *parties, const char *template)
{
    struct actor *a = &w->caller.actor;
    parties[a->party_count++] = text_of(fill(w, template, "", 0, 0));
}

static void professional(struct world *w, text *parties)
{
    struct actor *a = &w->caller.actor;
    const struct job_role *role =
        job_role_find(text_of(roles[any(w, 3) ? any(w, 2) : any(w, sizeof roles / sizeof *roles)]));
    a->kind = ACTOR_PROFESSIONAL;
    a->role = text_of(role->code);
    a->role_name = text_of(role->name);
    a->activities = role->activities;
    a->purpose = strcmp(role->code, "R1860") == 0 ? PURPOSE_RESEARCH
                 : any(w, 6)                      ? PURPOSE_TREAT
                                                  : PURPOSE_EMERGENCY;
    party(w, parties, "Practitioner/Practitioner-0");
    party(w, parties, "<PractitionerRole/PractitionerRole-0|CareTeam/<#CareTeam>>");
    if (any(w, 2)) {
        party(w, parties, "Organization/<#Organization>");
        a->organisation = parties[a->party_count - 1];
    }
    w->actor_words = arena_printf(&w->a, "%s, purpose %s", role->name, purpose_code(a->purpose)).p;
    if (any(w, 3) == 0) {
        take_scopes(w, user_scopes[any(w, sizeof user_scopes / sizeof *user_scopes)], true);
    }
}

static void person(struct world *w, text *parties)
{
    static const char *const scopes[] = {
        "patient/*.rs", "patient/*.cruds",
        "patient/Patient.rs patient/Observation.rs?category=laboratory patient/Condition.rs"};
    struct actor *a = &w->caller.actor;
    a->kind = ACTOR_PERSON;
    a->purpose = PURPOSE_PATIENT;
    if (any(w, 4)) {
        party(w, parties, "Patient/<#Patient>");
        a->patient = text_from(parties[0], T("Patient/").n);
    }
    if (!a->party_count || any(w, 2)) {
        party(w, parties, "RelatedPerson/<#RelatedPerson>");
    }
    w->actor_words = "a person";
    if (any(w, 3) == 0) {
        take_scopes(w, scopes[any(w, sizeof scopes / sizeof *scopes)], true);
        w->caller.scopes->patient = any(w, 4) ? a->patient : w->caller.scopes->patient;
    }
}

void actor_make(struct world *w)
{
    struct actor *a = &w->caller.actor;
    text *parties = arena_zalloc(&w->a, 8, sizeof *parties);
    w->limited = false;
    a->parties = parties;
    a->account = T("account");
    a->name = T("Somebody");
    switch (any(w, 6)) {
    case 0:
        a->kind = ACTOR_SYSTEM;
        a->purpose = any(w, 4) ? PURPOSE_TREAT : PURPOSE_RESEARCH;
        w->actor_words = "a program";
        w->caller.client = T("program");
        take_scopes(w, system_scopes[any(w, sizeof system_scopes / sizeof *system_scopes)], false);
        break;
    case 1:
    case 2:
        person(w, parties);
        break;
    default:
        professional(w, parties);
        break;
    }
    for (size_t i = 0; i < a->party_count; i++) {
        w->actor_words = arena_printf(&w->a, "%s, %.*s", w->actor_words, TEXT_ARG(parties[i])).p;
    }
}

/* The invariants of R4 in plain words: what is wrong, and what to do. */
#include "fhir/profile_rule.h"

struct rule_words {
    const char *key;
    const char *of; /* the definition, where several have a rule of this key; NULL: any */
    const char *words;
};

static const struct rule_words types[] = {
    {"age-1", NULL,
     "an age is a value above 0 with the code of a unit of time; a system beside it is UCUM's"},
    {"att-1", NULL, "an attachment with data needs its contentType"},
    {"cnt-3", NULL, "a count is a whole number with the code 1; a system beside it is UCUM's"},
    {"cpt-2", NULL, "a telecom with a value needs its system (phone, email ...)"},
    {"dis-1", NULL,
     "a distance with a value needs the code of a unit of length; a system beside it is UCUM's"},
    {"drq-1", NULL, "a codeFilter has a path or a searchParam: give exactly one"},
    {"drq-2", NULL, "a dateFilter has a path or a searchParam: give exactly one"},
    {"drt-1", NULL,
     "a duration with a code needs its value, and the system http://unitsofmeasure.org"},
    {"ele-1", NULL,
     "an element cannot be empty: give it a value or elements in it, or leave it out"},
    {"exp-1", NULL,
     "an expression needs its text in expression, or the address of one in reference"},
    {"ext-1", NULL, "an extension has a value[x] or extensions in it: give exactly one of the two"},
    {"mqty-1", NULL,
     "an amount of money needs a code for its currency; a system beside it is "
     "urn:iso:std:iso:4217"},
    {"per-1", NULL, "the period's start must not be after its end"},
    {"qty-3", NULL, "a unit's code needs the system that it is from, as http://unitsofmeasure.org"},
    {"rat-1", NULL, "a ratio has numerator and denominator, or neither and an extension"},
    {"ref-1", NULL, "a reference with # must name a resource in contained, by its id"},
    {"rng-2", NULL, "the range's low must not be greater than its high"},
    {"sqty-1", NULL, "this quantity is a plain one: leave its comparator out"},
    {"tim-1", NULL, "duration needs durationUnit"},
    {"tim-2", NULL, "period needs periodUnit"},
    {"tim-4", NULL, "a duration cannot be negative"},
    {"tim-5", NULL, "a period cannot be negative"},
    {"tim-6", NULL, "periodMax needs a period"},
    {"tim-7", NULL, "durationMax needs a duration"},
    {"tim-8", NULL, "countMax needs a count"},
    {"tim-9", NULL, "offset needs a when, other than C, CM, CD and CV"},
    {"tim-10", NULL, "timeOfDay and when cannot both be given"},
    {"trd-1", NULL, "a trigger has data or a timing: leave one of them out"},
    {"trd-2", NULL, "a trigger's condition is asked of its data: give data, or no condition"},
    {"trd-3", NULL,
     "a trigger's type says what it needs: named-event a name, periodic a timing, data-... data"},
    {"txt-1", NULL,
     "the narrative is a <div> of XHTML with elements that format text, links and images: take "
     "scripts, forms, frames and attributes of events out"},
    {"txt-2", NULL, "the narrative has nothing to read: write some text or show an image"},
};

static const struct rule_words resources[] = {
    {"dom-2", NULL, "a contained resource cannot contain others: put them all into the outer one"},
    {"dom-3", NULL,
     "a contained resource must be referred to (#id) from the resource that it is in, or refer to "
     "it (#)"},
    {"dom-4", NULL,
     "a contained resource has no versions of its own: take meta.versionId and meta.lastUpdated "
     "out"},
    {"dom-5", NULL,
     "a contained resource is as secret as the one that it is in: put the security label there"},
    {"dom-6", NULL,
     "a resource should have a narrative (text.div), which people can read where nothing else is "
     "understood"},
    {"inv-1", "Parameters", "a parameter has a value[x], a resource or parts: give exactly one"},
    {"bdl-1", NULL, "total is for the types searchset and history"},
    {"bdl-2", NULL, "entry.search is for the type searchset"},
    {"bdl-3", NULL,
     "entry.request must stand in each entry of a batch, transaction or history, and in no other "
     "bundle"},
    {"bdl-4", NULL,
     "entry.response must stand in each entry of a batch-response, transaction-response or "
     "history, and in no other bundle"},
    {"bdl-5", NULL, "an entry needs a resource, a request or a response"},
    {"bdl-7", NULL, "two entries have the same fullUrl and the same version"},
    {"bdl-8", NULL, "a fullUrl has no version (/_history/)"},
    {"bdl-9", NULL, "a document needs an identifier with system and value"},
    {"bdl-10", NULL, "a document needs a timestamp"},
    {"bdl-11", NULL, "a document's first entry is its Composition"},
    {"bdl-12", NULL, "a message's first entry is its MessageHeader"},
};

static const struct rule_words care[] = {
    {"ait-1", NULL, "clinicalStatus must be given, unless verificationStatus is entered-in-error"},
    {"ait-2", NULL, "with the verificationStatus entered-in-error there can be no clinicalStatus"},
    {"app-1", NULL, "a participant needs a type or an actor"},
    {"app-2", NULL, "start and end are given both, or neither"},
    {"app-3", NULL,
     "start and end may be left out only of appointments that are proposed, cancelled or on a "
     "waitlist"},
    {"app-4", NULL, "cancelationReason is for appointments that are cancelled or a no-show"},
    {"apr-1", NULL, "say who answers: give a participantType or an actor"},
    {"ces-1", NULL,
     "an item is named by its category or by its productOrService: give exactly one"},
    {"cmp-1", NULL, "a section needs text, an entry or a section in it"},
    {"cmp-2", NULL, "a section with entries is not empty: emptyReason cannot be given"},
    {"con-1", NULL, "a stage needs a summary or an assessment"},
    {"con-2", NULL, "evidence needs a code or a detail"},
    {"con-3", NULL,
     "clinicalStatus should be given for what is on a problem list, unless verificationStatus is "
     "entered-in-error"},
    {"con-4", NULL, "what has an abatement has the clinicalStatus inactive, resolved or remission"},
    {"con-5", NULL, "with the verificationStatus entered-in-error there can be no clinicalStatus"},
    {"cpl-3", NULL, "an activity has a reference or a detail, not both"},
    {"ctm-1", NULL, "onBehalfOf is for a member that is a Practitioner"},
    {"fhs-1", NULL, "age and born cannot both be given"},
    {"fhs-2", NULL, "estimatedAge needs an age"},
    {"gol-1", NULL, "a target's detail needs its measure"},
    {"imm-1", NULL, "education needs a documentType or a reference"},
    {"imr-1", NULL, "a recommendation needs a vaccineCode or a targetDisease"},
    {"inv-1", "Task",
     "a task cannot be changed before it was made: lastModified is before authoredOn"},
    {"inv-1", "Event", "a notDoneReason is for the status not-done"},
    {"inv-2", "Event",
     "with the status not-done there can be no reasonCode and no reasonReference"},
    {"inv-1", "allergyintolerance-substanceExposureRisk",
     "the extension says the substance: leave AllergyIntolerance.code out beside it"},
    {"lnk-1", NULL, "a linkage joins records: give at least two items"},
    {"lst-1", NULL, "a list with entries is not empty: emptyReason cannot be given"},
    {"lst-2", NULL, "entries are marked deleted only in a list with the mode changes"},
    {"lst-3", NULL, "an entry's date is only for a list with the mode working"},
    {"mad-1", NULL, "the dosage says how much: give a dose or a rate[x]"},
    {"mdd-1", NULL, "a medicine is handed over after it is prepared: correct one of the two times"},
    {"msq-3", NULL, "coordinateSystem is 0 (counted from 0) or 1 (counted from 1)"},
    {"msq-5", NULL, "genomeBuild and chromosome belong together: give both, or neither"},
    {"msq-6", NULL,
     "a reference sequence is named in one way: give genomeBuild, referenceSeqId, "
     "referenceSeqPointer or referenceSeqString, and no second one"},
    {"nor-1", NULL,
     "an order of nutrition should say what of: give an oralDiet, a supplement or an "
     "enteralFormula"},
    {"obs-3", NULL, "a referenceRange needs low, high or text"},
    {"obs-6", NULL, "an observation with a value cannot have a dataAbsentReason"},
    {"obs-7", NULL,
     "an observation with a component of its own code has its value in the component alone"},
    {"ppc-1", NULL, "a consent needs a policy or a policyRule"},
    {"ppc-2", NULL, "a consent about privacy needs its patient"},
    {"ppc-3", NULL, "a consent about research needs its patient"},
    {"ppc-4", NULL, "a consent that is an advance directive needs its patient"},
    {"ppc-5", NULL, "a consent to treatment needs its patient"},
    {"prr-1", NULL, "orderDetail needs a code"},
    {"qrs-1", NULL,
     "items stand in an answer, or beside none: answer and item cannot both be given"},
    {"ras-1", NULL, "low and high of a probability are percentages: their code is % of UCUM"},
    {"ras-2", NULL, "a probability is a percentage: it cannot be above 100"},
    {"rqg-1", NULL, "an action is a resource or has actions in it: give exactly one of the two"},
    {"vs-1", NULL,
     "the time of a vital sign is known at least to the day: give year, month and day"},
    {"vs-2", NULL,
     "a vital sign needs a value[x], a component or a hasMember; without them a dataAbsentReason"},
    {"vs-3", NULL, "a component needs a value[x], or a dataAbsentReason that says why it has none"},
};

static const struct rule_words administration[] = {
    {"grp-1", NULL, "only a group that is actual has members"},
    {"ipn-1", NULL, "an insurance plan needs a name or an identifier"},
    {"org-1", NULL, "an organisation needs a name or an identifier"},
    {"org-2", NULL, "an organisation's address cannot have the use home"},
    {"org-3", NULL, "an organisation's telecom cannot have the use home"},
    {"pat-1", NULL, "a contact needs a name, telecom, address or organization: give at least one"},
    {"sev-1", NULL, "an entity is named by its name or by its query: leave one of them out"},
    {"mea-1", NULL,
     "a stratifier has components, or its own code, description or criteria: not both, not "
     "neither"},
    {"mrp-1", NULL, "a report of the type data-collection has no groups"},
    {"mrp-2", NULL, "a stratum has a value or components: give exactly one of the two"},
};

static const struct rule_words questionnaires[] = {
    {"que-1", NULL, "a group needs items in it, a display cannot have any"},
    {"que-2", NULL, "each linkId stands once in a questionnaire"},
    {"que-3", NULL, "an item of the type display has no code"},
    {"que-4", NULL, "answerOption and answerValueSet cannot both be given"},
    {"que-5", NULL, "answers to choose from need an item whose type has them, as choice"},
    {"que-6", NULL, "an item of the type display is neither required nor repeated"},
    {"que-7", NULL, "with the operator exists the answer is true or false"},
    {"que-8", NULL, "a group or display has no initial value"},
    {"que-9", NULL, "an item of the type display has no readOnly"},
    {"que-10", NULL,
     "maxLength is for boolean, decimal, integer, string, text, url and open-choice"},
    {"que-11", NULL, "with answerOption the initial answer is marked there (initialSelected)"},
    {"que-12", NULL, "several enableWhen need enableBehavior"},
    {"que-13", NULL, "several initial values need an item that repeats"},
};

static const struct rule_words terminology[] = {
    {"cmd-1", NULL, "a match that is narrower or inexact needs a comment that says how"},
    {"cmd-2", NULL, "with the mode fixed the code that is meant must be given"},
    {"cmd-3", NULL, "with the mode other-map the url of that map must be given"},
    {"csd-1", NULL, "each code stands once in a code system"},
    {"nsd-1", NULL, "a system of the kind root is no UUID: give its identifiers another type"},
    {"nsd-2", NULL, "of identifiers of one type only one can be preferred"},
    {"tcp-1", NULL, "where a code system has several versions each of them needs its code"},
    {"tcp-2", NULL,
     "say what is described: give a description, the software or the implementation"},
    {"tcp-3", NULL, "the kind instance needs its implementation"},
    {"tcp-4", NULL, "the kind capability is of software: give that, and no implementation"},
    {"tcp-5", NULL, "the kind requirements has neither implementation nor software"},
    {"vsd-1", NULL, "an include needs a system or a valueSet"},
    {"vsd-2", NULL, "concepts and filters need the system that they are of"},
    {"vsd-3", NULL, "an include has concepts or filters, not both"},
    {"vsd-6", NULL, "an entry of an expansion needs a code or, as a heading, a display"},
    {"vsd-9", NULL, "an entry of an expansion needs its code, unless it is abstract"},
    {"vsd-10", NULL, "the code of an entry needs the system that it is of"},
};

static const struct rule_words elements[] = {
    {"eld-1", NULL, "slices are told apart by a discriminator, or a description says how"},
    {"eld-2", NULL, "min is greater than max"},
    {"eld-3", NULL, "max is a whole number of 0 or more, or *"},
    {"eld-4", NULL, "aggregation is for the types Reference and canonical"},
    {"eld-5", NULL,
     "an element with a contentReference has all else from there: take its type, binding, values "
     "and maxLength out"},
    {"eld-6", NULL, "a fixed value needs an element of one type: leave the other types out"},
    {"eld-7", NULL, "a pattern needs an element of one type: leave the other types out"},
    {"eld-8", NULL, "an element has a fixed value or a pattern: leave one of them out"},
    {"eld-11", NULL,
     "a binding is for code, Coding, CodeableConcept, Quantity, string and uri: this type has no "
     "codes"},
    {"eld-12", NULL,
     "the value set of a binding is named by an address with http:, https: or urn:"},
    {"eld-13", NULL, "each type stands once: join the profiles of the same type"},
    {"eld-14", NULL, "two constraints of one element have the same key: rename one of them"},
    {"eld-15", NULL,
     "a missing element has a default value or a meaning (meaningWhenMissing): leave one out"},
    {"eld-16", NULL,
     "a sliceName has letters, digits, - _ @ [ ] alone, with / for slices of slices"},
    {"eld-17", NULL, "a targetProfile is for the types Reference and canonical"},
    {"eld-18", NULL, "an element that is a modifier needs its isModifierReason"},
    {"eld-19", NULL,
     "a path is of names with a dot between, each of 1 to 64 characters without spaces and "
     "punctuation"},
    {"eld-20", NULL,
     "the names in a path should begin with a letter and have letters and digits alone, so that "
     "programs can be made from them"},
    {"eld-21", NULL, "a constraint should have an expression: without one nothing is checked"},
    {"eld-22", NULL, "sliceIsConstraining is for slices: give the sliceName"},
};

static const struct rule_words structures[] = {
    {"sdf-1", NULL, "a path stands twice in the snapshot: only constraints may say it again"},
    {"sdf-2", NULL, "a mapping needs a name or a uri"},
    {"sdf-3", NULL, "an element of the snapshot lacks its definition, min or max"},
    {"sdf-4", NULL, "a definition that is not abstract needs a baseDefinition"},
    {"sdf-5", NULL, "the definition of an extension needs a context: say where it may stand"},
    {"sdf-6", NULL, "a definition needs a snapshot or a differential"},
    {"sdf-8", NULL, "each path of the snapshot begins with the type that is defined"},
    {"sdf-8a", NULL, "each path of the differential begins with the type that is defined"},
    {"sdf-8b", NULL, "an element of the snapshot lacks its base: say which element it comes from"},
    {"sdf-9", NULL, "the first element of a definition has no label, code or requirements"},
    {"sdf-10", NULL, "a binding needs the valueSet, or a description of the codes"},
    {"sdf-11", NULL, "the snapshot's first path is not the type that is defined"},
    {"sdf-14", NULL, "an element lacks its id"},
    {"sdf-15", NULL, "the snapshot's first element stands for the type itself: leave its type out"},
    {"sdf-15a", NULL,
     "the differential's first element stands for the type itself: leave its type out"},
    {"sdf-16", NULL, "the ids of the snapshot's elements are missing or not all different"},
    {"sdf-17", NULL, "the ids of the differential's elements are missing or not all different"},
    {"sdf-18", NULL, "contextInvariant is for extensions: this defines another type"},
    {"sdf-19", NULL,
     "definitions of http://hl7.org/fhir/StructureDefinition have types of R4 alone, each with "
     "its code"},
    {"sdf-20", NULL, "the differential's first element cannot be sliced"},
    {"sdf-21", NULL, "a default value is for new types (derivation specialization)"},
    {"sdf-22", NULL,
     "definitions of http://hl7.org/fhir/StructureDefinition have no default values"},
    {"sdf-23", NULL, "the first element of a definition is no slice: leave its sliceName out"},
};

static const struct rule_words conformance[] = {
    {"cpb-1", NULL, "say what can be done: give rest, messaging or document"},
    {"cpb-2", NULL,
     "say what is described: give a description, the software or the implementation"},
    {"cpb-3", NULL, "messaging.endpoint is for the kind instance: others have no address"},
    {"cpb-7", NULL, "two documents have the same profile and mode: join them"},
    {"cpb-9", NULL, "a resource type stands twice in one rest: join the two"},
    {"cpb-12", NULL, "a search parameter of a resource type stands twice: leave one out"},
    {"cpb-14", NULL, "the kind instance needs its implementation"},
    {"cpb-15", NULL, "the kind capability is of software: give that, and no implementation"},
    {"cpb-16", NULL, "the kind requirements has neither implementation nor software"},
    {"ig-1", NULL, "a groupingId names no grouping of this guide: add it, or correct the id"},
    {"ig-2", NULL, "a resource's fhirVersion is none of the guide's own: add it there"},
    {"md-1", NULL, "max is a whole number above 0, or *"},
    {"opd-1", NULL, "a parameter of an operation needs a type, or parts"},
    {"opd-2", NULL, "a searchType is for parameters of the type string"},
    {"opd-3", NULL, "a targetProfile is for parameters of the types Reference and canonical"},
    {"smp-1", NULL, "an element needs the context that it is in"},
    {"smp-2", NULL, "a context needs its contextType"},
    {"spd-1", NULL, "an xpath needs its xpathUsage"},
    {"spd-2", NULL, "chain is for search parameters of the type reference"},
};

static const struct rule_words scripts[] = {
    {"inv-1", "TestReport", "a step of setup is an operation or an assert: give exactly one"},
    {"inv-2", "TestReport", "a step of a test is an operation or an assert: give exactly one"},
    {"tst-1", NULL, "a step of setup is an operation or an assert: give exactly one"},
    {"tst-2", NULL, "a step of a test is an operation or an assert: give exactly one"},
    {"tst-3", NULL, "a variable comes from an expression, a headerField or a path: leave one out"},
    {"tst-4", NULL, "a capability is required or validated: give one of them, or both"},
    {"tst-5", NULL, "an assert of setup asks one thing: split it into several"},
    {"tst-6", NULL, "an assert of a test asks one thing: split it into several"},
    {"tst-7", NULL, "an operation of setup needs a sourceId, or one of targetId, params and url"},
    {"tst-8", NULL, "an operation of a test needs a sourceId, or one of targetId, params and url"},
    {"tst-9", NULL,
     "an operation of teardown needs a sourceId, or one of targetId, params and url"},
    {"tst-10", NULL,
     "an assert of setup with compareToSourceId needs compareToSourceExpression or "
     "compareToSourcePath, and these need it"},
    {"tst-11", NULL,
     "an assert of a test with compareToSourceId needs compareToSourceExpression or "
     "compareToSourcePath, and these need it"},
    {"tst-12", NULL, "of a request, setup can ask no response and no responseCode"},
    {"tst-13", NULL, "of a request, a test can ask no response and no responseCode"},
};

static const struct {
    const struct rule_words *rows;
    size_t count;
} tables[] = {
    {types, sizeof types / sizeof types[0]},
    {resources, sizeof resources / sizeof resources[0]},
    {care, sizeof care / sizeof care[0]},
    {administration, sizeof administration / sizeof administration[0]},
    {questionnaires, sizeof questionnaires / sizeof questionnaires[0]},
    {terminology, sizeof terminology / sizeof terminology[0]},
    {elements, sizeof elements / sizeof elements[0]},
    {structures, sizeof structures / sizeof structures[0]},
    {conformance, sizeof conformance / sizeof conformance[0]},
    {scripts, sizeof scripts / sizeof scripts[0]},
};

static bool is_of(const struct rule_words *row, text key, text of)
{
    return text_eq(key, text_of(row->key)) && (!row->of || text_eq(of, text_of(row->of)));
}

bool profile_rule_is_base(text source)
{
    return text_starts(source, T(DEFS_BASE)) || text_find(source, ':') == source.n;
}

text profile_rule_words(text key, text source)
{
    if (!profile_rule_is_base(source)) {
        return T("");
    }
    text of = text_starts(source, T(DEFS_BASE)) ? text_from(source, T(DEFS_BASE).n) : source;
    of = text_first(of, text_find(of, '|'));
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (size_t k = 0; k < tables[i].count; k++) {
            if (is_of(&tables[i].rows[k], key, of)) {
                return text_of(tables[i].rows[k].words);
            }
        }
    }
    /* The -0 of each kind of definition is the same rule. */
    return text_ends(key, T("-0"))
               ? T("name should be usable in a program: a capital letter, then letters, digits "
                   "and _, at most 255")
               : T("");
}

/* One entry of a record, with where it comes from. */
import type { Loaded } from '../load.ts';
import { showDateTime, showTimes } from '../model/dates.ts';
import {
    list,
    plain,
    sentence,
    statusCode,
    title,
    type Coding,
    type Concept,
    type Ref,
    type Resource,
} from '../model/fhir.ts';
import { medicineName, reasonOf, type RecordIndex } from '../model/record.ts';
import { letterOf } from '../model/letters.ts';
import { entryOf, statusWords, type Entry } from '../model/timeline.ts';
import { dosage, observationValue, referenceRange } from '../model/values.ts';
import { AskedPlaces } from '../parts/asked.tsx';
import { Heading, More, Section, Tag } from '../parts/basic.tsx';
import { ItemActions } from '../parts/item-actions.tsx';
import { useLay } from '../parts/lay.ts';
import { lazy } from '../parts/lazy.tsx';
import { OriginalFile } from '../parts/original.tsx';
import { Raw, SourceList } from '../parts/source.tsx';
import { isPatient } from '../model/account.ts';
import { mayChange } from '../model/entry-kinds.ts';
import { isOwn } from '../model/mark.ts';
import { changeHref, entryHref, recordHref } from '../router.ts';
import { write } from '../texts/write.ts';
import type { RecordPageProps } from '../routes.ts';
import { entry as words } from '../texts/entry.ts';
import { lists } from '../texts/lists.ts';
import { timelineTexts } from '../texts/timeline.ts';

/* Not with the entry: it asks by itself, and what is recorded does not wait for it. */
const Beside = lazy(() => import('../parts/ask.tsx').then((m) => m.Beside));

function facts(r: Resource, index: RecordIndex): [string, string][] {
    const t = words();
    const names = (concepts: Concept[]) => concepts.map(title).filter(Boolean).join(', ');
    const medicine =
        r.medicationCodeableConcept || r.medicationReference ? medicineName(index, r) : '';
    const isResult = r.resourceType === 'Observation';
    const stands = [r.status, statusCode(r.clinicalStatus), statusCode(r.verificationStatus)];
    const risk = r.criticality ? (RISKS()[r.criticality] ?? sentence(r.criticality)) : '';
    return [
        [t.medicine, medicine],
        [t.dose, dosage(r)],
        [t.value, isResult ? observationValue(r).text : ''],
        [t.range, isResult ? (referenceRange(r)?.text ?? '') : ''],
        [t.interpretation, names(list<Concept>(r.interpretation))],
        [t.conclusion, typeof r.conclusion === 'string' ? r.conclusion : ''],
        [t.description, typeof r.description === 'string' ? r.description : ''],
        [t.reaction, names(list<any>(r.reaction).flatMap((x) => list<Concept>(x.manifestation)))],
        [t.criticality, risk],
        [t.severity, title(r.severity)],
        [t.reason, reasonOf(index, r)],
        [t.bodySite, names(list<Concept>(r.bodySite))],
        [
            t.note,
            list<any>(r.note)
                .map((n) => n.text)
                .filter(Boolean)
                .join('\n'),
        ],
        [t.status, [...new Set(stands.filter(Boolean).map(statusWords))].join(', ')],
        [t.recorded, showDateTime(r.recordedDate ?? r.issued ?? r.authoredOn ?? r.recorded)],
    ];
}

const RISKS = (): Record<string, string> => ({ high: lists().highRisk, low: lists().lowRisk });

const conceptOf = (r: Resource): Concept | undefined =>
    list<Concept>(r.code ?? r.vaccineCode ?? r.medicationCodeableConcept ?? r.type)[0];

/* For computers, and for whoever wants to look a thing up: folded away. */
function codesOf(r: Resource): string[] {
    return list<Coding>(conceptOf(r)?.coding).map((c) =>
        [plain(c.display ?? ''), c.code ? `${c.code}${codeSystem(c.system)}` : '']
            .filter(Boolean)
            .join(': '),
    );
}

const SYSTEMS: [RegExp, string][] = [
    [/snomed\.info/, 'SNOMED CT'],
    [/loinc\.org/, 'LOINC'],
    [/dmd\.nhs\.uk/, 'dm+d'],
    [/rxnorm/, 'RxNorm'],
    [/icd-10/i, 'ICD-10'],
    [/cvx/, 'CVX'],
];

function codeSystem(system: string | undefined): string {
    const known = SYSTEMS.find(([pattern]) => pattern.test(system ?? ''));
    return known ? ` (${known[1]})` : system ? ` (${system})` : '';
}

function related(r: Resource, index: RecordIndex): Resource[] {
    const refs: (Ref | undefined)[] = [
        r.encounter,
        ...list<Ref>(r.result),
        ...list<Ref>(r.reasonReference),
        ...list<Ref>(r.addresses),
        ...list<Ref>(r.basedOn),
        ...list<Ref>(r.hasMember),
    ];
    return [
        ...new Set(refs.map((x) => index.find(x, r)).filter((x): x is Resource => Boolean(x?.id))),
    ];
}

function Facts({ rows }: { rows: [string, string][] }) {
    return (
        <dl class="nhsuk-summary-list k-facts">
            {rows
                .filter(([, value]) => value)
                .map(([label, value]) => (
                    <div class="nhsuk-summary-list__row" key={label}>
                        <dt class="nhsuk-summary-list__key">{label}</dt>
                        <dd class="nhsuk-summary-list__value k-break k-lines">{value}</dd>
                    </div>
                ))}
        </dl>
    );
}

function Recorded({ record, res, entry }: { record: Loaded; res: Resource; entry: Entry }) {
    const t = words();
    const { index, id } = record;
    const letter = letterOf(index, res);
    const links = related(res, index);
    const codes = codesOf(res);
    return (
        <Section id="entry" title={t.what}>
            <Facts
                rows={[
                    [t.date, showTimes(entry.start, entry.end) || t.noDate],
                    ...facts(res, index),
                ]}
            />
            {letter.originals
                .filter((o) => o.type !== 'text/plain')
                .map((original) => (
                    <OriginalFile original={original} letter={letter} />
                ))}
            {links.length ? (
                <>
                    <h3 class="nhsuk-heading-s">{t.goesWith}</h3>
                    <ul class="nhsuk-list">
                        {links.map((l) => {
                            const e = entryOf(l, index);
                            return (
                                <li>
                                    <a href={entryHref(id, l)}>{e.title}</a>{' '}
                                    <span class="k-quiet">{timelineTexts().one[e.kind]}</span>
                                </li>
                            );
                        })}
                    </ul>
                </>
            ) : null}
            {codes.length ? (
                <More summary={t.codes}>
                    <p>{t.codesHint}</p>
                    <ul class="nhsuk-list">
                        {codes.map((c) => (
                            <li class="k-break">{c}</li>
                        ))}
                    </ul>
                </More>
            ) : null}
        </Section>
    );
}

export default function EntryPage({ record, params, session }: RecordPageProps) {
    const t = words();
    useLay('results', 'problems', 'procedures', 'vaccinations', 'medicines');
    const type = params.type!;
    const id = params.entry!;
    const { index } = record;
    const res = index.byReference.get(`${type}/${id}`);
    const back = <a href={recordHref(record.id, 'timeline')}>{t.back}</a>;
    if (!res) {
        return (
            <>
                <Heading>{t.notFound}</Heading>
                <p>
                    {t.notFoundAdvice} {back}. {record.joining ? <AskedPlaces record={record} /> : null}
                </p>
            </>
        );
    }
    const entry = entryOf(res, index);
    const { text } = letterOf(index, res);
    return (
        <>
            <p class="k-back">{back}</p>
            <span class="nhsuk-caption-l">{timelineTexts().one[entry.kind]}</span>
            <Heading>{entry.title}</Heading>
            <ItemActions id={record.id} session={session} res={res} />
            {!isPatient(session) &&
            !id.includes('~') &&
            !entry.wrong &&
            !isOwn(res) &&
            mayChange(session, type) ? (
                <p>
                    <a href={changeHref(record.id, res)}>{write().edit}</a>
                </p>
            ) : null}
            {entry.wrong ? (
                <div class="nhsuk-inset-text k-inset">
                    <p>
                        <Tag tone="red">{t.wrong}</Tag> {t.wrongAdvice}
                    </p>
                </div>
            ) : null}
            <div class="k-grid">
                <Recorded record={record} res={res} entry={entry} />
                <Section id="source" title={t.source}>
                    <SourceList res={res} index={index} />
                    <Raw res={res} index={index} />
                </Section>
                <Beside record={record} res={res} session={session} />
                {text ? (
                    <Section id="text" title={t.text} wide>
                        <div class="k-letter">{text}</div>
                    </Section>
                ) : null}
            </div>
        </>
    );
}

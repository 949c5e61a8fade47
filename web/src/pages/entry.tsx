/* One entry of a record, with where it comes from. */
import { showDateTime, showTimes } from '../model/dates.ts';
import {
    list,
    plain,
    sentence,
    title,
    typeWords,
    words,
    type Coding,
    type Concept,
    type Ref,
    type Resource,
} from '../model/fhir.ts';
import { medicineName, reasonOf, resourceName, type RecordIndex } from '../model/record.ts';
import { timelineOf } from '../timelines.ts';
import { dosage, observationValue, referenceRange } from '../model/values.ts';
import { Heading, Section, Tag } from '../parts/basic.tsx';
import { Raw, SourceList } from '../parts/source.tsx';
import { entryHref, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';

function facts(r: Resource, index: RecordIndex): [string, string][] {
    const medicine =
        r.medicationCodeableConcept || r.medicationReference ? medicineName(index, r) : '';
    const concept: Concept | undefined =
        r.code ?? r.vaccineCode ?? r.medicationCodeableConcept ?? r.type;
    const codes = list<Coding>(Array.isArray(concept) ? concept[0]?.coding : concept?.coding);
    return [
        ['Medicine', medicine],
        ['Dose', dosage(r)],
        ['Value', r.resourceType === 'Observation' ? observationValue(r).text : ''],
        [
            'Reference range',
            r.resourceType === 'Observation' ? (referenceRange(r)?.text ?? '') : '',
        ],
        ['Interpretation', list<Concept>(r.interpretation).map(words).join(', ')],
        [
            'Status',
            [sentence(r.status), title(r.clinicalStatus), title(r.verificationStatus)]
                .filter(Boolean)
                .map(sentence)
                .join(', '),
        ],
        ['Severity', title(r.severity)],
        ['Criticality', sentence(r.criticality)],
        [
            'Reaction',
            list<any>(r.reaction)
                .flatMap((x) => list<Concept>(x.manifestation).map(title))
                .join(', '),
        ],
        ['Reason', reasonOf(index, r)],
        ['Part of the body', list<Concept>(r.bodySite).map(title).join(', ')],
        [
            'Category',
            list<Concept>(r.category)
                .map((c) => (typeof c === 'string' ? sentence(c) : sentence(title(c))))
                .join(', '),
        ],
        ['Conclusion', typeof r.conclusion === 'string' ? r.conclusion : ''],
        ['Description', typeof r.description === 'string' ? r.description : ''],
        [
            'Note',
            list<any>(r.note)
                .map((n) => n.text)
                .filter(Boolean)
                .join('\n'),
        ],
        ['Recorded', showDateTime(r.recordedDate ?? r.issued ?? r.authoredOn ?? r.recorded)],
        [
            'Code',
            codes
                .map((c) =>
                    [plain(c.display ?? ''), c.code ? `${c.code}${codeSystem(c.system)}` : '']
                        .filter(Boolean)
                        .join(': '),
                )
                .join('; '),
        ],
    ];
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

/* Plain text that came inside the entry (letters, reports). Never markup. */
function attachedText(r: Resource): string[] {
    const attachments = [
        ...list<any>(r.presentedForm),
        ...list<any>(r.content).map((c) => c.attachment),
    ];
    return attachments
        .filter((a) => a?.data && /^text\/plain/.test(a.contentType ?? ''))
        .map((a) => {
            try {
                return new TextDecoder().decode(
                    Uint8Array.from(atob(a.data), (c) => c.charCodeAt(0)),
                );
            } catch {
                return '';
            }
        })
        .filter((t) => t.trim());
}

function attachedFiles(r: Resource): { href: string; label: string }[] {
    const attachments = [
        ...list<any>(r.presentedForm),
        ...list<any>(r.content).map((c) => (c.attachment ? c.attachment : c)),
    ];
    return attachments
        .map((a) => ({
            m: /^(?:https?:\/\/[^/]+)?(?:\/fhir\/)?(Binary\/[A-Za-z0-9.-]{1,64})$/.exec(
                a?.url ?? '',
            ),
            a,
        }))
        .filter((x) => x.m)
        .map(({ m, a }) => ({ href: `/fhir/${m![1]}`, label: a.title || a.contentType || 'File' }));
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

export default function EntryPage({ record, params }: RecordPageProps) {
    const type = params.type!;
    const id = params.entry!;
    const index = record.index;
    const res = index.byReference.get(`${type}/${id}`);
    const back = <a href={recordHref(record.id, 'timeline')}>Timeline</a>;
    if (!res) {
        return (
            <>
                <Heading>Entry not found</Heading>
                <p>
                    There is no such entry in this record. It may have been deleted. Go to the{' '}
                    {back}.
                </p>
            </>
        );
    }
    const entries = timelineOf(record);
    const entry = entries.find((e) => e.res === res);
    const rows = facts(res, index).filter(([, value]) => value);
    const texts = attachedText(res);
    const files = attachedFiles(res);
    const links = related(res, index);
    const titles = new Map(
        links.map((l) => [l, entries.find((e) => e.res === l)?.title ?? resourceName(l)]),
    );
    return (
        <>
            <p class="k-back">{back}</p>
            <span class="nhsuk-caption-l">{typeWords(type)}</span>
            <Heading>{entry?.title ?? (resourceName(res) || typeWords(type))}</Heading>
            {entry?.wrong ? (
                <div class="nhsuk-inset-text k-inset">
                    <p>
                        <Tag tone="red">Entered in error</Tag> This entry was withdrawn by those who
                        made it. Do not rely on it.
                    </p>
                </div>
            ) : null}
            <div class="k-grid">
                <Section id="entry" title="What was recorded">
                    <dl class="nhsuk-summary-list k-facts">
                        {[
                            ['Date', showTimes(entry?.start, entry?.end) || 'Not recorded'] as [
                                string,
                                string,
                            ],
                            ...rows,
                        ]
                            .filter(([, value]) => value)
                            .map(([label, value]) => (
                                <div class="nhsuk-summary-list__row">
                                    <dt class="nhsuk-summary-list__key">{label}</dt>
                                    <dd class="nhsuk-summary-list__value k-break k-lines">
                                        {value}
                                    </dd>
                                </div>
                            ))}
                    </dl>
                    {files.length ? (
                        <ul class="nhsuk-list">
                            {files.map((f) => (
                                <li>
                                    <a href={f.href}>{f.label}</a>
                                </li>
                            ))}
                        </ul>
                    ) : null}
                    {links.length ? (
                        <>
                            <h3 class="nhsuk-heading-s">Goes with</h3>
                            <ul class="nhsuk-list">
                                {links.map((l) => (
                                    <li>
                                        <a href={entryHref(record.id, l)}>{titles.get(l)}</a>{' '}
                                        <span class="k-quiet">{typeWords(l.resourceType)}</span>
                                    </li>
                                ))}
                            </ul>
                        </>
                    ) : null}
                </Section>
                <Section id="source" title="Source">
                    <SourceList res={res} index={index} />
                    <Raw res={res} />
                </Section>
                {texts.length ? (
                    <Section id="text" title="Text" wide>
                        {texts.map((t) => (
                            <div class="k-letter">{t.trim()}</div>
                        ))}
                    </Section>
                ) : null}
            </div>
        </>
    );
}

/*
 * Entries as somebody reads them who has no record open: what is shared by a link, before it is sent
 * and where it arrives, and what somebody takes away. No links into a record.
 */
import type { ComponentChildren } from 'preact';
import { showDate, showPeriod } from '../model/dates.ts';
import { capital, type Resource } from '../model/fhir.ts';
import { images } from '../model/images.ts';
import { letters } from '../model/letters.ts';
import { allergies, medicines, problems, vaccinations, type RecordIndex } from '../model/record.ts';
import { observationDate, results } from '../model/series.ts';
import { sourceLine } from '../model/source.ts';
import { timeline } from '../model/timeline.ts';
import { imageTexts } from '../texts/images.ts';
import { readable } from '../texts/readable.ts';
import { Tag } from './basic.tsx';

interface Line {
    res: Resource;
    title: string;
    facts: (string | false | undefined)[];
    text?: string;
    tag?: ComponentChildren;
}

function Lines({ index, lines }: { index: RecordIndex; lines: Line[] }) {
    return (
        <ul class="k-items">
            {lines.map((line) => {
                const source = sourceLine(index, line.res);
                const facts = line.facts.filter(Boolean).join(' · ');
                return (
                    <li class="k-item">
                        <p class="k-item__title">
                            <strong>{line.title}</strong> {line.tag}
                        </p>
                        {facts ? <p>{facts}</p> : null}
                        {line.text ? (
                            <div class="k-letter" role="group" aria-label={line.title}>
                                {line.text}
                            </div>
                        ) : null}
                        {source ? <p class="k-item__source">{source}</p> : null}
                    </li>
                );
            })}
        </ul>
    );
}

function Part(props: { title: string; level: 2 | 3; children: ComponentChildren }) {
    return (
        <div class="k-readable">
            {props.level === 2 ? (
                <h2 class="nhsuk-heading-m">{props.title}</h2>
            ) : (
                <h3 class="nhsuk-heading-s">{props.title}</h3>
            )}
            {props.children}
        </div>
    );
}

function safety(index: RecordIndex): [string, Line[]][] {
    const t = readable();
    const risks: Readonly<Record<string, string>> = t.risks;
    const a = allergies(index);
    const m = medicines(index);
    const p = problems(index);
    const v = vaccinations(index);
    return [
        [
            t.allergies,
            [...a.active, ...a.past].map((x) => ({
                res: x.res,
                title: x.title,
                facts: [x.reactions, risks[x.criticality] ?? '', x.doubt],
                tag: a.past.includes(x) ? <Tag tone="grey">{t.past}</Tag> : null,
            })),
        ],
        [t.noAllergies, a.none.map((res) => ({ res, title: t.noneKnown, facts: [] }))],
        [
            t.medicines,
            [...m.current, ...m.onHold, ...m.stopped].map((x) => ({
                res: x.res,
                title: x.title,
                facts: [x.dose, x.reason, x.last ? t.last(showDate(x.last)) : ''],
                tag: m.current.includes(x) ? null : <Tag tone="grey">{t.stopped}</Tag>,
            })),
        ],
        [
            t.problems,
            [...p.active, ...p.past].map((x) => ({
                res: x.res,
                title: x.title,
                facts: [x.onset ? t.since(showDate(x.onset)) : '', x.severity, x.note],
                tag: p.past.includes(x) ? <Tag tone="grey">{t.past}</Tag> : null,
            })),
        ],
        [
            t.vaccinations,
            v.given.map((x) => ({ res: x.res, title: x.title, facts: [showDate(x.date), x.note] })),
        ],
    ];
}

function findings(index: RecordIndex): [string, Line[]][] {
    const t = readable();
    return [
        [
            t.results,
            results(index).flatMap((s) =>
                s.points.map((point) => ({
                    res: point.res,
                    title: s.title,
                    facts: [
                        point.value.text,
                        s.range && point === s.points[0] ? t.range(s.range) : '',
                        showDate(observationDate(point.res)),
                        point.status,
                    ],
                })),
            ),
        ],
        [
            t.letters,
            letters(index).map((l) => ({
                res: l.res,
                title: l.title,
                facts: [showDate(l.date)],
                text: l.text,
            })),
        ],
        [
            t.images,
            images(index).map((i) => ({
                res: i.res,
                title: i.title || imageTexts().kind(i.kind, i.kindSaid),
                facts: [showDate(i.date), i.part],
            })),
        ],
    ];
}

const SHOWN = [
    'AllergyIntolerance',
    'MedicationRequest',
    'MedicationStatement',
    'MedicationDispense',
    'Condition',
    'Immunization',
    'Observation',
    'DocumentReference',
    'ImagingStudy',
];

const isNothing = (r: Resource): boolean => r.resourceType === 'List' && Boolean(r.emptyReason);

/* What has no part of its own, as the timeline has it. */
function others(index: RecordIndex): [string, Line[]][] {
    const kinds = new Map<string, Line[]>();
    for (const e of timeline(index)) {
        if (!SHOWN.includes(e.res.resourceType) && !isNothing(e.res)) {
            const line = {
                res: e.res,
                title: e.title,
                facts: [showPeriod(e.start, e.end), capital(e.detail), e.status],
            };
            kinds.set(e.kind, [...(kinds.get(e.kind) ?? []), line]);
        }
    }
    return [...kinds];
}

export function Readable({ index, level = 2 }: { index: RecordIndex; level?: 2 | 3 }) {
    const nothing = index.of('List').filter(isNothing);
    const parts: [string, Line[]][] = [
        ...safety(index),
        ...findings(index),
        ...others(index),
        [
            readable().nothing,
            nothing.map((res) => ({ res, title: String(res.title ?? ''), facts: [] })),
        ],
    ];
    return (
        <>
            {parts
                .filter(([, lines]) => lines.length)
                .map(([title, lines]) => (
                    <Part title={title} level={level}>
                        <Lines index={index} lines={lines} />
                    </Part>
                ))}
        </>
    );
}

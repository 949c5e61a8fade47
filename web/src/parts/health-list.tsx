/* The lists of a patient's health: each thing with its facts in plain words, and the place that keeps it. */
import type { ComponentChildren } from 'preact';
import { readsPlain } from '../model/dates.ts';
import type { Concept, Resource } from '../model/fhir.ts';
import { layOf } from '../model/lay.ts';
import type { RecordIndex } from '../model/record.ts';
import { isOwn } from '../model/mark.ts';
import { sourceOf } from '../model/source.ts';
import { entryHref } from '../router.ts';
import { sessionNow } from '../session.ts';
import { lists } from '../texts/lists.ts';

export interface ListCtx {
    id: string;
    index: RecordIndex;
    here: string; /* the name of this node's organisation */
}

export type Fact = [label: string, value: ComponentChildren];

/* The first who is named, else the organisation. */
export const whoOf = (index: RecordIndex, r: Resource): string => {
    if (isOwn(r)) {
        const subject = String((r.subject ?? r.patient)?.reference ?? '');
        const me = sessionNow().account?.patient;
        return me && subject.endsWith(`Patient/${me}`) ? lists().you : lists().thePatient;
    }
    const { people, organisations } = sourceOf(index, r);
    return people[0] ?? organisations[0] ?? '';
};

export function Thing(props: {
    ctx: ListCtx;
    res: Resource;
    title: string; /* as the record has it */
    concept?: Concept | undefined; /* of which there may be plain words: useLay() */
    tags?: ComponentChildren;
    facts: Fact[];
    also?: string[];
    children?: ComponentChildren; /* what can be done about it */
}) {
    const t = lists();
    const { ctx, res, also = [] } = props;
    const plain = readsPlain() ? layOf(props.concept) : undefined;
    const name = plain?.name ?? props.title;
    const place = ctx.index.aboutOf(res).place || ctx.here;
    const from: Fact = [
        t.from,
        [place, also.length ? t.alsoAt(also.join(', ')) : ''].filter(Boolean).join(', '),
    ];
    const same = name.toLowerCase() === props.title.toLowerCase();
    const called: Fact = [t.called, same ? '' : props.title];
    return (
        <li class="k-card">
            <h3 class="nhsuk-heading-s k-thing__title">
                <a href={entryHref(ctx.id, res)}>{name}</a> {props.tags}
            </h3>
            {plain?.words ? (
                <p class="k-thing__words" lang={plain.english ? 'en-GB' : undefined}>
                    {plain.words}
                </p>
            ) : null}
            <dl class="nhsuk-summary-list k-facts">
                {[...props.facts, from, called]
                    .filter(([, value]) => value)
                    .map(([label, value]) => (
                        <div class="nhsuk-summary-list__row">
                            <dt class="nhsuk-summary-list__key">{label}</dt>
                            <dd class="nhsuk-summary-list__value k-break k-lines">{value}</dd>
                        </div>
                    ))}
            </dl>
            {props.children}
        </li>
    );
}

export const Things = ({ children }: { children: ComponentChildren }) => (
    <ul class="k-plain">{children}</ul>
);

/* The lists of a patient's health: each thing with its facts in plain words, and the place that keeps it. */
import type { ComponentChildren } from 'preact';
import type { Resource } from '../model/fhir.ts';
import type { RecordIndex } from '../model/record.ts';
import { sourceOf } from '../model/source.ts';
import { entryHref } from '../router.ts';
import { lists } from '../texts/lists.ts';
import { PlainWords } from './plain-words.tsx';

export interface ListCtx {
    id: string;
    index: RecordIndex;
    here: string; /* the name of this node's organisation */
}

export type Fact = [label: string, value: ComponentChildren];

/* The first who is named, else the organisation. */
export const whoOf = (index: RecordIndex, r: Resource): string => {
    const { people, organisations } = sourceOf(index, r);
    return people[0] ?? organisations[0] ?? '';
};

export function Thing(props: {
    ctx: ListCtx;
    res: Resource;
    title: string;
    tags?: ComponentChildren;
    facts: Fact[];
    also?: string[];
    children?: ComponentChildren; /* what can be done about it */
}) {
    const t = lists();
    const { ctx, res, also = [] } = props;
    const place = ctx.index.aboutOf(res).place || ctx.here;
    const from: Fact = [
        t.from,
        [place, also.length ? t.alsoAt(also.join(', ')) : ''].filter(Boolean).join(', '),
    ];
    return (
        <li class="k-card">
            <h3 class="nhsuk-heading-s k-thing__title">
                <a href={entryHref(ctx.id, res)}>{props.title}</a> {props.tags}
            </h3>
            <PlainWords index={ctx.index} res={res} title={props.title} />
            <dl class="nhsuk-summary-list k-facts">
                {[...props.facts, from]
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

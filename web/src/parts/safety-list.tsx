/* The lists of the summary for professionals: each thing with its facts, who says so, and how old it is. */
import { createContext, type ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';
import type { Civil } from '../model/dates.ts';
import type { Resource } from '../model/fhir.ts';
import type { RecordIndex } from '../model/record.ts';
import { sourceAndAge } from '../model/safety.ts';
import { entryHref } from '../router.ts';
import { safety } from '../texts/safety.ts';
import { Empty, More } from './basic.tsx';

export interface Shown {
    id: string; /* of the patient */
    index: RecordIndex;
    now: Civil;
    at: number;
    everything: boolean; /* on paper nothing waits behind a press */
}

export const About = createContext<Shown>(null as unknown as Shown);

export function Item(props: {
    res: Resource;
    title: string;
    tags?: ComponentChildren;
    children?: ComponentChildren;
}) {
    const { id, index, now } = useContext(About);
    const source = sourceAndAge(index, props.res, now);
    return (
        <li class="k-item">
            <p class="k-item__title">
                <a href={entryHref(id, props.res)}>{props.title}</a> {props.tags}
            </p>
            {props.children}
            {source ? <p class="k-item__source">{source}</p> : null}
        </li>
    );
}

export function Facts({ of }: { of: (string | false | undefined)[] }) {
    const parts = of.filter(Boolean);
    return parts.length ? <p class="k-item__facts">{parts.join(' · ')}</p> : null;
}

/* A list whose tail waits behind a disclosure; where it is empty, that is said. */
export function Items<T>(props: {
    all: T[];
    empty: ComponentChildren;
    item: (x: T) => ComponentChildren;
    max?: number;
}) {
    const { everything } = useContext(About);
    const max = everything ? Infinity : (props.max ?? 12);
    const rest = props.all.slice(max);
    if (!props.all.length) {
        return <Empty>{props.empty}</Empty>;
    }
    return (
        <>
            <ul class="k-items">{props.all.slice(0, max).map(props.item)}</ul>
            {rest.length ? (
                <More summary={safety().more(rest.length)}>
                    <ul class="k-items">{rest.map(props.item)}</ul>
                </More>
            ) : null}
        </>
    );
}

/* What matters less: behind a press, and not on paper. */
export function Behind<T>(props: {
    all: T[];
    words: (n: number) => string;
    item: (x: T) => ComponentChildren;
}) {
    const { everything } = useContext(About);
    return props.all.length && !everything ? (
        <More summary={props.words(props.all.length)}>
            <ul class="k-items">{props.all.map(props.item)}</ul>
        </More>
    ) : null;
}

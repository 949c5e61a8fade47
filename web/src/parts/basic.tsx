import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Trouble } from '../api.ts';
import { common } from '../texts/common.ts';
import { takeFocus } from './focus.ts';

export { plural } from '../texts/area.ts';

export function Tag({ children, tone = '' }: { children: ComponentChildren; tone?: string }) {
    return (
        <strong class={`nhsuk-tag${tone ? ` nhsuk-tag--${tone}` : ''} k-tag`}>{children}</strong>
    );
}

/* The heading of a page. It takes the focus when somebody comes from another page. */
export function Heading({
    children,
    hidden = false,
}: {
    children: ComponentChildren;
    hidden?: boolean;
}) {
    const here = useRef<HTMLHeadingElement>(null);
    useLayoutEffect(() => takeFocus(here.current), []);
    return (
        <h1
            ref={here}
            class={hidden ? 'nhsuk-u-visually-hidden' : 'nhsuk-heading-l'}
            id="page-heading"
            tabIndex={-1}
        >
            {children}
        </h1>
    );
}

/* The name of a section and how many entries it has. */
export function Section(props: {
    id: string;
    title: string;
    note?: string;
    wide?: boolean;
    children: ComponentChildren;
}) {
    return (
        <section class={`k-card${props.wide ? ' k-wide' : ''}`} aria-labelledby={`h-${props.id}`}>
            <h2 class="nhsuk-heading-m k-card__heading" id={`h-${props.id}`} tabIndex={-1}>
                {props.title}
                {props.note ? <span class="k-count"> {props.note}</span> : null}
            </h2>
            {props.children}
        </section>
    );
}

export function Empty({ children }: { children: ComponentChildren }) {
    return <p class="k-empty">{children}</p>;
}

export function More({ summary, children }: { summary: string; children: ComponentChildren }) {
    return (
        <details class="nhsuk-details k-more">
            <summary class="nhsuk-details__summary">
                <span class="nhsuk-details__summary-text">{summary}</span>
            </summary>
            <div class="nhsuk-details__text k-more__text">{children}</div>
        </details>
    );
}

export function TroubleBox({
    trouble,
    again,
}: {
    trouble: Trouble;
    again?: (() => void) | undefined;
}) {
    return (
        <div class="nhsuk-error-summary" role="alert">
            <h2 class="nhsuk-error-summary__heading">{trouble.heading}</h2>
            <div class="nhsuk-error-summary__body">
                <p>{trouble.advice}</p>
                {trouble.detail ? <p class="k-break">{common().nodeSays(trouble.detail)}</p> : null}
                {again ? (
                    <button
                        type="button"
                        class="nhsuk-button nhsuk-button--small k-button-last"
                        onClick={again}
                    >
                        {common().tryAgain}
                    </button>
                ) : null}
            </div>
        </div>
    );
}

/* Said once it changes, for those who do not see the page. */
export function Status({ children }: { children: ComponentChildren }) {
    return (
        <p class="nhsuk-u-visually-hidden" role="status">
            {children}
        </p>
    );
}

export function useTitle(title: string): void {
    useEffect(() => {
        document.title = title ? `${title} – Kith` : 'Kith';
    }, [title]);
}

export function Chevron() {
    return (
        <svg
            class="k-chevron"
            viewBox="0 0 24 24"
            width="20"
            height="20"
            aria-hidden="true"
            focusable="false"
        >
            <path
                d="M6 9l6 6 6-6"
                fill="none"
                stroke="currentColor"
                stroke-width="3"
                stroke-linecap="round"
                stroke-linejoin="round"
            />
        </svg>
    );
}

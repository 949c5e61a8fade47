/* Parts of forms as the NHS design system has them: label, hint, error, field; and their summary. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import { Trouble } from '../api.ts';
import { asTrouble } from '../load.ts';
import { common } from '../texts/common.ts';
import { password } from '../texts/password.ts';
import { TroubleBox } from './basic.tsx';
import { useFocused } from './focus.ts';

/* What is wrong, by the id of the field that it is about. */
export type Problems = Record<string, string>;

/* The frame of a page that is no record. */
export function Main({ children }: { children: ComponentChildren }) {
    return (
        <div class="nhsuk-width-container">
            <main class="nhsuk-main-wrapper k-main" id="main" tabIndex={-1}>
                {children}
            </main>
        </div>
    );
}

/* It takes the focus each time somebody sends a form that has problems (`turn` grows). */
export function ErrorSummary({ problems, turn }: { problems: Problems; turn: number }) {
    const all = Object.entries(problems);
    const box = useFocused<HTMLDivElement>([turn], all.length > 0);
    if (!all.length) {
        return null;
    }
    return (
        <div class="nhsuk-error-summary" ref={box} tabIndex={-1}>
            <div role="alert">
                <h2 class="nhsuk-error-summary__heading">{common().problem}</h2>
                <div class="nhsuk-error-summary__body">
                    <ul class="nhsuk-list nhsuk-error-summary__list">
                        {all.map(([id, words]) => (
                            <li>
                                <a
                                    href={`#${id}`}
                                    onClick={(e) => {
                                        e.preventDefault();
                                        document.getElementById(id)?.focus();
                                    }}
                                >
                                    {words}
                                </a>
                            </li>
                        ))}
                    </ul>
                </div>
            </div>
        </div>
    );
}

const describedBy = (id: string, hint: unknown, problem: unknown) =>
    [hint ? `${id}-hint` : '', problem ? `${id}-error` : ''].filter(Boolean).join(' ') || undefined;

function Around(props: {
    id: string;
    label: ComponentChildren;
    hint?: ComponentChildren;
    problem?: string | undefined;
    children: ComponentChildren;
}) {
    return (
        <div class={`nhsuk-form-group${props.problem ? ' nhsuk-form-group--error' : ''}`}>
            <label class="nhsuk-label nhsuk-label--s" for={props.id}>
                {props.label}
            </label>
            {props.hint ? (
                <div class="nhsuk-hint" id={`${props.id}-hint`}>
                    {props.hint}
                </div>
            ) : null}
            <ErrorWords id={props.id} problem={props.problem} />
            {props.children}
        </div>
    );
}

function ErrorWords({ id, problem }: { id: string; problem?: string | undefined }) {
    return problem ? (
        <span class="nhsuk-error-message" id={`${id}-error`}>
            <span class="nhsuk-u-visually-hidden">{common().error}</span> {problem}
        </span>
    ) : null;
}

function WithUnit(props: { id: string; unit?: string | undefined; children: ComponentChildren }) {
    return props.unit ? (
        <div class="k-with-unit">
            {props.children}
            <span class="k-unit" id={`${props.id}-unit`}>
                {props.unit}
            </span>
        </div>
    ) : (
        <>{props.children}</>
    );
}

export function TextField(props: {
    id: string;
    label: string;
    hint?: ComponentChildren;
    problem?: string | undefined;
    value: string;
    change: (value: string) => void;
    autocomplete?: string;
    inputmode?: 'numeric' | 'decimal' | 'text' | 'email' | 'tel';
    narrow?: boolean;
    long?: boolean;
    rows?: number; /* of a long one */
    most?: number; /* characters of a long one */
    spellcheck?: boolean;
    unit?: string; /* stands behind the field */
}) {
    const common = {
        id: props.id,
        name: props.id,
        value: props.value,
        'aria-describedby':
            [describedBy(props.id, props.hint, props.problem), props.unit && `${props.id}-unit`]
                .filter(Boolean)
                .join(' ') || undefined,
        'aria-invalid': props.problem ? ('true' as const) : undefined,
    };
    const error = props.problem ? ' nhsuk-input--error nhsuk-textarea--error' : '';
    return (
        <Around id={props.id} label={props.label} hint={props.hint} problem={props.problem}>
            {props.long ? (
                <textarea
                    {...common}
                    rows={props.rows ?? (props.most ? 6 : 3)}
                    maxLength={props.most ?? 1000}
                    class={`nhsuk-textarea${error}`}
                    onInput={(e) => props.change(e.currentTarget.value)}
                />
            ) : (
                <WithUnit id={props.id} unit={props.unit}>
                    <input
                        {...common}
                        type="text"
                        class={`nhsuk-input k-field${props.narrow ? ' nhsuk-input--width-10' : ''}${props.unit ? ' k-field--number' : ''}${error}`}
                        autocomplete={(props.autocomplete ?? 'off') as 'off'}
                        inputMode={props.inputmode}
                        autocapitalize="none"
                        spellcheck={props.spellcheck ?? false}
                        onInput={(e) => props.change(e.currentTarget.value)}
                    />
                </WithUnit>
            )}
        </Around>
    );
}

/* A password can be shown, so that somebody can see what they typed. */
export function PasswordField(props: {
    id: string;
    label: string;
    hint?: ComponentChildren;
    problem?: string | undefined;
    value: string;
    change: (value: string) => void;
    autocomplete: 'current-password' | 'new-password';
}) {
    const t = password();
    const [shown, setShown] = useState(false);
    return (
        <Around id={props.id} label={props.label} hint={props.hint} problem={props.problem}>
            <div class="k-password">
                <input
                    id={props.id}
                    name={props.id}
                    type={(shown ? 'text' : 'password') as 'text'}
                    class={`nhsuk-input k-field${props.problem ? ' nhsuk-input--error' : ''}`}
                    autocomplete={props.autocomplete as 'off'}
                    autocapitalize="none"
                    spellcheck={false}
                    value={props.value}
                    aria-describedby={describedBy(props.id, props.hint, props.problem)}
                    onInput={(e) => props.change(e.currentTarget.value)}
                />
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary k-password__show"
                    aria-controls={props.id}
                    onClick={() => setShown(!shown)}
                >
                    {shown ? t.hide : t.show}
                    <span class="nhsuk-u-visually-hidden"> {props.label.toLowerCase()}</span>
                </button>
            </div>
        </Around>
    );
}

export interface Option {
    value: string;
    label: ComponentChildren;
    hint?: ComponentChildren;
}

export function SelectField(props: {
    id: string;
    label: string;
    hint?: ComponentChildren;
    problem?: string | undefined;
    value: string;
    options: { value: string; label: string }[];
    change: (value: string) => void;
}) {
    return (
        <Around id={props.id} label={props.label} hint={props.hint} problem={props.problem}>
            <select
                id={props.id}
                class="nhsuk-select k-field"
                aria-describedby={describedBy(props.id, props.hint, props.problem)}
                value={props.value}
                onChange={(e) => props.change(e.currentTarget.value)}
            >
                {props.options.map((o) => (
                    <option value={o.value} selected={o.value === props.value}>
                        {o.label}
                    </option>
                ))}
            </select>
        </Around>
    );
}

/* Radios or tick boxes below one question. The first has the id of the group, for the summary. */
export function Choices(props: {
    id: string;
    question: ComponentChildren;
    hint?: ComponentChildren;
    problem?: string | undefined;
    options: Option[];
    chosen: string[];
    change: (chosen: string[]) => void;
    many?: boolean;
    large?: boolean;
}) {
    const kind = props.many ? 'checkboxes' : 'radios';
    const size = props.large ? 'm' : 's';
    /* said whole, so that the style sheet keeps the rules of these classes */
    const c = props.many
        ? [
              'nhsuk-checkboxes',
              'nhsuk-checkboxes__item',
              'nhsuk-checkboxes__input',
              'nhsuk-checkboxes__label',
              'nhsuk-checkboxes__hint',
          ]
        : [
              'nhsuk-radios',
              'nhsuk-radios__item',
              'nhsuk-radios__input',
              'nhsuk-radios__label',
              'nhsuk-radios__hint',
          ];
    const pick = (value: string, on: boolean) =>
        props.change(
            props.many
                ? on
                    ? [...props.chosen, value]
                    : props.chosen.filter((v) => v !== value)
                : [value],
        );
    return (
        <div class={`nhsuk-form-group${props.problem ? ' nhsuk-form-group--error' : ''}`}>
            <fieldset
                class="nhsuk-fieldset"
                aria-describedby={describedBy(props.id, props.hint, props.problem)}
            >
                <legend
                    class={
                        size === 'm'
                            ? 'nhsuk-fieldset__legend nhsuk-fieldset__legend--m'
                            : 'nhsuk-fieldset__legend nhsuk-fieldset__legend--s'
                    }
                >
                    {props.question}
                </legend>
                {props.hint ? (
                    <div class="nhsuk-hint" id={`${props.id}-hint`}>
                        {props.hint}
                    </div>
                ) : null}
                <ErrorWords id={props.id} problem={props.problem} />
                <div class={c[0]}>
                    {props.options.map((o, i) => {
                        const id = i ? `${props.id}-${i + 1}` : props.id;
                        return (
                            <div class={c[1]} key={o.value}>
                                <input
                                    class={c[2]}
                                    id={id}
                                    name={props.id}
                                    type={kind === 'radios' ? 'radio' : 'checkbox'}
                                    value={o.value}
                                    checked={props.chosen.includes(o.value)}
                                    aria-describedby={o.hint ? `${id}-item-hint` : undefined}
                                    onChange={(e) => pick(o.value, e.currentTarget.checked)}
                                />
                                <label class={`nhsuk-label ${c[3]}`} for={id}>
                                    {o.label}
                                </label>
                                {o.hint ? (
                                    <div class={`nhsuk-hint ${c[4]}`} id={`${id}-item-hint`}>
                                        {o.hint}
                                    </div>
                                ) : null}
                            </div>
                        );
                    })}
                </div>
            </fieldset>
        </div>
    );
}

export function Button(props: {
    children: ComponentChildren;
    kind?: 'secondary' | 'warning' | 'small';
    busy?: boolean;
    id?: string;
    click?: () => void; /* none: it sends the form */
}) {
    const kinds = {
        secondary: ' nhsuk-button--secondary',
        warning: ' nhsuk-button--warning',
        small: ' nhsuk-button--secondary nhsuk-button--small',
    };
    return (
        <button
            type={props.click ? 'button' : 'submit'}
            id={props.id}
            class={`nhsuk-button${props.kind ? kinds[props.kind] : ''}`}
            aria-disabled={props.busy}
            onClick={(e) => {
                if (props.busy) {
                    e.preventDefault();
                } else if (props.click) {
                    props.click();
                }
            }}
        >
            {props.children}
        </button>
    );
}

/* Loads what a page shows; what was left behind does not come up late. */
export function useLoaded<T>(
    load: (signal: AbortSignal) => Promise<T>,
    on: unknown[],
): { value: T | null; trouble: Trouble | null; again: () => void; put: (value: T) => void } {
    const [value, put] = useState<T | null>(null);
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const [tries, setTries] = useState(0);
    useLayoutEffect(() => {
        const abort = new AbortController();
        put(null);
        setTrouble(null);
        load(abort.signal).then(
            (v) => abort.signal.aborted || put(v),
            (e) => abort.signal.aborted || setTrouble(asTrouble(e)),
        );
        return () => abort.abort();
    }, [...on, tries]);
    return { value, trouble, again: () => setTries((n) => n + 1), put };
}

/* One thing at a time: what somebody does on a page, and what came of it. */
export function useAction(): {
    busy: boolean;
    trouble: Trouble | null;
    run: (action: () => Promise<unknown>) => Promise<boolean>;
    clear: () => void;
} {
    const [busy, setBusy] = useState(false);
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const run = async (action: () => Promise<unknown>): Promise<boolean> => {
        if (busy) {
            return false;
        }
        setBusy(true);
        setTrouble(null);
        try {
            await action();
            return true;
        } catch (e) {
            setTrouble(asTrouble(e));
            return false;
        } finally {
            setBusy(false);
        }
    };
    return { busy, trouble, run, clear: () => setTrouble(null) };
}

/* A form that is sent when nothing in it is wrong. */
export function useForm(): {
    problems: Problems;
    busy: boolean;
    send: (e: Event, wrong: Problems, run: () => Promise<unknown>) => void;
    summary: ComponentChildren; /* what is wrong, or why it could not be sent */
} {
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const { busy, trouble, run } = useAction();
    const send = (e: Event, wrong: Problems, action: () => Promise<unknown>) => {
        e.preventDefault();
        setProblems(wrong);
        setTurn(turn + 1);
        if (!Object.keys(wrong).length) {
            void run(action);
        }
    };
    const summary = (
        <>
            <ErrorSummary problems={problems} turn={turn} />
            {trouble ? <TroubleBox trouble={trouble} /> : null}
        </>
    );
    return { problems, busy, send, summary };
}

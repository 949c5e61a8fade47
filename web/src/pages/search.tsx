import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { get, matchesOf, nextPath, Trouble } from '../api.ts';
import { today } from '../model/dates.ts';
import type { Bundle, Resource } from '../model/fhir.ts';
import {
    addressLines,
    died,
    gender,
    mainAddress,
    nhsNumber,
    otherNames,
    patientName,
} from '../model/people.ts';
import { readQuery } from '../model/query.ts';
import { bornLine, diedLine } from '../parts/banner.tsx';
import { Heading, plural, Status, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
import { go, recordHref } from '../router.ts';
import { waitingHere } from '../parts/focus.ts';
import type { PageProps } from '../routes.ts';

const PAGE = 20;

interface Found {
    people: Resource[];
    next: string;
    total: number | undefined;
}

function searchPath(params: [string, string][]): string {
    const query = new URLSearchParams([
        ...params,
        ['_sort', 'family,given'],
        ['_count', String(PAGE)],
        ['_total', 'accurate'],
    ]);
    return `Patient?${query.toString()}`;
}

function Person({ patient }: { patient: Resource }) {
    const address = addressLines(mainAddress(patient)).join(', ');
    const others = otherNames(patient)
        .map((n) => `${n.name} (${n.use.toLowerCase()})`)
        .join('; ');
    return (
        <li class="k-person">
            <h3 class="k-person__name">
                <a href={recordHref(patient.id ?? '')}>{patientName(patient)}</a>{' '}
                {died(patient) !== undefined ? (
                    <Tag tone="grey">Died {diedLine(patient)}</Tag>
                ) : null}
            </h3>
            <dl class="k-person__facts">
                <div>
                    <dt>Born</dt>
                    <dd>{bornLine(patient)}</dd>
                </div>
                <div>
                    <dt>Gender</dt>
                    <dd>{gender(patient)}</dd>
                </div>
                <div>
                    <dt>NHS No.</dt>
                    <dd>{nhsNumber(patient) || 'Not recorded'}</dd>
                </div>
                <div class="k-person__address">
                    <dt>Address</dt>
                    <dd>{address || 'Not recorded'}</dd>
                </div>
                {others ? (
                    <div class="k-person__address">
                        <dt>Other names</dt>
                        <dd>{others}</dd>
                    </div>
                ) : null}
            </dl>
        </li>
    );
}

function Nothing({ said }: { said: string }) {
    return (
        <div class="nhsuk-inset-text k-inset">
            <span class="nhsuk-u-visually-hidden">Information: </span>
            <p>
                <strong>Nobody {said} was found on this node.</strong>
            </p>
            <ul class="nhsuk-list nhsuk-list--bullet">
                <li>try only the first letters of the names</li>
                <li>try a former surname, or the name that they go by</li>
                <li>check the date of birth, or leave it out</li>
                <li>their record may be held by another organisation</li>
            </ul>
        </div>
    );
}

export default function SearchPage({ query }: PageProps) {
    const asked = query.get('q') ?? '';
    const everyone = query.has('everyone');
    const [typed, setTyped] = useState(asked);
    const [found, setFound] = useState<Found | null>(null);
    const [busy, setBusy] = useState(false);
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const [tries, setTries] = useState(0);
    const [submitted, setSubmitted] = useState(0);
    const input = useRef<HTMLInputElement>(null);
    const summary = useRef<HTMLDivElement>(null);
    const results = useRef<HTMLHeadingElement>(null);

    const blank = submitted > 0 && !asked && !everyone;
    const read = asked || blank ? readQuery(asked, today()) : null;
    const problem = read?.problem ?? '';
    const said = everyone ? 'on this node' : (read?.said ?? '');
    useTitle(problem ? 'Error: Find a person' : said ? `People ${said}` : 'Find a person');

    useLayoutEffect(() => {
        setTyped(asked);
        setFound(null);
        setTrouble(null);
        if ((!asked && !everyone) || problem) {
            setBusy(false);
            return undefined;
        }
        const abort = new AbortController();
        setBusy(true);
        get<Bundle>(searchPath(everyone ? [] : read!.params), abort.signal).then(
            (bundle) => {
                setBusy(false);
                setFound({
                    people: matchesOf(bundle).filter((r) => r.resourceType === 'Patient'),
                    next: nextPath(bundle),
                    total: bundle.total,
                });
            },
            (e) => {
                if (!abort.signal.aborted) {
                    setBusy(false);
                    setTrouble(e instanceof Trouble ? e : null);
                }
            },
        );
        return () => abort.abort();
    }, [asked, everyone, tries]);

    useLayoutEffect(() => {
        if (submitted && problem) {
            summary.current?.focus();
        } else if (submitted && found && typed.trim() === asked) {
            results.current?.focus();
        }
    }, [submitted, problem, found !== null]);

    const submit = (e: Event) => {
        e.preventDefault();
        const value = typed.trim();
        setSubmitted(submitted + 1);
        if (value !== asked || everyone) {
            go(value ? `#/?q=${encodeURIComponent(value)}` : '#/');
        } else {
            setTries(tries + 1);
        }
    };
    const more = () => {
        const at = found!;
        const over = waitingHere();
        setBusy(true);
        get<Bundle>(at.next).then(
            (bundle) => {
                setBusy(false);
                setFound({
                    ...at,
                    people: [...at.people, ...matchesOf(bundle)],
                    next: nextPath(bundle),
                });
                over(() => {
                    const links = document.querySelectorAll<HTMLElement>('.k-person__name a');
                    return links[at.people.length];
                });
            },
            (e) => {
                setBusy(false);
                setTrouble(e instanceof Trouble ? e : null);
            },
        );
    };
    const count = found ? (found.total ?? found.people.length) : 0;
    return (
        <div>
            <main class="nhsuk-width-container nhsuk-main-wrapper k-main" id="main" tabIndex={-1}>
                {problem ? (
                    <div class="nhsuk-error-summary" ref={summary} tabIndex={-1}>
                        <div role="alert">
                            <h2 class="nhsuk-error-summary__heading">There is a problem</h2>
                            <div class="nhsuk-error-summary__body">
                                <ul class="nhsuk-list nhsuk-error-summary__list">
                                    <li>
                                        <a
                                            href="#search"
                                            onClick={(e) => {
                                                e.preventDefault();
                                                input.current?.focus();
                                            }}
                                        >
                                            {problem}
                                        </a>
                                    </li>
                                </ul>
                            </div>
                        </div>
                    </div>
                ) : null}
                <Heading>Find a person</Heading>
                <form onSubmit={submit} role="search" noValidate class="k-search">
                    <div class={`nhsuk-form-group${problem ? ' nhsuk-form-group--error' : ''}`}>
                        <label class="nhsuk-label nhsuk-label--s" for="search">
                            Name, NHS number or date of birth
                        </label>
                        <div class="nhsuk-hint" id="search-hint">
                            For example, <span class="k-nowrap">Okafor Grace</span>,{' '}
                            <span class="k-nowrap">999 000 0018</span>,{' '}
                            <span class="k-nowrap">27/03/1962</span>, or a name and a date together
                        </div>
                        {problem ? (
                            <span class="nhsuk-error-message" id="search-error">
                                <span class="nhsuk-u-visually-hidden">Error:</span> {problem}
                            </span>
                        ) : null}
                        <div class="k-search__row">
                            <input
                                ref={input}
                                class={`nhsuk-input k-search__input${problem ? ' nhsuk-input--error' : ''}`}
                                id="search"
                                name="q"
                                type="search"
                                autocomplete="off"
                                spellcheck={false}
                                autocapitalize="words"
                                value={typed}
                                aria-describedby={`search-hint${problem ? ' search-error' : ''}`}
                                onInput={(e) => setTyped(e.currentTarget.value)}
                            />
                            <button class="nhsuk-button k-search__button" type="submit">
                                Find
                            </button>
                        </div>
                    </div>
                </form>
                {read?.hint ? (
                    <div class="nhsuk-inset-text k-inset">
                        <span class="nhsuk-u-visually-hidden">Warning: </span>
                        <p>{read.hint}</p>
                    </div>
                ) : null}
                {trouble ? (
                    <TroubleBox trouble={trouble} again={() => setTries(tries + 1)} />
                ) : null}
                <Status>
                    {busy ? 'Looking' : found ? `${plural(count, 'person', 'people')} found` : ''}
                </Status>
                {found && found.people.length === 0 ? <Nothing said={said} /> : null}
                {found && found.people.length > 0 ? (
                    <section aria-labelledby="found">
                        <h2 class="nhsuk-heading-m" id="found" ref={results} tabIndex={-1}>
                            {plural(count, 'person', 'people')} {said}
                        </h2>
                        <ol class="k-people">
                            {found.people.map((p) => (
                                <Person patient={p} key={p.id} />
                            ))}
                        </ol>
                        {found.next ? (
                            <button
                                type="button"
                                class="nhsuk-button nhsuk-button--secondary"
                                onClick={more}
                                aria-disabled={busy}
                            >
                                Show more people
                            </button>
                        ) : null}
                    </section>
                ) : null}
                {!asked && !everyone ? (
                    <p>
                        <a href="#/?everyone">Show everyone on this node</a>
                    </p>
                ) : null}
            </main>
        </div>
    );
}

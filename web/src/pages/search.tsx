/* Finding a person: by name, number or birth date, in today's list, or among those opened before. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { get, matchesOf, nextPath, Trouble } from '../api.ts';
import { today } from '../model/dates.ts';
import type { Bundle, Resource } from '../model/fhir.ts';
import { mayDo } from '../model/account.ts';
import { patientName } from '../model/people.ts';
import { readQuery } from '../model/query.ts';
import { alikeIn } from '../model/twins.ts';
import { openedPeople } from '../opened.ts';
import { bornLine } from '../parts/banner.tsx';
import { Heading, plural, Status, TroubleBox, useTitle } from '../parts/basic.tsx';
import { waitingHere } from '../parts/focus.ts';
import { FoundPerson } from '../parts/found-person.tsx';
import { TodayList } from '../parts/today-list.tsx';
import { go, recordHref } from '../router.ts';
import { common } from '../texts/common.ts';
import { find } from '../texts/find.ts';
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

function Nothing({ said }: { said: string }) {
    const t = find();
    return (
        <div class="nhsuk-inset-text k-inset">
            <span class="nhsuk-u-visually-hidden">{t.information}</span>
            <p>
                <strong>{t.nobody(said)}</strong>
            </p>
            <ul class="nhsuk-list nhsuk-list--bullet">
                {t.advice.map((words) => (
                    <li>{words}</li>
                ))}
            </ul>
        </div>
    );
}

function Opened() {
    const t = find();
    const people = openedPeople();
    return people.length ? (
        <section aria-labelledby="opened">
            <h2 class="nhsuk-heading-m" id="opened">
                {t.opened}
            </h2>
            <ul class="k-opened">
                {people.map((p) => (
                    <li key={p.id}>
                        <a href={recordHref(p.id ?? '')}>{patientName(p)}</a>{' '}
                        <span class="k-quiet">
                            {t.born} {bornLine(p)}
                        </span>
                    </li>
                ))}
            </ul>
            <p class="k-quiet">{t.openedHint}</p>
        </section>
    ) : null;
}

/* The arrows move between people, from the search box on: a list of people is gone through all day. */
function moveAmong(e: KeyboardEvent): void {
    const step = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    const from = e.target as HTMLElement;
    const links = [
        ...document.querySelectorAll<HTMLElement>('.k-person__name a, .k-today a, .k-opened a'),
    ];
    const at = links.indexOf(from);
    if (!step || e.altKey || e.ctrlKey || e.metaKey || (at < 0 && from.id !== 'search')) {
        return;
    }
    const next = at + step < 0 ? document.getElementById('search') : links[at + step];
    if (next && !(at < 0 && step < 0)) {
        e.preventDefault();
        next.focus();
    }
}

export default function SearchPage({ query, session }: PageProps) {
    const t = find();
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
    const said = everyone ? t.onNode : (read?.said ?? '');
    useTitle(problem ? t.problemTitle : said ? t.people(said) : t.title);

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
    const like = alikeIn(found?.people ?? []);
    const numberAlone = read?.params.length === 1 && read.params[0]![0] === 'identifier';
    return (
        <div onKeyDown={moveAmong}>
            <main class="nhsuk-width-container nhsuk-main-wrapper k-main" id="main" tabIndex={-1}>
                {problem ? (
                    <div class="nhsuk-error-summary" ref={summary} tabIndex={-1}>
                        <div role="alert">
                            <h2 class="nhsuk-error-summary__heading">{common().problem}</h2>
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
                <Heading>{t.title}</Heading>
                <form onSubmit={submit} role="search" noValidate class="k-search">
                    <div class={`nhsuk-form-group${problem ? ' nhsuk-form-group--error' : ''}`}>
                        <label class="nhsuk-label nhsuk-label--s" for="search">
                            {t.label}
                        </label>
                        <div class="nhsuk-hint" id="search-hint">
                            {t.hintStart}
                            {t.examples.map((words, i) => (
                                <>
                                    {i ? ', ' : ''}
                                    <span class="k-nowrap">{words}</span>
                                </>
                            ))}
                            {t.hintEnd}
                        </div>
                        {problem ? (
                            <span class="nhsuk-error-message" id="search-error">
                                <span class="nhsuk-u-visually-hidden">{common().error}</span> {problem}
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
                                {t.find}
                            </button>
                        </div>
                    </div>
                </form>
                {read?.hint ? (
                    <div class="nhsuk-inset-text k-inset">
                        <span class="nhsuk-u-visually-hidden">{t.warning}</span>
                        <p>{read.hint}</p>
                    </div>
                ) : null}
                {trouble ? (
                    <TroubleBox trouble={trouble} again={() => setTries(tries + 1)} />
                ) : null}
                <Status>
                    {busy ? t.looking : found ? t.found(plural(count, 'person', 'people')) : ''}
                </Status>
                {found && found.people.length === 0 ? <Nothing said={said} /> : null}
                {found && found.people.length > 0 ? (
                    <section aria-labelledby="found">
                        <h2 class="nhsuk-heading-m" id="found" ref={results} tabIndex={-1}>
                            {plural(count, 'person', 'people')} {said}
                        </h2>
                        {numberAlone ? <p class="k-quiet">{t.byNumber}</p> : null}
                        <ol class="k-people">
                            {found.people.map((p) => (
                                <FoundPerson patient={p} like={like.get(p.id ?? '')} key={p.id} />
                            ))}
                        </ol>
                        {found.next ? (
                            <button
                                type="button"
                                class="nhsuk-button nhsuk-button--secondary"
                                onClick={more}
                                aria-disabled={busy}
                            >
                                {t.more}
                            </button>
                        ) : null}
                    </section>
                ) : null}
                {!asked && !everyone ? (
                    <>
                        {mayDo(session, 'book') || mayDo(session, 'view-record') ? (
                            <TodayList session={session} />
                        ) : null}
                        <Opened />
                        <p>
                            <a href="#/?everyone">{t.everyone}</a>
                        </p>
                        <p class="k-quiet">
                            {t.keys} <a href="#/keys">{t.allKeys}</a>
                        </p>
                    </>
                ) : null}
            </main>
        </div>
    );
}

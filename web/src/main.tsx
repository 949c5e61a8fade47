/* The start: finds the page of an address, fetches its code, and puts it into its frame. */
import { render } from 'preact';
import type { ComponentType } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Trouble } from './api.ts';
import { AT_HOME } from './home.ts';
import { asTrouble } from './load.ts';
import { isIn, isPatient, landing, type Session } from './model/account.ts';
import { writeDates } from './model/dates.ts';
import { Heading, TroubleBox, useTitle } from './parts/basic.tsx';
import { Ending, Foot, Header } from './parts/chrome.tsx';
import { focusHeading } from './parts/focus.ts';
import { Main } from './parts/form.tsx';
import { PersonFrame } from './parts/person-frame.tsx';
import { OfflineNote } from './parts/offline-note.tsx';
import { RecordFrame } from './parts/record-frame.tsx';
import { pathOf, readRoute, useHash, type Route } from './router.ts';
import { PATHS, rowOf, type PageProps, type RecordPageProps, type Row } from './routes.ts';
import { entered, readSession, takeReturn, useSession } from './session.ts';
import { mayKeep, useOffline } from './offline-state.ts';
import { accessToken } from './smart.ts';
import { language, languageBefore, setLanguage, textsReady } from './texts/area.ts';
import { common } from './texts/common.ts';

function Unknown() {
    const t = common();
    useTitle(t.notFound);
    return (
        <Main>
            <Heading>{t.notFound}</Heading>
            <p>
                {t.notFoundAdvice} <a href="#/">{t.startPage}</a>.
            </p>
        </Main>
    );
}

/* A page that this role has not; the node would refuse what it asks. */
function NotYours() {
    const t = common();
    useTitle(t.notYours);
    return (
        <Main>
            <Heading>{t.notYours}</Heading>
            <p>
                {t.notYoursAdvice} <a href="#/">{t.startPage}</a>.
            </p>
        </Main>
    );
}

function Starting({ trouble, again }: { trouble: Trouble | null; again: () => void }) {
    useTitle('');
    return (
        <Main>
            {trouble ? (
                <>
                    <Heading>Kith</Heading>
                    <TroubleBox trouble={trouble} again={again} />
                </>
            ) : (
                <p role="status">{common().starting}</p>
            )}
        </Main>
    );
}

type AnyPage = ComponentType<PageProps> | ComponentType<RecordPageProps>;
const fetched = new Map<Row, AnyPage>();

/* The code of a page, and its texts; what was fetched before is there at once. */
function useCode(row: Row): { Page: AnyPage | null; trouble: Trouble | null; again: () => void } {
    const [, turn] = useState(0);
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const [tries, setTries] = useState(0);
    useEffect(() => {
        let live = true;
        setTrouble(null);
        if (!fetched.has(row)) {
            row.load()
                .then(async (m) => {
                    await textsReady();
                    fetched.set(row, m.default as AnyPage);
                    if (live) {
                        turn((n) => n + 1);
                    }
                })
                .catch((e) => live && setTrouble(asTrouble(e)));
        }
        return () => {
            live = false;
        };
    }, [row, tries]);
    return { Page: fetched.get(row) ?? null, trouble, again: () => setTries(tries + 1) };
}

function Page({ route, row, session }: { route: Route; row: Row; session: Session }) {
    const { Page: Code, trouble, again } = useCode(row);
    const props = { session, params: route.params, query: route.query };
    if (trouble) {
        return <Starting trouble={trouble} again={again} />;
    }
    if (row.needs) {
        return (
            <RecordFrame
                {...props}
                route={route}
                row={row}
                Page={Code as ComponentType<RecordPageProps> | null}
                key={route.params.id}
            />
        );
    }
    const Plain = Code as ComponentType<PageProps> | null;
    const page = Plain ? (
        <Plain {...props} key={JSON.stringify(route.params)} />
    ) : (
        <Starting trouble={null} again={again} />
    );
    const whose = row.menu && isPatient(session) ? (route.params.id ?? session.account?.patient) : '';
    return whose ? (
        <PersonFrame id={whose} session={session} route={route} key={whose}>
            {page}
        </PersonFrame>
    ) : (
        page
    );
}

/* Where this address leads for whoever is signed in; '' for to stay. */
function elsewhere(route: Route, row: Row | undefined, session: Session): string {
    if (row?.open) {
        return '';
    }
    if (!isIn(session)) {
        const here = route.path ? location.hash : '';
        return `#/sign-in${here ? `?then=${encodeURIComponent(here)}` : ''}`;
    }
    if (route.path === '' || (route.path === 'find' && isPatient(session))) {
        return landing(session);
    }
    return '';
}

function Body({
    route,
    session,
    again,
    trouble,
}: {
    route: Route;
    session: Session | null;
    again: () => void;
    trouble: Trouble | null;
}) {
    const row = rowOf(route.path, session);
    const to = session ? elsewhere(route, row, session) : '';
    useLayoutEffect(() => {
        if (!to) {
            return;
        }
        const back = route.path === '' && isIn(session!) ? takeReturn() : '';
        if (back) {
            entered(session!, back);
        } else {
            location.replace(to);
        }
    }, [to]);
    if (!session || to) {
        return <Starting trouble={session ? null : trouble} again={again} />;
    }
    if (!row) {
        return <Unknown />;
    }
    if (!row.open && row.may && !row.may(session)) {
        return <NotYours />;
    }
    /* another role sees other things: nothing of a page stays */
    return (
        <Page
            route={route}
            row={row}
            session={session}
            key={row.open ? '' : `${session.account?.id}/${session.account?.role ?? 0}`}
        />
    );
}

function skip(e: Event): void {
    e.preventDefault();
    document.getElementById('main')?.focus();
}

function App() {
    const hash = useHash();
    const route = readRoute(hash, PATHS);
    const session = useSession();
    const offline = useOffline();
    writeDates(session && isPatient(session) ? 'words' : 'short');
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const [, turn] = useState(language());
    const path = pathOf(hash);
    const left = useRef<string | null>(null);
    const start = () => {
        setTrouble(null);
        readSession().catch((e) => setTrouble(asTrouble(e)));
    };
    useEffect(start, []);
    useLayoutEffect(() => {
        /* the start leads on by itself: whoever opens it begins at the top of the page */
        const before = left.current;
        left.current = path;
        if (!before) {
            return;
        }
        scrollTo(0, 0);
        focusHeading();
    }, [path]);
    const staff = session !== null && isIn(session) && !isPatient(session);
    useEffect(() => {
        if (staff) {
            void import('./keys.ts').then((keys) => keys.listen()).catch(() => undefined);
        }
    }, [staff]);
    const speak = (wanted: 'en' | 'cy') => {
        setTrouble(null);
        setLanguage(wanted).then(
            () => turn(wanted),
            (e) => setTrouble(asTrouble(e)),
        );
    };
    return (
        <>
            <a class="nhsuk-skip-link" href="#main" onClick={skip}>
                {common().skip}
            </a>
            <Header session={session} path={path} speak={speak} />
            <div key={language()}>
                <OfflineNote connect={() => location.reload()} />
                <Body route={route} session={session} trouble={trouble} again={start} />
            </div>
            <Foot session={session} path={path} />
            {session && isIn(session) && !offline.now ? <Ending session={session} /> : null}
        </>
    );
}

/* Asked for at once, with the session; whoever is not signed in is told so by the session. */
if (AT_HOME) {
    accessToken().catch(() => undefined);
}
/* Where this device keeps something, it is ready before anything is asked. */
if (mayKeep()) {
    await import('./offline.ts').catch(() => undefined);
}
/* Without Welsh, where it cannot be fetched, there is still English. */
await setLanguage(languageBefore()).catch(() => undefined);
render(<App />, document.getElementById('app')!);

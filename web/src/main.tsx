import { render } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Trouble } from './api.ts';
import { asTrouble } from './load.ts';
import { isIn, isPatient, landing, mayDo, maySeeLocality, type Session } from './model/account.ts';
import { AccessPage } from './pages/access.tsx';
import { AppsPage } from './pages/apps.tsx';
import { ConsentPage } from './pages/consent.tsx';
import { InvitePage } from './pages/invite.tsx';
import { JoinedPage } from './pages/joined.tsx';
import { LaunchPage } from './pages/launch.tsx';
import { LocalityPage } from './pages/locality.tsx';
import { PeoplePage } from './pages/people-and-roles.tsx';
import { ProxiesPage } from './pages/proxies.tsx';
import { RecordPage } from './pages/record.tsx';
import { ReviewsPage } from './pages/reviews.tsx';
import { SearchPage } from './pages/search.tsx';
import { HelpingPage } from './pages/helping.tsx';
import { SecurityPage } from './pages/security.tsx';
import { SharingPage } from './pages/sharing.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { Heading, TroubleBox, useTitle } from './parts/basic.tsx';
import { Ending, Foot, Header } from './parts/chrome.tsx';
import { Main } from './parts/form.tsx';
import { pathOf, useRoute, type Route } from './router.ts';
import { entered, readSession, takeReturn, useSession } from './session.ts';

function Unknown() {
    useTitle('Page not found');
    return (
        <Main>
            <Heading>Page not found</Heading>
            <p>
                Check the address, or go to the <a href="#/">start page</a>.
            </p>
        </Main>
    );
}

/* A page that this role has not; the node would refuse what it asks. */
function NotYours() {
    useTitle('You may not see this page');
    return (
        <Main>
            <Heading>You may not see this page</Heading>
            <p>
                Your role here does not have it. Go to your <a href="#/">start page</a>.
            </p>
        </Main>
    );
}

function Page({ route, session }: { route: Route; session: Session }) {
    switch (route.page) {
        case 'search':
            return mayDo(session, 'view-demographics') ? (
                <SearchPage query={route.query} />
            ) : (
                <NotYours />
            );
        case 'helping':
            return isPatient(session) ? <HelpingPage session={session} /> : <NotYours />;
        case 'security':
            return <SecurityPage session={session} />;
        case 'apps':
            return <AppsPage session={session} />;
        case 'reviews':
            return mayDo(session, 'review-overrides') ? <ReviewsPage /> : <NotYours />;
        case 'people-and-roles':
            return mayDo(session, 'manage-people') ? <PeoplePage /> : <NotYours />;
        case 'locality':
            return maySeeLocality(session) ? <LocalityPage /> : <NotYours />;
        case 'joined':
            return <JoinedPage id={route.id} session={session} key={route.id} />;
        case 'access':
            return <AccessPage id={route.id} session={session} key={route.id} />;
        case 'sharing':
            return <SharingPage id={route.id} session={session} key={route.id} />;
        case 'proxies':
            return <ProxiesPage id={route.id} session={session} key={route.id} />;
        case 'launch':
            return <LaunchPage id={route.id} session={session} key={route.id} />;
        case 'consent':
            return <ConsentPage id={route.id} key={route.id} />;
        case 'unknown':
            return <Unknown />;
        case 'record':
        case 'result':
        case 'entry':
            return <RecordPage route={route} session={session} key={route.id} />;
        default:
            return null;
    }
}

/* Where this address leads for whoever is signed in; '' for to stay. */
function elsewhere(route: Route, session: Session): string {
    if (route.page === 'sign-in' || route.page === 'invite') {
        return '';
    }
    if (!isIn(session)) {
        const here = route.page === 'home' ? '' : location.hash;
        return `#/sign-in${here ? `?then=${encodeURIComponent(here)}` : ''}`;
    }
    if (route.page === 'home' || (route.page === 'search' && isPatient(session))) {
        return landing(session);
    }
    return '';
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
                <p role="status">Starting</p>
            )}
        </Main>
    );
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
    const to = session ? elsewhere(route, session) : '';
    useLayoutEffect(() => {
        if (!to) {
            return;
        }
        const back = route.page === 'home' && isIn(session!) ? takeReturn() : '';
        if (back) {
            entered(session!, back);
        } else {
            location.replace(to);
        }
    }, [to]);
    if (!session) {
        return <Starting trouble={trouble} again={again} />;
    }
    if (to) {
        return <Starting trouble={null} again={again} />;
    }
    if (route.page === 'sign-in') {
        return <SignInPage query={route.query} />;
    }
    if (route.page === 'invite') {
        return <InvitePage token={route.id} key={route.id} />;
    }
    /* another role sees other things: nothing of a page stays */
    return (
        <Page
            route={route}
            session={session}
            key={`${session.account?.id}/${session.account?.role ?? 0}`}
        />
    );
}

function skip(e: Event): void {
    e.preventDefault();
    document.getElementById('main')?.focus();
}

function App() {
    const route = useRoute();
    const session = useSession();
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const path = pathOf(location.hash);
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
        document.getElementById('page-heading')?.focus({ preventScroll: true });
    }, [path]);
    return (
        <>
            <a class="nhsuk-skip-link" href="#main" onClick={skip}>
                Skip to main content
            </a>
            <Header session={session} path={path} />
            <Body route={route} session={session} trouble={trouble} again={start} />
            <Foot session={session} />
            {session && isIn(session) ? <Ending session={session} /> : null}
        </>
    );
}

render(<App />, document.getElementById('app')!);

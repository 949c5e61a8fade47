import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Heading, useTitle } from './parts/basic.tsx';
import { RecordPage } from './pages/record.tsx';
import { SearchPage } from './pages/search.tsx';
import { pathOf, useRoute } from './router.ts';

function Unknown() {
    useTitle('Page not found');
    return (
        <div>
            <main class="nhsuk-width-container nhsuk-main-wrapper k-main" id="main" tabIndex={-1}>
                <Heading>Page not found</Heading>
                <p>
                    Check the address, or <a href="#/">find a person</a>.
                </p>
            </main>
        </div>
    );
}

function skip(e: Event): void {
    e.preventDefault();
    document.getElementById('main')?.focus();
}

function App() {
    const route = useRoute();
    const path = pathOf(location.hash);
    const first = useRef(true);
    useEffect(() => {
        if (first.current) {
            first.current = false;
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
            <header class="nhsuk-header k-header">
                <div class="nhsuk-header__container nhsuk-width-container">
                    <div class="nhsuk-header__service">
                        <a
                            class="nhsuk-header__service-name"
                            href="#/"
                            aria-label="Kith, find a person"
                        >
                            <svg
                                class="k-mark"
                                viewBox="0 0 32 32"
                                width="28"
                                height="28"
                                aria-hidden="true"
                                focusable="false"
                            >
                                <circle
                                    cx="11"
                                    cy="16"
                                    r="9"
                                    fill="none"
                                    stroke="currentColor"
                                    stroke-width="3"
                                />
                                <circle
                                    cx="21"
                                    cy="16"
                                    r="9"
                                    fill="none"
                                    stroke="currentColor"
                                    stroke-width="3"
                                />
                            </svg>
                            Kith
                        </a>
                    </div>
                    {route.page === 'search' ? null : (
                        <a class="k-header__link" href="#/">
                            Find a person
                        </a>
                    )}
                </div>
            </header>
            {route.page === 'search' ? (
                <SearchPage query={route.query} />
            ) : route.page === 'unknown' ? (
                <Unknown />
            ) : (
                <RecordPage route={route} key={route.id} />
            )}
            <footer class="k-footer">
                <div class="nhsuk-width-container">
                    <p>
                        This node is open to this machine only.{' '}
                        <a href="/assets/licences.txt">Licences</a>
                    </p>
                </div>
            </footer>
        </>
    );
}

render(<App />, document.getElementById('app')!);

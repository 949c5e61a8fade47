/* From one page about a person to the others, and back to the record. */
import { isPatient, mayDo, type Session } from '../model/account.ts';
import { aboutHref, recordHref, type About } from '../router.ts';

const WORDS: Record<About, [own: string, other: string]> = {
    joined: ['All places', 'All places'],
    access: ['Who looked', 'Who looked'],
    sharing: ['Who can see', 'Who can see'],
    proxies: ['Who acts for me', 'Who acts for them'],
    launch: ['Open an app', 'Open an app'],
};

/* What staff need for a page; those whose own record it is, or who act for them, need nothing. */
const NEEDS: Record<About, string> = {
    joined: 'view-record',
    access: 'view-audit',
    sharing: 'record-consent',
    proxies: 'record-consent',
    launch: 'view-record',
};

export function PersonLinks({
    id,
    session,
    page,
}: {
    id: string;
    session: Session;
    page: About | 'record' | 'apps';
}) {
    const own = isPatient(session);
    const pages = (Object.keys(WORDS) as About[]).filter((about) =>
        own ? about !== 'launch' : mayDo(session, NEEDS[about]),
    );
    return (
        <nav class="k-person-links" aria-label={own ? 'My record' : 'This person'}>
            <ul>
                <li>
                    <a href={recordHref(id)} aria-current={page === 'record' ? 'page' : undefined}>
                        {own && session.account?.patient === id ? 'My record' : 'Record'}
                    </a>
                </li>
                {pages.map((about) => (
                    <li>
                        <a
                            href={aboutHref(id, about)}
                            aria-current={page === about ? 'page' : undefined}
                        >
                            {WORDS[about][own && session.account?.patient === id ? 0 : 1]}
                        </a>
                    </li>
                ))}
                {own ? (
                    <li>
                        <a href="#/apps" aria-current={page === 'apps' ? 'page' : undefined}>
                            Apps
                        </a>
                    </li>
                ) : null}
            </ul>
        </nav>
    );
}

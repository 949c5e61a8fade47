/* For professionals: from one page about a person to the others, and back to the record. */
import { isPatient, mayDo, type Session } from '../model/account.ts';
import { aboutHref, recordHref, type About } from '../router.ts';
import { person } from '../texts/person.ts';

/* What staff need for a page. */
const NEEDS: Record<About, string> = {
    joined: 'view-record',
    access: 'view-audit',
    sharing: 'record-consent',
    proxies: 'record-consent',
    launch: 'view-record',
};

/* Patients have all of these in the menu beside the page. */
export function PersonLinks({
    id,
    session,
    page,
}: {
    id: string;
    session: Session;
    page: About | 'record' | 'apps';
}) {
    if (isPatient(session)) {
        return null;
    }
    const t = person();
    const pages = (Object.keys(NEEDS) as About[]).filter((about) => mayDo(session, NEEDS[about]));
    const link = (to: typeof page, href: string, words: string) => (
        <li>
            <a href={href} aria-current={page === to ? 'page' : undefined}>
                {words}
            </a>
        </li>
    );
    return (
        <nav class="k-person-links" aria-label={t.pages}>
            <ul>
                {link('record', recordHref(id), t.record)}
                {pages.map((about) => link(about, aboutHref(id, about), t[about]))}
            </ul>
        </nav>
    );
}

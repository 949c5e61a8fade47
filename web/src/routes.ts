/*
 * Every page: its address, who may open it, what it needs of a record, and where its code is. The code
 * of a page is fetched when somebody goes there. One row a page; the order counts where two could fit.
 */
import type { ComponentType } from 'preact';
import type { Loaded, Part } from './load.ts';
import { hasInbox, isPatient, mayDo, maySeeLocality, type Session } from './model/account.ts';

export interface PageProps {
    session: Session;
    params: Record<string, string>;
    query: URLSearchParams;
}

/* A page of a record stands in its frame (parts/record-frame.tsx), which reads what it needs. */
export interface RecordPageProps extends PageProps {
    record: Loaded;
    again: () => void; /* reads the record anew */
}

interface Loads<P> {
    load: () => Promise<{ default: ComponentType<P> }>;
}
interface Common {
    path: string;
    may?: (session: Session) => boolean; /* left out: whoever is signed in */
    open?: boolean; /* nobody has to be signed in */
    menu?: boolean; /* patients have the menu of the record beside it; a page with needs has it anyhow */
}
export type PlainRow = Common & Loads<PageProps> & { needs?: undefined };
export type RecordRow = Common &
    Loads<RecordPageProps> & {
        needs: readonly Part[];
        /* what of it is enough to draw the page, where not all of it has to be here */
        ready?: (record: Loaded, params: Record<string, string>) => boolean;
    };
export type Row = PlainRow | RecordRow;

const isStaff = (session: Session): boolean => !isPatient(session);
const writes = (session: Session): boolean =>
    ['write-record', 'prescribe', 'refer'].some((a) => mayDo(session, a));
const may = (activity: string) => (session: Session) => mayDo(session, activity);

export const ROUTES: readonly Row[] = [
    /* ways in */
    { path: 'sign-in', open: true, load: () => import('./pages/sign-in.tsx') },
    { path: 'invite/:token', open: true, load: () => import('./pages/invite.tsx') },
    { path: 'consent/:token', load: () => import('./pages/consent.tsx') },
    { path: 'shlink:/:link', open: true, load: () => import('./pages/shared.tsx') },
    { path: 'security', load: () => import('./pages/security.tsx') },
    { path: 'offline', load: () => import('./pages/offline.tsx') },
    { path: 'launch', open: true, load: () => import('./pages/opened.tsx') },
    { path: 'apps', menu: true, load: () => import('./pages/apps.tsx') },

    /* a record: of patients and professionals alike */
    { path: 'patient/:id', may: isPatient, needs: ['safety'], load: () => import('./pages/home.tsx') },
    { path: 'patient/:id', may: isStaff, needs: ['safety'], load: () => import('./pages/safety.tsx') },
    { path: 'patient/:id/write', may: writes, needs: ['safety'], load: () => import('./pages/write.tsx') },
    { path: 'patient/:id/write/:kind', may: writes, needs: ['safety'], load: () => import('./pages/write.tsx') },
    { path: 'patient/:id/change/:type/:entry', may: writes, needs: ['all'], load: () => import('./pages/change.tsx') },
    { path: 'patient/:id/results', needs: ['results'], load: () => import('./pages/results.tsx') },
    { path: 'patient/:id/result/:key', needs: ['results'], load: () => import('./pages/result.tsx') },
    { path: 'patient/:id/report/:entry', needs: ['results'], load: () => import('./pages/report.tsx') },
    { path: 'patient/:id/results-grid', needs: ['results'], load: () => import('./pages/results-grid.tsx') },
    { path: 'patient/:id/timeline', needs: ['all'], load: () => import('./pages/timeline.tsx') },
    { path: 'patient/:id/medicines', needs: ['safety'], load: () => import('./pages/medicines.tsx') },
    { path: 'patient/:id/conditions', needs: ['safety'], load: () => import('./pages/conditions.tsx') },
    { path: 'patient/:id/allergies', needs: ['safety'], load: () => import('./pages/allergies.tsx') },
    { path: 'patient/:id/vaccinations', needs: ['safety'], load: () => import('./pages/vaccinations.tsx') },
    { path: 'patient/:id/own', needs: ['results', 'safety', 'care'], load: () => import('./pages/own.tsx') },
    { path: 'patient/:id/own/readings/:kind', needs: ['results', 'safety'], load: () => import('./pages/own-readings.tsx') },
    { path: 'patient/:id/own/add/:kind', needs: [], load: () => import('./pages/own-edit.tsx') },
    { path: 'patient/:id/own/change/:type/:entry', needs: [], load: () => import('./pages/own-edit.tsx') },
    { path: 'patient/:id/about-me', needs: ['documents', 'safety'], load: () => import('./pages/about-me.tsx') },
    { path: 'patient/:id/about-me/write', needs: ['documents'], load: () => import('./pages/about-me-write.tsx') },
    { path: 'patient/:id/care', needs: ['care', 'documents', 'safety'], load: () => import('./pages/care.tsx') },
    { path: 'patient/:id/details', needs: ['safety', 'care'], load: () => import('./pages/details.tsx') },
    {
        path: 'patient/:id/entry/:type/:entry',
        needs: ['all'],
        ready: ({ index }, { type, entry }) => index.byReference.has(`${type}/${entry}`),
        load: () => import('./pages/entry.tsx'),
    },
    { path: 'patient/:id/letters', needs: ['documents'], load: () => import('./pages/letters.tsx') },
    { path: 'patient/:id/letter/:entry', needs: ['documents'], load: () => import('./pages/letter.tsx') },
    { path: 'patient/:id/images', needs: ['documents', 'results'], load: () => import('./pages/images.tsx') },
    { path: 'patient/:id/share', needs: ['all'], load: () => import('./pages/share.tsx') },
    { path: 'patient/:id/download', needs: ['all'], load: () => import('./pages/download.tsx') },
    { path: 'patient/:id/requests', needs: ['all'], load: () => import('./pages/requests.tsx') },
    { path: 'patient/:id/ask/:kind', needs: ['safety'], load: () => import('./pages/ask.tsx') },
    { path: 'patient/:id/ask/:kind/:type/:entry', needs: ['all'], load: () => import('./pages/ask.tsx') },

    /* about a record */
    { path: 'people/:id/joined', needs: ['all'], load: () => import('./pages/joined.tsx') },
    { path: 'people/:id/access', menu: true, load: () => import('./pages/access.tsx') },
    { path: 'people/:id/sharing', menu: true, load: () => import('./pages/sharing.tsx') },
    { path: 'people/:id/proxies', menu: true, load: () => import('./pages/proxies.tsx') },
    { path: 'people/:id/launch', load: () => import('./pages/launch.tsx') },
    { path: 'helping', may: isPatient, load: () => import('./pages/helping.tsx') },

    /* what people say of these pages */
    { path: 'feedback', load: () => import('./pages/feedback.tsx') },

    /* work */
    { path: 'inbox', may: hasInbox, load: () => import('./pages/inbox.tsx') },
    { path: 'find', may: may('view-demographics'), load: () => import('./pages/search.tsx') },
    { path: 'keys', may: isStaff, load: () => import('./pages/keys.tsx') },
    { path: 'reviews', may: may('review-overrides'), load: () => import('./pages/reviews.tsx') },
    { path: 'people-and-roles', may: may('manage-people'), load: () => import('./pages/people-and-roles.tsx') },
    { path: 'locality', may: maySeeLocality, load: () => import('./pages/locality.tsx') },
];

export const PATHS: readonly string[] = ROUTES.map((r) => r.path);

/* Two rows may share an address: the first one that somebody may open counts. */
export function rowOf(path: string, session: Session | null): Row | undefined {
    const rows = ROUTES.filter((r) => r.path === path);
    return rows.find((r) => !r.may || (session && r.may(session))) ?? rows[0];
}

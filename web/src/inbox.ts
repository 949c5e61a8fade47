/* What waits for somebody of the staff: read from the node, counted for the header. */
import { get, matchesOf } from './api.ts';
import { currentRole, mayDo, type Session } from './model/account.ts';
import { list, type Bundle, type Resource } from './model/fhir.ts';
import { isMail, MAILBOX, REQUEST_KIND, requestOf, type Request } from './model/requests.ts';

const MOST = 200;
const OPEN = 'status=requested,in-progress';

/* Who reads requests of patients, and who the feedback of all. */
export const readsRequests = (session: Session): boolean => mayDo(session, 'view-record');
export const readsFeedback = (session: Session): boolean => mayDo(session, 'manage-node');

export interface Work {
    requests: Request[];
    mail: Resource[];
    known: Map<string, Resource>; /* patients and entries, by 'Type/id' */
    mine: Set<string>; /* what the asker owns as: person, teams, organisation */
    more: boolean; /* there are more than are shown */
}

/* The references under which an owner may mean this person. */
async function ownNames(session: Session, signal?: AbortSignal): Promise<Set<string>> {
    const person = session.account?.person ?? '';
    const names = new Set([person, currentRole(session.account!)?.organisation ?? ''].filter(Boolean));
    if (person.startsWith('Practitioner/')) {
        const who = encodeURIComponent(person);
        const found = await Promise.all([
            get<Bundle>(`CareTeam?participant=${who}&status=active&_elements=id&_count=${MOST}`, signal),
            get<Bundle>(`PractitionerRole?practitioner=${who}&_elements=id&_count=${MOST}`, signal),
        ]).catch(() => []);
        found.flatMap(matchesOf).forEach((r) => names.add(`${r.resourceType}/${r.id}`));
    }
    return names;
}

export async function readWork(session: Session, signal?: AbortSignal): Promise<Work> {
    const code = encodeURIComponent(`${REQUEST_KIND}|`);
    const box = encodeURIComponent(`${MAILBOX}|inbox`);
    const none = Promise.resolve<Bundle>({ resourceType: 'Bundle', type: 'searchset' });
    const [asked, mail, feedback, mine] = await Promise.all([
        readsRequests(session)
            ? get<Bundle>(
                  `Task?code=${code}&${OPEN}&_include=Task:patient&_include=Task:focus&_sort=authored-on&_count=${MOST}`,
                  signal,
              )
            : none,
        readsRequests(session)
            ? get<Bundle>(`Task?code=${box}&status=received&_count=${MOST}`, signal)
            : none,
        readsFeedback(session) ? get<Bundle>('$ask', signal) : none,
        ownNames(session, signal),
    ]);
    const all = [asked, mail, feedback].flatMap(matchesOf);
    const known = new Map(all.map((r) => [`${r.resourceType}/${r.id}`, r]));
    const requests = [...known.values()]
        .map(requestOf)
        .filter((r): r is Request => r !== null && r.waits);
    return {
        requests,
        mail: [...known.values()].filter(isMail),
        known,
        mine,
        more: list(asked.link).some((l) => l.relation === 'next'),
    };
}

/* --- the number in the header ------------------------------------------------------------------ */

const CHANGED = 'kith-inbox';

/* Somebody has dealt with something: the number is asked for anew. */
export const inboxChanged = (): boolean => dispatchEvent(new Event(CHANGED));

export function onInbox(look: () => void): () => void {
    addEventListener(CHANGED, look);
    return () => removeEventListener(CHANGED, look);
}

const total = async (query: string): Promise<number> =>
    Number((await get<Bundle>(`${query}&_summary=count`)).total ?? 0);

/* How much waits: what is the asker's own, their team's or their organisation's. */
export async function countWaiting(session: Session): Promise<number> {
    if (!readsRequests(session)) {
        const all = matchesOf(await get<Bundle>('$ask')).map(requestOf);
        return all.filter((r) => r?.waits).length;
    }
    const mine = [...(await ownNames(session))];
    const code = encodeURIComponent(`${REQUEST_KIND}|`);
    const counts = await Promise.all([
        mine.length
            ? total(`Task?code=${code}&${OPEN}&owner=${encodeURIComponent(mine.join(','))}`)
            : 0,
        total(`Task?code=${encodeURIComponent(`${MAILBOX}|inbox`)}&status=received`),
    ]);
    return counts[0] + counts[1];
}

/* Beside an entry: what was asked and said about it, and the ways to ask and to say. */
import { get, matchesOf, operate } from '../api.ts';
import type { Loaded } from '../load.ts';
import { isPatient, mayDo, type Session } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import type { Bundle, Resource } from '../model/fhir.ts';
import { parameters } from '../model/params.ts';
import {
    canBeAsked,
    canBeRepeated,
    remarkOf,
    requestOf,
    workKind,
    type Kind,
    type Remark,
    type Request,
} from '../model/requests.ts';
import { recordHref } from '../router.ts';
import { requests } from '../texts/requests.ts';
import { Section, TroubleBox } from './basic.tsx';
import { useAction, useLoaded } from './form.tsx';

/* The page that asks: one thing, about one entry or the record as a whole. */
export const askHref = (id: string, kind: Kind, res?: Resource): string =>
    recordHref(id, `ask/${kind}${res ? `/${res.resourceType}/${res.id ?? ''}` : ''}`);

export const takeBack = (res: Resource): Promise<Resource> =>
    operate(`${res.resourceType}/${res.id}/$withdraw`, parameters([]));

const isMine = (session: Session, reference: string): boolean =>
    reference !== '' &&
    [`Patient/${session.account?.patient ?? ''}`, session.account?.person].includes(reference);

export function RemarkWords({
    remark,
    session,
    again,
}: {
    remark: Remark;
    session: Session;
    again: () => void;
}) {
    const t = requests();
    const { busy, trouble, run } = useAction();
    const mine = isMine(session, remark.byReference);
    const day = showDate(remark.at);
    return (
        <blockquote class="k-said-beside">
            <p class="k-quiet">{mine ? t.youSay(day) : t.says(remark.by, day)}</p>
            <p class="k-lines k-break">{remark.words}</p>
            {trouble ? <TroubleBox trouble={trouble} /> : null}
            {mine ? (
                <button
                    type="button"
                    class="k-link-button"
                    aria-disabled={busy}
                    onClick={() => void run(() => takeBack(remark.res)).then((ok) => ok && again())}
                >
                    {t.takeBack}
                    <span class="nhsuk-u-visually-hidden"> ({remark.words.slice(0, 60)})</span>
                </button>
            ) : null}
        </blockquote>
    );
}

function RequestLine({ r, id }: { r: Request; id: string }) {
    const t = requests();
    return (
        <li>
            <a href={recordHref(id, 'requests')}>{t.kinds[r.kind]}</a>.{' '}
            {r.waits
                ? t.waitsWith(r.owner, showDate(r.due))
                : `${t.outcomes[r.outcome] ?? ''}${r.answer ? `: ${r.answer}` : ''}`}
        </li>
    );
}

function Links({ id, res, session, own }: { id: string; res: Resource; session: Session; own: boolean }) {
    const t = requests();
    const person = isPatient(session);
    const links: [Kind, string][] = person
        ? [
              ['correction', t.wrong],
              ['comment', t.side],
              ...(canBeRepeated(res) && own ? ([['repeat', t.repeat]] as [Kind, string][]) : []),
          ]
        : own && mayDo(session, 'write-record')
          ? [[workKind(res), t.task]]
          : [];
    return links.length ? (
        <ul class="nhsuk-list k-ask">
            {links.map(([kind, words]) => (
                <li key={kind}>
                    <a href={askHref(id, kind, res)}>{words}</a>
                </li>
            ))}
        </ul>
    ) : null;
}

/* A section of an entry's page. Of what another place keeps only that place knows what was asked. */
export function Beside({ record, res, session }: { record: Loaded; res: Resource; session: Session }) {
    const t = requests();
    const own = record.index.aboutOf(res).own;
    const can = canBeAsked(res);
    const loaded = useLoaded(
        (signal) =>
            own && can
                ? get<Bundle>(`${res.resourceType}/${res.id}/$ask`, signal).then(matchesOf)
                : Promise.resolve([]),
        [res.resourceType, res.id],
    );
    if (!can) {
        return null;
    }
    const all = loaded.value ?? [];
    const remarks = all.map(remarkOf).filter((r): r is Remark => r !== null);
    const asked = all
        .map(requestOf)
        .filter((r): r is Request => r !== null && !r.withdrawn);
    return (
        <Section id="beside" title={isPatient(session) ? t.beside : t.besideStaff}>
            <Links id={record.id} res={res} session={session} own={own} />
            {loaded.trouble ? <TroubleBox trouble={loaded.trouble} again={loaded.again} /> : null}
            {remarks.map((r) => (
                <RemarkWords key={r.res.id} remark={r} session={session} again={loaded.again} />
            ))}
            {asked.length ? (
                <ul class="nhsuk-list">
                    {asked.map((r) => (
                        <RequestLine key={r.res.id} r={r} id={record.id} />
                    ))}
                </ul>
            ) : null}
        </Section>
    );
}

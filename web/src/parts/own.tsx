/* What the pages of own entries share: who may write here, what is said beside it, the way on. */
import type { ComponentChildren } from 'preact';
import { isPatient, type Session } from '../model/account.ts';
import type { Resource } from '../model/fhir.ts';
import type { RecordIndex } from '../model/record.ts';
import { recordHref } from '../router.ts';
import { own } from '../texts/own.ts';

/* Only the person writes in their own words; not who acts for them, nor staff. */
export const isMine = (session: Session, id: string): boolean =>
    isPatient(session) && session.account?.patient === id;

export const ownHref = (id: string, rest = ''): string =>
    recordHref(id, `own${rest ? `/${rest}` : ''}`);
export const changeHref = (id: string, r: Resource): string =>
    ownHref(id, `change/${r.resourceType}/${r.id ?? ''}`);

/* Own entries wait for nobody's look. */
export function Urgent() {
    const t = own();
    return (
        <div class="nhsuk-inset-text k-inset">
            <p>
                <strong>{t.urgent}</strong> {t.urgentMore}
            </p>
        </div>
    );
}

/* The way to change an entry, or where it can be changed. */
export function ChangeLink(props: {
    id: string;
    res: Resource;
    index: RecordIndex;
    what: string; /* of which it is, for those who hear the link alone */
    mine: boolean;
}) {
    const t = own();
    const about = props.index.aboutOf(props.res);
    if (!props.mine) {
        return null;
    }
    if (!about.own) {
        return <span class="k-quiet k-block">{t.elsewhere(about.place)}</span>;
    }
    return (
        <a class="k-own__change" href={changeHref(props.id, props.res)}>
            {t.change}
            <span class="nhsuk-u-visually-hidden"> {props.what}</span>
        </a>
    );
}

/* That something was done, where the page comes back to. */
export function Done({ children }: { children: ComponentChildren }) {
    return (
        <div class="nhsuk-inset-text k-inset k-done" role="status">
            <p>
                <strong>{children}</strong>
            </p>
        </div>
    );
}

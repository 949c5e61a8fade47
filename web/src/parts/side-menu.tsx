/* The menu of a record for patients: beside the page, or on a telephone behind one button, so that the page comes first. */
import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../model/account.ts';
import { CHOICES_NAV, isAt, navHref, PATIENT_NAV, type NavRow } from '../record-nav.ts';
import { recordNav } from '../texts/record-nav.ts';

/* What rows are called to those who act for somebody else. */
const THEIRS: Partial<Record<NavRow['words'], NavRow['words']>> = {
    proxies: 'theirProxies',
    joined: 'theirJoined',
};

function Group(props: { id: string; page: string; own: boolean; name: string; rows: readonly NavRow[] }) {
    const { id, page, own, name } = props;
    const t = recordNav();
    const label = `menu-${props.rows === CHOICES_NAV ? 'choices' : 'health'}`;
    return (
        <>
            <p class="k-side__group" id={label}>
                {name}
            </p>
            <ul aria-labelledby={label}>
                {props.rows
                    .filter((row) => own || !row.own)
                    .map((row) => (
                        <li key={row.page}>
                            <a
                                href={navHref(id, row)}
                                aria-current={
                                    row.page === page ? 'page' : isAt(row, page) ? 'true' : undefined
                                }
                            >
                                {t[own ? row.words : (THEIRS[row.words] ?? row.words)]}
                            </a>
                        </li>
                    ))}
            </ul>
        </>
    );
}

/* `at`: the address, since a menu closes when another page of the same kind opens, too. */
export function SideMenu({ id, page, at, session }: { id: string; page: string; at: string; session: Session }) {
    const [open, setOpen] = useState(false);
    const t = recordNav();
    const own = session.account?.patient === id;
    useEffect(() => setOpen(false), [page, at]);
    return (
        <nav class="k-side" aria-label={t.record}>
            <button
                type="button"
                class="k-side__button"
                aria-expanded={open}
                aria-controls="record-pages"
                onClick={() => setOpen(!open)}
            >
                {t.more}
            </button>
            <div class="k-side__list" id="record-pages" data-open={open ? '' : undefined}>
                <Group id={id} page={page} own={own} name={own ? t.health : t.theirHealth} rows={PATIENT_NAV} />
                <Group id={id} page={page} own={own} name={own ? t.choices : t.theirChoices} rows={CHOICES_NAV} />
            </div>
        </nav>
    );
}

/* Beside an entry: to share it, which is for the person alone, and to print it. */
import type { Session } from '../model/account.ts';
import type { Resource } from '../model/fhir.ts';
import { recordHref } from '../router.ts';
import { printTexts } from '../texts/print.ts';
import { PrintButtons } from './print.tsx';

export const shareHref = (id: string, res: Resource): string =>
    `${recordHref(id, 'share')}?entry=${encodeURIComponent(`${res.resourceType}/${res.id ?? ''}`)}`;

export function ItemActions({ id, session, res }: { id: string; session: Session; res: Resource }) {
    const t = printTexts();
    return (
        <div class="k-actions">
            {session.account?.patient === id ? (
                <a
                    class="nhsuk-button nhsuk-button--secondary nhsuk-button--small"
                    href={shareHref(id, res)}
                >
                    {t.share}
                </a>
            ) : null}
            <PrintButtons />
        </div>
    );
}

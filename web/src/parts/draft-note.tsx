/* Beside a form: that its words were found again, are kept, or cannot be kept. */
import type { Draft } from '../drafts.ts';
import { draftTexts } from '../texts/draft.ts';

const when = (at: number): string =>
    new Date(at).toLocaleString('en-GB', {
        timeZone: 'Europe/London',
        day: 'numeric',
        month: 'long',
        hour: '2-digit',
        minute: '2-digit',
    });

export function DraftNote({ draft }: { draft: Draft<any> }) {
    const t = draftTexts();
    return (
        <div class="k-draft" role="status">
            {draft.found ? (
                <p>
                    {t.found(when(draft.found))}{' '}
                    <button type="button" class="k-link-button" onClick={draft.clear}>
                        {t.discard}
                    </button>
                </p>
            ) : null}
            {draft.broken ? <p>{t.broken}</p> : draft.savedAt ? <p>{t.saved}</p> : null}
        </div>
    );
}

/* What somebody's role may write, one press away. */
import type { Session } from '../model/account.ts';
import { KINDS, mayWrite } from '../model/entry-kinds.ts';
import { recordHref } from '../router.ts';
import { write } from '../texts/write.ts';

export function WriteLinks({ id, session }: { id: string; session: Session }) {
    const forms = KINDS.filter((f) => mayWrite(session, f));
    return forms.length ? (
        <nav class="k-jump" aria-label={write().title}>
            <ul>
                <li class="k-jump__words">{write().links}</li>
                {forms.map((f) => (
                    <li key={f.kind}>
                        <a href={recordHref(id, `write/${f.kind}`)}>{f.title}</a>
                    </li>
                ))}
            </ul>
        </nav>
    ) : null;
}

/* Allergies in one line: what is recorded, that there are none, or that nobody has said. */
import { once } from '../model/medicine-facts.ts';
import { allergies, type RecordIndex } from '../model/record.ts';
import { recordHref } from '../router.ts';
import { lists } from '../texts/lists.ts';

export function AllergyLine({
    index,
    id,
    named = false,
}: {
    index: RecordIndex;
    id: string;
    named?: boolean; /* a heading above it says already what it is */
}) {
    const t = lists();
    const { active, none } = allergies(index);
    const names = once(active, index).map((a) => a.thing.title);
    return (
        <p>
            {named ? null : <strong>{t.allergyWarning}. </strong>}
            {names.length ? t.allergicTo(names.join(', ')) : none.length ? t.noKnown : t.noneRecorded}{' '}
            <a href={recordHref(id, 'allergies')}>{t.allergyMore}</a>
        </p>
    );
}

/* Whom the record names already, beside a form that names somebody: nobody is written down twice. */
import type { Loaded } from '../load.ts';
import type { ContactPerson } from '../model/contacts.ts';
import { recordHref } from '../router.ts';
import { write } from '../texts/write.ts';

export function PeopleCheck(props: {
    record: Loaded;
    people: readonly ContactPerson[];
    name: string; /* that is typed */
}) {
    const t = write();
    const { record, people } = props;
    const asked = record.joined.has('care') || record.joined.has('all');
    const typed = props.name.trim().toLowerCase();
    const twice = typed ? people.find((p) => p.name.toLowerCase() === typed) : undefined;
    return (
        <div class="nhsuk-inset-text k-inset">
            <p>
                <strong>{t.peopleNow}:</strong>{' '}
                {people.length ? (
                    <a href={recordHref(record.id, 'care')}>
                        {people.map((p) => p.name).join(', ')}
                    </a>
                ) : asked ? (
                    t.noPeople
                ) : (
                    t.readingPeople
                )}
            </p>
            {twice ? (
                <p role="alert">
                    <strong class="nhsuk-error-message">{t.samePerson(twice.name)}</strong>
                </p>
            ) : null}
        </div>
    );
}

/*
 * A field for something that has a code: it offers what fits while somebody types (the combobox of WAI-ARIA,
 * with a list), and keeps the words in any case. Down and up move in the list, Enter takes, Escape closes it.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { asTrouble } from '../load.ts';
import type { Coded, Field } from '../model/entry-forms.ts';
import type { Coding } from '../model/fhir.ts';
import { suggest } from '../suggest.ts';
import { common } from '../texts/common.ts';
import { write } from '../texts/write.ts';

const PAUSE_MS = 120;

const systemWords = (system: string | undefined): string =>
    /snomed/.test(system ?? '') ? 'SNOMED CT' : (system ?? '');

/* What the node offers for the words that stand in the field; null: not asked, or not answered yet. */
function useOffers(
    field: Field,
    typed: string,
    wanted: boolean,
): { offers: Coding[] | null; failed: boolean } {
    const [offers, setOffers] = useState<Coding[] | null>(null);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
        if (!wanted || typed.trim().length < 2) {
            setOffers(null);
            return undefined;
        }
        const abort = new AbortController();
        const timer = setTimeout(() => {
            suggest(field.set!, typed, abort.signal).then(
                (found) => {
                    setOffers(found);
                    setFailed(false);
                },
                (e) => {
                    if (!abort.signal.aborted) {
                        setOffers(null);
                        setFailed(asTrouble(e).status !== 401);
                    }
                },
            );
        }, PAUSE_MS);
        return () => {
            clearTimeout(timer);
            abort.abort();
        };
    }, [typed, wanted, field.set]);
    return { offers, failed };
}

export function CodedField(props: {
    id: string;
    field: Field;
    value: Coded;
    problem?: string | undefined;
    change: (value: Coded) => void;
}) {
    const { id, field, value, problem } = props;
    const t = write();
    const [open, setOpen] = useState(false);
    const [at, setAt] = useState(-1);
    const input = useRef<HTMLInputElement>(null);
    const { offers, failed } = useOffers(field, value.text, open && !value.coding);
    const shown = open && !value.coding && offers ? offers : [];
    const staff = field.set === 'staff';

    useEffect(() => setAt(-1), [offers]);
    useEffect(() => {
        document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' });
    }, [at]);

    const take = (coding: Coding) => {
        props.change({ text: coding.display ?? value.text, coding });
        setOpen(false);
        input.current?.focus();
    };
    const key = (e: KeyboardEvent) => {
        if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
            e.preventDefault();
            setOpen(true);
            const step = e.key === 'ArrowDown' ? 1 : -1;
            setAt(
                shown.length
                    ? (at + step + shown.length + (at < 0 && step < 0 ? 1 : 0)) % shown.length
                    : -1,
            );
        } else if (e.key === 'Enter' && shown[at]) {
            e.preventDefault();
            take(shown[at]!);
        } else if (e.key === 'Escape' && shown.length) {
            e.preventDefault();
            setOpen(false);
        }
    };
    const state = value.coding
        ? staff
            ? t.chosenPerson(value.text)
            : t.codedAs(
                  `${value.coding.display ?? value.text}, ${value.coding.code}`,
                  systemWords(value.coding.system),
              )
        : failed
          ? t.noLists
          : shown.length
            ? t.suggestions(shown.length)
            : value.text.trim() && !staff
              ? offers && open
                  ? t.noSuggestion
                  : t.notCoded
              : '';
    const described = [field.hint ? `${id}-hint` : '', problem ? `${id}-error` : '', `${id}-state`]
        .filter(Boolean)
        .join(' ');
    return (
        <div class={`nhsuk-form-group${problem ? ' nhsuk-form-group--error' : ''}`}>
            <label class="nhsuk-label nhsuk-label--s" for={id}>
                {field.label}
            </label>
            {field.hint ? (
                <div class="nhsuk-hint" id={`${id}-hint`}>
                    {field.hint}
                </div>
            ) : null}
            {problem ? (
                <span class="nhsuk-error-message" id={`${id}-error`}>
                    <span class="nhsuk-u-visually-hidden">{common().error}</span> {problem}
                </span>
            ) : null}
            <div class="k-combo">
                <input
                    ref={input}
                    id={id}
                    name={id}
                    type="text"
                    class={`nhsuk-input k-field${problem ? ' nhsuk-input--error' : ''}`}
                    role="combobox"
                    aria-autocomplete="list"
                    aria-expanded={shown.length > 0}
                    aria-controls={`${id}-list`}
                    aria-activedescendant={shown[at] ? `${id}-${at}` : undefined}
                    aria-describedby={described}
                    aria-invalid={problem ? 'true' : undefined}
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck={false}
                    value={value.text}
                    onInput={(e) => {
                        props.change({ text: e.currentTarget.value });
                        setOpen(true);
                    }}
                    onKeyDown={key}
                    onBlur={() => setOpen(false)}
                />
                <ul
                    class="k-combo__list"
                    id={`${id}-list`}
                    role="listbox"
                    aria-label={field.label}
                    hidden={!shown.length}
                >
                    {shown.map((c, i) => (
                        <li
                            key={c.code}
                            id={`${id}-${i}`}
                            role="option"
                            aria-selected={i === at}
                            class="k-combo__one"
                            /* before the field loses the focus, and with it its list */
                            onMouseDown={(e) => {
                                e.preventDefault();
                                take(c);
                            }}
                        >
                            {c.display}
                        </li>
                    ))}
                </ul>
            </div>
            <p
                class={`k-combo__state${value.coding ? ' k-combo__state--coded' : ''}`}
                id={`${id}-state`}
                role="status"
            >
                {state}
            </p>
        </div>
    );
}

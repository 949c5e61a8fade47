/* A day in three fields, as the NHS design system has it: no calendar to get lost in. */
import { common } from '../texts/common.ts';

export interface DayTyped {
    day: string;
    month: string;
    year: string;
}

export function DateField(props: {
    id: string; /* of the first field, for the summary of problems */
    question: string;
    hint: string;
    problem?: string | undefined;
    words: { day: string; month: string; year: string };
    value: DayTyped;
    change: (part: Partial<DayTyped>) => void;
}) {
    const parts = ['day', 'month', 'year'] as const;
    const hint = `${props.id}-hint`;
    const error = `${props.id}-error`;
    return (
        <div class={`nhsuk-form-group${props.problem ? ' nhsuk-form-group--error' : ''}`}>
            <fieldset
                class="nhsuk-fieldset"
                role="group"
                aria-describedby={props.problem ? `${hint} ${error}` : hint}
            >
                <legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">
                    {props.question}
                </legend>
                <div class="nhsuk-hint" id={hint}>
                    {props.hint}
                </div>
                {props.problem ? (
                    <span class="nhsuk-error-message" id={error}>
                        <span class="nhsuk-u-visually-hidden">{common().error}</span>{' '}
                        {props.problem}
                    </span>
                ) : null}
                <div class="k-dayfield">
                    {parts.map((part) => {
                        const id = part === 'day' ? props.id : `${props.id}-${part}`;
                        return (
                            <div key={part}>
                                <label class="nhsuk-label" for={id}>
                                    {props.words[part]}
                                </label>
                                <input
                                    id={id}
                                    name={id}
                                    type="text"
                                    class={`nhsuk-input k-dayfield__${part === 'year' ? 'year' : 'two'}${props.problem ? ' nhsuk-input--error' : ''}`}
                                    inputMode="numeric"
                                    autocomplete="off"
                                    value={props.value[part]}
                                    onInput={(e) => props.change({ [part]: e.currentTarget.value })}
                                />
                            </div>
                        );
                    })}
                </div>
            </fieldset>
        </div>
    );
}

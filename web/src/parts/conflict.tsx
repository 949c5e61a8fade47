/* Two people have changed one entry: both versions side by side, field by field. Nothing of either is lost. */
import { useState } from 'preact/hooks';
import type { Field } from '../model/entry-forms.ts';
import type { Difference } from '../model/entry-read.ts';
import { write } from '../texts/write.ts';
import { Tag } from './basic.tsx';
import { shownAnswer } from './entry-fields.tsx';
import { Button, ErrorSummary, type Problems } from './form.tsx';
import { useFocused } from './focus.ts';

export type Chosen = Record<string, 'mine' | 'theirs'>;

function Row(props: {
    field: Field;
    d: Difference;
    chosen: 'mine' | 'theirs' | undefined;
    choose: (which: 'mine' | 'theirs') => void;
}) {
    const t = write();
    const { field, d } = props;
    const taken = d.both
        ? props.chosen
        : shownAnswer(field, d.before) === shownAnswer(field, d.theirs)
          ? 'mine'
          : 'theirs';
    const cell = (which: 'mine' | 'theirs', words: string, label: string, first: boolean) => (
        <td role="cell" class="nhsuk-table__cell" data-taken={taken === which ? '' : undefined}>
            <span class="nhsuk-table-responsive__heading" aria-hidden="true">
                {which === 'mine' ? t.mine : t.theirs}{' '}
            </span>
            <span class="k-cell k-lines">
                {words || t.empty}
                {d.both ? (
                    <span class="nhsuk-radios__item k-conflict__radio">
                        <input
                            class="nhsuk-radios__input"
                            type="radio"
                            id={first ? `conflict-${d.name}` : `conflict-${d.name}-2`}
                            name={`conflict-${d.name}`}
                            checked={props.chosen === which}
                            onChange={() => props.choose(which)}
                        />
                        <label
                            class="nhsuk-label nhsuk-radios__label"
                            for={first ? `conflict-${d.name}` : `conflict-${d.name}-2`}
                        >
                            {label}
                        </label>
                    </span>
                ) : taken === which ? (
                    <span class="k-block">
                        <Tag tone="green">{t.taken}</Tag>
                    </span>
                ) : null}
            </span>
        </td>
    );
    return (
        <tr role="row" class="nhsuk-table__row">
            <th role="rowheader" scope="row" class="nhsuk-table__header">
                {field.label}
            </th>
            <td role="cell" class="nhsuk-table__cell">
                <span class="nhsuk-table-responsive__heading" aria-hidden="true">
                    {t.before}{' '}
                </span>
                <span class="k-cell k-lines">{shownAnswer(field, d.before) || t.empty}</span>
            </td>
            {cell('mine', shownAnswer(field, d.mine), t.takeMine(field.label), true)}
            {cell('theirs', shownAnswer(field, d.theirs), t.takeTheirs(field.label), false)}
        </tr>
    );
}

export function Conflict(props: {
    fields: readonly Field[];
    all: Difference[];
    who: string;
    when: string;
    busy: boolean;
    save: (chosen: Chosen) => void;
    leave: () => void;
}) {
    const t = write();
    const [chosen, setChosen] = useState<Chosen>({});
    const [problems, setProblems] = useState<Problems>({});
    const [turn, setTurn] = useState(0);
    const heading = useFocused<HTMLHeadingElement>([], true);
    const submit = (e: Event) => {
        e.preventDefault();
        const open = props.all.filter((d) => d.both && !chosen[d.name]);
        const labels = new Map(props.fields.map((f) => [f.name, f.label]));
        setProblems(
            Object.fromEntries(
                open.map((d) => [`conflict-${d.name}`, t.chooseOne(labels.get(d.name) ?? d.name)]),
            ),
        );
        setTurn(turn + 1);
        if (!open.length) {
            props.save(chosen);
        }
    };
    return (
        <section class="k-card k-wide k-conflict" aria-labelledby="conflict">
            <h2 class="nhsuk-heading-m" id="conflict" tabIndex={-1} ref={heading}>
                {t.conflict}
            </h2>
            <p>
                {t.conflictAdvice} {t.conflictWho(props.who, props.when)}
            </p>
            <form onSubmit={submit} noValidate>
                <ErrorSummary problems={problems} turn={turn} />
                <table role="table" class="nhsuk-table-responsive">
                    <caption class="nhsuk-u-visually-hidden">{t.conflict}</caption>
                    <thead role="rowgroup" class="nhsuk-table__head">
                        <tr role="row">
                            {[t.field, t.before, t.mine, t.theirs].map((words) => (
                                <th role="columnheader" scope="col">
                                    {words}
                                </th>
                            ))}
                        </tr>
                    </thead>
                    <tbody class="nhsuk-table__body">
                        {props.all.map((d) => (
                            <Row
                                key={d.name}
                                field={props.fields.find((f) => f.name === d.name)!}
                                d={d}
                                chosen={chosen[d.name]}
                                choose={(which) => setChosen({ ...chosen, [d.name]: which })}
                            />
                        ))}
                    </tbody>
                </table>
                <div class="k-buttons">
                    <Button busy={props.busy}>{t.saveChosen}</Button>
                    <Button kind="secondary" click={props.leave}>
                        {t.leave}
                    </Button>
                </div>
            </form>
        </section>
    );
}

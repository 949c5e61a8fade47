/* Somebody who was found: enough to tell them from everybody else before their record is opened. */
import type { Resource } from '../model/fhir.ts';
import {
    addressLines,
    died,
    gender,
    mainAddress,
    nhsNumber,
    otherNames,
    patientName,
} from '../model/people.ts';
import type { Likeness } from '../model/twins.ts';
import { recordHref } from '../router.ts';
import { find } from '../texts/find.ts';
import { bornLine, diedLine } from './banner.tsx';
import { Tag } from './basic.tsx';

export function AlikeTag({ like }: { like: Likeness | undefined }) {
    const t = find();
    return like ? (
        <p class="k-alike">
            <Tag tone={like === 'name' ? 'yellow' : 'red'}>
                {like === 'name' ? t.sameName : t.sameNameAndDate}
            </Tag>
        </p>
    ) : null;
}

function Fact({ label, wide, children }: { label: string; wide?: boolean; children: string }) {
    return (
        <div class={wide ? 'k-person__address' : undefined}>
            <dt>{label}</dt>
            <dd>{children}</dd>
        </div>
    );
}

export function FoundPerson({ patient, like }: { patient: Resource; like?: Likeness | undefined }) {
    const t = find();
    const address = addressLines(mainAddress(patient)).join(', ');
    const others = otherNames(patient)
        .map((n) => `${n.name} (${n.use.toLowerCase()})`)
        .join('; ');
    return (
        <li class="k-person">
            <h3 class="k-person__name">
                <a href={recordHref(patient.id ?? '')}>{patientName(patient)}</a>{' '}
                {died(patient) !== undefined ? (
                    <Tag tone="grey">{t.died(diedLine(patient))}</Tag>
                ) : null}
            </h3>
            <AlikeTag like={like} />
            <dl class="k-person__facts">
                <Fact label={t.born}>{bornLine(patient)}</Fact>
                <Fact label={t.gender}>{gender(patient)}</Fact>
                <Fact label={t.number}>{nhsNumber(patient) || t.notRecorded}</Fact>
                <Fact label={t.address} wide>
                    {address || t.notRecorded}
                </Fact>
                {others ? (
                    <Fact label={t.otherNames} wide>
                        {others}
                    </Fact>
                ) : null}
            </dl>
        </li>
    );
}

/* Who is to own a request: the asker, their organisation, one of its teams or people. */
import { get, matchesOf } from '../api.ts';
import { currentRole, type Session } from '../model/account.ts';
import { list, type Bundle, type Concept, title } from '../model/fhir.ts';
import { resourceName } from '../model/record.ts';
import { inbox } from '../texts/inbox.ts';
import { SelectField, useLoaded } from './form.tsx';

interface Party {
    value: string;
    label: string;
}

const MOST = 200;

/* The teams and people of an organisation, by what they are called. */
async function parties(organisation: string, signal: AbortSignal): Promise<Party[]> {
    if (!organisation) {
        return [];
    }
    const at = encodeURIComponent(organisation);
    const [roles, teams] = await Promise.all([
        get<Bundle>(
            `PractitionerRole?organization=${at}&active=true&_include=PractitionerRole:practitioner&_count=${MOST}`,
            signal,
        ).then(matchesOf),
        get<Bundle>(`CareTeam?status=active&subject:missing=true&_count=${MOST}`, signal)
            .then(matchesOf)
            .catch(() => []),
    ]);
    const names = new Map(roles.map((r) => [`${r.resourceType}/${r.id}`, resourceName(r)]));
    const people = roles
        .filter((r) => r.resourceType === 'PractitionerRole' && r.practitioner?.reference)
        .map((r) => {
            const who = String(r.practitioner.reference);
            const name = String(r.practitioner.display ?? names.get(who) ?? who);
            const job = list<Concept>(r.code).map(title)[0] ?? '';
            return { value: who, label: [name, job].filter(Boolean).join(', ') };
        });
    const found = [
        ...teams
            .filter((r) => r.resourceType === 'CareTeam')
            .map((r) => ({ value: `CareTeam/${r.id}`, label: resourceName(r) || inbox().aTeam })),
        ...people.sort((a, b) => a.label.localeCompare(b.label)),
    ];
    return [...new Map(found.map((p) => [p.value, p])).values()];
}

export function OwnerField(props: {
    id: string;
    label: string;
    session: Session;
    value: string;
    problem?: string | undefined;
    first?: Party; /* what stands first: 'Choose', or the organisation */
    change: (value: string) => void;
}) {
    const t = inbox();
    const role = currentRole(props.session.account!);
    const here = role?.organisation ?? '';
    const loaded = useLoaded((signal) => parties(here, signal), [here]);
    const options: Party[] = [
        ...(props.first ? [props.first] : []),
        ...(here ? [{ value: here, label: t.allOf(role?.organisation_name || t.organisation) }] : []),
        ...(loaded.value ?? []),
    ];
    return (
        <SelectField
            id={props.id}
            label={props.label}
            hint={loaded.trouble ? t.noOwners : undefined}
            problem={props.problem}
            value={props.value}
            options={options}
            change={props.change}
        />
    );
}

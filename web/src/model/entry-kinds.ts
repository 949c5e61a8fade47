/* What professionals write in a record, and who may: tables of facts. The forms of it are in entry-forms.ts. */
import { entryKinds } from '../texts/entry-kinds.ts';
import { mayDo, type Session } from './account.ts';

export type Kind =
    | 'note'
    | 'problem'
    | 'allergy'
    | 'medicine'
    | 'observation'
    | 'letter'
    | 'task'
    | 'contact';

export interface EntryKind {
    kind: Kind;
    title: string;
    does: string;
    needs: readonly string[]; /* one of these activities */
    types: readonly string[]; /* of resources that it can change */
    confirm?: boolean; /* shown once more before it is saved */
}

const WRITE = ['write-record'];
const TABLE: readonly Omit<EntryKind, 'title' | 'does'>[] = [
    { kind: 'note', needs: WRITE, types: ['Composition'] },
    { kind: 'problem', needs: WRITE, types: ['Condition'] },
    { kind: 'allergy', needs: WRITE, types: ['AllergyIntolerance'], confirm: true },
    {
        kind: 'medicine',
        needs: ['prescribe', 'write-record'],
        types: ['MedicationRequest', 'MedicationStatement'],
        confirm: true,
    },
    { kind: 'observation', needs: WRITE, types: ['Observation'] },
    { kind: 'letter', needs: WRITE, types: ['DocumentReference'] },
    /* it changes hands and is answered by operations: docs/requests.md */
    { kind: 'task', needs: WRITE, types: [] },
    { kind: 'contact', needs: WRITE, types: ['RelatedPerson'] },
];

/* These pages are in English alone: the tables are made once. */
const words = entryKinds();
export const KINDS: readonly EntryKind[] = TABLE.map((k) => ({ ...k, ...words[k.kind] }));

export const kindOf = (kind: string): EntryKind | undefined => KINDS.find((k) => k.kind === kind);

export const mayWrite = (session: Session, of: EntryKind): boolean =>
    of.needs.some((a) => mayDo(session, a));

/* Whether this role may change an entry of this type: prescriptions are for prescribers. */
export const mayChange = (session: Session, type: string): boolean => {
    const of = KINDS.find((k) => k.types.includes(type));
    return (
        Boolean(of && mayWrite(session, of)) &&
        (type !== 'MedicationRequest' || mayDo(session, 'prescribe')) &&
        (type === 'MedicationRequest' || mayDo(session, 'write-record'))
    );
};

/*
 * The people whose records somebody has opened since they signed in, newest first: in this page's memory
 * alone, and of one account in one role.
 */
import type { Resource } from './model/fhir.ts';
import { sessionNow } from './session.ts';

const MOST = 8;
let whose = '';
let people: Resource[] = [];

function ofNow(): void {
    const { account } = sessionNow();
    const now = account ? `${account.id}/${account.role ?? 0}` : '';
    if (now !== whose) {
        whose = now;
        people = [];
    }
}

export function noteOpened(patient: Resource): void {
    ofNow();
    people = [patient, ...people.filter((p) => p.id !== patient.id)].slice(0, MOST);
}

export function openedPeople(): Resource[] {
    ofNow();
    return people;
}

/* Medicines, conditions, allergies and vaccinations, as patients read them. */
import { area } from './area.ts';

const n = (count: number, one: string, many: string) => (count === 1 ? one : `${count} ${many}`);

export const en = {
    /* medicines */
    medicines: 'Medicines',
    medicinesNow: 'Medicines you take now',
    medicinesNowTheirs: 'Medicines they take now',
    onHold: 'On hold',
    medicinesPast: (count: number) =>
        n(count, '1 medicine that has stopped or is finished', 'medicines that have stopped or are finished'),
    noMedicines: 'No medicines are recorded.',
    noMedicinesNow: 'No medicines are recorded as taken now.',
    allergyWarning: 'Allergies',
    allergicTo: (names: string) => `Recorded: ${names}.`,
    allergyMore: 'See all allergies',
    noKnown: 'Somebody has checked: no known allergies.',
    noneRecorded: 'Nobody has recorded an allergy, nor that there are none. Tell those who treat you what you know.',
    forWhat: 'What it is for',
    what: 'What it is',
    askMore: 'Ask for more',
    how: 'How to take it',
    started: 'Started',
    last: 'Last prescribed',
    handed: 'Last handed out',
    supply: 'Supply',
    ended: 'Ended',
    hold: 'Why it is on hold',
    by: (when: string, who: string) => [when, who].filter(Boolean).join(', by '),
    you: 'you',
    thePatient: 'the patient',
    supplyOf: (amount: string, days: string) => [amount, days && `enough for ${days}`].filter(Boolean).join(', '),
    repeats: (count: number) => n(count, '1 more can be had', 'more can be had'),
    days: (count: number) => n(count, '1 day', 'days'),
    weeks: (count: number) => n(count, '1 week', 'weeks'),
    months: (count: number) => n(count, '1 month', 'months'),
    changed: (when: string) => `Changed on ${when}`,
    before: 'Before that',
    isNew: 'New',
    notSaid: 'Not recorded',

    /* conditions */
    conditions: 'Conditions',
    conditionsHint: 'A condition is an illness, a disability or a health problem that lasts.',
    conditionsNow: 'Conditions you have now',
    conditionsNowTheirs: 'Conditions they have now',
    conditionsPast: (count: number) => n(count, '1 condition of the past', 'conditions of the past'),
    conditionsRuledOut: (count: number) => n(count, '1 condition that was ruled out', 'conditions that were ruled out'),
    noConditions: 'No conditions are recorded.',
    noConditionsNow: 'No conditions are recorded that you have now.',
    since: 'Since',
    recorded: 'Recorded',
    until: 'Until',
    severity: 'How bad it is',
    bodySite: 'Where in the body',
    times: 'Written down',
    timesCount: (count: number) => `${count} times`,

    /* allergies */
    allergies: 'Allergies',
    allergiesNow: 'What the record says now',
    allergiesHint: 'Tell everybody who treats you about these.',
    allergiesPast: (count: number) => n(count, '1 allergy that is over', 'allergies that are over'),
    allergiesRuledOut: (count: number) => n(count, '1 allergy that was ruled out', 'allergies that were ruled out'),
    reaction: 'What happens',
    highRisk: 'High risk',
    lowRisk: 'Low risk',
    risk: 'Risk',
    severities: { mild: 'mild', moderate: 'medium', severe: 'severe' },
    noAllergies: 'No allergies are recorded.',

    /* vaccinations */
    vaccinations: 'Vaccinations',
    vaccinationsGiven: 'Vaccinations you have had',
    vaccinationsGivenTheirs: 'Vaccinations they have had',
    vaccinationsNot: (count: number) => n(count, '1 vaccination that was not given', 'vaccinations that were not given'),
    noVaccinations: 'No vaccinations are recorded.',
    given: 'Given',
    doseNumber: 'Dose',
    batch: 'Batch number',
    whyNot: 'Why not',

    openOf: (name: string) => `: ${name}`,
    called: 'The record calls it',
    from: 'From',
    alsoAt: (places: string) => `also at ${places}`,
};

export const lists = area(en, () => import('./lists.cy.ts'));

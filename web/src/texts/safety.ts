/* The record on one page, for professionals. In English. */
import { area } from './area.ts';

export const en = {
    title: 'Summary',
    compact: 'Compact',
    print: 'Print pack',
    printed: (who: string, when: string) =>
        `Printed by ${who}, ${when}. Shred it when you no longer need it.`,
    write: 'Write',
    allergies: 'Allergies',
    noneRecordedLead: 'No allergies recorded.',
    noneRecorded: 'Nobody has recorded an allergy, nor that there are none. Ask the person.',
    noKnown: 'No known allergies',
    asked: (when: string) => (when ? `recorded ${when}` : 'no date recorded'),
    contradicted: 'Somebody has also recorded that there are no known allergies. Ask the person.',
    reaction: (words: string) => `Reaction: ${words}`,
    noReaction: 'Reaction not recorded',
    lowRisk: 'Low risk',
    highRisk: 'High risk',
    since: (when: string) => `since ${when}`,
    until: (when: string) => `until ${when}`,
    alerts: 'Alerts',
    noAlerts: 'No alerts recorded.',
    problems: 'Active problems',
    noProblems: 'No active problems recorded.',
    past: (n: number) => `${n} past ${n === 1 ? 'problem' : 'problems'}`,
    medicines: 'Current medicines',
    noMedicines: 'No current medicines recorded.',
    lastIssue: (when: string) => `last issued ${when}`,
    noDose: 'Dose not recorded',
    for: (why: string) => `for ${why}`,
    onHold: 'On hold',
    stopped: (n: number) => `${n} ${n === 1 ? 'medicine' : 'medicines'} stopped or finished`,
    noLonger: (n: number) => `${n} no longer active`,
    ruledOut: (n: number) => `${n} ruled out`,
    results: 'Latest results',
    noResults: 'No results recorded.',
    resultsCaption: 'Of the last six months, or the last five kinds; abnormal first',
    allResults: 'All results',
    team: 'Who looks after them',
    noTeam: 'Nobody recorded.',
    noPhone: 'No telephone number recorded',
    package: 'Social care package',
    noPackage: 'No social care package recorded.',
    plans: 'Care plans',
    noPlans: 'No active care plan recorded.',
    documents: 'Recent letters and documents',
    noDocuments: 'No letters or documents recorded.',
    appointments: 'Next appointments',
    noAppointments: 'No appointment is booked.',
    more: (n: number) => `${n} more`,
    reading: 'Reading',
    openUntil: (minutes: number) =>
        minutes === 1
            ? 'You opened this record. It closes in 1 minute.'
            : minutes < 120
              ? `You opened this record. It closes in ${minutes} minutes.`
              : `You opened this record. It closes in ${Math.floor(minutes / 60)} hours.`,
    closed: 'The time for which you opened this record is over.',
    readAgain: 'Read it again as you may see it now',
};

export const safety = area(en);

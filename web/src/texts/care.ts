/* Care plans, social care, teams and people to contact. */
import { area } from './area.ts';

export const en = {
    title: 'Care and support',
    lead: 'Your plans, the help that is arranged for you, and the people who give it.',
    support: 'Help that is arranged',
    noSupport: 'No help at home or in your daily life is arranged in this record.',
    noSupportStaff: 'No social care is arranged in this record.',
    plans: 'Plans',
    noPlans: 'There is no care plan in this record now.',
    past: (n: number) => (n === 1 ? '1 plan from before' : `${n} plans from before`),
    teams: 'People who look after you',
    teamsStaff: 'Care team',
    noTeams: 'No care team is named in this record.',
    contacts: 'People to contact',
    noContacts: 'Nobody to contact is named in this record.',
    addContactStaff: 'Add a contact or carer',
    changeContact: 'Change',
    carer: 'Looks after them, unpaid',
    carerYou: 'Looks after you',
    addContact: 'Add somebody in “My own entries”',

    often: 'How often',
    who: 'Who',
    from: 'From when',
    untilNow: (from: string) => `${from}, until further notice`,
    ongoing: 'Not said',
    since: (day: string) => `from ${day}`,
    fromTo: (from: string, to: string) => `${from} to ${to}`,
    onHold: 'On hold',

    goals: 'What you want',
    goalsStaff: 'Goals',
    ownWords: 'In the person’s own words',
    due: (day: string) => `by ${day}`,
    steps: 'What happens',
    planBy: (by: string, from: string, until: string) =>
        [by && `Made with ${by}`, from && `from ${from}`, until && `until ${until}`].filter(Boolean).join(', '),
    states: {
        'not-started': 'Not started yet',
        scheduled: 'Planned',
        'in-progress': 'Happening now',
        'on-hold': 'On hold',
        completed: 'Done',
        cancelled: 'Cancelled',
        stopped: 'Stopped',
        revoked: 'Stopped',
    } as Record<string, string>,
    reached: 'Reached',

    by: 'Written by the patient',
    byYou: 'Written by you',
    emergency: 'Call in an emergency',

    /* how often */
    days: {
        mon: 'Monday',
        tue: 'Tuesday',
        wed: 'Wednesday',
        thu: 'Thursday',
        fri: 'Friday',
        sat: 'Saturday',
        sun: 'Sunday',
    } as Record<string, string>,
    and: 'and',
    each: { h: 'Every hour', d: 'Every day', wk: 'Every week', mo: 'Every month', a: 'Every year' } as Record<string, string>,
    every: (n: number, unit: string) => `Every ${n} ${({ h: 'hours', d: 'days', wk: 'weeks', mo: 'months', a: 'years' } as Record<string, string>)[unit] ?? unit}`,
    times: (n: number, unit: string) =>
        `${n === 2 ? 'Twice' : `${n} times`} ${({ h: 'an hour', d: 'a day', wk: 'a week', mo: 'a month', a: 'a year' } as Record<string, string>)[unit] ?? unit}`,
    at: (times: string) => `at ${times}`,
    everyDay: (days: string) => `Every ${days}`,
    on: (days: string) => `on ${days}`,
    long: (minutes: number) =>
        minutes % 60 === 0 ? `for ${minutes / 60} ${minutes === 60 ? 'hour' : 'hours'}` : `for ${minutes} minutes`,
};

export const care = area(en, () => import('./care.cy.ts'));

/*
 * The forms with which professionals write in a record: fields, answers to choose from (by their codes),
 * what is said when one is missing, and the prompts of templates. In English.
 */
import { area } from './area.ts';

const OR_OWN_WORDS = 'Type a few letters, then choose, or leave your own words';
const DAY_HINT = 'For example, 27/3/2026, March 2019 or 2019';
const STATUSES = { active: 'Active', inactive: 'Not active now', resolved: 'Over' };
const SAID = { label: 'In the person’s own words', hint: 'As they say it. Kept beside the code' };
const NOTE = { label: 'Note' };
const MATTERS = 'What matters to the person: ';
const NO_YES = { no: 'No', yes: 'Yes' };

/* HL7 v3 RoleCode */
const RELATIONS = {
    '': 'Not known',
    HUSB: 'Husband',
    WIFE: 'Wife',
    SPS: 'Husband or wife',
    DOMPART: 'Partner',
    DAUC: 'Daughter',
    SONC: 'Son',
    CHILD: 'Son or daughter',
    MTH: 'Mother',
    FTH: 'Father',
    PRN: 'Parent',
    SIS: 'Sister',
    BRO: 'Brother',
    SIB: 'Brother or sister',
    GRNDCHILD: 'Grandchild',
    GRPRN: 'Grandparent',
    FAMMEMB: 'Somebody else in the family',
    FRND: 'Friend',
    NBOR: 'Neighbour',
};
const RELATION = { label: 'Who are they to the person?', options: RELATIONS };
const TELEPHONE = { label: 'Telephone', hint: 'For example, 01632 960983' };

export const en = {
    note: {
        reason: { label: 'Reason', required: 'Enter why you saw the person', hint: OR_OWN_WORDS },
        visit: {
            label: 'Where',
            options: {
                AMB: 'Face to face',
                VR: 'By telephone or video',
                HH: 'At home',
                IMP: 'On a ward',
                EMER: 'In A&E',
            },
        },
        history: { label: 'History' },
        examination: { label: 'Examination' },
        plan: { label: 'Plan' },
    },
    problem: {
        code: { label: 'Problem', required: 'Enter the problem', hint: OR_OWN_WORDS },
        said: SAID,
        onset: { label: 'When it began', hint: DAY_HINT },
        status: { label: 'Is it active?', options: STATUSES },
        certainty: {
            label: 'How sure is it?',
            options: {
                confirmed: 'Confirmed',
                provisional: 'Provisional',
                differential: 'One of several possible',
                refuted: 'Ruled out',
            },
        },
        end: { label: 'When it was over', hint: DAY_HINT },
        note: NOTE,
    },
    allergy: {
        code: {
            label: 'What are they allergic to?',
            required: 'Enter what the person is allergic to',
            hint: `${OR_OWN_WORDS}. For none: No known allergy`,
        },
        said: SAID,
        reaction: { label: 'What happens?', hint: 'For example, rash' },
        severity: {
            label: 'How bad was it?',
            options: { '': 'Not known', mild: 'Mild', moderate: 'Moderate', severe: 'Severe' },
        },
        criticality: {
            label: 'How dangerous could it be?',
            options: { '': 'Not known', low: 'Low risk', high: 'High risk' },
        },
        certainty: {
            label: 'How sure is it?',
            options: {
                confirmed: 'Confirmed',
                unconfirmed: 'Not confirmed',
                refuted: 'Ruled out',
            },
        },
        status: { label: 'Is it active?', options: STATUSES },
        onset: { label: 'When it was first noticed', hint: DAY_HINT },
        note: NOTE,
    },
    medicine: {
        code: { label: 'Medicine', required: 'Enter the medicine', hint: OR_OWN_WORDS },
        product: { label: 'Strength and form', hint: 'For example, 500mg capsules' },
        dose: {
            label: 'How to take it',
            required: 'Enter how to take it',
            hint: 'As the person reads it: take one capsule three times a day',
        },
        reason: { label: 'What it is for' },
        status: {
            label: 'Does the person take it?',
            options: {
                active: 'Yes',
                'on-hold': 'On hold',
                stopped: 'Stopped',
                completed: 'Finished',
            },
        },
        start: { label: 'From', hint: DAY_HINT },
        end: { label: 'Until', hint: DAY_HINT },
        note: NOTE,
    },
    observation: {
        when: { label: 'Day', hint: DAY_HINT },
        note: NOTE,
    },
    letter: {
        to: { label: 'To', required: 'Enter whom the letter is to' },
        about: { label: 'About', required: 'Enter what the letter is about' },
        body: {
            label: 'Letter',
            required: 'Write the letter',
            hint: 'The person may read it: write so that they can',
        },
        copy: {
            label: 'Tell the person that there is a letter?',
            options: { yes: 'Yes', no: 'No' },
        },
    },
    task: {
        words: { label: 'What is to be done', required: 'Enter what is to be done' },
        owner: {
            label: 'Who does it',
            required: 'Choose who does it',
            hint: 'Type the name of a colleague, then choose',
        },
        due: {
            label: 'By when',
            hint: 'A day to come, for example 24/12/2026. Left out: in 7 days',
        },
    },
    contact: {
        name: { label: 'Name', required: 'Enter their name' },
        relation: RELATION,
        phone: TELEPHONE,
        carer: { label: 'Do they look after the person, unpaid?', options: NO_YES },
        emergency: { label: 'Call them in an emergency?', options: NO_YES },
    },
    /* asked at discharge; an answer stands in the note as it is */
    carer: {
        who: {
            label: 'Who looks after the person at home, unpaid?',
            hint: 'Ask them. Every place that looks after them sees it',
            required: 'Choose who looks after the person at home',
        },
        choose: 'Choose',
        new: 'Somebody who is not in this list',
        others: [
            'Nobody: they manage by themselves',
            'Nobody, and they need help',
            'They do not want to say',
        ],
        name: { label: 'Name of the carer', required: 'Enter the name of the carer' },
        relation: RELATION,
        phone: TELEPHONE,
        notes: { label: 'Who looks after the person at home' },
    },
    templates: {
        bp: { title: 'Blood pressure check', plan: 'Next check: ' },
        asthma: {
            title: 'Asthma review',
            history:
                'Sleep disturbed: \nSymptoms by day: \nActivity limited: \nReliever used each week: \nSmoking: ',
            examination: 'Inhaler technique: ',
            plan: 'Personal asthma plan: \nNext review: ',
        },
        minor: {
            title: 'Minor illness',
            history: 'Since: \nTried so far: ',
            plan: 'Advice: \nCome back if: ',
        },
        home: {
            title: 'Home visit',
            history: 'Who was there: \nHow the person manages at home: ',
        },
        discharge: {
            title: 'Discharge from hospital',
            history: 'Why they came in: \nWhat was found and done: ',
            plan: 'Medicines that are new, changed or stopped: \nWhat the practice is asked to do: \nWhat to look out for, and whom to call: ',
        },
        support: {
            title: 'Care and support visit',
            matters: MATTERS,
            history: `${MATTERS}\nWhat goes well: \nWhat is hard: \nCarer’s view: `,
            plan: 'Who does what, by when: ',
        },
    },
    wrong: {
        owner: 'Choose one of the people in the list: a task has one owner',
        date: (typed: string) =>
            `${typed} is not a date. Enter it like 27/3/2026, March 2019 or 2019`,
        toCome: 'Enter a day to come',
        phone: 'Enter a telephone number, like 01632 960983',
        bothNumbers: 'Enter both numbers of the blood pressure',
        higherFirst: 'The first number of a blood pressure is the higher one',
        number: (name: string, like: number) =>
            `Enter ${name.toLowerCase()} as a number, like ${like}`,
        between: (name: string, least: number, most: number, unit: string) =>
            `${name} must be between ${least} and ${most} ${unit}`,
    },
};

export const entryForms = area(en);

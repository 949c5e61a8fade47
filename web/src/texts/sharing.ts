/* Who can see a record: who and why, what was chosen, and what somebody else would see. */
import { area } from './area.ts';

export const en = {
    title: (own: boolean) => (own ? 'Who can see my record' : 'Who can see this record'),
    reading: 'Reading who can see it',
    somebody: 'Somebody',
    everybody: 'Everybody',

    now: (own: boolean) => (own ? 'Who looks after you now' : 'Who looks after this person now'),
    nowLead: (own: boolean) =>
        `Only people who have a reason can see ${own ? 'your' : 'the'} record. These have one.`,
    nowNone: 'Nobody has one now.',
    because: (own: boolean) => ({
        practice: `${own ? 'Your' : 'The'} GP practice, because ${own ? 'you are' : 'the person is'} registered there`,
        registration: own ? 'Because they are your GP' : 'Because they are the person’s GP',
        referral: `Because ${own ? 'you have' : 'the person has'} been referred to them`,
        admission: `Because they look after ${own ? 'you' : 'the person'}, or did a short while ago`,
        'care-team': `Because they are in ${own ? 'your' : 'the person’s'} care team`,
        appointment: `Because ${own ? 'you have' : 'the person has'} an appointment with them`,
        grant: own ? 'Because you said so' : 'Because the person said so',
        claim: 'Because they wrote down why they need to',
    }),
    opened: 'Opened in an emergency',
    openedWords: (own: boolean) => `Opened ${own ? 'your' : 'the'} record, which was closed to them`,
    whoLooked: 'See who has looked',

    choices: (own: boolean) => (own ? 'Your choices' : 'Choices'),
    noChoice: (own: boolean) =>
        `${own ? 'You have made no choice yet. ' : 'No choice has been made. '}People who look after ${own ? 'you' : 'them'} can see the record. It is not shared for research.`,
    shared: 'Shared',
    notShared: 'Not shared',
    firm: 'Also not in an emergency.',
    end: 'End this choice',
    endQuestion: 'End this choice?',
    endPermit: 'If you end it, they see only what they see without it. That counts at once.',
    endRefusal: 'If you end it, they can see this again when they look after you. That counts at once.',
    endDo: 'End it',
    keep: 'Keep it',
    ended: 'The choice has ended',
    saved: 'Your choice was saved',
    granted: 'They can see the record now',

    make: 'Make a choice',
    permit: 'What do you want?',
    permitNo: 'Do not share',
    permitYes: 'Share',
    permitMissing: 'Choose if you share it or not',
    party: 'Who is this about?',
    partyMissing: 'Choose who this is about',
    find: 'Find another place',
    findName: 'Name of the hospital, practice or team',
    findDo: 'Find',
    findMissing: 'Enter the name of a place first',
    found: 'Added to the list above',
    notFound: 'No place has this name here',
    category: 'What is it about?',
    whole: 'My whole record',
    count: (n: number) => (n ? `${n} in your record now` : 'None in your record now'),
    categories: {
        MH: 'mental health',
        SEX: 'sexual health',
        HIV: 'HIV',
        SUD: 'alcohol and drugs',
        VIO: 'violence and abuse',
        GDIS: 'conditions that run in families',
        'social-care': 'social care',
    },
    purpose: 'What for?',
    anyPurpose: 'Whatever it is for',
    purposes: {
        TREAT: { label: 'My care', hint: 'Looking after me from day to day', so: 'for your care' },
        ETREAT: { label: 'Emergency care', hint: 'For example, in A&E', so: 'in an emergency' },
        HOPERAT: {
            label: 'Running the service',
            hint: 'For example, booking and planning',
            so: 'to run the service',
        },
        HRESCH: { label: 'Research', hint: 'To learn more about health', so: 'for research' },
    },
    firmQuestion: 'And in an emergency?',
    firmDo: 'Do not open it in an emergency either',
    firmHint: 'Think about this well: it could put your life at risk',
    until: 'Until when? (optional)',
    untilHint: 'For example, 27/03/2030',
    untilEmpty: 'For example, 27/03/2030. Leave it empty if it has no end',
    untilWrong: 'Enter a day that is still to come, like 27/03/2030',
    see: 'See what it would do',
    ifYouDo: 'If you do this',
    save: 'Save this choice',
    again: 'Start again',

    nobody: 'Nobody',
    yourTeams: 'Everybody who looks after you',
    yourRecord: 'your record',
    anything: 'anything in your record',
    parts: (about: string, n: number) =>
        `the parts about ${about} (${n ? `${n} now, and new ones` : 'none now, but new ones count too'})`,
    sees: (who: string, what: string) => `${who} will see ${what}`,
    seesNot: (who: string, what: string) => `${who} will not see ${what}`,
    nobodySees: (what: string) => `Nobody will see ${what}`,
    fromDay: (day: string) => `from ${day}`,
    untilDay: (day: string) => `until ${day}`,
    stillReason: 'They must still have a reason to look: you are in their care.',
    endAtOnce: 'You can end this at any time. It stops at once.',
    everyTeam: 'This counts for every team and hospital here. You can still see it yourself.',
    askAgain: 'They may ask you the same questions again, or do a test again.',
    closed:
        'Even in an emergency nobody can open it. If you are too ill to speak, A&E will not know what it says.',
    openable: 'In an emergency a doctor or nurse can open it. They must say why, and we tell you.',
    endChoice: 'You can end this choice at any time.',

    grant: 'Let somebody else see it',
    grantLead: 'They will see it as if they looked after you. You can end that at any time.',
    grantWho: 'Who may see it?',
    grantMissing: 'Choose who may see the record',
    grantDo: 'Let them see it',

    preview: 'What would they see?',
    previewLead: (own: boolean) =>
        `Choose somebody, and see ${own ? 'your' : 'the'} record as they would see it now.`,
    previewWho: 'Who?',
    previewDo: 'Show what they would see',
    people: {
        emergency: 'A&E',
        opening: 'A&E, when they open it in an emergency',
        researcher: 'A researcher',
    },
    doctor: (place: string) => `A doctor at ${place}`,
    receptionist: (place: string) => `A receptionist at ${place}`,
    nothing: (own: boolean) => {
        const none = `They would see nothing of ${own ? 'your' : 'the'} record`;
        return {
            activity: `${none}: people in this role do not look at records.`,
            relationship: `${none}: nothing says that they look after ${own ? 'you' : 'this person'}.`,
            choice: `${none}: by what was chosen, it is not shared with them.`,
            seal: `${none}: it is sealed.`,
            scope: `${none}: their app may not ask for it.`,
        };
    },
    whoOnly: (own: boolean) =>
        own
            ? 'They would see who you are and how to reach you. They would see nothing of your record, as nothing says that they look after you.'
            : 'They would see who the person is and how to reach them. They would see nothing of the record, as nothing says that they look after them.',
    seenOf: (seen: number, all: number, own: boolean) =>
        `They would see ${seen} of ${all} entries of ${own ? 'your' : 'the'} record.`,
    caption: (who: string) => `What ${who} would see`,
    part: 'Part of the record',
    seen: 'Seen',
    notSeen: 'Not seen',
};

export const sharing = area(en, () => import('./sharing.cy.ts'));

/* What professionals write in a record. In English. */
import { area } from './area.ts';

export const en = {
    note: { title: 'Note', does: 'of a consultation or a visit, with what you measured' },
    problem: { title: 'Problem', does: 'a condition or a symptom' },
    allergy: { title: 'Allergy', does: 'or intolerance, or that there is none' },
    medicine: { title: 'Medicine', does: 'that the person takes, or is to take' },
    observation: { title: 'Observation', does: 'blood pressure, weight and other measurements' },
    letter: { title: 'Letter', does: 'kept in the record, with a copy for the person' },
    task: { title: 'Task', does: 'for one person, who then owns it' },
    contact: { title: 'Contact or carer', does: 'family, friends, and whoever looks after the person unpaid' },
};

export const entryKinds = area(en);

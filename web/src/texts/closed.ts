/* Staff, before what of a record they are not shown. */
import { area } from './area.ts';

export const en = {
    title: 'Something in this record is withheld',
    some: 'The patient chose not to share it with you, or it is sealed.',
    see: 'See what is withheld',
    inCare: 'Is this person in your care?',
    notShown: 'Nothing here says that you look after somebody with this record, so it is not shown to you.',
    ifYouDo: 'If you do, say why you have to see it.',
    sayWhy: 'Say why you have to see it',
    part: 'Your role here sees a part of a record. What you do not see here may still be in it.',
    whoOnly: 'Your role here sees who a person is, and nothing about their health.',
};

export const closed = area(en);

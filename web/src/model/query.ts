/* What the one search box understands: names, an NHS number or another number, a date of birth. */
import { find } from '../texts/find.ts';
import { findDate, showDate, type Civil } from './dates.ts';
import { NHS_NUMBER_SYSTEM, nhsNumberGroups, nhsNumberValid } from './nhs-number.ts';

export interface Query {
    params: [string, string][];
    said: string; /* how the words were understood: 'called smith, born 03-Mar-1962' */
    problem: string; /* what is wrong with them, to show to the person who typed; '' for nothing */
    hint: string; /* a warning that does not stop the search */
}

const TITLES = new Set([
    'mr',
    'mrs',
    'ms',
    'miss',
    'mx',
    'dr',
    'prof',
    'rev',
    'sir',
    'dame',
    'lord',
    'lady',
]);
/* Ten digits in any grouping, not part of a longer number. */
const TEN = /(?<![\d/.-])\d(?:[ \u00a0\u2010-\u2015-]?\d){9}(?![\d/.-])/;

export function readQuery(typed: string, now: Civil): Query {
    const t = find().query;
    const params: [string, string][] = [];
    const said: string[] = [];
    let hint = '';
    let rest = typed.trim();
    const fail = (problem: string): Query => ({ params: [], said: '', problem, hint: '' });

    if (!rest) {
        return fail(t.nothing);
    }
    const number = TEN.exec(rest);
    if (number) {
        const digits = number[0].replace(/\D/g, '');
        rest = rest.replace(number[0], ' ');
        if (nhsNumberValid(digits)) {
            params.push(['identifier', `${NHS_NUMBER_SYSTEM}|${digits}`]);
            said.push(t.withNumber(nhsNumberGroups(digits)));
        } else {
            params.push(['identifier', digits]);
            said.push(t.withIdentifier(digits));
            hint = t.notANumber(nhsNumberGroups(digits));
        }
    }
    const date = findDate(rest, now);
    if (date) {
        if (!date.iso) {
            return fail(t.notADate(date.matched.trim()));
        }
        if (Number(date.iso.slice(0, 4)) > now.year) {
            return fail(t.inFuture(showDate(date.iso)));
        }
        rest = rest.replace(date.matched, ' ');
        params.push(['birthdate', date.iso]);
        said.push(t.bornOn(showDate(date.iso), date.iso.length < 10));
    }
    const names: string[] = [];
    for (const word of rest.split(/[\s,;]+/)) {
        const bare = word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
        if (!bare || TITLES.has(bare.toLowerCase()) || /^(born|dob)$/i.test(bare)) {
            continue;
        }
        if (/\d/.test(bare) && /^[\w./:-]{3,64}$/.test(bare) && !/^\p{L}+\d{1,3}$/u.test(bare)) {
            params.push(['identifier', bare]);
            said.push(t.withIdentifier(bare));
        } else {
            params.push(['name', bare]);
            names.push(bare);
        }
    }
    if (names.length) {
        said.unshift(t.called(names.join(' ')));
    }
    if (params.length === 0) {
        return fail(t.nothing);
    }
    return { params, said: said.join(', '), problem: '', hint };
}

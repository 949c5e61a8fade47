/*
 * What is known already when somebody writes down a visit that is made again and again: the note of last time,
 * of any place, else what the person says of themselves. Nobody has to say the same twice. Pure.
 */
import { aboutMe, aboutWords } from './about-me.ts';
import { answerText, SECTIONS, type Answer, type Form, type Template } from './entry-forms.ts';
import { formFrom } from './entry-read.ts';
import { sortTime } from './dates.ts';
import type { Resource } from './fhir.ts';
import { isOwn } from './mark.ts';
import { wrong, type RecordIndex } from './record.ts';

export interface Known {
    from: Resource;
    about: boolean; /* "About me", not a note */
    words: Form; /* of the fields that it fills */
}

const asTyped = (a: Answer | undefined): string => (typeof a === 'string' ? a : '');

/* What was answered, and the prompts that were not. */
export function withPrompts(said: string, prompts: string): string {
    const lines = said.split('\n').map((line) => line.trim());
    const open = prompts.split('\n').filter((p) => !lines.some((l) => l.startsWith(p.trim())));
    return [said, ...open].filter(Boolean).join('\n');
}

export function known(index: RecordIndex, template: Template): Known | null {
    if (!template.again) {
        return null;
    }
    const last = index
        .of('Composition')
        .filter((c) => !wrong(c) && !isOwn(c) && c.title === template.title)
        .sort((a, b) => sortTime(b.date) - sortTime(a.date))[0];
    if (last) {
        const said = formFrom('note', last);
        const words = Object.fromEntries(
            SECTIONS.filter((s) => answerText(said[s])).map((s) => [
                s,
                withPrompts(answerText(said[s]), asTyped(template.filled[s])),
            ]),
        );
        return { from: last, about: false, words };
    }
    const about = aboutMe(index);
    const important = aboutWords(about).important?.replace(/\s+/g, ' ').trim();
    const history = asTyped(template.filled.history);
    return about && important
        ? {
              from: about,
              about: true,
              words: { history: history.replace(template.again, `${template.again}${important}`) },
          }
        : null;
}

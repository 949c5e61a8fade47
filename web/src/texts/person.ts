/* From one page about a person to the others, for professionals. In English. */
import { area } from './area.ts';

export const en = {
    pages: 'This person',
    record: 'Record',
    joined: 'All places',
    access: 'Who looked',
    sharing: 'Who can see',
    proxies: 'Who acts for them',
    launch: 'Open an app',
};

export const person = area(en);

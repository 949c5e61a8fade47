/* The keys of the portal. For staff, in English. */
import { area } from './area.ts';

export const en = {
    title: 'Keys',
    intro: 'Single keys do nothing while you type in a field. If you speak to your computer, or press keys by accident, turn them off. This device remembers it.',
    on: 'Single keys are on.',
    off: 'Single keys are off.',
    turnOff: 'Turn single keys off',
    turnOn: 'Turn single keys on',
    list: 'All keys',
    key: 'Key',
    does: 'What it does',
    eachDoes: {
        '/': 'Go to the search box',
        'g f': 'Find a person, today’s appointments',
        'g s': 'Summary of the open record',
        'g r': 'Test results',
        'g t': 'Timeline',
        'g d': 'Details',
        'g w': 'Write: all forms',
        n: 'New note',
        '?': 'This list',
    },
    then: ' then ',
    inRecord: '(with a record open)',
    lists: [
        ['Down and up arrow', 'From the search box: to the next person, and back'],
        ['Down and up arrow, Enter, Escape', 'In a field with suggestions: choose, take, close'],
        ['Enter', 'Open the person, or the page, that has the focus'],
    ] as readonly (readonly [string, string])[],
};

export const keysTexts = area(en);

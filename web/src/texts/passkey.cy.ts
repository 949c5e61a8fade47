import type { Same } from './area.ts';
import type { en } from './passkey.ts';

const cy: Same<typeof en> = {
    devices: {
        'Mac OS': 'Mac',
        CrOS: 'Chromebook',
        Linux: 'cyfrifiadur Linux',
        Windows: 'cyfrifiadur Windows',
        Android: 'ffôn neu lechen Android',
    },
    mine: (device: string) => `${device} (fy un i)`,
    device: 'Fy nyfais',
    already: {
        heading: 'Mae gan y ddyfais hon allwedd mynediad yma yn barod',
        advice: 'Defnyddiwch yr allwedd mynediad sydd gennych, neu ychwanegwch un ar ddyfais arall.',
    },
    notMade: {
        heading: 'Ni wnaed allwedd mynediad',
        advice: 'Cafodd ei stopio, neu cymerodd yn rhy hir. Gallwch roi cynnig arall arni.',
    },
    notUsed: {
        heading: 'Ni ddefnyddiwyd yr allwedd mynediad',
        advice: 'Cafodd ei stopio, cymerodd yn rhy hir, neu nid oes un ar y ddyfais hon. Gallwch roi cynnig arall arni, neu fewngofnodi â chyfrinair.',
    },
    cannot: {
        heading: 'Nid yw allweddi mynediad yn gweithio yma',
        advice: 'Rhowch gynnig arall arni, defnyddiwch ddyfais arall, neu mewngofnodwch â chyfrinair.',
    },
};

export default cy;

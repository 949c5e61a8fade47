import type { Same } from './area.ts';
import type { en } from './asked.ts';

const cy: Same<typeof en> = {
    asked: (places: string) => `Gofynnwyd i’r lleoedd hyn: ${places}.`,
    silent: (places: string) => `Nid atebodd y rhain, ac efallai bod ganddynt rywbeth: ${places}.`,
    onlyHere: 'Dim ond y lle hwn a holwyd. Efallai bod gan eraill rywbeth.',
    stillAsking: 'Rydym yn dal i ofyn i’r lleoedd eraill.',
};

export default cy;

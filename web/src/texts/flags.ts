/* What a laboratory said of a result, by its code, as staff read it. In English. */
import { area } from './area.ts';

export const en = {
    codes: {
        HH: 'Critically high',
        H: 'High',
        HU: 'Significantly high',
        LL: 'Critically low',
        L: 'Low',
        LU: 'Significantly low',
        A: 'Abnormal',
        AA: 'Critically abnormal',
        POS: 'Positive',
        DET: 'Detected',
        R: 'Resistant',
    } as Record<string, string>,
    above: 'Above range',
    below: 'Below range',
};

export const flags = area(en);

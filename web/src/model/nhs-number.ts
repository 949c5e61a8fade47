/* NHS numbers: ten digits, the last of them a check digit (modulus 11). */

export const NHS_NUMBER_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number';

/* The ten digits of what somebody typed or pasted, with spaces and dashes taken out; else ''. */
export function tenDigits(typed: string): string {
    const digits = typed.replace(/[\s\u00a0\u2010-\u2015.-]/g, '');
    return /^\d{10}$/.test(digits) ? digits : '';
}

export function nhsNumberValid(digits: string): boolean {
    if (!/^\d{10}$/.test(digits)) {
        return false;
    }
    let sum = 0;
    for (let i = 0; i < 9; i++) {
        sum += Number(digits[i]) * (10 - i);
    }
    const check = (11 - (sum % 11)) % 11;
    return check !== 10 && check === Number(digits[9]);
}

/* In groups of 3, 3 and 4, as the NHS writes it. Anything else is left as it is. */
export function nhsNumberGroups(value: string): string {
    const digits = tenDigits(value);
    return digits ? `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}` : value;
}

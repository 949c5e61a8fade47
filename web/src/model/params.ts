/* Parameters of FHIR operations, read and made. */
import { list, type Coding, type Ref, type Resource } from './fhir.ts';

export interface Parameter {
    name?: string;
    part?: Parameter[];
    resource?: Resource;
    [value: string]: any;
}

/* The parts of one parameter by name: text, codes and dates as they are, the rest by its shape. */
export class Parts {
    constructor(private readonly parts: Parameter[]) {}

    private value(name: string): unknown {
        const part = this.parts.find((p) => p?.name === name);
        const key = part && Object.keys(part).find((k) => k.startsWith('value'));
        return key ? part[key] : undefined;
    }

    text(name: string): string {
        const v = this.value(name);
        return typeof v === 'string' || typeof v === 'number' ? String(v) : '';
    }

    number(name: string): number {
        const v = this.value(name);
        return typeof v === 'number' && Number.isFinite(v) ? v : 0;
    }

    flag(name: string): boolean {
        return this.value(name) === true;
    }

    count(name: string): number {
        return this.parts.filter((p) => p?.name === name).length;
    }

    reference(name: string): Ref | null {
        const v = this.value(name);
        return v && typeof v === 'object' ? (v as Ref) : null;
    }

    /* A Coding, or a bare code. */
    coding(name: string): Coding | null {
        const v = this.value(name);
        if (typeof v === 'string') {
            return { code: v };
        }
        return v && typeof v === 'object' ? (v as Coding) : null;
    }

    texts(name: string): string[] {
        return this.parts
            .filter((p) => p?.name === name)
            .map((p) => {
                const key = Object.keys(p).find((k) => k.startsWith('value'));
                const v = key ? p[key] : '';
                return typeof v === 'string' ? v : ((v as Coding)?.code ?? '');
            })
            .filter(Boolean);
    }
}

/* The parameters of this name that have parts. */
export function groups(parameters: Resource, name: string): Parts[] {
    return list<Parameter>(parameters.parameter)
        .filter((p) => p.name === name)
        .map((p) => new Parts(list(p.part)));
}

/* The parameters that stand at the top. */
export const top = (parameters: Resource): Parts => new Parts(list(parameters.parameter));

type Value = string | number | boolean | Ref | undefined | null;

/* [['permit', 'Boolean', false], …] → Parameters; what is empty is left out. */
export function parameters(values: [name: string, type: string, value: Value][]): Resource {
    const given = values
        .filter(([, , v]) => v !== undefined && v !== null && v !== '')
        .map(([name, type, v]) => ({ name, [`value${type}`]: v }));
    /* FHIR has no empty arrays */
    return { resourceType: 'Parameters', ...(given.length ? { parameter: given } : {}) };
}

/* The little of node's test runner that the tests use, so that no package of types is needed. */
declare module 'node:test' {
    export function test(name: string, body: () => void | Promise<void>): void;
}
declare module 'node:assert/strict' {
    interface Assert {
        equal(actual: unknown, expected: unknown, message?: string): void;
        deepEqual(actual: unknown, expected: unknown, message?: string): void;
        ok(value: unknown, message?: string): void;
        throws(body: () => unknown): void;
        notEqual(actual: unknown, expected: unknown, message?: string): void;
        rejects(promise: Promise<unknown>, kind: unknown, message?: string): Promise<void>;
    }
    const assert: Assert;
    export default assert;
}
declare module 'node:fs' {
    export function readFileSync(path: string, encoding: 'utf8'): string;
    export function readdirSync(path: string): string[];
}

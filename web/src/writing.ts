/* Who writes in a record, and sending what was written. */
import { operate, patch, transact } from './api.ts';
import type { Loaded } from './load.ts';
import { currentRole, mayDo, type Session } from './model/account.ts';
import { today } from './model/dates.ts';
import type { Form } from './model/entry-forms.ts';
import type { Kind } from './model/entry-kinds.ts';
import { printed, taskOf, transactionOf, type Writing } from './model/entry-make.ts';
import type { Operation } from './model/entry-read.ts';
import { plainName, nameOf } from './model/people.ts';

export function writingOf(session: Session, record: Loaded): Writing {
    const account = session.account!;
    const role = currentRole(account);
    return {
        patient: record.id,
        patientName: record.patient ? plainName(nameOf(record.patient)) : '',
        author: { reference: account.person ?? '', display: account.name },
        organisation: role?.organisation
            ? {
                  reference: role.organisation,
                  ...(role.organisation_name ? { display: role.organisation_name } : {}),
              }
            : null,
        at: new Date().toISOString(),
        today: today(),
        prescribes: mayDo(session, 'prescribe'),
    };
}

export async function saveNew(
    kind: Kind,
    form: Form,
    writing: Writing,
    key: string,
): Promise<void> {
    if (kind === 'task') {
        const patient = encodeURIComponent(writing.patient);
        await operate(`Patient/${patient}/$ask`, taskOf(form, key, writing.today));
        return;
    }
    await transact(printed(transactionOf(kind, form, writing, key, () => crypto.randomUUID())));
}

export async function saveChange(
    path: string,
    version: string,
    operations: Operation[],
): Promise<void> {
    await patch(path, version, printed(operations));
}

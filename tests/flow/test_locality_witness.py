"""Members cosign each other's access logs; a node that was put back to an older state is told so."""

import json
import os
import time

import kith
import locality
from kith import eq, ok, run, within
from locality import until
from test_locality_joined import answered, fill, joined, weight


def witnesses(gp, hospital, council):
    """The others cosign; whoever reads the log from outside can check that."""
    everybody = (gp, hospital, council)
    for m in everybody:
        note = until('%s has a checkpoint that two have cosigned' % m.ods, lambda m=m: cosigned(m, 2))
        if not note:
            continue
        keys = os.path.join(os.path.dirname(m.dir), m.ods + '.witnesses')
        with open(keys, 'w') as f:
            f.write(m.plain('/audit/witnesses'))
        for words, status in (([], 0), (['--witness', keys, '--quorum', '2'], 0), (['--witness', keys, '--quorum', '3'], None)):
            done = run('audit', 'verify', m.dir, *words, status=status)
            if status is None:
                ok(done.returncode != 0, 'three have not cosigned', done.stdout)
    shown = gp.do('list').stdout
    within(shown, r'(?i)witness', 'how far the witnesses are is shown')


def size(m, what):
    return int(m.plain('/audit/checkpoint' + what).splitlines()[1])


def back_up(m):
    """A copy, and what came later; how long the log then is at least."""
    copy = m.dir + '.copy'
    run('backup', m.dir, copy)
    time.sleep(0.2)
    copied = size(m, '')
    for n in range(5):
        m.create(weight('later%d' % n, m.patient, '2026-03-0%d' % (n + 1), 70))
    return copy, copied + 5


def put_back(gp, council, copy, longer):
    """A node that was put back to an older state says so itself, once others show it what they have seen (W4)."""
    until('the others have seen what came later', lambda: size(council, '.cosigned') >= longer)
    council.stop()
    for end in ('', '.log'):
        os.rename(council.dir + end, council.dir + '.gone' + end)
    run('restore', copy, council.dir)
    council.token = kith.token_of(council.dir)
    council.start()
    eq(council.list().get('number'), 3, 'it is in the locality still')
    until('it tells its own people', lambda: [a for a in council.alarms() if a['kind'] in ('own-log-behind', 'own-log-fork')])
    for n in range(9):
        council.create(weight('again%d' % n, council.patient, '2026-04-0%d' % (n + 1), 71))
    until('the others find two histories', lambda: [a for a in gp.alarms() if a['kind'] == 'log-fork' and a['member'] == council.ods])
    notes = gp.do('fork', council.ods).stdout
    eq(notes.count('kith.care/log/' + council.ods + '\n'), 2, 'both can be shown to anyone')
    eq(len(json.loads(gp.do('fork', council.ods, '--json').stdout)['notes']), 2, 'and read by a program')
    within(gp.do('fork', 'Y90002', status=3).stderr, 'no fork', 'the others have shown one')
    within(gp.do('fork', status=2).stderr, 'ODS code', 'whose')
    until('and it answers again', lambda: answered(joined(gp), council.ods))


def cosigned(m, least):
    note = m.plain('/audit/checkpoint.cosigned')
    return note if sum(l.startswith('\u2014') for l in note.splitlines()) >= 1 + least else None


def test_witnesses(_):
    with kith.scratch() as folder, locality.of(folder, locality.GP, locality.HOSPITAL, locality.COUNCIL) as members:
        fill(members)
        gp, _, council = members
        copy, longer = back_up(council)
        witnesses(*members)
        put_back(gp, council, copy, longer)


if __name__ == '__main__':
    kith.main(globals())

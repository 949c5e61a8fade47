"""A node comes back from an old backup: what it tells is held up, people are told what to do, and one command lets it go on."""

import os
import shutil

import kith
import locality
from kith import eq, ok, within
from locality import until
from test_locality_changes import consent, organisations, patient, rows


def keep(node, folder):
    """What a backup has of a node's rows about others; the node is stopped."""
    for name in ('locality.db', 'locality.db-wal'):
        path = os.path.join(node.dir, name)
        if os.path.exists(path):
            shutil.copy(path, folder)


def bring_back(node, folder):
    for name in ('locality.db', 'locality.db-wal', 'locality.db-shm'):
        path, kept = os.path.join(node.dir, name), os.path.join(folder, name)
        if os.path.exists(path):
            os.remove(path)
        if os.path.exists(kept):
            shutil.copy(kept, path)


def versions(node):
    return set(rows(node, 'consent').values())


def refuse(hospital, gp, number):
    """A choice at the hospital; the practice has to hear of it."""
    hospital.create(consent('no-%d' % number, 'sharing', 'deny', gp))


def test_anew(_):
    with kith.scratch() as folder, locality.of(folder, locality.GP, locality.HOSPITAL) as (gp, hospital):
        for m in (gp, hospital):
            organisations(m, (gp, hospital))
            m.create(patient(gp))
        until('the home has noted the hospital', lambda: len(rows(gp, 'place')) == 1)
        hospital.stop()
        keep(hospital, folder)
        hospital.start()
        refuse(hospital, gp, 1)
        until('the choice has come', lambda: versions(gp))
        hospital.stop()
        bring_back(hospital, folder)
        before = versions(gp)
        hospital.start()
        until('both sides are told', lambda: all('feed-held-up' in [a['kind'] for a in m.alarms()] or
                                                 'feed-refused' in [a['kind'] for a in m.alarms()] for m in (gp, hospital)))
        for m in (gp, hospital):
            within(' '.join(a['words'] for a in m.alarms()), 'kith locality anew', 'and what to do, at ' + m.ods)
        refuse(hospital, gp, 2)
        eq(versions(gp), before, 'nothing more is taken of this person')
        within(gp.do('anew', status=2).stderr, 'ODS code', 'whose rows')
        within(gp.do('anew', 'Y99999', status=3).stderr, 'no other member', 'who is known')
        within(gp.do('anew', gp.ods, status=3).stderr, 'no other member', 'and not this node')
        within(gp.do('anew', hospital.ods).stdout, 'wherever it goes on', 'what has been done')
        until('the newest choice has come', lambda: versions(gp) != before)
        until('nothing waits any more', lambda: not rows(hospital, 'out'))


kith.main(globals())

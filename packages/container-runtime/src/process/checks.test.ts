import type { LinuxContainerSecurityContext } from '@kemu/rpc/cri'
import t from 'tap'
import type { ContainerRecord } from '../store/records.ts'
import { checkContainerFields } from './checks.ts'
import type { Abilities } from './checks.ts'
import { describeMachine } from './describe-machine.ts'
import type { IdMapping } from './id-mapping.ts'
import { plainIsolation } from './isolation.ts'
import type { Isolation } from './isolation.ts'

type Security = Partial<LinuxContainerSecurityContext>

const isolated: Isolation = { ...plainIsolation, level: 'isolated', reasons: [] }
const everybody: IdMapping = { hasUser: () => true, hasGroup: () => true, canSetGroups: true }
const rootAlone: IdMapping = {
  hasUser: (uid) => uid === 0,
  hasGroup: (gid) => gid === 0,
  canSetGroups: false,
}

function abilities(changes: Partial<Abilities> = {}): Abilities {
  return {
    isolation: isolated,
    ownNetwork: true,
    uid: 0,
    gid: 0,
    ids: everybody,
    missingCapabilities: [],
    ...changes,
  }
}

function check(securityContext: Security, able: Abilities): void {
  const config = { devices: [], CDIDevices: [], mounts: [], linux: { securityContext } }
  checkContainerFields({ id: 'c', config } as unknown as ContainerRecord, able)
}

const asOther: Security = { runAsUser: { value: '1000' } }
const inGroup: Security = { runAsGroup: { value: '3000' } }
const withGroup: Security = { supplementalGroups: ['2000'] }

void t.test('where all users are, each may be asked for', (t) => {
  for (const wish of [asOther, inGroup, withGroup]) t.doesNotThrow(() => check(wish, abilities()))
  t.end()
})

void t.test('in a namespace of root alone, others are refused by the name of the field', (t) => {
  const able = abilities({ ids: rootAlone })
  t.throws(
    () => check(asOther, able),
    /run_as_user: user 1000 does not exist in the user namespace/,
  )
  t.throws(() => check(inGroup, able), /run_as_group: group 3000 does not exist/)
  t.throws(() => check(withGroup, able), /supplemental_groups: group 2000 does not exist/)
  const sameGroup: Security = { supplementalGroups: ['0'] }
  t.throws(() => check(sameGroup, able), /supplemental_groups: group 0: the kernel lets nobody/)
  t.doesNotThrow(() => check({ runAsUser: { value: '0' } }, able))
  t.end()
})

void t.test('a process tree runs as its user, and says so', (t) => {
  const able = abilities({ isolation: plainIsolation, uid: 1001, gid: 1002 })
  t.throws(() => check(asOther, able), /run_as_user: 1000: this runtime runs as user 1001/)
  t.throws(() => check(inGroup, able), /run_as_group: 3000: this runtime runs in group 1002/)
  t.doesNotThrow(() => check({ runAsUser: { value: '1001' }, runAsGroup: { value: '1002' } }, able))
  t.end()
})

void t.test('capabilities that were asked for and cannot be given are refused', (t) => {
  const able = abilities({ missingCapabilities: ['net_admin'] })
  t.throws(() => check({}, able), /capabilities.add: this runtime does not have NET_ADMIN itself/)
  t.end()
})

void t.test('what is accepted and not enforced is told, and nothing else is', (t) => {
  const told = (isolation: Isolation, ids: IdMapping, uid: number): unknown =>
    describeMachine({ isolation, ids, uid, network: '', oci: '', cgroups: '' })['securityContexts']
  t.equal(told(isolated, everybody, 0), 'enforced')
  t.match(told(isolated, rootAlone, 0), /^not enforced: images run as root/)
  t.match(told(plainIsolation, everybody, 1001), /^not enforced: an image's USER, privileged/)
  t.match(told(plainIsolation, everybody, 0), /^not enforced: readOnlyRootFilesystem/)
  t.end()
})

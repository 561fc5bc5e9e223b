import t from 'tap'
import { translateStartError } from './oci-runtime.ts'

t.test("crun's words for a program that is not there become runc's", async (t) => {
  for (const [crun, runc] of [
    [
      'executable file `/no/such` not found in $PATH: No such file or directory',
      'exec: "/no/such": stat /no/such: no such file or directory',
    ],
    [
      'executable file `nothing` not found in $PATH: No such file or directory',
      'exec: "nothing": executable file not found in $PATH',
    ],
    ['something else', 'something else'],
  ] as const)
    t.equal(translateStartError(crun), runc)
})

/** What may differ between two runs of one command: times, identities, addresses, and the width of columns that hold them. */
const rules: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/^[IWEF]\d{4} [\d:.]+ +\d+ /gm, 'KLOG '],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UID'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, 'TIME'],
  [/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME'],
  [/\b(sha256:)?[0-9a-f]{64}\b/g, 'DIGEST'],
  [/\b[a-z]+:\/\/DIGEST/g, 'CONTAINER'],
  [/^(\s*)(Image ID|imageID|"imageID"):.*$/gm, '$1$2: IMAGE'],
  [/\b(\d{1,3}\.){3}\d{1,3}\b/g, 'IP'],
  [/(in network namespace \\?")[^"\\]+/g, '$1PATH'],
  [/(resourceVersion"?: ?)"\d+"/g, '$1"RV"'],
  [/^( *Resource Version: +)\d+$/gm, '$1RV'],
  [/"continue":"[^"]+"/g, '"continue":"TOKEN"'],
  // The alphabet of upstream's rand.String and SafeEncodeString; hashes of templates count as names.
  [/-[bcdfghjklmnpqrstvwxz2456789]{8,10}(?=-[bcdfghjklmnpqrstvwxz2456789]{5}\b)/g, '-HASH'],
  [/-(?=[a-z]*\d)[bcdfghjklmnpqrstvwxz2456789]{8,10}\b/g, '-HASH'],
  [
    /((?:pod-template|controller-revision)-hash"?[=:] ?"?)[bcdfghjklmnpqrstvwxz2456789]+/g,
    '$1HASH',
  ],
  [/-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-RANDOM'],
  [/\.[0-9a-f]{16}\b/g, '.EVENT'],
  [/\b3[0-2]\d{3}\b/g, 'NODEPORT'],
  [/ \(x\d+ over [0-9a-z]+\)/g, ''],
  [/ in \d[\d.]*m?s \(\d[\d.]*m?s including waiting\)/g, ' in AGE (AGE including waiting)'],
  [/Image size: \d+ bytes/g, 'Image size: N bytes'],
  [
    /(?<=^|\s|\()(?<!(for|cpu:|divisor:)\s+)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(?<=[dhms])(?=\s|$|\))/gm,
    'AGE',
  ],
  [/AGE ago\b/g, 'AGE'],
  [/\bdefault-scheduler-[-a-z0-9]+/g, 'default-scheduler-HOST'],
  [/\b(reference|master|worker\d)\b/g, 'NODE'],
  [/(?<=\S)[ \t]{2,}(?=\S)/g, '   '],
  // Whether it stands there depends on whether the last change of a pod began a new second.
  [/^ *annotations:\n +endpoints\.kubernetes\.io\/last-change-trigger-time: .*\n/gm, ''],
  [/^(Annotations: +)endpoints\.kubernetes\.io\/last-change-trigger-time: .*/gm, '$1<none>'],
  // cgroups of version 1 say so where there is no limit.
  [/resources:\n +limits:\n +memory: 9007199254740988Ki/g, 'resources: {}'],
  [/[ \t]+$/gm, ''],
  [/\n+$/, '\n'],
]

/** The text with everything that is a matter of this run put as a word. */
export function normalise(text: string): string {
  return rules.reduce((done, [pattern, replacement]) => done.replace(pattern, replacement), text)
}

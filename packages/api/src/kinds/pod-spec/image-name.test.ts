import t from 'tap'
import { defaultImagePullPolicy } from './image-name.ts'

t.test('an image that may change under its name is always pulled', async (t) => {
  const table = {
    nginx: 'Always',
    'nginx:latest': 'Always',
    'registry.example.com:5000/nginx': 'Always',
    'registry.example.com:5000/a/b:1.2': 'IfNotPresent',
    'nginx:1.27': 'IfNotPresent',
    [`nginx@sha256:${'a'.repeat(64)}`]: 'IfNotPresent',
    [`nginx:latest@sha256:${'a'.repeat(64)}`]: 'Always',
    '': 'IfNotPresent',
    'Not A Reference': 'IfNotPresent',
  }
  for (const [image, policy] of Object.entries(table))
    t.equal(defaultImagePullPolicy(image), policy, image)
})

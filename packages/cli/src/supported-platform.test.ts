import t from 'tap'
import { checkPlatform } from './supported-platform.ts'

t.test('a machine without Linux is told of the way in containers', async (t) => {
  t.throws(() => checkPlatform('darwin'), {
    message:
      'kemu needs Linux, and this is darwin; here a cluster runs in containers: docker-compose up -d',
  })
  t.doesNotThrow(() => checkPlatform('linux'))
})

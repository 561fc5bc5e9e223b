import t from 'tap'
import { rewriteAddress, rewriteLinks } from './page-links.ts'

const place = { prefix: '/p/proxy', targetHost: '10.244.1.2:80', requestHost: 'api:6443' }
const rewrite = (address: string): string => rewriteAddress(address, place)

t.test('absolute paths of the same host get the prefix', async (t) => {
  for (const [before, after] of [
    ['/x', '/p/proxy/x'],
    ['/x/', '/p/proxy/x/'],
    ['/', '/p/proxy/'],
    ['/x?a=b#c', '/p/proxy/x?a=b#c'],
    ['http://10.244.1.2:80/x', '/p/proxy/x'],
    ['https://api:6443/x', 'https://api:6443/p/proxy/x'],
    ['https://api:6443/p/proxy/x', 'https://api:6443/p/proxy/x'],
    ['/p/proxy/x', '/p/proxy/x'],
    ['x', 'x'],
    ['?a', '?a'],
    ['#a', '#a'],
    ['mailto:a@b', 'mailto:a@b'],
    ['http://elsewhere/x', 'http://elsewhere/x'],
    ['//elsewhere/x', '//elsewhere/x'],
  ] as const)
    t.equal(rewrite(before), after, before)
})

t.test('only attributes that hold addresses are rewritten', async (t) => {
  for (const [before, after] of [
    ['<a href="/rewriteme">test</a>', '<a href="/p/proxy/rewriteme">test</a>'],
    ['<A class=x HREF=/y>', '<A class=x HREF="/p/proxy/y">'],
    [`<p don't <b> <a href="/x">`, `<p don't <b> <a href="/p/proxy/x">`],
    ['<a href="/x> <a href=/y>', '<a href="/x> <a href=/y>'],
    [`<img alt='>' src='/a b'/>`, `<img alt='>' src="/p/proxy/a b"/>`],
    ['<a title="/x" href="y">', '<a title="/x" href="y">'],
    ['<a href="/x?a=1&amp;b=2">', '<a href="/p/proxy/x?a=1&amp;b=2">'],
    ['<p href="/x"> <b> 1 < 2', '<p href="/x"> <b> 1 < 2'],
    ['<!-- <a href="/x"> --><a href="/y">', '<!-- <a href="/x"> --><a href="/p/proxy/y">'],
    [
      `<script src="/s.js">write('<a href="/x">')</script>`,
      `<script src="/p/proxy/s.js">write('<a href="/x">')</script>`,
    ],
  ] as const)
    t.equal(rewriteLinks(before, rewrite), after, before)
})

t.test('a page that is all openings takes no longer than it is long', async (t) => {
  for (const opening of ['<a', '<a "', '<!--', '<script>', '<a b=']) {
    const page = opening.repeat(200_000)
    t.equal(rewriteLinks(page, rewrite), page)
  }
})

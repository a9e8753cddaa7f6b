// Several browsers of one user: each sees the others and ends them, and what ended stays ended.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import {
  cookieOf,
  isSignedIn,
  modes,
  putBack,
  signIn,
  startBrowser,
  startServer,
  visiting,
} from './support.mjs';

const [stored] = modes;

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Runs `visit` with as many browsers of their own as it takes pages. */
function together(options, visit) {
  const more = (pages) =>
    pages.length === visit.length
      ? visit(...pages)
      : visiting(browser, options, (_, page) => more([...pages, page]));
  return more([]);
}

for (const javaScriptEnabled of [true, false]) {
  describe(`JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    const name = `Ada ${javaScriptEnabled}`;
    const options = { javaScriptEnabled };

    test('the list shows both browsers, and signs the other one out', () =>
      together(options, async (here, there) => {
        await signIn(here, server.url, stored, name);
        const rows = here.locator('.sessions li');
        assert.equal(await rows.count(), 1);
        await signIn(there, server.url, stored, name);
        await here.reload();
        assert.equal(await rows.count(), 2);
        assert.equal(await rows.filter({ hasText: 'this one' }).count(), 1);
        assert.match(await rows.first().textContent(), /Chrome on \w+/);
        assert.match(await rows.first().textContent(), /\d\d:\d\d:\d\d UTC/);

        await here.getByRole('button', { name: 'Sign it out' }).click();
        await here.getByText('That session was signed out.').waitFor();
        assert.equal(await rows.count(), 1);
        // It is out at its next request, which is a click on what it still shows.
        await there.getByRole('button', { name: 'Save the note' }).click();
        await there.getByText('The cookie was refused.').or(there.getByLabel('Name')).first().waitFor();
        assert.equal(await isSignedIn(there, server.url, stored), false);
        assert.equal(await isSignedIn(here, server.url, stored), true);
        // And it can come back.
        await signIn(there, server.url, stored, name);
      }));

    test('all the others are signed out at once', () =>
      together(options, async (here, second, third) => {
        const user = `${name} of three`;
        for (const page of [here, second, third]) await signIn(page, server.url, stored, user);
        await here.reload();
        await here.getByRole('button', { name: 'Sign out the others' }).click();
        await here.getByText('2 other sessions were signed out.').waitFor();
        assert.equal(await here.getByRole('button', { name: 'Sign out the others' }).count(), 0);
        assert.equal(await isSignedIn(second, server.url, stored), false);
        assert.equal(await isSignedIn(third, server.url, stored), false);
        assert.equal(await isSignedIn(here, server.url, stored), true);
      }));

    for (const mode of modes) {
      test(`signing out everywhere in ${mode.title} reaches every browser and every mode`, () =>
        together(options, async (here, there, somebodyElse) => {
          const user = `${name} in ${mode.title}`;
          for (const each of modes) {
            await signIn(here, server.url, each, user);
            await signIn(there, server.url, each, user);
          }
          await signIn(somebodyElse, server.url, mode, `Not ${user}`);
          const kept = await cookieOf(here.context(), mode);
          await here.goto(server.url + mode.path);
          await here.getByRole('button', { name: 'Sign out everywhere' }).click();
          await here.getByRole('heading', { name: 'Signed out everywhere' }).waitFor();
          await here.getByRole('button', { name: 'Present the old cookie' }).click();
          await here.getByText('Refused: a new, empty session').waitFor();
          await putBack(here.context(), server.url, kept);
          for (const each of modes) {
            assert.equal(await isSignedIn(here, server.url, each), false, each.title);
            assert.equal(await isSignedIn(there, server.url, each), false, each.title);
          }
          assert.equal(await isSignedIn(somebodyElse, server.url, mode), true);
        }));
    }
  });
}

test('a restart keeps everybody signed in', () =>
  visiting(browser, {}, async (_, page) => {
    let own = await startServer();
    try {
      for (const mode of modes) await signIn(page, own.url, mode);
      own = await own.restart();
      for (const mode of modes) assert.equal(await isSignedIn(page, own.url, mode), true, mode.title);
      await page.goto(own.url + stored.path);
      assert.equal(await page.locator('.sessions li').count(), 1);
    } finally {
      await own.stop();
    }
  }));

// The engine refuses to send what this browser would drop in silence.
describe('what Chromium keeps', () => {
  let site;
  let origin;

  before(async () => {
    site = createServer((request, response) => {
      const cookies = new URL(request.url, 'http://localhost').searchParams.getAll('set');
      response.setHeader('Set-Cookie', cookies).end();
    });
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    origin = `http://localhost:${site.address().port}`;
  });

  after(async () => {
    site.closeAllConnections();
    site.close();
    await once(site, 'close');
  });

  async function kept(context, page, cookie) {
    await page.goto(`${origin}/?set=${encodeURIComponent(cookie)}`);
    return (await context.cookies()).map(({ name }) => name);
  }

  test('4096 bytes of name and value, and not one more', () =>
    visiting(browser, {}, async (context, page) => {
      const cookie = (name, size) => `${name}=${'v'.repeat(size - name.length)}; Path=/; HttpOnly`;
      assert.deepEqual(await kept(context, page, cookie('most', 4096)), ['most']);
      assert.deepEqual(await kept(context, page, cookie('more', 4097)), ['most']);
    }));

  test('__Host- cookies of localhost over plain http, if they keep to the rules of the name', () =>
    visiting(browser, {}, async (context, page) => {
      for (const refused of [
        '__Host-a=1; Path=/',
        '__Host-a=1; Secure; Path=/a',
        '__Host-a=1; Secure; Path=/; Domain=localhost',
      ]) {
        assert.deepEqual(await kept(context, page, refused), [], refused);
      }
      assert.deepEqual(await kept(context, page, '__Host-a=1; Secure; Path=/'), ['__Host-a']);
    }));
});

// What a visitor does, with and without JavaScript, in light and dark.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  cookieOf,
  isSignedIn,
  modes,
  putBack,
  replaceCookie,
  signIn,
  startBrowser,
  startServer,
  visiting,
} from './support.mjs';

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

for (const javaScriptEnabled of [true, false]) {
  for (const colorScheme of ['light', 'dark']) {
    describe(`JavaScript ${javaScriptEnabled ? 'on' : 'off'}, ${colorScheme}`, () => {
      for (const mode of modes) {
        test(`the whole way through ${mode.title}`, () =>
          visiting(browser, { javaScriptEnabled, colorScheme }, (context, page) =>
            wholeWay(context, page, mode),
          ));
      }
    });
  }
}

async function wholeWay(context, page, mode) {
  // Sign in, from the overview on.
  await page.goto(server.url);
  await page.getByRole('link', { name: `Try ${mode.title}` }).click();
  await page.getByLabel('Name').fill('Ada <b>');
  await page.getByRole('button', { name: 'Sign in' }).click();
  assert.equal(await page.locator('#visitor-name').textContent(), 'Ada <b>');

  // The session changes.
  await page.getByLabel('A note').fill('only for us');
  await page.getByRole('button', { name: 'Save the note' }).click();
  await page.getByText('only for us', { exact: true }).waitFor();

  // The page shows the cookie exactly as the browser holds it, and what a thief reads in it.
  const held = await cookieOf(context, mode);
  assert.equal(await page.locator('#cookie-value').textContent(), held.value);
  const thief = await page.locator('#thief-reads').textContent();
  assert.equal(thief.includes('only for us'), mode.readable, thief);

  // A byte of it is changed.
  await page.getByLabel('Character to change').fill('7');
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.getByText('Accepted: the session of Ada <b>').waitFor();
  await page.getByText('Refused: a new, empty session').waitFor();
  assert.equal(await page.locator('mark').count(), 1);
  assert.deepEqual((await cookieOf(context, mode)).value, held.value);
  await page.getByRole('link', { name: 'Back to the session' }).click();

  // The key is rotated.
  const rows = page.locator('#keys ~ .scroll tbody tr');
  const before = await rows.count();
  const keyBefore = await page.locator('tr.chosen th').textContent();
  await page.getByRole('button', { name: 'Rotate the key' }).click();
  await page.getByText('you are still signed in').waitFor();
  assert.equal(await rows.count(), Math.min(before + 1, 8));
  assert.equal(await page.locator('tr.chosen th').textContent(), keyBefore);
  if (mode.cookie === 'flask-session') {
    assert.equal((await cookieOf(context, mode)).value, held.value, 'Flask waits for a change');
    await page.getByLabel('A note').fill('moved');
    await page.getByRole('button', { name: 'Save the note' }).click();
    await page.getByText('moved', { exact: true }).waitFor();
  } else {
    assert.notEqual((await cookieOf(context, mode)).value, held.value, 'it was reissued');
    await page.getByRole('link', { name: 'load it again' }).click();
  }
  assert.equal(await page.getByText('you are still signed in').count(), 0);
  assert.notEqual(await page.locator('tr.chosen th').textContent(), keyBefore);
  assert.match(await rows.first().textContent(), /signs and verifies[^]*verified by this key/);

  // Sign out, and present the cookie that a thief kept: to the server by a form, and from a browser.
  const kept = await cookieOf(context, mode);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByRole('heading', { name: 'A copy that somebody kept' }).waitFor();
  assert.equal(await cookieOf(context, mode), undefined);
  assert.equal(await page.locator('code.cookie').textContent(), kept.value);
  await page.getByRole('button', { name: 'Present the old cookie' }).click();
  await page.getByText('Refused: a new, empty session').waitFor();
  await putBack(context, server.url, kept);
  assert.equal((await cookieOf(context, mode)).value, kept.value);
  assert.equal(await isSignedIn(page, server.url, mode), false);
  await page.getByText('The cookie was refused.').waitFor();
}

for (const host of ['127.0.0.1', 'localhost']) {
  test(`cookies are stored with their attributes on http://${host}`, () =>
    visiting(browser, {}, async (context, page) => {
      const url = server.url.replace('127.0.0.1', host);
      for (const mode of modes) {
        await signIn(page, url, mode);
        const { value, ...attributes } = await cookieOf(context, mode);
        assert.ok(value.length > 40);
        assert.deepEqual(attributes, {
          name: mode.cookie,
          domain: host,
          path: '/',
          expires: -1,
          httpOnly: true,
          secure: mode.secure,
          sameSite: 'Lax',
        });
      }
      assert.equal(await page.evaluate(() => document.cookie), '', 'no script can read them');
    }));
}

test('a cookie that was changed in the browser is refused', () =>
  visiting(browser, {}, async (context, page) => {
    for (const mode of modes) {
      await signIn(page, server.url, mode);
      const { value } = await cookieOf(context, mode);
      const at = Math.floor(value.length / 2);
      const other = value[at] === 'A' ? 'B' : 'A';
      const changed = value.slice(0, at) + other + value.slice(at + 1);
      await replaceCookie(context, server.url, mode, changed);
      assert.equal((await cookieOf(context, mode)).value, changed);
      await page.reload();
      await page.getByText('The cookie was refused.').waitFor();
      assert.equal(await page.locator('#visitor-name').count(), 0);

      await replaceCookie(context, server.url, mode, value);
      await page.reload();
      assert.equal(await page.locator('#visitor-name').textContent(), 'Ada Lovelace');
    }
  }));

test('a page of another origin cannot sign anybody out', () => {
  const attack = async (context, page) => {
    const [mode] = modes;
    await signIn(page, server.url, mode);
    // Another name for this machine is another site; another port would do, too.
    const url = server.url.replace('127.0.0.1', 'localhost');
    const form = `<form method="post" action="${server.url}${mode.path}/sign-out"><button>Win</button></form>`;
    await context.route(`${url}/attack`, (route) =>
      route.fulfill({ contentType: 'text/html', body: form }),
    );
    await page.goto(`${url}/attack`);
    await page.getByRole('button', { name: 'Win' }).click();
    await page.getByText('Nothing was changed.').waitFor();
    await page.goto(server.url + mode.path);
    assert.equal(await page.locator('#visitor-name').textContent(), 'Ada Lovelace');
  };
  return visiting(browser, {}, attack, [
    'Failed to load resource: the server responded with a status of 403 (Forbidden)',
  ]);
});

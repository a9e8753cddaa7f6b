// Every page in light and dark, on a desk and on a phone: accessible, and in e2e/screenshots to be
// looked at.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { here, modes, replaceCookie, signIn, startBrowser, startServer } from './support.mjs';

const screenshots = join(here, 'screenshots');
const sizes = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

let browser;

before(async () => {
  browser = await startBrowser();
  await mkdir(screenshots, { recursive: true });
});

after(() => browser?.close());

/** A server for the tests of one block. */
function serving() {
  const serving = {};
  before(async () => {
    serving.server = await startServer();
    serving.url = serving.server.url;
  });
  after(() => serving.server?.stop());
  return serving;
}

const [stored, sealed] = modes;

async function signOut(page, url, mode) {
  await signIn(page, url, mode);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('A copy that somebody kept').waitFor();
}

/** How to get to each page. */
const pages = {
  overview: (page, url) => page.goto(url),
  'not-found': (page, url) => page.goto(`${url}/nothing`),
  'out-of-date': async (page, url) => {
    await signIn(page, url, stored);
    // Meanwhile somebody else signs in, in another tab.
    await page.context().clearCookies();
    const other = await page.context().newPage();
    await signIn(other, url, stored, 'Grace Hopper');
    await other.close();
    await page.getByRole('button', { name: 'Save the note' }).click();
    await page.getByText('This form is out of date').waitFor();
  },
  'stored-signed-out': (page, url) => signOut(page, url, stored),
  'sealed-signed-out': (page, url) => signOut(page, url, sealed),
  'signed-out-everywhere': async (page, url) => {
    // Nobody else may be of this name: they would be out as well.
    await signIn(page, url, stored, 'Mary');
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('heading', { name: 'Signed out everywhere' }).waitFor();
  },
  'stored-list': async (page, url) => {
    await signIn(page, url, stored, 'Grace');
    for (let others = 0; others < 2; others += 1) {
      const context = await page.context().browser().newContext();
      const other = await context.newPage();
      await signIn(other, url, stored, 'Grace');
      await context.close();
    }
    await page.reload();
    await page.getByRole('button', { name: 'Sign it out' }).first().click();
    await page.getByText('That session was signed out.').waitFor();
  },
  problem: async (page, url) => {
    await page.goto(url + sealed.path);
    await page.getByLabel('Name').fill('   ');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Please enter a name.').waitFor();
  },
  refused: async (page, url) => {
    await signIn(page, url, sealed);
    await replaceCookie(page.context(), url, sealed, 'AAAA');
    await page.reload();
    await page.getByText('The cookie was refused.').waitFor();
  },
};
for (const mode of modes) {
  const name = mode.title.toLowerCase();
  pages[`${name}-sign-in`] = (page, url) => page.goto(url + mode.path);
  pages[`${name}-session`] = (page, url) => signIn(page, url, mode);
  pages[`${name}-rotated`] = async (page, url) => {
    await signIn(page, url, mode);
    await page.getByLabel('A note').fill('the garden gate is open');
    await page.getByRole('button', { name: 'Save the note' }).click();
    await page.getByRole('button', { name: 'Rotate the key' }).click();
    await page.getByText('you are still signed in').waitFor();
  };
  pages[`${name}-replayed`] = async (page, url) => {
    await signOut(page, url, mode);
    await page.getByRole('button', { name: 'Present the old cookie' }).click();
    await page.getByText('Refused: a new, empty session').waitFor();
  };
  pages[`${name}-changed`] = async (page, url) => {
    await signIn(page, url, mode);
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByText('Refused: a new, empty session').waitFor();
  };
}

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries(sizes)) {
    describe(`${colorScheme}, ${size}`, () => {
      const site = serving();
      for (const [name, go] of Object.entries(pages)) {
        test(name, async () => {
          const context = await browser.newContext({ colorScheme, viewport });
          context.setDefaultTimeout(10_000);
          try {
            const page = await context.newPage();
            await go(page, site.url);
            const path = join(screenshots, `${name}-${colorScheme}-${size}.png`);
            await page.screenshot({ path, fullPage: true });
            const { violations, incomplete } = await new AxeBuilder({ page }).analyze();
            assert.deepEqual(violations.map(describeRule), []);
            // A contrast that could not be computed has not passed. On a phone it cannot be where
            // a table is cut off and scrolls; the desk has the same colours.
            if (size === 'desk') assert.deepEqual(incomplete.map(describeRule), []);
            const excess = await page.evaluate(
              () => document.documentElement.scrollWidth - window.innerWidth,
            );
            assert.ok(excess <= 0, `the page is ${excess} pixels wider than its window`);
          } finally {
            await context.close();
          }
        });
      }
    });
  }
}

describe('beyond the looks', () => {
  const site = serving();

  for (const colorScheme of ['light', 'dark']) {
    test(`the keyboard reaches every control and shows where it is, ${colorScheme}`, async () => {
      const context = await browser.newContext({ colorScheme });
      try {
        const page = await context.newPage();
        await signIn(page, site.url, stored);
        const controls = await page.locator('a[href], button, input:not([type=hidden])').count();
        const seen = new Set();
        for (let presses = 0; presses < controls + 20; presses += 1) {
          await page.keyboard.press('Tab');
          const focused = await page.evaluate(() => {
            const element = document.activeElement;
            if (element === document.body) return null;
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            const { width, height, top } = element.getBoundingClientRect();
            return {
              control: element.matches('a, button, input'),
              index: [...document.querySelectorAll('*')].indexOf(element),
              text: element.outerHTML.slice(0, 80),
              outlined: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
              visible: width > 0 && height > 0 && top + height > 0,
            };
          });
          if (focused === null) break;
          assert.ok(focused.outlined && focused.visible, focused.text);
          if (focused.control) seen.add(focused.index);
        }
        assert.equal(seen.size, controls);
      } finally {
        await context.close();
      }
    });
  }

  test('nothing moves for those who asked for that', async () => {
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    try {
      const page = await context.newPage();
      await page.goto(site.url);
      const moving = await page.evaluate(() =>
        [...document.querySelectorAll('*')]
          .map((element) => getComputedStyle(element))
          .filter((style) => style.transitionProperty !== 'none' && style.transitionDuration !== '0s')
          .length,
      );
      assert.equal(moving, 0);
    } finally {
      await context.close();
    }
  });
});

function describeRule({ id, nodes }) {
  return `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary ?? ''}`).join('; ')}`;
}

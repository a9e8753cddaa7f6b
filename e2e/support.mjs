// The program as a child process, and Chromium around it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const here = dirname(fileURLToPath(import.meta.url));

const binary = process.env.PRIVYSEAL_BINARY ?? join(here, '../target/debug/privyseal');

/** Starts `privyseal serve` on a free port, with a data directory of its own. */
export async function startServer() {
  const place = await mkdtemp(join(tmpdir(), 'privyseal-e2e-'));
  return serve(place, '127.0.0.1:0');
}

async function serve(place, address) {
  const data = join(place, 'data');
  const child = spawn(binary, ['serve', '--listen', address, '--data-dir', data], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  let ended;
  const lines = createInterface({ input: child.stderr });
  const url = await new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said += `${line}\n`;
      const found = /^serving on (http:\S+)$/.exec(line);
      if (found) resolve(found[1]);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      ended = [code, signal, 'before it was told to'];
      reject(new Error(`the server ended with ${code ?? signal}:\n${said}`));
    });
  });
  /** That it ended before, ended badly or said anything but its address is an error. */
  async function end() {
    const ending = ended ?? once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual([await ending, said], [[0, null], `serving on ${url}\n`]);
  }
  return {
    url,
    async stop() {
      await end();
      await rm(place, { recursive: true });
    },
    /** The same once more, at the same address and with the same data. */
    async restart() {
      await end();
      return serve(place, new URL(url).host);
    },
  };
}

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.PRIVYSEAL_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export const modes = [
  { path: '/stored', title: 'Stored', cookie: '__Host-stored', secure: true, readable: false },
  { path: '/sealed', title: 'Sealed', cookie: '__Host-sealed', secure: true, readable: false },
  { path: '/signed', title: 'Signed', cookie: '__Host-signed', secure: true, readable: true },
  { path: '/flask', title: 'Flask', cookie: 'flask-session', secure: false, readable: true },
];

export async function signIn(page, url, mode, name = 'Ada Lovelace') {
  await page.goto(url + mode.path);
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#visitor-name').waitFor();
}

/** The cookie that the browser holds for the mode, if any. */
export async function cookieOf(context, mode) {
  const cookies = await context.cookies();
  return cookies.find((cookie) => cookie.name === mode.cookie);
}

/** Puts a cookie back that the browser once had, as a thief would. */
export function putBack(context, url, { name, value, httpOnly, secure, sameSite }) {
  const scheme = secure ? 'https:' : 'http:';
  return context.addCookies([
    { name, value, url: url.replace('http:', scheme), httpOnly, secure, sameSite },
  ]);
}

/** Replaces the cookie's value in the browser, as its owner or malware could. */
export async function replaceCookie(context, url, mode, value) {
  await putBack(context, url, { ...(await cookieOf(context, mode)), value });
}

/** Whether the page of the mode, loaded now, is that of somebody who is signed in. */
export async function isSignedIn(page, url, mode) {
  await page.goto(url + mode.path);
  await page.locator('#visitor-name').or(page.getByLabel('Name')).waitFor();
  return (await page.locator('#visitor-name').count()) > 0;
}

/** Runs `visit` in a context of its own; what the console or the network complains about fails it,
 * unless it is `expected`. A request that the browser gave up itself, because its page was left
 * before the icon came, is no complaint. */
export async function visiting(browser, options, visit, expected = []) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(10_000);
  const complaints = [];
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  context.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText;
    if (reason !== 'net::ERR_ABORTED') complaints.push(`${reason}: ${request.url()}`);
  });
  try {
    await visit(context, await context.newPage());
  } finally {
    await context.close();
  }
  assert.deepEqual(complaints, expected);
}

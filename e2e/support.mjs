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
  const data = join(place, 'data');
  const child = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data-dir', data], {
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
  return {
    url,
    /** Stops it. That it ended before, ended badly or said anything but its address is an error. */
    async stop() {
      const ending = ended ?? once(child, 'exit');
      child.kill('SIGTERM');
      assert.deepEqual([await ending, said], [[0, null], `serving on ${url}\n`]);
      await rm(place, { recursive: true });
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

/** Replaces the cookie's value in the browser, as its owner or malware could. */
export async function replaceCookie(context, url, mode, value) {
  const old = await cookieOf(context, mode);
  await context.addCookies([
    {
      name: old.name,
      value,
      url: url.replace('http:', mode.secure ? 'https:' : 'http:'),
      httpOnly: old.httpOnly,
      secure: old.secure,
      sameSite: old.sameSite,
    },
  ]);
}

// GraphiQL in a real browser against the gateway at BASE_URL: the schema arrives, the first query answers, a person can be
// chosen, a subscription shows what happens, nothing leaves the origin and the console stays silent. CHROMIUM names the
// browser; SCREENSHOT, where to keep a picture, and with `-live` before its ending another of the subscription.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { chromium } from 'playwright-core';

const BASE_URL = process.env.BASE_URL ?? 'http://127.0.0.1:8000';
const ORIGIN = new URL(BASE_URL).origin;
const SCREENSHOT = process.env.SCREENSHOT;
const PATIENCE_MS = 30_000;
const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser;
let page;
const requests = [];
const complaints = [];

const fromOutside = url => !/^(data|blob|about):/.test(url) && new URL(url).origin !== ORIGIN;
const isGraphQL = response => new URL(response.url()).pathname === '/graphql' && response.request().method() === 'POST';
const operationOf = response => response.request().postDataJSON().operationName;

/** The next answer to the operation of that name, parsed. */
async function answerTo(operation, act) {
  const waiting = page.waitForResponse(response => isGraphQL(response) && operationOf(response) === operation);
  await act();
  const response = await waiting;
  assert.equal(response.status(), 200, `${operation} answered ${response.status()}`);
  const body = await response.json();
  assert.equal(body.errors, undefined, JSON.stringify(body.errors));
  return body.data;
}

/** The data of an operation that somebody else runs meanwhile. */
async function ask(token, query, variables) {
  const response = await fetch(`${BASE_URL}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

const CREATE = `mutation ($id: ID!, $label: String!) {
  createTask(input: { studentId: $id, label: $label }) { events { seq } }
}`;

const live = ({ id, version }) => `subscription Direct {
  dashboardUpdates(studentId: "${id}", afterSeq: ${version}) {
    event { seq kind at entity { ... on Task { label } } }
    student { version dashboard { kpis { openTaskCount } } }
  }
}
`;

const typed = text => page.evaluate(value => globalThis.__MONACO.editor.getEditors()[0].setValue(value), text);
const resultPane = () => page.locator('.graphiql-response');
const runFirstQuery = () => answerTo('TableauDeBord', () => page.locator('.graphiql-execute-button').click());

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: CHROMIUM_ARGS });
  page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'fr-FR' });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('request', request => requests.push(request.url()));
  page.on('websocket', socket => requests.push(socket.url().replace(/^ws/, 'http')));
  page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(String(error)));
});

after(() => browser?.close());

describe('GraphiQL', () => {
  it('loads the schema for the first demo person', async () => {
    const data = await answerTo('IntrospectionQuery', () => page.goto(`${BASE_URL}/graphql`));
    assert.ok(data.__schema.types.some(type => type.name === 'Dashboard'));
    assert.match(await page.getByLabel('Agir en tant que').inputValue(), /\S/);
  });

  it('runs its first query and shows the answer', async () => {
    const { viewer } = await runFirstQuery();
    assert.ok(viewer.students.nodes.length > 0, 'the first person sees a pupil');
    await resultPane().getByText('"viewer"').waitFor();
    assert.ok((await resultPane().innerText()).includes('"displayName"'));
  });

  it('checks and formats what is typed', async () => {
    const firstQuery = await page.evaluate(() => globalThis.__MONACO.editor.getEditors()[0].getValue());
    const faults = wanted => page.waitForFunction(some => some === globalThis.__MONACO.editor.getModelMarkers({}).length > 0, wanted);

    await typed('{ absent }');
    await faults(true);

    await typed('{viewer{id}}');
    await faults(false);
    await page.getByRole('button', { name: /^Prettify/ }).click();
    await page.waitForFunction(() => globalThis.__MONACO.editor.getEditors()[0].getValue() === '{\n  viewer {\n    id\n  }\n}\n');

    await typed(firstQuery);
    await faults(false);
  });

  it('shows the documentation', async () => {
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).first().waitFor();
    if (SCREENSHOT) await page.screenshot({ path: SCREENSHOT });
  });

  it('speaks as whoever is chosen, and keeps the choice but no token', async () => {
    const picker = page.getByLabel('Agir en tant que');
    const parent = await picker.locator('optgroup[label="Parents"] option').first().getAttribute('value');
    await answerTo('IntrospectionQuery', () => picker.selectOption(parent));
    const { viewer } = await runFirstQuery();
    assert.equal(viewer.role, 'PARENT');

    const kept = await page.evaluate(() => JSON.stringify(localStorage));
    assert.ok(kept.includes(parent), 'the choice is kept');
    const tokens = await page.evaluate(async () => (await (await fetch('/graphiql/people')).json()).people.map(one => one.token));
    assert.ok(tokens.every(token => !kept.includes(token.split('.')[0])), 'no token is kept');

    await answerTo('IntrospectionQuery', () => page.reload());
    assert.equal(await picker.inputValue(), parent);
  });

  it('shows events in its subscription pane as they happen, until it is stopped', async () => {
    const { people } = await (await fetch(`${BASE_URL}/graphiql/people`)).json();
    const { id, token } = people.find(person => person.role === 'STUDENT');
    const { viewer } = await ask(token, '{ viewer { students(first: 1) { nodes { id version } } } }');
    const [pupil] = viewer.students.nodes;
    await answerTo('IntrospectionQuery', () => page.getByLabel('Agir en tant que').selectOption(id));

    await typed(live(pupil));
    await page.getByRole('tab', { name: 'Direct' }).waitFor(); // only then it knows which operation to run
    const opening = page.waitForEvent('websocket');
    await page.locator('.graphiql-execute-button').click();
    const socket = await opening;
    for (const label of [`Relire-${Date.now()}`, `Revoir-${Date.now()}`]) {
      const { createTask } = await ask(token, CREATE, { id: pupil.id, label });
      await resultPane().getByText(label).waitFor();
      await resultPane().getByText(`${createTask.events[0].seq}`, { exact: true }).first().waitFor();
    }
    if (SCREENSHOT) await page.screenshot({ path: SCREENSHOT.replace(/(\.\w+)?$/, '-live$1') });

    const closed = socket.waitForEvent('close');
    await page.locator('.graphiql-execute-button').click();
    await closed;
  });

  it('asks nothing of another host', () => {
    assert.ok(requests.length > 5);
    assert.deepEqual(requests.filter(fromOutside), []);
  });

  it('leaves the console silent', () => {
    assert.deepEqual(complaints, []);
  });
});

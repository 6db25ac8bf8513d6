// Who the page speaks as: the demo people with their short-lived tokens, or a token that was pasted.
const PEOPLE_URL = new URL('graphiql/people', document.baseURI);
const CHOICE_KEY = 'nexus:person';
const MARGIN_MS = 60_000;
const RETRY_MS = 15_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const PASTED = 'pasted';

/** `source`: `loading`, then `demo` (there are people), `none` (the route does not exist: production) or `down` (it failed). */
let state = { source: 'loading', people: [], choice: readChoice(), pasted: '', refused: false };
const listeners = new Set();
let timer;
let renewal;

function set(changes) {
  state = { ...state, ...changes };
  listeners.forEach(listener => listener());
}

function readChoice() {
  try {
    return localStorage.getItem(CHOICE_KEY);
  } catch {
    return null;
  }
}

function keepChoice(choice) {
  try {
    localStorage.setItem(CHOICE_KEY, choice);
  } catch {
    // a browser that keeps nothing: the choice lasts as long as the page
  }
}

const expiryOf = person => Date.parse(person.expiresAt);

/** `exp` of a pasted JWT in milliseconds, to show it; the server alone judges the token. */
function expiryOfToken(token) {
  try {
    const payload = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
    return payload.exp * 1000;
  } catch {
    return NaN;
  }
}

/** Fetches the people anew; calls that meet share one request. */
function renew() {
  renewal ??= load().finally(() => {
    renewal = undefined;
  });
  return renewal;
}

async function load() {
  clearTimeout(timer);
  try {
    const response = await fetch(PEOPLE_URL, { headers: { accept: 'application/json' }, cache: 'no-store' });
    if (response.status === 404) {
      set({ source: 'none', people: [], choice: PASTED });
      return;
    }
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { people } = await response.json();
    set({
      source: people.length ? 'demo' : 'none',
      people,
      choice: choiceAmong(people),
      refused: state.refused && state.choice === PASTED,
    });
    schedule();
  } catch {
    // keep what we had: the tokens may still hold
    if (!state.people.length) set({ source: 'down', choice: PASTED });
    timer = setTimeout(renew, RETRY_MS);
  }
}

/** The choice as it stands where it still can, else the one kept from the last visit, else the first person. */
function choiceAmong(people) {
  const asked = state.choice === PASTED && (state.pasted || state.source === 'demo');
  if (asked || !people.length) return PASTED;
  const wanted = state.choice === PASTED ? readChoice() : state.choice;
  return (people.find(person => person.id === wanted) ?? people[0]).id;
}

/** Plans the next renewal a minute before the first token ends, or at half its life where that is shorter. */
function schedule() {
  const left = Math.min(...state.people.map(expiryOf)) - Date.now();
  if (!Number.isFinite(left)) return;
  const wait = Math.max(left - MARGIN_MS, left / 2, RETRY_MS);
  timer = setTimeout(renew, Math.min(wait, LONGEST_TIMER_MS));
}

export const identity = {
  start() {
    renew();
    // timers sleep with the tab
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && endsSoon()) renew();
    });
  },
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  snapshot: () => state,
  renew,
  choose(choice) {
    if (choice !== PASTED) keepChoice(choice);
    set({ choice, refused: false });
  },
  paste(token) {
    set({ pasted: token.trim().replace(/^bearer\s+/i, ''), choice: PASTED, refused: false });
  },
  refuse() {
    set({ refused: true });
  },
  /** The token to send now, renewed first where it is about to end. */
  async token() {
    if (endsSoon()) await renew();
    return currentToken(state);
  },
  /** A new token for one that was refused; a pasted one has no successor. */
  async newToken() {
    if (currentPerson(state)) await renew();
    return currentToken(state);
  },
};

function endsSoon() {
  const person = currentPerson(state);
  return Boolean(person) && expiryOf(person) - Date.now() < 5_000;
}

export function currentPerson({ people, choice }) {
  return people.find(person => person.id === choice);
}

export function currentToken(now) {
  return now.choice === PASTED ? now.pasted : (currentPerson(now)?.token ?? '');
}

/** When the token ends, in milliseconds; NaN where that is unknown. */
export function currentExpiry(now) {
  return now.choice === PASTED ? expiryOfToken(now.pasted) : expiryOf(currentPerson(now) ?? {});
}

/** Changes when the page speaks as someone else, not when a token is renewed; empty while nobody speaks. */
export function currentSpeaker(now) {
  if (!currentToken(now)) return '';
  return now.choice === PASTED ? `${PASTED}:${now.pasted}` : now.choice;
}

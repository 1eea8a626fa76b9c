// The Server API, as the page uses it: the token, requests, and tasks that are repeated while
// somebody is looking.

const kKey = 'peer-server-token';
const kPatience = 10_000;

let token = sessionStorage.getItem(kKey) ?? '';

// `signed-out`: the token is not, or no longer, good. `lost`, `found`: the server does not answer; it
// does again.
export const bus = new EventTarget();
export const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));

export const hasToken = () => token !== '';
export const headers = () => ({ Authorization: `Bearer ${token}` });

export function setToken(value) {
  token = value;
  if (value) sessionStorage.setItem(kKey, value);
  else sessionStorage.removeItem(kKey);
}

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let isLost = false;
function setLost(lost) {
  if (lost === isLost) return;
  isLost = lost;
  tell(lost ? 'lost' : 'found');
}

// Resolves with what the server says. An ApiError has status 0 when it says nothing.
export async function call(method, path, body) {
  const options = { method, headers: headers(), cache: 'no-store', signal: AbortSignal.timeout(kPatience) };
  if (body !== undefined) options.body = typeof body === 'string' ? body : JSON.stringify(body);
  const used = token;
  let response;
  let json;
  try {
    response = await fetch(path, options);
    json = await response.json();
  } catch {
    setLost(true);
    throw new ApiError(0, 'the server does not answer');
  }
  setLost(false);
  if (response.ok) return json;
  const message = json.error?.message ?? `status ${response.status}`;
  if (response.status === 401 && used === token && token !== '') {
    setToken('');
    tell('signed-out', message);
  }
  throw new ApiError(response.status, message);
}

export const get = (path) => call('GET', path);

// The path of these parts, which may be anything that peers have thought of. From the page's own on: a
// proxy may have put it below another path.
export const pathOf = (...parts) => `v1/${parts.map(encodeURIComponent).join('/')}`;

export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== '' && value !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

// Runs `task` now and again, `pause` ms after it has ended, but not while the page is hidden.
export function repeat(pause, task) {
  let timer;
  let isRunning = false;
  let isWanted = false;
  let isOver = false;
  async function run() {
    clearTimeout(timer);
    if (isOver || document.hidden) return;
    if (isRunning) {
      isWanted = true;
      return;
    }
    isRunning = true;
    isWanted = false;
    try {
      await task();
    } catch (error) {
      if (!(error instanceof ApiError)) console.error(error);
    }
    isRunning = false;
    if (!isOver) timer = setTimeout(run, isWanted ? 0 : pause());
  }
  const look = () => !document.hidden && run();
  document.addEventListener('visibilitychange', look);
  run();
  return {
    now: run,
    stop() {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    },
  };
}

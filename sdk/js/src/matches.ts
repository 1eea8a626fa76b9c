// Searches for partners: one for each namespace. A search outlives the connection that it was begun on.
import { ConnectionLostError, MatchError, PeerServerError, TimeoutError } from './errors.js';
import { patiently, type Patience } from './events.js';
import type { Taken } from './connection.js';
import type { AnyMessage, Incoming } from './messages.js';

type Matched = Incoming['matched']['payload'];
type Request = (type: string, fields: object, patience?: Patience, taken?: Taken) => Promise<AnyMessage>;

interface Search {
  payload: Record<string, unknown>;
  ticket?: string;
  /** Another search went before: its match may still be on its way. */
  isSecond: boolean;
  resolve(matched: Matched): void;
  reject(error: unknown): void;
}

export class Matches {
  #searches = new Map<string, Search>();
  #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  /** Resolves with the group. Who gives up earlier takes the ticket back. */
  find(namespace: string, fields: object, { signal, timeout }: Patience): Promise<Matched> {
    const isSecond = this.#searches.has(namespace);
    this.end(namespace, 'replaced');
    const found = patiently<Matched>({ signal, timeout }, 'no match', (resolve, reject) => {
      const search: Search = { payload: { namespace, ...fields }, isSecond, resolve, reject };
      this.#searches.set(namespace, search);
      this.#send(search);
      return () => {
        if (this.#searches.get(namespace) === search) this.#searches.delete(namespace);
      };
    });
    found.catch((error) => {
      if (error instanceof PeerServerError && !(error instanceof TimeoutError)) return;
      this.#request('match_cancel', { payload: { namespace } }).catch(() => {}); // it may be over
    });
    return found;
  }

  #send(search: Search): void {
    const taken = ({ type, payload }: AnyMessage) => {
      if (type === 'match') search.ticket = payload.ticket;
      else search.resolve(payload);
    };
    this.#request('match', { payload: search.payload }, {}, taken).catch((error) => {
      if (!(error instanceof ConnectionLostError)) search.reject(error); // else `again` follows
    });
  }

  hear({ type, id, namespace = '', payload }: AnyMessage): void {
    const search = this.#searches.get(namespace);
    const isEarlier = search?.isSecond && !search.ticket && id === undefined;
    if (type === 'matched' && !isEarlier) search?.resolve(payload);
    if (type === 'match_expired' && this.#searches.get(payload.namespace)?.ticket === payload.ticket) {
      this.end(payload.namespace, 'expired');
    }
  }

  end(namespace: string, code: 'expired' | 'replaced' | 'left'): void {
    this.#searches.get(namespace)?.reject(new MatchError(code, `no match in '${namespace}': ${code}`));
  }

  /** The server has forgotten all tickets. Those that are on their way are sent again by the connection. */
  again(namespace: string): void {
    const search = this.#searches.get(namespace);
    if (search) this.#send(search);
  }

  close(error: Error): void {
    for (const search of [...this.#searches.values()]) search.reject(error);
  }
}

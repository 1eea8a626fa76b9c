// A key of one's own, and the proof that it is: docs/authentication.md, "Keys that are proved: auth_keyproof".
import { ChallengeError } from './errors.js';

const kCurve = { name: 'ECDSA', namedCurve: 'P-256' };

const bytesOf = (text: string) => new TextEncoder().encode(text);

function base64(buffer: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(buffer)));
}

function hex(buffer: ArrayBuffer): string {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The `public_key` of a key pair: base64 of its SubjectPublicKeyInfo. */
export async function publicKeyOf({ publicKey }: CryptoKeyPair): Promise<string> {
  return base64(await crypto.subtle.exportKey('spki', publicKey));
}

/** A name of its own for who has no key: nobody else comes to it by chance. */
export function randomKey(): string {
  return `guest ${hex(crypto.getRandomValues(new Uint8Array(16)).buffer)}`;
}

/** The fingerprint that a `public_key` leads to. */
export async function fingerprintOf(publicKey: string): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', bytesOf(publicKey)));
}

/**
 * The key pair of this browser under this name: made once and kept in IndexedDB. Its private half cannot be
 * read, not even by this page. Where there is no IndexedDB (Node) it is a new one each time.
 */
export async function ownKeyPair(name = 'own'): Promise<CryptoKeyPair> {
  const make = () => crypto.subtle.generateKey(kCurve, false, ['sign', 'verify']) as Promise<CryptoKeyPair>;
  if (!globalThis.indexedDB) return make();
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const open = indexedDB.open('peer-server-client', 1);
  open.onupgradeneeded = () => open.result.createObjectStore('keys');
  const db = await done(open);
  const keys = (mode: IDBTransactionMode) => db.transaction('keys', mode).objectStore('keys');
  try {
    const kept = await done<CryptoKeyPair | undefined>(keys('readonly').get(name));
    if (kept) return kept;
    const made = await make();
    // Another tab may have been faster: then its key counts.
    await done(keys('readwrite').add(made, name)).catch((error) => {
      if (error.name !== 'ConstraintError') throw error;
    });
    return await done<CryptoKeyPair>(keys('readonly').get(name));
  } finally {
    db.close();
  }
}

/**
 * The payload of `auth_response`. Signs for this audience alone: another server may be passing on the
 * challenge of the one that it wants to enter in our name.
 */
export async function prove(
  challenge: any,
  keyPair: CryptoKeyPair | undefined,
  audience: string,
): Promise<{ signature: string }> {
  if (challenge?.method !== 'key_proof') {
    throw new ChallengeError('unknown_method', `the server asks for '${challenge?.method}'`);
  }
  if (!keyPair) throw new ChallengeError('no_key', 'the server asks for the proof of a key: give a keyPair');
  if (challenge.audience !== audience) {
    throw new ChallengeError('audience', `the server asks for a proof for ${challenge.audience}, not for ${audience}`);
  }
  const fingerprint = await fingerprintOf(await publicKeyOf(keyPair));
  const text = `peer-server key proof 1\n${audience}\n${challenge.nonce}\n${fingerprint}`;
  const { name } = keyPair.privateKey.algorithm;
  const signature = await crypto.subtle.sign({ name, hash: 'SHA-256' }, keyPair.privateKey, bytesOf(text));
  return { signature: base64(signature) };
}

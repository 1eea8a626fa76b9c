/** The `public_key` of a key pair: base64 of its SubjectPublicKeyInfo. */
export declare function publicKeyOf({ publicKey }: CryptoKeyPair): Promise<string>;
/** A name of its own for who has no key: nobody else comes to it by chance. */
export declare function randomKey(): string;
/** The fingerprint that a `public_key` leads to. */
export declare function fingerprintOf(publicKey: string): Promise<string>;
/**
 * The key pair of this browser under this name: made once and kept in IndexedDB. Its private half cannot be
 * read, not even by this page. Where there is no IndexedDB (Node) it is a new one each time.
 */
export declare function ownKeyPair(name?: string): Promise<CryptoKeyPair>;
/**
 * The payload of `auth_response`. Signs for this audience alone: another server may be passing on the
 * challenge of the one that it wants to enter in our name.
 */
export declare function prove(challenge: any, keyPair: CryptoKeyPair | undefined, audience: string): Promise<{
    signature: string;
}>;

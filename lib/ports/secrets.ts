/** What must not lie in configuration: keys of the sources we fetch from, and logins that are lent for a time. */
export interface Secrets {
  /** A secret of a source, such as `eia`, `api_key`; undefined where there is none. */
  get(source: string, key: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface DatabaseCredential {
  readonly user: string;
  readonly password: string;
}

/** Lends a login that holds when it is given out and stays the same as long as it can; asked again before each use. */
export interface CredentialLender {
  credential(): Promise<DatabaseCredential>;
  /** Gives the login back. */
  close(): Promise<void>;
}

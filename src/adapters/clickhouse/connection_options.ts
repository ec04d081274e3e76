import type { ClusterOptions } from "./cluster.ts";

/** How ClickHouse is reached. */
export interface ConnectionOptions {
  /** Address of the HTTP interface; a user and a password in it are taken, unless given beside it. */
  readonly url: string;
  /** Further addresses of the same server, or of replicas of the cluster: one that answers is used. */
  readonly others?: readonly string[];
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
  /** In place of user and password: gives a JSON Web Token, at each request. */
  readonly token?: () => string;
  /** Tables are kept on all replicas of this cluster, and read so that what was acknowledged is seen. */
  readonly cluster?: ClusterOptions;
  /**
   * Certificates in PEM, for https: whom to trust, and one of its own to show. Where there is neither a password nor a
   * token, its own is the login, too.
   */
  readonly tls?: { readonly caCert: Uint8Array; readonly cert?: Uint8Array; readonly key?: Uint8Array };
  /** Milliseconds without a byte until a request counts as lost; 120,000 if absent. */
  readonly requestTimeoutMs?: number;
  /**
   * True: nothing can be written, and no setting is sent, as the server may refuse them to a user who only reads.
   * Questions of whoever uses the connection are asked so; they must answer within the time above.
   */
  readonly readOnly?: true;
  /** Sockets at a time; 10 if absent. */
  readonly connectionsMax?: number;
  /**
   * Compresses requests and answers with gzip: for slow networks; within one data centre it costs more than it saves.
   */
  readonly compression?: boolean;
  /** What a person does to run a statement that a message names; the statement itself if absent. */
  readonly advise?: (statement: string) => string;
}

/**
 * What this adapter takes from inside kafkajs: connections (framing, correlation, TLS, SASL, time limits) and the
 * requests that are not hot. Its consumer, producer and admin objects are not used: see `openKafka` for what that
 * avoids. The package is pinned to an exact version; nothing but this file and `timer_spin.ts` knows its paths.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import BrokerClass from "kafkajs/src/broker/index.js";
import ConnectionClass from "kafkajs/src/network/connection.js";
import EncoderClass from "kafkajs/src/protocol/encoder.js";
import { createErrorFromCode } from "kafkajs/src/protocol/error.js";
import loggers from "kafkajs/src/loggers/index.js";
import socketFactory from "kafkajs/src/network/socketFactory.js";
import type { BrokerAddress, KafkaLogLine, KafkaSettings, KafkaTls } from "./options.ts";
import { stopTimerSpin } from "./timer_spin.ts";
import { tokenLogin } from "./token_login.ts";

const LOGIN_AGAIN_MS = 10_000;

/**
 * A request as kafkajs sends it: `encode` gives what follows the header, `decode` gets what follows the correlation id.
 */
export interface ProtocolRequest<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<unknown>;
  };
  readonly response: {
    decode(payload: Uint8Array): Promise<T>;
    parse(data: T): Promise<T>;
  };
  /** Replaces the connection's time limit when longer. */
  readonly requestTimeout?: number;
}

export interface JoinedGroup {
  readonly generationId: number;
  readonly leaderId: string;
  readonly memberId: string;
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Uint8Array }[];
}

interface PartitionOffset {
  readonly partition: number;
  readonly offset: string;
}

interface TopicOffsets<Offset = PartitionOffset> {
  readonly topic: string;
  readonly partitions: readonly Offset[];
}

interface CommittedOffset extends PartitionOffset {
  readonly metadata: string | null;
}

/** The part of kafkajs' Broker that is used. Every method rejects with a kafkajs error. */
export interface KafkaJsBroker {
  /** By API key; known once connected. */
  readonly versions: Record<number, { readonly minVersion: number; readonly maxVersion: number }> | null;
  connect(): Promise<void>;
  initProducerId(request: { transactionTimeout: number }): Promise<{ producerId: string; producerEpoch: number }>;
  listOffsets(request: {
    isolationLevel: number;
    topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[];
  }): Promise<{ responses: TopicOffsets[] }>;
  createTopics(request: {
    topics: {
      topic: string;
      numPartitions: number;
      replicationFactor: number;
      configEntries: { name: string; value: string }[];
    }[];
    timeout: number;
  }): Promise<unknown>;
  /** Rejects with an error whose `partitions` have each its own `error`. */
  deleteRecords(request: {
    topics: { topic: string; partitions: { partition: number; offset: string }[] }[];
  }): Promise<unknown>;
  describeConfigs(request: {
    resources: { type: number; name: string; configNames: string[] }[];
    includeSynonyms: boolean;
  }): Promise<{
    resources: { resourceName: string; configEntries: { configName: string; configValue: string }[] }[];
  }>;
  findGroupCoordinator(request: { groupId: string; coordinatorType: number }): Promise<{
    coordinator: { nodeId: number; host: string; port: number };
  }>;
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    groupProtocols: { name: string; metadata: Uint8Array }[];
  }): Promise<JoinedGroup>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: { memberId: string; memberAssignment: Uint8Array }[];
  }): Promise<{ memberAssignment: Uint8Array }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  offsetCommit(request: {
    groupId: string;
    groupGenerationId: number;
    memberId: string;
    topics: { topic: string; partitions: { partition: number; offset: string; metadata: string | null }[] }[];
  }): Promise<unknown>;
  offsetFetch(request: {
    groupId: string;
    topics: { topic: string; partitions: { partition: number }[] }[];
  }): Promise<{ responses: TopicOffsets<CommittedOffset>[] }>;
}

/** The error as which kafkajs throws an error code of an answer. */
export function protocolError(code: number): Error {
  return createErrorFromCode(code);
}

/** Message of the errors with which `destroy` ends what is under way. */
export const CLOSED_BY_CLIENT = "the connection was closed by this client";

/** What waits on a connection that this client closes is told so, through kafkajs; nobody must act. */
class ClosedByClientError extends Error {
  override readonly name = "ClosedByClientError";
  constructor() {
    super(CLOSED_BY_CLIENT);
  }
}

/** One connection to one broker. */
export interface BrokerConnection {
  readonly address: BrokerAddress;
  readonly broker: KafkaJsBroker;
  send<T>(request: ProtocolRequest<T>): Promise<T>;
  /** Rejects what is under way and resolves when the socket is closed. */
  destroy(): Promise<void>;
}

interface KafkaJsConnection {
  readonly host: string;
  readonly port: number;
  socket?: Socket;
  /** Milliseconds, as a long integer; 0: without end. */
  readonly sessionLifetime: unknown;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  isConnected(): boolean;
  isAuthenticated(): boolean;
  setSupportAuthenticationProtocol(supported: boolean): void;
  setVersions(versions: unknown): void;
  send<T>(request: ProtocolRequest<T>): Promise<T>;
  rejectRequests(error: Error): void;
}

/**
 * A connection that opens at its first use. The `broker` has kafkajs' own methods; all of them share the one socket.
 */
export function openConnection(settings: KafkaSettings, address: BrokerAddress): BrokerConnection {
  stopTimerSpin();
  const logger = createLogger(settings);
  const sasl = saslOptions(settings);
  const connection: KafkaJsConnection = new ConnectionClass({
    ...address,
    logger,
    socketFactory: openSocket,
    ssl: tlsOptions(settings),
    sasl,
    clientId: settings.clientId,
    connectionTimeout: settings.connectTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
  });
  loginAgainInTime(connection);
  let connecting: Promise<unknown> | null = null;
  let destroyed = false;
  // kafkajs' pool opens sockets twice when two requests find it closed. This stands in for it, with one connection.
  const pool = {
    ...address,
    sasl,
    connectionTimeout: settings.connectTimeoutMs,
    isConnected: () => connection.isConnected(),
    isAuthenticated: () => connection.isAuthenticated(),
    setSupportAuthenticationProtocol: (supported: boolean) => connection.setSupportAuthenticationProtocol(supported),
    setVersions: (versions: unknown) => connection.setVersions(versions),
    getConnection: async () => {
      // kafkajs would open it again for whoever was about to use it when it was destroyed.
      if (destroyed) throw new ClosedByClientError();
      if (!connection.isConnected()) {
        await (connecting ??= connection.connect().finally(() => connecting = null));
      }
      return connection;
    },
    send: async <T>(request: ProtocolRequest<T>) => {
      const opened = await pool.getConnection();
      settings.onRequest(request.request.apiName);
      return await opened.send(request);
    },
    destroy: () => connection.disconnect(),
  };
  const broker: KafkaJsBroker = new BrokerClass({ connectionPool: pool, logger, allowAutoTopicCreation: false });
  return {
    address,
    broker,
    send: (request) => pool.send(request),
    async destroy() {
      destroyed = true;
      // With an error, which kafkajs hears: it would wait for the connection until its time limit otherwise.
      if (connecting !== null) connection.socket?.destroy(new ClosedByClientError());
      await connecting?.catch(() => {});
      await closeSocket(connection);
    },
  };
}

/** Wraps bytes as what kafkajs expects of `encode()`. */
export function encoded(bytes: Uint8Array): unknown {
  const encoder = new EncoderClass(1);
  encoder.buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  encoder.offset = bytes.byteLength;
  return encoder;
}

async function closeSocket(connection: KafkaJsConnection): Promise<void> {
  const { socket } = connection;
  const closed = socket === undefined || socket.closed || socket.destroyed
    ? Promise.resolve()
    : new Promise<void>((resolve) => socket.once("close", () => resolve()));
  connection.rejectRequests(new ClosedByClientError());
  await connection.disconnect();
  socket?.destroy();
  await closed;
}

/** As kafkajs' own, without Nagle's delay, which would hold back small requests behind unacknowledged ones. */
function openSocket(options: Parameters<ReturnType<typeof socketFactory>>[0]): Socket {
  return socketFactory()(options).setNoDelay(true);
}

function tlsOptions(settings: KafkaSettings): object | null {
  const { tls } = settings;
  if (tls === undefined) return null;
  const { ca, cert, key }: KafkaTls = tls === true ? {} : typeof tls === "function" ? tls() : tls;
  return { ...(ca && { ca: [ca] }), ...(cert && { cert, key }) };
}

/** As kafkajs takes it. */
function saslOptions({ sasl }: KafkaSettings): object | undefined {
  if (sasl?.mechanism !== "oauthbearer") return sasl && { ...sasl };
  return { mechanism: sasl.mechanism, authenticationProvider: tokenLogin(sasl.token) };
}

/**
 * A login is made anew before its session ends: ten seconds by kafkajs itself, which would log in to sessions of less
 * at every request, and be refused for that.
 */
function loginAgainInTime(connection: KafkaJsConnection): void {
  const thresholdMs = () => Math.min(LOGIN_AGAIN_MS, Math.floor(Number(String(connection.sessionLifetime)) / 5));
  Object.defineProperty(connection, "reauthenticationThreshold", { get: thresholdMs });
}

const levels: Record<number, KafkaLogLine["level"]> = { 1: "error", 2: "warn", 4: "info", 5: "debug" };

/**
 * kafkajs' lines go to the callback, reduced to message and broker: its other fields hold stacks, buffers and payloads.
 */
function createLogger(settings: KafkaSettings): unknown {
  return loggers.createLogger({
    level: loggers.LEVELS.WARN,
    logCreator: () => ({ namespace, level, log }: LogEntry) => {
      // The environment (KAFKAJS_LOG_LEVEL) can raise kafkajs' level; what it then formats is still not passed on.
      if (level > loggers.LEVELS.WARN) return;
      const where = log.broker === undefined ? "" : ` (${log.broker})`;
      settings.onLog({ level: levels[level] ?? "info", message: `${namespace}: ${log.message}${where}` });
    },
  });
}

interface LogEntry {
  readonly namespace: string;
  readonly level: number;
  readonly log: { readonly message: string; readonly broker?: string };
}

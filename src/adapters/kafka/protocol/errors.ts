import { ProductionError } from "../../../record/errors.ts";
import type { KafkaSettings } from "./options.ts";
import { CLOSED_BY_CLIENT } from "./kafkajs_internals.ts";

/** Codes of Kafka's protocol that this adapter tells apart. https://kafka.apache.org/protocol#protocol_error_codes */
export const ErrorCode = {
  none: 0,
  offsetOutOfRange: 1,
  corruptMessage: 2,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  requestTimedOut: 7,
  replicaNotAvailable: 9,
  messageTooLarge: 10,
  networkException: 13,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidTopic: 17,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  notEnoughReplicasAfterAppend: 20,
  illegalGeneration: 22,
  inconsistentGroupProtocol: 23,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  topicAlreadyExists: 36,
  invalidReplicationFactor: 38,
  policyViolation: 44,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  invalidTransactionState: 48,
  invalidProducerIdMapping: 49,
  invalidTransactionTimeout: 50,
  concurrentTransactions: 51,
  transactionCoordinatorFenced: 52,
  transactionalIdAuthorizationFailed: 53,
  operationNotAttempted: 55,
  kafkaStorageError: 56,
  unknownProducerId: 59,
  fetchSessionIdNotFound: 70,
  invalidFetchSessionEpoch: 71,
  fencedLeaderEpoch: 74,
  unknownLeaderEpoch: 75,
  offsetNotAvailable: 78,
  invalidRecord: 87,
  producerFenced: 90,
} as const;

const names = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** A code in words, for messages. */
export function errorName(code: number): string {
  return `${names.get(code) ?? "error"} (${code})`;
}

const retriableCodes = new Set<number>([
  ErrorCode.corruptMessage,
  ErrorCode.unknownTopicOrPartition,
  ErrorCode.leaderNotAvailable,
  ErrorCode.notLeader,
  ErrorCode.requestTimedOut,
  ErrorCode.replicaNotAvailable,
  ErrorCode.networkException,
  ErrorCode.coordinatorLoading,
  ErrorCode.coordinatorNotAvailable,
  ErrorCode.notCoordinator,
  ErrorCode.notEnoughReplicas,
  ErrorCode.notEnoughReplicasAfterAppend,
  ErrorCode.kafkaStorageError,
  ErrorCode.fetchSessionIdNotFound,
  ErrorCode.invalidFetchSessionEpoch,
  ErrorCode.fencedLeaderEpoch,
  ErrorCode.unknownLeaderEpoch,
  ErrorCode.offsetNotAvailable,
  41, // NOT_CONTROLLER
]);

/** Whether a request that was answered with this code may succeed later, after the metadata were read again. */
export function isRetriableCode(code: number): boolean {
  return retriableCodes.has(code);
}

/** What kafkajs' errors have in common. */
export interface KafkaJsError extends Error {
  readonly type?: string;
  readonly code?: number | string;
  readonly retriable?: boolean;
  readonly errors?: readonly KafkaJsError[];
}

/** Answers after which a member of a group must join again; the coordinator has moved on without it. */
export const rejoinTypes: ReadonlySet<string> = new Set([
  "REBALANCE_IN_PROGRESS",
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
]);

const connectionErrors = new Set([
  "KafkaJSConnectionError",
  "KafkaJSConnectionClosedError",
  "KafkaJSRequestTimeoutError",
  "KafkaJSLockTimeout",
  "KafkaJSInvariantViolation",
]);
const authenticationTypes = new Set(["SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE"]);
const certificatePattern =
  /certificate|self.signed|UnknownIssuer|CERT_|ERR_TLS|NotValidForName|unable to verify|altnames/i;

/**
 * What a failed exchange with a broker means to the caller. Lost connections are retriable; credentials and
 * certificates are for the operator to correct. No message holds a secret.
 */
export function asProductionError(error: unknown, settings: KafkaSettings): ProductionError {
  if (error instanceof ProductionError) return error;
  const cause = error as KafkaJsError;
  const where = settings.bootstrap.map(({ host, port }) => `${host}:${port}`).join(",");
  const text = cause.message ?? String(error);
  if (cause.name === "KafkaJSSASLAuthenticationError" || authenticationTypes.has(cause.type ?? "")) {
    const message = `Cannot log in to Kafka at "${where}" ${loginOf(settings)}: ${text}. ${LOGIN_ADVICE}`;
    return new ProductionError(message, { retriable: false, cause });
  }
  if (certificatePattern.test(`${text} ${cause.code ?? ""}`)) {
    const message = `Cannot trust Kafka at "${where}" over TLS: ${text}. ` +
      "Give the authority that signed the brokers' certificates as PEM text, and use the host names " +
      "the certificates are for";
    return new ProductionError(message, { retriable: false, cause });
  }
  if (isConnectionError(error)) {
    return new ProductionError(`Cannot reach Kafka at "${where}": ${text}${hint(cause, settings)}`, {
      retriable: true,
      cause,
    });
  }
  const retriable = cause.type !== undefined && cause.retriable === true;
  return new ProductionError(`Cannot use Kafka at "${where}": ${text}`, { retriable, cause });
}

const LOGIN_ADVICE = "Check user name, password or token, and mechanism, and whether that listener asks for a login";

function loginOf({ sasl }: KafkaSettings): string {
  if (sasl === undefined) return "without a login";
  return sasl.mechanism === "oauthbearer" ? "by a token" : `as user "${sasl.username}" with ${sasl.mechanism}`;
}

/** Whether the connection on which this happened is of no use any more. */
export function isConnectionError(error: unknown): boolean {
  const { name, message } = error as Error;
  return connectionErrors.has(name) || message === CLOSED_BY_CLIENT;
}

/** A listener of the other kind just closes the connection, or lets it wait. */
function hint(error: KafkaJsError, { tls, sasl }: KafkaSettings): string {
  if (
    error.name !== "KafkaJSConnectionClosedError" &&
    !/timeout|timed out|disconnected|ECONNRESET|EOF/i.test(error.message)
  ) {
    return "";
  }
  const used = `${tls === undefined ? "no TLS" : "TLS"} and ${
    sasl === undefined ? "no SASL" : `SASL ${sasl.mechanism}`
  }`;
  return `. This client uses ${used}: does that listener expect something else?`;
}

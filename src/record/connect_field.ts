/** A field of a schema as Kafka Connect's JsonConverter writes it. */
export interface ConnectField {
  readonly type?: string;
  /** Semantic type: `io.debezium.time.Timestamp`. */
  readonly name?: string;
  readonly field?: string;
  /** Whether its values may be null. */
  readonly optional?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly fields?: readonly ConnectField[];
  readonly items?: ConnectField;
  /** A value may lack it, and not only have null. */
  readonly absent?: boolean;
  /** What the schema says for people. */
  readonly doc?: string;
}

/** Every package that the image needs, and none of those that only tests and the embedded mode do. */
import "@clickhouse/client";
import "@std/dotenv";
import "avsc";
import "aws4";
import "kafkajs";
import "pg";
import "prom-client";
import "protobufjs";
import "snappyjs";
import "zod";

import type { Choices } from "./random.ts";
import type { ProductRow, SellerRow, UserRow } from "./schema.ts";
import { dayOf, decimalText, moneyText, timestampText } from "./values.ts";

const FIRST_NAMES = [
  "Ada",
  "Béa",
  "Carlos",
  "Dörte",
  "Émile",
  "Fatima",
  "Grace",
  "Hiro",
  "Inês",
  "João",
  "Kwame",
  "Lena",
  "Marek",
  "Noor",
  "Olga",
  "Priya",
];
const LAST_NAMES = [
  "Andersen",
  "Brown",
  "Çelik",
  "Dubois",
  "Eriksson",
  "Fischer",
  "García",
  "Haddad",
  "Ivanova",
  "Jansen",
  "Kowalski",
  "Lefèvre",
  "Müller",
  "Nakamura",
  "O'Neill",
  "Silva",
];
const COUNTRIES = ["DE", "FR", "US", "GB", "ES", "NL", "PL", "SE", "JP", "BR"];
const LANGUAGES = ["de", "fr", "en", "en", "es", "nl", "pl", "sv", "ja", "pt"];
const TRADES = ["Outfitters", "Books", "Hardware", "Garden", "Records", "Cycles", "Kitchen", "Toys", "Optics", "Café"];
const ADJECTIVES = [
  "Compact",
  "Classic",
  "Foldable",
  "Quiet",
  "Sturdy",
  "Wireless",
  "Hand-made",
  "Recycled",
  "Slim",
  "Überleicht",
];
const CATEGORIES = ["garden", "kitchen", "music", "office", "outdoor", "books", "toys", "bicycles"];
const THINGS = ["Lamp", "Kettle", "Headphones", "Desk", "Tent", "Notebook", "Puzzle", "Saddle", "Mug", "Ladder"];
const COLOURS = ["blue", "red", "green", "black", "white", "amber"];
const CITIES = ["Berlin", "Lyon", "Austin", "Leeds", "Málaga", "Utrecht", "Gdynia", "Malmö", "Kyoto", "Recife"];
const NOTES = [
  "none",
  "Leave at the door",
  'Ring "twice"',
  "Gift wrap, please",
  "Call before delivery",
  "Back entrance\nsecond floor",
];

/** A new user. The e-mail address is made of the id, as the column is unique. */
export function newUser(choices: Choices, id: number, micros: number): UserRow {
  const created = timestampText(micros);
  const country = choices.between(0, COUNTRIES.length - 1);
  const name = personName(choices);
  return {
    id,
    email: `user${id}@example.com`,
    full_name: name,
    phone: choices.chance(0.7) ? phoneNumber(choices) : null,
    is_active: choices.chance(0.95),
    birth_date: choices.chance(0.8) ? choices.between(-7000, 13000) : null,
    preferences: `{"lang": "${LANGUAGES[country]}", "country": "${COUNTRIES[country]}", "newsletter": ${
      choices.chance(0.3)
    }}`,
    loyalty_points: choices.between(0, 500),
    created_at: created,
    updated_at: created,
  };
}

/** A new seller. */
export function newSeller(choices: Choices, id: number, micros: number): SellerRow {
  const created = timestampText(micros);
  return {
    id,
    name: sellerName(choices),
    country: choices.pick(COUNTRIES),
    rating: choices.chance(0.9) ? decimalText(choices.between(200, 500), 2) : null,
    commission_rate: decimalText(choices.between(4, 30) * 50, 4),
    is_verified: choices.chance(0.6),
    nickname: choices.chance(0.3) ? null : choices.chance(0.5) ? "n/a" : `shop${id}`,
    metadata: choices.chance(0.8) ? `{"tier": ${choices.between(1, 3)}}` : null,
    joined_at: micros,
    created_at: created,
    updated_at: created,
  };
}

/** A new product of a seller. The SKU is made of the id, as the column is unique. */
export function newProduct(choices: Choices, id: number, at: { sellerId: number; micros: number }): ProductRow {
  const created = timestampText(at.micros);
  const category = choices.pick(CATEGORIES);
  const colour = choices.pick(COLOURS);
  const thing = choices.pick(THINGS);
  return {
    id,
    seller_id: at.sellerId,
    sku: `SKU-${String(id).padStart(5, "0")}`,
    name: `${choices.pick(ADJECTIVES)} ${thing} ${id}`,
    price: moneyText(newPrice(choices)),
    // Never a whole number: Debezium writes a double as `1.0`, which JSON.stringify cannot.
    weight_kg: choices.chance(0.9) ? (choices.between(0, 3000) * 10 + choices.between(1, 9)) / 1000 : null,
    stock: choices.between(0, 400),
    description: choices.chance(0.8) ? `${thing} for the ${category}, ${colour}` : null,
    attributes: `{"color": "${colour}", "category": "${category}"}`,
    tags: choices.chance(0.2) ? [] : [category, `t${choices.between(1, 40)}`],
    is_published: choices.chance(0.9),
    external_id: uuid(choices),
    created_at: created,
    updated_at: created,
  };
}

/** Cents of a price: mostly small, at times large. */
export function newPrice(choices: Choices): number {
  const dear = choices.next();
  return 99 + Math.floor(dear * dear * dear * 60_000) + choices.between(0, 400);
}

export function personName(choices: Choices): string {
  return `${choices.pick(FIRST_NAMES)} ${choices.pick(LAST_NAMES)}`;
}

export function sellerName(choices: Choices): string {
  return `${choices.pick(LAST_NAMES)} ${choices.pick(TRADES)}`;
}

export function phoneNumber(choices: Choices): string {
  return `+1-555-${String(choices.between(0, 9999)).padStart(4, "0")}`;
}

/** A delivery address as jsonb text; `null` for an order that is picked up. */
export function shippingAddress(choices: Choices): string | null {
  if (choices.chance(0.1)) return null;
  return `{"zip": ${choices.between(10000, 99999)}, "city": "${choices.pick(CITIES)}"}`;
}

/** An order's note; `null` where the buyer emptied it. */
export function orderNote(choices: Choices): string | null {
  return choices.chance(0.1) ? null : choices.chance(0.7) ? "none" : choices.pick(NOTES);
}

/** A day within a week after an instant: a PostgreSQL date. */
export function deliveryDay(choices: Choices, micros: number): number {
  return dayOf(micros) + choices.between(0, 6);
}

/** A random (version 4) UUID. */
function uuid(choices: Choices): string {
  const hex = (digits: number): string => Math.floor(choices.next() * 16 ** digits).toString(16).padStart(digits, "0");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${choices.pick(["8", "9", "a", "b"])}${hex(3)}-${hex(6)}${hex(6)}`;
}

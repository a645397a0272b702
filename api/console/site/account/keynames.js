// Keys by the names that people gave them.

import { call } from "../door.js";

/** Names of keys by id; none where this key may not list them. */
export async function keyNames(signal) {
  try {
    const { items } = await call("GET", "/v1/api_keys", { signal });
    return Object.fromEntries(items.map((one) => [one.id, one.name]));
  } catch (error) {
    if (error.problem?.code === "scope_missing") return {};
    throw error;
  }
}

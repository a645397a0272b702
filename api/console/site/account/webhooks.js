import { h, replace } from "../elements.js";

/** Fill the page. */
export async function show(place) {
  replace(place, h("h1", {}, "webhooks"));
}

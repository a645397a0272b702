import { h, replace } from "../elements.js";

/** Fill the page. */
export async function show(place) {
  replace(place, h("h1", {}, "Audition"));
}

/** The candidates of a brief, below its watch. */
export function mount(place, _brief) {
  replace(place, h("h2", {}, "Audition"));
  const leave = () => {};
  leave.renew = (_more) => {};
  return leave;
}

// The line to the gateway, as an audition sees it: what is loaded plays on without it.

import { announce, h, replace } from "../elements.js";
import { say } from "../words.js";

/** A notice that shows itself while the line is lost. `count()` → `{ready, of}` sounds;
 * `found()` is called when it is back. */
export function line({ count, found }) {
  const element = h("p", { class: "lost badge warn wordy", role: "status", hidden: true });
  let lost = false;
  const said = () => {
    const { ready, of } = count();
    return ready >= of ? say("audition.lost.all") : say("audition.lost", { ready, of });
  };
  const gone = () => {
    replace(element, said());
    element.hidden = false;
    if (!lost) announce(said());
    lost = true;
  };
  const back = () => {
    if (!lost) return;
    lost = false;
    element.hidden = true;
    announce(say("audition.found"));
    found();
  };
  window.addEventListener("offline", gone);
  window.addEventListener("online", back);
  if (!navigator.onLine) gone();
  return {
    element, gone,
    /** Say anew how much is loaded, where the notice stands. */
    renew: () => { if (lost) replace(element, said()); },
    close: () => {
      window.removeEventListener("offline", gone);
      window.removeEventListener("online", back);
    },
  };
}

// How a brief stands, as a badge.

import { h } from "../elements.js";
import { bring, say } from "../words.js";

bring({
  en: {
    "watch.status.queued": "Waiting", "watch.status.running": "In the studio",
    "watch.status.succeeded": "Done", "watch.status.partially_succeeded": "Partly done",
    "watch.status.failed": "Failed", "watch.status.canceled": "Canceled", "watch.status.expired": "Out of time",
  },
  zh: {
    "watch.status.queued": "等待中", "watch.status.running": "制作中",
    "watch.status.succeeded": "已完成", "watch.status.partially_succeeded": "部分完成",
    "watch.status.failed": "失败", "watch.status.canceled": "已取消", "watch.status.expired": "已超时",
  },
});

const TONES = { queued: "", running: "live", succeeded: "good", partially_succeeded: "warn",
  failed: "bad", canceled: "", expired: "bad" };

/** A badge of a brief's status. */
export function statusBadge(status) {
  return h("span", { class: `badge ${TONES[status] ?? ""}` }, say(`watch.status.${status}`));
}


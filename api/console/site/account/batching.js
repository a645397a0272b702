// What both pages of batches say.

import { bring, say } from "../words.js";
import { chip } from "./frame.js";

const TONES = { running: "live", canceling: "warn", ended: "quiet" };

/** A batch's state as a small word. */
export function stateOf({ status }) {
  return chip(say(`batches.${status}`), TONES[status]);
}

bring({
  en: {
    "batches.title": "Batches",
    "batches.ended_at": "Ended",
    "batches.running": "running",
    "batches.canceling": "being canceled",
    "batches.ended": "ended",
  },
  zh: {
    "batches.title": "批量",
    "batches.ended_at": "结束",
    "batches.running": "进行中",
    "batches.canceling": "正在取消",
    "batches.ended": "已结束",
  },
});

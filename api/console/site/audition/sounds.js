// The sounds of an audition: fetched, decoded, kept in bounds, and shown as waves.

import { file } from "../door.js";

/** What decoded sound may take: 32 bits a sample make 23 MB of a stereo minute. */
const MOST_BYTES = 700e6;

/** An AudioContext at the files' own rate: nothing is resampled, and a loop's end is the frame that
 * the file says. */
export function context(rate) {
  return new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
}

/** Decoded files by their paths. Each is fetched once; who asks again gets the same. */
export class Sounds {
  constructor(context) {
    this.context = context;
    this.kept = new Map();
  }

  /** The AudioBuffer of a file. A failure is forgotten, so that it can be tried again. */
  get(path, signal) {
    if (!this.kept.has(path)) {
      const coming = this.load(path, signal);
      this.kept.set(path, coming);
      coming.catch(() => this.kept.delete(path));
    }
    return this.kept.get(path);
  }

  async load(path, signal) {
    const blob = await file(path, { signal });
    return this.context.decodeAudioData(await blob.arrayBuffer());
  }

  /** Forget a file. */
  drop(path) {
    this.kept.delete(path);
  }
}

/** Whether so many stereo sounds of so many seconds may be decoded all at once. */
export function fits(count, seconds, rate) {
  return count * seconds * rate * 8 <= MOST_BYTES;
}

/** Lowest, highest and mean power of each of `count` stretches, all channels together; -1 to 1. */
export function outline(buffer, count) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, at) => buffer.getChannelData(at));
  const each = buffer.length / count;
  // Of long sounds every so many samples are enough for a picture.
  const step = Math.max(1, Math.floor(each / 400));
  const wave = { low: new Float32Array(count), high: new Float32Array(count), power: new Float32Array(count) };
  for (let at = 0; at < count; at += 1) stretch(wave, at, channels, at * each, (at + 1) * each, step);
  return wave;
}

function stretch(wave, at, channels, from, to, step) {
  let [low, high, power, seen] = [0, 0, 0, 0];
  for (const samples of channels) {
    for (let frame = Math.floor(from); frame < to && frame < samples.length; frame += step) {
      const value = samples[frame];
      if (value < low) low = value;
      if (value > high) high = value;
      power += value * value;
      seen += 1;
    }
  }
  wave.low[at] = low;
  wave.high[at] = high;
  wave.power[at] = seen ? Math.sqrt(power / seen) : 0;
}

/** The same from a sheet's pairs, or from a candidate's single values. */
export function told(values) {
  const low = Float32Array.from(values, (one) => (Array.isArray(one) ? one[0] : -one));
  const high = Float32Array.from(values, (one) => (Array.isArray(one) ? one[1] : one));
  return { low, high, power: high.map((value, at) => (value - low[at]) / 4) };
}

/** Gains that bring sounds to the loudness of the softest; nothing is made louder, so nothing
 * clips. `loudness`: id → LUFS, null where it has none. */
export function matched(loudness) {
  const known = [...loudness.values()].filter(Number.isFinite);
  const softest = Math.min(...known);
  return new Map([...loudness].map(([id, lufs]) =>
    [id, Number.isFinite(lufs) ? 10 ** ((softest - lufs) / 20) : 1]));
}

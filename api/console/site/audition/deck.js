// Several sounds under one playhead. All of them always run, started at one frame of one context;
// what is heard is a matter of gains. So a switch needs no start, and both sides stand at the same
// place to the sample.

/** A switch's time constant: after 5 ms 96 % are done, and no edge is left that could click. */
const FADE_S = 0.0015;
/** From here on a fade is over to the last bit, also of 24. */
const FADED_S = 20 * FADE_S;
/** What a start needs ahead, so that no source misses the frame it was told. */
const AHEAD_S = 0.03;

/** Tells `state` (playing, playhead, loop) and `heard` (which sounds) when they change. */
export class Deck extends EventTarget {
  /** `context`: an AudioContext, or an OfflineAudioContext where somebody measures. */
  constructor(context) {
    super();
    this.context = context;
    this.rate = context.sampleRate;
    this.out = new GainNode(context);
    this.out.connect(context.destination);
    this.sounds = new Map();
    this.heard = new Set();
    this.loop = null;
    this.run = null;
    this.rests = 0;
  }

  /** Seconds of the longest sound. */
  get duration() {
    return this.frames() / this.rate;
  }

  get playing() {
    return this.run !== null;
  }

  /** The playhead in seconds. */
  get position() {
    return (this.run === null ? this.rests : this.place(this.now())) / this.rate;
  }

  /** Put a sound under the playhead; where something plays it joins in at the same frame. `gain`
   * brings it to the others' loudness. */
  put(id, buffer, gain = 1) {
    this.drop(id);
    const trim = new GainNode(this.context, { gain });
    const level = new GainNode(this.context, { gain: this.heard.has(id) ? 1 : 0 });
    trim.connect(level).connect(this.out);
    const sound = { buffer, trim, level, source: null, edge: null };
    this.sounds.set(id, sound);
    if (this.run !== null) this.start(sound, this.soon());
    this.tell("state");
  }

  /** Take a sound away. */
  drop(id) {
    const sound = this.sounds.get(id);
    if (sound === undefined) return;
    this.end(sound);
    this.sounds.delete(id);
    // What is fading may fade.
    setTimeout(() => sound.level.disconnect(), 1000 * FADED_S);
  }

  /** A sound's own gain, without a step. */
  trim(id, gain) {
    const sound = this.sounds.get(id);
    if (sound !== undefined) this.fade(sound.trim.gain, gain);
  }

  /** How loud all of it is, 0 to 1. */
  volume(gain) {
    this.fade(this.out.gain, gain);
  }

  /** Let these be heard and no others, from the next block of 128 frames on. */
  hear(...ids) {
    this.heard = new Set(ids);
    for (const [id, sound] of this.sounds) this.fade(sound.level.gain, this.heard.has(id) ? 1 : 0);
    this.tell("heard");
  }

  /** Play on from the playhead, or, from the end, from the beginning. */
  play() {
    if (this.run !== null || this.sounds.size === 0) return;
    // Browsers let nothing sound before somebody has pressed something.
    if (this.context instanceof AudioContext) this.context.resume();
    if (this.loop === null && this.rests >= this.frames()) this.rests = 0;
    this.run = { at: this.soon(), from: this.inside(this.rests) };
    for (const sound of this.sounds.values()) this.start(sound, this.run.at);
    this.tell("state");
  }

  /** Stop, and stay where it is. */
  pause() {
    if (this.run === null) return;
    this.rests = this.place(this.now());
    this.run = null;
    for (const sound of this.sounds.values()) this.end(sound);
    this.tell("state");
  }

  /** Put the playhead at so many seconds; what plays goes on from there. */
  seek(seconds) {
    const played = this.playing;
    this.pause();
    this.rests = Math.max(0, Math.min(this.frames(), Math.round(seconds * this.rate)));
    if (played) this.play();
    this.tell("state");
  }

  /** Repeat from `start` to `end` (seconds) or, with null, play to the end. The music goes on where
   * it is; if that is outside, at the start. */
  repeat(loop) {
    if (this.run !== null) this.run = { at: this.now(), from: this.place(this.now()) };
    const here = this.run?.from ?? this.rests;
    this.loop = loop === null ? null
      : { start: Math.round(loop.start * this.rate), end: Math.round(loop.end * this.rate) };
    for (const sound of this.sounds.values()) this.turn(sound.source);
    const outside = this.loop !== null && (here < this.loop.start || here >= this.loop.end);
    if (outside) this.seek(loop.start);
    this.tell("state");
  }

  /** End everything. */
  close() {
    this.pause();
    for (const id of [...this.sounds.keys()]) this.drop(id);
  }

  // --- frames ---

  frames() {
    return Math.max(0, ...[...this.sounds.values()].map((one) => one.buffer.length));
  }

  /** The frame that the context makes next. */
  now() {
    return Math.round(this.context.currentTime * this.rate);
  }

  /** A frame far enough ahead to be met; an OfflineAudioContext waits for us. */
  soon() {
    const waits = this.context instanceof OfflineAudioContext;
    return this.now() + (waits ? 0 : Math.round(AHEAD_S * this.rate));
  }

  /** What is under the playhead when the context makes this frame. */
  place(frame) {
    return this.inside(this.run.from + Math.max(0, frame - this.run.at));
  }

  /** Where so many frames lead, which the loop may have turned back. */
  inside(frame) {
    if (this.loop === null) return Math.min(frame, this.frames());
    const { start, end } = this.loop;
    return frame < end ? frame : start + ((frame - start) % (end - start));
  }

  // --- nodes ---

  start(sound, frame) {
    const place = this.place(frame);
    // From the middle of a sound it fades in; its own beginning is left as it is.
    const edge = new GainNode(this.context, { gain: place > 0 ? 0 : 1 });
    if (place > 0) edge.gain.setTargetAtTime(1, frame / this.rate, FADE_S);
    const source = new AudioBufferSourceNode(this.context, { buffer: sound.buffer });
    source.connect(edge).connect(sound.trim);
    Object.assign(sound, { source, edge });
    this.turn(source);
    source.addEventListener("ended", () => this.ended(sound, source));
    source.start(frame / this.rate, place / this.rate);
  }

  end(sound) {
    if (sound.source === null) return;
    this.fade(sound.edge.gain, 0);
    sound.source.stop(this.context.currentTime + FADED_S);
    Object.assign(sound, { source: null, edge: null });
  }

  /** Let a source turn back where the loop does. */
  turn(source) {
    if (source === null) return;
    source.loop = this.loop !== null;
    if (this.loop === null) return;
    // 0 and 0 are the whole buffer, to the sample and without arithmetic.
    const whole = this.loop.start === 0 && this.loop.end >= source.buffer.length;
    source.loopStart = whole ? 0 : this.loop.start / this.rate;
    source.loopEnd = whole ? 0 : this.loop.end / this.rate;
  }

  ended(sound, source) {
    if (sound.source !== source) return;
    Object.assign(sound, { source: null, edge: null });
    const others = [...this.sounds.values()].some((one) => one.source !== null);
    if (others || this.run === null) return;
    this.rests = this.frames();
    this.run = null;
    this.tell("state");
  }

  fade(param, value) {
    const at = this.context.currentTime;
    param.cancelScheduledValues(at);
    param.setTargetAtTime(value, at, FADE_S);
    param.setValueAtTime(value, at + FADED_S);
  }

  tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}

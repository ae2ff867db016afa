// Loaded before a client by a test: its clock of the wall is ten years ahead, and every 2 s it jumps to ten years behind or back.
const years = 10 * 365 * 24 * 3600 * 1000;
const started = performance.now();
const truth = Date.now;
const lie = () => truth() + (Math.floor((performance.now() - started) / 2000) % 2 === 0 ? years : -years);
globalThis.Date = class extends Date {
  constructor(...args) {
    super(...(args.length === 0 ? [lie()] : args));
  }
  static now() {
    return lie();
  }
};

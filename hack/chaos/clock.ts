// Preloaded into each replica: its wall clock is put on or back by the milliseconds that its parent sends. Timers and the monotonic
// clock go on as they are.
const RealDate = Date;
let ahead = Number(process.env['CHAOS_CLOCK_MS'] ?? 0);

class ShiftedDate extends RealDate {
  constructor(...args: readonly unknown[]) {
    if (args.length === 0) super(RealDate.now() + ahead);
    else super(...(args as [number]));
  }

  static override now(): number {
    return RealDate.now() + ahead;
  }
}
globalThis.Date = ShiftedDate as DateConstructor;

process.on('message', (ms) => (ahead = Number(ms)));
// It is not what keeps the process alive.
process.channel?.unref();
// Nothing outlives the harness.
process.on('disconnect', () => process.exit());

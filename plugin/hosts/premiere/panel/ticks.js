// Premiere counts time in ticks, 254016000000 a second: every usual frame is a whole number of them. BigInt throughout, since
// two hours are more than a double counts exactly once they are multiplied.

const SECOND = 254016000000n;

// Of a TickTime, whose `ticks` is a string.
function ticksOf(time) {
  return BigInt(time.ticks);
}

function ticksAt(frame, perFrame) {
  return BigInt(frame) * perFrame;
}

// The nearest frame, half a frame up.
function frameAt(ticks, perFrame) {
  const twice = 2n * ticks + perFrame;
  const whole = twice / (2n * perFrame);
  return Number(twice < 0n && twice % (2n * perFrame) !== 0n ? whole - 1n : whole);
}

function common(a, b) {
  return b === 0n ? a : common(b, a % b);
}

// Frames a second as Hitpoint writes it: "24000/1001", "25".
function rateText(perFrame) {
  const shared = common(SECOND, perFrame);
  const [above, below] = [SECOND / shared, perFrame / shared];
  return below === 1n ? String(above) : `${above}/${below}`;
}

function rateNumber(perFrame) {
  return Number(SECOND) / Number(perFrame);
}

function distance(a, b) {
  return a > b ? a - b : b - a;
}

module.exports = { SECOND, ticksOf, ticksAt, frameAt, rateText, rateNumber, distance };

/** Windows on the mask arrays. */

/** 64 bits of the mask at `mask` that end with bit `place` of the piece. */
// @ts-ignore: decorator
@inline
export function upTo(mask: usize, place: usize): u64 {
  const at = mask + ((place >> 6) << 3);
  const shift = <u64>(place & 63);
  // Shifting in two steps: a shift by 64 would be a shift by 0.
  return (load<u64>(at) << (63 - shift)) | ((load<u64>(at - 8) >>> shift) >>> 1);
}

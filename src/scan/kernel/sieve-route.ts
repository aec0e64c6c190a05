/**
 * What kind of record it is: questions about a few of its values, each chosen by the answers before it, down to the group of rules. The
 * loader learns them: at the first record of a kind it notes what recognition has looked at. A record that answers all of them alike
 * is of the same kind, because recognition would look at nothing else.
 */
import {
  ASK_ALONE,
  ASK_FIRST,
  ASK_NOTHING,
  ASK_PRESENT,
  ASK_VALUE,
  EDGE_NEXT,
  KIND_ARRAY,
  KIND_NULL,
  KIND_WILD,
  NODE_ABSENT,
  NODE_NULL,
  NODE_OBJECT,
  NODE_OTHER,
  NODE_PRESENT,
  NODE_TELL,
  SIEVE_EDGES,
  SIEVE_EDGES_MASK,
  SIEVE_FIRST,
  SIEVE_ROOT_KEYS,
  SIEVE_STAMP,
  SIEVE_TELLS,
} from './sieve-layout';
import { hashOf, sameBytes } from './sieve-text';

const MIX: u32 = 0x85ebca6b;

/** Address of the last question, which asks nothing and names the group; 0 when a question or its answer is not known yet. */
export function findRoute(work: usize): usize {
  const stamp = load<u32>(work, SIEVE_STAMP);
  const tells = <usize>load<u32>(work, SIEVE_TELLS);
  let node = <usize>load<u32>(<usize>load<u32>(work, SIEVE_FIRST));
  while (node != 0) {
    const ask = load<u32>(node);
    if (ask == ASK_NOTHING) return node;
    if (ask == ASK_ALONE) {
      node = <usize>load<u32>(node + (load<u32>(work, SIEVE_ROOT_KEYS) == 1 ? NODE_PRESENT : NODE_ABSENT));
      continue;
    }
    const tell = tells + <usize>load<u32>(node, NODE_TELL);
    if (load<u32>(tell) != stamp) node = <usize>load<u32>(node, NODE_ABSENT);
    else if (ask == ASK_PRESENT) node = <usize>load<u32>(node, NODE_PRESENT);
    else {
      const kind = load<u32>(tell, 12);
      if (kind == KIND_WILD) node = <usize>load<u32>(node, NODE_OBJECT);
      else if (ask == ASK_VALUE || ask == ASK_FIRST) node = follow(work, node, tell, kind, ask == ASK_FIRST);
      else node = <usize>load<u32>(node + (kind == KIND_ARRAY ? NODE_OTHER : kind == KIND_NULL ? NODE_NULL : NODE_PRESENT));
    }
  }
  return 0;
}

/** The question that comes next for this value, byte by byte. `isFirst`: for its first character. */
function follow(work: usize, node: usize, tell: usize, kind: u32, isFirst: bool): usize {
  const start = <usize>load<u32>(tell, 4);
  const whole = <usize>load<u32>(tell, 8) - start;
  const length = isFirst ? firstLength(start, whole) : whole;
  const edges = <usize>load<u32>(work, SIEVE_EDGES);
  const mask = load<u32>(work, SIEVE_EDGES_MASK);
  const hash = edgeHash(node, kind, start, length);
  let slot = hash & mask;
  while (true) {
    const edge = <usize>load<u32>(edges + (<usize>slot << 2));
    if (edge == 0) return <usize>load<u32>(node, NODE_OTHER);
    if (
      load<u32>(edge) == hash &&
      <usize>load<u32>(edge, 4) == node &&
      load<u32>(edge, 8) == kind &&
      <usize>load<u32>(edge, 12) == length &&
      sameBytes(<usize>load<u32>(edge, 16), start, length)
    )
      return <usize>load<u32>(edge, EDGE_NEXT);
    slot = (slot + 1) & mask;
  }
}

/** Bytes of the first character as it is spelled; as `firstOf` of the loader has it. */
function firstLength(start: usize, length: usize): usize {
  if (length < 2 || load<u8>(start) != 0x5c) return length < 1 ? length : 1;
  const spelled: usize = load<u8>(start, 1) == 0x75 ? 6 : 2;
  return length < spelled ? length : spelled;
}

// @ts-ignore: decorator
@inline
function edgeHash(node: usize, kind: u32, start: usize, length: usize): u32 {
  return (hashOf(start, length) ^ (<u32>node * MIX) ^ kind) * MIX;
}

/** Adds a text that leads on, which the loader has written but for its hash; there is room. */
export function addEdge(work: usize, edge: usize): void {
  const edges = <usize>load<u32>(work, SIEVE_EDGES);
  const mask = load<u32>(work, SIEVE_EDGES_MASK);
  const hash = edgeHash(<usize>load<u32>(edge, 4), load<u32>(edge, 8), <usize>load<u32>(edge, 16), <usize>load<u32>(edge, 12));
  store<u32>(edge, hash);
  let slot = hash & mask;
  while (load<u32>(edges + (<usize>slot << 2)) != 0) slot = (slot + 1) & mask;
  store<u32>(edges + (<usize>slot << 2), <u32>edge);
}
